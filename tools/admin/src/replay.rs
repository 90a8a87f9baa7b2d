//! Rebuilding a tenant's state from the raw log: what `ingest` did once, done again, into this table or another.

use std::time::Duration;

use anyhow::{Context as _, Result};
use copilot_aws::imports::Files;
use copilot_aws::raw_log::{API_PREFIX, RAW_PREFIX};
use copilot_aws::{RawLog, ScoreQueue, Table, tenants};
use copilot_domain::ids::TenantId;
use copilot_runtime::clock::Clock;
use copilot_runtime::config::Env;
use copilot_runtime::metrics::Metrics;
use copilot_runtime::telemetry::chain;
use ingest::{IngestError, Pace};
use serde::Serialize;

/// Tries of one delivery while the table is busy.
const TRIES: u32 = 4;

/// What a replay did.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// Whose log it was.
    tenant: TenantId,
    /// The table written into.
    table: String,
    /// Deliveries applied.
    pub(crate) deliveries: u64,
    /// Deliveries that were not.
    pub(crate) failures: Vec<Failure>,
}

/// A delivery that was not applied.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// Its key in the raw log.
    pub(crate) key: String,
    /// Why.
    pub(crate) error: String,
}

/// What a replay works with. Into the stack's own table, the accounts are scored afterwards by their requests; into
/// another, nothing is scored.
pub(crate) async fn context(
    env: &Env,
    sdk: &copilot_aws::sdk::SdkConfig,
    bucket: &str,
    source: Table,
    target: Option<Table>,
    tenant: &TenantId,
) -> Result<ingest::Context> {
    let settings = tenants::get(&source, tenant)
        .await?
        .with_context(|| format!("there is no tenant {tenant}"))?;
    let clock = Clock::system();
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
    Ok(ingest::Context {
        table: target.unwrap_or(source),
        raw: RawLog::new(sdk, bucket),
        files: Files::new(sdk, bucket),
        // An import goes on here until it is done: the queue's function would go on in the live table.
        ingest: None,
        pace: Pace::default(),
        score,
        metrics: Metrics::new("replay", &env.stage(), clock.clone()),
        clock,
    })
}

/// Applies every delivery of the tenant. One that fails does not keep the others from being applied.
pub(crate) async fn run(context: &ingest::Context, tenant: &TenantId) -> Result<Outcome> {
    let mut outcome = Outcome {
        tenant: tenant.clone(),
        table: context.table.name().to_owned(),
        deliveries: 0,
        failures: Vec::new(),
    };
    for prefix in [RAW_PREFIX, API_PREFIX] {
        let mut start = None;
        loop {
            let page = context.raw.list(prefix, tenant, start).await?;
            for key in page.keys {
                match apply(context, &key).await {
                    Ok(()) => outcome.deliveries += 1,
                    Err(error) => {
                        let error = chain(&error);
                        eprintln!("{key} was not applied: {error}");
                        outcome.failures.push(Failure { key, error });
                        continue;
                    }
                }
                if outcome.deliveries.is_multiple_of(500) {
                    eprintln!("{} deliveries applied, last {key}", outcome.deliveries);
                }
            }
            start = page.next;
            if start.is_none() {
                break;
            }
        }
    }
    Ok(outcome)
}

/// Applies one delivery; what the table was too busy for is tried again.
async fn apply(context: &ingest::Context, key: &str) -> Result<(), IngestError> {
    let mut tries = 1;
    loop {
        match ingest::apply_raw(context, key, true).await {
            Err(error) if error.is_retryable() && tries < TRIES => {
                tokio::time::sleep(Duration::from_secs(1 << tries)).await;
                tries += 1;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests;
