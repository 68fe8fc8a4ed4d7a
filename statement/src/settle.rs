//! The computation of an epoch: from inputs to payouts, every intermediate value kept.
//!
//! The [`Trace`] is the witness of the circuits and the source of receipts. It is computed stage
//! by stage; [`settle_with`] lets a test change a stage's result before the next one uses it, which is
//! how coordinated lies are told.

use crate::check::check_inputs;
use crate::clause::Violation;
use crate::roots::{state_root, to_field, words_hash, Commitment};
use crate::types::{Account, Inputs, Payout, StateEntry};
use crate::units::{credits, unit, BPS, CREDIT_FRACTION_BITS, EDGES};
use crate::words::{pack_payout, Header};
use ark_bn254::Fr;
use ruint::aliases::U256;

/// What one event's data share buys (S4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Sum of what its records count.
    pub points: u128,
    /// Credits for a point; zero without points.
    pub price: U256,
    /// What the division leaves, credits, for the remainder account.
    pub leftover: U256,
}

/// What flows through one asset, credits (S5, S6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// From records and roles.
    pub direct: U256,
    /// Direct, and what later assets passed up.
    pub inflow: U256,
    /// Passed up each edge, in the order of the asset's edges.
    pub passes: [U256; EDGES],
    /// Passed to the remainder account.
    pub penalty: U256,
    /// Kept for the owner.
    pub kept: U256,
}

/// What the roles without an asset are credited in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// The platform's share of the fees.
    pub platform: U256,
    /// The stakers' share.
    pub stakers: U256,
    /// What prices leave and penalties take.
    pub remainder: U256,
}

/// One row of the table of accounts, credits unless said otherwise (S7 to S9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Whose row.
    pub account: Account,
    /// What waited from earlier epochs.
    pub accrued_before: U256,
    /// Earned in this epoch, before the cap.
    pub earned: U256,
    /// Earned, after the cap.
    pub credited: U256,
    /// Paid now, base units.
    pub amount: u128,
    /// What waits for later epochs.
    pub accrued_after: U256,
}

/// An epoch with every intermediate value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What each record counts (S3).
    pub counted: Vec<u64>,
    /// One per event.
    pub prices: Vec<Price>,
    /// One per asset.
    pub flows: Vec<Flow>,
    /// Credits of the roles.
    pub roles: Roles,
    /// Most that an account may earn (S8).
    pub cap: U256,
    /// What the cap takes, for the remainder account.
    pub excess: U256,
    /// Strictly increasing by account.
    pub accounts: Vec<AccountRow>,
    /// What is paid.
    pub payouts: Vec<Payout>,
    /// What the next epoch starts from.
    pub state_after: Vec<StateEntry>,
    /// The public words but for the payouts.
    pub header: Header,
    /// Hash of the public words.
    pub h: Fr,
}

impl Trace {
    /// All public words.
    #[must_use]
    pub fn words(&self) -> Vec<Fr> {
        self.header.to_words().into_iter().chain(self.payout_words()).collect()
    }

    /// The payout words.
    #[must_use]
    pub fn payout_words(&self) -> Vec<Fr> {
        self.payouts.iter().map(payout_word).collect()
    }
}

/// The word of a payout.
///
/// # Panics
/// If its amount is out of bounds, which S9 excludes.
#[must_use]
pub fn payout_word(payout: &Payout) -> Fr {
    pack_payout(payout.account.bytes(), payout.amount).expect("S9 bounds the amount")
}

/// The stages of [`settle_with`], in order. Each is named after the last clause that it computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `counted` is known.
    Counted,
    /// `prices` are known.
    Price,
    /// `flows[..].direct` is known.
    Credit,
    /// `flows` and `roles` are known.
    Flow,
    /// The rows with what they earned are known.
    Owners,
    /// `cap`, `excess` and what is credited are known.
    Cap,
    /// Amounts and what waits are known.
    Release,
    /// Everything is known.
    Binding,
}

/// Computes an epoch.
///
/// # Errors
/// [`Violation`] of S1 to S3 when the inputs are malformed.
pub fn settle(inputs: &Inputs) -> Result<Trace, Violation> {
    check_inputs(inputs)?;
    Ok(settle_with(inputs, &Commitment::new(inputs), |_, _| {}))
}

