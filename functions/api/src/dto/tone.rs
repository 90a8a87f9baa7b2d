//! The tone of what customers wrote, what people say of it, and the tenant's own model of it.

use copilot_domain::model::Placed;
use copilot_domain::tone::{Tone, ToneRun, ToneVersion};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The tone of one text, read when it is asked for.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToneView {
    /// The record's id at its source, for a correction.
    pub external_id: String,
    /// What stands: what a person said of it, else what was read.
    pub tone: Tone,
    /// What was read.
    pub read: Tone,
    /// As it was read, -1 (negative) to 1 (positive).
    pub sentiment: f64,
    /// What it is about: `cancellation`, `outage`, `billing`, `bug`, `feature_request`, `how_to`, `praise` or `other`.
    pub category: String,
    /// The sentence that carries most of the tone that was read, without personal data; `null` of a neutral text.
    pub evidence: Option<String>,
    /// What read it: `model`, or `vader` where the words are new to the model.
    pub method: String,
    /// Which version of it.
    pub version: String,
    /// Who corrected it and when; `null` where nobody did.
    pub label: Option<ToneSaid>,
    /// The tenant's own model that should have read it and could not be loaded: the shipped one did.
    pub missing_model: Option<String>,
}

/// The quote is left out: a person's words do not belong in a log.
impl std::fmt::Debug for ToneView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToneView")
            .field("external_id", &self.external_id)
            .field("tone", &self.tone)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// A person's word on the tone of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToneSaid {
    /// Who.
    pub author: String,
    /// When.
    pub at: Timestamp,
}

/// Kinds of records whose tone is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToneKind {
    /// A ticket.
    Ticket,
    /// A survey answer with words.
    Survey,
}

/// What a person says the tone of a text is.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToneLabel {
    /// `ticket` or `survey`.
    pub kind: ToneKind,
    /// The source that told of it, as the timeline says it.
    pub source: String,
    /// Its id at the source.
    pub external_id: String,
    /// Its tone; `null` takes the correction back.
    pub tone: Option<Tone>,
}

/// A tenant's own model of tone: what answers, what it was learnt from, and how well it does.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ToneModelView {
    /// Whether the tenant has the tone of texts read (`text_tone` in the settings).
    pub on: bool,
    /// The tenant's own version that answers; `null` where the shipped one does.
    pub own: Option<Placed>,
    /// Whether the own version that should answer cannot be loaded, so that the shipped one does.
    pub lost: bool,
    /// The version of the shipped model.
    pub shipped: String,
    /// Whether there is something to go back to.
    pub can_go_back: bool,
    /// Labels below which nothing is tried.
    pub labels_needed: usize,
    /// Own versions, the newest first.
    pub versions: Vec<ToneVersion>,
    /// The newest training run.
    pub last_run: Option<ToneRun>,
    /// For `If-Match` of going back.
    pub etag: String,
}
