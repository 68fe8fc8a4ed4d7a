//! The queue's rules, on SQLite: order, priority, fences, retries. `cli/tests/service` has the same
//! statements on PostgreSQL, with processes.

use meed_service::config::{DatabaseConfig, Secret};
use meed_service::db::{
    Claimed, Db, Filter, Finished, New, Policy, Renewed, Scope, Submitted, Task,
};
use meed_service::job::State;
use meed_service::store::Digest;

const POLICY: Policy = Policy { most_failures: 2, backoff_ms: 0 };

struct Queue {
    db: Db,
    _folder: tempfile::TempDir,
}

impl Queue {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = Secret::new(format!("sqlite://{}", folder.path().join("q/queue.db").display()));
        let db = Db::open(&DatabaseConfig { url, connections: 4 }).await.unwrap();
        db.save_tenant("acme", 100).await.unwrap();
        Self { db, _folder: folder }
    }

    async fn submit(&self, new: &New) -> String {
        match self.db.submit(new).await.unwrap() {
            Submitted::New(job) => job.id,
            other => panic!("{other:?}"),
        }
    }

    async fn claim(&self) -> Option<Claimed> {
        self.db.claim("w", &["groth16/XS".to_owned()], 60_000).await.unwrap()
    }

    async fn claimed(&self) -> (String, i64) {
        let claimed = self.claim().await.expect("a job");
        (claimed.job.id, claimed.job.attempt)
    }

    async fn state(&self, id: &str) -> State {
        self.db.job("acme", id).await.unwrap().expect("a job").state
    }

    async fn done(&self, id: &str, attempt: i64) -> Finished {
        self.db.done(id, attempt, &Digest::of(b"bundle"), "m").await.unwrap()
    }
}

fn new(network: &str, epoch: i64) -> New {
    let id = format!("{network}-{epoch}");
    let task = Task {
        tenant: "acme".to_owned(),
        chain_id: None,
        contract: None,
        root_before: format!("root{}", epoch - 1),
        witness: Digest::of(id.as_bytes()),
        traceparent: Some(format!("00-{epoch:032x}-{epoch:016x}-01")),
    };
    New {
        task,
        key: id.clone(),
        id,
        body_sha256: "b".to_owned(),
        network: network.to_owned(),
        epoch,
        circuit: "groth16/XS".to_owned(),
        domain: "off-chain".to_owned(),
        priority: 0,
        first: false,
        root_after: format!("root{epoch}"),
    }
}

#[tokio::test]
async fn epochs_wait_for_each_other_and_priorities_count() {
    let q = Queue::new().await;
    q.submit(&new("a", 2)).await;
    assert!(q.claim().await.is_none());
    q.submit(&new("a", 1)).await;
    q.submit(&New { priority: 5, ..new("b", 1) }).await;
    assert_eq!(q.claimed().await, ("b-1".to_owned(), 1));
    assert_eq!(q.claimed().await, ("a-1".to_owned(), 1));
    assert!(q.claim().await.is_none());
    assert_eq!(q.done("a-1", 1).await, Finished::Written);
    let second = q.claim().await.expect("epoch 2");
    assert_eq!((second.job.id.as_str(), second.head), ("a-2", 1));
    assert_eq!(second.head_root.as_deref(), Some("root1"));
    assert!(second.task.traceparent.is_some_and(|t| t.ends_with("0002-01")));
    // A network may begin elsewhere, if that is said at its beginning.
    q.submit(&New { first: true, ..new("c", 7) }).await;
    assert_eq!(q.claimed().await.0, "c-7");
    let late = New { first: true, ..new("c", 9) };
    assert_eq!(q.db.submit(&late).await.unwrap(), Submitted::NotFirst(6));
    // What no worker here can prove is left alone.
    q.submit(&New { circuit: "groth16/M".to_owned(), ..new("d", 1) }).await;
    assert!(q.claim().await.is_none());
}

