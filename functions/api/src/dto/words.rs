//! The closed vocabularies of the API that the domain does not publish itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Tells `null` from absent.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things in a patch"
)]
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Reads a judgement of people, 1 to 5.
pub(super) fn one_to_five<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    struct Reader;
    impl serde::de::Visitor<'_> for Reader {
        type Value = u8;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a whole number from 1 to 5")
        }
        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<u8, E> {
            let fits = u8::try_from(number).ok().filter(|n| (1..=5).contains(n));
            fits.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
        }
        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<u8, E> {
            let fits = u8::try_from(number).ok().filter(|n| (1..=5).contains(n));
            fits.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
        }
    }
    deserializer.deserialize_any(Reader)
}

/// Where an account stands, outside the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not a customer yet.
    Prospect,
    /// In its first weeks.
    Onboarding,
    /// A customer.
    Active,
    /// Known to leave.
    WillChurn,
    /// Gone.
    Churned,
    /// Paused by agreement.
    Paused,
}

/// How much human attention an account gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Touch {
    /// A named CSM meets the account.
    High,
    /// A pool of CSMs.
    Mid,
    /// No human by default.
    Digital,
}

/// What a sign-in may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and works on accounts and alerts.
    Csm,
    /// As a CSM, and hands other people's alerts on.
    Lead,
    /// As a lead, and changes the tenant's settings.
    Admin,
}

/// What an API key, or a role, allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read everything of the tenant.
    Read,
    /// Send rows; work on alerts.
    Write,
    /// Change settings.
    Admin,
}

/// What a contract came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeKind {
    /// The account left.
    Churned,
    /// The contract went on.
    Renewed,
    /// It went on for less.
    Contracted,
    /// It went on for more.
    Expanded,
}

/// The collections that a file or a batch may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Collection {
    /// Accounts.
    Accounts,
    /// People at accounts.
    Contacts,
    /// What accounts pay for.
    Subscriptions,
    /// Bills.
    Invoices,
    /// Support cases.
    Tickets,
    /// Calls, meetings, e-mails, notes, milestones.
    Activities,
    /// Answers to NPS, CSAT, CES.
    Surveys,
    /// How contracts ended or went on.
    Outcomes,
    /// Usage events.
    Events,
}

impl Collection {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Contacts => "contacts",
            Self::Subscriptions => "subscriptions",
            Self::Invoices => "invoices",
            Self::Tickets => "tickets",
            Self::Activities => "activities",
            Self::Surveys => "surveys",
            Self::Outcomes => "outcomes",
            Self::Events => "events",
        }
    }
}
