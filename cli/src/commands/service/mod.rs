//! `meed serve`, `meed worker`, `meed service`.

mod fetch;
mod settle;

use std::future::Future;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use meed_ledger::atomic::{write_bytes, Access};
use meed_ledger::project::{Project, COMMIT, SALT};
use meed_ledger::{events, policy, records, registry, state};
use meed_service::db::{Db, Scope};
use meed_service::job::{Files, OnChain, ProofSystem as ServiceSystem, Submission};
use meed_service::Config;
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{Pack, ProofSystem, Serve, Service, SettingsArgs, Tenant, Token, Worker};
use crate::failure::usage;
use crate::ui::{Report, Ui};

pub(crate) fn serve(args: &Serve) -> Result<Report> {
    let config = load(&args.settings)?;
    on_runtime(meed_service::run::serve(config))?;
    Ok(Report::new("The service has stopped; nothing is left undone", json!({"stopped": true})))
}

pub(crate) fn worker(args: &Worker) -> Result<Report> {
    let config = load(&args.settings)?;
    on_runtime(meed_service::run::worker(config))?;
    Ok(Report::new("The worker has stopped; nothing is left undone", json!({"stopped": true})))
}

pub(crate) fn run(command: Service, root: &Path, ui: &Ui) -> Result<Report> {
    match command {
        Service::Config(args) => {
            let config = load(&args)?;
            config.seals()?;
            Ok(Report::new(config.shown(), json!(config)))
        }
        Service::Openapi => {
            let text = meed_service::api::openapi()?;
            let json = serde_json::from_str(&text)?;
            Ok(Report::new(text, json))
        }
        Service::Tenant(args) => tenant(&args),
        Service::Token(args) => token(args),
        Service::Pack(args) => pack(&args, root),
        Service::Fetch(args) => fetch::run(&args, ui),
        Service::Settle(args) => settle::run(&args, root, ui),
    }
}

fn load(args: &SettingsArgs) -> Result<Config> {
    Ok(Config::load(args.config.as_deref())?)
}

fn on_runtime<T>(work: impl Future<Output = meed_service::Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start")?;
    let done = runtime.block_on(work);
    // A proof that was given back is not waited for.
    runtime.shutdown_background();
    Ok(done?)
}

/// Does something with the database.
fn with_db<T, F>(settings: &SettingsArgs, work: impl FnOnce(Db) -> F) -> Result<T>
where
    F: Future<Output = meed_service::Result<T>>,
{
    let config = load(settings)?;
    on_runtime(async {
        let db = Db::open(&config.database).await?;
        let done = work(db.clone()).await;
        db.close().await;
        done
    })
}

fn tenant(args: &Tenant) -> Result<Report> {
    let most = i64::from(args.most_open);
    with_db(&args.settings, |db| async move { db.save_tenant(&args.name, most).await })?;
    let text = format!("Tenant {} may have {most} open jobs", args.name);
    Ok(Report::new(text, json!({"tenant": args.name, "most_open": most})))
}

fn token(command: Token) -> Result<Report> {
    match command {
        Token::Add { tenant, scopes, settings } => {
            let parsed = scopes.iter().map(|s| s.parse()).collect::<Result<Vec<Scope>, _>>()?;
            let whose = tenant.clone();
            let made = with_db(&settings, |db| async move { db.add_token(&whose, &parsed).await })?;
            let text = format!("{}\nKeep it: it is not shown again", made.as_str());
            let json = json!({"token": made.as_str(), "tenant": tenant, "scopes": scopes});
            Ok(Report::new(text, json))
        }
        Token::Revoke { id, settings } => {
            let which = id.clone();
            let found = with_db(&settings, |db| async move { db.revoke_token(&which).await })?;
            if !found {
                return Err(usage(format!("token {id:?}: expected one that counts")));
            }
            Ok(Report::new(format!("Token {id} no longer counts"), json!({"revoked": id})))
        }
        Token::List { settings } => {
            let tokens = with_db(&settings, |db| async move { db.tokens().await })?;
            let rows: Vec<Vec<String>> = tokens
                .iter()
                .map(|t| {
                    let counts = if t.revoked { "revoked" } else { "counts" };
                    vec![t.id.clone(), t.tenant.clone(), t.scopes.clone(), counts.to_owned()]
                })
                .collect();
            let text = crate::ui::table(&["token", "tenant", "scopes", ""], &rows, &[]);
            let list: Vec<_> = tokens
                .iter()
                .map(|t| json!({"id": t.id, "tenant": t.tenant, "scopes": t.scopes, "revoked": t.revoked}))
                .collect();
            Ok(Report::new(text, json!({"tokens": list})))
        }
    }
}

fn pack(args: &Pack, root: &Path) -> Result<Report> {
    let project = Project::open_to_read(root)?;
    let epoch = match args.epoch {
        Some(epoch) => epoch,
        None => project.last_epoch()?,
    };
    if !project.is_committed(epoch) {
        let rule = format!("expected epoch {epoch} to be committed: run `meed commit` first");
        return Err(usage(format!("{}: {rule}", root.display())));
    }
    let folder = project.epoch_dir(epoch);
    let read = |name: &str| -> Result<String> {
        let path: PathBuf = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let submission = Submission {
        network: args.network.clone(),
        system: match args.system {
            ProofSystem::Groth16 => ServiceSystem::Groth16,
            ProofSystem::Halo2 => ServiceSystem::Halo2,
        },
        domain: match (args.domain.chain_id, args.domain.contract) {
            (Some(chain_id), Some(contract)) => {
                Some(OnChain { chain_id, contract: contract.to_string() })
            }
            _ => None,
        },
        priority: args.priority,
        first: args.first,
        files: Files {
            policy: read(policy::FILE)?,
            registry: read(registry::FILE)?,
            state: read(state::FILE)?,
            events: read(events::FILE)?,
            records: read(records::FILE)?,
            salt: read(SALT)?,
            commit: read(COMMIT)?,
        },
    };
    submission.check()?;
    let body = Zeroizing::new(serde_json::to_vec(&submission)?);
    write_bytes(&args.out, Access::Secret, &body)?;
    let text = format!(
        "Wrote epoch {epoch} to {}: it holds scores and salt; delete it after the submission",
        args.out.display()
    );
    Ok(Report::new(text, json!({"epoch": epoch, "file": args.out, "bytes": body.len()})))
}
