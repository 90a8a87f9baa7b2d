//! The nightly sweep on MiniStack: whom it asks to be scored, and silent sources.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use copilot_aws::accounts::{Listing, card_item};
use copilot_aws::bus::EventBus;
use copilot_aws::deliveries::{self, DeliveryRecord};
use copilot_aws::models::ModelFiles;
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::testing::SdkConfig;
use copilot_aws::{Lake, ScoreQueue, Table, keys, testing};
use copilot_domain::ids::{AccountId, Source, TenantId, TenantProof};
use copilot_domain::time::Timestamp;
use copilot_runtime::clock::Clock;
use copilot_runtime::metrics::Metrics;
use nightly::{Context, handle};
use serde_json::json;

const NOW: &str = "2026-03-10T02:00:00Z";

async fn context(config: &SdkConfig) -> (Context, String) {
    let bucket = testing::create_bucket(config, &format!("{:?}", std::thread::current().name()))
        .await
        .unwrap();
    let table: Table = testing::create_table(config, "table").await.unwrap();
    let url = testing::create_queue(config, "score").await.unwrap();
    let clock = Clock::fixed(NOW.parse().unwrap());
    let context = Context {
        score: ScoreQueue::new(config, &url, table.clone()),
        bus: EventBus::new(config, "default"),
        lake: Lake::new(config, &bucket),
        models: ModelFiles::new(config, &bucket),
        table,
        metrics: Metrics::in_memory("nightly", clock.clone()),
        clock,
    };
    (context, url)
}

async fn tenant(table: &Table, slug: &str, pinned_as_of: Option<Timestamp>) -> TenantId {
    let tenant = TenantId::proven(slug, TenantProof::Operator).unwrap();
    let profile = Tenant {
        competitors: Vec::new(),
        text_tone: false,
        id: slug.into(),
        name: slug.into(),
        zone: "UTC".into(),
        pinned_as_of,
        key_events: None,
    };
    tenants::put(table, &tenant, &profile).await.unwrap();
    let account = AccountId::derived(&[slug]);
    let listing = Listing {
        name: slug.into(),
        ..Listing::default()
    };
    let item = card_item(
        &tenant,
        account,
        &listing,
        &json!({"id": account, "name": slug}),
        1,
    );
    table.put(item, Condition::None).await.unwrap();
    tenant
}

#[tokio::test]
async fn a_sandbox_is_swept_only_by_name() {
    let Some(config) = testing::config("nightly-sandbox").await else {
        return;
    };
    let (context, url) = context(&config).await;
    tenant(&context.table, "live", None).await;
    tenant(
        &context.table,
        "past",
        Some("2011-06-01T00:00:00Z".parse().unwrap()),
    )
    .await;
    let schedule = serde_json::from_str(include_str!("../../../events/nightly-schedule.json")).unwrap();
    let all = handle(schedule, &context).await.unwrap();
    assert_eq!((all.accounts, all.failed.len()), (1, 0));
    let (asked, _) = testing::queued(&config, &url).await.unwrap();
    assert!(asked.len() == 1 && asked[0].contains("live"), "{asked:?}");
    // Whoever means one tenant must not sweep all of them by a slip.
    let slip = handle(json!({"tenant": 7}), &context).await.unwrap_err();
    assert!(slip.to_string().contains("does not read"), "{slip}");
    let one = handle(json!({"tenant": "past"}), &context).await.unwrap();
    assert_eq!(one.accounts, 1);
    let (asked, _) = testing::queued(&config, &url).await.unwrap();
    assert!(asked.len() == 1 && asked[0].contains("past"), "{asked:?}");
}

#[tokio::test]
async fn a_source_that_goes_silent_is_told_of_once_and_again_when_it_is_back() {
    let Some(config) = testing::config("nightly-silence").await else {
        return;
    };
    let (context, _) = context(&config).await;
    let tenant = tenant(&context.table, "live", None).await;
    let source = Source::new("analytics").unwrap();
    let deliver = async |received_at: &str| {
        let received_at: Timestamp = received_at.parse().unwrap();
        let record = DeliveryRecord {
            delivery_id: received_at.to_string(),
            received_at,
            processed_at: received_at,
            rows: 1,
            unchanged: 0,
            created: 1,
            updated: 0,
            parked: 0,
            error_count: 0,
            errors: Vec::new(),
            note: None,
        };
        deliveries::note(
            &context.table,
            &tenant,
            &source,
            deliveries::Way::Webhook,
            &record,
        )
        .await
        .unwrap();
    };
    let noted = async || {
        let key = keys::silence(&tenant, &source);
        let item = context.table.get(&key).await.unwrap();
        item.is_some_and(|item| item.str("data").contains("\"is_over\":false"))
    };
    for day in 1..=8 {
        deliver(&format!("2026-03-{day:02}T03:00:00Z")).await;
    }
    handle(json!({}), &context).await.unwrap();
    assert!(!noted().await, "not two days yet");
    context.clock.advance(Duration::from_hours(24));
    for _ in 0..2 {
        handle(json!({}), &context).await.unwrap();
        assert!(noted().await);
    }
    deliver("2026-03-11T03:00:00Z").await;
    context.clock.advance(Duration::from_hours(24));
    handle(json!({}), &context).await.unwrap();
    assert!(!noted().await);
}
