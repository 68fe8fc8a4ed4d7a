//! Vectors of four 64-bit words: the instructions, and what they mean.
//!
//! # Why `unsafe`
//!
//! The instructions of [`Avx2`] may only be executed where the processor has them. A value of
//! [`Avx2`] can only be made from [`Avx2Token`], and a token only by [`Words::detect`], which looks.
//! Memory is read and written through references to arrays of exactly the length that an instruction
//! moves, by the instructions for unaligned addresses.
//! [`Plain`] is the safe twin; tests compare the two on every operation.

use crate::lanes::{Kernel, Stored};

#[cfg(test)]
mod tests;

/// Four words, each an integer or the bits of a double.
pub(crate) trait Words: Copy + Send + Sync + 'static {
    /// Evidence that the processor has the instructions.
    type Token: Copy + Send + Sync + core::fmt::Debug + 'static;

    /// Looks at the processor.
    fn detect() -> Option<Self::Token>;
    /// Runs a kernel that is compiled for the instructions.
    fn run<K: Kernel>(token: Self::Token, kernel: K) -> K::Out;

    /// Asks for a cache line.
    fn prefetch<T>(token: Self::Token, at: &T);

    /// Zeros.
    fn zero(token: Self::Token) -> Self;
    /// The same in all lanes; `self` is the evidence only.
    fn bits(self, bits: u64) -> Self;
    /// [`Words::bits`] of a double.
    #[inline(always)]
    fn double(self, x: f64) -> Self {
        self.bits(x.to_bits())
    }
    /// Word `j` of the result has, in lane `i`, word `j` of `at(i)`.
    fn gather<'a>(token: Self::Token, at: impl Fn(usize) -> &'a Stored) -> [Self; 4];
    /// The reverse.
    fn scatter(words: [Self; 4], to: [&mut Stored; 4]);

    /// `self * a + b`, rounded once.
    fn fma(self, a: Self, b: Self) -> Self;
    /// The sum of doubles.
    fn fadd(self, other: Self) -> Self;
    /// The difference of doubles.
    fn fsub(self, other: Self) -> Self;
    /// The largest whole double that is not larger.
    fn floor(self) -> Self;
    /// The sum modulo `2^64`.
    fn iadd(self, other: Self) -> Self;
    /// The difference modulo `2^64`.
    fn isub(self, other: Self) -> Self;
    /// Bitwise and.
    fn and(self, other: Self) -> Self;
    /// Bitwise or.
    fn or(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Shift to the right, zeros from the left.
    fn shr<const N: i32>(self) -> Self;
    /// Shift to the left.
    fn shl<const N: i32>(self) -> Self;
    /// `other` in lanes whose bit of `mask` is set.
    fn select(self, other: Self, mask: u8) -> Self;
}

/// What the instructions mean, in plain Rust: the twin that tests compare with.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plain([u64; 4]);

#[cfg(test)]
impl Plain {
    #[inline(always)]
    fn map(self, f: impl Fn(u64) -> u64) -> Self {
        Self(self.0.map(f))
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self(core::array::from_fn(|i| f(self.0[i], other.0[i])))
    }

    #[inline(always)]
    fn zip_doubles(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        self.zip(other, |a, b| f(f64::from_bits(a), f64::from_bits(b)).to_bits())
    }
}

#[cfg(test)]
impl Words for Plain {
    type Token = ();

    fn detect() -> Option<()> {
        Some(())
    }

    #[inline(always)]
    fn run<K: Kernel>((): (), kernel: K) -> K::Out {
        kernel.call()
    }

    #[inline(always)]
    fn prefetch<T>((): (), _: &T) {}

    #[inline(always)]
    fn zero((): ()) -> Self {
        Self([0; 4])
    }

    #[inline(always)]
    fn bits(self, bits: u64) -> Self {
        Self([bits; 4])
    }

