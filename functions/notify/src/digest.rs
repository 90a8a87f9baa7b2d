//! The daily digests of a tenant: one e-mail a person, with all that no digest told of yet.

use std::collections::{BTreeMap, BTreeSet};

use copilot_aws::notifications::{self, Channel, Notification, NotifyQueue};
use copilot_aws::{accounts, keys};
use copilot_channels::digest::{Digest, Line};
use copilot_channels::message::{alert_link, today_link};
use copilot_channels::text;
use copilot_domain::event::{AlertEvent, EventType};
use copilot_domain::time::shift;
use copilot_runtime::batch::Failure;
use futures::stream::{self, StreamExt};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use serde::Deserialize;

use crate::passing;
use crate::send::{Content, Sent, once};
use crate::tell::Job;
use copilot_domain::notify::address;

/// How far back a digest looks for what no other told of: a week of failed nights loses nothing.
const BACK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How far ahead renewals are listed.
const RENEWALS_DAYS: i32 = 90;
/// People served at once.
const PARALLEL: usize = 8;

/// Sends the digests of the job's tenant, or puts them off to their hour.
///
/// # Errors
/// The first passing failure, after everybody was tried.
pub(crate) async fn tell(job: &Job<'_>) -> Result<(), Failure> {
    if !job.settings.email.enabled || (job.profile.is_sandbox() && !job.settings.send_from_sandbox) {
        return Ok(());
    }
    let now = job.context.clock.now();
    let due = due(
        &job.event.at.to_zoned(job.profile.time_zone()),
        job.settings.email.digest_hour,
    );
    let wait_s = due.timestamp().duration_since(now).as_secs();
    if wait_s > 0 {
        let delay_s = i32::try_from(wait_s)
            .unwrap_or(i32::MAX)
            .min(NotifyQueue::MAX_DELAY_S);
        let queue = &job.context.queue;
        return queue.later(&job.record.body, delay_s).await.map_err(passing);
    }
    let since = now.saturating_add(-BACK).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut renewals = renewals(job, due_day(job)).await?;
    let told = notifications::people_since(&job.context.table, &job.tenant, since)
        .await
        .map_err(passing)?;
    let people: BTreeSet<String> = told.into_iter().chain(renewals.keys().cloned()).collect();
    let people = people.into_iter().map(|person| {
        let renewals = renewals.remove(&person).unwrap_or_default();
        (person, renewals)
    });
    let results: Vec<Result<(), Failure>> = stream::iter(people)
        .map(|(person, renewals)| async move { to_person(job, &person, renewals, since).await })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    results.into_iter().find(Result::is_err).unwrap_or(Ok(()))
}

/// The accounts that renew soon, by whose they are, soonest first.
async fn renewals(job: &Job<'_>, day: Date) -> Result<BTreeMap<String, Vec<Line>>, Failure> {
    let table = &job.context.table;
    let mut found: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    let mut query = accounts::renewing(&job.tenant, day, shift(day, RENEWALS_DAYS));
    loop {
        let page = table.page(&query).await.map_err(passing)?;
        for item in &page.items {
            let line = item
                .document()
                .ok()
                .and_then(|card| renewal(card, &job.context.dashboard_url));
            if let (Some(owner), Some(line)) = (address(item.str("f_owner")), line) {
                found.entry(owner).or_default().push(line);
            }
        }
        query.start = page.next;
        if query.start.is_none() {
            return Ok(found);
        }
    }
}

/// The day that the digest is of, in the tenant's zone.
fn due_day(job: &Job<'_>) -> Date {
    due(
        &job.event.at.to_zoned(job.profile.time_zone()),
        job.settings.email.digest_hour,
    )
    .date()
}

