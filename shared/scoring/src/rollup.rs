//! What a parent account's score is by its children's (`domain.md` A14). Beside its own score, never in place of it.

use std::collections::BTreeMap;

use copilot_domain::health::Points;
use copilot_domain::money::Money;

use crate::points::round_to_tenth;
use crate::profiles::Rollup;

/// A child, as far as a roll-up needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// Its score.
    pub score: Option<Points>,
    /// Its annual recurring revenue.
    pub arr: Option<Money>,
}

/// A roll-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolledUp {
    /// The score, one decimal; `None` where no child counts.
    pub score: Option<Points>,
    /// Children that count in it.
    pub counted: usize,
}

/// Rolls children up. Those without a score never count. By ARR, amounts of different currencies are not added: the
/// currency that most scored children share counts (of equals the first by name), and only amounts above nothing.
pub fn roll_up(mode: Rollup, children: &[Child]) -> RolledUp {
    let scored = children.iter().filter_map(|c| Some((c.score?, c.arr)));
    let weighed: Vec<(Points, i128)> = match mode {
        Rollup::Average | Rollup::Worst => scored.map(|(score, _)| (score, 1)).collect(),
        Rollup::ArrWeighted => {
            let paying: Vec<(Points, Money)> = scored
                .filter_map(|(score, arr)| Some((score, arr.filter(|arr| arr.amount_minor > 0)?)))
                .collect();
            let mut currencies: BTreeMap<String, usize> = BTreeMap::new();
            for (_, arr) in &paying {
                *currencies.entry(arr.currency.to_string()).or_default() += 1;
            }
            let most = currencies.into_iter().rev().max_by_key(|(_, number)| *number);
            let most = most.map(|(currency, _)| currency).unwrap_or_default();
            paying
                .into_iter()
                .filter(|(_, arr)| arr.currency.as_str() == most)
                .map(|(score, arr)| (score, i128::from(arr.amount_minor)))
                .collect()
        }
    };
    let score = if mode == Rollup::Worst {
        weighed.iter().map(|(score, _)| *score).min()
    } else {
        let whole: i128 = weighed.iter().map(|(_, weight)| weight).sum();
        let sum: i128 = weighed
            .iter()
            .map(|(score, weight)| i128::from(score.milli()) * weight)
            .sum();
        // A mean of scores is at most 100,000 thousandths.
        (whole > 0)
            .then(|| Points::from_milli(round_to_tenth(i64::try_from(sum / whole).unwrap_or_default())))
    };
    RolledUp {
        score,
        counted: weighed.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::money::Currency;

    fn child(score: Option<f64>, arr: Option<(i64, &str)>) -> Child {
        Child {
            score: score.map(Points::from_f64),
            arr: arr.map(|(amount_minor, currency)| Money {
                amount_minor,
                currency: Currency::new(currency).unwrap(),
            }),
        }
    }

    fn rolled(mode: Rollup, children: &[Child]) -> (Option<f64>, usize) {
        let found = roll_up(mode, children);
        (found.score.map(Points::as_f64), found.counted)
    }

    #[test]
    fn the_mean_counts_every_child_alike_the_weighted_one_by_arr_and_the_worst_is_the_lowest() {
        let all = [
            child(Some(80.0), Some((300, "EUR"))),
            child(Some(40.0), Some((100, "EUR"))),
            child(None, Some((900, "EUR"))),
        ];
        assert_eq!(rolled(Rollup::Average, &all), (Some(60.0), 2));
        assert_eq!(rolled(Rollup::ArrWeighted, &all), (Some(70.0), 2));
        assert_eq!(rolled(Rollup::Worst, &all), (Some(40.0), 2));
        assert_eq!(rolled(Rollup::Average, &all[2..]), (None, 0));
    }

    #[test]
    fn amounts_of_other_currencies_and_of_nothing_have_no_weight() {
        let all = [
            child(Some(80.0), Some((100, "EUR"))),
            child(Some(60.0), Some((100, "EUR"))),
            child(Some(10.0), Some((9_000, "JPY"))),
            child(Some(10.0), Some((0, "EUR"))),
            child(Some(10.0), None),
        ];
        assert_eq!(rolled(Rollup::ArrWeighted, &all), (Some(70.0), 2));
        assert_eq!(rolled(Rollup::ArrWeighted, &all[3..]), (None, 0));
    }
}
