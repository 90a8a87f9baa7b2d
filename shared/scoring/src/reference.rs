//! What a model's card keeps of the rows that it learnt from, so that later rows can be held against them.
//!
//! The population stability index of a feature compares the shares of its values in the bins of a reference:
//!
//! ```text
//! PSI = sum over bins of (current - reference) * ln(current / reference)
//! ```
//!
//! (Siddiqi, Credit Risk Scorecards, 2006; the same as the symmetrised Kullback-Leibler divergence.) The bins are cut at
//! the reference's deciles, equal cuts joined, and a missing value is a bin of its own, so that a source that stops
//! shows. A share counts as at least [`LEAST_SHARE`]: an empty bin would make the index infinite.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Quantile bins of a reference.
pub const BINS: usize = 10;
/// The smallest share that a bin counts as.
pub const LEAST_SHARE: f64 = 1e-4;

/// How a feature was spread over the rows that a model learnt from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reference {
    /// The feature.
    pub name: String,
    /// Rows that it was taken from.
    pub rows: usize,
    /// The inner cuts of the bins, ascending: a value lies in the first bin whose cut is not below it.
    pub cuts: Vec<f32>,
    /// The share of each bin, one more than there are cuts; with the share of missing values they sum to 1.
    pub shares: Vec<f32>,
    /// The share of missing values.
    pub missing: f32,
}

/// What a card keeps of the rows that its model learnt from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct References {
    /// The cut-offs of these rows, the oldest first.
    pub cutoffs: Vec<Date>,
    /// A reference for each input, in the order of the card's inputs.
    pub features: Vec<Reference>,
    /// The model's own answers, by members that had not seen the row.
    pub predictions: Option<Reference>,
    /// The same by health profile, of the profiles with the most rows.
    pub segments: Vec<SegmentReferences>,
}

impl References {
    /// Rows of all its cut-offs. A feature is taken from fewer where its window was longer than the history before some.
    pub fn rows(&self) -> usize {
        let rows = self.features.iter().map(|reference| reference.rows);
        rows.max().unwrap_or_default()
    }

    /// Accounts of a usual cut-off.
    pub fn accounts(&self) -> usize {
        self.rows() / self.cutoffs.len().max(1)
    }
}

/// The rows of one health profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SegmentReferences {
    /// The profile.
    pub segment: String,
    /// A reference for each input, in the order of the card's inputs.
    pub features: Vec<Reference>,
    /// The model's own answers.
    pub predictions: Option<Reference>,
}

/// How other values are spread against a reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The population stability index.
    pub psi: f64,
    /// What the share of missing values adds to it.
    pub psi_missing: f64,
    /// The share of missing values now.
    pub missing: f64,
}

impl Reference {
    /// The reference of a feature; what is not finite is missing. `None` without rows.
    pub fn of(name: &str, values: &[f32]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let mut known: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
        known.sort_by(f32::total_cmp);
        let cut = |bin: usize| {
            known
                .get((known.len() * bin).div_ceil(BINS).saturating_sub(1))
                .copied()
        };
        let mut cuts: Vec<f32> = (1..BINS).filter_map(cut).collect();
        cuts.dedup();
        // A cut at the largest value makes a bin that is empty now: it tells of values larger than ever.
        let mut reference = Self {
            name: name.to_owned(),
            rows: values.len(),
            shares: Vec::new(),
            missing: 0.0,
            cuts,
        };
        let (shares, missing) = reference.spread(values);
        reference.shares = shares.into_iter().map(|share| share as f32).collect();
        reference.missing = missing as f32;
        Some(reference)
    }

    /// How other values of the feature are spread against this reference; `None` without rows.
    pub fn shift(&self, values: &[f32]) -> Option<Shift> {
        if values.is_empty() {
            return None;
        }
        let (shares, missing) = self.spread(values);
        let bins = self.shares.iter().zip(&shares);
        let psi_missing = part(f64::from(self.missing), missing);
        let psi = bins.map(|(was, is)| part(f64::from(*was), *is)).sum::<f64>() + psi_missing;
        Some(Shift {
            psi,
            psi_missing,
            missing,
        })
    }

    /// The middle of the known values, by the cut of the bin in which it lies; `None` where all were missing.
    pub fn middle(&self) -> Option<f64> {
        let half = self.shares.iter().sum::<f32>() / 2.0;
        let mut below = 0.0;
        let at = self.shares.iter().position(|share| {
            below += share;
            below >= half - 1e-6
        })?;
        let cut = self.cuts.get(at).or_else(|| self.cuts.last());
        cut.map(|cut| f64::from(*cut))
    }

