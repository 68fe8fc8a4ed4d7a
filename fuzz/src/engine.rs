//! Sums over points and scalars with structure: whatever meets whatever in a bucket, all levels of the
//! engine give what arkworks gives.

use std::sync::OnceLock;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{BigInt, Field, PrimeField};
use meed_engine::msm::{msm_g1, msm_g1_chunks, msm_g2, Prepared, Scalars};
use meed_engine::{EngineError, Level};

use crate::mutate::Dice;

/// Most points of an input, and of one that is [`LONG`]: more than the engine's blocks have.
const MOST: [usize; 2] = [300, 4_200];
/// In the first byte: many points; a sum in G2 too; first scalars that have no point.
const LONG: u8 = 1;
const BOTH: u8 = 2;
const FIRST: u8 = 4;
/// Bytes of a run: its length, kinds of points and of scalars with a number for each.
const RUN: usize = 12;

/// Multiples of the generator in order, others far away, and doubles: a table for runs to take from.
struct Table<G: CurveGroup> {
    progression: Vec<G::Affine>,
    others: Vec<G::Affine>,
    doubles: Vec<G::Affine>,
}

impl<G: CurveGroup<ScalarField = Fr>> Table<G> {
    fn new(n: usize) -> Self {
        let steps = |start: G, next: &dyn Fn(G) -> G, n: usize| {
            let points = std::iter::successors(Some(start), |point| Some(next(*point)));
            G::normalize_batch(&points.take(n).collect::<Vec<_>>())
        };
        let g = G::generator();
        let far = g * Fr::from(5u64).pow([1 << 20, 77]);
        Self {
            progression: steps(g, &|point| point + g, n),
            others: steps(far, &|point| point + far.double() + g, n),
            doubles: steps(g, &|point| point.double(), 256),
        }
    }

    /// Point `i` of a run.
    fn point(&self, kind: u8, seed: u8, i: usize) -> G::Affine {
        let at = |table: &[G::Affine], i: usize| table[i % table.len()];
        let negative = |point: G::Affine| (-point.into_group()).into_affine();
        let seed = usize::from(seed);
        match kind % 8 {
            0 => G::Affine::zero(),
            1 => at(&self.progression, seed),
            2 if i.is_multiple_of(2) => at(&self.progression, seed),
            2 => negative(at(&self.progression, seed)),
            3 => at(&self.progression, seed + i),
            4 => negative(at(&self.progression, seed + i)),
            5 => at(&self.others, seed * 16 + i),
            6 => at(&self.doubles, seed + i),
            // Equal ones, then opposite ones.
            _ if i % 4 < 2 => at(&self.others, seed + i / 4),
            _ => negative(at(&self.others, seed + i / 8)),
        }
    }
}

/// Scalar `i` of a run, as an integer that may be above the order.
fn scalar(kind: u8, bits: u8, number: u64, i: usize) -> BigInt<4> {
    let power = || Fr::from(2u64).pow([u64::from(bits)]);
    let small = || Fr::from(number & (u64::MAX >> (bits % 64)));
    let value = match kind % 14 {
        0 => Fr::from(0u64),
        1 => Fr::from(1u64),
        2 => -Fr::from(1u64),
        3 => small(),
        4 => -small(),
        5 => power(),
        6 => power() - Fr::from(1u64),
        7 => -power(),
        8 => Fr::from(i as u64),
        9 => -Fr::from(i as u64),
        10 => {
            let mut dice = Dice::new(number.wrapping_add(i as u64));
            Fr::from_le_bytes_mod_order(&[0; 4].map(|_| dice.roll().to_le_bytes()).concat())
        }
        11 => -(Fr::from(1u64) / Fr::from(2u64)),
        12 => return BigInt([u64::MAX; 4]),
        _ => return Fr::MODULUS,
    };
    value.into_bigint()
}

