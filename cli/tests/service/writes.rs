//! Writes whose answer is lost: nothing is acknowledged before it is committed, and what was committed
//! is not done again.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use super::faults::Scene;
use super::processes::{each_done_once, wait};
use super::wire::pass;

/// Jobs can be read, and not be written.
const LOCK: &str = "BEGIN; LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE;";

/// Stands between a process and its database. When the transaction that makes a job done has been
/// committed, the connection breaks before the server's answer gets through; once.
struct Proxy {
    port: u16,
    broke: Arc<AtomicBool>,
}

impl Proxy {
    fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let broke = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&broke);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let flag = Arc::clone(&flag);
                std::thread::spawn(move || lead(&client, &server, &flag));
            }
        });
        Self { port, broke }
    }
}

/// Passes everything on, both ways, until one side ends.
fn lead(client: &TcpStream, server: &TcpStream, broke: &AtomicBool) {
    let silent = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut armed = false;
            pass(client, server, |bytes| {
                armed |= contains(bytes, b"SET state = 'done'");
                let ends = contains(bytes, b"COMMIT");
                if ends && armed && !broke.swap(true, Ordering::SeqCst) {
                    silent.store(true, Ordering::SeqCst);
                }
                true
            });
        });
        // The server has answered: it has committed.
        pass(server, client, |_| !silent.load(Ordering::SeqCst));
    });
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn an_end_whose_answer_is_lost_is_written_once() {
    let Some(s) = Scene::on_postgres(&[]) else { return };
    let Scene { lab, d, c, .. } = &s;
    let proxy = Proxy::start(s.server().port());
    let url = format!("postgres://meed@127.0.0.1:{}/postgres", proxy.port);
    let worker = d.worker(&[("DATABASE__URL", &url), ("WORKER__LEASE_MS", "20000")]);
    let first = c.queue("k", &lab.body("net", 1));
    let next = c.queue("l", &lab.body("net", 2));
    let job = c.until(&first, "done", 60);
    wait("the worker to hear of it", 30, || {
        let log = worker.log();
        let again = log.contains("cannot write the attempt's end; trying again");
        (again && log.contains("attempt over")).then_some(())
    });
    assert!(proxy.broke.load(Ordering::SeqCst));
    // It found its own write, and counted nothing against anybody.
    assert_eq!(c.job(&first), job);
    assert_eq!((&job["attempt"], &job["failures"]), (&1.into(), &0.into()), "{job:#}");
    assert!(!worker.log().contains("no longer this worker's"), "{}", worker.log());
    c.until(&next, "done", 60);
    each_done_once(d, &[first, next]);
}

#[test]
fn nothing_is_acknowledged_before_it_is_committed_and_no_witness_is_left() {
    let Some(mut s) = Scene::on_postgres(&[("WITNESS__ORPHAN_SECONDS", "4")]) else { return };
    let kept = s.c.queue("kept", &s.lab.body("kept", 1));
    assert_eq!(s.d.witnesses(), 1);
    let session = s.server().session(LOCK);
    let body = s.lab.body("net", 1);
    let (c, asked) = (s.c.clone(), body.clone().to_string());
    let answer = std::thread::spawn(move || {
        c.try_call("POST /v1/jobs", &[("idempotency-key", "k")], asked.as_bytes())
    });
    wait("the witness in the store", 30, || (s.d.witnesses() == 2).then_some(()));
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(!answer.is_finished(), "an answer before the job is there");
    s.api.kill_now();
    assert!(answer.join().expect("a thread").is_err(), "an answer of a killed process");
    drop(session);
    s.restart_api();
    let c = &s.c;
    assert_eq!(c.jobs().len(), 1);
    // The witness that is nobody's goes; the other one has a job, however long it waits.
    assert_eq!(s.d.witnesses(), 2);
    let only_one = || (s.d.witnesses() == 1).then_some(());
    wait("the end of the witness without a job", 30, only_one);
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(s.d.witnesses(), 1);
    let again = c.submit("k", &body).expect(201).json();
    let _worker = s.d.worker(&[]);
    let ids = [kept, again["id"].as_str().expect("a name").to_owned()];
    for id in &ids {
        c.until(id, "done", 60);
    }
    each_done_once(&s.d, &ids);
    assert_eq!(c.jobs().len(), 2);
}

#[test]
fn a_submission_that_stalls_past_the_age_is_refused_and_can_be_made_again() {
    let Some(s) = Scene::on_postgres(&[("WITNESS__ORPHAN_SECONDS", "2")]) else { return };
    let Scene { lab, d, c, .. } = &s;
    // A second API keeps house while the first one stands still between the store and the database.
    let (_other, _) = d.api();
    let session = s.server().session(LOCK);
    let body = lab.body("net", 1);
    let answer = std::thread::scope(|scope| {
        let asked = scope.spawn(|| c.submit("k", &body));
        wait("the witness in the store", 30, || (d.witnesses() == 1).then_some(()));
        wait("the witness's end", 30, || (d.witnesses() == 0).then_some(()));
        drop(session);
        asked.join().expect("a thread")
    });
    assert_eq!(answer.expect(503).json()["code"], "late");
    assert_eq!(c.jobs().len(), 0);
    let id = c.queue("k", &body);
    let _worker = d.worker(&[]);
    c.until(&id, "done", 60);
    each_done_once(d, &[id]);
}
