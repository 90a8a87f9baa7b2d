//! Key events by day, the series that levels, trends, seasons and forecasts are made of.

use copilot_domain::history::Snapshot;
use copilot_domain::limits::USAGE_DAYS;
use copilot_domain::time::shift;
use copilot_domain::usage::DayUse;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::contract::{age_of, first_day};

/// Key events of an account by day.
pub(crate) struct KeyDays {
    /// By age in days; today, which may not be over, comes first.
    by_age: Vec<f64>,
    /// Days of history, today included.
    pub(crate) history: usize,
    /// The age of the last day that is over: 0 where the instant is the end of today, else 1.
    begun: usize,
    /// The last day that is over.
    pub(crate) last: Date,
}

impl KeyDays {
    pub(crate) fn new(snapshot: &Snapshot, config: &FeatureConfig) -> Self {
        let mut by_age = vec![0.0; USAGE_DAYS as usize + 1];
        let keys = keys(snapshot, config);
        for (day, used) in &snapshot.usage {
            let age = usize::try_from(age_of(snapshot, *day)).ok();
            if let Some(slot) = age.and_then(|age| by_age.get_mut(age)) {
                *slot = key_events(used, &keys).map(|(_, number)| number).sum::<u64>() as f64;
            }
        }
        let soon = snapshot.as_of.checked_add(1.second()).unwrap_or(snapshot.as_of);
        let begun = usize::from(snapshot.day(soon) == snapshot.today);
        Self {
            by_age,
            history: history_days(snapshot, config),
            begun,
            last: shift(snapshot.today, -(begun as i32)),
        }
    }

    /// Key events of the `days` days that end `offset` days before today.
    pub(crate) fn sum(&self, days: usize, offset: usize) -> f64 {
        self.by_age.iter().skip(offset).take(days).sum()
    }

    /// The last `days` days by age, today first.
    pub(crate) fn recent(&self, days: usize) -> &[f64] {
        &self.by_age[..days.min(self.by_age.len())]
    }

    /// The days that are over, the last first, as far as history goes.
    pub(crate) fn whole(&self) -> &[f64] {
        let until = self.history.clamp(self.begun, self.by_age.len());
        &self.by_age[self.begun..until]
    }

    /// The sums of the last `weeks` spans of seven whole days, oldest first; missing where history is shorter.
    pub(crate) fn weeks(&self, weeks: usize) -> Option<Vec<f64>> {
        let days = self.whole().get(..weeks * 7)?;
        Some(days.chunks(7).rev().map(|week| week.iter().sum()).collect())
    }

    /// The age of the last day that is over.
    pub(crate) fn begun(&self) -> usize {
        self.begun
    }
}

/// Which of the snapshot's event names show value.
pub(crate) fn keys(snapshot: &Snapshot, config: &FeatureConfig) -> Vec<bool> {
    snapshot
        .event_names
        .iter()
        .map(|name| config.is_key(name))
        .collect()
}

/// The key events of a day: the places of their names, and how many.
pub(crate) fn key_events(day: &DayUse, keys: &[bool]) -> impl Iterator<Item = (usize, u64)> {
    let placed = day
        .by_name
        .iter()
        .map(|(place, number)| (*place as usize, *number));
    placed.filter(|(place, _)| keys.get(*place) == Some(&true))
}

/// Days of history of use, today included. It starts with the first event, where usage is sent with the account if
/// that is earlier: an account of five days has no month to compare with.
pub(crate) fn history_days(snapshot: &Snapshot, config: &FeatureConfig) -> usize {
    let first_use = snapshot.usage.keys().next().map(|day| age_of(snapshot, *day) + 1);
    let age = || first_day(snapshot).map(|day| age_of(snapshot, day) + 1);
    let history = if config.is_connected(FeatureGroup::Usage) {
        first_use.max(age())
    } else {
        first_use
    };
    usize::try_from(history.unwrap_or(0)).unwrap_or(0)
}
