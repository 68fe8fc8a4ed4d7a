//! Gadgets alone, over every small value, honest and with every other choice of the prover.

mod common;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use meed_circuits::r1cs::cs::{Cs, Num, ShapeCs, WitnessCs};
use meed_circuits::r1cs::gadgets::{
    at_least, at_most, evaluate, evaluate_flagged, is_nonzero, new_bits, term, to_bits,
};
use meed_circuits::r1cs::matrix::Matrices;
use meed_circuits::r1cs::poseidon::{hash, tree_root};
use meed_statement::poseidon;

/// A gadget under test: the same code for the shape and for a witness.
trait Gadget {
    fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L>;
}

/// Inputs are witness columns; the result is made the last column.
fn build<G: Gadget>(gadget: &G, inputs: &[Fr]) -> (Matrices, Vec<Fr>) {
    fn go<C: Cs, G: Gadget>(cs: &mut C, gadget: &G, inputs: &[Fr]) {
        let nums: Vec<_> = inputs.iter().map(|v| cs.alloc(*v)).collect();
        let out = gadget.run(cs, &nums);
        cs.column(&out);
    }
    let mut shape = ShapeCs::new(0);
    go(&mut shape, gadget, &vec![Fr::ZERO; inputs.len()]);
    let mut witness = WitnessCs::default();
    go(&mut witness, gadget, inputs);
    (shape.finish().0, witness.finish())
}

fn holds<G: Gadget>(gadget: &G, inputs: &[Fr]) -> bool {
    let (m, z) = build(gadget, inputs);
    m.first_unsatisfied(&z).is_none()
}

fn result<G: Gadget>(gadget: &G, inputs: &[Fr]) -> Fr {
    let (m, z) = build(gadget, inputs);
    assert_eq!(m.first_unsatisfied(&z), None);
    *z.last().unwrap()
}

fn fr(v: i64) -> Fr {
    Fr::from(v)
}

struct AtMost(usize, u64);
impl Gadget for AtMost {
    fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
        let bits = to_bits(cs, &inputs[0], self.0);
        at_most(cs, &bits.bits, self.1);
        bits.num
    }
}

#[test]
fn at_most_is_exact_for_all_bounds_of_six_bits() {
    for max in 0..64u64 {
        for x in 0..70i64 {
            assert_eq!(holds(&AtMost(6, max), &[fr(x)]), x as u64 <= max, "{x} <= {max}");
        }
    }
    for (x, fits) in [(9_998, true), (9_999, true), (10_000, false), (16_383, false)] {
        assert_eq!(holds(&AtMost(14, 9_999), &[fr(x)]), fits);
    }
}

#[test]
fn bits_have_a_range() {
    struct Range;
    impl Gadget for Range {
        fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
            to_bits(cs, &inputs[0], 8).num
        }
    }
    for (x, fits) in [(0, true), (255, true), (256, false), (-1, false), (1 << 40, false)] {
        assert_eq!(holds(&Range, &[fr(x)]), fits, "{x}");
    }
    // A bit of 2 with the bit below taken down makes the same sum, and is refused.
    let (m, mut z) = build(&Range, &[fr(4)]);
    assert_eq!(m.first_unsatisfied(&z), None);
    z[2 + 1] = fr(2);
    z[2 + 2] = fr(0);
    assert!(m.first_unsatisfied(&z).is_some());
}

#[test]
fn comparisons_are_exact_at_their_bounds() {
    struct AtLeast;
    impl Gadget for AtLeast {
        fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
            at_least(cs, &inputs[0], &inputs[1], 5)
        }
    }
    for x in -8..24i64 {
        for y in 0..8i64 {
            assert_eq!(result(&AtLeast, &[fr(x), fr(y)]), fr(i64::from(x >= y)), "{x} >= {y}");
        }
    }
    assert!(!holds(&AtLeast, &[fr(32), fr(0)]));
    assert!(!holds(&AtLeast, &[fr(-33), fr(0)]));
}

#[test]
fn a_nonzero_flag_has_no_other_value() {
    struct NonZero;
    impl Gadget for NonZero {
        fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
            is_nonzero(cs, &inputs[0])
        }
    }
    for x in [0, 1, -1, 77] {
        assert_eq!(result(&NonZero, &[fr(x)]), fr(i64::from(x != 0)));
        let (m, z) = build(&NonZero, &[fr(x)]);
        // Columns: one, x, inverse, flag, result. No other flag goes with any inverse near by.
        for flag in -2..3 {
            for inverse in [fr(0), fr(1), fr(-1), fr(77).inverse().unwrap(), fr(5)] {
                let other = [z[0], z[1], inverse, fr(flag), fr(flag)];
                if m.first_unsatisfied(&other).is_none() {
                    assert_eq!(fr(flag), z[3]);
                }
            }
        }
    }
}

