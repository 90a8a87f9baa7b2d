//! Notifications: one item for each (event, channel, recipient), claimed by a conditional write before anything is
//! sent, and kept as the record of what became of it.
//!
//! A claim holds for [`LEASE`]. When its holder dies between sending and writing that it sent, the next one sends
//! again after the lease: an alert told twice is better than one never told. No channel of ours has an idempotency
//! key that would close that gap.

mod list;
mod note;
mod queue;

use copilot_domain::ids::{EventId, TenantId};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

pub use list::{Position, by_time, of_alert, people_since, put_settings, recent, settings, undigested};
pub use note::{Channel, Notification, Status, mask};
pub use queue::NotifyQueue;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::notify as note_keys;
use crate::table::{Condition, Table};

/// How long a claim holds: longer than a send may take, shorter than the queue's visibility time.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long a notification is kept.
const KEEP: SignedDuration = SignedDuration::from_hours(180 * 24);
/// Tries of an optimistic write.
const TRIES: u32 = 6;

/// What a claim found.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// It is yours: send, then [`settle`].
    Mine(Box<Claimed>),
    /// Somebody is sending it; look again later.
    Busy,
    /// It is sent, held or refused already; nothing to do.
    Settled(Status),
}

/// A notification that the holder alone may send.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// It.
    pub note: Notification,
    rev: i64,
}

fn item(tenant: &TenantId, note: &Notification, rev: i64) -> Item {
    let at = format!(
        "{}#{}#{}",
        note_keys::instant(note.at),
        note.event,
        note.channel.as_str()
    );
    let expires = note.at.saturating_add(KEEP).unwrap_or(note.at).as_second();
    let mut item = Item::new(
        &note_keys::notification(tenant, note.event, note.channel.as_str(), &note.recipient),
        "note",
    )
    .number("rev", rev)
    .number("ttl", expires)
    .text("g1pk", &note_keys::by_tenant(tenant))
    .text("g1sk", &at)
    .text("g2pk", &note_keys::by_recipient(tenant, &note.recipient))
    .text("g2sk", &at)
    .data(note);
    if let Some(alert) = &note.alert {
        item = item
            .text("g3pk", &note_keys::by_alert(tenant, alert.id))
            .text("g3sk", &at);
    }
    item
}

/// Takes the right to send a notification. `note` is what to store when it is new; its status, attempts and lease
/// are set here.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn claim(
    table: &Table,
    tenant: &TenantId,
    mut note: Notification,
    now: Timestamp,
) -> Result<Claim, AwsError> {
    let lease = now.saturating_add(LEASE).unwrap_or(now);
    let begin = |note: &mut Notification| {
        note.status = Status::Pending;
        note.reason = None;
        note.gave_up = false;
        note.attempts += 1;
        note.updated_at = now;
        note.lease_until = Some(lease);
    };
    note.attempts = 0;
    begin(&mut note);
    match table.put(item(tenant, &note, 1), Condition::Absent).await {
        Ok(()) => return Ok(Claim::Mine(Box::new(Claimed { note, rev: 1 }))),
        Err(error) if !error.is_conflict() => return Err(error),
        Err(_) => {}
    }
    let key = note_keys::notification(tenant, note.event, note.channel.as_str(), &note.recipient);
    let Some(found) = table.get(&key).await? else {
        return Ok(Claim::Busy);
    };
    let (rev, mut stored) = (found.rev(), found.document::<Notification>()?);
    let is_open = stored.status == Status::Pending || (stored.status == Status::Failed && stored.gave_up);
    if !is_open {
        return Ok(Claim::Settled(stored.status));
    }
    if stored.lease_until.is_some_and(|until| until > now) {
        return Ok(Claim::Busy);
    }
    begin(&mut stored);
    match table
        .put(item(tenant, &stored, rev + 1), Condition::Rev(rev))
        .await
    {
        Ok(()) => Ok(Claim::Mine(Box::new(Claimed {
            note: stored,
            rev: rev + 1,
        }))),
        Err(error) if error.is_conflict() => Ok(Claim::Busy),
        Err(error) => Err(error),
    }
}

