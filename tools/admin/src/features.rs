//! The feature store by hand: filling in past months, taking accounts out.

use anyhow::{Context as _, Result};
use copilot_aws::{Lake, Table, tenants};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::{day_of, parse_date, shift};
use copilot_pipeline::{lake, snapshots};
use copilot_runtime::clock::Clock;
use jiff::civil::Date;
use serde_json::{Value, json};

/// Fills in the ends of the months from one to another; the last month that is over when `to` is left out.
pub(crate) async fn fill(
    table: &Table,
    store: &Lake,
    clock: &Clock,
    tenant: &TenantId,
    from: &str,
    to: Option<&str>,
) -> Result<Value> {
    let settings = tenants::get(table, tenant)
        .await?
        .with_context(|| format!("there is no tenant {tenant}"))?;
    let now = clock.now();
    let today = day_of(settings.now(now), &settings.time_zone());
    let from = month(from).context("--from")?;
    let to = to.map(month).transpose().context("--to")?;
    let to = to.unwrap_or_else(|| shift(today.first_of_month(), -1));
    anyhow::ensure!(
        from <= to,
        "--from comes after --to ({to}); give the earlier month first"
    );
    let ends = snapshots::month_ends(from, to);
    let filled = Box::pin(lake::fill(table, store, tenant, ends, now)).await?;
    Ok(json!({ "tenant": tenant, "filled": filled }))
}

/// Takes accounts out of every file of a tenant.
pub(crate) async fn erase(
    table: &Table,
    store: &Lake,
    tenant: &TenantId,
    accounts: &[AccountId],
) -> Result<Value> {
    let erased = lake::erase(table, store, tenant, accounts).await?;
    Ok(json!({ "tenant": tenant, "accounts": accounts, "erased": erased }))
}

/// The first day of a month, `2026-01`.
fn month(text: &str) -> Result<Date> {
    parse_date(&format!("{text}-01")).with_context(|| format!("{text} is no month; write it as 2026-01"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_year_and_a_month() {
        assert_eq!(month("2026-02").unwrap(), jiff::civil::date(2026, 2, 1));
        for bad in ["2026", "2026-13", "2026-02-03", "", "last"] {
            let error = month(bad).unwrap_err();
            assert!(
                error.to_string().contains("write it as 2026-01"),
                "{bad}: {error}"
            );
        }
    }
}
