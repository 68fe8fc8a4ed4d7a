//! One fault at a time.

use std::fs;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use super::http::call;
use super::lab::{lab, Lab};
use super::postgres::{skipped, Postgres};
use super::processes::{each_done_once, ready, wait, Client, Deployment, Process};

/// A deployment with an API and a client, and the right to use the machine.
pub(crate) struct Scene {
    pub(crate) c: Client,
    pub(crate) api: Process,
    pub(crate) d: Deployment,
    pub(crate) postgres: Option<Postgres>,
    pub(crate) lab: &'static Lab,
    _alone: MutexGuard<'static, ()>,
}

impl Scene {
    fn new(postgres: bool, settings: &[(&str, &str)]) -> Self {
        let (lab, alone) = lab();
        let postgres = postgres.then(Postgres::start);
        let d = Deployment::new(lab, postgres.as_ref().map(Postgres::url));
        let d = settings.iter().fold(d, |d, (name, value)| d.with(name, value));
        let token = d.token("acme", "submit,read,operate");
        let (api, address) = d.api();
        Self { c: Client { address, token }, api, d, postgres, lab, _alone: alone }
    }

    /// On PostgreSQL; `None` where that is left out. Settings are for all processes.
    pub(crate) fn on_postgres(settings: &[(&str, &str)]) -> Option<Self> {
        (!skipped()).then(|| Self::new(true, settings))
    }

    pub(crate) fn on_sqlite() -> Self {
        Self::new(false, &[])
    }

    /// Another API, at another address, in place of one that was killed.
    pub(crate) fn restart_api(&mut self) {
        let (api, address) = self.d.api();
        self.api = api;
        self.c.address = address;
    }

    pub(crate) fn server(&self) -> &Postgres {
        self.postgres.as_ref().expect("it is on PostgreSQL")
    }
}

#[test]
fn a_worker_that_is_killed_loses_no_job() {
    let Some(s) = Scene::on_postgres(&[]) else { return };
    let Scene { lab, d, c, .. } = &s;
    let first = d.worker(&[]);
    let id = c.queue("k", &lab.body("net", 1));
    c.until_proving(&id);
    let killed = Instant::now();
    first.kill();
    let second = d.worker(&[]);
    let job = c.until(&id, "done", 60);
    eprintln!(
        "kill -9 of a worker: done by a new one {:.1} s later",
        killed.elapsed().as_secs_f64()
    );
    assert_eq!((job["attempt"].as_i64(), job["failures"].as_i64()), (Some(2), Some(1)), "{job:#}");
    each_done_once(d, std::slice::from_ref(&id));
    lab.verify(&c.get(&format!("/v1/jobs/{id}/bundle")).expect(200).body, 1);
    drop(second);
}

#[test]
fn a_worker_that_comes_back_after_its_lease_changes_nothing() {
    let Some(s) = Scene::on_postgres(&[]) else { return };
    let Scene { lab, d, c, .. } = &s;
    let stalled = d.worker(&[]);
    let id = c.queue("k", &lab.body("net", 1));
    c.until_proving(&id);
    stalled.signal("STOP");
    let _other = d.worker(&[]);
    let job = c.until(&id, "done", 60);
    assert_eq!(job["attempt"], 2, "{job:#}");
    stalled.signal("CONT");
    wait("the stalled worker to find out", 30, || {
        let found = stalled.log().contains("no longer this worker's");
        found.then_some(())
    });
    // It is of use again.
    assert_eq!(c.job(&id), job);
    each_done_once(d, &[id]);
    let next = c.queue("l", &lab.body("net", 2));
    c.until(&next, "done", 60);
    each_done_once(d, &[next]);
}

