//! Asking for the past of every account of a tenant.

use anyhow::{Context as _, Result};
use copilot_aws::{ScoreQueue, Table, stats, tenants};
use copilot_domain::delivery::{Backfill, ScoreRequest};
use copilot_domain::ids::TenantId;
use copilot_domain::time::{day_of, shift};
use copilot_runtime::clock::Clock;
use serde_json::{Value, json};

/// Accounts read at once.
const PAGE: i32 = 1_000;

/// Sends a score request with an order of past days for every listed account.
pub(crate) async fn run(
    table: &Table,
    queue: &ScoreQueue,
    clock: &Clock,
    tenant: &TenantId,
    days: u16,
    every: u16,
) -> Result<Value> {
    let settings = tenants::get(table, tenant)
        .await?
        .with_context(|| format!("there is no tenant {tenant}"))?;
    let now = clock.now();
    let today = day_of(settings.now(now), &settings.time_zone());
    let order = Backfill {
        from: shift(today, -i32::from(days)),
        every_days: u32::from(every),
    };
    let mut asked = 0;
    let mut query = stats::listing(tenant);
    query.limit = Some(PAGE);
    loop {
        let page = table.page(&query).await?;
        let requests: Vec<ScoreRequest> = (page.items.iter().filter_map(stats::account))
            .map(|account| ScoreRequest {
                tenant: tenant.as_str().to_owned(),
                account,
                reason: "backfill".to_owned(),
                requested_at: now,
                backfill: Some(order.clone()),
            })
            .collect();
        queue.send_all(&requests).await?;
        asked += requests.len();
        query.start = page.next;
        if query.start.is_none() {
            return Ok(
                json!({ "tenant": tenant, "accounts": asked, "from": order.from, "every_days": every }),
            );
        }
    }
}
