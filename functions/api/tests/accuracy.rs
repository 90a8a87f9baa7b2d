//! Checked predictions, the cut and muted rules over the API.
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

use copilot_aws::{accuracy as figures, checks, stats};
use copilot_domain::check::Check;
use copilot_domain::health::Band;
use copilot_domain::ids::AccountId;
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_domain::time::Timestamp;
use copilot_learning::accuracy::{Frame, accuracy};
use serde_json::{Value, json};
use support::world::{Reply, SECRET, World};

async fn send(world: &World, role: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
    let token = world.token("acme", role);
    world
        .send(method, path, Some(&token), &[("if-match", "*")], body.as_ref())
        .await
}

async fn read(world: &World, path: &str) -> Value {
    let reply = send(world, "csm", "GET", path, None).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.json()
}

/// Twenty accounts: the first four left, of which three were predicted; two more were predicted and stayed.
async fn checked(world: &World) -> Vec<Check> {
    let at: Timestamp = "2025-11-01T06:00:00Z".parse().unwrap();
    let row = |number: usize| {
        let mut row = Check {
            account: AccountId::derived(&["acme", &number.to_string()]),
            name: Some(format!("Account {number}")),
            kind: PredictionKind::Churn,
            method: Method::Model,
            shadow: false,
            model_version: Some("m@1".into()),
            probability: if [0, 1, 2, 10, 11].contains(&number) {
                0.8
            } else {
                0.1
            },
            day: "2025-11-01".parse().unwrap(),
            made_at: at,
            window_days: 90,
            due: "2026-01-31".parse().unwrap(),
            segment: "default".into(),
            band: Band::Watch,
            alerts: vec!["R01".into()],
            expires_at: "2036-01-01T00:00:00Z".parse().unwrap(),
            happened: None,
            was_accurate: None,
            checked_at: None,
        };
        row.judge(Some(number < 4), true, 0.5, world.ctx.clock.now());
        row
    };
    let rows: Vec<Check> = (0..20).map(row).collect();
    checks::put(&world.ctx.table, &world.acme, &rows).await.unwrap();
    let frame = Frame {
        kind: PredictionKind::Churn,
        cut: 0.5,
    };
    let found = accuracy(frame, &rows);
    figures::put(&world.ctx.table, &world.acme, &found).await.unwrap();
    rows
}

#[tokio::test]
async fn figures_misses_by_name_and_a_cut_for_a_capacity_come_from_checked_predictions() {
    let Some(world) = World::new("accuracy").await else {
        return;
    };
    let none = read(&world, "/v1/accuracy").await;
    assert_eq!(
        (&none["methods"], &none["labels"]["needed"]),
        (&json!([]), &json!(50))
    );
    let none = read(&world, "/v1/accuracy/thresholds").await;
    assert!(
        none["note"]
            .as_str()
            .unwrap()
            .contains("no prediction was checked"),
        "{none}"
    );

    let one = stats::Entry {
        arr: None,
        band: "watch".into(),
        moved: None,
    };
    let book = stats::Stats::of(vec![one], world.ctx.clock.now(), true);
    stats::put(&world.ctx.table, &world.acme, &book).await.unwrap();
    let rows = checked(&world).await;
    let found = read(&world, "/v1/accuracy?kind=churn").await;
    let all = &found["methods"][0]["overall"];
    assert_eq!(
        all["confusion"],
        json!({"true_positive": 3, "false_positive": 2, "false_negative": 1, "true_negative": 14})
    );
    assert_eq!(all["precision"]["share"], json!(0.6));
    let missed = read(&world, "/v1/accuracy/misses?method=model").await;
    let names: Vec<&str> = missed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["account_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Account 3"]);
    assert_eq!(missed["data"][0]["actual_outcome"], "churned");
    assert_eq!(missed["data"][0]["account"], json!(rows[3].account.to_string()));
    let first = read(
        &world,
        "/v1/accuracy/misses?method=model&which=false_alarm&limit=1",
    )
    .await;
    let next = first["next"].as_str().unwrap();
    let path = format!("/v1/accuracy/misses?method=model&which=false_alarm&limit=1&cursor={next}");
    let second = read(&world, &path).await;
    assert_eq!(second["data"].as_array().unwrap().len(), 1);
    assert_ne!(first["data"][0]["account"], second["data"][0]["account"]);
    assert_eq!(
        read(&world, "/v1/accuracy/misses").await["data"],
        json!([]),
        "the rules said nothing"
    );

    // One account: a quarter of the predictions over the cut is a quarter of an alert a month.
    let cut = read(&world, "/v1/accuracy/thresholds?per_week=0.5").await;
    assert_eq!(cut["accounts"], 1);
    let proposal = &cut["proposals"][0];
    assert_eq!(
        (&proposal["cut"], &proposal["method"]),
        (&json!(0.1), &json!("model"))
    );
    let tight = read(&world, "/v1/accuracy/thresholds?per_week=0.1").await;
    let tight = &tight["proposals"][0];
    assert_eq!(
        (
            &tight["cut"],
            &tight["precision"]["hits"],
            &tight["precision"]["of"]
        ),
        (&json!(0.8), &json!(3), &json!(5))
    );

    for (path, field) in [
        ("/v1/accuracy?kind=rain", "kind"),
        ("/v1/accuracy/misses?which=all", "which"),
        ("/v1/accuracy/thresholds?per_week=0", "per_week"),
        ("/v1/accuracy/thresholds?per_week=many", "per_week"),
    ] {
        let refused = send(&world, "csm", "GET", path, None).await;
        assert_eq!(refused.status, 422, "{path}");
        assert_eq!(refused.json()["errors"][0]["field"], field, "{path}");
    }
}

