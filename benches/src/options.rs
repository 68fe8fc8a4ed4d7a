//! The options that all benches take. Each uses those that concern it.

use std::path::PathBuf;

/// How to use a bench.
pub const USAGE: &str = "\
cargo bench -p meed-benches [--bench prove|engine|dense|settle|verify|audit|import|..] [-- OPTIONS]

  --shape NAME     XS, S or M; may be repeated  [prove: XS and S, verify: XS]
  --keys DIR       keep proving keys in DIR and load them from there  [a temporary folder]
  --repeat N       proofs of each kind, of which the median counts  [XS: 3, others: 1]
  --records N      records of an epoch; may be repeated  [settle: 10000, 100000, 1000000;
                   audit: 100000, 1000000]
  --engine LEVEL   the level of the engine that proves  [prove: the fastest]
  --stream LOG     adds a sum of 2^LOG points in chunks, up to 26  [engine: 2^20]
  --quick          the smallest size once: shows that the bench works
  --json           one JSON document instead of text
  --help           this text";

/// Options of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Names of shapes, in the order given.
    pub shapes: Vec<String>,
    /// Folder of keys.
    pub keys: Option<PathBuf>,
    /// Proofs of each kind.
    pub repeat: Option<usize>,
    /// Sizes of epochs.
    pub records: Vec<usize>,
    /// Name of a level of the engine.
    pub engine: Option<String>,
    /// Logarithm of the points of a sum in chunks.
    pub stream: Option<u32>,
    /// The smallest size once.
    pub quick: bool,
    /// JSON instead of text.
    pub json: bool,
}

impl Options {
    /// Reads the arguments after the program's name. `--bench`, which cargo adds, means nothing.
    ///
    /// # Errors
    /// What is wrong and how it should be, or [`USAGE`] when asked for.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let mut value =
                || arguments.next().ok_or_else(|| format!("{name} needs a value\n\n{USAGE}"));
            match name.as_str() {
                "--bench" => {}
                "--shape" => options.shapes.push(value()?),
                "--keys" => options.keys = Some(value()?.into()),
                "--repeat" => options.repeat = Some(count(&name, &value()?)?),
                "--records" => options.records.push(count(&name, &value()?)?),
                "--engine" => options.engine = Some(value()?),
                "--stream" => options.stream = Some(log(&name, &value()?)?),
                "--quick" => options.quick = true,
                "--json" => options.json = true,
                "--help" | "-h" => return Err(USAGE.to_owned()),
                _ => return Err(format!("unknown option {name}\n\n{USAGE}")),
            }
        }
        Ok(options)
    }

    /// [`Options::parse`] of this process's arguments.
    ///
    /// # Errors
    /// Those of [`Options::parse`].
    pub fn from_env() -> Result<Self, String> {
        Self::parse(std::env::args().skip(1))
    }

    /// The shapes asked for, or these.
    #[must_use]
    pub fn shapes_or(&self, default: &[&str]) -> Vec<String> {
        if !self.shapes.is_empty() {
            return self.shapes.clone();
        }
        let default = if self.quick { &default[..1] } else { default };
        default.iter().map(ToString::to_string).collect()
    }
}

fn log(name: &str, text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(n) if n <= 26 => Ok(n),
        _ => Err(format!("{name}: expected a logarithm up to 26, got {text:?}")),
    }
}

fn count(name: &str, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(format!("{name}: expected a whole number above zero, got {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read() {
        let options = parse("--bench --shape XS --shape M --repeat 2 --json").unwrap();
        assert_eq!(options.shapes_or(&["XS", "S"]), ["XS", "M"]);
        assert_eq!((options.repeat, options.json), (Some(2), true));
        assert_eq!(parse("--quick").unwrap().shapes_or(&["XS", "S"]), ["XS"]);
        for bad in ["--stream 27", "--repeat 0", "--repeat", "--records x", "--shapes XS"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
