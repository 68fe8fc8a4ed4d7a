//! The module in the interpreter: what it accepts, what number each refusal has, what it costs, and that no
//! message, address or shortage of memory makes it trap.

mod forged;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInteger, PrimeField};
use forged::{g1, outside_subgroup, Secrets};
use meed_statement::words::{
    pack_payout, unpack_payout, word_from_bytes, word_to_bytes, Domain, Header, HEADER_WORDS,
};
use meed_verifier::{
    insecure_alpha, verify_words, PreparedVerifyingKey, Proof, VerifyingKey, PROOF_BYTES,
    VERIFYING_KEY_BYTES,
};
use meed_wasm_host::{code, fixture, module, Chain, Export, Failure, Limits, Meter, Verdict};

static WASM: LazyLock<Vec<u8>> = LazyLock::new(|| {
    module::build(module::Profile::Fast).unwrap_or_else(|error| panic!("{error}"))
});
static CHAIN: LazyLock<Chain> =
    LazyLock::new(|| Chain::new(&WASM, Meter::Operators).expect("WebAssembly 1.0 without floats"));

/// Operators for the fixture's proof, about 10 % around the 172,609,259 that rustc 1.95 gives. What is
/// beyond changes the table in docs/embedding.md.
const FUEL: RangeInclusive<u64> = 155_000_000..=190_000_000;
/// Operators for each payout. Measured: 12,802 of 1,000 payouts, 13,231 of 4,000.
const FUEL_PER_PAYOUT: RangeInclusive<u64> = 11_500..=14_500;
/// Operators for refusing words or a proof that are no words or proof: measured up to 86,888.
const FUEL_REFUSED: u64 = 150_000;

/// Where the message of `verify_words` has its parts.
const PROOF_AT: usize = VERIFYING_KEY_BYTES;
const DOMAIN_AT: usize = PROOF_AT + PROOF_BYTES;
const H_AT: usize = DOMAIN_AT + 64;
const WORDS_AT: usize = H_AT + 32;
const PAYOUTS_AT: usize = WORDS_AT + 32 * HEADER_WORDS;

/// Every number that the module may return.
const CODES: [u32; 15] = [
    code::ACCEPTED,
    code::LENGTH,
    code::ADDRESS,
    code::MEMORY,
    code::KEY_POINT,
    code::KEY_DEGENERATE,
    code::KEY_DEVELOPMENT,
    code::WORD_RANGE,
    code::WORDS_HEADER,
    code::WORDS_COUNT,
    code::WORDS_PAYOUT,
    code::WORDS_ORDER,
    code::WORDS_RELEASED,
    code::PROOF_POINT,
    code::REJECTED,
];

fn run(message: &[u8], development: bool) -> Verdict {
    let verdict = CHAIN.call(Export::VerifyWords, message, development, Limits::DEFAULT);
    verdict.unwrap_or_else(|failure| panic!("{failure}"))
}

/// What the crate itself says, run natively.
fn native(message: &[u8]) -> bool {
    let verify = || {
        let key = VerifyingKey::from_bytes(message.get(..PROOF_AT)?).ok()?;
        let proof = Proof::from_bytes(message.get(PROOF_AT..DOMAIN_AT)?).ok()?;
        let (parts, []) = message.get(DOMAIN_AT..)?.as_chunks::<32>() else { return None };
        let [chain_id, contract, h, words @ ..] = parts else { return None };
        let h = word_from_bytes(h, 0).ok()?;
        let words: Result<Vec<_>, _> = words.iter().map(|word| word_from_bytes(word, 0)).collect();
        let domain = Domain::raw(*chain_id, *contract);
        verify_words(&PreparedVerifyingKey::new(&key), &domain, &words.ok()?, h, &proof).ok()
    };
    verify().is_some()
}

#[track_caller]
fn expect(what: &str, message: &[u8], expected: u32) -> Verdict {
    let verdict = run(message, true);
    assert_eq!(verdict.code, expected, "{what}");
    assert_eq!(native(message), expected == code::ACCEPTED, "{what}: the crate run natively");
    verdict
}

fn word(bytes: &[u8]) -> Fr {
    word_from_bytes(bytes.try_into().unwrap(), 0).unwrap()
}

/// The message with other bytes at `at`.
fn with(message: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut changed = message.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    assert_ne!(changed, message);
    changed
}

