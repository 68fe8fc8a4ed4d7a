//! Everything that a settlement contract says of itself, of one moment: what it told since it is there,
//! its books, its money, and whether its code is the one that this program deploys.

use alloy::primitives::{Address, Bytes, B256, U256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use meed_verifier::AnyVerifyingKey;

use crate::client::Trial;
use crate::contract::{CircuitState, Contract, EpochState, Setup, State};
use crate::deploy;
use crate::error::Result;
use crate::logs::{Event, Head, Logged};
use crate::send::Call;

/// A contract's past and present.
#[derive(Clone, Debug)]
pub struct History {
    /// The chain.
    pub chain_id: u64,
    /// The contract.
    pub contract: Address,
    /// The block of which all of this is.
    pub head: Head,
    /// The block from which on its log was read.
    pub from_block: u64,
    /// Its terms.
    pub setup: Setup,
    /// Its books.
    pub state: State,
    /// What it has of its money, base units.
    pub balance: U256,
    /// Its circuits, by number.
    pub circuits: Vec<Circuit>,
    /// The settled epochs, 1 to the last.
    pub epochs: Vec<Books>,
    /// What it told, in order.
    pub told: Vec<Logged>,
    /// Whether its code is that of this program's contract.
    pub code: Code,
}

/// A circuit, and whether its verifier's code is the one of a key that the caller has.
#[derive(Clone, Debug)]
pub struct Circuit {
    /// Its number.
    pub number: u64,
    /// What the contract says of it.
    pub state: CircuitState,
    /// Whether its code is that of this program's verifier with the key; `None` without the key.
    pub code: Option<Code>,
}

/// The books of a settled epoch.
#[derive(Clone, Debug)]
pub struct Books {
    /// What the contract says of it.
    pub state: EpochState,
    /// What can still be claimed, base units.
    pub unclaimed: U256,
}

/// Whether the code at an address is the one that this program would create there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Byte for byte.
    Same,
    /// It is another.
    Other,
    /// The node did not try the creation that it would be compared with.
    Untried(String),
}

/// How far reading has come: parts of the whole, and what is read.
pub type Progress<'a> = dyn FnMut(f64, &str) + 'a;

impl History {
    /// Reads all of it, as of `head`. The log is read from `from_block` on. `keys` are those that verifiers are
    /// compared with.
    ///
    /// # Errors
    /// [`ChainError`](crate::ChainError), also when the chain replaced `head` in the meantime.
    pub fn read(
        contract: Contract<'_>,
        head: Head,
        from_block: u64,
        keys: &[AnyVerifyingKey],
        progress: &mut Progress<'_>,
    ) -> Result<Self> {
        let client = contract.client();
        let contract = contract.at(head.hash);
        let told = contract.told(from_block, &head, |done, total| {
            progress(0.8 * done as f64 / total.max(1) as f64, "log");
        })?;
        let (setup, state) = (contract.setup()?, contract.state()?);
        let mut epochs = Vec::new();
        for number in 1..=state.epoch {
            progress(0.8 + 0.15 * number as f64 / state.epoch as f64, "epochs");
            if let Some(epoch) = contract.epoch(number)? {
                epochs.push(Books { state: epoch, unclaimed: contract.unclaimed(number)? });
            }
        }
        let mut circuits = Vec::new();
        for number in circuit_numbers(&told) {
            let Some(state) = contract.circuit(number)? else { continue };
            let key = keys.iter().find(|key| key.id() == state.key_id.0);
            let code = match key {
                Some(key) => Some(contract.compare(state.verifier, &deploy::verifier(key, ""))?),
                None => None,
            };
            circuits.push(Circuit { number, state, code });
        }
        // These three are no part of the code, and may be nobody by now.
        let somebody = Address::repeat_byte(1);
        let terms = Setup { owner: somebody, operator: somebody, guardian: somebody, ..setup };
        let code = contract.compare(contract.address(), &deploy::settlement(&terms, &[]))?;
        let balance = contract.balance(setup.token, contract.address())?;
        client.still_there(&head)?;
        progress(1.0, "done");
        Ok(Self {
            chain_id: client.chain_id(),
            contract: contract.address(),
            head,
            from_block,
            setup,
            state,
            balance,
            circuits,
            epochs,
            told,
            code,
        })
    }

    /// Whether the log was read from the contract's creation on.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.told.first().is_some_and(|first| first.event == Event::Created)
    }

    /// The circuit with this number.
    #[must_use]
    pub fn circuit(&self, number: U256) -> Option<&Circuit> {
        self.circuits.iter().find(|circuit| U256::from(circuit.number) == number)
    }
}

/// The circuits that the contract told of.
fn circuit_numbers(told: &[Logged]) -> Vec<u64> {
    let number = |logged: &Logged| match &logged.event {
        Event::CircuitAdded { circuit, .. } => u64::try_from(*circuit).ok(),
        _ => None,
    };
    let mut numbers: Vec<u64> = told.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

impl Contract<'_> {
    /// Compares the code at `address` with what `creation` would create: a node runs a creation without
    /// sending it, and gives the code that it ends with.
    fn compare(&self, address: Address, creation: &Call) -> Result<Code> {
        let there = self.code(address)?;
        let input: Bytes = creation.data.clone();
        let mut request = TransactionRequest::default();
        request.input.input = Some(input);
        request.to = Some(alloy::primitives::TxKind::Create);
        let block = self.block();
        let trial = self.client().trial("try to create the contract", |p| async move {
            p.call(request).block(block).await
        });
        Ok(match trial {
            Ok(Trial::Done(code)) if code == there => Code::Same,
            Ok(Trial::Done(_)) => Code::Other,
            Ok(Trial::Reverted(reason)) => Code::Untried(reason),
            Err(crate::ChainError::Node { reason, .. }) => Code::Untried(reason),
            Err(error) => return Err(error),
        })
    }
}

/// The hash of a commitment, for comparison with [`State::commitment`].
#[must_use]
pub fn commitment(roots: [U256; 3]) -> B256 {
    crate::contract::commitment_hash(roots)
}
