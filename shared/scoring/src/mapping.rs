//! Fixed mappings of what is known to a probability, by documented numbers: `docs/scoring.md`.
//!
//! None is trained. They exist so that there is an answer before there is a model, and their confidence is always
//! low. Contributions and base sum to the margin (log-odds).

use copilot_domain::prediction::{ConfidenceLabel, Factor, Method, Prediction, PredictionKind, Push};
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;

use crate::churn::{VALID_DAYS, WINDOW_DAYS, logit, sigmoid};
use crate::episode::ahead;
use crate::text::fill;

/// Confidence when everything is known: nobody measured how well a mapping does for this tenant.
const BEST_CONFIDENCE: f64 = 0.35;

/// A mapping under way: the base, and what was added to it.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: f64,
    factors: Vec<Factor>,
}

impl Mapping {
    /// Begins at the log-odds `base`.
    pub(crate) fn from(base: f64) -> Self {
        Self {
            base,
            factors: Vec::new(),
        }
    }

    /// Adds log-odds; a factor that adds none is left out.
    pub(crate) fn add(&mut self, name: &str, text: &str, value: Option<f64>, contribution: f64) {
        if contribution.abs() > 0.0 {
            let direction = if contribution > 0.0 {
                Push::Raises
            } else {
                Push::Lowers
            };
            self.factors.push(Factor {
                name: name.to_owned(),
                text: text.to_owned(),
                value,
                contribution,
                direction,
                usual: None,
            });
        }
    }

    /// The prediction; `known` is the share of its inputs that were known, 0 to 1.
    pub(crate) fn finish(
        mut self,
        kind: PredictionKind,
        known: f64,
        at: Timestamp,
        note: Option<String>,
    ) -> Prediction {
        let margin = self.base + self.factors.iter().map(|f| f.contribution).sum::<f64>();
        self.factors.sort_by(|a, b| {
            let by_size = b.contribution.abs().total_cmp(&a.contribution.abs());
            by_size.then_with(|| a.name.cmp(&b.name))
        });
        let confidence = (known * BEST_CONFIDENCE * 1_000.0).round() / 1_000.0;
        Prediction {
            kind,
            probability: sigmoid(margin),
            confidence,
            confidence_label: ConfidenceLabel::of(confidence),
            method: Method::Rules,
            model_version: None,
            window_days: WINDOW_DAYS,
            computed_at: at,
            valid_until: ahead(at, VALID_DAYS),
            base_margin: Some(self.base),
            factors: self.factors,
            actual_outcome: None,
            was_accurate: None,
            note,
            shadow: false,
            amount: None,
        }
    }
}

/// One step of a table: from this value on, these log-odds.
type Step = (f64, f64);

/// A feature and what its values add, the mildest first.
struct Input {
    feature: &'static str,
    text: &'static str,
    /// Whether low values are the bad ones.
    falling: bool,
    steps: &'static [Step],
}

/// A payment of the next 90 days fails or stays out.
const PAYMENT: [Input; 2] = [
    Input {
        feature: "payments_failed_open",
        text: "{payments_failed_open|n:unpaid invoice} whose payment failed in 30 days",
        falling: false,
        steps: &[(1.0, 2.0), (2.0, 2.6)],
    },
    Input {
        feature: "oldest_overdue_days",
        text: "oldest invoice {oldest_overdue_days|n:day} overdue",
        falling: false,
        steps: &[(1.0, 0.7), (15.0, 1.4), (31.0, 2.2), (61.0, 3.0)],
    },
];
const PAYMENT_BASE: f64 = 0.03;

/// The account stays for less.
const DOWNGRADE: [Input; 6] = [
    Input {
        feature: "forecast_mrr_change",
        text: "forecast MRR {forecast_mrr_change|change}",
        falling: true,
        steps: &[(-0.02, 0.8), (-0.10, 2.0)],
    },
    Input {
        feature: "seat_utilisation",
        text: "{seat_utilisation|pct} of {seats|n:seat} active in 28 days",
        falling: true,
        steps: &[(0.70, 0.5), (0.50, 1.2)],
    },
    Input {
        feature: "cancel_page_visits_7d",
        text: "{cancel_page_visits_7d|n:visit} of the page to cancel or downgrade in 7 days",
        falling: false,
        steps: &[(1.0, 1.2)],
    },
    Input {
        feature: "billing_page_visits_7d",
        text: "{billing_page_visits_7d|n:visit} of the billing page in 7 days",
        falling: false,
        steps: &[(2.0, 0.4)],
    },
    Input {
        feature: "key_events_change_30d",
        text: "key events {key_events_change_30d|change} against the 30 days before",
        falling: true,
        steps: &[(-0.10, 0.3), (-0.25, 0.8)],
    },
    Input {
        feature: "active_user_share_change",
        text: "{active_users_30d|n:active user} in 30 days, {active_users_prev_30d|int} in the 30 before",
        falling: true,
        steps: &[(-0.10, 0.3), (-0.20, 0.6)],
    },
];
const DOWNGRADE_BASE: f64 = 0.05;
/// Log-odds when no renewal falls into the window: contracts are cut at their renewal.
const DOWNGRADE_NO_RENEWAL: f64 = -0.8;
/// Log-odds when no renewal date is known.
const DOWNGRADE_RENEWAL_UNKNOWN: f64 = -0.4;