#[tokio::test]
async fn a_witness_is_a_jobs_or_given_up() {
    let q = Queue::new().await;
    let (first, late) = (new("a", 1), new("b", 1));
    q.submit(&first).await;
    assert!(!q.db.give_up(&first.task.witness.sha256).await.unwrap());
    assert!(!q.db.give_up(&first.task.witness.sha256).await.unwrap());
    for _ in 0..2 {
        assert!(q.db.give_up(&late.task.witness.sha256).await.unwrap());
    }
    // The submission that stalled until now leaves nothing behind, and can be made again.
    assert_eq!(q.db.submit(&late).await.unwrap(), Submitted::Late);
    assert!(q.db.job("acme", &late.id).await.unwrap().is_none());
    let task = Task { witness: Digest::of(b"sealed again"), ..late.task.clone() };
    q.submit(&New { task, ..late }).await;
    // A job keeps its witness to its end, and after it.
    q.db.cancel("acme", "a-1").await.unwrap();
    assert!(!q.db.give_up(&first.task.witness.sha256).await.unwrap());
}

#[tokio::test]
async fn a_request_is_one_job_and_an_epoch_is_proved_once() {
    let q = Queue::new().await;
    q.submit(&new("a", 1)).await;
    let again = New { id: "other".to_owned(), ..new("a", 1) };
    assert!(matches!(q.db.submit(&again).await.unwrap(), Submitted::Again(job) if job.id == "a-1"));
    let other = New { body_sha256: "c".to_owned(), ..again.clone() };
    assert_eq!(q.db.submit(&other).await.unwrap(), Submitted::OtherBody);
    let taken = New { key: "k".to_owned(), ..again.clone() };
    assert_eq!(q.db.submit(&taken).await.unwrap(), Submitted::Taken("a-1".to_owned()));
    // Another domain is another proof.
    let witness = |name: &[u8]| Task { witness: Digest::of(name), ..taken.task.clone() };
    let task = witness(b"other");
    q.submit(&New { domain: "1:0x".to_owned(), task, ..taken.clone() }).await;
    // After its end without a bundle, the epoch may be asked for again.
    let (cancelled, changed) = q.db.cancel("acme", "a-1").await.unwrap().unwrap();
    assert!(changed && cancelled.state == State::Cancelled);
    let (id, key, task) = ("third".to_owned(), "third".to_owned(), witness(b"third"));
    q.submit(&New { id, key, task, ..taken.clone() }).await;
    q.db.save_tenant("acme", 2).await.unwrap();
    assert_eq!(q.db.submit(&new("b", 1)).await.unwrap(), Submitted::Quota(2));
    let filter = Filter { limit: 2, ..Filter::default() };
    assert_eq!(q.db.jobs("acme", &filter).await.unwrap().len(), 2);
    assert!(q.db.jobs("nobody", &filter).await.unwrap().is_empty());
    assert!(q.db.cancel("nobody", "third").await.unwrap().is_none());
}

#[tokio::test]
async fn an_attempt_that_is_over_writes_nothing() {
    let q = Queue::new().await;
    q.submit(&new("a", 1)).await;
    let (id, first) = q.claimed().await;
    // The lease ends: the job is queued again, and the old attempt is shut out of everything.
    q.db.renew(&id, first, -1, "fft", 100, None).await.unwrap();
    assert_eq!(q.db.reap(POLICY).await.unwrap(), 1);
    let shut_out = |attempt: i64| {
        let (q, id) = (&q, &id);
        async move {
            let renewed = q.db.renew(id, attempt, 60_000, "fft", 100, Some("fft")).await.unwrap();
            assert_eq!(renewed, Renewed::Lost);
            assert_eq!(q.done(id, attempt).await, Finished::Lost);
            assert_eq!(q.db.failed(id, attempt, "no").await.unwrap(), Finished::Lost);
        }
    };
    shut_out(first).await;
    let (_, second) = q.claimed().await;
    assert_eq!(second, first + 1);
    shut_out(first).await;
    assert_eq!(q.db.retry(&id, first, "no", POLICY).await.unwrap(), Finished::Lost);
    assert_eq!(q.db.give_back(&id, first).await.unwrap(), Finished::Lost);
    assert_eq!(q.done(&id, second).await, Finished::Written);
    // The same attempt, whose answer was lost, finds its own work.
    assert_eq!(q.done(&id, second).await, Finished::Before);
    assert_eq!(q.state(&id).await, State::Done);
    let kinds: Vec<String> =
        q.db.events(&id, 0).await.unwrap().into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["submitted", "claimed", "expired", "claimed", "done"]);
    assert!(!q.db.cancel("acme", &id).await.unwrap().unwrap().1);
}

