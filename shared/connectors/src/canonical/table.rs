//! The tables themselves, one a kind. The names are those of the row types in `copilot_domain::facts`; a test
//! compares the two.

use copilot_domain::facts::Kind;
use copilot_domain::limits::MAX_COUNT;

use super::{FieldSpec, FieldType};

const fn field(name: &'static str, ty: FieldType, help: &'static str) -> FieldSpec {
    FieldSpec {
        name,
        ty,
        required: false,
        help,
    }
}

const fn required(name: &'static str, ty: FieldType, help: &'static str) -> FieldSpec {
    FieldSpec {
        name,
        ty,
        required: true,
        help,
    }
}

const COUNT: FieldType = FieldType::Integer(0, MAX_COUNT);
const ID: FieldSpec = required(
    "external_id",
    FieldType::ExternalId,
    "The record's id at its source",
);
const ACCOUNT: FieldSpec = required(
    "account",
    FieldType::ExternalId,
    "The external id of the account it belongs to",
);
const CURRENCY: FieldSpec = field(
    "currency",
    FieldType::Currency,
    "Currency of the row's amounts; USD where absent",
);
const UPDATED_AT: FieldSpec = field(
    "updated_at",
    FieldType::Instant,
    "When the source last changed the record; an older row never wins",
);
const KNOWN_AT: FieldSpec = field(
    "known_at",
    FieldType::Instant,
    "When you learned it, for loading history; not after the delivery",
);

static ACCOUNTS: &[FieldSpec] = &[
    ID,
    field("name", FieldType::Name, "Display name"),
    field("domain", FieldType::Domain, "Web domain; finds duplicates"),
    field("industry", FieldType::Name, "Line of business"),
    field("country", FieldType::Name, "Country"),
    field("employees", COUNT, "Number of employees"),
    field(
        "segment",
        FieldType::Name,
        "Segment; health profiles are chosen by it",
    ),
    field(
        "touch",
        FieldType::OneOf(&["high", "mid", "digital"]),
        "Service model",
    ),
    field("owner", FieldType::Email, "Sign-in e-mail of the CSM"),
    field(
        "stage",
        FieldType::OneOf(&[
            "prospect",
            "onboarding",
            "active",
            "will_churn",
            "churned",
            "paused",
        ]),
        "Life-cycle stage",
    ),
    field("plan", FieldType::Name, "Plan name"),
    field(
        "mrr_minor",
        FieldType::AmountMinor,
        "Monthly recurring revenue, where no subscription is known",
    ),
    CURRENCY,
    field(
        "forecast_mrr_minor",
        FieldType::AmountMinor,
        "Forecast monthly recurring revenue",
    ),
    field("seats", COUNT, "Purchased seats, where no subscription is known"),
    field(
        "features_entitled",
        COUNT,
        "Core features that the plan entitles to",
    ),
    field("contract_start", FieldType::Date, "First day of the contract"),
    field(
        "contract_end",
        FieldType::Date,
        "Last day of the contract: the renewal date",
    ),
    field("cancel_notice_at", FieldType::Instant, "When notice was given"),
    field(
        "pulse",
        FieldType::Integer(1, 5),
        "The CSM's pulse, 1 (bad) to 5 (good)",
    ),
    field("pulse_at", FieldType::Instant, "When the pulse was given"),
    field("goals_total", COUNT, "Goals in the success plan"),
    field("goals_on_track", COUNT, "Of them, on track"),
    field(
        "parent",
        FieldType::ExternalId,
        "External id of the parent account",
    ),
    field(
        "identities",
        FieldType::Identities,
        "Ids of this account in other systems",
    ),
    field("custom", FieldType::Custom, "Fields of your own"),
    UPDATED_AT,
    KNOWN_AT,
];

static CONTACTS: &[FieldSpec] = &[
    ID,
    ACCOUNT,
    field("name", FieldType::Name, "Name"),
    field("email", FieldType::Email, "E-mail"),
    field("title", FieldType::Name, "Job title"),
    field("team", FieldType::Name, "Department or team"),
    field(
        "role",
        FieldType::OneOf(&[
            "champion",
            "sponsor",
            "economic_buyer",
            "admin",
            "user",
            "detractor",
        ]),
        "Part played",
    ),
    field("joined_at", FieldType::Instant, "First day at the account"),
    field(
        "left_at",
        FieldType::Instant,
        "When the person left or changed job",
    ),
    field("last_active_at", FieldType::Instant, "Last seen active"),
    UPDATED_AT,
    KNOWN_AT,
];

static SUBSCRIPTIONS: &[FieldSpec] = &[
    ID,
    ACCOUNT,
    field("plan", FieldType::Name, "Plan name"),
    field(
        "status",
        FieldType::OneOf(&["trialing", "active", "past_due", "paused", "canceled"]),
        "State",
    ),
    field("mrr_minor", FieldType::AmountMinor, "Monthly recurring revenue"),
    CURRENCY,
    field("seats", COUNT, "Seats"),
    field("started_at", FieldType::Instant, "Start"),
    field("term_ends_on", FieldType::Date, "End of the current term"),
    field(
        "canceled_at",
        FieldType::Instant,
        "When it ended or will end by cancellation",
    ),
    field("auto_renew", FieldType::Boolean, "Renews by itself"),
    UPDATED_AT,
    KNOWN_AT,
];

