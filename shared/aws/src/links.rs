//! Which account an identity (source, external id) belongs to.
//!
//! Every identity stands for an account of its own, until another identity's account claims it. Claims are ordered
//! by their version; the newest wins, whatever came first. A claimant may itself be claimed: a link names the
//! identity that claims, and following the links (`chain`) leads to the account, so that a chain means the same in
//! whatever order it was told. The account's partition lists its identities, so that its history can be read
//! without an index.

mod chain;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use copilot_domain::facts::LinkFact;
use copilot_domain::ids::{AccountId, ExternalId, TenantId};
use copilot_domain::time::Timestamp;
use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, Key};
use crate::table::{Condition, Query, Table, Write};
use chain::{Claimant, Link, walk};

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
    let links = chain::load(table, tenant, identities).await?;
    Ok(identities
        .iter()
        .map(|identity| {
            let linked = Linked {
                account: walk(tenant, &links, identity).account,
                known: links.contains_key(identity),
            };
            (identity.clone(), linked)
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

/// Accounts established by one transaction: three writes each, and a transaction takes 100.
const ESTABLISHED_AT_ONCE: usize = 33;
/// Such transactions under way at once.
const PARALLEL: usize = 4;
/// Tries of a claim when others claim the same at the same time.
const TRIES: usize = 8;

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
        .flat_map(|identity| establishing(tenant, identity, Timestamp::UNIX_EPOCH))
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

/// The writes by which an identity that nobody has claimed stands for an account of its own. It is no longer parked
/// from the same moment on.
fn establishing(tenant: &TenantId, identity: &ExternalId, version: Timestamp) -> [Write; 3] {
    let link = Link {
        version,
        claimant: Claimant::Identity(identity.clone()),
        moving: Vec::new(),
    };
    let own = AccountId::of_identity(tenant, identity);
    [
        Write::Put(link.item(tenant, identity, 1), Condition::Absent),
        Write::Put(listed_item(tenant, own, identity), Condition::None),
        Write::Delete(keys::parked(tenant, identity)),
    ]
}

fn listed_item(tenant: &TenantId, account: AccountId, identity: &ExternalId) -> Item {
    Item::new(&keys::account_identity(tenant, account, identity), "identity").data(identity)
}

/// What a claim moved: from which accounts, to which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The accounts that had the identity, or what hangs on it, before.
    pub from: BTreeSet<AccountId>,
    /// The account that has it now.
    pub to: AccountId,
}

/// Makes a claim. `None` when a newer claim stands, or the same.
///
/// The link is written first and names the claimants whose accounts may still list the identity; then the lists
/// follow, and then the names are taken off. A claim that finds them on the link finishes what was cut off.
///
/// # Errors
/// [`AwsError`] when the table fails; claiming again is safe.
pub async fn claim(table: &Table, tenant: &TenantId, fact: &LinkFact) -> Result<Option<Moved>, AwsError> {
    let identity = &fact.identity;
    let key = keys::link(tenant, identity);
    let claimant = Claimant::Identity(fact.account.clone());
    for _ in 0..TRIES {
        let item = table.get(&key).await?;
        let rev = item.as_ref().map_or(0, Item::rev);
        let old = item.as_ref().map(|i| Link::read(i, identity)).transpose()?;
        let (writes, link) = match old {
            Some(old) if (old.version, &old.claimant) >= (fact.version, &claimant) => {
                if old.moving.is_empty() {
                    return Ok(None);
                }
                return settle(table, tenant, identity, old, rev, true).await.map(Some);
            }
            None if fact.account == *identity => {
                (establishing(tenant, identity, fact.version).to_vec(), None)
            }
            old => {
                let link = claimed(identity, old, fact.version, &claimant);
                let put = Write::Put(
                    link.item(tenant, identity, rev + 1),
                    Condition::unchanged(item.as_ref()),
                );
                (
                    vec![put, Write::Delete(keys::parked(tenant, identity))],
                    Some(link),
                )
            }
        };
        match (table.transact(writes).await, link) {
            (Ok(()), Some(link)) => {
                return settle(table, tenant, identity, link, rev + 1, false)
                    .await
                    .map(Some);
            }
            (Ok(()), None) => {
                return Ok(Some(Moved {
                    from: BTreeSet::new(),
                    to: AccountId::of_identity(tenant, identity),
                }));
            }
            (Err(AwsError::Conflict { .. }), _) => {}
            (Err(error), _) => return Err(error),
        }
    }
    Err(too_many("claim an identity"))
}

/// The link of a new claim, with the claimants that it takes the identity from.
fn claimed(identity: &ExternalId, old: Option<Link>, version: Timestamp, claimant: &Claimant) -> Link {
    let (mut moving, former) = old.map_or_else(
        || (Vec::new(), Claimant::Identity(identity.clone())),
        |old| (old.moving, old.claimant),
    );
    if !moving.contains(&former) {
        moving.push(former);
    }
    Link {
        version,
        claimant: claimant.clone(),
        moving,
    }
}

/// Lists an identity, and what hangs on it, under the account that the claims now lead to, and nowhere else. Another
/// claim of the chain may be made meanwhile: what was written is held against the links once more, and whoever
/// wrote last sees both.
async fn settle(
    table: &Table,
    tenant: &TenantId,
    identity: &ExternalId,
    link: Link,
    rev: i64,
    resumed: bool,
) -> Result<Moved, AwsError> {
    let mut former = formers(table, tenant, identity, &link.moving, resumed).await?;
    let mut from = BTreeSet::new();
    for _ in 0..TRIES {
        let accounts: Vec<AccountId> = former.iter().copied().collect();
        let lists = try_join_all(accounts.iter().map(|a| identities(table, tenant, *a))).await?;
        let listed: Vec<(AccountId, ExternalId)> = accounts
            .into_iter()
            .zip(lists)
            .flat_map(|(account, list)| list.into_iter().map(move |i| (account, i)))
            .collect();
        let mut movers: Vec<ExternalId> = listed.iter().map(|(_, i)| i.clone()).collect();
        movers.push(identity.clone());
        let goals = goals(table, tenant, &movers).await?;
        let puts = goals
            .iter()
            .filter(|(i, to)| !listed.iter().any(|(account, l)| account == *to && l == *i))
            .map(|(i, to)| listed_item(tenant, *to, i))
            .collect();
        let left: Vec<&(AccountId, ExternalId)> = listed
            .iter()
            .filter(|(account, i)| goals.get(i) != Some(account))
            .collect();
        let deletes: Vec<Key> = left
            .iter()
            .map(|(account, i)| keys::account_identity(tenant, *account, i))
            .collect();
        // In this order: what is cut off in between is listed twice, and found again.
        table.write_many(puts, &[]).await?;
        table.write_many(Vec::new(), &deletes).await?;
        from.extend(left.iter().map(|(account, _)| *account));
        if goals == self::goals(table, tenant, &movers).await? {
            let to = goals.get(identity).copied();
            let to = to.unwrap_or_else(|| AccountId::of_identity(tenant, identity));
            if resumed {
                // Who died may have emptied these, and asked for no score.
                from.extend(&former);
            }
            from.remove(&to);
            let done = Link {
                moving: Vec::new(),
                ..link
            };
            let clear = done.item(tenant, identity, rev + 1);
            return match table.put(clear, Condition::Rev(rev)).await {
                Err(error) if !error.is_conflict() => Err(error),
                // A conflict: a newer claim took the names over with the link.
                _ => Ok(Moved { from, to }),
            };
        }
        former.extend(goals.into_values());
    }
    Err(too_many("move an identity"))
}

/// The accounts that may list an identity, or what hangs on it, by an earlier claim.
async fn formers(
    table: &Table,
    tenant: &TenantId,
    identity: &ExternalId,
    moving: &[Claimant],
    resumed: bool,
) -> Result<BTreeSet<AccountId>, AwsError> {
    let mut former = BTreeSet::from([AccountId::of_identity(tenant, identity)]);
    let mut starts: Vec<ExternalId> = Vec::new();
    for claimant in moving {
        match claimant {
            Claimant::Account(account) => {
                former.insert(*account);
            }
            Claimant::Identity(claimant) if claimant != identity => starts.push(claimant.clone()),
            Claimant::Identity(_) => {}
        }
    }
    if resumed {
        starts.push(identity.clone());
    }
    let links = chain::load(table, tenant, &starts).await?;
    for start in &starts {
        let way = walk(tenant, &links, start);
        former.insert(way.account);
        former.extend(way.passed.iter().map(|i| AccountId::of_identity(tenant, i)));
    }
    Ok(former)
}

/// The account that each identity counts for now.
async fn goals(
    table: &Table,
    tenant: &TenantId,
    identities: &[ExternalId],
) -> Result<BTreeMap<ExternalId, AccountId>, AwsError> {
    let linked = resolve(table, tenant, identities).await?;
    Ok(linked
        .into_iter()
        .map(|(i, linked)| (i, linked.account))
        .collect())
}

fn too_many(operation: &'static str) -> AwsError {
    AwsError::Unavailable {
        operation,
        source: "too many writers at once".into(),
    }
}

/// Makes many claims; says of each what it moved.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn claim_all(
    table: &Table,
    tenant: &TenantId,
    facts: &[LinkFact],
) -> Result<Vec<Option<Moved>>, AwsError> {
    stream::iter(facts)
        .map(|fact| claim(table, tenant, fact))
        .buffered(8)
        .try_collect()
        .await
}
