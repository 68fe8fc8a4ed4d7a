//! Time and memory of set-up, file and proof for a toy system of `2^k` rows or the real circuit in a
//! shape, and of arkworks' own prover with the same key.
//!
//! `cargo run --release -p meed-prover --example measure -- 18` (or `-- S`)
//!
//! The toy has the mix of the real circuits: of 128 constraints 64 are bits, one packs them and 63
//! are squarings of full field elements. `MEED_ENGINES=ours` leaves arkworks out, so that the peak of
//! memory is ours.
#![allow(clippy::print_stdout, reason = "prints its result")]

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use ark_bn254::{Bn254, Fr};
use ark_ff::{AdditiveGroup, Field, UniformRand};
use ark_groth16::Groth16;
use meed_circuits::r1cs::circuit::{assign, Circuit};
use meed_circuits::r1cs::matrix::{Matrices, MatrixBuilder, Sparse};
use meed_prover::qap::CircomReduction;
use meed_prover::{insecure_setup, prove, CircuitId, CpuEngine, ProvingKey};
use meed_statement::lies::sample;
use meed_statement::settle::settle;
use meed_statement::shape::{Shape, M, S, XS};
use meed_statement::words::Domain;
use rand::rngs::OsRng;

fn main() {
    let what = std::env::args().nth(1).unwrap_or_else(|| "16".to_owned());
    let (matrices, assignment) = match what.as_str() {
        "XS" => real(XS),
        "S" => real(S),
        "M" => real(M),
        log => mixed((1 << log.parse::<u32>().expect("a logarithm, XS, S or M")) - 8),
    };
    println!("{} constraints, {} columns", matrices.constraints(), matrices.columns());
    let id = timed("digest", || CircuitId::new("measure", "T", &matrices));
    memory("constraints and assignment");
    let key = timed("set-up", || insecure_setup(&id, &matrices).unwrap());
    memory("set-up");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("measure.zkey");
    let sidecar = timed("save", || key.save(&matrices, &path).unwrap());
    println!("{:<28} {:>10} bytes", "key file", sidecar.zkey_bytes);
    drop(key);
    let key = timed("load", || ProvingKey::load(&path, &id).unwrap());
    if std::env::var_os("MEED_CHECKED").is_some() {
        timed("load, checking every point", || {
            ProvingKey::load_checked(&path, &id, &matrices).unwrap()
        });
    }
    reset_peak();
    let never = AtomicBool::new(false);
    for _ in 0..2 {
        let (_, timings) = timed("prove", || {
            prove(
                &key,
                &matrices,
                &assignment,
                &CpuEngine::best(),
                &mut OsRng,
                &mut |_, _| {},
                &never,
            )
            .unwrap()
        });
        for (stage, time) in timings.stages() {
            println!("    {:<24} {:>10.1} ms", stage.name(), time.as_secs_f64() * 1e3);
        }
    }
    memory("prove");
    if std::env::var("MEED_ENGINES").is_ok_and(|v| v == "ours") {
        return;
    }
    let rows = |matrix: &Sparse| {
        (0..matrix.rows()).map(|i| matrices.row(matrix, i).collect()).collect::<Vec<Vec<_>>>()
    };
    let rows = [rows(&matrices.a), rows(&matrices.b), rows(&matrices.c)];
    let ark_key = key.to_ark().unwrap();
    drop(key);
    reset_peak();
    for _ in 0..2 {
        timed("prove, ark-groth16", || {
            Groth16::<Bn254, CircomReduction>::create_proof_with_reduction_and_matrices(
                &ark_key,
                Fr::rand(&mut OsRng),
                Fr::rand(&mut OsRng),
                &rows,
                matrices.instance,
                matrices.constraints(),
                &assignment,
            )
            .unwrap()
        });
    }
    memory("prove, ark-groth16");
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, cpu) = (Instant::now(), cpu());
    let result = work();
    let wall = start.elapsed().as_secs_f64() * 1e3;
    println!("{what:<28} {wall:>10.1} ms wall {:>10.0} ms cpu", self::cpu() - cpu);
    result
}

/// Processor time of this process in ms, where Linux tells it (in steps of 10 ms).
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |i: usize| text.split(' ').nth(i).and_then(|t| t.parse::<f64>().ok());
    10.0 * (ticks(13).unwrap_or(0.0) + ticks(14).unwrap_or(0.0))
}

fn memory(what: &str) {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| {
        let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) >> 10
    };
    println!("{what:<28} now {} MiB, peak {} MiB", line("VmRSS"), line("VmHWM"));
}

fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The real circuit with the sample epoch: most slots of a large shape stay empty.
fn real(shape: Shape) -> (Matrices, Vec<Fr>) {
    let inputs = sample();
    let trace = settle(&inputs).unwrap();
    let circuit = timed("circuit", || Circuit::new(shape));
    let (z, _) = timed("witness", || assign(&shape, &inputs, &trace, &Domain::OFF_CHAIN).unwrap());
    (circuit.matrices().clone(), z)
}

/// Three public inputs and `size` constraints.
fn mixed(size: usize) -> (Matrices, Vec<Fr>) {
    let one = Fr::ONE;
    let mut builder = MatrixBuilder::new(4);
    let mut z = vec![one, Fr::from(5u64), Fr::from(7u64).pow([1 << 30, 9]), Fr::ZERO];
    let x0 = builder.new_witness();
    z.push(z[2].square());
    let mut last = x0;
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    while builder.constraints() + 1 < size {
        let place = builder.constraints() % 128;
        if place == 0 {
            let mut bits = vec![];
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            for i in 0..64.min(size - 2 - builder.constraints()) {
                let bit = builder.new_witness();
                z.push(Fr::from(state >> i & 1));
                builder.enforce(&[(bit, one)], &[(0, one), (bit, -one)], &[]);
                bits.push((bit, Fr::from(1u64 << i)));
            }
            let packed = builder.new_witness();
            z.push(bits.iter().map(|(bit, k)| z[*bit as usize] * k).sum());
            builder.enforce(&bits, &[(0, one)], &[(packed, one)]);
        } else {
            let next = builder.new_witness();
            z.push(z[last as usize].square() + z[x0 as usize]);
            builder.enforce(&[(last, one)], &[(last, one)], &[(next, one), (x0, -one)]);
            last = next;
        }
    }
    builder.enforce(&[(1, one)], &[(2, one)], &[(3, one), (last, -one)]);
    z[3] = z[1] * z[2] + z[last as usize];
    (builder.finish(), z)
}
