//! A deployment: a database, a store, and processes of the program.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use meed_service::config::{DatabaseConfig, Secret};
use meed_service::db::Db;
use meed_service::job::Event;
use serde_json::Value;

use super::child::Running;
use super::http::{call, Reply};
use super::lab::{meed, Lab};

/// Milliseconds that a job is kept without a sign of life, in these tests.
const LEASE_MS: u64 = 1_500;

pub(crate) struct Deployment {
    folder: tempfile::TempDir,
    url: String,
    environment: Vec<(String, String)>,
    started: std::cell::Cell<usize>,
}

/// A process of the program; it is killed with this value.
pub(crate) struct Process {
    child: Running,
    log: PathBuf,
}

/// Looks again and again until there is an answer.
#[track_caller]
pub(crate) fn wait<T>(what: &str, seconds: u64, look: impl FnMut() -> Option<T>) -> T {
    wait_every(Duration::from_millis(25), what, seconds, look)
}

/// The same, looking less often: what is waited for is slow, and looking costs.
#[track_caller]
pub(crate) fn wait_every<T>(
    period: Duration,
    what: &str,
    seconds: u64,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(seconds), "waited {seconds} s for {what}");
        std::thread::sleep(period);
    }
}

impl Process {
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill").success());
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.kill_now();
    }

    /// `kill -9`; its log stays.
    pub(crate) fn kill_now(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub(crate) fn ended(&mut self, seconds: u64) -> ExitStatus {
        wait("the process's end", seconds, || self.child.try_wait().expect("its state"))
    }

    /// Its end, if it comes in time.
    pub(crate) fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < time {
            let ended = self.child.try_wait().expect("its state");
            if ended.is_some() {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Processor seconds that it has used.
    pub(crate) fn processor(&self) -> f64 {
        ticks(&format!("/proc/{}/stat", self.child.id()), 11)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }

    /// Where it listens.
    #[track_caller]
    pub(crate) fn address(&mut self) -> String {
        let start = Instant::now();
        loop {
            let log = self.log();
            let line = log.lines().find(|l| l.contains("\"listening\""));
            if let Some(line) = line {
                let line: Value = serde_json::from_str(line).expect("JSON");
                return line["address"].as_str().expect("an address").to_owned();
            }
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none() && start.elapsed() < Duration::from_secs(30), "{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Deployment {
    /// With a database at this URL, else with SQLite.
    pub(crate) fn new(lab: &Lab, url: Option<String>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let url = url.unwrap_or_else(|| format!("sqlite://{}", path("queue.db")));
        let settings = [
            ("DATABASE__URL", url.as_str()),
            ("STORE__FOLDER", &path("store")),
            ("WITNESS__KEY", &"5a".repeat(32)),
            ("HTTP__LISTEN", "127.0.0.1:0"),
            ("HTTP__MAX_BODY_BYTES", "100000"),
            ("WORKER__KEYS", &lab.keys.display().to_string()),
            ("WORKER__CIRCUITS", "[\"groth16/XS\"]"),
            ("WORKER__LEASE_MS", &LEASE_MS.to_string()),
            ("WORKER__HEARTBEAT_MS", "250"),
            ("WORKER__POLL_MS", "200"),
            ("WORKER__BACKOFF_MS", "100"),
            ("WORKER__HEALTH_LISTEN", "127.0.0.1:0"),
        ];
        let name = |(n, v): (&str, &str)| (format!("MEED_SERVICE_{n}"), v.to_owned());
        let environment = settings.into_iter().map(name).collect();
        Self { folder, url, environment, started: std::cell::Cell::new(0) }
    }

    /// The same, with another setting for all processes.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((format!("MEED_SERVICE_{name}"), value.to_owned()));
        self
    }

    /// The same, with a variable of the environment that is no setting of the service.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command of the program, with the deployment's settings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meed"));
        command.current_dir(self.folder.path()).args(args);
        // Of the tests; the program would take it for a setting that it does not know.
        command.env_remove(super::many::JOBS_VARIABLE);
        command.envs(self.environment.iter().map(|(n, v)| (n, v)));
        command
    }

    /// Starts a process; settings go over the deployment's.
    pub(crate) fn start(&self, command: &str, settings: &[(&str, &str)]) -> Process {
        self.start_as(command, self.command(&[command]), settings)
    }

    /// Starts a command that is no service.
    pub(crate) fn begin(&self, name: &str, command: Command) -> Process {
        self.start_as(name, command, &[])
    }

    fn start_as(&self, name: &str, mut run: Command, settings: &[(&str, &str)]) -> Process {
        let number = self.started.get() + 1;
        self.started.set(number);
        let log = self.path(&format!("{name}-{number}.log"));
        let file = File::create(&log).expect("a file");
        for (name, value) in settings {
            run.env(format!("MEED_SERVICE_{name}"), value);
        }
        run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        Process { child: Running::start(&mut run), log }
    }

    /// Starts the API alone, with files that cannot grow past so many kB: writing fails in the middle,
    /// as on a full disk.
    pub(crate) fn limited_api(&self, kilobytes: u32) -> (Process, String) {
        let program = env!("CARGO_BIN_EXE_meed");
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {program} serve");
        let mut run = Command::new("bash");
        run.current_dir(self.folder.path()).args(["-c", &script]);
        run.env_remove(super::many::JOBS_VARIABLE);
        run.envs(self.environment.iter().map(|(n, v)| (n, v)));
        let mut process = self.start_as("limited", run, &[("WORKER__ENABLED", "false")]);
        let address = process.address();
        (process, address)
    }

    /// Starts the API alone.
    pub(crate) fn api(&self) -> (Process, String) {
        let mut process = self.start("serve", &[("WORKER__ENABLED", "false")]);
        let address = process.address();
        (process, address)
    }

    /// Starts a worker and waits until it is ready.
    pub(crate) fn worker(&self, settings: &[(&str, &str)]) -> Process {
        let mut worker = self.start("worker", settings);
        let address = worker.address();
        ready(&address);
        worker
    }

    /// A token of a tenant, which is made.
    pub(crate) fn token(&self, tenant: &str, scopes: &str) -> String {
        self.token_by(tenant, scopes, |command| command)
    }

    /// The same, by commands that are changed before they run.
    pub(crate) fn token_by(
        &self,
        tenant: &str,
        scopes: &str,
        change: impl Fn(Command) -> Command,
    ) -> String {
        let run = |args: &[&str]| meed(&mut change(self.command(args)));
        run(&["service", "tenant", tenant, "--most-open", "5000"]);
        let args = ["service", "token", "add", "--tenant", tenant, "--scopes", scopes, "--json"];
        let json: Value = serde_json::from_str(&run(&args)).expect("JSON");
        json["token"].as_str().expect("a token").to_owned()
    }

    /// Looks into the database, behind the API.
    pub(crate) fn events(&self, jobs: &[String]) -> Vec<Vec<Event>> {
        let config = DatabaseConfig { url: Secret::new(self.url.clone()), connections: 2 };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let db = Db::open(&config).await.expect("the database");
            let mut all = Vec::new();
            for job in jobs {
                all.push(db.events(job, 0).await.expect("events"));
            }
            db.close().await;
            all
        })
    }

    /// Every witness and every bundle of the store.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for kind in ["witness", "bundle"] {
            below(&self.path("store").join(kind), &mut files);
        }
        files
    }

    /// How many witnesses the store has.
    pub(crate) fn witnesses(&self) -> usize {
        let witnesses = self.path("store/witness");
        self.stored().iter().filter(|path| path.starts_with(&witnesses)).count()
    }
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => below(&path, files),
            path => files.push(path),
        }
    }
}

