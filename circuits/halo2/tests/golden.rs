//! The layout of each shape, pinned: rows by clause and track, columns, gates, copies.
//!
//! `MEED_WRITE_GOLDEN=1 cargo test --release -p meed-halo2 --test golden` writes the files anew.

mod common;

use meed_halo2::Circuit;
use meed_statement::shape::SHAPES;
use std::fmt::Write;

#[test]
fn shapes_are_pinned() {
    for shape in SHAPES {
        let circuit = Circuit::new(shape);
        let d = circuit.dimensions();
        let mut text = format!("shape {}\nk: {}\n", shape.name, circuit.k());
        let (mut main, mut range) = (0, 0);
        for (clause, rows) in circuit.costs() {
            let meed_halo2::Rows { arithmetic, poseidon, range: limbs } = rows;
            writeln!(text, "{clause}: {arithmetic} arithmetic, {poseidon} Poseidon, {limbs} limbs")
                .unwrap();
            main += arithmetic + poseidon;
            range += limbs;
        }
        writeln!(text, "rows: {main} main, {range} range").unwrap();
        writeln!(text, "columns: {} advice, {} fixed", d.advice, d.fixed).unwrap();
        writeln!(text, "copies: {} in {} columns", d.copies, d.copied).unwrap();
        writeln!(text, "constraints: {} of degree {} at most", d.constraints, d.degree).unwrap();
        writeln!(text, "lookups: {}", d.lookups).unwrap();
        let digest = circuit.digest().map(|byte| format!("{byte:02x}")).concat();
        writeln!(text, "digest: {digest}").unwrap();
        common::golden(&format!("{}.txt", shape.name), &text);
        assert_eq!(d.degree, 5, "from degree 6 on, proofs cost almost twice as much");
        let k = [15, 16, 19][SHAPES.iter().position(|s| *s == shape).unwrap()];
        assert_eq!(circuit.k(), k, "one row over a power of two costs twice as much");
    }
}
