//! What a caller asks of the shape of an answer: fewer fields, the account beside a row; and what it may not ask.
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

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::world::{OTHER_SECRET, Reply, SECRET, World};

async fn ask(world: &World, path: &str) -> Reply {
    let token = world.token("acme", "admin");
    world.send("GET", path, Some(&token), &[], None).await
}

fn names(row: &Value) -> BTreeSet<&str> {
    row.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn rows_hold_the_fields_that_were_asked_for_and_nothing_else() {
    let Some(world) = World::new("fields").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    for (path, fields, etag) in [
        ("/v1/accounts".to_owned(), "id,name,score", false),
        (
            format!("/v1/accounts/{}", seeded.account),
            "account,next_actions",
            false,
        ),
        ("/v1/alerts".to_owned(), "id,title,etag", false),
        (format!("/v1/alerts/{}", seeded.alert), "id,clauses", true),
        ("/v1/opportunities".to_owned(), "id,stage", false),
        (format!("/v1/opportunities/{}", seeded.opportunity), "etag", true),
        ("/v1/ctas".to_owned(), "title", false),
        (format!("/v1/ctas/{}", seeded.cta), "title,due_on", true),
    ] {
        let whole = ask(&world, &path).await.json();
        let reply = ask(&world, &format!("{path}?fields={fields}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert_eq!(reply.headers.contains_key("etag"), etag, "{path}");
        let answer = reply.json();
        let wanted: BTreeSet<&str> = fields.split(',').collect();
        let (rows, of) = match answer["data"].as_array() {
            Some(rows) => (rows.clone(), whole["data"].as_array().unwrap().clone()),
            None => (vec![answer.clone()], vec![whole.clone()]),
        };
        assert!(!rows.is_empty(), "{path}");
        for (row, of) in rows.iter().zip(&of) {
            assert_eq!(names(row), wanted, "{path}");
            assert!(wanted.iter().all(|name| row[*name] == of[*name]), "{path}: {row}");
        }
        let refused = ask(&world, &format!("{path}?fields=tenant_secret")).await;
        assert_eq!(refused.status, 422, "{path}");
        assert_eq!(refused.json()["errors"][0]["field"], "fields", "{path}");
        assert!(refused.text.contains("tenant_secret"), "{}", refused.text);
    }
    // A page goes on with other fields: they do not choose its rows.
    let row = json!([{"external_id": "b-1", "name": "B"}, {"external_id": "b-2", "name": "C"}]);
    world.upsert("acme", "accounts", row).await;
    let first = ask(&world, "/v1/accounts?sort=name&limit=1&fields=name")
        .await
        .json();
    let next = first["next"].as_str().unwrap();
    let second = ask(&world, &format!("/v1/accounts?sort=name&limit=1&cursor={next}")).await;
    assert_eq!(second.status, 200, "{}", second.text);
    assert_ne!(second.json()["data"][0]["name"], first["data"][0]["name"]);
}

#[tokio::test]
async fn a_row_brings_its_accounts_card_when_it_is_asked_to() {
    let Some(world) = World::new("expand").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    world.seed(&world.borealis, OTHER_SECRET).await;
    let card = ask(&world, "/v1/accounts").await.json()["data"][0].clone();
    assert_eq!(card["id"], json!(seeded.account));
    let token = world.token("acme", "csm");
    let alone = json!({"title": "Of no account"});
    world
        .send("POST", "/v1/ctas", Some(&token), &[], Some(&alone))
        .await;
    for path in ["/v1/alerts", "/v1/opportunities", "/v1/ctas"] {
        let plain = ask(&world, path).await;
        assert!(!plain.text.contains("account_card"), "{path}");
        let rows = ask(&world, &format!("{path}?expand=account")).await.json();
        let rows = rows["data"].as_array().unwrap().clone();
        assert_eq!(
            rows.len(),
            plain.json()["data"].as_array().unwrap().len(),
            "{path}"
        );
        for row in &rows {
            if row["title"] == "Of no account" {
                assert!(row.get("account_card").is_none(), "{row}");
            } else {
                assert_eq!(row["account_card"], card, "{path}");
            }
        }
        let both = ask(&world, &format!("{path}?expand=account&fields=account_card")).await;
        assert_eq!(both.status, 200, "{}", both.text);
        let refused = ask(&world, &format!("{path}?expand=tenant")).await;
        assert_eq!(refused.json()["errors"][0]["field"], "expand", "{path}");
    }
    let account = ask(&world, &format!("/v1/accounts/{}?expand=alerts", seeded.account)).await;
    let account = account.json();
    let mut alerts = account["alerts"].as_array().unwrap().iter();
    assert!(
        alerts.any(|alert| alert["id"] == json!(seeded.alert)),
        "{account}"
    );
}

#[tokio::test]
async fn what_an_operation_does_not_know_is_refused_on_every_operation_and_an_empty_filter_too() {
    let Some(world) = World::new("parameters").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    for path in [
        "/v1/me".to_owned(),
        "/v1/rules".into(),
        "/v1/playbooks".into(),
        "/v1/playbooks/P01".into(),
        "/v1/profiles".into(),
        "/v1/settings".into(),
        "/v1/accounts".into(),
        format!("/v1/accounts/{}", seeded.account),
        format!("/v1/alerts/{}", seeded.alert),
        format!("/v1/ctas/{}", seeded.cta),
        format!("/v1/imports/{}", seeded.import),
    ] {
        let reply = ask(&world, &format!("{path}?tenant=borealis")).await;
        assert_eq!(reply.status, 422, "{path}: {}", reply.text);
        assert_eq!(reply.json()["errors"][0]["field"], "tenant", "{path}");
        assert!(reply.headers.contains_key("ratelimit-remaining"), "{path}");
        let strange = world
            .send("GET", &format!("{path}?tenant=borealis"), None, &[], None)
            .await;
        assert_eq!(strange.status, 401, "{path}");
    }
    let token = world.token("acme", "csm");
    let posted = json!({"title": "T"});
    let posted = world
        .send("POST", "/v1/ctas?dry_run=true", Some(&token), &[], Some(&posted))
        .await;
    assert_eq!(posted.json()["errors"][0]["field"], "dry_run");
    for path in [
        "/v1/accounts?filter[owner][eq]=",
        "/v1/alerts?filter[status][eq]=",
        "/v1/ctas?filter[account][eq]=",
    ] {
        let reply = ask(&world, path).await;
        assert_eq!(reply.status, 422, "{path}: {}", reply.text);
        assert_eq!(reply.json()["errors"][0]["code"], "empty", "{path}");
    }
}
