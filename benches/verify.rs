//! The verifier: one proof, a batch, a bundle; against `ark-groth16` in the same run.

mod setting;

use std::hint::black_box;
use std::io;
use std::sync::atomic::AtomicBool;

use anyhow::{ensure, Error, Result};
use ark_bn254::Bn254;
use ark_groth16::{prepare_verifying_key, Groth16};
use meed_benches::{compare, Figure, Options, Report};
use meed_circuits::r1cs::circuit::Circuit;
use meed_ledger::bundle::{self, verify_bundle, write_bundle, BundleInput};
use meed_prover::key::ark_verifying_key;
use meed_prover::qap::CircomReduction;
use meed_prover::{prove, CpuEngine};
use meed_statement::words::Domain;
use meed_verifier::{
    halo2, inputs_from_bytes, inputs_to_bytes, verify, verify_batch, verify_bytes, verify_words,
    PreparedVerifyingKey, Proof, VerifyingKey,
};
use rand::rngs::OsRng;

/// A key and a proof of a halo2 circuit with the columns and gates of ours. It has 64 rows; what a check
/// takes grows by two multiplications each time that the rows double.
const HALO2: &str = include_str!("../verifier/tests/golden/halo2.txt");

/// Proofs in a batch.
const BATCH: usize = 32;

type Ark = Groth16<Bn254, CircomReduction>;

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let mut report = Report::new("verify", &options, io::stdout())?;
    for name in options.shapes_or(&["XS"]) {
        measure(&options, &name, &mut report)?;
    }
    report.finish()?;
    Ok(())
}

