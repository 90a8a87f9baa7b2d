//! Platt's calibration: a line through the margins, fitted on rows that the model was not grown on.

use serde::{Deserialize, Serialize};

use crate::logistic::Logistic;

/// `probability = sigmoid(slope × margin + offset)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// Slope; never negative, so that the order of the margins stands.
    pub slope: f64,
    /// Offset.
    pub offset: f64,
}

impl Default for Platt {
    fn default() -> Self {
        Self {
            slope: 1.0,
            offset: 0.0,
        }
    }
}

impl Platt {
    /// Fits margins to labels. Where they do not tell anything (one label, a falling line), only the level is mended, or
    /// nothing.
    pub fn fit(margins: &[f64], labels: &[bool]) -> Self {
        Self::fit_weighted(margins, labels, &vec![1.0; margins.len()])
    }

    /// The same for rows that count by a weight each.
    pub fn fit_weighted(margins: &[f64], labels: &[bool], weights: &[f64]) -> Self {
        let rows: Vec<Vec<f64>> = margins.iter().map(|m| vec![*m]).collect();
        match Logistic::fit_weighted(&rows, labels, weights, 1e-6) {
            Ok(fit) if fit.coefficients[0] > 0.0 => Self {
                slope: fit.coefficients[0],
                offset: fit.intercept,
            },
            _ => Self::default(),
        }
    }

    /// The calibrated log-odds.
    pub fn margin(&self, margin: f64) -> f64 {
        self.slope * margin + self.offset
    }

    /// The probability.
    pub fn probability(&self, margin: f64) -> f64 {
        1.0 / (1.0 + (-self.margin(margin)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overconfident_model_is_flattened_and_its_mean_meets_the_rate() {
        let margins: Vec<f64> = (0..400).map(|i| f64::from(i % 21) - 10.0).collect();
        // Half as sure as it says.
        let labels: Vec<bool> = margins
            .iter()
            .enumerate()
            .map(|(i, m)| ((i * 7919) % 1000) as f64 / 1000.0 < 1.0 / (1.0 + (-m / 2.0).exp()))
            .collect();
        let platt = Platt::fit(&margins, &labels);
        assert!((platt.slope - 0.5).abs() < 0.15, "{platt:?}");
        let mean = margins.iter().map(|m| platt.probability(*m)).sum::<f64>() / 400.0;
        let rate = labels.iter().filter(|l| **l).count() as f64 / 400.0;
        assert!((mean - rate).abs() < 1e-6);
    }

    #[test]
    fn one_label_leaves_the_margins_as_they_are() {
        assert_eq!(Platt::fit(&[0.1, 0.4], &[true, true]), Platt::default());
    }
}
