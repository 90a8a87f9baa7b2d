//! The nightly run: figures of each tenant, a score request for every account, kept predictions that are due for their
//! check, the digests, and sources gone silent.
//!
//! It reads lists and sends messages, so it can be run again at any time; scoring twice changes nothing.
//!
//! Some hours later the schedule orders a feature snapshot: a row for each account into the offline feature store. On the way
//! the accounts are held against what learnt models learnt from; an order by name does that as well, with its sweep.

mod checks;
mod monitor;
mod silence;
mod snapshot;

use copilot_aws::bus::{BusEvent, EventBus};
use copilot_aws::models::ModelFiles;
use copilot_aws::stats::{self, Stats};
use copilot_aws::{AwsError, Lake, ScoreQueue, Table, tenants};
use copilot_domain::event::Event;
use copilot_domain::ids::TenantId;
use copilot_domain::time::day_of;
use copilot_runtime::clock::Clock;
use copilot_runtime::config::{ConfigError, Env};
use copilot_runtime::metrics::Metrics;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::monitor::Monitor;
use crate::snapshot::SnapshotError;

/// Accounts read at once.
const PAGE: i32 = 1_000;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The table.
    pub table: Table,
    /// Where scores are asked for.
    pub score: ScoreQueue,
    /// Where features are kept by day.
    pub lake: Lake,
    /// What models learnt from.
    pub models: ModelFiles,
    /// Where digests are announced.
    pub bus: EventBus,
    /// The clock.
    pub clock: Clock,
    /// Metrics of the run.
    pub metrics: Metrics,
}

impl Context {
    /// Reads the configuration and builds the clients.
    ///
    /// # Errors
    /// [`ConfigError`] when a variable is missing.
    pub async fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let table_name = env.required("TABLE_NAME", "the stack's table")?;
        let score_url = env.required("SCORE_QUEUE_URL", "the queue that score reads")?;
        let bus = env.required("EVENT_BUS_NAME", "the bus on which digests are announced")?;
        let bucket = env.required("DATA_BUCKET", "the bucket of the feature store")?;
        let sdk = copilot_aws::sdk::load().await;
        let table = Table::new(&sdk, &table_name);
        let clock = Clock::system();
        Ok(Self {
            score: ScoreQueue::new(&sdk, &score_url, table.clone()),
            bus: EventBus::new(&sdk, &bus),
            lake: Lake::new(&sdk, &bucket),
            models: ModelFiles::new(&sdk, &bucket),
            table,
            metrics: Metrics::new("nightly", &env.stage(), clock.clone()),
            clock,
        })
    }
}

/// What a run is asked to do; everything for every tenant when it is left out.
#[derive(Debug, Default, Deserialize)]
struct Order {
    /// Only this tenant, sandboxes included. Written by an operator, or left out by the schedule.
    #[serde(default)]
    tenant: Option<String>,
    /// No sweep but a feature snapshot: of this tenant, sandboxes included, or of every tenant by `*`.
    #[serde(default)]
    snapshot: Option<String>,
}

/// The snapshot order that means every tenant: no slug of a tenant.
const EVERY: &str = "*";

