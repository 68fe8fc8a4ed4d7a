//! One direction of a connection that a test stands in.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

/// Passes on what comes, until one side ends or `look` says that a part does not pass. Both end then.
pub(crate) fn pass(mut from: &TcpStream, mut to: &TcpStream, mut look: impl FnMut(&[u8]) -> bool) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if !look(&bytes[..length]) || to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    for end in [from, to] {
        // The other direction may have closed it.
        let _ = end.shutdown(Shutdown::Both);
    }
}
