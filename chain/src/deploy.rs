//! Deployment: a verifier for each key, then the settlement contract.

use alloy::primitives::{Address, Bytes, B256, U256};
use alloy::sol_types::SolValue;
use meed_calldata::source::{constructor_words, halo2_constructor_words};
use meed_statement::shape::Shape;
use meed_verifier::{AnyVerifyingKey, System};

use crate::abi::{MeedHalo2Verifier, MeedSettlement as S, MeedVerifier, Token};
use crate::client::Client;
use crate::contract::{Contract, Setup};
use crate::deployment::{CircuitEntry, Money};
use crate::error::{ChainError, Result};
use crate::send::Call;

/// The chain id of local development chains, as the contract has it: only there may a key be insecure.
pub const DEVELOPMENT_CHAIN: u64 = 31_337;

/// The number under which a shape's circuit is deployed: 1 for XS, 2 for S, 3 for M of version 1 of the
/// statement with Groth16, and 11, 12, 13 with halo2. Other circuits, and these with other keys, have
/// other numbers, from 100 on.
#[must_use]
pub fn circuit_number(system: System, shape: &Shape) -> Option<u64> {
    let first = match system {
        System::Groth16 => 0,
        System::Halo2 => 10,
    };
    match shape.name {
        "XS" => Some(first + 1),
        "S" => Some(first + 2),
        "M" => Some(first + 3),
        _ => None,
    }
}

fn creation(what: String, code: &Bytes, arguments: Vec<u8>) -> Call {
    let data = [code.as_ref(), &arguments].concat();
    Call { what, to: None, data: data.into(), value: U256::ZERO }
}

/// Fails for a key that the contract would refuse on this chain.
///
/// # Errors
/// [`ChainError::Order`].
pub fn check_key(key: &AnyVerifyingKey, name: &str, chain_id: u64) -> Result<()> {
    if key.is_insecure() && chain_id != DEVELOPMENT_CHAIN {
        return Err(ChainError::order(format!(
            "{name}: this key comes from the local set-up: anybody can forge proofs under it. It is \
             deployed on a development chain only (id {DEVELOPMENT_CHAIN}), not on chain {chain_id}"
        )));
    }
    Ok(())
}

/// Fails unless the token is one.
///
/// # Errors
/// [`ChainError::NoCode`]; [`ChainError::Contract`]; [`ChainError::Node`].
pub fn check_token(client: &Client, token: Money) -> Result<()> {
    let Money::Token(address) = token else { return Ok(()) };
    client.demand_code(address, "token", "")?;
    let account = Address::repeat_byte(1);
    client.view(address, &Token::balanceOfCall { account }).map(|_| ())
}

/// Creates the verifier of a key. To one of halo2, proofs are shown with [`show`](crate::facts::show) before
/// an epoch is settled with them.
#[must_use]
pub fn verifier(key: &AnyVerifyingKey, name: &str) -> Call {
    let (code, words) = match key {
        AnyVerifyingKey::Groth16(key) => {
            (&MeedVerifier::BYTECODE, constructor_words(key).map(U256::from_be_bytes).abi_encode())
        }
        AnyVerifyingKey::Halo2(key) => {
            let words = halo2_constructor_words(key).map(U256::from_be_bytes);
            (&MeedHalo2Verifier::BYTECODE, words.abi_encode())
        }
    };
    creation(format!("create the verifier of {name}"), code, words)
}

/// Creates the settlement contract. Without circuits it is a trial of the terms: the contract it would
/// make could settle nothing.
#[must_use]
pub fn settlement(terms: &Setup, circuits: &[CircuitEntry]) -> Call {
    let setup = S::Setup {
        token: terms.token.address(),
        owner: terms.owner,
        operator: terms.operator,
        guardian: terms.guardian,
        treasury: terms.treasury,
        claimDelay: U256::from(terms.claim_delay),
        sweepDelay: U256::from(terms.sweep_delay),
        timelock: U256::from(terms.timelock),
    };
    let numbers: Vec<U256> = circuits.iter().map(|c| U256::from(c.number)).collect();
    let verifiers: Vec<Address> = circuits.iter().map(|c| c.verifier).collect();
    let arguments = (setup, numbers, verifiers).abi_encode_params();
    creation("create the settlement contract".to_owned(), &S::BYTECODE, arguments)
}

/// Fails unless the verifier on the chain has the key that `circuit` names.
///
/// # Errors
/// [`ChainError::Contract`]; [`ChainError::Node`].
pub fn check_verifier(client: &Client, circuit: &CircuitEntry) -> Result<()> {
    check_key_id(client, circuit.verifier, circuit.key_id)
}

/// Fails unless the verifier on the chain, of either proof system, has the key with this id.
///
/// # Errors
/// [`ChainError::Contract`]; [`ChainError::Node`].
pub fn check_key_id(client: &Client, address: Address, key_id: B256) -> Result<()> {
    let got = client.view(address, &MeedVerifier::keyIdCall {})?;
    if got == key_id {
        return Ok(());
    }
    let expected = format!("a verifier of key {key_id}");
    Err(ChainError::Contract { address, expected, got: format!("one of key {got}") })
}

/// Fails unless the contract has the terms and circuits that it was to be created with.
///
/// # Errors
/// [`ChainError::Contract`]; [`ChainError::Node`].
pub fn check_settlement(
    contract: &Contract<'_>,
    terms: &Setup,
    circuits: &[CircuitEntry],
) -> Result<()> {
    let setup = contract.setup()?;
    let rows = [
        ("token", terms.token.to_string(), setup.token.to_string()),
        ("owner", terms.owner.to_string(), setup.owner.to_string()),
        ("operator", terms.operator.to_string(), setup.operator.to_string()),
        ("guardian", terms.guardian.to_string(), setup.guardian.to_string()),
        ("treasury", terms.treasury.to_string(), setup.treasury.to_string()),
        ("claim delay", terms.claim_delay.to_string(), setup.claim_delay.to_string()),
        ("sweep delay", terms.sweep_delay.to_string(), setup.sweep_delay.to_string()),
        ("timelock", terms.timelock.to_string(), setup.timelock.to_string()),
    ];
    let other = |what: String, got: String| ChainError::Contract {
        address: contract.address(),
        expected: what,
        got,
    };
    for (what, expected, got) in rows {
        if expected != got {
            return Err(other(format!("{what} {expected}"), got));
        }
    }
    for circuit in circuits {
        let got = contract.circuit(circuit.number)?;
        let got = got.map_or_else(|| "none".to_owned(), |c| c.verifier.to_string());
        let expected = circuit.verifier.to_string();
        if got != expected {
            return Err(other(format!("circuit {} at {expected}", circuit.number), got));
        }
    }
    Ok(())
}