fn measure<W: io::Write>(options: &Options, name: &str, report: &mut Report<W>) -> Result<()> {
    let samples = if options.quick { 3 } else { 21 };
    let shape = setting::shape(name)?;
    let circuit = Circuit::new(shape);
    let setting::Key { key, id, .. } = setting::key(options, &circuit)?;
    let (inputs, trace) = setting::full_epoch(&shape)?;
    let (z, binding) = setting::witness(&shape, &inputs, &trace)?;
    let never = AtomicBool::new(false);
    let (proof, _) = prove(
        &key,
        circuit.matrices(),
        &z,
        &CpuEngine::best(),
        &mut OsRng,
        &mut |_, _| {},
        &never,
    )?;
    let vk = *key.verifying_key();
    let ark_key = ark_verifying_key(&vk);
    let ark_vk = prepare_verifying_key(&ark_key);
    drop((key, z));

    // One proof.
    let public = binding.to_inputs();
    let words = trace.words();
    let prepared = PreparedVerifyingKey::new(&vk);
    let ark = ark_groth16::Proof::<Bn254> { a: *proof.a(), b: *proof.b(), c: *proof.c() };
    ensure!(Ark::verify_proof(&ark_vk, &ark, &public)?, "ark-groth16 refuses the proof");
    verify(&prepared, &public, &proof)?;
    let (key_bytes, proof_bytes) = (vk.to_bytes(), proof.to_bytes());
    let input_bytes = inputs_to_bytes(&public);
    let [single, theirs, bytes, by_words, prepare] = compare(
        samples,
        [
            &mut || verify(black_box(&prepared), &public, &proof).expect("verified before"),
            &mut || {
                let holds = Ark::verify_proof(black_box(&ark_vk), &ark, &public);
                assert!(holds.expect("verified before"));
            },
            &mut || {
                verify_bytes(&prepared, &input_bytes, black_box(&proof_bytes))
                    .expect("verified before");
            },
            &mut || {
                verify_words(&prepared, &Domain::OFF_CHAIN, black_box(&words), trace.h, &proof)
                    .expect("verified before");
            },
            &mut || {
                let vk = VerifyingKey::from_bytes(black_box(&key_bytes)).expect("a key");
                black_box(PreparedVerifyingKey::new(&vk));
            },
        ],
    );
    report.group(&format!("shape {name}: one proof, one thread"))?;
    report.add("meed-verifier, prepared key", Figure::Seconds(single))?;
    report.add("ark-groth16, prepared key", Figure::Seconds(theirs))?;
    report.add("ark-groth16 over ours", Figure::Ratio(theirs / single))?;
    report.add("decode the proof and verify", Figure::Seconds(bytes))?;
    let name_words = format!("bind {} words and verify", words.len());
    report.add(&name_words, Figure::Seconds(by_words))?;
    report.add("decode and prepare a key", Figure::Seconds(prepare))?;

    // The same of the other system.
    let field = |name: &str| {
        let line = HALO2.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok::<_, Error>(hex::decode(line.unwrap_or_default())?)
    };
    let (key_bytes, proof_bytes, inputs) = (field("key")?, field("proof")?, field("inputs")?);
    let halo2_vk = halo2::VerifyingKey::from_bytes(&key_bytes)?;
    let halo2_proof = halo2::Proof::from_bytes(&proof_bytes)?;
    let public_halo2 = inputs_from_bytes(&inputs)?;
    let [one, bytes, decode] = compare(
        samples,
        [
            &mut || {
                halo2::verify(black_box(&halo2_vk), &public_halo2, &halo2_proof)
                    .expect("a golden proof");
            },
            &mut || {
                halo2::verify_bytes(&halo2_vk, &inputs, black_box(&proof_bytes))
                    .expect("a golden proof");
            },
            &mut || {
                let vk = halo2::VerifyingKey::from_bytes(black_box(&key_bytes)).expect("a key");
                black_box(vk);
            },
        ],
    );
    report.group("halo2: one proof, one thread")?;
    report.add("meed-verifier", Figure::Seconds(one))?;
    report.add("halo2 over Groth16", Figure::Ratio(one / single))?;
    report.add("decode the proof and verify", Figure::Seconds(bytes))?;
    report.add("decode a key", Figure::Seconds(decode))?;
    report.add("proof", Figure::Bytes(proof_bytes.len() as u64))?;
    report.add("key", Figure::Bytes(key_bytes.len() as u64))?;

    // A batch: other points each time, the same inputs.
    let items = (0..BATCH)
        .map(|_| {
            let fresh = Ark::rerandomize_proof(&ark_key, &ark, &mut OsRng);
            Ok((public, Proof::from_points(fresh.a, fresh.b, fresh.c)?))
        })
        .collect::<Result<Vec<_>>>()?;
    let [batch] = compare(
        samples.min(9),
        [&mut || verify_batch(black_box(&prepared), &items).expect("verified before")],
    );
    report.group(&format!("shape {name}: {BATCH} proofs, one thread"))?;
    report.add("batch", Figure::Seconds(batch))?;
    report.add("a proof", Figure::Seconds(batch / BATCH as f64))?;
    report.add("one by one over batch", Figure::Ratio(single * BATCH as f64 / batch))?;

    // A bundle.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bundle");
    let circuit = bundle::Circuit { name: id.name.clone(), shape, digest: *id.digest.as_bytes() };
    let input = BundleInput {
        circuit: &circuit,
        key: &vk.into(),
        domain: Domain::OFF_CHAIN,
        words: &words,
        proof: &proof.into(),
        state: &trace.state_after,
    };
    write_bundle(&path, &input)?;
    let size =
        std::fs::read_dir(&path)?.map(|entry| Ok(entry?.metadata()?.len())).sum::<Result<u64>>()?;
    let [whole] = compare(
        samples,
        [&mut || {
            let _ = black_box(verify_bundle(&path, &vk.into(), None).expect("written just now"));
        }],
    );
    report.group(&format!("shape {name}: a bundle on disk, key prepared each time"))?;
    report.add("payouts", Figure::Count(trace.payouts.len() as u64))?;
    report.add("state entries", Figure::Count(trace.state_after.len() as u64))?;
    report.add("size", Figure::Bytes(size))?;
    report.add("verify", Figure::Seconds(whole))?;
    Ok(())
}
