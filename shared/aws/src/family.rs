//! Parents and children: an account names its parent by the parent's external id. The link is written with the
//! account's card, so that a parent finds its children by one query for each of its ids.

use std::collections::BTreeSet;

use copilot_domain::ids::{AccountId, ExternalId, TenantId};
use serde_json::Value;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, family};
use crate::table::{Query, Table, Write};

/// Children that are read of a parent.
pub const MAX_CHILDREN: usize = 500;

/// The parent that a card names.
fn parent(card: &Value) -> Option<&str> {
    card["parent"].as_str().filter(|parent| !parent.is_empty())
}

/// The writes that follow an account's parent from the card before to the new one; none when it is the same.
///
/// # Errors
/// [`AwsError::Corrupt`] when the card before does not read.
pub(crate) fn follow(
    tenant: &TenantId,
    account: AccountId,
    before: Option<&Item>,
    after: &Value,
) -> Result<Vec<Write>, AwsError> {
    let before: Value = before.map(Item::document).transpose()?.unwrap_or_default();
    let (old, new) = (parent(&before), parent(after));
    if old == new {
        return Ok(Vec::new());
    }
    let gone = old.map(|old| Write::Delete(family::child(tenant, old, account)));
    let made = new.map(|new| {
        let item = Item::new(&family::child(tenant, new, account), "child");
        Write::Put(
            item.text("account", &account.to_string()),
            crate::table::Condition::None,
        )
    });
    Ok(gone.into_iter().chain(made).collect())
}

/// The children of an account with any of these identities: the cards of at most [`MAX_CHILDREN`], and whether these
/// are all.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn children<T: serde::de::DeserializeOwned>(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
    identities: &[ExternalId],
) -> Result<(Vec<T>, bool), AwsError> {
    let ids: BTreeSet<&str> = identities.iter().map(|identity| identity.id.as_str()).collect();
    let mut found: BTreeSet<AccountId> = BTreeSet::new();
    let mut complete = true;
    for id in ids {
        let mut query = Query {
            pk: family::partition(tenant, id),
            ..Query::default()
        };
        loop {
            let page = table.page(&query).await?;
            let listed = page
                .items
                .iter()
                .filter_map(|item| item.str("sk").parse::<AccountId>().ok());
            found.extend(listed);
            query.start = page.next;
            if query.start.is_none() {
                break;
            }
            if found.len() > MAX_CHILDREN {
                complete = false;
                break;
            }
        }
    }
    // One that names itself is no child of its own.
    found.remove(&account);
    complete &= found.len() <= MAX_CHILDREN;
    let keys: Vec<_> = found
        .iter()
        .take(MAX_CHILDREN)
        .map(|child| keys::account(tenant, *child))
        .collect();
    let cards = table.get_many(&keys, false).await?;
    // A child that another account took the place of has no card any more.
    let cards = keys.iter().filter_map(|key| cards.get(key)).map(Item::document);
    Ok((cards.collect::<Result<_, _>>()?, complete))
}
