//! Past days into the feature store, and accounts out of it.

use std::collections::BTreeMap;

use copilot_aws::lake::{self, Lake};
use copilot_aws::{AwsError, Table};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::Timestamp;
use copilot_lake::{LakeError, LakeKey, Origin, Parts, about, without};
use copilot_runtime::chance::{self, NoChance};
use futures::TryStreamExt;
use jiff::civil::Date;
use serde::Serialize;

use crate::score::ScoreError;
use crate::snapshots::Snapshots;

/// Rows that wait for their file while many days are written at once, all days together.
const WAITING_ROWS: usize = 50_000;

/// Why the feature store could not be written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// AWS could not be asked, or refused.
    #[error("the feature store could not be read or written")]
    Aws(#[from] AwsError),
    /// The accounts could not be loaded.
    #[error(transparent)]
    Load(#[from] ScoreError),
    /// A file could not be read or made.
    #[error("a file of the feature store")]
    File(#[from] LakeError),
    /// The system gave no random numbers for a key.
    #[error(transparent)]
    Key(#[from] NoChance),
}

/// What a backfill wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Filled {
    /// Accounts that were loaded.
    pub accounts: u64,
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// The days that were written.
    pub days: Vec<Date>,
    /// The days that were left as they are: a snapshot was taken of them when they were today.
    pub kept: Vec<Date>,
}

/// What an erasure did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Erased {
    /// Files that were looked at.
    pub files: u64,
    /// Files that were written again without the accounts.
    pub rewritten: u64,
}

/// The key of a tenant's pseudonyms, made when there is none.
///
/// # Errors
/// [`StoreError`] when the table fails.
pub async fn key(table: &Table, tenant: &TenantId) -> Result<LakeKey, StoreError> {
    let key = lake::pseudonym_key(table, tenant, chance::key()?).await?;
    Ok(LakeKey::new(key))
}

/// Writes past days of a tenant's accounts into the feature store. A day that was snapshotted when it was today stays;
/// one that was filled in before is written anew.
///
/// # Errors
/// [`StoreError`]; doing it again is safe, and mends what a run that broke off left half.
pub async fn fill(
    table: &Table,
    store: &Lake,
    tenant: &TenantId,
    days: impl IntoIterator<Item = Date>,
    clock: Timestamp,
) -> Result<Filled, StoreError> {
    let key = key(table, tenant).await?;
    let snapshots = Snapshots::of(table, tenant, days, clock).await?;
    let mut kept = Vec::new();
    for day in snapshots.days() {
        let first = store.parts(tenant, *day).await?.first().copied();
        if let Some(part) = first
            && about(&store.get(tenant, *day, part).await?)?.origin == Origin::Lived
        {
            kept.push(*day);
        }
    }
    let snapshots = snapshots.without(&kept);
    let mut filled = Filled {
        days: snapshots.days().to_vec(),
        kept,
        ..Filled::default()
    };
    if filled.days.is_empty() {
        return Ok(filled);
    }
    let rows_in_group = (WAITING_ROWS / filled.days.len()).clamp(100, copilot_lake::ROWS_IN_GROUP);
    let mut open: BTreeMap<Date, (Parts, u32)> = filled
        .days
        .iter()
        .map(|day| (*day, (Parts::new(&key, Origin::Hindsight, rows_in_group), 0)))
        .collect();
    let mut accounts = std::pin::pin!(snapshots.rows());
    while let Some(rows) = accounts.try_next().await? {
        filled.accounts += 1;
        for row in rows {
            let day = row.day;
            let Some((parts, number)) = open.get_mut(&day) else {
                continue;
            };
            filled.rows += 1;
            if let Some(file) = parts.push(row)? {
                filled.bytes += file.len() as u64;
                store.put(tenant, day, *number, file).await?;
                *number += 1;
            }
        }
    }
    for (day, (mut parts, mut number)) in open {
        if let Some(file) = parts.finish()? {
            filled.bytes += file.len() as u64;
            store.put(tenant, day, number, file).await?;
            number += 1;
        }
        store.truncate(tenant, day, number).await?;
    }
    Ok(filled)
}

/// Takes accounts out of every file of a tenant, whatever the version of its columns.
///
/// # Errors
/// [`StoreError`]; doing it again is safe.
pub async fn erase(
    table: &Table,
    store: &Lake,
    tenant: &TenantId,
    accounts: &[AccountId],
) -> Result<Erased, StoreError> {
    let key = key(table, tenant).await?;
    let mut erased = Erased::default();
    for day in store.days(Date::MIN, Date::MAX).await? {
        for part in store.parts(tenant, day).await? {
            erased.files += 1;
            let file = store.get(tenant, day, part).await?;
            if let Some(left) = without(&file, accounts, &key)? {
                store.put(tenant, day, part, left).await?;
                erased.rewritten += 1;
            }
        }
    }
    Ok(erased)
}
