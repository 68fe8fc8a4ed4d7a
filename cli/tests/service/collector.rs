//! A collector of traces: OTLP over HTTP, as much of it as a test needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// What came in, byte by byte.
#[derive(Default)]
pub(crate) struct Seen {
    /// Requests' lines and headers.
    pub(crate) heads: String,
    /// Requests' bodies.
    pub(crate) bodies: Vec<Vec<u8>>,
}

pub(crate) struct Collector {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

/// A span, and the process that it is of.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) process: String,
    pub(crate) span: Span,
}

impl Collector {
    /// One that answers, or one that takes connections and says nothing.
    pub(crate) fn start(answers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, answers, &seen));
            }
        });
        Self { port, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All spans, in the order of their starts.
    pub(crate) fn spans(&self) -> Vec<Seat> {
        let bodies = self.seen(|seen| seen.bodies.clone());
        let mut all = Vec::new();
        for body in bodies {
            let request = ExportTraceServiceRequest::decode(&body[..]).expect("OTLP");
            for of_process in request.resource_spans {
                let attributes = of_process.resource.map(|r| r.attributes).unwrap_or_default();
                let process = text(&attributes, "service.name");
                let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
                all.extend(spans.map(|span| Seat { process: process.clone(), span }));
            }
        }
        all.sort_by_key(|seat| seat.span.start_time_unix_nano);
        all
    }
}

/// An attribute, as text.
#[track_caller]
pub(crate) fn text(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|a| a.key == name).and_then(|a| a.value.clone());
    match found.and_then(|v| v.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{name}: {other:?} in {attributes:?}"),
    }
}

fn serve(stream: TcpStream, answers: bool, seen: &Mutex<Seen>) -> Option<()> {
    let mut answer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let from = head.len();
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
            let line = head[from..].to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.heads.push_str(&head);
        seen.bodies.push(body);
        drop(seen);
        if answers {
            let said = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\
                        content-length: 0\r\n\r\n";
            answer.write_all(said.as_bytes()).ok()?;
        }
    }
}
