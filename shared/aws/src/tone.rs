//! Tone: labels that people give, kept in the account's own partition, and the registry of a tenant's own model, whose files
//! lie in S3 under `models/{tenant}/tone/{version}/`.

use std::collections::BTreeMap;

use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::model::OwnPointer;
use copilot_domain::tone::{ToneLabel, ToneRun, ToneVersion};
use serde::de::DeserializeOwned;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::models as keys;
use crate::models::ModelFiles;
use crate::table::{Condition, Query, Table};

/// The weights.
const WEIGHTS: &str = "weights.bin";
/// Their card.
const CARD: &str = "card.json";

/// The labels of tone among the items of an account's partition.
///
/// # Errors
/// [`AwsError::Corrupt`] when one does not read.
pub fn labels_of_state(state: &BTreeMap<String, Item>) -> Result<Vec<ToneLabel>, AwsError> {
    state
        .range(keys::TONE_LABELS_FIRST.to_owned()..)
        .take_while(|(sk, _)| sk.starts_with(keys::TONE_LABELS_FIRST))
        .map(|(_, item)| item.document())
        .collect()
}

/// The item of a label of tone.
pub fn label_item(tenant: &TenantId, account: AccountId, label: &ToneLabel) -> Item {
    Item::new(&keys::tone_label(tenant, account, label), "tone-label").data(label)
}

/// Every label of tone of an account, by record, each oldest first.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn labels(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
) -> Result<Vec<ToneLabel>, AwsError> {
    let pk = crate::keys::account_partition(tenant, account);
    list(table, pk, keys::TONE_LABELS_FIRST, false).await
}

async fn list<T: DeserializeOwned>(
    table: &Table,
    pk: String,
    first: &str,
    newest_first: bool,
) -> Result<Vec<T>, AwsError> {
    let read = Query {
        pk,
        prefix: Some(first.to_owned()),
        descending: newest_first,
        consistent: true,
        ..Query::default()
    };
    table.all(read).await?.iter().map(Item::document).collect()
}

/// Which model of tone answers, with the counter; 0 where none of the tenant's own was ever kept.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn pointer(table: &Table, tenant: &TenantId) -> Result<(OwnPointer, i64), AwsError> {
    match table.get(&keys::tone_pointer(tenant)).await? {
        Some(item) => Ok((item.document()?, item.rev())),
        None => Ok((OwnPointer::default(), 0)),
    }
}

/// The item of the pointer, and the condition under which it may be written after the counter that was read.
pub fn pointer_item(tenant: &TenantId, pointer: &OwnPointer, read: i64) -> (Item, Condition) {
    let item = Item::new(&keys::tone_pointer(tenant), "tone-pointer");
    let condition = if read == 0 {
        Condition::Absent
    } else {
        Condition::Rev(read)
    };
    (item.number("rev", read + 1).data(pointer), condition)
}

/// Registers a version. The same version may be registered again: it is the same model.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn register(table: &Table, tenant: &TenantId, version: &ToneVersion) -> Result<(), AwsError> {
    let key = keys::tone_version(tenant, &version.version);
    table
        .put(Item::new(&key, "tone-version").data(version), Condition::None)
        .await
}

/// The versions, the newest first.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn versions(table: &Table, tenant: &TenantId) -> Result<Vec<ToneVersion>, AwsError> {
    list(table, keys::partition(tenant), keys::TONE_VERSIONS_FIRST, true).await
}

/// Writes how a training run stands.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put_run(table: &Table, tenant: &TenantId, run: &ToneRun) -> Result<(), AwsError> {
    let item = Item::new(&keys::tone_run(tenant, &run.id), "tone-run").data(run);
    table.put(item, Condition::None).await
}

/// A training run.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn run(table: &Table, tenant: &TenantId, id: &str) -> Result<Option<ToneRun>, AwsError> {
    let found = table.get(&keys::tone_run(tenant, id)).await?;
    found.as_ref().map(Item::document).transpose()
}

/// Training runs, the newest first.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn runs(table: &Table, tenant: &TenantId) -> Result<Vec<ToneRun>, AwsError> {
    list(table, keys::partition(tenant), keys::TONE_RUNS_FIRST, true).await
}

/// Where a file of a version lies.
fn key(tenant: &TenantId, version: &str, file: &str) -> String {
    format!("models/{tenant}/tone/{version}/{file}")
}

/// Writes the weights and the card of a version.
///
/// # Errors
/// [`AwsError`] when S3 does not take them.
pub async fn put_files(
    files: &ModelFiles,
    tenant: &TenantId,
    version: &str,
    weights: Vec<u8>,
    card: Vec<u8>,
) -> Result<(), AwsError> {
    files.put_at(key(tenant, version, WEIGHTS), weights).await?;
    files.put_at(key(tenant, version, CARD), card).await
}

/// Reads the weights and the card of a version; `None` when one is not there.
///
/// # Errors
/// [`AwsError`] when S3 does not give them.
pub async fn files(
    files: &ModelFiles,
    tenant: &TenantId,
    version: &str,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, AwsError> {
    let both = futures::future::try_join(
        files.get_at(key(tenant, version, WEIGHTS)),
        files.get_at(key(tenant, version, CARD)),
    );
    let (weights, card) = both.await?;
    Ok(weights.zip(card))
}
