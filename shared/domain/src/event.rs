//! What the copilot says on its bus: `detail` of the EventBridge events with source `copilot`.
//!
//! A contract between functions and with whoever else listens on the bus: change it only by adding optional fields,
//! or raise [`VERSION`] and keep reading the old one. Samples are in `events/`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::alert::{Renotify, Severity};
use crate::health::Band;
use crate::ids::{AccountId, AlertId, EventId, TenantId};
use crate::money::Money;
use crate::time::Timestamp;

/// The version written today.
pub const VERSION: u32 = 1;
/// The `source` of our events.
pub const SOURCE: &str = "copilot";
/// Drivers that an event carries at the most; a message shows no more.
pub const MAX_DRIVERS: usize = 3;

/// What happened; the `detail-type` on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// An alert opened.
    #[serde(rename = "alert.opened")]
    AlertOpened,
    /// A live alert is to be told of again: see [`AlertEvent::why`].
    #[serde(rename = "alert.updated")]
    AlertUpdated,
    /// Somebody took an alert.
    #[serde(rename = "alert.acknowledged")]
    AlertAcknowledged,
    /// Somebody put an alert off.
    #[serde(rename = "alert.snoozed")]
    AlertSnoozed,
    /// Somebody said that an alert is none.
    #[serde(rename = "alert.dismissed")]
    AlertDismissed,
    /// An alert is over.
    #[serde(rename = "alert.resolved")]
    AlertResolved,
    /// The band of an account's health changed.
    #[serde(rename = "health.band_changed")]
    BandChanged,
    /// The daily digests of a tenant are due.
    #[serde(rename = "digest.due")]
    DigestDue,
    /// The storm guard holds a rule; for the tenant's admins.
    #[serde(rename = "rule.held")]
    RuleHeld,
    /// A source has been silent for longer than is usual for it; for the tenant's admins.
    #[serde(rename = "source.silent")]
    SourceSilent,
    /// A silent source delivers again; for the tenant's admins.
    #[serde(rename = "source.back")]
    SourceBack,
    /// What a learnt model reads, or how right it is, is not what it learnt any more; for the tenant's admins.
    #[serde(rename = "model.drifted")]
    ModelDrifted,
    /// It is again; for the tenant's admins.
    #[serde(rename = "model.steady")]
    ModelSteady,
}

impl EventType {
    /// The `detail-type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlertOpened => "alert.opened",
            Self::AlertUpdated => "alert.updated",
            Self::AlertAcknowledged => "alert.acknowledged",
            Self::AlertSnoozed => "alert.snoozed",
            Self::AlertDismissed => "alert.dismissed",
            Self::AlertResolved => "alert.resolved",
            Self::BandChanged => "health.band_changed",
            Self::DigestDue => "digest.due",
            Self::RuleHeld => "rule.held",
            Self::SourceSilent => "source.silent",
            Self::SourceBack => "source.back",
            Self::ModelDrifted => "model.drifted",
            Self::ModelSteady => "model.steady",
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// [`VERSION`] of its writer.
    pub version: u32,
    /// Derived from what it tells, so that telling it twice is telling it once.
    pub event_id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The tenant's slug. The reader makes a [`TenantId`] of it only when the event came by our own bus.
    pub tenant: String,
    /// When, by the tenant's clock (which is pinned in a sandbox).
    pub at: Timestamp,
    /// The alert, for `alert.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertEvent>,
    /// What admins are told, for `rule.*`, `source.*` and `model.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// The account, for `health.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountEvent>,
    /// Whether anybody is to be told; else it is only for other listeners.
    #[serde(default)]
    pub notify: bool,
}

/// What the tenant's admins are told: of a rule, a source or a model, not of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The rule, the source or what the model predicts.
    pub subject: String,
    /// What happened, in one line.
    pub title: String,
    /// What it means and what to do.
    pub reason: String,
}

