//! Views from what bundles and projects hold.

use base64::prelude::{Engine, BASE64_STANDARD};
use meed_ledger::bundle::{domain_text, hex_0x, Contents};
use meed_ledger::receipt::{plain, Number, Show};
use meed_statement::settle::{fee_share, Trace};
use meed_statement::types::{Inputs, StateEntry};
use meed_statement::words::{word_to_bytes, Header};
use meed_verifier::{AnyVerifyingKey, Fr};
use ruint::aliases::U256;

use super::{
    Accounts, Assets, Edges, Operator, ProofPart, State, Terms, TrendRow, Uncounted, View, FORMAT,
    VERSION,
};
use crate::Check;

/// Why there is no view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The trace is not one of these inputs.
    #[error("trace: expected {expected} {what}, got {got}")]
    Trace {
        /// Which list.
        what: &'static str,
        /// Its length by the inputs.
        expected: usize,
        /// Its length in the trace.
        got: usize,
    },
    /// The bundle is not one of this trace.
    #[error("bundle: expected the public words of epoch {expected}, got others, of epoch {got}")]
    OtherBundle {
        /// The trace's epoch.
        expected: u64,
        /// The bundle's epoch.
        got: u64,
    },
    /// The bundle names another key.
    #[error("key: expected the one that the bundle names, {expected}, got {got}")]
    OtherKey {
        /// The id of the bundle's key.
        expected: String,
        /// The id of the key that was given.
        got: String,
    },
}

/// A bundle, and what is known of its proof when a page is made.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What it says.
    pub contents: &'a Contents,
    /// Its key, where there is one: without it the page cannot check the proof.
    pub key: Option<&'a AnyVerifyingKey>,
    /// Whether the proof was verified under that key. The page says so, and checks it anew.
    pub proved: bool,
}

impl View {
    /// What a bundle says, and nothing else.
    ///
    /// # Errors
    /// [`ViewError::OtherKey`].
    pub fn public(source: Source<'_>, show: &Show) -> Result<Self, ViewError> {
        let contents = source.contents;
        Ok(Self {
            proof: Some(proof(source)?),
            state: Some(state(&contents.state)),
            ..Self::new(&contents.header, &contents.words, contents.binding.h, source.proved, show)
        })
    }

    /// What an epoch's inputs and their trace say, and a bundle of them if there is one. `names` are the
    /// assets' names by position.
    ///
    /// # Errors
    /// [`ViewError::Trace`] when the trace's lists have other lengths than the inputs',
    /// [`ViewError::OtherBundle`] when the bundle has other public words, [`ViewError::OtherKey`].
    ///
    /// # Panics
    /// May panic on inputs that `check_inputs` refuses.
    pub fn operator(
        inputs: &Inputs,
        trace: &Trace,
        names: &[String],
        source: Option<Source<'_>>,
        show: &Show,
    ) -> Result<Self, ViewError> {
        for (what, expected, got) in [
            ("prices", inputs.events.len(), trace.prices.len()),
            ("flows", inputs.registry.len(), trace.flows.len()),
        ] {
            if expected != got {
                return Err(ViewError::Trace { what, expected, got });
            }
        }
        let words = trace.words();
        if let Some(other) = source.filter(|source| source.contents.words != words) {
            let (expected, got) = (inputs.epoch, other.contents.header.epoch);
            return Err(ViewError::OtherBundle { expected, got });
        }
        Ok(Self {
            proof: source.map(proof).transpose()?,
            operator: Some(operator(inputs, trace, names)),
            ..Self::new(&trace.header, &words, trace.h, source.is_some_and(|s| s.proved), show)
        })
    }

    fn new(header: &Header, words: &[Fr], h: Fr, proved: bool, show: &Show) -> Self {
        let bytes: Vec<u8> = words.iter().flat_map(word_to_bytes).collect();
        Self {
            format: FORMAT,
            version: VERSION,
            made_by: concat!("meed ", env!("CARGO_PKG_VERSION")).to_owned(),
            show: show.into(),
            epoch: header.epoch.into(),
            words: BASE64_STANDARD.encode(bytes),
            h: hex_0x(&word_to_bytes(&h)),
            proof: None,
            state: None,
            operator: None,
            trend: vec![TrendRow::new(header, proved)],
            audit: None,
        }
    }

    /// Adds other epochs to the trend. Of two rows with one number the view's own stays.
    #[must_use]
    pub fn with_trend(mut self, rows: impl IntoIterator<Item = TrendRow>) -> Self {
        self.trend.extend(rows);
        // Stable: the own row comes first among equals.
        self.trend.sort_by_key(|row| row.epoch);
        self.trend.dedup_by_key(|row| row.epoch);
        self
    }

    /// Adds what an audit says.
    #[must_use]
    pub fn with_audit(mut self, checks: Vec<Check>) -> Self {
        self.audit = Some(checks);
        self
    }
}

impl TrendRow {
    /// An epoch by its header.
    #[must_use]
    pub fn new(header: &Header, proved: bool) -> Self {
        let root = |word: &Fr| hex_0x(&word_to_bytes(word));
        Self {
            epoch: header.epoch.into(),
            fees: header.fees_total.into(),
            paid: header.released_total.into(),
            accounts: header.payouts,
            waiting: U256::from_be_bytes(word_to_bytes(&header.accrued_total_after)).into(),
            state_before: root(&header.state_root_before),
            state_after: root(&header.state_root_after),
            proved,
        }
    }
}

