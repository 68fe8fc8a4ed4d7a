//! What the figures were taken on.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The hardware, the compiler and the revision. Texts are "unknown" where the system does not tell.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Threads that this process may run at once.
    pub cores: usize,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// The compiler.
    pub rustc: String,
    /// The commit, with `+changes` when the working tree differs from it.
    pub revision: String,
    /// Processes that wanted to run in the last minute, on average: above the number of cores, times
    /// say little.
    pub load: String,
}

impl Machine {
    /// Asks the system.
    #[must_use]
    pub fn read() -> Self {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let unknown = || "unknown".to_owned();
        let load = fs::read_to_string("/proc/loadavg").ok();
        let load = load.and_then(|text| text.split_whitespace().next().map(str::to_owned));
        Self {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory: field("/proc/meminfo", "MemTotal")
                .and_then(|text| text.strip_suffix("kB")?.trim().parse::<u64>().ok())
                .map(|kib| kib * 1024),
            rustc: run(Command::new(rustc).arg("--version")).unwrap_or_else(unknown),
            revision: revision().unwrap_or_else(unknown),
            load: load.unwrap_or_else(unknown),
        }
    }
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn run(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn revision() -> Option<String> {
    let git = || {
        let mut git = Command::new("git");
        git.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
        git
    };
    let commit = run(git().args(["rev-parse", "--short=12", "HEAD"]))?;
    let changes = run(git().args(["status", "--porcelain", "--untracked-files=no"]))?;
    Some(if changes.is_empty() { commit } else { format!("{commit}+changes") })
}