    /// The share of each bin, and of what is missing.
    fn spread(&self, values: &[f32]) -> (Vec<f64>, f64) {
        let mut counts = vec![0_usize; self.cuts.len() + 1];
        let mut missing = 0_usize;
        for value in values {
            if value.is_finite() {
                counts[self.cuts.partition_point(|cut| cut < value)] += 1;
            } else {
                missing += 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: impl IntoIterator<Item = u16>) -> Vec<f32> {
        values.into_iter().map(f32::from).collect()
    }

    fn gaps(count: usize) -> Vec<f32> {
        vec![f32::NAN; count]
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-5
    }

    #[test]
    fn bins_are_deciles_of_the_reference() {
        let reference = Reference::of("mrr", &numbers(1..=100)).unwrap();
        let deciles: Vec<f32> = (1..10_u8).map(|n| f32::from(n) * 10.0).collect();
        assert_eq!(reference.cuts, deciles);
        let shares = &reference.shares;
        assert!(
            shares.iter().all(|share| close(f64::from(*share), 0.1)),
            "{shares:?}"
        );
        assert!(close(f64::from(reference.missing), 0.0));
        assert_eq!(reference.middle(), Some(50.0));
    }

    #[test]
    fn the_same_values_in_any_order_have_not_moved() {
        let reference = Reference::of("mrr", &numbers(1..=200)).unwrap();
        let same = reference.shift(&numbers((1..=200).rev())).unwrap();
        assert!(close(same.psi, 0.0), "{same:?}");
    }

    #[test]
    fn the_index_is_the_one_worked_by_hand() {
        // 100 zeros and 100 ones: one cut at 0, shares one half each. Now 20 zeros and 80 ones:
        // (0.2 - 0.5) ln(0.2 / 0.5) + (0.8 - 0.5) ln(0.8 / 0.5) = 0.3 ln 2.5 + 0.3 ln 1.6 = 0.3 ln 4.
        let halves = numbers(std::iter::repeat_n(0, 100).chain(std::iter::repeat_n(1, 100)));
        let reference = Reference::of("onboarding", &halves).unwrap();
        assert_eq!(reference.cuts, [0.0, 1.0]);
        let now = numbers(std::iter::repeat_n(0, 20).chain(std::iter::repeat_n(1, 80)));
        let shift = reference.shift(&now).unwrap();
        assert!(close(shift.psi, 0.3 * 4.0_f64.ln()), "{shift:?}");
    }

    #[test]
    fn a_source_that_stops_shows_by_what_is_missing() {
        // From 10 % missing to 60 %; the known values stay spread alike over ten bins, 9 % each, then 4 % each:
        // 0.5 ln 6 + 10 * 0.05 ln(9 / 4).
        let was = [numbers((1..=900).map(|n| n % 10)), gaps(100)].concat();
        let reference = Reference::of("nps", &was).unwrap();
        assert!(close(f64::from(reference.missing), 0.1));
        let all = reference.missing + reference.shares.iter().sum::<f32>();
        assert!(close(f64::from(all), 1.0));
        let now = [numbers((1..=400).map(|n| n % 10)), gaps(600)].concat();
        let shift = reference.shift(&now).unwrap();
        let of_missing = 0.5 * 6.0_f64.ln();
        assert!(close(shift.psi_missing, of_missing), "{shift:?}");
        assert!(
            close(shift.psi, of_missing + 0.5 * (9.0_f64 / 4.0).ln()),
            "{shift:?}"
        );
        assert!(close(shift.missing, 0.6));
    }

    #[test]
    fn values_beyond_all_that_was_seen_are_drift_of_a_finite_size() {
        let constant = Reference::of("seats", &numbers(std::iter::repeat_n(5, 200))).unwrap();
        assert_eq!(constant.cuts, [5.0]);
        let shift = constant.shift(&numbers(std::iter::repeat_n(6, 200))).unwrap();
        // Both bins swap: 2 (1 - 0.0001) ln(10 000).
        let expected = 2.0 * (1.0 - LEAST_SHARE) * (1.0 / LEAST_SHARE).ln();
        assert!(close(shift.psi, expected), "{shift:?}");
    }

    #[test]
    fn a_feature_that_was_always_missing_moves_when_it_comes() {
        let reference = Reference::of("nps", &gaps(200)).unwrap();
        assert!(reference.cuts.is_empty() && close(f64::from(reference.missing), 1.0));
        let shift = reference.shift(&numbers(1..=200)).unwrap();
        assert!(shift.psi > 0.2 && close(shift.missing, 0.0), "{shift:?}");
    }

    #[test]
    fn without_rows_there_is_nothing_to_compare() {
        assert_eq!(Reference::of("mrr", &[]), None);
        let reference = Reference::of("mrr", &numbers(1..=99)).unwrap();
        assert_eq!(reference.shift(&[]), None);
    }

    #[test]
    fn a_reference_survives_the_model_card() {
        let values: Vec<f32> = (1..=300_u16).map(|n| f32::from(n).sqrt()).collect();
        let reference = Reference::of("mrr", &values).unwrap();
        let text = serde_json::to_string(&reference).unwrap();
        assert_eq!(serde_json::from_str::<Reference>(&text).unwrap(), reference);
    }
}
