//! Figures of a whole tenant that one account's score depends on: how many accounts there are, and how their ARR
//! is spread. Computed by the nightly sweep; a score that finds none computes them over a bounded part.

use std::collections::BTreeMap;

use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::money::Money;
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

/// Accounts that must share a currency for a rank among them to say anything.
const LEAST_RANKED: usize = 10;

/// What figures need of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its ARR in minor units and the currency, where both are known.
    pub arr: Option<(String, i64)>,
    /// Its band.
    pub band: String,
    /// How often its band changed in 30 days, and thousandths of a point that its score moved by on a mean day; `None`
    /// with fewer than two scores.
    pub moved: Option<(i64, i64)>,
}

/// How still the scores of a tenant stood in 30 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StabilityStats {
    /// Accounts with at least two scores.
    pub measured: u64,
    /// Of them, those whose band changed.
    pub changed: u64,
    /// Sum over them of the thousandths of a point that a score moved by on a mean day.
    pub moved_milli: i64,
}

/// Figures of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Accounts listed.
    pub accounts: u64,
    /// By currency, ARR (minor units) at each whole percentile, 0 to 100, ascending. Amounts of different currencies
    /// are not compared, and a currency that fewer than ten accounts share has no ranks.
    #[serde(default)]
    pub arr_percentiles: BTreeMap<String, Vec<i64>>,
    /// Accounts by band.
    pub bands: BTreeMap<String, u64>,
    /// How still their scores stood.
    #[serde(default)]
    pub stability: StabilityStats,
    /// When they were computed.
    pub computed_at: Timestamp,
    /// Whether every account was looked at.
    pub complete: bool,
}

impl Stats {
    /// Figures of accounts.
    pub fn of(accounts: Vec<Entry>, computed_at: Timestamp, complete: bool) -> Self {
        let mut bands = BTreeMap::new();
        let mut amounts: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        let number = accounts.len() as u64;
        let mut stability = StabilityStats::default();
        for entry in accounts {
            if let Some((changes, moved)) = entry.moved {
                stability.measured += 1;
                stability.changed += u64::from(changes > 0);
                stability.moved_milli += moved;
            }
            *bands.entry(entry.band).or_default() += 1;
            if let Some((currency, arr)) = entry.arr {
                amounts.entry(currency).or_default().push(arr);
            }
        }
        amounts.retain(|_, amounts| amounts.len() >= LEAST_RANKED);
        for ranked in amounts.values_mut() {
            ranked.sort_unstable();
            let last = ranked.len().saturating_sub(1);
            *ranked = (0..=100)
                .filter_map(|p| ranked.get(last * p / 100).copied())
                .collect();
        }
        Self {
            accounts: number,
            arr_percentiles: amounts,
            bands,
            stability,
            computed_at,
            complete,
        }
    }

    /// The share of accounts of the same currency with a smaller ARR, 0 to 1; `None` when too few share it.
    pub fn arr_percentile(&self, arr: Option<Money>) -> Option<f64> {
        let arr = arr?;
        let ranked = self.arr_percentiles.get(arr.currency.as_str())?;
        let below = ranked.iter().filter(|p| **p < arr.amount_minor).count();
        (!ranked.is_empty()).then(|| below as f64 / ranked.len() as f64)
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
    // Figures of an older form are none: they are computed again.
    let stored: Option<Stats> = (table.get(&key).await?.as_ref()).and_then(|item| item.document().ok());
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

/// The query of all accounts with what figures need of them. By name: the first of any other order would be a sample
/// of the smallest, the unhealthiest, the next to renew.
pub fn listing(tenant: &TenantId) -> Query {
    Query {
        index: Some("gsi1"),
        pk: index::accounts(tenant),
        attributes: vec!["pk", "f_arr", "f_cur", "f_band", "f_moves", "f_drift"],
        ..Query::default()
    }
}

/// What figures need of an account's item.
pub fn entry(item: &Item) -> Entry {
    let currency = item.str("f_cur");
    Entry {
        arr: (item.int("f_arr").filter(|_| !currency.is_empty())).map(|arr| (currency.to_owned(), arr)),
        band: item.str("f_band").to_owned(),
        moved: item.int("f_moves").zip(item.int("f_drift")),
    }
}

/// The account that a listed item is of.
pub fn account(item: &Item) -> Option<AccountId> {
    item.str("pk").rsplit('#').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(currency: &str, amount_minor: i64) -> Money {
        let currency = copilot_domain::money::Currency::new(currency).unwrap();
        Money {
            amount_minor,
            currency,
        }
    }

    fn accounts(currency: &str, number: i64, each: i64) -> Vec<Entry> {
        (1..=number)
            .map(|n| Entry {
                arr: Some((currency.to_owned(), n * each)),
                band: "healthy".to_owned(),
                moved: None,
            })
            .collect()
    }

    #[test]
    fn the_percentile_is_the_share_of_smaller_accounts() {
        let stats = Stats::of(accounts("EUR", 200, 100), Timestamp::UNIX_EPOCH, true);
        assert_eq!(stats.accounts, 200);
        assert!(stats.arr_percentile(Some(money("EUR", 50))).unwrap() < 0.01);
        assert!((stats.arr_percentile(Some(money("EUR", 10_000))).unwrap() - 0.5).abs() < 0.02);
        assert!(stats.arr_percentile(Some(money("EUR", 99_999))).unwrap() > 0.99);
        assert_eq!(stats.arr_percentile(None), None);
        let none = Stats::of(Vec::new(), Timestamp::UNIX_EPOCH, true);
        assert_eq!(none.arr_percentile(Some(money("EUR", 1))), None);
    }

    #[test]
    fn an_amount_is_ranked_among_its_own_currency_and_not_among_few() {
        let mut all = accounts("EUR", 10, 100);
        all.extend(accounts("JPY", 10, 100_000));
        all.extend(accounts("CHF", 9, 100));
        all.push(Entry {
            arr: None,
            band: "healthy".to_owned(),
            moved: None,
        });
        let stats = Stats::of(all, Timestamp::UNIX_EPOCH, true);
        assert_eq!(stats.accounts, 30);
        assert!(stats.arr_percentile(Some(money("EUR", 1_001))).unwrap() > 0.99);
        assert!(stats.arr_percentile(Some(money("JPY", 1_001))).unwrap() < 0.01);
        assert_eq!(
            stats.arr_percentile(Some(money("CHF", 900))),
            None,
            "nine share it"
        );
        assert_eq!(stats.arr_percentile(Some(money("USD", 900))), None);
    }
}
