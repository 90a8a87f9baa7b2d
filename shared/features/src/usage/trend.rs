//! Where the use is going: slopes, drops with the season taken out, pauses, peaks.

use super::days::KeyDays;
use crate::stats::{mean, median_of, relative_slope, variation};
use crate::vector::FeatureVector;
use crate::{change, ratio};

/// Days after which the same weekday of a year before comes.
const YEAR: usize = 364;

pub(super) fn compute(days: &KeyDays, vector: &mut FeatureVector) {
    for (name, weeks) in [("key_events_slope_8w", 8), ("key_events_slope_13w", 13)] {
        vector.set(name, days.weeks(weeks).and_then(|weeks| relative_slope(&weeks)));
    }
    let quarter = days.weeks(13);
    let of_quarter = |of: &dyn Fn(&[f64]) -> Option<f64>| quarter.as_deref().and_then(of);
    vector.set("key_events_variation_13w", of_quarter(&variation));
    vector.set(
        "quiet_weeks_13w",
        of_quarter(&|weeks| Some(weeks.iter().filter(|sum| **sum <= 0.0).count() as f64)),
    );
    vector.set(
        "key_events_peak_share_13w",
        of_quarter(&|weeks| {
            let peak = weeks.iter().copied().fold(0.0, f64::max);
            ratio(*weeks.last()?, peak)
        }),
    );
    seasons(days, vector);
    pauses(days, vector);
}

/// Drops against what the season lets expect; negative when use rose.
fn seasons(days: &KeyDays, vector: &mut FeatureVector) {
    let whole = days.whole();
    let week = |weeks: usize, offset: usize| {
        let before = whole.get(offset..offset + weeks * 7)?;
        let of_weekday = |day: usize| median_of(before.iter().skip(day).step_by(7).copied());
        (0..7).map(of_weekday).sum::<Option<f64>>()
    };
    let drop = |now: Option<f64>, expected: Option<f64>| change(now?, expected?).map(|change| -change);
    let sum = |days: usize, offset: usize| {
        let span = whole.get(offset..offset + days)?;
        Some(span.iter().sum::<f64>())
    };
    vector.set("key_events_drop_7d_seasonal", drop(sum(7, 0), week(8, 7)));
    vector.set(
        "key_events_drop_28d_seasonal",
        drop(sum(28, 0), week(12, 28).map(|week| week * 4.0)),
    );
    let (now, before) = (sum(28, 0), sum(28, 28));
    let (then, before_then) = (sum(28, YEAR), sum(28, YEAR + 28));
    vector.set(
        "key_events_change_year_28d",
        now.zip(then).and_then(|(now, then)| change(now, then)),
    );
    // What these four weeks did to the four before them a year ago, they are expected to do again.
    let usual = then
        .zip(before_then)
        .and_then(|(then, before)| ratio(then, before));
    let expected = before.zip(usual).map(|(before, usual)| before * usual);
    vector.set("key_events_drop_28d_year", drop(now, expected));
}

/// Days without use, against the account's own pauses.
fn pauses(days: &KeyDays, vector: &mut FeatureVector) {
    let whole = days.whole();
    let active = |days: &[f64]| days.iter().filter(|number| **number > 0.0).count() as f64;
    let (now, before) = (whole.get(..28).map(&active), whole.get(28..56).map(&active));
    vector.set("active_days_28d", now);
    vector.set(
        "active_days_change_28d",
        now.zip(before).map(|(now, before)| now - before),
    );
    let Some(quarter) = whole.get(..90) else { return };
    let pauses = quarter.split(|number| *number > 0.0).map(<[f64]>::len);
    vector.set("longest_pause_90d", pauses.max().map(|days| days as f64));
    let ages: Vec<f64> = (0_u16..)
        .zip(quarter)
        .filter(|(_, number)| **number > 0.0)
        .map(|(age, _)| f64::from(age))
        .collect();
    let gaps: Vec<f64> = ages.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let usual = mean(&gaps).filter(|_| gaps.len() >= 2);
    vector.set(
        "silence_in_pauses",
        ages.first()
            .zip(usual)
            .and_then(|(silent, usual)| ratio(*silent, usual)),
    );
}
