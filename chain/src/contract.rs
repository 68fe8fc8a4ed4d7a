//! A deployed settlement contract, read.

use alloy::eips::BlockId;
use alloy::primitives::{keccak256, Address, Bytes, B256, U256};
use alloy::sol_types::{SolCall, SolValue};

use crate::abi::{MeedSettlement as S, MeedVerifier, Token};
use crate::client::Client;
use crate::deployment::Money;
use crate::error::{ChainError, Result};

/// A settlement contract on the chain of a node.
#[derive(Clone, Copy, Debug)]
pub struct Contract<'a> {
    client: &'a Client,
    address: Address,
    /// As of which block it is asked.
    block: BlockId,
}

/// What the contract says about itself, but for its epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The last settled epoch.
    pub epoch: u64,
    /// Root of the account state.
    pub state_root: U256,
    /// Deposited, for no epoch yet, base units.
    pub pot: u128,
    /// Fees of the committed epoch, base units.
    pub locked: u128,
    /// What waits in accounts, base units.
    pub accrued: u128,
    /// Hash of the next epoch's roots; zero without a commitment.
    pub commitment: B256,
    /// When the commitment was made.
    pub committed_time: u64,
    /// Whether there is a pause.
    pub paused: bool,
}

/// What a contract is created with, besides its circuits: its money, who may do what, and after which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The money.
    pub token: Money,
    /// Names operator and guardian, proposes verifiers.
    pub owner: Address,
    /// Commits.
    pub operator: Address,
    /// Pauses.
    pub guardian: Address,
    /// Gets what nobody claimed.
    pub treasury: Address,
    /// Seconds from a settlement to its claims.
    pub claim_delay: u64,
    /// Seconds from then to a sweep.
    pub sweep_delay: u64,
    /// Seconds from a circuit's proposal to its use.
    pub timelock: u64,
}

/// A settled epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochState {
    /// Its number.
    pub number: u64,
    /// Root of the claim tree; zero when nobody is paid, and after a sweep.
    pub root: B256,
    /// Sum of the payouts, base units.
    pub released: u128,
    /// How many there are.
    pub payouts: u32,
    /// When claims begin.
    pub claimable_from: u64,
    /// Whether the rest went to the treasury.
    pub swept: bool,
}

/// A circuit of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitState {
    /// The verifier; zero when there is none.
    pub verifier: Address,
    /// The name of its key.
    pub key_id: B256,
    /// Whether anybody can forge its proofs.
    pub insecure: bool,
    /// When it counts from.
    pub active_from: u64,
    /// Whether it ended.
    pub retired: bool,
}

fn seconds(value: U256) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

impl<'a> Contract<'a> {
    /// The contract at `address`, if there is one that speaks this tool's language.
    ///
    /// # Errors
    /// [`ChainError::NoCode`]; [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn open(client: &'a Client, address: Address, hint: &str) -> Result<Self> {
        client.demand_code(address, "settlement contract", hint)?;
        let this = Self { client, address, block: BlockId::latest() };
        let version = this.view(&S::VERSIONCall {})?;
        if version != U256::from(meed_statement::words::VERSION) {
            let expected = format!("version {} of the statement", meed_statement::words::VERSION);
            return Err(ChainError::Contract { address, expected, got: version.to_string() });
        }
        Ok(this)
    }

    /// The contract at an address that a test names: nothing is asked.
    #[cfg(test)]
    pub(crate) fn unchecked(client: &'a Client, address: Address) -> Self {
        Self { client, address, block: BlockId::latest() }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// The node.
    #[must_use]
    pub fn client(&self) -> &'a Client {
        self.client
    }

    /// The same contract, asked as of one block: all answers are of one moment.
    #[must_use]
    pub fn at(self, block: B256) -> Self {
        Self { block: BlockId::hash(block), ..self }
    }

    /// Asks the contract.
    pub(crate) fn view<C: SolCall>(&self, call: &C) -> Result<C::Return> {
        self.client.view_at(self.address, call, self.block)
    }

    pub(crate) fn block(&self) -> BlockId {
        self.block
    }

    /// The code at an address, as of the contract's block.
    pub(crate) fn code(&self, address: Address) -> Result<Bytes> {
        self.client.code_at(address, self.block)
    }

    /// What it says about itself.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn state(&self) -> Result<State> {
        Ok(State {
            epoch: self.view(&S::epochCall {})?,
            state_root: self.view(&S::stateRootCall {})?,
            pot: self.view(&S::potCall {})?,
            locked: self.view(&S::lockedCall {})?,
            accrued: self.view(&S::accruedCall {})?,
            commitment: self.view(&S::commitmentCall {})?,
            committed_time: self.view(&S::committedTimeCall {})?,
            paused: self.view(&S::pausedCall {})?,
        })
    }

    /// Who may do what.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn setup(&self) -> Result<Setup> {
        Ok(Setup {
            token: self.money()?,
            owner: self.view(&S::ownerCall {})?,
            operator: self.view(&S::operatorCall {})?,
            guardian: self.view(&S::guardianCall {})?,
            treasury: self.view(&S::treasuryCall {})?,
            claim_delay: seconds(self.view(&S::claimDelayCall {})?),
            sweep_delay: seconds(self.view(&S::sweepDelayCall {})?),
            timelock: seconds(self.view(&S::timelockCall {})?),
        })
    }

    /// The money it deals in.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn money(&self) -> Result<Money> {
        Ok(self.view(&S::tokenCall {})?.into())
    }

    /// A settled epoch; `None` when it is not settled.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn epoch(&self, number: u64) -> Result<Option<EpochState>> {
        let epoch = self.view(&S::epochsCall { epoch: U256::from(number) })?;
        Ok((epoch.claimableFrom != 0).then_some(EpochState {
            number,
            root: epoch.root,
            released: epoch.released,
            payouts: epoch.payouts,
            claimable_from: epoch.claimableFrom,
            swept: epoch.swept,
        }))
    }

    /// What can still be claimed of an epoch, base units.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn unclaimed(&self, number: u64) -> Result<U256> {
        self.view(&S::unclaimedCall { epoch: U256::from(number) })
    }

    /// Whether a payout was claimed.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn is_claimed(&self, number: u64, index: usize) -> Result<bool> {
        let index = U256::from(index);
        self.view(&S::isClaimedCall { epoch: U256::from(number), index })
    }

    /// A circuit; `None` when the number has none.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn circuit(&self, number: u64) -> Result<Option<CircuitState>> {
        let circuit = self.view(&S::circuitsCall { circuit: U256::from(number) })?;
        let verifier = circuit.verifier;
        if verifier.is_zero() {
            return Ok(None);
        }
        Ok(Some(CircuitState {
            verifier,
            key_id: self.client.view_at(verifier, &MeedVerifier::keyIdCall {}, self.block)?,
            insecure: self.client.view_at(verifier, &MeedVerifier::insecureCall {}, self.block)?,
            active_from: circuit.activeFrom,
            retired: circuit.retired,
        }))
    }

    /// What an account has of the contract's money.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn balance(&self, money: Money, account: Address) -> Result<U256> {
        match money {
            Money::Native => self.client.coins_at(account, self.block),
            Money::Token(token) => {
                self.client.view_at(token, &Token::balanceOfCall { account }, self.block)
            }
        }
    }
}

/// `keccak256(policyHash | registryRoot | scoresRoot)`, as the contract keeps a commitment.
#[must_use]
pub fn commitment_hash(roots: [U256; 3]) -> B256 {
    keccak256(roots.abi_encode())
}
