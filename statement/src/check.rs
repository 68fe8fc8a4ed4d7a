//! The native check: every clause, on the inputs and on a claimed trace.
//!
//! It does not recompute the trace; it tests each clause's relation, as the circuits do, and names the
//! clause that fails and where. Nothing here is quadratic.

use crate::clause::Clause::{
    Binding, Cap, Conservation, Counted, Credit, Flow as FlowClause, Ledger, Owners,
    Price as PriceClause, Registry, Release,
};
use crate::clause::{ensure, ensure_eq, Place, Violation};
use crate::poseidon::TREE_CAPACITY;
use crate::roots::{
    state_root, to_field, words_hash, Commitment, ASSET_ELEMENTS, RECORDS_PER_ELEMENT,
    STATE_ELEMENTS,
};
use crate::settle::{fee_share, Trace};
use crate::types::{Account, Inputs};
use crate::units::{
    credits, unit, ACCRUED_BITS, BPS, CREDITS_BITS, EDGES, EVENT_INDEX_BITS, FEES_BITS, FEE_BITS,
    MAX_FRACTION_BITS, MIN_PAYOUT_BITS, SCORE_BITS,
};
use ark_ff::PrimeField;
use rayon::prelude::*;
use ruint::aliases::U256;

type Check = Result<(), Violation>;

/// Checks that the inputs of an epoch are well-formed: S1, and what S2, S3, S5, S7, S8 and S9
/// demand of events, records, state and policy.
///
/// # Errors
/// The first [`Violation`].
pub fn check_inputs(inputs: &Inputs) -> Check {
    check_policy(inputs)?;
    check_registry(inputs)?;
    check_events(inputs)?;
    check_records(inputs)?;
    check_state(inputs)
}

fn check_policy(inputs: &Inputs) -> Check {
    let policy = &inputs.policy;
    let sum: u32 = policy.shares().iter().map(|s| s.get()).sum();
    let at = Place::Policy;
    ensure_eq(
        U256::from(BPS),
        U256::from(sum),
        Credit,
        at,
        "the five role shares add up to 10,000 bps",
    )?;
    ensure(
        policy.threshold >> SCORE_BITS == 0,
        Counted,
        at,
        "the threshold is below 2^47 in fixed point",
    )?;
    ensure(
        policy.fraction_bits <= MAX_FRACTION_BITS,
        Counted,
        at,
        "scores have at most 46 fraction bits",
    )?;
    ensure(
        policy.min_payout >> MIN_PAYOUT_BITS == 0,
        Release,
        at,
        "min_payout is below 2^80 base units",
    )?;
    ensure(inputs.epoch > 0, Binding, Place::Epoch, "epochs are numbered from 1")
}

fn check_registry(inputs: &Inputs) -> Check {
    let assets = &inputs.registry;
    ensure(
        assets.len() * ASSET_ELEMENTS <= TREE_CAPACITY,
        Registry,
        Place::Epoch,
        "the registry fits its tree of 8^8 elements",
    )?;
    for (index, asset) in assets.iter().enumerate() {
        let at = Place::Asset(index);
        ensure(asset.edges.len() <= EDGES, Registry, at, "an asset has at most four edges")?;
        let mut owed = asset.penalty.get();
        for edge in &asset.edges {
            ensure(
                (edge.parent as usize) < index,
                Registry,
                at,
                "an edge leads to an earlier asset",
            )?;
            ensure(edge.bps.get() > 0, Registry, at, "an edge owes more than zero bps")?;
            owed += edge.bps.get();
        }
        ensure(owed <= BPS, Registry, at, "edges and penalty owe at most 10,000 bps")?;
    }
    let mut keys: Vec<(u128, usize)> =
        assets.par_iter().enumerate().map(|(i, a)| (a.content_hash.key(), i)).collect();
    keys.par_sort_unstable();
    let twice = keys.windows(2).find(|w| w[0].0 == w[1].0);
    twice.map_or(Ok(()), |w| {
        Err(Violation::new(
            Registry,
            Place::Asset(w[1].1),
            "content hashes differ within their first 16 bytes",
        ))
    })
}

