//! What a settlement contract did, against the bundles.

mod replay;

use meed_chain::history::{Code, History};
use meed_chain::logs::Settlement;
use meed_chain::{utc, Deployment, B256, U256};
use meed_ledger::bundle::{domain_text, hex_0x, Contents};
use meed_ledger::claims::ClaimTree;
use meed_statement::roots::state_root;
use meed_statement::types::{Account, Payout};
use meed_statement::words::{list_hash, word_to_bytes};
use serde::Serialize;

use self::replay::{sum, Claimed, Replay, Settled};
use crate::bundle::Bundle;
use crate::finding::{Check, Finding, Unit};

/// What a contract did, in sums. Amounts are base units, in digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainSummary {
    /// The chain.
    pub chain_id: u64,
    /// The contract, `0x` and 40 digits, as all accounts.
    pub contract: String,
    /// The block of which all of this is.
    pub block: u64,
    /// Its hash.
    pub block_hash: String,
    /// Its time, seconds since 1970.
    pub time: u64,
    /// The block from which on the log was read.
    pub from_block: u64,
    /// The token, or `native`.
    pub token: String,
    /// All deposits.
    pub deposited: String,
    /// Deposited, for no epoch yet.
    pub pot: String,
    /// Fees of the committed epoch.
    pub locked: String,
    /// Waits in accounts.
    pub accrued: String,
    /// All payouts of settled epochs.
    pub released: String,
    /// Of these, claimed.
    pub claimed: String,
    /// Of these, gone to the treasury.
    pub swept: String,
    /// Of these, still to be claimed.
    pub unclaimed: String,
    /// Pot, locked, accrued and unclaimed: what the contract must have.
    pub owed: String,
    /// What it has.
    pub balance: String,
    /// Its settled epochs.
    pub epochs: Vec<SettledSummary>,
}

/// A settled epoch, in sums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettledSummary {
    /// Its number.
    pub epoch: u64,
    /// The block of the settlement, where the log has it.
    pub block: Option<u64>,
    /// Its transaction.
    pub transaction: Option<String>,
    /// Sum of the payouts.
    pub released: String,
    /// Number of payouts.
    pub payouts: u32,
    /// Of the sum, claimed.
    pub claimed: String,
    /// Payouts that were claimed.
    pub claims: usize,
    /// Of the sum, still to be claimed.
    pub unclaimed: String,
    /// Whether the rest went to the treasury.
    pub swept: bool,
    /// When claims begin, seconds since 1970.
    pub claimable_from: u64,
}

/// Compares a contract with bundles, which are in the order of their epochs, each once.
pub(crate) fn compare(history: &History, bundles: &[&Bundle]) -> (Vec<Check>, ChainSummary) {
    let mut checks = vec![code(history), verifiers(history)];
    let replay = Replay::of(history);
    let at = format!("block {} of {}", history.head.number, utc(history.head.time));
    if history.is_whole() {
        let about = format!("what the contract told adds up to its books of {at}");
        checks.push(Check::made("books", None, about, replay.against(history)));
    } else {
        let about = "what the contract told adds up to its books";
        let why = format!(
            "its log was read from block {} on, and does not begin with its creation: --from-block N",
            history.from_block
        );
        checks.push(Check::not_made("books", None, about, why));
    }
    checks.push(balance(history));
    for bundle in bundles {
        if !history.is_whole() {
            let about = "the contract settled the epoch with the bundle's words, roots and payouts";
            let why = "needs the contract's log from its creation on: --from-block N";
            checks.push(Check::not_made("settled", Some(bundle.epoch()), about, why));
            continue;
        }
        checks.push(settled(history, &replay, bundle));
        if let Some(settled) = replay.settled(bundle.epoch()) {
            checks.push(claims(history, &replay, settled, &bundle.contents));
        }
    }
    for books in &history.epochs {
        let epoch = books.state.number;
        if !bundles.iter().any(|bundle| bundle.epoch() == epoch) {
            let about = "the contract settled it with a bundle's payouts";
            let why = format!("needs the bundle of epoch {epoch}, which the contract has settled");
            checks.push(Check::not_made("settled", Some(epoch), about, why));
        }
    }
    (checks, summary(history, &replay))
}

/// The contract's own code: if it is another, what it tells means nothing.
fn code(history: &History) -> Check {
    const NAME: &str = "code";
    let contract = history.contract;
    let about = format!("{contract} has the code of this program's settlement contract");
    match &history.code {
        Code::Same => Check::made(NAME, None, about, Vec::new()),
        Code::Other => {
            let finding = Finding::error(format!(
                "{contract} has other code than the contract that this program deploys with the same \
                 terms: nothing that it tells can be relied on"
            ));
            Check::made(NAME, None, about, vec![finding])
        }
        Code::Untried(reason) => {
            let why = format!("the node did not run the creation to compare with: {reason}");
            Check::not_made(NAME, None, about, why)
        }
    }
}

