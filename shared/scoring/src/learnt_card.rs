//! The card of a model that was trained on a tenant's own history, or that a tenant brought: what it reads, on what it
//! was trained, how well it does on months it has never seen, for whom it speaks, and how its answers are explained.
//!
//! A card holds sums over many accounts and a few golden rows of feature values: no ids and no personal data.

use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;
use copilot_features::buyers::{Nbd, PURCHASES_AHEAD};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::amounts::{AmountCard, AmountValidation};
use crate::card::{Applicability, Quality};
use crate::reference::References;

/// One input, in the order of the model's columns. The model reads the feature as it is; a missing one is NaN. One input may be
/// told from features by the card's own numbers (`purchases_ahead_90d`, by `buyers`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LearntInput {
    /// The feature.
    pub name: String,
    /// The version of the feature that the model was trained on.
    pub version: u16,
    /// Its middle value over the training rows; `None` where it was always missing.
    pub usual: Option<f64>,
}

/// What the straight part of a model adds for a column: `weight × (read − mean) ÷ scale`, or `gap` where it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LineColumn {
    /// Whether `ln(1 + x)` is read for `x`.
    pub log: bool,
    /// The least that is read: below it nothing was learnt.
    pub low: f64,
    /// The most that is read.
    pub high: f64,
    /// Mean of what is read.
    pub mean: f64,
    /// Its standard deviation.
    pub scale: f64,
    /// Weight.
    pub weight: f64,
    /// What a missing value adds.
    pub gap: f64,
}

impl LineColumn {
    /// What a value adds to the sum; NaN is a missing one.
    pub fn adds(&self, value: f32) -> f64 {
        if value.is_nan() {
            return self.gap;
        }
        let within = f64::from(value).clamp(self.low, self.high);
        let read = if self.log { within.max(0.0).ln_1p() } else { within };
        self.weight * (read - self.mean) / self.scale
    }
}

/// The straight part of a model, beside its trees. Its weights already hold its share of the blend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Line {
    /// What it says of a row of means.
    pub intercept: f64,
    /// By column.
    pub columns: Vec<LineColumn>,
}

/// How the graph's answer is taken apart: `slope × (trees + line) + offset` is the margin (log-odds), the trees are those
/// of the graph's one tree operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Anatomy {
    /// The straight part.
    pub line: Option<Line>,
    /// Slope of the calibration.
    pub slope: f64,
    /// Its offset.
    pub offset: f64,
}

/// A row with the answer that the model must give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GoldenRow {
    /// Values by column, `null` where missing.
    pub inputs: Vec<Option<f32>>,
    /// The probability, as the trainer says it.
    pub probability: f64,
}

/// A figure with its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What was held against what happened in a tenth of the probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValidationBin {
    /// Rows.
    pub rows: usize,
    /// Mean probability said.
    pub said: f64,
    /// Share with the outcome.
    pub happened: f64,
}

/// How well it does on months that it has never seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Validation {
    /// Cut-offs that it was fitted on.
    pub train_cutoffs: Vec<Date>,
    /// Later cut-offs that it was held against; between both, as many days as an outcome takes lie unused.
    pub test_cutoffs: Vec<Date>,
    /// Rows it was held against.
    pub rows: usize,
    /// Rows among them with the outcome.
    pub positives: usize,
    /// Area under the ROC curve.
    pub auc: Interval,
    /// Area under the precision-recall curve.
    pub pr_auc: Interval,
    /// Precision among the tenth with the highest probability, over the base rate.
    pub lift_at_10: Interval,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Expected calibration error, ten bins.
    pub ece: f64,
    /// Ten bins of equal width.
    pub calibration: Vec<ValidationBin>,
    /// The rules' own probability on the same rows: area under the ROC curve, under the precision-recall curve, lift.
    pub rules: Option<Quality>,
    /// How well it tells amounts; of models of revenue.
    #[serde(default)]
    pub amounts: Option<AmountValidation>,
}

/// What it was trained on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrainedOn {
    /// Accounts.
    pub accounts: usize,
    /// Accounts among them with the outcome at least once.
    pub positive_accounts: usize,
    /// Rows: an account at a cut-off.
    pub rows: usize,
    /// Rows with the outcome.
    pub positives: usize,
    /// Cut-offs, the oldest first.
    pub cutoffs: Vec<Date>,
}

