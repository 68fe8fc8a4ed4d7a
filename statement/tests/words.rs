//! The public words: what a reader refuses, what alpha and y depend on, and packing.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use meed_statement::lies::sample;
use meed_statement::settle::settle;
use meed_statement::words::{
    challenge, check_words, evaluate, list_hash, pack_payout, unpack_payout, word_from_bytes,
    word_to_bytes, Binding, Domain, Header, WordsError, ACCOUNT_BITS, ALPHA_TAG, AMOUNT_BITS,
    GROUP_WORDS, HEADER_WORDS,
};
use num_bigint::BigUint;
use proptest::prelude::*;
use sha3::{Digest, Keccak256};

fn modulus() -> BigUint {
    BigUint::from_bytes_be(&Fr::MODULUS.to_bytes_be())
}

fn number(word: &Fr) -> BigUint {
    BigUint::from_bytes_be(&word_to_bytes(word))
}

/// 32 bytes of an integer below 2^256.
fn bytes(v: &BigUint) -> [u8; 32] {
    let digits = v.to_bytes_be();
    let mut bytes = [0; 32];
    bytes[32 - digits.len()..].copy_from_slice(&digits);
    bytes
}

/// `account * 2^93 + amount` without looking at either.
fn payout_word(account: &BigUint, amount: &BigUint) -> Fr {
    Fr::from_be_bytes_mod_order(&bytes(&((account << AMOUNT_BITS) + amount)))
}

/// The sample's words and `h`.
fn words() -> (Vec<Fr>, Fr) {
    let trace = settle(&sample()).unwrap();
    (trace.words(), trace.h)
}

/// The words are refused, for this reason.
fn refused(error: WordsError, change: impl FnOnce(&mut Vec<Fr>)) {
    let (mut words, _) = words();
    check_words(&words).unwrap();
    change(&mut words);
    assert_eq!(check_words(&words), Err(error), "{error}");
}

const FIRST: usize = HEADER_WORDS;

#[test]
fn a_word_is_below_the_modulus() {
    let r = modulus();
    let top = Fr::from(0u64) - Fr::ONE;
    assert_eq!(word_from_bytes(&bytes(&(&r - 1u32)), 3), Ok(top));
    for v in [r.clone(), &r + 1u32, (BigUint::from(1u32) << 256) - 1u32] {
        let error = WordsError::NonCanonical { index: 3 };
        assert_eq!(word_from_bytes(&bytes(&v), 3), Err(error));
    }
    // Every word of an epoch, plus the modulus, still fits 32 bytes and would evaluate alike.
    let (words, _) = words();
    for (index, word) in words.iter().enumerate() {
        assert_eq!(word_from_bytes(&word_to_bytes(word), index), Ok(*word));
        let twin = bytes(&(number(word) + &r));
        assert_eq!(Fr::from_be_bytes_mod_order(&twin), *word);
        assert_eq!(word_from_bytes(&twin, index), Err(WordsError::NonCanonical { index }));
    }
}

/// The attack that the check of canonical form prevents: the same element, another payee.
#[test]
fn w_and_w_plus_r_pay_different_accounts() {
    let (words, _) = words();
    let twin = number(&words[FIRST]) + modulus();
    // A reader that takes 32 bytes for its amount and the 160 bits above.
    let payee: BigUint = (&twin >> AMOUNT_BITS) % (BigUint::from(1u32) << ACCOUNT_BITS);
    let account = BigUint::from_bytes_be(&unpack_payout(&words[FIRST]).unwrap().0);
    assert_ne!(payee, account);
}

#[test]
fn the_header_is_read_as_it_was_written() {
    let (words, _) = words();
    let header = check_words(&words).unwrap();
    assert_eq!(header.to_words(), words[..HEADER_WORDS]);
    assert_eq!(Header::from_words(&words), Ok(header));
    let wide = Header {
        epoch: u64::MAX,
        fees_total: u128::MAX,
        released_total: u128::MAX,
        payouts: u32::MAX,
        ..header
    };
    assert_eq!(Header::from_words(&wide.to_words()), Ok(wide));
}

#[test]
fn header_words_have_their_ranges() {
    let two_to = |bits: u64| Fr::from(2u64).pow([bits]);
    for word in [Fr::ZERO, Fr::from(2u64), -Fr::ONE] {
        refused(WordsError::Version, |w| w[0] = word);
    }
    refused(WordsError::Range { index: 1 }, |w| w[1] = two_to(64));
    refused(WordsError::Range { index: 1 }, |w| w[1] = -Fr::ONE);
    refused(WordsError::Range { index: 7 }, |w| w[7] = two_to(128));
    refused(WordsError::Range { index: 8 }, |w| w[8] = two_to(128));
    refused(WordsError::Range { index: 10 }, |w| w[10] = two_to(32));
    refused(WordsError::Range { index: 10 }, |w| w[10] = -Fr::ONE);
    for n in 0..HEADER_WORDS {
        refused(WordsError::TooFew { got: n }, |w| w.truncate(n));
    }
}

