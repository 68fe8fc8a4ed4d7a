//! Every level against arkworks' transforms, limb by limb.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, PrimeField, UniformRand};
use ark_poly::EvaluationDomain;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::lanes::fma::{self, FmaCpu};
use crate::lanes::ifma::{self, IfmaCpu};

/// The plain twins of vectors are slow: one has no fused multiplication.
const TWIN_MAX: usize = 1 << 9;

/// Transforms at each of the processor's levels and by the plain twins of four and eight lanes, which
/// stand in for machines without the instructions.
fn transforms(size: usize) -> Vec<Transform> {
    let mut list: Vec<_> =
        Level::available().into_iter().map(|level| Transform::new(level, size).unwrap()).collect();
    if (plan::MIN_SIZE..=TWIN_MAX).contains(&size) {
        let four = Plan::new(FmaCpu::<fma::Plain>::detect().unwrap(), size);
        let eight = Plan::new(IfmaCpu::<ifma::Plain>::detect().unwrap(), size);
        let plans: [(Level, Box<dyn Transforms>); 2] =
            [(Level::Fma, Box::new(four)), (Level::Ifma, Box::new(eight))];
        list.extend(plans.map(|(level, plan)| {
            let domain = Radix2EvaluationDomain::new(size).unwrap();
            Transform { level, domain, plan: Some(plan) }
        }));
    }
    list
}

/// Vectors of a size: random ones first, then special ones.
fn inputs(size: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<Fr>> {
    let mut single = vec![Fr::ZERO; size];
    single[size / 3] = Fr::rand(rng);
    // Limbs below the modulus by one, which are not those of minus one.
    let mut largest = <Fr as PrimeField>::MODULUS;
    largest.0[0] -= 1;
    let mut list = vec![(0..size).map(|_| Fr::rand(rng)).collect(), single];
    for x in [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::new_unchecked(largest)] {
        list.push(vec![x; size]);
    }
    list.push(
        (0..size).map(|i| if i % 3 == 0 { Fr::new_unchecked(largest) } else { Fr::ZERO }).collect(),
    );
    list
}

fn ark_quotient(
    domain: Radix2EvaluationDomain<Fr>,
    mut a: Vec<Fr>,
    mut b: Vec<Fr>,
    mut c: Vec<Fr>,
) -> Vec<Fr> {
    let root = Fr::get_root_of_unity(2 * domain.size() as u64).unwrap();
    let odd = domain.get_coset(root).unwrap();
    for values in [&mut a, &mut b, &mut c] {
        domain.ifft_in_place(values);
        odd.fft_in_place(values);
    }
    a.iter().zip(&b).zip(&c).map(|((a, b), c)| *a * b - c).collect()
}

/// Elements are compared as limbs, so that a value that is not canonical is not taken for its equal.
fn same(got: &[Fr], want: &[Fr], what: &str, transform: &Transform) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert_eq!(got.0 .0, want.0 .0, "{what} {transform:?}: entry {i}");
    }
}

fn agrees(size: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(size as u64);
    let domain = Radix2EvaluationDomain::<Fr>::new(size).unwrap();
    let offsets = [Fr::GENERATOR, Fr::rand(&mut rng), -Fr::ONE, Fr::ONE];
    let inputs = inputs(size, &mut rng);
    for transform in transforms(size) {
        assert_eq!(transform.size(), size);
        let run = |f: fn(&Transform, &mut Vec<Fr>) -> Result<(), EngineError>, input: &[Fr]| {
            let mut values = input.to_vec();
            f(&transform, &mut values).unwrap();
            values
        };
        for (k, input) in inputs.iter().enumerate() {
            let what = |name: &str| format!("{name} of input {k}");
            let forward = run(Transform::ntt, input);
            same(&forward, &domain.fft(input), &what("ntt"), &transform);
            same(&run(Transform::intt, &forward), input, &what("back"), &transform);
            same(&run(Transform::intt, input), &domain.ifft(input), &what("intt"), &transform);
            let offset = offsets[k % offsets.len()];
            let coset = domain.get_coset(offset).unwrap();
            let mut values = input.clone();
            transform.coset_ntt(offset, &mut values).unwrap();
            same(&values, &coset.fft(input), &what("coset_ntt"), &transform);
            let mut values = input.clone();
            transform.coset_intt(offset, &mut values).unwrap();
            same(&values, &coset.ifft(input), &what("coset_intt"), &transform);
        }
        for k in 0..inputs.len() {
            let [a, b, c] = [0, 1, 5].map(|i| inputs[(k + i) % inputs.len()].clone());
            let got = transform.quotient(a.clone(), b.clone(), c.clone()).unwrap();
            let name = format!("quotient {k}");
            same(&got, &ark_quotient(domain, a, b, c), &name, &transform);
        }
    }
}

