//! Gradient boosting: `forust-ml` with early stopping on rows that the trees do not see, two configurations that compete,
//! several seeds averaged on small tables. Deterministic: the same rows and seed give the same trees on any number of
//! threads (measured, see `docs/decisions/trainer.md`).

use copilot_scoring::ensemble::{Aggregate, Ensemble, EnsembleError, Node, PostTransform, Test, Tree};
use forust_ml::data::Matrix;
use forust_ml::gradientbooster::{GradientBooster, GrowPolicy};
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use serde::{Deserialize, Serialize};

use crate::table::{Part, Table};

/// Below so many rows several seeds are averaged.
pub const SMALL: usize = 50_000;
/// Seeds that are averaged on a small table.
pub const SEEDS: u64 = 5;

/// What the trees minimise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Log loss: labels are 0 and 1, the margin is log-odds.
    LogLoss,
    /// Squared error: labels are amounts.
    SquaredError,
}

/// How trees are grown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Share of a tree's answer that is taken.
    pub learning_rate: f32,
    /// Depth at the most.
    pub depth: usize,
    /// Leaves at the most; all that the depth allows where `None`.
    pub leaves: Option<usize>,
    /// Penalty on the squares of the weights.
    pub l2: f32,
    /// Hessian a leaf must hold.
    pub leaf_weight: f32,
    /// Share of rows that a tree sees.
    pub rows: f32,
    /// Share of columns that a tree sees.
    pub columns: f64,
    /// Trees at the most.
    pub rounds: usize,
    /// Rounds without betterment after which it ends.
    pub patience: usize,
}

impl Settings {
    /// Shallow trees, quick.
    pub const SHALLOW: Self = Self {
        learning_rate: 0.05,
        depth: 4,
        leaves: None,
        l2: 1.0,
        leaf_weight: 1.0,
        rows: 0.8,
        columns: 0.8,
        rounds: 2_000,
        patience: 50,
    };
    /// Leaf by leaf, slower and more cautious.
    pub const LEAFWISE: Self = Self {
        learning_rate: 0.03,
        depth: 8,
        leaves: Some(15),
        l2: 5.0,
        leaf_weight: 5.0,
        rows: 0.7,
        columns: 0.6,
        rounds: 2_000,
        patience: 80,
    };
}

