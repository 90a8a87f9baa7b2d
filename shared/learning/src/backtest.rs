//! Backtests: the figures of what was said on past days against what happened then, and the report of them.
//!
//! A look is an account on a past day as it was known then, with what each side (a set of profiles, the rules, a model)
//! said of it, and with what happened in the 90 days after. Figures are those of [`crate::accuracy`]: there are no
//! second ones. Losses are looked at once more from their own day backwards, so that 90 days before is just that.

mod plots;
pub mod replay;
pub mod report;

use std::collections::BTreeMap;

use copilot_domain::accuracy::CutPoint;
use copilot_domain::backtest::{
    BacktestResult, BacktestSide, BandOutcomes, LOOKS_BEFORE_LOSS, MissedLoss, Ranged, Replay, WarnedLosses,
    Warnings,
};
use copilot_domain::check::Check;
use copilot_domain::health::Band;
use copilot_domain::ids::AccountId;
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_domain::time::Timestamp;
use copilot_scoring::learnt_card::Interval;
use jiff::civil::Date;

use crate::accuracy::{curve, labels, part, rules, wilson};
use crate::evidence::Held;
use crate::outcomes::Recorded;
use crate::population::Stage;
use crate::quality::{auc, lift_at_10};

/// Days after a look in which it may happen.
pub const WINDOW_DAYS: u32 = 90;
/// Missed losses that are kept by name.
pub const MAX_MISSED: usize = 200;
/// Points of a curve that are kept.
const CURVE_POINTS: usize = 60;

/// What one side said of an account on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Stand {
    /// The band.
    pub band: Band,
    /// The health score, 0 to 100.
    pub score: Option<f64>,
    /// How likely or how bad, 0 to 1; `None` where there was no answer.
    pub risk: Option<f64>,
    /// Whether it counts as flagged.
    pub flagged: bool,
    /// The rules that fired.
    pub rules: Vec<String>,
    /// What weighed most, or why there was no answer.
    pub reasons: Vec<String>,
}

/// What became of an account in the 90 days after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It left.
    Churned,
    /// It stayed for less.
    Contracted,
    /// It stayed for more.
    Expanded,
    /// It stayed as it was.
    Retained,
}

impl Became {
    /// What became of an account; `None` where that is not known.
    pub fn of(recorded: &Recorded, from: Timestamp) -> Option<Self> {
        let happened = |kind| recorded.happened(kind, from, WINDOW_DAYS);
        let became = if happened(PredictionKind::Churn)? {
            Self::Churned
        } else if happened(PredictionKind::Downgrade) == Some(true) {
            Self::Contracted
        } else if happened(PredictionKind::Expansion) == Some(true) {
            Self::Expanded
        } else {
            Self::Retained
        };
        Some(became)
    }
}

/// A look at an account whose outcome is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The account.
    pub account: AccountId,
    /// The day.
    pub day: Date,
    /// Whether what is tested for happened.
    pub happened: bool,
    /// What became of the account.
    pub became: Option<Became>,
    /// What each side said.
    pub stands: Vec<Stand>,
}

/// An account that was lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// The account.
    pub account: AccountId,
    /// The day on which it was lost.
    pub on: Date,
    /// What each side said so many days before, by [`LOOKS_BEFORE_LOSS`]; `None` when it was not known then.
    pub stands: Vec<Option<Vec<Stand>>>,
}

/// One of the things compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What it is.
    pub name: String,
    /// What counts as flagged, in words.
    pub flags: String,
    /// Whether its risks are probabilities.
    pub has_probabilities: bool,
}

/// Everything that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What is tested for.
    pub kind: PredictionKind,
    /// Until when facts were known.
    pub known_until: Timestamp,
    /// Days looked at.
    pub days: Vec<Date>,
    /// Accounts read.
    pub accounts: u64,
    /// The sides; what is tested first.
    pub sides: Vec<Side>,
    /// Looks, in any order.
    pub looks: Vec<Look>,
    /// Losses, in any order; empty where something else than churn is tested for.
    pub losses: Vec<Loss>,
    /// The rules over the last weeks.
    pub replay: Replay,
    /// What to know when reading it.
    pub notes: Vec<String>,
}

