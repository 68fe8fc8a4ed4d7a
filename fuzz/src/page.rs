//! Messages to the report page's module.

use meed_page_wasm::{code, message};
use meed_statement::roots::{policy_hash, registry_root, state_root};
use meed_statement::words::word_to_bytes;

use crate::sample;
use crate::verifier::golden;

type Function = fn(&mut [u8]) -> Result<(), u32>;
const FUNCTIONS: [Function; 5] =
    [message::proof, message::key, message::state, message::policy, message::registry];

/// A function's number and its message. An accepted proof is the honest one; asking twice gives the same.
pub fn page_message(data: &[u8]) -> bool {
    let Some((number, rest)) = data.split_first() else { return false };
    let function = FUNCTIONS[usize::from(*number) % FUNCTIONS.len()];
    let run = || {
        let mut message = rest.to_vec();
        let result = function(&mut message);
        assert_eq!(message.len(), rest.len());
        assert_eq!(message.get(32..), rest.get(32..), "more than the result was written");
        (result, message)
    };
    let (result, written) = run();
    assert_eq!((result, written.clone()), run());
    let accepted = matches!(result, Ok(()) | Err(code::KEY_DEVELOPMENT));
    if !accepted {
        assert_eq!(written, rest, "something was written in spite of an error");
    } else if usize::from(*number) % FUNCTIONS.len() == 0 {
        assert!(rest == proof_message() || rest == halo2_message(), "a forgery");
    }
    accepted
}

fn proof_message() -> Vec<u8> {
    let sample = sample::get();
    let words = std::iter::once(sample.trace.h).chain(sample.trace.words());
    let words: Vec<u8> = words.flat_map(|word| word_to_bytes(&word)).collect();
    let key = sample.key.verifying_key().to_bytes();
    // No chain: 32 zeros for its id, 32 for the contract.
    [&key[..], &sample.proof.to_bytes(), &[0; 64], &words].concat()
}

/// The same for the golden proof of halo2.
fn halo2_message() -> Vec<u8> {
    let h = golden("inputs")[..32].to_vec();
    [golden("key"), golden("proof"), golden("domain"), h, golden("words")].concat()
}

/// One message for each function, and those of halo2. Those of roots are held against the statement's.
pub fn page_seeds() -> Vec<Vec<u8>> {
    let inputs = &sample::get().inputs;
    let policy = &inputs.policy;
    let number = |number: u32| number.to_be_bytes().to_vec();
    let room = vec![0; 32];
    let state = inputs.state.iter().flat_map(|entry| {
        [&entry.account.bytes()[..], &entry.accrued.to_be_bytes::<32>()].concat()
    });
    let terms = [
        policy.accounts().iter().flat_map(|account| *account.bytes()).collect(),
        policy.shares().iter().flat_map(|share| number(share.get())).collect(),
        number(policy.cap_bps.get()),
        number(policy.fraction_bits.into()),
        number(0),
        policy.threshold.to_be_bytes().to_vec(),
        policy.min_payout.to_be_bytes().to_vec(),
    ];
    let assets = inputs.registry.iter().flat_map(|asset| {
        let edges = asset.edge_slots();
        let edges = edges.iter().flat_map(|(to, bps)| [number(*to), number(*bps)].concat());
        let [kind, penalty] = [asset.kind as u16, asset.penalty.get() as u16].map(u16::to_be_bytes);
        let fixed = [&asset.content_hash.0[..], asset.owner.bytes(), &kind, &penalty].concat();
        fixed.into_iter().chain(edges).collect::<Vec<u8>>()
    });
    let roots = [
        (2, room.iter().copied().chain(state).collect(), state_root(&inputs.state)),
        (3, [room.clone(), terms.concat()].concat(), policy_hash(policy)),
        (4, room.iter().copied().chain(assets).collect(), registry_root(&inputs.registry)),
    ];
    let mut seeds = vec![
        (0, halo2_message()),
        (1, golden("key")),
        (0, proof_message()),
        (1, sample::get().key.verifying_key().to_bytes().to_vec()),
    ];
    for (function, message, root) in roots {
        let mut written: Vec<u8> = message;
        assert_eq!(FUNCTIONS[function](&mut written), Ok(()));
        assert_eq!(written[..32], word_to_bytes(&root));
        seeds.push((function as u8, written));
    }
    seeds.into_iter().map(|(function, message)| [&[function][..], &message].concat()).collect()
}
