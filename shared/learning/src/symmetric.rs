//! Boosting of symmetric trees: all nodes of a level ask the same question. Such trees are weak one by one and hard to
//! overfit, and err elsewhere than the others: on small tables they are what other trainers are beaten by (CatBoost grows
//! the same kind; Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features", 2018).
//!
//! Log loss over binned columns. Questions are chosen by the cosine between the gradients and the answers to them, with some
//! noise that dies down; answers are found by several Newton steps. No bootstrap: it lost on all tables (see
//! `docs/figures/intelligence.md`). Early stopping.

use copilot_scoring::ensemble::{Aggregate, Ensemble, Node, PostTransform, Test, Tree};

use crate::boosting::{BoostError, Boosted, log_loss};
use crate::random::Random;
use crate::table::{Part, Table};

/// Borders of a column at the most.
const BORDERS: usize = 254;

/// How symmetric trees are grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Share of a tree's answer that is taken.
    pub learning_rate: f64,
    /// Questions of a tree.
    pub depth: usize,
    /// Penalty on the squares of the answers.
    pub l2: f64,
    /// Share of columns that a level may ask.
    pub columns: f64,
    /// Noise on the gain of a question, as a share of the spread of the gradients.
    pub noise: f64,
    /// Newton steps to a leaf's answer.
    pub steps: usize,
    /// Trees at the most.
    pub rounds: usize,
    /// Rounds without betterment after which it ends.
    pub patience: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            learning_rate: 0.04,
            depth: 5,
            l2: 3.0,
            columns: 1.0,
            noise: 1.0,
            steps: 10,
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

/// Labels and weights of the rows to learn from.
struct Known {
    y: Vec<f64>,
    weights: Vec<f64>,
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
    let known = Known {
        y,
        weights: learn.weights(),
    };
    let mut random = Random::new(seed);
    let mut margins = vec![base; known.y.len()];
    let mut stop_margins = vec![base; stop_y.len()];
    let mut best = (log_loss(&stop_margins, &stop_y, &stop_weights), 0);
    let mut trees: Vec<Grown> = Vec::new();
    for round in 0..settings.rounds {
        // The noise dies down as the trees have less left to say.
        let left = known.y.len() as f64 * (-(round as f64) * settings.learning_rate).exp();
        let tree = one(
            &bins,
            &known,
            &margins,
            settings,
            &mut random,
            left / (1.0 + left),
        );
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

/// A level's questions are asked of these sums: gradient and weight, by leaf and bin.
type Sums = Vec<(f64, f64)>;

/// One tree.
fn one(
    bins: &Bins,
    known: &Known,
    margins: &[f64],
    settings: &Settings,
    random: &mut Random,
    noise: f64,
) -> Grown {
    let rows = margins.len();
    let told = margins.iter().zip(&known.y).zip(&known.weights);
    let gradients: Vec<f64> = told
        .map(|((margin, y), weight)| weight * (y - sigmoid(*margin)))
        .collect();
    let spread: f64 = gradients.iter().map(|g| g * g).sum();
    let noise = noise * settings.noise * (spread / rows as f64).sqrt();
    let mut leaf = vec![0_usize; rows];
    let mut asks: Vec<(usize, usize)> = Vec::new();
    let mut sums: Sums = Vec::new();
    for depth in 0..settings.depth {
        let mut found: Option<(f64, usize, usize)> = None;
        for column in 0..bins.borders.len() {
            let borders = bins.borders[column].len();
            if borders == 0 || (settings.columns < 1.0 && random.unit() >= settings.columns) {
                continue;
            }
            sums.clear();
            sums.resize((borders + 2) << depth, (0.0, 0.0));
            for (at, bin) in bins.column(column).iter().enumerate() {
                let sum = &mut sums[leaf[at] * (borders + 2) + usize::from(*bin)];
                sum.0 += gradients[at];
                sum.1 += known.weights[at];
            }
            for (border, score) in scores(&sums, borders, settings.l2).into_iter().enumerate() {
                let score = score + noise * random.normal();
                if found.is_none_or(|(best, _, _)| score > best) {
                    found = Some((score, column, border));
                }
            }
        }
        let Some((_, column, border)) = found else { break };
        for (leaf, bin) in leaf.iter_mut().zip(bins.column(column)) {
            *leaf |= usize::from(usize::from(*bin) > border + 1) << depth;
        }
        asks.push((column, border));
    }
    let (answers, covers) = answers(&leaf, 1 << asks.len(), known, margins, settings);
    Grown {
        asks: asks
            .iter()
            .map(|(column, border)| (*column, bins.borders[*column][*border]))
            .collect(),
        answers,
        covers,
    }
}

/// How well each border of a column parts the gradients: the cosine between them and the answers that it would give.
fn scores(sums: &[(f64, f64)], borders: usize, l2: f64) -> Vec<f64> {
    let (mut along, mut long) = (vec![0.0; borders], vec![1e-100; borders]);
    for leaf in sums.chunks_exact(borders + 2) {
        let all = leaf.iter().fold((0.0, 0.0), |(g, w), (a, b)| (g + a, w + b));
        if all.1 <= 0.0 {
            continue;
        }
        let mut below = leaf[0];
        for border in 0..borders {
            below.0 += leaf[border + 1].0;
            below.1 += leaf[border + 1].1;
            for (g, w) in [below, (all.0 - below.0, all.1 - below.1)] {
                let answer = g / (w + l2);
                along[border] += g * answer;
                long[border] += answer * answer * w;
            }
        }
    }
    along.iter().zip(&long).map(|(a, l)| a / l.sqrt()).collect()
}

/// The answers of the leaves, by some Newton steps each on all rows, and the weight of the rows in each.
fn answers(
    leaf: &[usize],
    count: usize,
    known: &Known,
    margins: &[f64],
    settings: &Settings,
) -> (Vec<f64>, Vec<f64>) {
    let mut answers = vec![0.0; count];
    let mut covers = vec![0.0; count];
    for (leaf, weight) in leaf.iter().zip(&known.weights) {
        covers[*leaf] += weight;
    }
    for _ in 0..settings.steps {
        let mut sums = vec![(0.0_f64, 0.0_f64); count];
        for (at, leaf) in leaf.iter().enumerate() {
            let p = sigmoid(margins[at] + answers[*leaf]);
            let sum = &mut sums[*leaf];
            sum.0 += known.weights[at] * (known.y[at] - p);
            sum.1 += known.weights[at] * p * (1.0 - p);
        }
        for (answer, (g, h)) in answers.iter_mut().zip(&sums) {
            *answer += g / (h + settings.l2);
        }
    }
    for answer in &mut answers {
        *answer *= settings.learning_rate;
    }
    (answers, covers)
}

fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
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
