//! Deliveries to webhooks: signed, tried again with the same id, given up, turned off. On MiniStack, with an endpoint
//! that answers what the test says.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use copilot_aws::email::Mailer;
use copilot_aws::notifications::NotifyQueue;
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::testing::{self, SdkConfig};
use copilot_aws::webhooks::{self, HookMessage, HookQueue};
use copilot_aws::{Secrets, Table};
use copilot_channels::slack::Sender;
use copilot_channels::webhook::{Addresses, HookSender, secret, signature};
use copilot_domain::event::{Event, EventType, Notice};
use copilot_domain::ids::{TenantId, TenantProof, WebhookId};
use copilot_domain::webhook::{Delivery, DeliveryStatus, MAX_FAILURES, TEST, Webhook, test_body};
use copilot_runtime::clock::Clock;
use copilot_runtime::metrics::Metrics;
use jiff::Timestamp;
use notify::{Context, Hooks, handle};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const KEY: [u8; 32] = [7; 32];

struct World {
    context: Context,
    endpoint: MockServer,
    tenant: TenantId,
    config: SdkConfig,
    queue_url: String,
}

/// The world of one test: its own AWS account, tenant and endpoint. `None` when no server is there.
async fn world(test: &str) -> Option<World> {
    let config = testing::config(&format!("webhooks {test}")).await?;
    let table: Table = testing::create_table(&config, "table").await.unwrap();
    let tenant = TenantId::proven(test, TenantProof::Operator).unwrap();
    let clock = Clock::fixed("2026-03-02T10:00:00Z".parse().unwrap());
    let profile = Tenant {
        id: test.to_owned(),
        name: test.to_owned(),
        zone: "Europe/Berlin".to_owned(),
        pinned_as_of: None,
        key_events: None,
        competitors: Vec::new(),
        text_tone: false,
    };
    tenants::put(&table, &tenant, &profile).await.unwrap();
    let secrets = Secrets::new(&config, "copilot/test/");
    secrets.ensure_signing_key(test, &KEY).await.unwrap();
    let queue_url = testing::create_queue(&config, "hooks").await.unwrap();
    let context = Context {
        table,
        mailer: Mailer::new(&config, "copilot@demo.example"),
        secrets,
        slack: Sender::new(None),
        queue: NotifyQueue::new(&config, &queue_url),
        hooks: Hooks {
            queue: HookQueue::new(&config, &queue_url),
            sender: HookSender::new(Addresses::AndLoopback),
        },
        metrics: Metrics::in_memory("notify", clock.clone()),
        clock,
        dashboard_url: "https://copilot.example/".to_owned(),
    };
    Some(World {
        context,
        endpoint: MockServer::start().await,
        tenant,
        config,
        queue_url,
    })
}

impl World {
    fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Stores a webhook that leads to the endpoint.
    async fn hook(&self, name: &str, events: &[&str]) -> Webhook {
        let hook = Webhook {
            id: WebhookId::derived(&[name]),
            url: format!("{}/{name}", self.endpoint.uri()),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            description: None,
            enabled: true,
            disabled_reason: None,
            consecutive_failures: 0,
            created_at: self.now(),
            created_by: "ada@example.com".to_owned(),
            generation: 1,
            previous_until: None,
        };
        self.put(&hook).await;
        hook
    }

    async fn put(&self, hook: &Webhook) {
        let item = webhooks::item(&self.tenant, hook, 1);
        self.context.table.put(item, Condition::None).await.unwrap();
    }

    async fn stored(&self, hook: &Webhook) -> Webhook {
        let found = webhooks::get(&self.context.table, &self.tenant, hook.id).await;
        found.unwrap().unwrap().0
    }

    async fn delivery(&self, hook: &Webhook, event: &Event) -> Delivery {
        let found = webhooks::delivery(&self.context.table, &self.tenant, hook.id, event.event_id).await;
        found.unwrap().unwrap().0
    }

