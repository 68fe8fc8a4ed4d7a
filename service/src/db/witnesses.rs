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

    /// Gives up a witness of the store, unless it is a job's. From then on no job can have it: a
    /// submission that comes with it so late is refused. Answers whether it is given up, now or before.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database).
    pub async fn give_up(&self, sha256: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        // A program of the version before writes jobs alone.
        let text = "INSERT INTO witnesses (sha256, job) SELECT $1, NULL \
                    WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE witness_sha256 = $1) \
                    ON CONFLICT (sha256) DO NOTHING";
        sqlx::query(text).bind(sha256).execute(&mut *tx).await?;
        let text = "SELECT 1 FROM witnesses WHERE sha256 = $1 AND job IS NULL";
        let given_up = !sqlx::query(text).bind(sha256).fetch_all(&mut *tx).await?.is_empty();
        tx.commit().await?;
        Ok(given_up)
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