/// What an event says about an account whose health changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountEvent {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// The CSM: an e-mail address.
    #[serde(default)]
    pub owner: Option<String>,
    /// Annual recurring revenue.
    #[serde(default)]
    pub arr: Option<Money>,
    /// Renewal date.
    #[serde(default)]
    pub renewal_date: Option<Date>,
    /// Health score, 0 to 100.
    #[serde(default)]
    pub score: Option<f64>,
    /// Band of the score.
    pub band: Band,
    /// Band before.
    pub previous_band: Band,
    /// What weighs most on the score, at most [`MAX_DRIVERS`].
    #[serde(default)]
    pub drivers: Vec<String>,
}

/// What an event says about an alert: all that a message shows, so that no channel has to look anything up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// The alert.
    pub id: AlertId,
    /// The rule, e.g. `R01`.
    pub rule: String,
    /// Its name.
    pub rule_name: String,
    /// What happened, in one line.
    pub title: String,
    /// Severity now.
    pub severity: Severity,
    /// The account.
    pub account_id: AccountId,
    /// Its name.
    pub account_name: String,
    /// Who has the alert, else who owns the account: an e-mail address.
    #[serde(default)]
    pub owner: Option<String>,
    /// Annual recurring revenue.
    #[serde(default)]
    pub arr: Option<Money>,
    /// Renewal date.
    #[serde(default)]
    pub renewal_date: Option<Date>,
    /// Days until the renewal, as of the event.
    #[serde(default)]
    pub days_to_renewal: Option<i32>,
    /// Why it fired, in one line with the number.
    pub reason: String,
    /// What weighs most on the account's score, at most [`MAX_DRIVERS`].
    #[serde(default)]
    pub drivers: Vec<String>,
    /// Health score, 0 to 100.
    #[serde(default)]
    pub score: Option<f64>,
    /// Band of the score.
    #[serde(default)]
    pub band: Option<Band>,
    /// Why it is told of again, for `alert.updated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Renotify>,
}

impl Event {
    /// An event about an alert. `occasion` tells one update of an alert from the next (the evaluation, or the
    /// severity reached): the same occasion gives the same event id on every replay and retry.
    pub fn of_alert(
        tenant: &TenantId,
        event_type: EventType,
        occasion: &str,
        at: Timestamp,
        mut alert: AlertEvent,
        notify: bool,
    ) -> Self {
        alert.drivers.truncate(MAX_DRIVERS);
        let bare = Self::bare(tenant, event_type, &[&alert.id.to_string(), occasion], at);
        Self {
            alert: Some(alert),
            notify,
            ..bare
        }
    }

    /// An event that an account's band changed. Nobody is pushed it: the alerts that it trips are.
    pub fn of_band(tenant: &TenantId, at: Timestamp, mut account: AccountEvent) -> Self {
        account.drivers.truncate(MAX_DRIVERS);
        let (id, when) = (account.id.to_string(), at.to_string());
        let named = [&id, account.previous_band.as_str(), account.band.as_str(), &when];
        let bare = Self::bare(tenant, EventType::BandChanged, &named, at);
        Self {
            account: Some(account),
            ..bare
        }
    }

    /// The event that a tenant's digests of a day are due: one a day.
    pub fn digest_due(tenant: &TenantId, day: Date, at: Timestamp) -> Self {
        Self {
            notify: true,
            ..Self::bare(tenant, EventType::DigestDue, &[&day.to_string()], at)
        }
    }

    /// An event for the tenant's admins. `occasion` tells one from the next: the day, or when the silence began.
    pub fn of_notice(
        tenant: &TenantId,
        event_type: EventType,
        occasion: &str,
        at: Timestamp,
        notice: Notice,
    ) -> Self {
        let bare = Self::bare(tenant, event_type, &[&notice.subject, occasion], at);
        Self {
            notice: Some(notice),
            notify: true,
            ..bare
        }
    }

