//! The report of an epoch: Markdown that says in plain words who got what, and why.
//!
//! The same inputs give the same bytes. A report holds sums, names and accounts, no score and no salt.

use std::collections::BTreeMap;
use std::fmt::Write;

use meed_statement::settle::{fee_share, AccountRow, Trace};
use meed_statement::types::{Account, Inputs};
use meed_statement::units::{credits, unit, BPS};
use meed_statement::words::word_to_bytes;
use ruint::aliases::U256;

use crate::bundle::{domain_text, hex_0x, Verified};
use crate::receipt::{grouped, percent, plain, share, short, Show};

/// Rows of a table; what exceeds them is summed up in one line.
const ROWS: usize = 50;
/// Names in one cell.
const NAMES: usize = 4;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
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
}

/// Writes the report of an epoch.
///
/// `names` are the assets' names by index. Without `bundle` the report says that nothing is proved
/// yet. Amounts are shown as `show` says.
///
/// # Errors
/// [`ReportError::Trace`] when the trace's lists have other lengths than the inputs',
/// [`ReportError::OtherBundle`] when the bundle has other public words.
///
/// # Panics
/// May panic on inputs that `check_inputs` refuses.
pub fn report(
    inputs: &Inputs,
    trace: &Trace,
    names: &[String],
    bundle: Option<&Verified>,
    show: &Show,
) -> Result<String, ReportError> {
    for (what, expected, got) in [
        ("prices", inputs.events.len(), trace.prices.len()),
        ("flows", inputs.registry.len(), trace.flows.len()),
    ] {
        if expected != got {
            return Err(ReportError::Trace { what, expected, got });
        }
    }
    if let Some(bundle) = bundle.filter(|bundle| bundle.words != trace.words()) {
        let (expected, got) = (inputs.epoch, bundle.header.epoch);
        return Err(ReportError::OtherBundle { expected, got });
    }
    let report = Report { inputs, trace, names, show };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = report.write(bundle, &mut text);
    Ok(text)
}

struct Report<'a> {
    inputs: &'a Inputs,
    trace: &'a Trace,
    names: &'a [String],
    show: &'a Show,
}

/// Text as Markdown shows it: nothing in it is markup or a link.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '<' => escaped += "&lt;",
            '&' => escaped += "&amp;",
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '>' | '|' | '~' | '#' | '!' | ':'
            | '@' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped.replace("www.", "www\\.")
}

fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

fn sum(values: impl Iterator<Item = U256>) -> U256 {
    values.fold(U256::ZERO, |sum, value| sum + value)
}

