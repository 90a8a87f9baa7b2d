//! What a candidate is worth on months that it has not seen, beside what answers now: figures with intervals, and the
//! checks that it must pass before it may answer.

use copilot_scoring::card::Quality;
use copilot_scoring::learnt_card::{Check, Evidence, Interval, Validation, ValidationBin};
use jiff::civil::Date;

use crate::population::Stage;
use crate::quality::{auc, brier, ece, lift_at_10, pr_auc, quality};
use crate::random::Random;

/// Draws of a bootstrap.
const DRAWS: usize = 200;
/// The largest expected calibration error of a model that answers (domain 5.7).
pub const MAX_ECE: f64 = 0.05;
/// The lift that a model must have among the tenth with the highest probability (domain 5.7) …
pub const MIN_LIFT: f64 = 2.0;
/// … or, where so many accounts have the outcome that no model could reach it, this part of the best that is possible.
pub const MIN_SHARE_OF_BEST_LIFT: f64 = 0.8;

/// Probabilities held against what happened, on the rows of some accounts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Held {
    /// What was said.
    pub said: Vec<f64>,
    /// What happened.
    pub happened: Vec<bool>,
    /// The account of each row: rows of one account are drawn together.
    pub accounts: Vec<usize>,
}

impl Held {
    /// A figure with its interval of 95 %, by drawing accounts with replacement.
    pub(crate) fn interval(&self, figure: impl Fn(&[f64], &[bool]) -> f64) -> Interval {
        let draws = draws(&self.accounts);
        let of_rows = |rows: &Vec<usize>| {
            let said: Vec<f64> = rows.iter().map(|row| self.said[*row]).collect();
            let happened: Vec<bool> = rows.iter().map(|row| self.happened[*row]).collect();
            figure(&said, &happened)
        };
        interval(
            figure(&self.said, &self.happened),
            draws.iter().map(of_rows).collect(),
        )
    }

    /// All figures of a validation, without cut-offs and rules.
    pub fn validation(&self) -> Validation {
        Validation {
            rows: self.said.len(),
            positives: self.happened.iter().filter(|y| **y).count(),
            auc: self.interval(auc),
            pr_auc: self.interval(pr_auc),
            lift_at_10: self.interval(lift_at_10),
            brier: round(brier(&self.said, &self.happened)),
            log_loss: round(log_loss(&self.said, &self.happened)),
            ece: round(ece(&self.said, &self.happened)),
            calibration: calibration(&self.said, &self.happened),
            ..Validation::default()
        }
    }

    /// By how much another's area under the precision-recall curve is smaller, on the same rows.
    pub fn gain_over(&self, other: &[f64]) -> Interval {
        let of_rows = |rows: &[usize]| {
            let pick = |of: &[f64]| rows.iter().map(|row| of[*row]).collect::<Vec<f64>>();
            let happened: Vec<bool> = rows.iter().map(|row| self.happened[*row]).collect();
            pr_auc(&pick(&self.said), &happened) - pr_auc(&pick(other), &happened)
        };
        let all: Vec<usize> = (0..self.said.len()).collect();
        let drawn = draws(&self.accounts).iter().map(|rows| of_rows(rows)).collect();
        interval(of_rows(&all), drawn)
    }
}

/// Cut-offs and the rules' own figures beside a validation.
pub fn complete(
    mut validation: Validation,
    train: &[Date],
    test: &[Date],
    rules: Option<Quality>,
) -> Validation {
    validation.train_cutoffs = train.to_vec();
    validation.test_cutoffs = test.to_vec();
    validation.rules = rules;
    validation
}

/// The figures of the rules' probabilities, where they gave one for each row.
pub fn of_rules(said: &[f64], happened: &[bool]) -> Option<Quality> {
    said.iter()
        .all(|p| p.is_finite())
        .then(|| quality(said, happened))
}

/// Whether a model ranks accounts better than by lot: over all of them, and at the top, where alerts come from. Chance must lie
/// outside of both intervals.
pub fn has_signal(validation: &Validation) -> bool {
    validation.auc.low > 0.5 && validation.lift_at_10.low > 1.0
}

/// The checks of a candidate (domain 5.7), but for its time in the shadow, which is judged when it is to answer.
pub fn judge(stage: Stage, validation: &Validation, against: &str, gain: Interval) -> Evidence {
    let base = validation.positives as f64 / validation.rows.max(1) as f64;
    let wanted_lift = MIN_LIFT.min(MIN_SHARE_OF_BEST_LIFT / base.max(f64::MIN_POSITIVE));
    let lift = validation.lift_at_10.value;
    let ece = validation.ece;
    let check = |name: &str, passed: bool, text: String| Check {
        name: name.to_owned(),
        passed,
        text,
    };
    let outcomes = match stage {
        Stage::Rules | Stage::Watched => {
            "fewer than 100 accounts with the outcome or without: it may only be watched"
        }
        Stage::Logistic | Stage::Boosting => "enough accounts of both outcomes",
    };
    let checks = vec![
        check("outcomes", stage >= Stage::Logistic, outcomes.to_owned()),
        check(
            "pr_auc",
            gain.low > 0.0,
            format!(
                "area under the precision-recall curve against {against}: {:+.3} ({:+.3} to {:+.3}); above 0 is asked for",
                gain.value, gain.low, gain.high
            ),
        ),
        check(
            "calibration",
            ece <= MAX_ECE,
            format!("expected calibration error {ece:.3}; at most {MAX_ECE} is asked for"),
        ),
        check(
            "lift",
            lift >= wanted_lift,
            format!("lift among the top tenth {lift:.2}; at least {wanted_lift:.2} is asked for"),
        ),
    ];
    Evidence {
        against: against.to_owned(),
        pr_auc_gain: gain,
        checks,
    }
}

