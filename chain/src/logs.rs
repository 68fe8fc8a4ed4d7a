//! What a contract told, read from a node's log in ranges of blocks, up to one block that every other
//! answer is taken from, too.

use std::collections::BTreeMap;

use alloy::eips::BlockId;
use alloy::primitives::{Address, B256, U256};
use alloy::providers::Provider;
use alloy::rpc::types::{Filter, Log};
use alloy::sol_types::SolEventInterface;

use crate::abi::MeedSettlement::{self as S, MeedSettlementEvents as E};
use crate::client::Client;
use crate::contract::Contract;
use crate::error::{ChainError, Result};

/// Blocks in the first request; half as many after each that the node refuses.
const RANGE: u64 = 10_000;
/// The most in a request, after many that went well.
const MOST_RANGE: u64 = 100_000;
const ACTION: &str = "read the contract's log";

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time, seconds since 1970.
    pub time: u64,
}

/// Something that the contract told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The block.
    pub block: u64,
    /// Its place among what was told in the block.
    pub index: u64,
    /// The transaction.
    pub transaction: B256,
    /// What it told.
    pub event: Event,
}

/// What a settlement contract tells. Amounts are in base units unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are those of the contract, described there")]
pub enum Event {
    /// The contract was created: the first thing that it tells.
    Created,
    /// Money came in.
    Deposited { payer: Address, memo: B256, amount: U256 },
    /// An epoch's roots and fees were fixed: policy, registry, scores.
    Committed { epoch: U256, roots: [U256; 3], fees: U256, replaced: bool },
    /// An epoch was settled.
    Settled(Settlement),
    /// The last settlement was taken back.
    Retracted { epoch: U256 },
    /// A part of a list went into a draft, which has so many payouts now.
    PartAdded { sender: Address, salt: B256, payouts: U256 },
    /// A payout was paid.
    Claimed { epoch: U256, index: U256, account: Address, amount: U256 },
    /// A receiver did not take its payment; it can still be claimed.
    PaymentRefused { epoch: U256, index: U256, account: Address },
    /// What nobody claimed went to the treasury.
    Swept { epoch: U256, amount: U256 },
    /// A circuit counts from a time on.
    CircuitAdded { circuit: U256, verifier: Address, active_from: U256 },
    /// A circuit ended.
    CircuitRetired { circuit: U256 },
    /// About who may do what, about pauses and pages: no money.
    Other,
    /// Nothing that the contract tells.
    Unknown,
}

/// A settlement, as the contract tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The epoch.
    pub epoch: U256,
    /// Number of the circuit that the proof is for.
    pub circuit: U256,
    /// Hash of the words.
    pub h: U256,
    /// keccak256 chain of the words.
    pub list_hash: B256,
    /// Root of the claim tree.
    pub claim_root: B256,
    /// Number of payouts.
    pub payouts: U256,
    /// Sum of the payouts.
    pub released: U256,
    /// Root of the new state.
    pub state_root_after: U256,
    /// What waits in accounts, credits.
    pub accrued_after: U256,
}

impl Event {
    fn of(log: &Log) -> Self {
        let Ok(event) = S::MeedSettlementEvents::decode_raw_log(log.topics(), &log.data().data)
        else {
            return Self::Unknown;
        };
        match event {
            E::Deposited(S::Deposited { payer, memo, amount }) => {
                Self::Deposited { payer, memo, amount }
            }
            E::Committed(e) => Self::Committed {
                epoch: e.epoch,
                roots: [e.policyHash, e.registryRoot, e.scoresRoot],
                fees: e.fees,
                replaced: e.replaced,
            },
            E::Settled(e) => Self::Settled(Settlement {
                epoch: e.epoch,
                circuit: e.circuit,
                h: e.h,
                list_hash: e.listHash,
                claim_root: e.claimRoot,
                payouts: e.payouts,
                released: e.released,
                state_root_after: e.stateRootAfter,
                accrued_after: e.accruedAfter,
            }),
            E::Retracted(e) => Self::Retracted { epoch: e.epoch },
            E::PartAdded(S::PartAdded { sender, salt, payouts }) => {
                Self::PartAdded { sender, salt, payouts }
            }
            E::Claimed(S::Claimed { epoch, index, account, amount }) => {
                Self::Claimed { epoch, index, account, amount }
            }
            E::PaymentRefused(S::PaymentRefused { epoch, index, account }) => {
                Self::PaymentRefused { epoch, index, account }
            }
            E::EpochSwept(S::EpochSwept { epoch, amount }) => Self::Swept { epoch, amount },
            E::CircuitAdded(e) => Self::CircuitAdded {
                circuit: e.circuit,
                verifier: e.verifier,
                active_from: e.activeFrom,
            },
            // Its first owner took it from nobody.
            E::OwnershipTransferred(e) if e.previousOwner.is_zero() => Self::Created,
            E::CircuitRetired(e) => Self::CircuitRetired { circuit: e.circuit },
            _ => Self::Other,
        }
    }
}

