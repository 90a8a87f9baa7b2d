//! Backtests: what was asked, how far it is, and what came of it. They go after 400 days.

use std::collections::{BTreeMap, HashMap};

use copilot_domain::backtest::{Backtest, BacktestResult};
use copilot_domain::ids::{AccountId, TenantId};
use serde_json::Value;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self as all_keys, backtests as keys};
use crate::table::{Condition, Query, Table};

/// Seconds for which a backtest is kept: 400 days.
const KEEP_S: i64 = 400 * 86_400;
/// Backtests that a list shows.
const LISTED: i32 = 100;

/// Writes how a backtest stands.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put(table: &Table, tenant: &TenantId, backtest: &Backtest) -> Result<(), AwsError> {
    let item = Item::new(&keys::backtest(tenant, &backtest.id), "backtest")
        .number("ttl", backtest.asked_at.as_second() + KEEP_S)
        .data(backtest);
    table.put(item, Condition::None).await
}

/// A backtest.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn get(table: &Table, tenant: &TenantId, id: &str) -> Result<Option<Backtest>, AwsError> {
    let found = table.get(&keys::backtest(tenant, id)).await?;
    found.as_ref().map(Item::document).transpose()
}

/// Backtests, the newest first; at most 100.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn list(table: &Table, tenant: &TenantId) -> Result<Vec<Backtest>, AwsError> {
    let query = Query {
        pk: keys::partition(tenant),
        prefix: Some(keys::RUNS_FIRST.to_owned()),
        descending: true,
        consistent: true,
        limit: Some(LISTED),
        ..Query::default()
    };
    let page = table.page(&query).await?;
    page.items.iter().map(Item::document).collect()
}

/// Writes what came of a backtest. Doing it again writes the same.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put_result(
    table: &Table,
    tenant: &TenantId,
    backtest: &Backtest,
    result: &BacktestResult,
) -> Result<(), AwsError> {
    let item = Item::new(&keys::result(tenant, &backtest.id), "backtest-result")
        .number("ttl", backtest.asked_at.as_second() + KEEP_S)
        .data(result);
    table.put(item, Condition::None).await
}

/// What came of a backtest; `None` before it is done. A result of an older form is none: it is asked for again.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn result(table: &Table, tenant: &TenantId, id: &str) -> Result<Option<BacktestResult>, AwsError> {
    let item = table.get(&keys::result(tenant, id)).await?;
    Ok(item.and_then(|item| item.document().ok()))
}

/// The names of the accounts that a result speaks of, as they are now. One that is gone has none.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn names(
    table: &Table,
    tenant: &TenantId,
    result: &BacktestResult,
) -> Result<BTreeMap<AccountId, String>, AwsError> {
    let missed = result.sides.iter().flat_map(|side| &side.missed);
    let by_key: HashMap<_, _> = missed
        .map(|missed| (all_keys::account(tenant, missed.account), missed.account))
        .collect();
    let wanted: Vec<_> = by_key.keys().cloned().collect();
    let mut names = BTreeMap::new();
    for (key, item) in table.get_many(&wanted, false).await? {
        let card: Value = item.document()?;
        if let (Some(account), Some(name)) = (by_key.get(&key), card["name"].as_str()) {
            names.insert(*account, name.to_owned());
        }
    }
    Ok(names)
}
