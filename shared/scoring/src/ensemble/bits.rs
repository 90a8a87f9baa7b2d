//! Trees of up to 64 leaves without walking them: each tree is a word of bits, one for each leaf, and each test that a row
//! does not pass strikes out the leaves on the side of those that pass. The first leaf left is the row's ("QuickScorer",
//! Lucchese et al., SIGIR 2015). No step waits for another and nothing branches, so that many rows are told by one
//! instruction; tests that a tree asks twice, as symmetric trees do on each level, are asked once.

use crate::ensemble::tree::{Node, Tree};

/// Rows that are told side by side.
const LANES: usize = 16;
/// Groups of rows that a tree is fetched for once: with 55 columns they fill the nearest cache.
const GROUPS: usize = 8;
/// So few rows are told one by one, by [`Falls`].
const FEW: usize = 4;
/// Leaves of a word.
const WORD: usize = 32;

/// A test, exactly: a value passes where it is below the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ask<const W: usize> {
    threshold: f32,
    column: u32,
    /// The leaves that are left when it is not passed.
    keep: [u32; W],
}

/// A tree's part of the lists.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    /// Tests that a missing value does not pass.
    from: usize,
    /// Tests that it passes.
    passed: usize,
    to: usize,
    leaves: usize,
}

/// An ensemble of thresholds, `32 × W` leaves a tree at the most.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bits<const W: usize> {
    asks: Vec<Ask<W>>,
    trees: Vec<Bounds>,
    falls: Falls,
    /// By leaf, trees in their order. One target: the weight itself.
    single: Vec<f64>,
    /// Otherwise where its weights are.
    leaves: Vec<(usize, usize)>,
    weights: Vec<(usize, f64)>,
    targets: usize,
}

/// The tests of all trees by column and rising threshold: what one row does not pass is the front of each list.
#[derive(Debug, Clone, PartialEq, Default)]
struct Falls {
    /// Where each list begins: of each column the tests that a missing value does not pass, then those that it does.
    starts: Vec<usize>,
    thresholds: Vec<f32>,
    /// The word, counted over all trees, and the leaves that are left in it.
    words: Vec<(u32, u32)>,
}

impl<const W: usize> Bits<W> {
    /// `None` when a test is not a threshold or a tree has too many leaves.
    pub(super) fn of(trees: &[Tree], targets: usize, width: usize) -> Option<Self> {
        let mut bits = Self {
            asks: Vec::new(),
            trees: Vec::with_capacity(trees.len()),
            falls: Falls::default(),
            single: Vec::new(),
            leaves: Vec::new(),
            weights: Vec::new(),
            targets,
        };
        for tree in trees {
            let leaves = bits.single.len();
            let mut own = [Vec::new(), Vec::new()];
            bits.place(tree, 0, leaves, &mut own)?;
            let [strict, lenient] = own;
            let from = bits.asks.len();
            bits.asks.extend(strict);
            let passed = bits.asks.len();
            bits.asks.extend(lenient);
            bits.trees.push(Bounds {
                from,
                passed,
                to: bits.asks.len(),
                leaves,
            });
        }
        bits.falls = Falls::of(&bits, width)?;
        Some(bits)
    }

    /// Puts down what is below a node, leaves of values that pass first.
    fn place(&mut self, tree: &Tree, node: usize, first: usize, asks: &mut [Vec<Ask<W>>; 2]) -> Option<()> {
        let (feature, test, missing_passes, yes, no) = match &tree.nodes[node] {
            Node::Leaf(weights) => {
                if self.single.len() - first >= WORD * W {
                    return None;
                }
                let from = self.weights.len();
                self.weights
                    .extend(weights.iter().map(|(t, w)| (*t, f64::from(*w))));
                self.leaves.push((from, self.weights.len()));
                self.single.push(weights.iter().map(|(_, w)| f64::from(*w)).sum());
                return Some(());
            }
            Node::Branch {
                feature,
                test,
                missing_passes,
                yes,
                no,
            } => (*feature, test, *missing_passes, *yes, *no),
        };
        let (threshold, swapped) = test.below()?;
        let (below, above) = if swapped { (no, yes) } else { (yes, no) };
        let begin = self.single.len() - first;
        self.place(tree, below, first, asks)?;
        let end = self.single.len() - first;
        let column = u32::try_from(feature).ok()?;
        let own = &mut asks[usize::from(missing_passes != swapped)];
        let same = |ask: &&mut Ask<W>| ask.column == column && ask.threshold.total_cmp(&threshold).is_eq();
        let keep = without::<W>(begin, end);
        if let Some(ask) = own.iter_mut().find(same) {
            for (word, keep) in ask.keep.iter_mut().zip(keep) {
                *word &= keep;
            }
        } else {
            own.push(Ask {
                threshold,
                column,
                keep,
            });
        }
        self.place(tree, above, first, asks)
    }

    /// The sum over the trees: `targets` numbers a row, the trees in their order whatever the way.
    pub(super) fn sums(&self, rows: &[f32], width: usize) -> Vec<f64> {
        let width = width.max(1);
        let mut out = vec![0.0; rows.len() / width * self.targets];
        let mut columns = Vec::new();
        let mut words = Vec::new();
        for (block, out) in rows
            .chunks(GROUPS * LANES * width)
            .zip(out.chunks_mut(GROUPS * LANES * self.targets))
        {
            let count = block.len() / width;
            let groups = (count + LANES - FEW - 1) / LANES;
            let many = count.min(groups * LANES);
            let (together, rest) = block.split_at(many * width);
            let (sums, few) = out.split_at_mut(many * self.targets);
            if groups > 0 {
                turn(together, width, groups, &mut columns);
                self.many(&columns, groups, sums);
            }
            for (row, out) in rest.chunks_exact(width).zip(few.chunks_exact_mut(self.targets)) {
                words.clear();
                words.resize(self.trees.len() * W, u32::MAX);
                self.falls.strike(row, &mut words);
                for (left, bounds) in words.as_chunks::<W>().0.iter().zip(&self.trees) {
                    self.add(bounds.leaves + leaf(left), out);
                }
            }
        }
        out
    }

