//! How still an account's score stands: what a tenant looks at after it changed its profiles.

use copilot_domain::health::{Points, ScorePoint};
use copilot_domain::time::{days_between, shift};
use jiff::civil::Date;
use serde::Serialize;

/// Days that are looked at.
pub const DAYS: i32 = 30;

/// How still a score stood in the last 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stability {
    /// How often the band changed from one score to the next; days without a score are passed over.
    pub band_changes_30d: u32,
    /// Points that the score moved by on a mean day: the sum of the absolute changes from one score to the next over
    /// the days between the first and the last of them. `None` with fewer than two scores.
    pub mean_abs_change_30d: Option<f64>,
}

/// The stability of an account from its points, in any order, up to `today`.
pub fn stability(points: &[ScorePoint], today: Date) -> Stability {
    let from = shift(today, -DAYS);
    let mut scored: Vec<(Date, Points, &ScorePoint)> = points
        .iter()
        .filter(|point| point.day >= from && point.day <= today)
        .filter_map(|point| Some((point.day, point.score?, point)))
        .collect();
    scored.sort_by_key(|(day, ..)| *day);
    let pairs = || scored.windows(2);
    let changes = pairs().filter(|pair| pair[0].2.band != pair[1].2.band).count();
    let moved: i64 = pairs().map(|pair| (pair[1].1 - pair[0].1).milli().abs()).sum();
    let days = match (scored.first(), scored.last()) {
        (Some((first, ..)), Some((last, ..))) => days_between(*first, *last),
        _ => 0,
    };
    Stability {
        band_changes_30d: u32::try_from(changes).unwrap_or(u32::MAX),
        mean_abs_change_30d: (days > 0)
            .then(|| (Points::from_milli(moved).as_f64() / f64::from(days) * 1_000.0).round() / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::health::Band;

    fn point(day: &str, score: Option<f64>) -> ScorePoint {
        let score = score.map(Points::from_f64);
        ScorePoint {
            day: day.parse().unwrap(),
            score,
            band: score.map_or(Band::InsufficientData, Band::of),
        }
    }

    #[test]
    fn it_counts_bands_from_score_to_score_and_spreads_moves_over_the_days_between() {
        let points = [
            point("2026-02-01", Some(10.0)),
            point("2026-03-10", Some(80.0)),
            point("2026-03-12", Some(70.0)),
            point("2026-03-13", None),
            point("2026-03-20", Some(74.0)),
            point("2026-04-01", Some(10.0)),
        ];
        let found = stability(&points, "2026-03-22".parse().unwrap());
        assert_eq!(found.band_changes_30d, 1);
        assert_eq!(found.mean_abs_change_30d, Some(1.4), "10 + 4 points in 10 days");
    }

    #[test]
    fn one_score_says_nothing_of_moves() {
        let found = stability(&[point("2026-03-10", Some(80.0))], "2026-03-22".parse().unwrap());
        assert_eq!((found.band_changes_30d, found.mean_abs_change_30d), (0, None));
    }
}