/// 32 bytes, big-endian, plus a modulus.
fn plus<F: PrimeField>(bytes: &[u8]) -> Vec<u8>
where
    F::BigInt: BigInteger,
{
    let mut carry = 0u16;
    let modulus = F::MODULUS.to_bytes_be();
    let mut sum: Vec<u8> = bytes
        .iter()
        .zip(&modulus)
        .rev()
        .map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let byte = carry as u8;
            carry >>= 8;
            byte
        })
        .collect();
    assert_eq!(carry, 0, "the sum still fits 32 bytes");
    sum.reverse();
    sum
}

#[test]
fn the_module_asks_its_host_for_nothing() {
    let module = CHAIN.module();
    assert_eq!(module.imports().len(), 0);
    let exports: BTreeSet<_> = module.exports().map(|export| export.name().to_owned()).collect();
    for name in ["memory", "meed_alloc", "meed_free"] {
        assert!(exports.contains(name), "{name}: {exports:?}");
    }
    assert!(WASM.len() < 350_000, "{} bytes", WASM.len());
}

#[test]
fn the_real_proof_verifies_and_needs_as_much_fuel_as_always() {
    let message = fixture::message();
    assert!(native(&message), "the statement has changed: run examples/wasm-host/make-fixture.sh");
    let verdict = expect("honest", &message, code::ACCEPTED);
    let again = run(&message, true);
    assert_eq!(verdict, again, "fuel is the same at every run");
    assert!(FUEL.contains(&verdict.fuel), "{verdict:?}");
    assert!(verdict.pages <= 24, "{verdict:?}");
}

#[test]
fn a_development_key_needs_to_be_asked_for() {
    let message = fixture::message();
    assert_eq!(run(&message, false).code, code::KEY_DEVELOPMENT);
    let check = |key: &[u8], development| {
        let verdict = CHAIN.call(Export::CheckKey, key, development, Limits::DEFAULT);
        verdict.unwrap_or_else(|failure| panic!("{failure}")).code
    };
    assert_eq!(check(fixture::KEY, false), code::KEY_DEVELOPMENT);
    assert_eq!(check(fixture::KEY, true), code::ACCEPTED);
    assert_eq!(check(&fixture::KEY[1..], true), code::LENGTH);

    let secrets = Secrets::new();
    let (domain, words) = (Domain::raw([1; 32], [2; 32]), words(3));
    let message = message_of(&secrets, &domain, &words);
    assert_eq!(check(&message[..PROOF_AT], false), code::ACCEPTED);
    assert_eq!(run(&message, false).code, code::ACCEPTED);
    let marked = Secrets { alpha: insecure_alpha(), ..secrets };
    let message = message_of(&marked, &domain, &words);
    assert_eq!(run(&message, false).code, code::KEY_DEVELOPMENT);
    expect("marked", &message, code::ACCEPTED);
}

#[test]
fn public_inputs_alone_verify_too() {
    let (words, h) = (fixture::WORDS.as_chunks::<32>().0, word(fixture::H));
    let words: Vec<_> = words.iter().map(|bytes| word(bytes)).collect();
    let (chain_id, contract) = fixture::DOMAIN.split_at(32);
    let domain = Domain::raw(chain_id.try_into().unwrap(), contract.try_into().unwrap());
    let inputs = meed_statement::words::Binding::derive(&domain, h, &words).to_inputs();
    let inputs = meed_verifier::inputs_to_bytes(&inputs);
    let check = |inputs: &[u8]| {
        let message = [fixture::KEY, inputs, fixture::PROOF].concat();
        let verdict = CHAIN.call(Export::Verify, &message, true, Limits::DEFAULT);
        verdict.unwrap_or_else(|failure| panic!("{failure}")).code
    };
    assert_eq!(check(&inputs), code::ACCEPTED);
    assert_eq!(check(&inputs[1..]), code::LENGTH);
    for at in [0, 32, 64] {
        let raised = plus::<Fr>(&inputs[at..at + 32]);
        assert_eq!(check(&with(&inputs, at, &raised)), code::WORD_RANGE);
        let other = word_to_bytes(&(word(&inputs[at..at + 32]) + Fr::from(1u8)));
        assert_eq!(check(&with(&inputs, at, &other)), code::REJECTED);
    }
}

