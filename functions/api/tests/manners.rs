//! What an attack on the API found, and how it answers now: rows that say what they did, fields that can be cleared,
//! texts that hold no control characters.
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

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use support::world::{Reply, SECRET, World};
use tower::ServiceExt as _;

fn said(answer: &Value, field: &str) -> Vec<String> {
    let rows = answer["results"].as_array().unwrap().iter();
    rows.map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn of_two_rows_of_one_record_the_later_wins_and_each_says_what_it_did() {
    let Some(world) = World::new("twice in a batch").await else {
        return;
    };
    // Whatever their hashes: each name comes after each other once.
    for (first, second) in [("One", "Two"), ("Two", "One"), ("Ärzte", "Zoo"), ("Zoo", "Ärzte")] {
        let id = format!("{first}-{second}");
        let row = |name: &str| json!({"external_id": id, "name": name});
        let rows = json!([row(first), row(second), row(second)]);
        let answer = world.upsert("acme", "accounts", rows).await;
        assert_eq!(said(&answer, "status"), ["created", "updated", "unchanged"]);
        assert_eq!((&answer["created"], &answer["updated"]), (&json!(1), &json!(1)));
        let account = answer["results"][0]["id"].as_str().unwrap();
        let token = world.token("acme", "viewer");
        let path = format!("/v1/accounts/{account}/facts?kind=accounts");
        let facts = world.send("GET", &path, Some(&token), &[], None).await.json();
        assert_eq!(facts["data"][0]["row"]["name"], second, "{facts}");
        world.ctx.clock.advance(std::time::Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_row_with_a_number_that_is_none_is_still_called_by_its_id() {
    let Some(world) = World::new("no number").await else {
        return;
    };
    let token = world.token("acme", "admin");
    for number in ["1e400", "NaN", "-Infinity"] {
        let text = format!(
            r#"{{"rows":[{{"external_id":"x-1","seats":{number}}},{{"external_id":" x-2 ","name":"X"}}]}}"#
        );
        let request = Request::put("/v1/accounts:batch")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(text))
            .unwrap();
        let answer = world.app.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .unwrap();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            (
                &answer["results"][0]["external_id"],
                &answer["results"][0]["error"]["code"]
            ),
            (&json!("x-1"), &json!("not_finite")),
            "{number}: {answer}"
        );
        assert_ne!(answer["results"][1]["status"], "error", "{answer}");
    }
    // The spaces around the id are gone: it is the same account.
    let same = json!([{"external_id": "x-2", "name": "X"}]);
    let same = world.upsert("acme", "accounts", same).await;
    assert_eq!(said(&same, "status"), ["unchanged"]);
}

async fn patch(world: &World, path: &str, tag: &str, body: Value) -> Reply {
    let token = world.token("acme", "csm");
    world
        .send("PATCH", path, Some(&token), &[("if-match", tag)], Some(&body))
        .await
}

#[tokio::test]
async fn null_clears_what_a_task_can_be_without_and_its_owner_is_an_address() {
    let Some(world) = World::new("task patch").await else {
        return;
    };
    let token = world.token("acme", "csm");
    let task = json!({"title": "Call", "owner": " Jo@Acme.Example ", "due_on": "2026-03-05", "note": "a\nb"});
    let post = async |body: Value| {
        world
            .send("POST", "/v1/ctas", Some(&token), &[], Some(&body))
            .await
    };
    let made = post(task).await.json();
    assert_eq!(
        (&made["owner"], &made["note"]),
        (&json!("jo@acme.example"), &json!("a\nb"))
    );
    let path = format!("/v1/ctas/{}", made["id"].as_str().unwrap());
    let kept = patch(&world, &path, "\"v1\"", json!({"title": "Call again"}))
        .await
        .json();
    assert_eq!(
        (&kept["owner"], &kept["due_on"], &kept["note"]),
        (&made["owner"], &made["due_on"], &made["note"])
    );
    let nothing = json!({"owner": null, "due_on": null, "note": null});
    let cleared = patch(&world, &path, "\"v9\", \"v2\"", nothing).await.json();
    for field in ["owner", "due_on", "note"] {
        assert_eq!(cleared[field], Value::Null, "{field}: {cleared}");
    }
    let mine = "/v1/ctas?filter[owner][eq]=jo@acme.example";
    let mine = world.send("GET", mine, Some(&token), &[], None).await.json();
    assert_eq!(mine["data"], json!([]), "nobody's task is in nobody's list");
    assert_eq!(
        patch(&world, &path, "*", json!({"owner": "csm@acme.example"}))
            .await
            .status,
        200
    );

    for (body, field) in [
        (json!({"title": "T", "owner": "nobody"}), "owner"),
        (json!({"title": "T", "owner": "Jo <jo@acme.example>"}), "owner"),
        (json!({"title": "a\u{0}b"}), "title"),
        (json!({"title": "two\nlines"}), "title"),
        (json!({"title": "T", "note": "bell \u{7}"}), "note"),
        (json!({"title": 5}), "title"),
    ] {
        let refused = post(body.clone()).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.text);
        assert_eq!(refused.json()["errors"][0]["field"], field, "{body}");
    }
    for owner in [json!("nobody"), json!(""), json!(7)] {
        let refused = patch(&world, &path, "*", json!({"owner": owner})).await;
        assert_eq!(refused.json()["errors"][0]["field"], "owner", "{}", refused.text);
    }
}

#[tokio::test]
async fn comments_reasons_and_notes_hold_no_control_characters() {
    let Some(world) = World::new("control").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let token = world.token("acme", "csm");
    let bad = "esc \u{1b}[2J";
    for (path, body, field) in [
        (
            format!("/v1/alerts/{}/feedback", seeded.alert),
            json!({"kind": "relevance", "rating": 4, "comment": bad}),
            "comment",
        ),
        (
            format!("/v1/accounts/{}/notes", seeded.account),
            json!({"text": bad}),
            "text",
        ),
        (
            format!("/v1/accounts/{}/pulse", seeded.account),
            json!({"pulse": 3, "reason": bad}),
            "reason",
        ),
        (
            format!("/v1/alerts/{}/feedback", seeded.alert),
            json!({"kind": "relevance", "rating": 6}),
            "rating",
        ),
    ] {
        let refused = world.send("POST", &path, Some(&token), &[], Some(&body)).await;
        assert_eq!(refused.status, 422, "{path}: {}", refused.text);
        let problem = refused.json();
        assert_eq!(problem["errors"][0]["field"], field, "{path}");
        for type_name in ["u8", "struct", "i64", "u64"] {
            assert!(!refused.text.contains(type_name), "{}", refused.text);
        }
        let mut good = body.clone();
        good[field] = if field == "rating" {
            json!(5)
        } else {
            json!("line\n\tline")
        };
        let taken = world.send("POST", &path, Some(&token), &[], Some(&good)).await;
        assert!((200..300).contains(&taken.status), "{path}: {}", taken.text);
    }
    let alert = format!("/v1/alerts/{}", seeded.alert);
    let resolved = json!({"status": "resolved", "reason": "two\nlines"});
    let refused = patch(&world, &alert, "*", resolved).await;
    assert_eq!(refused.json()["errors"][0]["field"], "reason", "{}", refused.text);
}
