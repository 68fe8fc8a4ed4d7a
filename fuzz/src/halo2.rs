//! Files of the halo2 circuit that reach a prover: universal parameters, keys, and what stands beside them.

use meed_prover::halo2::{sample_key, Key, Params, Sidecar};
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

/// Logarithm of the number of rows of the parameters under test.
const PARAMS_K: u32 = 2;
/// The same of the key; fewer leave no row that is not random.
const KEY_K: u32 = 4;

/// Bytes of the points: `k`, four powers and Lagrange polynomials, two in G2.
const PARAMS_BYTES: usize = 4 + 2 * 4 * 64 + 2 * 128;
/// Bytes of the verifying key, the points and 20 columns, of 16 rows.
const KEY_BYTES: usize = 1_512 + 4 + 2 * 16 * 64 + 2 * 128 + 20 * 16 * 32;

/// The last bytes before the hash.
fn content(file: &[u8], bytes: usize) -> &[u8] {
    let end = file.len() - 32;
    &file[end - bytes..end]
}

/// As it came, and with the right hash at its end, so that mutations reach what is behind that check.
fn both(data: &[u8], accepted: impl Fn(&[u8]) -> bool) -> bool {
    let mut hashed = data.to_vec();
    if let Some((content, hash)) = hashed.split_last_chunk_mut::<32>() {
        hash.copy_from_slice(&Sha256::digest(content));
    }
    accepted(data) | accepted(&hashed)
}

/// Universal parameters. What is read is written again as it was.
pub fn halo2_params(data: &[u8]) -> bool {
    both(data, |data| {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let read = Params::read(data, data.len() as u64, PARAMS_K, &mut rng);
        let Ok(params) = read else { return false };
        let mut again = Vec::new();
        params.write(&mut again).expect("a vector takes everything");
        // Behind the description: JSON has more than one form.
        assert_eq!(content(&again, PARAMS_BYTES), content(data, PARAMS_BYTES));
        true
    })
}

/// Insecure ones.
pub fn params_seed() -> Vec<u8> {
    let mut bytes = Vec::new();
    Params::insecure(PARAMS_K).write(&mut bytes).expect("a vector takes everything");
    bytes
}

/// A key. What is read has the verifying key and the columns that were in the file.
pub fn halo2_key(data: &[u8]) -> bool {
    let sample = sample();
    both(data, |data| {
        let read = Key::read(data, data.len() as u64, sample.circuit());
        let Ok((key, sha256)) = read else { return false };
        assert_eq!(sha256.as_bytes()[..], Sha256::digest(data)[..]);
        let mut again = Vec::new();
        key.write(&mut again).expect("a vector takes everything");
        // Behind the description: JSON has more than one form.
        assert_eq!(content(&again, KEY_BYTES), content(data, KEY_BYTES));
        true
    })
}

fn sample() -> &'static Key {
    static SAMPLE: std::sync::OnceLock<Key> = std::sync::OnceLock::new();
    SAMPLE.get_or_init(|| sample_key(KEY_K).expect("enough rows"))
}

/// A small one.
pub fn key_seed() -> Vec<u8> {
    let mut bytes = Vec::new();
    sample().write(&mut bytes).expect("a vector takes everything");
    bytes
}

/// What stands beside a key file.
pub fn halo2_sidecar(data: &[u8]) -> bool {
    let Ok(sidecar) = Sidecar::from_json(data) else { return false };
    let vk = sidecar.verifying_key().expect("it was checked when it was read");
    assert_eq!(vk.id(), *sidecar.vk_id.as_bytes());
    let again = serde_json::to_vec(&sidecar).expect("it has no maps");
    assert_eq!(Sidecar::from_json(&again).expect("what was read is well-formed"), sidecar);
    true
}

/// That of the small key.
pub fn sidecar_seed() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sample.key");
    sample().save(&path).expect("a temporary folder takes a file");
    std::fs::read(folder.path().join("sample.vk.json")).expect("it was written just now")
}