#[test]
fn a_proof_with_a_changed_byte_is_refused() {
    let message = fixture::message();
    for at in (PROOF_AT..DOMAIN_AT).step_by(5) {
        let changed = with(&message, at, &[message[at] ^ 1]);
        // The other coordinate has no such partner: the point leaves the curve.
        let verdict = expect(&format!("byte {at}"), &changed, code::PROOF_POINT);
        // B is decoded after A, and its subgroup is checked only on the curve.
        assert!(at >= PROOF_AT + 64 || verdict.fuel < FUEL_REFUSED, "byte {at}: {verdict:?}");
    }
    let (a, b, c) = (PROOF_AT, PROOF_AT + 64, PROOF_AT + 192);
    let swapped = [&message[..a], &message[c..DOMAIN_AT], &message[b..c], &message[a..b]].concat();
    expect("A and C exchanged", &[&swapped, &message[DOMAIN_AT..]].concat(), code::REJECTED);
    let negated = plus_sign(&message, a);
    expect("-A", &negated, code::REJECTED);
    expect("zero A", &with(&message, a, &[0; 64]), code::PROOF_POINT);
    expect("x + q", &with(&message, a, &plus::<Fq>(&message[a..a + 32])), code::PROOF_POINT);
    let outside = g2_bytes(&outside_subgroup());
    expect("B outside its subgroup", &with(&message, b, &outside), code::PROOF_POINT);
}

/// The message with the point at `at` negated: `y` becomes `q - y`.
fn plus_sign(message: &[u8], at: usize) -> Vec<u8> {
    let y = Fq::from_be_bytes_mod_order(&message[at + 32..at + 64]);
    with(message, at + 32, &(-y).into_bigint().to_bytes_be())
}

fn g2_bytes(point: &G2Affine) -> Vec<u8> {
    let coordinates = [point.x.c1, point.x.c0, point.y.c1, point.y.c0];
    coordinates.iter().flat_map(|c| c.into_bigint().to_bytes_be()).collect()
}

fn g1_bytes(point: &G1Affine) -> Vec<u8> {
    [point.x, point.y].iter().flat_map(|c| c.into_bigint().to_bytes_be()).collect()
}

#[test]
fn words_that_are_not_the_proved_ones_are_refused() {
    let message = fixture::message();
    let count = (message.len() - PAYOUTS_AT) / 32;
    assert!(count >= 2, "the fixture pays {count} accounts");

    for at in (H_AT..message.len()).step_by(32) {
        let raised = plus::<Fr>(&message[at..at + 32]);
        expect("word + r", &with(&message, at, &raised), code::WORD_RANGE);
    }

    // A base unit more for the first account: the total tells; with the total, the proof tells.
    let mut bytes = message.clone();
    let raise = |bytes: &mut Vec<u8>, at: usize, by: i8| {
        let change = if by < 0 { -Fr::from(by.unsigned_abs()) } else { Fr::from(by as u8) };
        let raised = word_to_bytes(&(word(&bytes[at..at + 32]) + change));
        bytes[at..at + 32].copy_from_slice(&raised);
    };
    raise(&mut bytes, PAYOUTS_AT, 1);
    expect("an amount", &bytes, code::WORDS_RELEASED);
    let total_at = WORDS_AT + 8 * 32;
    let mut with_total = bytes.clone();
    raise(&mut with_total, total_at, 1);
    expect("an amount and the total", &with_total, code::REJECTED);
    raise(&mut bytes, PAYOUTS_AT + 32, -1);
    expect("a unit from one account to another", &bytes, code::REJECTED);

    // The last payout dropped; then with count and total mended.
    let last = message.len() - 32;
    let dropped = &message[..last];
    let verdict = expect("a payout less", dropped, code::WORDS_COUNT);
    assert!(verdict.fuel < FUEL_REFUSED, "{verdict:?}");
    let (_, amount) = unpack_payout(&word(&message[last..])).unwrap();
    let total = word(&message[total_at..total_at + 32]) - Fr::from(amount);
    let mended = with(dropped, total_at, &word_to_bytes(&total));
    let mended = with(&mended, WORDS_AT + 10 * 32, &word_to_bytes(&Fr::from(count as u64 - 1)));
    expect("a payout less, count and total mended", &mended, code::REJECTED);

    let (first, second) = (PAYOUTS_AT, PAYOUTS_AT + 32);
    let swapped = [&message[second..second + 32], &message[first..second]].concat();
    expect("payouts exchanged", &with(&message, first, &swapped), code::WORDS_ORDER);
    expect("no payee", &with(&message, first, &[0; 32]), code::WORDS_PAYOUT);
    let two = word_to_bytes(&Fr::from(2u8));
    expect("another version", &with(&message, WORDS_AT, &two), code::WORDS_HEADER);
    expect("a short header", &message[..PAYOUTS_AT - 32], code::WORDS_HEADER);
    expect("another epoch", &with(&message, WORDS_AT + 32, &two), code::REJECTED);
    for index in [2, 3, 4, 5, 6, 7, 9] {
        let mut other = message.clone();
        raise(&mut other, WORDS_AT + index * 32, 1);
        expect(&format!("header word {index}"), &other, code::REJECTED);
    }
    let mut other = message.clone();
    raise(&mut other, H_AT, 1);
    expect("another h", &other, code::REJECTED);
}

