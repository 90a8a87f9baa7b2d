//! Outgoing webhooks as an admin manages them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::needless_pass_by_value,
    unreachable_pub,
    dead_code,
    reason = "a test may, and no test uses all of the world"
)]

mod support;

use copilot_aws::{testing, webhooks};
use copilot_channels::webhook::{secret, secret_text};
use copilot_domain::limits::MAX_WEBHOOKS;
use serde_json::{Value, json};
use support::world::{Reply, World};

async fn ask(world: &World, method: &str, path: &str, body: Value) -> Reply {
    let token = world.token("acme", "admin");
    let body = (!body.is_null()).then_some(body);
    world.send(method, path, Some(&token), &[], body.as_ref()).await
}

fn new(url: &str) -> Value {
    json!({"url": url, "events": ["alert.opened"]})
}

#[tokio::test]
async fn the_secret_is_told_once_and_lies_nowhere() {
    let Some(world) = World::new("webhook secret").await else {
        return;
    };
    let token = world.token("acme", "admin");
    let headers = [("idempotency-key", "one")];
    let body = new("https://example.com/hooks");
    let post = async || {
        world
            .send("POST", "/v1/webhooks", Some(&token), &headers, Some(&body))
            .await
    };
    let first = post().await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(first.headers["cache-control"], "no-store");
    let made = first.json();
    let text = made["secret"].as_str().unwrap().to_owned();
    assert!(text.starts_with("whsec_"));
    // It is the one that deliveries are signed with.
    let key = world.ctx.secrets.signing_key("acme").await.unwrap().unwrap();
    let id = made["id"].as_str().unwrap();
    assert_eq!(text, secret_text(&secret(key.expose(), id.parse().unwrap(), 1)));
    assert!(world.ctx.secrets.signing_key("borealis").await.unwrap().is_none());

    let again = post().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(
        (&again.json()["id"], &again.json()["secret"]),
        (&made["id"], &Value::Null)
    );
    let path = format!("/v1/webhooks/{id}");
    assert_eq!(
        ask(&world, "GET", &path, Value::Null).await.json().get("secret"),
        None
    );
    let rotated = ask(&world, "POST", &format!("{path}/rotate"), Value::Null)
        .await
        .json();
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(rotated["previous_secret_until"], "2026-03-02T09:00:00Z");
    let table = format!("{:?}", testing::contents(&world.ctx.table).await.unwrap());
    for told in [text.as_str(), rotated["secret"].as_str().unwrap()] {
        assert!(!table.contains(told.trim_start_matches("whsec_")));
    }
    assert!(table.contains("webhook.create") && table.contains("webhook.rotate"));
}

#[tokio::test]
async fn an_address_or_event_that_cannot_be_is_refused_with_the_field_and_the_reason() {
    let Some(world) = World::new("webhook refused").await else {
        return;
    };
    for (body, field) in [
        (new("http://example.com/"), "url"),
        (new("https://127.0.0.1/"), "url"),
        (new("https://169.254.169.254/latest"), "url"),
        (new("https://a:b@example.com/"), "url"),
        (new(&format!("https://example.com/{}", "x".repeat(2_000))), "url"),
        (json!({"url": "https://example.com/", "events": []}), "events"),
        (
            json!({"url": "https://example.com/", "events": ["digest.due"]}),
            "events",
        ),
        (
            json!({"url": "https://example.com/", "events": ["*"], "description": "x".repeat(201)}),
            "description",
        ),
        (
            json!({"url": "https://example.com/", "events": ["*"], "secret": "x"}),
            "secret",
        ),
    ] {
        let reply = ask(&world, "POST", "/v1/webhooks", body.clone()).await;
        assert_eq!(reply.status, 422, "{body}: {}", reply.text);
        assert_eq!(reply.json()["errors"][0]["field"], field, "{body}");
    }
    let made = ask(&world, "POST", "/v1/webhooks", new("https://example.com/"))
        .await
        .json();
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let bare = ask(&world, "PATCH", &path, json!({"url": "https://10.0.0.1/"})).await;
    assert_eq!(bare.status, 428, "a change names what it changes");
    let token = world.token("acme", "admin");
    let patch = async |tag: &str, body: Value| {
        let headers = [("if-match", tag)];
        world
            .send("PATCH", &path, Some(&token), &headers, Some(&body))
            .await
    };
    assert_eq!(
        patch("\"v1\"", json!({"url": "https://10.0.0.1/"})).await.status,
        422
    );
    assert_eq!(patch("\"v9\"", json!({"enabled": false})).await.status, 412);
    assert_eq!(patch("\"v1\"", json!({"enabled": false})).await.status, 200);
    let test = ask(&world, "POST", &format!("{path}/test"), Value::Null).await;
    assert_eq!(test.status, 409, "what is off gets nothing: {}", test.text);
}

