//! The storm guard: a rule that trips at more than a fifth of all accounts on one day is held, since a broken
//! source is likelier than a broken fifth of the customers (`domain.md` 5.4).

use std::collections::{BTreeMap, BTreeSet};

use copilot_aws::table::Condition;
use copilot_aws::{AwsError, Item, Table, alerts, keys};
use copilot_domain::ids::TenantId;
use copilot_domain::time::Timestamp;
use copilot_scoring::severity::storms;
use jiff::tz::TimeZone;
use serde_json::json;

/// Of the rules that are about to open an alert, those to be held. Each one held is noted for the tenant's admins.
pub(crate) async fn held(
    table: &Table,
    tenant: &TenantId,
    rules: &BTreeSet<String>,
    accounts: u64,
    at: Timestamp,
) -> Result<BTreeSet<String>, AwsError> {
    let accounts = usize::try_from(accounts).unwrap_or(usize::MAX);
    let mut tripped = BTreeMap::new();
    for rule in rules {
        // One more than opened so far: the alert that is about to open.
        let opened = alerts::opened_on(table, tenant, rule, at, accounts / 5 + 2).await?;
        tripped.insert(rule.clone(), opened + 1);
    }
    let held: BTreeSet<String> = storms(&tripped, accounts).into_iter().collect();
    for rule in &held {
        let day = at.to_zoned(TimeZone::UTC).date();
        let note =
            json!({ "rule": rule, "day": day, "accounts": accounts, "tripped": tripped.get(rule), "at": at });
        let item = Item::new(&keys::storm(tenant, day, rule), "storm").data(&note);
        match table.put(item, Condition::Absent).await {
            Ok(()) => tracing::warn!(tenant_id = %tenant, rule, "rule held by the storm guard"),
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}
