//! Fits one of ours on a split and tells what it says.

use anyhow::{Context as _, Result};
use copilot_learning::blend::{self, Blend, Plan};
use copilot_learning::boosting::{self, Objective};
use copilot_learning::linear::{self, Linear};
use copilot_learning::symmetric;
use copilot_learning::table::{Part, Table};
use copilot_scoring::ensemble::Ensemble;

use crate::files::{self, Roles, Set};

/// A label looks so many seconds ahead.
const AHEAD: i64 = 90 * 86_400;
/// Seconds after which a row counts half.
const HALF_LIFE: f64 = 120.0 * 86_400.0;

/// What was learnt.
#[derive(Debug)]
pub(crate) enum Model {
    Trees(Box<Ensemble>),
    Line(Linear),
    Blend(Box<Blend>),
}

impl Model {
    pub(crate) fn margins(&self, table: &Table, rows: &[usize]) -> Vec<f64> {
        let part = Part::of(rows.to_vec());
        match self {
            Self::Trees(trees) => boosting::margins(trees, table, &part),
            Self::Line(line) => rows.iter().map(|row| line.margin(table.row(*row))).collect(),
            Self::Blend(blend) => blend.margins(table, &part),
        }
    }
}

pub(crate) fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

/// Rows that count the less the older they are, where the set tells their time.
fn weighted(set: &Set, rows: Vec<usize>) -> Part {
    let Some(cutoffs) = &set.cutoffs else {
        return Part::of(rows);
    };
    let last = rows.iter().map(|row| cutoffs[*row]).max().unwrap_or(0);
    let weight = |row: &usize| (-((last - cutoffs[*row]) as f64) / HALF_LIFE).exp2();
    let weights = rows.iter().map(weight).collect();
    Part::weighted(rows, weights)
}

/// The rows learnt from as they came: the last fifth of the cut-offs, and those whose labels had come true by then. `None`
/// where the set tells no time, or too little of it.
fn by_time(set: &Set, learn: &Part) -> Option<(Part, Part)> {
    let cutoffs = set.cutoffs.as_ref()?;
    let mut times: Vec<i64> = learn.rows.iter().map(|row| cutoffs[*row]).collect();
    times.sort_unstable();
    times.dedup();
    let from = times[times.len() - times.len().div_ceil(5)];
    let of = |keep: &dyn Fn(i64) -> bool| {
        let rows = learn
            .rows
            .iter()
            .copied()
            .filter(|row| keep(cutoffs[*row]))
            .collect();
        weighted(set, rows)
    };
    let (early, late) = (of(&|at| at + AHEAD <= from), of(&|at| at >= from));
    (!early.is_empty()).then_some((early, late))
}

fn folds(set: &Set, part: &Part) -> Vec<usize> {
    part.rows
        .iter()
        .map(|row| files::fold(set.groups[*row]))
        .collect()
}

/// Fits on the rows of a split; `labels` are those of the set, or others.
pub(crate) fn fit(model: &str, set: &Set, labels: &[f64], roles: &Roles) -> Result<Model> {
    let table = &set.table;
    let learn = weighted(set, roles.fit.iter().chain(&roles.stop).copied().collect());
    let (fit, stop) = (
        weighted(set, roles.fit.clone()),
        weighted(set, roles.stop.clone()),
    );
    Ok(match model {
        "boost" => {
            let (grown, _) = boosting::best(table, labels, &fit, &stop, Objective::LogLoss, 0)?;
            Model::Trees(Box::new(grown.ensemble))
        }
        "symmetric" => {
            let settings = symmetric::Settings::default();
            let grown = symmetric::grow(table, labels, &fit, &stop, &settings, 0)?;
            Model::Trees(Box::new(grown.ensemble))
        }
        "line" => {
            let penalty = by_time(set, &learn).map_or(linear::PENALTY, |(early, late)| {
                linear::penalty_by_time(table, labels, &early, &late)
            });
            Model::Line(Linear::fit(table, labels, &learn, penalty).context("no line")?)
        }
        "chosen" => {
            let mut plan = Plan::of(learn.len());
            if let Some((early, late)) = by_time(set, &learn).filter(|_| plan.linear) {
                plan.penalty = linear::penalty_by_time(table, labels, &early, &late);
                let early = (&early, &folds(set, &early)[..]);
                plan.weights = Some(blend::weights_by_time(table, labels, early, &late, &plan)?);
            }
            let grown = blend::grow(table, labels, &learn, &folds(set, &learn), &plan)?;
            set.note(&format!(
                "weights {:.2?}, {:?}, penalty {}",
                grown.weights, grown.platt, plan.penalty
            ));
            Model::Blend(Box::new(grown))
        }
        other => anyhow::bail!("{other} is none of boost, symmetric, line, chosen, hurdle"),
    })
}

/// Pounds of the next 90 days: the chance to buy, times what those spend who do. That is learnt as the logarithm of its ratio to
/// the run-rate; one factor makes the sum right over the buyers that were learnt from.
pub(crate) fn hurdle(set: &Set, roles: &Roles) -> Result<Vec<f64>> {
    let runrate = set.runrate.as_ref().context("runrate.f32 is missing")?;
    let base: Vec<f64> = runrate.iter().map(|r| f64::from(*r).max(0.0).ln_1p()).collect();
    let lapsed: Vec<f64> = set
        .labels
        .iter()
        .map(|y| f64::from(u8::from(*y <= 0.0)))
        .collect();
    let ratio: Vec<f64> = set.labels.iter().zip(&base).map(|(y, b)| y - b).collect();
    let buyers =
        |rows: &[usize]| -> Vec<usize> { rows.iter().copied().filter(|row| lapsed[*row] < 0.5).collect() };
    let (fit, stop) = (buyers(&roles.fit), buyers(&roles.stop));
    let leaves = fit_trees(set, &ratio, &fit, &stop)?;
    let spend = |rows: &[usize]| -> Vec<f64> {
        let told = boosting::margins(&leaves, &set.table, &Part::of(rows.to_vec()));
        told.iter()
            .zip(rows)
            .map(|(t, row)| (t + base[*row]).exp_m1().max(0.0))
            .collect()
    };
    let known: Vec<usize> = fit.iter().chain(&stop).copied().collect();
    let came: f64 = known.iter().map(|row| set.labels[*row].exp_m1()).sum();
    let factor = came / spend(&known).iter().sum::<f64>();
    let stays = self::fit("chosen", set, &lapsed, roles)?.margins(&set.table, &roles.test);
    Ok(stays
        .iter()
        .zip(spend(&roles.test))
        .map(|(margin, spend)| sigmoid(-margin) * spend * factor)
        .collect())
}

fn fit_trees(set: &Set, labels: &[f64], fit: &[usize], stop: &[usize]) -> Result<Ensemble> {
    let (fit, stop) = (Part::of(fit.to_vec()), Part::of(stop.to_vec()));
    let (grown, _) = boosting::best(&set.table, labels, &fit, &stop, Objective::SquaredError, 0)?;
    Ok(grown.ensemble)
}
