//! An assessment: everything one scoring says about an account.

use serde::{Deserialize, Serialize};

use crate::health::{FeatureMap, Health, Points, ProfileChoice};
use crate::ids::{AccountId, AlertId};
use crate::prediction::Prediction;
use crate::scorecard::ScorecardResult;
use crate::time::Timestamp;

/// The alerts that a scoring touched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertChanges {
    /// Opened.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub opened: Vec<AlertId>,
    /// Seen again.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub updated: Vec<AlertId>,
    /// Closed by themselves.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub resolved: Vec<AlertId>,
}

/// Everything one scoring says about an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assessment {
    /// The account.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub account: AccountId,
    /// The instant it speaks of.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub as_of: Timestamp,
    /// When it was computed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub computed_at: Timestamp,
    /// The profile used.
    pub profile: ProfileChoice,
    /// Health with its reasons.
    pub health: Health,
    /// 100 minus the score minus all points lost: zero.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub sum_check: Points,
    /// The tenant's further scorecards, beside the health.
    #[serde(default)]
    pub scorecards: Vec<ScorecardResult>,
    /// Predictions.
    pub predictions: Vec<Prediction>,
    /// Alerts touched.
    pub alerts: AlertChanges,
    /// Every feature by name.
    pub features: FeatureMap,
    /// What was not available, e.g. `no_model`, `no_usage`.
    pub missing: Vec<String>,
}
