//! Alerts as the API shows them, their changes, and rules.

use copilot_domain::alert::{Alert, AlertStatus, AlertType, FeedbackKind, Severity};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::AccountCard;
use super::words::one_to_five;

/// An alert, with who was told of it and what a change of it must carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
    /// Who was told, and whether it arrived.
    pub notifications: Vec<AlertNotification>,
    /// Send it as `If-Match` with a change.
    pub etag: String,
    /// The card of its account, where `expand=account` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_card: Option<Box<AccountCard>>,
}

/// A message that an alert caused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertNotification {
    /// `email` or `slack`.
    pub channel: String,
    /// Whom, with the middle taken out.
    pub recipient_masked: String,
    /// Whether it arrived.
    pub status: NotificationStatus,
    /// When.
    pub at: Option<Timestamp>,
    /// What went wrong.
    pub error: Option<String>,
}

/// Whether a message went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NotificationStatus {
    /// Sent.
    Sent,
    /// Refused for good.
    Failed,
    /// Kept for the digest: cap or quiet hours.
    Held,
    /// On its way.
    Pending,
}

/// A change of an alert. Fields left out stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertPatch {
    /// The new status.
    pub status: Option<AlertStatus>,
    /// Needed for `snoozed`: at most 365 days ahead.
    pub snoozed_until: Option<Timestamp>,
    /// Needed for `dismissed`: `wrong_data`, `known`, `not_actionable`, `already_handled`; free text for `resolved`.
    #[schema(max_length = 200)]
    pub reason: Option<String>,
    /// E-mail of the new assignee.
    #[schema(max_length = 200)]
    pub assignee: Option<String>,
}

/// A rating to add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFeedback {
    /// About what.
    pub kind: FeedbackKind,
    /// 1 (bad) to 5 (good).
    #[serde(deserialize_with = "one_to_five")]
    #[schema(minimum = 1, maximum = 5)]
    pub rating: u8,
    /// In words.
    #[schema(max_length = 4000)]
    #[serde(default)]
    pub comment: Option<String>,
}

/// A page of alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertPage {
    /// Alerts.
    pub data: Vec<AlertView>,
    /// Give it back as `?cursor=` for the next page; `null` at the end.
    pub next: Option<String>,
    /// Whether the pages hold every alert that was asked for; an order that no index has is made of the 2,000 most
    /// urgent (of one account: newest) of each status.
    pub complete: bool,
}

/// A rule as it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleView {
    /// Id, e.g. `R01`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Risk or opportunity.
    #[serde(rename = "type")]
    pub type_: AlertType,
    /// Severity before other signals.
    pub severity: Severity,
    /// Days before the same key may open again.
    pub cooldown_days: u32,
    /// In CEL.
    pub expression: String,
    /// Whether it opens alerts: false while it is muted.
    pub enabled: bool,
    /// Playbook for it.
    pub playbook: Option<String>,
    /// How often people found it right.
    pub precision: Precision,
    /// Why it opens no alerts; `null` while it does.
    pub muted: Option<RuleMuted>,
    /// What came of its alerts.
    pub record: RuleRecord,
    /// `mute` where at least 20 people's judgements put its precision under 30 %. Nothing is muted by itself.
    pub proposal: Option<RuleProposal>,
}

/// Why a rule opens no alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleMuted {
    /// In words.
    pub reason: String,
    /// Who muted it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What came of a rule's alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleRecord {
    /// Alerts that it opened since `fired_since`, up to yesterday.
    pub fired: u64,
    /// The first day that was counted; `null` before the first night.
    #[schema(value_type = Option<String>, format = Date)]
    pub fired_since: Option<jiff::civil::Date>,
    /// Alerts that somebody took, put away, closed or had handled already.
    pub acted: u64,
    /// Alerts that were dismissed as wrong data.
    pub dismissed_wrong: u64,
    /// Hours from the opening of an alert to the first thing that somebody did; half of them were faster. To the
    /// nearest of a dozen steps from 1 hour to 60 days.
    pub median_hours_to_action: Option<f64>,
}

/// What is proposed for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleProposal {
    /// It is wrong too often.
    Mute,
}

/// A change of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulePatch {
    /// True: it opens no new alerts, and those that are open stay. False: it does again.
    pub muted: bool,
    /// Why; needed to mute.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reason: Option<String>,
}

/// Share of rated alerts that were right: Beta(2 + useful, 2 + wrong), with its 80 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Precision {
    /// Mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Rated right.
    pub useful: u64,
    /// Rated wrong.
    pub wrong: u64,
}