#[test]
fn an_api_that_is_killed_keeps_what_it_acknowledged() {
    let Some(mut s) = Scene::on_postgres(&[]) else { return };
    let bodies: Vec<_> = (0..60).map(|i| s.lab.body(&format!("n{i}"), 1)).collect();
    let before = s.c.clone();
    let acknowledged = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|t| {
                let (c, bodies) = (&before, &bodies);
                scope.spawn(move || {
                    let mut done = Vec::new();
                    for i in (t..bodies.len()).step_by(4) {
                        let (key, body) = (format!("k{i}"), bodies[i].to_string());
                        let header = [("idempotency-key", key.as_str())];
                        let reply = c.try_call("POST /v1/jobs", &header, body.as_bytes());
                        let Ok(reply) = reply else { break };
                        let job = reply.expect(201).json();
                        done.push((i, job["id"].as_str().expect("a name").to_owned()));
                    }
                    done
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(350));
        s.api.kill_now();
        threads.into_iter().flat_map(|t| t.join().expect("a thread")).collect::<Vec<_>>()
    });
    assert!(!acknowledged.is_empty() && acknowledged.len() < bodies.len(), "killed in between");
    s.restart_api();
    let c = &s.c;
    for (i, id) in &acknowledged {
        assert_eq!(c.job(id)["network"], format!("n{i}"));
    }
    // Whoever asks again with the same key has one job, whatever became of the first request.
    for (i, body) in bodies.iter().enumerate() {
        let id = c.submit(&format!("k{i}"), body).json()["id"].clone();
        for (_, known) in acknowledged.iter().filter(|(j, _)| *j == i) {
            assert_eq!(id, known.as_str());
        }
    }
    assert_eq!(c.jobs().len(), bodies.len());
    eprintln!("kill -9 of the API: {} of 60 acknowledged, none lost", acknowledged.len());
}

#[test]
fn the_same_request_at_once_is_one_job() {
    let Some(s) = Scene::on_postgres(&[]) else { return };
    let Scene { lab, d, c, .. } = &s;
    let body = lab.body("net", 1);
    let replies: Vec<_> = std::thread::scope(|scope| {
        let call = || c.submit("same", &body);
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(call)).collect();
        threads.into_iter().map(|t| t.join().expect("a thread")).collect()
    });
    let new = replies.iter().filter(|r| r.status == 201).count();
    let again = replies.iter().filter(|r| r.status == 200).count();
    assert_eq!((new, again), (1, 11), "{replies:?}");
    assert!(replies.iter().all(|r| r.json()["id"] == replies[0].json()["id"]));
    assert_eq!(c.jobs().len(), 1);
    // Those that came second have left no witness behind.
    assert_eq!(d.stored().len(), 1);
}

#[test]
fn a_job_that_kills_its_workers_dies_and_others_go_on() {
    let Some(s) = Scene::on_postgres(&[("WORKER__MOST_FAILURES", "2")]) else { return };
    let Scene { lab, d, c, .. } = &s;
    let id = c.queue("poison", &lab.body("net", 1));
    let next = c.queue("next", &lab.body("net", 2));
    for _ in 0..2 {
        let worker = d.worker(&[]);
        c.until_proving(&id);
        worker.kill();
        wait("the lease's end", 20, || (c.job(&id)["state"] != "running").then_some(()));
    }
    let job = c.until(&id, "dead", 20);
    assert_eq!(job["failures"], 2);
    assert!(job["error"].as_str().unwrap().contains("was lost: its lease ended"), "{job:#}");
    // Another network goes on. The same network waits for an epoch 1 that is proved.
    let _worker = d.worker(&[]);
    let other = c.queue("other", &lab.body("other", 1));
    c.until(&other, "done", 60);
    assert_eq!(c.job(&next)["state"], "queued");
    let again = c.queue("again", &lab.body("net", 1));
    c.until(&next, "done", 60);
    each_done_once(d, &[again, next, other]);
}

