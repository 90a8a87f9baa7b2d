//! The registry of what was learnt of a tenant's products: pointer, versions and runs in the table, the model and whom each
//! product fits in S3 under `models/{tenant}/products/{version}/`.

use std::collections::BTreeMap;

use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::model::OwnPointer;
use copilot_domain::product::{ProductRun, ProductVersion};
use serde::de::DeserializeOwned;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::models as keys;
use crate::models::ModelFiles;
use crate::table::{Condition, Query, Table};

/// Which products go together.
const MODEL: &str = "model.json";
/// The accounts that each product fits best.
const FITS: &str = "fits.json";

/// The accounts that each product fits best, the best first, by the product's name.
pub type Fits = BTreeMap<String, Vec<AccountId>>;

async fn list<T: DeserializeOwned>(
    table: &Table,
    tenant: &TenantId,
    first: &str,
) -> Result<Vec<T>, AwsError> {
    let read = Query {
        pk: keys::partition(tenant),
        prefix: Some(first.to_owned()),
        descending: true,
        consistent: true,
        ..Query::default()
    };
    table.all(read).await?.iter().map(Item::document).collect()
}

/// Which version answers, with the counter; 0 where none was ever kept.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn pointer(table: &Table, tenant: &TenantId) -> Result<(OwnPointer, i64), AwsError> {
    match table.get(&keys::product_pointer(tenant)).await? {
        Some(item) => Ok((item.document()?, item.rev())),
        None => Ok((OwnPointer::default(), 0)),
    }
}

/// The item of the pointer, and the condition under which it may be written after the counter that was read.
pub fn pointer_item(tenant: &TenantId, pointer: &OwnPointer, read: i64) -> (Item, Condition) {
    let item = Item::new(&keys::product_pointer(tenant), "product-pointer");
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
pub async fn register(table: &Table, tenant: &TenantId, version: &ProductVersion) -> Result<(), AwsError> {
    let item = Item::new(
        &keys::product_version(tenant, &version.version),
        "product-version",
    );
    table.put(item.data(version), Condition::None).await
}

/// The versions, the newest first.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn versions(table: &Table, tenant: &TenantId) -> Result<Vec<ProductVersion>, AwsError> {
    list(table, tenant, keys::PRODUCT_VERSIONS_FIRST).await
}

/// Writes how a run stands.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put_run(table: &Table, tenant: &TenantId, run: &ProductRun) -> Result<(), AwsError> {
    let item = Item::new(&keys::product_run(tenant, &run.id), "product-run").data(run);
    table.put(item, Condition::None).await
}

/// A run.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn run(table: &Table, tenant: &TenantId, id: &str) -> Result<Option<ProductRun>, AwsError> {
    let found = table.get(&keys::product_run(tenant, id)).await?;
    found.as_ref().map(Item::document).transpose()
}

/// Runs, the newest first.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn runs(table: &Table, tenant: &TenantId) -> Result<Vec<ProductRun>, AwsError> {
    list(table, tenant, keys::PRODUCT_RUNS_FIRST).await
}

fn key(tenant: &TenantId, version: &str, file: &str) -> String {
    format!("models/{tenant}/products/{version}/{file}")
}

/// Writes the files of a version: the model, and whom each product fits.
///
/// # Errors
/// [`AwsError`] when S3 does not take them.
pub async fn put_files(
    files: &ModelFiles,
    tenant: &TenantId,
    version: &str,
    (model, fits): (Vec<u8>, Vec<u8>),
) -> Result<(), AwsError> {
    files.put_at(key(tenant, version, FITS), fits).await?;
    files.put_at(key(tenant, version, MODEL), model).await
}

/// Reads the model of a version; `None` when it is not there.
///
/// # Errors
/// [`AwsError`] when S3 does not give it.
pub async fn model(
    files: &ModelFiles,
    tenant: &TenantId,
    version: &str,
) -> Result<Option<Vec<u8>>, AwsError> {
    files.get_at(key(tenant, version, MODEL)).await
}

/// Reads whom each product fits; `None` when it is not there.
///
/// # Errors
/// [`AwsError`] when S3 does not give it, or it does not read.
pub async fn fits(files: &ModelFiles, tenant: &TenantId, version: &str) -> Result<Option<Fits>, AwsError> {
    let key = key(tenant, version, FITS);
    let Some(bytes) = files.get_at(key.clone()).await? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| AwsError::Corrupt {
            what: "whom a product fits",
            key,
            source: Some(error.into()),
        })
}
