//! Receipts for people.

use std::fmt::Write;

use meed_statement::types::Account;
use meed_statement::units::{unit, BPS};
use ruint::aliases::U256;

use super::account::{Remainder, Why};
use super::asset::{AssetPart, RecordPart};
use super::number::{grouped, percent, plain, score_text, share, Show};
use super::Receipt;

/// `0x1234…cdef`.
pub(crate) fn short(account: &Account) -> String {
    let text = account.to_string();
    let (start, end) = text.split_at(text.len() - 4);
    format!("{}…{end}", start.get(..6).unwrap_or(start))
}

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{} {many}", grouped(n))
    }
}

impl Receipt {
    /// Why the account got what it got, a sentence each.
    #[must_use]
    pub fn reasons(&self, show: &Show) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.assets.is_empty() && !self.roles.any() {
            reasons.push(
                "You own no registered asset and have no role; only what waited from earlier epochs \
                 is accounted for here."
                    .to_owned(),
            );
        }
        for asset in &self.assets {
            self.asset_reasons(asset, show, &mut reasons);
        }
        self.role_reasons(show, &mut reasons);
        self.total_reasons(show, &mut reasons);
        reasons
    }

    fn asset_reasons(&self, asset: &AssetPart, show: &Show, reasons: &mut Vec<String>) {
        let name = plain(&asset.name);
        let records = asset.records.len();
        let zero = asset.records.iter().filter(|r| r.counted.0.is_zero()).count();
        if records == 0 && asset.served.is_empty() && asset.modelled.is_empty() {
            reasons.push(format!("{name}: no event named it, so it earned nothing directly."));
        }
        if zero > 0 {
            let negative = asset.records.iter().filter(|r| r.score.0 < 0).count();
            let minus = if negative > 0 {
                format!(" ({} negative)", grouped(negative))
            } else {
                String::new()
            };
            let threshold = self.threshold();
            let said = if threshold == "0" {
                "not above zero".to_owned()
            } else {
                format!("below the threshold of {threshold}")
            };
            reasons.push(format!(
                "{name}: its score was {said} in {} of {}{minus}, so {} counted nothing.",
                grouped(zero),
                count(records, "record", "records"),
                if zero == 1 { "this one" } else { "these" },
            ));
        }
        for part in &asset.received {
            let from = plain(&part.name);
            let what = if part.bps == BPS {
                format!("everything that came in at {from}, as it is marked as a copy of {name}")
            } else {
                format!("{} of everything that came in at {from}", share(part.bps))
            };
            let credit = show.credits(part.credit.0);
            reasons.push(format!("{name}: received {credit}, {what}."));
        }
        for pass in &asset.passes {
            let to = format!("{} ({})", plain(&pass.name), short(&pass.owner));
            let why = if pass.bps == BPS {
                format!("it is marked as a copy of {to}")
            } else {
                format!("it owes {to} a royalty")
            };
            reasons.push(format!(
                "{name}: {} of everything that came in, {}, went on because {why}.",
                share(pass.bps),
                show.credits(pass.credit.0),
            ));
        }
        if asset.penalty_bps == BPS {
            reasons.push(format!(
                "{name}: it is suspended, so all that came in, {}, went to the remainder account.",
                show.credits(asset.penalty.0),
            ));
        } else if asset.penalty_bps > 0 {
            reasons.push(format!(
                "{name}: a penalty of {} of everything that came in, {}, went to the remainder account.",
                share(asset.penalty_bps),
                show.credits(asset.penalty.0),
            ));
        }
    }

    fn role_reasons(&self, show: &Show, reasons: &mut Vec<String>) {
        let terms = &self.policy;
        let roles = [
            ("platform", &self.roles.platform, terms.platform_bps),
            ("stakers' account", &self.roles.stakers, terms.stakers_bps),
        ];
        for (name, role, bps) in roles {
            if let Some(role) = role {
                reasons.push(format!(
                    "As the {name} you get {} of all fees: {}.",
                    share(bps),
                    show.credits(role.credit.0)
                ));
            }
        }
        if let Some(part) = &self.roles.remainder {
            let empty = part.leftovers.iter().filter(|l| l.points.0.is_zero());
            let unpaid = match empty.count() {
                0 => String::new(),
                n => format!(
                    " (all of the data share of {} without a counted score)",
                    count(n, "event", "events")
                ),
            };
            reasons.push(format!(
                "As the remainder account you get what prices leave over, {}{unpaid}, penalties, {}, and \
                 what the cap takes, {}.",
                show.credits(part.leftovers_total.0),
                show.credits(part.penalties_total.0),
                show.credits(part.cap_excess_total.0),
            ));
        }
    }

    fn total_reasons(&self, show: &Show, reasons: &mut Vec<String>) {
        let totals = &self.totals;
        if !totals.over_cap.0.is_zero() {
            reasons.push(format!(
                "You earned {}, but an account earns at most {} of the epoch's fees, {}: the excess of \
                 {} went to the remainder account.",
                show.credits(totals.earned.0),
                share(self.policy.cap_bps),
                show.credits(totals.cap.0),
                show.credits(totals.over_cap.0),
            ));
        }
        if !totals.carried_in.0.is_zero() {
            let carried = show.credits(totals.carried_in.0);
            reasons.push(format!("{carried} waited for you from earlier epochs."));
        }
        let waits = show.credits(totals.waits.0);
        reasons.push(match totals.why {
            Why::Nothing => "Nothing came in and nothing waited, so nothing is paid.".to_owned(),
            Why::AllPaid => "All of it is paid now.".to_owned(),
            Why::FractionWaits => {
                format!("Payouts are whole base units: the fraction that is left, {waits}, waits.")
            }
            Why::UnderMinimum => {
                let least = show.credits(
                    self.policy.min_payout.0.max(U256::from(1)).saturating_mul(unit()),
                );
                format!("{waits} is under the minimum payout of {least}: all of it waits, nothing is lost.")
            }
        });
    }

    fn threshold(&self) -> String {
        let threshold = i64::try_from(self.policy.threshold.0).unwrap_or(i64::MAX);
        score_text(threshold, self.policy.fraction_bits)
    }

    /// The receipt as text: the answer, the reasons, and how it adds up, every line with its exact
    /// credits.
    #[must_use]
    pub fn to_text(&self, show: &Show) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(show, &mut text);
        text
    }

    fn write_text(&self, show: &Show, f: &mut String) -> std::fmt::Result {
        let totals = &self.totals;
        writeln!(f, "Receipt for {}, epoch {}", self.account, self.epoch)?;
        writeln!(f, "{}\n", show.legend())?;
        let paid = totals.paid.0.saturating_mul(unit());
        writeln!(f, "Paid now: {}", show.credits(paid))?;
        writeln!(f, "Waits:    {}\n", show.credits(totals.waits.0))?;
        writeln!(f, "Why")?;
        for reason in self.reasons(show) {
            writeln!(f, "- {reason}")?;
        }
        writeln!(f, "\nHow it adds up")?;
        let lines = [
            ("  kept by your assets", totals.kept, true),
            ("+ from your roles", totals.roles, self.roles.any()),
            ("= earned in this epoch", totals.earned, true),
            ("- above the cap", totals.over_cap, !totals.over_cap.0.is_zero()),
            ("+ cap excess of others", totals.cap_excess, !totals.cap_excess.0.is_zero()),
            ("+ waited from earlier epochs", totals.carried_in, true),
            ("= total", totals.total, true),
            ("- paid now", paid.into(), true),
            ("= waits", totals.waits, true),
        ];
        for (name, amount, shown) in lines {
            if shown {
                writeln!(f, "  {name:<30} {}", show.exact(amount.0))?;
            }
        }
        for asset in &self.assets {
            self.write_asset(asset, show, f)?;
        }
        self.write_sources(show, f)?;
        self.write_onward(f)?;
        if let Some(remainder) = &self.roles.remainder {
            write_remainder(remainder, show, f)?;
        }
        let c = &self.commitments;
        writeln!(f, "\nCommitments (compare with the epoch's bundle)")?;
        for (name, value) in [
            ("policy", &c.policy_hash),
            ("registry", &c.registry_root),
            ("scores", &c.scores_root),
            ("state before", &c.state_root_before),
            ("state after", &c.state_root_after),
            ("all public words (h)", &c.h),
        ] {
            writeln!(f, "  {name:<20} {}", plain(value))?;
        }
        Ok(())
    }

    fn write_asset(&self, asset: &AssetPart, show: &Show, f: &mut String) -> std::fmt::Result {
        let AssetPart { index, .. } = asset;
        let (name, kind) = (plain(&asset.name), plain(&asset.kind));
        writeln!(f, "\nAsset {index}, {name} ({kind}, {})", plain(&asset.content_hash))?;
        for record in &asset.records {
            writeln!(f, "    {}", self.record_line(record, show))?;
        }
        for (part, role, bps) in
            asset.served.iter().map(|part| (part, "served", self.policy.service_bps)).chain(
                asset.modelled.iter().map(|part| (part, "was the model of", self.policy.model_bps)),
            )
        {
            let fee = grouped(part.fee);
            let credit = show.exact(part.credit.0);
            let share = share(bps);
            writeln!(f, "    {role} event {}: {share} of a fee of {fee} -> {credit}", part.event)?;
        }
        writeln!(f, "    = earned directly    {}", show.exact(asset.direct.0))?;
        for part in &asset.received {
            writeln!(
                f,
                "    + from asset {}, {}: {} of {} -> {}",
                part.from,
                plain(&part.name),
                share(part.bps),
                show.credits(part.inflow.0),
                show.exact(part.credit.0)
            )?;
        }
        writeln!(f, "    = came in            {}", show.exact(asset.inflow.0))?;
        for pass in &asset.passes {
            writeln!(
                f,
                "    - to asset {}, {} of {}: {} -> {}",
                pass.to,
                plain(&pass.name),
                short(&pass.owner),
                share(pass.bps),
                show.exact(pass.credit.0)
            )?;
        }
        if asset.penalty_bps > 0 {
            let share = share(asset.penalty_bps);
            writeln!(f, "    - penalty: {share} -> {}", show.exact(asset.penalty.0))?;
        }
        writeln!(f, "    = kept for you       {}", show.exact(asset.kept.0))
    }

    fn record_line(&self, record: &RecordPart, show: &Show) -> String {
        let score = score_text(record.score.0, self.policy.fraction_bits);
        let event = record.event;
        if record.counted.0.is_zero() {
            let why = if record.score.0 < 0 {
                "negative"
            } else if record.score.0 == 0 {
                "zero"
            } else {
                "below the threshold"
            };
            return format!("event {event}: score {score}, {why}, counts nothing");
        }
        format!(
            "event {event}: score {score}, {} of the event's points, fee {}: {} points at {} credits -> {}",
            percent(record.counted.0, record.points.0),
            grouped(record.fee),
            grouped(record.counted),
            grouped(record.price),
            show.exact(record.credit.0)
        )
    }

    fn write_sources(&self, show: &Show, f: &mut String) -> std::fmt::Result {
        if self.sources.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nWhere the income that others' assets passed up came from")?;
        for source in &self.sources {
            let name = plain(&source.name);
            writeln!(f, "  Asset {}, {name} of {}", source.index, short(&source.owner))?;
            for (what, amount) in [
                ("its scores", source.from_records),
                ("serving", source.from_service),
                ("as a model", source.from_model),
            ] {
                if !amount.0.is_zero() {
                    writeln!(f, "    from {what}: {}", show.exact(amount.0))?;
                }
            }
            for part in &source.received {
                let credit = show.exact(part.credit.0);
                let (from, name) = (part.from, plain(&part.name));
                writeln!(f, "    + from asset {from}, {name}: {} -> {credit}", share(part.bps))?;
            }
            writeln!(f, "    = came in {}", show.exact(source.inflow.0))?;
        }
        Ok(())
    }

    fn write_onward(&self, f: &mut String) -> std::fmt::Result {
        if self.onward.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nWhere the income that your assets passed up goes")?;
        for part in &self.onward {
            let owes = part
                .edges
                .iter()
                .map(|e| format!("{} to asset {}, {}", share(e.bps), e.to, plain(&e.name)));
            let penalty = (part.penalty_bps > 0)
                .then(|| format!("{} to the remainder account", share(part.penalty_bps)));
            let owes: Vec<String> = owes.chain(penalty).collect();
            let rest = if owes.is_empty() {
                "keeps all of it".to_owned()
            } else {
                format!("passes on {}", owes.join("; "))
            };
            let name = plain(&part.name);
            writeln!(f, "  Asset {}, {name} of {}: {rest}", part.index, short(&part.owner))?;
        }
        Ok(())
    }
}

fn write_remainder(part: &Remainder, show: &Show, f: &mut String) -> std::fmt::Result {
    writeln!(f, "\nThe remainder account")?;
    for leftover in &part.leftovers {
        let why = if leftover.points.0.is_zero() {
            "no score counted, so all of the data share"
        } else {
            "left by the division into points"
        };
        let credit = show.exact(leftover.credit.0);
        writeln!(f, "    event {}: {why} -> {credit}", leftover.event)?;
    }
    writeln!(f, "    = left over      {}", show.exact(part.leftovers_total.0))?;
    for penalty in &part.penalties {
        let (name, share) = (plain(&penalty.name), share(penalty.bps));
        let credit = show.exact(penalty.credit.0);
        writeln!(f, "    penalty of asset {}, {name}: {share} -> {credit}", penalty.asset)?;
    }
    writeln!(f, "    = penalties      {}", show.exact(part.penalties_total.0))?;
    for excess in &part.cap_excess {
        let credit = show.exact(excess.credit.0);
        writeln!(f, "    above the cap, {}: {credit}", short(&excess.account))?;
    }
    writeln!(f, "    = cap excess     {}", show.exact(part.cap_excess_total.0))
}
