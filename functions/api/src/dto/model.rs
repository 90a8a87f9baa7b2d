//! Learnt models: what answers, what is watched, what was trained, and what a person decides about it.

use copilot_domain::model::{Challenger, ModelRole, Placed, TrainingCounts, TrainingRun};
use copilot_domain::monitoring::{Monitoring, WorldState};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::Timestamp;
use copilot_scoring::learnt_card::{Check, ModelEntry};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A version with its place and what it still has to show.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelVersion {
    /// As it was registered.
    #[serde(flatten)]
    pub entry: ModelEntry,
    /// Where it stands.
    pub role: ModelRole,
    /// What it must show before it answers, judged now.
    pub checks: Vec<Check>,
}

/// How many accounts with a known outcome there are, and how many the next stage needs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelStage {
    /// `rules`, `watched`, `logistic` or `boosting`; see the documentation of gates.
    pub stage: String,
    /// As the newest run counted; `null` before the first.
    pub counted: Option<TrainingCounts>,
    /// Accounts with the outcome that the next stage needs.
    pub next_positive_accounts: Option<usize>,
    /// Accounts without the outcome that the next stage needs.
    pub next_negative_accounts: Option<usize>,
    /// In words.
    pub text: String,
}

/// The models of one kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelsOfKind {
    /// What they predict.
    pub kind: PredictionKind,
    /// What answers now: a version, `baseline` (shipped) or `rules`.
    pub answers: String,
    /// The champion.
    pub champion: Option<Placed>,
    /// The challenger.
    pub challenger: Option<Challenger>,
    /// The one in the shadow.
    pub shadow: Option<Placed>,
    /// Whether there is a champion (or the rules) to go back to.
    pub can_roll_back: bool,
    /// How much there is to learn from.
    pub stage: ModelStage,
    /// Versions, the newest first.
    pub versions: Vec<ModelVersion>,
    /// The newest training run.
    pub last_run: Option<TrainingRun>,
    /// For `If-Match` of decisions.
    pub etag: String,
}

/// Where a version is to stand.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceModel {
    /// `shadow`, `challenger` or `champion`.
    pub role: ModelRole,
    /// Challengers only: share of the accounts, above 0 and at most 0.5.
    pub share: Option<f64>,
    /// Names of checks that it misses and that the caller accepts: `outcomes`, `pr_auc`, `calibration`, `lift`, `shadow`,
    /// `measured`. Needs a reason.
    #[serde(default)]
    pub accept: Vec<String>,
    /// Why; kept in the audit trail.
    pub reason: Option<String>,
}

/// A training run that is asked for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartTraining {
    /// Why to train though what the model reads has drifted; kept with the run and in the audit trail. Left out, a run whose
    /// features have drifted is held.
    pub accept_drift: Option<String>,
}

/// What nights found of the models of a kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelMonitoring {
    /// What they predict.
    pub kind: PredictionKind,
    /// The newest night; `null` before the first one with a model.
    pub latest: Option<Monitoring>,
    /// Since when admins know that something is off; `null` where nothing is.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub off_since: Option<Timestamp>,
    /// The newest nights in short, the newest first.
    pub history: Vec<MonitoredDay>,
}

/// A night in short, of the model that answers (or is watched, where none answers).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MonitoredDay {
    /// The day.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// The model's version.
    pub version: String,
    /// How it stood.
    pub state: WorldState,
    /// Features that moved too far.
    pub drifted: usize,
    /// The largest index among its features.
    pub largest_psi: Option<f64>,
    /// The index of its own answers.
    pub predictions_psi: Option<f64>,
    /// Whether training waited.
    pub held: bool,
}

/// Why one goes back.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBack {
    /// Why; kept in the audit trail.
    pub reason: Option<String>,
}

/// A prediction that an uploaded model must reproduce.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SamplePrediction {
    /// Values in the order of `features`, `null` where missing.
    pub inputs: Vec<Option<f32>>,
    /// The probability that the tool which trained the model says.
    pub probability: f64,
}

/// A model of one's own: ONNX as LightGBM, XGBoost, CatBoost or scikit-learn convert to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewModel {
    /// The ONNX file, base64; its input is `[N, features]` of 32-bit floats with NaN where missing, one of its outputs the
    /// probability (`[N, 1]`) or both (`[N, 2]`: no, yes).
    pub onnx_base64: String,
    /// Names of features, in the order of the input's columns; see `docs/features.md`.
    pub features: Vec<String>,
    /// At least five predictions that it must reproduce to 1e-5.
    pub samples: Vec<SamplePrediction>,
    /// What its label was, in words.
    pub label: String,
}
