//! A contract's past against bundles: honest ones, and what a contract, a node or a bundle's maker could
//! have done instead.

use meed_audit::{Audit, Auditor, Finding, Outcome, Unit};
use meed_chain::contract::{CircuitState, EpochState, Setup, State};
use meed_chain::deployment::Money;
use meed_chain::history::{commitment, Books, Circuit, Code, History};
use meed_chain::logs::{Event, Head, Logged, Settlement};
use meed_chain::{Address, B256, U256};
use meed_ledger::claims::ClaimTree;
use meed_statement::roots::state_root;
use meed_statement::settle::Trace;
use meed_statement::types::{Account, Payout};
use meed_statement::units::UNIT;
use meed_statement::words::{list_hash, word_to_bytes, Domain};

use super::network::{errors, failed, Network, DOMAIN};

const CONTRACT: Address = Address::repeat_byte(0x5e);
/// Deposited beyond all fees.
const EXTRA: u128 = 777;
const NAMES: [&str; 2] = ["1", "2"];

fn word(word: &ark_bn254::Fr) -> U256 {
    U256::from_be_bytes(word_to_bytes(word))
}

fn address(account: &Account) -> Address {
    Address::from(*account.bytes())
}

/// A chain on which the network's epochs were settled, and some of the payouts claimed.
struct Chain {
    history: History,
}

impl Chain {
    /// All payouts of the first epoch are claimed, and the first of the second.
    fn new(network: &Network) -> Self {
        let head = Head { number: 1_000, hash: B256::repeat_byte(1), time: 1_700_000_000 };
        let somebody = Address::repeat_byte(9);
        let setup = Setup {
            token: Money::Native,
            owner: somebody,
            operator: somebody,
            guardian: somebody,
            treasury: somebody,
            claim_delay: 1,
            sweep_delay: 1,
            timelock: 1,
        };
        let circuit = CircuitState {
            verifier: Address::repeat_byte(7),
            key_id: network.setup.key.id().into(),
            insecure: false,
            active_from: 1,
            retired: false,
        };
        let state = State {
            epoch: 0,
            state_root: word(&state_root(&[])),
            pot: 0,
            locked: 0,
            accrued: 0,
            commitment: B256::ZERO,
            committed_time: 0,
            paused: false,
        };
        let mut this = Self {
            history: History {
                chain_id: 31_337,
                contract: CONTRACT,
                head,
                from_block: 5,
                setup,
                state,
                balance: U256::ZERO,
                circuits: vec![Circuit { number: 1, state: circuit, code: Some(Code::Same) }],
                epochs: Vec::new(),
                told: Vec::new(),
                code: Code::Same,
            },
        };
        this.tell(Event::Created);
        this.tell(Event::Other);
        let verifier = Address::repeat_byte(7);
        let circuit = U256::from(1);
        this.tell(Event::CircuitAdded { circuit, verifier, active_from: U256::from(1) });
        for trace in &network.traces {
            this.settle(trace);
        }
        this.deposit(EXTRA);
        let first = network.traces[0].payouts.len();
        (0..first).for_each(|index| this.claim(&network.traces[0], index));
        this.claim(&network.traces[1], 0);
        this
    }

    fn tell(&mut self, event: Event) {
        let index = self.history.told.len() as u64;
        let transaction = B256::with_last_byte(index as u8);
        self.history.told.push(Logged { block: 5 + index, index, transaction, event });
    }

    fn deposit(&mut self, amount: u128) {
        let amount_ = U256::from(amount);
        let payer = Address::repeat_byte(3);
        self.tell(Event::Deposited { payer, memo: B256::ZERO, amount: amount_ });
        self.history.state.pot += amount;
        self.history.balance += amount_;
    }

    fn commit(&mut self, trace: &Trace) {
        let header = &trace.header;
        let roots = [&header.policy_hash, &header.registry_root, &header.scores_root].map(word);
        let fees = U256::from(header.fees_total);
        self.tell(Event::Committed {
            epoch: U256::from(header.epoch),
            roots,
            fees,
            replaced: false,
        });
        self.history.state.pot -= header.fees_total;
    }

