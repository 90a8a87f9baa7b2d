//! Backtests are asked for, refused with what to do instead, and shown with names and a report.
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

use serde_json::json;
use support::world::{SECRET, World};

#[tokio::test]
async fn a_backtest_is_asked_for_once_and_what_is_not_there_is_refused() {
    let Some(world) = World::new("backtests asked").await else {
        return;
    };
    let admin = world.token("acme", "admin");
    let ask = |body| {
        let (world, admin) = (&world, &admin);
        async move {
            world
                .send("POST", "/v1/backtests", Some(admin), &[], Some(&body))
                .await
        }
    };
    let first = ask(json!({"subject": {"what": "rules", "with_muted": true}})).await;
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(first.json()["status"], "queued");
    let again = ask(json!({"subject": {"what": "rules", "with_muted": true}})).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert!(again.text.contains(first.json()["id"].as_str().unwrap()));
    let other = ask(json!({"subject": {"what": "rules", "with_muted": false}})).await;
    assert_eq!(other.status, 202, "{}", other.text);
    for (body, status, says) in [
        (json!({"subject": {"what": "draft"}}), 409, "there is no draft"),
        (
            json!({"subject": {"what": "version", "version": 7}}),
            422,
            "subject.version",
        ),
        (
            json!({"subject": {"what": "model", "kind": "churn", "version": "2020-01-01-0"}}),
            422,
            "GET /v1/models lists them",
        ),
        (
            json!({"subject": {"what": "published"}, "from": "2025-03-01", "to": "2025-02-01"}),
            422,
            "not before `from`",
        ),
        (
            json!({"subject": {"what": "published"}, "from": "2099-01-01"}),
            422,
            "a day that has passed",
        ),
        (json!({"subject": {"what": "gut feeling"}}), 422, "subject"),
    ] {
        let refused = ask(body.clone()).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text);
        assert!(refused.text.contains(says), "{body}: {}", refused.text);
    }
    let shipped = ask(json!({"subject": {"what": "model", "kind": "churn", "version": "baseline"}})).await;
    assert_eq!(shipped.status, 202, "{}", shipped.text);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let open = world
        .send("GET", &format!("/v1/backtests/{id}"), Some(&admin), &[], None)
        .await;
    assert!(open.json()["result"].is_null());
    let report = format!("/v1/backtests/{id}/report");
    let report = world.send("GET", &report, Some(&admin), &[], None).await;
    assert_eq!(report.status, 409, "{}", report.text);
}

#[tokio::test]
async fn a_result_names_its_misses_and_its_report_is_a_page_that_runs_nothing() {
    let Some(world) = World::new("backtests shown").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let viewer = world.token("acme", "viewer");
    let path = format!("/v1/backtests/{}", seeded.backtest);
    let shown = world.send("GET", &path, Some(&viewer), &[], None).await.json();
    assert_eq!(
        shown["result"]["sides"][0]["missed"][0]["account"],
        seeded.account.as_str()
    );
    assert_eq!(shown["accounts"][0]["id"], seeded.account.as_str());
    assert!(shown["accounts"][0]["name"].as_str().unwrap().contains(SECRET));
    let report = world
        .send("GET", &format!("{path}/report"), Some(&viewer), &[], None)
        .await;
    assert_eq!(report.status, 200);
    let header = |name: &str| report.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert!(header("content-disposition").starts_with("attachment; filename=\"backtest-"));
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert!(report.text.contains(SECRET) && !report.text.contains("<script"));
}