/// The code of the verifiers whose keys are given.
fn verifiers(history: &History) -> Check {
    const NAME: &str = "verifiers";
    let about = "the contract's verifiers have the code of this program's for their keys";
    let (mut findings, mut lack) = (Vec::new(), Vec::new());
    for circuit in &history.circuits {
        let (number, verifier, key) =
            (circuit.number, circuit.state.verifier, circuit.state.key_id);
        match &circuit.code {
            Some(Code::Same) => {}
            Some(Code::Other) => findings.push(Finding::error(format!(
                "circuit {number}: {verifier} says that it has key {key}, and has other code"
            ))),
            Some(Code::Untried(reason)) => lack.push(format!("a node that tries it ({reason})")),
            None => lack.push(format!("--key FILE with the key {key} of circuit {number}")),
        }
        if circuit.state.insecure {
            findings.push(Finding::warning(format!(
                "circuit {number} has an insecure key: anybody can settle anything with it"
            )));
        }
    }
    let failed = findings.iter().any(|finding| finding.severity == crate::Severity::Error);
    if !lack.is_empty() && !failed {
        return Check::not_made(NAME, None, about, format!("needs {}", lack.join(", ")));
    }
    Check::made(NAME, None, about, findings)
}

/// What the contract has must be at least what it owes.
fn balance(history: &History) -> Check {
    let (owed, has) = (owed(history), history.balance);
    let about = format!("the contract has what it owes, in {}", history.setup.token);
    let mut findings = Vec::new();
    if has < owed {
        let message = format!(
            "the contract owes {owed} base units (pot, locked, accrued, unclaimed) and has {has}: \
             {} are missing",
            owed - has
        );
        findings.push(Finding::error(message).amounts(Unit::BaseUnits, owed, has));
    } else if has > owed {
        findings.push(Finding::note(format!(
            "it has {} base units more than it owes, sent without a deposit",
            has - owed
        )));
    }
    Check::made("balance", None, about, findings)
}

fn unclaimed(history: &History) -> U256 {
    history.epochs.iter().fold(U256::ZERO, |sum, books| sum.saturating_add(books.unclaimed))
}

fn owed(history: &History) -> U256 {
    let state = &history.state;
    U256::from(state.pot)
        + U256::from(state.locked)
        + U256::from(state.accrued)
        + unclaimed(history)
}

/// A word as the contract tells it.
fn word(word: &ark_bn254::Fr) -> U256 {
    U256::from_be_bytes(word_to_bytes(word))
}

/// The root that a contract keeps of these payouts.
fn claim_root(payouts: &[Payout]) -> Result<B256, String> {
    if payouts.is_empty() {
        return Ok(B256::ZERO);
    }
    ClaimTree::new(payouts).map(|tree| tree.root().into()).map_err(|error| error.to_string())
}

/// A bundle against the settlement of its epoch.
fn settled(history: &History, replay: &Replay, bundle: &Bundle) -> Check {
    const NAME: &str = "settled";
    let epoch = bundle.epoch();
    let contents = &bundle.contents;
    let about = "the contract settled the epoch with the bundle's words, roots and payouts";
    let mut findings = Vec::new();
    let domain = Deployment::domain(history.chain_id, history.contract);
    if contents.domain != domain {
        findings.push(Finding::error(format!(
            "{} is proved for {}, and this is {}",
            bundle.source,
            domain_text(&contents.domain),
            domain_text(&domain)
        )));
    }
    let Some(settled) = replay.settled(epoch) else {
        if findings.is_empty() {
            let why = format!(
                "as of block {} the contract has settled {} epochs",
                history.head.number, history.state.epoch
            );
            return Check::not_made(NAME, Some(epoch), about, why);
        }
        return Check::made(NAME, Some(epoch), about, findings);
    };
    findings.extend(words(&settled.told, contents));
    findings.extend(committed(replay, settled, contents));
    let circuit = history.circuit(settled.told.circuit);
    match circuit.map(|circuit| circuit.state.key_id) {
        Some(key) if key.0 == contents.vk_id => {}
        key => findings.push(Finding::error(format!(
            "the contract took a proof for circuit {}, whose key is {}; the bundle's key is {}",
            settled.told.circuit,
            key.map_or_else(|| "unknown".to_owned(), |key| key.to_string()),
            hex_0x(&contents.vk_id)
        ))),
    }
    if settled.retracted > 0 {
        findings.push(Finding::note(format!(
            "it was settled and taken back {} times before",
            settled.retracted
        )));
    }
    findings.push(Finding::note(format!(
        "settled in block {}, transaction {}",
        settled.block, settled.transaction
    )));
    Check::made(NAME, Some(epoch), about, findings)
}

