//! Which account an identity (source, external id) belongs to.
//!
//! Every identity stands for an account of its own, until another account claims it. Claims are ordered by their
//! version; the newest wins, whatever came first. The account's partition lists its identities, so that its
//! history can be read without an index.

use std::collections::HashMap;

use copilot_domain::facts::LinkFact;
use copilot_domain::ids::{AccountId, ExternalId, TenantId};
use copilot_domain::time::Timestamp;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, Key};
use crate::table::{Condition, Query, Table, Write};

/// Where an identity leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked {
    /// The account.
    pub account: AccountId,
    /// Whether any source has told of the account: facts of an unknown account are parked.
    pub known: bool,
}

/// The accounts that identities belong to.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn resolve(
    table: &Table,
    tenant: &TenantId,
    identities: &[ExternalId],
) -> Result<HashMap<ExternalId, Linked>, AwsError> {
    let link_keys: Vec<Key> = identities.iter().map(|i| keys::link(tenant, i)).collect();
    let links = table.get_many(&link_keys, true).await?;
    Ok(identities
        .iter()
        .map(|identity| {
            let own = AccountId::of_identity(tenant, identity);
            let linked = links.get(&keys::link(tenant, identity));
            let account = linked
                .and_then(|item| item.str("account").parse().ok())
                .unwrap_or(own);
            (
                identity.clone(),
                Linked {
                    account,
                    known: linked.is_some(),
                },
            )
        })
        .collect())
}

/// The identities of an account.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn identities(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
) -> Result<Vec<ExternalId>, AwsError> {
    let query = Query {
        pk: keys::account_partition(tenant, account),
        prefix: Some("ID#".to_owned()),
        consistent: true,
        ..Query::default()
    };
    table.all(query).await?.iter().map(Item::document).collect()
}

/// Notes that an identity has an account record of its own, so it stands for an account unless claimed.
/// Gives whether that is new.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn establish(table: &Table, tenant: &TenantId, identity: &ExternalId) -> Result<bool, AwsError> {
    let own = LinkFact {
        identity: identity.clone(),
        account: identity.clone(),
        version: Timestamp::UNIX_EPOCH,
    };
    claim(table, tenant, &own).await.map(|moved| moved.is_some())
}

/// Accounts established by one transaction: two writes each, and a transaction takes 100.
const ESTABLISHED_AT_ONCE: usize = 50;
/// Such transactions under way at once.
const PARALLEL: usize = 4;

/// Notes many identities that were not known a moment ago, as [`establish`] does; those that another writer
/// established meanwhile are taken one by one.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn establish_all(
    table: &Table,
    tenant: &TenantId,
    identities: &[&ExternalId],
) -> Result<(), AwsError> {
    stream::iter(identities.chunks(ESTABLISHED_AT_ONCE))
        .map(|chunk| establish_chunk(table, tenant, chunk))
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await
}

async fn establish_chunk(
    table: &Table,
    tenant: &TenantId,
    identities: &[&ExternalId],
) -> Result<(), AwsError> {
    let writes = identities
        .iter()
        .flat_map(|identity| {
            let own = AccountId::of_identity(tenant, identity);
            [
                Write::Put(
                    link_item(tenant, identity, own, Timestamp::UNIX_EPOCH, 1),
                    Condition::Absent,
                ),
                Write::Put(listed_item(tenant, own, identity), Condition::None),
            ]
        })
        .collect();
    match table.transact(writes).await {
        Err(AwsError::Conflict { .. }) => {
            for identity in identities {
                establish(table, tenant, identity).await?;
            }
            Ok(())
        }
        done => done,
    }
}

fn link_item(tenant: &TenantId, identity: &ExternalId, to: AccountId, version: Timestamp, rev: i64) -> Item {
    Item::new(&keys::link(tenant, identity), "link")
        .text("account", &to.to_string())
        .text("version", &version.to_string())
        .number("rev", rev)
}

fn listed_item(tenant: &TenantId, account: AccountId, identity: &ExternalId) -> Item {
    Item::new(&keys::account_identity(tenant, account, identity), "identity").data(identity)
}

/// What a claim moved: from which account, to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The account that had the identity, if it was established before.
    pub from: Option<AccountId>,
    /// The account that has it now.
    pub to: AccountId,
}

/// Makes a claim. `None` when a newer claim stands, or the same.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn claim(table: &Table, tenant: &TenantId, fact: &LinkFact) -> Result<Option<Moved>, AwsError> {
    let key = keys::link(tenant, &fact.identity);
    // The claimant may itself be claimed by another account: follow one step, as facts do.
    let to = if fact.account == fact.identity {
        AccountId::of_identity(tenant, &fact.identity)
    } else {
        resolve(table, tenant, std::slice::from_ref(&fact.account)).await?[&fact.account].account
    };
    for _ in 0..8 {
        let old = table.get(&key).await?;
        let from: Option<AccountId> = old.as_ref().and_then(|o| o.str("account").parse().ok());
        if let Some(old) = &old {
            let version: Option<Timestamp> = old.str("version").parse().ok();
            if (version, from) >= (Some(fact.version), Some(to)) {
                return Ok(None);
            }
        }
        let rev = old.as_ref().map_or(0, Item::rev);
        let item = link_item(tenant, &fact.identity, to, fact.version, rev + 1);
        let listed = listed_item(tenant, to, &fact.identity);
        let mut writes = vec![
            Write::Put(item, Condition::unchanged(old.as_ref())),
            Write::Put(listed, Condition::None),
        ];
        if let Some(from) = from.filter(|from| *from != to) {
            writes.push(Write::Delete(keys::account_identity(
                tenant,
                from,
                &fact.identity,
            )));
        }
        match table.transact(writes).await {
            Ok(()) => return Ok(Some(Moved { from, to })),
            Err(AwsError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(AwsError::Unavailable {
        operation: "claim an identity",
        source: "too many writers at once".into(),
    })
}

/// Makes many claims; gives the accounts that gained or lost an identity.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn claim_all(table: &Table, tenant: &TenantId, facts: &[LinkFact]) -> Result<Vec<Moved>, AwsError> {
    let moved: Vec<Option<Moved>> = stream::iter(facts)
        .map(|fact| claim(table, tenant, fact))
        .buffered(8)
        .try_collect()
        .await?;
    Ok(moved.into_iter().flatten().collect())
}
