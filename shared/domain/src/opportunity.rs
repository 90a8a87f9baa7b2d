//! Opportunities: signals that an account would take more, gated by its health.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OpportunityId};
use crate::money::Money;
use crate::time::Timestamp;

/// Where an opportunity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OpportunityStage {
    /// Found, not looked at.
    #[default]
    Identified,
    /// A human agrees.
    Qualified,
    /// Offered.
    Proposed,
    /// Taken.
    Won,
    /// Not taken.
    Lost,
    /// Not real, or not now.
    Declined,
    /// The account's health fell under the gate.
    Withdrawn,
}

impl OpportunityStage {
    /// Whether work on it is over.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Won | Self::Lost | Self::Declined | Self::Withdrawn)
    }
}

/// One signal of an opportunity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpportunitySignal {
    /// The rule, e.g. `O01`.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// Its strength, 1 to 3.
    pub strength: f64,
    /// What was seen.
    pub evidence: String,
}

/// What an account's signals add up to at an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opportunity {
    /// Id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: OpportunityId,
    /// The account.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub account: AccountId,
    /// What it is, in words.
    pub title: String,
    /// The signals.
    pub signals: Vec<OpportunitySignal>,
    /// Sum of the strengths times the health factor.
    pub score: f64,
    /// What it may be worth in a year, where the rules can tell.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub value: Option<Money>,
    /// Where it stands.
    pub stage: OpportunityStage,
    /// The playbook that says how.
    pub playbook: Option<String>,
    /// When it was found.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub opened_at: Timestamp,
    /// When it was last seen.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub last_seen_at: Timestamp,
}
