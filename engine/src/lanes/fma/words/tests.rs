//! Every instruction against what it means.
#![allow(clippy::print_stdout, reason = "they say what is skipped")]

use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::lanes::tests::{rounds, Run};

/// What one can see of a vector.
fn read<W: Words>(x: W) -> [u64; 4] {
    let mut rows = [[0; 4]; 4];
    W::scatter([x; 4], rows.each_mut());
    rows.map(|row| {
        assert_eq!(row, [row[0]; 4]);
        row[0]
    })
}

/// The results of all operations, in some order: those on doubles take the second input.
fn all<W: Words>(token: W::Token, words: &[Stored; 4], doubles: &[Stored; 4]) -> Vec<[u64; 4]> {
    W::run(
        token,
        Run(|| {
            let [a, b, c, d] = W::gather(token, |i| &words[i]);
            let mut rows = [[0; 4]; 4];
            W::scatter([a, b, c, d], rows.each_mut());
            assert_eq!(rows, *words);
            let [x, y, z, w] = W::gather(token, |i| &doubles[i]);
            vec![
                read(a),
                read(b),
                read(c),
                read(d),
                read(W::zero(token)),
                read(a.bits(words[3][2])),
                read(a.double(f64::from_bits(doubles[3][2]))),
                read(x.fma(y, z)),
                read(w.fma(w, x)),
                read(x.fadd(y)),
                read(z.fsub(w)),
                read(x.floor()),
                read(y.floor()),
                read(a.iadd(b)),
                read(a.isub(b)),
                read(a.and(b)),
                read(a.or(b)),
                read(a.xor(b)),
                read(a.shr::<1>()),
                read(b.shr::<51>()),
                read(c.shl::<1>()),
                read(d.shl::<51>()),
                read(a.select(b, 0b1010)),
                read(a.select(b, words[0][0] as u8)),
            ]
        }),
    )
}

/// Anything, or what is at the edges.
fn word(rng: &mut ChaCha8Rng) -> u64 {
    match rng.next_u64() % 6 {
        0 => 0,
        1 => u64::MAX,
        2 => 1 << 63,
        _ => rng.next_u64(),
    }
}

/// Limbs and products of limbs, integers or not, and the constants that split them.
fn double(rng: &mut ChaCha8Rng) -> u64 {
    let x = rng.next_u64() as i64;
    let x = match rng.next_u64() % 6 {
        0 => 0.0,
        1 => f64::from_bits((1023 + rng.next_u64() % 104) << 52 | (1 << 51)),
        2 => f64::from_bits((1023 + rng.next_u64() % 104) << 52),
        3 => x as f64 / 4096.0,
        _ => (x >> (rng.next_u64() % 64)) as f64,
    };
    x.to_bits()
}

#[test]
fn plain_rust_does_what_the_names_say() {
    let row = |doubles: [f64; 4]| Plain(doubles.map(f64::to_bits));
    let a = row([1.5, -1.5, 3.0, 0.0]);
    assert_eq!(a.floor(), row([1.0, -2.0, 3.0, 0.0]));
    assert_eq!(a.fma(a, a), row([3.75, 0.75, 12.0, 0.0]));
    // Rounded once: the product's lowest bit is not lost.
    let x = row([1.0 + f64::EPSILON; 4]);
    assert_eq!(x.fma(x, row([-1.0 - 2.0 * f64::EPSILON; 4])), row([f64::EPSILON.powi(2); 4]));
    assert_eq!(a.select(x, 0b0110), row([1.5, 1.0 + f64::EPSILON, 1.0 + f64::EPSILON, 0.0]));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn avx2_is_plain_rust() {
    let Some(token) = Avx2::detect() else {
        println!("skipped: this processor has no AVX2 and FMA");
        return;
    };
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..rounds(10_000) {
        let words = core::array::from_fn(|_| core::array::from_fn(|_| word(&mut rng)));
        let doubles = core::array::from_fn(|_| core::array::from_fn(|_| double(&mut rng)));
        let got = all::<Avx2>(token, &words, &doubles);
        let want = all::<Plain>((), &words, &doubles);
        for (k, (got, want)) in got.into_iter().zip(want).enumerate() {
            assert_eq!(got, want, "operation {k} of {words:x?} and {doubles:x?}");
        }
    }
}