/// The figures of what was seen. The order in which accounts were read does not matter.
pub fn result(mut seen: Seen) -> BacktestResult {
    seen.looks.sort_by_key(|look| (look.day, look.account));
    seen.losses
        .sort_by_key(|loss| (std::cmp::Reverse(loss.on), loss.account));
    let sides: Vec<BacktestSide> = (0..seen.sides.len()).map(|at| side(&seen, at)).collect();
    let checks: Vec<Check> = seen
        .looks
        .iter()
        .filter_map(|look| Some(check(look, look.stands.first()?, seen.kind)))
        .collect();
    let labels = labels(&checks.iter().collect::<Vec<_>>());
    let mut notes = seen.notes;
    if Stage::of(labels.happened as usize, labels.not as usize) == Stage::Rules {
        notes.insert(
            0,
            format!(
                "{} of 50 accounts with the outcome: so few say little, the ranges are wide; decide nothing by them alone",
                labels.happened
            ),
        );
    }
    BacktestResult {
        kind: seen.kind,
        known_until: seen.known_until,
        looks: seen.days,
        window_days: WINDOW_DAYS,
        accounts: seen.accounts,
        rows: seen.looks.len() as u64,
        losses: seen.losses.len() as u64,
        labels,
        sides,
        replay: seen.replay,
        notes,
    }
}

/// A look as the measures take it: `was_accurate` says whether flagging it was right.
fn check(look: &Look, stand: &Stand, kind: PredictionKind) -> Check {
    Check {
        account: look.account,
        name: None,
        kind,
        method: Method::Rules,
        shadow: false,
        model_version: None,
        probability: stand.risk.unwrap_or_default(),
        day: look.day,
        made_at: Timestamp::UNIX_EPOCH,
        window_days: WINDOW_DAYS,
        due: look.day,
        segment: String::new(),
        band: stand.band,
        alerts: stand.rules.clone(),
        expires_at: Timestamp::UNIX_EPOCH,
        happened: Some(look.happened),
        was_accurate: Some(stand.flagged == look.happened),
        checked_at: None,
    }
}

fn side(seen: &Seen, at: usize) -> BacktestSide {
    let Side {
        name,
        flags,
        has_probabilities,
    } = seen.sides[at].clone();
    let said: Vec<(&Look, &Stand)> = seen
        .looks
        .iter()
        .filter_map(|look| Some((look, look.stands.get(at)?)))
        .collect();
    let checks: Vec<Check> = said
        .iter()
        .filter(|(_, stand)| stand.risk.is_some())
        .map(|(look, stand)| check(look, stand, seen.kind))
        .collect();
    let rows: Vec<&Check> = checks.iter().collect();
    // It was flagged where being right and happening are the same.
    let mut figures = part(&name, &rows, |row| row.was_accurate == row.happened);
    let silent = said.iter().filter(|(_, stand)| stand.risk.is_none());
    let not_scored_happened = silent.clone().filter(|(look, _)| look.happened).count() as u64;
    // Who got no answer was not caught either.
    let happened = figures.happened + not_scored_happened;
    figures.recall = (happened > 0).then(|| wilson(figures.confusion.true_positive, happened));
    if !has_probabilities {
        figures.calibration.clear();
    }
    let held = held(&rows);
    let both = figures.happened > 0 && figures.happened < figures.rows;
    let losses = (seen.kind == PredictionKind::Churn).then_some(seen.losses.as_slice());
    let missed: Vec<MissedLoss> = losses
        .unwrap_or_default()
        .iter()
        .filter_map(|loss| missed(loss, at, has_probabilities))
        .collect();
    BacktestSide {
        name,
        flags,
        lift: both.then(|| ranged(held.interval(lift_at_10))),
        auc: both.then(|| ranged(held.interval(auc))),
        has_probabilities,
        not_scored: wilson(silent.count() as u64, said.len() as u64),
        not_scored_happened,
        bands: bands(&said),
        curve: thin(curve(&rows)),
        rules: rules(&rows),
        warnings: losses.map(|losses| warnings(losses, at)),
        missed_total: missed.len() as u64,
        missed: missed.into_iter().take(MAX_MISSED).collect(),
        figures,
    }
}