fn check_events(inputs: &Inputs) -> Check {
    let assets = inputs.registry.len();
    ensure(
        inputs.events.len() <= 1 << EVENT_INDEX_BITS
            && inputs.events.len() * crate::roots::EVENT_ELEMENTS <= TREE_CAPACITY,
        Ledger,
        Place::Epoch,
        "the events fit their tree of 8^8 elements",
    )?;
    let mut fees = 0u128;
    for (index, event) in inputs.events.iter().enumerate() {
        let at = Place::Event(index);
        ensure(event.fee >> FEE_BITS == 0, Ledger, at, "a fee is below 2^80 base units")?;
        ensure((event.service as usize) < assets, Ledger, at, "the service asset is registered")?;
        ensure((event.model as usize) < assets, Ledger, at, "the model asset is registered")?;
        fees += event.fee;
    }
    ensure(
        fees >> FEES_BITS == 0,
        Ledger,
        Place::Epoch,
        "the fees of an epoch are below 2^92 base units",
    )
}

fn check_records(inputs: &Inputs) -> Check {
    let (events, assets) = (inputs.events.len(), inputs.registry.len());
    let records = &inputs.records;
    ensure(
        records.len().div_ceil(RECORDS_PER_ELEMENT) <= TREE_CAPACITY,
        Ledger,
        Place::Epoch,
        "the records fit their tree of 8^8 elements",
    )?;
    let bad = records.par_iter().enumerate().find_map_first(|(index, record)| {
        let at = Place::Record(index);
        let check = || {
            ensure(
                record.score.unsigned_abs() >> SCORE_BITS == 0,
                Ledger,
                at,
                "a score's magnitude is below 2^47 in fixed point",
            )?;
            if let Some(last) = index.checked_sub(1).map(|i| &records[i]) {
                ensure(
                    (last.event, last.asset) < (record.event, record.asset),
                    Ledger,
                    at,
                    "records are strictly increasing by (event, asset)",
                )?;
            }
            ensure((record.event as usize) < events, Counted, at, "the record's event exists")?;
            ensure((record.asset as usize) < assets, Counted, at, "the record's asset exists")
        };
        check().err()
    });
    bad.map_or(Ok(()), Err)
}

fn check_state(inputs: &Inputs) -> Check {
    // Every owner, policy account and account of the state may be in the new state.
    let accounts = inputs.registry.len() + inputs.policy.accounts().len() + inputs.state.len();
    ensure(
        accounts * STATE_ELEMENTS <= TREE_CAPACITY,
        Owners,
        Place::Epoch,
        "the accounts fit their tree of 8^8 elements",
    )?;
    let mut last: Option<Account> = None;
    for (index, entry) in inputs.state.iter().enumerate() {
        let at = Place::State(index);
        ensure(
            last < Some(entry.account),
            Owners,
            at,
            "state entries are strictly increasing by account",
        )?;
        ensure(!entry.accrued.is_zero(), Owners, at, "a state entry holds more than zero credits")?;
        ensure(
            entry.accrued.bit_len() as u32 <= ACCRUED_BITS,
            Owners,
            at,
            "what waits in an account is below 2^134 credits",
        )?;
        last = Some(entry.account);
    }
    Ok(())
}

/// Checks a trace against the inputs and the roots that were committed before: clauses S1 to S11,
/// in order.
///
/// # Errors
/// The first [`Violation`].
pub fn check(inputs: &Inputs, committed: &Commitment, trace: &Trace) -> Check {
    check_inputs(inputs)?;
    check_lengths(inputs, trace)?;
    check_commitment(inputs, committed)?;
    check_fees(inputs, trace)?;
    check_counted(inputs, trace)?;
    check_prices(inputs, trace)?;
    check_credits(inputs, trace)?;
    check_flows(inputs, trace)?;
    check_owners(inputs, trace)?;
    check_cap(inputs, trace)?;
    check_release(inputs, trace)?;
    check_conservation(trace)?;
    check_binding(inputs, committed, trace)
}

fn check_lengths(inputs: &Inputs, trace: &Trace) -> Check {
    let all = [
        (trace.counted.len(), inputs.records.len(), Counted, "one count per record"),
        (trace.prices.len(), inputs.events.len(), PriceClause, "one price per event"),
        (trace.flows.len(), inputs.registry.len(), FlowClause, "one flow per asset"),
    ];
    all.into_iter().try_for_each(|(got, expected, clause, rule)| {
        ensure_eq(U256::from(expected), U256::from(got), clause, Place::Epoch, rule)
    })
}

