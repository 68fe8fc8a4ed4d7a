//! Settlements: in one transaction, or in parts where a list is long; as words, or in fewer bytes.

use alloy::primitives::{Address, B256, U256};
use meed_calldata::dense::Page;
use meed_calldata::parts::{self, Draft, Limits, Part};
use meed_ledger::bundle::{domain_text, Verified};
use meed_verifier::AnyProof;

use crate::abi::MeedSettlement as S;
use crate::contract::{commitment_hash, Contract, State};
use crate::deployment::Deployment;
use crate::epochs::{next_epoch, word, Step};
use crate::error::{ChainError, Result};
use crate::facts;
use crate::revert::utc;
use crate::send::Call;

/// Accounts in a page.
pub const PAGE: usize = meed_calldata::dense::PAGE_ACCOUNTS;

/// How a list gets to the contract. What is settled does not depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route {
    /// Payouts in fewer bytes, with the contract's pages of accounts.
    pub dense: bool,
    /// In parts, even if one transaction would do.
    pub parts: bool,
}

/// A part of either encoding.
enum Data {
    Words(Vec<U256>),
    Dense(Vec<u8>),
}

impl Contract<'_> {
    /// Settles the next epoch with a bundle that was verified under the key of `circuit`, and that
    /// [`Contract::check_bundle`] has found to be settled next. A draft that the sender has begun is
    /// continued.
    ///
    /// # Errors
    /// [`ChainError::Order`] when the list cannot be cut; [`ChainError::Node`].
    pub fn settle(
        &self,
        circuit: u64,
        bundle: &Verified,
        sender: Address,
        route: Route,
    ) -> Result<Step> {
        let mut calls = self.show(circuit, bundle)?;
        let cut = self.cut(bundle, 0, route)?;
        if let ([(_, data)], false) = (cut.as_slice(), route.parts) {
            calls.push(self.whole(circuit, bundle, data));
        } else {
            calls.extend(self.in_parts(circuit, bundle, sender, route)?);
        }
        Ok(Step::Send(calls))
    }

    /// A halo2 proof is shown to its verifier first, which keeps the fact. Nothing for one that is known,
    /// and for Groth16.
    fn show(&self, circuit: u64, bundle: &Verified) -> Result<Vec<Call>> {
        let AnyProof::Halo2(proof) = &bundle.proof else { return Ok(Vec::new()) };
        let found = self.circuit(circuit)?.ok_or_else(|| ChainError::Contract {
            address: self.address(),
            expected: format!("circuit {circuit}"),
            got: "none".to_owned(),
        })?;
        if facts::is_proved(self.client(), found.verifier, &bundle.binding)? {
            return Ok(Vec::new());
        }
        let epoch = bundle.header.epoch;
        Ok(vec![facts::show(found.verifier, &bundle.binding, proof, epoch)])
    }

    /// Compares a bundle with what the contract expects. The step, when there is nothing to do.
    ///
    /// # Errors
    /// [`ChainError::Rejected`] when the bundle is for another contract, or the chain has another
    /// settlement of its epoch; [`ChainError::Order`]; [`ChainError::Node`].
    pub fn check_bundle(&self, circuit: u64, bundle: &Verified) -> Result<Option<Step>> {
        let chain_id = self.client().chain_id();
        let domain = Deployment::domain(chain_id, self.address());
        let header = &bundle.header;
        let epoch = header.epoch;
        if bundle.domain != domain {
            return Err(ChainError::Rejected(format!(
                "the bundle is proved for {}, not for {}: prove it with\n  meed prove --epoch {epoch} \
                 --chain-id {chain_id} --contract {}",
                domain_text(&bundle.domain),
                domain_text(&domain),
                self.address()
            )));
        }
        let state = self.state()?;
        if epoch <= state.epoch {
            return self.same_epoch(bundle, &state).map(|text| Some(Step::Done(text)));
        }
        next_epoch(epoch, state.epoch)?;
        if state.commitment == B256::ZERO {
            return Err(ChainError::order(format!(
                "epoch {epoch} is not committed: run `meed chain commit` first"
            )));
        }
        let roots = [&header.policy_hash, &header.registry_root, &header.scores_root].map(word);
        let rows = [
            ("roots", state.commitment.to_string(), commitment_hash(roots).to_string()),
            ("fees", state.locked.to_string(), header.fees_total.to_string()),
            (
                "state root before",
                format!("{:#066x}", state.state_root),
                format!("{:#066x}", word(&header.state_root_before)),
            ),
        ];
        for (what, expected, got) in rows {
            if expected != got {
                return Err(ChainError::Rejected(format!(
                    "the bundle's {what} are not those of the contract: expected {expected}, got {got}"
                )));
            }
        }
        self.check_circuit(circuit, bundle)?;
        Ok(None)
    }

    /// Fails unless a settled epoch is a bundle's, as far as the contract still knows it.
    fn same_epoch(&self, bundle: &Verified, state: &State) -> Result<String> {
        let header = &bundle.header;
        let epoch = header.epoch;
        let settled = self.settled(epoch)?;
        let (released, payouts) = (settled.released, settled.payouts);
        if settled.swept {
            // The sweep has taken the root away.
            let (total, accounts) = (header.released_total, header.payouts);
            if (released, payouts) != (total, accounts) {
                return Err(ChainError::Rejected(format!(
                    "epoch {epoch} is settled with other payouts: expected {released} to {payouts} \
                     accounts, got {total} to {accounts}"
                )));
            }
            return Ok(format!(
                "Epoch {epoch} is settled and swept: {released} to {payouts} accounts, as in this \
                 bundle"
            ));
        }
        self.same_payouts(&settled, &bundle.payouts)?;
        // The same payouts can leave another state, which the contract has of the last epoch alone.
        let (expected, got) = (state.state_root, word(&header.state_root_after));
        if epoch == state.epoch && expected != got {
            return Err(ChainError::Rejected(format!(
                "epoch {epoch} is settled with another bundle: expected state root {expected:#066x} \
                 after it, got {got:#066x}"
            )));
        }
        Ok(format!(
            "Epoch {epoch} is settled, with this bundle's payouts: {released} to {payouts} accounts"
        ))
    }

    /// Fails unless the circuit counts and has the bundle's key.
    ///
    /// # Errors
    /// [`ChainError::Contract`] when it does not; [`ChainError::Node`].
    pub fn check_circuit(&self, number: u64, bundle: &Verified) -> Result<()> {
        let address = self.address();
        let expected = || format!("circuit {number} with key 0x{}", hex::encode(bundle.vk_id));
        let other = |got: String| ChainError::Contract { address, expected: expected(), got };
        let circuit = self.circuit(number)?.ok_or_else(|| other("none".to_owned()))?;
        if circuit.key_id.0 != bundle.vk_id {
            return Err(other(format!("one with key {}", circuit.key_id)));
        }
        if circuit.retired {
            return Err(other("a retired one".to_owned()));
        }
        let now = self.client().last_block()?.header.timestamp;
        if now < circuit.active_from {
            return Err(other(format!("one that counts from {} on", utc(circuit.active_from))));
        }
        Ok(())
    }

    /// The payouts from `first` on, cut so that each part fits a transaction.
    fn cut(&self, bundle: &Verified, first: usize, route: Route) -> Result<Vec<(usize, Data)>> {
        let payouts = bundle.payouts.get(first..).unwrap_or_default();
        let limits = Limits::default();
        let failed = |error: parts::PartError| ChainError::order(error.to_string());
        Ok(if route.dense {
            let pages = self.pages()?;
            let parts = parts::dense(payouts, &pages, &limits).map_err(failed)?;
            parts
                .into_iter()
                .map(|Part { from, data, .. }| (first + from, Data::Dense(data)))
                .collect()
        } else {
            let parts = parts::words(payouts, &limits).map_err(failed)?;
            let words = |data: Vec<[u8; 32]>| data.into_iter().map(U256::from_be_bytes).collect();
            parts
                .into_iter()
                .map(|part| (first + part.from, Data::Words(words(part.data))))
                .collect()
        })
    }

    /// The whole list in one transaction.
    fn whole(&self, circuit: u64, bundle: &Verified, data: &Data) -> Call {
        let header = &bundle.header;
        let what = format!("settle epoch {}", header.epoch);
        let (circuit, proof) = (U256::from(circuit), proof_words(&bundle.proof));
        let h = word(&bundle.binding.h);
        match data {
            Data::Words(_) => {
                let words = bundle.words.iter().map(word).collect();
                self.sends(what, &S::settleCall { circuit, proof, h, words })
            }
            Data::Dense(dense) => self.sends(
                what,
                &S::settleDenseCall {
                    circuit,
                    proof,
                    h,
                    roots: [&header.policy_hash, &header.registry_root, &header.scores_root]
                        .map(word),
                    stateRootAfter: word(&header.state_root_after),
                    released: U256::from(header.released_total),
                    dense: dense.clone().into(),
                },
            ),
        }
    }

    /// What is left of a draft: parts, then its end.
    fn in_parts(
        &self,
        circuit: u64,
        bundle: &Verified,
        sender: Address,
        route: Route,
    ) -> Result<Vec<Call>> {
        let draft = Draft::new(&bundle.domain, &bundle.binding.h, &bundle.words)
            .map_err(|error| ChainError::order(error.to_string()))?;
        // The draft's key binds sender, words and domain: there is nothing else to tell apart.
        let salt = B256::ZERO;
        let (h, alpha) = (word(&bundle.binding.h), word(&draft.alpha));
        let header_hash = B256::from(draft.header_hash);
        let call = S::draftPayoutsCall { sender, salt, h, alpha, headerHash: header_hash };
        let there = self.view(&call)?;
        let total = bundle.payouts.len();
        let there = usize::try_from(there).unwrap_or(usize::MAX);
        let mut calls = Vec::new();
        if there < total || total == 0 {
            for (from, data) in self.cut(bundle, there, route)? {
                let what = format!("add payouts from {from} on, of {total}, to a draft");
                let from = U256::from(from);
                calls.push(match data {
                    Data::Words(payouts) => {
                        let call = S::addPartCall {
                            salt,
                            h,
                            alpha,
                            headerHash: header_hash,
                            from,
                            payouts,
                        };
                        self.sends(what, &call)
                    }
                    Data::Dense(dense) => {
                        let dense = dense.into();
                        let call = S::addPartDenseCall {
                            salt,
                            h,
                            alpha,
                            headerHash: header_hash,
                            from,
                            dense,
                        };
                        self.sends(what, &call)
                    }
                });
            }
        }
        let call = S::settleDraftCall {
            circuit: U256::from(circuit),
            proof: proof_words(&bundle.proof),
            h,
            alpha,
            salt,
            words: draft.header.map(U256::from_be_bytes),
            roots: draft.roots.into_iter().map(B256::from).collect(),
        };
        calls.push(
            self.sends(format!("settle epoch {} with the draft", bundle.header.epoch), &call),
        );
        Ok(calls)
    }

    /// The contract's pages of accounts.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn pages(&self) -> Result<Vec<Page>> {
        let count = self.view(&S::pageCountCall {})?;
        let count = u32::try_from(count)
            .map_err(|_| ChainError::order(format!("the contract has {count} pages")))?;
        let mut pages = Vec::new();
        for number in 0..count {
            let address = self.view(&S::pagesCall { page: U256::from(number) })?;
            let code = self.client().code(address)?;
            // One byte that stops it, then 20 bytes an account.
            let accounts = code.get(1..).unwrap_or_default().chunks_exact(20);
            let accounts = accounts.map(|bytes| Address::from_slice(bytes).into_array()).collect();
            pages.push(Page { number, accounts });
        }
        Ok(pages)
    }

    /// Adds pages with those of `accounts` that are in none yet.
    ///
    /// # Errors
    /// [`ChainError::Contract`]; [`ChainError::Node`].
    pub fn add_pages(&self, accounts: &[Address]) -> Result<Step> {
        let pages = self.pages()?;
        let known: std::collections::BTreeSet<[u8; 20]> =
            pages.iter().flat_map(|page| page.accounts.iter().copied()).collect();
        let mut new: Vec<Address> = accounts.to_vec();
        new.retain(|account| !known.contains(&account.into_array()));
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            let count = accounts.len();
            return Ok(Step::Done(format!("All {count} accounts are in the contract's pages")));
        }
        let page = |accounts: &[Address]| {
            let what = format!("add a page of {} accounts", accounts.len());
            self.sends(what, &S::addPageCall { accounts: accounts.to_vec() })
        };
        Ok(Step::Send(new.chunks(PAGE).map(page).collect()))
    }
}

/// A proof as the settlement contract takes it; a halo2 proof was shown to its verifier.
fn proof_words(proof: &AnyProof) -> [U256; 8] {
    let AnyProof::Groth16(proof) = proof else { return facts::SHOWN };
    let mut words = [U256::ZERO; 8];
    for (word, bytes) in words.iter_mut().zip(proof.to_bytes().chunks_exact(32)) {
        *word = U256::from_be_slice(bytes);
    }
    words
}
