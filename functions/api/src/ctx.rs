//! What handlers work with: the stores, the queues, the clock, the verifier. Built once, in `main`.

use copilot_aws::bus::EventBus;
use copilot_aws::imports::Files;
use copilot_aws::models::{ModelFiles, TrainQueue};
use copilot_aws::webhooks::HookQueue;
use copilot_aws::{IngestQueue, RawLog, ScoreQueue, Secrets, Table, sdk, tenants};
use copilot_channels::webhook::Addresses;
use copilot_domain::TenantId;
use copilot_pipeline::Scorer;
use copilot_runtime::clock::Clock;
use copilot_runtime::config::{ConfigError, Env};
use copilot_runtime::ids::Ids;
use copilot_scoring::EngineError;

use crate::auth::Verifier;
use crate::jwks::Jwks;
use crate::problem::{Answer, Problem};
use crate::rate::PER_MINUTE;

/// Why the function could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The shipped profiles or rules.
    #[error("the scoring engine does not load")]
    Engine(#[from] EngineError),
    /// The client for the issuer's keys.
    #[error("the HTTP client does not start")]
    Http(#[from] reqwest::Error),
}

/// The context of the function.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The table.
    pub table: Table,
    /// The raw log.
    pub raw: RawLog,
    /// Work handed to `ingest`.
    pub ingest: IngestQueue,
    /// Accounts to be scored.
    pub score: ScoreQueue,
    /// Scores an account at once.
    pub scorer: Scorer,
    /// Uploads and reports.
    pub files: Files,
    /// Where webhooks are delivered to, without the path; the host of the request where it is not set.
    pub webhook_base: Option<String>,
    /// Where the keys of outgoing webhooks are.
    pub secrets: Secrets,
    /// Deliveries to outgoing webhooks.
    pub hooks: HookQueue,
    /// Where outgoing webhooks may lead.
    pub addresses: Addresses,
    /// Files of learnt models.
    pub models: ModelFiles,
    /// Where training runs are asked for.
    pub training: TrainQueue,
    /// Requests a minute of one key or user.
    pub rate_per_minute: u32,
    /// The clock.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Who is asking.
    pub verifier: Verifier,
}

impl Ctx {
    /// The context that the environment describes.
    ///
    /// # Errors
    /// [`StartError`], which names what is missing.
    pub async fn from_env(env: &Env) -> Result<Self, StartError> {
        let table = env.required("TABLE_NAME", "the stack's table")?;
        let bucket = env.required("DATA_BUCKET", "the data bucket")?;
        let ingest = env.required("INGEST_QUEUE_URL", "the queue that `ingest` reads")?;
        let score = env.required("SCORE_QUEUE_URL", "the queue that `score` reads")?;
        let bus = env.required("EVENT_BUS_NAME", "the bus on which alerts are told")?;
        let issuer = env.required("JWT_ISSUER", "the issuer of ID tokens")?;
        let jwks = env.required("JWKS_URL", "the address of the issuer's key set")?;
        let audience = env.required("JWT_AUDIENCE", "the client id that ID tokens are for")?;
        let prefix = env.required("SECRET_PREFIX", "the prefix of the stack's secrets")?;
        let hooks = env.required("HOOKS_QUEUE_URL", "the queue of deliveries to webhooks")?;
        let training = env.required("TRAIN_QUEUE_URL", "the queue that `train` reads")?;
        let is_local = env.parsed_or(
            "WEBHOOKS_TO_LOOPBACK",
            "true where webhooks may lead to the machine itself, else false",
            false,
        )?;
        let config = sdk::load().await;
        let (table, clock) = (Table::new(&config, &table), Clock::system());
        Ok(Self {
            raw: RawLog::new(&config, &bucket),
            ingest: IngestQueue::new(&config, &ingest),
            score: ScoreQueue::new(&config, &score, table.clone()),
            scorer: Scorer::new(table.clone(), EventBus::new(&config, &bus))?
                .with_models(ModelFiles::new(&config, &bucket)),
            models: ModelFiles::new(&config, &bucket),
            training: TrainQueue::new(&config, &training),
            files: Files::new(&config, &bucket),
            table,
            ids: Ids::system(clock.clone()),
            clock,
            verifier: Verifier::new(Jwks::remote(&jwks)?, &issuer, &audience),
            secrets: Secrets::new(&config, &prefix),
            hooks: HookQueue::new(&config, &hooks),
            addresses: if is_local {
                Addresses::AndLoopback
            } else {
                Addresses::Public
            },
            webhook_base: env.optional("WEBHOOK_URL"),
            rate_per_minute: env.parsed_or(
                "RATE_PER_MINUTE",
                "requests a minute of one caller",
                PER_MINUTE,
            )?,
        })
    }

    /// The caller's tenant.
    ///
    /// # Errors
    /// A 404 when it does not exist (any more).
    pub async fn tenant(&self, id: &TenantId) -> Answer<tenants::Tenant> {
        tenants::get(&self.table, id)
            .await?
            .ok_or_else(|| Problem::not_found("tenant"))
    }
}
