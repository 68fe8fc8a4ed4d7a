//! What the circuit is written against: one description, two uses.
//!
//! [`ShapeCs`] collects the constraints of a shape; [`WitnessCs`] computes the values of an epoch and
//! keeps no linear combination, so it costs little and runs blocks in parallel. Both see the same
//! allocations in the same order, because both run the same code.

use super::matrix::{Matrices, MatrixBuilder};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use core::ops::{Add, Mul, Sub};
use meed_statement::clause::Clause;
use rayon::prelude::*;

/// A linear combination of columns, as far as a [`Cs`] keeps it.
pub trait Linear: Clone + Default + Send + Sync {
    /// Adds `k * other`.
    fn add_scaled(&mut self, other: &Self, k: &Fr);
    /// Adds the constant `k`.
    fn add_constant(&mut self, k: &Fr);
}

/// For witnesses: values alone matter.
impl Linear for () {
    fn add_scaled(&mut self, (): &Self, _: &Fr) {}
    fn add_constant(&mut self, _: &Fr) {}
}

/// Terms (column, coefficient), unsorted, columns may repeat.
#[derive(Clone, Debug, Default)]
pub struct Terms(pub Vec<(u32, Fr)>);

impl Linear for Terms {
    fn add_scaled(&mut self, other: &Self, k: &Fr) {
        self.0.extend(other.0.iter().map(|(col, c)| (*col, *c * k)));
    }
    fn add_constant(&mut self, k: &Fr) {
        if *k != Fr::ZERO {
            self.0.push((0, *k));
        }
    }
}

/// A number in the circuit: a linear combination of columns, and its value.
#[derive(Clone, Debug, Default)]
pub struct Num<L> {
    /// The combination.
    pub lc: L,
    /// Its value; meaningless while a shape is collected.
    pub value: Fr,
}

impl<L: Linear> Num<L> {
    /// A constant.
    #[must_use]
    pub fn constant(k: Fr) -> Self {
        let mut lc = L::default();
        lc.add_constant(&k);
        Self { lc, value: k }
    }

    /// One.
    #[must_use]
    pub fn one() -> Self {
        Self::constant(Fr::ONE)
    }

    /// Zero.
    #[must_use]
    pub fn zero() -> Self {
        Self::default()
    }

    /// `self += k * other`.
    pub fn add_scaled(&mut self, other: &Self, k: &Fr) {
        self.lc.add_scaled(&other.lc, k);
        self.value += other.value * k;
    }

    /// `self + k`.
    #[must_use]
    pub fn plus(mut self, k: Fr) -> Self {
        self.lc.add_constant(&k);
        self.value += k;
        self
    }

    /// `1 - self`.
    #[must_use]
    pub fn not(&self) -> Self {
        &Self::one() - self
    }

    /// The sum of many.
    #[must_use]
    pub fn sum<'a>(items: impl IntoIterator<Item = &'a Self>) -> Self
    where
        L: 'a,
    {
        let mut sum = Self::zero();
        for item in items {
            sum.add_scaled(item, &Fr::ONE);
        }
        sum
    }
}

impl<L: Linear> Add for &Num<L> {
    type Output = Num<L>;
    fn add(self, other: Self) -> Num<L> {
        let mut sum = self.clone();
        sum.add_scaled(other, &Fr::ONE);
        sum
    }
}

impl<L: Linear> Sub for &Num<L> {
    type Output = Num<L>;
    fn sub(self, other: Self) -> Num<L> {
        let mut sum = self.clone();
        sum.add_scaled(other, &-Fr::ONE);
        sum
    }
}

impl<L: Linear> Mul<Fr> for &Num<L> {
    type Output = Num<L>;
    fn mul(self, k: Fr) -> Num<L> {
        let mut scaled = Num::zero();
        scaled.add_scaled(self, &k);
        scaled
    }
}

/// A constraint system in the making.
pub trait Cs: Sized + Send {
    /// Its linear combinations.
    type L: Linear;

    /// Public input `index` (from 0) with its value.
    fn public(&mut self, index: usize, value: Fr) -> Num<Self::L>;

    /// A new witness column.
    fn alloc(&mut self, value: Fr) -> Num<Self::L>;

    /// Demands `a * b = c`.
    fn enforce(&mut self, a: &Num<Self::L>, b: &Num<Self::L>, c: &Num<Self::L>);

    /// The constraints that follow belong to `clause`.
    fn clause(&mut self, clause: Clause);

