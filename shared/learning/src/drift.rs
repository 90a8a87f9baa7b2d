//! Drift: whether what a model sees, and what it says, is still what it was trained on.
//!
//! The population stability index of a feature compares the shares of its values in the bins of a reference:
//!
//! ```text
//! PSI = sum over bins of (current - reference) * ln(current / reference)
//! ```
//!
//! (Siddiqi, Credit Risk Scorecards, 2006; the same as the symmetrised Kullback-Leibler divergence.) The bins are cut at
//! the reference's deciles, equal cuts joined, and a missing value is a bin of its own, so that a source that stops
//! shows. A share counts as at least [`LEAST_SHARE`]: an empty bin would make the index infinite. By the usual reading,
//! below 0.1 nothing moved, above [`DRIFTED`] the feature drifted.
//!
//! On few rows the index is noise: without any drift it is about (bins - 1) * (1 / reference rows + 1 / current rows),
//! so fewer than [`LEAST_ROWS`] rows give no verdict.

use serde::{Deserialize, Serialize};

/// Quantile bins of a reference.
pub const BINS: usize = 10;
/// The index above which a feature drifted.
pub const DRIFTED: f64 = 0.2;
/// The smallest share that a bin counts as.
pub const LEAST_SHARE: f64 = 1e-4;
/// Rows on either side below which there is no verdict.
pub const LEAST_ROWS: usize = 100;

/// How a feature was spread when the model was trained. Part of a model's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// The feature.
    pub name: String,
    /// Rows that it was taken from.
    pub rows: usize,
    /// The inner cuts of the bins, ascending: a value lies in the first bin whose cut is not below it.
    pub cuts: Vec<f64>,
    /// The share of each bin, one more than there are cuts; with the share of missing values they sum to 1.
    pub shares: Vec<f64>,
    /// The share of missing values.
    pub missing: f64,
}

/// How far a feature went from its reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureDrift {
    /// The feature.
    pub name: String,
    /// Rows looked at.
    pub rows: usize,
    /// The population stability index.
    pub psi: f64,
    /// The share of missing values now.
    pub missing: f64,
    /// That against the reference's, in shares: 0.1 is ten points more.
    pub missing_change: f64,
    /// Whether the index is above [`DRIFTED`]; `None` on too few rows.
    pub is_drifted: Option<bool>,
}

/// What was predicted against what came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PredictionDrift {
    /// Predictions whose window is over.
    pub rows: usize,
    /// Mean of the predicted probabilities.
    pub predicted: f64,
    /// Share that it happened to.
    pub observed: f64,
    /// `predicted - observed`.
    pub gap: f64,
    /// How many standard errors the gap is: with every prediction right, beyond 2 in one of 22 cases. `None` when all
    /// predictions were certain (0 or 1): then any gap is an error.
    pub standard_errors: Option<f64>,
}

impl Reference {
    /// The reference of a feature; what is not finite is missing. `None` without rows.
    pub fn of(name: &str, values: &[Option<f64>]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let mut known: Vec<f64> = values
            .iter()
            .filter_map(|v| v.filter(|v| v.is_finite()))
            .collect();
        known.sort_by(f64::total_cmp);
        let mut cuts: Vec<f64> = (1..BINS)
            .filter_map(|bin| {
                known
                    .get((known.len() * bin).div_ceil(BINS).saturating_sub(1))
                    .copied()
            })
            .collect();
        cuts.dedup();
        // A cut at the largest value makes a bin that is empty now: it tells of values larger than ever.
        let mut reference = Self {
            name: name.to_owned(),
            rows: values.len(),
            shares: Vec::new(),
            missing: 0.0,
            cuts,
        };
        (reference.shares, reference.missing) = reference.spread(values);
        Some(reference)
    }

