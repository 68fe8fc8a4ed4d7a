//! Lies about what comes in and how it flows through assets: S2 to S6.

use super::{add, minus, table, Lie, ONE};
use crate::settle::{fee_share, share, Trace};
use crate::types::{Asset, Inputs};
use ruint::aliases::U256;

/// A record for which this holds, of its score and what it counts.
fn record(inputs: &Inputs, trace: &Trace, is: impl Fn(i64, u64) -> bool) -> Option<usize> {
    inputs.records.iter().zip(&trace.counted).position(|(r, counted)| is(r.score, *counted))
}

/// An event with points.
fn priced(trace: &Trace) -> Option<usize> {
    trace.prices.iter().position(|p| p.points > 1 && !p.price.is_zero())
}

/// The price that an event would have with these points.
fn reprice(inputs: &Inputs, trace: &mut Trace, event: usize, points: u128) {
    let data = fee_share(inputs.events[event].fee, inputs.policy.data_bps.get());
    let price = &mut trace.prices[event];
    price.points = points;
    (price.price, price.leftover) = data.div_rem(U256::from(points));
}

/// Whether an asset owes nobody anything: all that flows in is kept.
fn owes_nothing(asset: &Asset) -> bool {
    asset.edges.is_empty() && asset.penalty.get() == 0
}

/// An edge that passes something to an asset that owes nobody: asset, slot, parent.
fn edge(inputs: &Inputs, trace: &Trace) -> Option<(usize, usize, usize)> {
    inputs.registry.iter().enumerate().find_map(|(i, asset)| {
        asset.edges.iter().enumerate().find_map(|(slot, e)| {
            let parent = e.parent as usize;
            let flow = &trace.flows[i];
            let fits = owes_nothing(&inputs.registry[parent]);
            (fits && !flow.passes[slot].is_zero() && !flow.kept.is_zero())
                .then_some((i, slot, parent))
        })
    })
}

/// An asset that pays a penalty and keeps something.
fn penalised(trace: &Trace) -> Option<usize> {
    trace.flows.iter().position(|f| !f.penalty.is_zero() && !f.kept.is_zero())
}

/// Two assets, the first of which holds something by this measure.
fn two(trace: &Trace, held: fn(&crate::settle::Flow) -> U256) -> Option<(usize, usize)> {
    let from = trace.flows.iter().position(|f| !held(f).is_zero())?;
    let to = (0..trace.flows.len()).find(|i| *i != from)?;
    Some((from, to))
}

/// Computes all flows from the direct credits, and the remainder's credit in the field.
fn reflow(inputs: &Inputs, trace: &mut Trace) {
    for flow in &mut trace.flows {
        flow.inflow = flow.direct;
    }
    let mut remainder = trace.prices.iter().fold(U256::ZERO, |sum, p| add(sum, p.leftover));
    for (i, asset) in inputs.registry.iter().enumerate().rev() {
        let inflow = trace.flows[i].inflow;
        let mut kept = inflow;
        for (slot, e) in asset.edges.iter().enumerate() {
            let pass = share(inflow, e.bps.get());
            trace.flows[i].passes[slot] = pass;
            trace.flows[e.parent as usize].inflow += pass;
            kept -= pass;
        }
        let penalty = share(inflow, asset.penalty.get());
        remainder = add(remainder, penalty);
        trace.flows[i].penalty = penalty;
        trace.flows[i].kept = kept - penalty;
    }
    trace.roles.remainder = remainder;
}