/// What sending came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it.
    Sent,
    /// It did not go for a passing reason, and will be tried again.
    Again(String),
    /// The channel refused it for good.
    Refused(String),
    /// Tried often enough; a redrive may try again.
    GaveUp(String),
}

/// Writes what sending came to.
///
/// # Errors
/// [`AwsError::Conflict`] when the lease ran out and somebody else has it; [`AwsError`] when the table fails.
pub async fn settle(
    table: &Table,
    tenant: &TenantId,
    claimed: Claimed,
    outcome: Outcome,
    now: Timestamp,
) -> Result<(), AwsError> {
    let Claimed { mut note, rev } = claimed;
    note.updated_at = now;
    note.lease_until = None;
    note.gave_up = matches!(outcome, Outcome::GaveUp(_));
    (note.status, note.reason) = match outcome {
        Outcome::Sent => (Status::Sent, None),
        Outcome::Again(reason) => (Status::Pending, Some(reason)),
        Outcome::Refused(reason) | Outcome::GaveUp(reason) => (Status::Failed, Some(reason)),
    };
    table.put(item(tenant, &note, rev + 1), Condition::Rev(rev)).await
}

/// Records a notification that is not pushed. Recording it twice changes nothing. Tells whether it was new.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn hold(
    table: &Table,
    tenant: &TenantId,
    mut note: Notification,
    reason: &str,
) -> Result<bool, AwsError> {
    note.status = Status::Held;
    note.reason = Some(reason.to_owned());
    match table.put(item(tenant, &note, 1), Condition::Absent).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes that a digest told of notifications. Those that changed meanwhile stay for the next digest.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn mark_digested(
    table: &Table,
    tenant: &TenantId,
    notes: &[(Notification, i64)],
    digest: EventId,
) -> Result<(), AwsError> {
    for (note, rev) in notes {
        let mut told = note.clone();
        told.digest = Some(digest);
        match table
            .put(item(tenant, &told, rev + 1), Condition::Rev(*rev))
            .await
        {
            Err(error) if !error.is_conflict() => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Counts an event against a person's pushes of the day, unless there are `cap` others already. The same event
/// counts once, however often it is asked for and by however many channels it goes.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn may_push(
    table: &Table,
    tenant: &TenantId,
    person: &str,
    day: Date,
    event: EventId,
    cap: u32,
) -> Result<bool, AwsError> {
    let key = note_keys::pushes(tenant, day, person);
    let event = event.to_string();
    // Two days after the day that it counts.
    let expires = i64::from(copilot_domain::time::epoch_day(day) + 3) * 86_400;
    for _ in 0..TRIES {
        let found = table.get(&key).await?;
        let rev = found.as_ref().map_or(0, Item::rev);
        let mut events: Vec<String> = found
            .as_ref()
            .map(Item::document)
            .transpose()?
            .unwrap_or_default();
        if events.contains(&event) {
            return Ok(true);
        }
        if events.len() >= cap as usize {
            return Ok(false);
        }
        events.push(event.clone());
        let item = Item::new(&key, "pushes")
            .number("rev", rev + 1)
            .number("ttl", expires)
            .data(&events);
        match table.put(item, Condition::unchanged(found.as_ref())).await {
            Err(error) if error.is_conflict() => {}
            other => return other.map(|()| true),
        }
    }
    Err(AwsError::Conflict {
        operation: "count a push",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_masked() {
        assert_eq!(mask("ada.lovelace@example.com"), "a…@example.com");
        assert_eq!(mask("channel"), "channel");
        assert_eq!(mask("@x"), "…@x");
    }

    #[test]
    fn instants_sort_as_text() {
        let of = |text: &str| note_keys::instant(text.parse().unwrap());
        assert!(of("2026-03-01T09:30:00Z") < of("2026-03-01T09:30:00.5Z"));
        assert!(of("2026-03-01T09:30:00.5Z") < of("2026-03-01T09:30:01Z"));
        assert_eq!(of("2026-03-01T09:30:00Z"), "2026-03-01T09:30:00.000Z");
    }
}
