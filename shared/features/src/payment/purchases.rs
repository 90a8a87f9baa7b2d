//! The rhythm of purchases: how many, how much, how regularly, and where both are going.

use copilot_domain::facts::InvoiceRow;
use copilot_domain::history::Snapshot;

use super::amount;
use crate::stats::{mean, median_of, relative_slope, variation};
use crate::vector::FeatureVector;
use crate::{change, days_ago, ratio};

/// Purchases or gaps of which a trend is made, the latest.
const TREND: usize = 12;
/// And at least.
const TREND_LEAST: usize = 4;

struct Purchase<'a> {
    /// Days before today.
    age: i32,
    amount: f64,
    row: &'a InvoiceRow,
}

pub(super) fn compute(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let dated: Vec<Purchase<'_>> = snapshot
        .invoices
        .iter()
        .filter(|i| i.row.voided_at.is_none())
        .filter_map(|i| {
            i.row.issued_at.map(|at| Purchase {
                age: days_ago(snapshot, at),
                amount: amount(&i.row),
                row: &i.row,
            })
        })
        .collect();
    let bought: Vec<&Purchase<'_>> = dated.iter().filter(|p| p.amount > 0.0).collect();
    vector.set("purchases_total", bought.len() as f64);
    let row = &snapshot.row;
    let contract = !snapshot.subscriptions.is_empty()
        || row.contract_end.is_some()
        || row.seats.is_some()
        || row.mrr_minor.is_some();
    vector.set(
        "transactional",
        if !bought.is_empty() && !contract { 1.0 } else { 0.0 },
    );
    let within = |from: i32, to: i32| bought.iter().filter(move |p| p.age >= from && p.age < to);
    let count = |from, to| within(from, to).count() as f64;
    let spend = |from, to| within(from, to).map(|p| p.amount).sum::<f64>();
    for (name, days) in [
        ("purchases_30d", 30),
        ("purchases_90d", 90),
        ("purchases_180d", 180),
        ("purchases_365d", 365),
    ] {
        vector.set(name, count(0, days));
    }
    for (name, days) in [
        ("spend_30d", 30),
        ("spend_90d", 90),
        ("spend_180d", 180),
        ("spend_365d", 365),
    ] {
        vector.set(name, spend(0, days));
    }
    let tenure = bought.iter().map(|p| p.age).max();
    let recency = bought.iter().map(|p| p.age).min();
    vector.set("days_since_purchase", recency.map(f64::from));
    vector.set("days_since_first_purchase", tenure.map(f64::from));
    let long = tenure.is_some_and(|days| days >= 120);
    vector.set(
        "purchases_change_90d",
        long.then(|| change(count(0, 90), count(90, 180))).flatten(),
    );
    vector.set(
        "spend_change_90d",
        long.then(|| change(spend(0, 90), spend(90, 180))).flatten(),
    );
    let refunds = -dated
        .iter()
        .filter(|p| p.amount < 0.0 && p.age < 365)
        .map(|p| p.amount)
        .sum::<f64>();
    vector.set(
        "refund_share_365d",
        ratio(refunds, spend(0, 365)).map(|share| share.clamp(0.0, 1.0)),
    );
    vector.set(
        "purchase_mean",
        ratio(bought.iter().map(|p| p.amount).sum(), bought.len() as f64),
    );
    let mut days: Vec<i32> = bought.iter().map(|p| p.age).collect();
    days.sort_unstable();
    days.dedup();
    vector.set("purchase_days_total", days.len() as f64);
    let values = by_day(&days, &bought);
    repeats(&values, vector);
    trend(&bought, &dated, tenure, vector);
    if days.len() < 2 {
        return;
    }
    // The latest gap first.
    let gaps: Vec<f64> = days.windows(2).map(|pair| f64::from(pair[1] - pair[0])).collect();
    rhythm(&gaps, recency, vector);
}

