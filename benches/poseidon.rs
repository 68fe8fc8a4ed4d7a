//! Our Poseidon against the crate `light-poseidon`, whose parameters it shares.

use std::hint::black_box;
use std::io;

use anyhow::{ensure, Error, Result};
use ark_bn254::Fr;
use light_poseidon::{Poseidon, PoseidonHasher};
use meed_benches::{compare, Figure, Options, Report};
use meed_statement::poseidon::{hash, tree_root};
use meed_statement::synthetic::Source;

fn main() -> Result<()> {
    let options = Options::from_env().map_err(Error::msg)?;
    let samples = if options.quick { 3 } else { 31 };
    let mut report = Report::new("poseidon", &options, io::stdout())?;
    let mut source = Source::new(1);
    let mut elements = |n: usize| -> Vec<Fr> {
        (0..n).map(|_| Fr::from(source.next_u64()) * Fr::from(source.next_u64())).collect()
    };

    for inputs in [2, 8] {
        let values = elements(inputs);
        let mut light = Poseidon::<Fr>::new_circom(inputs)?;
        ensure!(light.hash(&values)? == hash(&values), "the two crates disagree");
        let [ours, theirs] = compare(
            samples,
            [
                &mut || {
                    black_box(hash(black_box(&values)));
                },
                &mut || {
                    black_box(light.hash(black_box(&values)).expect("hashed before"));
                },
            ],
        );
        report.group(&format!("hash of {inputs} elements (t = {}), one thread", inputs + 1))?;
        report.add("meed-statement", Figure::Seconds(ours))?;
        report.add("light-poseidon", Figure::Seconds(theirs))?;
        report.add("light-poseidon over ours", Figure::Ratio(theirs / ours))?;
    }

    let leaves = elements(if options.quick { 1 << 9 } else { 1 << 15 });
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let [alone, all] = compare(
        samples.min(5),
        [
            &mut || {
                one.install(|| black_box(tree_root(black_box(&leaves))));
            },
            &mut || {
                black_box(tree_root(black_box(&leaves)));
            },
        ],
    );
    report.group(&format!("root of {} leaves", leaves.len()))?;
    report.add("one thread", Figure::Seconds(alone))?;
    report.add("one thread, leaves", Figure::Rate(leaves.len() as f64 / alone))?;
    report.add("all threads", Figure::Seconds(all))?;
    report.finish()?;
    Ok(())
}
