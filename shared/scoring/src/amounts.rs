//! Amounts of money that a model of revenue tells: what they are held against, and how an account's expected amount is made.
//!
//! A hurdle: the probability that anything comes, times what comes if it does. The second is learnt as the logarithm of its ratio to
//! a base that the account has already, so that small and large accounts are told alike.

use copilot_domain::money::Currency;
use copilot_domain::prediction::{ExpectedAmount, Factor, RevenueForm};
use serde::{Deserialize, Serialize};

use crate::learnt_card::Interval;

/// Days that amounts speak of.
const WINDOW_DAYS: f64 = 90.0;

/// How amounts are told from the second tree operator of a model's file, whose output is `log_ratio`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AmountCard {
    /// What the amounts are.
    pub form: RevenueForm,
    /// Of ten rows that the trees had not seen, one lay below the told logarithm with this added.
    pub low: f64,
    /// And one above the told logarithm with this added.
    pub high: f64,
    /// What the trees say of the card's golden rows.
    pub golden: Vec<f64>,
}

/// How well expected amounts do on months that the model has not seen, beside the rule.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AmountValidation {
    /// Mean absolute error, major units.
    pub mae: f64,
    /// That of the rule.
    pub rule_mae: f64,
    /// By how much the model's is smaller, major units.
    pub mae_gain: Interval,
    /// How much of the money is found going down the model's list: 0 for chance, 1 for the order of the amounts themselves.
    pub gini: f64,
    /// That of the rule.
    pub rule_gini: f64,
    /// By how much the model's is larger.
    pub gini_gain: Interval,
    /// Sum of the expected amounts over the sum that came.
    pub total_ratio: f64,
    /// Share of the rows with an amount whose amount lay within the interval; 0.8 is meant.
    pub covered: f64,
}

/// What the account has already, in major units: the pace of its spend for 90 days, or its monthly recurring revenue. `value` gives
/// a feature by its name.
pub fn base(form: RevenueForm, value: impl Fn(&str) -> Option<f64>) -> f64 {
    match form {
        RevenueForm::Spend => rule(form, value),
        RevenueForm::Growth => value("mrr").unwrap_or(0.0).max(0.0),
    }
}

/// What the rule says without any model: 90 days at the pace of the last year, or the growth of the 90 days before once more.
pub fn rule(form: RevenueForm, value: impl Fn(&str) -> Option<f64>) -> f64 {
    match form {
        RevenueForm::Spend => {
            let known = value("days_since_first_purchase").unwrap_or(0.0);
            value("spend_365d").unwrap_or(0.0).max(0.0) * WINDOW_DAYS / known.clamp(WINDOW_DAYS, 365.0)
        }
        RevenueForm::Growth => {
            let change = value("mrr_change_90d").unwrap_or(0.0).max(0.0);
            value("mrr").unwrap_or(0.0).max(0.0) * change / (1.0 + change)
        }
    }
}

/// What comes if anything does, in major units: a base times a told ratio.
pub fn if_so(log_ratio: f64, base: f64) -> f64 {
    (log_ratio + base.max(0.0).ln_1p()).exp_m1().max(0.0)
}

impl AmountCard {
    /// The expected amount of an account in its currency; `parts` are the base and the reasons of `log_ratio`.
    pub fn expected(
        &self,
        probability: f64,
        log_ratio: f64,
        value: impl Fn(&str) -> Option<f64>,
        currency: Currency,
        (base_log_ratio, factors): (f64, Vec<Factor>),
    ) -> ExpectedAmount {
        let minor = |major: f64| (major * f64::from(10_u32.pow(currency.exponent()))).round() as i64;
        let base = base(self.form, &value);
        let told = if_so(log_ratio, base);
        ExpectedAmount {
            form: self.form,
            currency,
            expected_minor: minor(probability * told),
            if_so_minor: minor(told),
            if_so_low_minor: minor(if_so(log_ratio + self.low, base)),
            if_so_high_minor: minor(if_so(log_ratio + self.high, base)),
            run_rate_minor: minor(rule(self.form, &value)),
            base_log_ratio,
            factors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(known: &'a [(&'a str, f64)]) -> impl Fn(&str) -> Option<f64> + 'a {
        |name| known.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }

    #[test]
    fn the_rule_is_the_pace_of_the_year_or_the_growth_before() {
        let year = [("spend_365d", 3_650.0), ("days_since_first_purchase", 800.0)];
        assert!((rule(RevenueForm::Spend, of(&year)) - 900.0).abs() < 1e-9);
        let young = [("spend_365d", 100.0), ("days_since_first_purchase", 10.0)];
        assert!(
            (rule(RevenueForm::Spend, of(&young)) - 100.0).abs() < 1e-9,
            "no pace is made of ten days"
        );
        let grew = [("mrr", 120.0), ("mrr_change_90d", 0.2)];
        assert!((rule(RevenueForm::Growth, of(&grew)) - 20.0).abs() < 1e-9);
        assert!((base(RevenueForm::Growth, of(&grew)) - 120.0).abs() < 1e-9);
    }

    #[test]
    fn the_expected_amount_is_the_probability_times_what_comes_if_anything_does() {
        let card = AmountCard {
            form: RevenueForm::Spend,
            low: -1.0,
            high: 1.0,
            golden: Vec::new(),
        };
        let year = [("spend_365d", 3_650.0), ("days_since_first_purchase", 800.0)];
        let told = card.expected(0.5, 0.0, of(&year), Currency::USD, (0.0, Vec::new()));
        assert_eq!(
            (told.expected_minor, told.if_so_minor, told.run_rate_minor),
            (45_000, 90_000, 90_000)
        );
        assert!(
            (told.if_so_low_minor - 33_046).abs() <= 1,
            "901 / e - 1: {told:?}"
        );
        assert!(
            (told.if_so_high_minor - 244_817).abs() <= 1,
            "901 e - 1: {told:?}"
        );
    }
}
