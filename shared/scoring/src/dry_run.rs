//! An account on a past day by any set of profiles: its health and the rules that hold, without alerts and without what
//! scorings before left. What a backtest looks at.

use std::collections::BTreeSet;

use copilot_domain::TenantId;
use copilot_domain::alert::RuleStates;
use copilot_domain::health::{EvaluationId, Health, ScorePoint};
use copilot_domain::history::Snapshot;
use copilot_features::{FeatureConfig, FeatureVector};

use crate::assess::{AssessInput, facts, is_customer};
use crate::engine::Engine;
use crate::health::{HealthInput, health};
use crate::models::Said;
use crate::profiles::Profiles;
use crate::rules::Fired;

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct DryRun<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// What was known of the account.
    pub snapshot: &'a Snapshot,
    /// The tenant's settings.
    pub config: &'a FeatureConfig,
    /// The account's features.
    pub features: &'a FeatureVector,
}

impl DryRun<'_> {
    /// The health by a set of profiles. A person's override is left out: it is not the set's. So is hysteresis.
    pub fn health(&self, profiles: &Profiles, earlier: &[ScorePoint]) -> Health {
        let (profile, _) = profiles.choose(self.snapshot, self.features);
        let evaluation = EvaluationId {
            as_of: self.snapshot.as_of,
            facts: String::new(),
        };
        let input = HealthInput {
            features: self.features,
            config: self.config,
            profiles,
            profile,
            today: self.snapshot.today,
            evaluation: &evaluation,
            previous: None,
            earlier,
            overridden: None,
        };
        health(&input).0
    }

    /// The rules that hold, by a health of [`Self::health`]; none where the account is no customer. Where its ARR stood
    /// among the others' is not known of the past. No model is asked: its own rule does not hold.
    pub fn fired(&self, engine: &Engine, health: &Health, earlier: &[ScorePoint]) -> Vec<Fired> {
        if !is_customer(self.snapshot, self.features) {
            return Vec::new();
        }
        let input = AssessInput {
            tenant: self.tenant,
            snapshot: self.snapshot,
            config: self.config,
            profiles: None,
            previous: None,
            earlier,
            states: &RuleStates::default(),
            arr_percentile: None,
            models: &crate::models::NONE,
            alert_cut: 1.0,
            held: &BTreeSet::new(),
            computed_at: self.snapshot.as_of,
        };
        engine.rules.evaluate(
            self.features,
            &facts(&input, health, self.features, &Said::default()),
        )
    }
}