#[test]
fn small_sizes_agree_with_arkworks() {
    (0..=9).for_each(|log| agrees(1 << log));
}

#[test]
fn large_sizes_agree_with_arkworks() {
    (10..=14).for_each(|log| agrees(1 << log));
}

#[test]
fn threads_make_no_difference() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(7).build().unwrap();
    pool.install(|| agrees(1 << 11));
}

#[test]
fn products_of_polynomials_have_their_quotient() {
    // Where C is A * B on the roots, the quotient's values are those of a multiple of x^m - 1, which
    // is minus two on the odd roots; the other factor has a degree below m - 1.
    let size = 256;
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let [a, b] = [0; 2].map(|_| (0..size).map(|_| Fr::rand(&mut rng)).collect::<Vec<_>>());
    let c: Vec<Fr> = a.iter().zip(&b).map(|(a, b)| *a * b).collect();
    for transform in transforms(size) {
        let mut h = transform.quotient(a.clone(), b.clone(), c.clone()).unwrap();
        let odd = Fr::get_root_of_unity(2 * size as u64).unwrap();
        transform.coset_intt(odd, &mut h).unwrap();
        assert_eq!(h[size - 1], Fr::ZERO);
        assert!(h[..size - 1].iter().all(|x| *x != Fr::ZERO));
    }
}

#[test]
fn lengths_are_checked() {
    for size in [1, 8, 256] {
        for transform in transforms(size) {
            for len in [0, size - 1, size + 1, 2 * size] {
                if len == size {
                    continue;
                }
                let mut values = vec![Fr::ONE; len];
                let wrong = |got| match got {
                    Err(EngineError::Length { expected, got, .. }) => {
                        assert_eq!((expected, got), (size, len));
                    }
                    other => panic!("{other:?}"),
                };
                wrong(transform.ntt(&mut values));
                wrong(transform.intt(&mut values));
                wrong(transform.coset_ntt(Fr::GENERATOR, &mut values));
                wrong(transform.coset_intt(Fr::GENERATOR, &mut values));
                assert_eq!(values, vec![Fr::ONE; len]);
                for bad in 0..3 {
                    let [a, b, c] =
                        [0, 1, 2].map(|i| vec![Fr::ONE; if i == bad { len } else { size }]);
                    wrong(transform.quotient(a, b, c).map(|_| ()));
                }
            }
            let mut values = vec![Fr::ONE; size];
            assert!(transform.coset_ntt(Fr::ZERO, &mut values).is_err());
            assert!(transform.coset_intt(Fr::ZERO, &mut values).is_err());
        }
    }
}

#[test]
fn sizes_and_levels_are_checked() {
    for level in Level::available() {
        for size in [0, 3, 100, (1 << 27) + 1, 1 << 28, 1 << 40, usize::MAX] {
            let want = EngineError::Domain { size, max_log: 27 };
            assert_eq!(Transform::new(level, size).unwrap_err(), want);
        }
        let transform = Transform::new(level, 64).unwrap();
        assert_eq!((transform.level(), transform.size()), (level, 64));
        assert!(format!("{transform:?}").len() < 60, "no contents");
    }
    for level in Level::ALL.into_iter().filter(|level| !level.is_available()) {
        assert_eq!(Transform::new(level, 64).unwrap_err(), EngineError::Level { level });
    }
}

#[test]
fn transforms_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Transform>();
}