/// Conformal calibration: how strange probabilities were for rows of each outcome, on rows that the model did not see.
/// Quantiles in steps of a hundredth of `1 − p` for rows with the outcome and of `p` for those without.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conformal {
    /// For rows with the outcome, ascending.
    pub positive: Vec<f64>,
    /// For rows without, ascending.
    pub negative: Vec<f64>,
}

impl Conformal {
    /// Quantiles of how strange rows were.
    pub fn fit(probabilities: &[f64], labels: &[bool]) -> Self {
        let strange = |wanted: bool| {
            let own = probabilities.iter().zip(labels).filter(|(_, y)| **y == wanted);
            let mut all: Vec<f64> = own.map(|(p, _)| if wanted { 1.0 - p } else { *p }).collect();
            all.sort_by(f64::total_cmp);
            let last = all.len().saturating_sub(1) as f64;
            let at = |step: u32| {
                all.get((last * f64::from(step) / 100.0).round() as usize)
                    .copied()
            };
            (0..=100).filter_map(at).collect::<Vec<f64>>()
        };
        Self {
            positive: strange(true),
            negative: strange(false),
        }
    }

    /// The share of rows of an outcome that were at least as strange as a row with this probability.
    fn plausible(&self, probability: f64, outcome: bool) -> f64 {
        let (quantiles, strange) = if outcome {
            (&self.positive, 1.0 - probability)
        } else {
            (&self.negative, probability)
        };
        if quantiles.is_empty() {
            return 1.0;
        }
        let below = quantiles.partition_point(|q| *q < strange);
        (quantiles.len() - below) as f64 / quantiles.len() as f64
    }

    /// How surely one outcome can be ruled out: one less than the plausibility of the less plausible outcome (Vovk,
    /// Gammerman and Shafer, "Algorithmic learning in a random world": the confidence of a conformal prediction). At 0.9 and
    /// above, one outcome is left at the level of 90 %; below, the account is undecided.
    pub fn confidence(&self, probability: f64) -> f64 {
        let (yes, no) = (
            self.plausible(probability, true),
            self.plausible(probability, false),
        );
        1.0 - yes.min(no)
    }
}

/// One thing that a candidate must show before it may answer for accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Its name, by which a person may accept that it is missed: `outcomes`, `pr_auc`, `calibration`, `lift`, `shadow`;
    /// of models of revenue `outcomes`, `calibration`, `mae`, `gini`, `shadow`.
    pub name: String,
    /// Whether it is met.
    pub passed: bool,
    /// What was found and what was asked for.
    pub text: String,
}

/// A candidate held against what answers now, on the same rows of months that neither had seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// The champion's version, or `rules`.
    pub against: String,
    /// By how much its area under the precision-recall curve is larger; an interval above 0 is a win.
    pub pr_auc_gain: Interval,
    /// What it must show.
    pub checks: Vec<Check>,
}

/// A version as the registry lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelEntry {
    /// The version.
    pub version: String,
    /// What it predicts.
    pub kind: PredictionKind,
    /// How it was made.
    pub maker: Maker,
    /// When it was registered, by the tenant's clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub registered_at: Timestamp,
    /// By whom.
    pub registered_by: String,
    /// What it was trained on.
    pub trained_on: Option<TrainedOn>,
    /// How well it does.
    pub validation: Option<Validation>,
    /// What it must show before it answers.
    pub evidence: Option<Evidence>,
}

/// How it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Maker {
    /// A logistic regression, trained here.
    Logistic,
    /// Boosted trees and a logistic regression, trained here.
    Boosting,
    /// Brought by the tenant.
    Uploaded,
}

