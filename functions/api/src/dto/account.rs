//! Accounts.

use std::collections::BTreeMap;

use copilot_domain::alert::Severity;
use copilot_domain::assessment::Assessment;
use copilot_domain::health::{Band, ProfileChoice};
use copilot_domain::playbook::NextAction;
use copilot_domain::prediction::Method;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::alert::AlertView;
use super::page::Money;
use super::tone::ToneView;
use super::words::{Stage, Touch};

/// An account as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountCard {
    /// Id.
    #[schema(example = "acc_0b2c8f3d9a514f6e8d7c6b5a49382716")]
    pub id: String,
    /// Id in the source that named it first.
    pub external_id: String,
    /// Name; the external id where none is known.
    pub name: String,
    /// Web domain.
    pub domain: Option<String>,
    /// The CSM's e-mail.
    pub owner: Option<String>,
    /// Stage.
    pub stage: Stage,
    /// Service model.
    pub touch: Touch,
    /// Segment.
    pub segment: Option<String>,
    /// Annual recurring revenue.
    pub arr: Option<Money>,
    /// Monthly recurring revenue.
    pub mrr: Option<Money>,
    /// Last day of the contract.
    pub renewal_date: Option<Date>,
    /// Days to it; negative when it is past.
    pub days_to_renewal: Option<i64>,
    /// Score, 0 to 100.
    pub score: Option<f64>,
    /// What measures and caps come to, where a person's override stands in place of it.
    pub computed_score: Option<f64>,
    /// The last day of that override; `null` without one.
    pub override_until: Option<Date>,
    /// Band.
    pub band: Band,
    /// Share of the weight that could be measured, 0 to 1.
    pub coverage: f64,
    /// Scores of the last days, oldest first, at most 30.
    pub spark: Vec<SparkPoint>,
    /// Change over 7 days.
    pub delta_7d: Option<f64>,
    /// Change over 30 days.
    pub delta_30d: Option<f64>,
    /// Probability of churn, 0 to 1.
    pub churn_probability: Option<f64>,
    /// Where it comes from.
    pub churn_method: Option<Method>,
    /// Open alerts.
    pub open_alerts: u32,
    /// The most urgent of them.
    pub top_alert: Option<TopAlert>,
    /// Rank in lists; higher is more urgent.
    pub priority: f64,
    /// Last contact of ours with the customer.
    pub last_touch_at: Option<Timestamp>,
    /// The CSM's pulse, 1 to 5.
    pub pulse: Option<i64>,
    /// What costs most points, in words.
    pub top_reason: Option<String>,
    /// How still its score stood.
    pub stability: Option<Stability>,
    /// External id of its parent account.
    pub parent: Option<String>,
    /// When it was scored.
    pub computed_at: Option<Timestamp>,
}

/// How still a score stood in the last 30 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stability {
    /// How often the band changed from one score to the next.
    pub band_changes_30d: u32,
    /// Points that the score moved by on a mean day; `null` with fewer than two scores.
    pub mean_abs_change_30d: Option<f64>,
}

/// A score of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SparkPoint {
    /// Day.
    pub day: Date,
    /// Score.
    pub score: Option<f64>,
}

/// The most urgent open alert of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopAlert {
    /// Id.
    pub id: String,
    /// Severity.
    pub severity: Severity,
    /// Title.
    pub title: String,
}

/// A page of accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountPage {
    /// Accounts.
    pub data: Vec<AccountCard>,
    /// Give it back as `?cursor=` for the next page; `null` at the end.
    pub next: Option<String>,
    /// Accounts of the tenant; `null` when a filter is set.
    pub total: Option<u64>,
}

/// An account with everything that its page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// The account.
    pub account: AccountDetail,
    /// The latest assessment; `null` before the first scoring.
    pub assessment: Option<Assessment>,
    /// Open alerts, most urgent first.
    pub alerts: Vec<AlertView>,
    /// What to do next.
    pub next_actions: Vec<NextAction>,
}

/// All fields of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountDetail {
    /// What lists show.
    #[serde(flatten)]
    pub card: AccountCard,
    /// Line of business.
    pub industry: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Employees.
    pub employees: Option<i64>,
    /// Plan.
    pub plan: Option<String>,
    /// Seats.
    pub seats: Option<i64>,
    /// First day of the contract.
    pub contract_start: Option<Date>,
    /// When notice was given.
    pub cancel_notice_at: Option<Timestamp>,
    /// The tenant's own fields.
    #[schema(additional_properties)]
    pub custom: BTreeMap<String, Value>,
    /// Its ids in other systems.
    pub identities: Vec<Identity>,
    /// The health profile and why this one.
    pub profile: Option<ProfileChoice>,
}

