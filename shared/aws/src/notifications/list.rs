//! Lists of notifications, for the product and for digests; the settings.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use copilot_domain::ids::{AlertId, TenantId};
use copilot_domain::notify::NotifySettings;
use jiff::Timestamp;

use super::{Channel, Notification, Status};
use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, notify as note_keys};
use crate::table::{Condition, Query, Table};

/// Where a page of a list ended.
pub type Position = std::collections::HashMap<String, AttributeValue>;

/// The query of a tenant's notifications, newest first.
pub fn by_time(tenant: &TenantId) -> Query {
    Query {
        index: Some("gsi1"),
        pk: note_keys::by_tenant(tenant),
        descending: true,
        ..Query::default()
    }
}

/// Notifications of a tenant, newest first; a page and where it ended.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn recent(
    table: &Table,
    tenant: &TenantId,
    limit: i32,
    start: Option<Position>,
) -> Result<(Vec<Notification>, Option<Position>), AwsError> {
    let query = Query {
        limit: Some(limit),
        start,
        ..by_time(tenant)
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
    let mut people = BTreeSet::new();
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