/// What the contract told of the settlement against the words.
fn words(told: &Settlement, contents: &Contents) -> Vec<Finding> {
    let header = &contents.header;
    let mut findings = Vec::new();
    let mut differ = |what: &str, expected: String, got: String| {
        if expected != got {
            let message =
                format!("{what}: the contract settled with {got}, the bundle says {expected}");
            findings.push(Finding::error(message));
        }
    };
    let hex = |value: U256| format!("{value:#066x}");
    differ("h", hex(word(&contents.binding.h)), hex(told.h));
    differ("hash of the list", hex_0x(&list_hash(&contents.words)), told.list_hash.to_string());
    let root = claim_root(&contents.payouts).map_or_else(|error| error, |root| root.to_string());
    differ("root of the payouts", root, told.claim_root.to_string());
    differ("number of payouts", header.payouts.to_string(), told.payouts.to_string());
    differ("state root after", hex(word(&header.state_root_after)), hex(told.state_root_after));
    let amounts = [
        ("sum of the payouts", Unit::BaseUnits, U256::from(header.released_total), told.released),
        ("what waits", Unit::Credits, word(&header.accrued_total_after), told.accrued_after),
    ];
    for (what, unit, expected, got) in amounts {
        if expected != got {
            let name = unit.name();
            let message = format!(
                "{what}: the contract settled with {got} {name}, the bundle says {expected}"
            );
            findings.push(Finding::error(message).amounts(unit, expected, got));
        }
    }
    findings
}

/// What was committed before the settlement against the words.
fn committed(replay: &Replay, settled: &Settled, contents: &Contents) -> Vec<Finding> {
    let header = &contents.header;
    let Some(commitment) = &settled.committed else {
        return vec![Finding::error("it was settled without a commitment before")];
    };
    let names = ["policy hash", "registry root", "scores root"];
    let expected = [&header.policy_hash, &header.registry_root, &header.scores_root].map(word);
    let mut findings: Vec<Finding> = names
        .into_iter()
        .zip(expected.into_iter().zip(commitment.roots))
        .filter(|(_, (expected, got))| expected != got)
        .map(|(what, (expected, got))| {
            Finding::error(format!(
                "{what}: {got:#066x} was committed on chain, the bundle says {expected:#066x}"
            ))
        })
        .collect();
    let (expected, got) = (U256::from(header.fees_total), commitment.fees);
    if expected != got {
        let message = format!("fees: {got} base units were locked, the bundle says {expected}");
        findings.push(Finding::error(message).amounts(Unit::BaseUnits, expected, got));
    }
    let before = match replay.settled(header.epoch.saturating_sub(1)) {
        Some(before) => before.told.state_root_after,
        None => word(&state_root(&[])),
    };
    let expected = word(&header.state_root_before);
    if before != expected {
        findings.push(Finding::error(format!(
            "state root before: the contract had {before:#066x}, the bundle says {expected:#066x}"
        )));
    }
    findings
}

/// Every payment of an epoch against the bundle's payouts.
fn claims(history: &History, replay: &Replay, settled: &Settled, contents: &Contents) -> Check {
    let epoch = contents.header.epoch;
    let about = "every payment of the epoch is one of the bundle's payouts, each at most once";
    let mut findings = Vec::new();
    let mut paid: Vec<Option<&Claimed>> = vec![None; contents.payouts.len()];
    let all = replay.claims(U256::from(epoch));
    for claim in all {
        findings.extend(claimed(claim, &contents.payouts, &mut paid));
    }
    let open: Vec<&Payout> = contents
        .payouts
        .iter()
        .zip(&paid)
        .filter_map(|(payout, claim)| claim.is_none().then_some(payout))
        .collect();
    let left: u128 = open.iter().map(|payout| payout.amount).sum();
    let books = history.epochs.iter().find(|books| books.state.number == epoch);
    match (settled.swept, books) {
        (Some(swept), _) => {
            if swept != U256::from(left) {
                let message = format!(
                    "{swept} base units went to the treasury, and payouts of {left} were unclaimed"
                );
                let expected = U256::from(left);
                findings.push(Finding::error(message).amounts(Unit::BaseUnits, expected, swept));
            }
            let count = open.len();
            findings.push(Finding::note(format!(
                "{swept} base units of {count} payouts that nobody claimed went to the treasury"
            )));
        }
        (None, Some(books)) if books.unclaimed != U256::from(left) => {
            let message = format!(
                "the contract says that {} base units are unclaimed, its payments leave {left}",
                books.unclaimed
            );
            let finding = Finding::error(message);
            findings.push(finding.amounts(Unit::BaseUnits, U256::from(left), books.unclaimed));
        }
        _ => {}
    }
    let claims = paid.iter().flatten().count();
    findings.push(Finding::note(format!(
        "{} base units are paid in {claims} of {} payouts{}",
        sum(all),
        paid.len(),
        match (settled.swept, left) {
            (Some(_), _) | (None, 0) => String::new(),
            _ => format!("; {left} in {} payouts are unclaimed", open.len()),
        }
    )));
    Check::made("claims", Some(epoch), about, findings)
}

