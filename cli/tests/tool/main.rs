//! The built program, driven as a user drives it.
#![allow(clippy::print_stderr, reason = "tests tell what the program said")]

mod audit;
mod bad_input;
mod disk;
mod exports;
mod flow;
mod halo2;
mod pages;
mod ptau;
mod quality;
mod similar;
mod what_if;
mod world;
