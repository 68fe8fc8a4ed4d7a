//! The licences of all dependencies, as cargo knows them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{bail, Context, Result};

use crate::shell::{output, Shell};

/// Licences that ask for no more than to be named. `deny.toml` has the same list.
const ALLOWED: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Exceptions, each of which takes a condition away.
const EXCEPTIONS: [&str; 1] = ["LLVM-exception"];

/// Fails when a crate that can become part of a build, for whatever platform and with whatever features,
/// has another licence only. `cargo metadata` and Cargo.lock also list optional crates that no feature
/// asks for; `cargo tree` does not.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    let arguments =
        "tree --workspace --all-features --target all -e normal,build,dev --prefix none \
                     --locked -f {p}|{l}";
    let tree = output(&mut shell.cargo(arguments))?;
    // What was listed before has this mark.
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    let crates: BTreeSet<&str> = lines.filter(|line| !line.is_empty()).collect();
    let mut counts = BTreeMap::new();
    let mut refused = Vec::new();
    for line in crates {
        let (name, licence) = line.split_once('|').context("cargo tree prints what it is told")?;
        match allowed(licence) {
            Ok(true) => *counts.entry(licence).or_insert(0) += 1,
            Ok(false) => refused.push(format!("{name}: {licence:?} is not allowed")),
            Err(error) => refused.push(format!("{name}: {licence:?}: {error}")),
        }
    }
    for (licence, count) in counts {
        println!("{count:>5}  {licence}");
    }
    if refused.is_empty() {
        return Ok(());
    }
    bail!("{}", refused.join("\n"))
}

/// Whether an SPDX expression offers a choice of allowed licences. `/` is `OR`, as it once was.
fn allowed(expression: &str) -> Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut tokens = spaced.split_whitespace().peekable();
    let result = any(&mut tokens)?;
    match tokens.next() {
        None => Ok(result),
        Some(token) => bail!("unexpected {token}"),
    }
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `a OR b OR ..`
fn any(tokens: &mut Tokens<'_>) -> Result<bool> {
    let mut result = all(tokens)?;
    while tokens.next_if_eq(&"OR").is_some() {
        result |= all(tokens)?;
    }
    Ok(result)
}

/// `a AND b AND ..`, which binds closer.
fn all(tokens: &mut Tokens<'_>) -> Result<bool> {
    let mut result = one(tokens)?;
    while tokens.next_if_eq(&"AND").is_some() {
        result &= one(tokens)?;
    }
    Ok(result)
}

/// `( expression )`, `licence` or `licence WITH exception`.
fn one(tokens: &mut Tokens<'_>) -> Result<bool> {
    match tokens.next() {
        Some("(") => {
            let result = any(tokens)?;
            if tokens.next() != Some(")") {
                bail!("expected a closing parenthesis");
            }
            Ok(result)
        }
        None | Some(")" | "OR" | "AND" | "WITH") => bail!("expected a licence"),
        Some(licence) => {
            let mut result = ALLOWED.contains(&licence);
            if tokens.next_if_eq(&"WITH").is_some() {
                result &= tokens.next().is_some_and(|e| EXCEPTIONS.contains(&e));
            }
            Ok(result)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_evaluated() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "LGPL-2.1-or-later OR Apache-2.0 AND MIT",
        ] {
            assert!(allowed(good).unwrap(), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MPL-2.0",
            "MIT AND GPL-3.0",
            "MIT AND (GPL-3.0 OR MPL-2.0)",
            "Apache-2.0 WITH Some-exception",
        ] {
            assert!(!allowed(bad).unwrap(), "{bad}");
        }
        for broken in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "OR"] {
            assert!(allowed(broken).is_err(), "{broken:?}");
        }
    }
}