/// S1 and S2: the committed roots are those of the inputs.
fn check_commitment(inputs: &Inputs, committed: &Commitment) -> Check {
    let of_inputs = Commitment::new(inputs);
    ensure(
        of_inputs.registry_root == committed.registry_root,
        Registry,
        Place::Epoch,
        "registry_root commits to the registry",
    )?;
    ensure(
        of_inputs.scores_root == committed.scores_root,
        Ledger,
        Place::Epoch,
        "scores_root commits to the registry's root, the salt, the events and the records",
    )?;
    ensure(
        of_inputs.policy_hash == committed.policy_hash,
        Binding,
        Place::Policy,
        "policy_hash commits to the policy",
    )
}

/// S2: the events are complete.
fn check_fees(inputs: &Inputs, trace: &Trace) -> Check {
    let fees: u128 = inputs.events.iter().map(|e| e.fee).sum();
    ensure_eq(
        U256::from(fees),
        U256::from(trace.header.fees_total),
        Ledger,
        Place::Word(7),
        "fees_total is the sum of the fees",
    )
}

fn check_counted(inputs: &Inputs, trace: &Trace) -> Check {
    let threshold = i64::try_from(inputs.policy.threshold).expect("check_policy bounds it");
    for (index, (record, counted)) in inputs.records.iter().zip(&trace.counted).enumerate() {
        let expected = if record.score >= threshold { record.score.unsigned_abs() } else { 0 };
        ensure_eq(
            U256::from(expected),
            U256::from(*counted),
            Counted,
            Place::Record(index),
            "a record counts its score from the threshold on, else nothing",
        )?;
    }
    Ok(())
}

fn check_prices(inputs: &Inputs, trace: &Trace) -> Check {
    let mut points = vec![0u128; inputs.events.len()];
    for (record, counted) in inputs.records.iter().zip(&trace.counted) {
        points[record.event as usize] += u128::from(*counted);
    }
    for (index, (event, price)) in inputs.events.iter().zip(&trace.prices).enumerate() {
        let at = Place::Event(index);
        ensure_eq(
            U256::from(points[index]),
            U256::from(price.points),
            PriceClause,
            at,
            "points are the sum of what the event's records count",
        )?;
        let data = fee_share(event.fee, inputs.policy.data_bps.get());
        let points = U256::from(price.points);
        let paid = price.price.checked_mul(points).and_then(|p| p.checked_add(price.leftover));
        ensure(
            paid == Some(data),
            PriceClause,
            at,
            "price * points and what is left add up to the data share",
        )?;
        ensure(
            if points.is_zero() { price.price.is_zero() } else { price.leftover < points },
            PriceClause,
            at,
            "what a price leaves is less than the points; without points the price is zero",
        )?;
    }
    Ok(())
}

fn check_credits(inputs: &Inputs, trace: &Trace) -> Check {
    let policy = &inputs.policy;
    let mut direct = vec![U256::ZERO; inputs.registry.len()];
    for (record, counted) in inputs.records.iter().zip(&trace.counted) {
        let price = trace.prices[record.event as usize].price;
        direct[record.asset as usize] += price * U256::from(*counted);
    }
    for (index, event) in inputs.events.iter().enumerate() {
        let share = |bps: u32| fee_share(event.fee, bps);
        direct[event.service as usize] += share(policy.service_bps.get());
        direct[event.model as usize] += share(policy.model_bps.get());
        // The data share is price * points + leftover by S4.
        let all = policy.shares().iter().fold(U256::ZERO, |sum, s| sum + share(s.get()));
        ensure_eq(
            credits(event.fee),
            all,
            Credit,
            Place::Event(index),
            "the credits of an event add up to its fee",
        )?;
    }
    for (index, (expected, flow)) in direct.into_iter().zip(&trace.flows).enumerate() {
        ensure_eq(
            expected,
            flow.direct,
            Credit,
            Place::Asset(index),
            "an asset is credited price * counted for each record, and its role shares",
        )?;
    }
    let of_fees = |bps: u32| fee_share(trace.header.fees_total, bps);
    let roles = [
        (policy.platform_bps, trace.roles.platform, "the platform is credited its share"),
        (policy.stakers_bps, trace.roles.stakers, "the stakers are credited their share"),
    ];
    roles.into_iter().try_for_each(|(bps, got, rule)| {
        ensure_eq(of_fees(bps.get()), got, Credit, Place::Epoch, rule)
    })
}

