//! From an epoch's inputs and trace to receipts.

use std::collections::BTreeSet;

use meed_statement::settle::{fee_share, Trace};
use meed_statement::types::{Account, Asset, Event, Inputs};
use meed_statement::words::word_to_bytes;
use ruint::aliases::U256;

use super::account::{CapExcess, Leftover, Penalty, Remainder, Role, Roles, Totals, Why};
use super::asset::{AssetPart, Onward, OnwardEdge, Pass, Received, RecordPart, Score, Source, Use};
use super::{Commitments, Number, Receipt, ReceiptError, Terms, FORMAT, VERSION};
use crate::bundle::hex_0x;

/// The receipt of one account. For many accounts of an epoch, keep a [`Receipts`].
///
/// `names` are the assets' names by index; an asset without one is called `asset 7`.
///
/// # Errors
/// [`ReceiptError::UnknownAccount`]; [`ReceiptError::Trace`] when the trace is not one of the inputs.
pub fn receipt(
    inputs: &Inputs,
    trace: &Trace,
    names: &[String],
    account: &Account,
) -> Result<Receipt, ReceiptError> {
    Receipts::new(inputs, trace, names)?.of(account)
}

/// The receipts of an epoch. Its records are sorted by asset once.
#[derive(Debug)]
pub struct Receipts<'a> {
    inputs: &'a Inputs,
    trace: &'a Trace,
    names: &'a [String],
    records: ByAsset,
    served: ByAsset,
    modelled: ByAsset,
    /// Assets with an edge to an asset, by the asset that is owed; `child * 4 + slot`.
    children: ByAsset,
    /// (owner, asset), sorted.
    owned: Vec<(Account, u32)>,
}

/// Positions grouped by asset, increasing within one.
#[derive(Debug)]
struct ByAsset {
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl ByAsset {
    /// Groups positions 0, 1, .. by the asset that each names; `None` leaves one out.
    fn new(assets: usize, named: impl Iterator<Item = Option<u32>> + Clone) -> Self {
        let mut ends = vec![0u32; assets + 1];
        for asset in named.clone().flatten() {
            ends[asset as usize + 1] += 1;
        }
        for i in 0..assets {
            ends[i + 1] += ends[i];
        }
        let mut next = ends.clone();
        let mut items = vec![0; ends[assets] as usize];
        for (position, asset) in (0u32..).zip(named) {
            if let Some(asset) = asset {
                let slot = &mut next[asset as usize];
                items[*slot as usize] = position;
                *slot += 1;
            }
        }
        Self { ends, items }
    }

    fn of(&self, asset: u32) -> &[u32] {
        let asset = asset as usize;
        &self.items[self.ends[asset] as usize..self.ends[asset + 1] as usize]
    }
}

/// Edges of an asset, as slots.
const SLOTS: u32 = meed_statement::units::EDGES as u32;

fn sum(values: impl Iterator<Item = Number>) -> Number {
    Number(values.fold(U256::ZERO, |sum, value| sum + value.0))
}

fn event_id(event: &Event) -> String {
    hex_0x(&event.id)
}

impl<'a> Receipts<'a> {
    /// Prepares receipts from inputs that passed `check_inputs` and their trace.
    ///
    /// # Errors
    /// [`ReceiptError::Trace`] when the trace's lists have other lengths than the inputs'.
    ///
    /// # Panics
    /// May panic on inputs that `check_inputs` refuses.
    pub fn new(
        inputs: &'a Inputs,
        trace: &'a Trace,
        names: &'a [String],
    ) -> Result<Self, ReceiptError> {
        for (what, expected, got) in [
            ("counts", inputs.records.len(), trace.counted.len()),
            ("prices", inputs.events.len(), trace.prices.len()),
            ("flows", inputs.registry.len(), trace.flows.len()),
        ] {
            if expected != got {
                return Err(ReceiptError::Trace { what, expected, got });
            }
        }
        let assets = inputs.registry.len();
        let slots = inputs.registry.iter().flat_map(|asset| {
            (0..SLOTS as usize).map(|slot| asset.edges.get(slot).map(|edge| edge.parent))
        });
        let owners = (0u32..).zip(&inputs.registry);
        let mut owned: Vec<(Account, u32)> = owners.map(|(i, asset)| (asset.owner, i)).collect();
        owned.sort_unstable();
        Ok(Self {
            inputs,
            trace,
            names,
            records: ByAsset::new(assets, inputs.records.iter().map(|r| Some(r.asset))),
            served: ByAsset::new(assets, inputs.events.iter().map(|e| Some(e.service))),
            modelled: ByAsset::new(assets, inputs.events.iter().map(|e| Some(e.model))),
            children: ByAsset::new(assets, slots),
            owned,
        })
    }

