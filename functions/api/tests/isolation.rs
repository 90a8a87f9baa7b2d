//! No input changes the tenant: whatever a caller writes into path, query, headers and body, it is answered from its
//! own tenant and changes nothing of another.
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

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use support::world::{OTHER_SECRET, SECRET, World};

const REQUESTS: usize = 250;
/// Fields and parameters that could be taken for a tenant or a place.
const NAMES: &[&str] = &[
    "tenant",
    "tenant_id",
    "custom:tenant",
    "account",
    "pk",
    "cursor",
    "filter[account][eq]",
    "filter[owner][eq]",
    "source",
    "external_id",
];

/// Words that name the other tenant in every way that a caller could think of.
fn word(theirs: Vec<String>) -> impl Strategy<Value = String> {
    let mut words = theirs;
    words.extend(
        [
            "borealis",
            "T#borealis",
            "T#borealis#ACC",
            "..%2Fborealis",
            "borealis%23A",
            "%00borealis",
            "*",
            "me",
            "",
        ]
        .map(str::to_owned),
    );
    proptest::sample::select(words)
}

#[tokio::test]
async fn whatever_a_caller_writes_it_stays_in_its_own_tenant() {
    let Some(world) = World::new("isolation").await else {
        return;
    };
    world.seed(&world.acme, SECRET).await;
    let theirs = world.seed(&world.borealis, OTHER_SECRET).await;
    let (ours, stranger) = (world.token("acme", "admin"), world.token("borealis", "admin"));
    let state = async || {
        let mut all = Vec::new();
        for path in [
            "/v1/accounts".to_owned(),
            format!("/v1/accounts/{}", theirs.account),
            "/v1/alerts?filter[status][eq]=all".into(),
            "/v1/ctas".into(),
            "/v1/settings".into(),
            "/v1/imports".into(),
        ] {
            all.push(world.send("GET", &path, Some(&stranger), &[], None).await.text);
        }
        all
    };
    let before = state().await;
    let paths: Vec<(String, String)> = api::openapi::document()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(|m| (m.to_uppercase(), path.clone()))
                .collect::<Vec<_>>()
        })
        .collect();
    let ids = vec![
        theirs.account.clone(),
        theirs.alert.clone(),
        theirs.cta.clone(),
        theirs.opportunity.clone(),
        theirs.import.clone(),
        "a-1".to_owned(),
    ];
    let strategy = (
        proptest::sample::select(paths),
        word(ids.clone()),
        proptest::collection::vec((proptest::sample::select(NAMES), word(ids.clone())), 0..3),
        proptest::collection::vec(
            (
                proptest::sample::select(vec!["x-tenant", "x-tenant-id", "host", "x-amz-tenant", "cookie"]),
                word(vec!["borealis.example".to_owned()]),
            ),
            0..2,
        ),
        proptest::collection::vec((proptest::sample::select(NAMES), word(ids)), 0..3),
    );
    let mut runner = TestRunner::deterministic();
    for _ in 0..REQUESTS {
        let ((method, template), id, query, headers, fields) =
            strategy.new_tree(&mut runner).unwrap().current();
        let mut path = template;
        for name in ["{id}", "{source}"] {
            path = path.replace(name, if id.is_empty() { "x" } else { &id });
        }
        path = path.replace('#', "%23").replace('*', "%2A");
        let query: Vec<String> = query
            .iter()
            .map(|(n, v)| format!("{n}={v}").replace('#', "%23").replace('*', "%2A"))
            .collect();
        let path = if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        };
        let mut body = json!({"rows": [{"external_id": "a-1", "account": "a-1", "name": "Changed"}], "events": [], "title": "T", "text": "T"});
        for (name, value) in &fields {
            body[*name] = Value::from(value.clone());
            body["rows"][0][*name] = Value::from(value.clone());
        }
        let mut headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(n, v)| (*n, v.as_str()))
            .filter(|(_, v)| !v.is_empty())
            .collect();
        headers.push(("if-match", "*"));
        let has_body = method != "GET";
        let reply = world
            .send(&method, &path, Some(&ours), &headers, has_body.then_some(&body))
            .await;
        assert!(
            !reply.text.contains(OTHER_SECRET),
            "{method} {path}: {}",
            reply.text
        );
        assert!(
            reply.status < 500,
            "{method} {path}: {} {}",
            reply.status,
            reply.text
        );
        world.ctx.clock.advance(std::time::Duration::from_millis(200));
    }
    assert_eq!(state().await, before);
}
