//! What became of each delivery, and how each source is doing.

use copilot_domain::ids::{Source, TenantId};
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys;
use crate::table::{Condition, Page, Query, Start, Table};

/// How long the record of a delivery is kept.
const KEEP_DAYS: i64 = 30;
/// Errors that a record lists; the count is complete.
pub const LISTED_ERRORS: usize = 20;

/// A row that was not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// Its number in the delivery, from 1.
    pub row: u64,
    /// Machine-readable reason.
    pub code: String,
    /// The field at fault.
    pub field: Option<String>,
    /// What is wrong and how to mend it.
    pub detail: String,
}

/// The record of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery_id: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it was applied.
    pub processed_at: Timestamp,
    /// Rows in it.
    pub rows: u64,
    /// Rows that changed nothing because they were known.
    pub unchanged: u64,
    /// Rows that created something.
    pub created: u64,
    /// Rows that changed something.
    pub updated: u64,
    /// Rows kept for an account that is not known yet.
    pub parked: u64,
    /// Rows not applied.
    pub error_count: u64,
    /// The first of them.
    pub errors: Vec<RowFault>,
    /// Why nothing of it was applied, or what was ignored.
    pub note: Option<String>,
}

/// The last news of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// The source.
    pub source: Source,
    /// When its newest delivery arrived.
    pub last_delivery_at: Timestamp,
    /// When a delivery was last applied without an error.
    pub last_success_at: Option<Timestamp>,
    /// The last error, while it is newer than the last success.
    pub last_error: Option<String>,
    /// It delivers by webhook: what others tell under its name says nothing about it.
    #[serde(default)]
    pub by_webhook: bool,
}

/// The way a delivery came, which decides whether it tells how its source fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The source's own signed webhook.
    Webhook,
    /// The API, by a key: the source's own batch, unless the source delivers by webhook.
    Key,
    /// The API, by a person: a note under the name of a source is no delivery of it.
    Person,
}

impl Way {
    /// Whether a delivery that came this way is news of its source, of which this status is known.
    fn is_news(self, source: &Source, known: Option<&SourceStatus>) -> bool {
        match self {
            Self::Webhook => true,
            _ if source.as_str() == Source::DEFAULT => true,
            Self::Key => !known.is_some_and(|status| status.by_webhook),
            Self::Person => false,
        }
    }
}

/// Notes what became of a delivery, and how its source fares where the delivery is the source's own. The same
/// delivery has the same record, however often it is worked on.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn note(
    table: &Table,
    tenant: &TenantId,
    source: &Source,
    way: Way,
    record: &DeliveryRecord,
) -> Result<(), AwsError> {
    let key = keys::delivery(
        tenant,
        source,
        &record.received_at.to_string(),
        &record.delivery_id,
    );
    // A second run finds everything unchanged: the record of the first says more, so it stays.
    let item = Item::new(&key, "delivery")
        .number("ttl", record.processed_at.as_second() + KEEP_DAYS * 86_400)
        .data(record);
    match table.put(item, Condition::Absent).await {
        Ok(()) => {}
        Err(AwsError::Conflict { .. }) => return Ok(()),
        Err(error) => return Err(error),
    }
    advance_status(table, tenant, source, way, record).await
}

async fn advance_status(
    table: &Table,
    tenant: &TenantId,
    source: &Source,
    way: Way,
    record: &DeliveryRecord,
) -> Result<(), AwsError> {
    let key = keys::source_status(tenant, source);
    let fault = record
        .errors
        .first()
        .map(|e| format!("{}: {}", e.code, e.detail))
        .or_else(|| record.note.clone().filter(|_| record.error_count > 0));
    for _ in 0..8 {
        let read = table.get(&key).await?;
        let old: Option<SourceStatus> = read.as_ref().map(Item::document).transpose()?;
        if !way.is_news(source, old.as_ref()) {
            return Ok(());
        }
        let mut status = old.clone().unwrap_or(SourceStatus {
            source: source.clone(),
            last_delivery_at: record.received_at,
            last_success_at: None,
            last_error: None,
            by_webhook: false,
        });
        status.by_webhook |= way == Way::Webhook;
        status.last_delivery_at = status.last_delivery_at.max(record.received_at);
        match &fault {
            None => {
                status.last_success_at = status.last_success_at.max(Some(record.processed_at));
                status.last_error = None;
            }
            Some(fault) => status.last_error = Some(fault.clone()),
        }
        if old.as_ref() == Some(&status) {
            return Ok(());
        }
        let rev = read.as_ref().map_or(0, Item::rev);
        let item = Item::new(&key, "source").number("rev", rev + 1).data(&status);
        match table.put(item, Condition::unchanged(read.as_ref())).await {
            Err(AwsError::Conflict { .. }) => {}
            other => return other,
        }
    }
    // The status is news, not truth: others wrote newer ones.
    Ok(())
}

/// The status of every source of a tenant.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn statuses(table: &Table, tenant: &TenantId) -> Result<Vec<SourceStatus>, AwsError> {
    let pk = keys::source_partition(tenant);
    table
        .all(Query {
            pk,
            ..Query::default()
        })
        .await?
        .iter()
        .map(Item::document)
        .collect()
}

/// A page of a source's deliveries, newest first.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn page(
    table: &Table,
    tenant: &TenantId,
    source: &Source,
    limit: i32,
    start: Option<Start>,
) -> Result<Page, AwsError> {
    let query = Query {
        pk: keys::delivery_partition(tenant, source),
        descending: true,
        limit: Some(limit),
        start,
        ..Query::default()
    };
    table.page(&query).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sources_own_deliveries_are_news_of_it() {
        let status = |by_webhook| SourceStatus {
            source: Source::new("stripe").unwrap(),
            last_delivery_at: Timestamp::UNIX_EPOCH,
            last_success_at: None,
            last_error: Some("invalid: amount".to_owned()),
            by_webhook,
        };
        let (stripe, crm) = (Source::new("stripe").unwrap(), Source::new("crm").unwrap());
        let (hooked, batched) = (status(true), status(false));
        assert!(Way::Webhook.is_news(&stripe, Some(&hooked)));
        // A note by a CSM, or a row by an integration, under the name of a vendor.
        assert!(!Way::Person.is_news(&stripe, Some(&hooked)));
        assert!(!Way::Person.is_news(&stripe, None));
        assert!(!Way::Key.is_news(&stripe, Some(&hooked)));
        // A source that is fed by batches, and the API itself.
        assert!(Way::Key.is_news(&crm, None));
        assert!(Way::Key.is_news(&crm, Some(&batched)));
        assert!(Way::Person.is_news(&Source::api(), None));
    }
}
