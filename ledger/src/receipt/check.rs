//! Adding a receipt up again, from nothing but itself.

use std::collections::BTreeMap;

use meed_statement::units::{BPS, CREDIT_FRACTION_BITS, UNIT};
use ruint::aliases::U256;

use super::account::Remainder;
use super::asset::{AssetPart, Received, RecordPart, Source};
use super::build::why;
use super::{Number, Receipt, ReceiptError, Terms, FORMAT, VERSION};

type Check = Result<(), ReceiptError>;

fn wrong(at: String, expected: impl ToString, got: impl ToString) -> ReceiptError {
    ReceiptError::Sum { at, expected: expected.to_string(), got: got.to_string() }
}

/// `got` is `expected`, which is `None` when it does not fit 256 bits.
fn same(expected: Option<U256>, got: Number, at: impl FnOnce() -> String) -> Check {
    match expected {
        Some(expected) if expected == got.0 => Ok(()),
        Some(expected) => Err(wrong(at(), expected, got)),
        None => Err(wrong(at(), "a number below 2^256", got)),
    }
}

fn sum(values: impl IntoIterator<Item = Number>) -> Option<U256> {
    values.into_iter().try_fold(U256::ZERO, |sum, value| sum.checked_add(value.0))
}

/// `fee * bps * 2^40`.
fn fee_share(fee: Number, bps: u32) -> Option<U256> {
    fee.0.checked_mul(U256::from(u64::from(bps) << CREDIT_FRACTION_BITS))
}

/// `floor(inflow * bps / 10_000)`.
fn share(inflow: Number, bps: u32) -> Option<U256> {
    inflow.0.checked_mul(U256::from(bps)).map(|all| all / U256::from(BPS))
}

impl Receipt {
    /// Adds everything up again: each record's count, price and credit, each edge, penalty, role, the
    /// cap and the payout. What the receipt does not hold stays unchecked: that the scores are the
    /// committed ones and that no asset, record or event is missing.
    ///
    /// # Errors
    /// The first [`ReceiptError::Sum`] that is off, be it by one credit; [`ReceiptError::Format`].
    pub fn check(&self) -> Check {
        if self.format != FORMAT || self.version != VERSION {
            let format = self.format.clone();
            return Err(ReceiptError::Format { format, version: self.version });
        }
        self.check_terms()?;
        self.check_events()?;
        let inflows = self.inflows()?;
        for asset in &self.assets {
            self.check_asset(asset, &inflows)?;
        }
        for source in &self.sources {
            check_source(source, &inflows)?;
        }
        self.check_roles()?;
        self.check_totals()
    }

    fn check_terms(&self) -> Check {
        let terms = &self.policy;
        let shares = [
            terms.platform_bps,
            terms.stakers_bps,
            terms.service_bps,
            terms.model_bps,
            terms.data_bps,
        ];
        let sum = shares.iter().try_fold(0u32, |sum, share| sum.checked_add(*share));
        if sum != Some(BPS) {
            return Err(wrong("policy: the five shares".into(), BPS, format!("{shares:?}")));
        }
        if terms.cap_bps > BPS {
            return Err(wrong("policy: cap_bps".into(), "at most 10,000", terms.cap_bps));
        }
        Ok(())
    }

