//! The parts of an episode: what a key starts with, what its evidence is, and when a human is told again.

use std::collections::BTreeSet;

use copilot_domain::alert::{AlertStatus, AlertType, Renotify, RuleState, Severity};
use copilot_domain::health::EvaluationId;
use copilot_domain::time::{Timestamp, epoch_day};
use copilot_features::buyers::PURCHASES_AHEAD;
use jiff::ToSpan;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::rules::{Fired, RuleSpec};

/// Days without an acknowledgement after which a human is told again.
const REMIND_DAYS: i32 = 14;

/// Why a human is told of a live alert again, if so.
pub(crate) fn why_again(
    state: &RuleState,
    severity: Severity,
    company: &BTreeSet<String>,
    woke: bool,
    as_of: Timestamp,
) -> Option<Renotify> {
    if woke {
        return Some(Renotify::SnoozeEnded);
    }
    if state.status == Some(AlertStatus::Snoozed) {
        return None;
    }
    if severity > state.severity {
        return Some(Renotify::SeverityRose);
    }
    let own = |rule: &String| *rule == state.rule || state.correlated.contains(rule);
    if state.alert_type == AlertType::Risk && company.contains(&state.rule) && !company.iter().all(own) {
        return Some(Renotify::RuleJoined);
    }
    let waiting = state.status == Some(AlertStatus::Open);
    let long = state
        .last_notified_at
        .is_some_and(|at| at <= back(as_of, REMIND_DAYS));
    (waiting && long).then_some(Renotify::Unacknowledged)
}

/// The state of a key that was never seen.
pub(crate) fn blank(spec: &RuleSpec, fired: &Fired, evaluation: &EvaluationId) -> RuleState {
    RuleState {
        rule: spec.id.clone(),
        subject: fired.subject.clone(),
        episode: 0,
        alert: None,
        status: None,
        alert_type: spec.rule_type,
        firing: false,
        clear_count: 0,
        severity: fired.severity,
        opened_at: None,
        closed_at: None,
        last_seen_at: None,
        seen_count: 0,
        last_notified_at: None,
        correlated: Vec::new(),
        snoozed_until: None,
        suppressed_until: None,
        suppressed_evidence: None,
        shut: false,
        evidence: String::new(),
        evaluation: evaluation.clone(),
    }
}

/// Fingerprint of what a rule saw. Ages are taken as dates, so that they do not change by the passing of days.
pub(crate) fn fingerprint(fired: &Fired, today: Date) -> String {
    let mut hash = Sha256::new();
    // What a model expects of an account falls by the passing of days alone.
    let seen = fired
        .evidence
        .iter()
        .filter(|(name, _)| name.as_str() != PURCHASES_AHEAD.name);
    for (name, value) in seen {
        let days =
            copilot_features::spec(name).is_some_and(|spec| spec.unit == "days" && spec.window_days == 0);
        let sign = if name == "days_to_renewal" { 1.0 } else { -1.0 };
        let anchored = value.map(|v| {
            if days {
                f64::from(epoch_day(today)) + sign * v
            } else {
                v
            }
        });
        hash.update(name.as_bytes());
        hash.update(anchored.map_or([0xff; 8], |v| v.to_bits().to_be_bytes()));
    }
    hex::encode(&hash.finalize()[..8])
}

/// An instant moved back by days; saturates.
pub(crate) fn back(at: Timestamp, days: i32) -> Timestamp {
    at.checked_sub((i64::from(days) * 24).hours())
        .unwrap_or(Timestamp::MIN)
}

/// An instant moved on by days; saturates.
pub(crate) fn ahead(at: Timestamp, days: u32) -> Timestamp {
    at.checked_add((i64::from(days) * 24).hours())
        .unwrap_or(Timestamp::MAX)
}

/// Turns the state to a new episode.
pub(crate) fn start(state: &mut RuleState, as_of: Timestamp, company: &BTreeSet<String>) {
    state.episode += 1;
    state.status = Some(AlertStatus::Open);
    state.opened_at = Some(as_of);
    state.closed_at = None;
    state.snoozed_until = None;
    state.suppressed_until = None;
    state.suppressed_evidence = None;
    state.shut = false;
    state.seen_count = 1;
    state.last_notified_at = Some(as_of);
    state.correlated = company.iter().cloned().collect();
}
