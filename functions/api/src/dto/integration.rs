//! Sources and their deliveries; messages that went out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::alert::NotificationStatus;

/// A source of facts and how it fares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Integration {
    /// Name, e.g. `stripe`.
    pub source: String,
    /// `api`, `webhook`, `stripe`.
    pub kind: String,
    /// How it fares.
    pub status: SourceStatus,
    /// Newest delivery.
    pub last_delivery_at: Option<Timestamp>,
    /// Newest delivery that went in without a fault.
    pub last_success_at: Option<Timestamp>,
    /// Seconds since the newest delivery.
    pub lag_seconds: Option<i64>,
    /// Deliveries of the last 24 hours.
    pub deliveries_24h: u64,
    /// Rows in them.
    pub rows_24h: u64,
    /// Of them, not applied.
    pub errors_24h: u64,
    /// Rows that wait for their account.
    pub parked: u64,
    /// Where it delivers to.
    pub webhook_url: Option<String>,
    /// The newest fault.
    pub last_error: Option<String>,
}

/// How a source fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceStatus {
    /// Delivers and is understood.
    Ok,
    /// Silent for more than two days.
    Late,
    /// The newest delivery had faults and no row of it went in.
    Failing,
    /// Never delivered.
    Never,
}

/// A delivery and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Id.
    pub delivery_id: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it was applied.
    pub processed_at: Option<Timestamp>,
    /// Rows in it.
    pub rows: u64,
    /// Rows that made a new record.
    pub created: u64,
    /// Rows that changed a record.
    pub updated: u64,
    /// Rows that said what was known.
    pub unchanged: u64,
    /// Rows kept for an account that is not known yet.
    pub parked: u64,
    /// The first 20 faults.
    pub errors: Vec<DeliveryError>,
    /// All faults.
    pub error_count: u64,
    /// Why nothing of it was applied, or what of it was ignored.
    pub note: Option<String>,
}

/// A row of a delivery that was not applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryError {
    /// Its number in the delivery, from 1.
    pub row: u64,
    /// For programs.
    pub code: String,
    /// The field at fault.
    pub field: Option<String>,
    /// For people.
    pub detail: String,
}

/// A message that went out, or should have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NotificationView {
    /// The event behind it.
    pub event: String,
    /// The alert behind it.
    pub alert: Option<String>,
    /// One line.
    pub title: Option<String>,
    /// `email` or `slack`.
    pub channel: String,
    /// Whom, with the middle taken out.
    pub recipient_masked: String,
    /// Whether it arrived.
    pub status: NotificationStatus,
    /// When.
    pub at: Option<Timestamp>,
    /// What went wrong.
    pub error: Option<String>,
}
