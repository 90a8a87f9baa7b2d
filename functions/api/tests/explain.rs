//! What moved a probability between two days, over the API.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::needless_pass_by_value,
    unreachable_pub,
    dead_code,
    reason = "a test may"
)]

mod support;

use copilot_aws::table::Condition;
use copilot_aws::{Item, keys};
use copilot_domain::ids::AccountId;
use serde_json::{Value, json};
use support::world::World;

/// A shop that bought each month and then no more.
async fn shop(world: &World) -> String {
    let known = "2025-04-01T00:00:00Z";
    let made = world
        .upsert(
            "acme",
            "accounts",
            json!([{"external_id": "shop", "name": "Shop", "known_at": known}]),
        )
        .await;
    let days = (5..=12).map(|month| format!("2025-{month:02}-10T08:00:00Z"));
    let bills: Vec<Value> = days
        .chain(["2026-01-10T08:00:00Z".to_owned()])
        .map(|at| json!({"external_id": at, "account": "shop", "amount_minor": 9_000, "currency": "EUR", "issued_at": at, "paid_at": at, "known_at": at}))
        .collect();
    world.upsert("acme", "invoices", json!(bills)).await;
    made["results"][0]["id"].as_str().unwrap().to_owned()
}

async fn churn(world: &World, account: &str) -> Value {
    let path = format!("/v1/accounts/{account}/explain?at=2026-03-01&compare=2026-01-15");
    let token = world.token("acme", "viewer");
    let reply = world.send("GET", &path, Some(&token), &[], None).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let changes = reply.json()["predictions"].clone();
    let found = changes
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["kind"] == "churn");
    found.unwrap_or_else(|| panic!("{changes}")).clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

fn sum(change: &Value, of: &str) -> f64 {
    change["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| number(&input[of]))
        .sum()
}

#[tokio::test]
async fn a_probability_is_taken_apart_by_inputs_and_by_another_model() {
    let Some(world) = World::new("explain probability").await else {
        return;
    };
    let account = shop(&world).await;
    let change = churn(&world, &account).await;
    let moved = number(&change["probability_at"]) - number(&change["probability_compare"]);
    assert!(moved.abs() > 0.001, "{change}");
    assert!((number(&change["change"]) - moved).abs() < 1e-9);
    assert!((sum(&change, "points") - moved).abs() < 1e-6, "{change}");
    assert!(
        (sum(&change, "margin") - number(&change["margin"])).abs() < 1e-6,
        "{change}"
    );
    assert!(
        change["inputs"][0]["text"].as_str().unwrap().contains(" → "),
        "{change}"
    );
    assert!(number(&change["by_model"]).abs() < 1e-9);
    assert_eq!(change["model_compare"], Value::Null);
    assert!(
        change["note"]
            .as_str()
            .unwrap()
            .starts_with("No model's prediction was kept"),
        "{change}"
    );

    // Another model's prediction was kept of that day.
    let id: AccountId = account.parse().unwrap();
    let kept = json!({"kind": "churn", "probability": 0.9, "confidence": 0.5, "confidence_label": "medium", "method": "model",
        "model_version": "churn@old", "window_days": 90, "computed_at": "2026-01-12T06:00:00Z", "valid_until": "2026-02-11T06:00:00Z",
        "base_margin": 0.0, "factors": [], "actual_outcome": null, "was_accurate": null, "note": null});
    let key = keys::prediction(&world.acme, id, "churn-model", jiff::civil::date(2026, 1, 12));
    world
        .ctx
        .table
        .put(Item::new(&key, "prediction").data(&kept), Condition::None)
        .await
        .unwrap();
    let split = churn(&world, &account).await;
    assert_eq!(
        (&split["model_compare"], &split["probability_compare"]),
        (&json!("churn@old"), &json!(0.9))
    );
    let by_model = number(&split["by_model"]);
    assert!(
        (by_model - (number(&change["probability_compare"]) - 0.9)).abs() < 1e-9,
        "{split}"
    );
    assert!(
        (sum(&split, "points") + by_model - number(&split["change"])).abs() < 1e-6,
        "{split}"
    );
    assert!(
        split["note"]
            .as_str()
            .unwrap()
            .starts_with("Another model answered then"),
        "{split}"
    );
}
