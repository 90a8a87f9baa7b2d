//! Notify: tells people of what the bus says, by e-mail and Slack, once for each event, channel and recipient; and the
//! webhooks that subscribed, which have a queue of their own.
//!
//! Safe to run twice: a conditional write comes before every message. A channel that fails for a passing reason
//! sends the record back to its queue; one that refuses for good is recorded as failed and does not keep the other
//! channels from theirs.

mod digest;
mod hooks;
mod message;
mod route;
mod send;
mod tell;

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use copilot_aws::email::Mailer;
use copilot_aws::notifications::NotifyQueue;
use copilot_aws::webhooks::HookQueue;
use copilot_aws::{AwsError, Secrets, Table};
use copilot_channels::slack::Sender;
use copilot_channels::webhook::{Addresses, HookSender};
use copilot_domain::event::EventType;
use copilot_domain::ids::{TenantId, TenantProof};
use copilot_runtime::batch::{self, BatchError, Failure, Record};
use copilot_runtime::clock::Clock;
use copilot_runtime::config::{ConfigError, Env};
use copilot_runtime::metrics::Metrics;

pub use hooks::Hooks;

/// Records of a batch worked on at once: each is mostly waiting for a channel.
const CONCURRENCY: usize = 4;
/// The same of deliveries to webhooks: the whole batch, since each may take as long as an endpoint is given.
const HOOK_CONCURRENCY: usize = 10;
/// Receives after which the queue gives a record to the dead letters (`maxReceiveCount` in the template).
const MAX_RECEIVES: u32 = 5;

/// What the function works with.
#[derive(Debug)]
pub struct Context {
    /// The table.
    pub table: Table,
    /// Sends e-mail.
    pub mailer: Mailer,
    /// Where Slack addresses and the keys of webhooks are.
    pub secrets: Secrets,
    /// Sends to Slack.
    pub slack: Sender,
    /// The function's own queue, to put a digest off to its hour.
    pub queue: NotifyQueue,
    /// Deliveries to webhooks.
    pub hooks: Hooks,
    /// The clock.
    pub clock: Clock,
    /// Metrics of the batches.
    pub metrics: Metrics,
    /// The dashboard's address.
    pub dashboard_url: String,
}

impl Context {
    /// Reads the configuration and builds the clients.
    ///
    /// # Errors
    /// [`ConfigError`] when a variable is missing.
    pub async fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let table = env.required("TABLE_NAME", "the stack's table")?;
        let from = env.required("EMAIL_FROM", "the address that e-mails come from")?;
        let prefix = env.required("SECRET_PREFIX", "the prefix of the stack's secrets")?;
        let dashboard_url =
            env.required("DASHBOARD_URL", "the dashboard's address, for links in messages")?;
        let queue_url = env.required(
            "NOTIFY_QUEUE_URL",
            "the queue that notify reads, to put digests off to their hour",
        )?;
        let hook_queue_url = env.required("HOOKS_QUEUE_URL", "the queue of deliveries to webhooks")?;
        let is_local = env.parsed_or(
            "WEBHOOKS_TO_LOOPBACK",
            "true where webhooks may lead to the machine itself, else false",
            false,
        )?;
        let addresses = if is_local {
            Addresses::AndLoopback
        } else {
            Addresses::Public
        };
        let sdk = copilot_aws::sdk::load().await;
        let clock = Clock::system();
        Ok(Self {
            table: Table::new(&sdk, &table),
            mailer: Mailer::new(&sdk, &from),
            secrets: Secrets::new(&sdk, &prefix),
            slack: Sender::new(env.optional("SLACK_ALSO_ALLOW")),
            queue: NotifyQueue::new(&sdk, &queue_url),
            hooks: Hooks {
                queue: HookQueue::new(&sdk, &hook_queue_url),
                sender: HookSender::new(addresses),
            },
            metrics: Metrics::new("notify", &env.stage(), clock.clone()),
            clock,
            dashboard_url,
        })
    }
}

/// What a batch came to.
#[derive(Debug, Default)]
struct Tally {
    sent: AtomicU64,
    held: AtomicU64,
    failed: AtomicU64,
    delivered: AtomicU64,
    undelivered: AtomicU64,
}

impl Tally {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells of each event of a batch.
///
/// # Errors
/// [`BatchError`] when the whole batch must come again.
pub async fn handle(event: SqsEvent, context: &Context) -> Result<SqsBatchResponse, BatchError> {
    let tally = Tally::default();
    let mut work = context.metrics.work();
    work.count("RecordsReceived", event.records.len() as u64);
    // A batch is of one queue.
    let first = event.records.first().and_then(|record| record.body.as_deref());
    let is_hooks = first.is_some_and(|body| body.contains("\"copilot\":\"deliver\""));
    let concurrency = if is_hooks { HOOK_CONCURRENCY } else { CONCURRENCY };
    let answer = batch::each(event, concurrency, |record| one(record, context, &tally)).await;
    for (name, counter) in [
        ("NotificationsSent", &tally.sent),
        ("NotificationsHeld", &tally.held),
        ("NotificationsFailed", &tally.failed),
        ("WebhooksDelivered", &tally.delivered),
        ("WebhooksFailed", &tally.undelivered),
    ] {
        work.count(name, counter.load(Ordering::Relaxed));
    }
    work.finish();
    answer
}

async fn one(record: Record, context: &Context, tally: &Tally) -> Result<(), Failure> {
    // The queues take messages from our own bus and functions only, by their policies.
    let prove = |slug: &str| TenantId::proven(slug, TenantProof::OwnRecord).map_err(Failure::permanent);
    if let Some(message) = hooks::read(&record)? {
        return hooks::deliver(context, tally, &prove(&message.tenant)?, &message).await;
    }
    let Some(event) = message::read(&record)? else {
        return Ok(());
    };
    let tenant = prove(&event.tenant)?;
    let Some(profile) = copilot_aws::tenants::get(&context.table, &tenant)
        .await
        .map_err(passing)?
    else {
        return Err(Failure::permanent(format!("the tenant {tenant} is not known")));
    };
    let settings = copilot_aws::notifications::settings(&context.table, &tenant)
        .await
        .map_err(passing)?;
    tracing::debug!(tenant_id = %tenant, event_id = %event.event_id, "telling of an event");
    let job = tell::Job {
        context,
        tally,
        tenant,
        profile,
        settings,
        event,
        record,
    };
    let handed_over = hooks::fan_out(context, &job.tenant, &job.event).await;
    // People are told whatever became of the webhooks; when the record comes again, what is done is not done twice.
    let told = if job.event.event_type == EventType::DigestDue {
        digest::tell(&job).await
    } else {
        tell::tell(&job).await
    };
    told.and(handed_over)
}

/// An error of the table or a queue, by whether it passes.
fn passing(error: AwsError) -> Failure {
    let is_retryable = error.is_retryable();
    Failure::classified(error, is_retryable)
}
