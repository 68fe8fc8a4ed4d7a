//! One process, SQLite, a folder: what the API says, and to whom.

use std::fs;

use super::http::call;
use super::lab::lab;
use super::processes::{ready, wait, Client, Deployment};

#[test]
fn epochs_are_proved_in_order_and_nothing_secret_is_left() {
    let (lab, _alone) = lab();
    let d = Deployment::new(lab, None);
    let token = d.token("acme", "submit,read,operate");
    let mut serve = d.start("serve", &[]);
    let address = serve.address();
    // Before the keys are tested, it is alive and not ready.
    assert_eq!(call(&address, "GET /health", &[], b"").unwrap().status, 200);
    ready(&address);
    let c = Client { address, token };

    // Epoch 2 waits for epoch 1; another network goes on.
    let second = c.queue("two", &lab.body("net", 2));
    let other = c.queue("other", &lab.body("other", 1));
    let done = c.until(&other, "done", 60);
    assert_eq!(c.job(&second)["state"], "queued");
    assert_eq!(done["attempt"], 1);
    let first = c.queue("one", &lab.body("net", 1));
    let (one, two) = (c.until(&first, "done", 60), c.until(&second, "done", 60));
    assert!(one["finished_at"].as_i64() <= two["started_at"].as_i64(), "{one:#} {two:#}");

    // The bundles are what `meed verify` takes.
    for (id, epoch) in [(&first, 1), (&second, 2), (&other, 1)] {
        lab.verify(&c.get(&format!("/v1/jobs/{id}/bundle")).expect(200).body, epoch);
    }

    // Its story, from the start and from the middle.
    let story = c.get(&format!("/v1/jobs/{first}/events"));
    let text = String::from_utf8(story.expect(200).body.clone()).unwrap();
    let at = |kind: &str| {
        text.find(&format!("event: {kind}")).unwrap_or_else(|| panic!("{kind}: {text}"))
    };
    assert!(
        at("submitted") < at("claimed") && at("claimed") < at("stage") && at("stage") < at("done")
    );
    let last = ("last-event-id", "1000000");
    let rest = c.try_call(&format!("GET /v1/jobs/{first}/events"), &[last], b"").unwrap();
    assert!(!String::from_utf8(rest.body).unwrap().contains("event: "));

    // The same request is the same job; another with its key is none.
    let again = c.submit("one", &lab.body("net", 1));
    assert_eq!(again.expect(200).json()["id"], first.as_str());
    assert_eq!(c.submit("one", &lab.body("net", 3)).expect(409).json()["code"], "idempotency_key");
    assert_eq!(c.submit("new", &lab.body("net", 1)).expect(409).json()["code"], "taken");

    let metrics = String::from_utf8(c.get("/metrics").expect(200).body.clone()).unwrap();
    for part in ["meed_jobs{state=\"done\"} 3", "meed_workers{state=\"ready\"} 1", "POST /v1/jobs"]
    {
        assert!(metrics.contains(part), "{part}: {metrics}");
    }
    let workers = c.get("/v1/workers").expect(200).json();
    assert_eq!(workers[0]["state"], "ready");

    let third = c.queue("three", &lab.body("net", 3));
    c.until(&third, "done", 60);

    // All of a network's bundles, verified together; a second time nothing is new.
    let key = lab.verifying_key();
    let fetch =
        ["service", "fetch", "--tenant", "acme", "--network", "net", "--out", "all", "--key"];
    for new in ["3 are new", "0 are new"] {
        let said = super::lab::meed(d.command(&fetch).arg(&key));
        assert!(
            said.contains("3 bundles of network net are valid") && said.contains(new),
            "{said}"
        );
    }
    super::lab::meed(&mut d.command(&["verify", "all/3", "--epoch", "3", "--key", &key]));

    // Witnesses are gone, and no secret is anywhere.
    wait("the witnesses' end", 20, || {
        d.stored().iter().all(|p| !p.to_string_lossy().contains("witness")).then_some(())
    });
    serve.signal("TERM");
    assert!(serve.ended(30).success());
    let body = lab.body("net", 1);
    let salt = body["files"]["salt"].as_str().unwrap().trim().to_owned();
    let secret = c.token.rsplit('_').next().unwrap().to_owned();
    for path in d.stored().into_iter().chain(["queue.db", "serve-1.log"].map(|n| d.path(n))) {
        let bytes = fs::read(&path).unwrap();
        for secret in [&salt, &secret, &"5a".repeat(32)] {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "a secret is in {}", path.display());
        }
    }
}

