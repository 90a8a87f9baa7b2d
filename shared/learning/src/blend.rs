//! The model that is served: boosted trees and a logistic regression, each grown five times on four fifths of the training
//! rows, averaged, weighed against each other on the fifth they did not see, and calibrated there.
//!
//! Growing on folds uses every row both to learn and to stop by, where one held-out part wastes it, and gives margins for
//! all training rows by trees that did not see them: what weights and calibration are fitted on.

mod plan;

use std::ops::Range;

use copilot_scoring::ensemble::{Aggregate, Contributions, Ensemble, PostTransform, Tree};

use crate::boosting::{self, BoostError, Boosted, Objective};
use crate::calibrate::Platt;
use crate::linear::{self, Linear};
use crate::logistic::Logistic;
use crate::random::Random;
use crate::symmetric;
use crate::table::{Part, Table};

pub use plan::{Kind, Plan};

/// Folds of a table below [`LARGE`]; a larger one is grown once, stopped by one fold.
pub const FOLDS: usize = 5;
/// Rows from which a table is told by one kind of trees grown once: five times the minutes would no longer pay.
pub const LARGE: usize = 100_000;
/// Rows from which a line is fitted and members are weighed, at the most; of more, one of every few. A hundred weights do not
/// become better by a million rows, only slower.
pub const ENOUGH: usize = 100_000;

/// The share of a line through few columns. Two or three weights have little to learn from the months that happen to be there;
/// on logs of a few months such a line tells later ones as well as all of the others together (docs/decisions/trainer.md).
pub const FEW_SHARE: f64 = 0.3;

