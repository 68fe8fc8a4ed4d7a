//! PostgreSQL, an S3-compatible store, the API and a worker as processes of their own.

use std::time::{Duration, Instant};

use super::bucket::{Bucket, NAME};
use super::lab::{lab, Lab};
use super::postgres::{self, Postgres};
use super::processes::{each_done_once, wait, Client, Deployment, Process};
use super::python;

const KEY_ID: &str = "AKIDOFTHETEST";
const SECRET: &str = "secretofthetest0123456789";

struct World {
    _postgres: Postgres,
    bucket: Bucket,
    d: Deployment,
    api: Process,
    c: Client,
}

fn world(lab: &Lab) -> World {
    let (postgres, bucket) = (Postgres::start(), Bucket::start());
    let d = Deployment::new(lab, Some(postgres.url()))
        .with("STORE__S3__BUCKET", NAME)
        .with("STORE__S3__REGION", "us-east-1")
        .with("STORE__S3__ENDPOINT", &bucket.url())
        .with("STORE__S3__PREFIX", "meed/test")
        .with("STORE__S3__ALLOW_HTTP", "true")
        .with("WORKER__MOST_FAILURES", "2")
        .with_variable("AWS_ACCESS_KEY_ID", KEY_ID)
        .with_variable("AWS_SECRET_ACCESS_KEY", SECRET);
    let token = d.token("acme", "submit,read");
    let (api, address) = d.api();
    World { _postgres: postgres, bucket, d, api, c: Client { address, token } }
}

fn left_out() -> bool {
    postgres::skipped() || python::skipped()
}

#[test]
fn a_job_is_done_through_s3_and_its_credentials_are_not_told() {
    let (lab, _alone) = lab();
    if left_out() {
        return;
    }
    let World { bucket, d, api, c, .. } = &world(lab);
    let worker = d.worker(&[]);
    let id = c.queue("k", &lab.body("net", 1));
    let job = c.until(&id, "done", 60);
    lab.verify(&c.get(&format!("/v1/jobs/{id}/bundle")).expect(200).body, 1);
    each_done_once(d, &[id]);
    // The bundle is there by its digest, the witness is gone, and the folder was not used.
    let sha256 = job["bundle_sha256"].as_str().expect("a digest");
    let expected = format!("meed/test/bundle/{}/{sha256}", &sha256[..2]);
    wait("the witness's end", 20, || (bucket.names() == [expected.as_str()]).then_some(()));
    assert!(d.stored().is_empty());

    // Requests are signed; the key itself is sent nowhere and told to nobody.
    let sent = String::from_utf8_lossy(&bucket.sent()).into_owned();
    assert!(sent.contains(&format!("Credential={KEY_ID}/")), "signed by another");
    let settings = super::lab::meed(&mut d.command(&["service", "config"]));
    for text in [&sent, &api.log(), &worker.log(), &settings] {
        assert!(!text.contains(SECRET), "{text}");
    }
    // A file of settings has no place for it.
    let file = d.path("service.toml");
    let text = format!("[store.s3]\nsecret_access_key = \"{SECRET}\"\n");
    std::fs::write(&file, text).expect("a file");
    let output = d.command(&["service", "config", "--config"]).arg(&file).output();
    let output = output.expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && !said.contains(SECRET), "{said}");
    assert!(said.contains("secret_access_key"), "{said}");
}

#[test]
fn a_store_that_goes_away_and_comes_back_costs_no_proof() {
    let (lab, _alone) = lab();
    if left_out() {
        return;
    }
    let World { bucket, d, c, .. } = &world(lab);
    let _worker = d.worker(&[]);
    let id = c.queue("k", &lab.body("net", 1));
    c.until_proving(&id);
    bucket.cut(true);
    wait("the proof's end", 60, || (c.job(&id)["stage"] == "publish").then_some(()));
    // Nothing can be submitted meanwhile; whoever asks hears so, and asks again.
    let asked = Instant::now();
    let refused = c.submit("other", &lab.body("other", 1));
    assert_eq!(refused.expect(503).json()["code"], "unavailable");
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    let job = c.job(&id);
    assert_eq!((&job["state"], &job["stage"]), (&"running".into(), &"publish".into()), "{job:#}");
    bucket.cut(false);
    // The worker waits between its tries, longer each time.
    let job = c.until(&id, "done", 90);
    assert_eq!((job["attempt"].as_i64(), job["failures"].as_i64()), (Some(1), Some(0)), "{job:#}");
    lab.verify(&c.get(&format!("/v1/jobs/{id}/bundle")).expect(200).body, 1);
    let other = c.queue("other", &lab.body("other", 1));
    c.until(&other, "done", 60);
    each_done_once(d, &[id, other]);
}

#[test]
fn an_object_that_is_not_what_was_put_there_is_named() {
    let (lab, _alone) = lab();
    if left_out() {
        return;
    }
    let World { bucket, d, api, c, .. } = &world(lab);
    // A witness that was cut short; the other network's is whole.
    let short = c.queue("short", &lab.body("a", 1));
    let names = bucket.names();
    let [witness] = &names[..] else { panic!("one witness: {names:?}") };
    bucket.put(witness, &[0; 100]);
    let whole = c.queue("whole", &lab.body("b", 1));
    let worker = d.worker(&[]);
    let dead = c.until(&short, "dead", 60);
    let error = dead["error"].as_str().expect("a reason");
    let digest = witness.rsplit('/').next().expect("a digest");
    assert!(error.contains(&format!("artefact witness/{digest}: bytes: expected ")), "{error}");
    assert!(error.ends_with("got 100"), "{error}");
    let done = c.until(&whole, "done", 60);
    drop(worker);

    // A bundle, of another length and with other bytes.
    let digest = done["bundle_sha256"].as_str().expect("a digest").to_owned();
    let length = done["bundle_bytes"].as_u64().expect("a length") as usize;
    let path = format!("/v1/jobs/{whole}/bundle");
    let name = format!("meed/test/bundle/{}/{digest}", &digest[..2]);
    for (bytes, what) in [(vec![0; length - 1], "bytes"), (vec![0; length], "SHA-256")] {
        bucket.put(&name, &bytes);
        assert_eq!(c.get(&path).expect(503).json()["code"], "unavailable");
        let told = format!("artefact bundle/{digest}: {what}: expected ");
        assert!(api.log().contains(&told), "{told}: {}", api.log());
    }
}
