//! Sums over points and scalars that are not in memory all at once.

use ark_bn254::{G1Projective, G2Projective};
use ark_ff::AdditiveGroup;
use zeroize::Zeroizing;

use super::{msm_g1, msm_g2, BaseG1, BaseG2, Number, Scalars};
use crate::error::EngineError;
use crate::level::Level;

/// `sum scalars[i] * bases[i]` in G1, from chunks of bases and their scalars.
///
/// The next chunk is asked for while one is summed up, and no other is held, so memory does not depend
/// on how many there are: two chunks, and what [`msm_g1`] needs for one. A chunk costs a few additions
/// for each of its buckets; from `2^18` points on that is a small part. Scalars are wiped after use.
///
/// # Errors
/// The first error of the source; otherwise those of [`msm_g1`], with a base's index among all. The
/// source is not asked again after an error.
pub fn msm_g1_chunks<P: BaseG1, S: Number, E: From<EngineError> + Send>(
    level: Level,
    chunks: impl IntoIterator<Item = Result<(Vec<P>, Vec<S>), E>, IntoIter: Send>,
) -> Result<G1Projective, E> {
    sum_of_chunks(chunks.into_iter(), |bases, scalars| msm_g1(level, bases, scalars))
}

/// [`msm_g1_chunks`] in G2.
///
/// # Errors
/// Those of [`msm_g1_chunks`].
pub fn msm_g2_chunks<P: BaseG2, S: Number, E: From<EngineError> + Send>(
    level: Level,
    chunks: impl IntoIterator<Item = Result<(Vec<P>, Vec<S>), E>, IntoIter: Send>,
) -> Result<G2Projective, E> {
    sum_of_chunks(chunks.into_iter(), |bases, scalars| msm_g2(level, bases, scalars))
}

fn sum_of_chunks<P, S, E, G>(
    mut source: impl Iterator<Item = Result<(Vec<P>, Vec<S>), E>> + Send,
    sum: impl Fn(&[P], Scalars<'_>) -> Result<G, EngineError> + Sync,
) -> Result<G, E>
where
    P: Send + Sync,
    S: Number,
    E: From<EngineError> + Send,
    G: AdditiveGroup,
{
    let (mut total, mut done) = (G::ZERO, 0);
    let mut next = source.next().transpose()?;
    while let Some((bases, scalars)) = next {
        let scalars = Zeroizing::new(scalars);
        let (this, after) = rayon::join(|| sum(&bases, S::scalars(&scalars)), || source.next());
        total += this.map_err(|error| match error {
            EngineError::Base { index } => EngineError::Base { index: done + index },
            other => other,
        })?;
        done += bases.len();
        next = after.transpose()?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;

    use ark_bn254::{Fr, G1Affine, G2Affine};
    use ark_ec::AffineRepr;
    use ark_ff::Zero;

    use super::*;

    /// A base that counts how many of its kind there are.
    struct Counted(G1Affine, Arc<Alive>);

    #[derive(Default)]
    struct Alive {
        now: AtomicUsize,
        most: AtomicUsize,
    }

    impl Counted {
        fn new(point: G1Affine, alive: &Arc<Alive>) -> Self {
            let now = alive.now.fetch_add(1, Ordering::SeqCst) + 1;
            alive.most.fetch_max(now, Ordering::SeqCst);
            Self(point, Arc::clone(alive))
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.now.fetch_sub(1, Ordering::SeqCst);
        }
    }

    impl BaseG1 for Counted {
        fn limbs(&self) -> [[u64; 4]; 2] {
            BaseG1::limbs(&self.0)
        }
    }

    #[test]
    fn no_more_than_two_chunks_are_alive() {
        let alive = Arc::new(Alive::default());
        let (chunks, each) = (40u64, 100u64);
        let g = G1Affine::generator();
        let source = (0..chunks).map(|k| {
            let bases = (0..each).map(|_| Counted::new(g, &alive)).collect::<Vec<_>>();
            let scalars = (k * each..(k + 1) * each).collect::<Vec<u64>>();
            Ok::<_, EngineError>((bases, scalars))
        });
        let n = chunks * each;
        let want = g * Fr::from(n * (n - 1) / 2);
        assert_eq!(msm_g1_chunks(Level::best(), source).unwrap(), want);
        assert_eq!(alive.now.load(Ordering::SeqCst), 0);
        let most = alive.most.load(Ordering::SeqCst);
        assert!(most <= 2 * each as usize, "{most}");
    }

    #[test]
    fn chunks_of_any_length_add_up_on_every_level() {
        let g = G2Affine::generator();
        for level in Level::available() {
            let lengths = [0usize, 1, 7, 0, 300, 2];
            let source = lengths
                .iter()
                .map(|n| Ok::<_, EngineError>((vec![g; *n], vec![-Fr::from(*n as u64); *n])));
            let want: u64 = lengths.iter().map(|n| (n * n) as u64).sum();
            assert_eq!(msm_g2_chunks(level, source).unwrap(), g * -Fr::from(want), "{level}");
            let none = std::iter::empty::<Result<(Vec<G1Affine>, Vec<u16>), EngineError>>();
            assert!(msm_g1_chunks(level, none).unwrap().is_zero());
        }
    }

    #[derive(Debug, PartialEq)]
    enum Failure {
        Source,
        Engine(EngineError),
    }

    impl From<EngineError> for Failure {
        fn from(error: EngineError) -> Self {
            Self::Engine(error)
        }
    }

    #[test]
    fn errors_end_the_sum() {
        #[derive(Clone, Copy)]
        struct Any([u64; 4]);
        impl BaseG1 for Any {
            fn limbs(&self) -> [[u64; 4]; 2] {
                [self.0, self.0]
            }
        }
        type Chunk = Result<(Vec<Any>, Vec<u32>), Failure>;
        let good = || Ok((vec![Any([0; 4]); 5], vec![1u32; 5]));
        let sum = |list: Vec<Chunk>| msm_g1_chunks(Level::Portable, list);
        assert!(sum(vec![good(), good()]).unwrap().is_zero());
        assert_eq!(sum(vec![good(), Err(Failure::Source), good()]), Err(Failure::Source));
        let bad = Ok((vec![Any([0; 4]), Any([u64::MAX; 4])], vec![1; 2]));
        let error = EngineError::Base { index: 6 };
        assert_eq!(sum(vec![good(), bad, good()]), Err(Failure::Engine(error)));
        let short = Ok((vec![Any([0; 4])], vec![1; 2]));
        assert!(matches!(sum(vec![short]), Err(Failure::Engine(EngineError::Length { .. }))));
    }
}
