//! The wrapper around every queue consumer: partial failures, one poisoned record never failing its neighbours.
//!
//! * A record that fails for a passing reason is given back to the queue alone ([`Failure::Retry`]).
//! * A record that can never succeed ([`Failure::Permanent`]) is handed to `dead`, which stores it with its reason;
//!   only when that worked is it acknowledged. Without a `dead`, or when it fails, the record goes back as well and
//!   ends in the dead-letter queue.
//! * A panic fails its record only.
//! * When all records fail, the whole invocation fails, so that the function's error metric moves.
//! * A record without a message id fails the whole batch before anything is done: an empty item in the answer means
//!   "all failed" to Lambda, which must not happen by accident after half of the work.
//!
//! The event source mapping must have `ReportBatchItemFailures`, or Lambda deletes what failed.

use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use tracing::Instrument;

use crate::metrics::Metrics;
use crate::telemetry::chain;

/// Any error, as the wrapper logs it.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a record failed, and so what becomes of it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// For a passing reason: the queue gives the record again after its visibility time.
    #[error("will be tried again")]
    Retry(#[source] BoxError),
    /// For good: trying again cannot help.
    #[error("cannot succeed")]
    Permanent(#[source] BoxError),
}

impl Failure {
    /// A failure that passes.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self::Retry(error.into())
    }

    /// A failure that stays.
    pub fn permanent(error: impl Into<BoxError>) -> Self {
        Self::Permanent(error.into())
    }

    /// By what the error's own `is_retryable` says.
    pub fn classified(error: impl Into<BoxError>, is_retryable: bool) -> Self {
        if is_retryable {
            Self::retry(error)
        } else {
            Self::permanent(error)
        }
    }

    /// The error itself.
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        match self {
            Self::Retry(error) | Self::Permanent(error) => error.as_ref(),
        }
    }
}

/// One message of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The queue's id of the message.
    pub message_id: String,
    /// The body; empty when the message has none.
    pub body: String,
    /// How often it was received, this time included; 1 when the queue does not say.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
}

impl Record {
    /// The body as JSON. One that does not read never will: the failure is permanent.
    ///
    /// # Errors
    /// [`Failure::Permanent`].
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.body).map_err(Failure::permanent)
    }

    fn of(message: SqsMessage) -> Option<Self> {
        let message_id = message.message_id.filter(|id| !id.is_empty())?;
        let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
        let receive_count = attribute("ApproximateReceiveCount")
            .and_then(|n| n.parse().ok())
            .unwrap_or(1);
        let sent_at = attribute("SentTimestamp")
            .and_then(|n| n.parse().ok())
            .and_then(|millis| Timestamp::from_millisecond(millis).ok());
        Some(Self {
            message_id,
            body: message.body.unwrap_or_default(),
            receive_count,
            sent_at,
        })
    }
}

/// Why a whole batch failed.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A message came without an id, so that its failure could not be reported; nothing was handled.
    #[error("record {index} of the batch has no message id; nothing of the batch was handled")]
    NoMessageId {
        /// Its place in the batch, from 0.
        index: usize,
    },
    /// Not one record went through.
    #[error("all {count} records of the batch failed")]
    AllFailed {
        /// How many there were.
        count: usize,
        /// Why the first one did.
        #[source]
        first: BoxError,
    },
}

/// Handles each record, `concurrency` at a time, in the order of the batch when it is 1. Permanent failures go to
/// the dead-letter queue like the others; to store and acknowledge them, use [`Batch::run`].
///
/// # Errors
/// [`BatchError`] when the whole batch must come again.
pub async fn each<H, F>(
    event: SqsEvent,
    concurrency: usize,
    handle: H,
) -> Result<SqsBatchResponse, BatchError>
where
    H: Fn(Record) -> F,
    F: Future<Output = Result<(), Failure>>,
{
    let refuse =
        |_: Record, _: String| async { Err::<(), _>(BoxError::from("this queue keeps no dead records")) };
    Batch::new(concurrency).run(event, handle, refuse).await
}

/// How a batch is worked through.
#[derive(Debug, Clone)]
pub struct Batch {
    concurrency: usize,
    record_timeout: Option<Duration>,
    metrics: Option<Metrics>,
}

enum Outcome {
    Done,
    Dead,
    Failed(BoxError),
}

impl Batch {
    /// At most `concurrency` records at a time, at least one.
    pub fn new(concurrency: usize) -> Self {
        Self {
            concurrency: concurrency.max(1),
            record_timeout: None,
            metrics: None,
        }
    }

