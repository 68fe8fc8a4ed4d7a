//! One attempt at one job, from the sealed witness to the bundle in the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use meed_statement::words::Domain;

use super::{on_thread, Worker};
use crate::db::Claimed;
use crate::error::ServiceError;
use crate::job::{domain, Files, OnChain};
use crate::prover::{Proved, Provers, Refusal};
use crate::store::{Digest, Kind};
use crate::tar;
use crate::trace;

/// What came of an attempt.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The bundle is in the store.
    Done { bundle: Digest, manifest_sha256: String },
    /// Nobody can prove this.
    Never(String),
    /// Key or machine seem to be at fault.
    Faulty(String),
    /// It may work another time.
    Retry(String),
    /// The worker stops.
    GiveBack,
    /// The job is no longer this worker's.
    Lost,
}

impl Outcome {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Never(_) => "failed",
            Self::Faulty(_) => "faulty",
            Self::Retry(_) => "retry",
            Self::GiveBack => "returned",
            Self::Lost => "lost",
        }
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Never(reason) | Self::Faulty(reason) | Self::Retry(reason) => Some(reason),
            _ => None,
        }
    }
}

/// What a sealed witness belongs to.
pub(crate) fn sealed_for(tenant: &str, id: &str) -> String {
    format!("meed-service.witness.v1/{tenant}/{id}")
}

impl Worker {
    pub(super) async fn attempt(
        &self,
        claimed: &Claimed,
        provers: &Arc<Provers>,
        cancel: Arc<AtomicBool>,
        span: &trace::Attempt,
    ) -> Outcome {
        let job = &claimed.job;
        if let Some(left) = claimed.head_root.as_ref().filter(|_| job.epoch == claimed.head + 1) {
            if *left != claimed.task.root_before {
                return Outcome::Never(format!(
                    "state root before the epoch: expected {left}, as epoch {} left it, got {}",
                    claimed.head, claimed.task.root_before
                ));
            }
        }
        span.stage("fetch");
        let (files, on) = match self.witness(claimed).await {
            Ok(files) => files,
            Err(error) => return Outcome::Retry(error.to_string()),
        };
        let (provers, status) = (Arc::clone(provers), self.status());
        let (circuit, stop, stages) = (job.circuit.clone(), Arc::clone(&cancel), span.clone());
        let proved = on_thread(move || {
            stages.stage("settle");
            status.progress("settle", 0.0);
            let settled = files.epoch().settle();
            drop(files);
            let (epoch, trace) = settled.map_err(|e| Refusal::Never(e.to_string()))?;
            let mut told = |stage, part| {
                stages.stage(stage);
                status.progress(stage, part);
            };
            provers.prove(&circuit, &epoch.inputs, &trace, on, &mut told, &stop)
        });
        let proved = match proved.await {
            Some(Ok(proved)) => proved,
            Some(Err(refusal)) => {
                return match refusal {
                    Refusal::Cancelled => Outcome::Lost,
                    Refusal::Never(reason) => Outcome::Never(reason),
                    Refusal::Faulty(reason) => Outcome::Faulty(reason),
                    Refusal::Other(reason) => Outcome::Retry(reason),
                }
            }
            None => return Outcome::Retry("the prover broke off".to_owned()),
        };
        if cancel.load(Ordering::SeqCst) {
            return Outcome::Lost;
        }
        let Proved { files, manifest_sha256 } = proved;
        let archive = tar::pack("bundle", &files);
        span.stage("publish");
        self.status.progress("publish", 1.0);
        match self.artefacts.put(Kind::Bundle, archive).await {
            Ok(bundle) => Outcome::Done { bundle, manifest_sha256 },
            Err(error) => Outcome::Retry(format!("bundle: {error}")),
        }
    }

    /// The epoch's files, checked and decrypted, and the domain.
    async fn witness(&self, claimed: &Claimed) -> Result<(Files, Domain), ServiceError> {
        let sealed = self.artefacts.get(Kind::Witness, &claimed.task.witness).await?;
        let plain = self.seals.open(&sealed, &sealed_for(&claimed.task.tenant, &claimed.job.id))?;
        let files = serde_json::from_slice(&plain)
            .map_err(|_| ServiceError::Sealed("the files of an epoch"))?;
        let on_chain = match (claimed.task.chain_id, claimed.task.contract.clone()) {
            (Some(chain_id), Some(contract)) => {
                Some(OnChain { chain_id: chain_id as u64, contract })
            }
            _ => None,
        };
        Ok((files, domain(on_chain.as_ref())?))
    }
}
