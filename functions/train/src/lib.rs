//! Train: carries out training runs and backtests that were asked for, one message at a time, and asks for the training
//! of every month.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use copilot_aws::bus::EventBus;
use copilot_aws::models::{self, ModelFiles, TrainMessage, TrainOrder, TrainQueue};
use copilot_aws::{AwsError, Table, backtests, tenants};
use copilot_domain::backtest::BacktestStatus;
use copilot_domain::ids::{TenantId, TenantProof};
use copilot_domain::model::{RunStatus, TrainingRun};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::product::ProductRun;
use copilot_domain::tone::ToneRun;
use copilot_pipeline::Scorer;
use copilot_runtime::batch::{Batch, BatchError, Failure, Record};
use copilot_runtime::clock::Clock;
use copilot_runtime::config::Env;
use copilot_runtime::metrics::Metrics;
use copilot_training::{ProductTrainer, Tester, ToneTrainer, Trainer, TrainingError};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The table.
    pub table: Table,
    /// Carries runs out.
    pub trainer: Trainer,
    /// Carries runs of tone out.
    pub tone: ToneTrainer,
    /// Carries runs of products out.
    pub products: ProductTrainer,
    /// Carries backtests out.
    pub tester: Tester,
    /// Where runs are asked for.
    pub queue: TrainQueue,
    /// The clock.
    pub clock: Clock,
    /// Metrics of the runs.
    pub metrics: Metrics,
}

/// Why the function does not start.
type StartError = Box<dyn std::error::Error + Send + Sync>;

impl Context {
    /// Reads the configuration and builds the clients.
    ///
    /// # Errors
    /// When a variable is missing or what is shipped does not load.
    pub async fn from_env(env: &Env) -> Result<Self, StartError> {
        let table_name = env.required("TABLE_NAME", "the stack's table")?;
        let bucket = env.required("DATA_BUCKET", "the data bucket")?;
        let queue = env.required("TRAIN_QUEUE_URL", "the queue that `train` reads")?;
        let bus = env.required("EVENT_BUS_NAME", "the bus on which alerts are told")?;
        let sdk = copilot_aws::sdk::load().await;
        let (table, clock) = (Table::new(&sdk, &table_name), Clock::system());
        let files = ModelFiles::new(&sdk, &bucket);
        let scorer = Scorer::new(table.clone(), EventBus::new(&sdk, &bus))?;
        Ok(Self {
            tone: ToneTrainer::new(scorer.clone(), files.clone(), clock.clone()),
            products: ProductTrainer::new(scorer.clone(), files.clone(), clock.clone()),
            trainer: Trainer::new(scorer.clone(), files.clone(), clock.clone()),
            tester: Tester::new(scorer, files, clock.clone()),
            queue: TrainQueue::new(&sdk, &queue),
            metrics: Metrics::new("train", &env.stage(), clock.clone()),
            table,
            clock,
        })
    }
}

