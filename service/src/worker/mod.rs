//! A worker: claims jobs one after the other, proves them with keys that stay loaded, and publishes
//! what it has verified.

mod attempt;
mod heartbeat;
mod housekeeping;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{watch, Notify};
use tracing::{error, info, warn};

use crate::config::WorkerConfig;
use crate::db::{Claimed, Db, Finished};
use crate::error::{random, Result, ServiceError};
use crate::metrics::Metrics;
use crate::prover::Provers;
use crate::seal::Seals;
use crate::store::{in_time, Artefacts, Kind};
use crate::trace::Traces;
pub(crate) use attempt::sealed_for;
use attempt::Outcome;

pub use housekeeping::{keep_house, listen};

/// What a worker is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// It loads and tests its keys.
    Starting,
    /// It proves, or waits for work.
    Ready,
    /// It finishes what it has and takes nothing more.
    Draining,
    /// It takes nothing: its key or its machine is at fault.
    Quarantined(String),
    /// It is over.
    Stopped,
}

impl WorkerState {
    /// As the database has it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Quarantined(_) => "quarantined",
            Self::Stopped => "stopped",
        }
    }
}

/// What the heartbeat's thread has to know.
#[derive(Debug)]
pub struct Status {
    inner: Mutex<Inner>,
    /// Wakes the heartbeat before its time.
    wake: Notify,
    over: AtomicBool,
}

#[derive(Debug)]
struct Inner {
    state: WorkerState,
    circuits: String,
    held: Option<Held>,
}

/// The job at hand.
#[derive(Clone, Debug)]
struct Held {
    id: String,
    attempt: i64,
    stage: &'static str,
    progress: i64,
    told: &'static str,
    /// Stops the proof. Raised when the job is no longer this worker's.
    cancel: Arc<AtomicBool>,
}

