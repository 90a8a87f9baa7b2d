//! Every operation of the OpenAPI document is asked without credentials, by a viewer, by another tenant, and as it
//! should be. An operation without a row in the table fails the walk.
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
use support::world::{OTHER_SECRET, SECRET, Seeded, World};

/// What another tenant gets for the same request.
#[derive(Clone, Copy, PartialEq)]
enum Other {
    /// The thing is not his: as if it did not exist.
    NotFound,
    /// His own, which holds nothing of ours.
    HisOwn,
}

struct Case {
    operation: &'static str,
    method: &'static str,
    path: String,
    body: Option<Value>,
    if_match: Option<String>,
    status: u16,
    other: Other,
}

fn get(operation: &'static str, path: impl Into<String>, other: Other) -> Case {
    Case {
        operation,
        method: "GET",
        path: path.into(),
        body: None,
        if_match: None,
        status: 200,
        other,
    }
}

fn send(
    operation: &'static str,
    method: &'static str,
    path: impl Into<String>,
    body: Value,
    status: u16,
    other: Other,
) -> Case {
    Case {
        operation,
        method,
        path: path.into(),
        body: Some(body),
        if_match: None,
        status,
        other,
    }
}

fn rows(operation: &'static str, kind: &str, row: Value) -> Case {
    send(
        operation,
        "PUT",
        format!("/v1/{kind}:batch"),
        json!({"rows": [row]}),
        200,
        Other::HisOwn,
    )
}