    async fn answers(&self, status: u16) {
        self.endpoint.reset().await;
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(status))
            .mount(&self.endpoint)
            .await;
    }

    async fn posts(&self) -> Vec<Request> {
        self.endpoint.received_requests().await.unwrap()
    }

    fn event(&self, subject: &str) -> Event {
        let notice = Notice {
            subject: subject.to_owned(),
            title: "R03 is held".to_owned(),
            reason: "It tripped at 40 % of the accounts.".to_owned(),
        };
        Event::of_notice(
            &self.tenant,
            EventType::RuleHeld,
            "2026-03-02",
            self.now(),
            notice,
        )
    }

    /// Tells of an event as the bus would, and gives the deliveries that are waiting then.
    async fn tell(&self, event: &Event) -> Vec<String> {
        let body = json!({"source": "copilot", "detail-type": event.event_type.as_str(), "detail": event});
        self.handle(&[body.to_string()]).await;
        testing::queued(&self.config, &self.queue_url).await.unwrap().0
    }

    async fn handle(&self, bodies: &[String]) {
        let answer = handle(batch(bodies), &self.context).await.unwrap();
        assert!(answer.batch_item_failures.is_empty());
    }

    /// The message of a delivery's next try, as if its time had come.
    async fn next(&self, hook: &Webhook, event: &Event) -> String {
        let delivery = self.delivery(hook, event).await;
        let message = HookMessage::of(&self.tenant, &delivery, self.now());
        serde_json::to_string(&message).unwrap()
    }
}

fn batch(bodies: &[String]) -> SqsEvent {
    let records: Vec<Value> = (bodies.iter().enumerate())
        .map(|(at, body)| {
            json!({"messageId": format!("m-{at}"), "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1772445600000"}})
        })
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

/// Whether a request is signed by exactly these generations of a webhook's secret, as its receiver would check.
fn is_signed(request: &Request, hook: &Webhook, generations: &[u32]) -> bool {
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    let secrets: Vec<[u8; 32]> = generations
        .iter()
        .map(|generation| secret(&KEY, hook.id, *generation))
        .collect();
    let body = String::from_utf8(request.body.clone()).unwrap();
    let timestamp = header("webhook-timestamp").parse().unwrap();
    header("webhook-signature") == signature(&secrets, &header("webhook-id"), timestamp, &body)
}

#[tokio::test]
async fn an_event_goes_signed_to_those_who_subscribed_and_once() {
    let Some(world) = world("subscribed").await else {
        return;
    };
    world.answers(204).await;
    let all = world.hook("all", &["*"]).await;
    let held = world.hook("held", &["rule.held"]).await;
    world.hook("other", &["alert.opened"]).await;
    let mut off = world.hook("off", &["*"]).await;
    off.turn_off("by hand".to_owned());
    world.put(&off).await;

    let event = world.event("R03");
    let waiting = world.tell(&event).await;
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    // The bus and the queue may both deliver twice.
    world.handle(&waiting).await;
    world.handle(&waiting).await;
    assert!(
        world.tell(&event).await.is_empty(),
        "what was tried is not begun anew"
    );
    let posts = world.posts().await;
    assert_eq!(posts.len(), 2);
    for hook in [&all, &held] {
        let name = hook.url.rsplit('/').next().unwrap();
        let post = posts.iter().find(|post| post.url.path().ends_with(name)).unwrap();
        assert_eq!(post.headers["webhook-id"], event.event_id.to_string().as_str());
        assert_eq!(
            post.headers["webhook-timestamp"],
            world.now().as_second().to_string().as_str()
        );
        assert!(is_signed(post, hook, &[1]) && !is_signed(post, &off, &[1]));
        let body: Value = serde_json::from_slice(&post.body).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["notice"]["subject"]),
            (&json!("rule.held"), &json!("R03"))
        );
        let delivery = world.delivery(hook, &event).await;
        assert_eq!(
            (delivery.status, delivery.attempts),
            (DeliveryStatus::Delivered, 1)
        );
        assert_eq!(delivery.last_status, Some(204));
    }
}