fn log_loss(said: &[f64], happened: &[bool]) -> f64 {
    let one = |(p, y): (&f64, &bool)| {
        let p = p.clamp(1e-12, 1.0 - 1e-12);
        if *y { -p.ln() } else { -(1.0 - p).ln() }
    };
    said.iter().zip(happened).map(one).sum::<f64>() / said.len().max(1) as f64
}

fn calibration(said: &[f64], happened: &[bool]) -> Vec<ValidationBin> {
    let mut bins = vec![ValidationBin::default(); 10];
    for (p, y) in said.iter().zip(happened) {
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        bin.rows += 1;
        bin.said += p;
        bin.happened += f64::from(u8::from(*y));
    }
    for bin in &mut bins {
        let rows = bin.rows.max(1) as f64;
        (bin.said, bin.happened) = (round(bin.said / rows), round(bin.happened / rows));
    }
    bins
}

/// Rows of accounts drawn with replacement, the same draws for every figure.
pub fn draws(accounts: &[usize]) -> Vec<Vec<usize>> {
    let count = accounts.iter().max().map_or(0, |most| most + 1);
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (row, account) in accounts.iter().enumerate() {
        rows_of[*account].push(row);
    }
    rows_of.retain(|rows| !rows.is_empty());
    let mut random = Random::new(7);
    let draw = |_| {
        let mut rows = Vec::with_capacity(accounts.len());
        for _ in 0..rows_of.len() {
            let at = (random.bits() % rows_of.len().max(1) as u64) as usize;
            rows.extend_from_slice(&rows_of[at]);
        }
        rows
    };
    (0..DRAWS).map(draw).collect()
}

/// A figure with the ends of the middle 95 % of what draws gave.
pub fn interval(value: f64, mut drawn: Vec<f64>) -> Interval {
    drawn.sort_by(f64::total_cmp);
    let last = drawn.len().saturating_sub(1) as f64;
    let at = |share: f64| {
        drawn
            .get((last * share).round() as usize)
            .copied()
            .unwrap_or(value)
    };
    Interval {
        value: round(value),
        low: round(at(0.025)),
        high: round(at(0.975)),
    }
}

fn round(x: f64) -> f64 {
    (x * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400 accounts of two rows; `strength` 0 says nothing, 1 knows all.
    fn held(strength: f64) -> Held {
        let mut random = Random::new(3);
        let mut held = Held::default();
        for account in 0..400 {
            for _ in 0..2 {
                let happened = random.unit() < 0.3;
                let told = if happened { 0.9 } else { 0.1 };
                held.said.push(strength * told + (1.0 - strength) * random.unit());
                held.happened.push(happened);
                held.accounts.push(account);
            }
        }
        held
    }

    #[test]
    fn noise_has_no_signal_and_a_model_that_knows_has() {
        assert!(!has_signal(&held(0.0).validation()));
        let good = held(0.5).validation();
        assert!(has_signal(&good) && good.auc.low < good.auc.value && good.auc.value < good.auc.high);
    }

    #[test]
    fn a_gain_is_told_from_none_by_its_interval() {
        let (good, none) = (held(0.6), held(0.0));
        let gain = good.gain_over(&none.said);
        assert!(gain.low > 0.0, "{gain:?}");
        let same = good.gain_over(&good.said);
        assert_eq!((same.low, same.high), (0.0, 0.0));
    }

    #[test]
    fn checks_say_what_is_missed() {
        let model = held(0.7);
        let gain = model.gain_over(&held(0.0).said);
        let evidence = judge(Stage::Watched, &model.validation(), "rules", gain);
        let missed: Vec<&str> = evidence
            .checks
            .iter()
            .filter(|c| !c.passed)
            .map(|c| c.name.as_str())
            .collect();
        assert_eq!(missed, ["outcomes", "calibration"], "{evidence:?}");
    }

    #[test]
    fn where_most_accounts_leave_the_lift_is_held_against_the_best_that_is_possible() {
        let validation = Validation {
            rows: 100,
            positives: 58,
            lift_at_10: Interval {
                value: 1.6,
                ..Interval::default()
            },
            ..Validation::default()
        };
        let evidence = judge(Stage::Boosting, &validation, "rules", Interval::default());
        let lift = evidence.checks.iter().find(|c| c.name == "lift").unwrap();
        assert!(lift.passed, "{}", lift.text);
    }
}
