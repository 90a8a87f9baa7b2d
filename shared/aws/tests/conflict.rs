//! Conditional writes of the table.
#![expect(clippy::unwrap_used, reason = "tests")]

use copilot_aws::table::{Condition, Write};
use copilot_aws::{AwsError, testing};
use copilot_domain::ids::{TenantId, TenantProof};

fn tenant() -> TenantId {
    TenantId::proven("acme", TenantProof::OwnRecord).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_over_something_newer_is_a_conflict() -> Result<(), AwsError> {
    let test = "a_write_over_something_newer_is_a_conflict";
    let Some(config) = testing::config(test).await else {
        return Ok(());
    };
    let table = testing::create_table(&config, "conflict").await.unwrap();
    let key = copilot_aws::keys::tenant(&tenant());
    let item = |rev| copilot_aws::Item::new(&key, "tenant").number("rev", rev);
    table.put(item(1), Condition::Absent).await?;
    assert!(
        table
            .put(item(1), Condition::Absent)
            .await
            .unwrap_err()
            .is_conflict()
    );
    assert!(
        table
            .put(item(2), Condition::Rev(7))
            .await
            .unwrap_err()
            .is_conflict()
    );
    let write = Write::Put(item(2), Condition::Rev(7));
    assert!(table.transact(vec![write]).await.unwrap_err().is_conflict());
    table.put(item(2), Condition::Rev(1)).await
}
