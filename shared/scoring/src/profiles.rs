//! Health profiles as data: which measures with which weights and cuts, for which accounts, in which order.

use copilot_domain::facts::{Stage, Touch};
use copilot_domain::health::{Group, Points, ProfileChoice};
use copilot_domain::history::Snapshot;
use copilot_features::{FeatureGroup, FeatureVector};
use serde::{Deserialize, Serialize};

/// How the cuts of a measure are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// A straight line between green and red.
    #[default]
    Line,
    /// The same, but in the first year the cuts of seat use depend on the contract's month.
    SeatsByAge,
}

/// What a measure is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasureSpec {
    /// Id, e.g. `U1`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Group.
    pub group: Group,
    /// The feature it reads.
    pub feature: String,
    /// The feature's unit.
    pub unit: String,
    /// At or beyond it the measure scores 100.
    pub green: f64,
    /// At or beyond it the measure scores 0.
    pub red: f64,
    /// How the cuts are chosen.
    #[serde(default)]
    pub curve: Curve,
    /// Older than that, the measure is stale.
    #[serde(default)]
    pub max_age_days: Option<f64>,
    /// Older than that, a stale measure no longer counts; where absent, it does not count once stale.
    #[serde(default)]
    pub null_age_days: Option<f64>,
    /// The feature that tells the age; where absent, the age is that of the source's last delivery.
    #[serde(default)]
    pub age_feature: Option<String>,
    /// The facts behind it.
    #[serde(default)]
    pub source: Option<FeatureGroup>,
    /// The value in words.
    pub text: String,
}

/// A measure in a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileMeasure {
    /// The measure's id.
    pub id: String,
    /// Its weight; 0 switches it off.
    pub weight: u32,
    /// Another green cut than the measure's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green: Option<f64>,
    /// Another red cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red: Option<f64>,
}

/// For which accounts a profile is: everything that is said must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// One of these stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages: Option<Vec<Stage>>,
    /// This touch.
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

impl When {
    fn holds(&self, snapshot: &Snapshot, features: &FeatureVector) -> bool {
        let row = &snapshot.row;
        let stage = row.stage.unwrap_or_default();
        let segment = row.segment.as_deref().unwrap_or("");
        let billing_is = |model: &str| {
            row.custom.get("billing_model").and_then(|v| v.as_str()) == Some(model)
                || segment == format!("{model}-billed")
        };
        let transactional = features.get("transactional") == Some(1.0);
        self.stages.as_ref().is_none_or(|stages| stages.contains(&stage))
            && self
                .touch
                .is_none_or(|touch| row.touch.unwrap_or_default() == touch)
            && self
                .segments
                .as_ref()
                .is_none_or(|all| all.iter().any(|s| s == segment))
            && self
                .max_account_age_days
                .is_none_or(|max| features.get("account_age_days").is_some_and(|age| age <= max))
            && self
                .telemetry
                .is_none_or(|known| (features.get("usage_known") == Some(1.0)) == known)
            && self.billing.as_deref().is_none_or(billing_is)
            && self.transactional.is_none_or(|wanted| transactional == wanted)
    }
}

/// What a parent account's roll-up is of its children's scores (`domain.md` A14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollup {
    /// Their mean.
    #[default]
    Average,
    /// Their mean, each with the weight of its ARR.
    ArrWeighted,
    /// The lowest.
    Worst,
}

/// A profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Rises with every change. Of a tenant's own profiles it is the version of their set.
    #[serde(default)]
    pub version: u32,
    /// The score is computed but not shown.
    #[serde(default)]
    pub hides_score: bool,
    /// For which accounts; any of them is enough.
    pub when: Vec<When>,
    /// Why an account gets it, in words.
    pub why: String,
    /// What a parent that it scores makes of its children's scores.
    #[serde(default)]
    pub rollup: Rollup,
    /// Its measures.
    pub measures: Vec<ProfileMeasure>,
}

/// A further score beside the health: measures with weights of its own, without caps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// For which accounts; any of them is enough, and none means every account.
    #[serde(default)]
    pub when: Vec<When>,
    /// Its measures.
    pub measures: Vec<ProfileMeasure>,
}

impl Scorecard {
    /// Whether an account gets it.
    pub fn is_for(&self, snapshot: &Snapshot, features: &FeatureVector) -> bool {
        self.when.is_empty() || self.when.iter().any(|w| w.holds(snapshot, features))
    }
}

/// One condition of a cap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapWhen {
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

