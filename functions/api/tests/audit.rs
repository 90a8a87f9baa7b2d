//! The audit trail as admins read it: newest first, by day, action and user, page by page.
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

use std::time::Duration;

use serde_json::{Value, json};
use support::world::World;

async fn read(world: &World, query: &str) -> Value {
    let token = world.token("acme", "admin");
    let path = format!("/v1/audit{query}");
    let reply = world.send("GET", &path, Some(&token), &[], None).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.json()
}

fn subjects(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["after"]["title"].as_str().unwrap_or("-").to_owned())
        .collect()
}

#[tokio::test]
async fn the_trail_comes_newest_first_across_days_and_by_action_user_and_day() {
    let Some(world) = World::new("audit").await else {
        return;
    };
    for (number, role) in ["csm", "lead", "csm", "csm"].into_iter().enumerate() {
        let token = world.token("acme", role);
        let task = json!({"title": format!("T{number}")});
        let made = world
            .send("POST", "/v1/ctas", Some(&token), &[], Some(&task))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        let pause = if number == 1 { 48 * 3_600 } else { 1 };
        world.ctx.clock.advance(Duration::from_secs(pause));
    }
    let rows = json!([{"external_id": "a", "name": "A"}]);
    world.upsert("acme", "accounts", rows).await;

    let all = read(&world, "").await;
    assert_eq!(subjects(&all), ["-", "T3", "T2", "T1", "T0"]);
    let newest = &all["data"][0];
    assert_eq!(
        (&newest["action"], &newest["user"], &newest["subject"]),
        (
            &json!("rows.upsert"),
            &json!("admin@acme.example"),
            &json!("accounts")
        )
    );
    assert_eq!(newest["id"].as_str().unwrap().len(), 32);
    assert_eq!(
        subjects(
            &read(
                &world,
                "?filter[action][prefix]=cta.&filter[user][eq]=lead@acme.example"
            )
            .await
        ),
        ["T1"]
    );
    assert_eq!(
        subjects(&read(&world, "?filter[day][eq]=2026-03-01").await),
        ["T1", "T0"]
    );
    assert_eq!(
        subjects(&read(&world, "?filter[day][gte]=2026-03-02&filter[day][lte]=2026-03-03").await),
        ["-", "T3", "T2"]
    );
    let mut paged = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = read(&world, &query).await;
        paged.extend(subjects(&page));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=2&cursor={next}");
    }
    assert_eq!(paged, ["-", "T3", "T2", "T1", "T0"]);

    let token = world.token("acme", "lead");
    let refused = world.send("GET", "/v1/audit", Some(&token), &[], None).await;
    assert_eq!(refused.status, 403);
    let stranger = world.token("borealis", "admin");
    let theirs = world.send("GET", "/v1/audit", Some(&stranger), &[], None).await;
    assert_eq!(theirs.json()["data"], json!([]));
}
