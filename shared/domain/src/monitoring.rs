//! Whether a learnt model still meets the world that it learnt: the record that a night keeps for each kind of model.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::ModelRole;
use crate::prediction::PredictionKind;
use crate::time::Timestamp;

/// Days that records are kept.
pub const KEEP_DAYS: i64 = 400;

/// How a model stands to what it learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WorldState {
    /// Nothing that it reads moved too far.
    Steady,
    /// Something moved too far, and training waits for it.
    Drifted,
    /// What moved too far did so as time passed, or since more accounts have it: the next training takes it in.
    Aged,
    /// Too few accounts, now or when it learnt, to tell.
    FewRows,
    /// It keeps nothing to compare with: brought by the tenant, or trained before references were kept.
    NoReference,
}

/// How a feature moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// More accounts lack it: what feeds it may have stopped.
    Gone,
    /// Fewer accounts lack it: history grew, or a source came.
    Came,
    /// Its values are others.
    Values,
    /// It only rises with time, and did.
    Aged,
}

impl Movement {
    /// Whether training waits for a person: what is missing or wrong now would be learnt. More history and greater age are
    /// no faults, and the next training is what takes them in.
    pub fn holds(self) -> bool {
        matches!(self, Self::Gone | Self::Values)
    }
}

/// How far a feature, or the model's own answer, is from what the model learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Drift {
    /// The feature; `probability` for the model's own answer.
    pub name: String,
    /// Accounts looked at.
    pub rows: usize,
    /// The population stability index: below 0.1 nothing moved, above 0.2 too much did.
    pub psi: f64,
    /// Share of missing values when it learnt.
    pub missing_before: f64,
    /// Share of missing values now.
    pub missing_now: f64,
    /// The middle value when it learnt; `null` where it was always missing.
    pub usual_before: Option<f64>,
    /// The middle value now.
    pub usual_now: Option<f64>,
    /// Whether it moved too far; `null` on too few accounts.
    pub is_drifted: Option<bool>,
    /// How it moved, where it moved too far.
    pub movement: Option<Movement>,
    /// What that usually means and what to do, where it moved too far.
    pub means: Option<String>,
}

impl Drift {
    /// Whether training waits for it.
    pub fn holds(&self) -> bool {
        self.is_drifted == Some(true) && self.movement.is_some_and(Movement::holds)
    }
}

/// What was predicted against what came: the newest prediction of each account whose window is over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalibrationDrift {
    /// Accounts.
    pub rows: usize,
    /// Mean of the predicted probabilities.
    pub predicted: f64,
    /// Share that it happened to.
    pub observed: f64,
    /// `predicted - observed`.
    pub gap: f64,
    /// How many standard errors the gap is: with every prediction right, beyond 2 in one of 22 cases. `null` when all
    /// predictions were certain (0 or 1): then any gap is an error.
    pub standard_errors: Option<f64>,
    /// Whether the gap is beyond chance (3 standard errors); `null` on too few accounts.
    pub is_drifted: Option<bool>,
}

/// The accounts of one health profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SegmentWorld {
    /// The profile.
    pub segment: String,
    /// Accounts looked at.
    pub rows: usize,
    /// Features that moved too far.
    pub drifted: usize,
    /// The one that moved the furthest.
    pub furthest: Option<Drift>,
    /// The model's own answers.
    pub predictions: Option<Drift>,
    /// What it predicted against what came.
    pub calibration: Option<CalibrationDrift>,
}

/// One model against what it learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelWorld {
    /// The version.
    pub version: String,
    /// Where it stands.
    pub role: ModelRole,
    /// In a word.
    pub state: WorldState,
    /// Accounts that it is about.
    pub rows: usize,
    /// Accounts among them that it gave an answer for.
    pub answered: usize,
    /// Rows that it is compared with.
    pub reference_rows: usize,
    /// The first day of these rows.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub reference_from: Option<Date>,
    /// The last day of these rows.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub reference_to: Option<Date>,
    /// Features that it reads.
    pub features: usize,
    /// Features that moved too far.
    pub drifted: usize,
    /// Those that training waits for, then those that moved the furthest; with any that is close to the line.
    pub moved: Vec<Drift>,
    /// Its own answers.
    pub predictions: Option<Drift>,
    /// What it predicted against what came; `null` before any window is over.
    pub calibration: Option<CalibrationDrift>,
    /// By health profile, where there are enough accounts.
    pub segments: Vec<SegmentWorld>,
}

