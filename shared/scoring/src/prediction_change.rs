//! What moved a probability between two days: the same model, asked of an account as it was known on each of them.
//!
//! A model's inputs add up to its margin (log-odds) on both days, so the differences of what they add sum to the margin's
//! difference exactly. In points of the probability each difference counts for
//!
//! ```text
//! difference * (p_now - p_then) / (margin_now - margin_then)
//! ```
//!
//! its share of the change: the mean slope of the probability's curve between both margins. So these points sum to the
//! probability's change exactly, and each has the sign of its difference. Where the margin did not move, the slope at that
//! margin, p (1 - p), stands in: what raised and what lowered it cancel out.

use copilot_features::FeatureVector;
use serde::Serialize;

use crate::churn::sigmoid;
use crate::factors::said;
use crate::learnt::LearntModel;
use crate::onnx::OnnxModel;

/// Inputs that are named; the rest are summed into one.
const NAMED: usize = 8;
/// Margins closer than this have not moved.
const STILL: f64 = 1e-9;

/// What a model says of an account as it was on a day, input by input.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    base: f64,
    inputs: Vec<Input>,
}

#[derive(Debug, Clone, PartialEq)]
struct Input {
    name: String,
    value: Option<f64>,
    adds: f64,
}

/// What one input did to the probability between two days.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputChange {
    /// The feature; `others` for the rest in one.
    pub name: String,
    /// In words, with its value on both days.
    pub text: String,
    /// Its value on the earlier day; `null` where it was missing.
    pub value_compare: Option<f64>,
    /// Its value on the later day.
    pub value_at: Option<f64>,
    /// Log-odds that it adds on the later day, more than on the earlier.
    pub margin: f64,
    /// Its share of the probability's change.
    pub points: f64,
}

/// A probability between two days, by one model.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionChange {
    /// On the later day.
    pub probability_at: f64,
    /// On the earlier day.
    pub probability_compare: f64,
    /// Log-odds on the later day, more than on the earlier.
    pub margin: f64,
    /// What made it, the largest first; `margin` of all sums to the margin's change, `points` to the probability's.
    pub inputs: Vec<InputChange>,
}

impl Side {
    /// What a tenant's own model says.
    ///
    /// # Errors
    /// Why it says nothing of the account, or that its answers cannot be taken apart.
    pub fn of(model: &LearntModel, features: &FeatureVector) -> Result<Self, String> {
        let card = model.card();
        if let Some(why) = card.refuses(features) {
            return Err(why);
        }
        let parts = model.contributions(&card.row(features).0);
        let parts = parts.ok_or_else(|| "this model's answers cannot be taken apart".to_owned())?;
        let read = card.inputs.iter().map(|input| {
            let value = card.value(&input.name, |name| features.get(name));
            (input.name.as_str(), value)
        });
        Ok(Self::new(parts.base, read.zip(parts.columns)))
    }

    /// What the shipped model says.
    ///
    /// # Errors
    /// Why it says nothing of the account.
    pub fn of_shipped(model: &OnnxModel, features: &FeatureVector) -> Result<Self, String> {
        let card = model.card();
        if let Some(why) = card.refuses(features) {
            return Err(why);
        }
        let parts = card.contributions(&card.row(features).0);
        let read = card.inputs.iter();
        let read = read.map(|input| (input.name.as_str(), features.get(&input.name)));
        Ok(Self::new(card.intercept, read.zip(parts)))
    }

    fn new<'a>(base: f64, parts: impl Iterator<Item = ((&'a str, Option<f64>), f64)>) -> Self {
        let inputs = parts.map(|((name, value), adds)| Input {
            name: name.to_owned(),
            value,
            adds,
        });
        Self {
            base,
            inputs: inputs.collect(),
        }
    }

    /// The log-odds that its parts add up to.
    pub fn margin(&self) -> f64 {
        self.base + self.inputs.iter().map(|input| input.adds).sum::<f64>()
    }

    /// The probability of that.
    pub fn probability(&self) -> f64 {
        sigmoid(self.margin())
    }
}

/// What moved the probability from `compare` to `at`; both by the same model.
pub fn explain_prediction(at: &Side, compare: &Side) -> PredictionChange {
    let (probability_at, probability_compare) = (at.probability(), compare.probability());
    let margin = at.margin() - compare.margin();
    let slope = if margin.abs() > STILL {
        (probability_at - probability_compare) / margin
    } else {
        probability_at * (1.0 - probability_at)
    };
    let mut inputs: Vec<InputChange> = at
        .inputs
        .iter()
        .zip(&compare.inputs)
        .map(|(now, then)| InputChange {
            text: said(&now.name, then.value, now.value),
            name: now.name.clone(),
            value_compare: then.value,
            value_at: now.value,
            margin: now.adds - then.adds,
            points: (now.adds - then.adds) * slope,
        })
        .collect();
    inputs.sort_by(|a, b| {
        let by_size = b.margin.abs().total_cmp(&a.margin.abs());
        by_size.then_with(|| a.name.cmp(&b.name))
    });
    let rest = inputs.split_off(NAMED.min(inputs.len()));
    let moved = rest.iter().filter(|input| input.margin.abs() > STILL).count();
    if moved > 0 {
        inputs.push(InputChange {
            name: "others".to_owned(),
            text: format!("{moved} further inputs together"),
            value_compare: None,
            value_at: None,
            margin: rest.iter().map(|input| input.margin).sum(),
            points: rest.iter().map(|input| input.points).sum(),
        });
    }
    inputs.retain(|input| input.margin.abs() > STILL || input.name == "others");
    PredictionChange {
        probability_at,
        probability_compare,
        margin,
        inputs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn side(base: f64, adds: &[f64]) -> Side {
        let inputs = adds.iter().enumerate().map(|(at, adds)| Input {
            name: format!("f{at}"),
            value: Some(*adds),
            adds: *adds,
        });
        Side {
            base,
            inputs: inputs.collect(),
        }
    }

    proptest! {
        #[test]
        fn what_inputs_did_sums_to_the_change_of_margin_and_of_probability(
            base in -4.0..4.0_f64,
            adds in proptest::collection::vec((-2.0..2.0_f64, -2.0..2.0_f64), 1..40),
        ) {
            let (now, then): (Vec<f64>, Vec<f64>) = adds.into_iter().unzip();
            let change = explain_prediction(&side(base, &now), &side(base, &then));
            let margin: f64 = change.inputs.iter().map(|input| input.margin).sum();
            prop_assert!((margin - change.margin).abs() < 1e-6);
            let points: f64 = change.inputs.iter().map(|input| input.points).sum();
            let moved = change.probability_at - change.probability_compare;
            prop_assert!((points - moved).abs() < 1e-6, "{points} {moved}");
            for input in &change.inputs {
                prop_assert!(input.points * input.margin >= 0.0, "each has the sign of its difference");
            }
        }
    }

    #[test]
    fn what_cancels_out_is_shown_and_sums_to_nothing() {
        let change = explain_prediction(&side(0.0, &[1.0, 0.0]), &side(0.0, &[0.0, 1.0]));
        assert_eq!(change.inputs.len(), 2);
        assert!(change.margin.abs() < 1e-12);
        assert!(change.inputs.iter().map(|input| input.points).sum::<f64>().abs() < 1e-12);
        assert!(change.inputs.iter().any(|input| input.points > 0.1));
    }

    #[test]
    fn what_did_not_move_is_not_named() {
        let change = explain_prediction(&side(0.5, &[0.3, 0.2]), &side(0.5, &[0.3, 0.1]));
        let names: Vec<&str> = change.inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names, ["f1"]);
    }
}
