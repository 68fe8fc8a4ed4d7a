//! Submitting, claiming, cancelling, looking.

use sqlx::any::{Any, AnyRow};
use sqlx::{Row, Transaction};

use super::{events, notify, Db, Dialect};
use crate::error::{random, Result, ServiceError};
use crate::job::{Job, State};
use crate::store::Digest;

/// What a worker needs of a job beside what its owner sees.
#[derive(Clone, Debug)]
pub struct Task {
    /// Whose.
    pub tenant: String,
    /// The chain.
    pub chain_id: Option<i64>,
    /// The contract.
    pub contract: Option<String>,
    /// Root of the state that the epoch starts from.
    pub root_before: String,
    /// The sealed witness.
    pub witness: Digest,
    /// The span that attempts belong to, as W3C's `traceparent`.
    pub traceparent: Option<String>,
}

/// A job that is to be queued. Its witness is in the store already.
#[derive(Clone, Debug)]
pub struct New {
    /// What goes to the worker.
    pub task: Task,
    /// A name that nothing else has.
    pub id: String,
    /// The client's name for this request.
    pub key: String,
    /// SHA-256 of the request's body.
    pub body_sha256: String,
    /// The network.
    pub network: String,
    /// The epoch.
    pub epoch: i64,
    /// Proof system and shape.
    pub circuit: String,
    /// Chain and contract, as text.
    pub domain: String,
    /// The priority.
    pub priority: i64,
    /// Whether the network may begin with this epoch.
    pub first: bool,
    /// Root of the state that it leaves.
    pub root_after: String,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is queued.
    New(Job),
    /// The same request was made before: this is its job.
    Again(Job),
    /// Another request has the same key.
    OtherBody,
    /// This job proves the same epoch for the same domain.
    Taken(String),
    /// So many jobs are open, as many as the tenant may have.
    Quota(i64),
    /// The network is there already: it cannot begin here.
    NotFirst(i64),
    /// The witness was given up in the meantime ([`Db::give_up`]).
    Late,
}

/// A job in a worker's hands.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The job.
    pub job: Job,
    /// What else it takes.
    pub task: Task,
    /// Root of the state that the network's last proved epoch left.
    pub head_root: Option<String>,
    /// That epoch.
    pub head: i64,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that were submitted after this one.
    pub after: i64,
    /// As many at most.
    pub limit: i64,
    /// Those in this state.
    pub state: Option<State>,
    /// Those of this network.
    pub network: Option<String>,
}

const COLUMNS: &str =
    "j.seq, j.id, j.tenant, j.network, j.epoch, j.circuit, j.domain, j.chain_id, \
    j.contract, j.priority, j.state, j.attempt, j.failures, j.stage, j.progress, j.error, \
    j.root_before, j.created_at, j.started_at, j.finished_at, j.witness_sha256, j.witness_bytes, \
    j.bundle_sha256, j.bundle_bytes, j.manifest_sha256, j.traceparent";

fn job(row: &AnyRow) -> Result<Job> {
    Ok(Job {
        id: row.try_get("id")?,
        seq: row.try_get("seq")?,
        network: row.try_get("network")?,
        epoch: row.try_get("epoch")?,
        circuit: row.try_get("circuit")?,
        domain: row.try_get("domain")?,
        priority: row.try_get("priority")?,
        state: row.try_get::<String, _>("state")?.parse()?,
        attempt: row.try_get("attempt")?,
        failures: row.try_get("failures")?,
        stage: row.try_get("stage")?,
        progress: row.try_get("progress")?,
        error: row.try_get("error")?,
        created_at: row.try_get("created_at")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        bundle_sha256: row.try_get("bundle_sha256")?,
        bundle_bytes: row.try_get("bundle_bytes")?,
        manifest_sha256: row.try_get("manifest_sha256")?,
    })
}

