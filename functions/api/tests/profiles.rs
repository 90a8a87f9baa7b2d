//! A tenant's own health profiles, from the draft to the score and back; overrides of scores.
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

use copilot_aws::table::Condition;
use serde_json::{Value, json};
use support::world::{Reply, SECRET, World};

async fn ask(world: &World, role: &str, method: &str, path: &str, tag: &str, body: Option<Value>) -> Reply {
    let token = world.token("acme", role);
    let headers: Vec<(&str, &str)> = if tag.is_empty() {
        Vec::new()
    } else {
        vec![("if-match", tag)]
    };
    world
        .send(method, path, Some(&token), &headers, body.as_ref())
        .await
}

async fn read(world: &World, path: &str) -> Value {
    let reply = ask(world, "csm", "GET", path, "", None).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.json()
}

async fn done(world: &World, method: &str, path: &str, tag: &str, body: Option<Value>) -> Value {
    let reply = ask(world, "admin", method, path, tag, body).await;
    assert!(
        reply.status < 300,
        "{method} {path}: {} {}",
        reply.status,
        reply.text
    );
    reply.json()
}

async fn score(world: &World, account: &str) -> Value {
    done(world, "POST", &format!("/v1/accounts/{account}/score"), "", None).await
}

const DRAFT: &str = "/v1/profiles/draft";

