//! The plain twin at the bounds, against big integers.

use num_bigint::BigUint;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::field::{Base, Scalars};

type Lane<M> = Ifma<M, Plain>;

fn cpu() -> IfmaCpu<Plain> {
    IfmaCpu::detect().expect("plain Rust runs anywhere")
}

fn prime<M: Modulus>() -> BigUint {
    M::P.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + limb)
}

/// Integers as they are.
fn lanes<M: Modulus>(values: &[BigUint; 8]) -> Lane<M> {
    let words = |x: &BigUint| {
        let digits = x.to_u64_digits();
        core::array::from_fn(|i| digits.get(i).copied().unwrap_or(0))
    };
    let stored = values.each_ref().map(words);
    Lane::<M>::load(cpu(), |i| &stored[i])
}

/// The integers of lanes, whose limbs have to be digits.
fn integers<M: Modulus>(x: Lane<M>) -> [BigUint; 8] {
    let limbs = x.limbs.map(Plain::words);
    core::array::from_fn(|lane| {
        limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| {
            assert!(limb[lane] <= MASK, "not a digit");
            (sum << 52) + limb[lane]
        })
    })
}

/// A value of a kind: `part / 3` of `p` bounds it.
fn values<M: Modulus>(thirds: u64, rng: &mut ChaCha8Rng) -> [BigUint; 8] {
    let bound = prime::<M>() * thirds / 3u64;
    core::array::from_fn(|lane| {
        let mut x = BigUint::ZERO;
        for _ in 0..5 {
            // Runs of ones, runs of zeros, or anything.
            let word = match rng.next_u64() % 4 {
                0 => 0,
                1 => MASK,
                _ => rng.next_u64() & MASK,
            };
            x = (x << 52) + word;
        }
        match lane {
            0 => bound.clone(),
            1 => &bound - x % (1u64 << 60),
            2 => x % (1u64 << 60),
            // On both sides of the steps where another multiple is taken away.
            3 | 4 => {
                let step = (BigUint::from(1u64) << 253) * (rng.next_u64() % 8);
                let near = (x % (1u64 << 60)) << (rng.next_u64() % 150);
                let x = if lane == 3 { step + near } else { step + prime::<M>() - near };
                x % &bound
            }
            _ => x % &bound,
        }
    })
}

/// Checks what came out: congruent to `factor^-1` times what is wanted, and below a bound.
fn check<M: Modulus>(
    what: &str,
    got: Lane<M>,
    factor: &BigUint,
    thirds: u64,
    want: impl Fn(usize) -> BigUint,
) {
    let p = prime::<M>();
    for (lane, got) in integers(got).into_iter().enumerate() {
        assert_eq!(&got * factor % &p, want(lane) % &p, "{what}");
        assert!(got * 3u64 <= &p * thirds, "{what} is too large");
    }
}

fn bounds<M: Modulus>(rounds: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let p = prime::<M>();
    let (one, r) = (BigUint::from(1u64), BigUint::from(1u64) << 260);
    // In thirds of p.
    let (product, reduced, negated, difference) = (4, 5, 6, 12);
    for _ in 0..rounds {
        let a = values::<M>(difference, &mut rng);
        let b = values::<M>(difference, &mut rng);
        let (x, y) = (lanes::<M>(&a), lanes::<M>(&b));
        check("mul", x.mul(y), &r, product, |i| &a[i] * &b[i]);
        check("sqr", x.sqr(), &r, product, |i| &a[i] * &a[i]);
        check("reduce", x.reduce(), &one, reduced, |i| a[i].clone());
        check("add", x.add(y), &one, reduced, |i| &a[i] + &b[i]);
        let twelve = &p * 12u64;
        check("sub_reduced", x.sub_reduced(y), &one, reduced, |i| &twelve + &a[i] - &b[i]);

        let [a, b, c] = [0; 3].map(|_| values::<M>(negated, &mut rng));
        let (x, y, z) = (lanes::<M>(&a), lanes::<M>(&b), lanes::<M>(&c));
        for (i, d) in integers(x.sub(y)).into_iter().enumerate() {
            assert_eq!(d, &p * 2u64 + &a[i] - &b[i]);
        }
        for (i, n) in integers(x.negate(0b1010_1010)).into_iter().enumerate() {
            assert_eq!(n, if i % 2 == 1 { &p * 2u64 - &a[i] } else { a[i].clone() });
        }

        let a = values::<M>(reduced, &mut rng);
        let x = lanes::<M>(&a);
        check("sub_sub", x.sub_sub(y, z), &one, reduced, |i| &twelve + &a[i] - &b[i] - &c[i]);
        let mut stored = [[0; 4]; 8];
        let mut slots = stored.iter_mut();
        x.store(|_| slots.next().expect("eight lanes"));
        assert_eq!(integers(Lane::<M>::load(cpu(), |i| &stored[i])), a);
        let mut slots = stored.iter_mut();
        x.raw_store(|_| slots.next().expect("eight lanes"));
        for (i, raw) in integers(Lane::<M>::raw_load(cpu(), |i| &stored[i])).into_iter().enumerate()
        {
            assert_eq!(raw, &a[i] % &p);
        }
    }
}

#[test]
fn bounds_hold_for_digits_at_their_ends() {
    bounds::<Base>(2_000);
    bounds::<Scalars>(2_000);
}
