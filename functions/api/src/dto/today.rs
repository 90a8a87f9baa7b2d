//! What to do today.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::AccountCard;
use super::alert::AlertView;
use super::page::Money;

/// The first page of a CSM's day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Today {
    /// Accounts in scope.
    pub accounts: u64,
    /// Their annual recurring revenue: one sum per currency, that of most accounts first. Amounts of different currencies are
    /// never added.
    pub arr: Vec<Money>,
    /// Accounts by band.
    pub bands: BandCounts,
    /// The same seven days ago.
    pub bands_7d_ago: BandCounts,
    /// Annual recurring revenue of accounts at risk or critical, in the currencies and the order of `arr`.
    pub arr_at_risk: Vec<Money>,
    /// Renewals of the next 90 days.
    pub renewals_90d: Renewals,
    /// At most ten things to do, most urgent first.
    pub items: Vec<TodayItem>,
    /// What is missing in the data of accounts.
    pub hygiene: Vec<Hygiene>,
    /// Whose accounts.
    pub scope: TodayScope,
    /// Whether the figures are of every account in scope, and of all of their money.
    pub complete: bool,
}

/// Accounts by band.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BandCounts {
    /// 75 to 100.
    pub healthy: u64,
    /// 50 to 74.
    pub watch: u64,
    /// 25 to 49.
    pub at_risk: u64,
    /// 0 to 24.
    pub critical: u64,
    /// Too little measured.
    pub insufficient_data: u64,
    /// In the first 30 days.
    pub onboarding: u64,
}

/// Renewals ahead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Renewals {
    /// How many.
    pub count: u64,
    /// Their annual recurring revenue, by currency as `arr` of the book.
    pub arr: Vec<Money>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TodayItem {
    /// `alert`.
    pub kind: TodayKind,
    /// The alert behind it.
    pub alert: AlertView,
    /// The account.
    pub account: AccountCard,
    /// Why, in a line.
    pub reason: String,
    /// What to do, in a line.
    pub action: String,
}

/// What a thing to do comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TodayKind {
    /// An open alert.
    Alert,
}

/// Something missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hygiene {
    /// Account id.
    pub account: String,
    /// Its name.
    pub name: String,
    /// What is missing.
    pub issue: String,
}

/// Whose accounts a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TodayScope {
    /// The caller's.
    Mine,
    /// The tenant's.
    All,
}