#[tokio::test]
async fn a_draft_is_published_scored_by_and_rolled_back() {
    let Some(world) = World::new("profiles of a tenant").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let shipped = score(&world, &seeded.account).await;
    assert_eq!(shipped["profile"]["version"], 1);

    let draft = read(&world, DRAFT).await;
    assert_eq!(
        (&draft["saved"], &draft["live"], &draft["changes"], &draft["etag"]),
        (&json!(false), &json!(1), &json!([]), &json!("\"v0\""))
    );
    let mut set = draft["set"].clone();
    // One profile for all, of two measures, and a cap of the tenant's own.
    set["profiles"] = json!([{
        "id": "ours", "name": "Ours", "when": [{}], "why": "every account",
        "measures": [{"id": "S1", "weight": 3}, {"id": "P1", "weight": 1}],
    }]);
    set["caps"] = json!([{
        "id": "late", "limit": 20, "all": [{"feature": "oldest_overdue_days", "gt": 10}],
        "reason": "an invoice is {oldest_overdue_days|n:day} late",
    }]);
    set["scorecards"] = json!([{"id": "money", "name": "Money", "measures": [{"id": "P1", "weight": 1}]}]);
    for role in ["csm", "lead"] {
        let refused = ask(&world, role, "PUT", DRAFT, "\"v0\"", Some(set.clone())).await;
        assert_eq!(refused.status, 403, "{role}");
    }
    assert_eq!(
        ask(&world, "admin", "PUT", DRAFT, "", Some(set.clone()))
            .await
            .status,
        428
    );
    let saved = done(&world, "PUT", DRAFT, "\"v0\"", Some(set.clone())).await;
    assert_eq!((&saved["saved"], &saved["base"]), (&json!(true), &json!(1)));
    assert_eq!(
        ask(&world, "admin", "PUT", DRAFT, "\"v0\"", Some(set))
            .await
            .status,
        412
    );
    // A draft moves no score.
    assert_eq!(score(&world, &seeded.account).await["profile"]["version"], 1);

    let preview = done(&world, "POST", "/v1/profiles/draft/preview", "", None).await;
    assert_eq!(
        (&preview["accounts"], &preview["sampled"], &preview["basis"]),
        (&json!(1), &json!(1), &json!("every account was assessed"))
    );
    assert_eq!(preview["after"]["critical"], 1);
    assert_ne!(preview["before"], preview["after"]);
    let moved = &preview["moved"][0];
    assert_eq!(
        (&moved["id"], &moved["after"]["band"], &moved["after"]["profile"]),
        (&json!(seeded.account), &json!("critical"), &json!("ours"))
    );

    let note = json!({"note": "Fewer measures"});
    let publish = "/v1/profiles/draft/publish";
    let published = done(&world, "POST", publish, "\"v1\"", Some(note)).await;
    assert_eq!(
        (&published["version"], &published["live"], &published["note"]),
        (&json!(2), &json!(true), &json!("Fewer measures"))
    );
    assert_eq!(published["scores_asked"], 1, "its one account: {published}");
    let again = ask(&world, "admin", "POST", publish, "\"v2\"", Some(json!({}))).await;
    assert_eq!(again.status, 409, "the draft is gone: {}", again.text);

    let scored = score(&world, &seeded.account).await;
    assert_eq!(
        (
            &scored["profile"]["id"],
            &scored["profile"]["version"],
            &scored["sum_check"]
        ),
        (&json!("ours"), &json!(2), &json!(0))
    );
    assert_eq!(scored["health"]["caps"][0]["id"], "late");
    assert!(scored["health"]["score"].as_f64().unwrap() <= 20.0);
    let weights: f64 = scored["health"]["measures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["base_weight"].as_f64().unwrap())
        .sum();
    assert!((weights - 100.0).abs() < 1e-9, "weights come to 100: {weights}");
    let money = &scored["scorecards"][0];
    assert_eq!(
        (&money["id"], &money["score"], &money["version"]),
        (&json!("money"), &json!(0), &json!(2))
    );
    let history = read(&world, &format!("/v1/accounts/{}/history", seeded.account)).await;
    let today = history["data"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&today["profile"], &today["profile_version"]),
        (&json!("ours"), &json!(2))
    );
    assert_eq!(read(&world, "/v1/profiles").await["data"][0]["id"], "ours");

    let detail = read(&world, "/v1/profiles/versions/2").await;
    assert_eq!(detail["against"], 1);
    assert!(
        detail["diff"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["path"] == "caps.late.limit" && c["after"] == 20),
        "{detail}"
    );
    let back = "/v1/profiles/versions/1/restore";
    assert_eq!(
        ask(&world, "lead", "POST", back, "\"v2\"", None).await.status,
        403
    );
    assert_eq!(
        ask(&world, "admin", "POST", back, "\"v1\"", None).await.status,
        412
    );
    let restored = done(&world, "POST", back, "\"v2\"", None).await;
    assert_eq!(
        (&restored["version"], &restored["restored_from"]),
        (&json!(3), &json!(1))
    );
    let scored = score(&world, &seeded.account).await;
    assert_eq!(
        (
            &scored["profile"]["id"],
            &scored["profile"]["version"],
            &scored["health"]["computed_score"]
        ),
        (
            &shipped["profile"]["id"],
            &json!(3),
            &shipped["health"]["computed_score"]
        )
    );
    let versions = read(&world, "/v1/profiles/versions").await;
    let listed: Vec<i64> = versions["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["version"].as_i64().unwrap())
        .collect();
    assert_eq!((listed, &versions["live"]), (vec![3, 2, 1], &json!(3)));
    let equal = read(&world, "/v1/profiles/versions/3?against=1").await;
    assert_eq!(equal["diff"], json!([]));

    let audit = done(&world, "GET", "/v1/audit", "", None).await.to_string();
    for action in ["profiles.draft", "profiles.publish", "profiles.restore"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_draft_is_named_field_by_field() {
    let Some(world) = World::new("faults of a draft").await else {
        return;
    };
    let mut set = read(&world, DRAFT).await["set"].clone();
    set["profiles"][0]["measures"][0]["weight"] = json!(1_001);
    set["profiles"][1]["measures"][0]["id"] = json!("U99");
    set["caps"][0]["limit"] = json!(101);
    let refused = ask(&world, "admin", "PUT", DRAFT, "\"v0\"", Some(set)).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let named: Vec<String> = refused.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["field"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        named,
        [
            "profiles[0].measures[0].weight",
            "profiles[1].measures[0].id",
            "caps[0].limit"
        ]
    );
    let unknown = json!({"profiles": [], "caps": [], "rules": []});
    let refused = ask(&world, "admin", "PUT", DRAFT, "\"v0\"", Some(unknown)).await;
    assert_eq!(refused.json()["errors"][0]["field"], "rules");
    let nothing = ask(&world, "admin", "POST", "/v1/profiles/draft/preview", "", None).await;
    assert_eq!(nothing.status, 409, "{}", nothing.text);
}

#[tokio::test]
async fn a_draft_made_from_an_older_version_is_not_published_over_a_newer_one() {
    let Some(world) = World::new("two drafts").await else {
        return;
    };
    let publish = "/v1/profiles/draft/publish";
    let mut set = read(&world, DRAFT).await["set"].clone();
    set["caps"][0]["limit"] = json!(30);
    done(&world, "PUT", DRAFT, "\"v0\"", Some(set.clone())).await;
    done(&world, "POST", publish, "\"v1\"", Some(json!({}))).await;
    set["caps"][0]["limit"] = json!(35);
    done(&world, "PUT", DRAFT, "\"v2\"", Some(set)).await;
    done(&world, "POST", "/v1/profiles/versions/1/restore", "\"v2\"", None).await;
    let refused = ask(&world, "admin", "POST", publish, "\"v3\"", Some(json!({}))).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let gone = ask(&world, "admin", "DELETE", DRAFT, "\"v3\"", None).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    let draft = read(&world, DRAFT).await;
    assert_eq!((&draft["saved"], &draft["base"]), (&json!(false), &json!(3)));
}

#[tokio::test]
async fn an_override_sets_the_score_outlives_scorings_and_ends_on_its_day() {
    let Some(world) = World::new("override").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let path = format!("/v1/accounts/{}/override", seeded.account);
    let computed = score(&world, &seeded.account).await["health"].clone();
    let reader = ask(
        &world,
        "viewer",
        "PUT",
        &path,
        "",
        Some(json!({"score": 80, "reason": "x"})),
    )
    .await;
    assert_eq!(reader.status, 403);
    for (body, field) in [
        (json!({"score": 101, "reason": "x"}), "score"),
        (json!({"score": 80, "reason": " "}), "reason"),
        (
            json!({"score": 80, "reason": "x", "until": "2026-05-31"}),
            "until",
        ),
        (json!({"score": 80, "reason": "x", "band": "healthy"}), "band"),
    ] {
        let refused = ask(&world, "csm", "PUT", &path, "", Some(body)).await;
        assert_eq!(
            (
                refused.status,
                refused.json()["errors"][0]["field"].as_str().unwrap()
            ),
            (422, field)
        );
    }
    let given = json!({"score": 80, "reason": "The renewal is signed", "until": "2026-03-03"});
    let health = ask(&world, "csm", "PUT", &path, "", Some(given)).await;
    assert_eq!(health.status, 200, "{}", health.text);
    let health = health.json();
    assert_eq!(
        (&health["score"], &health["band"]),
        (&json!(80), &json!("healthy"))
    );
    assert_eq!(health["computed_score"], computed["computed_score"]);
    assert_eq!(
        (&health["override"]["author"], &health["override"]["until"]),
        (&json!("csm@acme.example"), &json!("2026-03-03"))
    );
    let lost = |list: &Value| -> f64 {
        list.as_array()
            .unwrap()
            .iter()
            .map(|m| m["points_lost"].as_f64().unwrap())
            .sum()
    };
    let all = lost(&health["measures"])
        + lost(&health["caps"])
        + health["override"]["points_lost"].as_f64().unwrap();
    assert!((100.0 - 80.0 - all).abs() < 1e-9, "the points sum: {all}");

    let card = read(&world, &format!("/v1/accounts/{}?fields=account", seeded.account)).await;
    assert_eq!(card["account"]["override_until"], "2026-03-03");
    assert_eq!(card["account"]["computed_score"], computed["score"]);
    let account = seeded.account.parse().unwrap();
    let on = async |at: &str| {
        let clock = at.parse().unwrap();
        world
            .ctx
            .scorer
            .score(&world.acme, account, clock)
            .await
            .unwrap()
            .assessment
    };
    // New facts and new days do not wipe it; its last day is over at midnight in Berlin.
    world
        .upsert(
            "acme",
            "tickets",
            json!([{"external_id": "t-9", "account": "a-1", "title": "x",
            "opened_at": "2026-02-28T08:00:00Z", "priority": "urgent"}]),
        )
        .await;
    let kept = on("2026-03-03T22:30:00Z").await;
    assert_eq!(
        (kept.health.score.unwrap().milli(), kept.sum_check.milli()),
        (80_000, 0)
    );
    let over = on("2026-03-03T23:30:00Z").await;
    assert!(over.health.overridden.is_none() && over.health.score == over.health.computed_score);
    assert_ne!(over.health.band.as_str(), "healthy", "the band follows at once");
    // Looked back on, it stands as it stood.
    let (then, _) = world
        .ctx
        .scorer
        .look(
            &world.acme,
            account,
            "2026-03-02T12:00:00Z".parse().unwrap(),
            "2026-03-05T00:00:00Z".parse().unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(then.assessment.health.score.unwrap().milli(), 80_000);
    let (before, _) = world
        .ctx
        .scorer
        .look(
            &world.acme,
            account,
            "2026-02-28T12:00:00Z".parse().unwrap(),
            "2026-03-05T00:00:00Z".parse().unwrap(),
        )
        .await
        .unwrap();
    assert!(before.assessment.health.overridden.is_none());
}

#[tokio::test]
async fn an_override_that_is_taken_back_leaves_the_computed_score_and_its_traces() {
    let Some(world) = World::new("override taken back").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let path = format!("/v1/accounts/{}/override", seeded.account);
    assert_eq!(ask(&world, "csm", "DELETE", &path, "", None).await.status, 404);
    let given = json!({"score": 12.5, "reason": "They are leaving"});
    let set = ask(&world, "csm", "PUT", &path, "", Some(given)).await.json();
    assert_eq!(
        (&set["band"], &set["override"]["until"]),
        (&json!("critical"), &json!("2026-03-15"))
    );
    assert_eq!(ask(&world, "csm", "DELETE", &path, "", None).await.status, 204);
    let now = read(&world, &format!("/v1/accounts/{}/health", seeded.account)).await;
    assert_eq!(
        (&now["override"], &now["score"]),
        (&Value::Null, &now["computed_score"])
    );
    let line = format!("/v1/accounts/{}/timeline?kind=override", seeded.account);
    let titles: Vec<String> = read(&world, &line).await["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["title"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        titles.contains(&"Score set to 12.5 until 2026-03-15".to_owned()),
        "{titles:?}"
    );
    assert!(titles.contains(&"Override taken back".to_owned()), "{titles:?}");
    let audit = done(&world, "GET", "/v1/audit", "", None).await.to_string();
    assert!(audit.contains("account.override") && audit.contains("account.override_removed"));
}

#[tokio::test]
async fn a_low_pulse_needs_a_reason_and_a_good_one_does_not() {
    let Some(world) = World::new("pulse").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let path = format!("/v1/accounts/{}/pulse", seeded.account);
    for body in [json!({"pulse": 2}), json!({"pulse": 1, "reason": " "})] {
        let refused = ask(&world, "csm", "POST", &path, "", Some(body)).await;
        assert_eq!(
            (
                refused.status,
                refused.json()["errors"][0]["field"].as_str().unwrap()
            ),
            (422, "reason")
        );
    }
    let good = ask(&world, "csm", "POST", &path, "", Some(json!({"pulse": 3}))).await;
    assert_eq!(
        (good.status, &good.json()["reason"]),
        (200, &Value::Null),
        "{}",
        good.text
    );
    let low = json!({"pulse": 2, "reason": "No answer for weeks"});
    assert_eq!(ask(&world, "csm", "POST", &path, "", Some(low)).await.status, 200);
}

#[tokio::test]
async fn a_parent_rolls_its_children_up_as_its_profile_says() {
    let Some(world) = World::new("rollup").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let rows: Vec<Value> = [("b-1", 300), ("b-2", 100)]
        .iter()
        .map(|(id, mrr)| {
            json!({"external_id": id, "name": id, "parent": "a-1", "mrr_minor": mrr, "currency": "EUR",
            "contract_start": "2024-01-01"})
        })
        .collect();
    let made = world.upsert("acme", "accounts", json!(rows)).await;
    for (at, set) in [80, 40].iter().enumerate() {
        let child = made["results"][at]["id"].as_str().unwrap();
        let path = format!("/v1/accounts/{child}/override");
        done(
            &world,
            "PUT",
            &path,
            "",
            Some(json!({"score": set, "reason": "x"})),
        )
        .await;
    }
    let path = format!("/v1/accounts/{}/rollup", seeded.account);
    let found = read(&world, &path).await;
    assert_eq!(
        (
            &found["mode"],
            found["score"].as_f64(),
            &found["band"],
            &found["counted"]
        ),
        (&json!("average"), Some(60.0), &json!("watch"), &json!(2)),
        "{found}"
    );
    assert_eq!(
        (&found["children"][0]["name"], &found["complete"]),
        (&json!("b-2"), &json!(true))
    );

    let mut set = read(&world, DRAFT).await["set"].clone();
    for profile in set["profiles"].as_array_mut().unwrap() {
        profile["rollup"] = json!("arr_weighted");
    }
    done(&world, "PUT", DRAFT, "\"v0\"", Some(set)).await;
    done(
        &world,
        "POST",
        "/v1/profiles/draft/publish",
        "\"v1\"",
        Some(json!({})),
    )
    .await;
    let found = read(&world, &path).await;
    assert_eq!(
        (&found["mode"], found["score"].as_f64()),
        (&json!("arr_weighted"), Some(70.0)),
        "{found}"
    );

    // A child that goes to another parent leaves this one.
    world
        .upsert(
            "acme",
            "accounts",
            json!([{"external_id": "b-2", "parent": "b-1"}]),
        )
        .await;
    score(&world, made["results"][1]["id"].as_str().unwrap()).await;
    let found = read(&world, &path).await;
    assert_eq!(
        (&found["counted"], found["score"].as_f64()),
        (&json!(1), Some(80.0)),
        "{found}"
    );
}

#[tokio::test]
async fn how_still_a_score_stands_is_told_of_an_account_and_of_the_tenant() {
    let Some(world) = World::new("stability").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let account = seeded.account.parse().unwrap();
    let on = async |at: &str| {
        let clock = at.parse().unwrap();
        world.ctx.scorer.score(&world.acme, account, clock).await.unwrap()
    };
    // Each known from its day on, so that the day before stays as it was.
    for (day, score) in [("2026-03-02", 40), ("2026-03-03", 100)] {
        let given = json!({"score": score, "reason": "x", "author": "x", "given_at": format!("{day}T08:00:00Z"),
            "until": "2026-03-30"});
        let given = serde_json::from_value(given).unwrap();
        let item = copilot_aws::overrides::item(&world.acme, account, &given);
        world.ctx.table.put(item, Condition::None).await.unwrap();
        on(&format!("{day}T09:00:00Z")).await;
    }
    let card =
        read(&world, &format!("/v1/accounts/{}", seeded.account)).await["account"]["stability"].clone();
    assert_eq!(card["band_changes_30d"], 1, "{card}");
    assert_eq!(card["mean_abs_change_30d"].as_f64(), Some(60.0), "{card}");
    let all = read(&world, "/v1/stability").await;
    assert!(
        all["formula"].as_str().unwrap().contains("mean_abs_change"),
        "{all}"
    );
    assert!(all["accounts"].is_u64() && all["complete"] == false, "{all}");
}