#[test]
fn n_is_the_number_of_payouts() {
    refused(WordsError::Count, |w| w[10] += Fr::ONE);
    refused(WordsError::Count, |w| w[10] -= Fr::ONE);
    refused(WordsError::Count, |w| w.truncate(w.len() - 1));
    refused(WordsError::Count, |w| w.push(w[w.len() - 1]));
    refused(WordsError::Count, |w| w.truncate(HEADER_WORDS));
}

#[test]
fn payouts_are_sorted_and_stand_once() {
    refused(WordsError::Order { index: FIRST + 1 }, |w| w.swap(FIRST, FIRST + 1));
    refused(WordsError::Order { index: FIRST + 1 }, |w| w[FIRST + 1] = w[FIRST]);
    // The same account with another amount.
    refused(WordsError::Order { index: FIRST + 1 }, |w| w[FIRST + 1] = w[FIRST] + Fr::ONE);
}

#[test]
fn a_payout_has_an_account_and_an_amount() {
    let (zero, one) = (BigUint::ZERO, BigUint::from(1u32));
    let account = BigUint::from_bytes_be(&[0x11; 20]);
    let too_large = &one << AMOUNT_BITS;
    let error = WordsError::Payout { index: FIRST };
    refused(error, |w| w[FIRST] = payout_word(&account, &zero));
    refused(error, |w| w[FIRST] = payout_word(&zero, &one));
    refused(error, |w| w[FIRST] = Fr::ZERO);
    refused(error, |w| w[FIRST] = -Fr::ONE);
    // An account of 161 bits; 2^253 is still below the modulus.
    refused(error, |w| w[FIRST] = payout_word(&(&one << ACCOUNT_BITS), &one));
    // An amount of 2^93 is a unit of the next account: here, one without an amount.
    assert_eq!(payout_word(&account, &too_large), payout_word(&(&account + 1u32), &zero));
    refused(error, |w| w[FIRST] = payout_word(&account, &too_large));
    let bytes = [0x11; 20];
    assert_eq!(pack_payout(&bytes, 1 << AMOUNT_BITS), None);
    assert_eq!(pack_payout(&bytes, u128::MAX), None);
    assert_eq!(pack_payout(&bytes, 0), None);
    assert_eq!(pack_payout(&[0; 20], 1), None);
}

#[test]
fn amounts_add_up_to_released_total() {
    refused(WordsError::Released, |w| w[8] += Fr::ONE);
    refused(WordsError::Released, |w| w[8] -= Fr::ONE);
    refused(WordsError::Released, |w| w[FIRST] += Fr::ONE);
    refused(WordsError::Released, |w| {
        w[FIRST] += Fr::ONE;
        w[FIRST + 1] += Fr::ONE;
    });
    // One unit from one to another is not seen here: that is what the proof is for.
    let (mut words, _) = words();
    words[FIRST] += Fr::ONE;
    words[FIRST + 1] -= Fr::ONE;
    check_words(&words).unwrap();
}

/// The largest sum that still fits, and one that does not: no overflow, no panic.
#[test]
fn the_sum_of_amounts_does_not_overflow() {
    let largest = (1u128 << AMOUNT_BITS) - 1;
    let list = |n: u32, released: u128| {
        let (words, _) = words();
        let header =
            Header { released_total: released, payouts: n, ..check_words(&words).unwrap() };
        let payout = |i: u32| {
            let mut account = [0xff; 20];
            account[16..].copy_from_slice(&i.to_be_bytes());
            pack_payout(&account, largest).unwrap()
        };
        header.to_words().into_iter().chain((0..n).map(payout)).collect::<Vec<_>>()
    };
    assert!(check_words(&list(1_000, 1_000 * largest)).is_ok());
    // 2^35 payouts would overflow 128 bits; a list cannot be that long, as n is below 2^32.
    assert!(largest.checked_mul(u128::from(u32::MAX)).is_some());
    assert_eq!(check_words(&list(3, 2 * largest)), Err(WordsError::Released));
}

