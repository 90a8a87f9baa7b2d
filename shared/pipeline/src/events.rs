//! What a scoring has to tell: alerts opened, told again, resolved.

use copilot_domain::alert::{Alert, AlertResolution, AlertUpdate};
use copilot_domain::event::{AlertEvent, Event, EventType};
use copilot_domain::health::Points;
use copilot_domain::ids::TenantId;
use copilot_domain::time::Timestamp;
use copilot_scoring::Assessed;

/// The measures and caps that cost most points, in words.
pub(crate) fn drivers(assessed: &Assessed) -> Vec<String> {
    let health = &assessed.assessment.health;
    let mut lost: Vec<(Points, &str)> = health
        .measures
        .iter()
        .map(|m| (m.points_lost, m.text.as_str()))
        .chain(health.caps.iter().map(|c| (c.points_lost, c.reason.as_str())))
        .filter(|(points, _)| *points > Points::ZERO)
        .collect();
    lost.sort_by(|a, b| b.cmp(a));
    lost.into_iter()
        .take(copilot_domain::event::MAX_DRIVERS)
        .map(|(points, text)| format!("{text} (−{:.1} points)", points.as_f64()))
        .collect()
}

/// What an event says about an alert.
fn body(alert: &Alert, drivers: &[String]) -> AlertEvent {
    let said: Vec<&str> = alert
        .clauses
        .iter()
        .filter(|c| c.holds)
        .map(|c| c.text.as_str())
        .collect();
    AlertEvent {
        id: alert.id,
        rule: alert.rule.clone(),
        rule_name: alert.rule_name.clone(),
        title: alert.title.clone(),
        severity: alert.severity,
        account_id: alert.account.id,
        account_name: alert
            .account
            .name
            .clone()
            .unwrap_or_else(|| alert.account.id.to_string()),
        owner: alert.assignee.clone().or_else(|| alert.account.owner.clone()),
        arr: alert.account.arr,
        renewal_date: alert.account.renewal_date,
        days_to_renewal: alert.priority_why.days_to_renewal,
        reason: if said.is_empty() {
            alert.title.clone()
        } else {
            said.join("; ")
        },
        drivers: drivers.to_vec(),
        score: alert.account.score.map(Points::as_f64),
        band: Some(alert.account.band),
        why: None,
    }
}

/// An alert that opened.
pub(crate) fn opened(tenant: &TenantId, at: Timestamp, alert: &Alert, drivers: &[String]) -> Event {
    Event::of_alert(tenant, EventType::AlertOpened, "", at, body(alert, drivers), true)
}

/// An alert that is told of again. The episode's day and reason name the occasion, so that scoring again on the
/// same day tells nothing new.
pub(crate) fn updated(
    tenant: &TenantId,
    at: Timestamp,
    alert: &Alert,
    update: &AlertUpdate,
    day: jiff::civil::Date,
    drivers: &[String],
) -> Option<Event> {
    let why = update.renotify?;
    let occasion = format!("{why:?}#{:?}#{day}", update.severity);
    let body = AlertEvent {
        why: Some(why),
        ..body(alert, drivers)
    };
    Some(Event::of_alert(
        tenant,
        EventType::AlertUpdated,
        &occasion,
        at,
        body,
        true,
    ))
}

/// An alert that closed by itself.
pub(crate) fn resolved(
    tenant: &TenantId,
    at: Timestamp,
    alert: &Alert,
    resolution: &AlertResolution,
    drivers: &[String],
) -> Event {
    let body = AlertEvent {
        reason: resolution.reason.clone(),
        ..body(alert, drivers)
    };
    // Nobody is pushed a recovery; the digest tells of it.
    Event::of_alert(tenant, EventType::AlertResolved, "", at, body, true)
}
