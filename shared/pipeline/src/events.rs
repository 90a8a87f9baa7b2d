//! What a scoring has to tell: alerts opened, told again, resolved.

use copilot_domain::alert::{Alert, AlertResolution, AlertStatus, AlertUpdate};
use copilot_domain::event::{AccountEvent, AlertEvent, Event, EventType};
use copilot_domain::health::{Band, Points};
use copilot_domain::history::Snapshot;
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
        .chain(
            health
                .overridden
                .iter()
                .map(|o| (o.points_lost, o.reason.as_str())),
        )
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

/// What a person did to an alert; `None` for opening it again. Nobody is pushed it, since a person of the tenant did
/// it. `rev` is the counter that the alert has then, and names the occasion.
pub fn by_hand(tenant: &TenantId, at: Timestamp, alert: &Alert, rev: i64) -> Option<Event> {
    let said = |what: &str, more: Option<String>| match more {
        Some(more) => format!("{what}: {more}"),
        None => what.to_owned(),
    };
    let (event_type, reason) = match alert.status {
        AlertStatus::Open => return None,
        AlertStatus::Acknowledged => (EventType::AlertAcknowledged, "Acknowledged".to_owned()),
        AlertStatus::Snoozed => {
            let until = alert.snoozed_until.map(|until| until.to_string());
            (EventType::AlertSnoozed, said("Snoozed until", until))
        }
        AlertStatus::Dismissed => {
            let reason = alert
                .dismiss_reason
                .and_then(|reason| serde_json::to_value(reason).ok()?.as_str().map(str::to_owned));
            (EventType::AlertDismissed, said("Dismissed", reason))
        }
        AlertStatus::Resolved => {
            let reason = alert.resolve_reason.clone();
            (EventType::AlertResolved, said("Resolved by hand", reason))
        }
    };
    let body = AlertEvent {
        reason,
        ..body(alert, &[])
    };
    let occasion = format!("by hand#{rev}");
    Some(Event::of_alert(tenant, event_type, &occasion, at, body, false))
}

/// That the band of an account is another than it was.
pub(crate) fn band_changed(
    tenant: &TenantId,
    snapshot: &Snapshot,
    assessed: &Assessed,
    name: &str,
    previous: Option<Band>,
) -> Option<Event> {
    let health = &assessed.assessment.health;
    let previous_band = previous.filter(|band| *band != health.band)?;
    let account = AccountEvent {
        id: snapshot.account,
        name: name.to_owned(),
        owner: snapshot.row.owner.clone(),
        arr: assessed.card.arr,
        renewal_date: assessed.card.renewal_date,
        score: health.score.map(Points::as_f64),
        band: health.band,
        previous_band,
        drivers: drivers(assessed),
    };
    Some(Event::of_band(tenant, snapshot.as_of, account))
}
