//! A delivery in the raw log: what arrived, before anything was understood.
//!
//! The raw object is written before the sender gets its 2xx, and everything else can be rebuilt from it.

use serde::{Deserialize, Serialize};

use crate::ids::Source;
use crate::time::Timestamp;

/// How the body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Our own rows by kind: `{"accounts": [...], "events": [...]}`.
    Canonical,
    /// A Stripe event.
    Stripe,
    /// The order to import an uploaded CSV file: an [`ImportOrder`].
    CsvImport,
}

/// One delivery, as it stands (gzipped JSON) under `raw/` or `api/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RawDelivery {
    /// Names the delivery; the same delivery has the same id however often it is sent.
    pub delivery_id: String,
    /// The source that told it.
    pub source: Source,
    /// How to read the body.
    pub format: Format,
    /// When it arrived first: the `known_at` of its facts.
    pub received_at: Timestamp,
    /// The version of rows that carry none of their own: the sender's signed time where there is one.
    pub version_at: Timestamp,
    /// The body as it came; valid UTF-8, or it would have been refused.
    pub body: String,
}

/// The order to import an uploaded file, as it stands in the raw log: a replay finds the file by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOrder {
    /// The import; its file stands under `imports/`.
    pub import: crate::ids::ImportId,
    /// Kind of row, plural.
    pub kind: String,
    /// Name of the file.
    pub filename: String,
    /// Namespace of the external ids.
    pub source: String,
    /// The content of the file that was ordered: another file in its place is not imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Column to field.
    pub mapping: std::collections::BTreeMap<String, Option<String>>,
    /// Who ordered it.
    pub ordered_by: String,
}

/// The reason of a score that new health profiles ask for.
pub const PROFILES: &str = "profiles";

/// A request to score one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreRequest {
    /// The tenant's slug.
    pub tenant: String,
    /// The account.
    pub account: crate::ids::AccountId,
    /// What asked for it: `ingest`, `sweep`, `api`, [`PROFILES`].
    pub reason: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Past days to score first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<Backfill>,
}

/// The order to score past days of an account in hindsight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// The first day, in the tenant's zone.
    pub from: jiff::civil::Date,
    /// Days between two points, counted back from yesterday; 0 counts as 1.
    pub every_days: u32,
}
