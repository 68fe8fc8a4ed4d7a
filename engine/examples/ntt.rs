//! Times of transforms at every level of this processor, next to arkworks'.
//!
//! `cargo run --release -p meed-engine --example ntt [LOG_MIN LOG_MAX REPEATS]`
//!
//! Levels take turns, and the fastest of all repeats counts: other work on the machine then matters
//! least.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use ark_bn254::Fr;
use ark_ff::UniformRand;
use meed_engine::ntt::Transform;
use meed_engine::Level;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).filter_map(|x| x.parse().ok()).collect();
    let argument = |i: usize, default| arguments.get(i).copied().unwrap_or(default);
    let (min, max, repeats) = (argument(0, 14), argument(1, 20), argument(2, 7));
    println!("{:?}, fastest of {repeats}", Level::available());
    for log in min..=max {
        let transforms: Vec<Transform> = Level::available()
            .into_iter()
            .map(|level| {
                let start = Instant::now();
                let transform = Transform::new(level, 1 << log).expect("a size within the field's");
                println!("2^{log} {level}: tables in {:?}", start.elapsed());
                transform
            })
            .collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let values: Vec<Fr> = (0..1 << log).map(|_| Fr::rand(&mut rng)).collect();
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        let mut counts = vec![1, 2, most];
        counts.sort_unstable();
        counts.dedup();
        for threads in counts {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("threads can be started");
            pool.install(|| compare(log, threads, repeats, &transforms, &values));
        }
    }
}

fn compare(log: usize, threads: usize, repeats: usize, transforms: &[Transform], values: &[Fr]) {
    type Work = fn(&Transform, Vec<Fr>) -> Vec<Fr>;
    let kinds: [(&str, Work); 3] = [
        ("ntt", |t, mut x| t.ntt(&mut x).map(|()| x).expect("same size")),
        ("intt", |t, mut x| t.intt(&mut x).map(|()| x).expect("same size")),
        ("quotient", |t, x| t.quotient(x.clone(), x.clone(), x).expect("same size")),
    ];
    for (name, work) in kinds {
        let mut best = vec![f64::INFINITY; transforms.len()];
        let mut results = vec![Vec::new(); transforms.len()];
        for _ in 0..repeats {
            for (i, transform) in transforms.iter().enumerate() {
                let values = values.to_vec();
                let start = Instant::now();
                results[i] = work(transform, values);
                best[i] = best[i].min(start.elapsed().as_secs_f64());
            }
        }
        assert!(results.iter().all(|x| *x == results[0]), "levels differ");
        print!("2^{log} {name:>8}, {threads} threads:");
        for (transform, time) in transforms.iter().zip(&best) {
            print!("  {} {:.3} ms ({:.2}x)", transform.level(), time * 1e3, best[0] / time);
        }
        println!();
    }
}
