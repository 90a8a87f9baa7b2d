//! The next best actions: the first three that apply, in the order of the domain.
//!
//! Cap reason, critical alert, renewal step due, high alert, opportunity of strength 3 and more, hygiene. (Overdue
//! tasks stand between high alerts and opportunities; they are passed in by whoever holds them.)

use copilot_domain::alert::{AlertType, Severity};
use copilot_domain::health::Health;
use copilot_domain::ids::AlertId;
use copilot_domain::playbook::NextAction;

use crate::rules::{Audience, RuleSet};

/// At most so many are proposed.
pub const MOST: usize = 3;

/// A live alert, as far as the choice needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveAlert {
    /// The alert.
    pub id: AlertId,
    /// Its rule.
    pub rule: String,
    /// Its title; empty where it is not known here.
    pub title: String,
    /// Its severity.
    pub severity: Severity,
    /// Its priority.
    pub priority: f64,
}

/// The renewal steps of the playbook P10: days before the renewal, and what to do.
const RENEWAL_STEPS: [(i32, &str); 7] = [
    (14, "Have the lead call: the renewal is unsigned"),
    (30, "Check where procurement stands"),
    (60, "Send the paper"),
    (90, "Commit the forecast and open the commercial talk"),
    (120, "Book the business review"),
    (150, "Ask the customer softly about the renewal"),
    (
        180,
        "Review internally: goals, score, use, tickets, risks, who asks",
    ),
];

/// Proposes what to do next.
pub fn next_actions(
    health: &Health,
    alerts: &[LiveAlert],
    rules: &RuleSet,
    days_to_renewal: Option<i32>,
    overdue_tasks: &[String],
) -> Vec<NextAction> {
    let mut actions: Vec<NextAction> = Vec::new();
    for cap in health.caps.iter().rev() {
        let rule = alerts
            .iter()
            .find(|a| rule_of_cap(&cap.id) == Some(a.rule.as_str()));
        let spec = rule_of_cap(&cap.id).and_then(|id| rules.spec(id));
        actions.push(NextAction {
            title: spec.map_or_else(|| "Look at what caps the score".to_owned(), |s| s.action.clone()),
            reason: format!("{}: the score is capped at {}", cap.reason, cap.limit),
            playbook: spec.and_then(|s| s.playbook.clone()),
            alert: rule.map(|a| a.id),
        });
    }
    let mut sorted: Vec<&LiveAlert> = alerts.iter().collect();
    sorted.sort_by(|a, b| {
        b.priority
            .total_cmp(&a.priority)
            .then_with(|| a.rule.cmp(&b.rule))
    });
    let of = |wanted: &dyn Fn(&LiveAlert) -> bool| -> Vec<NextAction> {
        sorted
            .iter()
            .filter(|a| wanted(a))
            .filter_map(|a| of_alert(a, rules))
            .collect()
    };
    let is = |a: &LiveAlert, kind: AlertType| {
        rules
            .spec(&a.rule)
            .is_some_and(|s| s.rule_type == kind && s.audience == Audience::Csm)
    };
    actions.extend(of(&|a| {
        is(a, AlertType::Risk) && a.severity == Severity::Critical
    }));
    if let Some(days) = days_to_renewal.filter(|days| (0..=180).contains(days))
        && let Some((_, step)) = RENEWAL_STEPS.iter().find(|(at, _)| days <= *at)
    {
        actions.push(NextAction {
            title: (*step).to_owned(),
            reason: format!("the renewal is in {days} days"),
            playbook: Some("P10".to_owned()),
            alert: None,
        });
    }
    actions.extend(of(&|a| is(a, AlertType::Risk) && a.severity == Severity::High));
    actions.extend(overdue_tasks.iter().map(|task| NextAction {
        title: task.clone(),
        reason: "the task is overdue".to_owned(),
        playbook: None,
        alert: None,
    }));
    let strong = |a: &LiveAlert| rules.spec(&a.rule).is_some_and(|s| s.strength >= 3.0);
    actions.extend(of(&|a| is(a, AlertType::Opportunity) && strong(a)));
    actions.extend(of(&|a| {
        rules
            .spec(&a.rule)
            .is_some_and(|s| s.audience == Audience::Hygiene)
    }));
    let mut seen: Vec<(Option<AlertId>, String)> = Vec::new();
    actions.retain(|action| {
        let again = seen
            .iter()
            .any(|(alert, title)| (alert.is_some() && *alert == action.alert) || *title == action.title);
        seen.push((action.alert, action.title.clone()));
        !again
    });
    actions.truncate(MOST);
    actions
}

fn rule_of_cap(cap: &str) -> Option<&'static str> {
    match cap {
        "notice" => Some("R20"),
        "urgent_ticket" => Some("R12"),
        "overdue" => Some("R18"),
        "champion_gone" => Some("R06"),
        _ => None,
    }
}

fn of_alert(alert: &LiveAlert, rules: &RuleSet) -> Option<NextAction> {
    let spec = rules.spec(&alert.rule)?;
    Some(NextAction {
        title: spec.action.clone(),
        reason: if alert.title.is_empty() {
            spec.name.clone()
        } else {
            alert.title.clone()
        },
        playbook: spec.playbook.clone(),
        alert: Some(alert.id),
    })
}
