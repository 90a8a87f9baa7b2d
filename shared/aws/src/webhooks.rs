//! Outgoing webhooks and their deliveries: one item for each (event, webhook), claimed by a conditional write before
//! anything is sent, and kept for thirty days as the log that the product shows.
//!
//! A delivery goes out at least once: when the one who sends dies before it writes what came of it, the queue brings
//! the message back after the claim's [`LEASE`], and the endpoint sees the same `webhook-id` again.

mod queue;

use copilot_domain::ids::{EventId, TenantId, WebhookId};
use copilot_domain::webhook::{Delivery, DeliveryStatus, Webhook};
use jiff::{SignedDuration, Timestamp};

pub use queue::{HookMessage, HookQueue};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::webhooks as keys;
use crate::table::{Condition, Query, Table};

/// How long a claim holds: longer than a try may take, shorter than the queue's visibility time.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long a delivery is kept.
const KEEP: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Tries of an optimistic write.
const TRIES: u32 = 8;

/// The item of a webhook.
pub fn item(tenant: &TenantId, webhook: &Webhook, rev: i64) -> Item {
    Item::new(&keys::webhook(tenant, webhook.id), "webhook")
        .number("rev", rev)
        .data(webhook)
}

/// A tenant's webhooks with their counters, in the order in which they were made.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn list(table: &Table, tenant: &TenantId) -> Result<Vec<(Webhook, i64)>, AwsError> {
    let query = Query {
        pk: keys::partition(tenant),
        consistent: true,
        ..Query::default()
    };
    let items = table.all(query).await?;
    items
        .iter()
        .map(|item| Ok((item.document()?, item.rev())))
        .collect()
}

/// A webhook with its counter.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn get(
    table: &Table,
    tenant: &TenantId,
    id: WebhookId,
) -> Result<Option<(Webhook, i64)>, AwsError> {
    let found = table.get(&keys::webhook(tenant, id)).await?;
    found.map(|item| Ok((item.document()?, item.rev()))).transpose()
}

/// Changes a webhook as it stands now, where there is one and `change` says that something changed. Gives it as it
/// is then.
///
/// # Errors
/// [`AwsError`] when the table fails, or somebody else was faster each time.
pub async fn change(
    table: &Table,
    tenant: &TenantId,
    id: WebhookId,
    change: impl Fn(&mut Webhook) -> bool,
) -> Result<Option<Webhook>, AwsError> {
    for _ in 0..TRIES {
        let Some((mut webhook, rev)) = get(table, tenant, id).await? else {
            return Ok(None);
        };
        if !change(&mut webhook) {
            return Ok(Some(webhook));
        }
        match table
            .put(item(tenant, &webhook, rev + 1), Condition::Rev(rev))
            .await
        {
            Err(error) if error.is_conflict() => {}
            other => return other.map(|()| Some(webhook)),
        }
    }
    Err(AwsError::Conflict {
        operation: "change a webhook",
    })
}

fn delivery_item(tenant: &TenantId, delivery: &Delivery, rev: i64) -> Item {
    let expires = delivery
        .created_at
        .saturating_add(KEEP)
        .unwrap_or(delivery.created_at);
    Item::new(
        &keys::delivery(tenant, delivery.webhook, delivery.event),
        "webhook-delivery",
    )
    .number("rev", rev)
    .number("ttl", expires.as_second())
    .text("g1pk", &keys::deliveries(tenant, delivery.webhook))
    .text("g1sk", &keys::delivery_place(delivery.created_at, delivery.event))
    .data(delivery)
}

/// A delivery with its counter.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn delivery(
    table: &Table,
    tenant: &TenantId,
    webhook: WebhookId,
    event: EventId,
) -> Result<Option<(Delivery, i64)>, AwsError> {
    let found = table.get(&keys::delivery(tenant, webhook, event)).await?;
    found.map(|item| Ok((item.document()?, item.rev()))).transpose()
}

