//! Every processor's arithmetic against arkworks', on random values and at the bounds.
#![allow(clippy::print_stdout, reason = "they say what is skipped")]

use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField, UniformRand};
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Cpu, Kernel, Lanes, Stored, MAX_LANES};
use crate::field::{Base, Modulus, Scalars};

/// Values in arkworks' form, one a lane.
type Row<M> = [<M as Modulus>::Ark; MAX_LANES];

/// Runs a closure inside of a processor's door.
pub(crate) struct Run<F>(pub(crate) F);

impl<R, F: FnOnce() -> R> Kernel for Run<F> {
    type Out = R;

    #[inline(always)]
    fn call(self) -> R {
        (self.0)()
    }
}

fn load<M: Modulus, C: Cpu>(cpu: C, row: &Row<M>) -> C::F<M> {
    let limbs: [Stored; MAX_LANES] = core::array::from_fn(|i| M::to_limbs(&row[i]));
    C::F::<M>::load_ark(cpu, |i| &limbs[i])
}

fn read<M: Modulus, C: Cpu>(cpu: C, x: C::F<M>) -> Row<M> {
    let mut out = [[0; 4]; MAX_LANES];
    let mut slots = out.iter_mut();
    x.store_ark(cpu, |_| slots.next().unwrap());
    out.map(|limbs| {
        assert!(BigInt(limbs) < M::Ark::MODULUS, "not canonical");
        M::from_limbs(limbs)
    })
}

/// Elements whose own form is at the edges: 0, 1, p - 1, and what has long runs of ones or zeros.
fn edges<M: Modulus>() -> Vec<M::Ark> {
    let mut list = vec![M::Ark::ZERO, M::Ark::ONE, -M::Ark::ONE];
    for k in 0..254 {
        let power = M::Ark::from(2u64).pow([k]);
        list.extend([power, -power, power - M::Ark::ONE]);
    }
    // The same integers as Montgomery limbs, for each of the factors.
    for factor in [255u64, 256, 260] {
        let inverse = M::Ark::from(2u64).pow([factor]).inverse().unwrap();
        let scaled: Vec<_> = list.iter().map(|x| *x * inverse).collect();
        list.extend(scaled.into_iter().step_by(5));
    }
    list
}

