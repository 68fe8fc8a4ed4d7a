//! Python packages for scenarios, pinned, in an environment of their own that stays for the next time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::lab::meed;

/// What a finished environment was made for.
const MADE_FOR: &str = "made-for.txt";

/// Whether the tests that need packages of the Python index are left out.
pub(crate) fn skipped() -> bool {
    let skipped = std::env::var_os("MEED_SKIP_PIP").is_some_and(|value| value == "1");
    if skipped {
        eprintln!("skipped: MEED_SKIP_PIP=1");
    }
    skipped
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

/// Folder of the environment's programs.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("service-python");
        let programs = folder.join("venv/bin");
        let requirements = root().join("cli/tests/service/requirements.txt");
        let pinned = fs::read_to_string(&requirements).expect("the list of packages");
        let python = meed(Command::new("python3").args(["-c", "import sys; print(sys.version)"]));
        let made_for = format!("{python}{pinned}");
        if fs::read_to_string(folder.join(MADE_FOR)).ok().as_ref() == Some(&made_for) {
            return programs;
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old environment that can be removed");
        }
        meed(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")));
        let mut pip = Command::new(programs.join("python"));
        pip.args("-m pip install --quiet --disable-pip-version-check --no-deps -r".split(' '));
        let done = pip.arg(&requirements).output().expect("pip");
        assert!(
            done.status.success(),
            "packages: pip cannot install {}; without a package index, set MEED_SKIP_PIP=1\n{}",
            requirements.display(),
            String::from_utf8_lossy(&done.stderr)
        );
        fs::write(folder.join(MADE_FOR), made_for).expect("a file");
        programs
    })
}

/// The environment's Python. It leaves nothing in the tree, and finds the environment's other programs.
pub(crate) fn python() -> Command {
    let programs = programs();
    let mut python = Command::new(programs.join("python"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = [programs.to_owned()].into_iter().chain(std::env::split_paths(&path));
    python.arg("-B").env("PATH", std::env::join_paths(paths).expect("folders"));
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python
}
