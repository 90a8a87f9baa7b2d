//! Who uses it: active users, seats, stickiness, who came and who stayed away.

use copilot_domain::history::Snapshot;

use super::days::KeyDays;
use crate::contract::{age_of, back};
use crate::stats::relative_slope;
use crate::vector::FeatureVector;
use crate::{change, ratio};

/// Days that users are looked back for.
const REACH: usize = 256;

/// On which of the last days each user was active.
struct Users {
    /// A user's days, a bit a day; the lowest is today.
    days: Vec<[u64; 4]>,
}

/// The bits of `days` days that end `offset` days before today.
fn window(days: usize, offset: usize) -> [u64; 4] {
    let mut mask = [0; 4];
    for age in offset..(offset + days).min(REACH) {
        mask[age / 64] |= 1 << (age % 64);
    }
    mask
}

fn meets(user: &[u64; 4], window: &[u64; 4]) -> bool {
    user.iter().zip(window).any(|(user, window)| user & window != 0)
}

impl Users {
    fn new(snapshot: &Snapshot) -> Self {
        let mut seen: Vec<(u64, usize)> = Vec::new();
        for (day, used) in snapshot.usage.range(back(snapshot, REACH as i32 - 1)..) {
            let age = age_of(snapshot, *day) as usize;
            seen.extend(used.users.iter().map(|user| (*user, age)));
        }
        seen.sort_unstable();
        let of_user = |days: &[(u64, usize)]| {
            let mut mask = [0; 4];
            for (_, age) in days {
                mask[age / 64] |= 1 << (age % 64);
            }
            mask
        };
        Self {
            days: seen.chunk_by(|a, b| a.0 == b.0).map(of_user).collect(),
        }
    }

    /// Distinct users of the `days` days that end `offset` days before today.
    fn distinct(&self, days: usize, offset: usize) -> f64 {
        let window = window(days, offset);
        self.days.iter().filter(|user| meets(user, &window)).count() as f64
    }

    /// Users of one span who were not there in another.
    fn only(&self, there: [u64; 4], not: [u64; 4]) -> f64 {
        let only = |user: &&[u64; 4]| meets(user, &there) && !meets(user, &not);
        self.days.iter().filter(only).count() as f64
    }

    /// Mean of the daily users of the 30 days that end `offset` days before today.
    fn daily(&self, offset: usize) -> f64 {
        let window = window(30, offset);
        let days = |user: &[u64; 4]| {
            let both = user.iter().zip(&window);
            both.map(|(user, window)| (user & window).count_ones())
                .sum::<u32>()
        };
        f64::from(self.days.iter().map(days).sum::<u32>()) / 30.0
    }
}

pub(super) fn compute(snapshot: &Snapshot, days: &KeyDays, vector: &mut FeatureVector) {
    if !snapshot.usage.values().any(|day| !day.users.is_empty()) {
        return;
    }
    let users = Users::new(snapshot);
    let history = days.history;
    let (now, before) = (users.distinct(30, 0), users.distinct(30, 30));
    let active = users.distinct(28, 0);
    vector.set("active_users_28d", active);
    vector.set("active_users_30d", now);
    vector.set("active_users_prev_30d", (history >= 60).then_some(before));
    for (name, offset) in [("active_users_change_90d", 90), ("active_users_change_180d", 180)] {
        let before = users.distinct(28, offset);
        let long = history >= offset + 28;
        vector.set(name, long.then(|| change(active, before)).flatten());
    }
    seats(&users, history, vector);
    let users_change = match vector.get("seats").filter(|seats| *seats > 0.0) {
        Some(seats) => Some((now - before) / seats),
        None => change(now, before),
    };
    vector.set(
        "active_user_share_change",
        users_change.filter(|_| history >= 60 && before > 0.0),
    );
    stickiness(&users, days, vector);
    vector.set(
        "users_new_30d",
        (history >= 120).then(|| users.only(window(30, 0), window(90, 30))),
    );
    vector.set(
        "users_lost_30d",
        (history >= 120).then(|| users.only(window(90, 30), window(30, 0))),
    );
    let stayed = before - users.only(window(30, 30), window(30, 0));
    vector.set(
        "user_retention_30d",
        (history >= 60).then(|| ratio(stayed, before)).flatten(),
    );
    let depth = ratio(days.sum(30, 0), now);
    vector.set("events_per_user_30d", depth);
    let depth_before = ratio(days.sum(30, 30), before).filter(|_| history >= 60);
    vector.set(
        "events_per_user_change_30d",
        depth
            .zip(depth_before)
            .and_then(|(now, before)| change(now, before)),
    );
}

/// Active users against seats bought, as they are now.
fn seats(users: &Users, history: usize, vector: &mut FeatureVector) {
    let Some(seats) = vector.get("seats").filter(|seats| *seats > 0.0) else {
        return;
    };
    let share = |offset: usize| users.distinct(28, offset) / seats;
    let now = share(0);
    vector.set("seat_utilisation", now);
    let lowest = |offsets: &[usize]| offsets.iter().map(|o| share(*o)).fold(now, f64::min);
    vector.set(
        "seat_utilisation_min_14d",
        (history >= 42).then(|| lowest(&[7, 14])),
    );
    vector.set(
        "seat_utilisation_min_30d",
        (history >= 58).then(|| lowest(&[10, 20, 30])),
    );
    vector.set(
        "seat_utilisation_change_28d",
        (history >= 56).then(|| now - share(28)),
    );
    vector.set(
        "seat_utilisation_change_84d",
        (history >= 112).then(|| now - share(84)),
    );
}

/// How regularly the users come.
fn stickiness(users: &Users, days: &KeyDays, vector: &mut FeatureVector) {
    let history = days.history;
    let daily = |offset: usize| {
        let long = history >= 30 + offset;
        long.then(|| ratio(users.daily(offset), users.distinct(30, offset)))
            .flatten()
    };
    let now = daily(0);
    vector.set("dau_mau", now);
    vector.set(
        "dau_mau_change_30d",
        now.zip(daily(30)).map(|(now, before)| now - before),
    );
    let weekly = |weeks: usize| {
        let of_week = |week: usize| users.distinct(7, days.begun() + week * 7);
        let long = days.whole().len() >= weeks * 7;
        long.then(|| (0..weeks).rev().map(of_week).collect::<Vec<f64>>())
    };
    for (name, weeks) in [("active_users_slope_8w", 8), ("active_users_slope_13w", 13)] {
        vector.set(name, weekly(weeks).and_then(|weeks| relative_slope(&weeks)));
    }
    vector.set(
        "wau_mau",
        weekly(4).and_then(|weeks| {
            let month = users.distinct(28, days.begun());
            ratio(weeks.iter().sum::<f64>() / 4.0, month)
        }),
    );
}