/// What was spent on each day with a purchase, the latest first.
fn by_day(days: &[i32], bought: &[&Purchase<'_>]) -> Vec<(i32, f64)> {
    let of_day = |day: i32| {
        bought
            .iter()
            .filter(move |p| p.age == day)
            .map(|p| p.amount)
            .sum()
    };
    days.iter().map(|day| (*day, of_day(*day))).collect()
}

/// What models of buying until death read (BG/NBD: Fader, Hardie and Lee 2005): with `days_since_first_purchase`, the
/// age, it is the triple of frequency, recency and age; the value is that of Gamma-Gamma. All in days with a purchase.
fn repeats(values: &[(i32, f64)], vector: &mut FeatureVector) {
    let (Some((latest, _)), Some((first, _))) = (values.first(), values.last()) else {
        return;
    };
    vector.set("repeat_purchases", (values.len() - 1) as f64);
    vector.set("days_first_to_last_purchase", f64::from(first - latest));
    let repeated: Vec<f64> = values[..values.len() - 1]
        .iter()
        .map(|(_, value)| *value)
        .collect();
    vector.set("repeat_purchase_value", mean(&repeated));
    let latest_first = values.iter().take(TREND).map(|(_, value)| *value);
    let recent: Vec<f64> = latest_first.rev().collect();
    let long = values.len() >= TREND_LEAST;
    vector.set(
        "order_value_slope",
        long.then(|| relative_slope(&recent)).flatten(),
    );
    let of = |days: &[(i32, f64)]| mean(&days.iter().map(|(_, value)| *value).collect::<Vec<f64>>());
    let split = values.split_at_checked(3).filter(|(_, before)| before.len() >= 3);
    vector.set(
        "order_value_change",
        split.and_then(|(now, before)| change(of(now)?, of(before)?)),
    );
    let all: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
    vector.set("order_value_variation", variation(&all));
}

/// Spend by spans of 30 days and by years.
fn trend(bought: &[&Purchase<'_>], dated: &[Purchase<'_>], tenure: Option<i32>, vector: &mut FeatureVector) {
    let Some(tenure) = tenure else { return };
    let within = |from: i32, to: i32| bought.iter().filter(move |p| p.age >= from && p.age < to);
    let spend = |from: i32, to: i32| within(from, to).map(|p| p.amount).sum::<f64>();
    let spans = |number: i32| (0..number).rev().map(|span| (span * 30, span * 30 + 30));
    let half: Vec<f64> = spans(6).map(|(from, to)| spend(from, to)).collect();
    vector.set(
        "spend_slope_6m",
        (tenure >= 180).then(|| relative_slope(&half)).flatten(),
    );
    let orders: Vec<f64> = spans(6)
        .map(|(from, to)| within(from, to).count() as f64)
        .collect();
    vector.set(
        "purchases_slope_6m",
        (tenure >= 180).then(|| relative_slope(&orders)).flatten(),
    );
    let has_bought = |(from, to): &(i32, i32)| within(*from, *to).next().is_some();
    let months = spans(12).filter(has_bought).count() as f64;
    vector.set("purchase_months_360d", months);
    vector.set("purchase_months_12m", (tenure >= 360).then_some(months));
    let year: Vec<f64> = spans(12).map(|(from, to)| spend(from, to)).collect();
    vector.set(
        "spend_variation_12m",
        (tenure >= 360).then(|| variation(&year)).flatten(),
    );
    vector.set(
        "spend_change_365d",
        (tenure >= 730)
            .then(|| change(spend(0, 365), spend(365, 730)))
            .flatten(),
    );
    vector.set(
        "spend_change_year_90d",
        (tenure >= 455)
            .then(|| change(spend(0, 90), spend(365, 455)))
            .flatten(),
    );
    let lines = dated.iter().filter(|p| p.amount > 0.0 && p.age < 365);
    let lines: Vec<f64> = lines.filter_map(|p| p.row.line_count).map(|n| n as f64).collect();
    vector.set("order_lines_365d", mean(&lines));
}

/// The gaps between purchases, the latest first, and the silence since the last.
fn rhythm(gaps: &[f64], recency: Option<i32>, vector: &mut FeatureVector) {
    let gap = gaps.iter().sum::<f64>() / gaps.len() as f64;
    vector.set("purchase_interval_days", gap);
    let longest = gaps.iter().copied().fold(0.0, f64::max);
    vector.set("purchase_interval_max_days", longest);
    // How many of its own usual gaps the account has been silent for.
    vector.set(
        "silence_in_intervals",
        recency.and_then(|days| ratio(f64::from(days), gap.max(7.0))),
    );
    if gaps.len() >= 2 {
        let variance = gaps.iter().map(|g| (g - gap).powi(2)).sum::<f64>() / (gaps.len() - 1) as f64;
        vector.set("purchase_interval_sd_days", variance.sqrt());
    }
    vector.set("purchase_interval_median_days", median_of(gaps.iter().copied()));
    vector.set("purchase_interval_variation", variation(gaps));
    let usual = mean(&gaps[1..]).filter(|_| gaps.len() >= 3);
    vector.set(
        "purchase_interval_last_ratio",
        gaps.first()
            .zip(usual)
            .and_then(|(last, usual)| ratio(*last, usual)),
    );
    let recent: Vec<f64> = gaps.iter().take(TREND).rev().copied().collect();
    let long = gaps.len() >= TREND_LEAST;
    vector.set(
        "purchase_interval_slope",
        long.then(|| relative_slope(&recent)).flatten(),
    );
    let silence = recency.map(f64::from);
    let shorter = silence.map(|silence| gaps.iter().filter(|gap| **gap < silence).count() as f64);
    vector.set(
        "silence_rank",
        shorter
            .filter(|_| long)
            .and_then(|shorter| ratio(shorter, gaps.len() as f64)),
    );
}
