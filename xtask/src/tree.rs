//! The working tree: what is in it, and that chores leave it as it was.

use anyhow::{bail, Result};

use crate::shell::Shell;

/// Beginnings of paths that exist on one machine only. Put together here, so that this file does not
/// contain them.
const MACHINE_PATHS: [&str; 7] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/t", "mp/"),
    concat!("C:", "\\"),
    concat!("file:", "///"),
];

/// The state of the working tree.
#[derive(PartialEq, Eq)]
pub(crate) struct Tree {
    /// Changed and new files, but for ignored ones.
    status: String,
    /// Changes to files that git knows.
    changes: String,
}

impl Tree {
    pub(crate) fn read(shell: &Shell) -> Result<Self> {
        Ok(Self {
            status: shell.git(&["status", "--porcelain", "--untracked-files=all"])?,
            changes: shell.git(&["diff", "HEAD"])?,
        })
    }

    /// Fails when the tree has changed since it was read.
    pub(crate) fn same(&self, shell: &Shell) -> Result<()> {
        let now = Self::read(shell)?;
        if now == *self {
            return Ok(());
        }
        let new: Vec<_> =
            now.status.lines().filter(|line| !self.status.lines().any(|l| l == *line)).collect();
        let what =
            if new.is_empty() { "files that were changed already".into() } else { new.join(", ") };
        bail!("the working tree has changed: {what}")
    }
}

/// Fails when a committed text names a path of somebody's machine.
pub(crate) fn no_machine_paths(shell: &Shell) -> Result<()> {
    let mut found = Vec::new();
    for file in shell.git(&["ls-files", "-z"])?.split('\0').filter(|f| !f.is_empty()) {
        // A file that is deleted but not committed yet, or not a text, has no lines to look at.
        let Ok(text) = std::fs::read_to_string(shell.root().join(file)) else { continue };
        for (line, number) in text.lines().zip(1..) {
            if let Some(path) = MACHINE_PATHS.iter().find(|path| mentions(line, path)) {
                found.push(format!("{file}:{number} mentions {path}"));
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("paths of one machine in committed files:\n{}", found.join("\n"))
}

/// Whether `path` starts in `line` where a path can start: not within a URL or a relative path.
fn mentions(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "/._-~}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_parts_of_paths() {
        let [home, .., file] = MACHINE_PATHS;
        assert!(mentions(&format!("at {home}me/x"), home));
        assert!(mentions(&format!("\"{home}me\""), home));
        assert!(mentions(&format!("see {file}x"), file));
        assert!(!mentions(&format!("https://example.org{home}x"), home));
        assert!(!mentions(&format!("docs{home}x"), home));
    }
}
