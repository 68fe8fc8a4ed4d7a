//! What identifies a circuit: the columns, gates and arguments, and every fixed cell and copy.

use crate::field::Fr;
use halo2_proofs::circuit::Value;
use halo2_proofs::halo2curves::ff::PrimeField;
use halo2_proofs::plonk::{
    Advice, Any, Assigned, Assignment, Challenge, Circuit, Column, ConstraintSystem, Error, Fixed,
    FloorPlanner, Instance, Selector,
};
use sha2::{Digest, Sha256};

/// The columns and gates of a circuit.
pub(crate) fn constraints<C: Circuit<Fr>>() -> (ConstraintSystem<Fr>, C::Config) {
    let mut cs = ConstraintSystem::default();
    let config = C::configure(&mut cs);
    (cs, config)
}

/// SHA-256 over `"meed.halo2.v1"`, `k` as u32, the constraint system in the library's canonical text behind its
/// length, and then in the order in which the circuit makes them: for each fixed cell 1, column, row, value; for
/// each copy 2 and column and row of both cells; for each column filled downwards 3, column, row, value. Columns and rows are u32, all is little-endian; the column of a
/// copy has its kind before it (advice 1, fixed 2, instance 3).
pub(crate) fn digest<C: Circuit<Fr>>(k: u32, circuit: &C) -> [u8; 32] {
    let (cs, config) = constraints::<C>();
    let text = format!("{:?}", cs.pinned());
    let mut recorder = Recorder { hash: Sha256::new() };
    recorder.hash.update(b"meed.halo2.v1");
    recorder.hash.update(k.to_le_bytes());
    recorder.hash.update((text.len() as u64).to_le_bytes());
    recorder.hash.update(text);
    C::FloorPlanner::synthesize(&mut recorder, circuit, config, Vec::new())
        .expect("a layout without values is always the same");
    recorder.hash.finalize().into()
}

/// Hashes what a circuit assigns.
struct Recorder {
    hash: Sha256,
}

impl Recorder {
    fn number(&mut self, number: usize) {
        self.hash.update((number as u32).to_le_bytes());
    }

    fn place(&mut self, column: Column<Any>, row: usize) {
        let kind = match column.column_type() {
            Any::Advice(_) => 1,
            Any::Fixed => 2,
            Any::Instance => 3,
        };
        self.hash.update([kind]);
        self.number(column.index());
        self.number(row);
    }
}

impl Assignment<Fr> for Recorder {
    fn enter_region<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn annotate_column<A: FnOnce() -> AR, AR: Into<String>>(&mut self, _: A, _: Column<Any>) {}

    fn exit_region(&mut self) {}

    fn enable_selector<A: FnOnce() -> AR, AR: Into<String>>(
        &mut self,
        _: A,
        _: &Selector,
        _: usize,
    ) -> Result<(), Error> {
        // Not hashed, so not allowed: the circuit's switches are fixed columns.
        Err(Error::Synthesis)
    }

    fn query_instance(&self, _: Column<Instance>, _: usize) -> Result<Value<Fr>, Error> {
        Ok(Value::unknown())
    }

    fn assign_advice<'v>(
        &mut self,
        _: Column<Advice>,
        _: usize,
        _: Value<Assigned<Fr>>,
    ) -> Value<&'v Assigned<Fr>> {
        Value::unknown()
    }

    fn assign_fixed(&mut self, column: Column<Fixed>, row: usize, to: Assigned<Fr>) {
        self.hash.update([1]);
        self.number(column.index());
        self.number(row);
        self.hash.update(to.evaluate().to_repr());
    }

    fn copy(
        &mut self,
        left_column: Column<Any>,
        left_row: usize,
        right_column: Column<Any>,
        right_row: usize,
    ) {
        self.hash.update([2]);
        self.place(left_column, left_row);
        self.place(right_column, right_row);
    }

    fn fill_from_row(
        &mut self,
        column: Column<Fixed>,
        row: usize,
        to: Value<Assigned<Fr>>,
    ) -> Result<(), Error> {
        self.hash.update([3]);
        self.number(column.index());
        self.number(row);
        let mut known = Err(Error::Synthesis);
        to.map(|to| known = Ok(to.evaluate()));
        self.hash.update(known?.to_repr());
        Ok(())
    }

    fn get_challenge(&self, _: Challenge) -> Value<Fr> {
        Value::unknown()
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn pop_namespace(&mut self, _: Option<String>) {}
}
