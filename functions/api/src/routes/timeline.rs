//! The timeline of an account: its facts, alerts and changes of band, newest first.

use copilot_aws::alerts::{self as alert_store, ListBy};
use copilot_aws::tenants::Tenant;
use copilot_aws::{assessments, history};
use copilot_domain::alert::Alert;
use copilot_domain::health::ScorePoint;
use copilot_domain::history::{AccountHistory, Snapshot};
use copilot_domain::ids::{AccountId, ExternalId};
use copilot_domain::money::{Currency, Money};
use copilot_domain::time::{day_of, shift};
use jiff::Timestamp;

use super::tone::Texts;
use crate::App;
use crate::access::Caller;
use crate::dto::account::{TimelineEntry, TimelineKind};
use crate::problem::{Answer, Problem};

/// Days of usage and scores that the timeline shows.
const DAYS: i32 = 180;
/// Characters of a detail.
const MAX_DETAIL: usize = 300;

/// The step of a ticket that has a tone.
pub(super) const OPENED: &str = "opened";
/// The step of a survey answer that has one.
pub(super) const ANSWERED: &str = "at";

/// Where an entry stands: newest first, then by id.
pub(super) type Place = (i64, String);

/// The place of an entry.
pub(super) fn place(entry: &TimelineEntry) -> Place {
    (-entry.at.as_microsecond(), entry.id.clone())
}

/// Reads `kind=ticket,invoice`; all when it is left out.
pub(super) fn kinds(text: Option<String>) -> Answer<Vec<TimelineKind>> {
    let Some(text) = text else { return Ok(Vec::new()) };
    text.split(',')
        .map(|word| {
            serde_json::from_value(serde_json::Value::from(word.trim()))
                .map_err(|_| Problem::field("kind", "unknown", "expected kinds such as ticket,invoice,alert"))
        })
        .collect()
}

/// Every entry of the kinds, newest first, and what the customer wrote, where the tenant has its tone read.
pub(super) async fn entries(
    app: &App,
    caller: &Caller,
    account: AccountId,
    tenant: &Tenant,
    kinds: &[TimelineKind],
) -> Answer<(Vec<TimelineEntry>, Option<Texts>)> {
    let (table, id) = (&app.ctx.table, &caller.tenant);
    let now = tenant.now(app.ctx.clock.now());
    let zone = tenant.time_zone();
    let today = day_of(now, &zone);
    let loaded = history::load(table, id, account, &tenant.zone, shift(today, -DAYS)).await?;
    let snapshot = loaded.history.snapshot(now);
    let mut all = Vec::new();
    facts(&snapshot, &mut all);
    usage(&snapshot, &mut all);
    overrides(&loaded.history, &mut all);
    if kinds.is_empty() || kinds.contains(&TimelineKind::Score) {
        let points = assessments::points(table, id, account, shift(today, -DAYS), today).await?;
        let points: Vec<ScorePoint> = points
            .into_iter()
            .filter_map(|(_, p)| serde_json::from_value(p).ok())
            .collect();
        bands(&points, &zone, &mut all);
    }
    if kinds.is_empty() || kinds.contains(&TimelineKind::Alert) {
        for item in table
            .all(alert_store::list(id, &ListBy::Account(account)))
            .await?
        {
            let alert: Alert = item.document()?;
            all.push(TimelineEntry {
                id: alert.id.to_string(),
                kind: TimelineKind::Alert,
                at: alert.opened_at,
                title: alert.title,
                detail: Some(format!(
                    "{} {}, {}",
                    alert.rule,
                    alert.rule_name,
                    alert.status.as_str()
                )),
                source: "copilot".to_owned(),
                severity: Some(alert.severity.as_str().to_owned()),
                tone: None,
            });
        }
    }
    all.retain(|entry| entry.at <= now && (kinds.is_empty() || kinds.contains(&entry.kind)));
    all.sort_by_cached_key(place);
    let texts = if tenant.text_tone {
        Some(Texts::of(snapshot, app.ctx.scorer.readers(id).await?, tenant))
    } else {
        None
    };
    Ok((all, texts))
}

