//! Settings: a TOML file, and environment variables over it.
//!
//! `MEED_SERVICE_<SECTION>__<KEY>` overrides `key` of `[section]`, for example
//! `MEED_SERVICE_DATABASE__URL`. Secrets are shown as `(set)`, passwords in URLs as `***`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use meed_statement::shape::Shape;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::db::Policy;
use crate::error::{Result, ServiceError};
use crate::seal::Seals;
pub use crate::secret::Secret;
use crate::trace::TraceConfig;

/// Environment variables that are settings start with this.
pub const PREFIX: &str = "MEED_SERVICE_";

/// All settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the queue is.
    pub database: DatabaseConfig,
    /// Where artefacts are.
    pub store: StoreConfig,
    /// How witnesses are encrypted, and for how long they are kept.
    pub witness: WitnessConfig,
    /// The API.
    pub http: HttpConfig,
    /// Workers.
    pub worker: WorkerConfig,
    /// What is written about what happens.
    pub log: LogConfig,
    /// Where spans are sent.
    pub trace: TraceConfig,
}

/// `[database]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/NAME`.
    pub url: Secret,
    /// Connections at most.
    pub connections: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: Secret::new("sqlite://meed-service/queue.db"), connections: 8 }
    }
}

/// `[store]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// A local folder.
    pub folder: Option<PathBuf>,
    /// An S3-compatible store, which goes before the folder. Its credentials come from the
    /// environment: `AWS_ACCESS_KEY_ID` and what belongs to it.
    pub s3: Option<S3Config>,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { folder: Some(PathBuf::from("meed-service/artefacts")), s3: None }
    }
}

/// `[store.s3]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// The bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The store's URL, where it is not Amazon's.
    pub endpoint: Option<String>,
    /// What all names begin with.
    #[serde(default)]
    pub prefix: String,
    /// Whether the URL may be `http`: for a store on the same machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// `[witness]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WitnessConfig {
    /// A file with the key: 64 hexadecimal digits.
    pub key_file: Option<PathBuf>,
    /// The key itself: from the environment alone, as `MEED_SERVICE_WITNESS__KEY`.
    pub key: Option<Secret>,
    /// Files with earlier keys, which still open what they have sealed.
    pub earlier_key_files: Vec<PathBuf>,
    /// Seconds that a witness is kept after its job's end. 0 deletes it at once.
    pub keep_seconds: u32,
    /// Seconds after which a witness in the store that no job refers to is deleted. 0 keeps it.
    pub orphan_seconds: u32,
}

impl Default for WitnessConfig {
    fn default() -> Self {
        Self {
            key_file: None,
            key: None,
            earlier_key_files: Vec::new(),
            keep_seconds: 0,
            // No submission takes as long.
            orphan_seconds: 86_400,
        }
    }
}

/// `[http]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The address to listen at. TLS is a proxy's task.
    pub listen: SocketAddr,
    /// Longest body of a request.
    pub max_body_bytes: usize,
    /// As many event streams at once.
    pub max_streams: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8411));
        Self { listen, max_body_bytes: 64 << 20, max_streams: 256 }
    }
}

/// `[worker]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerConfig {
    /// Whether `meed serve` proves, too.
    pub enabled: bool,
    /// The machine's name, for people.
    pub name: String,
    /// Folder of the proving keys.
    pub keys: PathBuf,
    /// What to prove: proof system and shape, for example `groth16/XS`.
    pub circuits: Vec<String>,
    /// The digest that a circuit's key file must have: its sidecar's `zkey_chunks_sha256`
    /// (`zkey_sha256` where there is none; `key_sha256` of halo2).
    pub pins: BTreeMap<String, String>,
    /// Milliseconds that a job is kept without a sign of life.
    pub lease_ms: u32,
    /// Milliseconds between two signs of life.
    pub heartbeat_ms: u32,
    /// Milliseconds between two looks for work.
    pub poll_ms: u32,
    /// Seconds to finish the job at hand after SIGTERM. Then it is given back.
    pub grace_seconds: u32,
    /// So many failures make a job dead.
    pub most_failures: u32,
    /// Milliseconds before the second attempt; they double each time.
    pub backoff_ms: u32,
    /// Address at which `meed worker` answers `/health` and `/ready`.
    pub health_listen: Option<SocketAddr>,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            name: "worker".to_owned(),
            keys: PathBuf::from("keys"),
            circuits: Vec::new(),
            pins: BTreeMap::new(),
            lease_ms: 30_000,
            heartbeat_ms: 5_000,
            poll_ms: 1_000,
            grace_seconds: 60,
            most_failures: 5,
            backoff_ms: 5_000,
            health_listen: None,
        }
    }
}

impl WorkerConfig {
    /// Attempts and waits.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            most_failures: i64::from(self.most_failures),
            backoff_ms: i64::from(self.backoff_ms),
        }
    }

    /// Between two signs of life.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        Duration::from_millis(u64::from(self.heartbeat_ms))
    }
}

/// `[log]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// What to write: a level, or levels by target such as `info,meed_service=debug`.
    pub level: String,
    /// `json`, an object a line, or `text`.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info,sqlx=warn".to_owned(), format: LogFormat::Json }
    }
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For programs.
    Json,
    /// For people.
    Text,
}

