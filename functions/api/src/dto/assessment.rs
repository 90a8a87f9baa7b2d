//! Health over time. An assessment and its predictions go out as the domain has them.

use copilot_domain::health::{Band, Contribution, SubScores};
use copilot_domain::prediction::PredictionKind;
use copilot_scoring::prediction_change::InputChange;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::Money;
use super::profile::RollupDoc;

/// The score of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryDay {
    /// Day in the tenant's zone.
    pub day: Date,
    /// Score.
    pub score: Option<f64>,
    /// What measures and caps came to, where a person's override stood in place of it.
    #[serde(default)]
    pub computed_score: Option<f64>,
    /// Band.
    pub band: Band,
    /// Coverage, 0 to 1.
    pub coverage: f64,
    /// Scores of the groups.
    pub subscores: SubScores,
    /// Probability of churn.
    pub churn_probability: Option<f64>,
    /// Id of the profile used.
    #[serde(default)]
    pub profile: Option<String>,
    /// Version of the profile used.
    pub profile_version: Option<u32>,
    /// Whether the day was scored in hindsight, from what was known then.
    #[serde(default)]
    pub backfilled: bool,
}

/// A change of score between two days, taken apart.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Explanation {
    /// The later day.
    pub at: Date,
    /// The earlier day.
    pub compare: Date,
    /// Score on the later day.
    pub score_at: Option<f64>,
    /// Score on the earlier day.
    pub score_compare: Option<f64>,
    /// Later minus earlier.
    pub change: Option<f64>,
    /// What made it; sums to the change exactly.
    pub contributions: Vec<Contribution>,
    /// Probabilities that models gave on the later day, against the earlier.
    pub predictions: Vec<PredictionExplanation>,
}

/// A change of a model's probability between two days, taken apart: what the inputs did and what another model did sum to the
/// change.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PredictionExplanation {
    /// What is predicted.
    pub kind: PredictionKind,
    /// The model of the later day.
    pub model_version: String,
    /// The model whose prediction was kept of the earlier day; `null` where none was kept.
    pub model_compare: Option<String>,
    /// Probability on the later day.
    pub probability_at: f64,
    /// Probability on the earlier day: as it was kept where another model gave it, else as the model of the later day says it
    /// of the account as it was.
    pub probability_compare: Option<f64>,
    /// Later minus earlier.
    pub change: Option<f64>,
    /// Log-odds by the model of the later day, later minus earlier.
    pub margin: Option<f64>,
    /// What inputs did, by the model of the later day, the largest first.
    pub inputs: Vec<InputChange>,
    /// What another model did: what the model of the later day says of the account as it was, minus what was kept. 0 under the
    /// same model, `null` where it cannot be split.
    pub by_model: Option<f64>,
    /// What to know about it.
    pub note: Option<String>,
}

/// How still the scores of the tenant stood in the last 30 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TenantStability {
    /// Accounts with at least two scores.
    pub accounts: u64,
    /// Of them, those whose band changed.
    pub changed: u64,
    /// Their share, 0 to 1; `null` without accounts.
    pub changed_share: Option<f64>,
    /// Points that a score moved by on a mean day, over the accounts.
    pub mean_abs_change: Option<f64>,
    /// How the figures are made.
    pub formula: String,
    /// When they were computed.
    pub computed_at: Timestamp,
    /// Whether every account was looked at.
    pub complete: bool,
}

/// What the children of an account come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountRollup {
    /// How they are rolled up, by the account's profile.
    pub mode: RollupDoc,
    /// The roll-up, 0 to 100; `null` where no child counts.
    pub score: Option<f64>,
    /// The band that it lies in.
    pub band: Option<Band>,
    /// Children that count in it.
    pub counted: u64,
    /// The children, the lowest score first, at most 500.
    pub children: Vec<ChildScore>,
    /// Whether these are all.
    pub complete: bool,
}

/// A child in a roll-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChildScore {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Score.
    pub score: Option<f64>,
    /// Band.
    pub band: Band,
    /// Annual recurring revenue.
    pub arr: Option<Money>,
}
