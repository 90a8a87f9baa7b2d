//! Tenants and API keys.

use copilot_domain::ids::{TenantId, TenantProof};
use copilot_domain::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys;
use crate::table::{Condition, Query, Table, Write};

/// One customer of the copilot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The slug.
    pub id: String,
    /// Display name.
    pub name: String,
    /// IANA zone: the tenant's days are days there.
    pub zone: String,
    /// A sandbox looks at historic data as of this instant; its clock stands still.
    #[serde(default)]
    pub pinned_as_of: Option<Timestamp>,
    /// Event names that count as key events; all when absent.
    #[serde(default)]
    pub key_events: Option<Vec<String>>,
    /// Names of competitors, looked for in what its customers write.
    #[serde(default)]
    pub competitors: Vec<String>,
    /// Whether the tone of tickets and survey comments is read. Off unless the tenant asks for it.
    #[serde(default)]
    pub text_tone: bool,
}

impl Tenant {
    /// The zone; UTC when its name is unknown.
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    /// The instant that counts as now for this tenant.
    pub fn now(&self, clock: Timestamp) -> Timestamp {
        self.pinned_as_of.unwrap_or(clock)
    }

    /// Whether its clock is pinned.
    pub fn is_sandbox(&self) -> bool {
        self.pinned_as_of.is_some()
    }
}

/// A tenant by its id.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn get(table: &Table, tenant: &TenantId) -> Result<Option<Tenant>, AwsError> {
    table
        .get(&keys::tenant(tenant))
        .await?
        .as_ref()
        .map(Item::document)
        .transpose()
}

/// Writes a tenant. For operators.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put(table: &Table, id: &TenantId, tenant: &Tenant) -> Result<(), AwsError> {
    table
        .put(
            Item::new(&keys::tenant(id), "tenant").data(tenant),
            Condition::None,
        )
        .await?;
    table
        .put(
            Item::new(&keys::tenant_list(id), "tenant-name").text("name", id.as_str()),
            Condition::None,
        )
        .await
}

/// Every tenant of the stack, for the nightly sweep.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn all(table: &Table) -> Result<Vec<TenantId>, AwsError> {
    let items = table
        .all(Query {
            pk: "TENANTS".to_owned(),
            ..Query::default()
        })
        .await?;
    Ok(items
        .iter()
        .filter_map(|i| TenantId::proven(i.str("sk"), TenantProof::OwnRecord).ok())
        .collect())
}

/// What an API key may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The tenant's slug.
    pub tenant: String,
    /// What it is for.
    pub name: String,
    /// `read`, `write`, `admin`.
    pub scopes: Vec<String>,
    /// The first characters of the key, to tell keys apart.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The key with this hash (hex SHA-256 of its text).
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn api_key(table: &Table, hash: &str) -> Result<Option<ApiKey>, AwsError> {
    table
        .get(&keys::api_key(hash))
        .await?
        .as_ref()
        .map(Item::document)
        .transpose()
}

/// A key as an operator finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ListedKey {
    hash: String,
    key: ApiKey,
}

fn owner(key: &ApiKey) -> Result<TenantId, AwsError> {
    TenantId::proven(&key.tenant, TenantProof::OwnRecord).map_err(|e| AwsError::Corrupt {
        what: "the tenant",
        key: key.prefix.clone(),
        source: Some(e.into()),
    })
}

/// Writes a key under its hash, and among its tenant's. For operators.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put_api_key(table: &Table, hash: &str, key: &ApiKey) -> Result<(), AwsError> {
    let listed = ListedKey {
        hash: hash.to_owned(),
        key: key.clone(),
    };
    let in_list = keys::api_key_listed(&owner(key)?, &key.prefix);
    table
        .transact(vec![
            Write::Put(
                Item::new(&keys::api_key(hash), "api-key").data(key),
                Condition::None,
            ),
            Write::Put(
                Item::new(&in_list, "api-key-listed").data(&listed),
                Condition::None,
            ),
        ])
        .await
}

/// The keys of a tenant. For operators.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn api_keys(table: &Table, tenant: &TenantId) -> Result<Vec<ApiKey>, AwsError> {
    let items = table
        .all(Query {
            pk: keys::api_key_listed(tenant, "").pk,
            consistent: true,
            ..Query::default()
        })
        .await?;
    items
        .iter()
        .map(|item| Ok(item.document::<ListedKey>()?.key))
        .collect()
}

/// Takes a key away, from this moment on; gives what it was. For operators.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn revoke_api_key(
    table: &Table,
    tenant: &TenantId,
    prefix: &str,
) -> Result<Option<ApiKey>, AwsError> {
    let in_list = keys::api_key_listed(tenant, prefix);
    let Some(item) = table.get(&in_list).await? else {
        return Ok(None);
    };
    let listed: ListedKey = item.document()?;
    table
        .transact(vec![
            Write::Delete(keys::api_key(&listed.hash)),
            Write::Delete(in_list),
        ])
        .await?;
    Ok(Some(listed.key))
}