/// What a night found of the models of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Monitoring {
    /// What they predict.
    pub kind: PredictionKind,
    /// The day, in the tenant's zone.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub day: Date,
    /// When it was computed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub computed_at: Timestamp,
    /// The champion, the challenger and the one in the shadow, where there are.
    pub models: Vec<ModelWorld>,
    /// Why training waits; `null` when it does not.
    pub held: Option<String>,
}

impl Monitoring {
    /// What a night found; training waits for what moved under the model that answers, or under the one that is watched
    /// where none answers.
    pub fn new(kind: PredictionKind, day: Date, computed_at: Timestamp, models: Vec<ModelWorld>) -> Self {
        let mut own = Self {
            kind,
            day,
            computed_at,
            models,
            held: None,
        };
        own.held = own.leading().and_then(held);
        own
    }

    /// The model that others are judged by: the champion, or the first there is.
    pub fn leading(&self) -> Option<&ModelWorld> {
        let champion = self.models.iter().find(|model| model.role == ModelRole::Champion);
        champion.or_else(|| self.models.first())
    }
}

/// Why training waits for what a model meets; `None` when it does not.
fn held(model: &ModelWorld) -> Option<String> {
    let mut holding = model.moved.iter().filter(|drift| drift.holds());
    let first = holding.next()?;
    let more = holding.count();
    let and = match more {
        0 => String::new(),
        1 => " and one more".to_owned(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "held: feature {} PSI {:.2} (missing {:.0} %, was {:.0} %){and}; mend the source or accept",
        first.name,
        first.psi,
        first.missing_now * 100.0,
        first.missing_before * 100.0
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(name: &str, psi: f64, movement: Movement) -> Drift {
        Drift {
            name: name.to_owned(),
            rows: 300,
            psi,
            missing_before: 0.02,
            missing_now: 0.98,
            usual_before: Some(1.0),
            usual_now: None,
            is_drifted: Some(psi > 0.2),
            movement: (psi > 0.2).then_some(movement),
            means: None,
        }
    }

    fn model(role: ModelRole, moved: Vec<Drift>) -> ModelWorld {
        ModelWorld {
            version: "1".to_owned(),
            role,
            state: WorldState::Steady,
            rows: 300,
            answered: 300,
            reference_rows: 900,
            reference_from: None,
            reference_to: None,
            features: 2,
            drifted: 0,
            moved,
            predictions: None,
            calibration: None,
            segments: Vec::new(),
        }
    }

    fn night(models: Vec<ModelWorld>) -> Option<String> {
        let day = jiff::civil::date(2026, 3, 1);
        Monitoring::new(PredictionKind::Churn, day, Timestamp::UNIX_EPOCH, models).held
    }

    #[test]
    fn training_waits_for_what_moved_under_the_model_that_answers_and_says_for_what() {
        let gone = || {
            vec![
                drift("nps", 3.2, Movement::Gone),
                drift("mrr", 0.4, Movement::Values),
            ]
        };
        let both = vec![
            model(ModelRole::Shadow, vec![]),
            model(ModelRole::Champion, gone()),
        ];
        assert_eq!(
            night(both).unwrap(),
            "held: feature nps PSI 3.20 (missing 98 %, was 2 %) and one more; mend the source or accept"
        );
        let watched = vec![
            model(ModelRole::Champion, vec![]),
            model(ModelRole::Shadow, gone()),
        ];
        assert_eq!(night(watched), None);
        assert!(
            night(vec![model(ModelRole::Shadow, gone())]).is_some(),
            "none answers"
        );
    }

    #[test]
    fn greater_age_and_more_history_are_no_reason_to_wait() {
        let grown = vec![
            drift("contract_month", 0.9, Movement::Aged),
            drift("dau_mau", 0.5, Movement::Came),
        ];
        assert_eq!(night(vec![model(ModelRole::Champion, grown)]), None);
        assert_eq!(
            night(vec![model(
                ModelRole::Champion,
                vec![drift("mrr", 0.1, Movement::Values)]
            )]),
            None
        );
        assert_eq!(night(vec![]), None);
    }
}
