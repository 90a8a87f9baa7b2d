//! Tenants and API keys.

use copilot_domain::ids::{TenantId, TenantProof};
use copilot_domain::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys;
use crate::table::{Condition, Query, Table};

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

/// Writes a key under its hash. For operators.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put_api_key(table: &Table, hash: &str, key: &ApiKey) -> Result<(), AwsError> {
    table
        .put(
            Item::new(&keys::api_key(hash), "api-key").data(key),
            Condition::None,
        )
        .await
}