#[test]
fn a_witness_that_is_cut_is_found_and_the_job_dies_with_the_reason() {
    let s = Scene::on_sqlite();
    let Scene { lab, d, c, .. } = &s;
    let id = c.queue("k", &lab.body("net", 1));
    let witness = d.stored().pop().expect("a witness");
    let bytes = fs::read(&witness).unwrap();
    fs::write(&witness, &bytes[..bytes.len() - 1]).unwrap();
    let _worker = d.worker(&[("WORKER__MOST_FAILURES", "2")]);
    let job = c.until(&id, "dead", 60);
    let error = job["error"].as_str().unwrap();
    assert!(error.contains("bytes: expected") && error.contains("witness/"), "{error}");
    assert_eq!(job["failures"], 2);
    // A new request for the same epoch is a new job; its bundle is cut after it was made.
    let id = c.queue("again", &lab.body("net", 1));
    c.until(&id, "done", 60);
    let bundle = d.stored().into_iter().find(|p| p.to_string_lossy().contains("bundle")).unwrap();
    let bytes = fs::read(&bundle).unwrap();
    let mut bad = bytes.clone();
    bad[700] ^= 1;
    fs::write(&bundle, bad).unwrap();
    c.get(&format!("/v1/jobs/{id}/bundle")).expect(503);
    fs::write(&bundle, bytes).unwrap();
    lab.verify(&c.get(&format!("/v1/jobs/{id}/bundle")).expect(200).body, 1);
}

#[test]
fn a_worker_with_a_wrong_key_takes_no_job() {
    let s = Scene::on_sqlite();
    let Scene { lab, d, c, .. } = &s;
    let id = c.queue("k", &lab.body("net", 1));
    // One byte of the file.
    fs::create_dir(d.path("keys")).unwrap();
    for name in ["meed-groth16-XS.zkey", "meed-groth16-XS.vk.json"] {
        fs::copy(lab.keys.join(name), d.path("keys").join(name)).unwrap();
    }
    let zkey = d.path("keys/meed-groth16-XS.zkey");
    let mut bytes = fs::read(&zkey).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&zkey, bytes).unwrap();
    let keys = d.path("keys").display().to_string();
    let mut bad = d.start("worker", &[("WORKER__KEYS", &keys)]);
    let address = bad.address();
    wait("quarantine", 30, || {
        let reply = call(&address, "GET /ready", &[], b"").ok()?;
        assert_eq!(reply.status, 503);
        (reply.body == b"quarantined\n").then_some(())
    });
    wait("the worker's word", 10, || {
        let workers = c.get("/v1/workers").expect(200).json();
        let reason = workers[0]["reason"].as_str()?.to_owned();
        assert!(reason.contains("SHA-256"), "{reason}");
        Some(())
    });
    assert_eq!(c.job(&id)["state"], "queued");
    assert_eq!(c.job(&id)["attempt"], 0);
    bad.signal("TERM");
    assert!(bad.ended(20).success());
    // A file that is whole, and not the one that is pinned.
    let pins = format!("{{ \"groth16/XS\" = \"{}\" }}", "0".repeat(64));
    let mut bad = d.start("worker", &[("WORKER__PINS", &pins)]);
    let address = bad.address();
    wait("quarantine", 30, || {
        let reply = call(&address, "GET /ready", &[], b"").ok()?;
        (reply.body == b"quarantined\n").then_some(())
    });
    assert!(bad.log().contains("expected 0000"), "{}", bad.log());
    let _good = d.worker(&[]);
    c.until(&id, "done", 60);
}

#[test]
fn a_job_is_cancelled_while_it_is_proved() {
    let Some(s) = Scene::on_postgres(&[]) else { return };
    let Scene { lab, d, c, .. } = &s;
    let _worker = d.worker(&[]);
    let id = c.queue("k", &lab.body("net", 1));
    let other = c.queue("l", &lab.body("other", 1));
    c.until_proving(&id);
    let reply = c.post(&format!("/v1/jobs/{id}/cancel"));
    assert_eq!(reply.expect(200).json()["state"], "cancelled");
    c.until(&other, "done", 60);
    assert_eq!(c.job(&id)["state"], "cancelled");
    c.get(&format!("/v1/jobs/{id}/bundle")).expect(409);
    c.post(&format!("/v1/jobs/{other}/cancel")).expect(409);
    let events = d.events(&[id]).remove(0);
    assert!(events.iter().all(|e| e.kind != "done"), "{events:#?}");
    assert_eq!(events.last().unwrap().kind, "cancelled");
}

