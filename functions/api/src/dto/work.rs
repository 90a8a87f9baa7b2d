//! Work: opportunities and calls to action.

use copilot_domain::opportunity::{Opportunity, OpportunityStage};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::AccountCard;
use super::words::present;

/// An opportunity, with its account's name and what a change of it must carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpportunityView {
    /// The opportunity.
    #[serde(flatten)]
    pub opportunity: Opportunity,
    /// The account's name.
    pub account_name: String,
    /// The CSM.
    pub owner: Option<String>,
    /// Send it as `If-Match` with a change.
    pub etag: String,
    /// The card of its account, where `expand=account` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_card: Option<Box<AccountCard>>,
}

/// A change of an opportunity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpportunityPatch {
    /// The new stage.
    pub stage: OpportunityStage,
}

/// A call to action: a work item of a CSM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cta {
    /// Id.
    pub id: String,
    /// What to do.
    pub title: String,
    /// Account id.
    pub account: Option<String>,
    /// The alert behind it.
    pub alert: Option<String>,
    /// The playbook that it follows.
    pub playbook: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// By when.
    pub due_on: Option<Date>,
    /// Whether it is done.
    pub status: CtaStatus,
    /// More about it.
    pub note: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was done or dropped.
    pub closed_at: Option<Timestamp>,
    /// Send it as `If-Match` with a change.
    pub etag: String,
    /// The card of its account, where `expand=account` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_card: Option<Box<AccountCard>>,
}

/// Whether a call to action is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CtaStatus {
    /// To do.
    Open,
    /// Done.
    Done,
    /// Not needed any more.
    Dropped,
}

/// A call to action to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCta {
    /// What to do.
    #[schema(min_length = 1, max_length = 200, example = "Call about the overdue invoice")]
    pub title: String,
    /// Account id.
    #[serde(default)]
    pub account: Option<String>,
    /// The alert behind it.
    #[serde(default)]
    pub alert: Option<String>,
    /// The playbook that it follows.
    #[serde(default)]
    pub playbook: Option<String>,
    /// Who does it: an e-mail address; the caller where it is left out.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub owner: Option<String>,
    /// By when.
    #[serde(default)]
    pub due_on: Option<Date>,
    /// More about it.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub note: Option<String>,
}

/// A change of a call to action. Fields left out stay as they are; `null` clears `owner`, `due_on` and `note`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CtaPatch {
    /// What to do.
    #[schema(min_length = 1, max_length = 200)]
    pub title: Option<String>,
    /// Who does it: an e-mail address; `null`: nobody.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub owner: Option<Option<String>>,
    /// By when; `null`: no day.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Date>)]
    pub due_on: Option<Option<Date>>,
    /// Whether it is done.
    pub status: Option<CtaStatus>,
    /// More about it; `null`: nothing.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000)]
    pub note: Option<Option<String>>,
}