fn proof(source: Source<'_>) -> Result<ProofPart, ViewError> {
    let Source { contents, key, .. } = source;
    let expected = hex_0x(&contents.vk_id);
    if let Some(got) = key.map(|key| hex_0x(&key.id())).filter(|got| *got != expected) {
        return Err(ViewError::OtherKey { expected, got });
    }
    Ok(ProofPart {
        system: contents.proof.system().name(),
        circuit: contents.circuit.name.clone(),
        shape: contents.circuit.shape.name,
        circuit_digest: hex::encode(contents.circuit.digest),
        key: key.map(|key| BASE64_STANDARD.encode(key.to_vec())),
        vk_id: expected,
        insecure: key.map_or(contents.insecure_key, AnyVerifyingKey::is_insecure),
        chain_id: hex_0x(contents.domain.chain_id()),
        contract: hex_0x(contents.domain.contract()),
        domain: domain_text(&contents.domain),
        proof: BASE64_STANDARD.encode(contents.proof.to_vec()),
        manifest_sha256: hex::encode(contents.manifest_sha256),
    })
}

fn state(entries: &[StateEntry]) -> State {
    State {
        account: entries.iter().map(|entry| entry.account.to_string()).collect(),
        accrued: entries.iter().map(|entry| entry.accrued.into()).collect(),
    }
}

fn operator(inputs: &Inputs, trace: &Trace, names: &[String]) -> Operator {
    let policy = &inputs.policy;
    let sum = |credits: &mut dyn Iterator<Item = U256>| {
        Number(credits.fold(U256::ZERO, |sum, credit| sum + credit))
    };
    let uncounted = || trace.prices.iter().filter(|price| price.points == 0);
    Operator {
        policy: Terms {
            shares: policy.shares().map(|share| share.get()),
            platform: policy.platform.to_string(),
            stakers: policy.stakers.to_string(),
            remainder: policy.remainder.to_string(),
            cap_bps: policy.cap_bps.get(),
            min_payout: policy.min_payout.into(),
            threshold: policy.threshold.into(),
            fraction_bits: policy.fraction_bits,
        },
        events: inputs.events.len(),
        uncounted: Uncounted {
            events: uncounted().count(),
            credit: sum(&mut uncounted().map(|price| price.leftover)),
        },
        leftovers: sum(&mut trace.prices.iter().map(|price| price.leftover)),
        cap: trace.cap.into(),
        excess: trace.excess.into(),
        accounts: accounts(trace),
        assets: assets(inputs, trace, names),
        edges: edges(inputs, trace),
    }
}

fn accounts(trace: &Trace) -> Accounts {
    let rows = &trace.accounts;
    Accounts {
        account: rows.iter().map(|row| row.account.to_string()).collect(),
        before: rows.iter().map(|row| row.accrued_before.into()).collect(),
        earned: rows.iter().map(|row| row.earned.into()).collect(),
        credited: rows.iter().map(|row| row.credited.into()).collect(),
        paid: rows.iter().map(|row| row.amount.into()).collect(),
        after: rows.iter().map(|row| row.accrued_after.into()).collect(),
    }
}

fn assets(inputs: &Inputs, trace: &Trace, names: &[String]) -> Assets {
    let registry = &inputs.registry;
    let mut service = vec![U256::ZERO; registry.len()];
    let mut model = service.clone();
    for event in &inputs.events {
        let share = |bps: u32| fee_share(event.fee, bps);
        service[event.service as usize] += share(inputs.policy.service_bps.get());
        model[event.model as usize] += share(inputs.policy.model_bps.get());
    }
    let name = |index: usize| match names.get(index).filter(|name| !name.is_empty()) {
        Some(name) => plain(name),
        None => format!("asset {index}"),
    };
    let owner = |account| {
        let found = trace.accounts.binary_search_by(|row| row.account.cmp(account));
        found.expect("the table holds every owner")
    };
    let rows = || registry.iter().zip(&trace.flows).enumerate();
    Assets {
        name: (0..registry.len()).map(name).collect(),
        kind: registry.iter().map(|asset| asset.kind.name()).collect(),
        owner: registry.iter().map(|asset| owner(&asset.owner)).collect(),
        content: registry.iter().map(|asset| hex::encode(asset.content_hash.0)).collect(),
        records: rows().map(|(i, (_, f))| (f.direct - service[i] - model[i]).into()).collect(),
        inflow: rows().map(|(_, (_, flow))| flow.inflow.into()).collect(),
        penalty_bps: registry.iter().map(|asset| asset.penalty.get()).collect(),
        penalty: rows().map(|(_, (_, flow))| flow.penalty.into()).collect(),
        kept: rows().map(|(_, (_, flow))| flow.kept.into()).collect(),
        service: service.into_iter().map(Number).collect(),
        model: model.into_iter().map(Number).collect(),
    }
}

fn edges(inputs: &Inputs, trace: &Trace) -> Edges {
    let mut edges = Edges::default();
    for (from, (asset, flow)) in inputs.registry.iter().zip(&trace.flows).enumerate() {
        for (edge, pass) in asset.edges.iter().zip(flow.passes) {
            edges.from.push(from);
            edges.to.push(edge.parent as usize);
            edges.bps.push(edge.bps.get());
            edges.credit.push(pass.into());
        }
    }
    edges
}
