//! Keys of outgoing webhooks and their deliveries.

use copilot_domain::ids::{EventId, TenantId, WebhookId};

use super::{Key, notify};
use jiff::Timestamp;

/// The partition of a tenant's webhooks.
pub fn partition(t: &TenantId) -> String {
    format!("T#{t}#WHK")
}

/// A webhook.
pub fn webhook(t: &TenantId, webhook: WebhookId) -> Key {
    Key::new(partition(t), webhook.to_string())
}

/// An event's delivery to a webhook: it exists once.
pub fn delivery(t: &TenantId, webhook: WebhookId, event: EventId) -> Key {
    Key::new(format!("T#{t}#WHK#{webhook}"), event.to_string())
}

/// Deliveries of a webhook by time, gsi1.
pub fn deliveries(t: &TenantId, webhook: WebhookId) -> String {
    format!("T#{t}#WHKD#{webhook}")
}

/// Where a delivery stands among those of its webhook.
pub fn delivery_place(at: Timestamp, event: EventId) -> String {
    format!("{}#{event}", notify::instant(at))
}