    #[inline(always)]
    fn gather<'a>((): (), at: impl Fn(usize) -> &'a Stored) -> [Self; 4] {
        core::array::from_fn(|j| Self(core::array::from_fn(|i| at(i)[j])))
    }

    #[inline(always)]
    fn scatter(words: [Self; 4], to: [&mut Stored; 4]) {
        for (i, to) in to.into_iter().enumerate() {
            *to = words.map(|word| word.0[i]);
        }
    }

    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        let fma = |i: usize| {
            f64::from_bits(self.0[i]).mul_add(f64::from_bits(a.0[i]), f64::from_bits(b.0[i]))
        };
        Self(core::array::from_fn(|i| fma(i).to_bits()))
    }

    #[inline(always)]
    fn fadd(self, other: Self) -> Self {
        self.zip_doubles(other, |a, b| a + b)
    }

    #[inline(always)]
    fn fsub(self, other: Self) -> Self {
        self.zip_doubles(other, |a, b| a - b)
    }

    #[inline(always)]
    fn floor(self) -> Self {
        self.map(|a| f64::from_bits(a).floor().to_bits())
    }

    #[inline(always)]
    fn iadd(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_add)
    }

    #[inline(always)]
    fn isub(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_sub)
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| a ^ b)
    }

    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        self.map(|a| a >> N)
    }

    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        self.map(|a| a << N)
    }

    #[inline(always)]
    fn select(self, other: Self, mask: u8) -> Self {
        Self(core::array::from_fn(|i| if mask >> i & 1 == 1 { other.0[i] } else { self.0[i] }))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    #![allow(unsafe_code)]

    use core::arch::x86_64::*;

    use super::{Kernel, Stored, Words};

    /// Four words in a register.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx2(__m256i);

    /// The processor has AVX2 and FMA.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx2Token(());

    /// An instruction on doubles.
    macro_rules! doubles {
        ($instruction:ident, $($x:expr),+) => {
            // SAFETY: the values are evidence of the instructions; casts only change the type.
            Avx2(unsafe { _mm256_castpd_si256($instruction($(_mm256_castsi256_pd($x.0)),+)) })
        };
    }

    impl Words for Avx2 {
        type Token = Avx2Token;

        fn detect() -> Option<Avx2Token> {
            let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            has.then_some(Avx2Token(()))
        }

        #[inline(always)]
        fn run<K: Kernel>(_: Avx2Token, kernel: K) -> K::Out {
            #[target_feature(enable = "avx2,fma")]
            fn inside<K: Kernel>(kernel: K) -> K::Out {
                kernel.call()
            }
            // SAFETY: the token is evidence of the instructions.
            unsafe { inside(kernel) }
        }

        #[inline(always)]
        fn prefetch<T>(_: Avx2Token, at: &T) {
            prefetch(at);
        }

        #[inline(always)]
        fn zero(_: Avx2Token) -> Self {
            // SAFETY: the token is evidence of the instructions.
            Self(unsafe { _mm256_setzero_si256() })
        }

        #[inline(always)]
        fn bits(self, bits: u64) -> Self {
            // SAFETY: `self` is evidence of the instructions.
            Self(unsafe { _mm256_set1_epi64x(bits as i64) })
        }

        #[inline(always)]
        fn gather<'a>(_: Avx2Token, at: impl Fn(usize) -> &'a Stored) -> [Self; 4] {
            // SAFETY: the token is evidence of the instructions; each load reads the 32 bytes of an
            // array.
            unsafe {
                let [a, b, c, d] = transpose([
                    _mm256_loadu_si256(at(0).as_ptr().cast()),
                    _mm256_loadu_si256(at(1).as_ptr().cast()),
                    _mm256_loadu_si256(at(2).as_ptr().cast()),
                    _mm256_loadu_si256(at(3).as_ptr().cast()),
                ]);
                [Self(a), Self(b), Self(c), Self(d)]
            }
        }

        #[inline(always)]
        fn scatter(words: [Self; 4], to: [&mut Stored; 4]) {
            // SAFETY: the words are evidence of the instructions; each store writes the 32 bytes of an
            // array.
            unsafe {
                let rows = transpose([words[0].0, words[1].0, words[2].0, words[3].0]);
                for (to, row) in to.into_iter().zip(rows) {
                    _mm256_storeu_si256(to.as_mut_ptr().cast(), row);
                }
            }
        }

        #[inline(always)]
        fn fma(self, a: Self, b: Self) -> Self {
            doubles!(_mm256_fmadd_pd, self, a, b)
        }

        #[inline(always)]
        fn fadd(self, other: Self) -> Self {
            doubles!(_mm256_add_pd, self, other)
        }

        #[inline(always)]
        fn fsub(self, other: Self) -> Self {
            doubles!(_mm256_sub_pd, self, other)
        }

        #[inline(always)]
        fn floor(self) -> Self {
            doubles!(_mm256_floor_pd, self)
        }

        #[inline(always)]
        fn iadd(self, other: Self) -> Self {
            // SAFETY: the values are evidence of the instructions.
            Self(unsafe { _mm256_add_epi64(self.0, other.0) })
        }

        #[inline(always)]
        fn isub(self, other: Self) -> Self {
            // SAFETY: the values are evidence of the instructions.
            Self(unsafe { _mm256_sub_epi64(self.0, other.0) })
        }

        #[inline(always)]
        fn and(self, other: Self) -> Self {
            // SAFETY: the values are evidence of the instructions.
            Self(unsafe { _mm256_and_si256(self.0, other.0) })
        }

        #[inline(always)]
        fn or(self, other: Self) -> Self {
            // SAFETY: the values are evidence of the instructions.
            Self(unsafe { _mm256_or_si256(self.0, other.0) })
        }

        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            // SAFETY: the values are evidence of the instructions.
            Self(unsafe { _mm256_xor_si256(self.0, other.0) })
        }

        #[inline(always)]
        fn shr<const N: i32>(self) -> Self {
            // SAFETY: `self` is evidence of the instructions.
            Self(unsafe { _mm256_srli_epi64::<N>(self.0) })
        }

        #[inline(always)]
        fn shl<const N: i32>(self) -> Self {
            // SAFETY: `self` is evidence of the instructions.
            Self(unsafe { _mm256_slli_epi64::<N>(self.0) })
        }

        #[inline(always)]
        fn select(self, other: Self, mask: u8) -> Self {
            let lane = |i: u8| -i64::from(mask >> i & 1);
            let lanes = [lane(0), lane(1), lane(2), lane(3)];
            // SAFETY: the values are evidence of the instructions; the load reads the 32 bytes of an
            // array.
            Self(unsafe {
                let mask = _mm256_loadu_si256(lanes.as_ptr().cast());
                _mm256_blendv_epi8(self.0, other.0, mask)
            })
        }
    }

    /// Asks for the cache line of a value.
    #[inline(always)]
    pub(crate) fn prefetch<T>(at: &T) {
        // SAFETY: the instruction is in every x86-64 processor, and has no effect on memory.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(at).cast()) };
    }

    /// Rows to columns.
    ///
    /// # Safety
    /// The processor must have AVX2.
    #[inline(always)]
    unsafe fn transpose(r: [__m256i; 4]) -> [__m256i; 4] {
        // SAFETY: as the caller says.
        unsafe {
            let a = _mm256_unpacklo_epi64(r[0], r[1]);
            let b = _mm256_unpackhi_epi64(r[0], r[1]);
            let c = _mm256_unpacklo_epi64(r[2], r[3]);
            let d = _mm256_unpackhi_epi64(r[2], r[3]);
            [
                _mm256_permute2x128_si256::<0x20>(a, c),
                _mm256_permute2x128_si256::<0x20>(b, d),
                _mm256_permute2x128_si256::<0x31>(a, c),
                _mm256_permute2x128_si256::<0x31>(b, d),
            ]
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::{prefetch, Avx2};