#[tokio::test]
async fn the_cut_is_an_admins_setting_and_bounded() {
    let Some(world) = World::new("cut").await else {
        return;
    };
    let cut = |cut: f64| Some(json!({"alert_cut": cut}));
    assert_eq!(read(&world, "/v1/settings").await["alert_cut"], json!(0.5));
    assert_eq!(
        send(&world, "lead", "PATCH", "/v1/settings", cut(0.3))
            .await
            .status,
        403
    );
    let refused = send(&world, "admin", "PATCH", "/v1/settings", cut(1.0)).await;
    assert_eq!(
        refused.json()["errors"][0]["field"],
        "alert_cut",
        "{}",
        refused.text
    );
    let saved = send(&world, "admin", "PATCH", "/v1/settings", cut(0.3)).await;
    assert_eq!((saved.status, &saved.json()["alert_cut"]), (200, &json!(0.3)));
    assert_eq!(read(&world, "/v1/accuracy").await["cut"], json!(0.3));
    let muted = send(
        &world,
        "admin",
        "PATCH",
        "/v1/rules/R01",
        Some(json!({"muted": true, "reason": "noise"})),
    )
    .await;
    assert_eq!(muted.status, 200, "{}", muted.text);
    assert_eq!(
        read(&world, "/v1/settings").await["alert_cut"],
        json!(0.3),
        "muting leaves the cut alone"
    );
}

#[tokio::test]
async fn a_rule_is_muted_with_a_reason_by_an_admin_and_the_change_is_on_the_trail() {
    let Some(world) = World::new("mute").await else {
        return;
    };
    let rule = async || {
        let rules = read(&world, "/v1/rules").await;
        let rules = rules["data"].as_array().unwrap().clone();
        rules.into_iter().find(|rule| rule["id"] == "R12").unwrap()
    };
    let mute = |muted: bool, reason: Option<&str>| Some(json!({"muted": muted, "reason": reason}));
    let path = "/v1/rules/R12";
    assert_eq!(
        send(&world, "lead", "PATCH", path, mute(true, Some("noise")))
            .await
            .status,
        403
    );
    assert_eq!(
        send(&world, "admin", "PATCH", "/v1/rules/R99", mute(true, Some("x")))
            .await
            .status,
        404
    );
    let refused = send(&world, "admin", "PATCH", path, mute(true, None)).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["field"]),
        (422, &json!("reason"))
    );
    send(&world, "admin", "PATCH", path, mute(true, Some("too many"))).await;
    let muted = rule().await;
    assert_eq!(
        (&muted["enabled"], &muted["muted"]["reason"]),
        (&json!(false), &json!("too many"))
    );
    send(&world, "admin", "PATCH", path, mute(false, None)).await;
    let open = rule().await;
    assert_eq!((&open["enabled"], &open["muted"]), (&json!(true), &Value::Null));
    let trail = send(&world, "admin", "GET", "/v1/audit", None).await.json();
    let changes = trail["data"].as_array().unwrap();
    assert_eq!(
        changes.iter().filter(|c| c["action"] == "rule.update").count(),
        2,
        "{trail}"
    );
}

#[tokio::test]
async fn a_dismissal_moves_the_rules_precision_and_no_checked_prediction() {
    let Some(world) = World::new("feedback-labels").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    checked(&world).await;
    let account: AccountId = seeded.account.parse().unwrap();
    let (table, tenant) = (&world.ctx.table, &world.acme);
    let rows = async || checks::of_account(table, tenant, account).await.unwrap();
    let before = (rows().await, read(&world, "/v1/accuracy").await);
    assert!(!before.0.is_empty(), "a scoring keeps its predictions");
    let path = format!("/v1/alerts/{}", seeded.alert);
    let alert = read(&world, &path).await;
    let rated = send(
        &world,
        "csm",
        "POST",
        &format!("{path}/feedback"),
        Some(json!({"kind": "accuracy", "rating": 1})),
    )
    .await;
    assert_eq!(rated.status, 201, "{}", rated.text);
    let dismissed = send(
        &world,
        "csm",
        "PATCH",
        &path,
        Some(json!({"status": "dismissed", "reason": "wrong_data"})),
    )
    .await;
    assert_eq!(dismissed.status, 200, "{}", dismissed.text);
    let rules = read(&world, "/v1/rules").await;
    let rules = rules["data"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == alert["rule"]).unwrap();
    assert_eq!(
        (&rule["precision"]["wrong"], &rule["record"]["dismissed_wrong"]),
        (&json!(2), &json!(1))
    );
    assert_eq!((rows().await, read(&world, "/v1/accuracy").await), before);
}
