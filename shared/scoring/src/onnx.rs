//! ONNX models through tract: checked when loaded, one batched call for many accounts, exact explanations.

use std::sync::Arc;

use copilot_domain::prediction::{ConfidenceLabel, Method, Prediction};
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;
use sha2::{Digest, Sha256};
use tract_onnx::prelude::*;

use crate::card::ModelCard;
use crate::churn::VALID_DAYS;
use crate::episode::ahead;
use crate::factors::{Part, factors};

/// Largest difference of a probability between the ONNX graph (32-bit) and the card's linear form.
pub const PROBABILITY_TOLERANCE: f64 = 1e-5;

/// Why a model was refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The card does not read.
    #[error("the model's card does not read")]
    Card(#[from] serde_json::Error),
    /// The file is not the one that the card describes.
    #[error("the model file has SHA-256 {found}, its card says {expected}")]
    Hash {
        /// Of the file.
        found: String,
        /// Of the card.
        expected: String,
    },
    /// The inputs are not those the card was hashed with, or a feature is unknown or of another version.
    #[error("the card's inputs do not fit: {0}")]
    Inputs(String),
    /// The runtime refuses the graph.
    #[error("the ONNX runtime refuses the model: {0}")]
    Graph(String),
    /// A golden row has another answer than the card says.
    #[error("golden row {row}: the model says {found}, the card {expected}")]
    Golden {
        /// Which.
        row: usize,
        /// What the model says.
        found: f64,
        /// What the card says.
        expected: f64,
    },
    /// An input is not a finite number.
    #[error("input {column} of row {row} is not a finite number")]
    NotFinite {
        /// Which row.
        row: usize,
        /// Which column.
        column: usize,
    },
}

/// A loaded model.
#[derive(Clone)]
pub struct OnnxModel {
    card: Arc<ModelCard>,
    plan: Arc<TypedRunnableModel>,
}

impl std::fmt::Debug for OnnxModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnnxModel")
            .field("name", &self.card.name)
            .field("version", &self.card.version)
            .finish_non_exhaustive()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that map_err takes it by name")]
fn graph(error: TractError) -> ModelError {
    ModelError::Graph(format!("{error:#}"))
}

impl OnnxModel {
    /// The baseline that is shipped in `models/churn-baseline`.
    ///
    /// # Errors
    /// None in a build whose tests passed: they load it.
    pub fn baseline() -> Result<Self, ModelError> {
        Self::load(
            include_bytes!("../../../models/churn-baseline/model.onnx"),
            include_str!("../../../models/churn-baseline/card.json"),
        )
    }

    /// Loads a model and holds it against its card.
    ///
    /// # Errors
    /// [`ModelError`] when file, card, features and answers do not fit together.
    pub fn load(bytes: &[u8], card: &str) -> Result<Self, ModelError> {
        let card: ModelCard = serde_json::from_str(card)?;
        let found = hex::encode(Sha256::digest(bytes));
        if found != card.sha256 {
            return Err(ModelError::Hash {
                found,
                expected: card.sha256,
            });
        }
        check_inputs(&card)?;
        let mut model = tract_onnx::onnx()
            .model_for_read(&mut &bytes[..])
            .map_err(graph)?;
        let rows = model.symbols.sym("N");
        let shape = [rows.to_dim(), card.inputs.len().to_dim()];
        model.set_input_fact(0, f32::fact(shape).into()).map_err(graph)?;
        let plan = model
            .into_optimized()
            .and_then(IntoRunnable::into_runnable)
            .map_err(graph)?;
        let loaded = Self {
            card: Arc::new(card),
            plan,
        };
        loaded.check_golden()?;
        Ok(loaded)
    }