impl Report<'_> {
    fn name(&self, asset: usize) -> String {
        let name = self.names.get(asset).filter(|name| !name.is_empty());
        name.map_or_else(|| format!("asset {asset}"), |name| markdown(name))
    }

    fn owner(&self, asset: usize) -> String {
        short(&self.inputs.registry[asset].owner)
    }

    fn write(&self, bundle: Option<&Verified>, f: &mut String) -> std::fmt::Result {
        let header = &self.trace.header;
        writeln!(f, "# Epoch {}: who got what, and why\n", header.epoch)?;
        match bundle.map(|bundle| bundle.warning()) {
            Some(Some(warning)) => writeln!(f, "> **{warning}**\n")?,
            Some(None) => {}
            None => writeln!(
                f,
                "> **Not proved:** these numbers are computed; no proof of them was checked.\n"
            )?,
        }
        let waiting = sum(self.trace.state_after.iter().map(|e| e.accrued));
        writeln!(
            f,
            "{} brought in {}. {} went to {}; {} wait in {} until later epochs.\n",
            plural(self.inputs.events.len(), "paid event", "paid events"),
            self.show.units(header.fees_total),
            self.show.units(header.released_total),
            plural(self.trace.payouts.len(), "account", "accounts"),
            self.show.credits(waiting),
            plural(self.trace.state_after.len(), "account", "accounts"),
        )?;
        writeln!(f, "{}\n", self.show.legend())?;
        self.fees(f)?;
        self.paid(f)?;
        self.waits(f)?;
        self.assets(f)?;
        self.edges(f)?;
        self.penalties(f)?;
        self.cap(f)?;
        self.uncounted(f)?;
        self.conservation(f)?;
        self.commitments(f)?;
        self.proof(bundle, f)
    }

    fn fees(&self, f: &mut String) -> std::fmt::Result {
        let (policy, fees) = (&self.inputs.policy, self.trace.header.fees_total);
        let left = sum(self.trace.prices.iter().map(|price| price.leftover));
        let of = |bps: u32| fee_share(fees, bps);
        let data = of(policy.data_bps.get());
        writeln!(f, "## Where the fees went\n")?;
        writeln!(f, "| share | goes to | amount |\n|---|---|---:|")?;
        for (bps, to, amount) in [
            (policy.platform_bps, format!("platform {}", short(&policy.platform)), None),
            (policy.stakers_bps, format!("stakers {}", short(&policy.stakers)), None),
            (policy.service_bps, "the services that served the events".to_owned(), None),
            (policy.model_bps, "the models that made the outputs".to_owned(), None),
            (policy.data_bps, "the data, by score".to_owned(), Some(data - left)),
        ] {
            let amount = self.show.credits(amount.unwrap_or_else(|| of(bps.get())));
            writeln!(f, "| {} | {to} | {amount} |", share(bps.get()))?;
        }
        let (left, remainder) = (self.show.credits(left), short(&policy.remainder));
        writeln!(
            f,
            "| | left of the data's share, for the remainder account {remainder} | {left} |"
        )?;
        writeln!(f, "| | **all fees** | **{}** |\n", self.show.units(fees))
    }

    /// What an account has income from: its roles and the names of its assets.
    fn holdings(&self) -> BTreeMap<Account, Vec<String>> {
        let policy = &self.inputs.policy;
        let mut holdings: BTreeMap<Account, Vec<String>> = BTreeMap::new();
        let roles = [
            (policy.platform, "platform"),
            (policy.stakers, "stakers"),
            (policy.remainder, "remainder account"),
        ];
        for (account, role) in roles {
            holdings.entry(account).or_default().push(role.to_owned());
        }
        // What kept the most first.
        let mut assets: Vec<usize> = (0..self.inputs.registry.len()).collect();
        assets.sort_by_key(|asset| (std::cmp::Reverse(self.trace.flows[*asset].kept), *asset));
        for asset in assets.into_iter().filter(|asset| !self.trace.flows[*asset].kept.is_zero()) {
            let owner = self.inputs.registry[asset].owner;
            holdings.entry(owner).or_default().push(self.name(asset));
        }
        holdings
    }

    fn paid(&self, f: &mut String) -> std::fmt::Result {
        writeln!(f, "## Who is paid\n")?;
        if self.trace.payouts.is_empty() {
            return writeln!(f, "Nobody in this epoch.\n");
        }
        let holdings = self.holdings();
        let mut payouts = self.trace.payouts.clone();
        payouts.sort_by_key(|payout| (std::cmp::Reverse(payout.amount), payout.account));
        let all = U256::from(self.trace.header.released_total);
        writeln!(f, "| account | paid | of all | income from |\n|---|---:|---:|---|")?;
        for payout in payouts.iter().take(ROWS) {
            let from = holdings.get(&payout.account).map_or(&[][..], Vec::as_slice);
            let mut names = from.get(..NAMES).unwrap_or(from).join(", ");
            if from.len() > NAMES {
                names += &format!(" and {} more", from.len() - NAMES);
            }
            if from.is_empty() {
                names = "earlier epochs only".to_owned();
            }
            let of_all = percent(U256::from(payout.amount), all);
            let (account, paid) = (short(&payout.account), self.show.units(payout.amount));
            writeln!(f, "| {account} | {paid} | {of_all} | {names} |")?;
        }
        let rest = payouts.get(ROWS..).unwrap_or_default();
        if !rest.is_empty() {
            let amount = self.show.units(rest.iter().map(|payout| payout.amount).sum());
            writeln!(f, "| {} more | {amount} | | see the bundle |", grouped(rest.len()))?;
        }
        writeln!(f)
    }

    fn waits(&self, f: &mut String) -> std::fmt::Result {
        let (small, fractions): (Vec<&AccountRow>, Vec<&AccountRow>) = self
            .trace
            .accounts
            .iter()
            .filter(|row| !row.accrued_after.is_zero())
            .partition(|row| row.amount == 0);
        writeln!(f, "## Who waits, and why\n")?;
        if !fractions.is_empty() {
            let amount = self.show.credits(sum(fractions.iter().map(|row| row.accrued_after)));
            let who = plural(fractions.len(), "paid account keeps", "paid accounts keep");
            writeln!(
                f,
                "{who} a fraction of a base unit, together {amount}: payouts are whole base units.\n"
            )?;
        }
        if small.is_empty() {
            return writeln!(f, "Nobody is under the minimum payout.\n");
        }
        let least = self.show.units(self.inputs.policy.min_payout.max(1));
        writeln!(
            f,
            "These accounts are under the minimum payout of {least}. What they have waits; it is added to \
             what they earn next, and nobody loses it.\n"
        )?;
        writeln!(f, "| account | waits | of it new |\n|---|---:|---:|")?;
        for row in small.iter().take(ROWS) {
            let waits = self.show.credits(row.accrued_after);
            let new =
                self.show.credits(row.accrued_after - row.accrued_before.min(row.accrued_after));
            writeln!(f, "| {} | {waits} | {new} |", short(&row.account))?;
        }
        if let Some(rest) = small.get(ROWS..).filter(|rest| !rest.is_empty()) {
            let waits = self.show.credits(sum(rest.iter().map(|row| row.accrued_after)));
            writeln!(f, "| {} more | {waits} | |", grouped(rest.len()))?;
        }
        writeln!(f)
    }

    fn assets(&self, f: &mut String) -> std::fmt::Result {
        let flows = &self.trace.flows;
        let mut top: Vec<usize> =
            (0..flows.len()).filter(|i| !flows[*i].inflow.is_zero()).collect();
        top.sort_by_key(|asset| (std::cmp::Reverse(flows[*asset].inflow), *asset));
        writeln!(f, "## What the assets earned\n")?;
        if top.is_empty() {
            return writeln!(f, "Nothing.\n");
        }
        writeln!(
            f,
            "Earned is what scores and uses brought; received came from assets that owe a share.\n"
        )?;
        writeln!(f, "| asset | kind | owner | earned | received | passed on | kept |")?;
        writeln!(f, "|---|---|---|---:|---:|---:|---:|")?;
        for asset in top.iter().take(ROWS) {
            let flow = &flows[*asset];
            let amount = |amount: U256| self.show.credits(amount);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} |",
                self.name(*asset),
                self.inputs.registry[*asset].kind.name(),
                self.owner(*asset),
                amount(flow.direct),
                amount(flow.inflow - flow.direct),
                amount(flow.inflow - flow.kept),
                amount(flow.kept),
            )?;
        }
        if let Some(rest) = top.get(ROWS..).filter(|rest| !rest.is_empty()) {
            let kept = self.show.credits(sum(rest.iter().map(|asset| flows[*asset].kept)));
            writeln!(f, "| {} more | | | | | | {kept} |", grouped(rest.len()))?;
        }
        let idle = flows.len() - top.len();
        if idle > 0 {
            let assets = plural(idle, "registered asset", "registered assets");
            writeln!(f, "\n{assets} earned and received nothing.")?;
        }
        writeln!(f)
    }

    /// Copies, then other shares owed.
    fn edges(&self, f: &mut String) -> std::fmt::Result {
        let edges = self.inputs.registry.iter().enumerate().flat_map(|(index, asset)| {
            let passes = self.trace.flows[index].passes;
            asset.edges.iter().zip(passes).map(move |(edge, pass)| (index, *edge, pass))
        });
        let (copies, royalties): (Vec<_>, Vec<_>) =
            edges.partition(|(_, edge, _)| edge.bps.get() == BPS);
        if !copies.is_empty() {
            writeln!(f, "## Copies\n")?;
            writeln!(f, "A copy owes its original everything, so copying earns nothing.\n")?;
            for (index, edge, pass) in copies.iter().take(ROWS) {
                let parent = edge.parent as usize;
                writeln!(
                    f,
                    "- {} of {} is marked as a copy of {} of {}: all that came in, {}, went there.",
                    self.name(*index),
                    self.owner(*index),
                    self.name(parent),
                    self.owner(parent),
                    self.show.credits(*pass),
                )?;
            }
            self.more(&copies, f)?;
        }
        if !royalties.is_empty() {
            writeln!(f, "## Shares owed\n")?;
            for (index, edge, pass) in royalties.iter().take(ROWS) {
                writeln!(
                    f,
                    "- {} owes {} {} of what comes in: {}.",
                    self.name(*index),
                    self.name(edge.parent as usize),
                    share(edge.bps.get()),
                    self.show.credits(*pass),
                )?;
            }
            self.more(&royalties, f)?;
        }
        Ok(())
    }

    fn more<T>(&self, list: &[(usize, T, U256)], f: &mut String) -> std::fmt::Result {
        if let Some(rest) = list.get(ROWS..).filter(|rest| !rest.is_empty()) {
            let amount = self.show.credits(sum(rest.iter().map(|(_, _, amount)| *amount)));
            writeln!(f, "- {} more, together {amount}.", grouped(rest.len()))?;
        }
        writeln!(f)
    }

    fn penalties(&self, f: &mut String) -> std::fmt::Result {
        let assets = self.inputs.registry.iter().zip(&self.trace.flows).enumerate();
        let list: Vec<(usize, u32, U256)> = assets
            .filter(|(_, (asset, _))| asset.penalty.get() > 0)
            .map(|(index, (asset, flow))| (index, asset.penalty.get(), flow.penalty))
            .collect();
        if list.is_empty() {
            return Ok(());
        }
        writeln!(f, "## Penalties\n")?;
        for (index, bps, amount) in list.iter().take(ROWS) {
            let what = if *bps == BPS {
                "is suspended and lost all of".to_owned()
            } else {
                format!("lost {} of", share(*bps))
            };
            writeln!(
                f,
                "- {} of {} {what} what came in, {}, to the remainder account.",
                self.name(*index),
                self.owner(*index),
                self.show.credits(*amount),
            )?;
        }
        self.more(&list, f)
    }

    fn cap(&self, f: &mut String) -> std::fmt::Result {
        let capped: Vec<_> =
            self.trace.accounts.iter().filter(|row| row.earned > row.credited).collect();
        if capped.is_empty() {
            return Ok(());
        }
        writeln!(f, "## The cap\n")?;
        let (bps, cap) =
            (share(self.inputs.policy.cap_bps.get()), self.show.credits(self.trace.cap));
        writeln!(f, "No account earns more than {bps} of the epoch's fees, {cap}.\n")?;
        for row in capped.iter().take(ROWS) {
            writeln!(
                f,
                "- {} earned {}; {} of it went to the remainder account.",
                short(&row.account),
                self.show.credits(row.earned),
                self.show.credits(row.earned - row.credited),
            )?;
        }
        if capped.len() > ROWS {
            writeln!(f, "- and {} more.", grouped(capped.len() - ROWS))?;
        }
        writeln!(f)
    }

    fn uncounted(&self, f: &mut String) -> std::fmt::Result {
        let prices = self.trace.prices.iter();
        let list: Vec<_> = prices.filter(|p| p.points == 0 && !p.leftover.is_zero()).collect();
        if list.is_empty() {
            return Ok(());
        }
        let amount = self.show.credits(sum(list.iter().map(|price| price.leftover)));
        writeln!(
            f,
            "## Events without a counted score\n\nIn {} no score reached the threshold; the data's share of \
             their fees, {amount}, went to the remainder account.\n",
            plural(list.len(), "event", "events"),
        )
    }

    fn conservation(&self, f: &mut String) -> std::fmt::Result {
        let before = sum(self.trace.accounts.iter().map(|row| row.accrued_before));
        let after = sum(self.trace.accounts.iter().map(|row| row.accrued_after));
        let header = &self.trace.header;
        let (fees, paid) = (credits(header.fees_total), credits(header.released_total));
        let (sign, verdict) = if before + fees == after + paid {
            ("=", "Not one credit was lost or invented.")
        } else {
            ("!=", "**These do not agree: do not pay anyone by this epoch.**")
        };
        writeln!(f, "## Nothing is lost\n\nIn credits, {} to a base unit:\n", grouped(unit()))?;
        writeln!(f, "    waited before   {}", grouped(before))?;
        writeln!(f, "  + fees            {}", grouped(fees))?;
        writeln!(f, "  {sign:<2}waits after     {}", grouped(after))?;
        writeln!(f, "  + paid            {}\n", grouped(paid))?;
        writeln!(f, "{verdict}\n")
    }

    fn commitments(&self, f: &mut String) -> std::fmt::Result {
        let header = &self.trace.header;
        writeln!(f, "## Commitments\n\n| what | value |\n|---|---|")?;
        for (name, word) in [
            ("policy", header.policy_hash),
            ("registry", header.registry_root),
            ("scores", header.scores_root),
            ("state before", header.state_root_before),
            ("state after", header.state_root_after),
            ("all public words (h)", self.trace.h),
        ] {
            writeln!(f, "| {name} | `{}` |", hex_0x(&word_to_bytes(&word)))?;
        }
        writeln!(f)
    }

    fn proof(&self, bundle: Option<&Verified>, f: &mut String) -> std::fmt::Result {
        writeln!(f, "## The proof\n")?;
        let Some(bundle) = bundle else {
            return writeln!(f, "There is none yet.");
        };
        writeln!(
            f,
            "The proof was checked for circuit {}, shape {}, domain {}, under the key\n`{}`.\n",
            markdown(&bundle.circuit.name),
            bundle.circuit.shape.name,
            domain_text(&bundle.domain),
            hex_0x(&bundle.vk_id),
        )?;
        match bundle.warning() {
            Some(warning) => writeln!(f, "**{warning}**\n")?,
            None => writeln!(
                f,
                "Compare the key's id with the one that the ceremony published: only that tells whose key \
                 it is.\n"
            )?,
        }
        writeln!(
            f,
            "It proves that these rules were applied to the committed scores and registry. It does not prove \
             that a score is true."
        )
    }
}
