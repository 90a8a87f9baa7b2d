//! The rows of batches, as the OpenAPI document shows them. They are read by `copilot_connectors`, row by row;
//! a test holds the two together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{OutcomeKind, Stage, Touch};

/// The part a contact plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactRole {
    /// Inside advocate.
    Champion,
    /// Senior backer.
    Sponsor,
    /// Holds the budget.
    EconomicBuyer,
    /// Administers the product.
    Admin,
    /// Uses it.
    User,
    /// Speaks against it.
    Detractor,
}

/// The state of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// In a trial.
    Trialing,
    /// Paid for.
    Active,
    /// A payment is overdue.
    PastDue,
    /// Paused.
    Paused,
    /// Ended.
    Canceled,
}

/// How urgent a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketPriority {
    /// Low.
    Low,
    /// Normal.
    Normal,
    /// High.
    High,
    /// Urgent.
    Urgent,
}

/// What kind of contact an activity was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActivityKind {
    /// Telephone or video call.
    Call,
    /// Meeting.
    Meeting,
    /// E-mail.
    Email,
    /// Note of our own.
    Note,
    /// Onboarding milestone reached.
    Milestone,
}

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The customer to us.
    Inbound,
    /// We to the customer.
    Outbound,
    /// Both.
    Both,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SurveyKind {
    /// 0 to 10.
    Nps,
    /// 1 to 5.
    Csat,
    /// 1 to 7.
    Ces,
}

/// An account as one source describes it. Everything but the external id may be absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountIn {
    /// The source's id of it.
    #[schema(max_length = 200, example = "acme")]
    pub external_id: String,
    /// The source's own time of this state: an older state never overwrites a newer one. The time of the call where it is left out.
    pub updated_at: Option<Timestamp>,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// Display name.
    pub name: Option<String>,
    /// Web domain, lower case, for finding duplicates.
    pub domain: Option<String>,
    /// Line of business.
    pub industry: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Employees.
    pub employees: Option<i64>,
    /// Segment by name; profiles are chosen by it.
    pub segment: Option<String>,
    /// Service model.
    pub touch: Option<Touch>,
    /// The CSM's sign-in e-mail.
    pub owner: Option<String>,
    /// Life-cycle stage.
    pub stage: Option<Stage>,
    /// Plan name.
    pub plan: Option<String>,
    /// Monthly recurring revenue, minor units; used where no subscription is known.
    pub mrr_minor: Option<i64>,
    /// Currency of the amounts of this row.
    pub currency: Option<String>,
    /// Forecast monthly recurring revenue, minor units.
    pub forecast_mrr_minor: Option<i64>,
    /// Purchased seats; used where no subscription is known.
    pub seats: Option<i64>,
    /// Core features that the plan entitles to.
    pub features_entitled: Option<i64>,
    /// First day of the contract.
    pub contract_start: Option<Date>,
    /// Last day of the contract: the renewal date.
    pub contract_end: Option<Date>,
    /// When notice was given.
    pub cancel_notice_at: Option<Timestamp>,
    /// The CSM's pulse, 1 (bad) to 5 (good).
    pub pulse: Option<i64>,
    /// When the pulse was given.
    pub pulse_at: Option<Timestamp>,
    /// Goals in the success plan.
    pub goals_total: Option<i64>,
    /// Of them, on track.
    pub goals_on_track: Option<i64>,
    /// External id of the parent account, in any of its sources.
    #[schema(max_length = 200)]
    pub parent: Option<String>,
    /// Ids of this account in other systems: source to external id.
    #[schema(additional_properties, required = false)]
    pub identities: BTreeMap<String, String>,
    /// The tenant's own fields.
    #[schema(additional_properties, required = false)]
    pub custom: BTreeMap<String, serde_json::Value>,
}

/// A human at the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactIn {
    /// The source's id of it.
    #[schema(max_length = 200, example = "c-1")]
    pub external_id: String,
    /// External id of the account, in the same source.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// The source's own time of this state: an older state never overwrites a newer one. The time of the call where it is left out.
    pub updated_at: Option<Timestamp>,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// Name.
    pub name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Department or team.
    pub team: Option<String>,
    /// Part played.
    pub role: Option<ContactRole>,
    /// First day at the account.
    pub joined_at: Option<Timestamp>,
    /// When the person left or changed job.
    pub left_at: Option<Timestamp>,
    /// Last seen active (product, meeting or message).
    pub last_active_at: Option<Timestamp>,
}

