//! The event bus: alerts and scores leave the product here.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use crate::error::AwsError;

/// The `source` of every event of ours.
pub const EVENT_SOURCE: &str = "copilot";
/// Entries that one call takes.
const MAX_ENTRIES: usize = 10;

/// An event as it goes on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEvent {
    /// `alert.opened` and its like; at most 128 characters, or EventBridge drops it silently.
    pub detail_type: String,
    /// JSON.
    pub detail: String,
}

/// The bus of the stack.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
}

impl EventBus {
    /// The bus by name.
    pub fn new(config: &SdkConfig, name: &str) -> Self {
        Self {
            client: Client::new(config),
            name: name.to_owned(),
        }
    }

    /// Puts events on the bus, ten at a time. Entries are accepted one by one: when any is refused, the whole call
    /// is an error and may be repeated, since receivers know an event by its id.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails or an entry was not taken.
    pub async fn put(&self, events: &[BusEvent]) -> Result<(), AwsError> {
        let operation = "put events on the bus";
        for chunk in events.chunks(MAX_ENTRIES) {
            let entries = chunk
                .iter()
                .map(|event| {
                    PutEventsRequestEntry::builder()
                        .event_bus_name(&self.name)
                        .source(EVENT_SOURCE)
                        .detail_type(&event.detail_type)
                        .detail(&event.detail)
                        .build()
                })
                .collect();
            let answer = self
                .client
                .put_events()
                .set_entries(Some(entries))
                .send()
                .await
                .map_err(|e| AwsError::from_sdk(operation, e))?;
            if answer.failed_entry_count() > 0 {
                let text = answer
                    .entries()
                    .iter()
                    .find_map(|e| {
                        e.error_code()
                            .map(|c| format!("{c}: {}", e.error_message().unwrap_or_default()))
                    })
                    .unwrap_or_else(|| "an entry was not taken".to_owned());
                return Err(AwsError::Unavailable {
                    operation,
                    source: text.into(),
                });
            }
        }
        Ok(())
    }
}
