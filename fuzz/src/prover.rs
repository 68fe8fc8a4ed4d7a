//! Files that reach a prover: keys, constraints, assignments, and the formats of other tools.

use std::sync::atomic::AtomicBool;

use meed_prover::circom::{read_r1cs, read_wtns, write_r1cs, write_wtns};
use meed_prover::ptau::PtauFile;
use meed_prover::{export, import_ceremony, prove, CpuEngine, ProveError, ProvingKey, Sidecar};
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::sample::{self, with_file};

/// A key file. One with wrong points may be read, but gives no proof.
pub fn zkey(data: &[u8]) -> bool {
    let s = sample::get();
    with_file(data, |path| {
        let Ok(key) = ProvingKey::load_checked(path, &s.id, &s.matrices) else { return false };
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let never = AtomicBool::new(false);
        match prove(
            &key,
            &s.matrices,
            &s.assignment,
            &CpuEngine::best(),
            &mut rng,
            &mut |_, _| {},
            &never,
        ) {
            Ok(_) => true,
            Err(ProveError::Faulty(_)) => false,
            Err(error) => panic!("a key that was read does not fit its circuit: {error}"),
        }
    })
}

/// A ceremony's key. The seed is one of the local set-up, which the import must refuse.
pub fn ceremony(data: &[u8]) -> bool {
    let s = sample::get();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dest = folder.path().join("imported.zkey");
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    with_file(data, |path| {
        let imported = import_ceremony(path, &s.id, &s.matrices, &dest, &mut rng);
        assert_eq!(imported.is_ok(), dest.exists(), "nothing is written but on success");
        if imported.is_ok() {
            ProvingKey::load(&dest, &s.id).expect("imported just now");
        }
        imported.is_ok()
    })
}

/// Powers of tau. What is read is a set-up, so its first points are the generators.
pub fn ptau(data: &[u8]) -> bool {
    with_file(data, |path| {
        let Ok(mut file) = PtauFile::open(path) else { return false };
        let _ = file.contributions();
        let (mut rng, never) = (ChaCha20Rng::seed_from_u64(4), AtomicBool::new(false));
        let Ok(powers) = file.powers(file.power().min(3), &mut rng, &never) else { return false };
        let powers = powers.expect("nobody asked to stop");
        assert_eq!((powers.g1.len(), powers.lagrange.len()), (1 << powers.k, 1 << powers.k));
        true
    })
}

/// A file of 2^4 powers.
pub fn ptau_seed() -> Vec<u8> {
    include_bytes!("../../fixtures/powers-of-tau/tau_4.ptau").to_vec()
}

/// The sample's key as snarkjs would have left it: no section of ours, one contribution.
pub fn ceremony_seed() -> Vec<u8> {
    let zkey = &sample::get().zkey;
    let (mut out, mut at, mut sections) = (zkey[..12].to_vec(), 12, 0u32);
    while at < zkey.len() {
        let id = &zkey[at..at + 4];
        let len = u64::from_le_bytes(zkey[at + 4..at + 12].try_into().expect("eight bytes"));
        let end = at + 12 + len as usize;
        if id != b"MeeD" {
            let start = out.len();
            out.extend(&zkey[at..end]);
            if id == 10u32.to_le_bytes() {
                // Behind the circuit's hash of 64 bytes.
                out[start + 12 + 64] = 1;
            }
            sections += 1;
        }
        at = end;
    }
    out[8..12].copy_from_slice(&sections.to_le_bytes());
    out
}

/// The description beside a key file.
pub fn sidecar(data: &[u8]) -> bool {
    let Ok(sidecar) = Sidecar::from_json(data) else { return false };
    let key = sidecar.verifying_key().expect("checked on reading");
    assert_eq!(key.id(), *sidecar.vk_id.as_bytes());
    true
}

/// Constraints. What is read is written and read again the same.
pub fn r1cs(data: &[u8]) -> bool {
    let Ok(matrices) = read_r1cs(data) else { return false };
    let mut bytes = Vec::new();
    write_r1cs(&matrices, &mut bytes).expect("a vector takes every byte");
    let again = read_r1cs(&bytes).expect("written just now");
    assert_eq!(again.digest(), matrices.digest());
    true
}

/// The sample's constraints.
pub fn r1cs_seed() -> Vec<u8> {
    let mut bytes = Vec::new();
    write_r1cs(&sample::get().matrices, &mut bytes).expect("a vector takes every byte");
    bytes
}

/// An assignment.
pub fn wtns(data: &[u8]) -> bool {
    let Ok(values) = read_wtns(data) else { return false };
    let mut bytes = Vec::new();
    write_wtns(&values, &mut bytes).expect("a vector takes every byte");
    assert_eq!(read_wtns(&bytes).expect("written just now"), values);
    true
}

/// The sample's assignment.
pub fn wtns_seed() -> Vec<u8> {
    let mut bytes = Vec::new();
    write_wtns(&sample::get().assignment, &mut bytes).expect("a vector takes every byte");
    bytes
}

/// The three JSON files of snarkjs.
pub fn snarkjs(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut accepted = false;
    if let Ok(proof) = export::proof_from_snarkjs(text) {
        accepted = true;
        let again = export::proof_from_snarkjs(&export::proof_to_snarkjs(&proof));
        assert_eq!(again.expect("written just now"), proof);
    }
    if let Ok(inputs) = export::inputs_from_snarkjs(text) {
        accepted = true;
        let again = export::inputs_from_snarkjs(&export::inputs_to_snarkjs(&inputs));
        assert_eq!(again.expect("written just now"), inputs);
    }
    if let Ok(key) = export::verifying_key_from_snarkjs(text) {
        accepted = true;
        let again = export::verifying_key_from_snarkjs(&export::verifying_key_to_snarkjs(&key));
        assert_eq!(again.expect("written just now"), key);
    }
    accepted
}

/// The sample's three.
pub fn snarkjs_seeds() -> Vec<Vec<u8>> {
    let s = sample::get();
    [
        export::proof_to_snarkjs(&s.proof),
        export::inputs_to_snarkjs(&s.binding.to_inputs()),
        export::verifying_key_to_snarkjs(s.key.verifying_key()),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// arkworks' compressed bytes: one encoding of each proof and key.
pub fn arkworks(data: &[u8]) -> bool {
    if let Ok(proof) = export::proof_from_ark(data) {
        assert_eq!(export::proof_to_ark(&proof), data);
        return true;
    }
    let Ok(key) = export::verifying_key_from_ark(data) else { return false };
    assert_eq!(export::verifying_key_to_ark(&key), data);
    true
}

/// The sample's proof and key.
pub fn arkworks_seeds() -> Vec<Vec<u8>> {
    let s = sample::get();
    vec![export::proof_to_ark(&s.proof), export::verifying_key_to_ark(s.key.verifying_key())]
}
