//! Who is told of an event, by what channel, at once or in the digest. Pure.

use copilot_aws::notifications::Channel;
use copilot_domain::alert::Severity;
use copilot_domain::event::{AlertEvent, Event, EventType};
use copilot_domain::notify::{NotifySettings, address};
use jiff::civil::Time;

/// Slack's place, where a recipient is asked for: the webhook knows which channel it posts to.
pub(crate) const SLACK_PLACE: &str = "slack channel";
/// The recipient of what nobody could be found for.
pub(crate) const NOBODY: &str = "nobody";
/// Whose pushes are counted when an alert has no owner.
const TEAM: &str = "team";

/// Whether a message goes out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Now, if the person's day has room.
    Push,
    /// Not now, for a reason.
    Hold(&'static str),
}

/// Medium alerts and resolved ones are told once a day.
pub(crate) const DAILY: How = How::Hold("goes into the daily digest");
/// Not critical, and the hours are quiet.
pub(crate) const QUIET: How = How::Hold("quiet hours; goes into the daily digest");
/// The tenant's clock is pinned: its alerts are about the past.
pub(crate) const SANDBOX: How = How::Hold("sandbox: nothing is sent");
/// An alert that nobody owns, in a tenant that names no lead.
pub(crate) const UNOWNED: How =
    How::Hold("nobody to tell: the account has no owner and no lead is named in the settings");

/// A notice to the admins of a tenant that names none.
pub(crate) const UNLED: How = How::Hold("nobody to tell: no lead is named in the settings");

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// By what way.
    pub(crate) channel: Channel,
    /// To whom.
    pub(crate) recipient: String,
    /// Whose day it counts against: a post to a shared channel counts against the CSM's.
    pub(crate) person: String,
    /// Now or not.
    pub(crate) how: How,
}

/// The deliveries of an event. `local` is the time of day in the tenant's zone.
///
/// Critical: the CSM and the leads by e-mail, and Slack, also in quiet hours. High: the CSM by e-mail, and Slack.
/// Medium and resolved: the CSM's digest. Low: only the list in the product.
pub(crate) fn plan(event: &Event, settings: &NotifySettings, is_sandbox: bool, local: Time) -> Vec<Delivery> {
    let Some(alert) = event.alert.as_ref().filter(|_| event.notify) else {
        return Vec::new();
    };
    let is_over = event.event_type == EventType::AlertResolved;
    if alert.severity == Severity::Low {
        return Vec::new();
    }
    let is_quiet = settings
        .quiet_hours
        .as_ref()
        .is_some_and(|quiet| quiet.contains(local));
    let urgent = match alert.severity {
        _ if is_sandbox && !settings.send_from_sandbox => SANDBOX,
        _ if is_over => DAILY,
        Severity::Critical => How::Push,
        _ if is_quiet => QUIET,
        _ => How::Push,
    };
    let mut deliveries = Vec::new();
    if settings.email.enabled {
        let how = match (urgent, alert.severity) {
            (How::Push, Severity::Medium) => DAILY,
            _ => urgent,
        };
        deliveries.extend(by_email(alert, settings, how, is_over));
    }
    if settings.slack.enabled && !is_over && alert.severity >= settings.slack.from_severity {
        let person = owner(alert).unwrap_or_else(|| TEAM.to_owned());
        let recipient = SLACK_PLACE.to_owned();
        deliveries.push(Delivery {
            channel: Channel::Slack,
            recipient,
            person,
            how: urgent,
        });
    }
    deliveries
}

/// The deliveries of a notice to the tenant's admins: those who are named as leads.
pub(crate) fn admins(settings: &NotifySettings, is_sandbox: bool) -> Vec<Delivery> {
    if !settings.email.enabled {
        return Vec::new();
    }
    let mut people: Vec<String> = settings.leads.iter().filter_map(|lead| address(lead)).collect();
    people.sort();
    people.dedup();
    let how = match (people.is_empty(), is_sandbox && !settings.send_from_sandbox) {
        (_, true) => SANDBOX,
        (true, _) => UNLED,
        _ => How::Push,
    };
    if people.is_empty() {
        people.push(NOBODY.to_owned());
    }
    let to = |person: String| Delivery {
        channel: Channel::Email,
        recipient: person.clone(),
        person,
        how,
    };
    people.into_iter().map(to).collect()
}