#[tokio::test]
async fn failures_are_counted_and_giving_back_is_none() {
    let q = Queue::new().await;
    q.submit(&new("a", 1)).await;
    let (id, attempt) = q.claimed().await;
    assert_eq!(q.db.give_back(&id, attempt).await.unwrap(), Finished::Written);
    let (_, attempt) = q.claimed().await;
    assert_eq!(q.db.retry(&id, attempt, "store", POLICY).await.unwrap(), Finished::Written);
    let job = q.db.job("acme", &id).await.unwrap().unwrap();
    assert_eq!((job.attempt, job.failures, job.error.as_deref()), (2, 1, Some("store")));
    let (_, attempt) = q.claimed().await;
    q.db.retry(&id, attempt, "store again", POLICY).await.unwrap();
    assert_eq!(q.state(&id).await, State::Dead);
    assert!(q.claim().await.is_none());
    // It waits before it is tried again.
    q.submit(&new("b", 1)).await;
    let (id, attempt) = q.claimed().await;
    let slow = Policy { most_failures: 9, backoff_ms: 60_000 };
    q.db.retry(&id, attempt, "store", slow).await.unwrap();
    assert_eq!(q.state(&id).await, State::Queued);
    assert!(q.claim().await.is_none());
    // Witnesses of jobs at their end may go; the others stay.
    let stale = q.db.stale_witnesses(0).await.unwrap();
    assert_eq!(stale.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a-1"]);
    assert!(q.db.stale_witnesses(60_000).await.unwrap().is_empty());
    q.db.witness_gone("a-1").await.unwrap();
    assert!(q.db.stale_witnesses(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_that_ask_at_once_get_different_jobs() {
    let q = Queue::new().await;
    for i in 0..20 {
        q.submit(&new(&format!("n{i}"), 1)).await;
    }
    let claim = |_| {
        let db = q.db.clone();
        tokio::spawn(async move { db.claim("w", &["groth16/XS".to_owned()], 60_000).await })
    };
    let tasks: Vec<_> = (0..20).map(claim).collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap().unwrap().expect("a job").job.id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn tokens_are_hashed_and_scoped() {
    let q = Queue::new().await;
    let token = q.db.add_token("acme", &[Scope::Read]).await.unwrap();
    let caller = q.db.caller(&token).await.unwrap().unwrap();
    assert!(caller.tenant == "acme" && caller.may(Scope::Read) && !caller.may(Scope::Submit));
    let id = token.split('_').nth(1).unwrap().to_owned();
    for bad in [
        String::new(),
        token[..token.len() - 1].to_owned(),
        format!("meed_{id}_{}", "0".repeat(64)),
    ] {
        assert_eq!(q.db.caller(&bad).await.unwrap(), None);
    }
    assert!(q.db.add_token("nobody", &[Scope::Read]).await.is_err());
    assert!(q.db.revoke_token(&id).await.unwrap());
    assert!(!q.db.revoke_token(&id).await.unwrap());
    assert_eq!(q.db.caller(&token).await.unwrap(), None);
    // A second start changes nothing.
    q.db.migrate().await.unwrap();
    assert_eq!(q.db.tokens().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_database_of_an_earlier_version_keeps_its_jobs() {
    let q = Queue::new().await;
    q.submit(&new("a", 1)).await;
    // What the third version added is taken away again.
    let file = q._folder.path().join("q/queue.db");
    let pool = sqlx::AnyPool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    for text in ["ALTER TABLE jobs DROP COLUMN traceparent", "UPDATE meed_schema SET version = 2"] {
        sqlx::query(text).execute(&pool).await.unwrap();
    }
    pool.close().await;
    q.db.migrate().await.unwrap();
    let claimed = q.claim().await.expect("a job");
    assert_eq!((claimed.job.id.as_str(), claimed.task.traceparent), ("a-1", None));
}