/// Computes an epoch from inputs that the caller has checked, calling `hook` after every stage.
///
/// # Panics
/// May panic on inputs that [`check_inputs`] refuses.
#[must_use]
pub fn settle_with(
    inputs: &Inputs,
    commitment: &Commitment,
    mut hook: impl FnMut(Stage, &mut Trace),
) -> Trace {
    let mut trace = Trace {
        counted: counted(inputs),
        prices: Vec::new(),
        flows: Vec::new(),
        roles: Roles::default(),
        cap: U256::ZERO,
        excess: U256::ZERO,
        accounts: Vec::new(),
        payouts: Vec::new(),
        state_after: Vec::new(),
        header: Header {
            epoch: inputs.epoch,
            policy_hash: commitment.policy_hash,
            registry_root: commitment.registry_root,
            scores_root: commitment.scores_root,
            state_root_before: state_root(&inputs.state),
            state_root_after: Fr::default(),
            fees_total: inputs.events.iter().map(|e| e.fee).sum(),
            released_total: 0,
            accrued_total_after: Fr::default(),
            payouts: 0,
        },
        h: Fr::default(),
    };
    type Compute = fn(&Inputs, &mut Trace);
    let stages: [(Stage, Compute); 8] = [
        (Stage::Counted, |_, _| {}),
        (Stage::Price, price),
        (Stage::Credit, credit),
        (Stage::Flow, flow),
        (Stage::Owners, owners),
        (Stage::Cap, cap),
        (Stage::Release, release),
        (Stage::Binding, bind),
    ];
    for (stage, compute) in stages {
        compute(inputs, &mut trace);
        hook(stage, &mut trace);
    }
    trace
}

/// S3.
fn counted(inputs: &Inputs) -> Vec<u64> {
    let threshold = inputs.policy.threshold;
    let count = |score: i64| u64::try_from(score).ok().filter(|s| *s >= threshold).unwrap_or(0);
    inputs.records.iter().map(|r| count(r.score)).collect()
}

/// `fee * bps * 2^40`: the share of a fee, in credits.
#[must_use]
pub fn fee_share(fee: u128, bps: u32) -> U256 {
    U256::from(fee) * U256::from(u64::from(bps) << CREDIT_FRACTION_BITS)
}

/// S4.
fn price(inputs: &Inputs, trace: &mut Trace) {
    trace.prices = vec![Price::default(); inputs.events.len()];
    for (record, counted) in inputs.records.iter().zip(&trace.counted) {
        trace.prices[record.event as usize].points += u128::from(*counted);
    }
    for (event, price) in inputs.events.iter().zip(&mut trace.prices) {
        let share = fee_share(event.fee, inputs.policy.data_bps.get());
        let points = U256::from(price.points);
        (price.price, price.leftover) =
            if points.is_zero() { (U256::ZERO, share) } else { share.div_rem(points) };
    }
}

/// S5, but for the roles without an asset.
fn credit(inputs: &Inputs, trace: &mut Trace) {
    trace.flows = vec![Flow::default(); inputs.registry.len()];
    for (record, counted) in inputs.records.iter().zip(&trace.counted) {
        let price = trace.prices[record.event as usize].price;
        trace.flows[record.asset as usize].direct += price * U256::from(*counted);
    }
    for event in &inputs.events {
        let share = |bps: u32| fee_share(event.fee, bps);
        trace.flows[event.service as usize].direct += share(inputs.policy.service_bps.get());
        trace.flows[event.model as usize].direct += share(inputs.policy.model_bps.get());
    }
}

/// `floor(amount * bps / 10_000)`.
#[must_use]
pub fn share(amount: U256, bps: u32) -> U256 {
    amount * U256::from(bps) / U256::from(BPS)
}