#[test]
fn another_domain_is_refused() {
    let message = fixture::message();
    for at in [DOMAIN_AT, DOMAIN_AT + 31, DOMAIN_AT + 32, DOMAIN_AT + 63] {
        let changed = with(&message, at, &[message[at] ^ 1]);
        expect(&format!("domain byte {}", at - DOMAIN_AT), &changed, code::REJECTED);
    }
    expect("no domain", &with(&message, DOMAIN_AT, &[0; 64]), code::REJECTED);
}

#[test]
fn keys_that_are_not_good_are_refused() {
    let message = fixture::message();
    let (alpha, beta, gamma, delta, ic) = (0, 64, 192, 320, 448);
    let generator = g2_bytes(&G2Affine::generator());
    let change = |at: usize, bytes: &[u8]| with(&message, at, bytes);
    expect("delta = gamma", &change(delta, &message[gamma..delta]), code::KEY_DEGENERATE);
    expect("beta = 1", &change(beta, &generator), code::KEY_DEGENERATE);
    let one = g1_bytes(&G1Affine::generator());
    expect("alpha = 1", &change(alpha, &one), code::KEY_DEGENERATE);
    for (name, at, len) in
        [("alpha", alpha, 64), ("beta", beta, 128), ("delta", delta, 128), ("IC_3", ic + 192, 64)]
    {
        expect(&format!("zero {name}"), &change(at, &vec![0; len]), code::KEY_POINT);
        let byte = [message[at] ^ 1];
        expect(&format!("a byte of {name}"), &change(at, &byte), code::KEY_POINT);
    }
    let raised = plus::<Fq>(&message[alpha..alpha + 32]);
    expect("x + q", &change(alpha, &raised), code::KEY_POINT);
    let outside = g2_bytes(&outside_subgroup());
    expect("gamma outside its subgroup", &change(gamma, &outside), code::KEY_POINT);
    // A good key of another circuit.
    let other = Secrets::new().key().to_bytes();
    expect("another key", &change(0, &other), code::REJECTED);
    expect("another IC_1", &change(ic + 64, &g1_bytes(&g1(Fr::from(9u8)))), code::REJECTED);
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    let message = fixture::message();
    let mut at = 0;
    while at < message.len() {
        let expected = match at {
            _ if at < WORDS_AT || !at.is_multiple_of(32) => code::LENGTH,
            _ if at < PAYOUTS_AT => code::WORDS_HEADER,
            _ => code::WORDS_COUNT,
        };
        expect(&format!("{at} bytes"), &message[..at], expected);
        // Every length near a border, some of the others.
        at += if at < WORDS_AT - 40 && at % 32 < 24 { 7 } else { 1 };
    }
    for more in [1, 31] {
        let longer = [&message[..], &vec![0; more]].concat();
        expect(&format!("{more} bytes more"), &longer, code::LENGTH);
    }
    expect("a word more", &[&message[..], &[1; 32]].concat(), code::WORDS_COUNT);
}

#[test]
fn no_address_makes_it_trap() {
    let message = fixture::message();
    let len = message.len() as u32;
    let mut instance = CHAIN.instance(Limits::DEFAULT).unwrap();
    let at = instance.alloc(len).unwrap();
    instance.write(at, &message).unwrap();
    // The first check takes all the memory that there will be.
    assert_eq!(instance.check(Export::VerifyWords, at, len, true).unwrap(), code::ACCEPTED);
    let end = instance.pages() as u32 * 65_536;
    let mut check = |at, len| instance.check(Export::VerifyWords, at, len, true).unwrap();
    for (at, len) in [(0, len), (end, 1), (end - 10, 11), (at, u32::MAX), (u32::MAX, u32::MAX)] {
        assert_eq!(check(at, len), code::ADDRESS, "{len} bytes at {at}");
    }
    assert_eq!(check(0, 0), code::LENGTH);
    // Within the memory, whatever is there.
    assert_eq!(check(end - 10, 10), code::LENGTH);
    assert_ne!(check(at + 1, len), code::ACCEPTED);
    assert_eq!(check(at, len), code::ACCEPTED);
}

