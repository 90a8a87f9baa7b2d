//! Each notification goes out once, whatever the queue and the channels do; and what did not go out is visible.
//! On MiniStack, with a Slack that answers what the test says.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use aws_lambda_events::event::sqs::SqsEvent;
use copilot_aws::email::Mailer;
use copilot_aws::notifications::{self, Channel, Notification, NotifyQueue, Status};
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::webhooks::HookQueue;
use copilot_aws::{Secrets, Table, testing};
use copilot_channels::slack::Sender;
use copilot_channels::webhook::{Addresses, HookSender};
use copilot_domain::alert::Severity;
use copilot_domain::event::{AlertEvent, Event, EventType};
use copilot_domain::ids::{AccountId, AlertId, TenantId, TenantProof};
use copilot_domain::notify::NotifySettings;
use copilot_runtime::clock::Clock;
use copilot_runtime::metrics::Metrics;
use notify::{Context, Hooks, handle};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

const FROM: &str = "copilot@demo.example";

struct World {
    context: Context,
    slack: MockServer,
    tenant: TenantId,
    inbox: String,
    queue_url: String,
    config: copilot_aws::testing::SdkConfig,
}

/// The world of one test: its own AWS account, tenant and Slack. `None` when no server is there.
async fn world(test: &str, pinned: bool, settings: NotifySettings) -> Option<World> {
    let config = testing::config(test).await?;
    let table: Table = testing::create_table(&config, "table").await.unwrap();
    let slack = MockServer::start().await;
    let tenant = TenantId::proven(test, TenantProof::Operator).unwrap();
    let zone = "Europe/Berlin".to_owned();
    let clock = Clock::fixed("2026-03-02T10:00:00Z".parse().unwrap());
    let profile = Tenant {
        id: test.to_owned(),
        name: test.to_owned(),
        zone,
        pinned_as_of: pinned.then(|| "2011-06-01T00:00:00Z".parse().unwrap()),
        key_events: None,
        competitors: Vec::new(),
        text_tone: false,
    };
    tenants::put(&table, &tenant, &profile).await.unwrap();
    notifications::put_settings(&table, &tenant, &settings)
        .await
        .unwrap();
    let secrets = Secrets::new(&config, "copilot/test/");
    let address = json!({"url": format!("{}/services/T/B/x", slack.uri())}).to_string();
    secrets
        .write(&format!("copilot/test/{test}/slack"), &address)
        .await
        .unwrap();
    let queue_url = testing::create_queue(&config, "notify").await.unwrap();
    let mailer = Mailer::new(&config, FROM);
    mailer.register().await.unwrap();
    let context = Context {
        table,
        mailer,
        secrets,
        slack: Sender::new(Some(slack.address().to_string())),
        queue: NotifyQueue::new(&config, &queue_url),
        hooks: Hooks {
            queue: HookQueue::new(&config, &queue_url),
            sender: HookSender::new(Addresses::AndLoopback),
        },
        metrics: Metrics::in_memory("notify", clock.clone()),
        clock,
        dashboard_url: "https://copilot.example/".to_owned(),
    };
    let inbox = format!("{}/_ministack/ses/messages", config.endpoint_url().unwrap());
    Some(World {
        context,
        slack,
        tenant,
        inbox,
        queue_url,
        config,
    })
}

impl World {
    fn event(&self, name: &str, event_type: EventType, severity: Severity) -> Event {
        let alert = AlertEvent {
            id: AlertId::derived(&[name]),
            rule: "R01".into(),
            rule_name: "Usage drop".into(),
            title: format!("Key events down ({name})"),
            severity,
            account_id: AccountId::derived(&["acme"]),
            account_name: "Acme".into(),
            owner: Some(self.address("ada")),
            arr: None,
            renewal_date: None,
            days_to_renewal: None,
            reason: "41 % under its own 4-week mean".into(),
            drivers: vec!["Active users: 18 of 40 seats".into()],
            score: Some(42.5),
            band: None,
            why: None,
        };
        Event::of_alert(
            &self.tenant,
            event_type,
            "1",
            self.context.clock.now(),
            alert,
            true,
        )
    }

    fn address(&self, name: &str) -> String {
        format!("{name}@{}.example", self.tenant)
    }

    async fn slack_answers(&self, status: u16, body: &str) {
        self.slack.reset().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(method("POST"))
            .respond_with(answer)
            .mount(&self.slack)
            .await;
    }

    async fn posts(&self) -> usize {
        self.slack.received_requests().await.map_or(0, |all| all.len())
    }

