//! A learnt model, ready to answer: checked against its card when loaded, one batched call for many accounts, each
//! answer taken apart exactly.

use std::sync::Arc;

use copilot_domain::money::Currency;
use copilot_domain::prediction::{ConfidenceLabel, ExpectedAmount, Factor, Method, Prediction};
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;
use copilot_features::buyers::PURCHASES_AHEAD;
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
/// The output of a tree operator that tells logarithms of amounts.
pub const AMOUNTS: &str = "log_ratio";
/// How far two ways to a logarithm of an amount may differ: sums of thousands of leaves in 32 bits.
const LOG_RATIO_TOLERANCE: f64 = 1e-4;
/// Operators that hold trees, in `ai.onnx.ml`.
const TREES: [&str; 3] = ["TreeEnsembleRegressor", "TreeEnsembleClassifier", "TreeEnsemble"];

/// A loaded model.
#[derive(Clone)]
pub struct LearntModel {
    card: Arc<LearntCard>,
    plan: Arc<TypedRunnableModel>,
    trees: Option<Arc<Ensemble>>,
    /// What tells the logarithm of amounts; of models of revenue.
    amounts: Option<Arc<Ensemble>>,
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
            Some(_) => trees_of(&proto, |output| output != AMOUNTS)?.map(Arc::new),
            None => None,
        };
        let amounts = match &card.amounts {
            Some(_) => trees_of(&proto, |output| output == AMOUNTS)?.map(Arc::new),
            None => None,
        };
        let loaded = Self {
            card: Arc::new(card),
            plan,
            trees,
            amounts,
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
        self.check_amounts(&flat)?;
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

    /// The graph's logarithms, those of the trees that take them apart, and the card's must be the same.
    fn check_amounts(&self, golden: &[f32]) -> Result<(), ModelError> {
        let Some(card) = &self.card.amounts else {
            return Ok(());
        };
        let width = self.card.inputs.len();
        let said = self.log_ratios(golden)?;
        if said.len() != card.golden.len() {
            let found = format!("{} amounts for {} golden rows", card.golden.len(), said.len());
            return Err(ModelError::Inputs(found));
        }
        for (row, ((found, values), own)) in said
            .iter()
            .zip(golden.chunks(width))
            .zip(&card.golden)
            .enumerate()
        {
            let summed = self.amount_parts(values).map(|parts| parts.sum());
            for expected in [Some(*own), summed].into_iter().flatten() {
                let gap = (found - expected).abs();
                if gap.is_nan() || gap > LOG_RATIO_TOLERANCE {
                    let found = *found;
                    return Err(ModelError::Golden { row, found, expected });
                }
            }
        }
        Ok(())
    }

    fn outputs(&self, rows: &[f32]) -> Result<(TVec<TValue>, usize), ModelError> {
        let width = self.card.inputs.len();
        if !rows.len().is_multiple_of(width) {
            return Err(ModelError::Inputs(format!(
                "{} values are no rows of {width}",
                rows.len()
            )));
        }
        let count = rows.len() / width;
        let input = Tensor::from_shape(&[count, width], rows).map_err(graph)?;
        Ok((self.plan.run(tvec!(input.into())).map_err(graph)?, count))
    }

    /// The logarithms of what comes over the base, of rows as [`LearntModel::run`] takes them. Empty where the model tells no amounts.
    ///
    /// # Errors
    /// As [`LearntModel::run`].
    pub fn log_ratios(&self, rows: &[f32]) -> Result<Vec<f64>, ModelError> {
        if rows.is_empty() || self.card.amounts.is_none() {
            return Ok(Vec::new());
        }
        let (outputs, count) = self.outputs(rows)?;
        // Written first: the probability is the last output of every model.
        let first = outputs
            .first()
            .and_then(|output| output.to_plain_array_view::<f32>().ok());
        match first.filter(|view| outputs.len() > 1 && view.len() == count) {
            Some(view) => Ok(view.iter().map(|v| f64::from(*v)).collect()),
            None => Err(ModelError::Graph(
                "the first of two outputs must tell one amount a row".to_owned(),
            )),
        }
    }

    /// What each input adds to the logarithm of an amount over its base; `None` where the model tells no amounts.
    pub fn amount_parts(&self, row: &[f32]) -> Option<Contributions> {
        self.amounts.as_ref()?.contributions(row, 0)
    }

    /// How much is expected of an account with this probability; `None` where the model tells no amounts.
    pub fn amount(
        &self,
        probability: f64,
        features: &FeatureVector,
        currency: Currency,
    ) -> Option<ExpectedAmount> {
        let card = self.card.amounts.as_ref()?;
        let (row, _) = self.card.row(features);
        let parts = self.amount_parts(&row)?;
        let reasons = self.reasons(&parts, features);
        let value = |name: &str| features.get(name);
        Some(card.expected(probability, parts.sum(), value, currency, (parts.base, reasons)))
    }

    /// The probabilities of rows that stand one after the other, in one call. NaN is a missing value.
    ///
    /// # Errors
    /// [`ModelError::Graph`] when the runtime fails or does not give one probability a row.
    pub fn run(&self, rows: &[f32]) -> Result<Vec<f64>, ModelError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (outputs, count) = self.outputs(rows)?;
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
        let shown = match &parts {
            Some(parts) => self.reasons(parts, features),
            None => Vec::new(),
        };
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
            amount: None,
        }
    }

    /// The strongest parts by name.
    fn reasons(&self, parts: &Contributions, features: &FeatureVector) -> Vec<Factor> {
        let named = self.card.inputs.iter().zip(&parts.columns);
        factors(named.map(|(input, contribution)| Part {
            name: &input.name,
            value: self.card.value(&input.name, |name| features.get(name)),
            usual: input.usual,
            contribution: *contribution,
            gap: " (not known)",
        }))
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
        match copilot_features::input_spec(name) {
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
    let ahead = card.inputs.iter().any(|input| input.name == PURCHASES_AHEAD.name);
    if ahead && !card.buyers.is_some_and(|numbers| numbers.is_sound()) {
        return refuse(format!(
            "{} is told by numbers that only a model that was trained here has",
            PURCHASES_AHEAD.name
        ));
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

/// The trees of a graph: none, or those of its one tree operator with such an output.
fn trees_of(proto: &pb::ModelProto, wanted: impl Fn(&str) -> bool) -> Result<Option<Ensemble>, ModelError> {
    let nodes = proto.graph.iter().flat_map(|graph| &graph.node);
    let found: Vec<_> = nodes
        .filter(|node| TREES.contains(&node.op_type.as_str()))
        .filter(|node| node.output.first().is_some_and(|output| wanted(output)))
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
