//! What a worker writes about a job that it holds. Every write names job and attempt and demands that
//! the job is still running: a worker that comes back after its lease changes nothing.

use sqlx::any::{Any, AnyRow};
use sqlx::{Row, Transaction};

use super::{events, notify, Db};
use crate::error::Result;
use crate::store::Digest;

/// What a renewal found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The job is still this worker's.
    Held,
    /// It was cancelled, or somebody else has it: what this worker does for it is in vain.
    Lost,
}

/// What the end of an attempt found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It is written.
    Written,
    /// It had been written before, by this very attempt, and only the answer was lost.
    Before,
    /// The job is no longer this attempt's; nothing was written.
    Lost,
}

/// How often, and how soon again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// So many failures make a job dead.
    pub most_failures: i64,
    /// Wait after the first failure; it doubles each time, up to 64 times this.
    pub backoff_ms: i64,
}

impl Policy {
    fn wait(self, failures: i64) -> i64 {
        self.backoff_ms.saturating_mul(1 << failures.saturating_sub(1).clamp(0, 6))
    }
}

impl Db {
    /// Keeps a job for another `lease_ms` and says how far it is; `begun` is a stage that began since.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database).
    pub async fn renew(
        &self,
        id: &str,
        attempt: i64,
        lease_ms: i64,
        stage: &str,
        progress: i64,
        begun: Option<&str>,
    ) -> Result<Renewed> {
        let text = "UPDATE jobs SET lease_until = {now} + $1, stage = $2, progress = $3 \
                    WHERE id = $4 AND attempt = $5 AND state = 'running'";
        let mut tx = self.begin().await?;
        let done = sqlx::query(&self.sql(text))
            .bind(lease_ms)
            .bind(stage)
            .bind(progress)
            .bind(id)
            .bind(attempt)
            .execute(&mut *tx)
            .await?;
        let held = done.rows_affected() == 1;
        if let Some(stage) = begun.filter(|_| held) {
            events::add(self, &mut tx, id, attempt, "stage", Some(stage)).await?;
        }
        tx.commit().await?;
        Ok(if held { Renewed::Held } else { Renewed::Lost })
    }

    /// The bundle is in the store: the job is done, and the network's next epoch may begin.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database): it may be written or not; calling again tells.
    pub async fn done(
        &self,
        id: &str,
        attempt: i64,
        bundle: &Digest,
        manifest_sha256: &str,
    ) -> Result<Finished> {
        let mut tx = self.begin().await?;
        let text = "UPDATE jobs SET state = 'done', finished_at = {now}, lease_until = NULL, \
                    stage = NULL, progress = 1000, error = NULL, bundle_sha256 = $1, \
                    bundle_bytes = $2, manifest_sha256 = $3 \
                    WHERE id = $4 AND attempt = $5 AND state = 'running'";
        let changed = sqlx::query(&self.sql(text))
            .bind(&bundle.sha256)
            .bind(bundle.bytes as i64)
            .bind(manifest_sha256)
            .bind(id)
            .bind(attempt)
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() != 1 {
            return self.written_before(tx, id, attempt, "done").await;
        }
        let text = "UPDATE networks SET \
              head = (SELECT j.epoch FROM jobs j WHERE j.id = $1), \
              head_root = (SELECT j.root_after FROM jobs j WHERE j.id = $1) \
            WHERE EXISTS (SELECT 1 FROM jobs j WHERE j.id = $1 AND j.tenant = networks.tenant \
              AND j.network = networks.network AND j.epoch = networks.head + 1)";
        sqlx::query(text).bind(id).execute(&mut *tx).await?;
        events::add(self, &mut tx, id, attempt, "done", Some(manifest_sha256)).await?;
        notify(self.dialect, &mut tx).await?;
        tx.commit().await?;
        Ok(Finished::Written)
    }

    /// The job cannot be proved, whoever tries.
    ///
    /// # Errors
    /// As [`Self::done`].
    pub async fn failed(&self, id: &str, attempt: i64, reason: &str) -> Result<Finished> {
        let mut tx = self.begin().await?;
        let text = "UPDATE jobs SET state = 'failed', finished_at = {now}, lease_until = NULL, \
                    stage = NULL, error = $1, failures = failures + 1 \
                    WHERE id = $2 AND attempt = $3 AND state = 'running'";
        let text = self.sql(text);
        let query = sqlx::query(&text).bind(reason).bind(id).bind(attempt);
        if query.execute(&mut *tx).await?.rows_affected() != 1 {
            return self.written_before(tx, id, attempt, "failed").await;
        }
        events::add(self, &mut tx, id, attempt, "failed", Some(reason)).await?;
        tx.commit().await?;
        Ok(Finished::Written)
    }