static INVOICES: &[FieldSpec] = &[
    ID,
    ACCOUNT,
    field("number", FieldType::Name, "Number printed on it"),
    field(
        "amount_minor",
        FieldType::AmountMinor,
        "Total; negative for a credit",
    ),
    CURRENCY,
    field("issued_at", FieldType::Instant, "When it was issued"),
    field("due_at", FieldType::Instant, "When it falls due"),
    field("paid_at", FieldType::Instant, "When it was paid"),
    field(
        "failed_at",
        FieldType::Instant,
        "When the last payment attempt failed",
    ),
    field(
        "voided_at",
        FieldType::Instant,
        "When it was voided or written off",
    ),
    field("line_count", COUNT, "Lines on it"),
    field(
        "products",
        FieldType::Names,
        "Products on it, by name; tells what an account owns and is likely to take next",
    ),
    UPDATED_AT,
    KNOWN_AT,
];

static TICKETS: &[FieldSpec] = &[
    ID,
    ACCOUNT,
    field("title", FieldType::Name, "Subject"),
    field(
        "priority",
        FieldType::OneOf(&["low", "normal", "high", "urgent"]),
        "Urgency",
    ),
    field("opened_at", FieldType::Instant, "When it was opened"),
    field("answered_at", FieldType::Instant, "When it was first answered"),
    field("solved_at", FieldType::Instant, "When it was solved"),
    field(
        "sla_due_at",
        FieldType::Instant,
        "When the answer or solution was promised",
    ),
    field("csat", FieldType::Decimal(1, 5), "Satisfaction, 1 to 5"),
    field("rated_at", FieldType::Instant, "When it was rated"),
    field("escalated", FieldType::Boolean, "Raised to a higher level"),
    field("text", FieldType::Text, "The customer's words"),
    UPDATED_AT,
    KNOWN_AT,
];

static ACTIVITIES: &[FieldSpec] = &[
    ID,
    ACCOUNT,
    field(
        "kind",
        FieldType::OneOf(&["call", "meeting", "email", "note", "milestone"]),
        "What it was",
    ),
    field(
        "direction",
        FieldType::OneOf(&["inbound", "outbound", "both"]),
        "Who spoke",
    ),
    field("at", FieldType::Instant, "When"),
    field("held", FieldType::Boolean, "False when it was declined or missed"),
    field("subject", FieldType::Name, "Subject"),
    field("text", FieldType::Text, "Text"),
    UPDATED_AT,
    KNOWN_AT,
];

static SURVEYS: &[FieldSpec] = &[
    ID,
    ACCOUNT,
    field(
        "kind",
        FieldType::OneOf(&["nps", "csat", "ces"]),
        "What was asked: nps 0-10, csat 1-5, ces 1-7",
    ),
    field("score", FieldType::Decimal(0, 10), "The answer"),
    field("at", FieldType::Instant, "When"),
    field("comment", FieldType::Text, "The words beside it"),
    UPDATED_AT,
    KNOWN_AT,
];

static OUTCOMES: &[FieldSpec] = &[
    ID,
    ACCOUNT,
    required(
        "kind",
        FieldType::OneOf(&["churned", "renewed", "contracted", "expanded"]),
        "What happened",
    ),
    required("at", FieldType::Instant, "When"),
    field("amount_minor", FieldType::AmountMinor, "The money concerned"),
    CURRENCY,
    field("reason", FieldType::Name, "Why"),
    field("comment", FieldType::Text, "The words beside it"),
    UPDATED_AT,
    KNOWN_AT,
];

static EVENTS: &[FieldSpec] = &[
    required(
        "id",
        FieldType::ExternalId,
        "The source's event id: an id counts once in an account's day",
    ),
    ACCOUNT,
    field("user", FieldType::ExternalId, "Who did it"),
    required(
        "name",
        FieldType::Name,
        "Name of the event, such as report_exported",
    ),
    required("at", FieldType::Instant, "When it happened"),
    field(
        "properties",
        FieldType::Custom,
        "Checked, kept in the raw log, not counted",
    ),
    KNOWN_AT,
];

/// The fields of a kind of record, in the order in which documents list them.
pub fn fields(kind: Kind) -> &'static [FieldSpec] {
    match kind {
        Kind::Account => ACCOUNTS,
        Kind::Contact => CONTACTS,
        Kind::Subscription => SUBSCRIPTIONS,
        Kind::Invoice => INVOICES,
        Kind::Ticket => TICKETS,
        Kind::Activity => ACTIVITIES,
        Kind::Survey => SURVEYS,
        Kind::Outcome => OUTCOMES,
    }
}

/// The fields of a usage event.
pub fn event_fields() -> &'static [FieldSpec] {
    EVENTS
}
