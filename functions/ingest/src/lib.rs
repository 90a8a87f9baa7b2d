//! Ingest: reads what S3 announces (or what was handed over), understands it, applies it to the table and asks for
//! the touched accounts to be scored. Safe to run twice: everything it writes is a merge.

mod apply;
mod imports;
mod message;
mod report;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use copilot_aws::imports::Files;
use copilot_aws::{AwsError, IngestQueue, RawLog, ScoreQueue, Table};
use copilot_runtime::batch::{Batch, BatchError, Failure, Record};
use copilot_runtime::clock::Clock;
use copilot_runtime::config::{ConfigError, Env};
use copilot_runtime::metrics::Metrics;

pub use apply::{IngestError, apply_raw};
pub use imports::Pace;

/// Records of a batch worked on at once: each is mostly waiting for the table.
const CONCURRENCY: usize = 4;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The table.
    pub table: Table,
    /// The raw log.
    pub raw: RawLog,
    /// Uploaded files and reports.
    pub files: Files,
    /// Where the next chunk of an import is asked for; a replay asks nobody and works until the import is done.
    pub ingest: Option<IngestQueue>,
    /// Where scores are asked for; a replay into another table asks for none.
    pub score: Option<ScoreQueue>,
    /// How much of an import is done at once.
    pub pace: Pace,
    /// The clock.
    pub clock: Clock,
    /// Metrics of the batches.
    pub metrics: Metrics,
}

impl Context {
    /// Whether this is a replay into another table than the one that the bucket belongs to.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.score.is_none()
    }

    /// Reads the configuration and builds the clients.
    ///
    /// # Errors
    /// [`ConfigError`] when a variable is missing.
    pub async fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let table_name = env.required("TABLE_NAME", "the stack's table")?;
        let bucket = env.required("DATA_BUCKET", "the bucket of raw deliveries and imports")?;
        let ingest_url = env.required("INGEST_QUEUE_URL", "the queue for the next chunk of an import")?;
        let score_url = env.required("SCORE_QUEUE_URL", "the queue that score reads")?;
        let sdk = copilot_aws::sdk::load().await;
        let table = Table::new(&sdk, &table_name);
        let clock = Clock::system();
        Ok(Self {
            raw: RawLog::new(&sdk, &bucket),
            files: Files::new(&sdk, &bucket),
            ingest: Some(IngestQueue::new(&sdk, &ingest_url)),
            pace: Pace::default(),
            score: Some(ScoreQueue::new(&sdk, &score_url, table.clone())),
            table,
            metrics: Metrics::new("ingest", &env.stage(), clock.clone()),
            clock,
        })
    }
}

/// Works through a batch of messages; those that failed come again, the others do not.
///
/// # Errors
/// [`BatchError`] when the whole batch must come again.
pub async fn handle(event: SqsEvent, context: &Context) -> Result<SqsBatchResponse, BatchError> {
    Batch::new(CONCURRENCY)
        .metrics(&context.metrics)
        .run(
            event,
            |record| work(record, context),
            // What can never be read is kept by the dead-letter queue, where its alarm rings.
            |_, _| async { Err("kept by the dead-letter queue".into()) },
        )
        .await
}

async fn work(record: Record, context: &Context) -> Result<(), Failure> {
    let retry = record.receive_count > 1;
    for work in message::read(&record.body).map_err(Failure::permanent)? {
        let done = match work {
            message::Work::Raw(key) => apply_raw(context, &key, retry).await,
            message::Work::Uploaded(key) => imports::uploaded(context, &key).await,
            message::Work::Import { tenant, import } => imports::go_on(context, &tenant, &import).await,
        };
        done.map_err(|error| {
            let retryable = error.is_retryable();
            Failure::classified(error, retryable)
        })?;
    }
    Ok(())
}

impl From<AwsError> for IngestError {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}
