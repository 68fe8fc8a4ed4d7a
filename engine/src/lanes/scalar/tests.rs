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
    let reduced = [
        [0; 4],
        [1, 0, 0, 0],
        [u64::MAX, 0, 0, 0],
        [0, 0, 0, M::P[3]],
        less(M::P, 2),
        less(M::P, 1),
    ];
    let more =
        [M::P, plus(M::P, [1, 0, 0, 0]).0, [u64::MAX, u64::MAX, u64::MAX, M::P[3]], less(twice, 1)];
    let wide: Vec<Stored> = reduced.into_iter().chain(more).collect();
    let same = |got: Scalar<M>, want: BigUint, below: &BigUint| {
        let got = number(&got.0);
        assert!(got < *below, "{got} is not below {below}");
        assert_eq!(got % &p, want % &p);
    };
    let new = Scalar::<M>::new;
    let inverse = r.modinv(&p).unwrap();
    for a in &wide {
        let (x, value) = (new(*a), number(a));
        same(x.sqr(), &value * &value * &inverse, &(&p * 2u32));
        same(x.reduce(), value.clone(), &p);
        for b in &wide {
            let (y, other) = (new(*b), number(b));
            same(x.mul(y), &value * &other * &inverse, &(&p * 2u32));
            same(x.add(y), &value + &other, &p);
            same(x.sub_reduced(y), &value + &p * 2u32 - &other, &p);
        }
        for b in &reduced {
            for c in &reduced {
                let (y, z) = (new(*b), new(*c));
                same(x.sub_sub(y, z), &value + &p * 2u32 - number(b) - number(c), &p);
            }
        }
    }
    for a in &reduced {
        same(new(*a).negate(1), &p - number(a), &p);
        for b in &reduced {
            let limit = &p * 2u32;
            same(new(*a).sub(new(*b)), &p + number(a) - number(b), &limit);
        }
    }
}

#[test]
fn values_at_the_ends_of_their_ranges() {
    at_the_ends::<Base>();
    at_the_ends::<Scalars>();
}
