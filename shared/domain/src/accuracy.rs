//! How right predictions, bands and rules were: the figures that the nightly run keeps for a tenant.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::health::Band;
use crate::prediction::{Method, PredictionKind};
use crate::time::Timestamp;

/// A share of counted things with its 95 % Wilson interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// Those that count.
    pub hits: u64,
    /// All.
    pub of: u64,
    /// `hits / of`.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What was said at the cut against what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Confusion {
    /// Said yes, and it happened.
    pub true_positive: u64,
    /// Said yes, and it did not: a false alarm.
    pub false_positive: u64,
    /// Said no, and it happened: a miss.
    pub false_negative: u64,
    /// Said no, and it did not.
    pub true_negative: u64,
}

/// A bin of the calibration chart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalibrationBin {
    /// Lower end of its probabilities, inclusive.
    pub from: f64,
    /// Upper end; inclusive in the last bin only.
    pub to: f64,
    /// Mean of what was said.
    pub said: f64,
    /// How often it happened.
    pub happened: Share,
}

/// Figures of a set of checked predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccuracyPart {
    /// `all`, or the segment (health profile) or model version.
    pub name: String,
    /// Checked predictions.
    pub rows: u64,
    /// Of them, those where it happened.
    pub happened: u64,
    /// Accounts that they speak of: rows of one account are not independent of each other.
    pub accounts: u64,
    /// At the cut.
    pub confusion: Confusion,
    /// Of those said yes to, the share where it happened.
    pub precision: Option<Share>,
    /// Of those where it happened, the share said yes to.
    pub recall: Option<Share>,
    /// Area under the precision-recall curve (average precision); `None` where it never or always happened.
    pub pr_auc: Option<f64>,
    /// Area under the ROC curve; as above.
    pub auc: Option<f64>,
    /// Precision among the tenth with the highest probabilities over the base rate; as above.
    pub lift_at_10: Option<f64>,
    /// Mean squared error.
    pub brier: f64,
    /// Expected calibration error over ten bins.
    pub ece: f64,
    /// Ten bins of equal width; empty ones are left out.
    pub calibration: Vec<CalibrationBin>,
}

/// What a cut would have given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CutPoint {
    /// Probability from which on it says yes.
    pub cut: f64,
    /// Predictions that reach it.
    pub flagged: u64,
    /// Of them, those where it happened.
    pub hits: u64,
}

/// How right one method was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MethodAccuracy {
    /// Rules or model.
    pub method: Method,
    /// Whether the model was only watched.
    pub shadow: bool,
    /// Over all.
    pub overall: AccuracyPart,
    /// By version of the model.
    pub versions: Vec<AccuracyPart>,
    /// By health profile.
    pub segments: Vec<AccuracyPart>,
    /// Precision by cut, at most 200 points, the highest cut first.
    pub curve: Vec<CutPoint>,
}

/// How often it happened to accounts that stood in a band 90 days before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BandAccuracy {
    /// The band.
    pub band: Band,
    /// How often it happened.
    pub happened: Share,
}

/// What a live alert of a rule was worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleAccuracy {
    /// The rule.
    pub rule: String,
    /// Of the accounts with a live alert of it, the share to which it happened.
    pub precision: Share,
    /// Of the accounts to which it happened, the share with a live alert of it.
    pub recall: Option<Share>,
    /// Precision over the base rate.
    pub lift: Option<f64>,
}

/// How much has been learned, and how much is needed for the next step of `domain.md` 5.7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LabelCounts {
    /// Accounts to which it happened after a checked prediction.
    pub happened: u64,
    /// Accounts to which it did not.
    pub not: u64,
    /// How many are needed for the next step; `None` when the last is reached.
    pub needed: Option<u64>,
    /// What runs with them: `logistic_shadow`, `logistic`, `boosting`.
    pub unlocks: Option<String>,
}

/// How right the predictions of a kind were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accuracy {
    /// What was predicted.
    pub kind: PredictionKind,
    /// When the figures were computed.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub computed_at: Option<Timestamp>,
    /// The first day of predictions that count.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub from: Option<Date>,
    /// The cut at which a prediction says yes.
    pub cut: f64,
    /// When the next kept prediction is checked at the latest.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub next_due: Option<Date>,
    /// Data counts.
    pub labels: LabelCounts,
    /// By method.
    pub methods: Vec<MethodAccuracy>,
    /// By band at the prediction's day.
    pub bands: Vec<BandAccuracy>,
    /// By rule whose alert was live that day.
    pub rules: Vec<RuleAccuracy>,
}

/// A cut that fits a capacity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CutProposal {
    /// Whose probabilities.
    pub method: Method,
    /// Whether the model was only watched.
    pub shadow: bool,
    /// Probability from which on it says yes.
    pub cut: f64,
    /// Accounts a week that would reach it: each is told of once a month.
    pub alerts_per_week: f64,
    /// Of them, the share to which it happened among checked predictions.
    pub precision: Share,
    /// Of those to which it happened, the share that reached the cut.
    pub recall: Option<Share>,
}