/// Waits until a process says that it is ready.
pub(crate) fn ready(address: &str) {
    wait("readiness", 60, || {
        call(address, "GET /ready", &[], b"").ok().filter(|reply| reply.status == 200)
    });
}

/// A client with a token.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) token: String,
}

impl Client {
    pub(crate) fn try_call(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Reply> {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        call(&self.address, line, &all, body)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.try_call(&format!("GET {path}"), &[], b"").expect("an answer")
    }

    pub(crate) fn post(&self, path: &str) -> Reply {
        self.try_call(&format!("POST {path}"), &[], b"").expect("an answer")
    }

    pub(crate) fn submit(&self, key: &str, body: &Value) -> Reply {
        let body = body.to_string();
        self.try_call("POST /v1/jobs", &[("idempotency-key", key)], body.as_bytes())
            .expect("an answer")
    }

    /// Submits what is new, and gives the job's name.
    #[track_caller]
    pub(crate) fn queue(&self, key: &str, body: &Value) -> String {
        let reply = self.submit(key, body);
        reply.expect(201).json()["id"].as_str().expect("a name").to_owned()
    }

    pub(crate) fn job(&self, id: &str) -> Value {
        self.get(&format!("/v1/jobs/{id}")).expect(200).json()
    }

    /// Waits until a job is in this state.
    #[track_caller]
    pub(crate) fn until(&self, id: &str, state: &str, seconds: u64) -> Value {
        wait(&format!("{state} of {id}"), seconds, || {
            let job = self.job(id);
            let over = ["failed", "dead", "done", "cancelled"];
            let now = job["state"].as_str().expect("a state");
            assert!(now == state || !over.contains(&now), "{job:#}");
            (now == state).then_some(job)
        })
    }

    /// Waits until a worker computes for a job.
    pub(crate) fn until_proving(&self, id: &str) -> Value {
        wait("a proof that is being made", 60, || {
            let job = self.job(id);
            assert_ne!(job["state"], "done", "too fast to be caught: {job:#}");
            (job["stage"].as_str().is_some_and(|stage| stage.starts_with("msm"))).then_some(job)
        })
    }

    /// All of the tenant's jobs, page by page.
    pub(crate) fn jobs(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let page = self.get(&format!("/v1/jobs?limit=7&after={after}")).expect(200).json();
            all.extend(page["jobs"].as_array().expect("jobs").iter().cloned());
            match page["next"].as_i64() {
                Some(next) => after = next,
                None => return all,
            }
        }
    }
}

