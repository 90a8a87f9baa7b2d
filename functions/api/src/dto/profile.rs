//! Health profiles: the set of a tenant, its draft, its versions, and what a draft would do.

use copilot_domain::health::{Band, Group};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::page::Money;
use super::today::BandCounts;
use super::words::{Stage, Touch};

/// A set of health profiles, as it is edited: profiles in the order in which they are tried, caps for all of them,
/// scorecards beside the health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileSetDoc {
    /// The first that takes an account scores it; the last must take every account.
    #[schema(min_items = 1, max_items = 20)]
    pub profiles: Vec<ProfileDoc>,
    /// Caps.
    #[schema(max_items = 30)]
    pub caps: Vec<CapDoc>,
    /// Scorecards: further scores, without effect on bands and alerts.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub scorecards: Vec<ScorecardDoc>,
}

/// A profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileDoc {
    /// Id: a-z, 0-9, `-` and `_`.
    #[schema(min_length = 1, max_length = 60)]
    pub id: String,
    /// Name.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// The score is computed but not shown.
    #[serde(default)]
    pub hides_score: bool,
    /// For which accounts; one that holds is enough, and `{}` holds for every account.
    #[schema(min_items = 1, max_items = 10)]
    pub when: Vec<ConditionDoc>,
    /// Why an account gets it, in words.
    #[schema(min_length = 1, max_length = 200)]
    pub why: String,
    /// What a parent account that it scores makes of its children's scores.
    #[serde(default)]
    pub rollup: RollupDoc,
    /// Its measures.
    #[schema(min_items = 1)]
    pub measures: Vec<MeasureChoice>,
}

/// What a parent's roll-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollupDoc {
    /// The mean of its children's scores.
    #[default]
    Average,
    /// Their mean, each with the weight of its ARR.
    ArrWeighted,
    /// The lowest of them.
    Worst,
}

/// For which accounts: everything that is said must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConditionDoc {
    /// One of these stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages: Option<Vec<Stage>>,
    /// This service model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touch: Option<Touch>,
    /// One of these segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<String>>,
    /// At most this many days old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_account_age_days: Option<f64>,
    /// Use of the product is known of, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<bool>,
    /// Custom field `billing_model`, or `<that>-billed` as segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing: Option<String>,
    /// Buys by invoice, without contract, seats or subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transactional: Option<bool>,
}

/// A measure in a profile or a scorecard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureChoice {
    /// The measure, e.g. `U1`.
    pub id: String,
    /// Its weight; only its share of the sum counts, and 0 switches it off.
    #[schema(minimum = 0, maximum = 1000)]
    pub weight: u32,
    /// Another green cut than the measure's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green: Option<f64>,
    /// Another red cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red: Option<f64>,
}

/// A cap: when all conditions hold, the score is at most the limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapDoc {
    /// Id: a-z, 0-9, `-` and `_`.
    #[schema(min_length = 1, max_length = 60)]
    pub id: String,
    /// The highest score that it allows.
    #[schema(minimum = 0, maximum = 100)]
    pub limit: f64,
    /// Its conditions; a feature that is missing holds none.
    #[schema(min_items = 1, max_items = 10)]
    pub all: Vec<CapCondition>,
    /// Why, in words; `{feature|form}` stands for a value.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

/// A condition of a cap: at least one of `gte`, `gt`, `lte`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapCondition {
    /// The feature.
    pub feature: String,
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gte: Option<f64>,
    /// More than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gt: Option<f64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lte: Option<f64>,
}

/// A scorecard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScorecardDoc {
    /// Id: a-z, 0-9, `-` and `_`.
    #[schema(min_length = 1, max_length = 60)]
    pub id: String,
    /// Name.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// For which accounts; left out: every account.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub when: Vec<ConditionDoc>,
    /// Its measures.
    #[schema(min_items = 1)]
    pub measures: Vec<MeasureChoice>,
}

/// What a set can be made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileCatalogue {
    /// The measures.
    pub measures: Vec<MeasureInfo>,
    /// The features that caps can look at.
    pub features: Vec<FeatureInfo>,
}

