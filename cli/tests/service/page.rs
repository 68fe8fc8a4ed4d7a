//! The service's page, in a browser.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::lab::{lab, meed};
use super::processes::{ready, Client, Deployment};

#[test]
fn the_page_shows_jobs_workers_and_reports() {
    if std::env::var_os("MEED_SKIP_NODE").is_some_and(|value| value == "1") {
        eprintln!("skipped: MEED_SKIP_NODE=1");
        return;
    }
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    if !Path::new(&chromium).exists() {
        eprintln!("skipped: needs {chromium}");
        return;
    }
    let (lab, _alone) = lab();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    assert!(
        root.join("audit/page/node_modules/playwright-core").exists(),
        "run `npm ci` in audit/page/, or set MEED_SKIP_NODE=1"
    );
    let d = Deployment::new(lab, None);
    let token = d.token("acme", "submit,read,operate");
    let mut serve = d.start("serve", &[]);
    let address = serve.address();
    ready(&address);
    let c = Client { address, token };
    let id = c.queue("k", &lab.body("net", 1));
    c.queue("l", &lab.body("waits", 2));
    c.until(&id, "done", 60);
    let script = root.join("cli/tests/service/page.mjs");
    let said = meed(Command::new("node").arg(script).arg(&c.address).env("MEED_TOKEN", &c.token));
    let saw: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(saw["trouble"], Value::Array(Vec::new()), "{saw:#}");
    assert_eq!(saw["before"], false);
    assert_eq!(saw["refused"]["main"], false);
    assert_eq!(saw["counts"]["done"], "1", "{saw:#}");
    assert_eq!(saw["counts"]["queued"], "1");
    assert_eq!(saw["workers"][0], "ready");
    assert_eq!(saw["rows"][1][3], "done");
    assert_eq!(saw["report"]["title"], "net, epoch 1");
    assert!(saw["report"]["text"].as_str().is_some_and(|t| t.contains("INSECURE KEY")), "{saw:#}");
    assert!(saw["report"]["payouts"].as_array().is_some_and(|p| !p.is_empty()));
}
