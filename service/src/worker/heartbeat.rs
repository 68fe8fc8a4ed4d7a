//! Signs of life, on a thread with a runtime of its own: no proof keeps it from running.

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::warn;

use super::{Held, Status, WorkerState};
use crate::config::WorkerConfig;
use crate::db::{Db, Renewed};
use crate::error::{Result, ServiceError};

/// Not more often than this, however fast the stages are.
const SHORTEST: Duration = Duration::from_millis(250);

pub(super) fn start(
    db: Db,
    status: Arc<Status>,
    id: String,
    config: WorkerConfig,
) -> Result<JoinHandle<()>> {
    let failed = |e: std::io::Error| ServiceError::Proof(format!("cannot start a thread: {e}"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let beat = Beat { db, status, id, config };
    let thread = std::thread::Builder::new().name("heartbeat".to_owned());
    thread.spawn(move || runtime.block_on(beat.run())).map_err(failed)
}

struct Beat {
    db: Db,
    status: Arc<Status>,
    id: String,
    config: WorkerConfig,
}

impl Beat {
    async fn run(self) {
        let period = self.config.heartbeat();
        let patience = period.max(Duration::from_secs(2));
        loop {
            let over = self.status.over.load(Ordering::SeqCst);
            match tokio::time::timeout(patience, self.beat()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(%error, "no sign of life given"),
                Err(_) => warn!("no sign of life given: the database does not answer"),
            }
            if over {
                break;
            }
            let shortest = SHORTEST.min(period);
            tokio::time::sleep(shortest).await;
            // A stage that began meanwhile has woken it already.
            let _ = tokio::time::timeout(period - shortest, self.status.wake.notified()).await;
        }
        self.db.close().await;
    }

    async fn beat(&self) -> Result<()> {
        let (state, circuits, held) = {
            let inner = self.status.lock();
            (inner.state.clone(), inner.circuits.clone(), inner.held.clone())
        };
        if let Some(held) = held {
            self.renew(&held).await?;
        }
        let reason = match &state {
            WorkerState::Quarantined(reason) => Some(reason.as_str()),
            _ => None,
        };
        self.db.worker_seen(&self.id, &self.config.name, state.name(), reason, &circuits).await
    }

    async fn renew(&self, held: &Held) -> Result<()> {
        let Held { id, attempt, stage, progress, told, cancel } = held;
        let begun = (stage != told).then_some(*stage);
        let lease = i64::from(self.config.lease_ms);
        let renewed = self.db.renew(id, *attempt, lease, stage, *progress, begun).await?;
        let mut inner = self.status.lock();
        let now = inner.held.as_mut().filter(|now| now.id == *id && now.attempt == *attempt);
        match (renewed, now) {
            (Renewed::Held, Some(now)) => now.told = stage,
            // Its end was written since.
            (_, None) => {}
            (Renewed::Lost, Some(_)) => {
                if !cancel.swap(true, Ordering::SeqCst) {
                    warn!(job = id, attempt, "the job was cancelled, or is somebody else's now");
                }
            }
        }
        Ok(())
    }
}
