//! A PostgreSQL server in a folder of its own. It does not run as root: then it runs as `postgres`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::child::Running;

pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
}

/// Whether the tests that need PostgreSQL are left out.
pub(crate) fn skipped() -> bool {
    let skipped = std::env::var_os("MEED_SKIP_POSTGRES").is_some_and(|value| value == "1");
    if skipped {
        eprintln!("skipped: MEED_SKIP_POSTGRES=1");
    }
    skipped
}

fn programs() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = found.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let found =
        folders.into_iter().find(|f| f.join("initdb").exists() && f.join("pg_ctl").exists());
    found.expect("PostgreSQL: install the package `postgresql`, or set MEED_SKIP_POSTGRES=1")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout == b"0\n"
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if is_root() {
            let done = Command::new("chown").arg("postgres").arg(folder.path()).status();
            assert!(done.expect("chown").success());
        }
        let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        let server = Self { folder, port: free.port() };
        server
            .run("initdb", &["-A", "trust", "-U", "meed", "-E", "UTF8", "--locale=C", "--no-sync"]);
        server.up();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://meed@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A session of its own that has run these statements and stays open; it ends with this value.
    pub(crate) fn session(&self, statements: &str) -> Running {
        let mut command = Command::new(programs().join("psql"));
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/");
        let mut psql = Running::start(&mut command);
        let text = format!("{statements}\n\\echo ready\n");
        let input = psql.stdin.as_mut().expect("a pipe");
        input.write_all(text.as_bytes()).expect("it reads");
        let mut line = String::new();
        let output = psql.stdout.as_mut().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        psql
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = programs().join(program);
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.arg("-D").arg(self.data()).args(arguments).current_dir(Path::new("/"));
        // Files, not pipes: the server keeps them open.
        let log = tempfile::tempfile().expect("a file");
        command.stdout(log.try_clone().expect("a file")).stderr(log);
        let done = command.status().expect("PostgreSQL's program runs");
        assert!(done.success(), "{command:?}");
    }

    pub(crate) fn up(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -k {}",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("log").display().to_string();
        self.run("pg_ctl", &["-w", "-t", "60", "-l", &log, "-o", &options, "start"]);
    }

    /// Ends it as a power cut would: no connection is told, the log is replayed at the next start.
    pub(crate) fn down(&self) {
        self.run("pg_ctl", &["-m", "immediate", "-w", "stop"]);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            self.down();
        }
    }
}