fn held(rows: &[&Check]) -> Held {
    let mut numbers: BTreeMap<AccountId, usize> = BTreeMap::new();
    let mut held = Held::default();
    for row in rows {
        let next = numbers.len();
        held.accounts.push(*numbers.entry(row.account).or_insert(next));
        held.said.push(row.probability);
        held.happened.push(row.happened == Some(true));
    }
    held
}

fn ranged(of: Interval) -> Ranged {
    Ranged {
        value: of.value,
        low: of.low,
        high: of.high,
    }
}

/// Some points of a curve, evenly; the last one always.
fn thin(points: Vec<CutPoint>) -> Vec<CutPoint> {
    let every = points.len().div_ceil(CURVE_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points.into_iter().enumerate();
    kept.filter(|(at, _)| at % every == 0 || *at == last)
        .map(|(_, point)| point)
        .collect()
}

fn bands(said: &[(&Look, &Stand)]) -> Vec<BandOutcomes> {
    let mut counts: BTreeMap<Band, [u64; 4]> = BTreeMap::new();
    for (look, stand) in said {
        let at = match look.became {
            Some(Became::Churned) => 0,
            Some(Became::Contracted) => 1,
            Some(Became::Expanded) => 2,
            Some(Became::Retained) => 3,
            None => continue,
        };
        counts.entry(stand.band).or_default()[at] += 1;
    }
    counts
        .into_iter()
        .map(|(band, [churned, contracted, expanded, retained])| BandOutcomes {
            band,
            churned,
            contracted,
            expanded,
            retained,
            lost: wilson(churned, churned + contracted + expanded + retained),
        })
        .collect()
}

/// What a side said of a lost account so many days before.
fn before(loss: &Loss, side: usize, days: u32) -> Option<&Stand> {
    let at = LOOKS_BEFORE_LOSS.iter().position(|look| *look == days)?;
    loss.stands.get(at)?.as_ref()?.get(side)
}

/// For how many days a side had flagged an account without a break on the day before it was lost.
fn warned(loss: &Loss, side: usize) -> u32 {
    let is_flagged = |days: &&u32| before(loss, side, **days).is_some_and(|stand| stand.flagged);
    LOOKS_BEFORE_LOSS
        .iter()
        .take_while(is_flagged)
        .last()
        .copied()
        .unwrap_or(0)
}

fn warnings(losses: &[Loss], side: usize) -> Warnings {
    let mut days: Vec<u32> = losses.iter().map(|loss| warned(loss, side)).collect();
    days.sort_unstable();
    let all = losses.len() as u64;
    let at_least = |least: u32| wilson(days.iter().filter(|d| **d >= least).count() as u64, all);
    let is_caught = |loss: &&Loss| before(loss, side, WINDOW_DAYS).is_some_and(|stand| stand.flagged);
    let mut counted: BTreeMap<u32, u64> = BTreeMap::new();
    for day in &days {
        *counted.entry(*day).or_default() += 1;
    }
    Warnings {
        at_90: wilson(losses.iter().filter(is_caught).count() as u64, all),
        at_least_60: at_least(60),
        at_least_30: at_least(30),
        median_days: days.get(days.len().saturating_sub(1) / 2).copied(),
        days: counted
            .into_iter()
            .map(|(days, losses)| WarnedLosses { days, losses })
            .collect(),
    }
}

fn missed(loss: &Loss, side: usize, has_probabilities: bool) -> Option<MissedLoss> {
    let stand = before(loss, side, WINDOW_DAYS);
    if stand.is_some_and(|stand| stand.flagged) {
        return None;
    }
    Some(MissedLoss {
        account: loss.account,
        lost_on: loss.on,
        band: stand.map(|stand| stand.band),
        score: stand.and_then(|stand| stand.score),
        probability: stand.and_then(|stand| stand.risk).filter(|_| has_probabilities),
        warning_days: warned(loss, side),
        reasons: stand.map(|stand| stand.reasons.clone()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