impl Order {
    /// The one tenant that is asked for by name.
    fn only(&self) -> Option<&str> {
        match &self.snapshot {
            Some(which) => Some(which.as_str()).filter(|which| *which != EVERY),
            None => self.tenant.as_deref(),
        }
    }
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Swept {
    /// Tenants swept, or snapshotted.
    pub tenants: u64,
    /// Accounts whose score was asked for.
    pub accounts: u64,
    /// Rows written to the feature store.
    pub rows: u64,
    /// Tenants that failed; the others went through.
    pub failed: Vec<String>,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum NightlyError {
    /// The event is no order: an operator's `tenant` or `snapshot` must be a text.
    #[error(
        "the order does not read; expected {{\"tenant\": \"slug\"}}, {{\"snapshot\": \"slug\"}} or the schedule's event"
    )]
    Order(#[from] serde_json::Error),
    /// The order names both.
    #[error("the order names tenant and snapshot; give one of them")]
    Both,
    /// The tenants could not be listed.
    #[error("the tenants could not be listed")]
    Tenants(#[from] AwsError),
    /// Some tenants failed; the schedule runs again, and what was done is done.
    #[error("the run failed for {0:?}")]
    Failed(Vec<String>),
}

/// Sweeps or snapshots every tenant, or the one that the order names.
///
/// # Errors
/// [`NightlyError`]: running again is safe.
pub async fn handle(order: Value, context: &Context) -> Result<Swept, NightlyError> {
    let order: Order = serde_json::from_value(order)?;
    if order.tenant.is_some() && order.snapshot.is_some() {
        return Err(NightlyError::Both);
    }
    let only = order.only();
    let mut swept = Swept::default();
    for tenant in tenants::all(&context.table).await? {
        if only.is_some_and(|only| only != tenant.as_str()) {
            continue;
        }
        let done = if order.snapshot.is_some() {
            take_snapshot(context, &tenant, only.is_some()).await
        } else {
            let asked = sweep(context, &tenant, only.is_some()).await;
            asked.map(|accounts| (accounts, 0)).map_err(SnapshotError::Aws)
        };
        match done {
            Ok((accounts, rows)) => {
                swept.tenants += 1;
                swept.accounts += accounts;
                swept.rows += rows;
                tracing::info!(tenant_id = %tenant, accounts, rows, "tenant done");
            }
            Err(error) => {
                let error = copilot_runtime::telemetry::chain(&error);
                tracing::error!(tenant_id = %tenant, error, "the nightly run of a tenant failed");
                swept.failed.push(tenant.as_str().to_owned());
            }
        }
    }
    let mut work = context.metrics.work();
    work.count("AccountsSwept", swept.accounts)
        .count("FeatureRows", swept.rows)
        .count("TenantsFailed", swept.failed.len() as u64);
    work.finish();
    if swept.failed.is_empty() {
        Ok(swept)
    } else {
        Err(NightlyError::Failed(swept.failed))
    }
}

/// Takes the feature snapshot of a tenant; of a sandbox, whose day stands still, only when asked for by name.
async fn take_snapshot(
    context: &Context,
    tenant: &TenantId,
    by_name: bool,
) -> Result<(u64, u64), SnapshotError> {
    let Some(settings) = tenants::get(&context.table, tenant).await? else {
        return Ok((0, 0));
    };
    if settings.is_sandbox() && !by_name {
        return Ok((0, 0));
    }
    let now = context.clock.now();
    let table = &context.table;
    let mut monitor = Monitor::of(table, &context.models, tenant).await?;
    let taken = snapshot::take(table, &context.lake, tenant, &settings, now, monitor.as_mut()).await?;
    if let Some(monitor) = monitor {
        monitor
            .finish((table, &context.bus), tenant, &settings, now)
            .await?;
    }
    let (rows, bytes, unscored) = (taken.rows, taken.bytes, taken.unscored);
    tracing::info!(tenant_id = %tenant, rows, bytes, unscored, "feature snapshot written");
    Ok((0, rows))
}

/// Asks for every account of a tenant to be scored, renews its figures and announces its digests. A sandbox's
/// clock stands still, so nothing of it changes over night; it is swept only when asked for by name.
async fn sweep(context: &Context, tenant: &TenantId, by_name: bool) -> Result<u64, AwsError> {
    let Some(settings) = tenants::get(&context.table, tenant).await? else {
        return Ok(0);
    };
    if settings.is_sandbox() && !by_name {
        return Ok(0);
    }
    let now = context.clock.now();
    let mut seen = Vec::new();
    let mut query = stats::listing(tenant);
    query.limit = Some(PAGE);
    loop {
        let page = context.table.page(&query).await?;
        let accounts: Vec<_> = page.items.iter().filter_map(stats::account).collect();
        seen.extend(page.items.iter().map(stats::entry));
        context.score.send(tenant, &accounts, "sweep", now).await?;
        query.start = page.next;
        if query.start.is_none() {
            break;
        }
    }
    let accounts = seen.len() as u64;
    stats::put(&context.table, tenant, &Stats::of(seen, now, true)).await?;
    if !settings.is_sandbox() {
        let event = Event::digest_due(tenant, day_of(now, &settings.time_zone()), now);
        let detail = serde_json::to_string(&event).unwrap_or_default();
        let told = BusEvent {
            detail_type: event.event_type.as_str().to_owned(),
            detail,
        };
        context.bus.put(&[told]).await?;
        silence::check(&context.table, &context.bus, tenant, now).await?;
    }
    // Last: nobody's digest waits for them.
    let checked = checks::run(&context.table, tenant, &settings, now).await?;
    if by_name && let Some(mut monitor) = Monitor::of(&context.table, &context.models, tenant).await? {
        snapshot::show(&context.table, tenant, &mut monitor).await?;
        let told = (&context.table, &context.bus);
        monitor.finish(told, tenant, &settings, now).await?;
    }
    let mut work = context.metrics.work();
    work.count("PredictionsChecked", checked.predictions)
        .count("CheckCalls", checked.calls);
    work.finish();
    Ok(accounts)
}
