//! What a notification is, as it is stored and shown.

use copilot_domain::event::{AlertEvent, EventType};
use copilot_domain::ids::EventId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// By what way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Email,
    /// Slack.
    Slack,
}

impl Channel {
    /// The name as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Slack => "slack",
        }
    }
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being sent, or to be tried again.
    Pending,
    /// Taken by the channel.
    Sent,
    /// Refused for good, or given up.
    Failed,
    /// Not pushed: waits for the digest, or is not to leave at all.
    Held,
}

/// One notification, as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The event that it tells.
    pub event: EventId,
    /// What happened.
    pub event_type: EventType,
    /// By what way.
    pub channel: Channel,
    /// An e-mail address, or what the channel calls its place.
    pub recipient: String,
    /// What became of it.
    pub status: Status,
    /// Why it was held or failed, in words.
    pub reason: Option<String>,
    /// How often sending was begun.
    pub attempts: u32,
    /// When it was first known, by the system's clock (also in a sandbox).
    pub at: Timestamp,
    /// When this was written.
    pub updated_at: Timestamp,
    /// Whether it failed only because trying came to an end, so that a redrive may send it.
    #[serde(default)]
    pub gave_up: bool,
    /// Until when somebody is sending it.
    #[serde(default)]
    pub lease_until: Option<Timestamp>,
    /// The digest that told of it.
    #[serde(default)]
    pub digest: Option<EventId>,
    /// The alert, as the event had it.
    pub alert: Option<AlertEvent>,
}

impl Notification {
    /// The recipient for others to see: `a…@example.com`.
    pub fn recipient_masked(&self) -> String {
        mask(&self.recipient)
    }
}

/// An address with its name taken out but for the first letter.
pub fn mask(address: &str) -> String {
    match address.split_once('@') {
        Some((name, host)) => format!("{}…@{host}", name.chars().take(1).collect::<String>()),
        None => address.to_owned(),
    }
}
