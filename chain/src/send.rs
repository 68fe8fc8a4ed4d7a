//! Transactions: tried first, then priced, then sent and waited for.

use std::time::{Duration, Instant};

use alloy::eips::eip2718::Encodable2718;
use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{Address, Bytes, Log, B256, U256};
use alloy::providers::Provider;
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;

use crate::client::{Client, Trial};
use crate::error::{ChainError, Result};

/// How often a node is asked for a receipt.
const POLL: Duration = Duration::from_millis(400);

/// Gas that a transaction may use on chains with EIP-7825.
const TRANSACTION_GAS: u64 = 1 << 24;

/// A call of a contract, or a contract's creation.
#[derive(Clone, Debug)]
pub struct Call {
    /// For people.
    pub what: String,
    /// The contract; `None` creates one.
    pub to: Option<Address>,
    /// What it is called with.
    pub data: Bytes,
    /// The chain's coin that goes with it.
    pub value: U256,
}

/// What a transaction will cost. Prices are in the chain's smallest unit, a gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Gas that the node estimates.
    pub gas: u64,
    /// Gas that the transaction may use.
    pub gas_limit: u64,
    /// The price now.
    pub price: u128,
    /// The highest price that is accepted.
    pub most_price: u128,
    /// What of it goes to the block's maker.
    tip: u128,
}

impl Quote {
    /// What it will probably cost.
    #[must_use]
    pub fn cost(&self) -> U256 {
        U256::from(self.gas) * U256::from(self.price)
    }

    /// What it can cost at most.
    #[must_use]
    pub fn most_cost(&self) -> U256 {
        U256::from(self.gas_limit) * U256::from(self.most_price)
    }
}

/// A transaction in a block.
#[derive(Clone, Debug)]
pub struct Included {
    /// The transaction.
    pub hash: B256,
    /// Its block.
    pub block: u64,
    /// Gas that it used.
    pub gas_used: u64,
    /// What it cost, in the chain's smallest unit.
    pub cost: U256,
    /// The contract that it created.
    pub contract: Option<Address>,
    /// What contracts told.
    pub logs: Vec<Log>,
}

/// How long a transaction is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// Give up after this time.
    pub most: Duration,
    /// Blocks that the transaction must have, its own included.
    pub confirmations: u64,
}

/// What happens to a transaction.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// It is on its way.
    Sent(B256),
    /// It has so many of the wanted confirmations.
    Confirmed(u64),
}

/// An account that sends transactions.
#[derive(Debug)]
pub struct Sender<'a> {
    client: &'a Client,
    address: Address,
    wallet: EthereumWallet,
}

