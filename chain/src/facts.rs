//! Facts: halo2 proofs are shown to their verifier, which remembers what they prove, before an epoch is settled.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use meed_statement::words::Binding;
use meed_verifier::halo2::{Proof, PROOF_MAGIC};

use crate::abi::MeedHalo2Verifier as V;
use crate::client::Client;
use crate::epochs::word;
use crate::error::Result;
use crate::send::Call;

/// What a settlement gives in place of a proof when the proof was shown before.
pub const SHOWN: [U256; 8] = [U256::ZERO; 8];

fn inputs(binding: &Binding) -> [U256; 3] {
    binding.to_inputs().each_ref().map(word)
}

/// Shows a proof of these inputs to the verifier, which writes down that they are proved. A fact that is known
/// already costs little more than its calldata: ask [`is_proved`] first. Before it is sent, a proof can be tried with
/// [`Sender::try_call`](crate::Sender::try_call).
#[must_use]
pub fn show(verifier: Address, binding: &Binding, proof: &Proof, epoch: u64) -> Call {
    let proof = Bytes::copy_from_slice(&proof.to_bytes()[PROOF_MAGIC.len()..]);
    let data = V::proveCall { proof, inputs: inputs(binding) }.abi_encode();
    let what = format!("show the proof of epoch {epoch}");
    Call { what, to: Some(verifier), data: data.into(), value: U256::ZERO }
}

/// Whether a proof of these inputs was shown to the verifier.
///
/// # Errors
/// [`ChainError::Contract`](crate::ChainError::Contract); [`ChainError::Node`](crate::ChainError::Node).
pub fn is_proved(client: &Client, verifier: Address, binding: &Binding) -> Result<bool> {
    let fact = client.view(verifier, &V::factOfCall { inputs: inputs(binding) })?;
    client.view(verifier, &V::provedCall { fact })
}