/// Deliveries of a webhook, newest first.
pub fn by_time(tenant: &TenantId, webhook: WebhookId) -> Query {
    Query {
        index: Some("gsi1"),
        pk: keys::deliveries(tenant, webhook),
        descending: true,
        ..Query::default()
    }
}

/// Stores a delivery and hands it to the queue. Doing it again changes nothing: of a delivery that was not tried yet
/// there may then be two messages, and the claim lets one of them through.
///
/// # Errors
/// [`AwsError`] when the table or the queue fails; doing it again is safe.
pub async fn begin(
    table: &Table,
    queue: &HookQueue,
    tenant: &TenantId,
    delivery: &Delivery,
) -> Result<(), AwsError> {
    match table
        .put(delivery_item(tenant, delivery, 1), Condition::Absent)
        .await
    {
        Err(error) if error.is_conflict() => {
            // It was stored before; whether its message went out as well, nobody knows unless it was tried.
            let stored = self::delivery(table, tenant, delivery.webhook, delivery.event).await?;
            let is_untried =
                stored.is_some_and(|(d, _)| d.attempts == 0 && d.status == DeliveryStatus::Pending);
            if !is_untried {
                return Ok(());
            }
        }
        other => other?,
    }
    let message = HookMessage::of(tenant, delivery, delivery.created_at);
    queue.send(&message, 0).await
}

/// Begins the schedule of a stored delivery anew. `None` while a try of it is under way.
///
/// # Errors
/// [`AwsError::Conflict`] when it changed meanwhile; [`AwsError`] when the table or the queue fails.
pub async fn resend(
    table: &Table,
    queue: &HookQueue,
    tenant: &TenantId,
    (mut delivery, rev): (Delivery, i64),
    now: Timestamp,
) -> Result<Option<Delivery>, AwsError> {
    if delivery.lease_until.is_some_and(|until| until > now) {
        return Ok(None);
    }
    delivery.again(now);
    // The record first: a message that finds it settled would be dropped.
    let item = delivery_item(tenant, &delivery, rev + 1);
    table.put(item, Condition::Rev(rev)).await?;
    queue.send(&HookMessage::of(tenant, &delivery, now), 0).await?;
    Ok(Some(delivery))
}

/// What a claim found.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// It is yours: send, then [`settle`].
    Mine(Box<Delivery>, i64),
    /// Another try is under way; look again later.
    Busy,
    /// This try was made already, or the delivery is settled or gone.
    Over,
}

/// Takes the right to make a delivery's try of this number.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn claim(
    table: &Table,
    tenant: &TenantId,
    message: &HookMessage,
    now: Timestamp,
) -> Result<Claim, AwsError> {
    let Some((mut delivery, rev)) = delivery(table, tenant, message.webhook, message.event).await? else {
        return Ok(Claim::Over);
    };
    // Whoever settled an earlier try had put the message of the next one in the queue before: a number that is
    // behind belongs to a message that came twice.
    if delivery.status != DeliveryStatus::Pending || message.attempt <= delivery.attempts {
        return Ok(Claim::Over);
    }
    if message.attempt > delivery.attempts + 1 || delivery.lease_until.is_some_and(|until| until > now) {
        return Ok(Claim::Busy);
    }
    delivery.lease_until = now.saturating_add(LEASE).ok();
    match table
        .put(delivery_item(tenant, &delivery, rev + 1), Condition::Rev(rev))
        .await
    {
        Ok(()) => Ok(Claim::Mine(Box::new(delivery), rev + 1)),
        Err(error) if error.is_conflict() => Ok(Claim::Busy),
        Err(error) => Err(error),
    }
}

/// Writes what a try came to, and frees the claim.
///
/// # Errors
/// [`AwsError::Conflict`] when the lease ran out and somebody else has it; [`AwsError`] when the table fails.
pub async fn settle(
    table: &Table,
    tenant: &TenantId,
    mut delivery: Delivery,
    rev: i64,
    now: Timestamp,
) -> Result<(), AwsError> {
    delivery.lease_until = None;
    delivery.updated_at = now;
    table
        .put(delivery_item(tenant, &delivery, rev + 1), Condition::Rev(rev))
        .await
}