/// The first time that the clock shows `hour` at or after `from`.
fn due(from: &Zoned, hour: u8) -> Zoned {
    let at = |day: Date| {
        let hour = i8::try_from(hour.min(23)).unwrap_or(8);
        day.at(hour, 0, 0, 0)
            .to_zoned(from.time_zone().clone())
            .unwrap_or_else(|_| from.clone())
    };
    let today = at(from.date());
    if today >= *from {
        today
    } else {
        at(from.date().saturating_add(1.day()))
    }
}

async fn to_person(
    job: &Job<'_>,
    person: &str,
    renewals: Vec<Line>,
    since: Timestamp,
) -> Result<(), Failure> {
    let table = &job.context.table;
    let notes = notifications::undigested(table, &job.tenant, person, since)
        .await
        .map_err(passing)?;
    let base = &job.context.dashboard_url;
    let mut digest = of_notes(notes.iter().map(|(note, _)| note), base);
    digest.renewals = renewals;
    if digest.is_empty() {
        return Ok(());
    }
    digest.day = text::day(due_day(job));
    digest.link = today_link(base);
    let email = copilot_channels::email::digest(&digest).map_err(Failure::permanent)?;
    let note = job.note(Channel::Email, person);
    let told = match once(job, note, Content::Email(&email)).await? {
        Sent::Now => notes,
        Sent::Before => told_before(job, person, notes).await?,
        Sent::Never => return Ok(()),
    };
    notifications::mark_digested(table, &job.tenant, &told, job.event.event_id)
        .await
        .map_err(passing)
}

/// What the digest told of when it went out and was not marked: what was known before it was begun. What came later
/// is the next digest's.
async fn told_before(
    job: &Job<'_>,
    person: &str,
    notes: Vec<(Notification, i64)>,
) -> Result<Vec<(Notification, i64)>, Failure> {
    let key = keys::notify::notification(&job.tenant, job.event.event_id, Channel::Email.as_str(), person);
    let item = job.context.table.get(&key).await.map_err(passing)?;
    let sent: Option<Notification> = item.map(|item| item.document()).transpose().map_err(passing)?;
    Ok(notes
        .into_iter()
        .filter(|(note, _)| sent.as_ref().is_some_and(|sent| note.updated_at <= sent.at))
        .collect())
}

/// Sorts notifications by what became of their alerts: the last word on each counts, and an alert that opened and
/// got worse since the last digest is new.
fn of_notes<'a>(notes: impl Iterator<Item = &'a Notification>, base: &str) -> Digest {
    let mut alerts: BTreeMap<String, (bool, EventType, &AlertEvent)> = BTreeMap::new();
    for note in notes {
        let Some(alert) = &note.alert else { continue };
        let entry = alerts
            .entry(alert.id.to_string())
            .or_insert((false, note.event_type, alert));
        entry.0 |= note.event_type == EventType::AlertOpened;
        (entry.1, entry.2) = (note.event_type, alert);
    }
    let mut sorted: Vec<_> = alerts.into_values().collect();
    let money = |alert: &AlertEvent| alert.arr.map_or(0, |arr| arr.amount_minor);
    sorted.sort_by(|(.., a), (.., b)| b.severity.cmp(&a.severity).then(money(b).cmp(&money(a))));
    let mut digest = Digest::default();
    for (is_new, last, alert) in sorted {
        let line = Line {
            tag: text::severity(alert.severity).to_owned(),
            account: text::one_line(&alert.account_name, 60),
            text: text::one_line(&alert.title, 100),
            link: alert_link(base, &alert.id.to_string()),
        };
        match last {
            EventType::AlertResolved => digest.resolved.push(Line {
                tag: String::new(),
                ..line
            }),
            _ if is_new => digest.new.push(line),
            _ => digest.worse.push(line),
        }
    }
    digest
}

/// What a digest needs of an account's card.
#[derive(Debug, Deserialize)]
struct Card {
    id: String,
    name: String,
    #[serde(default)]
    arr: Option<copilot_domain::Money>,
    #[serde(default)]
    renewal_date: Option<Date>,
    #[serde(default)]
    score: Option<f64>,
}

