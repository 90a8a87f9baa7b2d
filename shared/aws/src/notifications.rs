//! Notifications: one item for each (event, channel, recipient), claimed by a conditional write before anything is
//! sent, and kept as the record of what became of it.
//!
//! A claim holds for [`LEASE`]. When its holder dies between sending and writing that it sent, the next one sends
//! again after the lease: an alert told twice is better than one never told. No channel of ours has an idempotency
//! key that would close that gap.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use copilot_domain::event::{AlertEvent, EventType};
use copilot_domain::ids::{AlertId, EventId, TenantId};
use copilot_domain::notify::NotifySettings;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, index, notify as note_keys};
use crate::table::{Condition, Query, Table};

/// How long a claim holds: longer than a send may take, shorter than the queue's visibility time.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long a notification is kept.
const KEEP: SignedDuration = SignedDuration::from_hours(180 * 24);
/// Tries of an optimistic write.
const TRIES: u32 = 6;

/// By what way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Email,
    /// Slack.
    Slack,
}

impl Channel {
    /// The name as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Slack => "slack",
        }
    }
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being sent, or to be tried again.
    Pending,
    /// Taken by the channel.
    Sent,
    /// Refused for good, or given up.
    Failed,
    /// Not pushed: waits for the digest, or is not to leave at all.
    Held,
}

/// One notification, as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The event that it tells.
    pub event: EventId,
    /// What happened.
    pub event_type: EventType,
    /// By what way.
    pub channel: Channel,
    /// An e-mail address, or what the channel calls its place.
    pub recipient: String,
    /// What became of it.
    pub status: Status,
    /// Why it was held or failed, in words.
    pub reason: Option<String>,
    /// How often sending was begun.
    pub attempts: u32,
    /// When it was first known, by the system's clock (also in a sandbox).
    pub at: Timestamp,
    /// When this was written.
    pub updated_at: Timestamp,
    /// Whether it failed only because trying came to an end, so that a redrive may send it.
    #[serde(default)]
    pub gave_up: bool,
    /// Until when somebody is sending it.
    #[serde(default)]
    pub lease_until: Option<Timestamp>,
    /// The digest that told of it.
    #[serde(default)]
    pub digest: Option<EventId>,
    /// The alert, as the event had it.
    pub alert: Option<AlertEvent>,
}

impl Notification {
    /// The recipient for others to see: `a…@example.com`.
    pub fn recipient_masked(&self) -> String {
        mask(&self.recipient)
    }
}

/// An address with its name taken out but for the first letter.
pub fn mask(address: &str) -> String {
    match address.split_once('@') {
        Some((name, host)) => format!("{}…@{host}", name.chars().take(1).collect::<String>()),
        None => address.to_owned(),
    }
}

/// What a claim found.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// It is yours: send, then [`settle`].
    Mine(Claimed),
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
        Ok(()) => return Ok(Claim::Mine(Claimed { note, rev: 1 })),
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
        Ok(()) => Ok(Claim::Mine(Claimed {
            note: stored,
            rev: rev + 1,
        })),
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

/// Notifications of a tenant, newest first; a page and where it ended.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn recent(
    table: &Table,
    tenant: &TenantId,
    limit: i32,
    start: Option<std::collections::HashMap<String, AttributeValue>>,
) -> Result<
    (
        Vec<Notification>,
        Option<std::collections::HashMap<String, AttributeValue>>,
    ),
    AwsError,
> {
    let query = Query {
        index: Some("gsi1"),
        pk: note_keys::by_tenant(tenant),
        descending: true,
        limit: Some(limit),
        start,
        ..Query::default()
    };
    let page = table.page(&query).await?;
    let notes = page.items.iter().map(Item::document).collect::<Result<_, _>>()?;
    Ok((notes, page.next))
}

/// Notifications about an alert, oldest first.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn of_alert(
    table: &Table,
    tenant: &TenantId,
    alert: AlertId,
) -> Result<Vec<Notification>, AwsError> {
    let pk = note_keys::by_alert(tenant, alert);
    let items = table
        .all(Query {
            index: Some("gsi3"),
            pk,
            ..Query::default()
        })
        .await?;
    items.iter().map(Item::document).collect()
}

