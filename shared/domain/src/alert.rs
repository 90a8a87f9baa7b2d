//! Alerts: a rule that fired, with the clauses that made it fire, and its life from open to closed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::health::{Band, Points};
use crate::ids::{AccountId, AlertId};
use crate::money::Money;
use crate::time::Timestamp;

mod update;

pub use crate::rule_state::{RuleState, RuleStates};
pub use update::{AlertResolution, AlertUpdate};

/// Whether it is about losing or winning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertType {
    /// Something may be lost.
    Risk,
    /// Something may be won.
    Opportunity,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// 1.
    Low,
    /// 2.
    Medium,
    /// 3.
    High,
    /// 4.
    Critical,
}

impl Severity {
    /// 1 to 4.
    pub fn level(self) -> u8 {
        match self {
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }

    /// The severity of a level; beyond the ends, the end.
    pub fn of_level(level: u8) -> Self {
        match level {
            0 | 1 => Self::Low,
            2 => Self::Medium,
            3 => Self::High,
            _ => Self::Critical,
        }
    }

    /// The name as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// Waits for a human.
    Open,
    /// A human has it.
    Acknowledged,
    /// Put away until a date.
    Snoozed,
    /// Over: recovered, or closed by a human.
    Resolved,
    /// Refused, with a reason.
    Dismissed,
}

impl AlertStatus {
    /// Whether the alert still stands for its key.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Acknowledged | Self::Snoozed)
    }

    /// The name as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
            Self::Dismissed => "dismissed",
        }
    }
}

/// Why an alert was dismissed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DismissReason {
    /// The data behind it is wrong: suppressed until the data changes.
    WrongData,
    /// True, and known.
    Known,
    /// True, but nothing can be done.
    NotActionable,
    /// Someone did already.
    AlreadyHandled,
}

/// A part of the condition, with what it saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clause {
    /// The condition, in CEL.
    pub expression: String,
    /// What was seen, in words.
    pub text: String,
    /// The value looked at; `None` where it is not known.
    pub value: Option<f64>,
    /// What it was held against.
    pub threshold: Option<f64>,
    /// Whether the clause holds.
    #[serde(rename = "true")]
    pub holds: bool,
}

/// The account as an alert shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertAccount {
    /// Id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: AccountId,
    /// Name.
    pub name: Option<String>,
    /// The CSM's e-mail.
    pub owner: Option<String>,
    /// Annual recurring revenue.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub arr: Option<Money>,
    /// Renewal date.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub renewal_date: Option<Date>,
    /// Band.
    pub band: Band,
    /// Score.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub score: Option<Points>,
}

/// What the priority is made of: severity × (0.5 + 0.5 × ARR percentile) × (1 + nearness of the renewal).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriorityWhy {
    /// 1 to 4.
    pub severity: u8,
    /// 0 to 1.
    pub arr_percentile: Option<f64>,
    /// Days until the renewal.
    pub days_to_renewal: Option<i32>,
}

/// A thing to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuggestedAction {
    /// What.
    pub title: String,
    /// The playbook that says how.
    pub playbook: Option<String>,
}

/// What a rating is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum FeedbackKind {
    /// Is it true?
    Accuracy,
    /// Does it matter?
    Relevance,
    /// Is it as urgent as it says?
    Priority,
}

/// A rating.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Feedback {
    /// About what.
    pub kind: FeedbackKind,
    /// 1 to 5.
    pub rating: u8,
    /// The words beside it.
    pub comment: Option<String>,
    /// Who.
    pub user: String,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    /// Id, derived from tenant, account, rule, subject and episode.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: AlertId,
    /// Risk or opportunity.
    #[serde(rename = "type")]
    pub alert_type: AlertType,
    /// The rule, e.g. `R01`.
    pub rule: String,
    /// Its name.
    pub rule_name: String,
    /// What happened, in one line.
    pub title: String,
    /// The account, as it was when last seen.
    pub account: AlertAccount,
    /// What the alert is about within the account: `account`, or an invoice, a ticket, a renewal.
    pub subject: String,
    /// Which time this key opened, from 1.
    pub episode: u32,
    /// Severity after the arithmetic.
    pub severity: Severity,
    /// Severity of the rule itself.
    pub base_severity: Severity,
    /// What raised it.
    pub severity_why: Vec<String>,
    /// The order in the inbox; higher first.
    pub priority: f64,
    /// What it is made of.
    pub priority_why: PriorityWhy,
    /// Where it stands.
    pub status: AlertStatus,
    /// Who has it.
    pub assignee: Option<String>,
    /// When it opened.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub opened_at: Timestamp,
    /// When its condition was last seen to hold.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub last_seen_at: Timestamp,
    /// Scorings that saw it hold and found something new, or that were the first of their day.
    pub seen_count: u32,
    /// Put away until.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub snoozed_until: Option<Timestamp>,
    /// When a human took it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub acknowledged_at: Option<Timestamp>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// When it was closed.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub resolved_at: Option<Timestamp>,
    /// Why it was closed: `recovered`, or a human's words.
    pub resolve_reason: Option<String>,
    /// Why it was dismissed.
    pub dismiss_reason: Option<DismissReason>,
    /// The clauses of the rule with what they saw.
    pub clauses: Vec<Clause>,
    /// The features that the rule looked at.
    pub evidence: BTreeMap<String, Option<f64>>,
    /// What to do.
    pub suggested_actions: Vec<SuggestedAction>,
    /// Ratings.
    #[serde(default)]
    pub feedback: Vec<Feedback>,
}

/// Why a live alert is told of again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Renotify {
    /// It got worse.
    SeverityRose,
    /// Another rule joined it.
    RuleJoined,
    /// Nobody took it for 14 days.
    Unacknowledged,
    /// Its snooze is over and it still holds.
    SnoozeEnded,
}