fn check_flows(inputs: &Inputs, trace: &Trace) -> Check {
    let whole = U256::from(BPS);
    // `part` is floor(inflow * bps / 10,000), told without dividing; false also on overflow.
    let is_share = |part: U256, inflow: U256, bps: u32| {
        let all = inflow.checked_mul(U256::from(bps));
        let rest = part.checked_mul(whole).zip(all).and_then(|(p, a)| a.checked_sub(p));
        rest.is_some_and(|rest| rest < whole)
    };
    let mut up = vec![U256::ZERO; inputs.registry.len()];
    let mut penalties = U256::ZERO;
    for (index, asset) in inputs.registry.iter().enumerate() {
        let (flow, at) = (&trace.flows[index], Place::Asset(index));
        let bounded = flow.inflow.bit_len() as u32 <= CREDITS_BITS;
        ensure(bounded, FlowClause, at, "an inflow is below 2^146 credits")?;
        let mut kept = flow.inflow;
        for (slot, (parent, bps)) in asset.edge_slots().into_iter().enumerate() {
            let pass = flow.passes[slot];
            ensure(
                is_share(pass, flow.inflow, bps),
                FlowClause,
                at,
                "an edge passes floor(inflow * bps / 10,000)",
            )?;
            up[parent as usize] += pass;
            kept -= pass;
        }
        ensure(
            is_share(flow.penalty, flow.inflow, asset.penalty.get()),
            FlowClause,
            at,
            "a penalty takes floor(inflow * bps / 10,000)",
        )?;
        penalties += flow.penalty;
        ensure_eq(
            kept - flow.penalty,
            flow.kept,
            FlowClause,
            at,
            "the owner keeps what is not passed on",
        )?;
    }
    for (index, (up, flow)) in up.into_iter().zip(&trace.flows).enumerate() {
        ensure_eq(
            flow.direct + up,
            flow.inflow,
            FlowClause,
            Place::Asset(index),
            "an inflow is the direct credit and what later assets passed up",
        )?;
    }
    let leftovers = trace.prices.iter().fold(U256::ZERO, |sum, p| sum + p.leftover);
    ensure_eq(
        leftovers + penalties,
        trace.roles.remainder,
        FlowClause,
        Place::Epoch,
        "the remainder account is credited what prices leave and penalties take",
    )
}

fn check_owners(inputs: &Inputs, trace: &Trace) -> Check {
    let rows = &trace.accounts;
    for (index, pair) in rows.windows(2).enumerate() {
        ensure(
            pair[0].account < pair[1].account,
            Owners,
            Place::Account(index + 1),
            "the table is strictly increasing by account",
        )?;
    }
    let row_of = |account: &Account, at: Place| {
        rows.binary_search_by(|row| row.account.cmp(account))
            .map_err(|_| Violation::new(Owners, at, "the table holds this account"))
    };
    let mut earned = vec![U256::ZERO; rows.len()];
    let mut before = vec![U256::ZERO; rows.len()];
    for (index, (asset, flow)) in inputs.registry.iter().zip(&trace.flows).enumerate() {
        earned[row_of(&asset.owner, Place::Asset(index))?] += flow.kept;
    }
    let roles = [trace.roles.platform, trace.roles.stakers, trace.roles.remainder];
    for (account, credit) in inputs.policy.accounts().iter().zip(roles) {
        earned[row_of(account, Place::Policy)?] += credit;
    }
    for (index, entry) in inputs.state.iter().enumerate() {
        before[row_of(&entry.account, Place::State(index))?] += entry.accrued;
    }
    for (index, row) in rows.iter().enumerate() {
        let at = Place::Account(index);
        let rule = "an account earned what its assets kept and its roles were credited";
        ensure_eq(earned[index], row.earned, Owners, at, rule)?;
        let rule = "an account starts with what waited for it";
        ensure_eq(before[index], row.accrued_before, Owners, at, rule)?;
    }
    Ok(())
}