    /// Everywhere in the receipt, an event has one id, one fee and one number of points.
    fn check_events(&self) -> Check {
        let mut seen = BTreeMap::new();
        let mut check = |event: u32, id: &'_ str, fee: Number, points: Option<Number>| {
            let (first_id, first_fee, known) =
                seen.entry(event).or_insert_with(|| (id.to_owned(), fee, points));
            *known = known.or(points);
            if first_id == id && *first_fee == fee && points.is_none_or(|p| *known == Some(p)) {
                return Ok(());
            }
            let expected = format!("id {first_id}, fee {first_fee}, points {known:?}");
            let got = format!("id {}, fee {fee}, points {points:?}", super::plain(id));
            Err(wrong(format!("event {event}"), expected, got))
        };
        for asset in &self.assets {
            for record in &asset.records {
                check(record.event, &record.event_id, record.fee, Some(record.points))?;
            }
            for part in asset.served.iter().chain(&asset.modelled) {
                check(part.event, &part.event_id, part.fee, None)?;
            }
        }
        for left in self.roles.remainder.iter().flat_map(|part| &part.leftovers) {
            check(left.event, &left.event_id, left.fee, Some(left.points))?;
        }
        Ok(())
    }

    /// The inflow of every asset in the receipt; each stands there once.
    fn inflows(&self) -> Result<BTreeMap<u32, U256>, ReceiptError> {
        let own = self.assets.iter().map(|asset| (asset.index, asset.inflow));
        let others = self.sources.iter().map(|source| (source.index, source.inflow));
        let mut inflows = BTreeMap::new();
        for (index, inflow) in own.chain(others) {
            if inflows.insert(index, inflow.0).is_some() {
                return Err(wrong(format!("asset {index}"), "one entry", "two"));
            }
        }
        Ok(inflows)
    }

    fn check_asset(&self, asset: &AssetPart, inflows: &BTreeMap<u32, U256>) -> Check {
        let at = |what: &str| format!("asset {} {what}", asset.index);
        for record in &asset.records {
            check_record(record, &self.policy, || at(&format!("in event {}", record.event)))?;
        }
        let uses = asset.served.iter().map(|part| (part, self.policy.service_bps, "service"));
        let models = asset.modelled.iter().map(|part| (part, self.policy.model_bps, "model"));
        for (part, bps, role) in uses.chain(models) {
            let expected = fee_share(part.fee, bps);
            same(expected, part.credit, || at(&format!("as {role} of event {}", part.event)))?;
        }
        let lists = [
            (sum(asset.records.iter().map(|r| r.credit)), asset.from_records, "from records"),
            (sum(asset.served.iter().map(|u| u.credit)), asset.from_service, "from service"),
            (sum(asset.modelled.iter().map(|u| u.credit)), asset.from_model, "from model"),
            (
                sum([asset.from_records, asset.from_service, asset.from_model]),
                asset.direct,
                "earned directly",
            ),
            (sum(asset.received.iter().map(|r| r.credit)), asset.received_total, "received"),
            (sum([asset.direct, asset.received_total]), asset.inflow, "inflow"),
        ];
        for (expected, got, what) in lists {
            same(expected, got, || at(what))?;
        }
        check_received(asset.index, &asset.received, inflows)?;

        let mut kept = Some(asset.inflow.0);
        for pass in &asset.passes {
            same(share(asset.inflow, pass.bps), pass.credit, || {
                at(&format!("passed to asset {}", pass.to))
            })?;
            kept = kept.and_then(|kept| kept.checked_sub(pass.credit.0));
            self.check_own_edge(asset, pass.to, pass.bps, pass.credit)?;
        }
        same(share(asset.inflow, asset.penalty_bps), asset.penalty, || at("penalty"))?;
        kept = kept.and_then(|kept| kept.checked_sub(asset.penalty.0));
        same(kept, asset.kept, || at("kept"))
    }

    /// What one of the account's assets passes to another of them must have arrived.
    fn check_own_edge(&self, asset: &AssetPart, to: u32, bps: u32, credit: Number) -> Check {
        let Some(parent) = self.assets.iter().find(|a| a.index == to && !credit.0.is_zero()) else {
            return Ok(());
        };
        let edge =
            |part: &Received| (part.from, part.bps, part.credit) == (asset.index, bps, credit);
        if parent.received.iter().any(edge) {
            return Ok(());
        }
        let at = format!("asset {to} received from asset {}", asset.index);
        Err(wrong(at, credit, "nothing like it"))
    }

    fn check_roles(&self) -> Check {
        let roles = [
            ("platform", &self.roles.platform, self.policy.platform_bps),
            ("stakers", &self.roles.stakers, self.policy.stakers_bps),
        ];
        for (name, role, bps) in roles {
            if let Some(role) = role {
                let expected = fee_share(self.fees_total, bps);
                same(expected, role.credit, || format!("role {name}"))?;
            }
        }
        self.roles.remainder.as_ref().map_or(Ok(()), |part| self.check_remainder(part))
    }

    fn check_remainder(&self, part: &Remainder) -> Check {
        for leftover in &part.leftovers {
            let data = fee_share(leftover.fee, self.policy.data_bps);
            let points = leftover.points.0;
            let rest = data.map(|data| if points.is_zero() { data } else { data % points });
            same(rest, leftover.credit, || format!("left over in event {}", leftover.event))?;
        }
        for penalty in &part.penalties {
            let expected = share(penalty.inflow, penalty.bps);
            same(expected, penalty.credit, || format!("penalty of asset {}", penalty.asset))?;
        }
        for excess in &part.cap_excess {
            let above = excess.earned.0.checked_sub(self.totals.cap.0);
            same(above, excess.credit, || format!("above the cap: {}", excess.account))?;
        }
        let sums = [
            (sum(part.leftovers.iter().map(|l| l.credit)), part.leftovers_total, "left over"),
            (sum(part.penalties.iter().map(|p| p.credit)), part.penalties_total, "penalties"),
            (sum([part.leftovers_total, part.penalties_total]), part.credit, "credit"),
            (sum(part.cap_excess.iter().map(|e| e.credit)), part.cap_excess_total, "cap excess"),
        ];
        sums.into_iter().try_for_each(|(expected, got, what)| {
            same(expected, got, || format!("role remainder, {what}"))
        })
    }

    fn check_totals(&self) -> Check {
        let totals = &self.totals;
        let at = |what: &str| format!("totals: {what}");
        let (roles, remainder) = (&self.roles, self.roles.remainder.as_ref());
        let credits = [
            roles.platform.as_ref().map(|r| r.credit),
            roles.stakers.as_ref().map(|r| r.credit),
            remainder.map(|r| r.credit),
        ];
        if totals.cap_exempt != roles.any() {
            return Err(wrong(at("cap_exempt"), roles.any(), totals.cap_exempt));
        }
        let capped = if totals.cap_exempt { totals.earned } else { totals.earned.min(totals.cap) };
        let excess = remainder.map_or(U256::ZERO, |r| r.cap_excess_total.0);
        let sums = [
            (sum(self.assets.iter().map(|a| a.kept)), totals.kept, "kept"),
            (sum(credits.into_iter().flatten()), totals.roles, "roles"),
            (sum([totals.kept, totals.roles]), totals.earned, "earned"),
            (fee_share(self.fees_total, self.policy.cap_bps), totals.cap, "cap"),
            (Some(capped.0), totals.credited, "credited"),
            (totals.earned.0.checked_sub(capped.0), totals.over_cap, "over_cap"),
            (Some(excess), totals.cap_excess, "cap_excess"),
            (sum([totals.credited, totals.cap_excess, totals.carried_in]), totals.total, "total"),
        ];
        for (expected, got, what) in sums {
            same(expected, got, || at(what))?;
        }
        let (whole, rest) = totals.total.0.div_rem(U256::from(UNIT));
        let least = self.policy.min_payout.0.max(U256::from(1));
        let (paid, waits) =
            if whole >= least { (whole, rest) } else { (U256::ZERO, totals.total.0) };
        same(Some(paid), totals.paid, || at("paid"))?;
        same(Some(waits), totals.waits, || at("waits"))?;
        let paid: u128 = paid.try_into().map_err(|_| wrong(at("paid"), "below 2^128", paid))?;
        let expected = why(totals.total.0, paid, waits);
        if expected == totals.why {
            return Ok(());
        }
        Err(wrong(at("why"), format!("{expected:?}"), format!("{:?}", totals.why)))
    }
}