    /// Tells groups of rows, given column by column.
    fn many(&self, columns: &[[f32; LANES]], groups: usize, out: &mut [f64]) {
        let per_group = LANES * self.targets;
        for bounds in &self.trees {
            for (group, out) in (0..groups).zip(out.chunks_mut(per_group)) {
                let mut left = [[u32::MAX; LANES]; W];
                for ask in &self.asks[bounds.from..bounds.passed] {
                    let x = &columns[ask.column as usize * groups + group];
                    strike(&mut left, ask, x, |x, threshold| x < threshold);
                }
                for ask in &self.asks[bounds.passed..bounds.to] {
                    let x = &columns[ask.column as usize * groups + group];
                    strike(&mut left, ask, x, passes_missing);
                }
                for (lane, out) in out.chunks_exact_mut(self.targets).enumerate() {
                    let left: [u32; W] = std::array::from_fn(|word| left[word][lane]);
                    self.add(bounds.leaves + leaf(&left), out);
                }
            }
        }
    }

    /// Adds what a leaf says to the scores.
    #[inline]
    fn add(&self, leaf: usize, scores: &mut [f64]) {
        if let [score] = scores {
            *score += self.single[leaf];
            return;
        }
        let (from, to) = self.leaves[leaf];
        for (target, weight) in &self.weights[from..to] {
            scores[*target] += weight;
        }
    }
}

impl Falls {
    fn of<const W: usize>(bits: &Bits<W>, width: usize) -> Option<Self> {
        let mut all = Vec::with_capacity(bits.asks.len());
        for (tree, bounds) in bits.trees.iter().enumerate() {
            for at in bounds.from..bounds.to {
                let ask = &bits.asks[at];
                let list = 2 * ask.column as usize + usize::from(at >= bounds.passed);
                for (word, keep) in ask.keep.iter().enumerate() {
                    if *keep != u32::MAX {
                        let word = u32::try_from(tree * W + word).ok()?;
                        all.push((list, ask.threshold, (word, *keep)));
                    }
                }
            }
        }
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let starts = (0..=2 * width).map(|list| all.partition_point(|one| one.0 < list));
        Some(Self {
            starts: starts.collect(),
            thresholds: all.iter().map(|one| one.1).collect(),
            words: all.into_iter().map(|one| one.2).collect(),
        })
    }

    /// Strikes out the leaves that a row does not come to.
    fn strike(&self, row: &[f32], words: &mut [u32]) {
        for (starts, x) in self.starts.windows(3).step_by(2).zip(row) {
            let reached = |from: usize, to: usize| {
                from + self.thresholds[from..to].partition_point(|threshold| threshold <= x)
            };
            let fails = if x.is_nan() {
                starts[1]
            } else {
                reached(starts[0], starts[1])
            };
            for list in [starts[0]..fails, starts[1]..reached(starts[1], starts[2])] {
                for (word, keep) in &self.words[list] {
                    words[*word as usize] &= keep;
                }
            }
        }
    }
}

/// All leaves but those from one on and before another.
fn without<const W: usize>(from: usize, to: usize) -> [u32; W] {
    let below = |leaf: usize, word: usize| match leaf.saturating_sub(word * WORD) {
        bits if bits >= WORD => u32::MAX,
        bits => (1 << bits) - 1,
    };
    std::array::from_fn(|word| !(below(to, word) & !below(from, word)))
}

/// The first leaf that is left.
#[inline]
fn leaf<const W: usize>(left: &[u32; W]) -> usize {
    let mut found = left[W - 1].trailing_zeros() as usize + (W - 1) * WORD;
    for word in (0..W - 1).rev() {
        if left[word] != 0 {
            found = left[word].trailing_zeros() as usize + word * WORD;
        }
    }
    found
}

/// Leaves that a test strikes out, for all rows of a group at once.
#[inline]
fn strike<const W: usize>(
    left: &mut [[u32; LANES]; W],
    ask: &Ask<W>,
    x: &[f32; LANES],
    passes: impl Fn(f32, f32) -> bool,
) {
    for (left, keep) in left.iter_mut().zip(ask.keep) {
        for (left, x) in left.iter_mut().zip(x) {
            let all = u32::from(passes(*x, ask.threshold)).wrapping_neg();
            *left &= keep | all;
        }
    }
}

/// Whether a value passes where a missing one does.
#[inline]
#[expect(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "NaN is meant to pass; one instruction where asking for NaN is three"
)]
fn passes_missing(x: f32, threshold: f32) -> bool {
    !(x >= threshold)
}

/// Rows by column, in groups; places beyond the last row stay what they are, nobody reads them.
fn turn(rows: &[f32], width: usize, groups: usize, out: &mut Vec<[f32; LANES]>) {
    out.resize(width * groups, [0.0; LANES]);
    for (at, row) in rows.chunks_exact(width).enumerate() {
        let (group, lane) = (at / LANES, at % LANES);
        for (column, x) in row.iter().enumerate() {
            out[column * groups + group][lane] = *x;
        }
    }
}