fn cases(s: &Seeded) -> Vec<Case> {
    use Other::{HisOwn, NotFound};
    let account = |rest: &str| format!("/v1/accounts/{}{rest}", s.account);
    let alert = format!("/v1/alerts/{}", s.alert);
    let import = format!("/v1/imports/{}", s.import);
    let webhook = |rest: &str| format!("/v1/webhooks/{}{rest}", s.webhook);
    let version = |rest: &str| format!("/v1/models/churn/versions/{}{rest}", s.model);
    let at = "2026-02-20T10:00:00Z";
    let mut cases = vec![
        get("get_me", "/v1/me", HisOwn),
        rows(
            "upsert_accounts",
            "accounts",
            json!({"external_id": "n-1", "name": "New"}),
        ),
        rows(
            "upsert_contacts",
            "contacts",
            json!({"external_id": "n-1", "account": "n-1"}),
        ),
        rows(
            "upsert_subscriptions",
            "subscriptions",
            json!({"external_id": "n-1", "account": "n-1", "status": "active"}),
        ),
        rows(
            "upsert_invoices",
            "invoices",
            json!({"external_id": "n-1", "account": "n-1", "issued_at": at}),
        ),
        rows(
            "upsert_tickets",
            "tickets",
            json!({"external_id": "n-1", "account": "n-1", "opened_at": at}),
        ),
        rows(
            "upsert_activities",
            "activities",
            json!({"external_id": "n-1", "account": "n-1", "kind": "call", "at": at}),
        ),
        rows(
            "upsert_surveys",
            "surveys",
            json!({"external_id": "n-1", "account": "n-1", "kind": "nps", "score": 9, "at": at}),
        ),
        rows(
            "upsert_outcomes",
            "outcomes",
            json!({"external_id": "n-1", "account": "n-1", "kind": "renewed", "at": at}),
        ),
        send(
            "count_events",
            "POST",
            "/v1/events:batch",
            json!({"events": [{"id": "n", "account": "n-1", "name": "x", "at": at}]}),
            200,
            HisOwn,
        ),
        send(
            "record_outcome",
            "POST",
            "/v1/outcomes",
            json!({"account": s.account, "kind": "renewed", "at": at}),
            201,
            NotFound,
        ),
        send(
            "create_import",
            "POST",
            "/v1/imports",
            json!({"kind": "accounts", "filename": "a.csv", "size_bytes": 10}),
            201,
            HisOwn,
        ),
        get("list_imports", "/v1/imports", HisOwn),
        get("get_import", import.clone(), NotFound),
        get("preview_import", format!("{import}/preview"), NotFound),
        send(
            "start_import",
            "POST",
            format!("{import}/start"),
            json!({"mapping": {"external_id": "external_id", "name": "name"}, "dry_run": true}),
            202,
            NotFound,
        ),
        get("list_accounts", "/v1/accounts", HisOwn),
        get("get_account", account(""), NotFound),
        get("get_account_health", account("/health"), NotFound),
        get("list_account_history", account("/history"), NotFound),
        get(
            "explain_account",
            account("/explain?at=2026-03-01&compare=2026-02-01"),
            NotFound,
        ),
        get("list_account_predictions", account("/predictions"), NotFound),
        get("list_account_timeline", account("/timeline"), NotFound),
        get("list_account_facts", account("/facts?kind=invoices"), NotFound),
        get("get_usage_outlook", account("/usage-outlook"), NotFound),
        get("get_account_usage", account("/usage?days=30"), NotFound),
        get("get_account_products", account("/products"), NotFound),
        send(
            "add_account_note",
            "POST",
            account("/notes"),
            json!({"text": "Met them."}),
            201,
            NotFound,
        ),
        send(
            "set_account_pulse",
            "POST",
            account("/pulse"),
            json!({"pulse": 2, "reason": "silent"}),
            200,
            NotFound,
        ),
        get("list_alerts", "/v1/alerts", HisOwn),
        get("get_alert", alert.clone(), NotFound),
        send(
            "rate_alert",
            "POST",
            format!("{alert}/feedback"),
            json!({"kind": "accuracy", "rating": 5}),
            201,
            NotFound,
        ),
        get("list_rules", "/v1/rules", HisOwn),
        get("get_accuracy", "/v1/accuracy?kind=churn", HisOwn),
        get("list_misses", "/v1/accuracy/misses?which=missed", HisOwn),
        get("propose_thresholds", "/v1/accuracy/thresholds?per_week=5", HisOwn),
        get("get_today", "/v1/today?scope=all", HisOwn),
        get("list_opportunities", "/v1/opportunities", HisOwn),
        get(
            "get_opportunity",
            format!("/v1/opportunities/{}", s.opportunity),
            NotFound,
        ),
        get("list_ctas", "/v1/ctas", HisOwn),
        get("get_cta", format!("/v1/ctas/{}", s.cta), NotFound),
        send(
            "create_cta",
            "POST",
            "/v1/ctas",
            json!({"title": "Call", "account": s.account}),
            201,
            NotFound,
        ),
        get("list_playbooks", "/v1/playbooks", HisOwn),
        get("get_playbook", "/v1/playbooks/P01", HisOwn),
        get("list_integrations", "/v1/integrations", HisOwn),
        get("list_deliveries", "/v1/integrations/api/deliveries", HisOwn),
        get("list_notifications", "/v1/notifications", HisOwn),
        get("list_duplicates", "/v1/duplicates", HisOwn),
        get("get_settings", "/v1/settings", HisOwn),
        get("list_audit", "/v1/audit", HisOwn),
        get("list_profiles", "/v1/profiles", HisOwn),
        get("list_models", "/v1/models", HisOwn),
        get("get_tone_model", "/v1/tone-model", HisOwn),
        get("get_products", "/v1/products", HisOwn),
        get("get_white_space", "/v1/products/white-space", HisOwn),
        get("get_model", version(""), NotFound),
        get("list_training_runs", "/v1/models/churn/runs", HisOwn),
        get("get_model_monitoring", "/v1/models/churn/monitoring", HisOwn),
        get("list_backtests", "/v1/backtests", HisOwn),
        get("get_backtest", format!("/v1/backtests/{}", s.backtest), NotFound),
        get(
            "get_backtest_report",
            format!("/v1/backtests/{}/report", s.backtest),
            NotFound,
        ),
        send(
            "start_backtest",
            "POST",
            "/v1/backtests",
            json!({"subject": {"what": "published"}, "from": "2025-01-01"}),
            202,
            HisOwn,
        ),
        send(
            "upload_model",
            "POST",
            "/v1/models/churn/versions",
            support::world::own_model("third"),
            201,
            HisOwn,
        ),
        get("get_stability", "/v1/stability", HisOwn),
        get("get_account_rollup", account("/rollup"), NotFound),
        get("get_profile_catalogue", "/v1/profiles/catalogue", HisOwn),
        get("list_profile_versions", "/v1/profiles/versions", HisOwn),
        get("get_profile_version", "/v1/profiles/versions/1", HisOwn),
        get("get_profile_draft", "/v1/profiles/draft", HisOwn),
        get("list_webhooks", "/v1/webhooks", HisOwn),
        get("get_webhook", webhook(""), NotFound),
        get("list_webhook_deliveries", webhook("/deliveries"), NotFound),
        send(
            "create_webhook",
            "POST",
            "/v1/webhooks",
            json!({"url": "https://example.com/hooks", "events": ["alert.opened"]}),
            201,
            HisOwn,
        ),
    ];
    let mut patch = |operation, path: String, etag: &str, body, other| {
        cases.push(Case {
            if_match: Some(etag.to_owned()),
            ..send(operation, "PATCH", path, body, 200, other)
        });
    };
    patch(
        "update_alert",
        alert,
        &s.alert_etag,
        json!({"status": "acknowledged"}),
        NotFound,
    );
    patch(
        "update_opportunity",
        format!("/v1/opportunities/{}", s.opportunity),
        "\"v1\"",
        json!({"stage": "qualified"}),
        NotFound,
    );
    patch(
        "update_cta",
        format!("/v1/ctas/{}", s.cta),
        "\"v1\"",
        json!({"status": "done"}),
        NotFound,
    );
    patch(
        "update_playbook",
        "/v1/playbooks/P01".to_owned(),
        "\"v0\"",
        json!({"exit": "The use is back"}),
        HisOwn,
    );
    patch(
        "update_rule",
        "/v1/rules/R01".to_owned(),
        "*",
        json!({"muted": true, "reason": "the events are renamed"}),
        HisOwn,
    );
    patch(
        "update_settings",
        "/v1/settings".to_owned(),
        &s.settings_etag,
        json!({"daily_cap": 5, "text_tone": true}),
        HisOwn,
    );
    patch(
        "update_webhook",
        webhook(""),
        "\"v1\"",
        json!({"events": ["alert.opened"]}),
        NotFound,
    );
    let crown = json!({"role": "champion", "accept": ["measured", "shadow"], "reason": "it is ours"});
    let reason = json!({"reason": "it was wrong"});
    let back = "/v1/models/churn/rollback".to_owned();
    for (operation, path, etag, body) in [
        ("place_model", version("/place"), "\"churn-0\"", crown),
        ("roll_back_model", back, "\"churn-1\"", reason),
    ] {
        cases.push(Case {
            if_match: Some(etag.to_owned()),
            ..send(operation, "POST", path, body, 200, NotFound)
        });
    }
    let train = send(
        "start_training_run",
        "POST",
        "/v1/models/churn/runs",
        Value::Null,
        202,
        HisOwn,
    );
    cases.push(Case { body: None, ..train });
    // The settings were changed before: tone is read.
    let train = send(
        "train_tone_model",
        "POST",
        "/v1/tone-model/runs",
        Value::Null,
        202,
        HisOwn,
    );
    cases.push(Case { body: None, ..train });
    let back = send(
        "roll_back_tone_model",
        "POST",
        "/v1/tone-model/rollback",
        Value::Null,
        200,
        NotFound,
    );
    cases.push(Case {
        body: None,
        if_match: Some("\"tone-1\"".to_owned()),
        ..back
    });
    let learn = send(
        "learn_products",
        "POST",
        "/v1/products/runs",
        Value::Null,
        202,
        HisOwn,
    );
    cases.push(Case { body: None, ..learn });
    let back = send(
        "roll_back_products",
        "POST",
        "/v1/products/rollback",
        Value::Null,
        200,
        NotFound,
    );
    cases.push(Case {
        body: None,
        if_match: Some("\"products-1\"".to_owned()),
        ..back
    });
    // A draft is saved, previewed, published; the version before it comes back; what is left of the draft goes.
    let mut matched = |operation, method, path: &str, tag: Option<&str>, body: Option<Value>, status| {
        cases.push(Case {
            if_match: tag.map(str::to_owned),
            body,
            ..send(operation, method, path, Value::Null, status, HisOwn)
        });
    };
    let draft = "/v1/profiles/draft";
    let set = json!({
        "profiles": [{"id": "all", "name": "All", "when": [{}], "why": "every account",
            "measures": [{"id": "S1", "weight": 2}, {"id": "P1", "weight": 1}]}],
        "caps": [],
    });
    matched("save_profile_draft", "PUT", draft, Some("\"v0\""), Some(set), 200);
    let preview = "/v1/profiles/draft/preview";
    matched("preview_profile_draft", "POST", preview, None, None, 200);
    let (publish, note) = ("/v1/profiles/draft/publish", json!({"note": "One for all"}));
    matched(
        "publish_profile_draft",
        "POST",
        publish,
        Some("\"v1\""),
        Some(note),
        201,
    );
    let restore = "/v1/profiles/versions/1/restore";
    matched(
        "restore_profile_version",
        "POST",
        restore,
        Some("\"v2\""),
        None,
        201,
    );
    matched(
        "discard_profile_draft",
        "DELETE",
        draft,
        Some("\"v2\""),
        None,
        204,
    );
    let resend = format!("/deliveries/{}/resend", s.delivery);
    for (operation, method, rest, status) in [
        ("rotate_webhook_secret", "POST", "/rotate", 200),
        ("test_webhook", "POST", "/test", 202),
        ("resend_webhook_delivery", "POST", resend.as_str(), 202),
        ("delete_webhook", "DELETE", "", 204),
    ] {
        let case = send(operation, method, webhook(rest), Value::Null, status, NotFound);
        cases.push(Case { body: None, ..case });
    }
    // Last: they make the account's stored score newer than the other cases expect.
    let label = json!({"kind": "ticket", "source": "api", "external_id": "t-1", "tone": "negative"});
    cases.push(send(
        "label_account_tone",
        "PUT",
        account("/tone"),
        label,
        200,
        NotFound,
    ));
    let given = json!({"score": 40, "reason": "They told us."});
    let path = account("/override");
    cases.push(send(
        "override_account_score",
        "PUT",
        path.clone(),
        given,
        200,
        NotFound,
    ));
    let case = send(
        "remove_account_override",
        "DELETE",
        path,
        Value::Null,
        204,
        NotFound,
    );
    cases.push(Case { body: None, ..case });
    let score = send(
        "score_account",
        "POST",
        account("/score"),
        Value::Null,
        200,
        NotFound,
    );
    cases.push(Case { body: None, ..score });
    cases
}

