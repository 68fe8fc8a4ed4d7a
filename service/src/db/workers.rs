//! Workers, as they say of themselves.

use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::Row;
use utoipa::ToSchema;

use super::Db;
use crate::error::Result;

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkerInfo {
    /// Its name for this run.
    pub id: String,
    /// Its machine's name, as configured.
    pub name: String,
    /// `starting`, `ready`, `draining`, `quarantined` or `stopped`.
    pub state: String,
    /// Why it is quarantined.
    pub reason: Option<String>,
    /// What it can prove.
    pub circuits: String,
    /// When it began.
    pub started_at: i64,
    /// When it was last heard of.
    pub seen_at: i64,
}

impl Db {
    /// Says that a worker is there, and how it is.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database).
    pub async fn worker_seen(
        &self,
        id: &str,
        name: &str,
        state: &str,
        reason: Option<&str>,
        circuits: &str,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let text = "INSERT INTO workers (id, name, state, reason, circuits, started_at, seen_at) \
                    VALUES ($1, $2, $3, $4, $5, {now}, {now}) ON CONFLICT (id) DO UPDATE SET \
                    state = excluded.state, reason = excluded.reason, \
                    circuits = excluded.circuits, seen_at = excluded.seen_at";
        sqlx::query(&self.sql(text))
            .bind(id)
            .bind(name)
            .bind(state)
            .bind(reason)
            .bind(circuits)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The workers that were heard of within `within_ms`.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database).
    pub async fn workers(&self, within_ms: i64) -> Result<Vec<WorkerInfo>> {
        let text = "SELECT id, name, state, reason, circuits, started_at, seen_at FROM workers \
                    WHERE seen_at >= {now} - $1 ORDER BY started_at, id LIMIT 1000";
        let rows = sqlx::query(&self.sql(text)).bind(within_ms).fetch_all(&self.pool).await?;
        let info = |row: &AnyRow| {
            Ok(WorkerInfo {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                state: row.try_get(2)?,
                reason: row.try_get(3)?,
                circuits: row.try_get(4)?,
                started_at: row.try_get(5)?,
                seen_at: row.try_get(6)?,
            })
        };
        rows.iter().map(info).collect()
    }
}
