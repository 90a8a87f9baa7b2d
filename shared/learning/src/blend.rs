//! The model that is served: boosted trees and a logistic regression, each grown five times on four fifths of the training
//! rows, averaged, weighed against each other on the fifth they did not see, and calibrated there.
//!
//! Growing on folds uses every row both to learn and to stop by, where one held-out part wastes it, and gives margins for
//! all training rows by trees that did not see them: what weights and calibration are fitted on.

use copilot_scoring::ensemble::{Aggregate, Ensemble, PostTransform, Tree};

use crate::boosting::{self, BoostError, Objective, Settings};
use crate::calibrate::Platt;
use crate::linear::Linear;
use crate::logistic::Logistic;
use crate::symmetric;
use crate::table::{Part, Table};

/// Folds where the table is small; larger ones are grown once, stopped by one fold.
pub const FOLDS: usize = 5;

/// A kind of trees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Node by node, by `forust-ml`.
    Free(Settings),
    /// Level by level.
    Symmetric(symmetric::Settings),
}

/// How it is grown.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Trees that compete for a place in the sum.
    pub trees: Vec<Kind>,
    /// Seeds by fold.
    pub seeds: u64,
    /// Whether a logistic regression stands beside the trees.
    pub linear: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            trees: vec![
                Kind::Free(Settings::SHALLOW),
                Kind::Free(Settings::LEAFWISE),
                Kind::Symmetric(symmetric::Settings::default()),
            ],
            seeds: 1,
            linear: true,
        }
    }
}

/// Trees and a line, their weights, and the calibration of their sum.
#[derive(Debug)]
pub struct Blend {
    /// The trees, weighted already.
    pub trees: Ensemble,
    /// The line, with its weight.
    pub linear: Option<(Linear, f64)>,
    /// The calibration of the sum.
    pub platt: Platt,
    /// The weight of each member, trees first.
    pub weights: Vec<f64>,
    /// Margins of the training rows by members that did not see them, calibrated.
    pub unseen: Vec<f64>,
}

impl Blend {
    /// The calibrated margin of each row of a part.
    pub fn margins(&self, table: &Table, part: &Part) -> Vec<f64> {
        let mut out = boosting::margins(&self.trees, table, part);
        if let Some((linear, weight)) = &self.linear {
            for (margin, row) in out.iter_mut().zip(&part.rows) {
                *margin += weight * linear.margin(table.row(*row));
            }
        }
        for margin in &mut out {
            *margin = self.platt.margin(*margin);
        }
        out
    }
}

/// Grows a blend on the rows of a part. `fold` tells the fold of each row of the part, so that rows of one customer stay
/// together.
///
/// # Errors
/// [`BoostError`].
pub fn grow(
    table: &Table,
    labels: &[f64],
    part: &Part,
    fold: &[usize],
    plan: &Plan,
) -> Result<Blend, BoostError> {
    let folds = if part.len() < boosting::SMALL { FOLDS } else { 1 };
    let truth: Vec<bool> = part.pick(labels).iter().map(|y| *y > 0.5).collect();
    let mut members: Vec<Vec<f64>> = Vec::new();
    let mut forests: Vec<Vec<Ensemble>> = Vec::new();
    for (number, kind) in plan.trees.iter().enumerate() {
        let mut unseen = vec![f64::NAN; part.len()];
        let mut forest = Vec::new();
        for held in 0..folds {
            let (learn, stop) = split(part, fold, held);
            let first = (number * folds + held) as u64 * plan.seeds;
            let (learn, rows) = (rows_at(part, &learn), rows_at(part, &stop));
            let grown = match kind {
                Kind::Free(settings) => {
                    let (objective, seeds) = (Objective::LogLoss, first..first + plan.seeds);
                    boosting::grow(table, labels, &learn, &rows, objective, settings, seeds)?
                }
                Kind::Symmetric(settings) => symmetric::grow(table, labels, &learn, &rows, settings, first)?,
            };
            for (at, margin) in stop.iter().zip(boosting::margins(&grown.ensemble, table, &rows)) {
                unseen[*at] = margin;
            }
            forest.push(grown.ensemble);
        }
        members.push(unseen);
        forests.push(forest);
    }
    let linear = if plan.linear {
        line(table, labels, part, fold, folds)
    } else {
        None
    };
    let linear = linear.map(|(fit, unseen)| {
        members.push(unseen);
        fit
    });
    // Rows that some member has not been held against are left out of the weighing.
    let known: Vec<usize> = (0..part.len())
        .filter(|at| members.iter().all(|m| m[*at].is_finite()))
        .collect();
    let rows: Vec<Vec<f64>> = known
        .iter()
        .map(|at| members.iter().map(|m| m[*at]).collect())
        .collect();
    let known_truth: Vec<bool> = known.iter().map(|at| truth[*at]).collect();
    let weights = weigh(&rows, &known_truth);
    let sum = |row: &Vec<f64>| row.iter().zip(&weights).map(|(m, w)| m * w).sum::<f64>();
    let sums: Vec<f64> = rows.iter().map(sum).collect();
    let platt = Platt::fit(&sums, &known_truth);
    let linear = linear
        .zip(weights.get(plan.trees.len()).copied())
        .filter(|(_, w)| *w > 0.0);
    let mut unseen = vec![f64::NAN; part.len()];
    for (at, sum) in known.iter().zip(&sums) {
        unseen[*at] = platt.margin(*sum);
    }
    Ok(Blend {
        trees: sum_of(forests, &weights)?,
        linear,
        platt,
        weights,
        unseen,
    })
}

