//! Which of a tenant's models answer for an account: its champion, a challenger for a share of the accounts, and one in
//! the shadow that is only watched.

use std::collections::BTreeMap;
use std::sync::Arc;

use copilot_domain::ids::AccountId;
use copilot_domain::money::{Currency, Money};
use copilot_domain::prediction::{Prediction, PredictionKind};
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;
use sha2::{Digest, Sha256};

use crate::learnt::LearntModel;
use crate::onnx::ModelError;

/// The models of one kind.
#[derive(Debug, Clone, Default)]
pub struct KindModels {
    /// Answers for all accounts that no challenger has.
    pub champion: Option<Arc<LearntModel>>,
    /// Answers for this share of the accounts, 0 to 1.
    pub challenger: Option<(Arc<LearntModel>, f64)>,
    /// Answers beside the others, to be checked; nothing follows from it.
    pub shadow: Option<Arc<LearntModel>>,
    /// A model that should answer did not load: others do in its place, and the assessment says so.
    pub lost: bool,
}

impl KindModels {
    /// The model that answers for an account.
    pub fn of(&self, account: AccountId) -> Option<&Arc<LearntModel>> {
        match &self.challenger {
            Some((model, share)) if place(account) < *share => Some(model),
            _ => self.champion.as_ref(),
        }
    }
}

/// A tenant's models by what they predict.
pub type Models = BTreeMap<PredictionKind, KindModels>;

/// No models of its own: where a tenant has none yet.
pub static NONE: Models = Models::new();

/// Where an account stands between 0 and 1, evenly and for good: by a hash of its id.
pub fn place(account: AccountId) -> f64 {
    let digest = Sha256::digest(account.uuid().as_bytes());
    let mut first = [0_u8; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first) as f64 / u64::MAX as f64
}

/// What changes when other models answer for an account: their names. Part of what tells one evaluation from another.
pub fn tag(models: &Models, account: AccountId) -> String {
    let of_kind = |kind: &KindModels| {
        let id = |model: &Arc<LearntModel>| model.card().id();
        let answers = kind.of(account).map(id);
        // The same model is another thing once it answers.
        let watched = kind.shadow.as_ref().map(|model| format!("({})", id(model)));
        [answers, watched]
    };
    models
        .values()
        .flat_map(of_kind)
        .flatten()
        .collect::<Vec<_>>()
        .join(",")
}

/// What a tenant's models say of an account.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Predictions to go by, and those of models in the shadow.
    pub predictions: Vec<Prediction>,
    /// By kind, why the model that should answer does not speak for the account.
    pub abstained: BTreeMap<PredictionKind, String>,
    /// Whether a model that should answer did not load, or broke off.
    pub failed: bool,
}

/// Asks the models of every kind.
pub(crate) fn ask(
    models: &Models,
    account: AccountId,
    (features, currency): (&FeatureVector, Currency),
    at: Timestamp,
) -> Said {
    let one = |model: &LearntModel, features: &FeatureVector, at: Timestamp| {
        let answer = one(model, features, at)?;
        Ok::<_, ModelError>(answer.map(|mut prediction| {
            prediction.amount = model.amount(prediction.probability, features, currency);
            prediction
        }))
    };
    let mut said = Said::default();
    for (kind, of_kind) in models {
        said.failed |= of_kind.lost;
        match of_kind.of(account).map(|model| one(model, features, at)) {
            None => {}
            Some(Ok(Ok(prediction))) => said.predictions.push(prediction),
            Some(Ok(Err(why))) => {
                said.abstained.insert(*kind, why);
            }
            Some(Err(_)) => said.failed = true,
        }
        let shadow = of_kind.shadow.as_ref().map(|model| one(model, features, at));
        if let Some(Ok(Ok(mut prediction))) = shadow {
            prediction.shadow = true;
            said.predictions.push(prediction);
        }
    }
    said
}

/// What the model that answers expects to come of an account.
pub(crate) fn expected(predictions: &[Prediction]) -> Option<Money> {
    let mut answers = predictions.iter().filter(|p| !p.shadow);
    let amount = answers.find_map(|p| p.amount.as_ref())?;
    Some(Money {
        amount_minor: amount.expected_minor,
        currency: amount.currency,
    })
}

/// The prediction, or why the model does not speak for the account.
fn one(
    model: &LearntModel,
    features: &FeatureVector,
    at: Timestamp,
) -> Result<Result<Prediction, String>, ModelError> {
    let answer = model.predict(&[(features, at)])?.pop();
    answer.ok_or_else(|| ModelError::Graph("one answer a row expected".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_spread_evenly_and_keep_their_place() {
        let places: Vec<f64> = (0..2_000)
            .map(|i| place(AccountId::derived(&[&i.to_string()])))
            .collect();
        let below = places.iter().filter(|p| **p < 0.3).count();
        assert!((550..650).contains(&below), "{below}");
        assert!((place(AccountId::derived(&["7"])) - places[7]).abs() < f64::EPSILON);
    }
}