/// Who was told, or would have been, since an instant: e-mail addresses, each once.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn people_since(
    table: &Table,
    tenant: &TenantId,
    since: Timestamp,
) -> Result<Vec<String>, AwsError> {
    let query = Query {
        index: Some("gsi1"),
        pk: note_keys::by_tenant(tenant),
        from: Some(note_keys::instant(since)),
        ..Query::default()
    };
    let mut people = std::collections::BTreeSet::new();
    for item in table.all(query).await? {
        let note: Notification = item.document()?;
        if note.channel == Channel::Email && note.recipient.contains('@') {
            people.insert(note.recipient);
        }
    }
    Ok(people.into_iter().collect())
}

/// A person's e-mail notifications about alerts since an instant that no digest told of yet, oldest first, with the
/// counters of their items.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn undigested(
    table: &Table,
    tenant: &TenantId,
    person: &str,
    since: Timestamp,
) -> Result<Vec<(Notification, i64)>, AwsError> {
    let query = Query {
        index: Some("gsi2"),
        pk: note_keys::by_recipient(tenant, person),
        from: Some(note_keys::instant(since)),
        ..Query::default()
    };
    let mut notes = Vec::new();
    for item in table.all(query).await? {
        let note: Notification = item.document()?;
        // What is being sent right now belongs to the next digest.
        let is_settled = note.status != Status::Pending;
        if note.digest.is_none() && note.alert.is_some() && note.channel == Channel::Email && is_settled {
            notes.push((note, item.rev()));
        }
    }
    Ok(notes)
}

/// The cards of an owner's accounts that renew between two days, soonest first.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn renewals(
    table: &Table,
    tenant: &TenantId,
    owner: &str,
    from: Date,
    to: Date,
) -> Result<Vec<serde_json::Value>, AwsError> {
    let bound = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
    let values = vec![
        bound(":first", from.to_string()),
        bound(":last", format!("{to}$")),
    ];
    let query = Query {
        index: Some("gsi6"),
        pk: index::owner(tenant, owner),
        // The key of the renewal index is the date, `#` and the account; `$` sorts behind `#`.
        filter: Some(("g4sk BETWEEN :first AND :last".to_owned(), values)),
        attributes: vec!["data", "g4sk"],
        ..Query::default()
    };
    let mut found: Vec<Item> = table.all(query).await?;
    found.sort_by(|a, b| a.str("g4sk").cmp(b.str("g4sk")));
    found.iter().map(Item::document).collect()
}

/// A tenant's settings; the defaults when it has none.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn settings(table: &Table, tenant: &TenantId) -> Result<NotifySettings, AwsError> {
    let found = table.get(&keys::setting(tenant, "NOTIFY")).await?;
    Ok(found
        .as_ref()
        .map(Item::document)
        .transpose()?
        .unwrap_or_default())
}

/// Writes a tenant's settings.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put_settings(
    table: &Table,
    tenant: &TenantId,
    settings: &NotifySettings,
) -> Result<(), AwsError> {
    let item = Item::new(&keys::setting(tenant, "NOTIFY"), "notify-settings").data(settings);
    table.put(item, Condition::None).await
}

/// The queue that `notify` reads, for putting a digest off to its hour.
#[derive(Debug, Clone)]
pub struct NotifyQueue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl NotifyQueue {
    /// The longest that SQS holds a message back, in seconds.
    pub const MAX_DELAY_S: i32 = 900;

    /// The queue by its URL.
    pub fn new(config: &SdkConfig, url: &str) -> Self {
        Self {
            client: aws_sdk_sqs::Client::new(config),
            url: url.to_owned(),
        }
    }

    /// Sends a body again, to be seen after `delay_s` seconds (at most [`Self::MAX_DELAY_S`]).
    ///
    /// # Errors
    /// [`AwsError`] when SQS does not take it.
    pub async fn later(&self, body: &str, delay_s: i32) -> Result<(), AwsError> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(delay_s.clamp(0, Self::MAX_DELAY_S))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("put a digest off", e))?;
        Ok(())
    }
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