/// Fails unless each job was done, and each once. Says how many.
pub(crate) fn each_done_once(deployment: &Deployment, jobs: &[String]) -> usize {
    for (job, events) in jobs.iter().zip(deployment.events(jobs)) {
        let done = events.iter().filter(|e| e.kind == "done").count();
        assert_eq!(done, 1, "{job}: {events:#?}");
        assert_eq!(events.last().map(|e| e.kind.as_str()), Some("done"), "{events:#?}");
    }
    jobs.len()
}

/// Processor seconds of this process's children that have ended.
pub(crate) fn children_processor() -> f64 {
    ticks("/proc/self/stat", 13)
}

/// Two numbers in hundredths of a second, the first of them so many after the program's name.
fn ticks(path: &str, first: usize) -> f64 {
    let text = fs::read_to_string(path).expect("Linux's /proc");
    let (_, fields) = text.rsplit_once(") ").expect("a name in brackets");
    let fields = fields.split(' ').skip(first).take(2);
    fields.map(|field| field.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}

/// Fails unless each network's epochs were begun in order, each after the one before was done.
pub(crate) fn in_order(jobs: &[Value]) {
    let mut by_network = std::collections::BTreeMap::<&str, Vec<(i64, i64, i64)>>::new();
    for job in jobs {
        let number = |field: &str| job[field].as_i64().expect("a number");
        let times = (number("epoch"), number("started_at"), number("finished_at"));
        by_network.entry(job["network"].as_str().expect("a name")).or_default().push(times);
    }
    for (network, mut epochs) in by_network {
        epochs.sort_unstable();
        for pair in epochs.windows(2) {
            assert_eq!(pair[1].0, pair[0].0 + 1, "{network}");
            assert!(pair[0].2 <= pair[1].1, "{network}: {pair:?}");
        }
    }
}
