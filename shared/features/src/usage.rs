//! Use of the product: key events, active users, breadth, and the events that say something by their name.

use std::collections::BTreeSet;

use copilot_domain::history::Snapshot;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::contract::{age_of, back, start_of};
use crate::vector::FeatureVector;
use crate::{change, ratio};

/// Days that the daily counts reach back.
const REACH: usize = 180;

struct Daily<'a> {
    snapshot: &'a Snapshot,
    key_events: Vec<u64>,
}

impl Daily<'_> {
    /// Key events of the `days` days that end `offset` days ago.
    fn sum(&self, days: usize, offset: usize) -> f64 {
        self.key_events.iter().skip(offset).take(days).sum::<u64>() as f64
    }

    /// Distinct users of the `days` days that end `offset` days ago.
    fn users(&self, days: i32, offset: i32) -> f64 {
        let mut users: BTreeSet<u64> = BTreeSet::new();
        for (_, tally) in self.snapshot.usage_window(days, offset) {
            users.extend(&tally.users);
        }
        users.len() as f64
    }

    /// Weeks in a row, the latest first, of at most 90 % of the mean week of the 90 days before them.
    fn weeks_below_mean(&self, history: usize) -> Option<f64> {
        if history < 60 {
            return None;
        }
        let before = history.min(111).saturating_sub(21);
        let mean_week = self.sum(before, 21) / before as f64 * 7.0;
        if mean_week <= 0.0 {
            return None;
        }
        let weeks = (0..3)
            .take_while(|week| self.sum(7, week * 7) <= 0.9 * mean_week)
            .count();
        Some(weeks as f64)
    }
}

pub(crate) fn compute(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    let known = !snapshot.usage.is_empty() || config.is_connected(FeatureGroup::Usage);
    vector.set("usage_known", if known { 1.0 } else { 0.0 });
    vector.set(
        "features_entitled",
        snapshot.row.features_entitled.map(|n| n as f64),
    );
    if !known {
        return;
    }
    let last_day = snapshot
        .usage
        .iter()
        .rev()
        .find(|(_, t)| t.events > 0)
        .map(|(d, _)| *d);
    vector.saw(
        FeatureGroup::Usage,
        last_day.and_then(|day| start_of(snapshot, day)),
    );
    let is_key = |name: &String| config.is_key(name);
    let mut key_events = vec![0_u64; REACH];
    for (day, tally) in snapshot.usage.range(back(snapshot, REACH as i32 - 1)..) {
        if let Some(slot) = usize::try_from(age_of(snapshot, *day))
            .ok()
            .and_then(|at| key_events.get_mut(at))
        {
            *slot = tally
                .by_name
                .iter()
                .filter(|(name, _)| is_key(name))
                .map(|(_, n)| n)
                .sum();
        }
    }
    let daily = Daily { snapshot, key_events };
    // History starts with the account or with its first event, whatever is earlier: an account of five days has
    // no month to compare with.
    let first_use = snapshot.usage.keys().next().map(|day| age_of(snapshot, *day) + 1);
    let age = vector.get("account_age_days").map(|days| days as i32 + 1);
    let history = if config.is_connected(FeatureGroup::Usage) {
        first_use.max(age)
    } else {
        first_use
    };
    let history = usize::try_from(history.unwrap_or(0)).unwrap_or(0);
    vector.set("usage_history_days", history as f64);
    key_event_features(&daily, history, config, vector);
    user_features(&daily, history, vector);
    named_events(snapshot, config, vector);
}

