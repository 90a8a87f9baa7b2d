//! Features as they were: of every account of a tenant, on past days, from what was known then.
//!
//! The code that scores computes them ([`copilot_features::compute`] over a snapshot of the history), so training sees
//! what serving sees. An account's history is loaded once for all of its days.

use copilot_aws::history::{self, USAGE_DAYS};
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::{Table, kinds, stats};
use copilot_domain::history::AccountHistory;
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::{Timestamp, day_of, end_of_day, shift};
use copilot_features::{FeatureConfig, compute, contract};
use copilot_lake::Row;
use futures::stream::{self, Stream, TryStreamExt};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::delivered::feature_config;
use crate::score::ScoreError;

/// Days that one run may look at: ten years of months.
pub const MAX_DAYS: usize = 120;
/// Accounts listed at once.
const PAGE: i32 = 1_000;
/// Accounts loaded at the same time.
const PARALLEL: usize = 16;

/// Past days of a tenant's accounts.
#[derive(Debug, Clone)]
pub struct Snapshots {
    table: Table,
    tenant: TenantId,
    settings: Tenant,
    config: FeatureConfig,
    days: Vec<Date>,
}

impl Snapshots {
    /// Some past days of a tenant, at most the newest [`MAX_DAYS`]. A day that is not over (in the tenant's zone; in a
    /// sandbox, at its pinned instant) is left out: its features are not yet what they will have been.
    ///
    /// # Errors
    /// [`ScoreError`] when the tenant is unknown or the table fails.
    pub async fn of(
        table: &Table,
        tenant: &TenantId,
        days: impl IntoIterator<Item = Date>,
        clock: Timestamp,
    ) -> Result<Self, ScoreError> {
        let settings = tenants::get(table, tenant).await?;
        let settings = settings.ok_or_else(|| ScoreError::UnknownTenant(tenant.clone()))?;
        let config = feature_config(&settings, &kinds::seen(table, tenant).await?);
        let today = day_of(settings.now(clock), &settings.time_zone());
        let mut days: Vec<Date> = days.into_iter().filter(|day| *day < today).collect();
        days.sort_unstable();
        days.dedup();
        days.drain(..days.len().saturating_sub(MAX_DAYS));
        Ok(Self {
            table: table.clone(),
            tenant: tenant.clone(),
            settings,
            config,
            days,
        })
    }

    /// The days, oldest first.
    pub fn days(&self) -> &[Date] {
        &self.days
    }

    /// The same without some of the days.
    #[must_use]
    pub fn without(mut self, days: &[Date]) -> Self {
        self.days.retain(|day| !days.contains(day));
        self
    }

    /// The rows of every account: one item an account, with a row for each day on which it was known, oldest first. In
    /// no order of accounts; as many are loaded at a time as keep the table busy, and no more stand in memory. No score
    /// is computed.
    pub fn rows(&self) -> impl Stream<Item = Result<Vec<Row>, ScoreError>> + '_ {
        let first = self.days.first().copied();
        accounts(&self.table, &self.tenant)
            .map_ok(move |account| async move {
                let Some(first) = first else {
                    return Ok(Vec::new());
                };
                let (table, zone) = (&self.table, &self.settings.zone);
                let from = shift(first, -USAGE_DAYS);
                let loaded = history::load(table, &self.tenant, account, zone, from).await?;
                if loaded.identities.is_empty() {
                    return Ok(Vec::new());
                }
                Ok(rows_of(&loaded.history, &self.config, &self.days))
            })
            .try_buffer_unordered(PARALLEL)
    }
}

/// The accounts of a tenant, page by page.
pub fn accounts<'a>(
    table: &'a Table,
    tenant: &TenantId,
) -> impl Stream<Item = Result<AccountId, ScoreError>> + use<'a> {
    let mut query = stats::listing(tenant);
    query.limit = Some(PAGE);
    stream::try_unfold(Some(query), move |query| async move {
        let Some(mut query) = query else {
            return Ok(None);
        };
        let page = table.page(&query).await?;
        query.start = page.next;
        let accounts: Vec<_> = page.items.iter().filter_map(stats::account).map(Ok).collect();
        let next = query.start.is_some().then_some(query);
        Ok::<_, ScoreError>(Some((stream::iter(accounts), next)))
    })
    .try_flatten()
}

/// The rows of an account at the ends of some days in its zone; a day before it was known has none.
pub fn rows_of(history: &AccountHistory, config: &FeatureConfig, days: &[Date]) -> Vec<Row> {
    let zone = jiff::tz::TimeZone::get(&history.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let mut rows = Vec::with_capacity(days.len());
    let mut snapshots = history.snapshots();
    for day in days {
        let snapshot = snapshots.at(end_of_day(*day, &zone));
        if snapshot.known_since.is_none() {
            continue;
        }
        rows.push(Row {
            stage: Some(snapshot.row.stage.unwrap_or_default()),
            segment: snapshot.row.segment.clone(),
            touch: Some(snapshot.row.touch.unwrap_or_default()),
            currency: contract::arr(&snapshot).map(|arr| arr.currency),
            features: (&compute(&snapshot, config)).into(),
            ..Row::new(history.account, *day, snapshot.as_of)
        });
    }
    rows
}

/// The last days of the months from one day's to another's; none when the second comes first.
pub fn month_ends(from: Date, to: Date) -> Vec<Date> {
    let mut ends = Vec::new();
    let mut month = from.first_of_month();
    while month <= to && ends.len() < MAX_DAYS {
        ends.push(month.last_of_month());
        month = month.saturating_add(1.month());
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn month_ends_know_leap_years_and_both_ends() {
        assert_eq!(
            month_ends(date(2023, 12, 15), date(2024, 2, 1)),
            [date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29)]
        );
        assert_eq!(month_ends(date(2024, 2, 1), date(2024, 1, 31)), []);
        assert_eq!(month_ends(date(1971, 1, 1), date(2099, 1, 1)).len(), MAX_DAYS);
    }
}