/// Operations of the document with the scope that each needs.
fn documented() -> Vec<(String, String)> {
    let document = api::openapi::document();
    let mut all = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let scope = operation["security"][0]["bearer"][0].as_str();
            let scope = scope.unwrap_or_else(|| panic!("{id} needs no scope"));
            assert!(["read", "write", "admin"].contains(&scope), "{id} needs {scope}");
            assert!(
                operation["summary"].as_str().is_some_and(|s| !s.is_empty()),
                "{id} has no summary"
            );
            assert!(
                operation["tags"].as_array().is_some_and(|t| !t.is_empty()),
                "{id} has no tag"
            );
            for status in ["401", "403", "422", "429"] {
                assert!(
                    operation["responses"][status].is_object(),
                    "{id} does not document {status}"
                );
            }
            all.push((id, scope.to_owned()));
        }
    }
    all
}

#[test]
fn every_operation_has_a_case_and_every_case_an_operation() {
    let documented: BTreeSet<String> = documented().into_iter().map(|(id, _)| id).collect();
    let covered: BTreeSet<String> = cases(&Seeded::default())
        .iter()
        .map(|c| c.operation.to_owned())
        .collect();
    assert_eq!(documented, covered);
    assert_eq!(
        cases(&Seeded::default()).len(),
        covered.len(),
        "an operation has two cases"
    );
}

