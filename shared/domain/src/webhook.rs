//! Outgoing webhooks: what a tenant subscribes to, what is sent, when it is tried again, and what turns an address
//! off. The wire form is that of Standard Webhooks; `docs/webhooks.md` is the catalogue for receivers.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::{Event, EventType};
use crate::ids::{EventId, WebhookId};
use crate::time::Timestamp;

/// The events that can be subscribed to. `digest.due` is not one of them: it is a clock of our own.
pub const CATALOGUE: [EventType; 12] = [
    EventType::AlertOpened,
    EventType::AlertUpdated,
    EventType::AlertAcknowledged,
    EventType::AlertSnoozed,
    EventType::AlertDismissed,
    EventType::AlertResolved,
    EventType::BandChanged,
    EventType::RuleHeld,
    EventType::SourceSilent,
    EventType::SourceBack,
    EventType::ModelDrifted,
    EventType::ModelSteady,
];
/// Stands for all events of the catalogue, those to come as well.
pub const ALL: &str = "*";
/// The event that the test of a webhook sends; nobody subscribes to it.
pub const TEST: &str = "webhook.test";
/// Seconds before each try of a delivery, counted from the one before: eight tries in a day.
pub const DELAYS_S: [i64; 8] = [0, 5, 300, 1_800, 7_200, 18_000, 28_800, 28_800];
/// The longest wait that an endpoint's `Retry-After` gets.
pub const MAX_RETRY_AFTER_S: i64 = 28_800;
/// Deliveries in a row that failed wholly, after which a webhook is turned off.
pub const MAX_FAILURES: u32 = 50;
/// How long the secret before the current one signs as well.
pub const PREVIOUS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A webhook: an address, and what is sent there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Id.
    pub id: WebhookId,
    /// Where it is sent to.
    pub url: String,
    /// Names out of [`CATALOGUE`], or [`ALL`].
    pub events: Vec<String>,
    /// For people.
    pub description: Option<String>,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Why we turned it off, in words for the product.
    pub disabled_reason: Option<String>,
    /// Deliveries in a row that failed wholly.
    pub consecutive_failures: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Which of its secrets signs: the first is 1, each rotation adds one.
    pub generation: u32,
    /// Until when the secret before signs as well.
    pub previous_until: Option<Timestamp>,
}

impl Webhook {
    /// Whether an event of this type is sent there.
    pub fn wants(&self, event_type: EventType) -> bool {
        let name = event_type.as_str();
        self.enabled
            && CATALOGUE.contains(&event_type)
            && self.events.iter().any(|event| event == ALL || event == name)
    }

    /// The generations of secrets that sign now, the newest first.
    pub fn generations(&self, now: Timestamp) -> Vec<u32> {
        let mut all = vec![self.generation];
        if self.generation > 1 && self.previous_until.is_some_and(|until| now < until) {
            all.push(self.generation - 1);
        }
        all
    }

    /// Takes the next secret; the one before signs beside it for [`PREVIOUS_FOR`].
    pub fn rotate(&mut self, now: Timestamp) {
        self.generation = self.generation.saturating_add(1);
        self.previous_until = now.saturating_add(PREVIOUS_FOR).ok();
    }

    /// Notes that a delivery arrived. Tells whether anything changed.
    pub fn arrived(&mut self) -> bool {
        std::mem::take(&mut self.consecutive_failures) > 0
    }

    /// Notes that a delivery failed wholly, and turns the webhook off when too many did in a row.
    pub fn failed(&mut self) {
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        if self.enabled && self.consecutive_failures >= MAX_FAILURES {
            self.turn_off(format!(
                "{MAX_FAILURES} deliveries in a row failed after all tries; mend the endpoint, then turn the webhook on again"
            ));
        }
    }

    /// Turns it off, with the reason that is shown.
    pub fn turn_off(&mut self, reason: String) {
        self.enabled = false;
        self.disabled_reason = Some(reason);
    }

