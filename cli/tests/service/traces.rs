//! Traces: one tree from the client's request to the stages of the proof, and nothing secret in it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::collector::{text, Collector, Seat};
use super::lab::{lab, meed};
use super::processes::{Client, Deployment};

/// The client's trace and span.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

impl Client {
    fn queue_in(&self, traceparent: &str, key: &str, body: &Value) -> String {
        let headers = [("idempotency-key", key), ("traceparent", traceparent)];
        let reply = self.try_call("POST /v1/jobs", &headers, body.to_string().as_bytes());
        let job = reply.expect("an answer").expect(201).json();
        job["id"].as_str().expect("a name").to_owned()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn of_trace<'a>(spans: &'a [Seat], trace: &str) -> Vec<&'a Seat> {
    spans.iter().filter(|seat| hex(&seat.span.trace_id) == trace).collect()
}

/// The one span of this name.
#[track_caller]
fn one<'a>(spans: &[&'a Seat], name: &str) -> &'a Seat {
    let found: Vec<_> = spans.iter().filter(|seat| seat.span.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {spans:#?}");
    found[0]
}

#[test]
fn a_job_is_one_trace_and_nothing_secret_is_in_it() {
    let (lab, _alone) = lab();
    let collector = Collector::start(true);
    let d = Deployment::new(lab, None)
        .with("TRACE__ENDPOINT", &collector.url())
        .with("TRACE__HEADERS", "x-collector-key=Bearer%20hunter2hunter2");
    let token = d.token("acme", "submit,read");
    let (mut api, address) = d.api();
    let mut worker = d.worker(&[]);
    let c = Client { address, token };
    let traced = c.queue_in(&format!("00-{TRACE}-{SPAN}-01"), "one", &lab.body("net", 1));
    // This one's caller does not want it recorded.
    let unwanted = TRACE.replace('0', "1");
    let quiet = c.queue_in(&format!("00-{unwanted}-{SPAN}-00"), "quiet", &lab.body("other", 1));
    // And this one's has no trace: it is the root of its own.
    let alone = c.queue("alone", &lab.body("alone", 1));
    for id in [&traced, &quiet, &alone] {
        c.until(id, "done", 60);
    }
    c.get("/health").expect(200);
    for process in [&mut api, &mut worker] {
        process.signal("TERM");
        assert!(process.ended(30).success());
    }

    let all = collector.spans();
    let spans = of_trace(&all, TRACE);
    let request = one(&spans, "POST /v1/jobs");
    assert_eq!(hex(&request.span.parent_span_id), SPAN);
    assert_eq!(request.process, "meed-serve");
    assert_eq!(text(&request.span.attributes, "http.response.status_code"), "201");
    let attempt = one(&spans, "attempt");
    assert_eq!(attempt.span.parent_span_id, request.span.span_id);
    assert_eq!(attempt.process, "meed-worker");
    let stages: Vec<_> =
        spans.iter().filter(|seat| seat.span.parent_span_id == attempt.span.span_id).collect();
    let names: Vec<_> = stages.iter().map(|seat| seat.span.name.as_str()).collect();
    assert_eq!(names[..3], ["fetch", "settle", "witness"], "{names:?}");
    assert_eq!(names[names.len() - 2..], ["publish", "write"], "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("msm")), "{names:?}");
    // Nothing else belongs to the trace, and each stage is within the attempt.
    assert_eq!(spans.len(), stages.len() + 2, "{spans:#?}");
    for Seat { span, .. } in stages.iter().copied().chain([&attempt]) {
        assert!(span.start_time_unix_nano >= attempt.span.start_time_unix_nano);
        assert!(span.end_time_unix_nano <= attempt.span.end_time_unix_nano);
        let said = ["meed.job.id", "meed.network", "meed.epoch", "meed.circuit"];
        let expected = [&traced, "net", "1", "groth16/XS"];
        assert_eq!(said.map(|name| text(&span.attributes, name)), expected);
        assert_eq!(text(&span.attributes, "meed.job.attempt"), "1");
        assert_eq!(text(&span.attributes, "meed.outcome"), "done");
    }

    assert!(of_trace(&all, &unwanted).is_empty());
    let root = all.iter().find(|seat| {
        let about = &seat.span.attributes;
        seat.span.name == "attempt" && text(about, "meed.job.id") == alone
    });
    let root = root.expect("the third job's attempt");
    let own = of_trace(&all, &hex(&root.span.trace_id));
    assert!(one(&own, "POST /v1/jobs").span.parent_span_id.is_empty());
    assert!(all.iter().all(|seat| !seat.span.name.contains("health")));

    // Headers reach the collector, and nothing else.
    let (heads, bodies) = collector.seen(|seen| (seen.heads.clone(), seen.bodies.concat()));
    assert!(
        heads.to_ascii_lowercase().contains("x-collector-key: bearer hunter2hunter2"),
        "{heads}"
    );
    let shown = meed(&mut d.command(&["service", "config"]));
    assert!(shown.contains("headers = \"(set)\""), "{shown}");
    for text in [&shown, &api.log(), &worker.log()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let files = lab.body("net", 1)["files"].clone();
    let lines = |name: &str| -> Vec<String> {
        let text = files[name].as_str().expect("a file");
        text.lines().skip(usize::from(name != "salt")).map(str::to_owned).collect()
    };
    let secret = c.token.rsplit('_').next().expect("a secret").to_owned();
    let mut secrets =
        vec![secret, "5a".repeat(32), "hunter2".to_owned(), lab.body("net", 1).to_string()];
    secrets.extend(lines("salt").into_iter().chain(lines("records")));
    assert!(secrets.len() > 6, "records are among them");
    for secret in secrets {
        let found = bodies.windows(secret.len()).any(|w| w == secret.as_bytes());
        assert!(!secret.is_empty() && !found, "a secret is in a span: {secret:?}");
    }
}

#[test]
fn a_collector_that_does_not_answer_stops_nothing() {
    let (lab, _alone) = lab();
    for (what, collector) in [("silent", Some(Collector::start(false))), ("away", None)] {
        // Nobody listens at port 1.
        let url = collector.as_ref().map_or("http://127.0.0.1:1".to_owned(), Collector::url);
        let d = Deployment::new(lab, None)
            .with("TRACE__ENDPOINT", &url)
            .with_variable("OTEL_BSP_SCHEDULE_DELAY", "100");
        let token = d.token("acme", "submit,read");
        let mut serve = d.start("serve", &[]);
        let address = serve.address();
        super::processes::ready(&address);
        let c = Client { address, token };
        let ids: Vec<_> =
            (0..3).map(|i| c.queue(&format!("k{i}"), &lab.body(&format!("n{i}"), 1))).collect();
        for id in &ids {
            let job = c.until(id, "done", 60);
            assert_eq!((job["attempt"].as_i64(), job["failures"].as_i64()), (Some(1), Some(0)));
        }
        let stopping = Instant::now();
        serve.signal("TERM");
        assert!(serve.ended(30).success());
        let took = stopping.elapsed();
        eprintln!("a collector that is {what}: the end took {:.1} s", took.as_secs_f64());
        assert!(took < Duration::from_secs(20), "{took:?}");
        let log = serve.log();
        assert!(log.contains("takes no spans") && log.contains("\"stopped\""), "{log}");
        let told = log.lines().filter(|line| line.contains("takes no spans")).count();
        assert_eq!(told, 1, "{log}");
    }
}
