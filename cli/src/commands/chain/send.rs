//! Showing what a transaction costs, asking, sending and waiting.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use anyhow::Result;
use meed_chain::{Call, Client, Included, KeySource, Progress, Quote, Sender, Wait, U256};
use serde_json::{json, Value};

use crate::args::chain::SendArgs;
use crate::failure::usage;
use crate::ui::{grouped, Ui};

/// Decimals of an EVM chain's own coin.
const COIN_DECIMALS: usize = 18;

/// Sends calls for a command, and keeps what it can tell about them.
pub(crate) struct Outbox<'a> {
    sender: Sender<'a>,
    args: &'a SendArgs,
    ui: &'a Ui,
    /// Whether anything was tried or sent.
    tried: bool,
    lines: Vec<String>,
    transactions: Vec<Value>,
}

impl<'a> Outbox<'a> {
    /// Opens the key; fails early if there is nobody to ask.
    pub(crate) fn new(client: &'a Client, args: &'a SendArgs, ui: &'a Ui) -> Result<Self> {
        if !args.yes && !args.dry_run && !terminal() {
            return Err(usage(
                "expected --yes or --dry-run: there is no terminal on which to ask before sending",
            ));
        }
        let source = KeySource {
            keystore: args.keystore.as_deref(),
            password_file: args.password_file.as_deref(),
        };
        let sender = Sender::new(client, source.open()?);
        Ok(Self { sender, args, ui, tried: false, lines: Vec::new(), transactions: Vec::new() })
    }

    pub(crate) fn sender(&self) -> &Sender<'a> {
        &self.sender
    }

    pub(crate) fn dry(&self) -> bool {
        self.args.dry_run
    }

    /// Tries, prices, asks and sends. `None` when it is only tried.
    pub(crate) fn send(&mut self, call: &Call) -> Result<Option<Included>> {
        self.ui.go_on()?;
        let quote = self.sender.quote(call)?;
        let priced = describe(call, &quote);
        if self.args.dry_run {
            self.lines.push(format!("Would {priced}"));
            self.transactions.push(tried(call, &quote));
            return Ok(None);
        }
        self.ui.note(&format!("To {priced}, from {}", self.sender.address()));
        if !self.args.yes && !ask()? {
            return Err(usage("not sent"));
        }
        let step = self.ui.step(&call.what);
        let wait = Wait {
            most: Duration::from_secs(self.args.wait),
            confirmations: self.args.confirmations,
        };
        let mut progress = |progress: Progress| match progress {
            Progress::Sent(hash) => self.ui.note(&format!("  sent as {hash}")),
            Progress::Confirmed(blocks) => {
                step.part(blocks as f64 / wait.confirmations.max(1) as f64);
            }
        };
        let included = self.sender.send(call, &quote, &wait, &mut progress)?;
        step.done();
        self.lines.push(format!(
            "{}: block {}, {} gas, {} coins\n  transaction {}",
            sentence(&call.what),
            included.block,
            grouped(included.gas_used),
            coins(included.cost),
            included.hash
        ));
        self.transactions.push(json!({
            "what": call.what,
            "hash": included.hash,
            "block": included.block,
            "gas_used": included.gas_used,
            "cost": included.cost.to_string(),
        }));
        Ok(Some(included))
    }

    /// Sends calls one after the other. In a dry run only the first of all can be tried.
    pub(crate) fn send_all(&mut self, calls: &[Call]) -> Result<()> {
        for call in calls {
            match self.dry() && self.tried {
                true => self.later(call, "it can be tried after what comes before it"),
                false => self.send(call).map(|_| ())?,
            }
            self.tried = true;
        }
        Ok(())
    }

    /// Waits until no transaction of the account is on its way. Answers whether one was.
    pub(crate) fn settle_down(&self) -> Result<bool> {
        let address = self.sender.address();
        let tell = |count| {
            let what = format!("{count} transactions of {address} are on their way");
            self.ui.note(&format!("{what}: waiting until they are in a block"));
        };
        Ok(self.sender.settle_down(Duration::from_secs(self.args.wait), tell)?)
    }

    /// Says that a call cannot be tried yet.
    pub(crate) fn later(&mut self, call: &Call, why: &str) {
        self.lines.push(format!("Then {}; {why}", call.what));
        self.transactions.push(json!({ "what": call.what, "tried": false, "why": why }));
    }

    /// What was done since the last look, for people and for programs.
    pub(crate) fn take(&mut self) -> (Vec<String>, Vec<Value>) {
        (std::mem::take(&mut self.lines), std::mem::take(&mut self.transactions))
    }

    /// What was done, for people and for programs.
    pub(crate) fn finish(self) -> (String, Value) {
        let mut text = self.lines.join("\n");
        if self.args.dry_run && !text.is_empty() {
            text.push_str("\nNothing was sent: this was a dry run");
        }
        (text, Value::Array(self.transactions))
    }
}

fn terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal; anything but yes is no.
fn ask() -> Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "Send it? [y/N] ").and_then(|()| err.flush())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn tried(call: &Call, quote: &Quote) -> Value {
    json!({
        "what": call.what,
        "dry_run": true,
        "gas": quote.gas,
        "gas_limit": quote.gas_limit,
        "gas_price": quote.price.to_string(),
        "cost": quote.cost().to_string(),
        "most_cost": quote.most_cost().to_string(),
    })
}

fn describe(call: &Call, quote: &Quote) -> String {
    format!(
        "{}: about {} gas, {} coins, at most {}",
        call.what,
        grouped(quote.gas),
        coins(quote.cost()),
        coins(quote.most_cost())
    )
}

/// An amount of the chain's coin, with as many decimals as it needs.
pub(crate) fn coins(amount: U256) -> String {
    let digits =
        format!("{amount:0>width$}", amount = amount.to_string(), width = COIN_DECIMALS + 1);
    let (whole, part) = digits.split_at(digits.len() - COIN_DECIMALS);
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_have_eighteen_decimals() {
        for (amount, text) in [
            (0u128, "0"),
            (1, "0.000000000000000001"),
            (1_500_000_000_000_000_000, "1.5"),
            (20_000_000_000_000_000_000, "20"),
        ] {
            assert_eq!(coins(U256::from(amount)), text);
        }
    }
}
