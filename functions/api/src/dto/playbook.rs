//! Playbooks as a tenant has them, and their changes.

use copilot_domain::playbook::Playbook;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::present;

/// A playbook as the tenant has it: what was shipped, with the tenant's own words in place of it where it has any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlaybookView {
    /// The playbook.
    #[serde(flatten)]
    pub playbook: Playbook,
    /// Whether it is proposed.
    pub enabled: bool,
    /// Counts the changes of the tenant; 0 as shipped.
    pub version: i64,
    /// The fields that are the tenant's own: `name`, `steps`, `exit`, `subject`, `enabled`.
    pub edited: Vec<String>,
    /// When it was changed last.
    pub edited_at: Option<Timestamp>,
    /// Who changed it last.
    pub edited_by: Option<String>,
    /// Send it as `If-Match` with a change.
    pub etag: String,
}

/// Who does a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepOwner {
    /// The account's CSM.
    Csm,
    /// The CSM's lead.
    Lead,
    /// Sales.
    Ae,
    /// Who sends the bills.
    Billing,
    /// Who answers the tickets.
    Support,
}

impl StepOwner {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csm => "csm",
            Self::Lead => "lead",
            Self::Ae => "ae",
            Self::Billing => "billing",
            Self::Support => "support",
        }
    }
}

/// A step of a playbook, to be stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaybookStepIn {
    /// Days after the start; negative before a date such as a renewal.
    #[schema(minimum = -365, maximum = 365)]
    pub day: i64,
    /// Who does it.
    pub owner: StepOwner,
    /// What to do.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
}

/// A change of a playbook. Fields left out stay as they are; `null` is as shipped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlaybookPatch {
    /// Its name.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub name: Option<Option<String>>,
    /// Its steps in order: all of them.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<PlaybookStepIn>>, min_items = 1, max_items = 30)]
    pub steps: Option<Option<Vec<PlaybookStepIn>>>,
    /// When it is done.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub exit: Option<Option<String>>,
    /// Subject of the drafted message.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub subject: Option<Option<String>>,
    /// Whether it is proposed.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub enabled: Option<Option<bool>>,
}
