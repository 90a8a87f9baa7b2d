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