async fn ask(world: &World, case: &Case, token: Option<&str>) -> support::world::Reply {
    let headers: Vec<(&str, &str)> = case
        .if_match
        .iter()
        .map(|tag| ("if-match", tag.as_str()))
        .collect();
    world
        .send(case.method, &case.path, token, &headers, case.body.as_ref())
        .await
}

#[tokio::test]
async fn every_operation_refuses_strangers_hides_from_other_tenants_and_answers_its_own() {
    let Some(world) = World::new("every operation").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    world.seed(&world.borealis, OTHER_SECRET).await;
    let scopes: std::collections::BTreeMap<String, String> = documented().into_iter().collect();
    let (viewer, stranger) = (world.token("acme", "viewer"), world.token("borealis", "admin"));
    let admin = world.token("acme", "admin");
    let read_key = world.api_key("acme", &["read"]).await;
    let before = everything(&world, &seeded, &admin).await;

    for case in &cases(&seeded) {
        let name = case.operation;
        for bad in [None, Some("cpk_acme_000000000000000000000000"), Some("a.b.c")] {
            let reply = ask(&world, case, bad).await;
            assert_eq!(reply.status, 401, "{name} without credentials: {}", reply.text);
            assert_eq!(
                reply.headers["content-type"], "application/problem+json",
                "{name}"
            );
            assert!(reply.headers.contains_key("www-authenticate"), "{name}");
        }
        if scopes[name] != "read" {
            for weak in [&viewer, &read_key] {
                assert_eq!(
                    ask(&world, case, Some(weak)).await.status,
                    403,
                    "{name} by a reader"
                );
            }
        }
        let reply = ask(&world, case, Some(&stranger)).await;
        assert!(
            !reply.text.contains(SECRET),
            "{name} tells another tenant: {}",
            reply.text
        );
        match case.other {
            Other::NotFound => {
                assert_eq!(reply.status, 404, "{name} by another tenant: {}", reply.text);
                assert_eq!(reply.json()["code"], "not_found", "{name}");
            }
            // Settings have a tag of their own content, which both tenants share by chance of equal defaults.
            Other::HisOwn => assert_eq!(
                reply.status, case.status,
                "{name} by another tenant: {}",
                reply.text
            ),
        }
    }
    assert_eq!(
        everything(&world, &seeded, &admin).await,
        before,
        "another tenant changed something of ours"
    );

    for case in &cases(&seeded) {
        let name = case.operation;
        let reply = ask(&world, case, Some(&admin)).await;
        assert_eq!(reply.status, case.status, "{name}: {}", reply.text);
        assert!(
            !reply.text.contains(OTHER_SECRET),
            "{name} tells of another tenant"
        );
        assert!(reply.headers.contains_key("ratelimit-remaining"), "{name}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{name}");
        let is_page = reply
            .headers
            .get("content-type")
            .is_some_and(|kind| kind == "text/html; charset=utf-8");
        if is_page {
            assert!(reply.text.contains(SECRET), "{name} names whom it missed");
        } else if case.status != 204 {
            conforms(name, case, &reply.json());
        }
    }
}

