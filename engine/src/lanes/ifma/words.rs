//! Vectors of eight 64-bit words: the instructions, and what they mean.
//!
//! # Why `unsafe`
//!
//! The instructions of [`Avx512`] may only be executed where the processor has them. A value of
//! [`Avx512`] can only be made from [`Avx512Token`], and a token only by [`Words::detect`], which looks.
//! Memory is read and written through references to arrays of exactly the length that an instruction
//! moves, by the instructions for unaligned addresses.
//! [`Plain`] is the safe twin; tests compare the two on every operation.

use crate::lanes::{Kernel, Stored};

#[cfg(test)]
mod tests;

/// What the multiplier looks at: the low 52 bits of a word.
pub(super) const MASK: u64 = (1 << 52) - 1;

/// Eight words.
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
    /// Word `j` of the result has, in lane `i`, word `j` of `at(i)`.
    fn gather<'a>(token: Self::Token, at: impl Fn(usize) -> &'a Stored) -> [Self; 4];
    /// The reverse: lane `i` to `to[i]`.
    fn scatter(words: [Self; 4], to: [&mut Stored; 8]);

    /// `self` plus the low 52 bits of the product of the low 52 bits of `a` and `b`.
    fn madd_low(self, a: Self, b: Self) -> Self;
    /// `self` plus the high 52 bits of that product.
    fn madd_high(self, a: Self, b: Self) -> Self;
    /// The sum modulo `2^64`.
    fn add(self, other: Self) -> Self;
    /// The difference modulo `2^64`.
    fn sub(self, other: Self) -> Self;
    /// Bitwise and.
    fn and(self, other: Self) -> Self;
    /// Bitwise or.
    fn or(self, other: Self) -> Self;
    /// Shift to the right, zeros from the left.
    fn shr<const N: u32>(self) -> Self;
    /// Shift to the right, copies of the sign from the left.
    fn sar<const N: u32>(self) -> Self;
    /// Shift to the left.
    fn shl<const N: u32>(self) -> Self;
    /// Lane by lane, entry `self mod 16` of a table.
    fn look_up(self, table: &[u64; 16]) -> Self;
    /// `other` in lanes whose bit of `mask` is set.
    fn select(self, other: Self, mask: u8) -> Self;
    /// `other` in lanes where `sign` is negative.
    fn where_negative(self, sign: Self, other: Self) -> Self;
}

/// What the instructions mean, in plain Rust.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plain([u64; 8]);

#[cfg(test)]
impl Plain {
    /// What it holds.
    pub(super) fn words(self) -> [u64; 8] {
        self.0
    }

    #[inline(always)]
    fn map(self, f: impl Fn(u64) -> u64) -> Self {
        Self(self.0.map(f))
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self(core::array::from_fn(|i| f(self.0[i], other.0[i])))
    }

    /// All bits of the multiplier's products.
    #[inline(always)]
    fn products(a: Self, b: Self) -> [u128; 8] {
        core::array::from_fn(|i| u128::from(a.0[i] & MASK) * u128::from(b.0[i] & MASK))
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
        Self([0; 8])
    }

    #[inline(always)]
    fn bits(self, bits: u64) -> Self {
        Self([bits; 8])
    }