#[tokio::test]
async fn a_tenant_has_twenty_webhooks_at_most() {
    let Some(world) = World::new("webhook limit").await else {
        return;
    };
    for at in 0..MAX_WEBHOOKS {
        let made = ask(
            &world,
            "POST",
            "/v1/webhooks",
            new(&format!("https://example.com/{at}")),
        )
        .await;
        assert_eq!(made.status, 201, "{}", made.text);
        // Ids sort by their instant.
        world.ctx.clock.advance(std::time::Duration::from_millis(1));
    }
    let more = ask(&world, "POST", "/v1/webhooks", new("https://example.com/")).await;
    assert_eq!(more.status, 409);
    assert!(more.text.contains("20 webhooks"), "{}", more.text);
    let all = ask(&world, "GET", "/v1/webhooks", Value::Null).await.json();
    let first = all["data"][0].clone();
    assert_eq!(
        first["url"], "https://example.com/0",
        "in the order in which they were made"
    );
    let path = format!("/v1/webhooks/{}", first["id"].as_str().unwrap());
    assert_eq!(ask(&world, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(ask(&world, "GET", &path, Value::Null).await.status, 404);
    let more = ask(&world, "POST", "/v1/webhooks", new("https://example.com/")).await;
    assert_eq!(more.status, 201);
}

#[tokio::test]
async fn the_log_is_newest_first_and_a_delivery_can_be_sent_again() {
    let Some(world) = World::new("webhook log").await else {
        return;
    };
    let made = ask(&world, "POST", "/v1/webhooks", new("https://example.com/"))
        .await
        .json();
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let mut sent = Vec::new();
    for _ in 0..3 {
        let test = ask(&world, "POST", &format!("{path}/test"), Value::Null).await;
        assert_eq!(test.status, 202, "{}", test.text);
        sent.push(test.json()["id"].clone());
        world.ctx.clock.advance(std::time::Duration::from_secs(1));
    }
    let log = format!("{path}/deliveries?limit=2");
    let page = ask(&world, "GET", &log, Value::Null).await.json();
    assert_eq!(
        (&page["data"][0]["id"], &page["data"][1]["id"]),
        (&sent[2], &sent[1])
    );
    assert_eq!(page["data"][0]["type"], "webhook.test");
    assert_eq!(page["data"][0]["status"], "pending");
    let rest = format!("{log}&cursor={}", page["next"].as_str().unwrap());
    let rest = ask(&world, "GET", &rest, Value::Null).await.json();
    assert_eq!((&rest["data"][0]["id"], &rest["next"]), (&sent[0], &Value::Null));

    // As if the endpoint had refused the first for good.
    let (hook, event) = (made["id"].as_str().unwrap(), sent[0].as_str().unwrap());
    let (table, hook, event) = (&world.ctx.table, hook.parse().unwrap(), event.parse().unwrap());
    let found = webhooks::delivery(table, &world.acme, hook, event).await.unwrap();
    let (mut delivery, rev) = found.unwrap();
    delivery.status = copilot_domain::webhook::DeliveryStatus::Failed;
    delivery.attempts = 1;
    webhooks::settle(table, &world.acme, delivery, rev, world.ctx.clock.now())
        .await
        .unwrap();
    let resend = format!("{path}/deliveries/{event}/resend");
    let again = ask(&world, "POST", &resend, Value::Null).await;
    assert_eq!(
        (again.status, &again.json()["status"]),
        (202, &json!("pending")),
        "{}",
        again.text
    );
    assert_eq!(again.json()["attempts"], 1);
    let unknown = format!("{path}/deliveries/evt_00000000000000000000000000000000/resend");
    assert_eq!(ask(&world, "POST", &unknown, Value::Null).await.status, 404);
    let stranger = world.token("borealis", "admin");
    assert_eq!(
        world
            .send("POST", &resend, Some(&stranger), &[], None)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_a_person_does_to_an_alert_is_told_at_the_next_scoring() {
    let Some(world) = World::new("webhook by hand").await else {
        return;
    };
    let seeded = world.seed(&world.acme, "Acme").await;
    let token = world.token("acme", "csm");
    let outbox = async || {
        let all = testing::contents(&world.ctx.table).await.unwrap();
        let waiting = all.into_iter().filter(|((_, sk), _)| sk.starts_with("OUT#"));
        waiting.map(|(_, item)| item["data"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(outbox().await, [] as [Value; 0]);
    let path = format!("/v1/alerts/{}", seeded.alert);
    let patch = async |tag: &str, body: Value| {
        let headers = [("if-match", tag)];
        let reply = world
            .send("PATCH", &path, Some(&token), &headers, Some(&body))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["etag"].as_str().unwrap().to_owned()
    };
    let assigned = patch(&seeded.alert_etag, json!({"assignee": "csm@acme.example"})).await;
    assert_eq!(outbox().await, [] as [Value; 0], "handing on is no event");
    patch(&assigned, json!({"status": "dismissed", "reason": "known"})).await;
    let waiting = outbox().await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(
        (
            &waiting[0]["type"],
            &waiting[0]["alert"]["reason"],
            &waiting[0]["notify"]
        ),
        (
            &json!("alert.dismissed"),
            &json!("Dismissed: known"),
            &json!(false)
        )
    );
    let score = format!("/v1/accounts/{}/score", seeded.account);
    let scored = world.send("POST", &score, Some(&token), &[], None).await;
    assert_eq!(scored.status, 200, "{}", scored.text);
    assert_eq!(outbox().await, [] as [Value; 0], "it is on the bus");
}
