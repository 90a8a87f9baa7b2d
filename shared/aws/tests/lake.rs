//! The feature store in S3, on MiniStack.
#![expect(clippy::unwrap_used, reason = "tests")]

use copilot_aws::lake::{self, Lake};
use copilot_aws::testing;
use copilot_domain::ids::{TenantId, TenantProof};
use jiff::civil::date;

fn tenant(slug: &str) -> TenantId {
    TenantId::proven(slug, TenantProof::Operator).unwrap()
}

#[tokio::test]
async fn a_day_that_is_written_again_with_fewer_parts_has_no_old_ones() {
    let Some(config) = testing::config("lake-days").await else {
        return;
    };
    let lake = Lake::new(
        &config,
        &testing::create_bucket(&config, "lake-days").await.unwrap(),
    );
    let (one, other) = (tenant("one"), tenant("one-more"));
    let day = date(2026, 1, 31);
    for part in 0..3 {
        lake.put(&one, day, part, vec![1, 2]).await.unwrap();
    }
    lake.put(&other, day, 0, vec![3]).await.unwrap();
    lake.put(&one, date(2026, 2, 28), 0, vec![4]).await.unwrap();
    assert_eq!(lake.parts(&one, day).await.unwrap(), [0, 1, 2]);
    lake.put(&one, day, 0, vec![9]).await.unwrap();
    lake.truncate(&one, day, 1).await.unwrap();
    assert_eq!(lake.parts(&one, day).await.unwrap(), [0]);
    assert_eq!(lake.get(&one, day, 0).await.unwrap(), [9]);
    assert_eq!(
        lake.parts(&other, day).await.unwrap(),
        [0],
        "another tenant's stay"
    );
    let days = async |from, to| lake.days(from, to).await.unwrap();
    assert_eq!(
        days(date(2026, 1, 1), date(2026, 12, 31)).await,
        [day, date(2026, 2, 28)]
    );
    assert_eq!(days(day, day).await, [day]);
    assert_eq!(days(date(2026, 2, 1), date(2026, 2, 27)).await, []);
    assert!(lake.get(&one, date(2025, 1, 1), 0).await.is_err());
}

#[tokio::test]
async fn a_tenant_has_one_key_of_pseudonyms_whoever_asks_first() {
    let Some(config) = testing::config("lake-key").await else {
        return;
    };
    let table = testing::create_table(&config, "table").await.unwrap();
    let (one, other) = (tenant("one"), tenant("other"));
    let ask = async |tenant: &TenantId, byte| lake::pseudonym_key(&table, tenant, [byte; 32]).await.unwrap();
    let (tenant_key, again) = tokio::join!(ask(&one, 1), ask(&one, 2));
    assert_eq!(tenant_key, again);
    assert_eq!(ask(&one, 3).await, tenant_key);
    assert_eq!(ask(&other, 4).await, [4; 32]);
}