impl Config {
    /// Reads a file, if one is named, and the environment.
    ///
    /// # Errors
    /// [`ServiceError::Config`] with the setting; [`ServiceError::Io`].
    pub fn load(path: Option<&Path>) -> Result<Self> {
        let text = match path {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path).map_err(|source| ServiceError::Io {
                action: "read",
                path: path.to_owned(),
                source,
            })?,
        };
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, value)| match value.into_string() {
                Ok(value) => Ok((name, value)),
                Err(_) => Err(ServiceError::config(name, "UTF-8", "other bytes")),
            })
            .collect::<Result<Vec<_>>>()?;
        let name = path.map_or_else(|| "settings".to_owned(), |p| p.display().to_string());
        Self::parse(&name, &text, &environment)
    }

    /// Reads a file's text; `environment` are names with [`PREFIX`] and values.
    ///
    /// # Errors
    /// [`ServiceError::Config`].
    pub fn parse(name: &str, text: &str, environment: &[(String, String)]) -> Result<Self> {
        let broken = |error: toml::de::Error| {
            // The message alone: what stands around it in the file may be a secret.
            let line = error.span().map(|s| text.get(..s.start).map_or(1, |t| t.lines().count()));
            let place = line.map_or(String::new(), |l| format!(", near line {}", l.max(1)));
            ServiceError::config(format!("{name}{place}"), "settings", error.message())
        };
        let mut table: toml::Table = toml::from_str(text).map_err(broken)?;
        for (section, key, instead) in [
            ("witness", "key", "use key_file or MEED_SERVICE_WITNESS__KEY"),
            ("trace", "headers", "use MEED_SERVICE_TRACE__HEADERS"),
        ] {
            if table.get(section).and_then(|s| s.get(key)).is_some() {
                let (what, expected) =
                    (format!("{name}: {section}.{key}"), "no secret in the file");
                return Err(ServiceError::config(what, format!("{expected}: {instead}"), "one"));
            }
        }
        for (variable, value) in environment {
            let setting = variable.strip_prefix(PREFIX).unwrap_or(variable).to_ascii_lowercase();
            let path: Vec<&str> = setting.split("__").collect();
            let secret = matches!(path.last(), Some(&("url" | "key" | "headers")));
            let value = match secret {
                true => toml::Value::String(value.clone()),
                false => parse_value(value),
            };
            insert(&mut table, &path, value).ok_or_else(|| {
                ServiceError::config(variable.as_str(), "a setting's name", "none")
            })?;
        }
        let config: Self = table.try_into().map_err(|error: toml::de::Error| {
            let got = error.message().lines().next().unwrap_or_default().to_owned();
            ServiceError::config(name.to_owned(), "known settings of the right kind", got)
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let worker = &self.worker;
        let at_least = |what: &str, least: u64, got: u64| match got >= least {
            true => Ok(()),
            false => Err(ServiceError::config(what, format!("at least {least}"), got)),
        };
        at_least("database.connections", 2, u64::from(self.database.connections))?;
        at_least("worker.heartbeat_ms", 10, u64::from(worker.heartbeat_ms))?;
        let least = 3 * u64::from(worker.heartbeat_ms);
        at_least("worker.lease_ms (three heartbeats)", least, u64::from(worker.lease_ms))?;
        at_least("worker.poll_ms", 10, u64::from(worker.poll_ms))?;
        at_least("worker.most_failures", 1, u64::from(worker.most_failures))?;
        at_least("http.max_body_bytes", 1 << 10, self.http.max_body_bytes as u64)?;
        for circuit in worker.circuits.iter().chain(worker.pins.keys()) {
            circuit_parts(circuit)?;
        }
        for (circuit, pin) in &worker.pins {
            if !worker.circuits.contains(circuit) {
                let got = "a pin for another";
                return Err(ServiceError::config("worker.pins", "circuits of this worker", got));
            }
            if pin.len() != 64 || !pin.chars().all(|c| c.is_ascii_hexdigit()) {
                let what = format!("worker.pins.{circuit}");
                return Err(ServiceError::config(what, "64 hexadecimal digits", pin));
            }
        }
        if self.store.folder.is_none() && self.store.s3.is_none() {
            return Err(ServiceError::config("store", "folder or [store.s3]", "neither"));
        }
        self.trace.check()?;
        crate::log::filter(&self.log.level).map(|_| ())
    }

    /// The keys for witnesses.
    ///
    /// # Errors
    /// [`ServiceError::Config`]; [`ServiceError::Io`]. Neither repeats a key.
    pub fn seals(&self) -> Result<Seals> {
        let mut keys = Vec::new();
        let read =
            |path: &PathBuf| {
                std::fs::read_to_string(path).map(Zeroizing::new).map_err(|source| {
                    ServiceError::Io { action: "read", path: path.clone(), source }
                })
            };
        match (&self.witness.key, &self.witness.key_file) {
            (Some(key), _) => keys.push(Zeroizing::new(key.reveal().to_owned())),
            (None, Some(path)) => keys.push(read(path)?),
            (None, None) => {
                let expected = "witness.key_file or MEED_SERVICE_WITNESS__KEY: 64 hexadecimal \
                                digits, for example from `openssl rand -hex 32`";
                return Err(ServiceError::config("witness key", expected, "neither"));
            }
        }
        for path in &self.witness.earlier_key_files {
            keys.push(read(path)?);
        }
        Seals::new(&keys)
    }

    /// The settings as TOML, without secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|error| format!("# {error}\n"))
    }
}