/// What the schedule asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Monthly {
    /// Always true: models of every tenant are to be trained anew.
    monthly: bool,
}

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainFailure {
    /// The event is neither messages nor the schedule's order.
    #[error("the event does not read; expected messages of the train queue or {{\"monthly\": true}}")]
    Event(#[from] serde_json::Error),
    /// The whole batch comes again.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The tenants could not be listed, or a run not be asked for.
    #[error("the runs of the month could not be asked for")]
    Monthly(#[from] AwsError),
}

/// Carries out the runs of a batch of messages, or asks for those of the month.
///
/// # Errors
/// [`TrainFailure`]; coming again is safe.
pub async fn handle(event: Value, context: &Context) -> Result<Value, TrainFailure> {
    if event.get("Records").is_some() {
        let answer: SqsBatchResponse = batch(serde_json::from_value(event)?, context).await?;
        return Ok(serde_json::to_value(answer)?);
    }
    let order: Monthly = serde_json::from_value(event)?;
    let asked = if order.monthly { monthly(context).await? } else { 0 };
    Ok(json!({"asked": asked}))
}

async fn batch(event: SqsEvent, context: &Context) -> Result<SqsBatchResponse, BatchError> {
    Batch::new(1)
        .metrics(&context.metrics)
        .run(
            event,
            |record| carry_out(record, context),
            // What can never go through is kept by the dead-letter queue, where its alarm rings.
            |_, _| async { Err("kept by the dead-letter queue".into()) },
        )
        .await
}

async fn carry_out(record: Record, context: &Context) -> Result<(), Failure> {
    let message: TrainMessage = record.json()?;
    let tenant = TenantId::proven(&message.tenant, TenantProof::OwnRecord).map_err(Failure::permanent)?;
    match message.order {
        TrainOrder::Training => training(&tenant, &message.run, context).await,
        TrainOrder::Tone => Box::pin(tone(&tenant, &message.run, context)).await,
        TrainOrder::Products => Box::pin(products(&tenant, &message.run, context)).await,
        TrainOrder::Backtest => backtest(&tenant, &message.run, context).await,
    }
    .map_err(failure)
}

async fn training(tenant: &TenantId, run: &str, context: &Context) -> Result<(), TrainingError> {
    let Some(run) = models::run(&context.table, tenant, run).await? else {
        tracing::warn!(tenant_id = %tenant, run, "a training run that nobody wrote down is left out");
        return Ok(());
    };
    let kind = run.kind;
    let done = context.trainer.run(tenant, run).await?;
    let verdict = done.verdict.as_str();
    if done.status == RunStatus::Failed {
        tracing::error!(tenant_id = %tenant, %kind, run = done.id, verdict, "a training run failed");
    } else {
        tracing::info!(tenant_id = %tenant, %kind, run = done.id, verdict, "a training run is done");
    }
    Ok(())
}

async fn tone(tenant: &TenantId, run: &str, context: &Context) -> Result<(), TrainingError> {
    let Some(run) = copilot_aws::tone::run(&context.table, tenant, run).await? else {
        tracing::warn!(tenant_id = %tenant, run, "a run of tone that nobody wrote down is left out");
        return Ok(());
    };
    let done = context.tone.run(tenant, run).await?;
    let verdict = done.verdict.as_str();
    if done.status == RunStatus::Failed {
        tracing::error!(tenant_id = %tenant, run = done.id, verdict, "a run of tone failed");
    } else {
        tracing::info!(tenant_id = %tenant, run = done.id, verdict, "a run of tone is done");
    }
    Ok(())
}

async fn products(tenant: &TenantId, run: &str, context: &Context) -> Result<(), TrainingError> {
    let Some(run) = copilot_aws::products::run(&context.table, tenant, run).await? else {
        tracing::warn!(tenant_id = %tenant, run, "a run of products that nobody wrote down is left out");
        return Ok(());
    };
    let done = context.products.run(tenant, run).await?;
    let verdict = done.verdict.as_str();
    if done.status == RunStatus::Failed {
        tracing::error!(tenant_id = %tenant, run = done.id, verdict, "a run of products failed");
    } else {
        tracing::info!(tenant_id = %tenant, run = done.id, verdict, "a run of products is done");
    }
    Ok(())
}

fn failure(error: TrainingError) -> Failure {
    let retryable = error.is_retryable();
    Failure::classified(error, retryable)
}

async fn backtest(tenant: &TenantId, id: &str, context: &Context) -> Result<(), TrainingError> {
    let Some(asked) = backtests::get(&context.table, tenant, id).await? else {
        tracing::warn!(tenant_id = %tenant, backtest = id, "a backtest that nobody wrote down is left out");
        return Ok(());
    };
    let done = context.tester.run(tenant, asked).await?;
    let (what, said) = (done.subject.to_string(), done.said.as_str());
    if done.status == BacktestStatus::Failed {
        tracing::error!(tenant_id = %tenant, what, backtest = id, said, "a backtest failed");
    } else {
        tracing::info!(tenant_id = %tenant, what, backtest = id, said, "a backtest is done");
    }
    Ok(())
}

/// Asks for a run of every kind for every tenant that is no sandbox. Gives the number asked for.
async fn monthly(context: &Context) -> Result<usize, AwsError> {
    let now = context.clock.now();
    let mut asked = 0;
    for tenant in tenants::all(&context.table).await? {
        let settings = tenants::get(&context.table, &tenant).await?;
        let Some(settings) = settings.filter(|settings| !settings.is_sandbox()) else {
            continue;
        };
        if settings.text_tone {
            let run = ToneRun::queued("schedule", now, "monthly");
            context.queue.ask_tone(&context.table, &tenant, &run).await?;
            asked += 1;
        }
        let run = ProductRun::queued("schedule", now, "monthly");
        context.queue.ask_products(&context.table, &tenant, &run).await?;
        asked += 1;
        for kind in PredictionKind::ALL {
            let run = TrainingRun::queued(kind, "schedule", now, "monthly");
            context.queue.ask(&context.table, &tenant, &run).await?;
            asked += 1;
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_events_are_what_the_function_reads() {
        let event: SqsEvent = serde_json::from_str(include_str!("../../../events/train-sqs.json")).unwrap();
        let body = event.records[0].body.as_deref().unwrap_or_default();
        let asked: TrainMessage = serde_json::from_str(body).unwrap();
        assert_eq!(
            (asked.tenant.as_str(), asked.order),
            ("demo", TrainOrder::Training)
        );
        let backtest = r#"{"tenant": "demo", "run": "1773129600-0190b7c2", "order": "backtest"}"#;
        let backtest: TrainMessage = serde_json::from_str(backtest).unwrap();
        assert_eq!(backtest.order, TrainOrder::Backtest);
        let order: Monthly =
            serde_json::from_str(include_str!("../../../events/train-schedule.json")).unwrap();
        assert!(order.monthly);
    }
}