fn by_email(alert: &AlertEvent, settings: &NotifySettings, how: How, is_over: bool) -> Vec<Delivery> {
    let owner = owner(alert);
    let mut people: Vec<String> = owner.iter().cloned().collect();
    if owner.is_none() || (alert.severity == Severity::Critical && !is_over) {
        people.extend(settings.leads.iter().filter_map(|lead| address(lead)));
    }
    people.dedup();
    let mut seen = std::collections::HashSet::new();
    people.retain(|person| seen.insert(person.clone()));
    if people.is_empty() {
        let nobody = NOBODY.to_owned();
        return vec![Delivery {
            channel: Channel::Email,
            recipient: nobody.clone(),
            person: nobody,
            how: UNOWNED,
        }];
    }
    let to = |person: String| Delivery {
        channel: Channel::Email,
        recipient: person.clone(),
        person,
        how,
    };
    people.into_iter().map(to).collect()
}

fn owner(alert: &AlertEvent) -> Option<String> {
    alert.owner.as_deref().and_then(address)
}

#[cfg(test)]
mod tests {
    use copilot_domain::ids::{AccountId, AlertId, TenantId, TenantProof};
    use copilot_domain::notify::QuietHours;

    use super::*;

    const NOON: Time = Time::constant(12, 0, 0, 0);
    const NIGHT: Time = Time::constant(23, 0, 0, 0);

    fn event(event_type: EventType, severity: Severity, owner: Option<&str>) -> Event {
        let tenant = TenantId::proven("demo", TenantProof::OwnRecord).unwrap();
        let alert = AlertEvent {
            id: AlertId::derived(&["a"]),
            rule: "R01".into(),
            rule_name: "Usage drop".into(),
            title: "Down".into(),
            severity,
            account_id: AccountId::derived(&["acme"]),
            account_name: "Acme".into(),
            owner: owner.map(str::to_owned),
            arr: None,
            renewal_date: None,
            days_to_renewal: None,
            reason: "41 %".into(),
            drivers: Vec::new(),
            score: None,
            band: None,
            why: None,
        };
        let at = "2026-03-01T09:30:00Z".parse().unwrap();
        Event::of_alert(&tenant, event_type, "1", at, alert, true)
    }

    fn settings() -> NotifySettings {
        NotifySettings {
            leads: vec![
                "Lead@example.com".into(),
                "ada@example.com".into(),
                "not an address".into(),
            ],
            quiet_hours: Some(QuietHours {
                from: "19:00".into(),
                to: "08:00".into(),
            }),
            ..NotifySettings::default()
        }
    }

    fn told(event: &Event, settings: &NotifySettings, local: Time) -> Vec<(Channel, String, How)> {
        plan(event, settings, false, local)
            .into_iter()
            .map(|d| (d.channel, d.recipient, d.how))
            .collect()
    }

    fn mail(to: &str, how: How) -> (Channel, String, How) {
        (Channel::Email, to.to_owned(), how)
    }

    fn slack(how: How) -> (Channel, String, How) {
        (Channel::Slack, SLACK_PLACE.to_owned(), how)
    }

    const ADA: Option<&str> = Some("Ada@Example.com ");

    #[test]
    fn critical_goes_to_csm_and_leads_at_once_also_at_night() {
        for local in [NOON, NIGHT] {
            assert_eq!(
                told(
                    &event(EventType::AlertOpened, Severity::Critical, ADA),
                    &settings(),
                    local
                ),
                [
                    mail("ada@example.com", How::Push),
                    mail("lead@example.com", How::Push),
                    slack(How::Push)
                ]
            );
        }
    }

    #[test]
    fn high_goes_to_the_csm_and_waits_at_night() {
        let event = event(EventType::AlertUpdated, Severity::High, ADA);
        assert_eq!(
            told(&event, &settings(), NOON),
            [mail("ada@example.com", How::Push), slack(How::Push)]
        );
        assert_eq!(
            told(&event, &settings(), NIGHT),
            [mail("ada@example.com", QUIET), slack(QUIET)]
        );
    }

