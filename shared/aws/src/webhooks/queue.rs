//! The queue of deliveries to webhooks.

use aws_config::SdkConfig;
use copilot_domain::ids::{EventId, TenantId, WebhookId};
use copilot_domain::webhook::Delivery;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;

/// One try of a delivery. The delivery itself stands in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "copilot", rename = "deliver")]
pub struct HookMessage {
    /// The tenant's slug.
    pub tenant: String,
    /// The webhook.
    pub webhook: WebhookId,
    /// The event.
    pub event: EventId,
    /// The number of the try, from 1.
    pub attempt: u32,
    /// Not to be made before: the queue holds a message back for a quarter of an hour only, so a longer wait is
    /// several of them.
    pub not_before: Timestamp,
}

impl HookMessage {
    /// The message of a delivery's next try.
    pub fn of(tenant: &TenantId, delivery: &Delivery, not_before: Timestamp) -> Self {
        Self {
            tenant: tenant.as_str().to_owned(),
            webhook: delivery.webhook,
            event: delivery.event,
            attempt: delivery.attempts + 1,
            not_before,
        }
    }

    /// Seconds to hold the message back, at most what SQS can.
    pub fn delay_s(&self, now: Timestamp) -> i32 {
        // Rounded up: a message that comes a little early would only go round once more.
        let left_ms = self.not_before.duration_since(now).as_millis() + 999;
        i32::try_from(left_ms.div_euclid(1_000))
            .unwrap_or(i32::MAX)
            .clamp(0, HookQueue::MAX_DELAY_S)
    }
}

/// The queue that carries deliveries to webhooks.
#[derive(Debug, Clone)]
pub struct HookQueue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl HookQueue {
    /// The longest that SQS holds a message back, in seconds.
    pub const MAX_DELAY_S: i32 = 900;

    /// The queue by its URL.
    pub fn new(config: &SdkConfig, url: &str) -> Self {
        Self {
            client: aws_sdk_sqs::Client::new(config),
            url: url.to_owned(),
        }
    }

    /// Sends a message, to be seen after `delay_s` seconds.
    ///
    /// # Errors
    /// [`AwsError`] when SQS does not take it.
    pub async fn send(&self, message: &HookMessage, delay_s: i32) -> Result<(), AwsError> {
        let body = serde_json::to_string(message).unwrap_or_default();
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(delay_s.clamp(0, Self::MAX_DELAY_S))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("hand over a delivery to a webhook", e))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_wait_is_cut_to_what_the_queue_can_hold_and_a_short_one_is_not_cut_short() {
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        let wait = |not_before: &str| {
            let message = HookMessage {
                tenant: "acme".into(),
                webhook: WebhookId::derived(&["w"]),
                event: EventId::derived(&["e"]),
                attempt: 1,
                not_before: not_before.parse().unwrap(),
            };
            message.delay_s(now)
        };
        assert_eq!(wait("2026-02-28T00:00:00Z"), 0);
        assert_eq!(wait("2026-03-01T00:00:04.2Z"), 5);
        assert_eq!(wait("2026-03-01T08:00:00Z"), 900);
    }
}
