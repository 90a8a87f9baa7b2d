//! A training run: from examples to a model that may be registered, or to the reason why there is none.
//!
//! Cut-offs are split in time. The last ones are held back; between them and the rest, as many days as an outcome takes lie
//! unused, so that no label of the training rows reaches into the months of the test. The model that was held against those
//! months is kept (`validated`): later candidates are held against it. The one that answers is trained by the same plan on
//! all rows, so that the newest months count.

mod card;
mod few;
mod inputs;
mod revenue;

use copilot_domain::model::TrainingCounts;
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::shift;
use copilot_scoring::learnt::LearntModel;
use copilot_scoring::learnt_card::{Evidence, LearntCard, Validation};
use copilot_scoring::onnx::{ModelError, PROBABILITY_TOLERANCE};
use jiff::civil::Date;

use crate::blend::{self, Blend, FOLDS, Kind, Plan};
use crate::boosting::{BoostError, Settings};
use crate::evidence::{self, Held};
use crate::examples::Examples;
use crate::population::Stage;
use crate::table::{Part, Table};
use crate::trees_export::hurdle_to_onnx;
use inputs::Inputs;

/// Days that labels speak of.
pub const WINDOW_DAYS: u32 = 90;
/// Cut-offs that are held back, where there are enough.
const TEST_CUTOFFS: usize = 3;

/// What is to be trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What is to be predicted.
    pub kind: PredictionKind,
    /// The version that the model gets.
    pub version: String,
}

/// The champion's answers on the rows of the examples, to be held against; NaN where it does not speak. Of revenue they are the
/// expected amounts, in major units.
#[derive(Debug, Clone, PartialEq)]
pub struct Incumbent {
    /// Its version.
    pub version: String,
    /// By row.
    pub said: Vec<f64>,
}

/// A model's file and card.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// ONNX.
    pub bytes: Vec<u8>,
    /// Its card.
    pub card: LearntCard,
}

/// A model that may be registered.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The one that answers.
    pub model: Artifact,
    /// The one that was held against the last months.
    pub validated: Artifact,
    /// What it showed.
    pub evidence: Evidence,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// No model, and why: rules stand.
    Refused(String),
    /// A model.
    Trained(Box<Trained>),
}