/// The id of the entry of a step of a record.
pub(super) fn entry_id(id: &ExternalId, step: &str) -> String {
    format!("{}/{}/{step}", id.source, id.id)
}

fn entry(
    kind: TimelineKind,
    id: &ExternalId,
    step: &str,
    at: Option<Timestamp>,
    title: String,
    detail: Option<String>,
) -> Option<TimelineEntry> {
    Some(TimelineEntry {
        id: entry_id(id, step),
        kind,
        at: at?,
        title,
        detail: detail.map(|text| text.chars().take(MAX_DETAIL).collect()),
        source: id.source.to_string(),
        severity: None,
        tone: None,
    })
}

fn money(minor: Option<i64>, currency: Option<Currency>) -> String {
    let Some(amount_minor) = minor else {
        return "unknown amount".to_owned();
    };
    let money = Money {
        amount_minor,
        currency: currency.unwrap_or(Currency::USD),
    };
    let digits = money.currency.exponent() as usize;
    format!("{:.digits$} {}", money.major(), money.currency)
}

fn word<T: serde::Serialize>(value: Option<T>) -> String {
    let value = value.and_then(|v| serde_json::to_value(v).ok());
    value
        .as_ref()
        .and_then(|v| v.as_str())
        .unwrap_or("unknown")
        .replace('_', " ")
}

fn facts(snapshot: &Snapshot, all: &mut Vec<TimelineEntry>) {
    tickets(snapshot, all);
    invoices(snapshot, all);
    subscriptions(snapshot, all);
    talks(snapshot, all);
    people(snapshot, all);
}

fn tickets(snapshot: &Snapshot, all: &mut Vec<TimelineEntry>) {
    for known in &snapshot.tickets {
        let (row, id) = (&known.row, &known.external_id);
        let title = row.title.clone().unwrap_or_else(|| "Ticket".to_owned());
        let mut opened = entry(
            TimelineKind::Ticket,
            id,
            OPENED,
            row.opened_at,
            format!("Opened: {title}"),
            row.text.clone(),
        );
        if let Some(opened) = &mut opened {
            opened.severity = row.priority.map(|p| word(Some(p)));
        }
        all.extend(opened);
        all.extend(entry(
            TimelineKind::Ticket,
            id,
            "solved",
            row.solved_at,
            format!("Solved: {title}"),
            None,
        ));
        let rated = row.csat.map(|csat| format!("Rated {csat} of 5: {title}"));
        all.extend(
            rated.and_then(|title| entry(TimelineKind::Ticket, id, "rated", row.rated_at, title, None)),
        );
    }
}

fn invoices(snapshot: &Snapshot, all: &mut Vec<TimelineEntry>) {
    for known in &snapshot.invoices {
        let (row, id) = (&known.row, &known.external_id);
        let what = format!(
            "{} {}",
            row.number.as_deref().unwrap_or(&id.id),
            money(row.amount_minor, row.currency)
        );
        let steps = [
            ("issued", row.issued_at, "Invoice"),
            ("paid", row.paid_at, "Paid:"),
            ("failed", row.failed_at, "Payment failed:"),
            ("voided", row.voided_at, "Voided:"),
        ];
        for (step, at, verb) in steps {
            all.extend(entry(
                TimelineKind::Invoice,
                id,
                step,
                at,
                format!("{verb} {what}"),
                None,
            ));
        }
    }
}

fn subscriptions(snapshot: &Snapshot, all: &mut Vec<TimelineEntry>) {
    for (number, (since, known)) in snapshot.subscription_changes.iter().enumerate() {
        let row = &known.row;
        let plan = row.plan.as_deref().unwrap_or("Subscription");
        let title = format!(
            "{plan}: {}, {} a month",
            word(row.status),
            money(row.mrr_minor, row.currency)
        );
        let seats = row.seats.map(|seats| format!("{seats} seats"));
        all.extend(entry(
            TimelineKind::Subscription,
            &known.external_id,
            &format!("state-{number}"),
            Some(*since),
            title,
            seats,
        ));
    }
}

