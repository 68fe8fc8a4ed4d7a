//! The example's client: what is generated is current, and the program does a job with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::lab::{lab, meed};
use super::processes::{wait, Client, Deployment};
use super::python::{python, root, skipped};

/// The files below a folder, by name; what Python leaves there is none of them.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && name != "__pycache__" && name != ".ruff_cache" {
            all.extend(files(&path).into_iter().map(|(n, text)| (format!("{name}/{n}"), text)));
        } else if name.ends_with(".py") {
            all.insert(name, fs::read_to_string(&path).expect("a file"));
        }
    }
    all
}

#[test]
fn the_generated_client_is_current() {
    if skipped() {
        return;
    }
    let (_lab, _alone) = lab();
    let folder = tempfile::tempdir().expect("a folder");
    let made = folder.path().join("meed_client");
    let example = root().join("examples/service-client");
    let mut generator = python();
    generator.args(["-m", "openapi_python_client", "generate", "--meta", "none"]);
    generator.arg("--fail-on-warning").arg("--path").arg(root().join("service/openapi.json"));
    generator.arg("--config").arg(example.join("generator.yml"));
    meed(generator.arg("--output-path").arg(&made).current_dir(folder.path()));
    let (made, kept) = (files(&made), example.join("meed_client"));
    assert!(made.contains_key("api/jobs/submit_job.py"), "{:?}", made.keys());
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some_and(|value| value == "1") {
        if kept.exists() {
            fs::remove_dir_all(&kept).expect("old files that can be removed");
        }
        for (name, text) in &made {
            let path = kept.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
    }
    let there = files(&kept);
    let names = made.keys().chain(there.keys());
    let stale: Vec<_> = names.filter(|name| made.get(*name) != there.get(*name)).collect();
    assert!(
        stale.is_empty(),
        "examples/service-client/meed_client is not what service/openapi.json says ({stale:?}): run \
         MEED_WRITE_GOLDEN=1 cargo test --release -p meed --test service generated_client"
    );
}

#[test]
fn the_examples_client_can_be_interrupted() {
    if skipped() {
        return;
    }
    let (lab, _alone) = lab();
    let d = Deployment::new(lab, None);
    let token = d.token("acme", "submit,read");
    let (_api, address) = d.api();
    let c = Client { address, token };
    fs::write(d.path("body.json"), lab.body("net", 1).to_string()).expect("a file");
    let program = root().join("examples/service-client/client.py");
    let run = || -> Command {
        let mut run = python();
        run.arg(&program).arg(format!("http://{}", c.address)).arg(d.path("body.json"));
        run.arg(d.path("1.tar")).env("MEED_TOKEN", &c.token);
        run
    };
    // It is killed while it follows the job, which nobody proves yet.
    let mut killed = run().stdout(Stdio::null()).spawn().expect("Python");
    let queued = wait("the client's job", 60, || c.jobs().into_iter().next());
    killed.kill().expect("it runs");
    killed.wait().expect("it ends");

    // Another run finds the same job, and fetches the bundle whole.
    let _worker = d.worker(&[]);
    for _ in 0..2 {
        let said = meed(&mut run());
        let id = queued["id"].as_str().expect("a name");
        assert!(said.contains(id) && said.contains("submitted") && said.contains("done"), "{said}");
        lab.verify(&fs::read(d.path("1.tar")).expect("a bundle"), 1);
        fs::remove_file(d.path("1.tar")).expect("a file");
    }
    assert_eq!(c.jobs().len(), 1);

    // What the service refuses, it names, and leaves no file.
    let mut bad = lab.body("net", 2);
    bad["files"]["events"] = "id,fee,service,model\nxyz,1,svc,mod\n".into();
    fs::write(d.path("body.json"), bad.to_string()).expect("a file");
    let output = run().output().expect("Python");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("422") && said.contains("events.csv, line 2"), "{said}");
    assert!(!said.contains(c.token.as_str()) && !d.path("1.tar").exists(), "{said}");
}
