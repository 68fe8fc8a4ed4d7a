//! Sums on every level against arkworks'.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField, UniformRand};
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::batch::{BATCH, FILL};
use super::{msm_g1, msm_g2, Prepared, Scalars};
use crate::{EngineError, Level};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(7)
}

/// Different points, in both groups.
fn points(n: usize) -> (Vec<G1Affine>, Vec<G2Affine>) {
    let mut rng = rng();
    let (start, step) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
    let chain = |g1: G1Projective, g2: G2Projective| {
        std::iter::successors(Some((g1 * start, g2 * start)), move |(a, b)| {
            Some((*a + g1 * step, *b + g2 * step))
        })
    };
    let (a, b): (Vec<_>, Vec<_>) =
        chain(G1Projective::generator(), G2Projective::generator()).take(n).unzip();
    (G1Projective::normalize_batch(&a), G2Projective::normalize_batch(&b))
}

fn levels() -> impl Iterator<Item = Level> {
    Level::available().into_iter().filter(|level| *level != Level::Ark)
}

fn agree(what: &str, g1: &[G1Affine], g2: &[G2Affine], scalars: &[BigInt<4>]) {
    let want_1 = G1Projective::msm_bigint(g1, scalars);
    let want_2 = G2Projective::msm_bigint(g2, scalars);
    for level in levels() {
        let got = msm_g1(level, g1, Scalars::Standard(scalars)).unwrap();
        assert_eq!(got.into_affine(), want_1.into_affine(), "{what}, G1, {level}");
        let got = msm_g2(level, g2, Scalars::Standard(scalars)).unwrap();
        assert_eq!(got.into_affine(), want_2.into_affine(), "{what}, G2, {level}");
    }
}

#[test]
fn one_preparation_serves_many_sums() {
    let n = 9_000;
    let (mut g1, mut g2) = points(n);
    let mut scalars = random(n);
    for i in (0..n).step_by(3) {
        scalars[i] = BigInt::from(i as u64 % 7);
    }
    let prepared = Prepared::new(Scalars::Standard(&scalars));
    for first in [0, 1, 4, 4_095, 4_096, 4_097, n - 1, n] {
        // Each sum has its own points at infinity.
        g1[(first + 5) % n] = G1Affine::identity();
        g2[(first + 2_000) % n] = G2Affine::identity();
        let (g1, g2, scalars) = (&g1[first..], &g2[first..], &scalars[first..]);
        let want_1 = G1Projective::msm_bigint(g1, scalars);
        let want_2 = G2Projective::msm_bigint(g2, scalars);
        for level in Level::available() {
            assert_eq!(prepared.msm_g1(level, first, g1).unwrap(), want_1, "{first}, {level}");
            assert_eq!(prepared.msm_g2(level, first, g2).unwrap(), want_2, "{first}, {level}");
        }
    }
    let got = prepared.msm_g1(Level::Portable, 1, &g1);
    assert!(matches!(got, Err(EngineError::Length { expected: 9_000, got: 8_999, .. })));
    assert!(prepared.msm_g2(Level::Portable, n + 1, &g2[..1]).is_err());
    assert_eq!(format!("{prepared:?}"), "Prepared { len: 9000, .. }");
    let empty = Prepared::new(Scalars::U16(&[]));
    assert!(empty.is_empty() && empty.msm_g1::<G1Affine>(Level::best(), 0, &[]).is_ok());
}

fn random(n: usize) -> Vec<BigInt<4>> {
    let mut rng = rng();
    (0..n).map(|_| Fr::rand(&mut rng).into_bigint()).collect()
}

#[test]
fn random_sums_of_many_lengths() {
    let (g1, g2) = points(4200);
    let scalars = random(4200);
    let lengths =
        [0, 1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 63, 65, 100, 255, 257, 1000, 4095, 4096, 4097];
    for n in lengths.into_iter().chain([FILL - 1, FILL, FILL + 1, BATCH - 1, BATCH, BATCH + 1]) {
        agree(&format!("{n} random"), &g1[..n], &g2[..n], &scalars[..n]);
    }
}

