//! Models of revenue: the amounts beside the chance, and what both are worth against the rule of the run-rate.

use copilot_domain::prediction::RevenueForm;
use copilot_scoring::amounts::{self, AmountCard, AmountValidation};
use copilot_scoring::learnt_card::{Check, Evidence, GoldenRow, Validation};

use super::{Grown, Incumbent, TrainError};
use crate::boosting::BoostError;
use crate::evidence::{draws, interval, judge};
use crate::examples::Examples;
use crate::hurdle::{self, Amounts, Growth, gini, mae};
use crate::population::Stage;
use crate::table::{Part, Table};

/// Rows with an amount that trees of amounts need.
const LEAST_ROWS: usize = 200;
/// Seeds that are averaged.
const SEEDS: u64 = 3;
/// The fold of accounts that the trees are stopped by.
const STOPPED_BY: usize = 0;

/// What each account had already at each row.
fn bases(examples: &Examples) -> Vec<f64> {
    let form = examples.form();
    let base = |row: usize| amounts::base(form, |name| examples.value(row, name));
    (0..examples.len()).map(base).collect()
}

/// Trees of amounts; `None` where too few rows have one.
pub(super) fn amounts(
    examples: &Examples,
    table: &Table,
    part: &Part,
    folds: &[usize],
) -> Result<Option<Amounts>, TrainError> {
    let with = part.rows.iter().filter(|row| examples.came[**row] > 0.0).count();
    let places = |stops: bool| -> Vec<usize> {
        (0..part.len())
            .filter(|at| (folds[*at] == STOPPED_BY) == stops)
            .collect()
    };
    let (learn, stop) = (part.at(&places(false)), part.at(&places(true)));
    let came = |part: &Part| part.rows.iter().any(|row| examples.came[*row] > 0.0);
    if with < LEAST_ROWS || !came(&learn) || !came(&stop) {
        return Ok(None);
    }
    let known = (&examples.came[..], &bases(examples)[..]);
    match hurdle::grow(table, known, (&learn, &stop), Growth::Shallow(SEEDS)) {
        // Every amount is the same part of its base: there is nothing to learn.
        Err(BoostError::OneLabel) => Ok(None),
        grown => Ok(Some(grown?)),
    }
}

pub(super) fn card(amounts: &Amounts, form: RevenueForm, golden: &[GoldenRow]) -> AmountCard {
    let of_row = |row: &GoldenRow| {
        let values: Vec<f32> = row.inputs.iter().map(|v| v.unwrap_or(f32::NAN)).collect();
        let said = amounts.trees.values(&values, values.len());
        said.first().copied().map_or(0.0, f64::from)
    };
    AmountCard {
        form,
        low: amounts.low,
        high: amounts.high,
        golden: golden.iter().map(of_row).collect(),
    }
}

/// Expected amounts held against what came, on the rows of some accounts.
pub(super) struct AmountsHeld {
    said: Vec<f64>,
    /// What the rule says, or the champion.
    other: Vec<f64>,
    rule: Vec<f64>,
    came: Vec<f64>,
    accounts: Vec<usize>,
    covered: f64,
    against: String,
}

impl Grown {
    /// The model's amounts on rows that it has not seen.
    pub(super) fn amounts_held(
        &self,
        examples: &Examples,
        test: &Part,
        incumbent: Option<&Incumbent>,
    ) -> Result<AmountsHeld, TrainError> {
        let rows = self.inputs.table(examples).rows_of(test);
        let (chances, ratios) = (self.loaded.run(&rows)?, self.loaded.log_ratios(&rows)?);
        let (form, bases, came) = (
            examples.form(),
            test.pick(&bases(examples)),
            test.pick(&examples.came),
        );
        let if_so = |added: f64| -> Vec<f64> {
            ratios
                .iter()
                .zip(&bases)
                .map(|(ratio, base)| amounts::if_so(ratio + added, *base))
                .collect()
        };
        let said = chances
            .iter()
            .zip(if_so(0.0))
            .map(|(p, amount)| p * amount)
            .collect();
        let (low, high) = self
            .card
            .amounts
            .as_ref()
            .map_or((0.0, 0.0), |card| (card.low, card.high));
        let ends: Vec<(f64, f64)> = if_so(low).into_iter().zip(if_so(high)).collect();
        let some: Vec<bool> = came
            .iter()
            .zip(ends)
            .filter(|(came, _)| **came > 0.0)
            .map(|(came, (low, high))| *came >= low && *came <= high)
            .collect();
        let rule = |row: &usize| amounts::rule(form, |name| examples.value(*row, name));
        let rule: Vec<f64> = test.rows.iter().map(rule).collect();
        let other = match incumbent {
            None => rule.clone(),
            // Where the champion says nothing, the rule does.
            Some(champion) => {
                let said = test.rows.iter().map(|row| champion.said[*row]).zip(&rule);
                said.map(|(said, rule)| if said.is_finite() { said } else { *rule })
                    .collect()
            }
        };
        Ok(AmountsHeld {
            said,
            other,
            rule,
            accounts: test.rows.iter().map(|row| examples.accounts[*row]).collect(),
            covered: some.iter().filter(|within| **within).count() as f64 / some.len().max(1) as f64,
            came,
            against: incumbent.map_or_else(|| "the run-rate".to_owned(), |champion| champion.version.clone()),
        })
    }
}

