//! Use of an account as expected, and what is to come.

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

/// Key events of an account: day by day against what was expected, and 30 days ahead. Days are days of the tenant's zone.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UsageOutlookView {
    /// The last day that is over.
    pub last_day: Date,
    /// Days of history up to it.
    pub history_days: usize,
    /// Days of history that are missing until days can be judged; 0 where they can.
    pub days_missing: usize,
    /// Days of history that are missing until a forecast can be made; 0 where it can.
    pub forecast_days_missing: usize,
    /// The last four weeks, oldest first; fewer where history is short.
    pub days: Vec<ExpectedUsageView>,
    /// The last seven days as a whole; `day` is the last of them.
    pub week: Option<ExpectedUsageView>,
    /// The 30 days to come; `null` with too short a history, or without use in 91 days.
    pub forecast: Option<UsageForecastView>,
}

/// Key events of a day or span, and what was expected of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExpectedUsageView {
    /// The day; of a span, its last.
    pub day: Date,
    /// Key events.
    pub value: f64,
    /// Key events expected.
    pub expected: f64,
    /// Fewer than this is an anomaly.
    pub low: f64,
    /// More than this is an anomaly.
    pub high: f64,
    /// Robust deviations from what was expected; negative when it is less. Beyond ±3.5 it is an anomaly.
    pub score: f64,
    /// Whether it is one.
    pub anomaly: bool,
}

/// Key events of 30 days to come.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UsageForecastView {
    /// The first of the days.
    pub from: Date,
    /// The last of the days.
    pub to: Date,
    /// Lower end of the interval.
    pub low: f64,
    /// The forecast.
    pub mid: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Share of outcomes that the interval is made to hold, 0 to 1.
    pub coverage: f64,
}
