//! Loading everything known about one account.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::facts::Kind;
use copilot_domain::history::{AccountHistory, FactRecord};
use copilot_domain::ids::{AccountId, ExternalId, Source, TenantId};
use copilot_domain::usage::UsageDay;
use futures::future::try_join_all;
use jiff::civil::Date;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys;
use crate::links;
use crate::overrides;
use crate::table::{Query, Table};
use crate::tone;

pub use copilot_domain::limits::USAGE_DAYS;

/// What the table holds of an account.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The facts.
    pub history: AccountHistory,
    /// The identities that the account consists of; empty when another account has taken them all.
    pub identities: Vec<ExternalId>,
    /// The sources that told of its usage.
    pub usage_sources: BTreeSet<Source>,
    /// The account's own partition: read model, assessment, rule states, outbox. Keyed by sort key.
    pub state: BTreeMap<String, Item>,
}

/// Loads an account: one query of its partition, and two per identity. Consistent, so that a score that was asked
/// for after a write sees the write.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn load(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
    zone: &str,
    usage_from: Date,
) -> Result<Loaded, AwsError> {
    let partition = Query {
        pk: keys::account_partition(tenant, account),
        consistent: true,
        ..Query::default()
    };
    let state: BTreeMap<String, Item> = table
        .all(partition)
        .await?
        .into_iter()
        .map(|item| (item.str("sk").to_owned(), item))
        .collect();
    let identities = state
        .range("ID#".to_owned()..)
        .take_while(|(sk, _)| sk.starts_with("ID#"))
        .map(|(_, item)| item.document())
        .collect::<Result<Vec<ExternalId>, AwsError>>()?;
    let mut history = AccountHistory::empty(account, zone);
    history.overrides = overrides::of_state(&state)?;
    history.tone_labels = tone::labels_of_state(&state)?;
    let parts = try_join_all(
        identities
            .iter()
            .map(|i| load_identity(table, tenant, i, usage_from)),
    )
    .await?;
    let mut usage_sources = BTreeSet::new();
    for (identity, items) in identities.iter().zip(parts) {
        if items
            .iter()
            .any(|item| item.str("sk").starts_with(keys::USAGE_FIRST))
        {
            usage_sources.insert(identity.source.clone());
        }
        collect(&mut history, identity, &items)?;
    }
    Ok(Loaded {
        history,
        identities,
        usage_sources,
        state,
    })
}

/// The facts of one identity: records, and usage since a day.
async fn load_identity(
    table: &Table,
    tenant: &TenantId,
    identity: &ExternalId,
    usage_from: Date,
) -> Result<Vec<Item>, AwsError> {
    let pk = keys::identity_partition(tenant, identity);
    let records = Query {
        pk: pk.clone(),
        to: Some(keys::USAGE_FIRST.to_owned()),
        consistent: true,
        ..Query::default()
    };
    let usage = Query {
        pk,
        from: Some(format!("USE#{usage_from}")),
        consistent: true,
        ..Query::default()
    };
    let (mut items, usage) = futures::future::try_join(table.all(records), table.all(usage)).await?;
    items.extend(usage);
    Ok(items)
}

fn collect(history: &mut AccountHistory, identity: &ExternalId, items: &[Item]) -> Result<(), AwsError> {
    for item in items {
        let sk = item.str("sk");
        if let Some(rest) = sk.strip_prefix(keys::USAGE_FIRST) {
            let day: Option<Date> = rest.get(..10).and_then(|d| d.parse().ok());
            let day = day.ok_or_else(|| corrupt(item, "the day of usage"))?;
            let mut usage = UsageDay::default();
            usage.add(&crate::usage::read_node(Some(item))?);
            history.usage.entry(day).or_default().extend(usage);
        } else if let Some((kind, external_id)) = record_key(sk, identity) {
            let record = item.document()?;
            history
                .records
                .entry(kind)
                .or_default()
                .push(FactRecord { external_id, record });
        }
    }
    Ok(())
}

fn corrupt(item: &Item, what: &'static str) -> AwsError {
    AwsError::Corrupt {
        what,
        key: format!("{} / {}", item.str("pk"), item.str("sk")),
        source: None,
    }
}

/// The kind and id that a record's sort key names; `None` for other items of the partition.
pub fn record_key(sk: &str, identity: &ExternalId) -> Option<(Kind, ExternalId)> {
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| sk.starts_with(keys::kind_prefix(*kind)))?;
    if kind == Kind::Account {
        return (sk == "REC").then(|| (kind, identity.clone()));
    }
    let (source, id) = sk.strip_prefix(keys::kind_prefix(kind))?.split_once('#')?;
    Some((kind, ExternalId::new(Source::new(source).ok()?, id).ok()?))
}

/// One page of an account's records of a kind, in the order of identities and ids, for the API.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn records(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
    kind: Kind,
) -> Result<Vec<FactRecord>, AwsError> {
    let identities = links::identities(table, tenant, account).await?;
    let pages = try_join_all(identities.iter().map(|identity| {
        table.all(Query {
            pk: keys::identity_partition(tenant, identity),
            prefix: Some(keys::kind_prefix(kind).to_owned()),
            ..Query::default()
        })
    }))
    .await?;
    let mut records = Vec::new();
    for (identity, items) in identities.iter().zip(pages) {
        for item in items {
            if let Some((_, external_id)) = record_key(item.str("sk"), identity) {
                records.push(FactRecord {
                    external_id,
                    record: item.document()?,
                });
            }
        }
    }
    Ok(records)
}
