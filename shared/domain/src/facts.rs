//! Canonical facts: what happened at an account, in the same words whatever system told it.
//!
//! Every kind is a row with an external id of its source. Timestamps say when a thing happened (`at` in its many
//! forms); when we learned it stands beside the row, in its [`crate::revision::Revision`].

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::ExternalId;
use crate::money::Currency;
use crate::revision::Revision;
use crate::time::Timestamp;

/// The kinds of record that a source may tell us about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The paying entity.
    Account,
    /// A human at the account.
    Contact,
    /// What the account pays for.
    Subscription,
    /// A bill.
    Invoice,
    /// A support case.
    Ticket,
    /// A call, meeting, e-mail or note.
    Activity,
    /// An answer to NPS, CSAT or CES.
    Survey,
    /// How a contract ended or went on.
    Outcome,
}

impl Kind {
    /// All kinds, in the order in which documents list them.
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Contact,
        Self::Subscription,
        Self::Invoice,
        Self::Ticket,
        Self::Activity,
        Self::Survey,
        Self::Outcome,
    ];

    /// The plural, as it stands in paths and batches: `accounts`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Account => "accounts",
            Self::Contact => "contacts",
            Self::Subscription => "subscriptions",
            Self::Invoice => "invoices",
            Self::Ticket => "tickets",
            Self::Activity => "activities",
            Self::Survey => "surveys",
            Self::Outcome => "outcomes",
        }
    }

    /// Reads the plural form.
    pub fn from_plural(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == text)
    }
}

/// How much human attention an account gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Touch {
    /// A named CSM meets the account.
    High,
    /// A pool of CSMs.
    #[default]
    Mid,
    /// No human by default.
    Digital,
}

/// Where the account stands; outside the score (`domain.md` 5.3, "Extra states").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not a customer yet.
    Prospect,
    /// In its first weeks.
    Onboarding,
    /// A customer.
    #[default]
    Active,
    /// Known to leave.
    WillChurn,
    /// Gone.
    Churned,
    /// Paused by agreement.
    Paused,
}

/// An account as one source describes it. Everything but the external id may be absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountRow {
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Web domain, lower case, for finding duplicates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Line of business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Employees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employees: Option<i64>,
    /// Segment by name; profiles are chosen by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Service model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touch: Option<Touch>,
    /// The CSM's sign-in e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Life-cycle stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Plan name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Monthly recurring revenue, minor units; used where no subscription is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mrr_minor: Option<i64>,
    /// Currency of the amounts of this row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Forecast monthly recurring revenue, minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast_mrr_minor: Option<i64>,
    /// Purchased seats; used where no subscription is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<i64>,
    /// Core features that the plan entitles to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features_entitled: Option<i64>,
    /// First day of the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_start: Option<Date>,
    /// Last day of the contract: the renewal date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_end: Option<Date>,
    /// When notice was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_notice_at: Option<Timestamp>,
    /// The CSM's pulse, 1 (bad) to 5 (good).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pulse: Option<i64>,
    /// When the pulse was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pulse_at: Option<Timestamp>,
    /// Goals in the success plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goals_total: Option<i64>,
    /// Of them, on track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goals_on_track: Option<i64>,
    /// External id of the parent account, in any of its sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Ids of this account in other systems: source to external id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub identities: BTreeMap<String, String>,
    /// The tenant's own fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, serde_json::Value>,
}

/// The part a contact plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    #[default]
    User,
    /// Speaks against it.
    Detractor,
}

/// A human at the account.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactRow {
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

/// The state of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// In a trial.
    Trialing,
    /// Paid for.
    #[default]
    Active,
    /// A payment is overdue.
    PastDue,
    /// Paused.
    Paused,
    /// Ended.
    Canceled,
}

/// What an account pays for. Its earlier states are its earlier revisions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SubscriptionRow {
    /// Plan name.
    pub plan: Option<String>,
    /// State.
    pub status: Option<SubscriptionStatus>,
    /// Monthly recurring revenue, minor units.
    pub mrr_minor: Option<i64>,
    /// Currency.
    pub currency: Option<Currency>,
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
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceRow {
    /// Number printed on it.
    pub number: Option<String>,
    /// Total, minor units; negative for a credit.
    pub amount_minor: Option<i64>,
    /// Currency.
    pub currency: Option<Currency>,
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
    /// Products on it, by their names, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
}

/// How urgent a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketPriority {
    /// Low.
    Low,
    /// Normal.
    #[default]
    Normal,
    /// High.
    High,
    /// Urgent.
    Urgent,
}

/// A support case.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketRow {
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

/// What kind of contact an activity was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivityKind {
    /// Telephone or video call.
    Call,
    /// Meeting.
    Meeting,
    /// E-mail.
    Email,
    /// Note of our own.
    #[default]
    Note,
    /// Onboarding milestone reached.
    Milestone,
}

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The customer to us.
    Inbound,
    /// We to the customer.
    Outbound,
    /// Both.
    #[default]
    Both,
}

/// A call, meeting, e-mail, note or milestone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityRow {
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

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SurveyKind {
    /// 0 to 10.
    #[default]
    Nps,
    /// 1 to 5.
    Csat,
    /// 1 to 7.
    Ces,
}

/// An answer to a survey.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SurveyRow {
    /// What was asked.
    pub kind: Option<SurveyKind>,
    /// The answer.
    pub score: Option<f64>,
    /// When.
    pub at: Option<Timestamp>,
    /// The words beside it.
    pub comment: Option<String>,
}

/// How a contract ended or went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeKind {
    /// The account left.
    #[default]
    Churned,
    /// The contract went on.
    Renewed,
    /// It went on for less.
    Contracted,
    /// It went on for more.
    Expanded,
}

/// A recorded outcome: the label that models learn from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OutcomeRow {
    /// What happened.
    pub kind: Option<OutcomeKind>,
    /// When.
    pub at: Option<Timestamp>,
    /// The money concerned, minor units.
    pub amount_minor: Option<i64>,
    /// Currency.
    pub currency: Option<Currency>,
    /// Why, one of the closed list of `domain.md` 5.8 or the source's own word.
    pub reason: Option<String>,
    /// The words beside it.
    pub comment: Option<String>,
}

/// One use of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageEvent {
    /// The source's event id: an id counts once.
    pub id: String,
    /// Name of the event, e.g. `report_exported`.
    pub name: String,
    /// Who did it, where known.
    pub user: Option<String>,
    /// When it happened.
    pub at: Timestamp,
}

/// A validated record, ready to be merged into the store.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordFact {
    /// What kind of thing it is about.
    pub kind: Kind,
    /// The source and its id of the thing.
    pub external_id: ExternalId,
    /// The identity of the account it belongs to; for an account, its own.
    pub account: ExternalId,
    /// What is told.
    pub revision: Revision,
}

/// A usage event with the identity it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageFact {
    /// The identity of the account.
    pub account: ExternalId,
    /// The event.
    pub event: UsageEvent,
    /// When we learned of it.
    pub known_at: Timestamp,
}

/// A claim that an identity belongs to an account: facts that hang on the identity count for that account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFact {
    /// The identity that is claimed (say `stripe: cus_1`).
    pub identity: ExternalId,
    /// The identity whose account claims it (say `api: 4711`).
    pub account: ExternalId,
    /// Orders competing claims: the newest wins.
    pub version: Timestamp,
}

/// Anything that a delivery may tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A record or a patch of one.
    Record(RecordFact),
    /// A usage event.
    Usage(UsageFact),
    /// A claim of an identity.
    Link(LinkFact),
}
