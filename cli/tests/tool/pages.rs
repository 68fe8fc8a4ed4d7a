//! Pages for browsers: what is in them. What they do is tested in a browser, see `audit/page/tests`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use super::world::{id, World};

const KEY: [&str; 2] = ["--key", "keys/meed-groth16-XS.vk.json"];
const BUNDLE: &str = "net/epochs/1/bundle";

/// One proved epoch of `net`. The scores are numbers that would be found.
fn proved() -> World {
    let w = World::new();
    w.run(&["setup", "XS", "--insecure-local"]).expect(0, &[]);
    w.events(&format!("{},1000,svc,mod\n{},500,svc,mod\n", id(1), id(2)));
    w.scores("0,a,10\n0,b,0.125\n1,a,2\n");
    w.import().expect(0, &["Imported epoch 1"]);
    w.net(&["commit"]).expect(0, &[]);
    w.net(&["settle"]).expect(0, &[]);
    w.net(&["prove"]).expect(0, &["Proved epoch 1"]);
    w
}

/// The data of a page; small data stands there as it is.
fn data(page: &str) -> serde_json::Value {
    let start = page.find("id=\"data\">").expect("a data block") + 10;
    let end = start + page[start..].find('<').expect("its end");
    serde_json::from_str(&page[start..end]).expect("JSON")
}

#[test]
fn pages_hold_what_their_reader_may_see() {
    let w = proved();
    let page = |name: &str| fs::read_to_string(w.path(name)).expect("the page");
    w.net(&["report", "--html", "a.html"]).expect(0, &["nothing in it is proved"]);
    assert!(data(&page("a.html"))["proof"].is_null());

    let with_bundle = ["report", "--bundle", BUNDLE, KEY[0], KEY[1]];
    w.net(&[&with_bundle[..], &["--html", "b.html"]].concat()).expect(0, &["and the proof"]);
    let view = data(&page("b.html"));
    assert_eq!(view["operator"]["assets"]["name"][0], "a");
    assert_eq!(view["proof"]["insecure"], true);

    // Without the project.
    w.run(&[&with_bundle[..], &["--public", "--html", "c.html"]].concat())
        .expect(0, &["with what the bundle says"]);
    let public = data(&page("c.html"));
    assert!(public["operator"].is_null());
    assert_eq!(public["words"], view["words"]);

    let salt = fs::read_to_string(w.path("net/epochs/1/salt.hex")).expect("the salt");
    for name in ["a.html", "b.html", "c.html"] {
        assert!(!page(name).contains(salt.trim().trim_start_matches("0x")), "{name}");
    }

    w.run(&["report", "--public", "--html", "d.html"]).expect(2, &["--bundle"]);
    w.net(&["report", "--html", "nosuch/d.html"]).expect(4, &["nosuch"]);
    // A page is replaced; the same epoch gives the same bytes.
    let before = page("b.html");
    w.net(&[&with_bundle[..], &["--html", "b.html"]].concat()).expect(0, &[]);
    assert_eq!(page("b.html"), before);
}

#[test]
fn an_audit_gives_pages_as_a_file_a_folder_and_a_server() {
    let w = proved();
    let audit = ["audit", BUNDLE, KEY[0], KEY[1]];
    w.run(&[&audit[..], &["--html", "one.html"]].concat()).expect(0, &["Wrote the pages"]);
    let view = data(&fs::read_to_string(w.path("one.html")).expect("the page"));
    assert!(view["operator"].is_null());
    let checks = view["audit"].as_array().expect("what the audit says");
    assert!(checks.iter().any(|check| check["name"] == "proof" && check["status"] == "passed"));

    // A key that is not given: the page cannot check the proof, and is told so.
    w.run(&["audit", BUNDLE, "--html", "keyless.html"]).expect(0, &[]);
    let view = data(&fs::read_to_string(w.path("keyless.html")).expect("the page"));
    assert!(view["proof"]["key"].is_null());
    assert_eq!(view["trend"][0]["proved"], false);

    w.net(&["audit", "--keys", "keys", "--html", "pages"]).expect(0, &["Wrote the pages"]);
    let view = data(&fs::read_to_string(w.path("pages/epoch-1.html")).expect("the page"));
    assert_eq!(view["operator"]["assets"]["name"][0], "a");
    w.net(&["audit", "--keys", "keys", "--public", "--html", "public"]).expect(0, &[]);
    let view = data(&fs::read_to_string(w.path("public/epoch-1.html")).expect("the page"));
    assert!(view["operator"].is_null());
    let checks = view["audit"].as_array().expect("what the audit says");
    assert!(checks
        .iter()
        .any(|check| check["status"] == "not_checked" && check["name"] == "operator"));
    assert!(checks.iter().all(|check| check["name"] != "scores"));
    w.net(&["audit", "--keys", "keys", "--html", "pages"]).expect(4, &["pages"]);

    let mut server = w
        .command(env!("CARGO_BIN_EXE_meed"), &[&audit[..], &["--serve", "127.0.0.1:0"]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(server.stderr.take().expect("it is piped")).lines();
    let address = lines.find_map(|line| {
        let line = line.expect("UTF-8");
        Some(line.strip_prefix("Pages at http://")?.split('/').next()?.to_owned())
    });
    let address = address.expect("the address");
    let mut stream = TcpStream::connect(&address).expect("it listens");
    write!(stream, "GET /epoch-1.html HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("</html>\n"));
    let interrupt = Command::new("kill").args(["-INT", &server.id().to_string()]).status();
    assert!(interrupt.expect("kill runs").success());
    assert_eq!(server.wait().expect("it ends").code(), Some(0));
}
