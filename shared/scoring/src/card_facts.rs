//! What an account's read model (its row in lists) shows of a scoring.

use std::collections::BTreeMap;

use copilot_domain::alert::{AlertType, RuleState};
use copilot_domain::health::{Health, Points};
use copilot_domain::money::Money;
use copilot_domain::time::Timestamp;
use copilot_features::contract;
use jiff::civil::Date;

use crate::alerts::Transitions;
use crate::assess::AssessInput;
use crate::engine::Engine;
use crate::next_action::LiveAlert;
use crate::rules::Fired;

/// What an account's read model shows beside the assessment.
#[derive(Debug, Clone, PartialEq)]
pub struct CardFacts {
    /// Annual recurring revenue.
    pub arr: Option<Money>,
    /// Monthly recurring revenue.
    pub mrr: Option<Money>,
    /// Seats bought.
    pub seats: Option<i64>,
    /// Renewal date.
    pub renewal_date: Option<Date>,
    /// Days until it.
    pub days_to_renewal: Option<i32>,
    /// The newest call, meeting or message.
    pub last_touch_at: Option<Timestamp>,
    /// The CSM's pulse.
    pub pulse: Option<i64>,
    /// The measure or cap that costs most, in words.
    pub top_reason: Option<String>,
    /// Live alerts after this scoring.
    pub open_alerts: usize,
    /// Of them the one of the highest priority that this scoring saw: id, severity and title.
    pub top_alert: Option<LiveAlert>,
    /// The account's priority: the highest of its live risks, 0 without.
    pub priority: f64,
}

/// The alerts that are live after a scoring, the most urgent first.
pub(crate) fn live_alerts(
    transitions: &Transitions,
    fired: &[Fired],
    engine: &Engine,
    arr_percentile: Option<f64>,
    days_to_renewal: Option<i32>,
) -> Vec<LiveAlert> {
    let titles: BTreeMap<(&str, &str), &str> = fired
        .iter()
        .map(|f| ((f.rule.as_str(), f.subject.as_str()), f.title.as_str()))
        .collect();
    let live = |state: &RuleState| -> Option<LiveAlert> {
        let title = titles.get(&(state.rule.as_str(), state.subject.as_str()));
        let name = engine.rules.spec(&state.rule).map_or("", |s| s.name.as_str());
        Some(LiveAlert {
            id: state.alert?,
            rule: state.rule.clone(),
            title: (*title.unwrap_or(&name)).to_owned(),
            severity: state.severity,
            priority: crate::severity::priority(state.severity, arr_percentile, days_to_renewal).0,
        })
    };
    let mut alerts: Vec<LiveAlert> = transitions.states.live().filter_map(live).collect();
    alerts.sort_by(|a, b| {
        b.priority
            .total_cmp(&a.priority)
            .then_with(|| a.rule.cmp(&b.rule))
    });
    alerts
}

/// What the read model shows.
pub(crate) fn card(
    input: &AssessInput<'_>,
    health: &Health,
    alerts: &[LiveAlert],
    engine: &Engine,
    renewal_date: Option<Date>,
    days_to_renewal: Option<i32>,
) -> CardFacts {
    let snapshot = input.snapshot;
    let is_risk = |a: &&LiveAlert| {
        engine
            .rules
            .spec(&a.rule)
            .is_some_and(|s| s.rule_type == AlertType::Risk)
    };
    let measure = health
        .measures
        .iter()
        .filter(|m| m.points_lost > Points::ZERO)
        .max_by_key(|m| m.points_lost);
    let cap = health
        .caps
        .iter()
        .filter(|c| c.points_lost > Points::ZERO)
        .max_by_key(|c| c.points_lost);
    let lowered = (health.overridden.as_ref()).filter(|o| o.points_lost > Points::ZERO);
    let top_reason = match (measure, cap) {
        _ if lowered.is_some() => lowered.map(|o| format!("set by {}: {}", o.author, o.reason)),
        (Some(m), Some(c)) if c.points_lost < m.points_lost => Some(m.text.clone()),
        (_, Some(c)) => Some(c.reason.clone()),
        (Some(m), None) => Some(m.text.clone()),
        (None, None) => None,
    };
    CardFacts {
        arr: contract::arr(snapshot),
        mrr: contract::mrr(snapshot),
        seats: contract::seats(snapshot),
        renewal_date,
        days_to_renewal,
        last_touch_at: snapshot.activities.iter().filter_map(|a| a.row.at).max(),
        pulse: snapshot.row.pulse,
        top_reason,
        open_alerts: alerts.len(),
        top_alert: alerts.iter().find(is_risk).or(alerts.first()).cloned(),
        priority: alerts
            .iter()
            .filter(is_risk)
            .map(|a| a.priority)
            .fold(0.0, f64::max),
    }
}