/// One payment against the payout that it is said to be.
fn claimed<'a>(
    claim: &'a Claimed,
    payouts: &[Payout],
    paid: &mut [Option<&'a Claimed>],
) -> Vec<Finding> {
    let Claimed { index, account, amount, transaction, .. } = claim;
    let of = |finding: Finding| match Account::new(account.into_array()) {
        Some(account) => finding.of(account),
        None => finding,
    };
    let at = usize::try_from(*index).ok();
    let slot = at.and_then(|at| Some((payouts.get(at)?, paid.get_mut(at)?)));
    let Some((payout, slot)) = slot else {
        let message = format!(
            "payout {index} to {account}: {amount} base units are paid, and the bundle has no such \
             payout (transaction {transaction})"
        );
        return vec![of(Finding::error(message).amounts(Unit::BaseUnits, U256::ZERO, *amount))];
    };
    let mut findings = Vec::new();
    let expected = U256::from(payout.amount);
    if let Some(first) = slot {
        let message = format!(
            "payout {index} to {account} is paid twice: {} base units in transaction {}, {amount} in \
             {transaction}",
            first.amount, first.transaction
        );
        let got = first.amount.saturating_add(*amount);
        findings.push(of(Finding::error(message).amounts(Unit::BaseUnits, expected, got)));
    } else {
        *slot = Some(claim);
    }
    if account.into_array() != *payout.account.bytes() {
        let message = format!(
            "payout {index}: {amount} base units are paid to {account}, expected {expected} to {} \
             (transaction {transaction})",
            payout.account
        );
        findings.push(of(Finding::error(message).amounts(Unit::BaseUnits, U256::ZERO, *amount)));
        let message = format!("payout {index}: {} is not paid its {expected}", payout.account);
        let finding = Finding::error(message).of(payout.account);
        findings.push(finding.amounts(Unit::BaseUnits, expected, U256::ZERO));
    } else if *amount != expected {
        let message = format!(
            "payout {index} to {account}: {amount} base units are paid, expected {expected} \
             (transaction {transaction})"
        );
        findings.push(of(Finding::error(message).amounts(Unit::BaseUnits, expected, *amount)));
    }
    findings
}

fn summary(history: &History, replay: &Replay) -> ChainSummary {
    let released = history.epochs.iter().map(|books| U256::from(books.state.released));
    let released = released.fold(U256::ZERO, U256::saturating_add);
    let epochs = history.epochs.iter().map(|books| {
        let epoch = books.state.number;
        let settled = replay.settled(epoch);
        let claims = replay.claims(U256::from(epoch));
        SettledSummary {
            epoch,
            block: settled.map(|settled| settled.block),
            transaction: settled.map(|settled| settled.transaction.to_string()),
            released: books.state.released.to_string(),
            payouts: books.state.payouts,
            claimed: sum(claims).to_string(),
            claims: claims.len(),
            unclaimed: books.unclaimed.to_string(),
            swept: books.state.swept,
            claimable_from: books.state.claimable_from,
        }
    });
    ChainSummary {
        chain_id: history.chain_id,
        contract: history.contract.to_string().to_lowercase(),
        block: history.head.number,
        block_hash: history.head.hash.to_string(),
        time: history.head.time,
        from_block: history.from_block,
        token: history.setup.token.to_string().to_lowercase(),
        deposited: replay.deposited.to_string(),
        pot: history.state.pot.to_string(),
        locked: history.state.locked.to_string(),
        accrued: history.state.accrued.to_string(),
        released: released.to_string(),
        claimed: replay.claimed().to_string(),
        swept: replay.swept().to_string(),
        unclaimed: unclaimed(history).to_string(),
        owed: owed(history).to_string(),
        balance: history.balance.to_string(),
        epochs: epochs.collect(),
    }
}
