//! Kept predictions: waiting for their check by the day they are due, then by series and day.
//!
//! One row a month, account and series, and one more for a day on which an alert opened.
//! Rows go after [`KEEP_DAYS`], so storage is bounded.

use copilot_domain::check::Check;
use copilot_domain::ids::{AccountId, TenantId};
use jiff::civil::Date;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, accuracy as own};
use crate::table::{Query, Table};

/// Days that a kept prediction stays: three years, and the window that it waits.
pub const KEEP_DAYS: u32 = 3 * 365 + 90;
/// Days that the predictions of other days stay.
pub const DAILY_KEEP_DAYS: i64 = 120;

/// How a checked prediction was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It happened and was not predicted.
    Missed,
    /// It was predicted and did not happen.
    FalseAlarm,
}

impl Wrong {
    /// The name in keys and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::FalseAlarm => "false_alarm",
        }
    }
}

/// The item of a kept prediction.
pub fn item(tenant: &TenantId, check: &Check) -> Item {
    let series = check.series();
    let place = format!("{}#{}", check.day, check.account);
    let item = Item::new(
        &own::check(tenant, check.account, &series, check.day),
        "kept-prediction",
    )
    .number("ttl", check.expires_at.as_second())
    .data(check);
    match (check.checked_at, check.happened) {
        (None, _) => {
            let due = format!("{}#{}#{series}#{}", check.due, check.account, check.day);
            item.text("g1pk", &own::due(tenant)).text("g1sk", &due)
        }
        // What cannot be told is no evidence of anything.
        (Some(_), None) => item,
        (Some(_), Some(happened)) => {
            let item = item
                .text("g1pk", &own::checked(tenant, &series))
                .text("g1sk", &place);
            if check.was_accurate != Some(false) {
                return item;
            }
            let which = if happened {
                Wrong::Missed
            } else {
                Wrong::FalseAlarm
            };
            item.text("g2pk", &own::wrong(tenant, &series, which.as_str()))
                .text("g2sk", &place)
        }
    }
}

/// Writes kept predictions.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put(table: &Table, tenant: &TenantId, checks: &[Check]) -> Result<(), AwsError> {
    let items = checks.iter().map(|check| item(tenant, check)).collect();
    table.write_many(items, &[]).await
}

/// The query of those that are due on a day or earlier, the longest due first.
pub fn due(tenant: &TenantId, until: Date) -> Query {
    Query {
        index: Some("gsi1"),
        pk: own::due(tenant),
        // Behind every account of that day.
        to: Some(format!("{until}#~")),
        ..Query::default()
    }
}

/// The kept predictions of an account.
///
/// # Errors
/// [`AwsError`] when the table fails or a row does not read.
pub async fn of_account(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
) -> Result<Vec<Check>, AwsError> {
    let query = Query {
        pk: keys::history_partition(tenant, account),
        prefix: Some(own::CHECK_FIRST.to_owned()),
        consistent: true,
        ..Query::default()
    };
    table.all(query).await?.iter().map(Item::document).collect()
}

/// The checked predictions of a series since a day, oldest first.
///
/// # Errors
/// [`AwsError`] when the table fails or a row does not read.
pub async fn checked(
    table: &Table,
    tenant: &TenantId,
    series: &str,
    from: Date,
) -> Result<Vec<Check>, AwsError> {
    let mut query = Query {
        index: Some("gsi1"),
        pk: own::checked(tenant, series),
        from: Some(from.to_string()),
        ..Query::default()
    };
    let mut rows = Vec::new();
    // Page by page: an item takes several times the memory of its row.
    loop {
        let page = table.page(&query).await?;
        for item in &page.items {
            rows.push(item.document()?);
        }
        query.start = page.next;
        if query.start.is_none() {
            return Ok(rows);
        }
    }
}

/// The query of a series' wrong predictions, newest first.
pub fn wrong(tenant: &TenantId, series: &str, which: Wrong) -> Query {
    Query {
        index: Some("gsi2"),
        pk: own::wrong(tenant, series, which.as_str()),
        descending: true,
        ..Query::default()
    }
}

/// The day of the first check that waits.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn next_due(table: &Table, tenant: &TenantId) -> Result<Option<Date>, AwsError> {
    let query = Query {
        index: Some("gsi1"),
        pk: own::due(tenant),
        limit: Some(1),
        ..Query::default()
    };
    let page = table.page(&query).await?;
    let first = page.items.first().and_then(|item| item.str("g1sk").get(..10));
    Ok(first.and_then(|day| day.parse().ok()))
}