    /// The attempt went wrong: the job is queued again after a while, or dead.
    ///
    /// # Errors
    /// As [`Self::done`].
    pub async fn retry(
        &self,
        id: &str,
        attempt: i64,
        reason: &str,
        policy: Policy,
    ) -> Result<Finished> {
        let mut tx = self.begin().await?;
        let text = "SELECT failures FROM jobs WHERE id = $1 AND attempt = $2 AND state = 'running'";
        let rows = sqlx::query(text).bind(id).bind(attempt).fetch_all(&mut *tx).await?;
        let Some(row) = rows.first() else {
            return self.written_before(tx, id, attempt, "queued").await;
        };
        let failures: i64 = row.try_get::<i64, _>(0)? + 1;
        let written = self.another(&mut tx, id, attempt, failures, reason, policy, "retry").await?;
        if !written {
            return Ok(Finished::Lost);
        }
        tx.commit().await?;
        Ok(Finished::Written)
    }

    #[allow(clippy::too_many_arguments, reason = "one transaction of two callers")]
    async fn another(
        &self,
        tx: &mut Transaction<'static, Any>,
        id: &str,
        attempt: i64,
        failures: i64,
        reason: &str,
        policy: Policy,
        kind: &str,
    ) -> Result<bool> {
        let dead = failures >= policy.most_failures;
        let text = match dead {
            true => {
                "UPDATE jobs SET state = 'dead', finished_at = {now}, lease_until = NULL, \
                 stage = NULL, failures = $1, error = $2, not_before = $3 \
                 WHERE id = $4 AND attempt = $5 AND state = 'running'"
            }
            false => {
                "UPDATE jobs SET state = 'queued', lease_until = NULL, stage = NULL, progress = 0, \
                 failures = $1, error = $2, not_before = {now} + $3 \
                 WHERE id = $4 AND attempt = $5 AND state = 'running'"
            }
        };
        let done = sqlx::query(&self.sql(text))
            .bind(failures)
            .bind(reason)
            .bind(policy.wait(failures))
            .bind(id)
            .bind(attempt)
            .execute(&mut **tx)
            .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        events::add(self, tx, id, attempt, kind, Some(reason)).await?;
        if dead {
            events::add(self, tx, id, attempt, "dead", Some(reason)).await?;
        }
        Ok(true)
    }

    /// The worker stops before it has finished. This does not count against the job.
    ///
    /// # Errors
    /// As [`Self::done`].
    pub async fn give_back(&self, id: &str, attempt: i64) -> Result<Finished> {
        let mut tx = self.begin().await?;
        let text =
            "UPDATE jobs SET state = 'queued', lease_until = NULL, stage = NULL, progress = 0 \
                    WHERE id = $1 AND attempt = $2 AND state = 'running'";
        let query = sqlx::query(text).bind(id).bind(attempt);
        if query.execute(&mut *tx).await?.rows_affected() != 1 {
            return self.written_before(tx, id, attempt, "queued").await;
        }
        events::add(self, &mut tx, id, attempt, "returned", None).await?;
        notify(self.dialect, &mut tx).await?;
        tx.commit().await?;
        Ok(Finished::Written)
    }

    async fn written_before(
        &self,
        mut tx: Transaction<'static, Any>,
        id: &str,
        attempt: i64,
        state: &str,
    ) -> Result<Finished> {
        let text = "SELECT 1 FROM jobs WHERE id = $1 AND attempt = $2 AND state = $3";
        let query = sqlx::query(text).bind(id).bind(attempt).bind(state);
        let found = !query.fetch_all(&mut *tx).await?.is_empty();
        tx.rollback().await?;
        Ok(if found { Finished::Before } else { Finished::Lost })
    }

    /// Takes jobs whose lease has ended away from their workers. Says how many.
    ///
    /// # Errors
    /// [`ServiceError::Database`](crate::ServiceError::Database).
    pub async fn reap(&self, policy: Policy) -> Result<usize> {
        let text = "SELECT id, attempt, failures, worker FROM jobs \
                    WHERE state = 'running' AND lease_until < {now} LIMIT 100";
        let rows: Vec<AnyRow> = sqlx::query(&self.sql(text)).fetch_all(&self.pool).await?;
        let mut count = 0;
        for row in rows {
            let (id, attempt): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            let failures: i64 = row.try_get::<i64, _>(2)? + 1;
            let worker = row.try_get::<Option<String>, _>(3)?.unwrap_or_default();
            let mut tx = self.begin().await?;
            // The worker may have renewed in the meantime.
            let text = "UPDATE jobs SET worker = worker WHERE id = $1 AND attempt = $2 \
                        AND state = 'running' AND lease_until < {now}";
            let text = self.sql(text);
            let query = sqlx::query(&text).bind(&id).bind(attempt);
            if query.execute(&mut *tx).await?.rows_affected() != 1 {
                tx.rollback().await?;
                continue;
            }
            let reason = format!("worker {worker} was lost: its lease ended in attempt {attempt}");
            if self.another(&mut tx, &id, attempt, failures, &reason, policy, "expired").await? {
                notify(self.dialect, &mut tx).await?;
                tx.commit().await?;
                count += 1;
            }
        }
        Ok(count)
    }
}