impl Status {
    fn new() -> Self {
        let inner = Inner { state: WorkerState::Starting, circuits: String::new(), held: None };
        Self { inner: Mutex::new(inner), wake: Notify::new(), over: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What is in it is whole after every statement.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the worker is doing.
    #[must_use]
    pub fn state(&self) -> WorkerState {
        self.lock().state.clone()
    }

    fn set(&self, state: WorkerState) {
        info!(state = state.name(), "worker");
        self.lock().state = state;
        self.wake.notify_one();
    }

    fn progress(&self, stage: &'static str, part: f64) {
        let mut inner = self.lock();
        let Some(held) = &mut inner.held else { return };
        held.progress = (part.clamp(0.0, 1.0) * 1_000.0) as i64;
        if held.stage != stage {
            held.stage = stage;
            drop(inner);
            self.wake.notify_one();
        }
    }
}

/// A worker, before it runs.
#[derive(Debug)]
pub struct Worker {
    db: Db,
    artefacts: Artefacts,
    seals: Seals,
    config: WorkerConfig,
    keep_ms: i64,
    id: String,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    traces: Traces,
}

impl Worker {
    /// Names a worker. Nothing is loaded yet.
    ///
    /// # Errors
    /// [`ServiceError::Random`].
    pub fn new(
        db: Db,
        artefacts: Artefacts,
        seals: Seals,
        config: &crate::Config,
        metrics: Arc<Metrics>,
        traces: Traces,
    ) -> Result<Self> {
        Ok(Self {
            db,
            artefacts,
            seals,
            keep_ms: i64::from(config.witness.keep_seconds) * 1_000,
            id: format!("{}-{}", config.worker.name, hex::encode(random::<4>()?)),
            config: config.worker.clone(),
            status: Arc::new(Status::new()),
            metrics,
            traces,
        })
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    /// Loads and tests the keys, then works until `stop` becomes true and the job at hand is finished
    /// or given back. `work` wakes it when there may be a job.
    ///
    /// # Errors
    /// [`ServiceError`] when it cannot begin. A wrong key is no such error: the worker then stays, in
    /// quarantine, and says so.
    pub async fn run(self, mut stop: watch::Receiver<bool>, work: Arc<Notify>) -> Result<()> {
        let beat = heartbeat::start(
            self.db.again(2)?,
            Arc::clone(&self.status),
            self.id.clone(),
            self.config.clone(),
        )?;
        if let Some(mut provers) = self.load().await {
            self.status.lock().circuits = provers.circuits().join(" ");
            self.status.set(WorkerState::Ready);
            while !*stop.borrow() {
                let circuits = provers.circuits();
                let lease = i64::from(self.config.lease_ms);
                match self.db.claim(&self.id, &circuits, lease).await {
                    Ok(Some(claimed)) => {
                        if self.work_on(&claimed, &provers, &mut stop).await {
                            match self.load().await {
                                Some(again) => provers = again,
                                None => break,
                            }
                        }
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => warn!(%error, "cannot look for work"),
                }
                tokio::select! {
                    () = work.notified() => {}
                    () = tokio::time::sleep(Duration::from_millis(self.config.poll_ms.into())) => {}
                    _ = stop.changed() => {}
                }
            }
        }
        // In quarantine: only the stop is left to wait for.
        let _ = stop.wait_for(|stop| *stop).await;
        if !matches!(self.status.state(), WorkerState::Quarantined(_)) {
            self.status.set(WorkerState::Stopped);
        }
        self.status.over.store(true, Ordering::SeqCst);
        self.status.wake.notify_one();
        let ended = tokio::task::spawn_blocking(move || beat.join()).await;
        if !matches!(ended, Ok(Ok(()))) {
            warn!("the heartbeat's thread broke off");
        }
        Ok(())
    }

    /// The keys, loaded and tested; without them the worker is in quarantine.
    async fn load(&self) -> Option<Arc<Provers>> {
        let config = self.config.clone();
        let loaded = on_thread(move || {
            let provers = Provers::load(&config)?;
            provers.self_test()?;
            Ok(provers)
        })
        .await;
        let error = match loaded {
            Some(Ok(provers)) => return Some(Arc::new(provers)),
            Some(Err(error)) => error,
            None => ServiceError::Proof("the self-test broke off".to_owned()),
        };
        let reason = error.to_string();
        error!(reason, "keys cannot be used: this worker takes no jobs");
        self.status.set(WorkerState::Quarantined(reason));
        None
    }

    /// Works on a job to the end of the attempt. Answers whether the keys must be looked at.
    async fn work_on(
        &self,
        claimed: &Claimed,
        provers: &Arc<Provers>,
        stop: &mut watch::Receiver<bool>,
    ) -> bool {
        let (id, attempt) = (claimed.job.id.clone(), claimed.job.attempt);
        let span = self.traces.attempt(claimed, &self.id);
        let trace_id = span.trace_id();
        info!(job = id, attempt, circuit = claimed.job.circuit, trace_id, "claimed");
        let started = std::time::Instant::now();
        let cancel = Arc::new(AtomicBool::new(false));
        self.status.lock().held = Some(Held {
            id: id.clone(),
            attempt,
            stage: "claimed",
            progress: 0,
            told: "claimed",
            cancel: Arc::clone(&cancel),
        });
        let outcome = {
            let work = self.attempt(claimed, provers, Arc::clone(&cancel), &span);
            let grace = Duration::from_secs(self.config.grace_seconds.into());
            let mut stop = stop.clone();
            let status = &self.status;
            let patience = async move {
                if stop.wait_for(|stop| *stop).await.is_err() {
                    std::future::pending::<()>().await;
                }
                status.set(WorkerState::Draining);
                tokio::time::sleep(grace).await;
            };
            tokio::select! {
                outcome = work => outcome,
                () = patience => Outcome::GiveBack,
            }
        };
        cancel.store(true, Ordering::SeqCst);
        let faulty = matches!(outcome, Outcome::Faulty(_));
        span.stage("write");
        let written = self.write(&id, attempt, &outcome).await;
        self.status.lock().held = None;
        let seconds = started.elapsed().as_secs_f64();
        let kind = outcome.name();
        span.end(if written == Finished::Lost { Outcome::Lost.name() } else { kind });
        match written {
            Finished::Lost => {
                self.metrics.lost();
                warn!(job = id, attempt, kind, seconds, "the job was no longer this worker's");
            }
            _ => {
                self.metrics.attempt(kind, seconds);
                let reason = outcome.reason();
                info!(job = id, attempt, kind, seconds, reason, "attempt over");
            }
        }
        if matches!(outcome, Outcome::Done { .. }) && written != Finished::Lost && self.keep_ms == 0
        {
            self.forget(claimed).await;
        }
        faulty
    }

    /// Writes what came of an attempt, as often as it takes: the database may be away.
    async fn write(&self, id: &str, attempt: i64, outcome: &Outcome) -> Finished {
        let policy = self.config.policy();
        let give_up = std::time::Instant::now() + Duration::from_secs(600);
        loop {
            let written = match outcome {
                Outcome::Done { bundle, manifest_sha256 } => {
                    self.db.done(id, attempt, bundle, manifest_sha256).await
                }
                Outcome::Never(reason) => self.db.failed(id, attempt, reason).await,
                Outcome::Faulty(reason) | Outcome::Retry(reason) => {
                    self.db.retry(id, attempt, reason, policy).await
                }
                Outcome::GiveBack => self.db.give_back(id, attempt).await,
                Outcome::Lost => return Finished::Lost,
            };
            match written {
                Ok(finished) => return finished,
                Err(error) if std::time::Instant::now() < give_up => {
                    warn!(job = id, attempt, %error, "cannot write the attempt's end; trying again");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(error) => {
                    error!(job = id, attempt, %error, "the attempt's end is not written");
                    return Finished::Lost;
                }
            }
        }
    }

    /// Deletes the witness of a job that is done. What fails here, the housekeeping does later.
    async fn forget(&self, claimed: &Claimed) {
        let deleted =
            in_time(self.artefacts.delete(Kind::Witness, &claimed.task.witness.sha256)).await;
        let told = match deleted {
            Ok(()) => self.db.witness_gone(&claimed.job.id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            warn!(job = claimed.job.id, %error, "the witness is not deleted yet");
        }
    }
}

/// Does heavy work on a thread of its own, with the stack that circuits need. `None` if it broke off.
async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("prover".to_owned()).stack_size(16 << 20);
    thread
        .spawn(move || {
            // Nobody waits for it where the job was lost.
            let _ = send.send(work());
        })
        .ok()?;
    receive.await.ok()
}
