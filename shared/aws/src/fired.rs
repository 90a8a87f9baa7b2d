//! How often rules fired: summed by the nightly run from the storm guard's counts of the days before.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::ids::TenantId;
use copilot_domain::time::{Timestamp, shift};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::alerts;
use crate::error::AwsError;
use crate::item::Item;
use crate::keys::accuracy as keys;
use crate::table::{Condition, Table};

/// Days back that counts are still there: they go after three.
const CATCH_UP_DAYS: i32 = 2;

/// How often rules fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// The first day that was counted (UTC).
    pub since: Date,
    /// The last day that was counted.
    pub through: Date,
    /// Alerts that each rule opened. What a first look at an account finds is not counted: nothing was seen to happen.
    pub rules: BTreeMap<String, u64>,
}

/// The counts; `None` before the first night.
///
/// # Errors
/// [`AwsError`] when the table fails or the document does not read.
pub async fn get(table: &Table, tenant: &TenantId) -> Result<Option<Fired>, AwsError> {
    let item = table.get(&keys::fired(tenant)).await?;
    item.as_ref().map(Item::document).transpose()
}

/// Adds the days up to yesterday that were not counted yet. Another run that counts the same days at once is not
/// counted twice: one of them finds the document changed and leaves it.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn count(
    table: &Table,
    tenant: &TenantId,
    rules: &BTreeSet<String>,
    now: Timestamp,
) -> Result<(), AwsError> {
    let read = table.get(&keys::fired(tenant)).await?;
    let stored: Option<Fired> = read.as_ref().map(Item::document).transpose()?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let yesterday = shift(today, -1);
    let oldest = shift(today, -CATCH_UP_DAYS);
    let mut day = stored
        .as_ref()
        .map_or(oldest, |f| shift(f.through, 1).max(oldest));
    if day > yesterday {
        return Ok(());
    }
    let mut fired = stored.unwrap_or(Fired {
        since: day,
        through: day,
        rules: BTreeMap::new(),
    });
    while day <= yesterday {
        let noon = day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC);
        let Ok(noon) = noon.map(|zoned| zoned.timestamp()) else {
            break;
        };
        for (rule, trips) in alerts::trips(table, tenant, rules, noon).await? {
            if trips.accounts > 0 {
                *fired.rules.entry(rule).or_default() += trips.accounts as u64;
            }
        }
        fired.through = day;
        day = shift(day, 1);
    }
    let rev = read.as_ref().map_or(0, Item::rev) + 1;
    let item = Item::new(&keys::fired(tenant), "fired")
        .number("rev", rev)
        .data(&fired);
    match table.put(item, Condition::unchanged(read.as_ref())).await {
        Err(error) if !error.is_conflict() => Err(error),
        _ => Ok(()),
    }
}