/// The line of an account that renews soon; a card that does not read is left out.
fn renewal(card: serde_json::Value, base: &str) -> Option<Line> {
    let card: Card = serde_json::from_value(card).ok()?;
    let mut parts = Vec::new();
    parts.extend(card.arr.map(text::money));
    parts.extend(card.score.map(|score| format!("health {score:.0}")));
    if parts.is_empty() {
        parts.push("renews".to_owned());
    }
    Some(Line {
        tag: text::day(card.renewal_date?),
        account: text::one_line(&card.name, 60),
        text: parts.join(", "),
        link: format!("{}#/accounts/{}", base.trim_end_matches('#'), card.id),
    })
}

#[cfg(test)]
mod tests {
    use copilot_domain::alert::Severity;

    use super::*;

    #[test]
    fn a_digest_is_due_at_the_next_time_that_the_clock_shows_the_hour() {
        let of = |from: &str, hour| due(&from.parse().unwrap(), hour).to_string();
        assert_eq!(of("2026-03-01T02:00[UTC]", 8), "2026-03-01T08:00:00+00:00[UTC]");
        assert_eq!(of("2026-03-01T08:00[UTC]", 8), "2026-03-01T08:00:00+00:00[UTC]");
        assert_eq!(
            of("2026-02-28T18:00[America/Los_Angeles]", 8),
            "2026-03-01T08:00:00-08:00[America/Los_Angeles]"
        );
        // An hour that the change to summer time leaves out.
        assert_eq!(
            of("2026-03-29T00:30[Europe/Berlin]", 2),
            "2026-03-29T03:00:00+02:00[Europe/Berlin]"
        );
    }

    #[test]
    fn a_card_that_does_not_read_is_left_out() {
        assert_eq!(renewal(serde_json::json!({"id": 1}), "x"), None);
        let card = serde_json::json!({"id": "acc_1", "name": "Acme", "renewal_date": "2026-05-01", "score": 42.4,
            "arr": {"amount_minor": 1_200_000, "currency": "EUR"}});
        let line = renewal(card, "https://d/").unwrap();
        assert_eq!(
            (line.tag.as_str(), line.text.as_str()),
            ("1 May 2026", "EUR 12,000, health 42")
        );
        assert_eq!(line.link, "https://d/#/accounts/acc_1");
    }

    fn note(alert: &str, event_type: EventType, severity: Severity) -> Notification {
        let id = copilot_domain::AlertId::derived(&[alert]);
        let event = serde_json::json!({
            "event": copilot_domain::EventId::derived(&[alert, event_type.as_str()]), "event_type": event_type,
            "channel": "email", "recipient": "a@b.c", "status": "held", "reason": null, "attempts": 0,
            "at": "2026-03-01T00:00:00Z", "updated_at": "2026-03-01T00:00:00Z",
            "alert": {"id": id, "rule": "R01", "rule_name": "x", "title": alert, "severity": severity,
                "account_id": copilot_domain::AccountId::derived(&["a"]), "account_name": "Acme", "reason": "r"},
        });
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn each_alert_is_told_once_by_its_last_word() {
        let notes = [
            note("opened then worse", EventType::AlertOpened, Severity::Medium),
            note("opened then worse", EventType::AlertUpdated, Severity::High),
            note("came and went", EventType::AlertOpened, Severity::High),
            note("came and went", EventType::AlertResolved, Severity::High),
            note("older, worse", EventType::AlertUpdated, Severity::Critical),
            note("new", EventType::AlertOpened, Severity::Critical),
        ];
        let digest = of_notes(notes.iter(), "https://d/");
        let names = |lines: &[Line]| {
            lines
                .iter()
                .map(|l| format!("{} {}", l.tag, l.text))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&digest.new), ["Critical new", "High opened then worse"]);
        assert_eq!(names(&digest.worse), ["Critical older, worse"]);
        assert_eq!(names(&digest.resolved), [" came and went"]);
    }
}
