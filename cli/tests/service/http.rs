//! A small HTTP client: one request a connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

/// Makes a request and reads the answer to its end.
pub(crate) fn call(
    address: &str,
    line: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut head = format!("{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes())?;
    // A body that is refused is not read to its end.
    let written = stream.write_all(body);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => return Err(written.err().unwrap_or(error)),
        _ => {}
    }
    let broken = || io::Error::other("the answer broke off");
    let split = answer.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(broken)?;
    let text = String::from_utf8_lossy(&answer[..split]).to_ascii_lowercase();
    let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(broken)?;
    let body = answer[split + 4..].to_vec();
    let length = text.lines().find_map(|l| l.strip_prefix("content-length: "));
    if length.is_some_and(|l| l.parse() != Ok(body.len())) {
        return Err(broken());
    }
    Ok(Reply { status, body })
}
