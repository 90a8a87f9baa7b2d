//! What each column adds to a row's score: Shapley values of the trees, exactly, as the path-dependent TreeSHAP of Lundberg et
//! al. defines them, in one walk over a tree.
//!
//! A leaf gives column k its value times `(one − zero) × Σ over sets S of the other columns of |S|! (d − 1 − |S|)! / d!
//! Π in S of one × Π not in S of zero`. The factorials are the Beta integral of `t^|S| (1 − t)^(d − 1 − |S|)`: the sum is
//! `∫ Π over the others of (zero (1 − t) + one t) dt`, a polynomial in t, which a few points give without error. Products
//! along the way need no order, so that the leaves below a branch are summed before they are divided by its factor (the idea
//! of Linear TreeSHAP, Yu et al., 2022); every term is positive and nothing cancels.

use std::collections::BTreeMap;

use crate::ensemble::tree::{Node, Tree};
use crate::ensemble::{Aggregate, Ensemble};

/// What a row's score is made of: `base` and the contributions add up to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contributions {
    /// The mean answer over the rows behind the covers, base value included.
    pub base: f64,
    /// By column.
    pub columns: Vec<f64>,
}

impl Contributions {
    /// The score that they add up to.
    pub fn sum(&self) -> f64 {
        self.base + self.columns.iter().sum::<f64>()
    }
}

impl Ensemble {
    /// What each column adds to the score of one target, before the transform; `None` for an ensemble that does not add
    /// up its trees (mean, least, most), whose answers are no sum.
    pub fn contributions(&self, row: &[f32], target: usize) -> Option<Contributions> {
        let scale = match self.aggregate {
            Aggregate::Sum => 1.0,
            Aggregate::Average => 1.0 / self.trees.len() as f64,
            Aggregate::Min | Aggregate::Max => return None,
        };
        let mut why = Contributions {
            base: 0.0,
            columns: vec![0.0; row.len()],
        };
        let mut nodes = Quadratures::default();
        for tree in &self.trees {
            let factors = depth(tree, 0).min(row.len());
            match factors {
                ..=4 => Walk::<2>::all(tree, row, target, nodes.of(2), &mut why),
                5..=8 => Walk::<4>::all(tree, row, target, nodes.of(4), &mut why),
                _ => Walk::<8>::all(tree, row, target, nodes.of(factors.div_ceil(16) * 8), &mut why),
            }
        }
        let Contributions { base, mut columns } = why;
        for value in &mut columns {
            *value *= scale;
        }
        let own = self.base.get(target).map_or(0.0, |b| f64::from(*b));
        Some(Contributions {
            base: base * scale + own,
            columns,
        })
    }

    /// Counts anew how many rows come to each node, for a file that does not tell.
    #[must_use]
    pub fn with_covers_of(mut self, rows: &[f32], width: usize) -> Self {
        for tree in &mut self.trees {
            let mut covers = vec![0.0; tree.nodes.len()];
            for row in rows.chunks_exact(width) {
                let mut at = 0;
                covers[0] += 1.0;
                while let Some(next) = tree.next(at, row) {
                    covers[next] += 1.0;
                    at = next;
                }
            }
            tree.covers = covers;
        }
        self
    }
}

fn depth(tree: &Tree, at: usize) -> usize {
    match &tree.nodes[at] {
        Node::Leaf(_) => 0,
        Node::Branch { yes, no, .. } => 1 + depth(tree, *yes).max(depth(tree, *no)),
    }
}

fn value(weights: &[(usize, f32)], target: usize) -> f64 {
    let own = weights.iter().filter(|(t, _)| *t == target);
    own.map(|(_, weight)| f64::from(*weight)).sum()
}

/// Shares of a branch's rows that went to its children; halves where none is known to have come.
fn shares(tree: &Tree, at: usize, yes: usize, no: usize) -> (f64, f64) {
    let (y, n) = (tree.covers[yes].max(0.0), tree.covers[no].max(0.0));
    if y + n > 0.0 && tree.covers[at] > 0.0 {
        (y / (y + n), n / (y + n))
    } else {
        (0.5, 0.5)
    }
}

/// Points and weights on the way from 0 to 1 that sum any polynomial of a degree below twice their number exactly
/// (Gauss and Legendre), by their number.
#[derive(Debug, Default)]
struct Quadratures(BTreeMap<usize, Vec<(f64, f64)>>);

impl Quadratures {
    fn of(&mut self, count: usize) -> &[(f64, f64)] {
        self.0
            .entry(count)
            .or_insert_with(|| (0..count).map(|at| point(at, count)).collect())
    }
}

