//! From the public words of an epoch to a verdict.

use ark_bn254::Fr;
use ark_ff::Field;
use meed_statement::words::{pack_payout, Domain, WordsError};
use meed_toys::groth16::{prove_words as prove, words, Setup, AMOUNTS};
use meed_verifier::{verify_words, VerifyError};

#[test]
fn a_proof_of_the_words_gives_the_header() {
    let mut setup = Setup::new(1);
    let domain = Domain::evm(1, [9; 20]);
    let (h, proof) = prove(&mut setup, &domain, &words());
    let header = verify_words(&setup.pvk, &domain, &words(), h, &proof).unwrap();
    assert_eq!((header.epoch, header.payouts), (7, 3));
}

#[test]
fn other_words_h_or_domain_are_rejected() {
    let mut setup = Setup::new(2);
    let domain = Domain::evm(1, [9; 20]);
    let words = words();
    let (h, proof) = prove(&mut setup, &domain, &words);
    let rejected = Err(VerifyError::Rejected);

    // Well-formed changes: each header word that has no rule of its own, an account, two amounts.
    for index in [1, 2, 3, 4, 5, 6, 7, 9] {
        let mut changed = words.clone();
        changed[index] += Fr::ONE;
        assert_eq!(verify_words(&setup.pvk, &domain, &changed, h, &proof), rejected, "{index}");
    }
    let mut changed = words.clone();
    changed[13] = pack_payout(&[4; 20], AMOUNTS[2]).unwrap();
    assert_eq!(verify_words(&setup.pvk, &domain, &changed, h, &proof), rejected);
    let mut changed = words.clone();
    changed[11] -= Fr::ONE;
    changed[12] += Fr::ONE;
    assert_eq!(verify_words(&setup.pvk, &domain, &changed, h, &proof), rejected);

    assert_eq!(verify_words(&setup.pvk, &domain, &words, h + Fr::ONE, &proof), rejected);
    for other in [Domain::evm(2, [9; 20]), Domain::evm(1, [8; 20]), Domain::OFF_CHAIN] {
        assert_eq!(verify_words(&setup.pvk, &other, &words, h, &proof), rejected);
    }
}

/// The words' own rules hold even where a proof of them exists.
#[test]
fn malformed_words_are_named_before_the_proof_is_looked_at() {
    let mut setup = Setup::new(3);
    let domain = Domain::OFF_CHAIN;
    let good = words();
    let mut cases = Vec::new();
    let mut changed = good.clone();
    changed.swap(11, 12);
    cases.push((changed, WordsError::Order { index: 12 }));
    let mut changed = good.clone();
    changed[12] += Fr::ONE;
    cases.push((changed, WordsError::Released));
    let mut changed = good.clone();
    changed.pop();
    cases.push((changed, WordsError::Count));
    cases.push((good[..4].to_vec(), WordsError::TooFew { got: 4 }));
    let mut changed = good.clone();
    changed[0] = Fr::from(2);
    cases.push((changed, WordsError::Version));
    for (words, error) in cases {
        let (h, proof) = prove(&mut setup, &domain, &words);
        assert_eq!(
            verify_words(&setup.pvk, &domain, &words, h, &proof),
            Err(VerifyError::Words(error))
        );
    }
}
