//! What a tenant serves: the cut at which a probability says yes, and rules that are muted.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::ids::TenantId;
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::accuracy as keys;
use crate::table::{Condition, Table, Write};

/// The cut where the tenant set none.
pub const DEFAULT_CUT: f64 = 0.5;

/// Why a rule opens no alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    /// In words.
    pub reason: String,
    /// Who muted it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a tenant serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Serving {
    /// Probability from which on a prediction says yes.
    pub alert_cut: f64,
    /// Rules that open no new alerts.
    pub muted: BTreeMap<String, Muted>,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            alert_cut: DEFAULT_CUT,
            muted: BTreeMap::new(),
        }
    }
}

impl Serving {
    /// The rules that are muted.
    pub fn muted_rules(&self) -> BTreeSet<String> {
        self.muted.keys().cloned().collect()
    }
}

/// What a tenant serves, and the item it stands in.
///
/// # Errors
/// [`AwsError`] when the table fails or the document does not read.
pub async fn stored(table: &Table, tenant: &TenantId) -> Result<(Serving, Option<Item>), AwsError> {
    let item = table.get(&keys::serving(tenant)).await?;
    let serving = item.as_ref().map(Item::document).transpose()?;
    Ok((serving.unwrap_or_default(), item))
}

/// What a tenant serves.
///
/// # Errors
/// As [`stored`].
pub async fn get(table: &Table, tenant: &TenantId) -> Result<Serving, AwsError> {
    Ok(stored(table, tenant).await?.0)
}

/// The write of what is served, over what was read.
pub fn write(tenant: &TenantId, serving: &Serving, read: Option<&Item>) -> Write {
    let rev = read.map_or(0, Item::rev) + 1;
    let item = Item::new(&keys::serving(tenant), "serving")
        .number("rev", rev)
        .data(serving);
    Write::Put(item, Condition::unchanged(read))
}
