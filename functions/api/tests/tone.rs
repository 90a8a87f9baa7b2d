//! The tone of texts beside them, corrections of it, and the outlook of usage.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::needless_pass_by_value,
    unreachable_pub,
    reason = "a test may"
)]

mod support;

use serde_json::{Value, json};
use support::world::{Reply, SECRET, World};

const ANGRY: &str = "This is terrible, the export crashes again and again and nobody answers!";

struct Asked<'a> {
    world: &'a World,
    token: String,
    account: String,
}

impl Asked<'_> {
    async fn get(&self, rest: &str) -> Reply {
        let path = format!("/v1/accounts/{}{rest}", self.account);
        self.world.send("GET", &path, Some(&self.token), &[], None).await
    }

    /// The tones of the timeline's entries, by title.
    async fn tones(&self, query: &str) -> Vec<(String, Value)> {
        let reply = self.get(&format!("/timeline?kind=ticket,survey{query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let data = reply.json()["data"].as_array().unwrap().clone();
        data.into_iter()
            .map(|mut row| (row["title"].as_str().unwrap().to_owned(), row["tone"].take()))
            .collect()
    }

    async fn label(&self, id: &str, tone: Value) -> Reply {
        let path = format!("/v1/accounts/{}/tone", self.account);
        let body = json!({"kind": "ticket", "source": "api", "external_id": id, "tone": tone});
        self.world
            .send("PUT", &path, Some(&self.token), &[], Some(&body))
            .await
    }

    async fn switch_on(&self) {
        let (world, token) = (self.world, Some(self.token.as_str()));
        let settings = world.send("GET", "/v1/settings", token, &[], None).await;
        let tag = settings.headers["etag"].to_str().unwrap();
        let on = json!({"text_tone": true});
        let done = world
            .send("PATCH", "/v1/settings", token, &[("if-match", tag)], Some(&on))
            .await;
        assert_eq!(done.status, 200, "{}", done.text);
    }
}

#[tokio::test]
async fn a_ticket_shows_its_tone_with_its_words_where_that_is_switched_on_and_people_correct_it() {
    let Some(world) = World::new("tone").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let asked = Asked {
        world: &world,
        token: world.token("acme", "admin"),
        account: seeded.account.clone(),
    };
    let tickets = json!([
        {"external_id": "t-2", "account": "a-1", "title": "Export", "text": ANGRY, "opened_at": "2026-02-26T08:00:00Z"},
        {"external_id": "t-3", "account": "a-1", "title": "Report page", "text": "Thank you so much, this works great!", "opened_at": "2026-02-26T09:00:00Z"},
    ]);
    world.upsert("acme", "tickets", tickets).await;

    // Off: nothing is read, and who asks for tones is told where to switch them on.
    assert!(asked.tones("").await.iter().all(|(_, tone)| tone.is_null()));
    let refused = asked.get("/timeline?tone=negative").await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("text_tone"), "{}", refused.text);
    assert_eq!(asked.label("t-2", json!("neutral")).await.status, 409);

    asked.switch_on().await;
    let tones = asked.tones("").await;
    let of = |title: &str| tones.iter().find(|(found, _)| found == title).unwrap().1.clone();
    let angry = of("Opened: Export");
    assert_eq!(
        (&angry["tone"], &angry["category"]),
        (&json!("negative"), &json!("bug"))
    );
    assert_eq!(angry["evidence"], ANGRY);
    assert!(angry["sentiment"].as_f64().unwrap() < 0.0 && angry["label"].is_null());
    // The model of its own that should read has no files: the shipped one does, and it is said.
    assert_eq!(angry["missing_model"], "2026-02-01-00000000");
    assert_eq!(of("Opened: Report page")["tone"], "positive");
    let titles = async || -> Vec<String> {
        let found = asked.tones("&tone=negative").await;
        found.into_iter().map(|(title, _)| title).collect()
    };
    assert_eq!(titles().await, ["Opened: Export"]);

    let said = asked.label("t-2", json!("neutral")).await;
    assert_eq!(said.status, 200, "{}", said.text);
    let said = said.json();
    assert_eq!(
        (&said["tone"], &said["read"]),
        (&json!("neutral"), &json!("negative"))
    );
    assert_eq!(said["label"]["author"], "admin@acme.example");
    assert!(titles().await.is_empty());
    let back = asked.label("t-2", Value::Null).await.json();
    assert_eq!(
        (&back["tone"], &back["label"]),
        (&json!("negative"), &Value::Null)
    );
    assert_eq!(titles().await, ["Opened: Export"]);
    assert_eq!(asked.label("t-2", Value::Null).await.status, 404);
    assert_eq!(asked.label("t-9", json!("neutral")).await.status, 404);

    let model = world
        .send("GET", "/v1/tone-model", Some(&asked.token), &[], None)
        .await
        .json();
    assert_eq!((&model["on"], &model["lost"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn the_outlook_of_usage_shows_four_weeks_against_what_was_expected() {
    let Some(world) = World::new("usage outlook").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let asked = Asked {
        world: &world,
        token: world.token("acme", "admin"),
        account: seeded.account.clone(),
    };
    let outlook = asked.get("/usage-outlook").await.json();
    assert!(outlook["days_missing"].as_u64().unwrap() > 30, "{outlook}");
    assert_eq!(
        (&outlook["days"], &outlook["forecast"]),
        (&json!([]), &Value::Null)
    );

    // Eight events a day for nine weeks, but for one day of sixty.
    let first: jiff::civil::Date = "2025-12-28".parse().unwrap();
    let mut events = Vec::new();
    for (number, day) in first.series(jiff::Span::new().days(1)).take(63).enumerate() {
        let count = if number == 58 { 60 } else { 8 };
        events.extend((0..count).map(|event| {
            json!({"id": format!("{day}-{event}"), "account": "a-1", "user": "u-1", "name": "export", "at": format!("{day}T10:00:00Z")})
        }));
    }
    for part in events.chunks(100) {
        let body = json!({"events": part});
        let told = world
            .send("POST", "/v1/events:batch", Some(&asked.token), &[], Some(&body))
            .await;
        assert_eq!(told.json()["counted"], part.len(), "{}", told.text);
    }
    let outlook = asked.get("/usage-outlook").await.json();
    assert_eq!(outlook["days_missing"], 0, "{outlook}");
    assert!(
        outlook["forecast_days_missing"].as_u64().unwrap() > 20,
        "{outlook}"
    );
    let days = outlook["days"].as_array().unwrap();
    assert_eq!(days.len(), 28);
    let odd: Vec<&Value> = days.iter().filter(|day| day["anomaly"] == true).collect();
    assert!(
        odd.iter()
            .any(|day| day["day"] == "2026-02-24" && day["value"] == 60.0),
        "{odd:?}"
    );
}
