//! Predictions that are kept, and their check: what happened, and whether they were right.
//!
//! A scoring keeps the first predictions of a calendar month (of the tenant's zone), and those of a day on which it
//! opened an alert. A row is checked by the nightly run when its window has passed, and by a scoring that finds a new
//! outcome: a churn is known at once, and one that is recorded late puts an earlier verdict right.

use std::collections::{BTreeMap, BTreeSet};

use copilot_aws::assessments::{self, Kept};
use copilot_aws::history::{self, Loaded};
use copilot_aws::serving::Serving;
use copilot_aws::tenants::Tenant;
use copilot_aws::{AwsError, Table, checks};
use copilot_domain::alert::AlertType;
use copilot_domain::check::{self, Check};
use copilot_domain::history::Snapshot;
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::{Timestamp, day_of, shift};
use copilot_learning::outcomes::{Recorded, after};
use copilot_scoring::Assessed;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Accounts that are checked at once: each is mostly waiting for the table.
const CONCURRENCY: usize = 8;
/// Rows that a page of due ones holds; the next page is read when they are checked.
const PAGE: i32 = 1_000;

/// What a run checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checked {
    /// Predictions checked.
    pub predictions: u64,
    /// Accounts that they are of.
    pub accounts: u64,
    /// Calls to the table.
    pub calls: u64,
}

/// The predictions to keep of a scoring, and what is known of what was kept. Those that stand already are left as they are.
pub(crate) fn keep(
    assessed: &Assessed,
    snapshot: &Snapshot,
    zone: &TimeZone,
    before: &Kept,
    standing: &BTreeSet<String>,
) -> (Vec<Check>, Kept) {
    let mut kept = before.clone();
    kept.outcomes = Recorded::in_snapshot(snapshot).outcomes();
    let assessment = &assessed.assessment;
    let today = snapshot.today;
    let live = assessed.transitions.states.live();
    let mut alerts: Vec<String> = live
        .filter(|state| state.alert_type == AlertType::Risk)
        .map(|state| state.rule.clone())
        .collect();
    alerts.sort();
    alerts.dedup();
    let opened = !assessed.transitions.opened.is_empty();
    let mut rows = Vec::new();
    for prediction in &assessment.predictions {
        let series = check::series(prediction.kind, prediction.method, prediction.shadow);
        let newest = kept.days.get(&series).copied();
        let stands = newest == Some(today) && standing.contains(&series);
        // The same day again replaces its row, where it says something else.
        if stands || !(opened || is_wanted(newest, today)) {
            continue;
        }
        kept.days.insert(series, today);
        let end = after(prediction.computed_at, prediction.window_days);
        rows.push(Check {
            account: assessment.account,
            name: snapshot.row.name.clone(),
            kind: prediction.kind,
            method: prediction.method,
            shadow: prediction.shadow,
            model_version: prediction.model_version.clone(),
            probability: prediction.probability,
            day: today,
            made_at: prediction.computed_at,
            window_days: prediction.window_days,
            due: shift(day_of(end, zone), 1),
            segment: assessment.profile.id.clone(),
            band: assessment.health.band,
            alerts: alerts.clone(),
            expires_at: after(assessment.computed_at, checks::KEEP_DAYS),
            happened: None,
            was_accurate: None,
            checked_at: None,
        });
    }
    (rows, kept)
}

/// Whether a day's prediction is kept, by the newest day that was.
fn is_wanted(newest: Option<Date>, today: Date) -> bool {
    newest.is_none_or(|day| day == today || (day.year(), day.month()) != (today.year(), today.month()))
}

/// Checks the account's kept predictions when an outcome was recorded since its last scoring. One query, and only then.
pub(crate) async fn look_again(
    table: &Table,
    tenant: &TenantId,
    loaded: &Loaded,
    snapshot: &Snapshot,
    serving: &Serving,
) -> Result<(), AwsError> {
    let recorded = Recorded::in_snapshot(snapshot);
    if recorded.outcomes() == assessments::kept(&loaded.state).outcomes {
        return Ok(());
    }
    let rows = checks::of_account(table, tenant, loaded.history.account).await?;
    let changed = judged(rows, &recorded, serving.alert_cut, snapshot.as_of);
    checks::put(table, tenant, &changed).await
}

/// The rows whose verdict is new.
fn judged(rows: Vec<Check>, recorded: &Recorded, cut: f64, now: Timestamp) -> Vec<Check> {
    let mut changed = rows;
    changed.retain_mut(|row| {
        let happened = recorded.happened(row.kind, row.made_at, row.window_days);
        let matured = now >= after(row.made_at, row.window_days);
        row.judge(happened, matured, cut, now)
    });
    changed
}

/// Checks every kept prediction of a tenant whose window has passed. Checking again is safe: a checked row is no
/// longer due.
///
/// # Errors
/// [`AwsError`] when the table fails; what was checked stays checked.
pub async fn check_due(
    table: &Table,
    id: &TenantId,
    tenant: &Tenant,
    cut: f64,
    clock: Timestamp,
) -> Result<Checked, AwsError> {
    let now = tenant.now(clock);
    let today = day_of(now, &tenant.time_zone());
    let mut done = Checked::default();
    let mut query = checks::due(id, today);
    query.limit = Some(PAGE);
    loop {
        let page = table.page(&query).await?;
        done.calls += 1;
        let mut due: BTreeMap<AccountId, Vec<Check>> = BTreeMap::new();
        for item in &page.items {
            let row: Check = item.document()?;
            due.entry(row.account).or_default().push(row);
        }
        let checked: Vec<Checked> = stream::iter(due)
            .map(|(account, rows)| check_account(table, id, tenant, account, rows, cut, now))
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        for one in checked {
            done.predictions += one.predictions;
            done.accounts += one.accounts;
            done.calls += one.calls;
        }
        query.start = page.next;
        if query.start.is_none() {
            return Ok(done);
        }
    }
}

async fn check_account(
    table: &Table,
    id: &TenantId,
    tenant: &Tenant,
    account: AccountId,
    rows: Vec<Check>,
    cut: f64,
    now: Timestamp,
) -> Result<Checked, AwsError> {
    // Outcomes and invoices are records: no day of usage needs to be read.
    let loaded = history::load(table, id, account, &tenant.zone, Date::MAX).await?;
    let recorded = Recorded::of(&loaded.history, now);
    let mut changed = judged(rows, &recorded, cut, now);
    if loaded.identities.is_empty() {
        // Another account took its identities: what happened to it is told there.
        for row in &mut changed {
            row.happened = None;
            row.was_accurate = None;
        }
    }
    checks::put(table, id, &changed).await?;
    Ok(Checked {
        predictions: changed.len() as u64,
        accounts: 1,
        calls: 1 + 2 * loaded.identities.len() as u64 + changed.len().div_ceil(25) as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_prediction_of_a_month_is_kept_and_the_same_day_again() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert!(is_wanted(None, day("2026-03-14")));
        assert!(is_wanted(Some(day("2026-02-28")), day("2026-03-01")));
        assert!(is_wanted(Some(day("2025-03-01")), day("2026-03-01")));
        assert!(is_wanted(Some(day("2026-03-01")), day("2026-03-01")));
        assert!(!is_wanted(Some(day("2026-03-01")), day("2026-03-02")));
    }
}
