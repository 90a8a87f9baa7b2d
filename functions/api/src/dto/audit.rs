//! The audit trail as the API shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A change: who, what, from what to what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Id of the entry.
    #[serde(default)]
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who: the e-mail of a sign-in, or `key:<prefix>`.
    pub user: String,
    /// What was done, e.g. `alert.update`.
    #[schema(example = "alert.update")]
    pub action: String,
    /// To what: an id, or a kind of row.
    pub subject: String,
    /// What it was before; `null` for something new.
    pub before: Value,
    /// What it is since.
    pub after: Value,
}