#[test]
fn scalars_of_all_kinds() {
    let n = 700;
    let (g1, g2) = points(n);
    let mut rng = rng();
    let all = |x: Fr| vec![x.into_bigint(); n];
    agree("zeros", &g1, &g2, &all(Fr::ZERO));
    agree("ones", &g1, &g2, &all(Fr::ONE));
    agree("minus ones", &g1, &g2, &all(-Fr::ONE));
    let half = Fr::from_bigint(Fr::MODULUS_MINUS_ONE_DIV_TWO).unwrap();
    agree("halves", &g1, &g2, &all(half));
    agree("just over a half", &g1, &g2, &all(half + Fr::ONE));
    for bits in [1, 8, 16, 32, 63, 64, 65, 127, 128, 200, 253] {
        let power = Fr::from(2u64).pow([bits]);
        agree(&format!("2^{bits}"), &g1, &g2, &all(power));
        agree(&format!("2^{bits} - 1"), &g1, &g2, &all(power - Fr::ONE));
        agree(&format!("1 - 2^{bits}"), &g1, &g2, &all(Fr::ONE - power));
    }
    let mixed = |i: usize, rng: &mut ChaCha8Rng| match i % 8 {
        0 => Fr::ZERO,
        1 => Fr::ONE,
        2 => -Fr::from(rng.next_u32() % 256),
        3 => Fr::from(rng.next_u32() % 65536),
        4 => Fr::from(rng.next_u32()),
        5 => -Fr::from(rng.next_u64()),
        6 => Fr::from(rng.next_u64()),
        _ => Fr::rand(rng),
    };
    let scalars: Vec<_> = (0..n).map(|i| mixed(i, &mut rng).into_bigint()).collect();
    agree("a mixture", &g1, &g2, &scalars);
    // At and above the modulus: they count modulo the order.
    let mut above = vec![Fr::MODULUS, BigInt([u64::MAX; 4])];
    above.extend(random(5));
    let want: G1Projective = above
        .iter()
        .zip(&g1)
        .map(|(s, p)| *p * Fr::from_le_bytes_mod_order(&ark_ff::BigInteger::to_bytes_le(s)))
        .sum();
    for level in levels() {
        assert_eq!(msm_g1(level, &g1[..7], Scalars::Standard(&above)).unwrap(), want, "{level}");
    }
}

#[test]
fn points_that_meet_their_equals_and_opposites() {
    let n = 600;
    let (g1, g2) = points(n);
    let both = |what: &str, pick: &dyn Fn(usize) -> (usize, i64), scalars: &[BigInt<4>]| {
        let a: Vec<G1Affine> = (0..n)
            .map(|i| match pick(i) {
                (_, 0) => G1Affine::identity(),
                (k, sign) => {
                    if sign < 0 {
                        -g1[k]
                    } else {
                        g1[k]
                    }
                }
            })
            .collect();
        let b: Vec<G2Affine> = (0..n)
            .map(|i| match pick(i) {
                (_, 0) => G2Affine::identity(),
                (k, sign) => {
                    if sign < 0 {
                        -g2[k]
                    } else {
                        g2[k]
                    }
                }
            })
            .collect();
        agree(what, &a, &b, scalars);
    };
    let ones = vec![BigInt::from(1u64); n];
    let small: Vec<_> = (0..n).map(|i| BigInt::from(i as u64 % 5)).collect();
    for (name, scalars) in [("ones", &ones), ("small", &small), ("random", &random(n))] {
        both(&format!("equal points, {name}"), &|_| (0, 1), scalars);
        both(&format!("opposites in turn, {name}"), &|i| (0, [1, -1][i % 2]), scalars);
        both(&format!("opposites in pairs, {name}"), &|i| (i / 2, [1, -1][i % 2]), scalars);
        both(
            &format!("pairs, then opposites, {name}"),
            &|i| (i % 3, [1, 1, -1, -1][i % 4]),
            scalars,
        );
        both(&format!("identities, {name}"), &|_| (0, 0), scalars);
        both(&format!("some identities, {name}"), &|i| (i, (i % 3) as i64), scalars);
    }
}

