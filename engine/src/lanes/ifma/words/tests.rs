//! Every instruction against what it means.
#![allow(clippy::print_stdout, reason = "they say what is skipped")]

use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::lanes::tests::{rounds, Run};

/// What one can see of a vector.
fn read<W: Words>(x: W) -> [u64; 8] {
    let mut rows = [[0; 4]; 8];
    W::scatter([x; 4], rows.each_mut());
    rows.map(|row| {
        assert_eq!(row, [row[0]; 4]);
        row[0]
    })
}

/// The results of all operations, in some order.
fn all<W: Words>(token: W::Token, input: &[Stored; 8], table: &[u64; 16]) -> Vec<[u64; 8]> {
    W::run(
        token,
        Run(|| {
            let [a, b, c, d] = W::gather(token, |i| &input[i]);
            let mut rows = [[0; 4]; 8];
            W::scatter([a, b, c, d], rows.each_mut());
            assert_eq!(rows, *input);
            vec![
                read(a),
                read(b),
                read(c),
                read(d),
                read(W::zero(token)),
                read(a.bits(input[3][2])),
                read(a.madd_low(b, c)),
                read(a.madd_high(b, c)),
                read(d.madd_low(d, d)),
                read(d.madd_high(d, d)),
                read(a.add(b)),
                read(a.sub(b)),
                read(a.and(b)),
                read(a.or(b)),
                read(a.shr::<1>()),
                read(b.shr::<52>()),
                read(c.sar::<1>()),
                read(d.sar::<52>()),
                read(a.shl::<1>()),
                read(b.shl::<48>()),
                read(c.look_up(table)),
                read(a.select(b, 0b1011_0010)),
                read(a.select(b, input[0][0] as u8)),
                read(a.where_negative(b, c)),
            ]
        }),
    )
}

/// Anything, or what is at the edges of 52 or 64 bits.
fn word(rng: &mut ChaCha8Rng) -> u64 {
    let x = rng.next_u64();
    match rng.next_u64() % 8 {
        0 => 0,
        1 => u64::MAX,
        2 => MASK,
        3 => MASK + 1,
        4 => 1 << 63,
        5 => x >> (rng.next_u64() % 64),
        _ => x,
    }
}

#[test]
fn plain_rust_does_what_the_names_say() {
    let row = |words: [u64; 8]| Plain(words);
    let a = row([MASK; 8]);
    assert_eq!(row([5; 8]).madd_low(a, a), row([6; 8]));
    assert_eq!(row([5; 8]).madd_high(a, a), row([MASK + 4; 8]));
    assert_eq!(a.madd_low(row([MASK + 1; 8]), a), a);
    assert_eq!(row([u64::MAX; 8]).add(row([1; 8])), row([0; 8]));
    assert_eq!(row([1 << 63; 8]).sar::<62>(), row([u64::MAX - 1; 8]));
    let table = core::array::from_fn(|i| i as u64 * 3);
    assert_eq!(
        row([0, 1, 7, 8, 15, 16, 31, u64::MAX]).look_up(&table).0,
        [0, 3, 21, 24, 45, 0, 45, 45]
    );
    assert_eq!(a.select(row([1; 8]), 0b10).0, [MASK, 1, MASK, MASK, MASK, MASK, MASK, MASK]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn avx512_is_plain_rust() {
    let Some(token) = Avx512::detect() else {
        println!("skipped: this processor has no AVX-512 IFMA");
        return;
    };
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..rounds(10_000) {
        let input = core::array::from_fn(|_| core::array::from_fn(|_| word(&mut rng)));
        let table = core::array::from_fn(|_| word(&mut rng));
        let got = all::<Avx512>(token, &input, &table);
        let want = all::<Plain>((), &input, &table);
        for (k, (got, want)) in got.into_iter().zip(want).enumerate() {
            assert_eq!(got, want, "operation {k} of {input:x?}");
        }
    }
}