pub(super) fn lies() -> Vec<Lie> {
    table! {
        Ledger Counted "a unit of fees is invented" |_i, t| {
            t.header.fees_total += 1;
        }
        Ledger Counted "a unit of fees is hidden" |_i, t| {
            t.header.fees_total = t.header.fees_total.checked_sub(1)?;
        }
        Counted Counted "a score under the threshold counts" |i, t| {
            let r = record(i, t, |score, counted| score > 0 && counted == 0)?;
            t.counted[r] = i.records[r].score.unsigned_abs();
        }
        Counted Counted "a score below zero counts its magnitude" |i, t| {
            let r = record(i, t, |score, _| score < 0)?;
            t.counted[r] = i.records[r].score.unsigned_abs();
        }
        Counted Counted "a record counts one too many" |i, t| {
            let r = record(i, t, |_, counted| counted > 0)?;
            t.counted[r] += 1;
        }
        Counted Counted "a record counts one too few" |i, t| {
            let r = record(i, t, |_, counted| counted > 1)?;
            t.counted[r] -= 1;
        }
        Counted Counted "a record is not counted" |i, t| {
            let r = record(i, t, |_, counted| counted > 0)?;
            t.counted[r] = 0;
        }
        Counted Counted "a score at the threshold is not counted" |i, t| {
            let least = i64::try_from(i.policy.threshold).ok()?;
            let r = record(i, t, |score, counted| score == least && counted > 0)?;
            t.counted[r] = 0;
        }
        Counted Counted "a point moves to another record of its event" |i, t| {
            let from = record(i, t, |_, counted| counted > 1)?;
            let event = i.records[from].event;
            let to = (0..i.records.len()).find(|r| *r != from && i.records[*r].event == event)?;
            t.counted[from] -= 1;
            t.counted[to] += 1;
        }
        Price Price "an event has a point too many" |i, t| {
            let e = priced(t)?;
            reprice(i, t, e, t.prices[e].points + 1);
        }
        Price Price "an event has a point too few" |i, t| {
            let e = priced(t)?;
            reprice(i, t, e, t.prices[e].points - 1);
        }
        Price Price "a price is rounded down once more" |_i, t| {
            let e = priced(t)?;
            let points = U256::from(t.prices[e].points);
            t.prices[e].price -= ONE;
            t.prices[e].leftover += points;
        }
        Price Price "a price is rounded up" |_i, t| {
            let e = priced(t)?;
            t.prices[e].price += ONE;
            t.prices[e].leftover = U256::ZERO;
        }
        Price Flow "a price is rounded up and less than nothing is left" |i, t| {
            let (e, rest) = t.prices.iter().enumerate().find_map(|(e, p)| {
                let points = U256::from(p.points);
                (p.leftover < points && points < t.roles.remainder)
                    .then(|| (e, points - p.leftover))
            })?;
            t.prices[e].price += ONE;
            t.prices[e].leftover = minus(rest);
            for (record, counted) in i.records.iter().zip(&t.counted) {
                if record.event as usize == e {
                    t.flows[record.asset as usize].direct += U256::from(*counted);
                }
            }
            reflow(i, t);
        }
        Price Price "what a price leaves is a credit short" |_i, t| {
            let e = t.prices.iter().position(|p| !p.leftover.is_zero())?;
            t.prices[e].leftover -= ONE;
        }
        Price Price "what a price leaves is a credit too much" |_i, t| {
            t.prices.first_mut()?.leftover += ONE;
        }
        Price Price "an event without points has a price" |_i, t| {
            t.prices.iter_mut().find(|p| p.points == 0)?.price = ONE;
        }
        Price Price "the data share of an event without points is kept back" |_i, t| {
            let price = t.prices.iter_mut().find(|p| p.points == 0 && !p.leftover.is_zero())?;
            price.leftover = U256::ZERO;
        }
        Credit Credit "a credit moves to another asset" |_i, t| {
            let (from, to) = two(t, |f| f.direct)?;
            t.flows[from].direct -= ONE;
            t.flows[to].direct += ONE;
        }
        Credit Credit "an asset is credited a credit too many" |_i, t| {
            t.flows.first_mut()?.direct += ONE;
        }
        Credit Credit "an asset is credited a credit too few" |_i, t| {
            t.flows.iter_mut().find(|f| !f.direct.is_zero())?.direct -= ONE;
        }
        Credit Credit "a record's credit goes to another asset" |i, t| {
            let r = record(i, t, |_, counted| counted > 0)?;
            let from = i.records[r].asset as usize;
            let to = (0..t.flows.len()).find(|a| *a != from)?;
            let credit = t.prices[i.records[r].event as usize].price * U256::from(t.counted[r]);
            t.flows[from].direct -= credit;
            t.flows[to].direct += credit;
        }
        Credit Credit "the service is credited the model's share" |i, t| {
            let event = i.events.iter().find(|e| e.service != e.model && e.fee > 0)?;
            let credit = fee_share(event.fee, i.policy.model_bps.get());
            t.flows[event.model as usize].direct -= credit;
            t.flows[event.service as usize].direct += credit;
        }
        Credit Flow "the platform takes a credit of the stakers" |_i, t| {
            t.roles.stakers = t.roles.stakers.checked_sub(ONE)?;
            t.roles.platform += ONE;
        }
        Credit Flow "the stakers are credited nothing" |_i, t| {
            if t.roles.stakers.is_zero() {
                return None;
            }
            t.roles.stakers = U256::ZERO;
        }
        Flow Flow "an edge passes a credit too many" |i, t| {
            let (asset, slot, parent) = edge(i, t)?;
            t.flows[asset].passes[slot] += ONE;
            t.flows[asset].kept -= ONE;
            t.flows[parent].inflow += ONE;
            t.flows[parent].kept += ONE;
        }
        Flow Flow "an edge passes a credit too few" |i, t| {
            let (asset, slot, parent) = edge(i, t)?;
            t.flows[asset].passes[slot] -= ONE;
            t.flows[asset].kept += ONE;
            t.flows[parent].inflow -= ONE;
            t.flows[parent].kept -= ONE;
        }
        Flow Flow "an edge passes nothing" |i, t| {
            let (asset, slot, parent) = edge(i, t)?;
            let pass = core::mem::take(&mut t.flows[asset].passes[slot]);
            t.flows[asset].kept += pass;
            t.flows[parent].inflow -= pass;
            t.flows[parent].kept -= pass;
        }
        Flow Flow "an edge passes to another asset" |i, t| {
            let (asset, slot, parent) = edge(i, t)?;
            let pass = t.flows[asset].passes[slot];
            let thief = (0..t.flows.len())
                .find(|a| *a != parent && owes_nothing(&i.registry[*a]))?;
            t.flows[parent].inflow -= pass;
            t.flows[parent].kept -= pass;
            t.flows[thief].inflow += pass;
            t.flows[thief].kept += pass;
        }
        Flow Flow "an edge that is not there passes a credit" |i, t| {
            let asset = (1..t.flows.len()).find(|a| {
                i.registry[*a].edges.len() < crate::units::EDGES && !t.flows[*a].kept.is_zero()
            })?;
            if !owes_nothing(&i.registry[0]) {
                return None;
            }
            t.flows[asset].passes[i.registry[asset].edges.len()] = ONE;
            t.flows[asset].kept -= ONE;
            t.flows[0].inflow += ONE;
            t.flows[0].kept += ONE;
        }
        Flow Flow "a penalty takes a credit too many" |_i, t| {
            let asset = penalised(t)?;
            t.flows[asset].penalty += ONE;
            t.flows[asset].kept -= ONE;
            t.roles.remainder += ONE;
        }
        Flow Flow "a penalty takes a credit too few" |_i, t| {
            let asset = penalised(t)?;
            t.flows[asset].penalty -= ONE;
            t.flows[asset].kept += ONE;
            t.roles.remainder -= ONE;
        }
        Flow Flow "a suspended asset keeps its inflow" |i, t| {
            let asset = (0..t.flows.len()).find(|a| {
                i.registry[*a].penalty.get() == crate::units::BPS
                    && !t.flows[*a].penalty.is_zero()
            })?;
            let penalty = core::mem::take(&mut t.flows[asset].penalty);
            t.flows[asset].kept += penalty;
            t.roles.remainder -= penalty;
        }
        Flow Flow "what one asset kept moves to another" |_i, t| {
            let (from, to) = two(t, |f| f.kept)?;
            let kept = core::mem::take(&mut t.flows[from].kept);
            t.flows[to].kept += kept;
        }
        Flow Flow "an inflow is invented" |i, t| {
            let asset = i.registry.iter().position(owes_nothing)?;
            t.flows[asset].inflow += ONE;
            t.flows[asset].kept += ONE;
        }
        Flow Flow "the remainder account is credited a credit too few" |_i, t| {
            t.roles.remainder = t.roles.remainder.checked_sub(ONE)?;
        }
    }
}
