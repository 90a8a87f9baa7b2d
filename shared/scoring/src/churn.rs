//! The rules' own probability of churn: a fixed mapping of the health score and of the renewal's nearness.
//!
//! It is not trained. It exists so that there is an answer before there is a model, it is always of low confidence,
//! and it is monotone: a lower score never makes churn less likely. See `docs/scoring.md`.

use copilot_domain::health::{Health, Points};
use copilot_domain::prediction::{Prediction, PredictionKind};
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;

use crate::mapping::Mapping;

/// Days that predictions speak of.
pub const WINDOW_DAYS: u32 = 90;
/// Days after which a prediction is no longer shown as current.
pub const VALID_DAYS: u32 = 30;

/// Log-odds at scores: the renewal rates of the bands (95, 75, 45 and 15 %) at their middles, a line between.
const ANCHORS: [(f64, f64); 6] = [
    (0.0, 0.90),
    (12.5, 0.85),
    (37.5, 0.55),
    (62.5, 0.25),
    (87.5, 0.05),
    (100.0, 0.02),
];

/// Log-odds when no renewal falls into the window: an account seldom leaves in the middle of its term.
const NO_RENEWAL_IN_WINDOW: f64 = -1.2;
/// Log-odds when no renewal date is known.
const RENEWAL_UNKNOWN: f64 = -0.6;

/// The log-odds of a probability.
pub fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// The probability of log-odds.
pub fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

/// Log-odds of churn at a score, before the renewal is looked at.
pub fn margin_of_score(score: Points) -> f64 {
    let score = score.as_f64().clamp(0.0, 100.0);
    let mut below = ANCHORS[0];
    for above in ANCHORS {
        if score <= above.0 {
            let width = above.0 - below.0;
            let part = if width > 0.0 {
                (score - below.0) / width
            } else {
                0.0
            };
            return logit(below.1) + part * (logit(above.1) - logit(below.1));
        }
        below = above;
    }
    logit(below.1)
}

/// The rules' prediction; `None` where there is no computed score. A person's override is no evidence of what will
/// happen: the computed score stands here.
pub fn by_rules(
    health: &Health,
    features: &FeatureVector,
    at: Timestamp,
    note: Option<String>,
) -> Option<Prediction> {
    let score = health.computed_score?;
    let base = margin_of_score(Points::FULL);
    let fall = margin_of_score(score) - base;
    let lost_all = (Points::FULL - score).as_f64();
    let mut mapping = Mapping::from(base);
    let share = |lost: Points| {
        if lost_all > 0.0 {
            fall * lost.as_f64() / lost_all
        } else {
            0.0
        }
    };
    for measure in &health.measures {
        mapping.add(
            &measure.id,
            &measure.text,
            measure.value,
            share(measure.points_lost),
        );
    }
    for cap in &health.caps {
        mapping.add(
            &format!("cap:{}", cap.id),
            &cap.reason,
            None,
            share(cap.points_lost),
        );
    }
    let days = features.get("days_to_renewal");
    match days {
        Some(days) if days <= f64::from(WINDOW_DAYS) => {}
        Some(days) => mapping.add(
            "days_to_renewal",
            "no renewal within the window",
            Some(days),
            NO_RENEWAL_IN_WINDOW,
        ),
        None => mapping.add(
            "days_to_renewal",
            "no renewal date is known",
            None,
            RENEWAL_UNKNOWN,
        ),
    }
    Some(mapping.finish(PredictionKind::Churn, health.coverage, at, note))
}