/// An id of an account in a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Identity {
    /// Source.
    pub source: String,
    /// Id there.
    pub id: String,
}

/// Something that happened at an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    /// Unique in the timeline.
    pub id: String,
    /// What it is.
    pub kind: TimelineKind,
    /// When.
    pub at: Timestamp,
    /// One line.
    pub title: String,
    /// More of it.
    pub detail: Option<String>,
    /// The system that told it.
    pub source: String,
    /// Of an alert or a ticket.
    pub severity: Option<String>,
    /// Of a ticket that was opened or of a survey answer with words, where the tenant has the tone of texts read; else `null`.
    pub tone: Option<ToneView>,
}

/// Kinds of timeline entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// A ticket.
    Ticket,
    /// An invoice.
    Invoice,
    /// A subscription.
    Subscription,
    /// A call, meeting, e-mail, note or milestone.
    Activity,
    /// A survey answer.
    Survey,
    /// How a contract ended or went on.
    Outcome,
    /// An alert.
    Alert,
    /// A day of usage.
    UsageDay,
    /// A change of band.
    Score,
    /// A contact joined or left.
    Contact,
    /// A person set the score, or took that back.
    Override,
}

/// A record as its source told it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FactView {
    /// Id in the source.
    pub external_id: String,
    /// Source.
    pub source: String,
    /// Collection, e.g. `invoices`.
    pub kind: String,
    /// When we learned of it first.
    pub known_at: Timestamp,
    /// The source's own time of the newest state.
    pub version: Timestamp,
    /// The fields.
    #[schema(additional_properties)]
    pub row: BTreeMap<String, Value>,
}

/// A day of usage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageDayView {
    /// Day in the tenant's zone.
    pub day: Date,
    /// Events.
    pub events: u64,
    /// Distinct users.
    pub users: u64,
    /// Events by name.
    #[schema(additional_properties)]
    pub by_name: BTreeMap<String, u64>,
}

/// A note to keep on an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// 1 to 4,000 characters.
    #[schema(
        min_length = 1,
        max_length = 4000,
        example = "Met the new head of operations."
    )]
    pub text: String,
}

/// A note on an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// Id.
    pub id: String,
    /// Text.
    pub text: String,
    /// Who wrote it.
    pub user: String,
    /// When.
    pub at: Timestamp,
}

/// A CSM's own judgement of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPulse {
    /// 1 (bad) to 5 (good).
    #[schema(minimum = 1, maximum = 5)]
    pub pulse: i64,
    /// Why, in words; a pulse of 1 or 2 needs it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 4000)]
    pub reason: Option<String>,
}

/// A person's own score of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    /// The score to show, 0 to 100 with at most one decimal.
    #[schema(minimum = 0, maximum = 100)]
    pub score: f64,
    /// Why, in words.
    #[schema(min_length = 1, max_length = 4000)]
    pub reason: String,
    /// The last day on which it holds, at most 90 days away; 14 days where it is left out.
    #[serde(default)]
    pub until: Option<Date>,
}

/// The pulse that was set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pulse {
    /// 1 to 5.
    pub pulse: i64,
    /// Why.
    pub reason: Option<String>,
    /// Who set it.
    pub user: String,
    /// When.
    pub at: Timestamp,
}

/// Accounts that may be the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Duplicate {
    /// What they share.
    pub reason: DuplicateReason,
    /// The shared domain or name.
    pub value: String,
    /// The accounts; of a large group the first ten.
    pub accounts: Vec<DuplicateAccount>,
    /// How many accounts share it.
    pub members: u64,
}

/// Groups of accounts that may be the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Duplicates {
    /// The groups.
    pub data: Vec<Duplicate>,
    /// Whether every account was compared and every group is shown.
    pub complete: bool,
}

/// What two accounts share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DuplicateReason {
    /// The web domain.
    Domain,
    /// The name, without case and legal form.
    Name,
}

/// One of the accounts that may be the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DuplicateAccount {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The source that named it.
    pub source: String,
}