/// The card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LearntCard {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// What it predicts.
    pub kind: PredictionKind,
    /// How it was made.
    pub maker: Maker,
    /// What the label was, in words.
    pub label: String,
    /// Days from the cut-off that the label speaks of.
    pub window_days: u32,
    /// SHA-256 of the model file, hex.
    pub sha256: String,
    /// The inputs, in the order of the columns.
    pub inputs: Vec<LearntInput>,
    /// The numbers of BG/NBD, fitted to the accounts that it learnt from; of a model of buyers that reads `purchases_ahead_90d`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub buyers: Option<Nbd>,
    /// How its answer is taken apart; `None` where it cannot be, and then no reasons are given.
    pub anatomy: Option<Anatomy>,
    /// For which accounts it speaks.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub applies_to: Applicability,
    /// Rows for the loader to check.
    pub golden: Vec<GoldenRow>,
    /// What it was trained on; `None` for one that was brought.
    pub trained_on: Option<TrainedOn>,
    /// How well it does; `None` where nobody measured it.
    pub validation: Option<Validation>,
    /// How sure its answers are.
    pub conformal: Option<Conformal>,
    /// How amounts are told; of models of revenue.
    #[serde(default)]
    pub amounts: Option<AmountCard>,
    /// How what it reads and says was spread over the newest rows that it learnt from; later accounts are held against it.
    /// `None` for one that was brought, and before references were kept.
    #[serde(default)]
    pub references: Option<References>,
    /// What else to know.
    pub limits: Vec<String>,
}

impl LearntCard {
    /// Name and version in one.
    pub fn id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// The hash of a model file, hex.
    pub fn hash(bytes: &[u8]) -> String {
        hex::encode(Sha256::digest(bytes))
    }

    /// What the model reads as an input, by the features; `None` where it is missing.
    pub fn value(&self, input: &str, feature: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        if input == PURCHASES_AHEAD.name {
            self.buyers.and_then(|numbers| numbers.ahead(feature))
        } else {
            feature(input)
        }
    }

    /// The row that the model reads, and how many inputs are missing.
    pub fn row(&self, features: &FeatureVector) -> (Vec<f32>, usize) {
        let inputs = self.inputs.iter();
        let values = inputs.map(|input| self.value(&input.name, |name| features.get(name)));
        let row: Vec<f32> = values.map(|v| v.map_or(f32::NAN, |v| v as f32)).collect();
        let missing = row.iter().filter(|v| v.is_nan()).count();
        (row, missing)
    }

    /// Why the model does not speak for an account; `None` when it does.
    pub fn refuses(&self, features: &FeatureVector) -> Option<String> {
        if !self.applies_to.all.iter().all(|when| when.holds(features)) {
            let whom = &self.applies_to.text;
            return Some(format!("the model {} speaks only for {whom}", self.id()));
        }
        let (_, missing) = self.row(features);
        let share = missing as f64 / self.inputs.len().max(1) as f64;
        (share > self.applies_to.max_missing_share).then(|| {
            let of = self.inputs.len();
            format!("{missing} of {of} inputs of the model {} are missing", self.id())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_high_where_one_outcome_can_be_ruled_out_and_low_between() {
        let probabilities: Vec<f64> = (0..1_000).map(|i| f64::from(i) / 1_000.0).collect();
        let labels: Vec<bool> = (0..1_000).map(|i| (i * 7_919) % 1_000 < i).collect();
        let conformal = Conformal::fit(&probabilities, &labels);
        assert!(conformal.confidence(0.95) > 0.9);
        assert!(conformal.confidence(0.02) > 0.9);
        assert!(conformal.confidence(0.5) < 0.8, "{}", conformal.confidence(0.5));
    }

    #[test]
    fn conformal_sets_hold_the_true_outcome_as_often_as_they_say() {
        let p = |i: u32| f64::from((i * 48_271) % 10_007) / 10_007.0;
        let y = |i: u32| f64::from((i * 69_621 + 17) % 9_973) / 9_973.0 < p(i);
        let (said, labels): (Vec<f64>, Vec<bool>) = (0..4_000).map(|i| (p(i), y(i))).unzip();
        let conformal = Conformal::fit(&said, &labels);
        let later = 4_000..8_000;
        let kept = later
            .clone()
            .filter(|i| conformal.plausible(p(*i), y(*i)) > 0.1)
            .count();
        let share = kept as f64 / later.len() as f64;
        assert!((share - 0.9).abs() < 0.03, "{share}");
    }
}