/// A change of a list, by its name.
type Change = (&'static str, fn(&mut Vec<Fr>));

const CHANGES: [Change; 6] = [
    ("swap", |w| w.swap(FIRST, FIRST + 1)),
    ("pad with zero", |w| w.push(Fr::ZERO)),
    ("pad with the last", |w| w.push(w[w.len() - 1])),
    ("truncate", |w| w.truncate(w.len() - 1)),
    ("a header word", |w| w[6] += Fr::ONE),
    ("an amount", |w| w[FIRST] += Fr::ONE),
];

#[test]
fn alpha_and_y_depend_on_the_list() {
    let (words, h) = words();
    let honest = Binding::derive(&Domain::OFF_CHAIN, h, &words);
    for (name, change) in CHANGES {
        let mut other = words.clone();
        change(&mut other);
        let binding = Binding::derive(&Domain::OFF_CHAIN, h, &other);
        assert_ne!(binding.alpha, honest.alpha, "{name}");
        assert_ne!(binding.y, honest.y, "{name}");
        // At the honest alpha, too, the lists differ, but for zeros at the end: alpha tells those.
        let same = name == "pad with zero";
        assert_eq!(evaluate(&other, &honest.alpha) == honest.y, same, "{name}");
    }
    for index in 0..words.len() {
        let mut other = words.clone();
        other[index] += Fr::ONE;
        assert_ne!(challenge(&Domain::OFF_CHAIN, &h, &other), honest.alpha, "word {index}");
        assert_ne!(evaluate(&other, &honest.alpha), honest.y, "word {index}");
    }
}

#[test]
fn alpha_depends_on_the_domain_and_on_h() {
    let (words, h) = words();
    let domains = [
        Domain::OFF_CHAIN,
        Domain::evm(1, [0; 20]),
        Domain::evm(0, [1; 20]),
        Domain::evm(1, [1; 20]),
        Domain::evm(10, [1; 20]),
        Domain::raw([1; 32], [0; 32]),
        Domain::raw([0; 32], [1; 32]),
        Domain::evm(1 << 56, [0; 20]),
    ];
    let mut alphas: Vec<Fr> = domains.iter().map(|d| challenge(d, &h, &words)).collect();
    alphas.push(challenge(&Domain::OFF_CHAIN, &(h + Fr::ONE), &words));
    alphas.sort_unstable();
    alphas.dedup();
    assert_eq!(alphas.len(), domains.len() + 1);
    assert_eq!(Domain::evm(0, [0; 20]), Domain::OFF_CHAIN);
    let evm = Domain::evm(0x0102, [0xaa; 20]);
    let mut id = [0; 32];
    id[30..].copy_from_slice(&[1, 2]);
    let mut contract = [0; 32];
    contract[12..].fill(0xaa);
    assert_eq!((evm.chain_id(), evm.contract()), (&id, &contract));
}

/// The words one after another.
fn flat(words: &[Fr]) -> Vec<u8> {
    words.iter().flat_map(|w| bytes(&number(w))).collect()
}

/// The list's hash word by word: a group is hashed when it is full, and at the end if anything is
/// left.
fn naive_list_hash(words: &[Fr]) -> Vec<u8> {
    let mut hash = Keccak256::digest(flat(&words[..HEADER_WORDS])).to_vec();
    let mut group = hash.clone();
    let mut count = 0;
    for word in &words[HEADER_WORDS..] {
        group.extend(bytes(&number(word)));
        count += 1;
        if count == 1024 {
            hash = Keccak256::digest(&group).to_vec();
            group.clone_from(&hash);
            count = 0;
        }
    }
    if count > 0 {
        hash = Keccak256::digest(&group).to_vec();
    }
    hash
}

/// The words 1, 2, 3, .. with so many after the header.
fn counting(payouts: usize) -> Vec<Fr> {
    (1..=HEADER_WORDS + payouts).map(|i| Fr::from(i as u64)).collect()
}

#[test]
fn a_list_of_one_group_is_hashed_in_two_steps() {
    let words = counting(1_000);
    let header = Keccak256::digest(flat(&words[..11]));
    assert_eq!(list_hash(&words[..11])[..], header[..]);
    let group = [&header[..], &flat(&words[11..])].concat();
    assert_eq!(list_hash(&words)[..], Keccak256::digest(group)[..]);
}

/// Digests by an implementation that is not ours (@noble/hashes).
const LIST_HASHES: [(usize, &str); 6] = [
    (0, "c4d974d567fdb06793c7d58a75bf886c085c812d986b8c12f56f9f0ad9e0f486"),
    (1, "58be40e265be7b372a5e74fa747ecb772403f2f448ced7c73c6812ad149de226"),
    (1_023, "80b1ce3675666b99ca5930cad095aced6e14882fe1a39427ba3ad1a651ee2655"),
    (1_024, "d9080dd1a2afc7ef9f20d8fb833be8f47d50d0d2d731d0216fca9145ea8bbc40"),
    (1_025, "9a42138c7d4e2d166b2052593dcc219d49397346f36b7337eaad7e5c7b7ed504"),
    (2_049, "b3364233eb782a86fbf423faa6a74271a4f1792254cd2a60e6d3aea9f5ee8846"),
];

#[test]
fn lists_are_hashed_in_groups() {
    assert_eq!(GROUP_WORDS, 1024);
    for (payouts, digest) in LIST_HASHES {
        let words = counting(payouts);
        assert_eq!(hex::encode(list_hash(&words)), digest, "{payouts} payouts");
        assert_eq!(list_hash(&words)[..], naive_list_hash(&words), "{payouts} payouts");
    }
    // Shorter than a header: all of it is hashed.
    for n in 0..HEADER_WORDS {
        let words = &counting(0)[..n];
        assert_eq!(list_hash(words)[..], Keccak256::digest(flat(words))[..]);
    }
}

/// Every word, in both groups and in the header.
#[test]
fn every_word_counts_in_its_place() {
    let words = counting(GROUP_WORDS + 1);
    let honest = list_hash(&words);
    for index in 0..words.len() {
        let mut changed = words.clone();
        changed[index] += Fr::ONE;
        assert_ne!(list_hash(&changed), honest, "word {index} changed");
        let mut added = words.clone();
        added.insert(index, Fr::ZERO);
        assert_ne!(list_hash(&added), honest, "a word added before {index}");
        let mut dropped = words.clone();
        let word = dropped.remove(index);
        assert_ne!(list_hash(&dropped), honest, "word {index} dropped");
        dropped.push(word);
        let last = index + 1 == words.len();
        assert_eq!(list_hash(&dropped) == honest, last, "word {index} moved to the end");
    }
    for end in [Fr::ZERO, words[words.len() - 1]] {
        let longer = [&words[..], &[end]].concat();
        assert_ne!(list_hash(&longer), honest, "a word added at the end");
    }
}

/// A header and ten payouts after a hash are 352 bytes both. A header that passed for the second would
/// begin with that hash: the version, word 0, is in the way, and so is the count.
#[test]
fn a_last_group_does_not_pass_for_a_header() {
    let words = counting(10);
    let header = Fr::from_be_bytes_mod_order(&list_hash(&words[..HEADER_WORDS]));
    let other = [&[header], &words[HEADER_WORDS..]].concat();
    assert_eq!(other.len(), HEADER_WORDS);
    assert_eq!(check_words(&other), Err(WordsError::Version));
}

/// Alpha from one flat preimage and big integers.
fn alpha(domain: &Domain, h: &Fr, words: &[Fr]) -> BigUint {
    let mut preimage = Vec::new();
    preimage.extend_from_slice(&Keccak256::digest(b"meed.alpha.v1"));
    preimage.extend_from_slice(domain.chain_id());
    preimage.extend_from_slice(domain.contract());
    preimage.extend_from_slice(&bytes(&number(h)));
    preimage.extend_from_slice(&naive_list_hash(words));
    assert_eq!(preimage.len(), 160);
    BigUint::from_bytes_be(&Keccak256::digest(preimage)) % modulus()
}

#[test]
fn alpha_and_y_are_what_the_statement_says() {
    let (words, h) = words();
    for domain in [Domain::OFF_CHAIN, Domain::evm(31_337, [0xc0; 20])] {
        let binding = Binding::derive(&domain, h, &words);
        assert_eq!(number(&binding.alpha), alpha(&domain, &h, &words));
        let r = modulus();
        let mut power = BigUint::from(1u32);
        let mut y = BigUint::ZERO;
        for word in &words {
            y = (y + number(word) * &power) % &r;
            power = power * number(&binding.alpha) % &r;
        }
        assert_eq!(number(&binding.y), y);
        assert_eq!(binding.to_inputs(), [h, binding.alpha, binding.y]);
    }
}

/// Values by an implementation that is not ours (@noble/hashes): three words, and long lists.
#[test]
fn alpha_has_golden_values() {
    assert_eq!(
        hex::encode(Keccak256::digest(ALPHA_TAG)),
        "fcdd2da9a29eb7c09a0e7ca168fd706bfdf7fc1f98e223e730fbdeae66dbd3d2"
    );
    let words = [1u64, 2, 3].map(Fr::from);
    let binding = Binding::derive(&Domain::OFF_CHAIN, Fr::from(4u64), &words);
    assert_eq!(
        hex::encode(word_to_bytes(&binding.alpha)),
        "18a4bdf44974fdcc4607787b0a0743f5bd640b57f364d806d36662fd35b63e46"
    );
    assert_eq!(
        hex::encode(word_to_bytes(&binding.y)),
        "1ea0f8db589df9893526e1fd595e954ca839dca29047fb9371aec2a5c07edeb1"
    );
    let evm = Domain::evm(1, [0x11; 20]);
    let binding = Binding::derive(&evm, Fr::from(4u64), &words);
    assert_eq!(
        hex::encode(word_to_bytes(&binding.alpha)),
        "09573dc3596dc29fb4167baf4a0f6a387f296aff4a6635cf381f03ff57986b6a"
    );
    let mut contract = [0; 20];
    contract[19] = 5;
    let domain = Domain::evm(31_337, contract);
    for (payouts, alpha) in [
        (1_024, "08f827b04e21ddbd7a8feeae2a90d06cd33bfe06fabe46202b6d19526c20b9dc"),
        (2_049, "1c92d76f723a143ddb47a80c75a902b796ded2bd786009f090d512ae6fe571df"),
    ] {
        let alpha_of = challenge(&domain, &Fr::from(4u64), &counting(payouts));
        assert_eq!(hex::encode(word_to_bytes(&alpha_of)), alpha, "{payouts} payouts");
    }
}

#[test]
fn an_empty_list_evaluates_to_zero() {
    assert_eq!(evaluate(&[], &Fr::from(7u64)), Fr::ZERO);
    assert_eq!(evaluate(&[Fr::from(5u64)], &Fr::from(7u64)), Fr::from(5u64));
    assert_eq!(check_words(&[]), Err(WordsError::TooFew { got: 0 }));
}

fn arb_account() -> impl Strategy<Value = [u8; 20]> {
    prop_oneof![any::<[u8; 20]>(), Just([0xff; 20]), Just([0; 20])]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packing_a_payout_loses_nothing(account in arb_account(), amount in any::<u128>(), cut in 0..=40u32) {
        let amount = amount >> cut;
        let fits = account != [0; 20] && amount != 0 && amount < 1 << AMOUNT_BITS;
        let word = pack_payout(&account, amount);
        prop_assert_eq!(word.is_some(), fits);
        if let Some(word) = word {
            prop_assert_eq!(unpack_payout(&word), Some((account, amount)));
            let number = (BigUint::from_bytes_be(&account) << AMOUNT_BITS) + amount;
            prop_assert_eq!(word_to_bytes(&word), bytes(&number));
        }
    }

    /// Whatever can be taken apart was packed so, and nothing panics.
    #[test]
    fn unpacking_is_canonical(limbs in any::<[u64; 4]>(), cut in 0..=255usize) {
        let v = (limbs.iter().fold(BigUint::ZERO, |v, l| (v << 64) + l) >> cut) % modulus();
        let word = word_from_bytes(&bytes(&v), 0).unwrap();
        if let Some((account, amount)) = unpack_payout(&word) {
            prop_assert_eq!(pack_payout(&account, amount), Some(word));
        } else {
            let amount = &v & ((BigUint::from(1u32) << AMOUNT_BITS) - 1u32);
            let account: BigUint = &v >> AMOUNT_BITS;
            prop_assert!(
                amount == BigUint::ZERO || account == BigUint::ZERO || account.bits() > 160
            );
        }
    }

    #[test]
    fn bytes_are_words_below_the_modulus(any in any::<[u8; 32]>()) {
        let below = BigUint::from_bytes_be(&any) < modulus();
        match word_from_bytes(&any, 9) {
            Ok(word) => prop_assert!(below && word_to_bytes(&word) == any),
            Err(error) => {
                let expected = WordsError::NonCanonical { index: 9 };
                prop_assert!(!below && error == expected);
            }
        }
    }

    #[test]
    fn no_list_of_words_panics(list in prop::collection::vec(any::<[u8; 32]>(), 0..20), version in any::<bool>(), small in any::<bool>()) {
        let mut words: Vec<Fr> = list.iter().map(|b| Fr::from_be_bytes_mod_order(b)).collect();
        if let Some(first) = words.first_mut().filter(|_| version) {
            *first = Fr::ONE;
        }
        if small {
            for index in [1, 7, 8, 10] {
                let n = words.len().saturating_sub(HEADER_WORDS) as u64;
                if let Some(word) = words.get_mut(index) {
                    *word = Fr::from(n);
                }
            }
        }
        // Random payouts do not add up to their number.
        prop_assert!(check_words(&words).is_err() || words.len() == HEADER_WORDS);
    }
}
