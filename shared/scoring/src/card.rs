//! The card of a model: what it reads, how it was trained, how well it does, where it applies.
//!
//! A card holds sums over many accounts and a few golden rows of feature values; no ids and no personal data.

use std::collections::BTreeMap;

use copilot_domain::prediction::PredictionKind;
use copilot_features::FeatureVector;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::profiles::CapWhen;

/// What is done to a feature before the model reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// Nothing.
    Identity,
    /// `ln(1 + max(0, x))`: for amounts and counts.
    Log1p,
}

impl Transform {
    /// Applies it.
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Identity => value,
            Self::Log1p => value.max(0.0).ln_1p(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Log1p => "log1p",
        }
    }
}

/// One input of a model, in the order of its columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInput {
    /// The feature.
    pub name: String,
    /// The version of the feature that the model was trained on.
    pub version: u16,
    /// What is done to it.
    pub transform: Transform,
    /// Stands in, after the transform, where the feature is missing.
    pub imputation: f64,
    /// Mean over the training rows, after the transform.
    pub mean: f64,
    /// Standard deviation over the training rows, after the transform.
    pub scale: f64,
    /// Weight of the standardised input in the margin.
    pub coefficient: f64,
}

/// A row with the answer that the model must give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Golden {
    /// Inputs after transform and imputation.
    pub inputs: Vec<f64>,
    /// The log-odds.
    pub margin: f64,
    /// The probability.
    pub probability: f64,
}

/// For which accounts the model speaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Applicability {
    /// In words.
    pub text: String,
    /// All must hold.
    pub all: Vec<CapWhen>,
    /// At most this share of inputs may be missing.
    pub max_missing_share: f64,
}

/// How well the model does on months it has never seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quality {
    /// Rows.
    pub rows: usize,
    /// Rows with the outcome.
    pub positives: usize,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Area under the precision-recall curve.
    pub pr_auc: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Expected calibration error, ten bins.
    pub ece: f64,
    /// Precision among the tenth with the highest probability, over the base rate.
    pub lift_at_10: f64,
}

/// A model's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// What it predicts.
    pub kind: PredictionKind,
    /// What the label was.
    pub label: String,
    /// Days from the cut-off that the label speaks of.
    pub window_days: u32,
    /// SHA-256 of the model file, hex.
    pub sha256: String,
    /// SHA-256 of the inputs' names, versions and transforms, hex.
    pub inputs_sha256: String,
    /// The inputs, in the order of the columns.
    pub inputs: Vec<ModelInput>,
    /// Log-odds when every standardised input is zero.
    pub intercept: f64,
    /// For which accounts it speaks.
    pub applies_to: Applicability,
    /// Rows for the loader to check.
    pub golden: Vec<Golden>,
    /// What it was trained on, in words.
    pub trained_on: String,
    /// Cut-offs of the training rows.
    pub train_cutoffs: Vec<String>,
    /// Cut-offs of the test rows.
    pub test_cutoffs: Vec<String>,
    /// On the training rows.
    pub train: Quality,
    /// On the later months.
    pub test: Quality,
    /// Simple rules on the same test rows, by name: AUC.
    #[serde(default)]
    pub baselines_auc: BTreeMap<String, f64>,
    /// Where it does not apply, and what else to know.
    pub limits: Vec<String>,
}

impl ModelCard {
    /// The hash of inputs that the card should have.
    pub fn hash_inputs(inputs: &[ModelInput]) -> String {
        let mut hash = Sha256::new();
        for input in inputs {
            hash.update(format!("{}@{}:{}\n", input.name, input.version, input.transform.name()).as_bytes());
        }
        hex::encode(hash.finalize())
    }

    /// The row that the model reads, and how many inputs are missing.
    pub fn row(&self, features: &FeatureVector) -> (Vec<f64>, usize) {
        let mut missing = 0;
        let row = self
            .inputs
            .iter()
            .map(|input| {
                let value = features.get(&input.name);
                missing += usize::from(value.is_none());
                value.map_or(input.imputation, |v| input.transform.apply(v))
            })
            .collect();
        (row, missing)
    }

    /// What each input adds to the log-odds of a row.
    pub fn contributions(&self, row: &[f64]) -> Vec<f64> {
        let one =
            |(input, value): (&ModelInput, &f64)| input.coefficient * (value - input.mean) / input.scale;
        self.inputs.iter().zip(row).map(one).collect()
    }

    /// The log-odds of a row: the intercept and what each input adds.
    pub fn margin(&self, row: &[f64]) -> f64 {
        self.intercept + self.contributions(row).iter().sum::<f64>()
    }

    /// Why the model does not speak for an account; `None` when it does.
    pub fn refuses(&self, features: &FeatureVector) -> Option<String> {
        if !self.applies_to.all.iter().all(|when| when.holds(features)) {
            return Some(format!(
                "the model {} speaks only for accounts with {}",
                self.name, self.applies_to.text
            ));
        }
        let (_, missing) = self.row(features);
        let share = missing as f64 / self.inputs.len().max(1) as f64;
        (share > self.applies_to.max_missing_share).then(|| {
            format!(
                "{missing} of {} inputs of the model {} are missing",
                self.inputs.len(),
                self.name
            )
        })
    }
}