    /// Subjects of the mails to a person.
    async fn mails(&self, name: &str) -> Vec<String> {
        let answer = reqwest::get(&self.inbox).await.unwrap().text().await.unwrap();
        let all: Value = serde_json::from_str(&answer).unwrap();
        let mut subjects = Vec::new();
        find(&all, &self.address(name), &mut subjects);
        subjects
    }

    async fn notes(&self, event: &Event) -> Vec<Notification> {
        let alert = event.alert.as_ref().unwrap().id;
        notifications::of_alert(&self.context.table, &self.tenant, alert)
            .await
            .unwrap()
    }
}

/// The subjects of all mails to an address, wherever in the inbox's answer they stand.
fn find(value: &Value, to: &str, subjects: &mut Vec<String>) {
    match value {
        Value::Object(fields) if fields.get("Subject").is_some_and(Value::is_string) => {
            let is_to = value.to_string().contains(to);
            subjects.extend(is_to.then(|| fields["Subject"].as_str().unwrap().to_owned()));
        }
        Value::Object(fields) => fields.values().for_each(|v| find(v, to, subjects)),
        Value::Array(values) => values.iter().for_each(|v| find(v, to, subjects)),
        _ => {}
    }
}

fn batch(events: &[&Event], receive_count: u32) -> SqsEvent {
    let records: Vec<Value> = (events.iter().enumerate())
        .map(|(at, event)| {
            let body =
                json!({"source": "copilot", "detail-type": event.event_type.as_str(), "detail": event});
            json!({"messageId": format!("m-{at}"), "body": body.to_string(),
                "attributes": {"ApproximateReceiveCount": receive_count.to_string(),
                    "SentTimestamp": "1772445600000"}})
        })
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

fn states(notes: &[Notification]) -> Vec<(Channel, Status)> {
    let mut states: Vec<_> = notes.iter().map(|n| (n.channel, n.status)).collect();
    states.sort_by_key(|(channel, _)| *channel);
    states
}

#[tokio::test]
async fn an_event_delivered_often_is_told_once() {
    let settings = NotifySettings {
        leads: vec!["lead@once.example".into()],
        ..NotifySettings::default()
    };
    let Some(world) = world("once", false, settings).await else {
        return;
    };
    world.slack_answers(200, "ok").await;
    let event = world.event("a", EventType::AlertOpened, Severity::Critical);
    // Twice in one batch and by two batches at a time: losers of a claim come again, as the queue would have them.
    for _ in 0..3 {
        let (one, two) = tokio::join!(
            handle(batch(&[&event, &event], 1), &world.context),
            handle(batch(&[&event], 2), &world.context)
        );
        let _ = (one, two);
    }
    handle(batch(&[&event, &event], 1), &world.context).await.unwrap();
    assert_eq!(world.posts().await, 1);
    assert_eq!(world.mails("ada").await, ["[Critical] Acme: Key events down (a)"]);
    assert_eq!(world.mails("lead").await.len(), 1);
    let notes = world.notes(&event).await;
    assert!(
        notes.len() == 3 && notes.iter().all(|n| n.status == Status::Sent),
        "{notes:?}"
    );
}

#[tokio::test]
async fn a_channel_that_refuses_does_not_keep_the_other_from_its_own() {
    let Some(world) = world("refused", false, NotifySettings::default()).await else {
        return;
    };
    world.slack_answers(410, "channel_is_archived").await;
    let event = world.event("a", EventType::AlertOpened, Severity::High);
    for _ in 0..2 {
        let answer = handle(batch(&[&event], 1), &world.context).await.unwrap();
        assert!(answer.batch_item_failures.is_empty());
    }
    assert_eq!(world.posts().await, 1);
    assert_eq!(world.mails("ada").await.len(), 1);
    let notes = world.notes(&event).await;
    assert_eq!(
        states(&notes),
        [(Channel::Email, Status::Sent), (Channel::Slack, Status::Failed)]
    );
    let slack = notes.iter().find(|n| n.channel == Channel::Slack).unwrap();
    assert!(
        slack.reason.as_ref().unwrap().contains("channel_is_archived"),
        "{slack:?}"
    );
}

#[tokio::test]
async fn a_channel_that_is_down_is_tried_again_alone_given_up_and_sent_after_a_redrive() {
    let Some(world) = world("down", false, NotifySettings::default()).await else {
        return;
    };
    let event = world.event("a", EventType::AlertOpened, Severity::High);
    world.slack_answers(503, "").await;
    for receive in 1..=5 {
        handle(batch(&[&event], receive), &world.context)
            .await
            .unwrap_err();
        let slack = &world
            .notes(&event)
            .await
            .into_iter()
            .find(|n| n.channel == Channel::Slack)
            .unwrap();
        assert_eq!(slack.attempts, receive);
        assert_eq!(
            slack.status,
            if receive < 5 {
                Status::Pending
            } else {
                Status::Failed
            }
        );
    }
    world.slack_answers(200, "ok").await;
    for _ in 0..2 {
        handle(batch(&[&event], 1), &world.context).await.unwrap();
    }
    assert_eq!(world.posts().await, 1);
    assert_eq!(world.mails("ada").await.len(), 1);
    assert_eq!(
        states(&world.notes(&event).await),
        [(Channel::Email, Status::Sent), (Channel::Slack, Status::Sent)]
    );
}

#[tokio::test]
async fn what_is_over_the_cap_folds_into_one_digest() {
    let mut settings = NotifySettings {
        daily_cap: 2,
        ..NotifySettings::default()
    };
    settings.slack.enabled = false;
    let Some(world) = world("capped", false, settings).await else {
        return;
    };
    let events: Vec<Event> = ["a", "b", "c"]
        .map(|n| world.event(n, EventType::AlertOpened, Severity::High))
        .into();
    let medium = world.event("d", EventType::AlertOpened, Severity::Medium);
    for event in [
        &events[0], &events[1], &events[0], &events[2], &events[2], &medium,
    ] {
        handle(batch(&[event], 1), &world.context).await.unwrap();
    }
    assert_eq!(world.mails("ada").await.len(), 2);
    let third = &world.notes(&events[2]).await[0];
    assert_eq!(third.status, Status::Held);
    assert!(third.reason.as_ref().unwrap().contains("cap of 2"), "{third:?}");

    // The sweep announces it at night; it goes at eight.
    world.context.clock.advance(Duration::from_hours(16));
    let now = world.context.clock.now();
    let due = Event::digest_due(&world.tenant, jiff::civil::date(2026, 3, 3), now);
    handle(batch(&[&due], 1), &world.context).await.unwrap();
    assert_eq!(world.mails("ada").await.len(), 2, "it waits for its hour");
    let (seen, held_back) = testing::queued(&world.config, &world.queue_url).await.unwrap();
    assert_eq!(seen.len() + held_back, 1, "in the queue");
    world.context.clock.advance(Duration::from_hours(6));
    for _ in 0..2 {
        handle(batch(&[&due], 1), &world.context).await.unwrap();
    }
    let mails = world.mails("ada").await;
    assert_eq!(mails.len(), 3, "{mails:?}");
    assert!(
        mails.iter().any(|subject| subject.ends_with("4 new")),
        "{mails:?}"
    );
    assert_eq!(world.notes(&events[2]).await[0].digest, Some(due.event_id));

    // The next day there is nothing to tell.
    world.context.clock.advance(Duration::from_hours(24));
    let next = Event::digest_due(&world.tenant, jiff::civil::date(2026, 3, 4), now);
    handle(batch(&[&next], 1), &world.context).await.unwrap();
    assert_eq!(world.mails("ada").await.len(), 3);
}

#[tokio::test]
async fn a_sandbox_keeps_what_it_would_have_sent() {
    let Some(world) = world("sandbox", true, NotifySettings::default()).await else {
        return;
    };
    world.slack_answers(200, "ok").await;
    let event = world.event("a", EventType::AlertOpened, Severity::Critical);
    handle(batch(&[&event], 1), &world.context).await.unwrap();
    assert_eq!((world.posts().await, world.mails("ada").await.len()), (0, 0));
    let notes = world.notes(&event).await;
    assert_eq!(
        states(&notes),
        [(Channel::Email, Status::Held), (Channel::Slack, Status::Held)]
    );
    let recent = notifications::recent(&world.context.table, &world.tenant, 10, None)
        .await
        .unwrap()
        .0;
    assert_eq!(recent.len(), 2);
    assert!(
        recent
            .iter()
            .all(|n| n.reason.as_ref().unwrap().contains("sandbox"))
    );
}

#[tokio::test]
async fn an_unknown_tenant_and_a_broken_body_go_to_the_dead_letters_and_the_rest_goes_through() {
    let mut settings = NotifySettings::default();
    settings.slack.enabled = false;
    let Some(world) = world("mixed", false, settings).await else {
        return;
    };
    let good = world.event("a", EventType::AlertOpened, Severity::High);
    let mut stranger = good.clone();
    stranger.tenant = "nobody".into();
    let mut records = batch(&[&good, &stranger, &good], 1);
    records.records[2].body = Some("{".into());
    let answer = handle(records, &world.context).await.unwrap();
    let failed: Vec<_> = answer
        .batch_item_failures
        .iter()
        .map(|f| f.item_identifier.as_str())
        .collect();
    assert_eq!(failed, ["m-1", "m-2"]);
    assert_eq!(world.mails("ada").await.len(), 1);
}

#[tokio::test]
async fn a_digest_that_went_out_and_was_not_marked_is_marked_by_its_retry() {
    let mut settings = NotifySettings::default();
    settings.slack.enabled = false;
    let Some(world) = world("unmarked", false, settings).await else {
        return;
    };
    let table = &world.context.table;
    let early = world.event("a", EventType::AlertOpened, Severity::Medium);
    handle(batch(&[&early], 1), &world.context).await.unwrap();
    let due = Event::digest_due(
        &world.tenant,
        jiff::civil::date(2026, 3, 2),
        "2026-03-02T02:00:00Z".parse().unwrap(),
    );
    handle(batch(&[&due], 1), &world.context).await.unwrap();
    assert_eq!(world.mails("ada").await.len(), 1);
    assert_eq!(world.notes(&early).await[0].digest, Some(due.event_id));

    // As if the function had died before it marked what it told of; meanwhile there is news.
    let person = world.address("ada");
    let mut note = world.notes(&early).await.remove(0);
    note.digest = None;
    let key = copilot_aws::keys::notify::notification(&world.tenant, early.event_id, "email", &person);
    let item = table.get(&key).await.unwrap().unwrap().data(&note);
    table
        .put(item, copilot_aws::table::Condition::None)
        .await
        .unwrap();
    world.context.clock.advance(Duration::from_mins(5));
    let late = world.event("b", EventType::AlertOpened, Severity::Medium);
    handle(batch(&[&late], 1), &world.context).await.unwrap();
    handle(batch(&[&due], 2), &world.context).await.unwrap();
    assert_eq!(world.mails("ada").await.len(), 1, "not told again");
    assert_eq!(world.notes(&early).await[0].digest, Some(due.event_id));
    assert_eq!(world.notes(&late).await[0].digest, None, "the next digest's");
}

#[tokio::test]
async fn who_has_no_news_is_told_of_renewals() {
    let Some(world) = world("renewals", false, NotifySettings::default()).await else {
        return;
    };
    let account = AccountId::derived(&["acme"]);
    let owner = format!("Ada@{}.example", world.tenant);
    let day = jiff::civil::date(2026, 5, 1);
    let card = json!({"id": account, "name": "Acme", "owner": owner, "renewal_date": day, "score": 80.0});
    let listing = copilot_aws::accounts::Listing {
        name: "Acme".into(),
        renewal: Some(day),
        owner: Some(owner),
        ..Default::default()
    };
    let item = copilot_aws::accounts::card_item(&world.tenant, account, &listing, &card, 1);
    let table = &world.context.table;
    table
        .put(item, copilot_aws::table::Condition::None)
        .await
        .unwrap();
    let due = Event::digest_due(
        &world.tenant,
        jiff::civil::date(2026, 3, 2),
        "2026-03-02T02:00:00Z".parse().unwrap(),
    );
    for _ in 0..2 {
        handle(batch(&[&due], 1), &world.context).await.unwrap();
    }
    let mails = world.mails("ada").await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].ends_with("1 renewals within 90 days"), "{mails:?}");
}

#[tokio::test]
async fn admins_are_told_once_of_a_rule_that_is_held() {
    let settings = NotifySettings {
        leads: vec!["lead@held.example".into()],
        daily_cap: 0,
        ..NotifySettings::default()
    };
    let Some(world) = world("held", false, settings).await else {
        return;
    };
    let notice = copilot_domain::event::Notice {
        subject: "R03".into(),
        title: "Rule R03 tripped at 23 % of accounts today; held; likely a broken source".into(),
        reason: "Look at the sources.".into(),
    };
    let now = world.context.clock.now();
    let event = Event::of_notice(&world.tenant, EventType::RuleHeld, "2026-03-02", now, notice);
    for _ in 0..2 {
        handle(batch(&[&event, &event], 1), &world.context).await.ok();
    }
    let mails = world.mails("lead").await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].contains("R03 tripped at 23 %"), "{mails:?}");
}
