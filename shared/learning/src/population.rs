//! Whom a prediction is about, how many outcomes it needs before anything is trained, and how its label reads.

use copilot_domain::prediction::PredictionKind;
use copilot_features::FeatureVector;
use copilot_scoring::card::Applicability;
use copilot_scoring::profiles::CapWhen;
use serde::{Deserialize, Serialize};

/// Days within which an account without a contract must have bought to be called a customer.
pub const BOUGHT_WITHIN_DAYS: f64 = 180.0;

/// The least monthly recurring revenue, in major units, that its growth is foretold of.
pub const LEAST_MRR: f64 = 0.01;

/// What may be trained, by the number of accounts with the outcome and without (domain 5.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Under 50: rules only.
    Rules,
    /// 50 to 99: a logistic regression that is only watched.
    Watched,
    /// 100 to 199, and 100 without: a logistic regression.
    Logistic,
    /// 200 and more, and 500 without: boosted trees may stand beside it.
    Boosting,
}

impl Stage {
    /// The stage of these numbers of accounts.
    pub fn of(with: usize, without: usize) -> Self {
        match (with, without) {
            (200.., 500..) => Self::Boosting,
            (100.., 100..) => Self::Logistic,
            (50.., _) => Self::Watched,
            _ => Self::Rules,
        }
    }

    /// Accounts with the outcome, and without, that the next stage needs; `None` at the last.
    pub fn next(self) -> Option<(usize, usize)> {
        match self {
            Self::Rules => Some((50, 0)),
            Self::Watched => Some((100, 100)),
            Self::Logistic => Some((200, 500)),
            Self::Boosting => None,
        }
    }
}

fn has(features: &FeatureVector, name: &str) -> bool {
    features.get(name).is_some_and(|value| value >= 1.0)
}

/// Whether a prediction of the kind is made for an account, by what is known of it. Accounts that have given notice are left
/// out of churn: the decision is made, and a model that reads it learns nothing.
///
/// Revenue is spoken of where there is any: of buyers, and of contracts that bring money each month.
pub fn includes(kind: PredictionKind, features: &FeatureVector) -> bool {
    if has(features, "churned") {
        return false;
    }
    let is_transactional = has(features, "transactional");
    match kind {
        PredictionKind::Churn | PredictionKind::Revenue if is_transactional => features
            .get("days_since_purchase")
            .is_some_and(|days| days <= BOUGHT_WITHIN_DAYS),
        PredictionKind::Revenue => {
            !has(features, "cancel_notice") && features.get("mrr").is_some_and(|money| money >= LEAST_MRR)
        }
        PredictionKind::Churn => !has(features, "cancel_notice"),
        PredictionKind::Downgrade | PredictionKind::Expansion => !is_transactional,
        PredictionKind::Payment => features.get("purchases_total").is_some_and(|n| n >= 1.0),
    }
}

/// The conditions of [`includes`] as a model's card holds them, for a population that is transactional, is not, or is both.
pub fn applies_to(kind: PredictionKind, transactional_share: f64, max_missing_share: f64) -> Applicability {
    let at_most = |feature: &str, limit: f64| CapWhen {
        feature: feature.to_owned(),
        gte: None,
        gt: None,
        lte: Some(limit),
    };
    let at_least = |feature: &str, limit: f64| CapWhen {
        feature: feature.to_owned(),
        gte: Some(limit),
        gt: None,
        lte: None,
    };
    let mut all = vec![at_most("churned", 0.0)];
    let text = match kind {
        PredictionKind::Revenue if transactional_share <= 0.5 => {
            all.push(at_most("transactional", 0.0));
            all.push(at_most("cancel_notice", 0.0));
            all.push(at_least("mrr", LEAST_MRR));
            "accounts with recurring revenue that have not left and have given no notice"
        }
        PredictionKind::Revenue => {
            all.push(at_least("transactional", 1.0));
            all.push(at_most("days_since_purchase", BOUGHT_WITHIN_DAYS));
            "accounts without a contract that bought in the last 180 days"
        }
        PredictionKind::Churn if transactional_share > 0.99 => {
            all.push(at_least("transactional", 1.0));
            all.push(at_most("days_since_purchase", BOUGHT_WITHIN_DAYS));
            "accounts without a contract that bought in the last 180 days"
        }
        PredictionKind::Churn => {
            all.push(at_most("cancel_notice", 0.0));
            "accounts that have not left and have given no notice"
        }
        PredictionKind::Downgrade | PredictionKind::Expansion => {
            "accounts with a contract that have not left"
        }
        PredictionKind::Payment => {
            all.push(at_least("purchases_total", 1.0));
            "accounts that were billed before and have not left"
        }
    };
    Applicability {
        text: text.to_owned(),
        all,
        max_missing_share,
    }
}

/// What the label was, in words.
pub fn label(kind: PredictionKind, transactional_share: f64) -> &'static str {
    match kind {
        PredictionKind::Churn if transactional_share > 0.5 => "no purchase in the 90 days after",
        PredictionKind::Churn => "left within the 90 days after",
        PredictionKind::Downgrade => "contracted within the 90 days after",
        PredictionKind::Payment => "a payment failed or stayed out in the 90 days after",
        PredictionKind::Expansion => "expanded within the 90 days after",
        PredictionKind::Revenue if transactional_share > 0.5 => {
            "bought in the 90 days after, and for how much"
        }
        PredictionKind::Revenue => "paid more each month 90 days later, and how much more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_rise_with_the_accounts_of_both_outcomes() {
        assert_eq!(Stage::of(49, 9_000), Stage::Rules);
        assert_eq!(Stage::of(50, 0), Stage::Watched);
        assert_eq!(Stage::of(150, 99), Stage::Watched);
        assert_eq!(Stage::of(199, 9_000), Stage::Logistic);
        assert_eq!(Stage::of(200, 499), Stage::Logistic);
        assert_eq!(Stage::of(200, 500), Stage::Boosting);
        assert_eq!(Stage::Logistic.next(), Some((200, 500)));
    }

    #[test]
    fn who_gave_notice_or_left_is_not_asked_about() {
        let mut features = FeatureVector::default();
        assert!(includes(PredictionKind::Churn, &features));
        features.set("cancel_notice", 1.0);
        assert!(!includes(PredictionKind::Churn, &features));
        let mut buyer = FeatureVector::default();
        buyer.set("transactional", 1.0);
        buyer.set("days_since_purchase", 181.0);
        assert!(!includes(PredictionKind::Churn, &buyer));
        buyer.set("days_since_purchase", 180.0);
        assert!(includes(PredictionKind::Churn, &buyer));
        let applies = applies_to(PredictionKind::Churn, 1.0, 0.5);
        buyer.set("churned", 0.0);
        assert!(applies.all.iter().all(|when| when.holds(&buyer)));
    }
}