    /// How far other values of the feature are from this reference; `None` without rows.
    pub fn drift(&self, values: &[Option<f64>]) -> Option<FeatureDrift> {
        if values.is_empty() {
            return None;
        }
        let (shares, missing) = self.spread(values);
        let bins = self.shares.iter().zip(&shares);
        let psi = bins.map(|(was, is)| part(*was, *is)).sum::<f64>() + part(self.missing, missing);
        let enough = self.rows >= LEAST_ROWS && values.len() >= LEAST_ROWS;
        Some(FeatureDrift {
            name: self.name.clone(),
            rows: values.len(),
            psi,
            missing,
            missing_change: missing - self.missing,
            is_drifted: enough.then_some(psi > DRIFTED),
        })
    }

    /// The share of each bin, and of what is missing.
    fn spread(&self, values: &[Option<f64>]) -> (Vec<f64>, f64) {
        let mut counts = vec![0_usize; self.cuts.len() + 1];
        let mut missing = 0_usize;
        for value in values {
            match value.filter(|v| v.is_finite()) {
                Some(value) => counts[self.cuts.partition_point(|cut| *cut < value)] += 1,
                None => missing += 1,
            }
        }
        let all = values.len() as f64;
        let shares = counts.into_iter().map(|count| count as f64 / all).collect();
        (shares, missing as f64 / all)
    }
}

/// What a bin adds to the index.
fn part(was: f64, is: f64) -> f64 {
    let (was, is) = (was.max(LEAST_SHARE), is.max(LEAST_SHARE));
    (is - was) * (is / was).ln()
}

