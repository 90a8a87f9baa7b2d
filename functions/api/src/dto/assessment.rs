//! Health over time. An assessment and its predictions go out as the domain has them.

use copilot_domain::health::{Band, Contribution, SubScores};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
}
