//! Pages of several epochs: as files, and from the server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use meed_audit::page::{Site, INDEX};
use meed_audit::serve::serve;
use meed_audit::view::View;
use meed_ledger::receipt::Show;
use meed_statement::settle::settle;
use meed_statement::synthetic::{epoch, Spec};

fn site() -> Site {
    let spec = Spec { assets: 9, events: 3, records: 20, owners: 4, state: 5, skew: 0.0, seed: 2 };
    let show = Show::token(2, "<b>X").unwrap();
    let view = |number: u64| {
        let mut inputs = epoch(&spec);
        inputs.epoch = number;
        let names = vec!["</script>".to_owned(); 9];
        let trace = settle(&inputs).unwrap();
        (number, View::operator(&inputs, &trace, &names, None, &show).unwrap())
    };
    Site::new([view(2), view(1), view(11)], &show)
}

#[test]
fn each_page_knows_all_epochs_and_the_list_names_them() {
    let site = site();
    assert_eq!(site.epochs().collect::<Vec<_>>(), [1, 2, 11]);
    for view in site.views() {
        let epochs: Vec<String> = view.trend.iter().map(|row| row.epoch.to_string()).collect();
        assert_eq!(epochs, ["1", "2", "11"]);
    }
    let index = site.file(INDEX).unwrap().unwrap();
    let at = |name: &str| index.find(name).unwrap_or_else(|| panic!("{name} is not in the list"));
    assert!(at("epoch-1.html") < at("epoch-2.html") && at("epoch-2.html") < at("epoch-11.html"));
    assert!(index.contains("&lt;b&gt;X") && !index.contains("<b>"));
    assert!(!index.contains("<script"));
    assert_eq!(index.matches("<td class=\"nowrap\">none</td>").count(), 3);
    for name in ["", "epoch-3.html", "epoch-01.html", "epoch-.html", "../Cargo.toml", "epoch-1"] {
        assert!(site.file(name).unwrap().is_none(), "{name}");
    }
    assert!(site.file("NOTICE.txt").unwrap().unwrap().contains("d3-sankey"));
}

#[test]
fn files_appear_together_in_a_new_folder() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("pages");
    site().write(&folder).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = ["NOTICE.txt", "epoch-1.html", "epoch-11.html", "epoch-2.html", "index.html"];
    assert_eq!(names, expected);
    assert!(site().write(&folder).is_err(), "what is there stays");
}

struct Running {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<()>>,
}

fn start() -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let thread =
        std::thread::spawn(move || serve(listener, site(), move || flag.load(Ordering::SeqCst)));
    Running { address, stop, thread }
}

/// The answer to a request: head in lower case, and body.
fn ask(address: SocketAddr, method: &str, path: &str, host: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

#[test]
fn the_server_answers_for_its_pages_and_for_nothing_else() {
    let running = start();
    let get = |path: &str| ask(running.address, "GET", path, &running.address.to_string());
    let (head, body) = get("/");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(body.contains("epoch-11.html"));
    for header in [
        "content-type: text/html; charset=utf-8",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "referrer-policy: no-referrer",
        "frame-ancestors 'none'",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    let (head, body) = get("/epoch-2.html");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(body.contains("Epoch 2 - Meed") && body.ends_with("</html>\n"));
    for path in ["/epoch-3.html", "/a/b", "/..%2f..%2fCargo.toml", "/%00"] {
        assert!(get(path).0.starts_with("http/1.1 404"), "{path}");
    }
    let local = running.address.to_string();
    assert!(ask(running.address, "POST", "/", &local).0.starts_with("http/1.1 405"));
    let (head, body) = ask(running.address, "HEAD", "/", &local);
    assert!(head.starts_with("http/1.1 200") && body.is_empty());
    for host in ["evil.example", "localhost.evil.example:80"] {
        let (head, body) = ask(running.address, "GET", "/epoch-1.html", host);
        assert!(head.starts_with("http/1.1 421"), "{head}");
        assert!(!body.contains("0x"));
    }
    running.stop.store(true, Ordering::SeqCst);
    running.thread.join().unwrap().unwrap();
}

#[test]
fn the_server_stops_although_a_connection_is_open() {
    let running = start();
    let mut idle = TcpStream::connect(running.address).unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let begun = Instant::now();
    running.stop.store(true, Ordering::SeqCst);
    running.thread.join().unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(TcpStream::connect(running.address).is_err());
}
