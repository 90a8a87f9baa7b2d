//! Rows in our own words: one table of fields, one parser, whatever the door (webhook, API, CSV).
//!
//! A row becomes a [`RecordFact`] (a patch of one record) or a [`UsageFact`] (one counted event), or a [`RowError`]
//! that names the field, the limit and the mend. One bad row never takes its neighbours down: see [`parse_batch`].

mod batch;
mod check;
mod fields;
mod row;
mod table;

use std::fmt;

use copilot_domain::Source;
use copilot_domain::facts::Kind;
pub use copilot_domain::facts::{Fact, LinkFact, RecordFact, UsageFact};
use copilot_domain::time::Timestamp;
use serde::Serialize;

pub use batch::{BodyError, RawRow, RowsBody, Section, canonical_body, parse_batch, parse_rows};
pub use fields::{FieldSpec, FieldType, MAX_CUSTOM_NAME, MAX_CUSTOM_TEXT};
pub use row::{links, parse_event, parse_row};
pub use table::{event_fields, fields};

/// What a row needs to know of its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowContext {
    /// The source of the rows.
    pub source: Source,
    /// When the delivery arrived first.
    pub received_at: Timestamp,
    /// The version of rows that carry no `updated_at`.
    pub version_at: Timestamp,
    /// A tenant with a pinned clock: facts are known from the instant they tell of.
    pub sandbox: bool,
}

/// Rows of a section: records of a kind, or usage events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKind {
    /// Records of a kind.
    Record(Kind),
    /// Usage events.
    Event,
}

impl RowKind {
    /// All kinds of row, in the order in which documents list them.
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self::Record).chain([Self::Event])
    }

    /// The plural, as it stands in paths and batches: `accounts`, `events`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Record(kind) => kind.plural(),
            Self::Event => "events",
        }
    }

    /// Reads the plural form.
    pub fn from_plural(text: &str) -> Option<Self> {
        Self::all().find(|kind| kind.plural() == text)
    }

    /// The fields of such a row.
    pub fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::Record(kind) => fields(kind),
            Self::Event => event_fields(),
        }
    }
}

/// Why a row was refused, in words that its sender can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// A stable code, such as `out_of_range`.
    pub code: &'static str,
    /// The field at fault, where it is one: `custom.tier`.
    pub field: Option<String>,
    /// What is wrong and how to mend it.
    pub detail: String,
}

impl RowError {
    /// An error of the row as a whole.
    pub fn row(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            field: None,
            detail: detail.into(),
        }
    }

    /// An error of one field.
    pub fn field(code: &'static str, field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            code,
            field: Some(field.into()),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for RowError {}