    fn settle(&mut self, trace: &Trace) {
        let header = &trace.header;
        self.deposit(header.fees_total);
        self.commit(trace);
        let accrued = word(&header.accrued_total_after);
        let root = B256::from(ClaimTree::new(&trace.payouts).unwrap().root());
        self.tell(Event::PartAdded {
            sender: Address::repeat_byte(3),
            salt: B256::ZERO,
            payouts: U256::from(header.payouts),
        });
        self.tell(Event::Settled(Settlement {
            epoch: U256::from(header.epoch),
            circuit: U256::from(1),
            h: word(&trace.h),
            list_hash: list_hash(&trace.words()).into(),
            claim_root: root,
            payouts: U256::from(header.payouts),
            released: U256::from(header.released_total),
            state_root_after: word(&header.state_root_after),
            accrued_after: accrued,
        }));
        self.history.state.epoch = header.epoch;
        self.history.state.state_root = word(&header.state_root_after);
        self.history.state.accrued = (accrued / U256::from(UNIT)).to();
        let state = EpochState {
            number: header.epoch,
            root,
            released: header.released_total,
            payouts: header.payouts,
            claimable_from: 1,
            swept: false,
        };
        let unclaimed = U256::from(header.released_total);
        self.history.epochs.push(Books { state, unclaimed });
    }

    fn pay(&mut self, epoch: u64, index: u64, account: Address, amount: U256) {
        let (epoch, index) = (U256::from(epoch), U256::from(index));
        self.tell(Event::Claimed { epoch, index, account, amount });
    }

    fn claim(&mut self, trace: &Trace, index: usize) {
        let Payout { account, amount } = trace.payouts[index];
        let amount = U256::from(amount);
        self.pay(trace.header.epoch, index as u64, address(&account), amount);
        self.history.epochs[trace.header.epoch as usize - 1].unclaimed -= amount;
        self.history.balance -= amount;
    }

    /// The settlement of an epoch in the log.
    fn settlement(&mut self, epoch: u64) -> &mut Settlement {
        let told = self.history.told.iter_mut();
        let found = told.filter_map(|logged| match &mut logged.event {
            Event::Settled(settled) if settled.epoch == U256::from(epoch) => Some(settled),
            _ => None,
        });
        found.last().unwrap()
    }

    fn audit(&self, network: &Network, bundles: &[&str]) -> Audit {
        let mut audit = Auditor::new();
        for bundle in bundles {
            audit.bundle(&network.path(bundle), &[network.key()]).unwrap();
        }
        audit.chain(&self.history);
        audit.finish()
    }
}

/// A network whose first epoch starts from nothing, as a new contract does.
fn network() -> Network {
    Network::empty(3, 2)
}

#[test]
fn an_honest_chain_is_good() {
    let network = network();
    let chain = Chain::new(&network);
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(audit.result, Outcome::Good, "{audit}");
    let summary = audit.chain.as_ref().unwrap();
    let released: u128 = network.traces.iter().map(|t| t.header.released_total).sum();
    assert_eq!(summary.released, released.to_string());
    assert_eq!(summary.owed, summary.balance);
    assert_eq!(summary.epochs[0].unclaimed, "0");
    assert_eq!(summary.epochs[1].claims, 1);
    assert!(audit.to_string().contains("are unclaimed"), "{audit}");

    // Fewer bundles than settled epochs, and more.
    let audit = chain.audit(&network, &["1"]);
    assert_eq!((audit.result, audit.not_checked), (Outcome::Incomplete, 1), "{audit}");
    assert!(audit.to_string().contains("needs the bundle of epoch 2"), "{audit}");
    let mut behind = Chain::new(&network);
    behind.history.state.epoch = 0;
    behind.history.epochs.clear();
    behind.history.told.truncate(3);
    behind.deposit(EXTRA);
    behind.history.state = State {
        pot: EXTRA,
        epoch: 0,
        state_root: word(&state_root(&[])),
        accrued: 0,
        ..behind.history.state
    };
    behind.history.balance = U256::from(EXTRA);
    let audit = behind.audit(&network, &NAMES);
    assert_eq!((audit.result, audit.not_checked), (Outcome::Incomplete, 2), "{audit}");

    // A log that begins too late says so, and nothing is called good or bad by it.
    let mut late = Chain::new(&network);
    late.history.told.remove(0);
    let audit = late.audit(&network, &NAMES);
    assert_eq!((audit.result, audit.not_checked), (Outcome::Incomplete, 3), "{audit}");
}

