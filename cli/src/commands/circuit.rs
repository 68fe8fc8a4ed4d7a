//! `meed circuit`.

use anyhow::Result;
use meed_statement::clause::Clause;
use meed_statement::shape::SHAPES;
use serde_json::{json, Value};

use crate::args;
use crate::keys::build_circuit;
use crate::ui::{grouped, table, Report, Ui};

pub(crate) fn run(args: &args::Circuit, ui: &Ui) -> Result<Report> {
    let shapes = args.shape.map_or(SHAPES.to_vec(), |shape| vec![shape]);
    let mut costs: Vec<Vec<usize>> = Vec::new();
    let mut about: Vec<Value> = Vec::new();
    let mut digests = String::new();
    for shape in &shapes {
        let (circuit, id) = build_circuit(*shape, ui)?;
        let of_clauses = circuit.costs();
        let by_clause: serde_json::Map<String, Value> =
            of_clauses.iter().map(|(c, n)| (c.id().to_owned(), json!(n))).collect();
        costs.push(of_clauses.into_iter().map(|(_, n)| n).collect());
        let matrices = circuit.matrices();
        let terms = matrices.a.terms() + matrices.b.terms() + matrices.c.terms();
        digests.push_str(&format!(
            "{:2}  {} assets, {} events, {} records, {} accounts; {} columns, {} terms\n    digest {}\n",
            shape.name,
            grouped(shape.assets),
            grouped(shape.events),
            grouped(shape.records),
            grouped(shape.accounts),
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
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (i, clause) in Clause::ALL.into_iter().enumerate() {
        let counts = costs.iter().map(|c| grouped(c[i]));
        rows.push(
            [clause.id().to_owned(), clause.name().to_owned()].into_iter().chain(counts).collect(),
        );
    }
    let totals = costs.iter().map(|c| grouped(c.iter().sum::<usize>()));
    rows.push([String::new(), "constraints".to_owned()].into_iter().chain(totals).collect());
    let names = shapes.iter().map(|s| s.name);
    let header: Vec<&str> = ["", "clause"].into_iter().chain(names).collect();
    let right: Vec<usize> = (2..2 + shapes.len()).collect();
    let text = format!("Constraints by clause\n{}\n{digests}", table(&header, &rows, &right));
    Ok(Report::new(text, json!({ "circuits": about })))
}
