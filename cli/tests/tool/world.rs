//! A project in a folder of its own, and how to call the program on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Owner of asset `i`.
pub(crate) fn owner(i: usize) -> String {
    format!("0x{:040x}", 0xa000 + i)
}

/// Id of event `i`.
pub(crate) fn id(i: usize) -> String {
    format!("{i:032x}")
}

/// A temporary folder with data, and a project `net` with the assets `a`, `b` (owes `a`), `svc`
/// and `mod`.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self {
            code: output.status.code().expect("the program ends by itself"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Fails unless the program ended with this code and said all of these.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        for part in parts {
            assert!(self.out.contains(part) || self.err.contains(part), "{part:?}: {self:#?}");
        }
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).expect("one JSON object")
    }
}

impl World {
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn new() -> Self {
        let world = Self::empty();
        world.run(&["init", "net", "--platform", &owner(99), "--min-payout", "100"]).expect(0, &[]);
        let rows = [
            format!("a,dataset,{},data/a.txt,0,\n", owner(0)),
            format!("b,dataset,{},data/b.txt,0,a:3000\n", owner(1)),
            format!("svc,service,{},data/svc.txt,0,\n", owner(2)),
            format!("mod,model,{},data/mod.txt,0,b:500\n", owner(3)),
        ];
        for name in ["a", "b", "svc", "mod"] {
            world.file(&format!("data/{name}.txt"), name);
        }
        world.assets(&rows.concat());
        world.net(&["registry", "add", "--from", "assets.csv"]).expect(0, &["Added 4 assets"]);
        world.events(&format!("{},100000,svc,mod\n{},50000,svc,mod\n", id(1), id(2)));
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    pub(crate) fn assets(&self, rows: &str) {
        self.file("assets.csv", format!("name,kind,owner,path,penalty_bps,edges\n{rows}"));
    }

    pub(crate) fn events(&self, rows: &str) {
        self.file("events.csv", format!("id,fee,service,model\n{rows}"));
    }

    pub(crate) fn scores(&self, rows: &str) {
        self.file("scores.csv", format!("event,asset,score\n{rows}"));
    }

    /// A command that is about to run in the folder.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        let program = env!("CARGO_BIN_EXE_meed");
        Said::of(self.command(program, args).output().expect("the program runs"))
    }

    /// Runs on the project `net`.
    pub(crate) fn net(&self, args: &[&str]) -> Said {
        self.run(&[&["-p", "net"], args].concat())
    }

    pub(crate) fn import(&self) -> Said {
        self.net(&["scores", "import", "scores.csv", "--events", "events.csv"])
    }

    /// Every file of the folder, with its content and mode.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
        let mut files = BTreeMap::new();
        collect(self.folder.path(), &mut files);
        files
    }

    /// Runs what must fail with this code and words, and leave every file as it was.
    #[track_caller]
    pub(crate) fn fails(&self, args: &[&str], code: i32, parts: &[&str]) {
        let before = self.snapshot();
        let said = self.net(args);
        said.expect(code, parts);
        assert!(said.out.is_empty(), "{said:#?}");
        assert!(before == self.snapshot(), "{args:?} changed files");
        let json = self.net(&[&["--json"], args].concat());
        json.expect(code, &[]);
        assert_eq!(json.json()["code"], code, "{json:#?}");
        assert!(before == self.snapshot(), "{args:?} changed files");
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, (Vec<u8>, u32)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let meta = fs::symlink_metadata(&path).expect("an entry");
        #[cfg(unix)]
        let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions());
        #[cfg(not(unix))]
        let mode = 0;
        if meta.is_dir() {
            files.insert(path.clone(), (Vec::new(), mode));
            collect(&path, files);
        } else {
            files.insert(path.clone(), (fs::read(&path).expect("a file"), mode));
        }
    }
}
