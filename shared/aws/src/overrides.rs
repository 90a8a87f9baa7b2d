//! Overrides of scores, kept in the account's own partition: they come with whatever loads the account.

use std::collections::BTreeMap;

use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::score_override::ScoreOverride;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::profiles as keys;
use crate::table::{Query, Table};

/// The overrides among the items of an account's partition.
///
/// # Errors
/// [`AwsError::Corrupt`] when one does not read.
pub fn of_state(state: &BTreeMap<String, Item>) -> Result<Vec<ScoreOverride>, AwsError> {
    state
        .range(keys::OVERRIDE_FIRST.to_owned()..)
        .take_while(|(sk, _)| sk.starts_with(keys::OVERRIDE_FIRST))
        .map(|(_, item)| item.document())
        .collect()
}

/// Every override of an account, oldest first.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn all(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
) -> Result<Vec<ScoreOverride>, AwsError> {
    let read = Query {
        pk: crate::keys::account_partition(tenant, account),
        prefix: Some(keys::OVERRIDE_FIRST.to_owned()),
        consistent: true,
        ..Query::default()
    };
    table.all(read).await?.iter().map(Item::document).collect()
}

/// The item of an override.
pub fn item(tenant: &TenantId, account: AccountId, given: &ScoreOverride) -> Item {
    Item::new(&keys::score_override(tenant, account, given.given_at), "override").data(given)
}