#[test]
fn lists_are_evaluated_as_defined() {
    struct Flagged;
    impl Gadget for Flagged {
        fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
            let flags: Vec<_> = inputs[1..5].to_vec();
            let table = evaluate_flagged(cs, &inputs[0], &flags, &inputs[5..9]);
            let list = evaluate(cs, &inputs[0], &inputs[9..]);
            &table - &list
        }
    }
    let x = 1_000;
    let case = |flags: [i64; 4], list: [i64; 4]| {
        let all = [x].into_iter().chain(flags).chain([5, 6, 7, 8]).chain(list);
        result(&Flagged, &all.map(fr).collect::<Vec<_>>())
    };
    assert_eq!(case([1, 0, 1, 1], [5, 7, 8, 0]), fr(0));
    assert_eq!(case([0, 0, 0, 0], [0, 0, 0, 0]), fr(0));
    assert_eq!(case([1, 1, 1, 1], [5, 6, 7, 8]), fr(0));
    for wrong in [[7, 5, 8, 0], [5, 7, 0, 8], [5, 7, 8, 1], [5, 7, 0, 0], [0, 5, 7, 8]] {
        assert_ne!(case([1, 0, 1, 1], wrong), fr(0));
    }
}

#[test]
fn a_term_is_its_quotient() {
    struct Term;
    impl Gadget for Term {
        fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
            term(cs, &inputs[0], &inputs[1], &inputs[2])
        }
    }
    assert_eq!(result(&Term, &[fr(10), fr(3), fr(21)]), fr(3));
    // At the key itself no quotient exists unless the value is zero: hence a challenge for x.
    assert!(!holds(&Term, &[fr(3), fr(3), fr(1)]));
}

#[test]
fn low_bits_of_a_hint_too_large_do_not_pass_for_it() {
    struct Low;
    impl Gadget for Low {
        fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
            new_bits(cs, inputs[0].value, 4).num
        }
    }
    assert_eq!(result(&Low, &[fr(0x35)]), fr(5));
}

#[test]
fn poseidon_agrees_with_the_native_one_and_no_sbox_is_free() {
    struct Hash;
    impl Gadget for Hash {
        fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
            hash(cs, inputs)
        }
    }
    for n in 2..=8usize {
        let inputs: Vec<Fr> = (0..n).map(|i| fr(i as i64 * 7 - 3)).collect();
        let (m, z) = build(&Hash, &inputs);
        assert_eq!(m.first_unsatisfied(&z), None);
        assert_eq!(*z.last().unwrap(), poseidon::hash(&inputs));
        // Three a S-box but the constant one, the output's column and the harness's.
        let sboxes = poseidon::Params::for_inputs(n).sboxes();
        assert_eq!(m.constraints(), 3 * (sboxes - 1) + 2);
        for column in 1..z.len() {
            let mut false_z = z.clone();
            false_z[column] += Fr::ONE;
            assert!(m.first_unsatisfied(&false_z).is_some(), "{n} inputs, column {column}");
        }
    }
}

#[test]
fn tree_roots_do_not_depend_on_the_shape() {
    struct Tree;
    impl Gadget for Tree {
        fn run<C: Cs>(&self, cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
            tree_root(cs, inputs)
        }
    }
    let leaves: Vec<Fr> = (1..=11).map(fr).collect();
    let root = poseidon::tree_root(&leaves);
    for capacity in [11, 16, 64, 70] {
        let mut padded = leaves.clone();
        padded.resize(capacity, Fr::ZERO);
        assert_eq!(result(&Tree, &padded), root);
    }
}

/// The stock gadget of ark-r1cs-std and ark-crypto-primitives, with circomlib's parameters, computes
/// the same permutation.
#[test]
fn poseidon_agrees_with_the_stock_gadget() {
    use ark_crypto_primitives::sponge::poseidon::constraints::PoseidonSpongeVar;
    use ark_crypto_primitives::sponge::poseidon::{find_poseidon_ark_and_mds, PoseidonConfig};
    use ark_crypto_primitives::sponge::{
        constraints::CryptographicSpongeVar, FieldBasedCryptographicSponge,
    };
    use ark_r1cs_std::{alloc::AllocVar, fields::fp::FpVar, GR1CSVar};
    use ark_relations::gr1cs::ConstraintSystem;

    let (t, partial) = (3, 57);
    let (ark, mds) = find_poseidon_ark_and_mds::<Fr>(254, t - 1, 8, partial, 0);
    let config = PoseidonConfig::new(8, partial as usize, 5, mds, ark, t - 1, 1);
    let inputs = [fr(11), fr(-5)];
    let mut native =
        <ark_crypto_primitives::sponge::poseidon::PoseidonSponge<Fr> as ark_crypto_primitives::sponge::CryptographicSponge>::new(&config);
    ark_crypto_primitives::sponge::CryptographicSponge::absorb(&mut native, &inputs.to_vec());
    let _ = native.squeeze_native_field_elements(1);
    // The sponge squeezes element 1; circomlib returns element 0, so compare the state.
    assert_eq!(native.state[0], poseidon::hash(&inputs));

    let cs = ConstraintSystem::<Fr>::new_ref();
    let mut sponge = PoseidonSpongeVar::new(cs.clone(), &config);
    let vars: Vec<FpVar<Fr>> =
        inputs.iter().map(|v| FpVar::new_witness(cs.clone(), || Ok(*v)).unwrap()).collect();
    sponge.absorb(&vars).unwrap();
    let _ = sponge.squeeze_field_elements(1).unwrap();
    assert!(cs.is_satisfied().unwrap());
    assert_eq!(sponge.state[0].value().unwrap(), poseidon::hash(&inputs));
}