    /// All accounts that have a receipt, increasing.
    pub fn accounts(&self) -> impl Iterator<Item = Account> + 'a {
        self.trace.accounts.iter().map(|row| row.account)
    }

    /// The receipt of one account.
    ///
    /// # Errors
    /// [`ReceiptError::UnknownAccount`].
    pub fn of(&self, account: &Account) -> Result<Receipt, ReceiptError> {
        let rows = &self.trace.accounts;
        let unknown =
            |_| ReceiptError::UnknownAccount { account: *account, epoch: self.inputs.epoch };
        let row = &rows[rows.binary_search_by(|r| r.account.cmp(account)).map_err(unknown)?];
        let first = self.owned.partition_point(|(owner, _)| owner < account);
        let own: Vec<u32> = self.owned[first..]
            .iter()
            .take_while(|(owner, _)| owner == account)
            .map(|(_, asset)| *asset)
            .collect();
        let assets: Vec<AssetPart> = own.iter().map(|asset| self.asset(*asset)).collect();
        let roles = self.roles(account);

        let credit = |role: &Option<Role>| role.as_ref().map_or(U256::ZERO, |r| r.credit.0);
        let remainder = roles.remainder.as_ref();
        let from_roles = credit(&roles.platform)
            + credit(&roles.stakers)
            + remainder.map_or(U256::ZERO, |r| r.credit.0);
        let cap_excess = remainder.map_or(U256::ZERO, |r| r.cap_excess_total.0);
        let total = row.accrued_before + row.credited + cap_excess;
        let totals = Totals {
            kept: sum(assets.iter().map(|asset| asset.kept)),
            roles: from_roles.into(),
            earned: row.earned.into(),
            cap: self.trace.cap.into(),
            cap_exempt: roles.any(),
            over_cap: (row.earned - row.credited).into(),
            credited: row.credited.into(),
            cap_excess: cap_excess.into(),
            carried_in: row.accrued_before.into(),
            total: total.into(),
            paid: row.amount.into(),
            waits: row.accrued_after.into(),
            why: why(total, row.amount, row.accrued_after),
        };
        Ok(Receipt {
            format: FORMAT.to_owned(),
            version: VERSION,
            epoch: self.inputs.epoch.into(),
            account: *account,
            policy: self.terms(),
            commitments: self.commitments(),
            fees_total: self.trace.header.fees_total.into(),
            sources: self.sources(&own),
            onward: self.onward(&own),
            assets,
            roles,
            totals,
        })
    }

    fn name(&self, asset: u32) -> String {
        let named = self.names.get(asset as usize).filter(|name| !name.is_empty());
        named.cloned().unwrap_or_else(|| format!("asset {asset}"))
    }