#[test]
fn random_messages_have_a_code() {
    let honest = fixture::message();
    let mut state = 1u64;
    let mut random = || {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut seen = BTreeSet::new();
    for round in 0..300 {
        let mut message = honest.clone();
        if round % 3 == 0 {
            message.iter_mut().for_each(|byte| *byte = random() as u8);
        }
        for _ in 0..=random() % 3 {
            let at = random() as usize % message.len();
            message[at] = random() as u8;
        }
        message.truncate(message.len() - (random() % 4) as usize * 8);
        let verdict = run(&message, true);
        assert!(CODES.contains(&verdict.code), "{verdict:?}");
        assert_eq!(native(&message), verdict.code == code::ACCEPTED, "round {round}: {verdict:?}");
        seen.insert(verdict.code);
    }
    assert!(seen.len() >= 5, "the rounds reached only {seen:?}");
}

#[test]
fn memory_that_is_too_small_has_a_code_or_refuses_the_message() {
    let secrets = Secrets::new();
    let message = message_of(&secrets, &Domain::OFF_CHAIN, &words(4_000));
    let mut seen = BTreeSet::new();
    for pages in 1..40 {
        let limits = Limits { pages, ..Limits::DEFAULT };
        match CHAIN.call(Export::VerifyWords, &message, false, limits) {
            Ok(verdict) => {
                assert!(verdict.pages <= pages as u64, "{verdict:?}");
                seen.insert(verdict.code);
            }
            // Less than the module starts with, or none for the message.
            Err(Failure::Module(_) | Failure::NoMemory { .. }) => assert!(seen.is_empty()),
            Err(failure) => panic!("{pages} pages: {failure}"),
        }
    }
    assert_eq!(seen, BTreeSet::from([code::ACCEPTED, code::MEMORY]));
}

#[test]
fn too_little_fuel_is_not_a_verdict() {
    let message = fixture::message();
    let used = run(&message, true).fuel;
    for fuel in [0, 1, used / 2, used - 1] {
        let limits = Limits { fuel, ..Limits::DEFAULT };
        let result = CHAIN.call(Export::VerifyWords, &message, true, limits);
        assert!(matches!(result, Err(Failure::OutOfFuel)), "{fuel}: {result:?}");
    }
    let limits = Limits { fuel: used, ..Limits::DEFAULT };
    assert_eq!(CHAIN.call(Export::VerifyWords, &message, true, limits).unwrap().fuel, used);
}

/// The words of an epoch with this many payouts.
fn words(payouts: u32) -> Vec<Fr> {
    let account = |i: u32| {
        let mut account = [0; 20];
        account[16..].copy_from_slice(&(i + 1).to_be_bytes());
        account
    };
    let list = (0..payouts).map(|i| pack_payout(&account(i), 1_000 + u128::from(i)).unwrap());
    let total = (0..payouts).map(|i| 1_000 + u128::from(i)).sum();
    let header = Header {
        epoch: 1,
        policy_hash: Fr::from(11),
        registry_root: Fr::from(12),
        scores_root: Fr::from(13),
        state_root_before: Fr::ZERO,
        state_root_after: Fr::from(15),
        fees_total: total,
        released_total: total,
        accrued_total_after: Fr::ZERO,
        payouts,
    };
    header.to_words().into_iter().chain(list).collect()
}

fn message_of(secrets: &Secrets, domain: &Domain, words: &[Fr]) -> Vec<u8> {
    let h = Fr::from(77u8);
    let mut message = secrets.key().to_bytes().to_vec();
    message.extend(secrets.prove(domain, h, words).to_bytes());
    message.extend(domain.chain_id());
    message.extend(domain.contract());
    message.extend(word_to_bytes(&h));
    message.extend(words.iter().flat_map(word_to_bytes));
    message
}

#[test]
fn a_payout_costs_the_same_however_many_there_are() {
    let secrets = Secrets::new();
    let fuel = |payouts| {
        let message = message_of(&secrets, &Domain::OFF_CHAIN, &words(payouts));
        let verdict = run(&message, false);
        assert_eq!(verdict.code, code::ACCEPTED, "{payouts} payouts");
        verdict.fuel
    };
    let none = fuel(0);
    let each = [1_000, 4_000].map(|n| (fuel(n) - none) / u64::from(n));
    assert!(each.iter().all(|each| FUEL_PER_PAYOUT.contains(each)), "{each:?}");
}
