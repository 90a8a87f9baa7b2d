//! Batch upserts: rows in, a result per row out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::words::OutcomeKind;

/// Rows of one kind. Described by its `T`; each row is read on its own, so that one bad row fails alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch<T> {
    /// The system the rows come from; `api` where it is left out.
    #[schema(max_length = 40, example = "api")]
    pub source: Option<String>,
    /// At most 1,000 rows, at most 5 MB.
    #[schema(min_items = 1, max_items = 1000)]
    pub rows: Vec<T>,
}

/// Usage events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventBatch {
    /// The system the events come from; `api` where it is left out.
    #[schema(max_length = 40, example = "api")]
    pub source: Option<String>,
    /// At most 1,000 events, at most 5 MB.
    #[schema(min_items = 1, max_items = 1000, value_type = Vec<EventIn>)]
    pub events: Vec<Value>,
}

/// A usage event. An id counts once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventIn {
    /// The source's event id.
    #[schema(max_length = 200, example = "evt-1")]
    pub id: String,
    /// External id of the account.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// Who did it.
    #[schema(max_length = 200)]
    pub user: Option<String>,
    /// Name.
    #[schema(max_length = 200, example = "report_exported")]
    pub name: String,
    /// When it happened.
    pub at: Timestamp,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// Anything else; kept in the raw log, not counted.
    #[schema(value_type = Option<Object>)]
    pub properties: Option<Map<String, Value>>,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchAnswer {
    /// A result per row, in the order of the rows.
    pub results: Vec<RowResult>,
    /// Rows that made a new record.
    pub created: u64,
    /// Rows that changed a record.
    pub updated: u64,
    /// Rows that said what was known.
    pub unchanged: u64,
    /// Rows that were not applied.
    pub errors: u64,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RowResult {
    /// The row's external id; empty when it has none.
    pub external_id: String,
    /// What was done.
    pub status: RowStatus,
    /// The account's id (accounts only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why it was not applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RowError>,
    /// Kept, and counted as soon as its account comes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
}

/// What was done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowStatus {
    /// A new record.
    Created,
    /// A changed record.
    Updated,
    /// Known already.
    Unchanged,
    /// Not applied, or not counted yet.
    Error,
}

/// Why a row was not applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RowError {
    /// For programs, e.g. `out_of_range`, `unknown_account`, `queued`.
    pub code: String,
    /// The field at fault.
    pub field: Option<String>,
    /// For people.
    pub detail: String,
}

/// What became of a batch of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventAnswer {
    /// A result per event, in the order of the events.
    pub results: Vec<EventResult>,
    /// Events counted now.
    pub counted: u64,
    /// Events counted before.
    pub duplicates: u64,
    /// Events that were not counted.
    pub errors: u64,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventResult {
    /// The event's id; empty when it has none.
    pub id: String,
    /// What was done.
    pub status: EventStatus,
    /// Why it was not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RowError>,
    /// Kept, and counted as soon as its account comes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
}

/// What was done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// Counted now.
    Counted,
    /// Counted before.
    Duplicate,
    /// Not counted, or not yet.
    Error,
}

/// An outcome to record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOutcome {
    /// External id of the account, or its `acc_` id.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// What happened.
    pub kind: OutcomeKind,
    /// When.
    pub at: Timestamp,
    /// The money concerned, minor units.
    pub amount_minor: Option<i64>,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    /// Why, in a word.
    #[schema(max_length = 200)]
    pub reason: Option<String>,
    /// Why, in words.
    #[schema(max_length = 4000)]
    pub comment: Option<String>,
    /// Your own id of it: the same id again changes the same outcome.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

/// A recorded outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// Its external id.
    pub external_id: String,
    /// The account's id.
    pub account: String,
    /// What happened.
    pub kind: OutcomeKind,
    /// When.
    pub at: Timestamp,
    /// The money concerned, minor units.
    pub amount_minor: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Why, in a word.
    pub reason: Option<String>,
    /// Why, in words.
    pub comment: Option<String>,
}