/// A zero of the Legendre polynomial by Newton's method from a good guess, and its weight, both brought from −1…1 to 0…1.
fn point(at: usize, count: usize) -> (f64, f64) {
    let n = count as f64;
    let mut x = (std::f64::consts::PI * (at as f64 + 0.75) / (n + 0.5)).cos();
    let mut slope = 1.0;
    for _ in 0..50 {
        let (mut before, mut value) = (1.0, x);
        for k in 2..=count {
            let k = k as f64;
            (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
        }
        slope = n * (x * value - before) / (x * x - 1.0);
        let step = value / slope;
        x -= step;
        if step.abs() < 1e-16 {
            break;
        }
    }
    (f64::midpoint(1.0, x), 1.0 / ((1.0 - x * x) * slope * slope))
}

/// What is known of a column on the way from the root: the share of the rows that go on when it is not known, and whether
/// the row goes on when it is.
#[derive(Debug, Clone, Copy)]
struct Known {
    column: usize,
    zero: f64,
    one: f64,
}

impl Known {
    /// The column's factor at each point.
    #[inline]
    fn factors<const Q: usize>(&self, points: &[f64; Q]) -> [f64; Q] {
        points.map(|t| self.zero * (1.0 - t) + self.one * t)
    }

    /// What leaves of these sums give the column.
    #[inline]
    fn adds<const Q: usize>(&self, sums: &[f64; Q], factors: &[f64; Q]) -> f64 {
        let sum: f64 = sums.iter().zip(factors).map(|(sum, factor)| sum / factor).sum();
        (self.one - self.zero) * sum
    }
}

/// A walk over all leaves with some points of the quadrature.
struct Walk<'a, const Q: usize> {
    tree: &'a Tree,
    row: &'a [f32],
    target: usize,
    points: [f64; Q],
    weights: [f64; Q],
}

impl<'a, const Q: usize> Walk<'a, Q> {
    /// Adds what a tree gives each column. More points than `Q` take several walks.
    fn all(tree: &'a Tree, row: &'a [f32], target: usize, nodes: &[(f64, f64)], why: &mut Contributions) {
        let mut base = 0.0;
        for nodes in nodes.as_chunks::<Q>().0 {
            let walk = Self {
                tree,
                row,
                target,
                points: nodes.map(|(t, _)| t),
                weights: nodes.map(|(_, weight)| weight),
            };
            base = 0.0;
            walk.down(0, [1.0; Q], 1.0, &mut Vec::new(), (&mut why.columns, &mut base));
        }
        why.base += base;
    }

    /// The sums of the leaves below a node, at each point; `product` is that of the columns' factors so far, `share` that of
    /// the rows that come here when nothing is known.
    fn down(
        &self,
        at: usize,
        product: [f64; Q],
        share: f64,
        way: &mut Vec<Known>,
        (columns, base): (&mut Vec<f64>, &mut f64),
    ) -> [f64; Q] {
        let (feature, yes, no) = match &self.tree.nodes[at] {
            Node::Leaf(weights) => {
                let value = value(weights, self.target);
                *base += share * value;
                return std::array::from_fn(|q| value * self.weights[q] * product[q]);
            }
            Node::Branch { feature, yes, no, .. } => (*feature, *yes, *no),
        };
        let before = way.iter().rev().find(|known| known.column == feature);
        let before = before.copied().unwrap_or(Known {
            column: feature,
            zero: 1.0,
            one: 1.0,
        });
        let was = before.factors(&self.points);
        let passes = self.tree.next(at, self.row) == Some(yes);
        let (to_yes, to_no) = shares(self.tree, at, yes, no);
        let mut all = [0.0; Q];
        for (node, part, goes) in [(yes, to_yes, passes), (no, to_no, !passes)] {
            let known = Known {
                column: feature,
                zero: before.zero * part,
                one: if goes { before.one } else { 0.0 },
            };
            // Where no row of either kind comes, nothing is added.
            if known.zero <= 0.0 && known.one <= 0.0 {
                continue;
            }
            let is = known.factors(&self.points);
            let product = std::array::from_fn(|q| product[q] * is[q] / was[q]);
            way.push(known);
            let sums = self.down(node, product, share * part, way, (columns, base));
            way.pop();
            // A column that was asked before already has the leaves below by what was known then.
            columns[feature] += known.adds(&sums, &is) - before.adds(&sums, &was);
            for (all, sum) in all.iter_mut().zip(sums) {
                *all += sum;
            }
        }
        all
    }
}
