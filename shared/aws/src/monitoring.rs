//! What nights found of learnt models, and what admins were told of it.

use std::collections::BTreeSet;

use copilot_domain::ids::TenantId;
use copilot_domain::monitoring::{KEEP_DAYS, Monitoring};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::models as keys;
use crate::table::{Condition, Query, Table};

/// An episode of drift: from the first word to admins until nothing is off any more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Episode {
    /// Its number.
    pub number: u32,
    /// Since when; `None` before the first.
    pub since: Option<Timestamp>,
    /// What admins were told of in it.
    pub told: BTreeSet<String>,
    /// Whether they were told that it is over.
    pub is_over: bool,
}

/// Stores what a night found. A second run of the day takes its place.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put(table: &Table, tenant: &TenantId, found: &Monitoring) -> Result<(), AwsError> {
    let key = keys::monitoring(tenant, found.kind, found.day);
    let ttl = found.computed_at.as_second() + KEEP_DAYS * 86_400;
    let item = Item::new(&key, "monitoring").number("ttl", ttl).data(found);
    table.put(item, Condition::None).await
}

/// What the newest nights found, the newest first, at most `limit`.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn newest(
    table: &Table,
    tenant: &TenantId,
    kind: PredictionKind,
    limit: i32,
) -> Result<Vec<Monitoring>, AwsError> {
    let query = Query {
        pk: keys::partition(tenant),
        prefix: Some(keys::monitoring_first(kind)),
        descending: true,
        limit: Some(limit),
        ..Query::default()
    };
    let page = table.page(&query).await?;
    // A record of an older form is none: the next night writes another.
    Ok(page
        .items
        .iter()
        .filter_map(|item| item.document().ok())
        .collect())
}

/// The newest episode of a kind.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn episode(table: &Table, tenant: &TenantId, kind: PredictionKind) -> Result<Episode, AwsError> {
    match table.get(&keys::drift_told(tenant, kind)).await? {
        Some(item) => item.document(),
        None => Ok(Episode::default()),
    }
}

/// Notes what admins were told.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn note(
    table: &Table,
    tenant: &TenantId,
    kind: PredictionKind,
    episode: &Episode,
) -> Result<(), AwsError> {
    let item = Item::new(&keys::drift_told(tenant, kind), "drift-told").data(episode);
    table.put(item, Condition::None).await
}
