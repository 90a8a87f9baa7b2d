//! Boosting of symmetric trees: all nodes of a level ask the same question. Such trees are weak one by one and hard to
//! overfit, and err elsewhere than the others: on small tables they are what other trainers are beaten by (CatBoost grows
//! the same kind; Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features", 2018).
//!
//! Newton steps on log loss over binned columns, a Bayesian bootstrap of the rows for each tree, early stopping.

use copilot_scoring::ensemble::{Aggregate, Ensemble, Node, PostTransform, Test, Tree};

use crate::boosting::{BoostError, Boosted, log_loss};
use crate::random::Random;
use crate::table::{Part, Table};

/// Borders of a column at the most.
const BORDERS: usize = 128;

/// How symmetric trees are grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Share of a tree's answer that is taken.
    pub learning_rate: f64,
    /// Questions of a tree.
    pub depth: usize,
    /// Penalty on the squares of the answers.
    pub l2: f64,
    /// Share of columns that a tree may ask.
    pub columns: f64,
    /// Noise on the gain of a question, as a share of the spread of the gradients.
    pub noise: f64,
    /// Trees at the most.
    pub rounds: usize,
    /// Rounds without betterment after which it ends.
    pub patience: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            learning_rate: 0.04,
            depth: 6,
            l2: 3.0,
            columns: 1.0,
            noise: 1.0,
            rounds: 2_000,
            patience: 60,
        }
    }
}

/// A tree: its questions, and an answer for each way to answer them (bit `d` is set where question `d` is passed by).
struct Grown {
    /// Column and border: `x < border` is no.
    asks: Vec<(usize, f32)>,
    answers: Vec<f64>,
    covers: Vec<f64>,
}

/// Columns as numbers of bins: a missing value is bin 0, a value at or above `n` borders is bin `n + 1`.
struct Bins {
    borders: Vec<Vec<f32>>,
    /// Column after column.
    values: Vec<u8>,
    rows: usize,
}

impl Bins {
    fn of(table: &Table, part: &Part) -> Self {
        let rows = part.len();
        let mut borders = Vec::with_capacity(table.width());
        let mut values = vec![0; rows * table.width()];
        for column in 0..table.width() {
            let own: Vec<f32> = part.rows.iter().map(|row| table.row(*row)[column]).collect();
            let cuts = borders_of(&own);
            for (value, x) in values[column * rows..(column + 1) * rows].iter_mut().zip(&own) {
                *value = if x.is_nan() {
                    0
                } else {
                    1 + cuts.partition_point(|cut| cut <= x) as u8
                };
            }
            borders.push(cuts);
        }
        Self {
            borders,
            values,
            rows,
        }
    }

    fn column(&self, column: usize) -> &[u8] {
        &self.values[column * self.rows..(column + 1) * self.rows]
    }
}

/// Borders between values, at even counts of rows; between two neighbouring values the middle.
fn borders_of(values: &[f32]) -> Vec<f32> {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f32::total_cmp);
    let mut cuts: Vec<f32> = Vec::new();
    let mut between = |low: f32, high: f32| {
        let middle = low + (high - low) / 2.0;
        let cut = if middle > low { middle } else { high };
        if cut > low && cuts.last().is_none_or(|last| cut > *last) {
            cuts.push(cut);
        }
    };
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= BORDERS + 1 {
        distinct.windows(2).for_each(|pair| between(pair[0], pair[1]));
    } else {
        for cut in 1..=BORDERS {
            let at = cut * sorted.len() / (BORDERS + 1);
            let below = sorted[..at].partition_point(|x| *x < sorted[at]);
            if below > 0 {
                between(sorted[below - 1], sorted[at]);
            }
        }
    }
    cuts
}

/// Grows symmetric trees and stops by `stop`.
///
/// # Errors
/// [`BoostError`].
pub fn grow(
    table: &Table,
    labels: &[f64],
    learn: &Part,
    stop: &Part,
    settings: &Settings,
    seed: u64,
) -> Result<Boosted, BoostError> {
    if learn.is_empty() || stop.is_empty() {
        return Err(BoostError::Empty(learn.len(), stop.len()));
    }
    let (y, stop_y) = (learn.pick(labels), stop.pick(labels));
    let stop_weights = stop.weights();
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    if mean <= 0.0 || mean >= 1.0 {
        return Err(BoostError::OneLabel);
    }
    let base = (mean / (1.0 - mean)).ln();
    let bins = Bins::of(table, learn);
    let own_weights = learn.weights();
    let mut random = Random::new(seed);
    let mut margins = vec![base; y.len()];
    let mut stop_margins = vec![base; stop_y.len()];
    let mut best = (log_loss(&stop_margins, &stop_y, &stop_weights), 0);
    let mut trees: Vec<Grown> = Vec::new();
    for round in 0..settings.rounds {
        let tree = one(&bins, &y, &margins, &own_weights, settings, &mut random);
        for (margin, leaf) in margins.iter_mut().zip(leaves(&bins, &tree)) {
            *margin += tree.answers[leaf];
        }
        for (margin, row) in stop_margins.iter_mut().zip(&stop.rows) {
            *margin += tree.answers[leaf_of(&tree, table.row(*row))];
        }
        trees.push(tree);
        let loss = log_loss(&stop_margins, &stop_y, &stop_weights);
        if loss < best.0 {
            best = (loss, round + 1);
        } else if round + 1 >= best.1 + settings.patience {
            break;
        }
    }
    trees.truncate(best.1);
    let mut written: Vec<Tree> = trees.iter().map(written).collect();
    if written.is_empty() {
        written.push(Tree::constant(0.0));
    }
    let ensemble = Ensemble::new(
        written,
        1,
        Aggregate::Sum,
        vec![base as f32],
        PostTransform::None,
        None,
    )?;
    Ok(Boosted {
        ensemble,
        loss: best.0,
        rounds: vec![best.1],
    })
}

