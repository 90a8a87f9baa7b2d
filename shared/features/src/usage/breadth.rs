//! How much of the product is used: different key events, and which came and went.

use copilot_domain::history::Snapshot;

use super::days::{KeyDays, key_events, keys};
use crate::config::FeatureConfig;
use crate::contract::{age_of, back};
use crate::stats::relative_slope;
use crate::vector::FeatureVector;
use crate::{change, ratio};

/// Days that key events are looked back for by name.
const REACH: i32 = 128;

/// A key event by the days on which it was seen.
#[derive(Default)]
struct Feature {
    /// A bit a day; the lowest is today.
    days: u128,
    /// How often in the last 30 days.
    last_30d: u64,
}

/// The bits of `days` days that end `offset` days before today.
fn window(days: u32, offset: usize) -> u128 {
    ((1_u128 << days) - 1) << offset
}

pub(super) fn compute(
    snapshot: &Snapshot,
    config: &FeatureConfig,
    days: &KeyDays,
    vector: &mut FeatureVector,
) {
    let keys = keys(snapshot, config);
    let mut features: Vec<Feature> = keys.iter().map(|_| Feature::default()).collect();
    for (day, used) in snapshot.usage.range(back(snapshot, REACH - 1)..) {
        let age = age_of(snapshot, *day);
        for (place, number) in key_events(used, &keys) {
            let feature = &mut features[place];
            feature.days |= 1 << age;
            feature.last_30d += if age < 30 { number } else { 0 };
        }
    }
    let used = |days: u32, offset: usize| {
        let window = window(days, offset);
        let seen = features.iter().filter(|feature| feature.days & window != 0);
        seen.count() as f64
    };
    let only = |there: u128, not: u128| {
        let only = features
            .iter()
            .filter(|f| f.days & there != 0 && f.days & not == 0);
        only.count() as f64
    };
    let history = days.history;
    let (now, before) = (used(30, 0), used(30, 30));
    let entitled = vector.get("features_entitled");
    let share = |number: f64| {
        entitled
            .and_then(|all| ratio(number, all))
            .map(|share| share.min(1.0))
    };
    vector.set("features_used_30d", now);
    vector.set("features_used_90d", used(90, 0));
    vector.set("feature_breadth", share(now));
    let month_before = Some(before).filter(|_| history >= 60);
    vector.set("features_used_prev_30d", month_before);
    vector.set(
        "features_used_change_30d",
        month_before.and_then(|before| change(now, before)),
    );
    vector.set(
        "feature_breadth_change_30d",
        share(now)
            .zip(month_before.and_then(share))
            .map(|(now, before)| now - before),
    );
    vector.set(
        "features_dropped_30d",
        (history >= 90).then(|| only(window(60, 30), window(30, 0))),
    );
    vector.set(
        "features_new_30d",
        (history >= 120).then(|| only(window(30, 0), window(90, 30))),
    );
    let weeks = || -> Vec<f64> {
        let of_week = |week: usize| used(7, days.begun() + week * 7);
        (0..8).rev().map(of_week).collect()
    };
    let long = days.whole().len() >= 56;
    vector.set(
        "features_used_slope_8w",
        long.then(|| relative_slope(&weeks())).flatten(),
    );
    let most = features.iter().map(|feature| feature.last_30d).max();
    let all: u64 = features.iter().map(|feature| feature.last_30d).sum();
    vector.set(
        "top_feature_share_30d",
        most.and_then(|most| ratio(most as f64, all as f64)),
    );
}
