//! How the API behaves over a real store: rows, keys, tags, pages, limits, the life of an alert.
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

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use copilot_aws::assessments::opportunity_item;
use copilot_aws::notifications::{self, Channel, Notification, Status};
use copilot_aws::table::Condition;
use copilot_aws::{Item, keys, testing};
use copilot_domain::event::EventType;
use copilot_domain::ids::{AccountId, EventId, OpportunityId};
use copilot_domain::opportunity::{Opportunity, OpportunityStage};
use serde_json::{Value, json};
use support::world::{SECRET, World, put_tenant};

#[tokio::test]
async fn each_row_has_its_own_result_and_a_bad_one_fails_alone() {
    let Some(world) = World::new("rows").await else {
        return;
    };
    let rows = json!([
        {"external_id": "a", "name": "A"},
        {"external_id": "", "name": "no id"},
        {"external_id": "b", "seats": "many"},
        {"external_id": "c", "contract_end": "30000-01-01"},
        {"external_id": "d", "colour": "red"},
        "no row",
        {"external_id": "a", "name": "A"},
    ]);
    let answer = world.upsert("acme", "accounts", rows).await;
    let statuses: Vec<&str> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        [
            "created",
            "error",
            "error",
            "error",
            "error",
            "error",
            "unchanged"
        ],
        "{answer}"
    );
    assert_eq!(
        (
            answer["created"].as_u64(),
            answer["errors"].as_u64(),
            answer["unchanged"].as_u64()
        ),
        (Some(1), Some(5), Some(1))
    );
    assert_eq!(answer["results"][2]["error"]["field"], "seats");
    assert!(answer["results"][0]["id"].as_str().unwrap().starts_with("acc_"));
    let again = world
        .upsert("acme", "accounts", json!([{"external_id": "a", "name": "A2"}]))
        .await;
    assert_eq!(again["results"][0]["status"], "updated");
    // What was logged can be found as a delivery of the source.
    let token = world.token("acme", "viewer");
    let deliveries = world
        .send("GET", "/v1/integrations/api/deliveries", Some(&token), &[], None)
        .await
        .json();
    assert_eq!(deliveries["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_row_before_its_account_is_parked_and_counts_when_the_account_comes() {
    let Some(world) = World::new("parked").await else {
        return;
    };
    let ticket = json!([{"external_id": "t", "account": "late", "opened_at": "2026-02-01T00:00:00Z"}]);
    let parked = world.upsert("acme", "tickets", ticket.clone()).await;
    assert_eq!(parked["results"][0]["status"], "error");
    assert_eq!(parked["results"][0]["error"]["code"], "unknown_account");
    assert_eq!(parked["results"][0]["parked"], true);
    let made = world
        .upsert(
            "acme",
            "accounts",
            json!([{"external_id": "late", "name": "Late"}]),
        )
        .await;
    let account = made["results"][0]["id"].as_str().unwrap();
    let token = world.token("acme", "viewer");
    let facts = world
        .send(
            "GET",
            &format!("/v1/accounts/{account}/facts?kind=tickets"),
            Some(&token),
            &[],
            None,
        )
        .await
        .json();
    assert_eq!(facts["data"][0]["external_id"], "t");
    let again = world.upsert("acme", "tickets", ticket).await;
    assert_eq!(again["results"][0]["status"], "unchanged");
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_refused_by_name() {
    let Some(world) = World::new("bodies").await else {
        return;
    };
    let token = world.token("acme", "admin");
    let many: Vec<Value> = (0..1_001)
        .map(|n| json!({"external_id": n.to_string()}))
        .collect();
    let put = |body: Value| {
        let (world, token) = (&world, &token);
        async move {
            world
                .send("PUT", "/v1/accounts:batch", Some(token), &[], Some(&body))
                .await
        }
    };
    for (body, status, code) in [
        (json!({"rows": many}), 422, "too_many_rows"),
        (json!({"rows": [], "tenant": "borealis"}), 422, "invalid_body"),
        (
            json!({"source": "No Slug", "rows": [{"external_id": "a"}]}),
            422,
            "malformed",
        ),
        (json!({"rows": []}), 422, "required"),
    ] {
        let reply = put(body).await;
        assert_eq!(reply.status, status, "{}", reply.text);
        assert_eq!(reply.json()["errors"][0]["code"], code, "{}", reply.text);
        assert_eq!(reply.json()["trace_id"], "local");
    }
    let large = put(json!({"rows": [{"external_id": "a", "name": "x".repeat(5 * 1024 * 1024)}]})).await;
    assert_eq!(
        (large.status, large.json()["code"].as_str()),
        (413, Some("body_too_large"))
    );
    let note = world
        .send(
            "POST",
            "/v1/ctas",
            Some(&token),
            &[],
            Some(&json!({"title": "x", "tenant": "borealis"})),
        )
        .await;
    assert_eq!(
        (note.status, note.json()["errors"][0]["field"].as_str()),
        (422, Some("tenant"))
    );
    let reply = world
        .send("GET", "/v1/accounts?tenant=borealis", Some(&token), &[], None)
        .await;
    assert_eq!(
        (reply.status, reply.json()["errors"][0]["field"].as_str()),
        (422, Some("tenant"))
    );
    let reply = world.send("GET", "/v1/nothing", Some(&token), &[], None).await;
    assert_eq!(
        (reply.status, reply.json()["code"].as_str()),
        (404, Some("not_found"))
    );
    let reply = world
        .send("DELETE", "/v1/accounts", Some(&token), &[], None)
        .await;
    assert_eq!(
        (reply.status, reply.json()["code"].as_str()),
        (405, Some("method_not_allowed"))
    );
    // A client may write the colon of a batch as %3A.
    let encoded = world
        .send(
            "PUT",
            "/v1/accounts%3Abatch",
            Some(&token),
            &[],
            Some(&json!({"rows": [{"external_id": "a"}]})),
        )
        .await;
    assert_eq!(encoded.status, 200, "{}", encoded.text);
    let document = world.send("GET", "/v1/openapi.json", None, &[], None).await;
    assert_eq!(
        (document.status, document.json()["openapi"].as_str()),
        (200, Some("3.1.0"))
    );
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_and_another_body_under_it_is_refused() {
    let Some(world) = World::new("idempotency").await else {
        return;
    };
    let token = world.token("acme", "csm");
    let key = [("idempotency-key", "k-1")];
    let body = json!({"title": "Call"});
    let first = world
        .send("POST", "/v1/ctas", Some(&token), &key, Some(&body))
        .await;
    assert_eq!(first.status, 201);
    let again = world
        .send("POST", "/v1/ctas", Some(&token), &key, Some(&body))
        .await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = world
        .send(
            "POST",
            "/v1/ctas",
            Some(&token),
            &key,
            Some(&json!({"title": "Write"})),
        )
        .await;
    assert_eq!(
        (other.status, other.json()["code"].as_str()),
        (422, Some("idempotency_key_reused"))
    );
    // Another person's key of the same name is another key.
    let lead = world.token("acme", "lead");
    let theirs = world
        .send(
            "POST",
            "/v1/ctas",
            Some(&lead),
            &key,
            Some(&json!({"title": "Write"})),
        )
        .await;
    assert_eq!(theirs.status, 201);
    let listed = world
        .send("GET", "/v1/ctas", Some(&token), &[], None)
        .await
        .json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    // A refused request leaves the key free.
    let key = [("idempotency-key", "k-2")];
    let wrong = world
        .send(
            "POST",
            "/v1/ctas",
            Some(&token),
            &key,
            Some(&json!({"title": ""})),
        )
        .await;
    assert_eq!(wrong.status, 422);
    let right = world
        .send(
            "POST",
            "/v1/ctas",
            Some(&token),
            &key,
            Some(&json!({"title": "Now"})),
        )
        .await;
    assert_eq!(right.status, 201);
    // A day later the key means nothing any more.
    world.ctx.clock.advance(std::time::Duration::from_hours(25));
    let token = world.token("acme", "csm");
    let late = world
        .send(
            "POST",
            "/v1/ctas",
            Some(&token),
            &[("idempotency-key", "k-1")],
            Some(&json!({"title": "Later"})),
        )
        .await;
    assert_eq!(late.status, 201, "{}", late.text);
}

#[tokio::test]
async fn six_hundred_requests_a_minute_and_a_batch_counts_its_rows() {
    let Some(world) = World::new("rate").await else {
        return;
    };
    let token = world.api_key("acme", &["read", "write"]).await;
    let rows: Vec<Value> = (0..1_000).map(|_| json!({"external_id": "same"})).collect();
    let batch = world
        .send(
            "PUT",
            "/v1/accounts:batch",
            Some(&token),
            &[],
            Some(&json!({"rows": rows})),
        )
        .await;
    assert_eq!(batch.status, 200);
    let next = world.send("GET", "/v1/me", Some(&token), &[], None).await;
    let remaining: u32 = next.headers["ratelimit-remaining"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        (next.headers["ratelimit-limit"].to_str().unwrap(), remaining),
        ("600", 600 - 10 - 1)
    );
    let mut last = next;
    for _ in 0..700 {
        last = world.send("GET", "/v1/playbooks", Some(&token), &[], None).await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!(
        (last.status, last.json()["code"].as_str()),
        (429, Some("rate_limited"))
    );
    let wait: u64 = last.headers["retry-after"].to_str().unwrap().parse().unwrap();
    world.ctx.clock.advance(std::time::Duration::from_secs(wait));
    assert_eq!(
        world.send("GET", "/v1/me", Some(&token), &[], None).await.status,
        200
    );
}

#[tokio::test]
async fn pages_hold_every_account_once_in_every_order() {
    let Some(world) = World::new("pages").await else {
        return;
    };
    let rows: Vec<Value> = (0..23)
        .map(|n| json!({"external_id": format!("p{n}"), "name": format!("Page {:02}", n % 7), "owner": if n % 2 == 0 { "csm@acme.example" } else { "x@acme.example" }}))
        .collect();
    world.upsert("acme", "accounts", json!(rows)).await;
    let token = world.token("acme", "csm");
    for sort in [
        "priority",
        "-priority",
        "name",
        "-name",
        "score",
        "-arr",
        "renewal",
    ] {
        let mut seen = std::collections::BTreeSet::new();
        let mut path = format!("/v1/accounts?limit=5&sort={sort}");
        let mut pages = 0;
        loop {
            let page = world.send("GET", &path, Some(&token), &[], None).await.json();
            for account in page["data"].as_array().unwrap() {
                assert!(
                    seen.insert(account["id"].as_str().unwrap().to_owned()),
                    "{sort}: twice"
                );
            }
            pages += 1;
            match page["next"].as_str() {
                Some(next) => path = format!("/v1/accounts?limit=5&sort={sort}&cursor={next}"),
                None => break,
            }
        }
        assert_eq!((seen.len(), pages), (23, 5), "{sort}");
    }
    let page = world
        .send("GET", "/v1/accounts?limit=5&sort=name", Some(&token), &[], None)
        .await
        .json();
    let cursor = page["next"].as_str().unwrap();
    let other = world
        .send(
            "GET",
            &format!("/v1/accounts?limit=5&sort=score&cursor={cursor}"),
            Some(&token),
            &[],
            None,
        )
        .await;
    assert_eq!(
        (other.status, other.json()["code"].as_str()),
        (422, Some("invalid_cursor"))
    );
    let stranger = world.token("borealis", "csm");
    let theirs = world
        .send(
            "GET",
            &format!("/v1/accounts?limit=5&sort=name&cursor={cursor}"),
            Some(&stranger),
            &[],
            None,
        )
        .await;
    assert_eq!(theirs.status, 422);
    let mine = world
        .send(
            "GET",
            "/v1/accounts?filter[owner][eq]=me&limit=500",
            Some(&token),
            &[],
            None,
        )
        .await
        .json();
    assert_eq!(
        (mine["data"].as_array().unwrap().len(), &mine["total"]),
        (12, &Value::Null)
    );
    let named = world
        .send(
            "GET",
            "/v1/accounts?filter[name][prefix]=PAGE%2003&sort=name",
            Some(&token),
            &[],
            None,
        )
        .await
        .json();
    assert_eq!(named["data"].as_array().unwrap().len(), 3);
    let all = world
        .send("GET", "/v1/accounts?limit=500", Some(&token), &[], None)
        .await
        .json();
    assert_eq!(all["total"], 23);
}

#[tokio::test]
async fn an_alert_is_taken_snoozed_rated_handed_on_and_dismissed() {
    let Some(world) = World::new("alert").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let path = format!("/v1/alerts/{}", seeded.alert);
    let csm = world.token("acme", "csm");
    let patch = async |token: &str, etag: Option<&str>, body: Value| {
        let headers: Vec<(&str, &str)> = etag.map(|tag| ("if-match", tag)).into_iter().collect();
        world
            .send("PATCH", &path, Some(token), &headers, Some(&body))
            .await
    };
    let none = patch(&csm, None, json!({"status": "acknowledged"})).await;
    assert_eq!(
        (none.status, none.json()["code"].as_str()),
        (428, Some("if_match_required"))
    );
    let taken = patch(&csm, Some(&seeded.alert_etag), json!({"status": "acknowledged"})).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(taken.json()["acknowledged_by"], "csm@acme.example");
    let stale = patch(&csm, Some(&seeded.alert_etag), json!({"status": "open"})).await;
    assert_eq!(
        (stale.status, stale.json()["code"].as_str()),
        (412, Some("etag_mismatch"))
    );
    let tag = |reply: &support::world::Reply| reply.headers["etag"].to_str().unwrap().to_owned();
    let past = patch(
        &csm,
        Some(&tag(&taken)),
        json!({"status": "snoozed", "snoozed_until": "2026-02-01T00:00:00Z"}),
    )
    .await;
    assert_eq!(
        (past.status, past.json()["errors"][0]["field"].as_str()),
        (422, Some("snoozed_until"))
    );
    let snoozed = patch(
        &csm,
        Some(&tag(&taken)),
        json!({"status": "snoozed", "snoozed_until": "2026-03-08T00:00:00Z"}),
    )
    .await;
    assert_eq!(
        (snoozed.status, snoozed.json()["status"].as_str()),
        (200, Some("snoozed"))
    );
    for (kind, rating) in [("accuracy", 5), ("relevance", 4), ("accuracy", 2)] {
        let rated = world
            .send(
                "POST",
                &format!("{path}/feedback"),
                Some(&csm),
                &[],
                Some(&json!({"kind": kind, "rating": rating})),
            )
            .await;
        assert_eq!(rated.status, 201, "{}", rated.text);
    }
    let shown = world.send("GET", &path, Some(&csm), &[], None).await;
    assert_eq!(
        shown.json()["feedback"].as_array().unwrap().len(),
        2,
        "the newest rating of a kind stays"
    );
    let rules = world.send("GET", "/v1/rules", Some(&csm), &[], None).await.json();
    let rule = rules["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == shown.json()["rule"])
        .unwrap()
        .clone();
    assert_eq!(
        (
            rule["precision"]["useful"].as_u64(),
            rule["precision"]["wrong"].as_u64()
        ),
        (Some(0), Some(1))
    );

    for nobody in ["Jo <jo@acme.example>", "jo@corp"] {
        let refused = patch(&csm, Some(&tag(&shown)), json!({"assignee": nobody})).await;
        assert_eq!(
            (refused.status, refused.json()["errors"][0]["field"].as_str()),
            (422, Some("assignee")),
            "messages could not be sent to {nobody}"
        );
    }
    let given = patch(
        &csm,
        Some(&tag(&shown)),
        json!({"assignee": "Other@acme.example"}),
    )
    .await;
    assert_eq!(
        (given.status, given.json()["assignee"].as_str()),
        (200, Some("other@acme.example"))
    );
    let taken_from = patch(
        &csm,
        Some(&tag(&given)),
        json!({"assignee": "third@acme.example"}),
    )
    .await;
    assert_eq!(
        taken_from.status, 403,
        "a CSM does not hand on somebody else's alert"
    );
    let lead = world.token("acme", "lead");
    let given = patch(&lead, Some(&tag(&given)), json!({"assignee": "csm@acme.example"})).await;
    assert_eq!(given.status, 200);
    let why = patch(&csm, Some(&tag(&given)), json!({"status": "dismissed"})).await;
    assert_eq!(
        (why.status, why.json()["errors"][0]["field"].as_str()),
        (422, Some("reason"))
    );
    let dismissed = patch(
        &csm,
        Some(&tag(&given)),
        json!({"status": "dismissed", "reason": "already_handled"}),
    )
    .await;
    assert_eq!(
        (dismissed.status, dismissed.json()["dismiss_reason"].as_str()),
        (200, Some("already_handled"))
    );
    // What was dismissed does not open again at the next scoring.
    let scored = world
        .send(
            "POST",
            &format!("/v1/accounts/{}/score", seeded.account),
            Some(&csm),
            &[],
            None,
        )
        .await;
    assert_eq!(scored.status, 200);
    let open = world
        .send("GET", "/v1/alerts", Some(&csm), &[], None)
        .await
        .json();
    assert!(
        open["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|a| a["rule"] != rule["id"]),
        "{open}"
    );
    let all = world
        .send(
            "GET",
            "/v1/alerts?filter[status][eq]=all&sort=-opened_at",
            Some(&csm),
            &[],
            None,
        )
        .await
        .json();
    assert!(
        all["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|a| a["id"] == seeded.alert.as_str())
    );
}

#[tokio::test]
async fn points_lost_sum_to_what_the_score_lacks_and_a_change_to_its_parts() {
    let Some(world) = World::new("explain").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let token = world.token("acme", "viewer");
    let view = world
        .send(
            "GET",
            &format!("/v1/accounts/{}", seeded.account),
            Some(&token),
            &[],
            None,
        )
        .await
        .json();
    let health = &view["assessment"]["health"];
    let milli = |value: &Value| (value.as_f64().unwrap_or(0.0) * 1_000.0).round() as i64;
    let lost: i64 = ["measures", "caps"]
        .iter()
        .flat_map(|part| health[*part].as_array().unwrap())
        .map(|m| milli(&m["points_lost"]))
        .sum();
    let score = if health["score"].is_null() {
        &health["raw_score"]
    } else {
        &health["score"]
    };
    assert_eq!(lost, 100_000 - milli(score), "{health}");
    assert_eq!(view["assessment"]["sum_check"], 0);
    assert!(!view["alerts"].as_array().unwrap().is_empty());
    assert_eq!(view["account"]["custom"]["tier"], SECRET);
    assert_eq!(view["account"]["identities"].as_array().unwrap().len(), 2);
    let explained = world
        .send(
            "GET",
            &format!("/v1/accounts/{}/explain", seeded.account),
            Some(&token),
            &[],
            None,
        )
        .await
        .json();
    if let Some(change) = explained["change"].as_f64() {
        let parts: i64 = explained["contributions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| milli(&c["points"]))
            .sum();
        assert_eq!(parts, (change * 1_000.0).round() as i64);
    }
    let timeline = world
        .send(
            "GET",
            &format!("/v1/accounts/{}/timeline?limit=2", seeded.account),
            Some(&token),
            &[],
            None,
        )
        .await
        .json();
    let mut ids: Vec<String> = Vec::new();
    let mut next = Some(timeline);
    while let Some(page) = next.take() {
        ids.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["id"].as_str().unwrap().to_owned()),
        );
        if let Some(cursor) = page["next"].as_str() {
            let path = format!("/v1/accounts/{}/timeline?limit=2&cursor={cursor}", seeded.account);
            next = Some(world.send("GET", &path, Some(&token), &[], None).await.json());
        }
    }
    let unique: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    assert!(ids.len() >= 4, "{ids:?}");
    let usage = world
        .send(
            "GET",
            &format!("/v1/accounts/{}/usage", seeded.account),
            Some(&token),
            &[],
            None,
        )
        .await
        .json();
    assert_eq!(
        (
            usage["data"][0]["events"].as_u64(),
            usage["data"][0]["users"].as_u64()
        ),
        (Some(2), Some(2))
    );
}

#[tokio::test]
async fn only_a_sandbox_looks_from_another_instant_and_keeps_nothing_unless_asked() {
    let Some(world) = World::new("sandbox").await else {
        return;
    };
    put_tenant(
        &world.ctx.table,
        &world.borealis,
        "Sandbox",
        Some("2026-02-20T00:00:00Z"),
    )
    .await;
    let acme = world.seed(&world.acme, SECRET).await;
    let sandbox = world
        .upsert("borealis", "accounts", json!([{"external_id": "s", "name": "S"}]))
        .await;
    let account = sandbox["results"][0]["id"].as_str().unwrap().to_owned();
    let (ours, theirs) = (world.token("acme", "csm"), world.token("borealis", "csm"));
    let me = world.send("GET", "/v1/me", Some(&theirs), &[], None).await.json();
    assert_eq!(
        (me["as_of"].as_str(), me["now"].as_str()),
        (Some("2026-02-20T00:00:00Z"), Some("2026-02-20T00:00:00Z"))
    );
    let refused = world
        .send(
            "POST",
            &format!("/v1/accounts/{}/score?as_of=2026-01-01", acme.account),
            Some(&ours),
            &[],
            None,
        )
        .await;
    assert_eq!(
        (refused.status, refused.json()["errors"][0]["field"].as_str()),
        (422, Some("as_of"))
    );
    let score = async |query: &str| {
        world
            .send(
                "POST",
                &format!("/v1/accounts/{account}/score{query}"),
                Some(&theirs),
                &[],
                None,
            )
            .await
    };
    let looked = score("?as_of=2026-01-15").await;
    assert_eq!(
        (looked.status, looked.json()["as_of"].as_str()),
        (200, Some("2026-01-15T00:00:00Z")),
        "{}",
        looked.text
    );
    let history = async || {
        let path = format!("/v1/accounts/{account}/history?from=2026-01-01&to=2026-02-28");
        world.send("GET", &path, Some(&theirs), &[], None).await.json()["data"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(history().await, 0);
    assert_eq!(score("?as_of=2026-01-15&store=true").await.status, 200);
    assert_eq!(history().await, 1);
}

#[tokio::test]
async fn an_import_is_announced_looked_at_mapped_and_ordered() {
    let Some(world) = World::new("import").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let token = world.token("acme", "csm");
    let path = format!("/v1/imports/{}", seeded.import);
    let shown = world.send("GET", &path, Some(&token), &[], None).await.json();
    assert_eq!(shown["status"], "uploaded");
    let preview = world
        .send("GET", &format!("{path}/preview"), Some(&token), &[], None)
        .await
        .json();
    assert_eq!(
        (
            preview["delimiter"].as_str(),
            preview["columns"][1]["suggested_field"].as_str()
        ),
        (Some(","), Some("name"))
    );
    let start = async |mapping: Value, dry_run: bool| {
        let body = json!({"mapping": mapping, "dry_run": dry_run});
        world
            .send("POST", &format!("{path}/start"), Some(&token), &[], Some(&body))
            .await
    };
    let wrong = start(json!({"colour": "name"}), true).await;
    assert_eq!(
        (wrong.status, wrong.json()["errors"][0]["field"].as_str()),
        (422, Some("mapping"))
    );
    let good = json!({"external_id": "external_id", "name": "name"});
    let ordered = start(good.clone(), false).await;
    assert_eq!(
        (ordered.status, ordered.json()["status"].as_str()),
        (202, Some("queued")),
        "{}",
        ordered.text
    );
    assert_eq!(start(good, false).await.status, 409);
    let empty = world
        .send(
            "POST",
            "/v1/imports",
            Some(&token),
            &[],
            Some(&json!({"kind": "events", "filename": "e.csv", "size_bytes": 5})),
        )
        .await
        .json();
    let early = world
        .send(
            "GET",
            &format!("/v1/imports/{}/preview", empty["id"].as_str().unwrap()),
            Some(&token),
            &[],
            None,
        )
        .await;
    assert_eq!(
        (early.status, early.json()["code"].as_str()),
        (409, Some("conflict"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_queued_and_is_sent_again_is_one_thing() {
    let Some(mut world) = World::new("queued").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let is_cut = Arc::new(AtomicBool::new(true));
    let mut ctx = world.ctx.clone();
    ctx.table = testing::cut(&ctx.table, &["OUTCOME#", "ACT#"], is_cut.clone());
    world.app = api::app(ctx);
    let token = world.token("acme", "csm");
    let outcome = json!({"account": "a-1", "kind": "churned", "at": "2026-02-20T10:00:00Z"});
    let note = json!({"text": "They leave."});
    let notes = format!("/v1/accounts/{}/notes", seeded.account);
    let post = async |path: &str, body: &Value, key: Option<&str>| {
        let headers: Vec<(&str, &str)> = key.map(|k| ("idempotency-key", k)).into_iter().collect();
        world.send("POST", path, Some(&token), &headers, Some(body)).await
    };
    for (path, body) in [("/v1/outcomes", &outcome), (notes.as_str(), &note)] {
        let busy = post(path, body, None).await;
        assert_eq!(
            (busy.status, busy.headers.contains_key("retry-after")),
            (503, true),
            "{}",
            busy.text
        );
    }
    is_cut.store(false, Ordering::Relaxed);
    // The first stands for what `ingest` applies from the queue, the second for the caller who tried again.
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let told = post("/v1/outcomes", &outcome, None).await;
        assert_eq!(told.status, 201, "{}", told.text);
        ids.insert(told.json()["external_id"].to_string());
        let kept = post(&notes, &note, None).await;
        assert_eq!(kept.status, 201, "{}", kept.text);
        ids.insert(kept.json()["id"].to_string());
    }
    assert_eq!(ids.len(), 2, "{ids:?}");
    // With keys of their own the same words are two notes.
    for key in ["k-1", "k-2"] {
        ids.insert(post(&notes, &note, Some(key)).await.json()["id"].to_string());
    }
    assert_eq!(ids.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_done_stays_done_when_it_cannot_be_noted() {
    let Some(mut world) = World::new("unnoted").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let mut ctx = world.ctx.clone();
    let is_cut = Arc::new(AtomicBool::new(true));
    ctx.table = testing::cut(&ctx.table, &["#AUD#", r#"{"S":"delivery"}"#], is_cut);
    world.app = api::app(ctx);
    let token = world.token("acme", "csm");
    let rows = json!({"rows": [{"external_id": "z", "name": "Z"}]});
    let batch = world
        .send("PUT", "/v1/accounts:batch", Some(&token), &[], Some(&rows))
        .await;
    assert_eq!(
        (batch.status, batch.json()["created"].as_u64()),
        (200, Some(1)),
        "{}",
        batch.text
    );
    let path = format!("/v1/accounts/{}/pulse", seeded.account);
    let pulse = json!({"pulse": 2, "reason": "silence"});
    let set = world.send("POST", &path, Some(&token), &[], Some(&pulse)).await;
    assert_eq!(set.status, 200, "{}", set.text);
}

#[tokio::test]
async fn a_dismissed_alert_leaves_the_portfolio_in_the_same_call() {
    let Some(world) = World::new("card").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let token = world.token("acme", "csm");
    let shown = async || {
        let path = format!("/v1/accounts/{}", seeded.account);
        let account = world.send("GET", &path, Some(&token), &[], None).await.json();
        let list = world
            .send("GET", "/v1/accounts", Some(&token), &[], None)
            .await
            .json();
        let row = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["id"] == seeded.account.as_str())
            .unwrap()
            .clone();
        for field in ["open_alerts", "top_alert", "priority"] {
            assert_eq!(row[field], account["account"][field], "{field}");
        }
        account
    };
    let before = shown().await;
    let open = before["account"]["open_alerts"].as_u64().unwrap();
    assert_eq!(open, before["alerts"].as_array().unwrap().len() as u64);
    let top = before["account"]["top_alert"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/alerts/{top}");
    let alert = world.send("GET", &path, Some(&token), &[], None).await;
    let etag = alert.headers["etag"].to_str().unwrap();
    let body = json!({"status": "dismissed", "reason": "known"});
    let gone = world
        .send("PATCH", &path, Some(&token), &[("if-match", etag)], Some(&body))
        .await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    let after = shown().await;
    assert_eq!(after["account"]["open_alerts"], open - 1);
    assert_ne!(after["account"]["top_alert"]["id"], top.as_str());
    let asks = |view: &Value| {
        let actions = view["next_actions"].as_array().unwrap().clone();
        actions.iter().any(|action| action["alert"] == top.as_str())
    };
    assert!(!asks(&after), "{}", after["next_actions"]);
    // Opened again, it leads again.
    let etag = gone.headers["etag"].to_str().unwrap();
    let body = json!({"status": "open"});
    let back = world
        .send("PATCH", &path, Some(&token), &[("if-match", etag)], Some(&body))
        .await;
    assert_eq!(back.status, 200, "{}", back.text);
    let again = shown().await;
    assert_eq!(again["account"]["top_alert"], before["account"]["top_alert"]);
    assert_eq!(again["account"]["priority"], before["account"]["priority"]);
}

#[tokio::test]
async fn opportunities_and_calls_to_action_come_page_by_page_and_by_id() {
    let Some(world) = World::new("work").await else {
        return;
    };
    let token = world.token("acme", "csm");
    for n in 0..5_u32 {
        let account = AccountId::derived(&["acme", &n.to_string()]);
        let opportunity = Opportunity {
            expected: None,
            episode: 1,
            closed_at: None,
            id: OpportunityId::derived(&["acme", &n.to_string()]),
            account,
            title: "More".to_owned(),
            signals: Vec::new(),
            score: f64::from(n),
            value: None,
            stage: OpportunityStage::Identified,
            playbook: None,
            opened_at: world.ctx.clock.now(),
            last_seen_at: world.ctx.clock.now(),
        };
        let item = opportunity_item(&world.acme, &opportunity, &json!({"id": account, "name": "N"}), 1);
        world.ctx.table.put(item, Condition::None).await.unwrap();
        if n % 2 == 0 {
            // The other ones are of before their ids were kept.
            let key = keys::opportunity_id(&world.acme, opportunity.id);
            let item = Item::new(&key, "opportunity-id").text("account", &account.to_string());
            world.ctx.table.put(item, Condition::None).await.unwrap();
        }
    }
    let walk = async |path: &str| {
        let mut ids: Vec<String> = Vec::new();
        let mut next = Some(String::new());
        while let Some(cursor) = next.take() {
            let page = world
                .send("GET", &format!("{path}{cursor}"), Some(&token), &[], None)
                .await
                .json();
            let rows = page["data"].as_array().unwrap();
            assert!(rows.len() <= 2, "{page}");
            ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            next = page["next"].as_str().map(|cursor| format!("&cursor={cursor}"));
        }
        ids
    };
    let ids = walk("/v1/opportunities?limit=2").await;
    assert_eq!(ids.len(), 5);
    for id in &ids {
        let path = format!("/v1/opportunities/{id}");
        let found = world.send("GET", &path, Some(&token), &[], None).await;
        assert_eq!(
            (found.status, found.json()["id"].as_str()),
            (200, Some(id.as_str()))
        );
    }
    let unknown = format!("/v1/opportunities/{}", OpportunityId::derived(&["none"]));
    assert_eq!(
        world.send("GET", &unknown, Some(&token), &[], None).await.status,
        404
    );

    for n in 0..6 {
        let owner = if n % 2 == 0 {
            "csm@acme.example"
        } else {
            "x@acme.example"
        };
        let body = json!({"title": format!("Call {n}"), "owner": owner, "due_on": "2026-03-05"});
        let made = world
            .send("POST", "/v1/ctas", Some(&token), &[], Some(&body))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let mine = walk("/v1/ctas?filter[owner][eq]=me&limit=2").await;
    assert_eq!(mine.len(), 3);
    let path = format!("/v1/ctas/{}", mine[0]);
    let cta = world.send("GET", &path, Some(&token), &[], None).await;
    let etag = cta.headers["etag"].to_str().unwrap();
    let done = world
        .send(
            "PATCH",
            &path,
            Some(&token),
            &[("if-match", etag)],
            Some(&json!({"status": "done"})),
        )
        .await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(walk("/v1/ctas?filter[owner][eq]=me&limit=2").await.len(), 2);
    assert_eq!(
        walk("/v1/ctas?filter[owner][eq]=me&filter[status][eq]=all&limit=2")
            .await
            .len(),
        3
    );
}

#[tokio::test]
async fn a_forged_place_of_a_cursor_is_a_problem_of_the_request() {
    let Some(world) = World::new("forged").await else {
        return;
    };
    let rows = json!([{"external_id": "a", "name": "A"}, {"external_id": "b", "name": "B"}]);
    world.upsert("acme", "accounts", rows).await;
    let token = world.token("acme", "csm");
    let get = async |path: &str| world.send("GET", path, Some(&token), &[], None).await;
    let page = get("/v1/accounts?limit=1&sort=name").await.json();
    let cursor = URL_SAFE_NO_PAD.decode(page["next"].as_str().unwrap()).unwrap();
    let mut cursor: Value = serde_json::from_slice(&cursor).unwrap();
    for place in [String::new(), "x".repeat(1_100)] {
        cursor["p"] = json!(place);
        let forged = URL_SAFE_NO_PAD.encode(cursor.to_string());
        let refused = get(&format!("/v1/accounts?limit=1&sort=name&cursor={forged}")).await;
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (422, Some("invalid_cursor")),
            "{}",
            refused.text
        );
    }
    for filter in ["owner][eq", "name][prefix"] {
        let long = get(&format!("/v1/accounts?filter[{filter}]={}", "x".repeat(2_000))).await;
        assert_eq!(long.status, 422, "{}", long.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_a_large_book_are_served_as_kept_and_made_anew_once() {
    let Some(world) = World::new("today").await else {
        return;
    };
    world
        .upsert("acme", "accounts", json!([{"external_id": "a", "name": "A"}]))
        .await;
    let token = world.token("acme", "csm");
    let key = keys::today(&world.acme, None);
    let now = world.ctx.clock.now().as_second();
    let bands = json!({"healthy": 5_000, "watch": 0, "at_risk": 0, "critical": 0, "insufficient_data": 0, "onboarding": 0});
    let kept = |age: i64| {
        json!({
            "accounts": 5_000, "arr": {}, "at_risk": {}, "renewing": {}, "renewals": 0, "bands": bands,
            "bands_before": bands, "hygiene": [], "computed_s": now - age, "day": "2026-03-01",
        })
    };
    let accounts = async || {
        let today = world
            .send("GET", "/v1/today?scope=all", Some(&token), &[], None)
            .await
            .json();
        assert_eq!(today["complete"], true, "{today}");
        today["accounts"].as_u64().unwrap()
    };
    let put = async |item: Item| world.ctx.table.put(item, Condition::None).await.unwrap();
    // New: as kept. Older, and somebody else is at it: as kept.
    put(Item::new(&key, "today").number("rev", 1).data(&kept(10))).await;
    assert_eq!(accounts().await, 5_000);
    put(Item::new(&key, "today")
        .number("rev", 1)
        .number("lease_s", now + 30)
        .data(&kept(600)))
    .await;
    assert_eq!(accounts().await, 5_000);
    // Older, and nobody is at it: as kept, and made anew behind the answer.
    put(Item::new(&key, "today").number("rev", 1).data(&kept(600))).await;
    assert_eq!(accounts().await, 5_000);
    let mut renewed = 0;
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let item = world.ctx.table.get(&key).await.unwrap().unwrap();
        renewed = item.document::<Value>().unwrap()["accounts"].as_u64().unwrap();
        if renewed == 1 {
            break;
        }
    }
    assert_eq!(renewed, 1);
    // Much too old: waited for.
    put(Item::new(&key, "today").number("rev", 1).data(&kept(7_200))).await;
    assert_eq!(accounts().await, 1);
}

#[tokio::test]
async fn a_tenant_names_its_competitors_and_a_ticket_that_names_one_counts() {
    let Some(world) = World::new("competitors").await else {
        return;
    };
    let admin = world.token("acme", "admin");
    let settings = world.send("GET", "/v1/settings", Some(&admin), &[], None).await;
    assert_eq!(settings.json()["competitors"], json!([]));
    let etag = settings.headers["etag"].to_str().unwrap();
    let patch = json!({"competitors": ["Rival"]});
    let set = world
        .send(
            "PATCH",
            "/v1/settings",
            Some(&admin),
            &[("if-match", etag)],
            Some(&patch),
        )
        .await;
    assert_eq!(
        (set.status, &set.json()["competitors"]),
        (200, &json!(["Rival"])),
        "{}",
        set.text
    );
    let made = world
        .upsert("acme", "accounts", json!([{"external_id": "a", "name": "A"}]))
        .await;
    let ticket = json!([{"external_id": "t", "account": "a", "title": "rival is cheaper", "opened_at": "2026-02-25T08:00:00Z"}]);
    world.upsert("acme", "tickets", ticket).await;
    let path = format!(
        "/v1/accounts/{}/score",
        made["results"][0]["id"].as_str().unwrap()
    );
    let scored = world.send("POST", &path, Some(&admin), &[], None).await.json();
    assert_eq!(
        scored["features"]["competitor_mentions_30d"], 1.0,
        "{}",
        scored["features"]
    );
    // What is missing is not kept, and named all the same.
    let path = path.trim_end_matches("/score");
    let kept = world.send("GET", path, Some(&admin), &[], None).await.json();
    assert_eq!(kept["assessment"]["features"], scored["features"]);
    assert_eq!(scored["features"]["mrr"], Value::Null);
}

#[tokio::test]
async fn messages_come_page_by_page() {
    let Some(world) = World::new("messages").await else {
        return;
    };
    for n in 0..3 {
        let at = world.ctx.clock.now();
        let note = Notification {
            event: EventId::derived(&["message", &n.to_string()]),
            event_type: EventType::AlertOpened,
            channel: Channel::Email,
            recipient: "csm@acme.example".to_owned(),
            status: Status::Pending,
            reason: None,
            attempts: 0,
            at,
            updated_at: at,
            gave_up: false,
            lease_until: None,
            digest: None,
            alert: None,
        };
        notifications::claim(&world.ctx.table, &world.acme, note, at)
            .await
            .unwrap();
    }
    let token = world.token("acme", "viewer");
    let get = async |path: &str| world.send("GET", path, Some(&token), &[], None).await.json();
    let first = get("/v1/notifications?limit=2").await;
    let cursor = first["next"].as_str().unwrap();
    let second = get(&format!("/v1/notifications?limit=2&cursor={cursor}")).await;
    let rows = |page: &Value| page["data"].as_array().unwrap().clone();
    assert_eq!(
        (rows(&first).len(), rows(&second).len(), &second["next"]),
        (2, 1, &Value::Null)
    );
    assert!(
        rows(&first)
            .iter()
            .all(|row| row["event"] != rows(&second)[0]["event"])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_without_a_filter_reads_no_more_than_it_holds() {
    let Some(mut world) = World::new("small").await else {
        return;
    };
    let rows: Vec<Value> = (0..3).map(|n| json!({"external_id": n.to_string()})).collect();
    world.upsert("acme", "accounts", json!(rows)).await;
    // A question for 250 items or so does not get through.
    let mut ctx = world.ctx.clone();
    ctx.table = testing::cut(&ctx.table, &[r#""Limit":25"#], Arc::new(AtomicBool::new(true)));
    world.app = api::app(ctx);
    let token = world.token("acme", "csm");
    let page = world
        .send("GET", "/v1/accounts?limit=1&sort=name", Some(&token), &[], None)
        .await;
    assert_eq!(page.status, 200, "{}", page.text);
    let cursor = page.json()["next"].as_str().unwrap().to_owned();
    let path = format!("/v1/accounts?limit=1&sort=name&cursor={cursor}");
    let next = world.send("GET", &path, Some(&token), &[], None).await;
    assert_eq!(next.status, 200, "{}", next.text);
    assert_ne!(page.json()["data"][0]["id"], next.json()["data"][0]["id"]);
}
