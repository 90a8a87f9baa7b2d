//! Figures of a whole tenant that one account's score depends on: how many accounts there are, and how their ARR
//! is spread. Computed by the nightly sweep; a score that finds none computes them over a bounded part.

use std::collections::BTreeMap;

use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, index};
use crate::table::{Condition, Query, Table};

/// Accounts that a score looks at when the sweep has not run yet.
const QUICK_LOOK: usize = 2_000;
/// How long a quick look is good for: a tenant that is being set up grows.
const QUICK_LOOK_SECONDS: i64 = 120;
/// How long the figures of a sweep are good for.
const SWEEP_SECONDS: i64 = 36 * 3_600;

/// Figures of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Accounts listed.
    pub accounts: u64,
    /// ARR (minor units) at each whole percentile, 0 to 100, ascending. Amounts of different currencies are
    /// compared by their number: the order is for ranking work, not for reports.
    pub arr_percentiles: Vec<i64>,
    /// Accounts by band.
    pub bands: BTreeMap<String, u64>,
    /// When they were computed.
    pub computed_at: Timestamp,
    /// Whether every account was looked at.
    pub complete: bool,
}

impl Stats {
    /// Figures of accounts given as (ARR, band).
    pub fn of(mut accounts: Vec<(i64, String)>, computed_at: Timestamp, complete: bool) -> Self {
        accounts.sort();
        let last = accounts.len().saturating_sub(1);
        let arr_percentiles = (0..=100)
            .filter_map(|p| accounts.get(last * p / 100))
            .map(|(arr, _)| *arr)
            .collect();
        let mut bands = BTreeMap::new();
        for (_, band) in &accounts {
            *bands.entry(band.clone()).or_default() += 1;
        }
        Self {
            accounts: accounts.len() as u64,
            arr_percentiles,
            bands,
            computed_at,
            complete,
        }
    }

    /// The share of accounts with a smaller ARR, 0 to 1; `None` when nothing is known.
    pub fn arr_percentile(&self, arr_minor: Option<i64>) -> Option<f64> {
        let arr = arr_minor?;
        if self.arr_percentiles.is_empty() {
            return None;
        }
        let below = self.arr_percentiles.iter().filter(|p| **p < arr).count();
        Some(below as f64 / self.arr_percentiles.len() as f64)
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let keep = if self.complete {
            SWEEP_SECONDS
        } else {
            QUICK_LOOK_SECONDS
        };
        now.as_second() - self.computed_at.as_second() < keep
    }
}

/// The stored figures, or a quick look when there are none that are fresh.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn get(table: &Table, tenant: &TenantId, now: Timestamp) -> Result<Stats, AwsError> {
    let key = keys::setting(tenant, "STATS");
    let stored: Option<Stats> = table.get(&key).await?.as_ref().map(Item::document).transpose()?;
    if let Some(stats) = stored.filter(|s| s.is_fresh(now)) {
        return Ok(stats);
    }
    let mut seen = Vec::new();
    let mut query = listing(tenant);
    loop {
        let page = table.page(&query).await?;
        seen.extend(page.items.iter().map(entry));
        query.start = page.next;
        if query.start.is_none() || seen.len() >= QUICK_LOOK {
            break;
        }
    }
    let stats = Stats::of(seen, now, false);
    put(table, tenant, &stats).await?;
    Ok(stats)
}

/// Stores figures.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put(table: &Table, tenant: &TenantId, stats: &Stats) -> Result<(), AwsError> {
    table
        .put(
            Item::new(&keys::setting(tenant, "STATS"), "stats").data(stats),
            Condition::None,
        )
        .await
}

/// The query of all accounts with what figures need of them.
pub fn listing(tenant: &TenantId) -> Query {
    Query {
        index: Some("gsi3"),
        pk: index::accounts(tenant),
        attributes: vec!["pk", "f_arr", "f_band"],
        ..Query::default()
    }
}

/// What figures need of an account's item.
pub fn entry(item: &Item) -> (i64, String) {
    (item.int("f_arr").unwrap_or(0), item.str("f_band").to_owned())
}

/// The account that a listed item is of.
pub fn account(item: &Item) -> Option<AccountId> {
    item.str("pk").rsplit('#').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_the_share_of_smaller_accounts() {
        let stats = Stats::of(
            (1..=200).map(|n| (n * 100, "healthy".to_owned())).collect(),
            Timestamp::UNIX_EPOCH,
            true,
        );
        assert_eq!(stats.accounts, 200);
        assert!(stats.arr_percentile(Some(50)).unwrap() < 0.01);
        assert!((stats.arr_percentile(Some(10_000)).unwrap() - 0.5).abs() < 0.02);
        assert!(stats.arr_percentile(Some(99_999)).unwrap() > 0.99);
        assert_eq!(stats.arr_percentile(None), None);
        assert_eq!(
            Stats::of(Vec::new(), Timestamp::UNIX_EPOCH, true).arr_percentile(Some(1)),
            None
        );
    }
}
