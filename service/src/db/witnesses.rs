//! Witnesses that are no longer needed.

use sqlx::Row;

use super::Db;
use crate::error::Result;

impl Db {
    /// Jobs at their end for `keep_ms` whose witness is still in the store: id and digest.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database).
    pub async fn stale_witnesses(&self, keep_ms: i64) -> Result<Vec<(String, String)>> {
        let text = "SELECT id, witness_sha256 FROM jobs WHERE witness_gone = 0 \
                    AND state IN ('done', 'failed', 'dead', 'cancelled') \
                    AND finished_at + $1 <= {now} LIMIT 100";
        let rows = sqlx::query(&self.sql(text)).bind(keep_ms).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Says that a job's witness is deleted.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database).
    pub async fn witness_gone(&self, id: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let text = "UPDATE jobs SET witness_gone = 1 WHERE id = $1";
        sqlx::query(text).bind(id).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}
