//! Score: works through requests to score accounts. Each account is loaded, assessed, stored and told of on its
//! own; one that fails comes again without its neighbours.

use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use copilot_aws::bus::EventBus;
use copilot_aws::models::ModelFiles;
use copilot_aws::{AwsError, ScoreQueue, Table};
use copilot_domain::delivery::{PROFILES, ScoreRequest};
use copilot_domain::health::Points;
use copilot_domain::ids::{TenantId, TenantProof};
use copilot_pipeline::{ScoreError, Scorer};
use copilot_runtime::batch::{Batch, BatchError, Failure, Record};
use copilot_runtime::clock::Clock;
use copilot_runtime::config::Env;
use copilot_runtime::metrics::Metrics;

/// Accounts worked on at once: each is mostly waiting for the table.
const CONCURRENCY: usize = 4;
/// How long one account may take. A batch of ten is three rounds of four, and the function has 60 s (see the
/// template): one huge account comes again alone and does not take its neighbours down with it.
const ACCOUNT_LIMIT: Duration = Duration::from_secs(18);

/// What the function works with.
#[derive(Debug, Clone)]
pub struct Context {
    scorer: Scorer,
    table: Table,
    clock: Clock,
    metrics: Metrics,
}

/// Why the function does not start.
type StartError = Box<dyn std::error::Error + Send + Sync>;

impl Context {
    /// Reads the configuration, builds the clients, loads profiles, rules and model.
    ///
    /// # Errors
    /// When a variable is missing or what is shipped does not load.
    pub async fn from_env(env: &Env) -> Result<Self, StartError> {
        let table_name = env.required("TABLE_NAME", "the stack's table")?;
        let bucket = env.required("DATA_BUCKET", "the data bucket, for the tenants' models")?;
        let bus = env.required("EVENT_BUS_NAME", "the bus on which alerts are told")?;
        let sdk = copilot_aws::sdk::load().await;
        let table = Table::new(&sdk, &table_name);
        let clock = Clock::system();
        Ok(Self {
            scorer: Scorer::new(table.clone(), EventBus::new(&sdk, &bus))?
                .with_models(ModelFiles::new(&sdk, &bucket)),
            table,
            metrics: Metrics::new("score", &env.stage(), clock.clone()),
            clock,
        })
    }
}

/// Works through a batch of requests; those that failed come again, the others do not.
///
/// # Errors
/// [`BatchError`] when the whole batch must come again.
pub async fn handle(event: SqsEvent, context: &Context) -> Result<SqsBatchResponse, BatchError> {
    Batch::new(CONCURRENCY)
        .record_timeout(ACCOUNT_LIMIT)
        .metrics(&context.metrics)
        .run(
            event,
            |record| score(record, context),
            // What can never be scored is kept by the dead-letter queue, where its alarm rings.
            |_, _| async { Err("kept by the dead-letter queue".into()) },
        )
        .await
}

async fn score(record: Record, context: &Context) -> Result<(), Failure> {
    let request: ScoreRequest = record.json()?;
    let tenant = TenantId::proven(&request.tenant, TenantProof::OwnRecord).map_err(Failure::permanent)?;
    let failure = |error: ScoreError| {
        let retryable = error.is_retryable();
        Failure::classified(error, retryable)
    };
    // From here on a new fact asks for a new score: what is read below may not hold it.
    ScoreQueue::begin(&context.table, &tenant, request.account)
        .await
        .map_err(|error: AwsError| failure(error.into()))?;
    if let Some(order) = &request.backfill {
        let clock = context.clock.now();
        match context
            .scorer
            .backfill(&tenant, request.account, order, clock)
            .await
        {
            Ok(points) => {
                tracing::info!(tenant_id = %tenant, account_id = %request.account, points, "past days scored");
            }
            Err(ScoreError::UnknownAccount(_)) => {}
            Err(error) => return Err(failure(error)),
        }
    }
    if request.reason == PROFILES {
        // What the process keeps may be the profiles before.
        let now = context.clock.now();
        context
            .scorer
            .forget_before(&tenant, request.requested_at, now)
            .await;
    }
    match context
        .scorer
        .score(&tenant, request.account, context.clock.now())
        .await
    {
        Ok(scored) => {
            tracing::info!(
                tenant_id = %tenant, account_id = %request.account, reason = request.reason,
                score = scored.assessment.health.score.map(Points::as_f64), stored = scored.stored,
                opened = scored.assessment.alerts.opened.len(), told = scored.told, "account scored"
            );
            // The score stands; the message comes again so that what it has to tell does not wait for the night.
            scored
                .told
                .then_some(())
                .ok_or_else(|| Failure::retry("events of the account wait to be told"))
        }
        // Another account took its identities, or nothing ever told of it: nothing is left to score.
        Err(ScoreError::UnknownAccount(account)) => {
            tracing::info!(tenant_id = %tenant, account_id = %account, "no such account any more");
            Ok(())
        }
        Err(error) => Err(failure(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_event_is_what_the_function_reads() {
        let event: SqsEvent = serde_json::from_str(include_str!("../../../events/score-sqs.json")).unwrap();
        let read = event
            .records
            .iter()
            .map(|record| serde_json::from_str(record.body.as_deref().unwrap_or_default()).unwrap());
        let asked: Vec<ScoreRequest> = read.collect();
        assert_eq!(
            asked.iter().map(|a| a.reason.as_str()).collect::<Vec<_>>(),
            ["ingest", "sweep"]
        );
        assert!(
            asked
                .iter()
                .all(|a| TenantId::proven(&a.tenant, TenantProof::OwnRecord).is_ok())
        );
    }
}
