//! Use as expected, what was out of the ordinary, and what is to come: for a chart, and as features.

use copilot_domain::history::Snapshot;
use copilot_domain::time::shift;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::anomaly::{self, Judged};
use crate::change;
use crate::config::FeatureConfig;
use crate::forecast::{self, COVERAGE};
use crate::usage::days::KeyDays;
use crate::usage::is_known;
use crate::vector::FeatureVector;

/// Weeks that are shown day by day.
const WEEKS: usize = 4;
/// Weeks of history that a forecast reads, at most.
const FORECAST_WEEKS: usize = 26;

/// Key events of an account: day by day against what was expected, and 30 days ahead. How each figure is made stands
/// in `anomaly.rs` and `forecast.rs` beside this file. Days are days of the tenant's zone; today counts once it is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UsageOutlook {
    /// The last day that is over.
    pub last_day: Date,
    /// Days of history up to it.
    pub history_days: usize,
    /// The last four weeks, oldest first; empty under 35 days of history, and shorter where a week had not four before
    /// it to tell what to expect.
    pub expected: Vec<ExpectedUsage>,
    /// Those of them that lie outside their bounds.
    pub anomalies: Vec<UsageAnomaly>,
    /// The last seven days as a whole; absent under 35 days of history.
    pub week: Option<ExpectedUsage>,
    /// The 30 days to come; absent under 91 days of history, or without use in 91 days.
    pub forecast: Option<UsageForecast>,
}

/// Key events of a day or span, and what was expected of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedUsage {
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
}

/// A day out of the ordinary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UsageAnomaly {
    /// The day.
    pub day: Date,
    /// Key events.
    pub value: f64,
    /// Key events expected.
    pub expected: f64,
    /// Robust deviations from what was expected; negative when it is less.
    pub score: f64,
}

/// Key events of 30 days to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UsageForecast {
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
    /// Share of outcomes that the interval is made to hold.
    pub coverage: f64,
}

/// What to make of an account's use.
pub fn usage_outlook(snapshot: &Snapshot, config: &FeatureConfig) -> UsageOutlook {
    let days = KeyDays::new(snapshot, config);
    let whole = if is_known(snapshot, config) {
        days.whole()
    } else {
        &[]
    };
    let of = |age: usize, judged: &Judged| ExpectedUsage {
        day: shift(days.last, -(age as i32)),
        value: judged.value,
        expected: judged.expected,
        low: judged.low,
        high: judged.high,
        score: judged.score,
    };
    let judged = anomaly::days(whole, WEEKS);
    let numbered = || judged.iter().enumerate().rev();
    let anomalies = numbered().filter(|(_, judged)| judged.is_anomaly());
    UsageOutlook {
        last_day: days.last,
        history_days: whole.len(),
        expected: numbered().map(|(age, judged)| of(age, judged)).collect(),
        anomalies: anomalies
            .map(|(age, judged)| UsageAnomaly {
                day: shift(days.last, -(age as i32)),
                value: judged.value,
                expected: judged.expected,
                score: judged.score,
            })
            .collect(),
        week: anomaly::week(whole).map(|judged| of(0, &judged)),
        forecast: ahead(&days).map(|range| UsageForecast {
            from: shift(days.last, 1),
            to: shift(days.last, 30),
            low: range.low,
            mid: range.mid,
            high: range.high,
            coverage: COVERAGE,
        }),
    }
}

/// The forecast; missing where 91 days hold no use, since silence says nothing of a return.
fn ahead(days: &KeyDays) -> Option<forecast::Range> {
    let weeks = (days.whole().len() / 7).min(FORECAST_WEEKS);
    let weeks = days.weeks(weeks)?;
    let recent = weeks.iter().rev().take(forecast::LEAST_WEEKS);
    if recent.sum::<f64>() <= 0.0 {
        return None;
    }
    forecast::forecast(&weeks)
}

pub(crate) fn compute(days: &KeyDays, vector: &mut FeatureVector) {
    let whole = days.whole();
    let judged = anomaly::days(whole, WEEKS);
    vector.set("usage_anomaly_1d", judged.first().map(|day| day.score));
    vector.set("usage_anomaly_7d", anomaly::week(whole).map(|week| week.score));
    let all = judged.len() == WEEKS * 7;
    let anomalies = judged.iter().filter(|day| day.is_anomaly()).count();
    vector.set("usage_anomalies_28d", all.then_some(anomalies as f64));
    let Some(range) = ahead(days) else { return };
    vector.set("key_events_forecast_30d_low", range.low);
    vector.set("key_events_forecast_30d_mid", range.mid);
    vector.set("key_events_forecast_30d_high", range.high);
    let last = whole.iter().take(30).sum::<f64>();
    vector.set("key_events_forecast_change_30d", change(range.mid, last));
}