    /// An event that says nothing yet. `named` tells it from others of its type: its id is derived from that.
    fn bare(tenant: &TenantId, event_type: EventType, named: &[&str], at: Timestamp) -> Self {
        let prefix = [tenant.as_str(), event_type.as_str()];
        Self {
            version: VERSION,
            event_id: EventId::derived(&[&prefix, named].concat()),
            event_type,
            tenant: tenant.as_str().to_owned(),
            at,
            alert: None,
            notice: None,
            account: None,
            notify: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantProof;
    use crate::money::Currency;

    fn alert() -> AlertEvent {
        AlertEvent {
            id: AlertId::derived(&["a"]),
            rule: "R01".into(),
            rule_name: "Usage drop".into(),
            title: "Key events fell by 41 %".into(),
            severity: Severity::High,
            account_id: AccountId::derived(&["acme"]),
            account_name: "Acme".into(),
            owner: Some("ada@example.com".into()),
            arr: Some(Money {
                amount_minor: 12_000_000,
                currency: Currency::USD,
            }),
            renewal_date: Some(jiff::civil::date(2026, 5, 1)),
            days_to_renewal: Some(61),
            reason: "41 % under its own four-week mean".into(),
            drivers: ["a", "b", "c", "d"].map(String::from).to_vec(),
            score: Some(42.5),
            band: Some(Band::AtRisk),
            why: None,
        }
    }

    #[test]
    fn the_same_occasion_is_the_same_event_and_another_is_another() {
        let tenant = TenantId::proven("demo", TenantProof::OwnRecord).unwrap();
        let at = "2026-03-01T09:30:00Z".parse().unwrap();
        let of = |occasion| Event::of_alert(&tenant, EventType::AlertUpdated, occasion, at, alert(), true);
        assert_eq!(of("critical").event_id, of("critical").event_id);
        assert_ne!(of("critical").event_id, of("14-days").event_id);
        assert_eq!(of("x").alert.unwrap().drivers.len(), MAX_DRIVERS);
    }

    #[test]
    fn admins_are_told_of_a_rule_once_a_day() {
        let tenant = TenantId::proven("demo", TenantProof::OwnRecord).unwrap();
        let of = |rule: &str, day| {
            let notice = Notice {
                subject: rule.into(),
                title: "t".into(),
                reason: "r".into(),
            };
            Event::of_notice(&tenant, EventType::RuleHeld, day, Timestamp::UNIX_EPOCH, notice)
        };
        assert_eq!(of("R03", "2026-03-01").event_id, of("R03", "2026-03-01").event_id);
        assert_ne!(of("R03", "2026-03-01").event_id, of("R03", "2026-03-02").event_id);
        assert_ne!(of("R03", "2026-03-01").event_id, of("R04", "2026-03-01").event_id);
        let json = serde_json::to_value(of("R03", "2026-03-01")).unwrap();
        assert_eq!(
            (&json["type"], &json["notice"]["subject"]),
            (&"rule.held".into(), &"R03".into())
        );
        assert_eq!(json.get("alert"), None);
    }

    #[test]
    fn the_wire_form_is_as_documented_and_old_writers_may_leave_out_what_is_optional() {
        let tenant = TenantId::proven("demo", TenantProof::OwnRecord).unwrap();
        let at = "2026-03-01T09:30:00Z".parse().unwrap();
        let event = Event::of_alert(&tenant, EventType::AlertOpened, "1", at, alert(), true);
        let mut json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], "alert.opened");
        assert_eq!(json["version"], 1);
        assert_eq!(json["alert"]["severity"], "high");
        assert_eq!(json["alert"]["band"], "at_risk");
        assert_eq!(json["alert"]["renewal_date"], "2026-05-01");
        assert!(json["event_id"].as_str().unwrap().starts_with("evt_"));
        let alert = json["alert"].as_object_mut().unwrap();
        for optional in [
            "owner",
            "arr",
            "renewal_date",
            "days_to_renewal",
            "drivers",
            "score",
            "band",
        ] {
            alert.remove(optional);
        }
        alert.insert("added_later".into(), true.into());
        serde_json::from_value::<Event>(json).unwrap();
    }
}