#[tokio::test]
async fn a_failed_try_comes_again_with_the_same_id_and_body_and_a_new_time() {
    let Some(world) = world("again").await else {
        return;
    };
    world.answers(503).await;
    let hook = world.hook("x", &["*"]).await;
    let event = world.event("R03");
    let first = world.tell(&event).await;
    world.handle(&first).await;
    let delivery = world.delivery(&hook, &event).await;
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Pending, 1));
    assert_eq!(delivery.last_error.as_deref(), Some("the endpoint answered 503"));
    let wait = delivery.next_try_at.unwrap().duration_since(world.now());
    assert_eq!(wait.as_secs(), 5);
    let (_, delayed) = testing::queued(&world.config, &world.queue_url).await.unwrap();
    assert_eq!(delayed, 1, "the next try is in the queue");

    // The first message once more: its try is made already.
    world.handle(&first).await;
    assert_eq!(world.posts().await.len(), 1);
    // A try that comes too early goes back to the queue.
    let early = HookMessage::of(&world.tenant, &delivery, delivery.next_try_at.unwrap());
    world.handle(&[serde_json::to_string(&early).unwrap()]).await;
    assert_eq!(world.posts().await.len(), 1);

    world.context.clock.advance(Duration::from_secs(5));
    let before = world.posts().await.remove(0);
    world.answers(200).await;
    let next = world.next(&hook, &event).await;
    world.handle(&[next]).await;
    let after = world.posts().await.remove(0);
    assert_eq!(after.headers["webhook-id"], before.headers["webhook-id"]);
    assert_eq!(after.body, before.body);
    assert_ne!(
        after.headers["webhook-timestamp"],
        before.headers["webhook-timestamp"]
    );
    assert!(is_signed(&after, &hook, &[1]));
    let delivery = world.delivery(&hook, &event).await;
    assert_eq!(
        (delivery.status, delivery.attempts, delivery.next_try_at),
        (DeliveryStatus::Delivered, 2, None)
    );
}

#[tokio::test]
async fn after_eight_tries_it_is_given_up_and_can_be_sent_again() {
    let Some(world) = world("given-up").await else {
        return;
    };
    world.answers(500).await;
    let hook = world.hook("x", &["*"]).await;
    let event = world.event("R03");
    world.tell(&event).await;
    for attempt in 1..=8 {
        let next = world.next(&hook, &event).await;
        world.handle(&[next]).await;
        assert_eq!(world.delivery(&hook, &event).await.attempts, attempt);
        world.context.clock.advance(Duration::from_hours(9));
    }
    let delivery = world.delivery(&hook, &event).await;
    assert_eq!(
        (delivery.status, delivery.next_try_at),
        (DeliveryStatus::Failed, None)
    );
    assert_eq!(world.stored(&hook).await.consecutive_failures, 1);

    world.answers(200).await;
    let (table, queue) = (&world.context.table, &world.context.hooks.queue);
    let found = webhooks::delivery(table, &world.tenant, hook.id, event.event_id).await;
    let sent = webhooks::resend(table, queue, &world.tenant, found.unwrap().unwrap(), world.now()).await;
    assert_eq!(sent.unwrap().unwrap().status, DeliveryStatus::Pending);
    let next = world.next(&hook, &event).await;
    world.handle(&[next]).await;
    let delivery = world.delivery(&hook, &event).await;
    assert_eq!(
        (delivery.status, delivery.attempts),
        (DeliveryStatus::Delivered, 9)
    );
    assert_eq!(
        world.posts().await[0].headers["webhook-id"],
        event.event_id.to_string().as_str()
    );
    assert_eq!(
        world.stored(&hook).await.consecutive_failures,
        0,
        "an arrival ends the row of failures"
    );
}