/// A measure that profiles choose from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MeasureInfo {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Group.
    pub group: Group,
    /// Unit of the value.
    pub unit: String,
    /// Value that scores 100 where a profile says nothing else.
    pub green: f64,
    /// Value that scores 0 where a profile says nothing else.
    pub red: f64,
}

/// A feature that caps can look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeatureInfo {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// What it is.
    pub description: String,
}

/// The draft of the next set; without one, the set that scores go by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileDraft {
    /// The set.
    pub set: ProfileSetDoc,
    /// Whether it was saved as a draft.
    pub saved: bool,
    /// When it was saved.
    pub saved_at: Option<Timestamp>,
    /// Who saved it.
    pub saved_by: Option<String>,
    /// The version that it was made from.
    pub base: u32,
    /// The version that scores go by.
    pub live: u32,
    /// How it differs from the version that scores go by.
    pub changes: Vec<ProfileChange>,
    /// Send it as `If-Match` with a change, and to publish.
    pub etag: String,
}

/// A difference between two sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileChange {
    /// What differs, e.g. `profiles.mid-touch.measures.U1.weight`.
    pub path: String,
    /// Its value before; `null` where it was not there.
    pub before: Value,
    /// Its value after; `null` where it is gone.
    pub after: Value,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileVersion {
    /// The version; 1 is what is shipped.
    pub version: u32,
    /// Whether scores go by it.
    pub live: bool,
    /// What its author says of it.
    pub note: Option<String>,
    /// When it was published; `null` of the shipped one.
    pub published_at: Option<Timestamp>,
    /// Who published it.
    pub published_by: Option<String>,
    /// The version that it repeats, when it was rolled back to.
    pub restored_from: Option<u32>,
    /// In how many values it differs from the version before.
    pub changes: u32,
    /// The version's tag. Send that of the live version as `If-Match` to roll back.
    pub etag: String,
}

/// A version that was just published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PublishedProfiles {
    /// The version.
    #[serde(flatten)]
    pub head: ProfileVersion,
    /// Accounts that new scores were asked for: all that may get another score. They come in by and by.
    pub scores_asked: u64,
}

/// Published versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileVersions {
    /// Newest first, at most 100; the shipped one is the last.
    pub data: Vec<ProfileVersion>,
    /// The version that scores go by.
    pub live: u32,
}

/// A published version with its set and what it changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileVersionDetail {
    /// The version.
    #[serde(flatten)]
    pub head: ProfileVersion,
    /// Its set.
    pub set: ProfileSetDoc,
    /// The version that it is compared with.
    pub against: u32,
    /// How it differs from that.
    pub diff: Vec<ProfileChange>,
}

/// Publishing a draft.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PublishProfiles {
    /// What changed and why, for the list of versions.
    #[schema(min_length = 1, max_length = 200)]
    pub note: Option<String>,
}

/// What a draft would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfilePreview {
    /// Accounts of the tenant.
    pub accounts: u64,
    /// Whether `accounts` counts all of them; of very large tenants it counts the first 20,000.
    pub counted_all: bool,
    /// Accounts that were assessed both ways.
    pub sampled: u64,
    /// How they were chosen, in words.
    pub basis: String,
    /// Accounts assessed by band, by the profiles that scores go by.
    pub before: BandCounts,
    /// The same by the draft.
    pub after: BandCounts,
    /// Accounts assessed whose band would change.
    pub changed: u64,
    /// Of them those of the largest ARR, at most 100.
    pub moved: Vec<MovedAccount>,
}

/// An account whose band would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MovedAccount {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Annual recurring revenue.
    pub arr: Option<Money>,
    /// By the profiles that scores go by.
    pub before: ScoreStand,
    /// By the draft.
    pub after: ScoreStand,
}

/// A score with its band, before hysteresis, and the profile that it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScoreStand {
    /// Score.
    pub score: Option<f64>,
    /// Band.
    pub band: Band,
    /// Profile id.
    pub profile: String,
}
