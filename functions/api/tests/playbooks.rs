//! A tenant's own version of a shipped playbook: who changes it, where it shows, what it leaves alone.
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
use support::world::{OTHER_SECRET, Reply, SECRET, World};

async fn change(world: &World, role: &str, id: &str, tag: &str, body: Value) -> Reply {
    let token = world.token("acme", role);
    let path = format!("/v1/playbooks/{id}");
    world
        .send("PATCH", &path, Some(&token), &[("if-match", tag)], Some(&body))
        .await
}

async fn read(world: &World, tenant: &str, path: &str) -> Value {
    let token = world.token(tenant, "csm");
    let reply = world.send("GET", path, Some(&token), &[], None).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.json()
}

#[tokio::test]
async fn a_tenants_version_of_a_playbook_is_its_own_and_null_takes_a_field_back() {
    let Some(world) = World::new("playbook").await else {
        return;
    };
    let shipped = read(&world, "acme", "/v1/playbooks/P14").await;
    assert_eq!(
        (
            &shipped["version"],
            &shipped["edited"],
            &shipped["enabled"],
            &shipped["etag"]
        ),
        (&json!(0), &json!([]), &json!(true), &json!("\"v0\""))
    );
    let ours = json!({
        "name": "Late bill", "steps": [{"day": -5, "owner": "billing", "title": "Call"}], "subject": "{{invoice.number}}",
    });
    assert_eq!(
        change(&world, "csm", "P14", "\"v0\"", ours.clone()).await.status,
        403
    );
    assert_eq!(
        change(&world, "lead", "P99", "\"v0\"", ours.clone()).await.status,
        404
    );
    let made = change(&world, "lead", "P14", "\"v0\"", ours.clone()).await;
    assert_eq!(
        (made.status, made.headers["etag"].to_str().unwrap()),
        (200, "\"v1\""),
        "{}",
        made.text
    );
    assert_eq!(change(&world, "lead", "P14", "\"v0\"", ours).await.status, 412);
    let all = read(&world, "acme", "/v1/playbooks").await;
    let listed = all["data"].as_array().unwrap();
    let found = listed.iter().find(|p| p["id"] == "P14").unwrap();
    assert_eq!(found, &made.json());
    assert_eq!(
        (&found["name"], &found["steps"][0]["day"], &found["exit"]),
        (&json!("Late bill"), &json!(-5), &shipped["exit"])
    );
    assert_eq!(found["edited"], json!(["name", "steps", "subject"]));
    assert_eq!(
        (&found["version"], &found["edited_by"]),
        (&json!(1), &json!("lead@acme.example"))
    );
    assert!(found["edited_at"].is_string());
    // The other tenant has what was shipped.
    assert_eq!(read(&world, "borealis", "/v1/playbooks/P14").await, shipped);

    let back = json!({"name": null, "steps": null, "subject": null});
    let back = change(&world, "admin", "P14", "\"v1\"", back).await.json();
    assert_eq!(
        (&back["name"], &back["steps"], &back["subject"]),
        (&shipped["name"], &shipped["steps"], &shipped["subject"])
    );
    assert_eq!((&back["version"], &back["edited"]), (&json!(2), &json!([])));
}

#[tokio::test]
async fn a_playbook_that_is_switched_off_is_proposed_nowhere() {
    let Some(world) = World::new("playbook off").await else {
        return;
    };
    let seeded = world.seed(&world.acme, SECRET).await;
    world.seed(&world.borealis, OTHER_SECRET).await;
    let alert = format!("/v1/alerts/{}", seeded.alert);
    let proposed = read(&world, "acme", &alert).await["suggested_actions"][0]["playbook"].clone();
    let id = proposed.as_str().unwrap();
    let off = change(&world, "lead", id, "\"v0\"", json!({"enabled": false})).await;
    assert_eq!(off.status, 200, "{}", off.text);
    let named = format!("\"playbook\":\"{id}\"");
    for path in [
        alert.clone(),
        "/v1/alerts".to_owned(),
        format!("/v1/accounts/{}", seeded.account),
        "/v1/today?scope=all".to_owned(),
        "/v1/rules".to_owned(),
        "/v1/opportunities".to_owned(),
    ] {
        let shown = read(&world, "acme", &path).await.to_string();
        assert!(!shown.contains(&named), "{path} proposes {id}: {shown}");
    }
    let title = read(&world, "acme", &alert).await["suggested_actions"][0]["title"].clone();
    assert!(title.is_string(), "what to do stays");
    let theirs = read(&world, "borealis", "/v1/alerts").await.to_string();
    assert!(theirs.contains(&named), "{theirs}");

    let token = world.token("acme", "csm");
    let task = json!({"title": "Call", "playbook": id});
    let refused = world
        .send("POST", "/v1/ctas", Some(&token), &[], Some(&task))
        .await;
    assert_eq!(
        (
            refused.status,
            refused.json()["errors"][0]["field"].as_str().unwrap()
        ),
        (422, "playbook")
    );
    let on = change(&world, "lead", id, "\"v1\"", json!({"enabled": null})).await;
    assert_eq!(on.json()["edited"], json!([]));
    assert!(read(&world, "acme", &alert).await.to_string().contains(&named));
}