impl Client {
    /// A block to take every answer from: the one with this number, or the last.
    ///
    /// # Errors
    /// [`ChainError::Order`] when there is no such block yet; [`ChainError::Node`].
    pub fn head(&self, number: Option<u64>) -> Result<Head> {
        let block = match number {
            None => self.last_block()?,
            Some(number) => self.block(number)?.ok_or_else(|| {
                ChainError::order(format!("node {}: there is no block {number}", self.node()))
            })?,
        };
        let header = &block.header;
        Ok(Head { number: header.number, hash: header.hash, time: header.timestamp })
    }

    /// Fails unless the block is still the chain's: what was read is of one history.
    ///
    /// # Errors
    /// [`ChainError::Node`] when another block has its number by now.
    pub fn still_there(&self, head: &Head) -> Result<()> {
        let now = self.block(head.number)?.map(|block| block.header.hash);
        if now == Some(head.hash) {
            return Ok(());
        }
        let reason = format!(
            "block {} was {}, and the chain has replaced it since: run the command again",
            head.number, head.hash
        );
        Err(self.failed("read one history", reason))
    }

    /// The first block that has code at `address`, found by halving. Needs a node that knows old states.
    ///
    /// # Errors
    /// [`ChainError::Order`] when it has none at `head`; [`ChainError::Node`].
    pub fn first_block(&self, address: Address, head: &Head) -> Result<u64> {
        let there = |number: u64| -> Result<bool> {
            let code =
                self.code_at(address, BlockId::number(number)).map_err(|error| match error {
                    ChainError::Node { node, reason, .. } => {
                        let action =
                            "find the block that the contract came with (--from-block N says it)";
                        ChainError::Node { node, action: action.to_owned(), reason }
                    }
                    other => other,
                })?;
            Ok(!code.is_empty())
        };
        if !there(head.number)? {
            let number = head.number;
            return Err(ChainError::order(format!(
                "{address}: there is no code at block {number}"
            )));
        }
        // Code is at `high`, and at no block below `low`.
        let (mut low, mut high) = (0, head.number);
        while low < high {
            let middle = low + (high - low) / 2;
            match there(middle)? {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        Ok(high)
    }
}

impl Contract<'_> {
    /// What the contract told in the blocks from `from` to `head`, in order. `progress` gets the blocks that
    /// are done, and all of them.
    ///
    /// # Errors
    /// [`ChainError::Node`], also when the node's answer is not in order.
    pub fn told(
        &self,
        from: u64,
        head: &Head,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Vec<Logged>> {
        let total = (head.number + 1).saturating_sub(from);
        let (mut next, mut range) = (from, RANGE);
        // By place: a node that tells a thing twice tells it once.
        let mut told: BTreeMap<(u64, u64), Logged> = BTreeMap::new();
        while next <= head.number {
            self.client().go_on()?;
            let last = next.saturating_add(range - 1).min(head.number);
            let filter = Filter::new().address(self.address()).from_block(next).to_block(last);
            let logs =
                self.client().ask_for_less(ACTION, |p| async move { p.get_logs(&filter).await })?;
            match logs {
                Ok(logs) => {
                    for log in logs {
                        let (place, logged) = self.logged(&log, next, last)?;
                        if told.insert(place, logged).is_some() {
                            return Err(self.disorder("something twice"));
                        }
                    }
                    next = last + 1;
                    progress(next - from, total);
                    range = (range * 2).min(MOST_RANGE);
                }
                // One block is as little as can be asked for.
                Err(error) if next == last => return Err(error),
                Err(_) => range = (last - next).div_ceil(2).max(1),
            }
        }
        Ok(told.into_values().collect())
    }

    fn logged(&self, log: &Log, from: u64, to: u64) -> Result<((u64, u64), Logged)> {
        let place = (log.block_number, log.log_index, log.transaction_hash);
        let (Some(block), Some(index), Some(transaction)) = place else {
            return Err(self.disorder("what is in no block"));
        };
        if log.address() != self.address() || !(from..=to).contains(&block) || log.removed {
            return Err(self.disorder("what it was not asked for"));
        }
        Ok(((block, index), Logged { block, index, transaction, event: Event::of(log) }))
    }

    fn disorder(&self, what: &str) -> ChainError {
        self.client().failed(ACTION, format!("it tells {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::AtomicBool;

    use serde_json::{json, Value};

    static STOP: AtomicBool = AtomicBool::new(false);
    const ADDRESS: Address = Address::repeat_byte(5);

    /// A node that refuses more than `most` blocks at once, and tells a deposit of `n` in each block `n` of
    /// `blocks`. What `spoil` makes of its logs is what it tells.
    fn node(most: u64, blocks: &'static [u64], spoil: fn(&mut Value)) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut text = Vec::new();
                let mut chunk = [0; 4096];
                // Requests are short, and come whole or in two parts: head and body.
                let request: Value = loop {
                    let n = stream.read(&mut chunk).unwrap();
                    text.extend_from_slice(&chunk[..n]);
                    let all = String::from_utf8_lossy(&text).into_owned();
                    let body = all.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
                    match body.and_then(|body| serde_json::from_str(&body).ok()) {
                        Some(request) => break request,
                        None => assert!(n > 0, "a request"),
                    }
                };
                let number = |field: &str| {
                    let text = request["params"][0][field].as_str().unwrap();
                    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
                };
                let answer = if request["method"] == "eth_chainId" {
                    json!({ "result": "0x1" })
                } else if number("toBlock") - number("fromBlock") >= most {
                    json!({ "error": { "code": -32005, "message": "query exceeds max range" } })
                } else {
                    let range = number("fromBlock")..=number("toBlock");
                    let told = blocks.iter().filter(|block| range.contains(block));
                    let logs: Vec<Value> = told.map(|block| log(*block, spoil)).collect();
                    json!({ "result": logs })
                };
                let mut answer = answer;
                answer["jsonrpc"] = json!("2.0");
                answer["id"] = request["id"].clone();
                let body = answer.to_string();
                let head =
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n";
                write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
            }
        });
        Client::connect(&url, &STOP).unwrap()
    }

    fn log(block: u64, spoil: fn(&mut Value)) -> Value {
        use alloy::sol_types::SolEvent;
        let (payer, memo) = (Address::repeat_byte(1), B256::ZERO);
        let data = S::Deposited { payer, memo, amount: U256::from(block) }.encode_log_data();
        let mut log = json!({
            "address": ADDRESS,
            "topics": data.topics(),
            "data": data.data,
            "blockNumber": format!("{block:#x}"),
            "blockHash": B256::ZERO,
            "transactionHash": B256::ZERO,
            "transactionIndex": "0x0",
            "logIndex": "0x0",
            "removed": false,
        });
        spoil(&mut log);
        log
    }

    fn told(client: &Client, from: u64, to: u64) -> Result<Vec<u64>> {
        let head = Head { number: to, hash: B256::ZERO, time: 0 };
        let told = Contract::unchecked(client, ADDRESS).told(from, &head, |_, _| {})?;
        let amount = |logged: Logged| match logged.event {
            Event::Deposited { amount, .. } => u64::try_from(amount).unwrap(),
            other => panic!("{other:?}"),
        };
        Ok(told.into_iter().map(amount).collect())
    }

    #[test]
    fn a_long_log_is_read_in_the_ranges_that_a_node_takes() {
        const BLOCKS: &[u64] = &[3, 4, 9_999, 10_000, 10_001, 45_678, 50_000];
        for most in [700, 10_000, 1 << 40] {
            let client = node(most, BLOCKS, |_| {});
            assert_eq!(told(&client, 0, 50_000).unwrap(), BLOCKS, "{most}");
            assert_eq!(told(&client, 4, 49_999).unwrap(), BLOCKS[1..6], "{most}");
            assert!(told(&client, 10_002, 45_677).unwrap().is_empty());
        }
        // A node that refuses even one block is not asked for ever.
        let error = told(&node(0, BLOCKS, |_| {}), 0, 50_000).unwrap_err().to_string();
        assert!(error.contains("query exceeds max range"), "{error}");
    }

    #[test]
    fn what_a_node_was_not_asked_for_is_refused() {
        const BLOCKS: &[u64] = &[7];
        type Spoil = fn(&mut Value);
        let spoils: [(Spoil, &str); 4] = [
            (|log| log["address"] = json!(Address::ZERO), "what it was not asked for"),
            (|log| log["blockNumber"] = json!("0x3e7"), "what it was not asked for"),
            (|log| log["removed"] = json!(true), "what it was not asked for"),
            (|log| log["blockNumber"] = Value::Null, "what is in no block"),
        ];
        for (spoil, expected) in spoils {
            let error = told(&node(100, BLOCKS, spoil), 0, 10).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let error = told(&node(100, &[7, 7], |_| {}), 0, 10).unwrap_err().to_string();
        assert!(error.contains("something twice"), "{error}");
    }
}
