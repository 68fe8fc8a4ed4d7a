//! Poseidon in R1CS: three constraints an S-box, linear layers for free.
//!
//! The layers are worked out once for each width, by running the native permutation on symbols, and
//! then stamped: a permutation costs its S-boxes. The S-box on the capacity element's constant is
//! itself a constant and costs nothing.

use super::cs::{Cs, Num};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use meed_statement::poseidon::{pow5, tag, Linear, Params, ARITY, DEPTH, ZEROS};
use std::sync::LazyLock;

/// A linear combination of the inputs and the S-boxes' outputs.
#[derive(Clone, Debug, Default)]
struct Symbol {
    constant: Fr,
    /// Coefficient of each input, then of each S-box output in order.
    terms: Vec<Fr>,
}

impl Linear for Symbol {
    fn zero() -> Self {
        Self::default()
    }
    fn add_scaled(&mut self, other: &Self, k: &Fr) {
        if self.terms.len() < other.terms.len() {
            self.terms.resize(other.terms.len(), Fr::ZERO);
        }
        self.constant += other.constant * k;
        self.terms.iter_mut().zip(&other.terms).for_each(|(a, b)| *a += *b * k);
    }
    fn add_constant(&mut self, k: &Fr) {
        self.constant += k;
    }
}

impl Symbol {
    fn unit(index: usize) -> Self {
        let mut terms = vec![Fr::ZERO; index + 1];
        terms[index] = Fr::ONE;
        Self { constant: Fr::ZERO, terms }
    }

    /// The combination with `columns` for the symbols.
    fn stamp<L: super::cs::Linear>(&self, columns: &[Num<L>]) -> Num<L> {
        let mut sum = Num::<L>::default();
        for (k, column) in self.terms.iter().zip(columns) {
            if *k != Fr::ZERO {
                sum.lc.add_scaled(&column.lc, k);
            }
        }
        sum.plus(self.constant)
    }
}

/// The linear structure of one width: what goes into each S-box, and what comes out.
#[derive(Debug)]
struct Template {
    sboxes: Vec<Symbol>,
    output: Symbol,
}

impl Template {
    fn new(inputs: usize) -> Self {
        let mut sboxes: Vec<Symbol> = Vec::new();
        let mut state = vec![Symbol::zero()];
        state.extend((0..inputs).map(Symbol::unit));
        let mut sbox = |x: Symbol| {
            if x.terms.is_empty() {
                return Symbol { constant: pow5(x.constant), terms: Vec::new() };
            }
            sboxes.push(x);
            Symbol::unit(inputs + sboxes.len() - 1)
        };
        Params::for_inputs(inputs).permute(&mut state, &mut sbox);
        Self { sboxes, output: state.swap_remove(0) }
    }

    fn for_inputs(n: usize) -> &'static Self {
        static TABLE: [LazyLock<Template>; 7] = [
            LazyLock::new(|| Template::new(2)),
            LazyLock::new(|| Template::new(3)),
            LazyLock::new(|| Template::new(4)),
            LazyLock::new(|| Template::new(5)),
            LazyLock::new(|| Template::new(6)),
            LazyLock::new(|| Template::new(7)),
            LazyLock::new(|| Template::new(8)),
        ];
        &TABLE[n - 2]
    }
}

/// `hash(inputs)` as a new column, for 2 to 8 inputs.
///
/// Inputs should be single columns or constants: they enter many rows.
pub fn hash<C: Cs>(cs: &mut C, inputs: &[Num<C::L>]) -> Num<C::L> {
    let template = Template::for_inputs(inputs.len());
    let (values, output) = permute(inputs);
    let mut columns = inputs.to_vec();
    for (symbol, value) in template.sboxes.iter().zip(values) {
        let mut x = symbol.stamp(&columns);
        x.value = value;
        let x2 = cs.product(&x, &x);
        let x4 = cs.product(&x2, &x2);
        columns.push(cs.product(&x4, &x));
    }
    let mut out = template.output.stamp(&columns);
    out.value = output;
    cs.column(&out)
}

/// The values that go into the S-boxes other than the constant one, and the hash.
fn permute<L: super::cs::Linear>(inputs: &[Num<L>]) -> (Vec<Fr>, Fr) {
    let params = Params::for_inputs(inputs.len());
    let mut state = vec![Fr::ZERO];
    state.extend(inputs.iter().map(|n| n.value));
    let mut values = Vec::with_capacity(params.sboxes());
    params.permute(&mut state, &mut |x| {
        values.push(x);
        pow5(x)
    });
    // The first S-box takes the capacity element: zero plus a constant.
    values.remove(0);
    (values, state[0])
}

/// The levels of an 8-ary tree over `leaves` up to one node; missing children are zero subtrees.
/// Returns the node and its level.
fn tree<C: Cs>(cs: &mut C, leaves: &[Num<C::L>]) -> (Num<C::L>, usize) {
    let mut level = leaves.to_vec();
    let mut height = 0;
    while level.len() > 1 {
        let below = &level;
        level = cs.blocks(below.len().div_ceil(ARITY), |cs, i| {
            let mut children = below[i * ARITY..below.len().min((i + 1) * ARITY)].to_vec();
            children.resize_with(ARITY, || Num::constant(ZEROS[height]));
            hash(cs, &children)
        });
        height += 1;
    }
    (level.swap_remove(0), height)
}

/// The root that [`meed_statement::poseidon::tree_root`] computes: lifted to the full depth with
/// zero subtrees, so that it does not depend on the shape.
pub fn tree_root<C: Cs>(cs: &mut C, leaves: &[Num<C::L>]) -> Num<C::L> {
    let (mut node, height) = tree(cs, leaves);
    for zero in &ZEROS[height..DEPTH] {
        let mut children = vec![Num::constant(*zero); ARITY];
        children[0] = node;
        node = hash(cs, &children);
    }
    node
}

/// A hash that fixes all of `items`; their number is the shape's. Not a root: it is not lifted.
pub fn digest<C: Cs>(cs: &mut C, items: &[Num<C::L>]) -> Num<C::L> {
    tree(cs, items).0
}

/// A domain tag as a constant.
#[must_use]
pub fn tag_num<L: super::cs::Linear>(text: &str) -> Num<L> {
    Num::constant(tag(text))
}
