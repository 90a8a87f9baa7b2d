//! A tenant's own health profiles: the draft, the published versions, the one that scores go by.
//!
//! What a set holds is told by the scoring crate; here it is a document. A published version is never written again.

use copilot_domain::ids::TenantId;
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::profiles as keys;
use crate::table::{Condition, Query, Table, Write};

/// What is told of a published version in lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionHead {
    /// The version; the first of a tenant's own is 2, since 1 is what is shipped.
    pub version: u32,
    /// What its author says of it.
    pub note: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Who published it.
    pub published_by: String,
    /// The version that it repeats, when it was rolled back to.
    pub restored_from: Option<u32>,
    /// In how many values it differs from the version before.
    pub changes: usize,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// What lists tell of it.
    pub head: VersionHead,
    /// The set of profiles.
    pub set: Value,
}

/// The draft of the next version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The version that it was made from.
    pub base: u32,
    /// The set; `None` when it was published or thrown away. The item stays, so that its counter goes on.
    pub set: Option<Value>,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// Who saved it.
    pub saved_by: String,
}

/// The set that scores go by; `None` as long as the tenant has none of its own.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn live(table: &Table, tenant: &TenantId) -> Result<Option<Version>, AwsError> {
    let item = table.get(&keys::live(tenant)).await?;
    item.as_ref().map(Item::document).transpose()
}

/// A published version.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn version(table: &Table, tenant: &TenantId, version: u32) -> Result<Option<Version>, AwsError> {
    let item = table.get(&keys::version(tenant, version)).await?;
    item.as_ref().map(Item::document).transpose()
}

/// The published versions, newest first: at most `limit` that are older than `before`.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn versions(
    table: &Table,
    tenant: &TenantId,
    before: u32,
    limit: usize,
) -> Result<Vec<VersionHead>, AwsError> {
    let mut query = Query {
        pk: keys::partition(tenant),
        from: Some(keys::version(tenant, 0).sk),
        to: Some(keys::version(tenant, before.saturating_sub(1)).sk),
        descending: true,
        attributes: vec!["pk", "sk", "head"],
        ..Query::default()
    };
    let mut heads = Vec::new();
    loop {
        let page = table.page(&query).await?;
        for item in &page.items {
            heads.push(item.parsed("head")?);
        }
        query.start = page.next;
        if query.start.is_none() || heads.len() >= limit {
            heads.truncate(limit);
            return Ok(heads);
        }
    }
}

/// The draft with its counter; the counter is 0 when there never was one.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn draft(table: &Table, tenant: &TenantId) -> Result<(Option<Draft>, i64), AwsError> {
    let item = table.get(&keys::draft(tenant)).await?;
    let rev = item.as_ref().map_or(0, Item::rev);
    Ok((item.as_ref().map(Item::document).transpose()?, rev))
}

/// The write that saves a draft over the one that was read with the counter `read`.
pub fn save_draft(tenant: &TenantId, draft: &Draft, read: i64) -> Write {
    let item = Item::new(&keys::draft(tenant), "profile-draft")
        .number("rev", read + 1)
        .data(draft);
    Write::Put(item, unchanged(read))
}

/// The writes that publish a version after `before`, the version that scores went by up to now.
pub fn publish(tenant: &TenantId, new: &Version, before: Option<u32>) -> Vec<Write> {
    let number = new.head.version;
    let item = Item::new(&keys::version(tenant, number), "profile-version")
        .json("head", &new.head)
        .data(new);
    let live = Item::new(&keys::live(tenant), "profile-live")
        .number("rev", i64::from(number))
        .data(new);
    vec![
        Write::Put(item, Condition::Absent),
        Write::Put(live, unchanged(before.map_or(0, i64::from))),
    ]
}

fn unchanged(read: i64) -> Condition {
    if read == 0 {
        Condition::Absent
    } else {
        Condition::Rev(read)
    }
}