/// A line through all rows, and the margins of the rows by lines that did not see them.
fn line(
    table: &Table,
    labels: &[f64],
    part: &Part,
    fold: &[usize],
    folds: usize,
) -> Option<(Linear, Vec<f64>)> {
    let mut unseen = vec![f64::NAN; part.len()];
    for held in 0..folds {
        let (learn, stop) = split(part, fold, held);
        if let Some(fit) = Linear::fit(table, labels, &rows_at(part, &learn)) {
            for at in stop {
                unseen[at] = fit.margin(table.row(part.rows[at]));
            }
        }
    }
    let fit = Linear::fit(table, labels, part)?;
    (folds == 1 || unseen.iter().all(|m| m.is_finite())).then_some((fit, unseen))
}

/// All forests as one, each times its weight; the forests of one member share it.
fn sum_of(forests: Vec<Vec<Ensemble>>, weights: &[f64]) -> Result<Ensemble, BoostError> {
    let mut trees = Vec::new();
    let mut base = 0.0;
    for (forest, weight) in forests.into_iter().zip(weights) {
        let share = weight / forest.len() as f64;
        for ensemble in forest {
            base += ensemble.base.first().map_or(0.0, |b| f64::from(*b)) * share;
            if *weight > 0.0 {
                trees.extend(ensemble.trees.into_iter().map(|tree| tree.scaled(share)));
            }
        }
    }
    if trees.is_empty() {
        trees.push(Tree::constant(0.0));
    }
    let base = vec![base as f32];
    Ok(Ensemble::new(
        trees,
        1,
        Aggregate::Sum,
        base,
        PostTransform::None,
        None,
    )?)
}

/// Some rows of a part, by place in the part.
fn rows_at(part: &Part, places: &[usize]) -> Part {
    Part::of(places.iter().map(|at| part.rows[*at]).collect())
}

/// Rows of a part to learn from and to hold against, by place in the part.
fn split(part: &Part, fold: &[usize], held: usize) -> (Vec<usize>, Vec<usize>) {
    (0..part.len()).partition(|at| fold[*at] != held)
}

/// Weights of the members, none below zero, by the log loss of their sum on rows they did not see. A slight pull holds
/// them together, so that members that say the same share their place.
fn weigh(rows: &[Vec<f64>], labels: &[bool]) -> Vec<f64> {
    let count = rows.first().map_or(0, Vec::len);
    let mut kept: Vec<usize> = (0..count).collect();
    let mut weights = vec![0.0; count];
    // A weight below zero bets against a member: leave out the worst of them and fit again.
    while !kept.is_empty() {
        let chosen: Vec<Vec<f64>> = rows
            .iter()
            .map(|r| kept.iter().map(|k| r[*k]).collect())
            .collect();
        let Ok(fit) = Logistic::fit(&chosen, labels, 0.02 * rows.len() as f64 / 100.0) else {
            break;
        };
        let worst = (0..kept.len()).min_by(|a, b| fit.coefficients[*a].total_cmp(&fit.coefficients[*b]));
        match worst {
            Some(at) if fit.coefficients[at] < 0.0 => {
                kept.remove(at);
            }
            _ => {
                for (k, w) in kept.iter().zip(&fit.coefficients) {
                    weights[*k] = *w;
                }
                return weights;
            }
        }
    }
    // Nothing is told apart: all count alike.
    vec![1.0 / count.max(1) as f64; count]
}