/// The rules' probability that a payment fails or stays out; `None` where no invoice is known.
pub fn payment(features: &FeatureVector, at: Timestamp) -> Option<Prediction> {
    features.get("invoices_overdue")?;
    let (mapping, known) = read(features, PAYMENT_BASE, &PAYMENT);
    Some(mapping.finish(PredictionKind::Payment, known, at, None))
}

/// The rules' probability that the account stays for less; `None` where its revenue is not known or it left.
pub fn downgrade(features: &FeatureVector, at: Timestamp) -> Option<Prediction> {
    features.get("mrr").filter(|mrr| *mrr > 0.0)?;
    let (mut mapping, known) = read(features, DOWNGRADE_BASE, &DOWNGRADE);
    match features.get("days_to_renewal") {
        Some(days) if days <= f64::from(WINDOW_DAYS) => {}
        Some(days) => mapping.add(
            "days_to_renewal",
            "no renewal within the window",
            Some(days),
            DOWNGRADE_NO_RENEWAL,
        ),
        None => mapping.add(
            "days_to_renewal",
            "no renewal date is known",
            None,
            DOWNGRADE_RENEWAL_UNKNOWN,
        ),
    }
    Some(mapping.finish(PredictionKind::Downgrade, known, at, None))
}

/// What the inputs add, and the share of them that was known.
fn read(features: &FeatureVector, base: f64, inputs: &[Input]) -> (Mapping, f64) {
    let mut mapping = Mapping::from(logit(base));
    let mut known = 0;
    for input in inputs {
        let Some(value) = features.get(input.feature) else {
            continue;
        };
        known += 1;
        let reached = |from: f64| {
            if input.falling {
                value <= from
            } else {
                value >= from
            }
        };
        if let Some((_, adds)) = input.steps.iter().rev().find(|(from, _)| reached(*from)) {
            let text = fill(input.text, |name| features.get(name), |_| None);
            mapping.add(input.feature, &text, Some(value), *adds);
        }
    }
    (mapping, f64::from(known) / inputs.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(values: &[(&'static str, f64)]) -> FeatureVector {
        let mut vector = FeatureVector::default();
        for (name, value) in values {
            vector.set(name, *value);
        }
        vector
    }

    fn adds_up(said: &Prediction) {
        let margin = said.base_margin.unwrap() + said.factors.iter().map(|f| f.contribution).sum::<f64>();
        assert!((sigmoid(margin) - said.probability).abs() < 1e-12);
        assert_eq!(said.confidence_label, ConfidenceLabel::Low);
    }

    #[test]
    fn the_longer_an_invoice_is_overdue_the_likelier_the_next_payment_fails() {
        let at = Timestamp::UNIX_EPOCH;
        let mut last = 0.0;
        for days in [0.0, 1.0, 20.0, 45.0, 90.0] {
            let features = vector(&[
                ("invoices_overdue", 1.0),
                ("oldest_overdue_days", days),
                ("payments_failed_open", 0.0),
            ]);
            let said = payment(&features, at).unwrap();
            adds_up(&said);
            assert!(said.probability > last, "{days}: {}", said.probability);
            last = said.probability;
        }
        assert!(payment(&vector(&[]), at).is_none(), "no invoice is known");
    }

    #[test]
    fn empty_seats_before_a_renewal_point_to_a_downgrade() {
        let at = Timestamp::UNIX_EPOCH;
        let full = [
            ("mrr", 900.0),
            ("seat_utilisation", 0.9),
            ("days_to_renewal", 60.0),
        ];
        let empty = [
            ("mrr", 900.0),
            ("seat_utilisation", 0.4),
            ("days_to_renewal", 60.0),
        ];
        let far = [
            ("mrr", 900.0),
            ("seat_utilisation", 0.4),
            ("days_to_renewal", 200.0),
        ];
        let [full, empty, far] = [&full, &empty, &far].map(|values| downgrade(&vector(values), at).unwrap());
        [&full, &empty, &far].into_iter().for_each(adds_up);
        assert!(full.probability < empty.probability);
        assert!(far.probability < empty.probability);
        assert!(
            downgrade(&vector(&[("mrr", 0.0)]), at).is_none(),
            "nothing left to lose"
        );
    }
}