fn picked(of: &[f64], rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|row| of[*row]).collect()
}

impl AmountsHeld {
    /// By how much amounts are better than others, by mean absolute error and by the Gini coefficient.
    fn gains(&self, other: &[f64]) -> [copilot_scoring::learnt_card::Interval; 2] {
        let of = |rows: &[usize]| {
            let (came, said, other) = (
                picked(&self.came, rows),
                picked(&self.said, rows),
                picked(other, rows),
            );
            [
                mae(&came, &other) - mae(&came, &said),
                gini(&came, &said) - gini(&came, &other),
            ]
        };
        let all: Vec<usize> = (0..self.came.len()).collect();
        let drawn: Vec<[f64; 2]> = draws(&self.accounts).iter().map(|rows| of(rows)).collect();
        let whole = of(&all);
        [0, 1].map(|at| interval(whole[at], drawn.iter().map(|d| d[at]).collect()))
    }

    /// Why the rule stands: the model's amounts are no better than it.
    pub(super) fn refusal(&self) -> Option<String> {
        let [error, order] = self.gains(&self.rule);
        if error.value > 0.0 && order.value > 0.0 {
            return None;
        }
        let (ours, theirs) = (mae(&self.came, &self.said), mae(&self.came, &self.rule));
        let (own, rule) = (gini(&self.came, &self.said), gini(&self.came, &self.rule));
        Some(format!(
            "amounts are told no better than by the run-rate on months that the model had not seen: mean absolute error {ours:.0} \
             (run-rate {theirs:.0}), Gini {own:.3} (run-rate {rule:.3}); both must be better, rules stand"
        ))
    }

    /// The figures, and the checks of a candidate.
    pub(super) fn into_validation(self, stage: Stage, mut validation: Validation) -> (Validation, Evidence) {
        let [mae_gain, gini_gain] = self.gains(&self.rule);
        let [error, order] = self.gains(&self.other);
        let (total, came): (f64, f64) = (self.said.iter().sum(), self.came.iter().sum());
        validation.amounts = Some(AmountValidation {
            mae: mae(&self.came, &self.said),
            rule_mae: mae(&self.came, &self.rule),
            mae_gain,
            gini: gini(&self.came, &self.said),
            rule_gini: gini(&self.came, &self.rule),
            gini_gain,
            total_ratio: if came > 0.0 { total / came } else { 0.0 },
            covered: self.covered,
        });
        let mut evidence = judge(stage, &validation, &self.against, validation.pr_auc);
        evidence
            .checks
            .retain(|check| check.name == "outcomes" || check.name == "calibration");
        let against = &self.against;
        let check = |name: &str, passed: bool, text: String| Check {
            name: name.to_owned(),
            passed,
            text,
        };
        evidence.checks.push(check(
            "mae",
            error.low > 0.0,
            format!(
                "mean absolute error below that of {against} by {:.2} ({:.2} to {:.2}); above 0 is asked for",
                error.value, error.low, error.high
            ),
        ));
        evidence.checks.push(check(
            "gini",
            order.low > 0.0,
            format!(
                "Gini coefficient above that of {against} by {:+.3} ({:+.3} to {:+.3}); above 0 is asked for",
                order.value, order.low, order.high
            ),
        ));
        (validation, evidence)
    }
}
