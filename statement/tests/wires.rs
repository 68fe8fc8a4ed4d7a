//! Single wires: every number of a trace, one more and one less, alone. No other trace of the
//! sample is accepted, and the clause that speaks of the number first is the one that fails.

use ark_bn254::Fr;
use ark_ff::Field;
use meed_statement::check::check;
use meed_statement::clause::Clause;
use meed_statement::lies::sample;
use meed_statement::roots::Commitment;
use meed_statement::settle::{settle, Trace};
use meed_statement::types::Account;
use ruint::aliases::U256;

/// A number that can be one more or one less, around its type's ends.
trait Nudge {
    fn nudge(&mut self, up: bool);
}

macro_rules! nudge {
    ($($number:ty, $one:expr);*) => {$(
        impl Nudge for $number {
            fn nudge(&mut self, up: bool) {
                *self = if up { self.wrapping_add($one) } else { self.wrapping_sub($one) };
            }
        }
    )*};
}
nudge!(u32, 1; u64, 1; u128, 1; U256, U256::ONE);

impl Nudge for Fr {
    fn nudge(&mut self, up: bool) {
        *self += if up { Self::ONE } else { -Self::ONE };
    }
}

impl Nudge for Account {
    fn nudge(&mut self, up: bool) {
        let mut bytes = *self.bytes();
        // No account of the sample ends in 0x00 or 0xff.
        bytes[19] = if up { bytes[19] + 1 } else { bytes[19] - 1 };
        *self = Self::new(bytes).expect("the first bytes are not zero");
    }
}

/// Changes one number of a trace, up or down.
type Change = Box<dyn Fn(&mut Trace, bool)>;

/// A number of a trace: its name, the clause that fails, and how to reach it.
struct Wire {
    name: String,
    clause: Clause,
    nudge: Change,
}

/// Every number of a trace.
fn wires(trace: &Trace) -> Vec<Wire> {
    use Clause::{
        Binding, Cap, Conservation, Counted, Credit, Flow, Ledger, Owners, Price, Release,
    };
    let mut wires = Vec::new();
    macro_rules! wire {
        ($clause:ident, $($path:tt)+) => {
            wires.push(Wire {
                name: stringify!($($path)+).to_owned(),
                clause: $clause,
                nudge: Box::new(move |t, up| t.$($path)+.nudge(up)),
            })
        };
    }
    macro_rules! list {
        ($list:ident: $($clause:ident $field:ident $([$slot:literal])?);+) => {
            for i in 0..trace.$list.len() {
                $(
                    wires.push(Wire {
                        name: format!("{}[{i}] {}", stringify!($list), stringify!($field $([$slot])?)),
                        clause: $clause,
                        nudge: Box::new(move |t, up| t.$list[i].$field$([$slot])?.nudge(up)),
                    });
                )+
            }
        };
    }
    for i in 0..trace.counted.len() {
        wire!(Counted, counted[i]);
    }
    list!(prices: Price points; Price price; Price leftover);
    list!(flows: Credit direct; Flow inflow; Flow penalty; Flow kept;
        Flow passes[0]; Flow passes[1]; Flow passes[2]; Flow passes[3]);
    wire!(Credit, roles.platform);
    wire!(Credit, roles.stakers);
    wire!(Flow, roles.remainder);
    wire!(Cap, cap);
    wire!(Cap, excess);
    list!(accounts: Owners account; Owners accrued_before; Owners earned; Cap credited;
        Release amount; Release accrued_after);
    list!(payouts: Binding account; Binding amount);
    list!(state_after: Binding account; Binding accrued);
    wire!(Binding, header.epoch);
    wire!(Binding, header.policy_hash);
    wire!(Binding, header.registry_root);
    wire!(Binding, header.scores_root);
    wire!(Binding, header.state_root_before);
    wire!(Binding, header.state_root_after);
    wire!(Ledger, header.fees_total);
    wire!(Conservation, header.released_total);
    wire!(Conservation, header.accrued_total_after);
    wire!(Binding, header.payouts);
    wire!(Binding, h);
    wires
}

