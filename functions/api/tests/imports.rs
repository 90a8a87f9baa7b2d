//! Starting imports, and what is no delivery of a source.
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

use copilot_aws::deliveries::{self, DeliveryRecord, RowFault, Way};
use copilot_aws::imports::{self, Import, ImportStatus};
use copilot_domain::ids::Source;
use serde_json::json;
use support::world::{SECRET, World};

#[tokio::test]
async fn an_import_that_was_never_ordered_can_be_started_again() {
    let Some(world) = World::new("import again").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let token = world.token("acme", "csm");
    let path = format!("/v1/imports/{}/start", seeded.import);
    let body = json!({"mapping": {"external_id": "external_id", "name": "name"}, "dry_run": false});
    let start = async || {
        let answer = world.send("POST", &path, Some(&token), &[], Some(&body)).await;
        answer.status
    };
    let id = seeded.import.parse().unwrap();
    let stored = async || {
        let found = imports::get(&world.ctx.table, &world.acme, id).await.unwrap();
        found.unwrap()
    };
    let logged = async || {
        let page = world.ctx.raw.list("raw/", &world.acme, None).await.unwrap();
        page.keys
    };
    assert_eq!(start().await, 202);
    assert_eq!(logged().await.len(), 1);
    // As if the function had died between the store and the log: the order that is stored was never logged.
    let (mut import, rev) = stored().await;
    import.order = Some("dlv_lost".to_owned());
    imports::put(&world.ctx.table, &world.acme, &import, Some(rev))
        .await
        .unwrap();

    assert_eq!(start().await, 409, "it may still begin by itself");
    world.ctx.clock.advance(std::time::Duration::from_mins(3));
    assert_eq!(start().await, 202);
    let is_lost = |key: &String| key.ends_with("/dlv_lost.json.gz");
    let keys = logged().await;
    assert_eq!(
        (keys.len(), keys.iter().filter(|k| is_lost(k)).count()),
        (2, 1),
        "{keys:?}"
    );
    // Once more: the same order under the same name, which is carried out once.
    assert_eq!(start().await, 202);
    assert_eq!(logged().await, keys);
    assert_eq!(stored().await.0.queued_at, import.queued_at);
}

#[tokio::test]
async fn what_a_dry_run_has_checked_is_what_is_imported() {
    let Some(world) = World::new("import pinned").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    let token = world.token("acme", "csm");
    let path = format!("/v1/imports/{}/start", seeded.import);
    let start = async |dry_run: bool| {
        let mapping = json!({"external_id": "external_id", "name": "name"});
        let body = json!({"mapping": mapping, "dry_run": dry_run});
        world.send("POST", &path, Some(&token), &[], Some(&body)).await
    };
    assert_eq!(start(true).await.status, 202);
    let id = seeded.import.parse().unwrap();
    let (mut import, rev) = imports::get(&world.ctx.table, &world.acme, id)
        .await
        .unwrap()
        .unwrap();
    assert!(import.etag.is_some());
    import.status = ImportStatus::Succeeded;
    imports::put(&world.ctx.table, &world.acme, &import, Some(rev))
        .await
        .unwrap();
    let object = Import::object_key(&world.acme, id);
    let other = b"external_id,name\ny-1,Other\n".to_vec();
    world.ctx.files.write(&object, other).await.unwrap();
    let refused = start(false).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("replaced"), "{}", refused.text);
    assert_eq!(start(true).await.status, 202);
}

#[tokio::test]
async fn a_note_of_a_person_is_no_delivery_of_a_vendor() {
    let Some(world) = World::new("note").await else {
        return;
    };
    let stripe = Source::new("stripe").unwrap();
    let old = "2026-02-01T00:00:00Z".parse().unwrap();
    let failed = DeliveryRecord {
        delivery_id: "evt_1".to_owned(),
        received_at: old,
        processed_at: old,
        rows: 1,
        unchanged: 0,
        created: 0,
        updated: 0,
        parked: 0,
        error_count: 1,
        errors: vec![RowFault {
            row: 1,
            code: "invalid".to_owned(),
            field: None,
            detail: "no amount".to_owned(),
        }],
        note: None,
    };
    deliveries::note(&world.ctx.table, &world.acme, &stripe, Way::Webhook, &failed)
        .await
        .unwrap();
    // An account that only Stripe knows.
    let token = world.token("acme", "admin");
    let rows = json!({"source": "stripe", "rows": [{"external_id": "cus_7", "name": "Seven"}]});
    let made = world
        .send("PUT", "/v1/accounts:batch", Some(&token), &[], Some(&rows))
        .await
        .json();
    let account = made["results"][0]["id"].as_str().unwrap().to_owned();
    let note = json!({"text": "called them"});
    let path = format!("/v1/accounts/{account}/notes");
    let noted = world.send("POST", &path, Some(&token), &[], Some(&note)).await;
    assert!((200..300).contains(&noted.status), "{}", noted.text);
    let statuses = deliveries::statuses(&world.ctx.table, &world.acme).await.unwrap();
    let status = statuses.iter().find(|s| s.source == stripe).unwrap();
    assert_eq!(status.last_delivery_at, old);
    assert_eq!(status.last_error.as_deref(), Some("invalid: no amount"));
}

#[tokio::test]
async fn an_import_starts_right_after_its_upload_before_the_bucket_tells_of_it() {
    let Some(world) = World::new("import at once").await else {
        return;
    };
    let token = world.token("acme", "csm");
    let post = async |path: &str, body: &serde_json::Value| {
        world.send("POST", path, Some(&token), &[], Some(body)).await
    };
    let text = b"external_id,name\nz-1,Zed\n".to_vec();
    let new = json!({"kind": "accounts", "filename": "a.csv", "size_bytes": text.len()});
    let made = post("/v1/imports", &new).await.json();
    let id = made["id"].as_str().unwrap();
    let start = format!("/v1/imports/{id}/start");
    let mapping = json!({"mapping": {"external_id": "external_id", "name": "name"}, "dry_run": false});
    assert_eq!(
        post(&start, &mapping).await.status,
        409,
        "nothing is uploaded yet"
    );

    let import = id.parse().unwrap();
    let object = Import::object_key(&world.acme, import);
    world.ctx.files.write(&object, text).await.unwrap();
    let stored = imports::get(&world.ctx.table, &world.acme, import).await.unwrap();
    let (stored, _) = stored.unwrap();
    assert_eq!(
        stored.status,
        ImportStatus::AwaitingUpload,
        "nobody told of the file"
    );
    let started = post(&start, &mapping).await;
    assert_eq!(started.status, 202, "{}", started.text);
    assert_eq!(started.json()["status"], "queued");
    let logged = world.ctx.raw.list("raw/", &world.acme, None).await.unwrap();
    assert_eq!(logged.keys.len(), 1, "{:?}", logged.keys);
    assert_eq!(post(&start, &mapping).await.status, 409, "it is on its way");
}