impl<'a> Sender<'a> {
    /// Sends with this key.
    #[must_use]
    pub fn new(client: &'a Client, key: PrivateKeySigner) -> Self {
        Self { client, address: key.address(), wallet: EthereumWallet::new(key) }
    }

    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// The node.
    #[must_use]
    pub fn client(&self) -> &'a Client {
        self.client
    }

    fn request(&self, call: &Call) -> TransactionRequest {
        let request = TransactionRequest::default()
            .with_from(self.address)
            .with_chain_id(self.client.chain_id())
            .with_value(call.value)
            .with_input(call.data.clone());
        match call.to {
            Some(to) => request.with_to(to),
            None => request.into_create(),
        }
    }

    /// Tries a call without sending it. What it would return.
    ///
    /// # Errors
    /// [`ChainError::Refused`]; [`ChainError::Node`].
    pub fn try_call(&self, call: &Call) -> Result<Bytes> {
        let request = self.request(call);
        // As of the block to come: a settlement must not be in the block of its commitment.
        let trial = self.client.trial(&format!("try: {}", call.what), |p| async move {
            p.call(request).pending().await
        })?;
        match trial {
            Trial::Done(answer) => Ok(answer),
            Trial::Reverted(reason) => Err(ChainError::Refused { what: call.what.clone(), reason }),
        }
    }

    /// Tries a call and prices it.
    ///
    /// # Errors
    /// [`ChainError::Refused`]; [`ChainError::Order`] when the account cannot pay;
    /// [`ChainError::Node`].
    pub fn quote(&self, call: &Call) -> Result<Quote> {
        let coins = self.client.coins(self.address)?;
        if coins < call.value {
            return Err(ChainError::order(format!(
                "{}: {} has {coins} of the chain's smallest unit and needs {}",
                call.what, self.address, call.value
            )));
        }
        self.try_call(call)?;
        let request = self.request(call);
        let action = format!("estimate the gas of: {}", call.what);
        let gas = match self
            .client
            .trial(&action, |p| async move { p.estimate_gas(request).pending().await })?
        {
            Trial::Done(gas) => gas,
            Trial::Reverted(reason) => {
                return Err(ChainError::Refused { what: call.what.clone(), reason })
            }
        };
        let block = self.client.last_block()?;
        // State may change until the transaction's turn comes; unused gas costs nothing.
        let most = block.header.gas_limit.min(TRANSACTION_GAS);
        let gas_limit = (gas + gas / 4).min(most).max(gas);
        // The contracts' opcodes are younger than base fees: a chain that runs them has one.
        let base = block.header.base_fee_per_gas.ok_or_else(|| {
            ChainError::order(
                "the chain's blocks have no base fee: expected a chain with Cancun's rules",
            )
        })?;
        let fees = self
            .client
            .ask("ask for prices", |p| async move { p.estimate_eip1559_fees().await })?;
        let (most_price, tip) = (fees.max_fee_per_gas, fees.max_priority_fee_per_gas);
        let price = (u128::from(base) + tip).min(most_price);
        let quote = Quote { gas, gas_limit, price, most_price, tip };
        let needed = quote.most_cost().saturating_add(call.value);
        if coins < needed {
            return Err(ChainError::order(format!(
                "{}: {} has {coins} of the chain's smallest unit and may need {needed}, fees included",
                call.what, self.address
            )));
        }
        Ok(quote)
    }

    /// How many transactions of this account are in blocks, and how many it has sent.
    fn counts(&self) -> Result<(u64, u64)> {
        let address = self.address;
        let action = "count transactions";
        let done = self
            .client
            .ask(action, |p| async move { p.get_transaction_count(address).latest().await })?;
        let sent = self
            .client
            .ask(action, |p| async move { p.get_transaction_count(address).pending().await })?;
        Ok((done, sent))
    }

    fn on_their_way(&self, count: u64) -> ChainError {
        ChainError::order(format!(
            "{} has {count} transactions on their way: wait until they are in a block, so that \
             nothing is sent twice",
            self.address
        ))
    }

    /// How many transactions this account has sent.
    ///
    /// # Errors
    /// [`ChainError::Order`] while one is on its way; [`ChainError::Node`].
    pub fn nonce(&self) -> Result<u64> {
        match self.counts()? {
            (done, sent) if sent > done => Err(self.on_their_way(sent - done)),
            (done, _) => Ok(done),
        }
    }

    /// Waits until no transaction of this account is on its way. Answers whether one was: then the
    /// chain must be looked at anew. `waits` is told of how many, once.
    ///
    /// # Errors
    /// [`ChainError::Order`] when one still is after `most`; [`ChainError::Node`];
    /// [`ChainError::Cancelled`].
    pub fn settle_down(&self, most: Duration, waits: impl FnOnce(u64)) -> Result<bool> {
        let (done, sent) = self.counts()?;
        if sent <= done {
            return Ok(false);
        }
        waits(sent - done);
        let start = Instant::now();
        loop {
            self.client.sleep(POLL)?;
            match self.counts()? {
                (done, sent) if sent <= done => return Ok(true),
                (done, sent) if start.elapsed() > most => {
                    return Err(self.on_their_way(sent - done))
                }
                _ => {}
            }
        }
    }

    /// Signs and sends a call, and waits until it is in a block.
    ///
    /// # Errors
    /// [`ChainError::Failed`]; [`ChainError::Pending`]; [`ChainError::Order`]; [`ChainError::Node`].
    pub fn send(
        &self,
        call: &Call,
        quote: &Quote,
        wait: &Wait,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Included> {
        let request = self
            .request(call)
            .with_nonce(self.nonce()?)
            .with_gas_limit(quote.gas_limit)
            .with_max_fee_per_gas(quote.most_price)
            .with_max_priority_fee_per_gas(quote.tip);
        let wallet = self.wallet.clone();
        let replay = request.clone();
        let signing = request.build(&wallet);
        let signed = self.client.block_on(signing)?.map_err(|error| ChainError::Node {
            node: self.client.node().to_owned(),
            action: format!("sign: {}", call.what),
            reason: error.to_string(),
        })?;
        let hash = *signed.tx_hash();
        let raw = signed.encoded_2718();
        self.client.ask(&format!("send transaction {hash} ({})", call.what), |p| async move {
            p.send_raw_transaction(&raw).await.map(|_| ())
        })?;
        progress(Progress::Sent(hash));
        let receipt = self.receipt(call, hash, wait, progress)?;
        let block = receipt.block_number.unwrap_or_default();
        if !receipt.status() {
            let trial = self.client.trial("ask why it failed", |p| async move {
                p.call(replay).block(block.into()).await
            });
            let reason = match trial {
                Ok(Trial::Reverted(reason)) => reason,
                _ => "it gives no reason; it may have run out of gas".to_owned(),
            };
            return Err(ChainError::Failed { what: call.what.clone(), hash, block, reason });
        }
        Ok(Included {
            hash,
            block,
            gas_used: receipt.gas_used,
            cost: U256::from(receipt.gas_used) * U256::from(receipt.effective_gas_price),
            contract: receipt.contract_address,
            logs: receipt.logs().iter().map(|log| log.inner.clone()).collect(),
        })
    }

    /// Waits until a transaction has its confirmations.
    fn receipt(
        &self,
        call: &Call,
        hash: B256,
        wait: &Wait,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<TransactionReceipt> {
        let start = Instant::now();
        loop {
            let receipt =
                self.client.ask(&format!("ask for transaction {hash}"), |p| async move {
                    p.get_transaction_receipt(hash).await
                })?;
            // A block may be replaced by another one: ask anew each time.
            if let Some((receipt, block)) = receipt.and_then(|r| r.block_number.map(|n| (r, n))) {
                let last = match wait.confirmations {
                    0 | 1 => block,
                    _ => self.client.last_block()?.header.number,
                };
                let confirmed = last.saturating_sub(block) + 1;
                progress(Progress::Confirmed(confirmed));
                if confirmed >= wait.confirmations {
                    return Ok(receipt);
                }
            }
            if start.elapsed() > wait.most {
                let (what, seconds) = (call.what.clone(), wait.most.as_secs());
                return Err(ChainError::Pending { what, hash, seconds });
            }
            self.client.sleep(POLL)?;
        }
    }
}
