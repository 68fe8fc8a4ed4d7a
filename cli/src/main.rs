//! `meed`.
fn main() {}