/// Sums of runs of points.
pub fn sums(data: &[u8]) -> bool {
    static G1: OnceLock<Table<G1Projective>> = OnceLock::new();
    static G2: OnceLock<Table<G2Projective>> = OnceLock::new();
    let Some((flags, runs)) = data.split_first() else { return false };
    let most = MOST[usize::from(flags & LONG)];
    let (g1, g2) = (G1.get_or_init(|| Table::new(4_500)), G2.get_or_init(|| Table::new(600)));
    let (mut points, mut twins, mut scalars) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs.chunks_exact(RUN) {
        let [a, b, kind, seed, scalar_kind, bits, rest @ ..] = run else { continue };
        let mut number = [0; 8];
        number[..rest.len()].copy_from_slice(rest);
        let (number, length) = (u64::from_le_bytes(number), u16::from_le_bytes([*a, *b]));
        for i in 0..usize::from(length).min(most - points.len()) {
            points.push(g1.point(*kind, *seed, i));
            twins.push(g2.point(*kind, *seed, i));
            scalars.push(scalar(*scalar_kind, *bits, number, i));
        }
    }
    let field: Vec<Fr> = scalars.iter().map(reduced).collect();
    let first = if flags & FIRST == 0 { 0 } else { usize::from(flags >> 3).min(field.len()) };
    // One level for what takes long: all have their turn.
    let levels = Level::available();
    let turn = data.iter().map(|byte| usize::from(*byte)).sum::<usize>() % levels.len();
    in_g1(&points, &scalars, &field, first, levels[turn]);
    if flags & BOTH != 0 && twins.len() <= MOST[0] {
        let want = G2Projective::msm(&twins, &field).expect("as many points as scalars");
        let got = msm_g2::<G2Affine>(levels[turn], &twins, Scalars::Standard(&scalars));
        assert_eq!(got, Ok(want), "{}", levels[turn]);
    }
    !points.is_empty()
}

fn reduced(scalar: &BigInt<4>) -> Fr {
    let bytes: Vec<u8> = scalar.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    Fr::from_le_bytes_mod_order(&bytes)
}

fn in_g1(points: &[G1Affine], scalars: &[BigInt<4>], field: &[Fr], first: usize, level: Level) {
    let want = G1Projective::msm(points, field).expect("as many points as scalars");
    let late = G1Projective::msm(&points[first..], &field[first..]).expect("as many");
    for level in Level::available() {
        assert_eq!(msm_g1(level, points, Scalars::Standard(scalars)), Ok(want), "{level}");
    }
    let prepared = Prepared::new(Scalars::Field(field));
    assert_eq!(prepared.msm_g1(level, first, &points[first..]), Ok(late), "{level}");
    let chunks = points.chunks(257).zip(field.chunks(257));
    let chunks = chunks.map(|(p, s)| Ok::<_, EngineError>((p.to_vec(), s.to_vec())));
    assert_eq!(msm_g1_chunks(level, chunks), Ok(want), "{level}, in chunks");
}

/// Runs that meet themselves and each other, and lengths around the engine's blocks and batches.
pub fn sums_seeds() -> Vec<Vec<u8>> {
    let run = |length: u16, kind: u8, scalars: u8, bits: u8| {
        let [a, b] = length.to_le_bytes();
        [a, b, kind, 3, scalars, bits, 0x5a, 0xc3, 0x11, 0xee, 0x07, 0x99]
    };
    let input = |flags: u8, runs: &[[u8; RUN]]| [&[flags][..], &runs.concat()].concat();
    let every_point: Vec<_> = (0..8).map(|kind| run(20, kind, 10, 0)).collect();
    let every_scalar: Vec<_> = (0..14).map(|kind| run(12, 5, kind, 17 * kind)).collect();
    vec![
        input(BOTH, &every_point),
        input(BOTH | FIRST | (8 * 5), &every_scalar),
        input(BOTH, &[run(40, 1, 1, 0), run(40, 2, 1, 0), run(31, 7, 3, 60)]),
        input(0, &[run(33, 3, 8, 0), run(64, 3, 1, 0), run(65, 4, 9, 0)]),
        input(FIRST | (8 * 9), &[run(255, 6, 6, 253), run(1, 0, 2, 0)]),
        input(0, &[run(1, 5, 12, 0)]),
        input(LONG | FIRST | (8 * 31), &[run(2_049, 3, 10, 0), run(2_048, 5, 4, 3)]),
    ]
}
