//! `meed circuit`.

use anyhow::Result;
use meed_statement::clause::Clause;
use meed_statement::shape::{Shape, SHAPES};
use serde_json::{json, Value};

use crate::args::{self, ProofSystem};
use crate::keys::{build_circuit, build_halo2};
use crate::ui::{grouped, table, Report, Ui};

pub(crate) fn run(args: &args::Circuit, ui: &Ui) -> Result<Report> {
    let shapes = args.shape.map_or(SHAPES.to_vec(), |shape| vec![shape]);
    match args.system {
        ProofSystem::Groth16 => groth16(&shapes, ui),
        ProofSystem::Halo2 => halo2(&shapes, ui),
    }
}

/// A table with a row a clause and a column a shape.
fn by_clause(shapes: &[Shape], costs: &[Vec<usize>], what: &str) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (i, clause) in Clause::ALL.into_iter().enumerate() {
        let counts = costs.iter().map(|c| grouped(c[i]));
        rows.push(
            [clause.id().to_owned(), clause.name().to_owned()].into_iter().chain(counts).collect(),
        );
    }
    let totals = costs.iter().map(|c| grouped(c.iter().sum::<usize>()));
    rows.push([String::new(), what.to_owned()].into_iter().chain(totals).collect());
    let names = shapes.iter().map(|s| s.name);
    let header: Vec<&str> = ["", "clause"].into_iter().chain(names).collect();
    let right: Vec<usize> = (2..2 + shapes.len()).collect();
    table(&header, &rows, &right)
}

fn holds(shape: &Shape) -> String {
    format!(
        "{:2}  {} assets, {} events, {} records, {} accounts",
        shape.name,
        grouped(shape.assets),
        grouped(shape.events),
        grouped(shape.records),
        grouped(shape.accounts),
    )
}

fn groth16(shapes: &[Shape], ui: &Ui) -> Result<Report> {
    let mut costs: Vec<Vec<usize>> = Vec::new();
    let mut about: Vec<Value> = Vec::new();
    let mut digests = String::new();
    for shape in shapes {
        let (circuit, id) = build_circuit(*shape, ui)?;
        let of_clauses = circuit.costs();
        let by_clause: serde_json::Map<String, Value> =
            of_clauses.iter().map(|(c, n)| (c.id().to_owned(), json!(n))).collect();
        costs.push(of_clauses.into_iter().map(|(_, n)| n).collect());
        let matrices = circuit.matrices();
        let terms = matrices.a.terms() + matrices.b.terms() + matrices.c.terms();
        digests.push_str(&format!(
            "{}; {} columns, {} terms\n    digest {}\n",
            holds(shape),
            grouped(matrices.columns()),
            grouped(terms),
            id.digest,
        ));
        about.push(json!({
            "shape": shape.name,
            "circuit": id.name,
            "digest": id.digest.to_string(),
            "constraints": id.constraints,
            "columns": matrices.columns(),
            "terms": terms,
            "clauses": by_clause,
        }));
    }
    let table = by_clause(shapes, &costs, "constraints");
    let text = format!("Constraints by clause\n{table}\n{digests}");
    Ok(Report::new(text, json!({ "system": "groth16", "circuits": about })))
}

fn halo2(shapes: &[Shape], ui: &Ui) -> Result<Report> {
    let (mut main, mut range): (Vec<Vec<usize>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    let mut about: Vec<Value> = Vec::new();
    let mut digests = String::new();
    for shape in shapes {
        let (circuit, id) = build_halo2(*shape, ui)?;
        let costs = circuit.costs();
        let clauses: serde_json::Map<String, Value> = costs
            .iter()
            .map(|(clause, rows)| {
                let rows = json!({
                    "arithmetic": rows.arithmetic,
                    "poseidon": rows.poseidon,
                    "range": rows.range,
                });
                (clause.id().to_owned(), rows)
            })
            .collect();
        main.push(costs.iter().map(|(_, rows)| rows.arithmetic + rows.poseidon).collect());
        range.push(costs.iter().map(|(_, rows)| rows.range).collect());
        let d = circuit.dimensions();
        digests.push_str(&format!(
            "{}; 2^{} rows, {} copies\n    digest {}\n",
            holds(shape),
            id.k,
            grouped(d.copies),
            id.digest,
        ));
        about.push(json!({
            "shape": shape.name,
            "circuit": id.name,
            "digest": id.digest.to_string(),
            "k": id.k,
            "advice_columns": d.advice,
            "fixed_columns": d.fixed,
            "degree": d.degree,
            "copies": d.copies,
            "clauses": clauses,
        }));
    }
    let text = format!(
        "Rows of the main track by clause\n{}\nRows of the range track by clause\n{}\n{digests}",
        by_clause(shapes, &main, "rows"),
        by_clause(shapes, &range, "rows"),
    );
    Ok(Report::new(text, json!({ "system": "halo2", "circuits": about })))
}
