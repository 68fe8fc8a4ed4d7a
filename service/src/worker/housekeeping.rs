//! What every process does beside its own work: take jobs away from lost workers, delete witnesses
//! whose time is over or that are nobody's, and hear of new work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgListener;
use tokio::sync::{watch, Notify};
use tracing::{info, warn};

use crate::db::{Db, Dialect, CHANNEL};
use crate::error::Result;
use crate::store::{in_time, Artefacts, Kind};

/// Longest time between two looks for witnesses without a job.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Looks after leases and witnesses until `stop` becomes true. A store that does not answer keeps no
/// lease waiting.
pub async fn keep_house(
    db: Db,
    artefacts: Artefacts,
    config: crate::Config,
    stop: watch::Receiver<bool>,
    work: Arc<Notify>,
) {
    let leases = keep_leases(&db, &config, stop.clone(), &work);
    tokio::join!(leases, keep_witnesses(&db, &artefacts, &config, stop));
}

async fn keep_leases(
    db: &Db,
    config: &crate::Config,
    mut stop: watch::Receiver<bool>,
    work: &Notify,
) {
    let (period, policy) = (config.worker.heartbeat(), config.worker.policy());
    while !*stop.borrow() {
        match db.reap(policy).await {
            Ok(0) => {}
            Ok(jobs) => {
                info!(jobs, "leases ended");
                work.notify_one();
            }
            Err(error) => warn!(%error, "cannot look for leases that ended"),
        }
        tokio::select! {
            () = tokio::time::sleep(period) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn keep_witnesses(
    db: &Db,
    artefacts: &Artefacts,
    config: &crate::Config,
    mut stop: watch::Receiver<bool>,
) {
    let period = config.worker.heartbeat();
    let keep_ms = i64::from(config.witness.keep_seconds) * 1_000;
    let age = Duration::from_secs(config.witness.orphan_seconds.into());
    let between = (age / 4).clamp(period, LONGEST.max(period));
    let work = async {
        let mut next = Instant::now();
        loop {
            if let Err(error) = forget(db, artefacts, keep_ms).await {
                warn!(%error, "cannot delete witnesses");
            }
            if !age.is_zero() && Instant::now() >= next {
                next = Instant::now() + between;
                if let Err(error) = forget_orphans(db, artefacts, age).await {
                    warn!(%error, "cannot look for witnesses without a job");
                }
            }
            tokio::time::sleep(period).await;
        }
    };
    let stopped = async {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    // What breaks off here is done again by whoever looks next.
    tokio::select! {
        () = work => {}
        () = stopped => {}
    }
}

/// Deletes witnesses that no job refers to: their process died before it could queue the job.
///
/// The age keeps this from those whose submission is under way. It is not what makes it safe: the
/// database gives a witness either to a job or up, and what is given up no job can have any more.
async fn forget_orphans(db: &Db, artefacts: &Artefacts, age: Duration) -> Result<()> {
    for sha256 in in_time(artefacts.older_than(Kind::Witness, age)).await? {
        if db.give_up(&sha256).await? {
            in_time(artefacts.delete(Kind::Witness, &sha256)).await?;
            info!(witness = sha256, "witness without a job deleted");
        }
    }
    Ok(())
}

async fn forget(db: &Db, artefacts: &Artefacts, keep_ms: i64) -> Result<()> {
    for (id, sha256) in db.stale_witnesses(keep_ms).await? {
        in_time(artefacts.delete(Kind::Witness, &sha256)).await?;
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
