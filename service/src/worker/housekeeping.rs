//! What every process does beside its own work: take jobs away from lost workers, delete witnesses
//! whose time is over, and hear of new work.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::{watch, Notify};
use tracing::{info, warn};

use crate::db::{Db, Dialect, CHANNEL};
use crate::error::Result;
use crate::store::{Artefacts, Kind};

/// Looks after leases and witnesses until `stop` becomes true.
pub async fn keep_house(
    db: Db,
    artefacts: Artefacts,
    config: crate::Config,
    mut stop: watch::Receiver<bool>,
    work: Arc<Notify>,
) {
    let (period, policy) = (config.worker.heartbeat(), config.worker.policy());
    let keep_ms = i64::from(config.witness.keep_seconds) * 1_000;
    while !*stop.borrow() {
        match db.reap(policy).await {
            Ok(0) => {}
            Ok(jobs) => {
                info!(jobs, "leases ended");
                work.notify_one();
            }
            Err(error) => warn!(%error, "cannot look for leases that ended"),
        }
        if let Err(error) = forget(&db, &artefacts, keep_ms).await {
            warn!(%error, "cannot delete witnesses");
        }
        tokio::select! {
            () = tokio::time::sleep(period) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn forget(db: &Db, artefacts: &Artefacts, keep_ms: i64) -> Result<()> {
    for (id, sha256) in db.stale_witnesses(keep_ms).await? {
        artefacts.delete(Kind::Witness, &sha256).await?;
        db.witness_gone(&id).await?;
        info!(job = id, "witness deleted");
    }
    Ok(())
}

/// Passes PostgreSQL's notifications on, until `stop` becomes true. SQLite has none: there the poll and
/// the process's own submissions wake the worker.
pub async fn listen(db: Db, mut stop: watch::Receiver<bool>, work: Arc<Notify>) {
    if db.dialect() != Dialect::Postgres {
        return;
    }
    while !*stop.borrow() {
        let heard = async {
            let mut listener = PgListener::connect(db.url().reveal()).await?;
            listener.listen(CHANNEL).await?;
            loop {
                listener.recv().await?;
                work.notify_one();
            }
        };
        let ended: std::result::Result<(), sqlx::Error> = tokio::select! {
            ended = heard => ended,
            _ = stop.changed() => return,
        };
        if let Err(error) = ended {
            warn!(%error, "cannot listen for new work; looking from time to time");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stop.changed() => return,
        }
    }
}
