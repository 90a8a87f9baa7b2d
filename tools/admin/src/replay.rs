//! Rebuilding a tenant's state from the raw log: what `ingest` did once, done again, into this table or another.

use anyhow::{Context as _, Result};
use copilot_aws::imports::Files;
use copilot_aws::raw_log::{API_PREFIX, RAW_PREFIX};
use copilot_aws::{IngestQueue, RawLog, ScoreQueue, Table, tenants};
use copilot_domain::ids::TenantId;
use copilot_runtime::clock::Clock;
use copilot_runtime::config::Env;
use copilot_runtime::metrics::Metrics;
use serde_json::{Value, json};

/// Applies every delivery of the tenant. Into the stack's own table, the accounts are scored afterwards by their
/// requests; into another, nothing is scored.
pub(crate) async fn run(
    env: &Env,
    sdk: &copilot_aws::sdk::SdkConfig,
    bucket: &str,
    source: Table,
    target: Option<Table>,
    tenant: &TenantId,
) -> Result<Value> {
    let settings = tenants::get(&source, tenant)
        .await?
        .with_context(|| format!("there is no tenant {tenant}"))?;
    let clock = Clock::system();
    let ingest_url = env.required("INGEST_QUEUE_URL", "the queue for the next chunk of an import")?;
    let score = match &target {
        Some(table) => {
            tenants::put(table, tenant, &settings).await?;
            None
        }
        None => Some(ScoreQueue::new(
            sdk,
            &env.required("SCORE_QUEUE_URL", "the queue that score reads")?,
            source.clone(),
        )),
    };
    let context = ingest::Context {
        table: target.unwrap_or(source),
        raw: RawLog::new(sdk, bucket),
        files: Files::new(sdk, bucket),
        ingest: IngestQueue::new(sdk, &ingest_url),
        score,
        metrics: Metrics::new("replay", &env.stage(), clock.clone()),
        clock,
    };
    let mut applied = 0_u64;
    for prefix in [RAW_PREFIX, API_PREFIX] {
        let mut start = None;
        loop {
            let page = context.raw.list(prefix, tenant, start).await?;
            for key in &page.keys {
                ingest::apply_raw(&context, key, true)
                    .await
                    .with_context(|| format!("applying {key}"))?;
                applied += 1;
                if applied.is_multiple_of(500) {
                    eprintln!("{applied} deliveries applied, last {key}");
                }
            }
            start = page.next;
            if start.is_none() {
                break;
            }
        }
    }
    Ok(json!({ "tenant": tenant, "deliveries": applied, "table": context.table.name() }))
}