    #[inline(always)]
    fn gather<'a>((): (), at: impl Fn(usize) -> &'a Stored) -> [Self; 4] {
        core::array::from_fn(|j| Self(core::array::from_fn(|i| at(i)[j])))
    }

    #[inline(always)]
    fn scatter(words: [Self; 4], to: [&mut Stored; 8]) {
        for (i, to) in to.into_iter().enumerate() {
            *to = words.map(|word| word.0[i]);
        }
    }

    #[inline(always)]
    fn madd_low(self, a: Self, b: Self) -> Self {
        let low = Self(Self::products(a, b).map(|x| x as u64 & MASK));
        self.zip(low, u64::wrapping_add)
    }

    #[inline(always)]
    fn madd_high(self, a: Self, b: Self) -> Self {
        let high = Self(Self::products(a, b).map(|x| (x >> 52) as u64));
        self.zip(high, u64::wrapping_add)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_add)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
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
    fn shr<const N: u32>(self) -> Self {
        self.map(|a| a >> N)
    }

    #[inline(always)]
    fn sar<const N: u32>(self) -> Self {
        self.map(|a| (a as i64 >> N) as u64)
    }

    #[inline(always)]
    fn shl<const N: u32>(self) -> Self {
        self.map(|a| a << N)
    }

    #[inline(always)]
    fn look_up(self, table: &[u64; 16]) -> Self {
        self.map(|a| table[(a % 16) as usize])
    }

    #[inline(always)]
    fn select(self, other: Self, mask: u8) -> Self {
        Self(core::array::from_fn(|i| if mask >> i & 1 == 1 { other.0[i] } else { self.0[i] }))
    }

    #[inline(always)]
    fn where_negative(self, sign: Self, other: Self) -> Self {
        let choose = |i: usize| if (sign.0[i] as i64) < 0 { other.0[i] } else { self.0[i] };
        Self(core::array::from_fn(choose))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    #![allow(unsafe_code)]

    use core::arch::x86_64::*;

    use super::{Kernel, Stored, Words};

    /// Eight words in a register.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx512(__m512i);

    /// The processor has the parts of AVX-512 that are named below.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx512Token(());

    /// An instruction on words.
    macro_rules! words {
        ($instruction:ident $(::<$n:ident>)?, $($x:expr),+) => {
            // SAFETY: the values are evidence of the instructions.
            Avx512(unsafe { $instruction $(::<$n>)? ($($x.0),+) })
        };
    }

    impl Words for Avx512 {
        type Token = Avx512Token;

        fn detect() -> Option<Avx512Token> {
            let has = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512ifma")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw");
            has.then_some(Avx512Token(()))
        }

        #[inline(always)]
        fn run<K: Kernel>(_: Avx512Token, kernel: K) -> K::Out {
            #[target_feature(enable = "avx512f,avx512ifma,avx512vl,avx512dq,avx512bw")]
            fn inside<K: Kernel>(kernel: K) -> K::Out {
                kernel.call()
            }
            // SAFETY: the token is evidence of the instructions.
            unsafe { inside(kernel) }
        }

        #[inline(always)]
        fn prefetch<T>(_: Avx512Token, at: &T) {
            // SAFETY: the instruction is in every x86-64 processor, and has no effect on memory.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(at).cast()) };
        }

        #[inline(always)]
        fn zero(_: Avx512Token) -> Self {
            // SAFETY: the token is evidence of the instructions.
            Self(unsafe { _mm512_setzero_si512() })
        }

        #[inline(always)]
        fn bits(self, bits: u64) -> Self {
            // SAFETY: `self` is evidence of the instructions.
            Self(unsafe { _mm512_set1_epi64(bits as i64) })
        }

        #[inline(always)]
        fn gather<'a>(_: Avx512Token, at: impl Fn(usize) -> &'a Stored) -> [Self; 4] {
            // SAFETY: the token is evidence of the instructions; each load reads the 32 bytes of an
            // array.
            unsafe {
                let (a, b) = (pair(at(0), at(2)), pair(at(1), at(3)));
                let (c, d) = (pair(at(4), at(6)), pair(at(5), at(7)));
                let (even, odd) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
                let (even2, odd2) = (_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
                [
                    Self(_mm512_shuffle_i64x2::<0x88>(even, even2)),
                    Self(_mm512_shuffle_i64x2::<0x88>(odd, odd2)),
                    Self(_mm512_shuffle_i64x2::<0xdd>(even, even2)),
                    Self(_mm512_shuffle_i64x2::<0xdd>(odd, odd2)),
                ]
            }
        }

        #[inline(always)]
        fn scatter(words: [Self; 4], to: [&mut Stored; 8]) {
            let [w0, w1, w2, w3] = words;
            let [t0, t1, t2, t3, t4, t5, t6, t7] = to;
            // SAFETY: the words are evidence of the instructions; each store writes the 32 bytes of an
            // array.
            unsafe {
                // Lanes 0, 2, 4, 6 and 1, 3, 5, 7 of the first two words, then of the others.
                let (even, odd) =
                    (_mm512_unpacklo_epi64(w0.0, w1.0), _mm512_unpackhi_epi64(w0.0, w1.0));
                let (even2, odd2) =
                    (_mm512_unpacklo_epi64(w2.0, w3.0), _mm512_unpackhi_epi64(w2.0, w3.0));
                let zip_low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
                let zip_high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
                unpair(_mm512_permutex2var_epi64(even, zip_low, even2), t0, t2);
                unpair(_mm512_permutex2var_epi64(odd, zip_low, odd2), t1, t3);
                unpair(_mm512_permutex2var_epi64(even, zip_high, even2), t4, t6);
                unpair(_mm512_permutex2var_epi64(odd, zip_high, odd2), t5, t7);
            }
        }

        #[inline(always)]
        fn madd_low(self, a: Self, b: Self) -> Self {
            words!(_mm512_madd52lo_epu64, self, a, b)
        }

        #[inline(always)]
        fn madd_high(self, a: Self, b: Self) -> Self {
            words!(_mm512_madd52hi_epu64, self, a, b)
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            words!(_mm512_add_epi64, self, other)
        }

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            words!(_mm512_sub_epi64, self, other)
        }

        #[inline(always)]
        fn and(self, other: Self) -> Self {
            words!(_mm512_and_si512, self, other)
        }

        #[inline(always)]
        fn or(self, other: Self) -> Self {
            words!(_mm512_or_si512, self, other)
        }

        #[inline(always)]
        fn shr<const N: u32>(self) -> Self {
            words!(_mm512_srli_epi64::<N>, self)
        }

        #[inline(always)]
        fn sar<const N: u32>(self) -> Self {
            words!(_mm512_srai_epi64::<N>, self)
        }

        #[inline(always)]
        fn shl<const N: u32>(self) -> Self {
            words!(_mm512_slli_epi64::<N>, self)
        }

        #[inline(always)]
        fn look_up(self, table: &[u64; 16]) -> Self {
            // SAFETY: `self` is evidence of the instructions; the loads read both halves of an array of
            // 128 bytes.
            Self(unsafe {
                let (low, high) = table.split_at(8);
                let low = _mm512_loadu_si512(low.as_ptr().cast());
                let high = _mm512_loadu_si512(high.as_ptr().cast());
                _mm512_permutex2var_epi64(low, self.0, high)
            })
        }

        #[inline(always)]
        fn select(self, other: Self, mask: u8) -> Self {
            // SAFETY: the values are evidence of the instructions.
            Self(unsafe { _mm512_mask_blend_epi64(mask, self.0, other.0) })
        }

        #[inline(always)]
        fn where_negative(self, sign: Self, other: Self) -> Self {
            // SAFETY: the values are evidence of the instructions.
            Self(unsafe { _mm512_mask_blend_epi64(_mm512_movepi64_mask(sign.0), self.0, other.0) })
        }
    }

    /// Two numbers in a register.
    ///
    /// # Safety
    /// The processor must have AVX-512 F.
    #[inline(always)]
    unsafe fn pair(low: &Stored, high: &Stored) -> __m512i {
        // SAFETY: as the caller says; each load reads the 32 bytes of an array.
        unsafe {
            let (low, high) = (low.as_ptr().cast(), high.as_ptr().cast());
            let low = _mm512_castsi256_si512(_mm256_loadu_si256(low));
            _mm512_inserti64x4::<1>(low, _mm256_loadu_si256(high))
        }
    }

    /// The reverse.
    ///
    /// # Safety
    /// The processor must have AVX-512 F.
    #[inline(always)]
    unsafe fn unpair(x: __m512i, low: &mut Stored, high: &mut Stored) {
        // SAFETY: as the caller says; each store writes the 32 bytes of an array.
        unsafe {
            let (low, high) = (low.as_mut_ptr().cast(), high.as_mut_ptr().cast());
            _mm256_storeu_si256(low, _mm512_castsi512_si256(x));
            _mm256_storeu_si256(high, _mm512_extracti64x4_epi64::<1>(x));
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
