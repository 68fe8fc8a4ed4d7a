//! Prints what checks cost, in each chain's way of counting.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;

use meed_wasm_host::module::{self, Profile};
use meed_wasm_host::{fixture, Chain, Export, Limits, Meter};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("wasm-host: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    table(Profile::Small)?;
    table(Profile::Fast)
}

fn table(profile: Profile) -> Result<(), String> {
    let wasm = module::build(profile)?;
    println!("profile {}: {} bytes for {}", profile.name(), wasm.len(), module::TARGET);
    let operators = Chain::new(&wasm, Meter::Operators).map_err(|error| error.to_string())?;
    let cosmwasm = Chain::new(&wasm, Meter::CosmWasm).map_err(|error| error.to_string())?;
    let good = fixture::message();
    let mut proof = good.clone();
    proof[fixture::KEY.len()] ^= 1;
    let mut domain = good.clone();
    domain[fixture::KEY.len() + fixture::PROOF.len()] ^= 1;
    let word = good.len() - 32;
    let mut range = good.clone();
    range[word..].fill(0xff);
    let cases: [(&str, Export, &[u8], bool); 8] = [
        ("key alone", Export::CheckKey, fixture::KEY, true),
        ("good proof", Export::VerifyWords, &good, true),
        ("another domain", Export::VerifyWords, &domain, true),
        ("a byte of the proof", Export::VerifyWords, &proof, true),
        ("a word above the modulus", Export::VerifyWords, &range, true),
        ("a payout less", Export::VerifyWords, &good[..word], true),
        ("cut short", Export::VerifyWords, &good[..word + 1], true),
        ("a development key", Export::VerifyWords, &good, false),
    ];
    println!("{:<26} code   operators  CosmWasm gas  pages", "");
    for (what, export, message, development) in cases {
        let call = |chain: &Chain| {
            let verdict = chain.call(export, message, development, Limits::DEFAULT);
            verdict.map_err(|failure| format!("{what}: {failure}"))
        };
        let (plain, weighted) = (call(&operators)?, call(&cosmwasm)?);
        println!(
            "{what:<26} {:>4} {:>11} {:>13} {:>6}",
            plain.code,
            plain.fuel,
            weighted.fuel * 115,
            plain.pages
        );
    }
    Ok(())
}
