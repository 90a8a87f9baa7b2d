//! Where the use of the next 30 days will lie, if the account goes on as it does.
//!
//! *Method.* Key events are summed by whole weeks, which takes the day of the week out; the last 26 weeks count, and
//! 13 are the least. On the square-root scale (see [`crate::anomaly`]) a line is laid through them. Its slope is the
//! median of all slopes (Theil–Sen), shrunk by what chance alone makes of it; its level is the median of the last four
//! weeks laid on the present. Ahead, the slope is damped to four fifths a week (Gardner and McKenzie 1985), since
//! trends of use do not go on for ever. Thirty days are four weeks and two sevenths of the fifth.
//!
//! *Interval.* Of 80 %. The forecast is made again at each past week that had at least six weeks before it and thirty
//! days after it, and held against what came. Those errors overlap and are few. So they are taken together with the
//! error that the weeks themselves let expect: their spread about the line, and how much more they differ over four
//! weeks than over one, which is how far the level wanders (a random walk, Harvey 1989). The quantile is Student's for
//! so few. A change that was never there before, a holiday or a season of the year, is not foreseen.

use crate::anomaly::{root, unroot};
use crate::stats::{median, median_of, slope, spread};

/// Weeks that a forecast needs.
pub(crate) const LEAST_WEEKS: usize = 13;
/// Weeks that it looks at, at most.
const MOST_WEEKS: usize = 26;
/// Weeks before the first past forecast.
const FIRST: usize = 6;
/// Weeks of which the level is made, and over which it is seen to wander.
const LEVEL_WEEKS: usize = 4;
/// How many of its own variances a slope is held against: a slope that chance makes is mostly given up.
const SHRINKAGE: f64 = 4.0;
/// How much more a level is taken to wander than was seen: few weeks show too little of it. Chosen on series by chance
/// (see the tests), as was [`PRIOR`].
const WANDER: f64 = 2.0;
/// What is left of the slope from one week to the next.
const DAMPING: f64 = 0.8;
/// How much of each week ahead falls into 30 days.
const AHEAD: [f64; 5] = [1.0, 1.0, 1.0, 1.0, 2.0 / 7.0];
/// Weeks in 30 days.
const SPAN: f64 = 30.0 / 7.0;
/// Share of the outcomes that the interval is made to hold.
pub(crate) const COVERAGE: f64 = 0.8;
/// Past errors that the error to be expected counts for.
const PRIOR: f64 = 2.0;
/// Student's quantile of 90 % for 3, 4, … degrees of freedom.
const QUANTILES: [f64; 8] = [1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372];

/// Key events of the next 30 days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) mid: f64,
    pub(crate) high: f64,
}

/// A line through weeks on the root scale, at its present end.
struct Line {
    level: f64,
    slope: f64,
    /// How far the weeks lie from it; less than 1 where there is hardly any use.
    spread: f64,
}

impl Line {
    fn new(roots: &[f64]) -> Option<Self> {
        let slope = slope(roots)?;
        let spread = {
            let laid = laid(roots, slope);
            let middle = median_of(laid.iter().copied())?;
            spread(&laid.iter().map(|root| root - middle).collect::<Vec<f64>>())
        };
        let number = roots.len() as f64;
        // The variance of a slope that is none.
        let chance = 12.0 * spread.max(1.0).powi(2) / (number * (number * number - 1.0));
        let slope = slope * slope * slope / (slope * slope + SHRINKAGE * chance);
        let mut recent = laid(&roots[roots.len().saturating_sub(LEVEL_WEEKS)..], slope);
        Some(Self {
            level: median(&mut recent)?,
            slope,
            spread,
        })
    }

    /// The key events of the next 30 days.
    fn ahead(&self) -> f64 {
        let mut at = self.level;
        let mut step = self.slope;
        let mut sum = 0.0;
        for share in AHEAD {
            step *= DAMPING;
            at += step;
            // The mean of counts lies above the count of the mean root, by a quarter of the roots' variance.
            sum += share * (unroot(at) + self.spread.powi(2) / 4.0);
        }
        sum
    }

    /// The variance of the error that weeks let expect, on the root scale: that of the weeks to come, and that of the
    /// level, which is off for all of them together and wanders on.
    fn variance(&self, roots: &[f64]) -> f64 {
        let weeks = LEVEL_WEEKS as f64;
        let level = self.spread.max(1.0).powi(2) * std::f64::consts::FRAC_PI_2 / weeks;
        let differences = |apart: usize| {
            let pairs = roots.iter().zip(&roots[apart..]);
            let off = pairs.map(|(then, now)| (now - then - self.slope * apart as f64).powi(2));
            off.sum::<f64>() / (roots.len() - apart) as f64
        };
        let step = ((differences(LEVEL_WEEKS) - differences(1)) / (weeks - 1.0)).max(0.0);
        let wandered = WANDER * step * (SPAN + weeks) / 3.0;
        self.spread.max(1.0).powi(2) + SPAN * (level + wandered)
    }
}

/// Weeks laid on the present along a slope, the newest first.
fn laid(roots: &[f64], slope: f64) -> Vec<f64> {
    let numbered = (0_u32..).zip(roots.iter().rev());
    numbered
        .map(|(weeks_ago, root)| root + slope * f64::from(weeks_ago))
        .collect()
}

