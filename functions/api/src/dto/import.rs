//! CSV imports.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::Collection;

/// A file to import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImport {
    /// What its rows are.
    pub kind: Collection,
    /// Name, for people.
    #[schema(min_length = 1, max_length = 200, example = "accounts.csv")]
    pub filename: String,
    /// Bytes: 1 to 1 GiB.
    #[schema(minimum = 1, maximum = 1_073_741_824_i64)]
    pub size_bytes: u64,
    /// The system the rows come from; `api` where it is left out.
    #[schema(max_length = 40)]
    pub source: Option<String>,
}

/// Where to put the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportTicket {
    /// Id of the import.
    #[schema(example = "imp_0192f0c2a5b67c8d9e0f1a2b3c4d5e6f")]
    pub id: String,
    /// PUT the file here, once.
    pub upload_url: String,
    /// Headers that the PUT must carry.
    #[schema(additional_properties)]
    pub upload_headers: BTreeMap<String, String>,
    /// Until when the address works.
    pub expires_at: Timestamp,
}

/// What the file looks like, before it is imported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportPreview {
    /// Delimiter found.
    pub delimiter: String,
    /// Encoding found.
    pub encoding: String,
    /// Columns of the file.
    pub columns: Vec<ImportColumn>,
    /// Fields that columns may be mapped to.
    pub fields: Vec<ImportField>,
    /// The first rows, cell by cell.
    pub first_rows: Vec<Vec<String>>,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportColumn {
    /// Its heading.
    pub name: String,
    /// Up to five values.
    pub samples: Vec<String>,
    /// The field that it looks like.
    pub suggested_field: Option<String>,
}

/// A field of the kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportField {
    /// Name.
    pub name: String,
    /// Whether every row needs it.
    pub required: bool,
    /// Type in a word.
    #[serde(rename = "type")]
    pub type_: String,
    /// What it means.
    pub help: String,
}

/// How to read the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartImport {
    /// Column heading to field; `null` leaves the column out.
    #[schema(additional_properties)]
    pub mapping: BTreeMap<String, Option<String>>,
    /// Read and check everything, write nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// The file is not there yet.
    AwaitingUpload,
    /// The file is there; the mapping is not.
    Uploaded,
    /// Waiting.
    Queued,
    /// Being read.
    Running,
    /// Every row went in.
    Succeeded,
    /// Some rows did not.
    SucceededWithErrors,
    /// The file could not be read to its end.
    Failed,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    /// Id.
    pub id: String,
    /// What its rows are.
    pub kind: Collection,
    /// Name of the file.
    pub filename: String,
    /// How far it is.
    pub status: ImportStatus,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Bytes read.
    pub bytes_done: u64,
    /// Rows read.
    pub rows_done: u64,
    /// Rows that read well; in a dry run, all that would be applied.
    pub valid: u64,
    /// Rows that made a new record.
    pub created: u64,
    /// Rows that changed a record.
    pub updated: u64,
    /// Rows that said what was known.
    pub unchanged: u64,
    /// Rows that were not applied.
    pub errors: u64,
    /// The first 100 of them.
    pub first_errors: Vec<LineError>,
    /// All of them, as CSV.
    pub error_report_url: Option<String>,
    /// Why it failed.
    pub problem: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Who asked.
    pub created_by: String,
    /// Column heading to field.
    #[schema(additional_properties)]
    pub mapping: BTreeMap<String, Option<String>>,
}

/// A row that was not applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LineError {
    /// Line of the file, the heading being 1.
    pub line: u64,
    /// The field at fault.
    pub field: Option<String>,
    /// For programs.
    pub code: String,
    /// For people.
    pub detail: String,
}