#[test]
fn a_settlement_that_was_taken_back_is_followed() {
    let network = network();
    let trace = &network.traces[0];
    let mut chain = Chain::new(&network);
    // Up to the settlement of epoch 1, then back, and settled again with the same.
    let honest = chain.history.told.clone();
    let at = honest.iter().position(|l| matches!(l.event, Event::Settled(_))).unwrap();
    let again = honest[at].event.clone();
    chain.history.told.truncate(at + 1);
    chain.tell(Event::Retracted { epoch: U256::from(1) });
    chain.tell(again);
    honest[at + 1..].iter().for_each(|logged| chain.tell(logged.event.clone()));
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(audit.result, Outcome::Good, "{audit}");
    assert!(audit.to_string().contains("taken back 1 times"), "{audit}");

    // The retraction counts for what stands: without it there are two settlements of one epoch.
    chain.history.told.remove(at + 1);
    let audit = chain.audit(&network, &NAMES);
    assert!(failed(&audit).contains(&("books", None)), "{audit}");
    assert!(trace.header.epoch == 1);
}

#[test]
fn a_sweep_is_followed() {
    let network = network();
    let mut chain = Chain::new(&network);
    let left = chain.history.epochs[1].unclaimed;
    let sweep = |chain: &mut Chain, amount: U256| {
        chain.tell(Event::Swept { epoch: U256::from(2), amount });
        chain.history.epochs[1].unclaimed = U256::ZERO;
        chain.history.epochs[1].state.root = B256::ZERO;
        chain.history.epochs[1].state.swept = true;
        chain.history.balance -= left;
    };
    sweep(&mut chain, left);
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(audit.result, Outcome::Good, "{audit}");
    let mut chain = Chain::new(&network);
    sweep(&mut chain, left + U256::from(1));
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(failed(&audit), [("books", None), ("claims", Some(2))], "{audit}");
    let difference = errors(&audit, "claims", Some(2))[0].difference.unwrap();
    assert_eq!((difference.expected, difference.got), (left, left + U256::from(1)));
}

/// What is said of an account in a failed check.
fn said(audit: &Audit, check: (&str, Option<u64>), account: &Account) -> Vec<(U256, U256)> {
    let of = |finding: &&Finding| finding.account == Some(*account);
    let found = errors(audit, check.0, check.1).into_iter().filter(of);
    found
        .map(|finding| {
            let difference = finding.difference.unwrap();
            assert_eq!(difference.unit, Unit::BaseUnits);
            (difference.expected, difference.got)
        })
        .collect()
}

#[test]
fn payments_that_are_not_the_payouts_name_account_and_amounts() {
    let network = network();
    let trace = &network.traces[1];
    let claims = ("claims", Some(2));
    let amount = |i: usize| U256::from(trace.payouts[i].amount);
    let account = |i: usize| &trace.payouts[i].account;

    // Twice.
    let mut chain = Chain::new(&network);
    chain.pay(2, 0, address(account(0)), amount(0));
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(said(&audit, claims, account(0)), [(amount(0), amount(0) * U256::from(2))]);
    assert!(failed(&audit).contains(&("books", None)), "{audit}");

    // To somebody else.
    let thief = Account::new([0xbb; 20]).unwrap();
    let mut chain = Chain::new(&network);
    chain.claim(trace, 1);
    if let Event::Claimed { account, .. } = &mut chain.history.told.last_mut().unwrap().event {
        *account = address(&thief);
    }
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(failed(&audit), [claims], "{audit}");
    assert_eq!(said(&audit, claims, &thief), [(U256::ZERO, amount(1))]);
    assert_eq!(said(&audit, claims, account(1)), [(amount(1), U256::ZERO)]);

    // Another amount.
    let mut chain = Chain::new(&network);
    chain.pay(2, 1, address(account(1)), amount(1) + U256::from(3));
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(said(&audit, claims, account(1)), [(amount(1), amount(1) + U256::from(3))]);

    // A payout that there is not; the largest number that a contract can tell breaks nothing.
    for index in [trace.payouts.len() as u64, u64::MAX] {
        let mut chain = Chain::new(&network);
        chain.pay(2, index, address(&thief), U256::MAX);
        chain.pay(2, index, address(&thief), U256::MAX);
        let audit = chain.audit(&network, &NAMES);
        assert_eq!(said(&audit, claims, &thief)[0], (U256::ZERO, U256::MAX), "{audit}");
    }

    // Of an epoch that is not settled.
    let mut chain = Chain::new(&network);
    chain.pay(3, 0, address(&thief), U256::from(1));
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(failed(&audit), [("books", None)], "{audit}");
}

