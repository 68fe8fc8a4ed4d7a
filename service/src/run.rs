//! The processes: `meed serve` and `meed worker`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::routing::get;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{watch, Notify, Semaphore};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::api::{router, App};
use crate::db::Db;
use crate::error::{Result, ServiceError};
use crate::metrics::Metrics;
use crate::store::Artefacts;
use crate::trace::Traces;
use crate::worker::{keep_house, listen, Status, Worker, WorkerState};
use crate::{log, Config};

/// What both processes have.
struct Parts {
    db: Db,
    artefacts: Artefacts,
    metrics: Arc<Metrics>,
    traces: Traces,
    work: Arc<Notify>,
    stop: watch::Receiver<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Parts {
    async fn start(config: &Config, process: &'static str) -> Result<Self> {
        log::start(&config.log)?;
        info!(settings = config.shown(), version = env!("CARGO_PKG_VERSION"), "starting");
        let traces = Traces::start(&config.trace, process)?;
        let (db, artefacts) = (Db::open(&config.database).await?, Artefacts::open(&config.store)?);
        let work = Arc::new(Notify::new());
        let stop = on_signal()?;
        let tasks = vec![
            tokio::spawn(keep_house(
                db.clone(),
                artefacts.clone(),
                config.clone(),
                stop.clone(),
                Arc::clone(&work),
            )),
            tokio::spawn(listen(db.clone(), stop.clone(), Arc::clone(&work))),
        ];
        let metrics = Arc::new(Metrics::default());
        Ok(Self { db, artefacts, metrics, traces, work, stop, tasks })
    }

    async fn end(self) {
        for task in self.tasks {
            if let Err(error) = task.await {
                warn!(%error, "a task broke off");
            }
        }
        self.db.close().await;
        self.traces.end().await;
        info!("stopped");
    }
}

/// Becomes true at the first SIGTERM or Ctrl-C.
fn on_signal() -> Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{signal, SignalKind};
    let failed = |e: std::io::Error| ServiceError::Proof(format!("cannot wait for signals: {e}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let (send, receive) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping: finishing what is at hand");
        // Nobody listens any more where the process has ended by itself.
        let _ = send.send(true);
    });
    Ok(receive)
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        ServiceError::config("listen address", "one that is free", format!("{address}: {error}"))
    })?;
    let local = listener.local_addr().map_or(address, |a| a);
    info!(address = %local, "listening");
    Ok(listener)
}

/// Runs the API and, unless it is disabled, a worker, until SIGTERM or Ctrl-C.
///
/// # Errors
/// [`ServiceError`] when it cannot begin.
pub async fn serve(config: Config) -> Result<()> {
    let seals = config.seals()?;
    if config.worker.enabled && config.worker.circuits.is_empty() {
        let expected = "what to prove, or worker.enabled = false";
        return Err(ServiceError::config("worker.circuits", expected, "none"));
    }
    let parts = Parts::start(&config, "meed-serve").await?;
    let worker = match config.worker.enabled {
        false => None,
        true => Some(Worker::new(
            parts.db.clone(),
            parts.artefacts.clone(),
            seals.clone(),
            &config,
            Arc::clone(&parts.metrics),
            parts.traces.clone(),
        )?),
    };
    let app = Arc::new(App {
        db: parts.db.clone(),
        artefacts: parts.artefacts.clone(),
        seals,
        config: config.http.clone(),
        metrics: Arc::clone(&parts.metrics),
        traces: parts.traces.clone(),
        work: Arc::clone(&parts.work),
        stop: parts.stop.clone(),
        worker: worker.as_ref().map(Worker::status),
        checks: Semaphore::new(2),
        streams: Arc::new(Semaphore::new(config.http.max_streams)),
    });
    let listener = bind(config.http.listen).await?;
    let mut stop = parts.stop.clone();
    let served = tokio::spawn(async move {
        let until = async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        axum::serve(listener, router(app)).with_graceful_shutdown(until).await
    });
    if let Some(worker) = worker {
        worker.run(parts.stop.clone(), Arc::clone(&parts.work)).await?;
    }
    let ended = served.await;
    parts.end().await;
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(ServiceError::Proof(format!("the API broke off: {error}"))),
        Err(error) => Err(ServiceError::Proof(format!("the API broke off: {error}"))),
    }
}

/// Runs a worker alone, until SIGTERM or Ctrl-C.
///
/// # Errors
/// [`ServiceError`] when it cannot begin.
pub async fn worker(config: Config) -> Result<()> {
    let seals = config.seals()?;
    let parts = Parts::start(&config, "meed-worker").await?;
    let worker = Worker::new(
        parts.db.clone(),
        parts.artefacts.clone(),
        seals,
        &config,
        Arc::clone(&parts.metrics),
        parts.traces.clone(),
    )?;
    let health = match config.worker.health_listen {
        None => None,
        Some(address) => {
            let (routes, listener) = (health(worker.status()), bind(address).await?);
            let mut stop = parts.stop.clone();
            let until = async move {
                let _ = stop.wait_for(|stop| *stop).await;
            };
            Some(tokio::spawn(async move {
                let served = axum::serve(listener, routes).with_graceful_shutdown(until).await;
                if let Err(error) = served {
                    warn!(%error, "the health address broke off");
                }
            }))
        }
    };
    worker.run(parts.stop.clone(), Arc::clone(&parts.work)).await?;
    if let Some(health) = health {
        health.abort();
    }
    parts.end().await;
    Ok(())
}

/// `/health` and `/ready` of a worker.
fn health(status: Arc<Status>) -> Router {
    let ready = move || {
        let state = status.state();
        let code = match state {
            WorkerState::Ready => StatusCode::OK,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        std::future::ready((code, format!("{}\n", state.name())))
    };
    Router::new().route("/health", get(|| async { "ok\n" })).route("/ready", get(ready))
}