fn check<M: Modulus, C: Cpu>(cpu: C, a: &Row<M>, b: &Row<M>) {
    let lanes = C::LANES;
    let same = |what: &str, got: C::F<M>, want: &dyn Fn(usize) -> M::Ark| {
        let got = read::<M, C>(cpu, got);
        for (i, got) in got.iter().enumerate().take(lanes) {
            assert_eq!(*got, want(i), "{what}, lane {i}");
        }
    };
    cpu.run(Run(|| {
        let (x, y) = (load::<M, C>(cpu, a), load::<M, C>(cpu, b));
        same("load", x, &|i| a[i]);
        same("mul", x.mul(y), &|i| a[i] * b[i]);
        same("sqr", x.sqr(), &|i| a[i].square());
        same("add", x.add(y), &|i| a[i] + b[i]);
        same("sub", x.sub(y).reduce(), &|i| a[i] - b[i]);
        same("sub_reduced", x.sub_reduced(y), &|i| a[i] - b[i]);
        let d = x.sub(y);
        same("product of differences", d.mul(y.sub(x)), &|i| -(a[i] - b[i]).square());
        let p = d.mul(d);
        same("square of a product", p.sqr(), &|i| (a[i] - b[i]).square().square());
        same("product of products", p.mul(x.sqr()), &|i| (a[i] - b[i]).square() * a[i].square());
        same("sum of products", p.add(p), &|i| (a[i] - b[i]).square().double());
        same("sum of differences", d.add(d), &|i| (a[i] - b[i]).double());
        same("difference of differences", d.sub_reduced(y.sub(x)), &|i| (a[i] - b[i]).double());
        same("sub_sub", p.sub_sub(x, y), &|i| (a[i] - b[i]).square() - a[i] - b[i]);
        // What was reduced can be stored, loaded and taken from each other.
        let mut stored = [[0; 4]; MAX_LANES];
        let mut slots = stored.iter_mut();
        p.sub_sub(x, y).store(|_| slots.next().unwrap());
        let z = C::F::<M>::load(cpu, |i| &stored[i]);
        same("stored", z, &|i| (a[i] - b[i]).square() - a[i] - b[i]);
        same("loaded", z.sub(x).mul(z), &|i| {
            let z = (a[i] - b[i]).square() - a[i] - b[i];
            (z - a[i]) * z
        });
        same("sub_sub of loaded", p.sub_sub(z, z), &|i| {
            let p = (a[i] - b[i]).square();
            p - (p - a[i] - b[i]).double()
        });
        let mask = 0b1010_0101;
        same("select", x.select(y, mask), &|i| if mask >> i & 1 == 1 { b[i] } else { a[i] });
        let sign = |i: usize, v: M::Ark| if mask >> i & 1 == 1 { -v } else { v };
        let n = x.negate(mask);
        same("negate", n.sub(y).reduce(), &|i| sign(i, a[i]) - b[i]);
        same("product of negated", n.sub(y).mul(p), &|i| {
            (sign(i, a[i]) - b[i]) * (a[i] - b[i]).square()
        });
        same("less negated", p.sub_reduced(n), &|i| (a[i] - b[i]).square() - sign(i, a[i]));
        same("less negated twice", p.sub_sub(n, y.negate(!mask)), &|i| {
            (a[i] - b[i]).square() - sign(i, a[i]) + sign(i, b[i])
        });
        let mut pairs = [[[0; 4]; 2]; MAX_LANES];
        let mut slots = pairs.iter_mut();
        C::F::<M>::store_pair(x, y, |_| slots.next().unwrap());
        let (u, v) = C::F::<M>::load_pair(cpu, |i| &pairs[i]);
        same("first of a pair", u, &|i| a[i]);
        same("second of a pair", v, &|i| b[i]);
        let one = C::F::<M>::splat(cpu, &C::F::<M>::ONE);
        same("one", x.mul(one), &|i| a[i]);
        // Integers without a change of form.
        let limbs: [Stored; MAX_LANES] = core::array::from_fn(|i| M::to_limbs(&a[i]));
        let mut back = [[0; 4]; MAX_LANES];
        let mut slots = back.iter_mut();
        C::F::<M>::raw_load(cpu, |i| &limbs[i]).raw_store(|_| slots.next().unwrap());
        assert_eq!(back[..lanes], limbs[..lanes]);
        let others: [Stored; MAX_LANES] = core::array::from_fn(|i| M::to_limbs(&b[i]));
        let (u, v) =
            (C::F::<M>::raw_load(cpu, |i| &limbs[i]), C::F::<M>::raw_load(cpu, |i| &others[i]));
        let raw = |what: &str, got: C::F<M>, want: &dyn Fn(usize) -> M::Ark| {
            let mut back = [[0; 4]; MAX_LANES];
            let mut slots = back.iter_mut();
            got.raw_store(|_| slots.next().unwrap());
            for (i, got) in back.iter().enumerate().take(lanes) {
                assert_eq!(M::from_limbs(*got), want(i), "{what} of raw values, lane {i}");
            }
        };
        raw("add", u.add(v), &|i| a[i] + b[i]);
        raw("sub", u.sub_reduced(v), &|i| a[i] - b[i]);
        // A product with a number in the processor's form keeps the other's.
        raw("mul", u.mul(y).reduce(), &|i| a[i] * b[i]);
        // A long chain, as batch inversions have it.
        let (mut chain, mut want) = (one, [M::Ark::ONE; MAX_LANES]);
        for _ in 0..20 {
            chain = chain.mul(d);
            for (i, want) in want.iter_mut().enumerate() {
                *want *= a[i] - b[i];
            }
        }
        same("chain", chain, &|i| want[i]);
    }));
}

fn agrees<M: Modulus, C: Cpu>(cpu: C, rounds: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..rounds {
        let [a, b] = [0; 2].map(|_| core::array::from_fn(|_| M::Ark::rand(&mut rng)));
        check::<M, C>(cpu, &a, &b);
    }
    let edges = edges::<M>();
    for k in 0..rounds.min(edges.len()) {
        let a = core::array::from_fn(|i| edges[(k * 7 + i) % edges.len()]);
        let b = core::array::from_fn(|i| edges[(k * 31 + i * 5) % edges.len()]);
        check::<M, C>(cpu, &a, &b);
        check::<M, C>(cpu, &a, &a);
    }
}

pub(crate) fn agrees_in_both_fields<C: Cpu>(cpu: C, rounds: usize) {
    agrees::<Base, C>(cpu, rounds);
    agrees::<Scalars, C>(cpu, rounds);
}

/// `MEED_ENGINE_ROUNDS` where it is set: emulators are slow.
pub(crate) fn rounds(usual: usize) -> usize {
    let set = std::env::var("MEED_ENGINE_ROUNDS").ok();
    set.map_or(usual, |rounds| rounds.parse().expect("a number of rounds"))
}

#[test]
fn one_element_at_a_time() {
    agrees_in_both_fields(super::scalar::Portable, 200);
}

#[test]
fn four_in_plain_rust() {
    agrees_in_both_fields(super::fma::FmaCpu::<super::fma::Plain>::detect().unwrap(), 200);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn four_with_avx2_and_fma() {
    match super::fma::FmaCpu::<super::fma::Avx2>::detect() {
        Some(cpu) => agrees_in_both_fields(cpu, 2_000),
        None => println!("skipped: this processor has no AVX2 and FMA"),
    }
}

#[test]
fn eight_in_plain_rust() {
    agrees_in_both_fields(super::ifma::IfmaCpu::<super::ifma::Plain>::detect().unwrap(), 200);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn eight_with_avx512_ifma() {
    match super::ifma::IfmaCpu::<super::ifma::Avx512>::detect() {
        Some(cpu) => agrees_in_both_fields(cpu, rounds(2_000)),
        None => println!("skipped: this processor has no AVX-512 IFMA"),
    }
}