/// Why trees could not be grown.
#[derive(Debug, thiserror::Error)]
pub enum BoostError {
    /// There are no rows to learn from, or none to stop by.
    #[error("{0} rows to learn from and {1} to stop by: both are needed")]
    Empty(usize, usize),
    /// The labels to learn from are all the same.
    #[error("all labels are the same")]
    OneLabel,
    /// The trainer refused.
    #[error("the trainer: {0}")]
    Trainer(String),
    /// What it grew does not hold together.
    #[error(transparent)]
    Ensemble(#[from] EnsembleError),
}

/// Trees, as they were grown.
#[derive(Debug)]
pub struct Boosted {
    /// The trees, ready to run; the answer is the margin.
    pub ensemble: Ensemble,
    /// Loss on the rows that it was stopped by.
    pub loss: f64,
    /// Trees of each seed.
    pub rounds: Vec<usize>,
}

/// Grows trees with one of the settings, `seeds` times with seeds of their own, and averages the margins.
///
/// # Errors
/// [`BoostError`].
pub fn grow(
    table: &Table,
    labels: &[f64],
    learn: &Part,
    stop: &Part,
    objective: Objective,
    settings: &Settings,
    seeds: std::ops::Range<u64>,
) -> Result<Boosted, BoostError> {
    if learn.is_empty() || stop.is_empty() {
        return Err(BoostError::Empty(learn.len(), stop.len()));
    }
    let (x, y) = (table.gather(learn), learn.pick(labels));
    if y.iter().all(|label| label.total_cmp(&y[0]).is_eq()) {
        return Err(BoostError::OneLabel);
    }
    let (stop_x, stop_y) = (table.gather(stop), stop.pick(labels));
    let (weights, stop_weights) = (learn.weights(), stop.weights());
    let data = Matrix::new(&x, learn.len(), table.width());
    let share = 1.0 / (seeds.end - seeds.start).max(1) as f64;
    let (mut trees, mut base, mut rounds) = (Vec::new(), 0.0, Vec::new());
    for seed in seeds {
        let mut booster = booster(objective, settings, seed);
        let evaluation = vec![(
            Matrix::new(&stop_x, stop.len(), table.width()),
            &stop_y[..],
            &stop_weights[..],
        )];
        booster
            .fit(&data, &y, &weights, Some(evaluation))
            .map_err(|error| BoostError::Trainer(error.to_string()))?;
        let kept = booster
            .prediction_iteration
            .unwrap_or(booster.trees.len())
            .min(booster.trees.len());
        rounds.push(kept);
        base += booster.base_score * share;
        trees.extend(booster.trees[..kept].iter().map(|tree| convert(tree, share)));
    }
    if trees.is_empty() {
        // Nothing helped: the answer is the base for everyone.
        trees.push(Tree {
            nodes: vec![Node::Leaf(vec![(0, 0.0)])],
            covers: vec![learn.len() as f64],
        });
    }
    let ensemble = Ensemble::new(
        trees,
        1,
        Aggregate::Sum,
        vec![base as f32],
        PostTransform::None,
        None,
    )?;
    let margins = margins(&ensemble, table, stop);
    let loss = loss(objective, &margins, &stop_y, &stop_weights);
    Ok(Boosted {
        ensemble,
        loss,
        rounds,
    })
}

/// Grows trees with both settings, keeps the one with the smaller loss on the rows it was stopped by, and averages
/// [`SEEDS`] seeds of it where the table is small.
///
/// # Errors
/// [`BoostError`].
pub fn best(
    table: &Table,
    labels: &[f64],
    learn: &Part,
    stop: &Part,
    objective: Objective,
    seed: u64,
) -> Result<(Boosted, Settings), BoostError> {
    let mut leafwise = Settings::LEAFWISE;
    if objective == Objective::SquaredError {
        leafwise.leaf_weight = 40.0;
    }
    let seeds = if learn.len() < SMALL { SEEDS } else { 1 };
    let mut kept: Option<(Boosted, Settings)> = None;
    for settings in [Settings::SHALLOW, leafwise] {
        let seeds = seed..seed + seeds;
        let grown = grow(table, labels, learn, stop, objective, &settings, seeds)?;
        if kept.as_ref().is_none_or(|(best, _)| grown.loss < best.loss) {
            kept = Some((grown, settings));
        }
    }
    kept.ok_or(BoostError::Empty(learn.len(), stop.len()))
}

fn booster(objective: Objective, settings: &Settings, seed: u64) -> GradientBooster {
    let mut booster = GradientBooster::default()
        .set_objective_type(match objective {
            Objective::LogLoss => ObjectiveType::LogLoss,
            Objective::SquaredError => ObjectiveType::SquaredLoss,
        })
        .set_iterations(settings.rounds)
        .set_learning_rate(settings.learning_rate)
        .set_max_depth(settings.depth)
        .set_max_leaves(settings.leaves.unwrap_or(usize::MAX))
        .set_l2(settings.l2)
        .set_min_leaf_weight(settings.leaf_weight)
        .set_subsample(settings.rows)
        .set_sample_method(SampleMethod::Random)
        .set_colsample_bytree(settings.columns)
        .set_seed(seed)
        .set_initialize_base_score(true)
        .set_early_stopping_rounds(Some(settings.patience))
        .set_parallel(true);
    if settings.leaves.is_some() {
        booster.grow_policy = GrowPolicy::LossGuide;
    }
    booster
}

/// A tree of the trainer as one of ours; its answers times `share`.
///
/// Its thresholds are 64-bit and its rows were 32-bit: rounding up keeps `x < t` as it was for every 32-bit value.
fn convert(grown: &forust_ml::tree::Tree, share: f64) -> Tree {
    let nodes = &grown.nodes;
    // The trainer writes children after their parents already, the root first.
    let mut tree = Tree {
        nodes: Vec::with_capacity(nodes.len()),
        covers: Vec::with_capacity(nodes.len()),
    };
    for node in nodes {
        tree.covers.push(f64::from(node.hessian_sum));
        tree.nodes.push(if node.is_leaf {
            Node::Leaf(vec![(0, (f64::from(node.weight_value) * share) as f32)])
        } else {
            let nearest = node.split_value as f32;
            let up = if f64::from(nearest) < node.split_value {
                nearest.next_up()
            } else {
                nearest
            };
            Node::Branch {
                feature: node.split_feature,
                test: Test::Below(up),
                missing_passes: node.missing_node == node.left_child,
                yes: node.left_child,
                no: node.right_child,
            }
        });
    }
    tree
}

/// The margins of a part of a table.
pub fn margins(ensemble: &Ensemble, table: &Table, part: &Part) -> Vec<f64> {
    let rows = table.rows_of(part);
    let base = ensemble.base.first().map_or(0.0, |b| f64::from(*b));
    let mut raw = ensemble.raw(&rows, table.width());
    for margin in &mut raw {
        *margin += base;
    }
    raw
}

/// Mean loss.
fn loss(objective: Objective, margins: &[f64], labels: &[f64], weights: &[f64]) -> f64 {
    let one = |margin: f64, label: f64| match objective {
        // ln(1 + e^m) − y·m, written so that it does not overflow.
        Objective::LogLoss => margin.max(0.0) - margin * label + (-margin.abs()).exp().ln_1p(),
        Objective::SquaredError => (margin - label).powi(2),
    };
    let (mut sum, mut all) = (0.0, 0.0);
    for ((margin, label), weight) in margins.iter().zip(labels).zip(weights) {
        sum += weight * one(*margin, *label);
        all += weight;
    }
    sum / f64::max(all, 1e-12)
}

/// Mean log loss of margins.
pub fn log_loss(margins: &[f64], labels: &[f64], weights: &[f64]) -> f64 {
    loss(Objective::LogLoss, margins, labels, weights)
}