/// One tree on a Bayesian bootstrap of the rows.
fn one(
    bins: &Bins,
    y: &[f64],
    margins: &[f64],
    weights: &[f64],
    settings: &Settings,
    random: &mut Random,
) -> Grown {
    let rows = y.len();
    let (mut gradients, mut hessians) = (vec![0.0; rows], vec![0.0; rows]);
    let mut spread = 0.0;
    for at in 0..rows {
        let p = 1.0 / (1.0 + (-margins[at]).exp());
        let weight = weights[at] * random.exponential();
        gradients[at] = weight * (y[at] - p);
        hessians[at] = weight * (p * (1.0 - p)).max(1e-12);
        spread += gradients[at] * gradients[at];
    }
    let noise = settings.noise * (spread / rows as f64).sqrt();
    let columns: Vec<usize> = (0..bins.borders.len())
        .filter(|_| settings.columns >= 1.0 || random.unit() < settings.columns)
        .collect();
    let mut leaf = vec![0_usize; rows];
    let mut asks: Vec<(usize, usize)> = Vec::new();
    for depth in 0..settings.depth {
        let count = 1 << depth;
        let mut found: Option<(f64, usize, usize)> = None;
        for column in &columns {
            let borders = bins.borders[*column].len();
            if borders == 0 {
                continue;
            }
            let width = borders + 2;
            let mut sums = vec![(0.0_f64, 0.0_f64); count * width];
            for (at, bin) in bins.column(*column).iter().enumerate() {
                let sum = &mut sums[leaf[at] * width + usize::from(*bin)];
                sum.0 += gradients[at];
                sum.1 += hessians[at];
            }
            // Below the border, leaf by leaf, growing with the border.
            let totals: Vec<(f64, f64)> = sums
                .chunks_exact(width)
                .map(|leaf| leaf.iter().fold((0.0, 0.0), |(g, h), (a, b)| (g + a, h + b)))
                .collect();
            let mut below = vec![(0.0_f64, 0.0_f64); count];
            for (own, leaf) in below.iter_mut().zip(sums.chunks_exact(width)) {
                *own = leaf[0];
            }
            for border in 0..borders {
                let mut gain = 0.0;
                for ((own, leaf), all) in below.iter_mut().zip(sums.chunks_exact(width)).zip(&totals) {
                    own.0 += leaf[border + 1].0;
                    own.1 += leaf[border + 1].1;
                    let (g, h) = (all.0 - own.0, all.1 - own.1);
                    gain += own.0 * own.0 / (own.1 + settings.l2) + g * g / (h + settings.l2);
                }
                // Noise on the root, as gains are squares of what gradients add up to.
                let drawn = gain.max(0.0).sqrt() + noise * random.normal();
                if found.is_none_or(|(best, _, _)| drawn > best) {
                    found = Some((drawn, *column, border));
                }
            }
        }
        let Some((_, column, border)) = found else { break };
        for (leaf, bin) in leaf.iter_mut().zip(bins.column(column)) {
            *leaf |= usize::from(usize::from(*bin) > border + 1) << depth;
        }
        asks.push((column, border));
    }
    let count = 1 << asks.len();
    let mut sums = vec![(0.0_f64, 0.0_f64); count];
    for (at, leaf) in leaf.iter().enumerate() {
        sums[*leaf].0 += gradients[at];
        sums[*leaf].1 += hessians[at];
    }
    Grown {
        asks: asks
            .iter()
            .map(|(column, border)| (*column, bins.borders[*column][*border]))
            .collect(),
        answers: sums
            .iter()
            .map(|(g, h)| settings.learning_rate * g / (h + settings.l2))
            .collect(),
        covers: sums.iter().map(|(_, h)| *h).collect(),
    }
}

/// The leaf of each row that the tree was grown on.
fn leaves(bins: &Bins, tree: &Grown) -> Vec<usize> {
    let mut leaf = vec![0_usize; bins.rows];
    for (depth, (column, border)) in tree.asks.iter().enumerate() {
        let at = bins.borders[*column].partition_point(|cut| cut < border);
        for (leaf, bin) in leaf.iter_mut().zip(bins.column(*column)) {
            *leaf |= usize::from(usize::from(*bin) > at + 1) << depth;
        }
    }
    leaf
}

/// The leaf of a row.
fn leaf_of(tree: &Grown, row: &[f32]) -> usize {
    let passed =
        |(depth, (column, border)): (usize, &(usize, f32))| usize::from(row[*column] >= *border) << depth;
    tree.asks.iter().enumerate().map(passed).sum()
}

/// The tree with a node for each way.
fn written(tree: &Grown) -> Tree {
    let mut out = Tree {
        nodes: Vec::new(),
        covers: Vec::new(),
    };
    down(tree, 0, 0, &mut out);
    out
}

fn down(tree: &Grown, depth: usize, leaf: usize, out: &mut Tree) -> usize {
    let at = out.nodes.len();
    let Some((column, border)) = tree.asks.get(depth) else {
        out.nodes.push(Node::Leaf(vec![(0, tree.answers[leaf] as f32)]));
        out.covers.push(tree.covers[leaf]);
        return at;
    };
    out.nodes.push(Node::Leaf(Vec::new()));
    out.covers.push(0.0);
    let yes = down(tree, depth + 1, leaf, out);
    let no = down(tree, depth + 1, leaf | (1 << depth), out);
    out.covers[at] = out.covers[yes] + out.covers[no];
    out.nodes[at] = Node::Branch {
        feature: *column,
        test: Test::Below(*border),
        missing_passes: true,
        yes,
        no,
    };
    at
}