#[test]
fn sigterm_finishes_the_job_or_gives_it_back() {
    let Some(s) = Scene::on_postgres(&[]) else { return };
    let Scene { lab, d, c, .. } = &s;
    let mut patient = d.worker(&[]);
    let id = c.queue("k", &lab.body("net", 1));
    c.until_proving(&id);
    let behind = c.queue("l", &lab.body("other", 1));
    patient.signal("TERM");
    assert!(patient.ended(30).success());
    assert_eq!(c.job(&id)["state"], "done");
    assert_eq!(c.job(&behind)["state"], "queued");

    let mut hasty = d.worker(&[("WORKER__GRACE_SECONDS", "0")]);
    c.until_proving(&behind);
    let told = Instant::now();
    hasty.signal("TERM");
    assert!(hasty.ended(30).success());
    eprintln!("SIGTERM without grace: gone {:.1} s later", told.elapsed().as_secs_f64());
    let job = c.job(&behind);
    assert_eq!((&job["state"], &job["failures"]), (&"queued".into(), &0.into()), "{job:#}");
    let _next = d.worker(&[]);
    let job = c.until(&behind, "done", 60);
    assert_eq!(job["failures"], 0);
    each_done_once(d, &[id, behind]);
}

#[test]
fn a_database_that_goes_and_comes_back_loses_nothing() {
    let Some(s) = Scene::on_postgres(&[]) else { return };
    let Scene { lab, d, c, .. } = &s;
    let worker = d.worker(&[("WORKER__LEASE_MS", "20000")]);
    let ids: Vec<String> =
        (0..3).map(|i| c.queue(&format!("k{i}"), &lab.body(&format!("n{i}"), 1))).collect();
    c.until_proving(&ids[0]);
    s.server().down();
    // The proof is finished while there is no database: its end is written when there is one again.
    wait("the final write to fail", 30, || {
        worker.log().contains("cannot write the attempt's end").then_some(())
    });
    c.get("/v1/jobs").expect(503);
    c.get("/ready").expect(503);
    s.server().up();
    let up = Instant::now();
    ready(&c.address);
    for id in &ids {
        let job = c.until(id, "done", 60);
        assert_eq!(job["failures"], 0, "{job:#}");
    }
    eprintln!("PostgreSQL back: all done {:.1} s later", up.elapsed().as_secs_f64());
    each_done_once(d, &ids);
}

#[test]
fn an_epoch_of_another_history_fails_and_later_ones_wait() {
    let s = Scene::on_sqlite();
    let Scene { lab, d, c, .. } = &s;
    let _worker = d.worker(&[]);
    let first = c.queue("one", &lab.body("net", 1));
    c.until(&first, "done", 60);
    // Good in itself: only the one before it was another.
    let forked = c.queue("two", &lab.forked("net", 2));
    let later = c.queue("three", &lab.body("net", 3));
    let job = c.until(&forked, "failed", 60);
    let root = |body: &serde_json::Value| {
        let text = body["files"]["commit"].as_str().expect("text");
        let commit: serde_json::Value = serde_json::from_str(text).expect("JSON");
        commit["state_root_before"].as_str().expect("a root").to_owned()
    };
    let (left, starts) = (root(&lab.body("net", 2)), root(&lab.forked("net", 2)));
    assert_ne!(left, starts);
    let reason =
        format!("state root before the epoch: expected {left}, as epoch 1 left it, got {starts}");
    assert_eq!(job["error"], reason.as_str());
    assert_eq!((&job["attempt"], &job["failures"]), (&1.into(), &1.into()), "{job:#}");
    c.get(&format!("/v1/jobs/{forked}/bundle")).expect(409);
    // The worker is free, and leaves the next one alone.
    let other = c.queue("other", &lab.body("other", 1));
    c.until(&other, "done", 60);
    let waits = c.job(&later);
    assert_eq!((&waits["state"], &waits["attempt"]), (&"queued".into(), &0.into()), "{waits:#}");
    // The right one goes in its place.
    let right = c.queue("right", &lab.body("net", 2));
    c.until(&right, "done", 60);
    c.until(&later, "done", 60);
    each_done_once(d, &[first, right, later, other]);
}
