//! Every lie of the table applies to the sample, and the native check names its clause.

use meed_statement::check::check;
use meed_statement::clause::Clause;
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