    /// Turns it on; what failed before does not count any more.
    pub fn turn_on(&mut self) {
        self.enabled = true;
        self.disabled_reason = None;
        self.consecutive_failures = 0;
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeliveryStatus {
    /// To be tried, or tried again.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It was given up.
    Failed,
}

/// One event to one webhook. It exists once; sending it again goes on with the same record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The event; what the endpoint sees as `webhook-id`.
    pub event: EventId,
    /// Its type.
    pub event_type: String,
    /// The webhook.
    pub webhook: WebhookId,
    /// The bytes that are sent, the same at every try.
    pub body: String,
    /// What became of it.
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: u32,
    /// Tries before somebody asked to send it again: the schedule begins anew there.
    pub resent_after: u32,
    /// HTTP status of the last answer.
    pub last_status: Option<u16>,
    /// What went wrong last, in words for the product.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_try_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Until when a try that is under way holds it.
    pub lease_until: Option<Timestamp>,
}

impl Delivery {
    /// A delivery that was not tried yet.
    pub fn new(event: EventId, event_type: &str, webhook: WebhookId, body: String, now: Timestamp) -> Self {
        Self {
            event,
            event_type: event_type.to_owned(),
            webhook,
            body,
            status: DeliveryStatus::Pending,
            attempts: 0,
            resent_after: 0,
            last_status: None,
            last_error: None,
            next_try_at: Some(now),
            created_at: now,
            updated_at: now,
            lease_until: None,
        }
    }

    /// Whether it is the test of a webhook: tried once, and not counted against it.
    pub fn is_test(&self) -> bool {
        self.event_type == TEST
    }

    /// Begins the schedule anew.
    pub fn again(&mut self, now: Timestamp) {
        self.status = DeliveryStatus::Pending;
        self.resent_after = self.attempts;
        self.next_try_at = Some(now);
        self.updated_at = now;
    }