/// All of Acme that the API shows, without what changes by being asked.
async fn everything(world: &World, seeded: &Seeded, token: &str) -> Vec<String> {
    let mut all = Vec::new();
    for case in cases(seeded)
        .iter()
        .filter(|c| c.method == "GET" && c.operation != "get_import")
    {
        all.push(format!(
            "{}: {}",
            case.operation,
            ask(world, case, Some(token)).await.text
        ));
    }
    all
}

/// The answer has the fields that the document promises.
fn conforms(name: &str, case: &Case, answer: &Value) {
    let document = api::openapi::document();
    let path = case.path.split('?').next().unwrap();
    let item = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(template, item)| {
            let fits = template.split('/').count() == path.split('/').count()
                && template
                    .split('/')
                    .zip(path.split('/'))
                    .all(|(t, p)| t.starts_with('{') || t == p);
            fits && item[case.method.to_lowercase()]["operationId"] == name
        });
    let operation = &item.unwrap().1[case.method.to_lowercase()];
    let schema = &operation["responses"][case.status.to_string()]["content"]["application/json"]["schema"];
    check(&document, schema, answer, name);
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|r| r.strip_prefix("#/components/schemas/"))
    {
        return check(
            document,
            &document["components"]["schemas"][name],
            value,
            &format!("{at} {name}"),
        );
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(document, part, value, at);
    }
    if let Some(options) = schema["oneOf"].as_array() {
        if value.is_null() {
            assert!(
                options.iter().any(|o| o["type"] == "null"),
                "{at} may not be null"
            );
        } else if let Some(only) = options.iter().find(|o| o["type"] != "null") {
            check(document, only, value, at);
        }
        return;
    }
    for field in schema["required"].as_array().into_iter().flatten() {
        let field = field.as_str().unwrap();
        assert!(value.get(field).is_some(), "{at} lacks {field}: {value}");
    }
    for (field, inner) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(found) = value.get(field) {
            check(document, inner, found, &format!("{at}.{field}"));
        }
    }
    for item in value.as_array().into_iter().flatten() {
        check(document, &schema["items"], item, &format!("{at}[]"));
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value} is not one of {words:?}");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let fits = types.iter().any(|t| match *t {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        _ => value.is_object(),
    });
    assert!(fits, "{at}: {value} is not {types:?}");
}