/// What an account pays for. Its earlier states are its earlier revisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionIn {
    /// The source's id of it.
    #[schema(max_length = 200, example = "sub-1")]
    pub external_id: String,
    /// External id of the account, in the same source.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// The source's own time of this state: an older state never overwrites a newer one. The time of the call where it is left out.
    pub updated_at: Option<Timestamp>,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// Plan name.
    pub plan: Option<String>,
    /// State.
    pub status: Option<SubscriptionStatus>,
    /// Monthly recurring revenue, minor units.
    pub mrr_minor: Option<i64>,
    /// Currency.
    pub currency: Option<String>,
    /// Seats.
    pub seats: Option<i64>,
    /// Start.
    pub started_at: Option<Timestamp>,
    /// End of the current term.
    pub term_ends_on: Option<Date>,
    /// When it ended or will end by cancellation.
    pub canceled_at: Option<Timestamp>,
    /// Renews by itself.
    pub auto_renew: Option<bool>,
}

/// A bill, or a credit note when the amount is negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceIn {
    /// The source's id of it.
    #[schema(max_length = 200, example = "inv-1")]
    pub external_id: String,
    /// External id of the account, in the same source.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// The source's own time of this state: an older state never overwrites a newer one. The time of the call where it is left out.
    pub updated_at: Option<Timestamp>,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// Number printed on it.
    pub number: Option<String>,
    /// Total, minor units; negative for a credit.
    pub amount_minor: Option<i64>,
    /// Currency.
    pub currency: Option<String>,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// When it falls due.
    pub due_at: Option<Timestamp>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When the last payment attempt failed.
    pub failed_at: Option<Timestamp>,
    /// When it was voided or written off.
    pub voided_at: Option<Timestamp>,
    /// Lines on it.
    pub line_count: Option<i64>,
    /// Products on it, by name: tells what the account owns and is likely to take next.
    #[schema(max_items = 500, example = json!(["Reports", "API"]))]
    pub products: Option<Vec<String>>,
}

/// A support case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketIn {
    /// The source's id of it.
    #[schema(max_length = 200, example = "t-1")]
    pub external_id: String,
    /// External id of the account, in the same source.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// The source's own time of this state: an older state never overwrites a newer one. The time of the call where it is left out.
    pub updated_at: Option<Timestamp>,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// Subject.
    pub title: Option<String>,
    /// Urgency.
    pub priority: Option<TicketPriority>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was first answered.
    pub answered_at: Option<Timestamp>,
    /// When it was solved.
    pub solved_at: Option<Timestamp>,
    /// When the answer or solution was promised.
    pub sla_due_at: Option<Timestamp>,
    /// Satisfaction, 1 to 5.
    pub csat: Option<f64>,
    /// When it was rated.
    pub rated_at: Option<Timestamp>,
    /// Raised to a higher level.
    pub escalated: Option<bool>,
    /// The customer's words, for rules that look for a competitor's name.
    pub text: Option<String>,
}

/// A call, meeting, e-mail, note or milestone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityIn {
    /// The source's id of it.
    #[schema(max_length = 200, example = "a-1")]
    pub external_id: String,
    /// External id of the account, in the same source.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// The source's own time of this state: an older state never overwrites a newer one. The time of the call where it is left out.
    pub updated_at: Option<Timestamp>,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// What it was.
    pub kind: Option<ActivityKind>,
    /// Who spoke.
    pub direction: Option<Direction>,
    /// When.
    pub at: Option<Timestamp>,
    /// False when it was declined or missed.
    pub held: Option<bool>,
    /// Subject.
    pub subject: Option<String>,
    /// Text.
    pub text: Option<String>,
}

/// An answer to a survey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyIn {
    /// The source's id of it.
    #[schema(max_length = 200, example = "s-1")]
    pub external_id: String,
    /// External id of the account, in the same source.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// The source's own time of this state: an older state never overwrites a newer one. The time of the call where it is left out.
    pub updated_at: Option<Timestamp>,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// What was asked.
    pub kind: Option<SurveyKind>,
    /// The answer.
    pub score: Option<f64>,
    /// When.
    pub at: Option<Timestamp>,
    /// The words beside it.
    pub comment: Option<String>,
}

/// A recorded outcome: the label that models learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeIn {
    /// The source's id of it.
    #[schema(max_length = 200, example = "o-1")]
    pub external_id: String,
    /// External id of the account, in the same source.
    #[schema(max_length = 200, example = "acme")]
    pub account: String,
    /// The source's own time of this state: an older state never overwrites a newer one. The time of the call where it is left out.
    pub updated_at: Option<Timestamp>,
    /// When it became known, for loading a past; the time of the call where it is left out.
    pub known_at: Option<Timestamp>,
    /// What happened.
    pub kind: OutcomeKind,
    /// When.
    pub at: Timestamp,
    /// The money concerned, minor units.
    pub amount_minor: Option<i64>,
    /// Currency.
    pub currency: Option<String>,
    /// Why, one of the closed list of reasons, or the source's own word.
    pub reason: Option<String>,
    /// The words beside it.
    pub comment: Option<String>,
}
