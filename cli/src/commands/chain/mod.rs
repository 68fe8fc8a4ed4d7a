//! `meed chain`: settlement on an EVM chain.

mod claim;
mod deploy;
mod epoch;
mod events;
mod in_order;
mod send;
mod status;

use std::path::Path;

use anyhow::Result;
use meed_chain::logs::Head;
use meed_chain::{Client, Contract, Deployment};

use crate::args::chain::{Chain, ContractArgs, NodeArgs};
use crate::failure::usage;
use crate::ui::{Report, Ui};

pub(crate) use in_order::{How, InOrder};

/// Variable with a node's URL.
pub(super) const RPC: &str = "MEED_RPC";

pub(crate) fn run(args: Chain, root: &Path, ui: &Ui) -> Result<Report> {
    match args {
        Chain::Deploy(args) => deploy::run(&args, root, ui),
        Chain::Deposit(args) => epoch::deposit(&args, root, ui),
        Chain::Events(args) => events::run(&args, root, ui),
        Chain::Commit(args) => epoch::commit(&args, root, ui),
        Chain::Settle(args) => epoch::settle(&args, root, ui),
        Chain::Claim(args) => claim::claim(&args, root, ui),
        Chain::Push(args) => claim::push(&args, root, ui),
        Chain::Page(args) => epoch::page(&args, root, ui),
        Chain::Status(args) => status::run(&args, root, ui),
    }
}

fn connect(args: &NodeArgs, ui: &Ui) -> Result<Client> {
    let variable = std::env::var(RPC).ok();
    let url =
        args.rpc.as_ref().or(variable.as_ref()).ok_or_else(|| {
            usage(format!("expected a node: use --rpc URL or the variable {RPC}"))
        })?;
    Ok(Client::connect(url, ui.stop())?)
}

/// A node, and where the contract is on its chain.
pub(crate) struct Place {
    pub(crate) client: Client,
    /// The project's deployment, unless another contract was asked for.
    pub(crate) deployment: Option<Deployment>,
    pub(crate) address: meed_chain::Address,
    hint: String,
}

impl Place {
    pub(crate) fn open(args: &ContractArgs, root: &Path, ui: &Ui) -> Result<Self> {
        let deployment = Deployment::load(root)?;
        let file = Deployment::path(root);
        let (deployment, address, hint) = match (args.contract, deployment) {
            (Some(address), Some(deployment)) if deployment.contract == Some(address) => {
                (Some(deployment), address, String::new())
            }
            (Some(address), _) => (None, address, String::new()),
            (None, Some(deployment)) => {
                let address = deployment.contract.ok_or_else(|| {
                    usage(format!(
                        "{}: the deployment is not finished: run `meed chain deploy` again",
                        file.display()
                    ))
                })?;
                let hint = format!(
                    ", where {} says that it is: a development chain that was started anew has lost \
                     it; move the file away and deploy again",
                    file.display()
                );
                (Some(deployment), address, hint)
            }
            (None, None) => {
                let rule =
                    "expected a deployment: run `meed chain deploy` or name one with --contract";
                return Err(usage(format!("{}: {rule}", file.display())));
            }
        };
        let client = connect(&args.node, ui)?;
        if let Some(deployment) = &deployment {
            client.demand_chain(deployment.chain_id, &file.display().to_string())?;
        }
        Ok(Self { client, deployment, address, hint })
    }

    /// The block from which on the contract's log is read: the one given, the deployment's, or the first that
    /// has its code.
    pub(super) fn first_block(&self, given: Option<u64>, head: &Head) -> Result<u64> {
        let known = self.deployment.as_ref().and_then(|deployment| deployment.block);
        match given.or(known) {
            Some(block) => Ok(block),
            None => Ok(self.client.first_block(self.address, head)?),
        }
    }

    pub(crate) fn contract(&self) -> Result<Contract<'_>> {
        Ok(Contract::open(&self.client, self.address, &self.hint)?)
    }
}
