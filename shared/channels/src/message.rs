//! A message about one alert, before any channel gave it a form.

use copilot_domain::Money;
use copilot_domain::alert::{Renotify, Severity};
use copilot_domain::event::{AlertEvent, Event, EventType};
use copilot_domain::health::Band;
use jiff::civil::Date;

use crate::text::{self, one_line};

/// Characters of a name or title that a message shows.
const SHORT: usize = 120;
/// Characters of a reason or driver that a message shows.
const LONG: usize = 300;

/// What the message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A new alert.
    Opened,
    /// A live one that is told of again.
    Updated(Option<Renotify>),
    /// One that is over.
    Resolved,
}

/// A message about one alert. All texts are single lines of bounded length; they are *not* yet escaped for a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertMessage {
    /// New, again, or over.
    pub about: About,
    /// Severity now.
    pub severity: Severity,
    /// The account's name.
    pub account: String,
    /// What happened.
    pub title: String,
    /// Why, with the number.
    pub reason: String,
    /// The rule and its name.
    pub rule: String,
    /// Annual recurring revenue.
    pub arr: Option<Money>,
    /// Renewal date.
    pub renewal_date: Option<Date>,
    /// Days until then.
    pub days_to_renewal: Option<i32>,
    /// Health score, 0 to 100.
    pub score: Option<f64>,
    /// Its band.
    pub band: Option<Band>,
    /// What weighs most, at most three.
    pub drivers: Vec<String>,
    /// The alert in the dashboard.
    pub link: String,
}

impl AlertMessage {
    /// The message of an event; `None` when the event is not about an alert.
    pub fn of(event: &Event, dashboard_url: &str) -> Option<Self> {
        let alert = event.alert.as_ref()?;
        let about = match event.event_type {
            EventType::AlertOpened => About::Opened,
            EventType::AlertUpdated => About::Updated(alert.why),
            EventType::AlertResolved => About::Resolved,
            // What a person did to an alert, and what is not about one.
            EventType::AlertAcknowledged
            | EventType::AlertSnoozed
            | EventType::AlertDismissed
            | EventType::BandChanged
            | EventType::DigestDue
            | EventType::RuleHeld
            | EventType::SourceSilent
            | EventType::SourceBack
            | EventType::ModelDrifted
            | EventType::ModelSteady => return None,
        };
        Some(Self::about(about, alert, dashboard_url))
    }

    fn about(about: About, alert: &AlertEvent, dashboard_url: &str) -> Self {
        Self {
            about,
            severity: alert.severity,
            account: one_line(&alert.account_name, SHORT),
            title: one_line(&alert.title, SHORT),
            reason: one_line(&alert.reason, LONG),
            rule: one_line(&format!("{} {}", alert.rule, alert.rule_name), SHORT),
            arr: alert.arr,
            renewal_date: alert.renewal_date,
            days_to_renewal: alert.days_to_renewal,
            score: alert.score.filter(|score| score.is_finite()),
            band: alert.band,
            drivers: alert
                .drivers
                .iter()
                .take(copilot_domain::event::MAX_DRIVERS)
                .map(|driver| one_line(driver, LONG))
                .collect(),
            link: alert_link(dashboard_url, &alert.id.to_string()),
        }
    }