fn check_cap(inputs: &Inputs, trace: &Trace) -> Check {
    let cap = fee_share(trace.header.fees_total, inputs.policy.cap_bps.get());
    ensure_eq(cap, trace.cap, Cap, Place::Epoch, "the cap is its share of the epoch's fees")?;
    let exempt = inputs.policy.accounts();
    let mut excess = U256::ZERO;
    for (index, row) in trace.accounts.iter().enumerate() {
        let capped = if exempt.contains(&row.account) { row.earned } else { row.earned.min(cap) };
        ensure_eq(
            capped,
            row.credited,
            Cap,
            Place::Account(index),
            "an account is credited what it earned, up to the cap",
        )?;
        excess += row.earned - row.credited;
    }
    ensure_eq(excess, trace.excess, Cap, Place::Epoch, "the excess is what the cap took")
}

fn check_release(inputs: &Inputs, trace: &Trace) -> Check {
    let least = U256::from(inputs.policy.min_payout.max(1));
    for (index, row) in trace.accounts.iter().enumerate() {
        let at = Place::Account(index);
        let is_remainder = row.account == inputs.policy.remainder;
        let excess = if is_remainder { trace.excess } else { U256::ZERO };
        let total = row.accrued_before + row.credited + excess;
        ensure_eq(
            total,
            credits(row.amount) + row.accrued_after,
            Release,
            at,
            "an amount and what waits after it add up to the account's total",
        )?;
        let whole = row.accrued_after / unit() + U256::from(row.amount);
        let due = if whole >= least { whole } else { U256::ZERO };
        ensure_eq(
            due,
            U256::from(row.amount),
            Release,
            at,
            "whole units are paid from min_payout on, else all of it waits",
        )?;
    }
    Ok(())
}

/// S10, on the totals that are public; S11 says that they are those of the lists.
fn check_conservation(trace: &Trace) -> Check {
    let header = &trace.header;
    let before = trace.accounts.iter().fold(U256::ZERO, |sum, row| sum + row.accrued_before);
    let after = U256::from_limbs(header.accrued_total_after.into_bigint().0);
    ensure_eq(
        before + credits(header.fees_total),
        after + credits(header.released_total),
        Conservation,
        Place::Epoch,
        "what waited and came in is what waits and went out",
    )
}

fn check_binding(inputs: &Inputs, committed: &Commitment, trace: &Trace) -> Check {
    let header = &trace.header;
    let word = |holds: bool, index: usize, rule: &'static str| {
        ensure(holds, Binding, Place::Word(index), rule)
    };
    word(header.epoch == inputs.epoch, 1, "epoch is the epoch's number")?;
    word(header.policy_hash == committed.policy_hash, 2, "policy_hash is the committed one")?;
    word(header.registry_root == committed.registry_root, 3, "registry_root is the committed one")?;
    word(header.scores_root == committed.scores_root, 4, "scores_root is the committed one")?;
    let before = state_root(&inputs.state);
    word(header.state_root_before == before, 5, "state_root_before commits to the state")?;
    let paid = trace.accounts.iter().filter(|row| row.amount > 0);
    let paid = paid.map(|row| (row.account, row.amount));
    ensure(
        paid.eq(trace.payouts.iter().map(|p| (p.account, p.amount))),
        Binding,
        Place::Epoch,
        "the payouts are the accounts with an amount, in order",
    )?;
    let waiting = trace.accounts.iter().filter(|row| !row.accrued_after.is_zero());
    let waiting = waiting.map(|row| (row.account, row.accrued_after));
    ensure(
        waiting.eq(trace.state_after.iter().map(|e| (e.account, e.accrued))),
        Binding,
        Place::Epoch,
        "the new state is the accounts with something waiting, in order",
    )?;
    let after = state_root(&trace.state_after);
    word(header.state_root_after == after, 6, "state_root_after commits to the new state")?;
    let released: u128 = trace.payouts.iter().map(|p| p.amount).sum();
    word(header.released_total == released, 8, "released_total is the sum of the payouts")?;
    let waiting = trace.state_after.iter().fold(U256::ZERO, |sum, e| sum + e.accrued);
    word(
        header.accrued_total_after == to_field(&waiting),
        9,
        "accrued_total_after is the sum of what waits",
    )?;
    let count = usize::try_from(header.payouts) == Ok(trace.payouts.len());
    word(count, 10, "n is the number of payouts")?;
    ensure(
        trace.h == words_hash(header, &trace.payout_words()),
        Binding,
        Place::Epoch,
        "h is the hash of the public words",
    )?;
    Ok(())
}