/// Multiples of one point: sums of two meet a third, at every level of a tree.
#[test]
fn arithmetic_progressions() {
    for start in [1u64, 1000] {
        let (a, b) = (G1Projective::generator(), G2Projective::generator());
        let n = 1500u64;
        let g1: Vec<_> = (start..start + n).map(|k| a * Fr::from(k)).collect();
        let g2: Vec<_> = (start..start + n).map(|k| b * Fr::from(k)).collect();
        let g1 = G1Projective::normalize_batch(&g1);
        let g2 = G2Projective::normalize_batch(&g2);
        agree("ones", &g1, &g2, &vec![BigInt::from(1u64); g1.len()]);
        agree("random", &g1, &g2, &random(g1.len()));
        let small: Vec<_> = (0..n).map(|i| BigInt::from(i % 4)).collect();
        agree("small", &g1, &g2, &small);
    }
}

#[test]
fn one_bucket_that_is_several_tasks() {
    let (g1, g2) = points(16);
    let n = 70_000;
    let g1: Vec<_> = (0..n).map(|i| g1[i % 16]).collect();
    let g2: Vec<_> = g2.into_iter().take(1).collect();
    let ones = vec![BigInt::from(1u64); n];
    let want = G1Projective::msm_bigint(&g1, &ones);
    for level in levels() {
        assert_eq!(msm_g1(level, &g1, Scalars::Standard(&ones)).unwrap(), want, "{level}");
        let got = msm_g2(level, &g2, Scalars::Standard(&ones[..1])).unwrap();
        assert_eq!(got, g2[0].into_group(), "{level}");
    }
}

#[test]
fn columns_of_small_numbers() {
    let n = 3000;
    let (g1, _) = points(n);
    let mut rng = rng();
    let numbers: Vec<u64> = (0..n).map(|_| rng.next_u64()).collect();
    let u32s: Vec<u32> = numbers.iter().map(|x| *x as u32).collect();
    let u16s: Vec<u16> = numbers.iter().map(|x| *x as u16).collect();
    let field: Vec<Fr> = numbers.iter().map(|x| -Fr::from(*x)).collect();
    let want = |scalars: &mut dyn Iterator<Item = u64>| {
        let scalars: Vec<_> = scalars.map(BigInt::<4>::from).collect();
        G1Projective::msm_bigint(&g1, &scalars)
    };
    for level in Level::available() {
        let got = msm_g1(level, &g1, Scalars::U64(&numbers)).unwrap();
        assert_eq!(got, want(&mut numbers.iter().copied()), "{level}");
        let got = msm_g1(level, &g1, Scalars::U32(&u32s)).unwrap();
        assert_eq!(got, want(&mut u32s.iter().map(|x| u64::from(*x))), "{level}");
        let got = msm_g1(level, &g1, Scalars::U16(&u16s)).unwrap();
        assert_eq!(got, want(&mut u16s.iter().map(|x| u64::from(*x))), "{level}");
        let got = msm_g1(level, &g1, Scalars::Field(&field)).unwrap();
        assert_eq!(got, -want(&mut numbers.iter().copied()), "{level}");
    }
}

#[test]
fn lengths_and_levels_are_checked() {
    let (g1, g2) = points(2);
    let one = [BigInt::from(1u64)];
    let got = msm_g1(Level::Portable, &g1, Scalars::Standard(&one));
    assert!(matches!(got, Err(EngineError::Length { expected: 2, got: 1, .. })));
    assert!(msm_g2(Level::Portable, &g2, Scalars::Standard(&one)).is_err());
    // Numbers that are no coordinates, and points that are on no curve.
    #[derive(Clone, Copy)]
    struct Any([u64; 4]);
    impl super::BaseG1 for Any {
        fn limbs(&self) -> [[u64; 4]; 2] {
            [self.0, [0; 4]]
        }
    }
    let two = [BigInt::from(1u64); 2];
    for level in Level::available() {
        let got = msm_g1(level, &[Any([5; 4]), Any([u64::MAX; 4])], Scalars::Standard(&two));
        assert!(matches!(got, Err(EngineError::Base { .. })), "{level}");
        let _ = msm_g1(level, &[Any([5, 0, 0, 0]); 2], Scalars::Standard(&two)).unwrap();
    }
    for level in Level::ALL.into_iter().filter(|level| !level.is_available()) {
        let got = msm_g1(level, &g1[..1], Scalars::Standard(&one));
        assert_eq!(got, Err(EngineError::Level { level }));
    }
    let secret = format!("{:?}", Scalars::U64(&[77_777]));
    assert!(!secret.contains("77"), "{secret}");
}
