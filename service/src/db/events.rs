//! What happened to jobs.

use sqlx::any::Any;
use sqlx::{Row, Transaction};

use super::Db;
use crate::error::Result;
use crate::job::Event;

/// Adds an event within the transaction that makes it true.
pub(super) async fn add(
    db: &Db,
    tx: &mut Transaction<'static, Any>,
    job: &str,
    attempt: i64,
    kind: &str,
    detail: Option<&str>,
) -> Result<()> {
    let text = "INSERT INTO events (job, attempt, kind, detail, at) VALUES ($1, $2, $3, $4, {now})";
    sqlx::query(&db.sql(text))
        .bind(job)
        .bind(attempt)
        .bind(kind)
        .bind(detail)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Db {
    /// A job's events after one of them, in order. The caller has looked whose job it is.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database).
    pub async fn events(&self, job: &str, after: i64) -> Result<Vec<Event>> {
        let text = "SELECT seq, attempt, kind, detail, at FROM events \
                    WHERE job = $1 AND seq > $2 ORDER BY seq LIMIT 500";
        let rows = sqlx::query(text).bind(job).bind(after).fetch_all(&self.pool).await?;
        let event = |row: &sqlx::any::AnyRow| {
            Ok(Event {
                seq: row.try_get(0)?,
                attempt: row.try_get(1)?,
                kind: row.try_get(2)?,
                detail: row.try_get(3)?,
                at: row.try_get(4)?,
            })
        };
        rows.iter().map(event).collect()
    }
}
