//! Settings of a tenant; health profiles.

use copilot_domain::alert::Severity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::present;

/// Settings of the tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// E-mail.
    pub email: EmailSettings,
    /// Slack.
    pub slack: SlackSettings,
    /// Messages a person gets in a day; the rest folds into the digest.
    pub daily_cap: u32,
    /// Names of the usage events that count as key events; `null`: all.
    pub key_events: Option<Vec<String>>,
    /// Names of competitors, looked for in what customers write.
    pub competitors: Vec<String>,
    /// Hours without messages, in the tenant's zone.
    pub quiet_hours: Option<QuietHours>,
    /// Who leads: told of critical alerts beside the CSM, and of alerts that nobody owns.
    pub leads: Vec<String>,
    /// Probability from which on a prediction counts as a yes.
    pub alert_cut: f64,
    /// Whether the tone of tickets and survey comments is read. Off unless switched on.
    pub text_tone: bool,
}

/// E-mail settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailSettings {
    /// Whether e-mail is sent.
    pub enabled: bool,
    /// Hour of the daily digest, 0 to 23.
    #[schema(minimum = 0, maximum = 23)]
    pub digest_hour: u8,
}

/// Slack settings. The webhook address is a secret and lives in Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlackSettings {
    /// Whether Slack messages are sent.
    pub enabled: bool,
    /// The least severe alert that is posted.
    #[serde(default)]
    pub from_severity: Option<Severity>,
}

/// Hours without messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// First minute, `HH:MM`.
    #[schema(example = "19:00")]
    pub from: String,
    /// First minute after, `HH:MM`.
    #[schema(example = "08:00")]
    pub to: String,
}

/// A change of settings. Fields left out stay as they are; `null` clears `key_events` and `quiet_hours`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsPatch {
    /// E-mail.
    pub email: Option<EmailSettings>,
    /// Slack.
    pub slack: Option<SlackSettings>,
    /// 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    pub daily_cap: Option<u32>,
    /// At most 100 names; `null`: all events count.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub key_events: Option<Option<Vec<String>>>,
    /// At most 50 names of 2 to 60 characters.
    #[schema(max_items = 50)]
    pub competitors: Option<Vec<String>>,
    /// `null`: none.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<QuietHours>)]
    pub quiet_hours: Option<Option<QuietHours>>,
    /// At most 20 e-mail addresses.
    #[schema(max_items = 20)]
    pub leads: Option<Vec<String>>,
    /// Probability from which on a prediction counts as a yes: 0.01 to 0.99. `GET /v1/accuracy/thresholds` proposes one.
    #[schema(minimum = 0.01, maximum = 0.99)]
    pub alert_cut: Option<f64>,
    /// `true`: read the tone of tickets and survey comments; nothing of it is kept beside the figures.
    pub text_tone: Option<bool>,
}

/// A health profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Which accounts it scores.
    pub applies_to: String,
    /// Its measures.
    pub measures: Vec<ProfileMeasure>,
    /// Its caps.
    pub caps: Vec<ProfileCap>,
}

/// A measure of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileMeasure {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Group.
    pub group: String,
    /// Weight; over all measures they sum to 100.
    pub weight: f64,
    /// Unit of the value.
    pub unit: String,
    /// Value that scores 100.
    pub green: Option<f64>,
    /// Value that scores 0.
    pub red: Option<f64>,
}

/// A cap of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileCap {
    /// Id.
    pub id: String,
    /// When it holds.
    pub reason: String,
    /// The highest score it allows.
    pub limit: f64,
}
