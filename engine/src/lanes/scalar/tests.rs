//! Values at the ends of their ranges.

use num_bigint::BigUint;

use super::*;
use crate::field::{Base, Scalars};

fn number(limbs: &Stored) -> BigUint {
    limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + *limb)
}

fn at_the_ends<M: Modulus>() {
    let p = number(&M::P);
    let r: BigUint = BigUint::from(1u32) << 256;
    let less = |limbs, by| minus(limbs, [by, 0, 0, 0]).0;
    let twice = Scalar::<M>::TWICE;
    // Up to p - 1, then up to 2p - 1.
    let once = [
        [0; 4],
        [1, 0, 0, 0],
        [u64::MAX, 0, 0, 0],
        [0, 0, 0, M::P[3]],
        less(M::P, 2),
        less(M::P, 1),
    ];
    let more =
        [M::P, plus(M::P, [1, 0, 0, 0]).0, [u64::MAX, u64::MAX, u64::MAX, M::P[3]], less(twice, 1)];
    let wide: Vec<Stored> = once.into_iter().chain(more).collect();
    let same = |got: Scalar<M>, want: BigUint, below: &BigUint| {
        let got = number(&got.0);
        assert!(got < *below, "{got} is not below {below}");
        assert_eq!(got % &p, want % &p);
    };
    let new = Scalar::<M>::new;
    let inverse = r.modinv(&p).unwrap();
    let two = &p * 2u32;
    for a in &wide {
        let (x, value) = (new(*a), number(a));
        same(x.sqr(), &value * &value * &inverse, &two);
        same(x.reduce(), value.clone(), &p);
        same(x.negate(0), value.clone(), &two);
        same(x.negate(1), &two - &value, &two);
        let mut stored = [[0; 4]];
        let mut slots = stored.iter_mut();
        x.raw_store(|_| slots.next().expect("one lane"));
        assert_eq!(number(&stored[0]), &value % &p);
        for b in &wide {
            let (y, other) = (new(*b), number(b));
            same(x.mul(y), &value * &other * &inverse, &two);
            same(x.add(y), &value + &other, &two);
            same(x.sub(y), &value + &two - &other, &two);
            same(x.sub_reduced(y), &value + &two - &other, &two);
            for c in &wide {
                let want = &value + &p * 4u32 - &other - number(c);
                same(x.sub_sub(y, new(*c)), want, &two);
            }
        }
    }
}

#[test]
fn values_at_the_ends_of_their_ranges() {
    at_the_ends::<Base>();
    at_the_ends::<Scalars>();
}