/// Predicted probabilities against what came, of predictions whose window is over; `None` without any. Both by row.
pub fn predictions(probabilities: &[f64], happened: &[bool]) -> Option<PredictionDrift> {
    let rows = probabilities.len().min(happened.len());
    if rows == 0 {
        return None;
    }
    let (probabilities, happened) = (&probabilities[..rows], &happened[..rows]);
    let all = rows as f64;
    let predicted = probabilities.iter().sum::<f64>() / all;
    let observed = happened.iter().filter(|it| **it).count() as f64 / all;
    let gap = predicted - observed;
    let error = probabilities.iter().map(|p| p * (1.0 - p)).sum::<f64>().sqrt() / all;
    let standard_errors = (error > 0.0).then(|| gap.abs() / error);
    Some(PredictionDrift {
        rows,
        predicted,
        observed,
        gap,
        standard_errors,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: impl IntoIterator<Item = u32>) -> Vec<Option<f64>> {
        values.into_iter().map(|v| Some(f64::from(v))).collect()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn bins_are_deciles_of_the_reference() {
        let reference = Reference::of("mrr", &numbers(1..=100)).unwrap();
        assert_eq!(
            reference.cuts,
            [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]
        );
        assert!(
            reference.shares.iter().all(|share| close(*share, 0.1)),
            "{reference:?}"
        );
        assert!(close(reference.missing, 0.0));
    }

    #[test]
    fn the_same_values_in_any_order_have_not_moved() {
        let reference = Reference::of("mrr", &numbers(1..=200)).unwrap();
        let same = reference.drift(&numbers((1..=200).rev())).unwrap();
        assert!(close(same.psi, 0.0), "{same:?}");
        assert_eq!(same.is_drifted, Some(false));
    }

    #[test]
    fn the_index_is_the_one_worked_by_hand() {
        // 100 zeros and 100 ones: one cut at 0, shares one half each. Now 20 zeros and 80 ones:
        // (0.2 - 0.5) ln(0.2 / 0.5) + (0.8 - 0.5) ln(0.8 / 0.5) = 0.3 ln 2.5 + 0.3 ln 1.6 = 0.3 ln 4.
        let halves = numbers(std::iter::repeat_n(0, 100).chain(std::iter::repeat_n(1, 100)));
        let reference = Reference::of("onboarding", &halves).unwrap();
        assert_eq!(reference.cuts, [0.0, 1.0]);
        let now = numbers(std::iter::repeat_n(0, 20).chain(std::iter::repeat_n(1, 80)));
        let drift = reference.drift(&now).unwrap();
        assert!(close(drift.psi, 0.3 * 4.0_f64.ln()), "{drift:?}");
        assert_eq!(drift.is_drifted, Some(true));
    }

    #[test]
    fn a_source_that_stops_is_drift_by_what_is_missing() {
        // From 10 % missing to 60 %; the known values stay spread alike over ten bins, 9 % each, then 4 % each:
        // 0.5 ln 6 + 10 * 0.05 ln(9 / 4).
        let mut was = numbers((1..=900).map(|n| n % 10));
        was.extend(vec![None; 100]);
        let reference = Reference::of("nps", &was).unwrap();
        assert!(close(reference.missing, 0.1));
        assert!(close(
            reference.missing + reference.shares.iter().sum::<f64>(),
            1.0
        ));
        let mut now = numbers((1..=400).map(|n| n % 10));
        now.extend(vec![None; 600]);
        let drift = reference.drift(&now).unwrap();
        assert!(
            close(drift.psi, 0.5 * 6.0_f64.ln() + 0.5 * (9.0_f64 / 4.0).ln()),
            "{drift:?}"
        );
        assert!(close(drift.missing_change, 0.5));
        assert_eq!(drift.is_drifted, Some(true));
    }

    #[test]
    fn values_beyond_all_that_was_seen_are_drift_of_a_finite_size() {
        let constant = Reference::of("seats", &numbers(std::iter::repeat_n(5, 200))).unwrap();
        assert_eq!(constant.cuts, [5.0]);
        let drift = constant.drift(&numbers(std::iter::repeat_n(6, 200))).unwrap();
        // Both bins swap: 2 (1 - 0.0001) ln(10 000).
        assert!(
            close(drift.psi, 2.0 * (1.0 - LEAST_SHARE) * (1.0 / LEAST_SHARE).ln()),
            "{drift:?}"
        );
    }

    #[test]
    fn on_few_rows_there_is_an_index_and_no_verdict() {
        let reference = Reference::of("mrr", &numbers(1..=99)).unwrap();
        let drift = reference.drift(&numbers(1000..2000)).unwrap();
        assert!(drift.psi > DRIFTED);
        assert_eq!(drift.is_drifted, None);
        assert_eq!(reference.drift(&[]), None);
        assert_eq!(Reference::of("mrr", &[]), None);
    }

    #[test]
    fn a_feature_that_was_always_missing_drifts_when_it_comes() {
        let reference = Reference::of("nps", &vec![None; 200]).unwrap();
        assert!(reference.cuts.is_empty() && close(reference.missing, 1.0));
        let drift = reference.drift(&numbers(1..=200)).unwrap();
        assert_eq!((drift.is_drifted, drift.missing), (Some(true), 0.0));
    }

    #[test]
    fn a_reference_survives_the_model_card() {
        let reference = Reference::of("mrr", &numbers((1..=300).map(|n| n * n))).unwrap();
        let text = serde_json::to_string(&reference).unwrap();
        assert_eq!(serde_json::from_str::<Reference>(&text).unwrap(), reference);
    }

    #[test]
    fn predictions_are_held_against_what_came() {
        // Four of 0.25 and one of the four happened: no gap. Two happened: gap -0.25, error sqrt(4 * 3/16) / 4.
        let right = predictions(&[0.25; 4], &[true, false, false, false]).unwrap();
        assert!(close(right.gap, 0.0) && right.standard_errors == Some(0.0));
        let low = predictions(&[0.25; 4], &[true, true, false, false]).unwrap();
        assert!(close(low.gap, -0.25), "{low:?}");
        assert!(
            close(low.standard_errors.unwrap(), 0.25 / (0.75_f64.sqrt() / 4.0)),
            "{low:?}"
        );
        assert_eq!(predictions(&[1.0], &[false]).unwrap().standard_errors, None);
        assert!(predictions(&[], &[]).is_none());
    }
}