/// A circuit's name as proof system and shape.
pub(crate) fn circuit_parts(circuit: &str) -> Result<(&str, Shape)> {
    let parts = circuit.split_once('/').filter(|(system, _)| ["groth16", "halo2"].contains(system));
    let found = parts.and_then(|(system, shape)| Some((system, Shape::by_name(shape)?)));
    found.ok_or_else(|| {
        let got = meed_ledger::shown(circuit);
        ServiceError::config("circuit", "groth16 or halo2, a slash, and XS, S or M", got)
    })
}

/// A number, a truth value, a list or a table as TOML has them; else text.
fn parse_value(text: &str) -> toml::Value {
    let parsed = toml::from_str::<toml::Table>(&format!("v = {text}"));
    let value = parsed.ok().and_then(|mut t| t.remove("v"));
    let number = |v: &toml::Value| v.is_integer() || v.as_float().is_some_and(f64::is_finite);
    let kept = value.filter(|v| number(v) || v.is_bool() || v.is_array() || v.is_table());
    kept.unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn insert(table: &mut toml::Table, path: &[&str], value: toml::Value) -> Option<()> {
    let (first, rest) = path.split_first()?;
    if first.is_empty() {
        return None;
    }
    if rest.is_empty() {
        table.insert((*first).to_owned(), value);
        return Some(());
    }
    let entry = table.entry((*first).to_owned()).or_insert_with(|| toml::Table::new().into());
    insert(entry.as_table_mut()?, rest, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let own = |(n, v): &(&str, &str)| (format!("{PREFIX}{n}"), (*v).to_owned());
        let environment: Vec<_> = environment.iter().map(own).collect();
        Config::parse("service.toml", text, &environment)
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let text = "[worker]\npoll_ms = 50\ncircuits = [\"groth16/XS\"]\n";
        let environment = [
            ("WORKER__POLL_MS", "70"),
            ("DATABASE__URL", "postgres://me:hunter2@db/meed"),
            ("WORKER__CIRCUITS", "[\"groth16/S\", \"halo2/XS\"]"),
        ];
        let config = parse(text, &environment).unwrap();
        assert_eq!(config.worker.poll_ms, 70);
        assert_eq!(config.worker.circuits, ["groth16/S", "halo2/XS"]);
        assert_eq!(config.database.url.reveal(), "postgres://me:hunter2@db/meed");
    }

    #[test]
    fn no_secret_is_shown() {
        let key = "ab".repeat(32);
        let environment = [
            ("DATABASE__URL", "postgres://me:hunter2@db/meed?password=hunter2"),
            ("WITNESS__KEY", &key),
            ("TRACE__ENDPOINT", "https://collector"),
            ("TRACE__HEADERS", "authorization=Bearer%20hunter2,x=y://hunter2"),
            ("TRACE__SAMPLE_RATIO", "0.25"),
        ];
        let config = parse("", &environment).unwrap();
        assert_eq!(config.trace.sample_ratio, 0.25);
        for shown in [config.shown(), format!("{config:?}"), format!("{:?}", config.seals())] {
            assert!(!shown.contains("hunter2") && !shown.contains("abab"), "{shown}");
        }
        assert!(config.shown().contains("postgres://me:***@db/meed"), "{}", config.shown());
        let error = parse(&format!("[witness]\nkey = \"{key}\"\n"), &[]).unwrap_err().to_string();
        assert!(!error.contains("abab") && error.contains("witness.key"), "{error}");
        let error = parse("[trace]\nheaders = \"a=hunter2\"\n", &[]).unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("trace.headers"), "{error}");
        let error = parse("[database]\nurl = \"postgres://me:hunter2@db\n", &[]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn settings_are_checked() {
        for (text, part) in [
            ("[worker]\nlease_ms = 100\n", "worker.lease_ms"),
            ("[worker]\nnosuch = 1\n", "nosuch"),
            ("[worker]\ncircuits = [\"plonk/XS\"]\n", "groth16 or halo2"),
            ("[worker.pins]\n\"groth16/XS\" = \"00\"\n", "worker.pins"),
            ("[http]\nlisten = \"here\"\n", "service.toml"),
            ("[log]\nlevel = \"info,x=loud\"\n", "log.level"),
            ("[database]\nconnections = 1\n", "at least 2"),
            ("[trace]\nsample_ratio = 2.0\n", "trace.sample_ratio"),
            ("[trace]\nendpoint = \"collector:4318\"\n", "trace.endpoint"),
        ] {
            let error = parse(text, &[]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(parse("", &[("", "1")]).is_err());
        parse("", &[]).unwrap();
    }
}