    /// When it is tried after its newest try failed at `now`; `None` when it was the last.
    pub fn next_try(&self, now: Timestamp, retry_after_s: Option<i64>) -> Option<Timestamp> {
        if self.is_test() {
            return None;
        }
        let tries = self.attempts.saturating_sub(self.resent_after);
        let delay_s = *DELAYS_S.get(usize::try_from(tries).ok()?)?;
        let seed = [
            self.webhook.to_string(),
            self.event.to_string(),
            self.attempts.to_string(),
        ];
        let delay_s = jittered(delay_s, &seed.each_ref().map(String::as_str));
        let asked_s = retry_after_s.unwrap_or(0).min(MAX_RETRY_AFTER_S);
        now.saturating_add(SignedDuration::from_secs(delay_s.max(asked_s)))
            .ok()
    }
}

/// A delay up to a twentieth longer or shorter, so that what failed together does not come back together. Derived,
/// not rolled: a try that is computed again falls on the same instant.
fn jittered(delay_s: i64, seed: &[&str]) -> i64 {
    let spread = delay_s / 20;
    let roll = EventId::derived(seed).uuid().as_u128() % (2 * spread as u128 + 1);
    delay_s - spread + i64::try_from(roll).unwrap_or(spread)
}

/// The body of an event; `None` for one that is not in the catalogue.
pub fn body(event: &Event) -> Option<String> {
    if !CATALOGUE.contains(&event.event_type) {
        return None;
    }
    let data = match (&event.alert, &event.account, &event.notice) {
        (Some(alert), ..) => json!({ "alert": alert }),
        (None, Some(account), _) => json!({ "account": account }),
        (None, None, Some(notice)) => json!({ "notice": notice }),
        (None, None, None) => return None,
    };
    Some(envelope(event.event_type.as_str(), event.at, &data))
}

/// The body of a webhook's test.
pub fn test_body(webhook: WebhookId, now: Timestamp) -> String {
    let data = json!({ "webhook": webhook, "message": "This is a test. Nothing happened." });
    envelope(TEST, now, &data)
}

fn envelope(event_type: &str, at: Timestamp, data: &Value) -> String {
    json!({ "type": event_type, "timestamp": at, "data": data }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Notice;
    use crate::ids::{TenantId, TenantProof};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn webhook() -> Webhook {
        Webhook {
            id: WebhookId::derived(&["w"]),
            url: "https://example.com/hook".into(),
            events: vec!["alert.opened".into()],
            description: None,
            enabled: true,
            disabled_reason: None,
            consecutive_failures: 0,
            created_at: at("2026-03-01T00:00:00Z"),
            created_by: "ada@example.com".into(),
            generation: 1,
            previous_until: None,
        }
    }

    fn delivery() -> Delivery {
        let event = EventId::derived(&["e"]);
        Delivery::new(
            event,
            "alert.opened",
            WebhookId::derived(&["w"]),
            "{}".into(),
            at("2026-03-01T00:00:00Z"),
        )
    }

    #[test]
    fn a_delivery_is_tried_eight_times_in_about_a_day() {
        let mut delivery = delivery();
        let start = delivery.created_at;
        let mut now = start;
        let mut waits = Vec::new();
        loop {
            delivery.attempts += 1;
            let Some(next) = delivery.next_try(now, None) else {
                break;
            };
            waits.push(next.duration_since(now).as_secs());
            now = next;
        }
        assert_eq!(delivery.attempts, 8);
        for (wait, expected) in waits.iter().zip(&DELAYS_S[1..]) {
            assert!((wait - expected).abs() <= expected / 20, "{wait} for {expected}");
        }
        let hours = now.duration_since(start).as_hours();
        assert!((22..=25).contains(&hours), "{hours} h");
        // Sent again by hand, it has all of its tries once more.
        delivery.again(now);
        delivery.attempts += 1;
        assert!(delivery.next_try(now, None).is_some());
    }

    #[test]
    fn an_endpoint_may_ask_for_a_longer_wait_up_to_the_longest_and_never_for_a_shorter() {
        let mut delivery = delivery();
        delivery.attempts = 2;
        let now = delivery.created_at;
        let wait = |asked| {
            delivery
                .next_try(now, asked)
                .unwrap()
                .duration_since(now)
                .as_secs()
        };
        assert_eq!(wait(Some(1_000)), 1_000);
        assert_eq!(wait(Some(1)), wait(None));
        assert_eq!(wait(Some(-5)), wait(None));
        assert_eq!(wait(Some(i64::MAX)), MAX_RETRY_AFTER_S);
    }

    #[test]
    fn a_test_is_tried_once() {
        let mut test = delivery();
        test.event_type = TEST.into();
        test.attempts = 1;
        assert_eq!(test.next_try(test.created_at, None), None);
    }

    #[test]
    fn the_secret_before_signs_for_a_day_and_no_longer() {
        let mut hook = webhook();
        let start = hook.created_at;
        assert_eq!(hook.generations(start), [1]);
        hook.rotate(start);
        assert_eq!(hook.generations(at("2026-03-01T23:59:59Z")), [2, 1]);
        assert_eq!(hook.generations(at("2026-03-02T00:00:00Z")), [2]);
    }

    #[test]
    fn fifty_failures_in_a_row_turn_it_off_and_one_arrival_begins_the_count_anew() {
        let mut hook = webhook();
        for _ in 0..MAX_FAILURES - 1 {
            hook.failed();
        }
        assert!(hook.enabled && hook.arrived() && !hook.arrived());
        for _ in 0..MAX_FAILURES {
            assert!(hook.enabled);
            hook.failed();
        }
        assert!(!hook.enabled && hook.disabled_reason.as_ref().unwrap().contains("50 deliveries"));
        hook.turn_on();
        assert_eq!((hook.consecutive_failures, hook.disabled_reason), (0, None));
    }

    #[test]
    fn a_webhook_gets_what_it_asked_for_out_of_the_catalogue() {
        let mut hook = webhook();
        assert!(hook.wants(EventType::AlertOpened) && !hook.wants(EventType::AlertResolved));
        hook.events = vec![ALL.into()];
        assert!(hook.wants(EventType::SourceBack) && !hook.wants(EventType::DigestDue));
        hook.enabled = false;
        assert!(!hook.wants(EventType::SourceBack));
    }

    /// The samples of the catalogue are what receivers build on.
    #[test]
    fn the_documented_samples_are_of_every_event_and_in_its_form() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md");
        let text = std::fs::read_to_string(path).unwrap();
        let samples: Vec<Value> = text
            .split("```json\n")
            .skip(1)
            .map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap())
            .collect();
        let mut documented = Vec::new();
        for sample in samples {
            let name = sample["type"].as_str().unwrap().to_owned();
            if name != TEST {
                let tenant = TenantId::proven("demo", TenantProof::OwnRecord).unwrap();
                let event_type = serde_json::from_value(sample["type"].clone()).unwrap();
                let now = serde_json::from_value(sample["timestamp"].clone()).unwrap();
                let notice = Notice {
                    subject: String::new(),
                    title: String::new(),
                    reason: String::new(),
                };
                let mut event = Event::of_notice(&tenant, event_type, "", now, notice);
                event.notice = serde_json::from_value(sample["data"]["notice"].clone()).unwrap();
                event.account = serde_json::from_value(sample["data"]["account"].clone()).unwrap();
                event.alert = serde_json::from_value(sample["data"]["alert"].clone()).unwrap();
                let sent: Value = serde_json::from_str(&body(&event).unwrap()).unwrap();
                assert_eq!(sent, sample, "the sample of {name}");
            }
            documented.push(name);
        }
        let mut expected: Vec<&str> = CATALOGUE.iter().map(|event| event.as_str()).collect();
        expected.push(TEST);
        assert_eq!(documented, expected);
    }
}