impl CapWhen {
    /// Whether it holds; a missing feature holds nothing.
    pub fn holds(&self, features: &FeatureVector) -> bool {
        features
            .get(&self.feature)
            .is_some_and(|value| self.holds_for(value))
    }

    /// Whether it holds for a value of its feature.
    pub fn holds_for(&self, value: f64) -> bool {
        self.gte.is_none_or(|limit| value >= limit)
            && self.gt.is_none_or(|limit| value > limit)
            && self.lte.is_none_or(|limit| value <= limit)
    }
}

/// A cap: when all conditions hold, the score is at most the limit. A missing feature holds nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapSpec {
    /// Id.
    pub id: String,
    /// The highest score it allows.
    pub limit: Points,
    /// Its conditions.
    pub all: Vec<CapWhen>,
    /// Why, in words.
    pub reason: String,
}

impl CapSpec {
    /// Whether the cap applies.
    pub fn applies(&self, features: &FeatureVector) -> bool {
        self.all.iter().all(|when| when.holds(features))
    }
}

/// A set of profiles that does not hold together.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not the JSON it should be.
    #[error("profiles do not read")]
    Json(#[from] serde_json::Error),
    /// A measure names a feature, or a profile names a measure, that does not exist.
    #[error("{what} names {name}, which does not exist")]
    Unknown {
        /// Who names it.
        what: String,
        /// What it names.
        name: String,
    },
    /// No profile takes every account.
    #[error("no profile takes every account: the last must have an empty condition")]
    NoDefault,
}

/// Profiles in the order in which they are tried, with their measures and the caps for all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profiles {
    /// The profiles.
    pub profiles: Vec<Profile>,
    /// The measures they choose from.
    pub measures: Vec<MeasureSpec>,
    /// The caps.
    pub caps: Vec<CapSpec>,
    /// Scorecards beside the health.
    pub scorecards: Vec<Scorecard>,
}

impl Profiles {
    /// The profiles that are shipped.
    ///
    /// # Errors
    /// None in a build whose tests passed: they load them.
    pub fn shipped() -> Result<Self, ProfileError> {
        Self::from_json(
            include_str!("../profiles/profiles.json"),
            include_str!("../profiles/measures.json"),
            include_str!("../profiles/caps.json"),
        )
    }

    /// Reads and checks a set.
    ///
    /// # Errors
    /// [`ProfileError`] when it does not read or does not hold together.
    pub fn from_json(profiles: &str, measures: &str, caps: &str) -> Result<Self, ProfileError> {
        let set = Self {
            profiles: serde_json::from_str(profiles)?,
            measures: serde_json::from_str(measures)?,
            caps: serde_json::from_str(caps)?,
            scorecards: Vec::new(),
        };
        let known = |what: &str, name: &str| match copilot_features::spec(name) {
            Some(_) => Ok(()),
            None => Err(ProfileError::Unknown {
                what: what.to_owned(),
                name: name.to_owned(),
            }),
        };
        for measure in &set.measures {
            known(&measure.id, &measure.feature)?;
            if let Some(age) = &measure.age_feature {
                known(&measure.id, age)?;
            }
        }
        for cap in &set.caps {
            for when in &cap.all {
                known(&cap.id, &when.feature)?;
            }
        }
        for profile in &set.profiles {
            for measure in &profile.measures {
                if set.measure(&measure.id).is_none() {
                    return Err(ProfileError::Unknown {
                        what: profile.id.clone(),
                        name: measure.id.clone(),
                    });
                }
            }
        }
        let default = set
            .profiles
            .last()
            .is_some_and(|p| p.when.contains(&When::default()));
        if default {
            Ok(set)
        } else {
            Err(ProfileError::NoDefault)
        }
    }

    /// A measure by id.
    pub fn measure(&self, id: &str) -> Option<&MeasureSpec> {
        self.measures.iter().find(|m| m.id == id)
    }

    /// The first profile, in order, that takes the account.
    pub fn choose(&self, snapshot: &Snapshot, features: &FeatureVector) -> (&Profile, ProfileChoice) {
        let first = self
            .profiles
            .iter()
            .position(|p| p.when.iter().any(|w| w.holds(snapshot, features)));
        // The last takes every account; `from_json` saw to that.
        let at = first.unwrap_or(self.profiles.len() - 1);
        let profile = &self.profiles[at];
        let choice = ProfileChoice {
            id: profile.id.clone(),
            name: profile.name.clone(),
            version: profile.version,
            why: format!(
                "profile {} of {} in order: {}",
                at + 1,
                self.profiles.len(),
                profile.why
            ),
        };
        (profile, choice)
    }
}