/// Forecasts from weekly sums, oldest first; missing of fewer than [`LEAST_WEEKS`].
pub(crate) fn forecast(weeks: &[f64]) -> Option<Range> {
    if weeks.len() < LEAST_WEEKS {
        return None;
    }
    let weeks = &weeks[weeks.len().saturating_sub(MOST_WEEKS)..];
    let roots: Vec<f64> = weeks.iter().map(|sum| root(*sum)).collect();
    let line = Line::new(&roots)?;
    let mut squares = Vec::new();
    for origin in FIRST..=weeks.len() - AHEAD.len() {
        let came: f64 = weeks[origin..]
            .iter()
            .zip(AHEAD)
            .map(|(sum, share)| sum * share)
            .sum();
        let error = root(came) - root(Line::new(&roots[..origin])?.ahead());
        squares.push(error.powi(2));
    }
    // Forecasts of neighbouring weeks err together: as many errors count as there are spans of their own.
    let number = squares.len() as f64 / SPAN;
    let past = squares.iter().sum::<f64>() / squares.len() as f64;
    let variance = (number * past + PRIOR * line.variance(&roots)) / (number + PRIOR);
    let degrees = (number + PRIOR + 1.0).round() as usize;
    let quantile = QUANTILES[degrees.saturating_sub(3).min(QUANTILES.len() - 1)];
    let mid = line.ahead();
    let reach = quantile * variance.sqrt();
    Some(Range {
        low: unroot(root(mid) - reach).min(mid),
        mid,
        high: unroot(root(mid) + reach),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{Chance, WEEK};

    /// Share of series whose next 30 days lie in the interval, and mean width against the outcome.
    fn coverage(
        weeks: usize,
        seed: u64,
        mean_of: impl Fn(usize, &mut Chance) -> f64,
        wild: f64,
    ) -> (f64, f64) {
        let (mut inside, mut width) = (0, 0.0);
        let rounds = 400;
        for round in 0..rounds {
            let mut chance = Chance::new(seed * 1_000 + round);
            let days: Vec<f64> = (0..weeks * 7 + 30)
                .map(|day| {
                    let mean = mean_of(day, &mut chance) * WEEK[day % 7];
                    chance.count(mean, wild)
                })
                .collect();
            let sums: Vec<f64> = days[..weeks * 7]
                .chunks(7)
                .map(|week| week.iter().sum())
                .collect();
            let came: f64 = days[weeks * 7..].iter().sum();
            let range = forecast(&sums).unwrap();
            assert!(range.low <= range.mid && range.mid <= range.high && range.low >= 0.0);
            inside += u64::from(range.low <= came && came <= range.high);
            width += (range.high - range.low) / came.max(1.0);
        }
        (inside as f64 / rounds as f64, width / rounds as f64)
    }

    #[test]
    fn four_of_five_outcomes_lie_in_the_interval() {
        let steady = |_: usize, _: &mut Chance| 20.0;
        let rising = |day: usize, _: &mut Chance| 10.0 * 1.02_f64.powf(day as f64 / 7.0);
        let falling = |day: usize, _: &mut Chance| 60.0 * 0.97_f64.powf(day as f64 / 7.0);
        for (name, (share, width), widest) in [
            ("steady, 13 weeks", coverage(13, 1, steady, 0.0), 0.35),
            ("steady, 26 weeks", coverage(26, 2, steady, 0.0), 0.3),
            ("wild days", coverage(26, 3, steady, 0.5), 0.7),
            ("hardly any use", coverage(20, 4, |_, _| 0.3, 0.0), 3.0),
            ("rising 2 % a week", coverage(26, 5, rising, 0.1), 0.4),
            ("falling 3 % a week", coverage(26, 6, falling, 0.1), 0.4),
        ] {
            println!("{name}: {share:.3} inside, width {width:.2} of the outcome");
            assert!((0.75..=0.97).contains(&share), "{name}: {share}");
            assert!(width < widest, "{name}: width {width}");
        }
    }

    #[test]
    fn a_level_that_wanders_widens_the_interval() {
        let mut inside = 0;
        let rounds = 400_u64;
        for round in 0..rounds {
            let mut chance = Chance::new(90_000 + round);
            let mut level: f64 = 30.0;
            let days: Vec<f64> = (0..26 * 7 + 30)
                .map(|day| {
                    if day % 7 == 0 {
                        level = (level * (0.12 * chance.normal()).exp()).clamp(2.0, 400.0);
                    }
                    chance.count(level * WEEK[day % 7], 0.1)
                })
                .collect();
            let sums: Vec<f64> = days[..26 * 7].chunks(7).map(|week| week.iter().sum()).collect();
            let came: f64 = days[26 * 7..].iter().sum();
            let range = forecast(&sums).unwrap();
            inside += u64::from(range.low <= came && came <= range.high);
        }
        let share = inside as f64 / rounds as f64;
        println!("wandering level: {share:.3} inside");
        assert!(share > 0.7, "{share}");
    }

    #[test]
    fn a_line_goes_on_damped_and_one_wild_week_does_not_bend_it() {
        // A line on the root scale, half a root a week.
        let week = |at: f64| unroot(20.0 + 0.5 * at);
        let mut weeks: Vec<f64> = (0..20).map(|at| week(f64::from(at))).collect();
        let straight = forecast(&weeks).unwrap().mid;
        let undamped: f64 = AHEAD
            .iter()
            .zip(20..)
            .map(|(share, at)| share * week(f64::from(at)))
            .sum();
        assert!(straight > week(19.0) * SPAN && straight < undamped, "{straight}");
        weeks[10] = 5_000.0;
        let bent = forecast(&weeks).unwrap().mid;
        assert!((bent / straight - 1.0).abs() < 0.05, "{bent}");
    }

    #[test]
    fn nothing_stays_nothing_and_few_weeks_say_nothing() {
        let range = forecast(&[0.0; 20]).unwrap();
        assert!(
            range.mid < 1e-9 && range.low < 1e-9 && range.high < 5.0,
            "{range:?}"
        );
        assert_eq!(forecast(&[9.0; 12]), None);
    }
}
