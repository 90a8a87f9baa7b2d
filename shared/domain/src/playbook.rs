//! Playbooks: ordered steps with day offsets that answer an alert or an opportunity.

use serde::{Deserialize, Serialize};

/// A step of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaybookStep {
    /// Days after the start; negative before a date such as a renewal.
    pub day: i32,
    /// Who does it: `csm`, `lead`, `ae`, `billing`, `support`.
    pub owner: String,
    /// What to do.
    pub title: String,
}

/// A playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Playbook {
    /// Id, e.g. `P01`.
    pub id: String,
    /// Name.
    pub name: String,
    /// The rules that propose it.
    pub rules: Vec<String>,
    /// The steps in order.
    pub steps: Vec<PlaybookStep>,
    /// When it is done.
    pub exit: String,
    /// Subject of the drafted message; `None` for a playbook without a message.
    pub subject: Option<String>,
}

/// A step proposed to a CSM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextAction {
    /// What to do.
    pub title: String,
    /// Why.
    pub reason: String,
    /// The playbook that says how.
    pub playbook: Option<String>,
    /// The alert that asks for it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub alert: Option<crate::ids::AlertId>,
}
