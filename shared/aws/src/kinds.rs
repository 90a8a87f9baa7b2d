//! Which kinds of fact a tenant's sources send at all. Where tickets come in, an account without tickets has none;
//! where none ever came, its tickets are unknown. The two are scored differently.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use copilot_domain::facts::{Fact, Kind};
use copilot_domain::ids::TenantId;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys;
use crate::table::{Query, Table};

/// The name under which usage events are noted; records go by their kind's plural.
pub const USAGE: &str = "events";
const PREFIX: &str = "KIND#";

/// Notes written by this process, so that only the first delivery of a kind writes one. Writing again would change
/// nothing: a cold process starts with none.
static NOTED: Mutex<Option<HashSet<Entry>>> = Mutex::new(None);
/// Table, tenant, kind.
type Entry = (String, TenantId, &'static str);

/// Notes the kinds of some facts.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn note(table: &Table, tenant: &TenantId, facts: &[Fact]) -> Result<(), AwsError> {
    let kinds: BTreeSet<&'static str> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Record(record) => Some(record.kind.plural()),
            Fact::Usage(_) => Some(USAGE),
            Fact::Link(_) => None,
        })
        .collect();
    let entry = |kind: &'static str| (table.name().to_owned(), tenant.clone(), kind);
    let fresh: Vec<&'static str> = {
        let noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |kind: &&'static str| noted.as_ref().is_some_and(|n| n.contains(&entry(kind)));
        kinds.into_iter().filter(|kind| !known(kind)).collect()
    };
    if fresh.is_empty() {
        return Ok(());
    }
    let items = fresh
        .iter()
        .map(|kind| Item::new(&keys::setting(tenant, &format!("{PREFIX}{kind}")), "kind").text("kind", kind));
    table.write_many(items.collect(), &[]).await?;
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    noted.get_or_insert_default().extend(fresh.into_iter().map(entry));
    Ok(())
}

/// The kinds that ever came in, by their plural; usage as [`USAGE`].
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn seen(table: &Table, tenant: &TenantId) -> Result<BTreeSet<String>, AwsError> {
    let pk = keys::tenant(tenant).pk;
    let query = Query {
        pk,
        prefix: Some(PREFIX.to_owned()),
        ..Query::default()
    };
    Ok(table
        .all(query)
        .await?
        .iter()
        .map(|item| item.str("kind").to_owned())
        .collect())
}

/// Whether a kind of record is among those seen.
pub fn has(seen: &BTreeSet<String>, kind: Kind) -> bool {
    seen.contains(kind.plural())
}