#[test]
fn no_number_may_change_alone() {
    let inputs = sample();
    let committed = Commitment::new(&inputs);
    let honest = settle(&inputs).unwrap();
    let wires = wires(&honest);
    for wire in &wires {
        for up in [true, false] {
            let mut trace = honest.clone();
            (wire.nudge)(&mut trace, up);
            assert_ne!(trace, honest, "{}", wire.name);
            match check(&inputs, &committed, &trace) {
                Ok(()) => panic!("{}, up {up}: accepted", wire.name),
                Err(v) => assert_eq!(v.clause, wire.clause, "{}, up {up}: {v}", wire.name),
            }
        }
    }
    // 19 records, 4 events, 8 assets, 7 accounts, 5 payouts and the state's entries.
    let state = honest.state_after.len() * 2;
    assert_eq!(wires.len(), 19 + 4 * 3 + 8 * 8 + 5 + 7 * 6 + 5 * 2 + state + 11);
}

/// A list of a trace, shortened or lengthened.
type Resize = fn(&mut Trace, bool);

#[test]
fn no_list_may_change_its_length() {
    fn resize<T: Clone>(list: &mut Vec<T>, longer: bool) {
        let last = list.pop().expect("the sample fills every list");
        if longer {
            list.extend([last.clone(), last]);
        }
    }
    let lists: [(&str, Clause, Resize); 6] = [
        ("counted", Clause::Counted, |t, longer| resize(&mut t.counted, longer)),
        ("prices", Clause::Price, |t, longer| resize(&mut t.prices, longer)),
        ("flows", Clause::Flow, |t, longer| resize(&mut t.flows, longer)),
        ("accounts", Clause::Owners, |t, longer| resize(&mut t.accounts, longer)),
        ("payouts", Clause::Binding, |t, longer| resize(&mut t.payouts, longer)),
        ("state_after", Clause::Binding, |t, longer| resize(&mut t.state_after, longer)),
    ];
    let inputs = sample();
    let committed = Commitment::new(&inputs);
    let honest = settle(&inputs).unwrap();
    for (name, clause, resize) in lists {
        for longer in [true, false] {
            let mut trace = honest.clone();
            resize(&mut trace, longer);
            let violation = check(&inputs, &committed, &trace).expect_err(name);
            assert_eq!(violation.clause, clause, "{name}: {violation}");
        }
    }
}

#[test]
fn the_largest_numbers_are_refused_without_a_panic() {
    let inputs = sample();
    let committed = Commitment::new(&inputs);
    let honest = settle(&inputs).unwrap();
    let changes: [fn(&mut Trace); 15] = [
        |t| t.counted.fill(u64::MAX),
        |t| t.prices[0].points = u128::MAX,
        |t| t.prices[0].price = U256::MAX,
        |t| t.prices[2].price = U256::MAX,
        |t| t.prices[0].leftover = U256::MAX,
        |t| t.flows[0].direct = U256::MAX,
        |t| t.flows[5].inflow = U256::MAX,
        |t| t.flows[5].passes = [U256::MAX; 4],
        |t| t.flows[5].penalty = U256::MAX,
        |t| t.accounts.iter_mut().for_each(|r| r.earned = U256::MAX),
        |t| t.accounts.iter_mut().for_each(|r| r.credited = U256::MAX),
        |t| t.accounts.iter_mut().for_each(|r| r.amount = u128::MAX),
        |t| t.accounts.iter_mut().for_each(|r| r.accrued_after = U256::MAX),
        |t| t.payouts.iter_mut().for_each(|p| p.amount = u128::MAX),
        |t| {
            (t.header.fees_total, t.header.released_total) = (u128::MAX, u128::MAX);
            t.header.accrued_total_after = -Fr::ONE;
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut trace = honest.clone();
        change(&mut trace);
        assert!(check(&inputs, &committed, &trace).is_err(), "change {index}");
    }
}
