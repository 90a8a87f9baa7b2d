//! Use of the product: key events, active users, breadth, and the events that say something by their name.

mod breadth;
pub(crate) mod days;
mod people;
mod trend;

use std::collections::BTreeSet;

use copilot_domain::history::Snapshot;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::contract::{age_of, start_of};
use crate::outlook;
use crate::vector::FeatureVector;
use crate::{change, ratio};
use days::KeyDays;

/// Whether anything can be said of the use: some is known, or a source of it is connected.
pub(crate) fn is_known(snapshot: &Snapshot, config: &FeatureConfig) -> bool {
    !snapshot.usage.is_empty() || config.is_connected(FeatureGroup::Usage)
}

pub(crate) fn compute(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    let known = is_known(snapshot, config);
    vector.set("usage_known", if known { 1.0 } else { 0.0 });
    vector.set(
        "features_entitled",
        snapshot.row.features_entitled.map(|n| n as f64),
    );
    if !known {
        return;
    }
    let last_day = snapshot.usage.keys().next_back();
    vector.saw(
        FeatureGroup::Usage,
        last_day.and_then(|day| start_of(snapshot, *day)),
    );
    let days = KeyDays::new(snapshot, config);
    vector.set("usage_history_days", days.history as f64);
    levels(&days, vector);
    silence(snapshot, config, vector);
    trend::compute(&days, vector);
    breadth::compute(snapshot, config, &days, vector);
    people::compute(snapshot, &days, vector);
    named_events(snapshot, config, vector);
    outlook::compute(&days, vector);
}

/// How much is used, against before.
fn levels(days: &KeyDays, vector: &mut FeatureVector) {
    let history = days.history;
    for (name, span) in [
        ("key_events_7d", 7),
        ("key_events_30d", 30),
        ("key_events_90d", 90),
    ] {
        vector.set(name, days.sum(span, 0));
    }
    let (month, before) = (days.sum(30, 0), days.sum(30, 30));
    vector.set("key_events_prev_30d", (history >= 60).then_some(before));
    vector.set(
        "key_events_change_30d",
        (history >= 60).then(|| change(month, before)).flatten(),
    );
    let quarter_before = days.sum(90, 90);
    vector.set(
        "key_events_change_90d",
        (history >= 180)
            .then(|| change(days.sum(90, 0), quarter_before))
            .flatten(),
    );
    let base = days.sum(28, 7);
    vector.set("key_events_base_4w", (history >= 35).then_some(base));
    let mean = (history >= 35).then_some(base / 4.0);
    vector.set("key_events_week_mean_4w", mean);
    vector.set(
        "key_events_week_change",
        mean.and_then(|mean| change(days.sum(7, 0), mean)),
    );
    vector.set("weeks_below_90d_mean", weeks_below_mean(days));
    let active_days = days.recent(90).iter().filter(|n| **n > 0.0).count();
    vector.set("active_days_90d", active_days as f64);
}

/// Weeks in a row, the latest first, of at most 90 % of the mean week of the 90 days before them.
fn weeks_below_mean(days: &KeyDays) -> Option<f64> {
    if days.history < 60 {
        return None;
    }
    let before = days.history.min(111).saturating_sub(21);
    let mean_week = days.sum(before, 21) / before as f64 * 7.0;
    if mean_week <= 0.0 {
        return None;
    }
    let weeks = (0..3)
        .take_while(|week| days.sum(7, week * 7) <= 0.9 * mean_week)
        .count();
    Some(weeks as f64)
}

fn silence(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    let keys = days::keys(snapshot, config);
    let mut newest = snapshot.usage.iter().rev();
    let last = newest.find(|(_, used)| days::key_events(used, &keys).next().is_some());
    let last = last.map(|(day, _)| *day);
    // Where usage is sent and this account never used anything, it is silent since its first day.
    let never = || {
        vector
            .get("account_age_days")
            .filter(|_| config.is_connected(FeatureGroup::Usage))
    };
    let silent = last.map(|day| f64::from(age_of(snapshot, day))).or_else(never);
    vector.set("days_since_key_event", silent);
    vector.set("first_value", if last.is_some() { 1.0 } else { 0.0 });
}

fn named_events(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    let count = |names: &BTreeSet<String>, days: i32| -> f64 {
        let place = |name: &String| snapshot.event_names.binary_search(name).ok();
        let places: Vec<usize> = names.iter().filter_map(place).collect();
        if places.is_empty() {
            return 0.0;
        }
        let used = snapshot.usage_window(days, 0).flat_map(|(_, used)| &used.by_name);
        let named = used.filter(|(place, _)| places.contains(&(*place as usize)));
        named.map(|(_, number)| number).sum::<u64>() as f64
    };
    vector.set("billing_page_visits_7d", count(&config.billing_page_events, 7));
    vector.set("cancel_page_visits_7d", count(&config.cancel_page_events, 7));
    vector.set("pricing_page_visits_7d", count(&config.pricing_page_events, 7));
    vector.set("gated_feature_tries_30d", count(&config.gated_feature_events, 30));
    vector.set("invites_30d", count(&config.invite_events, 30));
    vector.set("admin_removals_14d", count(&config.admin_removed_events, 14));
    let failed = count(&config.failure_events, 7);
    let calls = failed + count(&config.success_events, 7);
    vector.set(
        "failure_rate_7d",
        (calls >= 20.0).then(|| ratio(failed, calls)).flatten(),
    );
}