    /// Gives a record back to the queue when it takes longer. Choose it below the function's own timeout, so that
    /// one slow record does not bring back its neighbours.
    #[must_use]
    pub fn record_timeout(mut self, limit: Duration) -> Self {
        self.record_timeout = Some(limit);
        self
    }

    /// Writes `RecordsHandled`, `RecordsDead` and `RecordsFailed` for each batch.
    #[must_use]
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = Some(metrics.clone());
        self
    }

    /// Handles each record. A permanent failure is given to `dead` with its reason in words, and is acknowledged
    /// when `dead` stored it.
    ///
    /// # Errors
    /// [`BatchError`] when the whole batch must come again.
    pub async fn run<H, F, D, G>(
        &self,
        event: SqsEvent,
        handle: H,
        dead: D,
    ) -> Result<SqsBatchResponse, BatchError>
    where
        H: Fn(Record) -> F,
        F: Future<Output = Result<(), Failure>>,
        D: Fn(Record, String) -> G,
        G: Future<Output = Result<(), BoxError>>,
    {
        let work = self.metrics.as_ref().map(Metrics::work);
        let mut records = Vec::with_capacity(event.records.len());
        for (index, message) in event.records.into_iter().enumerate() {
            records.push(Record::of(message).ok_or(BatchError::NoMessageId { index })?);
        }
        let ids: Vec<String> = records.iter().map(|record| record.message_id.clone()).collect();

        let (handle, dead) = (&handle, &dead);
        let mut outcomes: Vec<(usize, Outcome)> = stream::iter(records.into_iter().enumerate())
            .map(|(index, record)| {
                let span = tracing::info_span!(
                    "record",
                    message_id = %record.message_id,
                    receive_count = record.receive_count
                );
                async move { (index, self.one(record, handle, dead).await) }.instrument(span)
            })
            .buffer_unordered(self.concurrency)
            .collect()
            .await;
        outcomes.sort_by_key(|(index, _)| *index);

        let count = outcomes.len();
        let (mut response, mut first, mut failed, mut dead_count) = (SqsBatchResponse::default(), None, 0, 0);
        for (index, outcome) in outcomes {
            match outcome {
                Outcome::Done => {}
                Outcome::Dead => dead_count += 1,
                Outcome::Failed(error) => {
                    response.add_failure(ids[index].clone());
                    first.get_or_insert(error);
                    failed += 1;
                }
            }
        }
        if let Some(mut work) = work {
            work.count("RecordsHandled", (count - failed - dead_count) as u64);
            work.count("RecordsDead", dead_count as u64)
                .count("RecordsFailed", failed as u64);
            work.finish();
        }
        match first {
            Some(first) if failed == count => Err(BatchError::AllFailed { count, first }),
            _ => Ok(response),
        }
    }

    async fn one<H, F, D, G>(&self, record: Record, handle: &H, dead: &D) -> Outcome
    where
        H: Fn(Record) -> F,
        F: Future<Output = Result<(), Failure>>,
        D: Fn(Record, String) -> G,
        G: Future<Output = Result<(), BoxError>>,
    {
        let failure = match self.guarded(async { handle(record.clone()).await }).await {
            Ok(Ok(())) => return Outcome::Done,
            Ok(Err(failure)) => failure,
            Err(error) => Failure::Retry(error),
        };
        let reason = chain(failure.error());
        let error = match failure {
            Failure::Retry(error) => {
                tracing::warn!(error = %reason, "record failed and goes back to the queue");
                return Outcome::Failed(error);
            }
            Failure::Permanent(error) => error,
        };
        tracing::error!(error = %reason, "record cannot succeed");
        match self.guarded(async { dead(record, reason).await }).await {
            Ok(Ok(())) => Outcome::Dead,
            Ok(Err(store)) | Err(store) => {
                tracing::warn!(error = %chain(store.as_ref()), "dead record was not stored and goes back");
                Outcome::Failed(error)
            }
        }
    }

    /// Runs the future with the time limit, and turns a panic and an overrun into an error.
    async fn guarded<T>(&self, work: impl Future<Output = T>) -> Result<T, BoxError> {
        let work = AssertUnwindSafe(work).catch_unwind();
        let ran = match self.record_timeout {
            Some(limit) => tokio::time::timeout(limit, work)
                .await
                .map_err(|_| format!("the record took longer than {} ms", limit.as_millis()))?,
            None => work.await,
        };
        ran.map_err(|_| BoxError::from("the handler panicked"))
    }
}

#[cfg(test)]
mod tests;