fn check_record(record: &RecordPart, terms: &Terms, at: impl Fn() -> String) -> Check {
    let score = u64::try_from(record.score.0).map_or(U256::ZERO, U256::from);
    let counts = record.score.0 >= 0 && score >= terms.threshold.0;
    let counted = if counts { score } else { U256::ZERO };
    same(Some(counted), record.counted, || at() + ", counted")?;
    if record.counted > record.points {
        return Err(wrong(at() + ", points", "at least what the record counts", record.points));
    }
    let data = fee_share(record.fee, terms.data_bps);
    let price = data.map(|data| data.checked_div(record.points.0).unwrap_or(U256::ZERO));
    same(price, record.price, || at() + ", price")?;
    let credit = record.price.0.checked_mul(record.counted.0);
    same(credit, record.credit, || at() + ", credit")
}

fn check_source(source: &Source, inflows: &BTreeMap<u32, U256>) -> Check {
    let at = |what: &str| format!("source asset {} {what}", source.index);
    let parts = [source.from_records, source.from_service, source.from_model];
    same(sum(parts), source.direct, || at("earned directly"))?;
    let all = source.received.iter().map(|part| part.credit).chain([source.direct]);
    same(sum(all), source.inflow, || at("inflow"))?;
    check_received(source.index, &source.received, inflows)
}

/// What an asset received: from later assets whose inflow stands in the receipt.
fn check_received(index: u32, received: &[Received], inflows: &BTreeMap<u32, U256>) -> Check {
    for part in received {
        let at = || format!("asset {index} received from asset {}", part.from);
        if part.from <= index {
            return Err(wrong(at(), "a later asset", part.from));
        }
        let inflow = inflows.get(&part.from);
        let inflow = inflow.ok_or_else(|| wrong(at(), "its inflow among the sources", "none"))?;
        same(Some(*inflow), part.inflow, || at() + ", inflow")?;
        same(share(part.inflow, part.bps), part.credit, at)?;
    }
    Ok(())
}
