//! Health: points, measures, bands, caps, and the profiles they come from.
//!
//! Points are integers of a thousandth, so that sums are exact: what the measures and the caps lost is
//! 100 minus the score to the last digit, whoever adds it up.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::score_override::AppliedOverride;
use crate::time::Timestamp;

/// Thousandths of a point: 100 points are `100_000`. In JSON a number with at most three decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Points(i64);

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);
    /// A full score.
    pub const FULL: Self = Self(100_000);

    /// Points from thousandths.
    pub const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// Points from a number, rounded to the nearest thousandth; what is not finite counts as nothing.
    pub fn from_f64(points: f64) -> Self {
        if points.is_finite() {
            Self((points * 1_000.0).round() as i64)
        } else {
            Self::ZERO
        }
    }

    /// Thousandths.
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// As a number, for display and for conditions.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Between 0.00 and 1.00, two decimals: the form that the API calls `score_unit`.
    pub fn unit(self) -> f64 {
        (self.0 as f64 / 1_000.0).round() / 100.0
    }
}

impl std::ops::Add for Points {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Points {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        points.fold(Self::ZERO, |sum, p| sum + p)
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1_000 == 0 {
            s.serialize_i64(self.0 / 1_000)
        } else {
            s.serialize_f64(self.as_f64())
        }
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        f64::deserialize(d).map(Self::from_f64)
    }
}

/// What a measure tells about; also the sub-scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Use of the product.
    Usage,
    /// Contact with the people.
    Engagement,
    /// Support cases.
    Support,
    /// What they say of us.
    Sentiment,
    /// Money.
    Payment,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 5] = [
        Self::Usage,
        Self::Engagement,
        Self::Support,
        Self::Sentiment,
        Self::Payment,
    ];

    /// The name as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Engagement => "engagement",
            Self::Support => "support",
            Self::Sentiment => "sentiment",
            Self::Payment => "payment",
        }
    }
}

/// A named range of the score; lower bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// 0 to below 25.
    Critical,
    /// 25 to below 50.
    AtRisk,
    /// 50 to below 75.
    Watch,
    /// 75 to 100.
    Healthy,
    /// Less than half of the weight has data.
    InsufficientData,
    /// In its first weeks: the score is hidden.
    Onboarding,
}

impl Band {
    /// The band that a score lies in.
    pub fn of(score: Points) -> Self {
        match score.milli() {
            75_000.. => Self::Healthy,
            50_000..75_000 => Self::Watch,
            25_000..50_000 => Self::AtRisk,
            _ => Self::Critical,
        }
    }

    /// The lowest and the highest score of the band; `None` for bands without a score.
    pub fn range(self) -> Option<(Points, Points)> {
        let of = |low, high| Some((Points(low), Points(high)));
        match self {
            Self::Healthy => of(75_000, 100_000),
            Self::Watch => of(50_000, 75_000),
            Self::AtRisk => of(25_000, 50_000),
            Self::Critical => of(0, 25_000),
            Self::InsufficientData | Self::Onboarding => None,
        }
    }

    /// The name as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Watch => "watch",
            Self::AtRisk => "at_risk",
            Self::Critical => "critical",
            Self::InsufficientData => "insufficient_data",
            Self::Onboarding => "onboarding",
        }
    }
}

/// Whether a measure could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MeasureState {
    /// Taken from data of a good age.
    Ok,
    /// No data: its weight went to the others.
    Missing,
    /// The data is too old: its weight went to the others.
    Stale,
    /// Not part of the account's profile for now.
    Off,
}

/// One measure of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Measure {
    /// Id, e.g. `U1`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Group.
    pub group: Group,
    /// The raw value.
    pub value: Option<f64>,
    /// The value's unit.
    pub unit: String,
    /// The value in words.
    pub text: String,
    /// At or beyond it the measure scores 100.
    pub green: f64,
    /// At or beyond it the measure scores 0.
    pub red: f64,
    /// Weight after redistribution; the weights of a health sum to 100.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub weight: Points,
    /// Weight in the profile.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub base_weight: Points,
    /// 0 to 100.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub score: Option<Points>,
    /// Points that the measure costs the account.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub points_lost: Points,
    /// Points that it earns the account.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub points_kept: Points,
    /// Whether it could be taken.
    pub state: MeasureState,
    /// The newest fact behind it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub fact_at: Option<Timestamp>,
}

/// A cap that applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cap {
    /// Id, e.g. `notice`.
    pub id: String,
    /// Why, in words.
    pub reason: String,
    /// The highest score it allows.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub limit: Points,
    /// Points that it costs beyond the measures and the caps above it.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub points_lost: Points,
}

/// The score of each group that has data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubScores {
    /// Use of the product.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub usage: Option<Points>,
    /// Contact with the people.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub engagement: Option<Points>,
    /// Support cases.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub support: Option<Points>,
    /// What they say of us.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub sentiment: Option<Points>,
    /// Money.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub payment: Option<Points>,
}

