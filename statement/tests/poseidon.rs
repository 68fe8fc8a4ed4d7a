//! Poseidon against two implementations that are not ours.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use light_poseidon::{Poseidon, PoseidonHasher};
use meed_statement::poseidon::{hash, tree_root, ARITY, DEPTH};
use meed_statement::synthetic::Source;

fn element(source: &mut Source) -> Fr {
    (0..4).fold(Fr::ZERO, |x, _| x * Fr::from(2u64).pow([64]) + Fr::from(source.next_u64()))
}

#[test]
fn agrees_with_light_poseidon() {
    let mut source = Source::new(1);
    for n in 2..=8 {
        let mut reference = Poseidon::<Fr>::new_circom(n).unwrap();
        for _ in 0..20 {
            let inputs: Vec<Fr> = (0..n).map(|_| element(&mut source)).collect();
            assert_eq!(hash(&inputs), reference.hash(&inputs).unwrap(), "{n} inputs");
        }
    }
}

#[test]
fn agrees_with_poseidon_lite() {
    #[derive(serde::Deserialize)]
    struct Vector {
        inputs: Vec<String>,
        hash: String,
    }
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors/poseidon.json")).unwrap();
    assert_eq!(vectors.len(), 21);
    for vector in vectors {
        let inputs: Vec<Fr> = vector.inputs.iter().map(|s| s.parse().unwrap()).collect();
        assert_eq!(hash(&inputs), vector.hash.parse().unwrap());
    }
}

#[test]
fn a_tree_is_what_its_definition_says() {
    fn node(leaves: &[Fr], level: usize) -> Fr {
        if level == 0 {
            return leaves.first().copied().unwrap_or_default();
        }
        let size = ARITY.pow(level as u32 - 1);
        let children: Vec<Fr> = (0..ARITY)
            .map(|i| node(leaves.get(i * size..).unwrap_or_default(), level - 1))
            .collect();
        Poseidon::<Fr>::new_circom(ARITY).unwrap().hash(&children).unwrap()
    }
    // The definition walks whole subtrees, so compare three levels and lift the rest.
    let mut source = Source::new(2);
    for n in [0, 1, 7, 8, 9, 63, 64, 65, 512] {
        let leaves: Vec<Fr> = (0..n).map(|_| element(&mut source)).collect();
        let mut root = node(&leaves, 3);
        let mut zero = node(&[], 3);
        for _ in 3..DEPTH {
            let mut children = [zero; ARITY];
            children[0] = root;
            root = hash(&children);
            zero = hash(&[zero; ARITY]);
        }
        assert_eq!(tree_root(&leaves), root, "{n} leaves");
    }
}