    fn registered(&self, asset: u32) -> &'a Asset {
        &self.inputs.registry[asset as usize]
    }

    fn terms(&self) -> Terms {
        let policy = &self.inputs.policy;
        let [platform_bps, stakers_bps, service_bps, model_bps, data_bps] =
            policy.shares().map(|share| share.get());
        Terms {
            platform_bps,
            stakers_bps,
            service_bps,
            model_bps,
            data_bps,
            cap_bps: policy.cap_bps.get(),
            threshold: policy.threshold.into(),
            fraction_bits: policy.fraction_bits,
            min_payout: policy.min_payout.into(),
        }
    }

    fn commitments(&self) -> Commitments {
        let header = &self.trace.header;
        let text = |word| hex_0x(&word_to_bytes(&word));
        Commitments {
            policy_hash: text(header.policy_hash),
            registry_root: text(header.registry_root),
            scores_root: text(header.scores_root),
            state_root_before: text(header.state_root_before),
            state_root_after: text(header.state_root_after),
            h: text(self.trace.h),
        }
    }

    fn asset(&self, index: u32) -> AssetPart {
        let asset = self.registered(index);
        let flow = &self.trace.flows[index as usize];
        let records: Vec<RecordPart> =
            self.records.of(index).iter().map(|record| self.record(*record)).collect();
        let policy = &self.inputs.policy;
        let served = self.uses(self.served.of(index), policy.service_bps.get());
        let modelled = self.uses(self.modelled.of(index), policy.model_bps.get());
        let received = self.received(index);
        let passes = asset.edges.iter().zip(flow.passes).map(|(edge, credit)| Pass {
            to: edge.parent,
            name: self.name(edge.parent),
            owner: self.registered(edge.parent).owner,
            bps: edge.bps.get(),
            credit: credit.into(),
        });
        AssetPart {
            index,
            name: self.name(index),
            kind: asset.kind.name().to_owned(),
            content_hash: hex::encode(asset.content_hash.0),
            from_records: sum(records.iter().map(|r| r.credit)),
            from_service: sum(served.iter().map(|u| u.credit)),
            from_model: sum(modelled.iter().map(|u| u.credit)),
            direct: flow.direct.into(),
            received_total: sum(received.iter().map(|r| r.credit)),
            inflow: flow.inflow.into(),
            passes: passes.collect(),
            penalty_bps: asset.penalty.get(),
            penalty: flow.penalty.into(),
            kept: flow.kept.into(),
            records,
            served,
            modelled,
            received,
        }
    }

    fn record(&self, position: u32) -> RecordPart {
        let record = &self.inputs.records[position as usize];
        let event = &self.inputs.events[record.event as usize];
        let price = &self.trace.prices[record.event as usize];
        let counted = self.trace.counted[position as usize];
        RecordPart {
            event: record.event,
            event_id: event_id(event),
            fee: event.fee.into(),
            score: Score(record.score),
            counted: counted.into(),
            points: price.points.into(),
            price: price.price.into(),
            credit: (price.price * U256::from(counted)).into(),
        }
    }

    fn uses(&self, events: &[u32], bps: u32) -> Vec<Use> {
        let part = |position: &u32| {
            let event = &self.inputs.events[*position as usize];
            Use {
                event: *position,
                event_id: event_id(event),
                fee: event.fee.into(),
                credit: fee_share(event.fee, bps).into(),
            }
        };
        events.iter().map(part).collect()
    }

    /// What an asset is passed by later ones, zeros left out.
    fn received(&self, index: u32) -> Vec<Received> {
        let part = |item: &u32| {
            let (from, slot) = (item / SLOTS, (item % SLOTS) as usize);
            let flow = &self.trace.flows[from as usize];
            Received {
                from,
                name: self.name(from),
                inflow: flow.inflow.into(),
                bps: self.registered(from).edges[slot].bps.get(),
                credit: flow.passes[slot].into(),
            }
        };
        let all = self.children.of(index).iter().map(part);
        all.filter(|received| !received.credit.0.is_zero()).collect()
    }

    /// Others' assets from which income reached `own`, over any number of edges.
    fn sources(&self, own: &[u32]) -> Vec<Source> {
        let mut seen: BTreeSet<u32> = own.iter().copied().collect();
        let mut todo = own.to_vec();
        while let Some(asset) = todo.pop() {
            for received in self.received(asset) {
                if seen.insert(received.from) {
                    todo.push(received.from);
                }
            }
        }
        let others = seen.into_iter().filter(|asset| own.binary_search(asset).is_err());
        others.map(|asset| self.source(asset)).collect()
    }

    fn source(&self, index: u32) -> Source {
        let policy = &self.inputs.policy;
        let records = self.records.of(index).iter().map(|record| self.record(*record).credit);
        let uses = |events, bps| sum(self.uses(events, bps).into_iter().map(|part| part.credit));
        let flow = &self.trace.flows[index as usize];
        Source {
            index,
            name: self.name(index),
            owner: self.registered(index).owner,
            from_records: sum(records),
            from_service: uses(self.served.of(index), policy.service_bps.get()),
            from_model: uses(self.modelled.of(index), policy.model_bps.get()),
            direct: flow.direct.into(),
            received: self.received(index),
            inflow: flow.inflow.into(),
        }
    }

    /// Others' assets that income of `own` goes to, and that these owe in turn.
    fn onward(&self, own: &[u32]) -> Vec<Onward> {
        let mut seen = BTreeSet::new();
        let mut todo = own.to_vec();
        while let Some(asset) = todo.pop() {
            let flow = &self.trace.flows[asset as usize];
            for (edge, pass) in self.registered(asset).edges.iter().zip(flow.passes) {
                let is_own = own.binary_search(&edge.parent).is_ok();
                if !pass.is_zero() && !is_own && seen.insert(edge.parent) {
                    todo.push(edge.parent);
                }
            }
        }
        seen.into_iter().map(|asset| self.onward_part(asset)).collect()
    }

    fn onward_part(&self, index: u32) -> Onward {
        let asset = self.registered(index);
        let edge = |edge: &meed_statement::types::Edge| OnwardEdge {
            to: edge.parent,
            name: self.name(edge.parent),
            bps: edge.bps.get(),
        };
        Onward {
            index,
            name: self.name(index),
            owner: asset.owner,
            edges: asset.edges.iter().map(edge).collect(),
            penalty_bps: asset.penalty.get(),
        }
    }

    fn roles(&self, account: &Account) -> Roles {
        let policy = &self.inputs.policy;
        let role = |holder: &Account, credit: U256| {
            (holder == account).then(|| Role { credit: credit.into() })
        };
        Roles {
            platform: role(&policy.platform, self.trace.roles.platform),
            stakers: role(&policy.stakers, self.trace.roles.stakers),
            remainder: (policy.remainder == *account).then(|| self.remainder()),
        }
    }

    fn remainder(&self) -> Remainder {
        let events = (0u32..).zip(self.inputs.events.iter().zip(&self.trace.prices));
        let leftovers: Vec<Leftover> = events
            .filter(|(_, (_, price))| !price.leftover.is_zero())
            .map(|(position, (event, price))| Leftover {
                event: position,
                event_id: event_id(event),
                fee: event.fee.into(),
                points: price.points.into(),
                credit: price.leftover.into(),
            })
            .collect();
        let assets = (0u32..).zip(self.inputs.registry.iter().zip(&self.trace.flows));
        let penalties: Vec<Penalty> = assets
            .filter(|(_, (_, flow))| !flow.penalty.is_zero())
            .map(|(index, (asset, flow))| Penalty {
                asset: index,
                name: self.name(index),
                inflow: flow.inflow.into(),
                bps: asset.penalty.get(),
                credit: flow.penalty.into(),
            })
            .collect();
        let capped = self.trace.accounts.iter().filter(|row| row.earned > row.credited);
        let cap_excess: Vec<CapExcess> = capped
            .map(|row| CapExcess {
                account: row.account,
                earned: row.earned.into(),
                credit: (row.earned - row.credited).into(),
            })
            .collect();
        Remainder {
            leftovers_total: sum(leftovers.iter().map(|l| l.credit)),
            penalties_total: sum(penalties.iter().map(|p| p.credit)),
            credit: self.trace.roles.remainder.into(),
            cap_excess_total: sum(cap_excess.iter().map(|e| e.credit)),
            leftovers,
            penalties,
            cap_excess,
        }
    }
}

/// Why something waits.
pub(super) fn why(total: U256, paid: u128, waits: U256) -> Why {
    if total.is_zero() {
        Why::Nothing
    } else if paid == 0 {
        Why::UnderMinimum
    } else if waits.is_zero() {
        Why::AllPaid
    } else {
        Why::FractionWaits
    }
}