    /// The model's card.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    fn check_golden(&self) -> Result<(), ModelError> {
        let rows: Vec<Vec<f64>> = self.card.golden.iter().map(|g| g.inputs.clone()).collect();
        let answers = self.run(&rows)?;
        for (row, (golden, found)) in self.card.golden.iter().zip(answers).enumerate() {
            let linear = crate::churn::sigmoid(self.card.margin(&golden.inputs));
            for expected in [golden.probability, linear] {
                if (found - expected).abs() > PROBABILITY_TOLERANCE {
                    return Err(ModelError::Golden { row, found, expected });
                }
            }
        }
        Ok(())
    }

    /// The probabilities of many rows (inputs after transform and imputation), in one call.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] for NaN and infinity, [`ModelError::Graph`] when the runtime fails.
    pub fn run(&self, rows: &[Vec<f64>]) -> Result<Vec<f64>, ModelError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let width = self.card.inputs.len();
        let mut flat: Vec<f32> = Vec::with_capacity(rows.len() * width);
        for (row, inputs) in rows.iter().enumerate() {
            if inputs.len() != width {
                return Err(ModelError::Inputs(format!(
                    "row {row} has {} of {width} inputs",
                    inputs.len()
                )));
            }
            for (column, value) in inputs.iter().enumerate() {
                let narrow = *value as f32;
                if !narrow.is_finite() {
                    return Err(ModelError::NotFinite { row, column });
                }
                flat.push(narrow);
            }
        }
        let input = Tensor::from_shape(&[rows.len(), width], &flat).map_err(graph)?;
        let outputs = self.plan.run(tvec!(input.into())).map_err(graph)?;
        let view = outputs[0].to_plain_array_view::<f32>().map_err(graph)?;
        let answers: Vec<f64> = view.iter().map(|p| f64::from(*p).clamp(0.0, 1.0)).collect();
        if answers.len() == rows.len() {
            Ok(answers)
        } else {
            Err(ModelError::Graph("one answer a row expected".to_owned()))
        }
    }

    /// Predicts for many accounts in one call. Where the model does not speak for an account, says why.
    ///
    /// # Errors
    /// [`ModelError`] when the runtime fails.
    pub fn predict(
        &self,
        accounts: &[(&FeatureVector, Timestamp)],
    ) -> Result<Vec<Result<Prediction, String>>, ModelError> {
        let mut rows = Vec::with_capacity(accounts.len());
        let mut out: Vec<Result<Prediction, String>> = Vec::with_capacity(accounts.len());
        let mut asked = Vec::new();
        for (at, (features, _)) in accounts.iter().enumerate() {
            let refusal = self.card.refuses(features);
            if refusal.is_none() {
                rows.push(self.card.row(features).0);
                asked.push(at);
            }
            out.push(Err(refusal.unwrap_or_default()));
        }
        for (probability, (at, row)) in self.run(&rows)?.into_iter().zip(asked.into_iter().zip(&rows)) {
            let (features, computed_at) = accounts[at];
            out[at] = Ok(self.explain(probability, row, features, computed_at));
        }
        Ok(out)
    }

    fn explain(&self, probability: f64, row: &[f64], features: &FeatureVector, at: Timestamp) -> Prediction {
        let card = &self.card;
        let contributions = card.contributions(row);
        let parts = card
            .inputs
            .iter()
            .zip(&contributions)
            .map(|(input, contribution)| Part {
                name: &input.name,
                value: features.get(&input.name),
                usual: None,
                contribution: *contribution,
                gap: " (not known: the usual value stands in)",
            });
        let factors = factors(parts);
        // How much of what the model reads is known, how far from a coin's toss it is, and how far its level was off
        // on months that it had not seen. Not a measured rate.
        let known = 1.0 - card.row(features).1 as f64 / card.inputs.len().max(1) as f64;
        let level = (1.0 - 2.0 * card.test.ece).clamp(0.0, 1.0);
        let confidence =
            (known * level * (0.4 + 1.2 * (probability - 0.5).abs()) * 1_000.0).round() / 1_000.0;
        Prediction {
            kind: card.kind,
            probability,
            confidence,
            confidence_label: ConfidenceLabel::of(confidence),
            method: Method::Model,
            model_version: Some(format!("{}@{}", card.name, card.version)),
            window_days: card.window_days,
            computed_at: at,
            valid_until: ahead(at, VALID_DAYS),
            base_margin: Some(card.intercept),
            factors,
            actual_outcome: None,
            was_accurate: None,
            note: Some(format!("trained on {}; label: {}", card.trained_on, card.label)),
            shadow: false,
            amount: None,
        }
    }
}

fn check_inputs(card: &ModelCard) -> Result<(), ModelError> {
    let refuse = |why: String| Err(ModelError::Inputs(why));
    if card.inputs_sha256 != ModelCard::hash_inputs(&card.inputs) {
        return refuse("their hash is not the card's".to_owned());
    }
    for input in &card.inputs {
        let Some(spec) = copilot_features::spec(&input.name) else {
            return refuse(format!("{} is no feature", input.name));
        };
        if spec.version != input.version {
            return refuse(format!(
                "{} has version {}, the model was trained on {}",
                input.name, spec.version, input.version
            ));
        }
        let finite = [input.imputation, input.mean, input.scale, input.coefficient]
            .iter()
            .all(|v| v.is_finite());
        if !finite || input.scale <= 0.0 {
            return refuse(format!("the numbers of {} are not usable", input.name));
        }
    }
    if card.inputs.is_empty() || card.golden.is_empty() {
        return refuse("there must be inputs and golden rows".to_owned());
    }
    Ok(())
}
