//! Which instructions the engine uses.

use std::fmt;
use std::str::FromStr;

use crate::lanes::fma::FmaCpu;
use crate::lanes::ifma::IfmaCpu;
use crate::lanes::scalar::Portable;

/// A way to compute. All give the same results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// arkworks' own functions, for comparison.
    Ark,
    /// Our algorithms on arkworks' field arithmetic, one element at a time: any machine.
    Portable,
    /// Four elements at a time with AVX2 and FMA.
    Fma,
    /// Eight elements at a time with AVX-512 IFMA.
    Ifma,
}

impl Level {
    /// All levels, the slowest first.
    pub const ALL: [Self; 4] = [Self::Ark, Self::Portable, Self::Fma, Self::Ifma];

    /// The fastest level of this processor.
    #[must_use]
    pub fn best() -> Self {
        let available = |level: &Self| level.is_available();
        Self::ALL.into_iter().rev().find(available).unwrap_or(Self::Portable)
    }

    /// Whether this processor has the level's instructions. They are looked for at run time; nothing
    /// has to be asked of the compiler.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Ark | Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Fma => FmaCpu::<crate::lanes::fma::Avx2>::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma => IfmaCpu::<crate::lanes::ifma::Avx512>::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The levels of this processor, the slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|level| level.is_available()).collect()
    }

    /// A short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ark => "ark",
            Self::Portable => "portable",
            Self::Fma => "fma",
            Self::Ifma => "ifma",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("expected one of {names}, got {text:?}")
        })
    }
}

/// Does something with the processor of a level: `$body` is compiled for each of them, `$cpu` is its
/// value. [`Level::Ark`] and levels that this processor lacks run the portable one, so callers look at
/// [`Level::is_available`] first.
macro_rules! with_cpu {
    ($level:expr, $cpu:ident => $body:expr) => {
        match $crate::level::Processor::of($level) {
            #[cfg(target_arch = "x86_64")]
            $crate::level::Processor::Fma($cpu) => $body,
            #[cfg(target_arch = "x86_64")]
            $crate::level::Processor::Ifma($cpu) => $body,
            $crate::level::Processor::Portable($cpu) => $body,
        }
    };
}
pub(crate) use with_cpu;

/// The evidence for a level.
pub(crate) enum Processor {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Fma(FmaCpu<crate::lanes::fma::Avx2>),
    #[cfg(target_arch = "x86_64")]
    Ifma(IfmaCpu<crate::lanes::ifma::Avx512>),
}

impl Processor {
    pub(crate) fn of(level: Level) -> Self {
        #[cfg(target_arch = "x86_64")]
        if level == Level::Fma {
            if let Some(cpu) = FmaCpu::detect() {
                return Self::Fma(cpu);
            }
        }
        #[cfg(target_arch = "x86_64")]
        if level == Level::Ifma {
            if let Some(cpu) = IfmaCpu::detect() {
                return Self::Ifma(cpu);
            }
        }
        let _ = level;
        Self::Portable(Portable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for level in Level::ALL {
            assert_eq!(level.name().parse(), Ok(level));
        }
        assert!("avx".parse::<Level>().unwrap_err().contains("portable"));
        assert!(Level::available().contains(&Level::best()));
        assert!(Level::Portable.is_available());
    }
}