impl SubScores {
    /// The sub-score of a group.
    pub fn get(&self, group: Group) -> Option<Points> {
        match group {
            Group::Usage => self.usage,
            Group::Engagement => self.engagement,
            Group::Support => self.support,
            Group::Sentiment => self.sentiment,
            Group::Payment => self.payment,
        }
    }

    /// Sets the sub-score of a group.
    pub fn set(&mut self, group: Group, score: Option<Points>) {
        match group {
            Group::Usage => self.usage = score,
            Group::Engagement => self.engagement = score,
            Group::Support => self.support = score,
            Group::Sentiment => self.sentiment = score,
            Group::Payment => self.payment = score,
        }
    }
}

/// Change of the score over a number of days; positive is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trend {
    /// Against 7 days ago.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub d7: Option<Points>,
    /// Against 30 days ago.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub d30: Option<Points>,
    /// Against 90 days ago.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub d90: Option<Points>,
}

/// Health with its reasons. Where there is a score, the points lost by measures, caps and override sum to 100 minus it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// 0 to 100, one decimal; `None` while onboarding and where data is insufficient.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub score: Option<Points>,
    /// The same between 0.00 and 1.00.
    pub score_unit: Option<f64>,
    /// What the measures and caps come to; the score too, unless a person's override stands in its place.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub computed_score: Option<Points>,
    /// The override that stands in place of the computed score.
    #[serde(default, rename = "override")]
    pub overridden: Option<AppliedOverride>,
    /// Before caps; also there when the score is hidden, as long as any measure has data.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub raw_score: Option<Points>,
    /// The band, after hysteresis.
    pub band: Band,
    /// The band of the scoring before.
    pub previous_band: Option<Band>,
    /// Share of the profile's weight that has data, 0 to 1.
    pub coverage: f64,
    /// Scores by group.
    pub subscores: SubScores,
    /// Every measure of the profile.
    pub measures: Vec<Measure>,
    /// The caps that applied, the mildest first.
    pub caps: Vec<Cap>,
    /// Change over time.
    pub trend: Trend,
}

impl Health {
    /// 100 minus the score minus all points lost: zero, always. Where the score is hidden, of the raw score.
    pub fn sum_check(&self) -> Points {
        let lost: Points = self
            .measures
            .iter()
            .map(|m| m.points_lost)
            .chain(self.caps.iter().map(|c| c.points_lost))
            .chain(self.overridden.iter().map(|o| o.points_lost))
            .sum();
        self.score
            .or(self.raw_score)
            .map_or(Points::ZERO, |score| Points::FULL - score - lost)
    }
}

/// The profile an account is scored by, and why that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileChoice {
    /// Profile id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Why the account gets it.
    pub why: String,
}

/// Which scoring it was: the instant, and a fingerprint of what was known. The same evaluation again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationId {
    /// The instant scored.
    pub as_of: Timestamp,
    /// Fingerprint of the features.
    pub facts: String,
}

/// What hysteresis remembers between scorings; stored with the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandState {
    /// The band shown.
    pub band: Band,
    /// The band shown before.
    pub before: Option<Band>,
    /// Scorings in a row outside of the band shown.
    pub runs_outside: u32,
    /// Whether the band shown came from a person's override.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overridden: bool,
    /// The scoring that left this state.
    pub evaluation: EvaluationId,
    /// When rules first spoke of the account: how long the signals found then have lasted is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_since: Option<Timestamp>,
}

/// A score of an earlier day, for trends and sparklines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorePoint {
    /// The day.
    pub day: Date,
    /// Its score, if it had one.
    pub score: Option<Points>,
    /// Its band.
    pub band: Band,
}

/// One part of a change between two scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contribution {
    /// Id of the measure, `cap:<id>`, or `override`.
    pub measure: String,
    /// Its name.
    pub name: String,
    /// Its group; `None` for a cap and an override.
    pub group: Option<Group>,
    /// Points gained (positive) or lost.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub points: Points,
    /// From what to what, in words.
    pub detail: String,
}

/// Features by name, as an assessment shows them.
pub type FeatureMap = BTreeMap<String, Option<f64>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_bound_of_a_band_belongs_to_it() {
        let of = |milli| Band::of(Points::from_milli(milli));
        assert_eq!(of(75_000), Band::Healthy);
        assert_eq!(of(74_900), Band::Watch);
        assert_eq!(of(50_000), Band::Watch);
        assert_eq!(of(49_900), Band::AtRisk);
        assert_eq!(of(25_000), Band::AtRisk);
        assert_eq!(of(24_999), Band::Critical);
    }

    #[test]
    fn points_are_numbers_with_at_most_three_decimals_and_read_back_exactly() {
        for (milli, text) in [
            (0, "0"),
            (100_000, "100"),
            (12_345, "12.345"),
            (-300, "-0.3"),
            (72_400, "72.4"),
        ] {
            let points = Points::from_milli(milli);
            assert_eq!(serde_json::to_string(&points).unwrap(), text);
            assert_eq!(serde_json::from_str::<Points>(text).unwrap(), points);
        }
        assert!((Points::from_milli(72_400).unit() - 0.72).abs() < 1e-12);
    }
}
