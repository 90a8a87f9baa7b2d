//! The fast form of an ensemble of large trees: all nodes in one array of twelve bytes each, siblings side by side, and a step
//! without branches. Every test becomes `x < t`; where that turns its sense the children swap.

use crate::ensemble::tree::{Node, Tree};

/// Trees that are walked side by side, so that one waits for memory while the next is computed.
const LANES: usize = 16;
/// Rows that go through these trees before the next are fetched: both stay in the nearest caches.
const BLOCK: usize = 128;
/// In a node's column: missing values pass.
const MISSING_PASSES: u32 = 1 << 31;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    /// Values below it pass. NaN at a leaf, where nothing passes.
    threshold: f32,
    /// The column, and [`MISSING_PASSES`].
    column: u32,
    /// The node of values that pass; the one after it is of the others. At a leaf the node before it, so that it leads
    /// to itself.
    child: u32,
}

/// An ensemble of thresholds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flat {
    steps: Vec<Step>,
    /// By node: where the weights of a leaf begin. One target: the weight itself is in `single`.
    single: Vec<f64>,
    leaves: Vec<(u32, u32)>,
    weights: Vec<(u32, f64)>,
    roots: Vec<u32>,
    targets: usize,
}

impl Flat {
    /// `None` when a test is not a threshold.
    pub(super) fn of(trees: &[Tree], targets: usize) -> Option<Self> {
        let mut flat = Self {
            // The first node is nobody's, so that every leaf has a node before it.
            steps: vec![leaf(1)],
            single: vec![0.0],
            leaves: vec![(0, 0)],
            weights: Vec::new(),
            roots: Vec::with_capacity(trees.len()),
            targets,
        };
        for tree in trees {
            let root = flat.steps.len();
            flat.grow();
            flat.place(tree, 0, root)?;
            flat.roots.push(u32::try_from(root).ok()?);
        }
        Some(flat)
    }

    fn grow(&mut self) {
        self.steps.push(leaf(self.steps.len()));
        self.single.push(0.0);
        self.leaves.push((0, 0));
    }

    /// Puts a node of a tree at a place, and what is below it.
    fn place(&mut self, tree: &Tree, node: usize, at: usize) -> Option<()> {
        match &tree.nodes[node] {
            Node::Leaf(weights) => {
                let from = self.weights.len() as u32;
                self.weights
                    .extend(weights.iter().map(|(t, w)| (*t as u32, f64::from(*w))));
                self.leaves[at] = (from, self.weights.len() as u32);
                self.single[at] = weights.iter().map(|(_, w)| f64::from(*w)).sum();
                Some(())
            }
            Node::Branch {
                feature,
                test,
                missing_passes,
                yes,
                no,
            } => {
                let (threshold, swapped) = test.below()?;
                if *feature >= MISSING_PASSES as usize {
                    return None;
                }
                let (first, second) = if swapped { (*no, *yes) } else { (*yes, *no) };
                let missing_first = *missing_passes != swapped;
                let child = self.steps.len();
                self.grow();
                self.grow();
                self.steps[at] = Step {
                    threshold,
                    column: *feature as u32 | if missing_first { MISSING_PASSES } else { 0 },
                    child: u32::try_from(child).ok()?,
                };
                self.place(tree, first, child)?;
                self.place(tree, second, child + 1)
            }
        }
    }

    /// The sum over the trees: `targets` numbers a row, the trees in their order whatever the way.
    pub(super) fn sums(&self, rows: &[f32], width: usize) -> Vec<f64> {
        let width = width.max(1);
        let mut out = vec![0.0; rows.len() / width * self.targets];
        for (block, out) in rows
            .chunks(BLOCK * width)
            .zip(out.chunks_mut(BLOCK * self.targets))
        {
            for roots in self.roots.chunks(LANES) {
                for (row, out) in block.chunks_exact(width).zip(out.chunks_exact_mut(self.targets)) {
                    self.walk(roots, row, out);
                }
            }
        }
        out
    }

    /// Walks some trees side by side with one row, until none moves: leaves lead to themselves, and most rows end long before
    /// the deepest leaf.
    fn walk(&self, roots: &[u32], row: &[f32], out: &mut [f64]) {
        let mut at = [0; LANES];
        let at = &mut at[..roots.len()];
        at.copy_from_slice(roots);
        loop {
            let mut moved = 0;
            for at in at.iter_mut() {
                let next = self.next(*at, row);
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                break;
            }
        }
        for at in at.iter() {
            self.add(*at, out);
        }
    }

    /// The node after this one.
    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "a step without branches")]
    fn next(&self, at: u32, row: &[f32]) -> u32 {
        let step = self.steps[at as usize];
        let x = row[(step.column & !MISSING_PASSES) as usize];
        let passes = (x < step.threshold) | (x.is_nan() & (step.column & MISSING_PASSES != 0));
        step.child + u32::from(!passes)
    }

    /// Adds what a leaf says to the scores.
    #[inline]
    fn add(&self, at: u32, scores: &mut [f64]) {
        if let [score] = scores {
            *score += self.single[at as usize];
            return;
        }
        let (from, to) = self.leaves[at as usize];
        for (target, weight) in &self.weights[from as usize..to as usize] {
            scores[*target as usize] += weight;
        }
    }
}

/// A leaf at a place: nothing is below NaN, so it leads to the node after the one before it, which is itself.
fn leaf(at: usize) -> Step {
    Step {
        threshold: f32::NAN,
        column: 0,
        child: (at as u32).saturating_sub(1),
    }
}
