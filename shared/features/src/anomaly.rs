//! Whether a day or a week of use is out of the ordinary, by the account's own weeks before.
//!
//! *Expected* of a day is the median of the same weekday in the eight weeks before its week (at least four): the day
//! of the week is taken out, and a wild week does not move it. *How far off* is measured on the square-root scale of
//! Anscombe (1948), `2·√(n + 3/8)`, on which counts of chance vary by 1 whatever their level, so that weekends and
//! small accounts are judged alike. What the account varies by beyond chance is the median absolute deviation of
//! these weeks' days on that scale, or the bound of
//! their outermost sixth where that lies further out. A score is the distance in such deviations; beyond 3.5 a day is an anomaly, the
//! bound of Iglewicz and Hoaglin (1993). The season of the year is not in it: eight weeks follow it by themselves.

use crate::stats::{median_of, spread, wide_spread};

/// Distance at which a day is an anomaly.
pub(crate) const BOUND: f64 = 3.5;
/// Weeks that tell what to expect, at most.
const WEEKS: usize = 8;
/// And at least.
const LEAST_WEEKS: usize = 4;
/// By how much a median of few errs more than a mean does.
const MEDIAN_VARIANCE: f64 = std::f64::consts::FRAC_PI_2;

/// The scale on which counts of chance vary by 1.
pub(crate) fn root(count: f64) -> f64 {
    2.0 * (count.max(0.0) + 0.375).sqrt()
}

/// The count that has a root.
pub(crate) fn unroot(root: f64) -> f64 {
    ((root.max(0.0) / 2.0).powi(2) - 0.375).max(0.0)
}

/// A count held against what was expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Judged {
    pub(crate) value: f64,
    pub(crate) expected: f64,
    /// Below this, the count is an anomaly.
    pub(crate) low: f64,
    /// And above this.
    pub(crate) high: f64,
    /// Deviations from what was expected; negative when it is less.
    pub(crate) score: f64,
}

impl Judged {
    fn new(value: f64, expected: f64, deviation: f64) -> Self {
        let middle = root(expected);
        Self {
            value,
            expected,
            low: unroot(middle - BOUND * deviation),
            high: unroot(middle + BOUND * deviation),
            score: (root(value) - middle) / deviation,
        }
    }

    pub(crate) fn is_anomaly(&self) -> bool {
        self.score.abs() > BOUND
    }
}

/// What the weeks before a week let expect of it.
struct Baseline {
    by_weekday: [f64; 7],
    day_deviation: f64,
    week: f64,
    week_deviation: f64,
}

impl Baseline {
    /// Of the days from `offset` on, the newest first; missing where they are fewer than four weeks.
    fn new(whole: &[f64], offset: usize) -> Option<Self> {
        let days = whole.get(offset..)?;
        let weeks = (days.len() / 7).min(WEEKS);
        if weeks < LEAST_WEEKS {
            return None;
        }
        let days = &days[..weeks * 7];
        let mut by_weekday = [0.0; 7];
        for (at, expected) in by_weekday.iter_mut().enumerate() {
            *expected = median_of(days.iter().skip(at).step_by(7).copied())?;
        }
        let residuals: Vec<f64> = days
            .chunks(7)
            .flat_map(|week| week.iter().zip(&by_weekday))
            .map(|(value, expected)| root(*value) - root(*expected))
            .collect();
        let number = weeks as f64;
        // Seven medians were taken out of the residuals, and what is judged errs by the median as well.
        let unseen = |kept: f64| (kept * (1.0 + MEDIAN_VARIANCE / number)).sqrt();
        let day_deviation = (wide_spread(&residuals) * unseen(number / (number - 1.0))).max(1.0);
        let sums: Vec<f64> = days.chunks(7).map(|week| week.iter().sum()).collect();
        let week = median_of(sums.iter().copied())?;
        let off: Vec<f64> = sums.iter().map(|sum| root(*sum) - root(week)).collect();
        // Days that lean on each other make weeks vary more than days; they never vary less by more than luck.
        let week_deviation = (spread(&off) * unseen(number / (number - 1.0))).max(day_deviation);
        Some(Self {
            by_weekday,
            day_deviation,
            week,
            week_deviation,
        })
    }
}

