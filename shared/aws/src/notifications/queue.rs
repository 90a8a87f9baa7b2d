//! The notify queue, as `notify` itself writes to it.

use aws_config::SdkConfig;

use crate::error::AwsError;

/// The queue that `notify` reads, for putting a digest off to its hour.
#[derive(Debug, Clone)]
pub struct NotifyQueue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl NotifyQueue {
    /// The longest that SQS holds a message back, in seconds.
    pub const MAX_DELAY_S: i32 = 900;

    /// The queue by its URL.
    pub fn new(config: &SdkConfig, url: &str) -> Self {
        Self {
            client: aws_sdk_sqs::Client::new(config),
            url: url.to_owned(),
        }
    }

    /// Sends a body again, to be seen after `delay_s` seconds (at most [`Self::MAX_DELAY_S`]).
    ///
    /// # Errors
    /// [`AwsError`] when SQS does not take it.
    pub async fn later(&self, body: &str, delay_s: i32) -> Result<(), AwsError> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(delay_s.clamp(0, Self::MAX_DELAY_S))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("put a digest off", e))?;
        Ok(())
    }
}