/// S6, and the credits of the roles without an asset.
fn flow(inputs: &Inputs, trace: &mut Trace) {
    let flows = &mut trace.flows;
    for flow in flows.iter_mut() {
        flow.inflow = flow.direct;
    }
    let mut penalties = U256::ZERO;
    for (index, asset) in inputs.registry.iter().enumerate().rev() {
        let mut flow = flows[index];
        let mut kept = flow.inflow;
        for (pass, edge) in flow.passes.iter_mut().zip(&asset.edges) {
            *pass = share(flow.inflow, edge.bps.get());
            flows[edge.parent as usize].inflow += *pass;
            kept -= *pass;
        }
        flow.penalty = share(flow.inflow, asset.penalty.get());
        penalties += flow.penalty;
        flow.kept = kept - flow.penalty;
        flows[index] = flow;
    }
    let leftovers: U256 = trace.prices.iter().fold(U256::ZERO, |sum, p| sum + p.leftover);
    let of_fees = |bps: u32| fee_share(trace.header.fees_total, bps);
    trace.roles = Roles {
        platform: of_fees(inputs.policy.platform_bps.get()),
        stakers: of_fees(inputs.policy.stakers_bps.get()),
        remainder: leftovers + penalties,
    };
}

/// Position of an account in the table.
fn row_of(rows: &[AccountRow], account: &Account) -> usize {
    rows.binary_search_by(|row| row.account.cmp(account)).expect("the table holds every account")
}

/// S7.
fn owners(inputs: &Inputs, trace: &mut Trace) {
    let mut accounts: Vec<Account> = inputs.registry.iter().map(|a| a.owner).collect();
    accounts.extend(inputs.policy.accounts());
    accounts.extend(inputs.state.iter().map(|e| e.account));
    accounts.sort_unstable();
    accounts.dedup();
    trace.accounts = accounts
        .into_iter()
        .map(|account| AccountRow {
            account,
            accrued_before: U256::ZERO,
            earned: U256::ZERO,
            credited: U256::ZERO,
            amount: 0,
            accrued_after: U256::ZERO,
        })
        .collect();
    let rows = &mut trace.accounts;
    for entry in &inputs.state {
        let row = row_of(rows, &entry.account);
        rows[row].accrued_before = entry.accrued;
    }
    for (asset, flow) in inputs.registry.iter().zip(&trace.flows) {
        let row = row_of(rows, &asset.owner);
        rows[row].earned += flow.kept;
    }
    let roles = [trace.roles.platform, trace.roles.stakers, trace.roles.remainder];
    for (account, credit) in inputs.policy.accounts().iter().zip(roles) {
        let row = row_of(rows, account);
        rows[row].earned += credit;
    }
}

/// S8. The cap needs no rounding: `UNIT` is a multiple of 10,000.
fn cap(inputs: &Inputs, trace: &mut Trace) {
    trace.cap = fee_share(trace.header.fees_total, inputs.policy.cap_bps.get());
    let exempt = inputs.policy.accounts();
    trace.excess = U256::ZERO;
    for row in &mut trace.accounts {
        row.credited =
            if exempt.contains(&row.account) { row.earned } else { row.earned.min(trace.cap) };
        trace.excess += row.earned - row.credited;
    }
}

/// S9.
fn release(inputs: &Inputs, trace: &mut Trace) {
    let least = U256::from(inputs.policy.min_payout.max(1));
    for row in &mut trace.accounts {
        let mut total = row.accrued_before + row.credited;
        if row.account == inputs.policy.remainder {
            total += trace.excess;
        }
        let whole = total / unit();
        row.amount = if whole >= least { whole.to::<u128>() } else { 0 };
        row.accrued_after = total - credits(row.amount);
    }
}

/// S10, S11.
fn bind(_: &Inputs, trace: &mut Trace) {
    trace.payouts = trace
        .accounts
        .iter()
        .filter(|row| row.amount > 0)
        .map(|row| Payout { account: row.account, amount: row.amount })
        .collect();
    trace.state_after = trace
        .accounts
        .iter()
        .filter(|row| !row.accrued_after.is_zero())
        .map(|row| StateEntry { account: row.account, accrued: row.accrued_after })
        .collect();
    let waiting = trace.state_after.iter().fold(U256::ZERO, |sum, e| sum + e.accrued);
    let header = &mut trace.header;
    header.state_root_after = state_root(&trace.state_after);
    header.released_total = trace.payouts.iter().map(|p| p.amount).sum();
    header.accrued_total_after = to_field(&waiting);
    header.payouts = trace.payouts.len() as u32;
    trace.h = words_hash(&trace.header, &trace.payout_words());
}
