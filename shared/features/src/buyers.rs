//! Orders to come of accounts that buy as they like: BG/NBD (Fader, Hardie, Lee, "Counting your customers the easy way",
//! Marketing Science 2005). While an account is alive it orders at a pace of its own, drawn from a gamma distribution; after
//! each order it may leave, with a chance of its own, drawn from a beta distribution. Four numbers describe everyone, two where
//! nobody is seen to leave.
//!
//! The numbers are fitted to a tenant's accounts and stand on a model's card. With them what is expected of an account follows
//! from its features, and the model reads it beside them ([`PURCHASES_AHEAD`]).

use serde::{Deserialize, Serialize};

use crate::catalogue::FeatureSpec;
use crate::config::FeatureGroup;

/// What a model reads that is no feature by itself: it takes the four numbers on its card.
pub const PURCHASES_AHEAD: FeatureSpec = FeatureSpec {
    name: "purchases_ahead_90d",
    unit: "count",
    window_days: 0,
    group: FeatureGroup::Payment,
    missing: "a contract, no purchase, or a model that was fitted to no buyers",
    text: "Days with a purchase to expect in the next 90, at its pace so far",
    version: 1,
};
/// Days that it looks ahead.
const AHEAD_DAYS: f64 = 90.0;

/// What an account's orders come to. Times are in any unit, the same for all; two orders at one instant are one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Buyer {
    /// Orders after the first.
    pub repeats: usize,
    /// From the first order to the last.
    pub recency: f64,
    /// From the first order to now.
    pub age: f64,
}

impl Buyer {
    /// The features that tell of a buyer.
    pub const TOLD_BY: [&str; 4] = [
        "transactional",
        "repeat_purchases",
        "days_first_to_last_purchase",
        "days_since_first_purchase",
    ];

    /// The buyer that features tell of, in days; `None` without a purchase, and of an account with a contract: its bills are no
    /// purchases.
    pub fn of(feature: impl Fn(&str) -> Option<f64>) -> Option<Self> {
        let told = Self::TOLD_BY.map(|name| feature(name).filter(|v| v.is_finite() && *v >= 0.0));
        let [transactional, repeats, recency, age] = told;
        (transactional? >= 1.0).then_some(())?;
        Some(Self {
            repeats: repeats? as usize,
            recency: recency?,
            age: age?,
        })
    }
}

/// The chance to leave: a beta distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Leaving {
    /// First shape.
    pub a: f64,
    /// Second shape.
    pub b: f64,
}

/// The fitted numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Nbd {
    /// Shape of the paces.
    pub r: f64,
    /// Rate of the paces, in the unit of time.
    pub alpha: f64,
    /// The chance to leave; `None`: nobody does.
    pub leaving: Option<Leaving>,
}

/// Terms of the series at the most; it ends where they no longer count.
const TERMS: u32 = 10_000;

impl Nbd {
    /// Whether the numbers are those of a fit: finite and above zero.
    pub fn is_sound(&self) -> bool {
        let leaving = self.leaving.map_or([1.0, 1.0], |l| [l.a, l.b]);
        let all = [self.r, self.alpha, leaving[0], leaving[1]];
        all.iter().all(|number| number.is_finite() && *number > 0.0)
    }

    /// [`PURCHASES_AHEAD`] of an account by its features; `None` where they tell of no buyer. No more than one a day.
    pub fn ahead(&self, feature: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        let expected = self.expected(&Buyer::of(feature)?, AHEAD_DAYS);
        expected.is_finite().then(|| expected.clamp(0.0, AHEAD_DAYS))
    }

    /// The chance that the account has not left.
    pub fn alive(&self, buyer: &Buyer) -> f64 {
        let Some(Leaving { a, b }) = self.leaving else {
            return 1.0;
        };
        if buyer.repeats == 0 {
            return 1.0;
        }
        let x = buyer.repeats as f64;
        let silence = (self.alpha + buyer.age) / (self.alpha + buyer.recency);
        1.0 / (1.0 + a / (b + x - 1.0) * silence.powf(self.r + x))
    }

    /// Orders to expect in the next `time`.
    ///
    /// Written with Euler's transformation of the hypergeometric function, so that nothing overflows for an account of many
    /// orders.
    pub fn expected(&self, buyer: &Buyer, time: f64) -> f64 {
        let x = buyer.repeats as f64;
        let Some(Leaving { a, b }) = self.leaving else {
            return (self.r + x) / (self.alpha + buyer.age) * time;
        };
        // At 1 the formula is a limit; a hair beside it is as good.
        let a = if (a - 1.0).abs() < 1e-7 { 1.0 + 1e-7 } else { a };
        let z = time / (self.alpha + buyer.age + time);
        let c = a + b + x - 1.0;
        let series = hypergeometric((a + b - self.r - 1.0, a - 1.0), c, z);
        let growth = c / (a - 1.0) * (1.0 - (1.0 - z).powf(a - 1.0) * series);
        growth * self.alive(buyer)
    }
}

/// Gauss's hypergeometric function 2F1(`up.0`, `up.1`; `down`; `z`) by its series; `z` is between 0 and 1.
fn hypergeometric(up: (f64, f64), down: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for done in 0..TERMS {
        let done = f64::from(done);
        term *= (up.0 + done) * (up.1 + done) / ((down + done) * (done + 1.0)) * z;
        sum += term;
        if term.abs() < 1e-15 * f64::abs(sum) {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITTED: Nbd = Nbd {
        r: 0.7,
        alpha: 68.0,
        leaving: Some(Leaving { a: 0.15, b: 4.5 }),
    };

    fn ahead(repeats: f64, recency: f64, age: f64) -> Option<f64> {
        FITTED.ahead(|name| match name {
            "transactional" => Some(1.0),
            "repeat_purchases" => Some(repeats),
            "days_first_to_last_purchase" => Some(recency),
            "days_since_first_purchase" => Some(age),
            _ => None,
        })
    }

    #[test]
    fn more_orders_promise_more_and_silence_less() {
        let regular = ahead(12.0, 360.0, 370.0).unwrap_or_default();
        assert!((2.0..3.0).contains(&regular), "an order a month: {regular}");
        assert!(ahead(4.0, 360.0, 370.0).is_some_and(|orders| orders < regular));
        assert!(ahead(12.0, 360.0, 550.0).is_some_and(|orders| orders < 0.5 * regular));
    }

    #[test]
    fn without_a_purchase_or_with_values_that_are_none_nothing_is_expected() {
        assert_eq!(FITTED.ahead(|_| None), None);
        assert_eq!(ahead(f64::NAN, 1.0, 2.0), None);
        assert_eq!(ahead(1.0, -1.0, 2.0), None);
        let with_contract = |name: &str| Some(if name == "transactional" { 0.0 } else { 5.0 });
        assert_eq!(FITTED.ahead(with_contract), None);
        assert!(ahead(5_000.0, 3_000.0, 3_000.0).is_some_and(f64::is_finite));
    }

    #[test]
    fn numbers_of_no_fit_are_told() {
        assert!(FITTED.is_sound());
        let r = f64::INFINITY;
        assert!(!Nbd { r, ..FITTED }.is_sound());
        let leaving = Some(Leaving { a: 0.0, b: 1.0 });
        assert!(!Nbd { leaving, ..FITTED }.is_sound());
    }
}
