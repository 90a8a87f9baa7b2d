//! The queue of training runs and backtests.

use aws_config::SdkConfig;
use copilot_domain::backtest::Backtest;
use copilot_domain::ids::TenantId;
use copilot_domain::model::TrainingRun;
use serde::{Deserialize, Serialize};

use crate::backtests;
use crate::error::AwsError;
use crate::models::put_run;
use crate::table::Table;

/// A run to be carried out. The run itself stands in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainMessage {
    /// The tenant's slug.
    pub tenant: String,
    /// The run.
    pub run: String,
    /// Whether it is a backtest and no training.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backtest: bool,
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
        self.send(tenant, &run.id).await
    }

    /// Sends the order of a run that is written down.
    ///
    /// # Errors
    /// [`AwsError`] when SQS does not take it.
    pub async fn send(&self, tenant: &TenantId, run: &str) -> Result<(), AwsError> {
        self.put(&TrainMessage {
            tenant: tenant.as_str().to_owned(),
            run: run.to_owned(),
            backtest: false,
        })
        .await
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
        self.put(&TrainMessage {
            tenant: tenant.as_str().to_owned(),
            run: backtest.id.clone(),
            backtest: true,
        })
        .await
    }

    async fn put(&self, message: &TrainMessage) -> Result<(), AwsError> {
        let body = serde_json::to_string(&message).unwrap_or_default();
        let sent = self.client.send_message().queue_url(&self.url).message_body(body);
        let sent = sent.send().await;
        sent.map(|_| ())
            .map_err(|e| AwsError::from_sdk("ask for a training run", e))
    }
}