fn talks(snapshot: &Snapshot, all: &mut Vec<TimelineEntry>) {
    for known in &snapshot.activities {
        let row = &known.row;
        let kind = word(row.kind);
        let missed = if row.held == Some(false) { " (missed)" } else { "" };
        let title = format!("{}{missed}", row.subject.clone().unwrap_or(kind));
        all.extend(entry(
            TimelineKind::Activity,
            &known.external_id,
            "at",
            row.at,
            title,
            row.text.clone(),
        ));
    }
    for known in &snapshot.surveys {
        let row = &known.row;
        let score = row
            .score
            .map_or_else(|| "no score".to_owned(), |score| score.to_string());
        let title = format!("{} {score}", word(row.kind).to_uppercase());
        all.extend(entry(
            TimelineKind::Survey,
            &known.external_id,
            ANSWERED,
            row.at,
            title,
            row.comment.clone(),
        ));
    }
}

fn people(snapshot: &Snapshot, all: &mut Vec<TimelineEntry>) {
    for known in &snapshot.outcomes {
        let row = &known.row;
        let title = match row.amount_minor {
            Some(_) => format!("{}: {}", word(row.kind), money(row.amount_minor, row.currency)),
            None => word(row.kind),
        };
        let why = row.reason.clone().or_else(|| row.comment.clone());
        all.extend(entry(
            TimelineKind::Outcome,
            &known.external_id,
            "at",
            row.at,
            title,
            why,
        ));
    }
    for known in &snapshot.contacts {
        let row = &known.row;
        let who = row
            .name
            .as_deref()
            .or(row.title.as_deref())
            .unwrap_or("A contact");
        let part = word(row.role);
        all.extend(entry(
            TimelineKind::Contact,
            &known.external_id,
            "joined",
            row.joined_at,
            format!("{who} joined"),
            Some(part.clone()),
        ));
        all.extend(entry(
            TimelineKind::Contact,
            &known.external_id,
            "left",
            row.left_at,
            format!("{who} left"),
            Some(part),
        ));
    }
}

fn overrides(history: &AccountHistory, all: &mut Vec<TimelineEntry>) {
    for given in &history.overrides {
        let detail = format!("by {}: {}", given.author, given.reason);
        let mut push = |step: &str, at: Timestamp, title: String, detail: Option<String>| {
            all.push(TimelineEntry {
                id: format!("override/{}/{step}", given.given_at),
                kind: TimelineKind::Override,
                at,
                title,
                detail: detail.map(|text| text.chars().take(MAX_DETAIL).collect()),
                source: "copilot".to_owned(),
                severity: None,
                tone: None,
            });
        };
        let title = format!("Score set to {} until {}", given.score, given.until);
        push("given", given.given_at, title, Some(detail));
        if let Some(at) = given.removed_at {
            let by = given.removed_by.as_ref().map(|who| format!("by {who}"));
            push("removed", at, "Override taken back".to_owned(), by);
        }
    }
}

fn usage(snapshot: &Snapshot, all: &mut Vec<TimelineEntry>) {
    for (day, tally) in &snapshot.usage {
        let Ok(at) = day.to_zoned(snapshot.zone.clone()) else {
            continue;
        };
        all.push(TimelineEntry {
            id: format!("usage/{day}"),
            kind: TimelineKind::UsageDay,
            at: at.timestamp(),
            title: format!("{} events by {} users", tally.events, tally.users.len()),
            detail: None,
            source: "usage".to_owned(),
            severity: None,
            tone: None,
        });
    }
}

fn bands(points: &[ScorePoint], zone: &jiff::tz::TimeZone, all: &mut Vec<TimelineEntry>) {
    for pair in points.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let Ok(at) = after.day.to_zoned(zone.clone()) else {
            continue;
        };
        if before.band == after.band {
            continue;
        }
        let score = after
            .score
            .map_or_else(String::new, |score| format!(" at {score}"));
        all.push(TimelineEntry {
            id: format!("score/{}", after.day),
            kind: TimelineKind::Score,
            at: at.timestamp(),
            title: format!(
                "{}{score}, was {}",
                word(Some(after.band)),
                word(Some(before.band))
            ),
            detail: None,
            source: "copilot".to_owned(),
            severity: None,
            tone: None,
        });
    }
}
