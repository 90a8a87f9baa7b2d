//! How right predictions were, as the API shows it beside the figures of the domain.

use copilot_domain::accuracy::CutProposal;
use copilot_domain::health::Band;
use copilot_domain::prediction::{Method, PredictionKind};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A prediction that was wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Miss {
    /// The account.
    pub account: String,
    /// Its name when it was predicted.
    pub account_name: Option<String>,
    /// What was predicted.
    pub kind: PredictionKind,
    /// By whom.
    pub method: Method,
    /// Whether the model was only watched.
    pub shadow: bool,
    /// Name and version of the model.
    pub model_version: Option<String>,
    /// What was said, 0 to 1.
    pub probability: f64,
    /// The band then.
    pub band: Band,
    /// The day of the prediction.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// What happened, e.g. `churned` or `retained`.
    pub actual_outcome: String,
    /// When it was checked.
    pub checked_at: Option<Timestamp>,
    /// The rules whose risk alerts were live then.
    pub alerts: Vec<String>,
}

/// Cuts that fit a capacity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Thresholds {
    /// What is predicted.
    pub kind: PredictionKind,
    /// Alerts a week that there is time for.
    pub per_week: f64,
    /// Accounts that they are chosen from.
    pub accounts: u64,
    /// The cut that counts now; `PATCH /v1/settings` changes it.
    pub alert_cut: f64,
    /// One proposal a method that has checked predictions.
    pub proposals: Vec<CutProposal>,
    /// Why there is no proposal.
    pub note: Option<String>,
}