    /// The severity word, or what became of the alert.
    pub fn word(&self) -> &'static str {
        match self.about {
            About::Resolved => "Resolved",
            _ => text::severity(self.severity),
        }
    }

    /// Severity word, account and title in one line.
    pub fn headline(&self) -> String {
        format!("{}: {} – {}", self.word(), self.account, self.title)
    }

    /// Why the alert is told of again, in words.
    pub fn again(&self) -> Option<&'static str> {
        match self.about {
            About::Updated(Some(Renotify::SeverityRose)) => Some("Its severity rose."),
            About::Updated(Some(Renotify::RuleJoined)) => Some("Another rule fired for the same account."),
            About::Updated(Some(Renotify::Unacknowledged)) => Some("Nobody has acknowledged it for 14 days."),
            About::Updated(Some(Renotify::SnoozeEnded)) => Some("Its snooze has ended and it still holds."),
            About::Updated(None) => Some("It has changed."),
            About::Opened | About::Resolved => None,
        }
    }

    /// Name and value of what a reader wants beside the reason; unknown ones are left out.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        if let Some(arr) = self.arr {
            facts.push(("ARR", text::money(arr)));
        }
        if let Some(date) = self.renewal_date {
            facts.push(("Renewal", text::renewal(date, self.days_to_renewal)));
        }
        match (self.score, self.band) {
            (Some(score), Some(band)) => facts.push(("Health", format!("{score:.1} ({})", text::band(band)))),
            (Some(score), None) => facts.push(("Health", format!("{score:.1}"))),
            (None, Some(band)) => facts.push(("Health", text::band(band).to_owned())),
            (None, None) => {}
        }
        facts
    }
}

/// The address of an alert in the dashboard. Its routes stand behind `#`, so that a static bucket can serve it.
pub fn alert_link(dashboard_url: &str, alert: &str) -> String {
    format!("{}#/alerts/{alert}", dashboard_url.trim_end_matches('#'))
}

/// The address of the dashboard's first page.
pub fn today_link(dashboard_url: &str) -> String {
    format!("{}#/", dashboard_url.trim_end_matches('#'))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use copilot_domain::ids::{AccountId, AlertId, TenantProof};
    use copilot_domain::{Currency, TenantId};

    /// The event that the snapshots of all channels show.
    pub(crate) fn event() -> Event {
        let tenant = TenantId::proven("demo", TenantProof::OwnRecord).unwrap();
        let alert = AlertEvent {
            id: AlertId::derived(&["demo", "acme", "R01"]),
            rule: "R01".into(),
            rule_name: "Usage drop".into(),
            title: "Key events down 41 % in 7 days".into(),
            severity: Severity::High,
            account_id: AccountId::derived(&["acme"]),
            account_name: "Fish & Chips <Ltd>".into(),
            owner: Some("ada@example.com".into()),
            arr: Some(Money {
                amount_minor: 12_000_000,
                currency: Currency::USD,
            }),
            renewal_date: Some(jiff::civil::date(2026, 5, 1)),
            days_to_renewal: Some(61),
            reason: "412 key events in 7 days, 41 % under its own 4-week mean of 698".into(),
            drivers: vec![
                "Active users: 18 of 40 seats (-12.5 points)".into(),
                "Two urgent tickets open (-8.0 points)".into(),
                "Invoice 4711 overdue 12 days (-4.2 points)".into(),
            ],
            score: Some(42.5),
            band: Some(Band::AtRisk),
            why: None,
        };
        let at = "2026-03-01T09:30:00Z".parse().unwrap();
        Event::of_alert(&tenant, EventType::AlertOpened, "1", at, alert, true)
    }

    pub(crate) fn message() -> AlertMessage {
        AlertMessage::of(&event(), "https://copilot.example/").unwrap()
    }

    #[test]
    fn links_land_on_the_alert() {
        let link = message().link;
        assert!(
            link.starts_with("https://copilot.example/#/alerts/alr_"),
            "{link}"
        );
        assert_eq!(
            alert_link("http://localhost:4566/b/index.html", "alr_1"),
            "http://localhost:4566/b/index.html#/alerts/alr_1"
        );
    }

    #[test]
    fn a_digest_event_has_no_message_of_its_own() {
        let tenant = TenantId::proven("demo", TenantProof::OwnRecord).unwrap();
        let event = Event::digest_due(
            &tenant,
            jiff::civil::date(2026, 3, 1),
            "2026-03-01T02:00:00Z".parse().unwrap(),
        );
        assert_eq!(AlertMessage::of(&event, "x"), None);
    }
}
