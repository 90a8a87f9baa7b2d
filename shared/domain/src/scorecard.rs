//! Scorecards: further scores of an account beside its health. They touch neither band nor alerts.

use serde::{Deserialize, Serialize};

use crate::health::{Band, Measure, Points, SubScores};

/// One scorecard of an account, with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScorecardResult {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version of the set of profiles that it stands in.
    pub version: u32,
    /// 0 to 100, one decimal; `None` where less than half of the weight has data.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub score: Option<Points>,
    /// The band that the score lies in, without hysteresis.
    pub band: Band,
    /// Share of the weight that has data, 0 to 1.
    pub coverage: f64,
    /// Scores by group.
    pub subscores: SubScores,
    /// Its measures. Where there is a score, the points lost sum to 100 minus it.
    pub measures: Vec<Measure>,
}