/// A change of a chain, and the checks that it fails.
type Lie = (&'static str, fn(&mut Chain), &'static [(&'static str, Option<u64>)]);

const LIES: &[Lie] = &[
    ("other code", |c| c.history.code = Code::Other, &[("code", None)]),
    (
        "a verifier's code",
        |c| c.history.circuits[0].code = Some(Code::Other),
        &[("verifiers", None)],
    ),
    (
        "another key",
        |c| c.history.circuits[0].state.key_id = B256::repeat_byte(2),
        &[("settled", Some(1)), ("settled", Some(2))],
    ),
    ("another circuit", |c| c.settlement(2).circuit = U256::from(2), &[("settled", Some(2))]),
    ("another h", |c| c.settlement(2).h += U256::from(1), &[("settled", Some(2))]),
    ("another list", |c| c.settlement(2).list_hash = B256::ZERO, &[("settled", Some(2))]),
    (
        "other payouts",
        |c| {
            c.settlement(2).claim_root = B256::repeat_byte(2);
            c.history.epochs[1].state.root = B256::repeat_byte(2);
        },
        &[("settled", Some(2))],
    ),
    (
        "payouts that the contract does not keep",
        |c| c.history.epochs[1].state.root = B256::repeat_byte(2),
        &[("books", None)],
    ),
    (
        "another number of payouts",
        |c| c.settlement(2).payouts += U256::from(1),
        &[("books", None), ("settled", Some(2))],
    ),
    (
        "more is released",
        |c| c.settlement(2).released += U256::from(1),
        &[("books", None), ("settled", Some(2))],
    ),
    (
        "another state",
        |c| {
            c.settlement(2).state_root_after = U256::from(5);
            c.history.state.state_root = U256::from(5);
        },
        &[("settled", Some(2))],
    ),
    (
        "another state before",
        |c| c.settlement(1).state_root_after = U256::from(5),
        &[("settled", Some(1)), ("settled", Some(2))],
    ),
    (
        "other roots were committed",
        |c| {
            let committed = c.history.told.iter_mut().rev().find_map(|l| match &mut l.event {
                Event::Committed { roots, .. } => Some(roots),
                _ => None,
            });
            committed.unwrap()[2] = U256::from(1);
        },
        &[("settled", Some(2))],
    ),
    (
        "a deposit is missing",
        |c| {
            let at =
                c.history.told.iter().rposition(|l| matches!(l.event, Event::Deposited { .. }));
            c.history.told.remove(at.unwrap());
        },
        &[("books", None)],
    ),
    ("money is missing", |c| c.history.balance -= U256::from(1), &[("balance", None)]),
    (
        "the contract says that less is unclaimed",
        |c| c.history.epochs[1].unclaimed -= U256::from(1),
        &[("books", None), ("claims", Some(2))],
    ),
    ("the pot is another", |c| c.history.state.pot -= 1, &[("books", None)]),
    (
        "another commitment stands",
        |c| c.history.state.commitment = commitment([U256::from(1); 3]),
        &[("books", None)],
    ),
    ("it tells what no contract tells", |c| c.tell(Event::Unknown), &[("books", None)]),
    (
        "an epoch that it does not have",
        |c| {
            c.history.epochs.pop();
        },
        &[("books", None)],
    ),
];

#[test]
fn every_lie_of_a_chain_fails_the_checks_that_it_is_about() {
    let network = network();
    let mut wrong = Vec::new();
    for (name, tell, fails) in LIES {
        let mut chain = Chain::new(&network);
        tell(&mut chain);
        let audit = chain.audit(&network, &NAMES);
        if failed(&audit) != *fails {
            let got = failed(&audit);
            wrong.push(format!("{name}: expected {fails:?}, got {got:?}\n{audit}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn another_contract_is_not_the_bundles() {
    let mut network = network();
    let trace = network.traces[1].clone();
    let chain = Chain::new(&network);
    network.bundle("2", trace.clone(), Domain::evm(31_337, [0x5f; 20]));
    let audit = chain.audit(&network, &NAMES);
    assert_eq!(failed(&audit), [("settled", Some(2))], "{audit}");
    network.bundle("2", trace, DOMAIN());
    assert_eq!(chain.audit(&network, &NAMES).result, Outcome::Good);
    // Missing money is told with its amount.
    let mut chain = chain;
    let owed = chain.history.balance;
    chain.history.balance -= U256::from(10);
    let audit = chain.audit(&network, &NAMES);
    let difference = errors(&audit, "balance", None)[0].difference.unwrap();
    assert_eq!((difference.expected, difference.got), (owed, owed - U256::from(10)));
}
