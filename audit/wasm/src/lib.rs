//! What a report page checks by itself, as a WebAssembly module: the proof under its key, and the roots of
//! what the page shows.
//!
//! Bytes in, a number out: [`message`] has the formats, [`code`] the numbers. The page asks for memory with
//! `meed_alloc`, writes one message into it, calls a function with its address and length, and reads what
//! the function wrote over the message's start. Whatever a message holds, no function traps.

#[path = "../../../verifier/wasm/src/code.rs"]
pub mod code;
pub mod host;
pub mod message;
