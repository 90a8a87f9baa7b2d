//! What each column adds to a row's score: Shapley values of the trees, exactly, in the time of leaves times depth
//! squared (Lundberg et al., "Consistent individualized feature attribution for tree ensembles", algorithm 2).

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

/// A column on the way from the root to a leaf.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    column: usize,
    /// Share of the rows that go on when the column is not known.
    zero: f64,
    /// Whether the row goes on when it is.
    one: f64,
    weight: f64,
}

/// No column: the root's own entry.
const NONE: usize = usize::MAX;

impl Ensemble {
    /// What each column adds to the score of one target, before the transform; `None` for an ensemble that does not add
    /// up its trees (mean, least, most), whose answers are no sum.
    pub fn contributions(&self, row: &[f32], target: usize) -> Option<Contributions> {
        let scale = match self.aggregate {
            Aggregate::Sum => 1.0,
            Aggregate::Average => 1.0 / self.trees.len() as f64,
            Aggregate::Min | Aggregate::Max => return None,
        };
        let mut columns = vec![0.0; row.len()];
        let mut base = 0.0;
        let deepest = self.trees.iter().map(|tree| depth(tree, 0)).max().unwrap_or(0);
        // A level copies its parent's part of the way: 2 + 3 + … entries.
        let mut parts = vec![Part::default(); (deepest + 2) * (deepest + 3) / 2 + 1];
        for tree in &self.trees {
            base += expected(tree, 0, target);
            let walk = Walk { tree, row, target };
            walk.down(0, &mut parts, 0, (1.0, 1.0, NONE), &mut columns);
        }
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

/// The mean answer below a node.
fn expected(tree: &Tree, at: usize, target: usize) -> f64 {
    match &tree.nodes[at] {
        Node::Leaf(weights) => value(weights, target),
        Node::Branch { yes, no, .. } => {
            let (y, n) = shares(tree, at, *yes, *no);
            y * expected(tree, *yes, target) + n * expected(tree, *no, target)
        }
    }
}

struct Walk<'a> {
    tree: &'a Tree,
    row: &'a [f32],
    target: usize,
}

impl Walk<'_> {
    /// `parts` begins with the `len` entries of the way so far; `step` is the last step's shares and column.
    fn down(&self, at: usize, parts: &mut [Part], mut len: usize, step: (f64, f64, usize), out: &mut [f64]) {
        extend(parts, len, step);
        match &self.tree.nodes[at] {
            Node::Leaf(weights) => {
                let value = value(weights, self.target);
                if value != 0.0 {
                    for k in 1..=len {
                        let part = parts[k];
                        out[part.column] += unwound(parts, len, k) * (part.one - part.zero) * value;
                    }
                }
            }
            Node::Branch { feature, yes, no, .. } => {
                let passes = self.tree.next(at, self.row) == Some(*yes);
                let (to_yes, to_no) = shares(self.tree, at, *yes, *no);
                let (hot, cold) = if passes {
                    ((*yes, to_yes), (*no, to_no))
                } else {
                    ((*no, to_no), (*yes, to_yes))
                };
                let (mut zero, mut one) = (1.0, 1.0);
                if let Some(k) = (1..=len).find(|k| parts[*k].column == *feature) {
                    (zero, one) = (parts[k].zero, parts[k].one);
                    unwind(parts, len, k);
                    len -= 1;
                }
                let (here, rest) = parts.split_at_mut(len + 1);
                for ((node, share), one) in [(hot, one), (cold, 0.0)] {
                    // Where no row of either kind comes, nothing is added.
                    let zero = share * zero;
                    if zero > 0.0 || one > 0.0 {
                        rest[..=len].copy_from_slice(here);
                        self.down(node, rest, len + 1, (zero, one, *feature), out);
                    }
                }
            }
        }
    }
}

/// Adds a step to a way of `len` entries.
fn extend(parts: &mut [Part], len: usize, (zero, one, column): (f64, f64, usize)) {
    parts[len] = Part {
        column,
        zero,
        one,
        weight: if len == 0 { 1.0 } else { 0.0 },
    };
    let all = (len + 1) as f64;
    for i in (0..len).rev() {
        parts[i + 1].weight += one * parts[i].weight * (i + 1) as f64 / all;
        parts[i].weight *= zero * (len - i) as f64 / all;
    }
}

/// Takes the step `k` out of a way whose last entry is `last`.
fn unwind(parts: &mut [Part], last: usize, k: usize) {
    let Part { zero, one, .. } = parts[k];
    let all = (last + 1) as f64;
    let mut next = parts[last].weight;
    for i in (0..last).rev() {
        if one == 0.0 {
            parts[i].weight *= all / (zero * (last - i) as f64);
        } else {
            let before = parts[i].weight;
            parts[i].weight = next * all / ((i + 1) as f64 * one);
            next = before - parts[i].weight * zero * (last - i) as f64 / all;
        }
    }
    for i in k..last {
        let weight = parts[i].weight;
        parts[i] = Part {
            weight,
            ..parts[i + 1]
        };
    }
}

/// The sum of the weights without the step `k`.
fn unwound(parts: &[Part], last: usize, k: usize) -> f64 {
    let Part { zero, one, .. } = parts[k];
    let all = (last + 1) as f64;
    let mut total = 0.0;
    let mut next = parts[last].weight;
    for i in (0..last).rev() {
        if one == 0.0 {
            total += parts[i].weight * all / (zero * (last - i) as f64);
        } else {
            let weight = next * all / ((i + 1) as f64 * one);
            total += weight;
            next = parts[i].weight - weight * zero * (last - i) as f64 / all;
        }
    }
    total
}
