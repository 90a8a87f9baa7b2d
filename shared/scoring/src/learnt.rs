//! A learnt model, ready to answer: checked against its card when loaded, one batched call for many accounts, each
//! answer taken apart exactly.

use std::sync::Arc;

use copilot_domain::prediction::{ConfidenceLabel, Method, Prediction};
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;
use tract_onnx::pb;
use tract_onnx::prelude::*;

use crate::churn::{VALID_DAYS, logit};
use crate::ensemble::{self, Contributions, Ensemble};
use crate::episode::ahead;
use crate::factors::{Part, factors};
use crate::learnt_card::{Anatomy, LearntCard};
use crate::onnx::{ModelError, PROBABILITY_TOLERANCE};

/// From this confidence on, one outcome is left at the level of 90 %.
pub const DECIDED: f64 = 0.9;
/// Operators that hold trees, in `ai.onnx.ml`.
const TREES: [&str; 3] = ["TreeEnsembleRegressor", "TreeEnsembleClassifier", "TreeEnsemble"];

/// A loaded model.
#[derive(Clone)]
pub struct LearntModel {
    card: Arc<LearntCard>,
    plan: Arc<TypedRunnableModel>,
    trees: Option<Arc<Ensemble>>,
}

impl std::fmt::Debug for LearntModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LearntModel").field(&self.card.id()).finish()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that map_err takes it by name")]
fn graph(error: TractError) -> ModelError {
    ModelError::Graph(format!("{error:#}"))
}

impl LearntModel {
    /// Loads a model and holds it against its card: hash, features, golden rows, and that its parts sum to its answers.
    ///
    /// # Errors
    /// [`ModelError`] when file, card, features and answers do not fit together.
    pub fn load(bytes: &[u8], card: LearntCard) -> Result<Self, ModelError> {
        let found = LearntCard::hash(bytes);
        if found != card.sha256 {
            return Err(ModelError::Hash {
                found,
                expected: card.sha256,
            });
        }
        check_inputs(&card)?;
        let onnx = ensemble::onnx();
        let proto = onnx.proto_model_for_read(&mut &bytes[..]).map_err(graph)?;
        let mut model = onnx.model_for_proto_model(&proto).map_err(graph)?;
        let rows = model.symbols.sym("N");
        let shape = [rows.to_dim(), card.inputs.len().to_dim()];
        model.set_input_fact(0, f32::fact(shape).into()).map_err(graph)?;
        let plan = model
            .into_optimized()
            .and_then(IntoRunnable::into_runnable)
            .map_err(graph)?;
        let trees = match &card.anatomy {
            Some(_) => trees_of(&proto)?.map(Arc::new),
            None => None,
        };
        let loaded = Self {
            card: Arc::new(card),
            plan,
            trees,
        };
        loaded.check_golden()?;
        Ok(loaded)
    }

    /// The model's card.
    pub fn card(&self) -> &LearntCard {
        &self.card
    }

    fn check_golden(&self) -> Result<(), ModelError> {
        let golden = &self.card.golden;
        let values = golden.iter().flat_map(|row| &row.inputs);
        let flat: Vec<f32> = values.map(|v| v.unwrap_or(f32::NAN)).collect();
        let answers = self.run(&flat)?;
        for (row, (golden, found)) in golden.iter().zip(answers).enumerate() {
            let inputs: Vec<f32> = golden.inputs.iter().map(|v| v.unwrap_or(f32::NAN)).collect();
            let summed = self
                .contributions(&inputs)
                .map(|parts| crate::churn::sigmoid(parts.sum()));
            for expected in [Some(golden.probability), summed].into_iter().flatten() {
                let gap = (found - expected).abs();
                if gap.is_nan() || gap > PROBABILITY_TOLERANCE {
                    return Err(ModelError::Golden { row, found, expected });
                }
            }
        }
        Ok(())
    }

    /// The probabilities of rows that stand one after the other, in one call. NaN is a missing value.
    ///
    /// # Errors
    /// [`ModelError::Graph`] when the runtime fails or does not give one probability a row.
    pub fn run(&self, rows: &[f32]) -> Result<Vec<f64>, ModelError> {
        let width = self.card.inputs.len();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        if !rows.len().is_multiple_of(width) {
            return Err(ModelError::Inputs(format!(
                "{} values are no rows of {width}",
                rows.len()
            )));
        }
        let count = rows.len() / width;
        let input = Tensor::from_shape(&[count, width], rows).map_err(graph)?;
        let outputs = self.plan.run(tvec!(input.into())).map_err(graph)?;
        probabilities(&outputs, count)
    }

    /// What each input adds to the margin of a row; `None` where the model cannot be taken apart.
    pub fn contributions(&self, row: &[f32]) -> Option<Contributions> {
        let Anatomy { line, slope, offset } = self.card.anatomy.as_ref()?;
        let mut parts = match &self.trees {
            Some(trees) => trees.contributions(row, 0)?,
            None => Contributions {
                base: 0.0,
                columns: vec![0.0; row.len()],
            },
        };
        if let Some(line) = line {
            parts.base += line.intercept;
            for ((part, column), value) in parts.columns.iter_mut().zip(&line.columns).zip(row) {
                *part += column.adds(*value);
            }
        }
        parts.base = slope * parts.base + offset;
        parts.columns.iter_mut().for_each(|part| *part *= slope);
        Some(parts)
    }

