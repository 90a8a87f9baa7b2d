//! Keys of notifications.

use copilot_domain::ids::{AlertId, EventId, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;

use super::Key;

/// What stands in keys for a recipient, since an address in a key would end up in logs and metrics of the table.
pub fn recipient(recipient: &str) -> String {
    EventId::derived(&["recipient", &recipient.trim().to_lowercase()])
        .uuid()
        .simple()
        .to_string()
}

/// An event's notification to one recipient by one channel: it exists once.
pub fn notification(t: &TenantId, event: EventId, channel: &str, to: &str) -> Key {
    Key::new(format!("T#{t}#N#{event}"), format!("{channel}#{}", recipient(to)))
}

/// The events that a person was pushed on a day.
pub fn pushes(t: &TenantId, day: Date, person: &str) -> Key {
    Key::new(format!("T#{t}#PUSH#{day}"), recipient(person))
}

/// Notifications of a tenant by time, gsi1.
pub fn by_tenant(t: &TenantId) -> String {
    format!("T#{t}#NOTE")
}

/// Notifications to a recipient by time, gsi2.
pub fn by_recipient(t: &TenantId, to: &str) -> String {
    format!("T#{t}#NOTE#{}", recipient(to))
}

/// Notifications about an alert by time, gsi3.
pub fn by_alert(t: &TenantId, alert: AlertId) -> String {
    format!("T#{t}#NOTE#{alert}")
}

/// An instant that sorts as text: always three digits of the second's fraction.
pub fn instant(at: Timestamp) -> String {
    format!("{at:.3}")
}
