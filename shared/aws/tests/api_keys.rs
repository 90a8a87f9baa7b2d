//! Keys of a tenant, as operators list and revoke them.

use copilot_aws::tenants::{self, ApiKey};
use copilot_aws::testing;
use copilot_domain::ids::{TenantId, TenantProof};
use copilot_domain::time::Timestamp;

fn key(tenant: &str, prefix: &str) -> ApiKey {
    ApiKey {
        tenant: tenant.to_owned(),
        name: "integration".to_owned(),
        scopes: vec!["read".to_owned()],
        prefix: prefix.to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_listed_no_more() {
    let Some(config) = testing::config("a_revoked_key_is_refused_and_listed_no_more").await else {
        return;
    };
    let table = testing::create_table(&config, "keys").await.unwrap();
    let tenant = |slug: &str| TenantId::proven(slug, TenantProof::Operator).unwrap();
    let (acme, other) = (tenant("acme"), tenant("other"));
    for (hash, owner, prefix) in [
        ("h1", "acme", "cpk_1"),
        ("h2", "acme", "cpk_2"),
        ("h3", "other", "cpk_3"),
    ] {
        tenants::put_api_key(&table, hash, &key(owner, prefix))
            .await
            .unwrap();
    }
    let listed = tenants::api_keys(&table, &acme).await.unwrap();
    assert_eq!(listed, [key("acme", "cpk_1"), key("acme", "cpk_2")]);

    // Nobody's key by another tenant's name.
    assert_eq!(
        tenants::revoke_api_key(&table, &other, "cpk_1").await.unwrap(),
        None
    );
    let revoked = tenants::revoke_api_key(&table, &acme, "cpk_1").await.unwrap();
    assert_eq!(revoked, Some(key("acme", "cpk_1")));
    assert_eq!(tenants::api_key(&table, "h1").await.unwrap(), None);
    assert!(tenants::api_key(&table, "h2").await.unwrap().is_some());
    let listed = tenants::api_keys(&table, &acme).await.unwrap();
    assert_eq!(listed, [key("acme", "cpk_2")]);
}
