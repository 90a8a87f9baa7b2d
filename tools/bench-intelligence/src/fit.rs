//! Fits one of ours on a split and tells what it says.

use anyhow::{Context as _, Result};
use copilot_learning::blend::{self, Blend, Plan};
use copilot_learning::boosting::{self, Objective};
use copilot_learning::hurdle::{self, Growth};
use copilot_learning::linear::{self, Linear};
use copilot_learning::symmetric;
use copilot_learning::table::{Part, Table};
use copilot_scoring::ensemble::Ensemble;

use crate::files::{self, Roles, Set};
use crate::neural::{self, Neural};

/// A label looks so many seconds ahead.
const AHEAD: i64 = 90 * 86_400;
/// Seconds after which a row counts half.
const HALF_LIFE: f64 = 120.0 * 86_400.0;

/// The few columns of a log whose line has a share of its own: in how many months it ordered, orders to come by BG/NBD, and
/// how many articles it ever took.
const FEW: [&str; 3] = ["months_active_365", "orders_ahead_90", "articles_all"];

/// What was learnt.
#[derive(Debug)]
pub(crate) enum Model {
    Trees(Box<Ensemble>),
    Line(Linear),
    Blend(Box<Blend>),
    Neural(Neural),
}

impl Model {
    pub(crate) fn margins(&self, table: &Table, rows: &[usize]) -> Vec<f64> {
        let part = Part::of(rows.to_vec());
        match self {
            Self::Trees(trees) => boosting::margins(trees, table, &part),
            Self::Line(line) => rows.iter().map(|row| line.margin(table.row(*row))).collect(),
            Self::Blend(blend) => blend.margins(table, &part),
            Self::Neural(net) => net.margins(table, &part),
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
            let place = |name: &&str| set.columns.iter().position(|column| column == name);
            let few: Option<Vec<usize>> = FEW.iter().map(place).collect();
            // Of churn alone: told the spend, the order of amounts was no better with it.
            plan.few = few.filter(|_| set.runrate.is_none()).unwrap_or_default();
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
        "neural" => Model::Neural(Neural::grow(
            table,
            labels,
            (&fit, &stop),
            &neural::Settings::default(),
        )),
        other => anyhow::bail!("{other} is none of boost, symmetric, line, chosen, neural"),
    })
}

/// Pounds of the next 90 days: the chance to buy, times what those spend who do.
pub(crate) fn hurdle(set: &Set, roles: &Roles) -> Result<Vec<f64>> {
    let runrate = set.runrate.as_ref().context("runrate.f32 is missing")?;
    let bases: Vec<f64> = runrate.iter().map(|r| f64::from(*r)).collect();
    let came: Vec<f64> = set.labels.iter().map(|y| y.exp_m1()).collect();
    let lapsed: Vec<f64> = came.iter().map(|y| f64::from(u8::from(*y <= 0.0))).collect();
    let (learn, stop, test) = (&roles.fit, &roles.stop, &roles.test);
    let parts = (&Part::of(learn.clone()), &Part::of(stop.clone()));
    let amounts = hurdle::grow(&set.table, (&came, &bases), parts, Growth::Best)?;
    let spend = amounts.if_so(&set.table, &bases, &Part::of(test.clone()));
    let stays = self::fit("chosen", set, &lapsed, roles)?.margins(&set.table, test);
    Ok(stays
        .iter()
        .zip(spend)
        .map(|(margin, spend)| sigmoid(-margin) * spend)
        .collect())
}