fn key_event_features(daily: &Daily<'_>, history: usize, config: &FeatureConfig, vector: &mut FeatureVector) {
    let snapshot = daily.snapshot;
    for (name, days) in [
        ("key_events_7d", 7),
        ("key_events_30d", 30),
        ("key_events_90d", 90),
    ] {
        vector.set(name, daily.sum(days, 0));
    }
    let (month, before) = (daily.sum(30, 0), daily.sum(30, 30));
    vector.set("key_events_prev_30d", (history >= 60).then_some(before));
    vector.set(
        "key_events_change_30d",
        (history >= 60).then(|| change(month, before)).flatten(),
    );
    let quarter_before = daily.sum(90, 90);
    vector.set(
        "key_events_change_90d",
        (history >= 180)
            .then(|| change(daily.sum(90, 0), quarter_before))
            .flatten(),
    );
    let base = daily.sum(28, 7);
    vector.set("key_events_base_4w", (history >= 35).then_some(base));
    let mean = (history >= 35).then_some(base / 4.0);
    vector.set("key_events_week_mean_4w", mean);
    vector.set(
        "key_events_week_change",
        mean.and_then(|mean| change(daily.sum(7, 0), mean)),
    );
    vector.set("weeks_below_90d_mean", daily.weeks_below_mean(history));
    let is_key_day = |t: &copilot_domain::usage::UsageTally| t.by_name.keys().any(|name| config.is_key(name));
    let last = snapshot
        .usage
        .iter()
        .rev()
        .find(|(_, tally)| is_key_day(tally))
        .map(|(day, _)| *day);
    // Where usage is sent and this account never used anything, it is silent since its first day.
    let never = || {
        vector
            .get("account_age_days")
            .filter(|_| config.is_connected(FeatureGroup::Usage))
    };
    let silent = last.map(|day| f64::from(age_of(snapshot, day))).or_else(never);
    vector.set("days_since_key_event", silent);
    vector.set("first_value", if last.is_some() { 1.0 } else { 0.0 });
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (_, tally) in snapshot.usage_window(30, 0) {
        names.extend(
            tally
                .by_name
                .keys()
                .map(String::as_str)
                .filter(|name| config.is_key(name)),
        );
    }
    vector.set("features_used_30d", names.len() as f64);
    let entitled = vector.get("features_entitled");
    vector.set(
        "feature_breadth",
        entitled
            .and_then(|all| ratio(names.len() as f64, all))
            .map(|share| share.min(1.0)),
    );
    let active_days = daily.key_events.iter().take(90).filter(|n| **n > 0).count();
    vector.set("active_days_90d", active_days as f64);
}

fn user_features(daily: &Daily<'_>, history: usize, vector: &mut FeatureVector) {
    let snapshot = daily.snapshot;
    if !snapshot.usage.values().any(|tally| !tally.users.is_empty()) {
        return;
    }
    let (now, before) = (daily.users(30, 0), daily.users(30, 30));
    let active = daily.users(28, 0);
    vector.set("active_users_28d", active);
    vector.set("active_users_30d", now);
    vector.set("active_users_prev_30d", (history >= 60).then_some(before));
    let seats = vector.get("seats").filter(|seats| *seats > 0.0);
    if let Some(seats) = seats {
        vector.set("seat_utilisation", active / seats);
        let lowest = |offsets: &[i32]| {
            offsets
                .iter()
                .map(|o| daily.users(28, *o) / seats)
                .fold(active / seats, f64::min)
        };
        vector.set(
            "seat_utilisation_min_14d",
            (history >= 42).then(|| lowest(&[7, 14])),
        );
        vector.set(
            "seat_utilisation_min_30d",
            (history >= 58).then(|| lowest(&[10, 20, 30])),
        );
    }
    let users_change = match seats {
        Some(seats) => Some((now - before) / seats),
        None => change(now, before),
    };
    vector.set(
        "active_user_share_change",
        users_change.filter(|_| history >= 60 && before > 0.0),
    );
    let daily_users: usize = snapshot
        .usage_window(30, 0)
        .map(|(_, tally)| tally.users.len())
        .sum();
    vector.set(
        "dau_mau",
        (history >= 30)
            .then(|| ratio(daily_users as f64 / 30.0, now))
            .flatten(),
    );
}

fn named_events(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    let count = |names: &BTreeSet<String>, days: i32| -> f64 {
        let tallies = snapshot.usage_window(days, 0);
        tallies
            .map(|(_, t)| names.iter().filter_map(|n| t.by_name.get(n)).sum::<u64>())
            .sum::<u64>() as f64
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