    /// Predicts for many accounts in one call. Where the model does not speak for an account, says why.
    ///
    /// # Errors
    /// [`ModelError`] when the runtime fails.
    pub fn predict(
        &self,
        accounts: &[(&FeatureVector, Timestamp)],
    ) -> Result<Vec<Result<Prediction, String>>, ModelError> {
        let mut flat = Vec::new();
        let mut out: Vec<Result<Prediction, String>> = Vec::with_capacity(accounts.len());
        let mut asked = Vec::new();
        for (at, (features, _)) in accounts.iter().enumerate() {
            let refusal = self.card.refuses(features);
            if refusal.is_none() {
                flat.extend(self.card.row(features).0);
                asked.push(at);
            }
            out.push(Err(refusal.unwrap_or_default()));
        }
        let width = self.card.inputs.len();
        for ((probability, at), row) in self.run(&flat)?.into_iter().zip(asked).zip(flat.chunks(width)) {
            let (features, computed_at) = accounts[at];
            out[at] = Ok(self.explain(probability, row, features, computed_at));
        }
        Ok(out)
    }

    fn explain(&self, probability: f64, row: &[f32], features: &FeatureVector, at: Timestamp) -> Prediction {
        let card = &self.card;
        let parts = self.contributions(row);
        let named = parts
            .iter()
            .flat_map(|parts| card.inputs.iter().zip(&parts.columns));
        let shown = factors(named.map(|(input, contribution)| Part {
            name: &input.name,
            value: features.get(&input.name),
            usual: input.usual,
            contribution: *contribution,
            gap: " (not known)",
        }));
        let confidence = match &card.conformal {
            Some(conformal) => (conformal.confidence(probability) * 1_000.0).round() / 1_000.0,
            None => 0.0,
        };
        Prediction {
            kind: card.kind,
            probability,
            confidence,
            confidence_label: ConfidenceLabel::of(confidence),
            method: Method::Model,
            model_version: Some(card.id()),
            window_days: card.window_days,
            computed_at: at,
            valid_until: ahead(at, VALID_DAYS),
            base_margin: parts.as_ref().map(|parts| parts.base),
            factors: shown,
            actual_outcome: None,
            was_accurate: None,
            note: Some(self.note(confidence)),
            shadow: false,
        }
    }

    fn note(&self, confidence: f64) -> String {
        let card = &self.card;
        let sure = match &card.conformal {
            None => "how sure it is was not measured",
            Some(_) if confidence >= DECIDED => "decided: one outcome is ruled out at the level of 90 %",
            Some(_) => "undecided: neither outcome is ruled out at the level of 90 %",
        };
        let reasons = if card.anatomy.is_some() {
            ""
        } else {
            "; this model's answers cannot be taken apart"
        };
        format!("label: {}; {sure}{reasons}", card.label)
    }
}

/// The margin that a probability stands for; what is 0 or 1 in 32 bits is held just inside.
pub fn margin_of(probability: f64) -> f64 {
    logit(probability.clamp(1e-9, 1.0 - 1e-9))
}

fn check_inputs(card: &LearntCard) -> Result<(), ModelError> {
    let refuse = |why: String| Err(ModelError::Inputs(why));
    if card.inputs.is_empty() || card.golden.is_empty() {
        return refuse("there must be inputs and golden rows".to_owned());
    }
    for input in &card.inputs {
        let name = &input.name;
        match copilot_features::spec(name) {
            None => return refuse(format!("{name} is no feature")),
            Some(spec) if spec.version != input.version => {
                let (now, then) = (spec.version, input.version);
                return refuse(format!(
                    "{name} has version {now}, the model was trained on {then}"
                ));
            }
            Some(_) => {}
        }
    }
    let width = card.inputs.len();
    if let Some(at) = card.golden.iter().position(|row| row.inputs.len() != width) {
        let found = card.golden[at].inputs.len();
        return refuse(format!("golden row {at} has {found} of {width} inputs"));
    }
    let line = card.anatomy.as_ref().and_then(|anatomy| anatomy.line.as_ref());
    if line.is_some_and(|line| line.columns.len() != width) {
        return refuse(format!("the line must have {width} columns"));
    }
    Ok(())
}

/// The trees of a graph: none, or those of its one tree operator.
fn trees_of(proto: &pb::ModelProto) -> Result<Option<Ensemble>, ModelError> {
    let nodes = proto.graph.iter().flat_map(|graph| &graph.node);
    let found: Vec<_> = nodes
        .filter(|node| TREES.contains(&node.op_type.as_str()))
        .collect();
    match found[..] {
        [] => Ok(None),
        [node] => ensemble::from_node(node).map(Some).map_err(graph),
        _ => Err(ModelError::Graph("more than one tree operator".to_owned())),
    }
}

/// One probability a row: the only output of one column, or the last column of one with two (no, yes).
fn probabilities(outputs: &TVec<TValue>, rows: usize) -> Result<Vec<f64>, ModelError> {
    for output in outputs.iter().rev() {
        let Ok(view) = output.to_plain_array_view::<f32>() else {
            continue;
        };
        let columns = view.len() / rows.max(1);
        if view.len() == rows * columns && (columns == 1 || columns == 2) {
            let values = view.iter().skip(columns - 1).step_by(columns);
            return Ok(values.map(|p| f64::from(*p).clamp(0.0, 1.0)).collect());
        }
    }
    let text = "an output with one probability a row, or with two columns (no, yes), is expected";
    Err(ModelError::Graph(text.to_owned()))
}
