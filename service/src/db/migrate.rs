//! The schema, version by version. A migration that has been released is never changed.

use sqlx::Row;

use super::{Db, Dialect};
use crate::error::{Result, ServiceError};

/// Each entry brings the schema one version further.
const MIGRATIONS: [&[&str]; 3] = [FIRST, WITNESSES, TRACES];

const FIRST: &[&str] = &[
    "CREATE TABLE tenants (
        name TEXT PRIMARY KEY,
        most_open BIGINT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE tokens (
        id TEXT PRIMARY KEY,
        tenant TEXT NOT NULL REFERENCES tenants (name),
        sha256 TEXT NOT NULL,
        scopes TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        revoked_at BIGINT
    )",
    "CREATE TABLE networks (
        tenant TEXT NOT NULL,
        network TEXT NOT NULL,
        head BIGINT NOT NULL,
        head_root TEXT,
        PRIMARY KEY (tenant, network)
    )",
    "CREATE TABLE jobs (
        seq {serial},
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL REFERENCES tenants (name),
        network TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        circuit TEXT NOT NULL,
        domain TEXT NOT NULL,
        chain_id BIGINT,
        contract TEXT,
        priority BIGINT NOT NULL,
        state TEXT NOT NULL,
        attempt BIGINT NOT NULL DEFAULT 0,
        failures BIGINT NOT NULL DEFAULT 0,
        not_before BIGINT NOT NULL,
        worker TEXT,
        lease_until BIGINT,
        stage TEXT,
        progress BIGINT NOT NULL DEFAULT 0,
        error TEXT,
        root_before TEXT NOT NULL,
        root_after TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        started_at BIGINT,
        finished_at BIGINT,
        witness_sha256 TEXT NOT NULL,
        witness_bytes BIGINT NOT NULL,
        witness_gone BIGINT NOT NULL DEFAULT 0,
        bundle_sha256 TEXT,
        bundle_bytes BIGINT,
        manifest_sha256 TEXT
    )",
    // One proof of an epoch for a domain, whatever clients and workers do.
    "CREATE UNIQUE INDEX jobs_once ON jobs (tenant, network, epoch, circuit, domain)
        WHERE state IN ('queued', 'running', 'done')",
    "CREATE INDEX jobs_queue ON jobs (priority DESC, seq) WHERE state = 'queued'",
    "CREATE INDEX jobs_leases ON jobs (lease_until) WHERE state = 'running'",
    "CREATE INDEX jobs_tenant ON jobs (tenant, seq)",
    "CREATE INDEX jobs_witness ON jobs (finished_at) WHERE witness_gone = 0",
    "CREATE TABLE idempotency (
        tenant TEXT NOT NULL,
        key TEXT NOT NULL,
        body_sha256 TEXT NOT NULL,
        job TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, key)
    )",
    "CREATE TABLE events (
        seq {serial},
        job TEXT NOT NULL,
        attempt BIGINT NOT NULL,
        kind TEXT NOT NULL,
        detail TEXT,
        at BIGINT NOT NULL
    )",
    "CREATE INDEX events_job ON events (job, seq)",
    "CREATE TABLE workers (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        circuits TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL
    )",
];

const WITNESSES: &[&str] = &[
    // Whose a witness of the store is: a job's, or nobody's any more.
    "CREATE TABLE witnesses (
        sha256 TEXT PRIMARY KEY,
        job TEXT
    )",
    "INSERT INTO witnesses (sha256, job)
        SELECT witness_sha256, MIN(id) FROM jobs GROUP BY witness_sha256",
];

// The span that a job's attempts belong to, as W3C's `traceparent` writes it.
const TRACES: &[&str] = &["ALTER TABLE jobs ADD COLUMN traceparent TEXT"];

impl Db {
    /// Brings the schema to this program's version.
    ///
    /// # Errors
    /// [`ServiceError::NewerDatabase`]; [`ServiceError::Database`]; the schema is then as it was.
    pub async fn migrate(&self) -> Result<()> {
        let newest = MIGRATIONS.len() as i64;
        let mut tx = self.begin().await?;
        if self.dialect == Dialect::Postgres {
            // Two programs that start together migrate one after the other.
            sqlx::query("SELECT pg_advisory_xact_lock(560420813)").execute(&mut *tx).await?;
        }
        sqlx::query("CREATE TABLE IF NOT EXISTS meed_schema (version BIGINT NOT NULL)")
            .execute(&mut *tx)
            .await?;
        let rows = sqlx::query("SELECT version FROM meed_schema").fetch_all(&mut *tx).await?;
        let version: i64 = match rows.first() {
            Some(row) => row.try_get(0)?,
            None => {
                sqlx::query("INSERT INTO meed_schema (version) VALUES (0)")
                    .execute(&mut *tx)
                    .await?;
                0
            }
        };
        if version > newest {
            return Err(ServiceError::NewerDatabase { expected: newest, got: version });
        }
        for statements in MIGRATIONS.iter().skip(version.max(0) as usize) {
            for statement in *statements {
                sqlx::query(&self.sql(statement)).execute(&mut *tx).await?;
            }
        }
        if version < newest {
            sqlx::query("UPDATE meed_schema SET version = $1")
                .bind(newest)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Whether the database answers and has this program's schema.
    ///
    /// # Errors
    /// [`ServiceError::Database`]; [`ServiceError::NewerDatabase`].
    pub async fn check(&self) -> Result<()> {
        let rows = sqlx::query("SELECT version FROM meed_schema").fetch_all(&self.pool).await?;
        let got: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        match MIGRATIONS.len() as i64 {
            expected if expected < got => Err(ServiceError::NewerDatabase { expected, got }),
            _ => Ok(()),
        }
    }
}
