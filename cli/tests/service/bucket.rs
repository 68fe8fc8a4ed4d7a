//! A store that speaks S3, and the way to it, which can be cut.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::child::Running;
use super::http::call;
use super::processes::wait;
use super::python::python;
use super::wire::pass;

/// An S3 server with one bucket. It keeps everything in memory, so it is not stopped: what comes and
/// goes is the way to it.
pub(crate) struct Bucket {
    _server: Running,
    address: String,
    way: Arc<Way>,
    port: u16,
}

#[derive(Default)]
struct Way {
    cut: AtomicBool,
    /// Everything that was sent to the store.
    sent: Mutex<Vec<u8>>,
    open: Mutex<Vec<TcpStream>>,
}

/// The bucket's name.
pub(crate) const NAME: &str = "artefacts";

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    listener.expect("a port").port()
}

impl Bucket {
    pub(crate) fn start() -> Self {
        let own = free_port();
        let mut server = python();
        server.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &own.to_string()]);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Running::start(&mut server);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let way = Arc::new(Way::default());
        let address = format!("127.0.0.1:{own}");
        let bucket =
            Self { _server: server, address: address.clone(), way: Arc::clone(&way), port };
        wait("the bucket", 60, || {
            let made = call(&address, &format!("PUT /{NAME}"), &[], b"").ok()?;
            (made.status == 200).then_some(())
        });
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if !way.cut.load(Ordering::SeqCst) {
                    let _ = way.lead(stream, &address);
                }
            }
        });
        bucket
    }

    /// Where the program finds it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Cuts the way, connections in use among it, or mends it.
    pub(crate) fn cut(&self, cut: bool) {
        self.way.cut.store(cut, Ordering::SeqCst);
        let mut open = self.way.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Everything that the program has sent to it.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.way.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names of all artefacts.
    pub(crate) fn names(&self) -> Vec<String> {
        let reply = call(&self.address, &format!("GET /{NAME}?list-type=2"), &[], b"");
        let text = String::from_utf8(reply.expect("a list").expect(200).body.clone());
        let text = text.expect("XML");
        let keys = text.split("<Key>").skip(1);
        let names = keys.map(|rest| rest.split("</Key>").next().expect("a name").to_owned());
        names.filter(|name| name.contains("/witness/") || name.contains("/bundle/")).collect()
    }

    /// Replaces an object, behind the program's back.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        // It demands a signature for what is there already, and does not check it.
        let signed = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=0";
        let headers = [("authorization", signed)];
        let reply = call(&self.address, &format!("PUT /{NAME}/{name}"), &headers, bytes);
        reply.expect("an answer").expect(200);
    }
}

impl Way {
    /// Passes a connection on, in both directions, until one of them ends.
    fn lead(self: &Arc<Self>, from: TcpStream, to: &str) -> std::io::Result<()> {
        let to = TcpStream::connect(to)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(from.try_clone()?);
        drop(open);
        let ((a, b), (c, d)) = ((from.try_clone()?, to.try_clone()?), (to, from));
        let way = Arc::clone(self);
        std::thread::spawn(move || {
            pass(&a, &b, |bytes| {
                way.sent.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
                true
            });
        });
        std::thread::spawn(move || pass(&c, &d, |_| true));
        Ok(())
    }
}