    #[test]
    fn medium_and_resolved_wait_for_the_digest_and_low_is_only_listed() {
        let of = |kind, severity| told(&event(kind, severity, ADA), &settings(), NOON);
        assert_eq!(
            of(EventType::AlertOpened, Severity::Medium),
            [mail("ada@example.com", DAILY)]
        );
        assert_eq!(
            of(EventType::AlertResolved, Severity::Critical),
            [mail("ada@example.com", DAILY)]
        );
        assert!(of(EventType::AlertOpened, Severity::Low).is_empty());
    }

    #[test]
    fn what_nobody_owns_goes_to_the_leads_and_without_leads_is_kept_visible() {
        for owner in [None, Some(""), Some("Ada Lovelace")] {
            let event = event(EventType::AlertOpened, Severity::High, owner);
            let to: Vec<_> = told(&event, &settings(), NOON).into_iter().map(|d| d.1).collect();
            assert_eq!(to, ["lead@example.com", "ada@example.com", SLACK_PLACE]);
            let none = NotifySettings::default();
            assert_eq!(told(&event, &none, NOON)[0], mail(NOBODY, UNOWNED));
        }
    }

    #[test]
    fn a_sandbox_sends_nothing_unless_it_is_told_to() {
        let event = event(EventType::AlertOpened, Severity::Critical, ADA);
        let held = plan(&event, &settings(), true, NOON);
        assert!(
            held.len() == 3 && held.iter().all(|d| d.how == SANDBOX),
            "{held:?}"
        );
        let loud = NotifySettings {
            send_from_sandbox: true,
            ..settings()
        };
        assert!(plan(&event, &loud, true, NOON).iter().all(|d| d.how == How::Push));
    }

    #[test]
    fn a_channel_that_is_off_and_an_event_for_others_tell_nobody() {
        let mut off = settings();
        (off.email.enabled, off.slack.enabled) = (false, false);
        let mut event = event(EventType::AlertOpened, Severity::Critical, ADA);
        assert!(told(&event, &off, NOON).is_empty());
        event.notify = false;
        assert!(told(&event, &settings(), NOON).is_empty());
    }

    #[test]
    fn slack_takes_what_the_tenant_asked_for_and_counts_against_the_csm() {
        let mut settings = settings();
        settings.slack.from_severity = Severity::Medium;
        let medium = plan(
            &event(EventType::AlertOpened, Severity::Medium, ADA),
            &settings,
            false,
            NOON,
        );
        assert_eq!(medium[1].how, How::Push);
        assert_eq!(medium[1].person, "ada@example.com");
        settings.slack.from_severity = Severity::Critical;
        assert_eq!(
            told(
                &event(EventType::AlertOpened, Severity::High, ADA),
                &settings,
                NOON
            )
            .len(),
            1
        );
    }

    #[test]
    fn a_notice_goes_to_the_leads_once_each_and_without_leads_is_kept_visible() {
        let of = |settings: &NotifySettings, is_sandbox| -> Vec<(String, How)> {
            admins(settings, is_sandbox)
                .into_iter()
                .map(|d| (d.recipient, d.how))
                .collect()
        };
        let leads = |how| {
            vec![
                ("ada@example.com".to_owned(), how),
                ("lead@example.com".to_owned(), how),
            ]
        };
        assert_eq!(of(&settings(), false), leads(How::Push));
        assert_eq!(of(&settings(), true), leads(SANDBOX));
        assert_eq!(
            of(&NotifySettings::default(), false),
            [(NOBODY.to_owned(), UNLED)]
        );
        let mut off = settings();
        off.email.enabled = false;
        assert!(of(&off, false).is_empty());
    }

    #[test]
    fn an_address_is_checked() {
        for bad in [
            "",
            "a",
            "a@b",
            "@b.c",
            "a b@c.d",
            "a@b.c\r\nBcc: x@y.z",
            "a@b@c.d",
            "<a@b.c>",
            "a@.c",
        ] {
            assert_eq!(address(bad), None, "{bad:?}");
        }
        assert_eq!(
            address(" Ada.L+x@Example.com "),
            Some("ada.l+x@example.com".into())
        );
    }
}
