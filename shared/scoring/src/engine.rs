//! What does not change from account to account: profiles, compiled rules, the model.

use copilot_domain::prediction::Prediction;
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;

use crate::onnx::{ModelError, OnnxModel};
use crate::profiles::{ProfileError, Profiles};
use crate::rules::{RuleError, RuleSet};

/// What does not change from account to account: profiles, compiled rules, the model. Built once a process.
#[derive(Debug)]
pub struct Engine {
    /// Health profiles.
    pub profiles: Profiles,
    /// Rules.
    pub rules: RuleSet,
    /// The churn model, if one is loaded.
    pub churn_model: Option<OnnxModel>,
}

/// Why an engine could not be built.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The profiles.
    #[error(transparent)]
    Profiles(#[from] ProfileError),
    /// The rules.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl Engine {
    /// With everything that is shipped.
    ///
    /// # Errors
    /// None in a build whose tests passed: they build it.
    pub fn shipped() -> Result<Self, EngineError> {
        Ok(Self {
            profiles: Profiles::shipped()?,
            rules: RuleSet::shipped()?,
            churn_model: Some(OnnxModel::baseline()?),
        })
    }

    /// Without a model: everything else works, and the assessment says `no_model`.
    ///
    /// # Errors
    /// As [`Engine::shipped`].
    pub fn without_model() -> Result<Self, EngineError> {
        Ok(Self {
            profiles: Profiles::shipped()?,
            rules: RuleSet::shipped()?,
            churn_model: None,
        })
    }
}

/// What the model said of an account.
pub(crate) enum Model {
    /// There is no model.
    None,
    /// It failed; the rules stand.
    Failed,
    /// It does not speak for this account, and why.
    Abstains(String),
    /// Its prediction.
    Says(Box<Prediction>),
}

/// Asks the model for many accounts in one call.
pub(crate) fn predict(engine: &Engine, asked: &[(&FeatureVector, Timestamp)]) -> Vec<Model> {
    let Some(model) = &engine.churn_model else {
        return asked.iter().map(|_| Model::None).collect();
    };
    match model.predict(asked) {
        Ok(answers) => answers
            .into_iter()
            .map(|answer| match answer {
                Ok(prediction) => Model::Says(Box::new(prediction)),
                Err(why) => Model::Abstains(why),
            })
            .collect(),
        Err(_) => asked.iter().map(|_| Model::Failed).collect(),
    }
}