#[tokio::test]
async fn gone_turns_the_webhook_off_and_what_was_waiting_is_not_sent() {
    let Some(world) = world("gone").await else {
        return;
    };
    world.answers(410).await;
    let hook = world.hook("x", &["*"]).await;
    let (one, two) = (world.event("R03"), world.event("R04"));
    let first = world.tell(&one).await;
    let second = world.tell(&two).await;
    world.handle(&first).await;
    let stored = world.stored(&hook).await;
    assert!(!stored.enabled && stored.disabled_reason.unwrap().contains("410"));
    world.handle(&second).await;
    assert_eq!(world.posts().await.len(), 1);
    let delivery = world.delivery(&hook, &two).await;
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Failed, 0));
    assert!(delivery.last_error.unwrap().contains("turned off"));
    assert!(world.tell(&world.event("R05")).await.is_empty());
}

#[tokio::test]
async fn the_fiftieth_failure_in_a_row_turns_the_webhook_off_and_a_test_does_not_count() {
    let Some(world) = world("fiftieth").await else {
        return;
    };
    world.answers(500).await;
    let mut hook = world.hook("x", &["*"]).await;
    hook.consecutive_failures = MAX_FAILURES - 1;
    world.put(&hook).await;
    let event = world.event("test");
    let body = test_body(hook.id, world.now());
    let test = Delivery::new(event.event_id, TEST, hook.id, body, world.now());
    let (table, queue) = (&world.context.table, &world.context.hooks.queue);
    webhooks::begin(table, queue, &world.tenant, &test).await.unwrap();
    let message = world.next(&hook, &event).await;
    world.handle(&[message]).await;
    assert_eq!(
        world.delivery(&hook, &event).await.status,
        DeliveryStatus::Failed,
        "a test is tried once"
    );
    assert!(world.stored(&hook).await.enabled);

    let event = world.event("R03");
    world.tell(&event).await;
    for _ in 0..8 {
        let next = world.next(&hook, &event).await;
        world.handle(&[next]).await;
        world.context.clock.advance(Duration::from_hours(9));
    }
    let stored = world.stored(&hook).await;
    assert!(!stored.enabled && stored.disabled_reason.unwrap().contains("50 deliveries in a row"));
}

#[tokio::test]
async fn for_a_day_after_a_rotation_both_secrets_sign() {
    let Some(world) = world("rotation").await else {
        return;
    };
    world.answers(200).await;
    let mut hook = world.hook("x", &["*"]).await;
    hook.rotate(world.now());
    world.put(&hook).await;
    let send = async |subject: &str| {
        let waiting = world.tell(&world.event(subject)).await;
        world.handle(&waiting).await;
        world.posts().await.pop().unwrap()
    };
    let during = send("R03").await;
    assert!(is_signed(&during, &hook, &[2, 1]));
    let header = during.headers["webhook-signature"].to_str().unwrap();
    assert_eq!(header.split(' ').count(), 2);
    world.context.clock.advance(Duration::from_hours(24));
    assert!(is_signed(&send("R04").await, &hook, &[2]));
}

#[tokio::test]
async fn an_endpoint_that_fails_holds_up_no_other() {
    let Some(world) = world("others").await else {
        return;
    };
    let bad = world.hook("bad", &["*"]).await;
    let good = world.hook("good", &["*"]).await;
    let mut inside = world.hook("inside", &["*"]).await;
    inside.url = "https://10.0.0.1/hooks".to_owned();
    world.put(&inside).await;
    Mock::given(path("/good"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&world.endpoint)
        .await;
    Mock::given(path("/bad"))
        .respond_with(ResponseTemplate::new(429).insert_header("retry-after", "600"))
        .mount(&world.endpoint)
        .await;
    let event = world.event("R03");
    let waiting = world.tell(&event).await;
    assert_eq!(waiting.len(), 3);
    world.handle(&waiting).await;
    assert_eq!(
        world.delivery(&good, &event).await.status,
        DeliveryStatus::Delivered
    );
    let asked = world.delivery(&bad, &event).await.next_try_at.unwrap();
    assert_eq!(
        asked.duration_since(world.now()).as_secs(),
        600,
        "Retry-After is respected"
    );
    let inside = world.delivery(&inside, &event).await;
    assert_eq!(
        (inside.status, inside.last_status),
        (DeliveryStatus::Pending, None)
    );
    assert!(inside.last_error.unwrap().contains("public internet"));
}
