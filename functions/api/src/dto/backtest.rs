//! Backtests: what may be asked, and what is answered.

use copilot_domain::backtest::{Backtest, BacktestResult, Subject};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A backtest to be carried out.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBacktest {
    /// What is tested.
    pub subject: Subject,
    /// The first day that a look may fall on; 24 months back where it is left out. At most 60 months are looked at.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    /// The last day; the newest whose 90 days have passed where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub to: Option<Date>,
}

/// An account of a result, by the name that it has now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NamedAccount {
    /// The account.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A backtest with what came of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BacktestDetail {
    /// What was asked, and how far it is.
    pub backtest: Backtest,
    /// What came of it; `null` before it is done.
    pub result: Option<BacktestResult>,
    /// The accounts that the result names. One that is gone is not among them.
    pub accounts: Vec<NamedAccount>,
}
