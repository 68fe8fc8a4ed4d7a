//! The constraints of each shape, pinned: counts by clause, sizes, and the circuit's digest.
//!
//! `MEED_WRITE_GOLDEN=1 cargo test --release -p meed-circuits --test golden` writes the files anew.

use meed_circuits::r1cs::circuit::{Circuit, PUBLIC_INPUTS};
use meed_statement::shape::SHAPES;
use std::fmt::Write;
use std::path::Path;

#[test]
fn shapes_are_pinned() {
    for shape in SHAPES {
        let circuit = Circuit::new(shape);
        let m = circuit.matrices();
        let mut text = format!("shape {}\n", shape.name);
        for (clause, count) in circuit.costs() {
            writeln!(text, "{clause}: {count}").unwrap();
        }
        let terms = m.a.terms() + m.b.terms() + m.c.terms();
        writeln!(text, "constraints: {}", m.constraints()).unwrap();
        writeln!(text, "columns: {}", m.columns()).unwrap();
        writeln!(text, "terms: {terms}").unwrap();
        let digest: String = m.digest().iter().map(|b| format!("{b:02x}")).collect();
        writeln!(text, "digest: {digest}").unwrap();

        let name = format!("{}.txt", shape.name);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens").join(name);
        if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{}: {e}; MEED_WRITE_GOLDEN=1 writes it", path.display()));
        assert_eq!(text, golden, "the circuit changed; its keys are no longer valid");

        // One constraint under a power of two costs half of one over it.
        let domain = (m.constraints() + PUBLIC_INPUTS + 1).next_power_of_two();
        let bound = [1 << 16, 1 << 20, 1 << 22];
        assert!(bound.contains(&domain), "{}: domain {domain}", shape.name);
        if shape.name == "S" {
            assert!(m.constraints() <= 1_200_000);
        }
    }
}