/// The last `weeks` weeks, day by day, the newest first, as far as there are weeks to tell what to expect.
pub(crate) fn days(whole: &[f64], weeks: usize) -> Vec<Judged> {
    let of_week = |week: usize| {
        let base = Baseline::new(whole, (week + 1) * 7)?;
        let days = whole[week * 7..].iter().zip(base.by_weekday);
        let judged = days.map(|(value, expected)| Judged::new(*value, expected, base.day_deviation));
        Some(judged.collect::<Vec<Judged>>())
    };
    (0..weeks).map_while(of_week).flatten().collect()
}

/// The last week as a whole.
pub(crate) fn week(whole: &[f64]) -> Option<Judged> {
    let base = Baseline::new(whole, 7)?;
    Some(Judged::new(
        whole[..7].iter().sum(),
        base.week,
        base.week_deviation,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{Chance, WEEK};

    /// Days by chance around a weekly pattern, the newest first; the newest is the last of a week.
    fn series(seed: u64, days: usize, level: f64, wild: f64) -> Vec<f64> {
        let mut chance = Chance::new(seed);
        let mut series: Vec<f64> = (0..days)
            .map(|day| chance.count(level * WEEK[day % 7], wild))
            .collect();
        series.reverse();
        series
    }

    #[test]
    fn ordinary_days_are_seldom_anomalies() {
        for (level, wild, most) in [
            (0.3, 0.0, 0.01),
            (5.0, 0.0, 0.005),
            (40.0, 0.0, 0.005),
            (40.0, 0.4, 0.01),
        ] {
            let (mut anomalies, mut number) = (0, 0);
            for seed in 0..200 {
                let judged = days(&series(seed, 84, level, wild), 4);
                number += judged.len();
                anomalies += judged.iter().filter(|day| day.is_anomaly()).count();
            }
            let share = anomalies as f64 / number as f64;
            println!("level {level}, wild {wild}: {share:.4} of ordinary days");
            assert!(share < most, "level {level}, wild {wild}: {share}");
        }
    }

    #[test]
    fn ordinary_weeks_have_small_scores() {
        let far = (0..400).filter(|seed| week(&series(*seed, 70, 20.0, 0.3)).unwrap().is_anomaly());
        assert!(far.count() < 6);
    }

    #[test]
    fn a_silent_working_day_is_an_anomaly_and_a_silent_sunday_is_none() {
        // A Friday: the newest day is the fifth of the week.
        let mut friday = series(7, 82, 20.0, 0.0);
        friday[0] = 0.0;
        let judged = days(&friday, 1);
        assert!(judged[0].score < -BOUND, "{:?}", judged[0]);
        assert!(judged[0].low > 0.0 && judged[0].value < judged[0].low);
        let mut sunday = series(7, 84, 20.0, 0.0);
        sunday[0] = 0.0;
        assert!(!days(&sunday, 1)[0].is_anomaly());
        // As much as on a working day.
        sunday[0] = 25.0;
        assert!(days(&sunday, 1)[0].score > BOUND);
    }

    #[test]
    fn a_week_at_a_third_is_an_anomaly_though_no_day_need_be() {
        let mut fallen = series(11, 84, 20.0, 0.2);
        fallen[..7].iter_mut().for_each(|day| *day = (*day / 3.0).round());
        assert!(week(&fallen).unwrap().score < -BOUND);
    }

    #[test]
    fn one_wild_week_does_not_move_what_is_expected() {
        let mut days = series(3, 70, 20.0, 0.0);
        let before = week(&days).unwrap();
        days[21..28].iter_mut().for_each(|day| *day *= 50.0);
        let after = week(&days).unwrap();
        assert!((after.expected / before.expected - 1.0).abs() < 0.1);
    }

    #[test]
    fn under_five_weeks_nothing_is_said() {
        assert!(days(&series(1, 34, 20.0, 0.0), 4).is_empty());
        assert_eq!(week(&series(1, 34, 20.0, 0.0)), None);
        assert_eq!(days(&series(1, 35, 20.0, 0.0), 4).len(), 7);
    }
}