/// Why a run broke off.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The trainer.
    #[error("the trainer failed")]
    Boost(#[from] BoostError),
    /// The model that was written does not load, or does not say what the trainer says.
    #[error("the model that was written is not the one that was trained")]
    Model(#[from] ModelError),
    /// The trainer's thread died.
    #[error("the trainer crashed: {0}")]
    Crashed(String),
}

/// What is counted before anything is trained.
pub fn counts(examples: &Examples) -> TrainingCounts {
    let (positive_accounts, negative_accounts) = examples.accounts_by_outcome();
    TrainingCounts {
        positive_accounts,
        negative_accounts,
        rows: examples.len(),
        positives: examples.labels.iter().filter(|y| **y > 0.5).count(),
    }
}

/// Trains a model on examples, or says why not.
///
/// # Errors
/// [`TrainError`]: nothing was made.
pub fn train(
    order: &Order,
    examples: &Examples,
    incumbent: Option<&Incumbent>,
) -> Result<Verdict, TrainError> {
    let counted = counts(examples);
    let stage = Stage::of(counted.positive_accounts, counted.negative_accounts);
    if stage == Stage::Rules {
        let (has, kind) = (counted.positive_accounts, order.kind);
        return Ok(Verdict::Refused(format!(
            "{has} of 50 accounts with a known outcome ({kind}): too few to learn from, rules stand"
        )));
    }
    let Some((train_days, test_days)) = split(&examples.days()) else {
        let days = examples.days().len();
        return Ok(Verdict::Refused(format!(
            "{days} monthly cut-offs with known outcomes: at least 5 are needed to hold a model against months that it has \
             not seen; rules stand"
        )));
    };
    let rows_of = |days: &[Date]| {
        let rows = (0..examples.len()).filter(|row| days.contains(&examples.cutoffs[*row]));
        Part::of(rows.collect())
    };
    let (fit, test) = (rows_of(&train_days), rows_of(&test_days));
    let Some(early) = one(order, examples, &fit, stage)? else {
        return Ok(Verdict::Refused(
            "the rows of the months before the last ones do not determine a model (one outcome only, or fewer than 200 amounts of revenue); rules stand".to_owned(),
        ));
    };
    let held = early.held(examples, &test)?;
    let rules: Vec<f64> = test.rows.iter().map(|row| examples.rules[*row]).collect();
    let validation = evidence::complete(
        held.validation(),
        &train_days,
        &test_days,
        evidence::of_rules(&rules, &held.happened),
    );
    if order.kind == PredictionKind::Revenue {
        let amounts = early.amounts_held(examples, &test, incumbent)?;
        return match amounts.refusal() {
            Some(why) => Ok(Verdict::Refused(why)),
            None => late(
                order,
                examples,
                stage,
                early,
                amounts.into_validation(stage, validation),
            ),
        };
    }
    if !evidence::has_signal(&validation) {
        let (auc, lift) = (validation.auc, validation.lift_at_10);
        return Ok(Verdict::Refused(format!(
            "the data carries no signal: on months that it had not seen the model cannot be told from chance (AUC {:.2}, interval \
             {:.2} to {:.2}, where chance is 0.50; lift among the top tenth {:.2}, {:.2} to {:.2}, where chance is 1); rules stand",
            auc.value, auc.low, auc.high, lift.value, lift.low, lift.high
        )));
    }
    let evidence = against(stage, &held, &validation, &test, &rules, incumbent);
    late(order, examples, stage, early, (validation, evidence))
}

/// The model that answers: by the same plan on all rows.
fn late(
    order: &Order,
    examples: &Examples,
    stage: Stage,
    early: Grown,
    (validation, evidence): (Validation, Evidence),
) -> Result<Verdict, TrainError> {
    let all = Part::of((0..examples.len()).collect());
    let Some(late) = one(order, examples, &all, stage)? else {
        return Ok(Verdict::Refused(
            "all rows together determine no model; rules stand".to_owned(),
        ));
    };
    Ok(Verdict::Trained(Box::new(Trained {
        model: late.artifact(&validation),
        validated: early.artifact(&validation),
        evidence,
    })))
}

/// Cut-offs to learn from and cut-offs to be held against; `None` where there are too few of them.
fn split(days: &[Date]) -> Option<(Vec<Date>, Vec<Date>)> {
    let window = i32::try_from(WINDOW_DAYS).unwrap_or(i32::MAX);
    for held_back in (1..=TEST_CUTOFFS).rev() {
        let at = days.len().checked_sub(held_back)?;
        let (before, test) = days.split_at(at);
        let first = test.first()?;
        let train: Vec<Date> = before
            .iter()
            .copied()
            .filter(|day| shift(*day, window) <= *first)
            .collect();
        if train.len() >= held_back {
            return Some((train, test.to_vec()));
        }
    }
    None
}

/// What the candidate showed against the champion, or against the rules where there is none.
fn against(
    stage: Stage,
    held: &Held,
    validation: &Validation,
    test: &Part,
    rules: &[f64],
    incumbent: Option<&Incumbent>,
) -> Evidence {
    let (name, said): (&str, Vec<f64>) = match incumbent {
        Some(champion) => (
            champion.version.as_str(),
            test.rows.iter().map(|row| champion.said[*row]).collect(),
        ),
        None => ("rules", rules.to_vec()),
    };
    // Where the other says nothing, it ranks an account in the middle.
    let middle = {
        let known: Vec<f64> = said.iter().copied().filter(|p| p.is_finite()).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    let said: Vec<f64> = said
        .iter()
        .map(|p| if p.is_finite() { *p } else { middle })
        .collect();
    evidence::judge(stage, validation, name, held.gain_over(&said))
}

/// A model that was grown on some rows, written, loaded again and held against its trainer.
struct Grown {
    card: LearntCard,
    bytes: Vec<u8>,
    loaded: LearntModel,
    inputs: Inputs,
}

impl Grown {
    fn artifact(self, validation: &Validation) -> Artifact {
        let card = LearntCard {
            validation: Some(validation.clone()),
            ..self.card
        };
        Artifact {
            bytes: self.bytes,
            card,
        }
    }

    fn held(&self, examples: &Examples, test: &Part) -> Result<Held, TrainError> {
        let narrow = self.inputs.table(examples);
        Ok(Held {
            said: self.loaded.run(&narrow.rows_of(test))?,
            happened: test.rows.iter().map(|row| examples.labels[*row] > 0.5).collect(),
            accounts: test.rows.iter().map(|row| examples.accounts[*row]).collect(),
        })
    }
}

/// Grows a model on rows; `None` where they do not determine one.
fn one(order: &Order, examples: &Examples, part: &Part, stage: Stage) -> Result<Option<Grown>, TrainError> {
    let inputs = Inputs::of(order.kind, examples, part);
    let one_sided = [0.0, 1.0].iter().any(|y| {
        part.rows
            .iter()
            .all(|row| (examples.labels[*row] - y).abs() < 0.5)
    });
    if inputs.is_empty() || one_sided {
        return Ok(None);
    }
    let table = inputs.table(examples);
    let folds: Vec<usize> = part
        .rows
        .iter()
        .map(|row| examples.accounts[*row] % FOLDS)
        .collect();
    let plan = Plan {
        few: few::places(order.kind, &inputs, (&table, part), stage),
        ..plan(examples, &table, part, &folds, stage)?
    };
    let blend = blend::grow(&table, &examples.labels, part, &folds, &plan)?;
    if blend.weights.is_empty() {
        return Ok(None);
    }
    let amounts = match order.kind {
        PredictionKind::Revenue => revenue::amounts(examples, &table, part, &folds)?,
        _ => None,
    };
    if amounts.is_none() && order.kind == PredictionKind::Revenue {
        return Ok(None);
    }
    let bytes = hurdle_to_onnx(
        &format!("{}-{}", order.kind, order.version),
        &blend,
        amounts.as_ref().map(|amounts| &amounts.trees),
        table.width(),
    );
    let mut card = card::card(order, examples, part, stage, &inputs, &blend, &bytes, &table);
    card.amounts = amounts.map(|amounts| revenue::card(&amounts, examples.form(), &card.golden));
    let loaded = LearntModel::load(&bytes, card.clone())?;
    check(&loaded, &blend, &table)?;
    Ok(Some(Grown {
        card,
        bytes,
        loaded,
        inputs,
    }))
}

/// How a model of a stage is grown. Trees are shallow, so that taking an answer apart takes under a millisecond. What trees and
/// line count for is told by the last months of the rows, where there are enough: rows of the same months as those learnt from
/// flatter the trees.
fn plan(
    examples: &Examples,
    table: &Table,
    part: &Part,
    folds: &[usize],
    stage: Stage,
) -> Result<Plan, BoostError> {
    let line = Plan {
        trees: Vec::new(),
        ..Plan::default()
    };
    if stage != Stage::Boosting {
        return Ok(line);
    }
    let plan = Plan {
        trees: vec![Kind::Free(Settings::SHALLOW)],
        ..Plan::default()
    };
    let mut days: Vec<Date> = part.rows.iter().map(|row| examples.cutoffs[*row]).collect();
    days.dedup();
    let Some((before, last)) = split(&days) else {
        return Ok(plan);
    };
    let places = |wanted: &[Date]| {
        let is = |at: &usize| wanted.contains(&examples.cutoffs[part.rows[*at]]);
        (0..part.len()).filter(is).collect::<Vec<usize>>()
    };
    let early = places(&before);
    let early_folds: Vec<usize> = early.iter().map(|at| folds[*at]).collect();
    let (early, late) = (part.at(&early), part.at(&places(&last)));
    let weights = blend::weights_by_time(table, &examples.labels, (&early, &early_folds), &late, &plan)?;
    Ok(Plan {
        weights: Some(weights),
        ..plan
    })
}

/// The written model must say what the trainer says, on every row there is.
fn check(loaded: &LearntModel, blend: &Blend, table: &Table) -> Result<(), TrainError> {
    let all = Part::of((0..table.len()).collect());
    let expected = blend.margins(table, &all);
    let found = loaded.run(&table.rows_of(&all))?;
    for (row, (found, margin)) in found.iter().zip(expected).enumerate() {
        let expected = 1.0 / (1.0 + (-margin).exp());
        let gap = (found - expected).abs();
        if gap.is_nan() || gap > PROBABILITY_TOLERANCE {
            let found = *found;
            return Err(ModelError::Golden { row, found, expected }.into());
        }
    }
    Ok(())
}