#[test]
fn no_token_no_entry_and_tenants_do_not_see_each_other() {
    let (lab, _alone) = lab();
    let d = Deployment::new(lab, None);
    let ours = d.token("ours", "submit,read");
    let theirs = d.token("theirs", "submit,read");
    let reader = d.token("ours", "read");
    let (_api, address) = d.api();
    let client = |token: &str| Client { address: address.clone(), token: token.to_owned() };
    let (ours, theirs, reader) = (client(&ours), client(&theirs), client(&reader));

    let id = ours.queue("k", &lab.body("net", 1));
    // The key and the network are the tenant's own.
    let other = theirs.queue("k", &lab.body("net", 1));
    assert_ne!(id, other);
    for path in
        [format!("/v1/jobs/{id}"), format!("/v1/jobs/{id}/events"), format!("/v1/jobs/{id}/bundle")]
    {
        theirs.get(&path).expect(404);
    }
    theirs.post(&format!("/v1/jobs/{id}/cancel")).expect(404);
    assert_eq!(theirs.jobs().len(), 1);
    assert_eq!(theirs.jobs()[0]["id"], other.as_str());
    assert_eq!(reader.job(&id)["state"], "queued");
    reader.post(&format!("/v1/jobs/{id}/cancel")).expect(403);
    reader.submit("r", &lab.body("net", 2)).expect(403);
    ours.get("/metrics").expect(403);
    ours.get("/v1/workers").expect(403);

    let mut wrong = ours.token.clone();
    wrong.replace_range(wrong.len() - 1.., if wrong.ends_with('0') { "1" } else { "0" });
    for token in ["", "x", &wrong, "meed__", &ours.token[..40]] {
        for path in ["/v1/jobs", "/metrics", "/v1/workers", &format!("/v1/jobs/{id}")] {
            client(token).get(path).expect(401);
        }
        client(token).submit("k", &lab.body("net", 1)).expect(401);
    }
    let revoked = ours.token.split('_').nth(1).unwrap();
    super::lab::meed(&mut d.command(&["service", "token", "revoke", revoked]));
    ours.get("/v1/jobs").expect(401);

    // What is not a submission.
    let raw =
        |key: &[(&str, &str)], body: &[u8]| theirs.try_call("POST /v1/jobs", key, body).unwrap();
    let key = [("idempotency-key", "z")];
    raw(&[], lab.body("n", 1).to_string().as_bytes()).expect(400);
    raw(&key, b"{").expect(400);
    // It is not read to its end: the connection may break before the answer is read.
    if let Ok(reply) = theirs.try_call("POST /v1/jobs", &key, &[b' '; 200_000]) {
        reply.expect(413);
    }
    let mut bad = lab.body("n", 1);
    bad["files"]["events"] = "id,fee,service,model\nxyz,1,svc,mod\n".into();
    let said = theirs.submit("bad", &bad).expect(422).json();
    assert!(said["message"].as_str().unwrap().contains("events.csv, line 2"), "{said}");
    let mut bad = lab.body("n", 1);
    bad["files"]["salt"] = "00".repeat(31).into();
    let said = theirs.submit("bad", &bad).expect(422).json();
    assert!(said["message"].as_str().unwrap().contains("scores_root"), "{said}");
    for (field, value) in
        [("network", "a/b".into()), ("priority", 101.into()), ("nosuch", 1.into())]
    {
        let mut bad = lab.body("n", 1);
        bad[field] = value;
        theirs.submit("bad", &bad).expect(400);
    }
    // As many open jobs as allowed, and no more.
    super::lab::meed(&mut d.command(&["service", "tenant", "theirs", "--most-open", "2"]));
    theirs.queue("q", &lab.body("n", 1));
    theirs.submit("r", &lab.body("m", 1)).expect(429);
    let cancelled = theirs.post(&format!("/v1/jobs/{other}/cancel"));
    assert_eq!(cancelled.expect(200).json()["state"], "cancelled");
    theirs.post(&format!("/v1/jobs/{other}/cancel")).expect(200);
    theirs.queue("r", &lab.body("m", 1));
}

#[test]
fn a_newer_database_is_refused() {
    let (lab, _alone) = lab();
    let d = Deployment::new(lab, None);
    d.token("acme", "read");
    let python = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); \
                  c.execute('update meed_schema set version = 99'); c.commit()";
    let path = d.path("queue.db");
    let done = std::process::Command::new("python3").args(["-c", python]).arg(path).status();
    assert!(done.expect("Python").success());
    let output = d.command(&["serve"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    let parts = ["expected schema version", "or older, got 99"];
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
}
