//! How a tenant wants to be told: the settings document `NOTIFY`.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use crate::alert::Severity;

/// Settings of a tenant's notifications. Every field has a default, so that a tenant without the document and one
/// with an older document both work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotifySettings {
    /// E-mail.
    pub email: EmailSettings,
    /// Slack. The address of the webhook is a secret and not here.
    pub slack: SlackSettings,
    /// Events that a person is pushed in a day; the rest folds into the digest.
    pub daily_cap: u32,
    /// Hours in which only critical alerts are pushed.
    pub quiet_hours: Option<QuietHours>,
    /// Who leads: told of critical alerts beside the CSM, and of alerts that nobody owns.
    pub leads: Vec<String>,
    /// Whether a sandbox (a tenant with a pinned clock) may send for real.
    pub send_from_sandbox: bool,
}

/// E-mail settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmailSettings {
    /// Whether e-mail is sent.
    pub enabled: bool,
    /// Hour of the daily digest in the tenant's zone, 0 to 23.
    pub digest_hour: u8,
}

/// Slack settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlackSettings {
    /// Whether Slack messages are sent.
    pub enabled: bool,
    /// The least severe alert that is posted. The webhook posts to a channel that a whole team reads.
    pub from_severity: Severity,
}

/// Hours of the day, in the tenant's zone; `from` after `to` runs over midnight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// First minute, `HH:MM`.
    pub from: String,
    /// First minute after, `HH:MM`.
    pub to: String,
}

/// Addresses of leads that a settings document may hold.
pub const MAX_LEADS: usize = 20;

/// An e-mail address in its one spelling; `None` for what is none. Owners come from a CRM and may hold names or nothing.
pub fn address(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (name, host) = text.split_once('@')?;
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !",;<>()[]\\\":@".contains(c);
    let is_address = !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && text.len() <= 254
        && name.chars().all(is_plain)
        && host.chars().all(is_plain);
    is_address.then_some(text)
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self {
            email: EmailSettings::default(),
            slack: SlackSettings::default(),
            daily_cap: 10,
            quiet_hours: None,
            leads: Vec::new(),
            send_from_sandbox: false,
        }
    }
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            digest_hour: 8,
        }
    }
}

impl Default for SlackSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            from_severity: Severity::High,
        }
    }
}

impl QuietHours {
    /// Both times, when they read as `HH:MM`.
    pub fn times(&self) -> Option<(Time, Time)> {
        Some((time(&self.from)?, time(&self.to)?))
    }

    /// Whether a time of day is quiet. Equal ends, or ends that do not read, mean no quiet hours.
    pub fn contains(&self, at: Time) -> bool {
        match self.times() {
            Some((from, to)) if from < to => from <= at && at < to,
            Some((from, to)) if to < from => from <= at || at < to,
            _ => false,
        }
    }
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<i8>().ok()).flatten()
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str) -> QuietHours {
        QuietHours {
            from: from.into(),
            to: to.into(),
        }
    }

    #[test]
    fn quiet_hours_run_over_midnight_and_end_where_they_say() {
        let night = quiet("19:00", "08:00");
        for (hour, minute, is_quiet) in [
            (19, 0, true),
            (18, 59, false),
            (0, 0, true),
            (7, 59, true),
            (8, 0, false),
        ] {
            assert_eq!(
                night.contains(jiff::civil::time(hour, minute, 0, 0)),
                is_quiet,
                "{hour}:{minute}"
            );
        }
        assert!(quiet("12:00", "13:00").contains(jiff::civil::time(12, 30, 0, 0)));
        for none in [
            quiet("08:00", "08:00"),
            quiet("8", "9"),
            quiet("25:00", "08:00"),
            quiet("+8:00", "09:00"),
        ] {
            assert!(!none.contains(jiff::civil::time(8, 30, 0, 0)), "{none:?}");
        }
    }

    #[test]
    fn an_empty_document_means_the_defaults() {
        let read: NotifySettings = serde_json::from_str("{}").unwrap();
        assert_eq!(read, NotifySettings::default());
        let read: NotifySettings = serde_json::from_str(r#"{"email":{"enabled":false},"new":1}"#).unwrap();
        assert!(!read.email.enabled && read.email.digest_hour == 8 && read.daily_cap == 10);
    }
}
