//! The queue's database: SQLite where one machine serves, PostgreSQL where many do. The statements are
//! the same; what differs stands in [`Dialect`].
//!
//! Times are the database's. Nothing is taken for done before its transaction has committed.

mod events;
mod jobs;
mod leases;
mod migrate;
mod tenants;
mod witnesses;
mod workers;

use std::path::Path;
use std::time::Duration;

use sqlx::any::{Any, AnyPoolOptions, AnyRow};
use sqlx::{AnyPool, Connection, Executor, Row, Transaction};

use crate::config::{DatabaseConfig, Secret};
use crate::error::{Result, ServiceError};
use crate::store::private_folder;

pub(crate) use jobs::new_id;
pub use jobs::{Claimed, Filter, New, Submitted, Task};
pub use leases::{Finished, Policy, Renewed};
pub use tenants::{Caller, Scope, Tenant, TokenInfo};
pub use workers::WorkerInfo;

/// The channel on which PostgreSQL tells of new work.
pub(crate) const CHANNEL: &str = "meed_jobs";

/// What differs between the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Dialect {
    /// Milliseconds since 1970, by the database's clock: now, not at the transaction's start.
    const fn now(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// A transaction that writes takes SQLite's lock at once: one that took it later could fail.
    const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// A statement in this database's words.
    fn sql(self, text: &str) -> String {
        let (serial, skip) = match self {
            Self::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", ""),
            Self::Postgres => ("BIGSERIAL PRIMARY KEY", "FOR UPDATE OF j SKIP LOCKED"),
        };
        text.replace("{now}", self.now()).replace("{serial}", serial).replace("{skip}", skip)
    }
}

/// The queue's database.
#[derive(Clone)]
pub struct Db {
    pool: AnyPool,
    dialect: Dialect,
    url: Secret,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`ServiceError::Database`]; [`ServiceError::NewerDatabase`]; [`ServiceError::Config`].
    pub async fn open(config: &DatabaseConfig) -> Result<Self> {
        let db = Self::connect(&config.url, config.connections)?;
        db.migrate().await?;
        Ok(db)
    }

    /// Opens no connection yet, and touches no schema.
    ///
    /// # Errors
    /// [`ServiceError::Config`]; [`ServiceError::Io`] when SQLite's folder cannot be made.
    pub fn connect(url: &Secret, connections: u32) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let text = url.reveal();
        let dialect = match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Dialect::Sqlite,
            Some("postgres" | "postgresql") => Dialect::Postgres,
            other => {
                let got = other.unwrap_or("something else").to_owned();
                return Err(ServiceError::config("database.url", "sqlite: or postgres:", got));
            }
        };
        let mut full = text.to_owned();
        if dialect == Dialect::Sqlite {
            let file = text.trim_start_matches("sqlite:").trim_start_matches("//");
            let file = file.split('?').next().unwrap_or_default();
            if let Some(folder) = Path::new(file).parent().filter(|p| *p != Path::new("")) {
                private_folder(folder)?;
            }
            if !full.contains('?') {
                full.push_str("?mode=rwc");
            }
        }
        let pool = AnyPoolOptions::new()
            .max_connections(connections)
            // A server that is away is waited for no longer; SQLite's writers queue up.
            .acquire_timeout(Duration::from_secs(match dialect {
                Dialect::Sqlite => 15,
                Dialect::Postgres => 5,
            }))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if dialect == Dialect::Sqlite {
                        // A committed transaction survives a power cut.
                        let settings = "PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; \
                                        PRAGMA synchronous = FULL";
                        connection.execute(settings).await?;
                    }
                    Ok(())
                })
            })
            // Where a disk is full SQLite rolls back by itself; the library then takes the connection to be
            // in that transaction for ever.
            .before_acquire(|connection, _| {
                let clean = !connection.is_in_transaction();
                Box::pin(async move { Ok(clean) })
            })
            .connect_lazy(&full)
            .map_err(|_| ServiceError::config("database.url", "a URL", "something else"))?;
        Ok(Self { pool, dialect, url: url.clone() })
    }

    /// Which database it is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A second pool to the same database, for a thread with a runtime of its own.
    pub(crate) fn again(&self, connections: u32) -> Result<Self> {
        Self::connect(&self.url, connections)
    }

    /// The URL, for PostgreSQL's listener.
    pub(crate) const fn url(&self) -> &Secret {
        &self.url
    }

    /// Begins a transaction that writes.
    async fn begin(&self) -> Result<Transaction<'static, Any>> {
        Ok(self.pool.begin_with(self.dialect.begin()).await?)
    }

    fn sql(&self, text: &str) -> String {
        self.dialect.sql(text)
    }

    /// The database's clock, milliseconds since 1970.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub async fn now(&self) -> Result<i64> {
        let row: AnyRow = sqlx::query(&self.sql("SELECT {now}")).fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Tells workers of new work, once the transaction commits.
async fn notify(dialect: Dialect, tx: &mut Transaction<'static, Any>) -> Result<()> {
    if dialect == Dialect::Postgres {
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&mut **tx).await?;
    }
    Ok(())
}