/// Trees and a line, their weights, and the calibration of their sum.
#[derive(Debug)]
pub struct Blend {
    /// The trees, weighted already.
    pub trees: Ensemble,
    /// The line, with its weight.
    pub linear: Option<(Linear, f64)>,
    /// The calibration of the sum.
    pub platt: Platt,
    /// The weight of each member, trees first, without the line through few columns.
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

impl Blend {
    /// What each column adds to the calibrated margin of a row, and the margin without them: exact for trees and line alike.
    /// `None` where the trees cannot be explained.
    pub fn contributions(&self, row: &[f32]) -> Option<Contributions> {
        let mut why = self.trees.contributions(row, 0)?;
        if let Some((linear, weight)) = &self.linear {
            why.base += weight * linear.intercept;
            for ((own, column), x) in why.columns.iter_mut().zip(&linear.columns).zip(row) {
                *own += weight * column.contribution(*x);
            }
        }
        why.base = self.platt.margin(why.base);
        for own in &mut why.columns {
            *own *= self.platt.slope;
        }
        Some(why)
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
    let folds = if part.len() < LARGE { FOLDS } else { 1 };
    let truth: Vec<bool> = part.pick(labels).iter().map(|y| *y > 0.5).collect();
    let mut members: Vec<Vec<f64>> = Vec::new();
    let mut forests: Vec<Vec<Ensemble>> = Vec::new();
    for (number, kind) in plan.trees.iter().enumerate() {
        let mut unseen = vec![f64::NAN; part.len()];
        let mut forest = Vec::new();
        for held in 0..folds {
            let (learn, stop) = split(part, fold, held);
            let first = (number * folds + held) as u64 * plan.seeds;
            let (learn, rows) = (part.at(&learn), part.at(&stop));
            let grown = member(kind, table, labels, (&learn, &rows), first..first + plan.seeds)?;
            for (at, margin) in stop.iter().zip(boosting::margins(&grown.ensemble, table, &rows)) {
                unseen[*at] = margin;
            }
            forest.push(grown.ensemble);
        }
        members.push(unseen);
        forests.push(forest);
    }
    let all: Vec<usize> = (0..table.width()).collect();
    let linear = if plan.linear {
        line(&all, table, labels, part, (fold, folds), plan.penalty)
    } else {
        None
    };
    let few = if plan.few.is_empty() {
        None
    } else {
        line(&plan.few, table, labels, part, (fold, folds), linear::PENALTY)
    };
    let linear = linear.map(|(fit, unseen)| {
        members.push(unseen);
        fit
    });
    // Rows that some member has not been held against are left out of the weighing.
    let every: Vec<&Vec<f64>> = members
        .iter()
        .chain(few.iter().map(|(_, unseen)| unseen))
        .collect();
    let is_known = |at: &usize| every.iter().all(|m| m[*at].is_finite());
    let known: Vec<usize> = (0..part.len()).filter(is_known).collect();
    let rows: Vec<Vec<f64>> = known
        .iter()
        .map(|at| members.iter().map(|m| m[*at]).collect())
        .collect();
    let known_truth: Vec<bool> = known.iter().map(|at| truth[*at]).collect();
    let counts = part.at(&known).weights();
    let mut weights = match &plan.weights {
        Some(weights) if weights.len() == members.len() => weights.clone(),
        _ => weigh(&rows, &known_truth, &counts),
    };
    let sum = |row: &Vec<f64>| row.iter().zip(&weights).map(|(m, w)| m * w).sum::<f64>();
    let mut sums: Vec<f64> = rows.iter().map(sum).collect();
    let mut platt = Platt::fit_weighted(&sums, &known_truth, &counts);
    let few = few.filter(|_| !members.is_empty());
    if let Some((_, unseen)) = &few {
        // The others as they are calibrated have the rest; what is constant in it goes with the calibration of the sum.
        let rest = (1.0 - FEW_SHARE) * platt.slope;
        for weight in &mut weights {
            *weight *= rest;
        }
        for (sum, at) in sums.iter_mut().zip(&known) {
            *sum = *sum * rest + FEW_SHARE * unseen[*at];
        }
        platt = Platt::fit_weighted(&sums, &known_truth, &counts);
    }
    let linear = linear
        .zip(weights.get(plan.trees.len()).copied())
        .filter(|(_, w)| *w > 0.0);
    let linear = match (linear, few) {
        (Some((line, weight)), Some((few, _))) => {
            Some((line.scaled(weight).plus(&few.scaled(FEW_SHARE)), 1.0))
        }
        (None, Some((few, _))) => Some((few, FEW_SHARE)),
        (linear, None) => linear,
    };
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

/// Trees of one kind.
fn member(
    kind: &Kind,
    table: &Table,
    labels: &[f64],
    (learn, stop): (&Part, &Part),
    seeds: Range<u64>,
) -> Result<Boosted, BoostError> {
    match kind {
        Kind::Free(settings) => {
            boosting::grow(table, labels, learn, stop, Objective::LogLoss, settings, seeds)
        }
        Kind::Symmetric(settings) => symmetric::grow(table, labels, learn, stop, settings, seeds.start),
    }
}

/// Weights of the members by what they say of later rows when they are grown on earlier ones. Rows held out by folds are of the
/// same time as those learnt from and flatter what fits that time best. `fold` is of the earlier rows. Of large parts [`ENOUGH`] rows.
///
/// # Errors
/// [`BoostError`].
pub fn weights_by_time(
    table: &Table,
    labels: &[f64],
    (early, fold): (&Part, &[usize]),
    late: &Part,
    plan: &Plan,
) -> Result<Vec<f64>, BoostError> {
    let places = enough(early.len());
    let fold: Vec<usize> = places.iter().map(|at| fold[*at]).collect();
    let (early, late) = (&early.at(&places), &late.at(&enough(late.len())));
    let (learn, stop) = split(early, &fold, 0);
    let (learn, stop) = (early.at(&learn), early.at(&stop));
    let mut members = Vec::new();
    for (number, kind) in plan.trees.iter().enumerate() {
        let first = number as u64 * plan.seeds;
        let grown = member(kind, table, labels, (&learn, &stop), first..first + plan.seeds)?;
        members.push(boosting::margins(&grown.ensemble, table, late));
    }
    if plan.linear
        && let Some(line) = Linear::fit(table, labels, early, plan.penalty)
    {
        members.push(late.rows.iter().map(|row| line.margin(table.row(*row))).collect());
    }
    let rows: Vec<Vec<f64>> = (0..late.len())
        .map(|at| members.iter().map(|m| m[at]).collect())
        .collect();
    let truth: Vec<bool> = late.pick(labels).iter().map(|y| *y > 0.5).collect();
    Ok(weigh(&rows, &truth, &late.weights()))
}

/// A line through all rows and some columns, and the margins of the rows by lines that did not see them.
fn line(
    some: &[usize],
    table: &Table,
    labels: &[f64],
    part: &Part,
    (fold, folds): (&[usize], usize),
    penalty: f64,
) -> Option<(Linear, Vec<f64>)> {
    let mut unseen = vec![f64::NAN; part.len()];
    for held in 0..folds {
        let (learn, stop) = split(part, fold, held);
        let learn = part.at(&learn);
        let learn = learn.at(&enough(learn.len()));
        if let Some(fit) = Linear::through(some, table, labels, &learn, penalty) {
            for at in stop {
                unseen[at] = fit.margin(table.row(part.rows[at]));
            }
        }
    }
    let fit = Linear::through(some, table, labels, &part.at(&enough(part.len())), penalty)?;
    let seen = unseen.iter().filter(|m| m.is_finite()).count();
    (seen > 0 && (folds == 1 || seen == unseen.len())).then_some((fit, unseen))
}

/// Places of [`ENOUGH`] of so many rows: one of each stretch, by chance, as rows in order may repeat their folds.
fn enough(count: usize) -> Vec<usize> {
    let step = count.div_ceil(ENOUGH).max(1);
    let mut random = Random::new(count as u64);
    (0..count)
        .step_by(step)
        .map(|first| first + (random.unit() * step.min(count - first) as f64) as usize)
        .collect()
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

/// Rows of a part to learn from and to hold against, by place in the part.
fn split(part: &Part, fold: &[usize], held: usize) -> (Vec<usize>, Vec<usize>) {
    (0..part.len()).partition(|at| fold[*at] != held)
}

/// Weights of the members, none below zero, by the log loss of their sum on rows they did not see. A slight pull holds
/// them together, so that members that say the same share their place.
fn weigh(rows: &[Vec<f64>], labels: &[bool], counts: &[f64]) -> Vec<f64> {
    let count = rows.first().map_or(0, Vec::len);
    let mut kept: Vec<usize> = (0..count).collect();
    let mut weights = vec![0.0; count];
    // A weight below zero bets against a member: leave out the worst of them and fit again.
    while !kept.is_empty() {
        let chosen: Vec<Vec<f64>> = rows
            .iter()
            .map(|r| kept.iter().map(|k| r[*k]).collect())
            .collect();
        let Ok(fit) = Logistic::fit_weighted(&chosen, labels, counts, 0.02 * rows.len() as f64 / 100.0)
        else {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_part_is_taken_whole_and_a_large_one_from_every_stretch_and_fold() {
        assert_eq!(enough(1_000), (0..1_000).collect::<Vec<usize>>());
        assert_eq!(enough(ENOUGH).len(), ENOUGH);
        let some = enough(10 * ENOUGH + 3);
        assert!(some.len() <= ENOUGH && some.is_sorted());
        for fold in 0..FOLDS {
            let share = some.iter().filter(|at| *at % FOLDS == fold).count() as f64 / some.len() as f64;
            assert!((share - 0.2).abs() < 0.01, "{share}");
        }
        assert!(some.last().is_some_and(|last| *last < 10 * ENOUGH + 3));
    }
}
