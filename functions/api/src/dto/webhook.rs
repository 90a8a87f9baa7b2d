//! Outgoing webhooks and their deliveries.

use copilot_domain::webhook::{Delivery, DeliveryStatus, Webhook};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::etag;

/// An address that events are sent to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookView {
    /// Id.
    pub id: String,
    /// Where events are sent to.
    pub url: String,
    /// The events that are sent; `*` stands for all.
    pub events: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Why we turned it off.
    pub disabled_reason: Option<String>,
    /// Deliveries in a row that failed after all of their tries; at 50 it is turned off.
    pub consecutive_failures: u32,
    /// Until when the secret before the current one signs as well.
    pub previous_secret_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Send it as `If-Match` with a change.
    pub etag: String,
}

impl WebhookView {
    /// A stored webhook as it goes out at `now`.
    pub fn of(webhook: &Webhook, rev: i64, now: Timestamp) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url.clone(),
            events: webhook.events.clone(),
            description: webhook.description.clone(),
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason.clone(),
            consecutive_failures: webhook.consecutive_failures,
            previous_secret_until: webhook.previous_until.filter(|until| now < *until),
            created_at: webhook.created_at,
            created_by: webhook.created_by.clone(),
            etag: etag::of(rev),
        }
    }
}

/// A webhook with the secret that its deliveries are signed with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookWithSecret {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// The secret, shown in this answer only; `null` where an answer is given again for an Idempotency-Key.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<String>,
}

/// A webhook to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where events are sent to: https, on the public internet, without name and password.
    #[schema(max_length = 2000, example = "https://example.com/hooks/copilot")]
    pub url: String,
    /// The events to send: names of the catalogue, or `*`.
    #[schema(min_items = 1, example = json!(["alert.opened", "alert.resolved"]))]
    pub events: Vec<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub description: Option<String>,
    /// Whether to begin at once; `true` where it is left out.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// A change of a webhook. Fields left out stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookPatch {
    /// Where events are sent to.
    #[schema(max_length = 2000)]
    pub url: Option<String>,
    /// The events to send.
    #[schema(min_items = 1)]
    pub events: Option<Vec<String>>,
    /// What it is for; empty for nothing.
    #[schema(max_length = 200)]
    pub description: Option<String>,
    /// Whether anything is sent. Turning it on forgets earlier failures.
    pub enabled: Option<bool>,
}

/// One event to one webhook, with what became of it. Kept for 30 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookDelivery {
    /// The event's id, which the endpoint sees as `webhook-id`.
    pub id: String,
    /// Type of the event.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What became of it.
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: u32,
    /// HTTP status of the last answer; `null` when there was none.
    pub last_status: Option<u16>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_try_at: Option<Timestamp>,
    /// When the event was handed over.
    pub created_at: Timestamp,
    /// When it was tried last, or sent again.
    pub updated_at: Timestamp,
}

impl From<Delivery> for WebhookDelivery {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.event.to_string(),
            event_type: delivery.event_type,
            status: delivery.status,
            attempts: delivery.attempts,
            last_status: delivery.last_status,
            last_error: delivery.last_error,
            next_try_at: delivery.next_try_at,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}
