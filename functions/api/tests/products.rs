//! What accounts own and take next, and the grid of both.
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

use copilot_aws::products;
use serde_json::{Value, json};
use support::world::World;

/// 14 accounts own Reports; 11 of them own API, too.
fn model(version: &str) -> Vec<u8> {
    let product = |name: &str, owners: u32| json!({"name": name, "owners": owners, "sold": true});
    let model = json!({
        "version": version, "settings": {"shrinkage": 5.0, "rarity": 0.5},
        "products": [product("API", 20), product("Reports", 14), product("Telex", 12)],
        "pairs": [[[1, 11]], [[0, 11]], []],
    });
    serde_json::to_vec(&model).unwrap()
}

#[tokio::test]
async fn an_account_shows_what_it_owns_and_takes_next_and_the_grid_shows_both() {
    let Some(world) = World::new("products").await else {
        return;
    };
    let token = world.token("acme", "admin");
    let get = async |path: &str| world.send("GET", path, Some(&token), &[], None).await;
    let accounts = json!([{"external_id": "a-1", "name": "Acme"}, {"external_id": "b-1", "name": "Bolt"}]);
    world.upsert("acme", "accounts", accounts).await;
    let bill = |id: &str, account: &str, products: Value| {
        json!({"external_id": id, "account": account, "amount_minor": 100, "currency": "EUR",
            "issued_at": "2026-02-01T08:00:00Z", "products": products})
    };
    let bills = json!([
        bill("i-1", "a-1", json!(["Reports", "Reports "])),
        bill("i-2", "b-1", json!(["API"]))
    ]);
    world.upsert("acme", "invoices", bills).await;
    let event =
        json!({"events": [{"id": "e-1", "account": "a-1", "name": "reports", "at": "2026-02-20T10:00:00Z"}]});
    world
        .send("POST", "/v1/events:batch", Some(&token), &[], Some(&event))
        .await;
    let listed = get("/v1/accounts?sort=name").await.json();
    let id = listed["data"][0]["id"].as_str().unwrap().to_owned();
    let of_account = async || get(&format!("/v1/accounts/{id}/products")).await.json();

    // Nothing was learnt: what is owned is shown, and why nothing is told.
    let found = of_account().await;
    assert_eq!(
        found["owned"],
        json!([{"product": "Reports", "first": "2026-02-01", "last": "2026-02-01", "bills": 1, "used": "2026-02-20"}])
    );
    assert_eq!((&found["next"], &found["version"]), (&json!([]), &Value::Null));
    assert!(
        found["note"].as_str().unwrap().contains("nothing was learnt"),
        "{found}"
    );
    let grid = get("/v1/products/white-space").await.json();
    assert_eq!(grid["columns"][0]["owners"], Value::Null, "{grid}");
    assert_eq!(get("/v1/products/white-space?product=API").await.status, 404);

    // Something was.
    let (version, files) = ("2026-02-28-0badcafe", &world.ctx.models);
    let bolt = listed["data"][1]["id"].clone();
    let fits = serde_json::to_vec(&json!({"API": [id], "Reports": [bolt]})).unwrap();
    let acme = &world.acme;
    products::put_files(files, acme, version, (model(version), fits))
        .await
        .unwrap();
    let mut pointer = copilot_domain::model::OwnPointer::default();
    pointer.crown(version, world.ctx.clock.now());
    let (item, condition) = products::pointer_item(acme, &pointer, 0);
    world.ctx.table.put(item, condition).await.unwrap();

    let found = of_account().await;
    assert_eq!(
        (&found["version"], &found["note"]),
        (&json!(version), &Value::Null)
    );
    let told = &found["next"][0];
    assert_eq!(
        (&told["product"], &told["because"][0]["both"]),
        (&json!("API"), &json!(11))
    );
    assert_eq!(told["score"], told["because"][0]["adds"]);
    let grid = get("/v1/products/white-space").await.json();
    let columns: Vec<&str> = grid["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["API", "Reports", "Telex"]);
    assert_eq!(
        grid["data"][0]["cells"],
        json!(["fit", "used", "untouched"]),
        "{grid}"
    );
    assert_eq!(
        grid["data"][1]["cells"],
        json!(["owned", "fit", "untouched"]),
        "{grid}"
    );
    let fits = get("/v1/products/white-space?product=Reports").await.json();
    assert_eq!(
        (fits["data"].as_array().unwrap().len(), &fits["data"][0]["name"]),
        (1, &json!("Bolt"))
    );
    assert_eq!(fits["columns"][0]["name"], "Reports");
    let page = get("/v1/products/white-space?limit=1").await.json();
    let next = format!(
        "/v1/products/white-space?limit=1&cursor={}",
        page["next"].as_str().unwrap()
    );
    assert_eq!(get(&next).await.json()["data"][0]["name"], "Bolt");
    for bad in ["limit=0", "limit=51", "limit=x", "sort=name"] {
        assert_eq!(
            get(&format!("/v1/products/white-space?{bad}")).await.status,
            422,
            "{bad}"
        );
    }

    // Going back tells nothing again.
    let view = get("/v1/products").await.json();
    assert_eq!(
        (view["products"].as_array().unwrap().len(), &view["can_go_back"]),
        (3, &json!(true))
    );
    let tag = view["etag"].as_str().unwrap();
    let back = world
        .send(
            "POST",
            "/v1/products/rollback",
            Some(&token),
            &[("if-match", tag)],
            None,
        )
        .await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(back.json()["own"], Value::Null);
    assert_eq!(of_account().await["next"], json!([]));
}
