//! What is remembered of rules between scorings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::{AlertStatus, AlertType, Severity};
use crate::health::EvaluationId;
use crate::ids::AlertId;
use crate::time::Timestamp;

/// What is remembered of a rule and a subject of an account between scorings. Stored beside the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleState {
    /// The rule.
    pub rule: String,
    /// What it is about.
    pub subject: String,
    /// How often this key opened.
    pub episode: u32,
    /// The alert that the last episode opened.
    pub alert: Option<AlertId>,
    /// Where that alert stands; set by scorings and by what humans do.
    pub status: Option<AlertStatus>,
    /// Risk or opportunity.
    pub alert_type: AlertType,
    /// Whether the condition held at the last scoring.
    pub firing: bool,
    /// Scorings in a row at which it did not.
    pub clear_count: u32,
    /// Severity at the last scoring.
    pub severity: Severity,
    /// When the last episode opened.
    pub opened_at: Option<Timestamp>,
    /// When it closed.
    pub closed_at: Option<Timestamp>,
    /// When the condition was last seen to hold.
    pub last_seen_at: Option<Timestamp>,
    /// Scorings of this episode that saw it hold and were written: see [`RuleState::matters`].
    pub seen_count: u32,
    /// When a human was last told.
    pub last_notified_at: Option<Timestamp>,
    /// The rules that were firing with it when a human was last told.
    #[serde(default)]
    pub correlated: Vec<String>,
    /// Put away until.
    pub snoozed_until: Option<Timestamp>,
    /// No new episode before.
    pub suppressed_until: Option<Timestamp>,
    /// No new episode while the evidence is this (dismissed as wrong data).
    pub suppressed_evidence: Option<String>,
    /// A person closed it while it held: no new episode until it was clear in between.
    #[serde(default)]
    pub shut: bool,
    /// Fingerprint of the evidence at the last scoring.
    pub evidence: String,
    /// The last scoring that touched this state.
    pub evaluation: EvaluationId,
}

impl RuleState {
    /// Whether it says more than the stored one, times of seeing aside.
    pub fn matters(&self, stored: &Self) -> bool {
        let seen = Self {
            last_seen_at: stored.last_seen_at,
            seen_count: stored.seen_count,
            evaluation: stored.evaluation.clone(),
            ..self.clone()
        };
        seen != *stored
    }
}

/// The rule states of an account by (rule, subject).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleStates(pub BTreeMap<(String, String), RuleState>);

impl RuleStates {
    /// From stored states.
    pub fn from_states(states: impl IntoIterator<Item = RuleState>) -> Self {
        Self(
            states
                .into_iter()
                .map(|s| ((s.rule.clone(), s.subject.clone()), s))
                .collect(),
        )
    }

    /// The state of a key.
    pub fn get(&self, rule: &str, subject: &str) -> Option<&RuleState> {
        self.0.get(&(rule.to_owned(), subject.to_owned()))
    }

    /// The states whose alert is live.
    pub fn live(&self) -> impl Iterator<Item = &RuleState> {
        self.0
            .values()
            .filter(|s| s.status.is_some_and(AlertStatus::is_live))
    }
}
