//! Deliveries: what is announced, and what the API hands over.

use aws_lambda_events::event::sqs::SqsEvent;
use copilot_aws::imports::{self, Import, ImportStatus};
use copilot_aws::{facts, testing};
use copilot_connectors::parse_delivery;
use copilot_domain::delivery::{Format, RawDelivery};
use copilot_domain::ids::Source;
use ingest::handle;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::support;

fn delivery(id: &str, source: &str, account: &str) -> RawDelivery {
    let rows = json!({"accounts": [{"external_id": account, "name": "Nordlicht GmbH"}]});
    RawDelivery {
        delivery_id: id.to_owned(),
        source: Source::new(source).unwrap(),
        format: Format::Canonical,
        received_at: support::now(),
        version_at: support::now(),
        body: rows.to_string(),
    }
}

#[tokio::test]
async fn what_the_api_applied_before_it_handed_over_is_scored() {
    let Some(world) = support::world("what_the_api_applied_before_it_handed_over_is_scored").await else {
        return;
    };
    let delivery = delivery("dlv_1", "api", "a-1");
    let key = world.context.raw.put_api(&world.tenant, &delivery).await.unwrap();
    // The API got this far before its time was up; it asked for no score.
    let parsed: Vec<_> = (parse_delivery(&delivery, false).facts.into_iter().map(|(_, f)| f)).collect();
    facts::apply(&world.context.table, &world.tenant, &TimeZone::UTC, &parsed)
        .await
        .unwrap();
    let message = json!({"copilot": "raw", "key": key});
    let answer = handle(support::event(&message), &world.context).await.unwrap();
    assert!(answer.batch_item_failures.is_empty());
    let items = testing::contents(&world.context.table).await.unwrap();
    let asked = items.keys().filter(|(_, sk)| sk == "PENDING").count();
    assert_eq!(asked, 1, "the account is asked to be scored");
}

#[tokio::test]
async fn the_sample_event_goes_through() {
    let Some(world) = support::world("the_sample_event_goes_through").await else {
        return;
    };
    let event: SqsEvent = serde_json::from_str(include_str!("../../../../events/ingest-sqs.json")).unwrap();
    assert_eq!(event.records.len(), 5);
    // What its messages name.
    let id = "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf";
    let (raw, tenant) = (&world.context.raw, &world.tenant);
    raw.put(tenant, &delivery(id, "web", "cust-1001")).await.unwrap();
    raw.put_api(tenant, &delivery(id, "api", "a-1")).await.unwrap();
    let import = "imp_0190b7c2000070008000000000000001".parse().unwrap();
    let csv = b"external_id,name\nx-1,One\n".to_vec();
    let key = Import::object_key(tenant, import);
    world.context.files.write(&key, csv).await.unwrap();
    let text = |text: &str| text.to_owned();
    let awaited = Import::announced(
        import,
        text("accounts"),
        text("a.csv"),
        text("api"),
        support::now(),
        text("ada"),
    );
    imports::put(&world.context.table, tenant, &awaited, None)
        .await
        .unwrap();

    let answer = handle(event, &world.context).await.unwrap();
    assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
    assert_eq!(world.import(import).await.status, ImportStatus::Uploaded);
    let items = testing::contents(&world.context.table).await.unwrap();
    for identity in ["T#demo#I#web#cust-1001", "T#demo#I#api#a-1"] {
        assert!(
            items.contains_key(&(identity.to_owned(), "REC".to_owned())),
            "{identity}"
        );
    }
}
