//! Every lie of the table applies to the sample, and the native check names its clause.

use meed_statement::check::check;
use meed_statement::clause::{Clause, Place};
use meed_statement::lies::{lies, sample};
use meed_statement::roots::Commitment;
use meed_statement::settle::settle;
use meed_statement::shape::{Size, XS};

#[test]
fn the_sample_is_honest_and_leaves_a_row_of_xs_free() {
    let inputs = sample();
    let trace = settle(&inputs).unwrap();
    check(&inputs, &Commitment::new(&inputs), &trace).unwrap();
    let mut size = Size::of(&inputs, &trace);
    size.accounts += 1;
    assert!(XS.holds(&size), "{size}");
    // What the lies need.
    assert!(!trace.excess.is_zero());
    assert!(trace.prices.iter().any(|p| p.points == 0 && !p.leftover.is_zero()));
    assert!(trace.accounts.iter().any(|row| row.amount == 0 && !row.accrued_after.is_zero()));
    assert!(trace.payouts.len() > 3);
}

#[test]
fn every_lie_is_caught_by_its_clause() {
    let inputs = sample();
    let committed = Commitment::new(&inputs);
    for lie in lies() {
        let trace = lie.told(&inputs).unwrap_or_else(|| panic!("{}: does not apply", lie.name));
        match check(&inputs, &committed, &trace) {
            Ok(()) => panic!("{}: accepted", lie.name),
            Err(violation) => assert_eq!(violation.clause, lie.clause, "{}: {violation}", lie.name),
        }
    }
}

#[test]
fn every_clause_from_s3_on_has_two_lies() {
    let lies = lies();
    assert!(lies.len() >= 25);
    for clause in Clause::ALL.into_iter().skip(2) {
        assert!(lies.iter().filter(|lie| lie.clause == clause).count() >= 2, "{clause}");
    }
    let mut names: Vec<_> = lies.iter().map(|lie| lie.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), lies.len(), "names are distinct");
}

#[test]
fn a_lie_is_found_where_it_was_told() {
    use Place::{Account as Row, Asset, Epoch, Event, Record, Word};
    let places = [
        ("a unit of fees is hidden", Word(7)),
        ("a score under the threshold counts", Record(7)),
        ("a score below zero counts its magnitude", Record(4)),
        ("a score at the threshold is not counted", Record(2)),
        ("a price is rounded down once more", Event(0)),
        ("an event without points has a price", Event(2)),
        ("a record's credit goes to another asset", Asset(0)),
        ("the platform takes a credit of the stakers", Epoch),
        ("an edge passes a credit too many", Asset(3)),
        ("an edge that is not there passes a credit", Asset(1)),
        ("a suspended asset keeps its inflow", Asset(7)),
        ("the remainder account is credited a credit too few", Epoch),
        ("an owner is left out", Asset(0)),
        ("the stakers are left out", Place::Policy),
        ("an account of the state is left out", Place::State(2)),
        ("an account stands twice and dodges the cap", Row(1)),
        ("the cap is a credit too high", Epoch),
        ("an account is spared the cap", Row(0)),
        ("the excess is a credit short", Epoch),
        ("an amount under the minimum is paid", Row(4)),
        ("an amount over the minimum is withheld", Row(0)),
        ("the excess goes to nobody", Row(5)),
        ("a unit is minted for a payout", Epoch),
        ("a unit in released_total is taken from accrued_total_after", Word(8)),
        ("the epoch is another", Word(1)),
        ("policy_hash is another", Word(2)),
        ("registry_root is another", Word(3)),
        ("scores_root is another", Word(4)),
        ("state_root_before is another", Word(5)),
        ("state_root_after is another", Word(6)),
        ("n is one too many", Word(10)),
        ("a payee is replaced", Epoch),
        ("h is another", Epoch),
    ];
    let inputs = sample();
    let committed = Commitment::new(&inputs);
    let lies = lies();
    for (name, place) in places {
        let lie = lies.iter().find(|lie| lie.name == name).expect(name);
        let violation = check(&inputs, &committed, &lie.told(&inputs).unwrap()).unwrap_err();
        assert_eq!(violation.at, place, "{name}: {violation}");
    }
}
