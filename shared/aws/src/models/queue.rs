//! The queue of training runs, runs of tone and of products, and backtests.

use aws_config::SdkConfig;
use copilot_domain::backtest::Backtest;
use copilot_domain::ids::TenantId;
use copilot_domain::model::TrainingRun;
use copilot_domain::product::ProductRun;
use copilot_domain::tone::ToneRun;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::models::put_run;
use crate::table::Table;
use crate::{backtests, products, tone};

/// A run to be carried out. The run itself stands in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainMessage {
    /// The tenant's slug.
    pub tenant: String,
    /// The run.
    pub run: String,
    /// What it is.
    #[serde(default)]
    pub order: TrainOrder,
}

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainOrder {
    /// A training run of a kind of prediction.
    #[default]
    Training,
    /// A training run of the tone of texts.
    Tone,
    /// A run that learns which products go together.
    Products,
    /// A backtest.
    Backtest,
}

/// The queue that `train` reads.
#[derive(Debug, Clone)]
pub struct TrainQueue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl TrainQueue {
    /// The queue by its URL.
    pub fn new(config: &SdkConfig, url: &str) -> Self {
        Self {
            client: aws_sdk_sqs::Client::new(config),
            url: url.to_owned(),
        }
    }

    /// Writes a run and asks for it. A run whose message was not sent stays `queued`; it is asked for again by a new one.
    ///
    /// # Errors
    /// [`AwsError`] when the table or SQS does not take it.
    pub async fn ask(&self, table: &Table, tenant: &TenantId, run: &TrainingRun) -> Result<(), AwsError> {
        put_run(table, tenant, run).await?;
        self.send(tenant, &run.id, TrainOrder::Training).await
    }

    /// Writes a run of tone and asks for it, as [`Self::ask`] does.
    ///
    /// # Errors
    /// [`AwsError`] when the table or SQS does not take it.
    pub async fn ask_tone(&self, table: &Table, tenant: &TenantId, run: &ToneRun) -> Result<(), AwsError> {
        tone::put_run(table, tenant, run).await?;
        self.send(tenant, &run.id, TrainOrder::Tone).await
    }

    /// Writes a run of products and asks for it, as [`Self::ask`] does.
    ///
    /// # Errors
    /// [`AwsError`] when the table or SQS does not take it.
    pub async fn ask_products(
        &self,
        table: &Table,
        tenant: &TenantId,
        run: &ProductRun,
    ) -> Result<(), AwsError> {
        products::put_run(table, tenant, run).await?;
        self.send(tenant, &run.id, TrainOrder::Products).await
    }

    /// Writes a backtest and asks for it, as [`Self::ask`] does.
    ///
    /// # Errors
    /// [`AwsError`] when the table or SQS does not take it.
    pub async fn ask_backtest(
        &self,
        table: &Table,
        tenant: &TenantId,
        backtest: &Backtest,
    ) -> Result<(), AwsError> {
        backtests::put(table, tenant, backtest).await?;
        self.send(tenant, &backtest.id, TrainOrder::Backtest).await
    }

    async fn send(&self, tenant: &TenantId, run: &str, order: TrainOrder) -> Result<(), AwsError> {
        let message = TrainMessage {
            tenant: tenant.as_str().to_owned(),
            run: run.to_owned(),
            order,
        };
        let body = serde_json::to_string(&message).unwrap_or_default();
        let sent = self.client.send_message().queue_url(&self.url).message_body(body);
        let sent = sent.send().await;
        sent.map(|_| ())
            .map_err(|e| AwsError::from_sdk("ask for a training run", e))
    }
}