fn task(row: &AnyRow) -> Result<Task> {
    Ok(Task {
        tenant: row.try_get("tenant")?,
        chain_id: row.try_get("chain_id")?,
        contract: row.try_get("contract")?,
        root_before: row.try_get("root_before")?,
        witness: Digest {
            sha256: row.try_get("witness_sha256")?,
            bytes: row.try_get::<i64, _>("witness_bytes")? as u64,
        },
        traceparent: row.try_get("traceparent")?,
    })
}

/// A name for a job.
///
/// # Errors
/// [`ServiceError::Random`].
pub(crate) fn new_id() -> Result<String> {
    Ok(hex::encode(random::<16>()?))
}

async fn by_id(
    db: &Db,
    tx: &mut Transaction<'static, Any>,
    tenant: &str,
    id: &str,
) -> Result<Option<Job>> {
    let text = format!("SELECT {COLUMNS} FROM jobs j WHERE j.tenant = $1 AND j.id = $2");
    let rows = sqlx::query(&db.sql(&text)).bind(tenant).bind(id).fetch_all(&mut **tx).await?;
    rows.first().map(job).transpose()
}

impl Db {
    /// The job that an earlier request with this key made, and the digest of its body.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn submitted_before(
        &self,
        tenant: &str,
        key: &str,
        body_sha256: &str,
    ) -> Result<Option<Submitted>> {
        let mut tx = self.begin().await?;
        let found = self.replay(&mut tx, tenant, key, body_sha256).await?;
        tx.commit().await?;
        Ok(found)
    }

    async fn replay(
        &self,
        tx: &mut Transaction<'static, Any>,
        tenant: &str,
        key: &str,
        body_sha256: &str,
    ) -> Result<Option<Submitted>> {
        let text = "SELECT body_sha256, job FROM idempotency WHERE tenant = $1 AND key = $2";
        let rows = sqlx::query(text).bind(tenant).bind(key).fetch_all(&mut **tx).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (body, id): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if body != body_sha256 {
            return Ok(Some(Submitted::OtherBody));
        }
        Ok(by_id(self, tx, tenant, &id).await?.map(Submitted::Again))
    }

    /// Queues a job, once: the same key and body give the job that is there.
    ///
    /// # Errors
    /// [`ServiceError::Database`]; the job may then be queued or not, and the same request tells.
    pub async fn submit(&self, new: &New) -> Result<Submitted> {
        let task = &new.task;
        let mut tx = self.begin().await?;
        // Submissions of one tenant go one after the other: the quota is a count.
        let lock = match self.dialect {
            Dialect::Sqlite => "SELECT most_open FROM tenants WHERE name = $1",
            Dialect::Postgres => "SELECT most_open FROM tenants WHERE name = $1 FOR UPDATE",
        };
        let rows = sqlx::query(lock).bind(&task.tenant).fetch_all(&mut *tx).await?;
        let most: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        if let Some(found) = self.replay(&mut tx, &task.tenant, &new.key, &new.body_sha256).await? {
            return Ok(found);
        }
        let text = "SELECT COUNT(*) FROM jobs WHERE tenant = $1 AND state IN ('queued', 'running')";
        let rows = sqlx::query(text).bind(&task.tenant).fetch_all(&mut *tx).await?;
        let open: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        if open >= most {
            return Ok(Submitted::Quota(open));
        }
        let text = "SELECT id FROM jobs WHERE tenant = $1 AND network = $2 AND epoch = $3 AND \
                    circuit = $4 AND domain = $5 AND state IN ('queued', 'running', 'done')";
        let rows = sqlx::query(text)
            .bind(&task.tenant)
            .bind(&new.network)
            .bind(new.epoch)
            .bind(&new.circuit)
            .bind(&new.domain)
            .fetch_all(&mut *tx)
            .await?;
        if let Some(row) = rows.first() {
            return Ok(Submitted::Taken(row.try_get(0)?));
        }
        let head = if new.first { new.epoch - 1 } else { 0 };
        let text = "INSERT INTO networks (tenant, network, head) VALUES ($1, $2, $3) \
                    ON CONFLICT (tenant, network) DO NOTHING";
        let begun = sqlx::query(text)
            .bind(&task.tenant)
            .bind(&new.network)
            .bind(head)
            .execute(&mut *tx)
            .await?;
        if new.first && begun.rows_affected() == 0 {
            let text = "SELECT head FROM networks WHERE tenant = $1 AND network = $2";
            let query = sqlx::query(text).bind(&task.tenant).bind(&new.network);
            let rows = query.fetch_all(&mut *tx).await?;
            let there: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
            // The same epoch for another domain begins the network no differently.
            if there + 1 < new.epoch {
                return Ok(Submitted::NotFirst(there));
            }
        }
        let text = "INSERT INTO jobs (id, tenant, network, epoch, circuit, domain, chain_id, \
            contract, priority, state, not_before, root_before, root_after, created_at, \
            witness_sha256, witness_bytes, traceparent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
            'queued', 0, $10, $11, {now}, $12, $13, $14)";
        sqlx::query(&self.sql(text))
            .bind(&new.id)
            .bind(&task.tenant)
            .bind(&new.network)
            .bind(new.epoch)
            .bind(&new.circuit)
            .bind(&new.domain)
            .bind(task.chain_id)
            .bind(task.contract.as_deref())
            .bind(new.priority)
            .bind(&task.root_before)
            .bind(&new.root_after)
            .bind(&task.witness.sha256)
            .bind(task.witness.bytes as i64)
            .bind(task.traceparent.as_deref())
            .execute(&mut *tx)
            .await?;
        // Given up or a job's, never both: whoever comes second waits for the first one's transaction.
        let text = "INSERT INTO witnesses (sha256, job) VALUES ($1, $2) \
                    ON CONFLICT (sha256) DO NOTHING";
        let query = sqlx::query(text).bind(&task.witness.sha256).bind(&new.id);
        if query.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(Submitted::Late);
        }
        let text = "INSERT INTO idempotency (tenant, key, body_sha256, job, created_at) \
                    VALUES ($1, $2, $3, $4, {now})";
        sqlx::query(&self.sql(text))
            .bind(&task.tenant)
            .bind(&new.key)
            .bind(&new.body_sha256)
            .bind(&new.id)
            .execute(&mut *tx)
            .await?;
        events::add(self, &mut tx, &new.id, 0, "submitted", None).await?;
        notify(self.dialect, &mut tx).await?;
        let made = by_id(self, &mut tx, &task.tenant, &new.id).await?;
        tx.commit().await?;
        made.map(Submitted::New).ok_or_else(|| ServiceError::Unknown {
            what: "job",
            expected: "the one that was just queued",
            got: new.id.clone(),
        })
    }

    /// Takes the next job that one of these circuits can prove, for `lease_ms`.
    ///
    /// The first by priority, then by submission, whose network's epochs before it are proved.
    ///
    /// # Errors
    /// [`ServiceError::Database`]; a job that was taken all the same comes back when its lease ends.
    pub async fn claim(
        &self,
        worker: &str,
        circuits: &[String],
        lease_ms: i64,
    ) -> Result<Option<Claimed>> {
        let mut tx = self.begin().await?;
        let places: Vec<String> = (0..circuits.len()).map(|i| format!("${}", i + 1)).collect();
        let text = format!(
            "SELECT {COLUMNS}, n.head, n.head_root FROM jobs j \
             JOIN networks n ON n.tenant = j.tenant AND n.network = j.network \
             WHERE j.state = 'queued' AND j.not_before <= {{now}} AND j.epoch <= n.head + 1 \
             AND j.circuit IN ({}) ORDER BY j.priority DESC, j.seq LIMIT 1 {{skip}}",
            places.join(", ")
        );
        let text = self.sql(&text);
        let mut query = sqlx::query(&text);
        for circuit in circuits {
            query = query.bind(circuit);
        }
        let rows = query.fetch_all(&mut *tx).await?;
        let Some(row) = rows.first() else {
            tx.rollback().await?;
            return Ok(None);
        };
        let mut claimed = Claimed {
            job: job(row)?,
            task: task(row)?,
            head: row.try_get("head")?,
            head_root: row.try_get("head_root")?,
        };
        let attempt = claimed.job.attempt + 1;
        let text = "UPDATE jobs SET state = 'running', attempt = $1, worker = $2, \
                    lease_until = {now} + $3, started_at = {now}, stage = 'claimed', progress = 0 \
                    WHERE id = $4 AND state = 'queued' AND attempt = $5";
        let done = sqlx::query(&self.sql(text))
            .bind(attempt)
            .bind(worker)
            .bind(lease_ms)
            .bind(&claimed.job.id)
            .bind(claimed.job.attempt)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() != 1 {
            tx.rollback().await?;
            return Ok(None);
        }
        events::add(self, &mut tx, &claimed.job.id, attempt, "claimed", Some(worker)).await?;
        tx.commit().await?;
        claimed.job.attempt = attempt;
        claimed.job.state = State::Running;
        Ok(Some(claimed))
    }

    /// Cancels a job that is not at its end. Its worker's next write finds no running job, and the
    /// worker stops.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn cancel(&self, tenant: &str, id: &str) -> Result<Option<(Job, bool)>> {
        let mut tx = self.begin().await?;
        let text = "UPDATE jobs SET state = 'cancelled', finished_at = {now}, lease_until = NULL, \
                    stage = NULL WHERE tenant = $1 AND id = $2 AND state IN ('queued', 'running')";
        let query = sqlx::query(&self.sql(text)).bind(tenant).bind(id).execute(&mut *tx).await?;
        let changed = query.rows_affected() == 1;
        let Some(job) = by_id(self, &mut tx, tenant, id).await? else { return Ok(None) };
        if changed {
            events::add(self, &mut tx, id, job.attempt, "cancelled", None).await?;
        }
        tx.commit().await?;
        Ok(Some((job, changed)))
    }

    /// A tenant's job.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn job(&self, tenant: &str, id: &str) -> Result<Option<Job>> {
        let text = format!("SELECT {COLUMNS} FROM jobs j WHERE j.tenant = $1 AND j.id = $2");
        let query = sqlx::query(&text).bind(tenant).bind(id);
        query.fetch_all(&self.pool).await?.first().map(job).transpose()
    }

    /// A tenant's jobs in the order of their submission.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn jobs(&self, tenant: &str, filter: &Filter) -> Result<Vec<Job>> {
        let text = format!(
            "SELECT {COLUMNS} FROM jobs j WHERE j.tenant = $1 AND j.seq > $2 \
             AND ($3 = '' OR j.state = $3) AND ($4 = '' OR j.network = $4) ORDER BY j.seq LIMIT $5"
        );
        let rows = sqlx::query(&text)
            .bind(tenant)
            .bind(filter.after)
            .bind(filter.state.map_or("", State::name))
            .bind(filter.network.as_deref().unwrap_or_default())
            .bind(filter.limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(job).collect()
    }

    /// A tenant's last jobs, the newest first.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn latest(&self, tenant: &str, limit: i64) -> Result<Vec<Job>> {
        let text = format!(
            "SELECT {COLUMNS} FROM jobs j WHERE j.tenant = $1 ORDER BY j.seq DESC LIMIT $2"
        );
        let query = sqlx::query(&text).bind(tenant).bind(limit);
        query.fetch_all(&self.pool).await?.iter().map(job).collect()
    }

    /// How many jobs are in which state: a tenant's, or all.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn counts(&self, tenant: Option<&str>) -> Result<Vec<(State, i64)>> {
        let text = "SELECT state, COUNT(*) FROM jobs WHERE ($1 = '' OR tenant = $1) \
                    GROUP BY state ORDER BY state";
        let query = sqlx::query(text).bind(tenant.unwrap_or_default());
        let rows = query.fetch_all(&self.pool).await?;
        let count = |row: &AnyRow| Ok((row.try_get::<String, _>(0)?.parse()?, row.try_get(1)?));
        rows.iter().map(count).collect()
    }
}