    /// Runs `f` for each of `0..count`, in order or in parallel, with the same result. A block sees
    /// what was allocated before, never another block.
    fn blocks<R: Send>(&mut self, count: usize, f: impl Fn(&mut Self, usize) -> R + Sync)
        -> Vec<R>;

    /// Demands `a = b`.
    fn equal(&mut self, a: &Num<Self::L>, b: &Num<Self::L>) {
        self.enforce(&(a - b), &Num::one(), &Num::zero());
    }

    /// A new column equal to `a * b`.
    fn product(&mut self, a: &Num<Self::L>, b: &Num<Self::L>) -> Num<Self::L> {
        let c = self.alloc(a.value * b.value);
        self.enforce(a, b, &c);
        c
    }

    /// A new column equal to the linear combination `a`, where a long one is used often.
    fn column(&mut self, a: &Num<Self::L>) -> Num<Self::L> {
        let c = self.alloc(a.value);
        self.equal(&c, a);
        c
    }
}

/// Collects the constraints of a shape.
#[derive(Debug)]
pub struct ShapeCs {
    builder: MatrixBuilder,
    clauses: Vec<(usize, Clause)>,
}

impl ShapeCs {
    /// An empty system with `publics` public inputs.
    #[must_use]
    pub fn new(publics: usize) -> Self {
        Self { builder: MatrixBuilder::new(1 + publics), clauses: Vec::new() }
    }

    /// The matrices, and the first row of each run of constraints of one clause.
    #[must_use]
    pub fn finish(self) -> (Matrices, Vec<(usize, Clause)>) {
        (self.builder.finish(), self.clauses)
    }
}

impl Cs for ShapeCs {
    type L = Terms;

    fn public(&mut self, index: usize, _: Fr) -> Num<Terms> {
        let column = u32::try_from(index + 1).expect("three public inputs");
        Num { lc: Terms(vec![(column, Fr::ONE)]), value: Fr::ZERO }
    }

    fn alloc(&mut self, _: Fr) -> Num<Terms> {
        Num { lc: Terms(vec![(self.builder.new_witness(), Fr::ONE)]), value: Fr::ZERO }
    }

    fn enforce(&mut self, a: &Num<Terms>, b: &Num<Terms>, c: &Num<Terms>) {
        self.builder.enforce(&a.lc.0, &b.lc.0, &c.lc.0);
    }

    fn clause(&mut self, clause: Clause) {
        if self.clauses.last().map(|(_, c)| *c) != Some(clause) {
            self.clauses.push((self.builder.constraints(), clause));
        }
    }

    fn blocks<R: Send>(
        &mut self,
        count: usize,
        f: impl Fn(&mut Self, usize) -> R + Sync,
    ) -> Vec<R> {
        (0..count).map(|i| f(self, i)).collect()
    }
}

/// Computes the values of all columns. Holds secrets: no `Debug`.
#[derive(Default)]
pub struct WitnessCs {
    publics: Vec<Fr>,
    values: Vec<Fr>,
}

impl WitnessCs {
    /// The full assignment: one, the public inputs, the witness.
    #[must_use]
    pub fn finish(self) -> Vec<Fr> {
        let mut z = Vec::with_capacity(1 + self.publics.len() + self.values.len());
        z.push(Fr::ONE);
        z.extend(self.publics);
        z.extend(self.values);
        z
    }
}

impl Cs for WitnessCs {
    type L = ();

    fn public(&mut self, index: usize, value: Fr) -> Num<()> {
        assert_eq!(index, self.publics.len(), "public inputs come in order");
        self.publics.push(value);
        Num { lc: (), value }
    }

    fn alloc(&mut self, value: Fr) -> Num<()> {
        self.values.push(value);
        Num { lc: (), value }
    }

    fn enforce(&mut self, _: &Num<()>, _: &Num<()>, _: &Num<()>) {}

    fn clause(&mut self, _: Clause) {}

    fn blocks<R: Send>(
        &mut self,
        count: usize,
        f: impl Fn(&mut Self, usize) -> R + Sync,
    ) -> Vec<R> {
        let blocks: Vec<(Vec<Fr>, R)> = (0..count)
            .into_par_iter()
            .map(|i| {
                let mut block = Self::default();
                let result = f(&mut block, i);
                (block.values, result)
            })
            .collect();
        self.values.reserve(blocks.iter().map(|b| b.0.len()).sum());
        blocks
            .into_iter()
            .map(|(values, result)| {
                self.values.extend(values);
                result
            })
            .collect()
    }
}
