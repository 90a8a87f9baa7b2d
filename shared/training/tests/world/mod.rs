//! A tenant with shops, on a MiniStack account of its own.

use copilot_aws::bus::EventBus;
use copilot_aws::models::ModelFiles;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::testing::SdkConfig;
use copilot_aws::{Table, facts, testing};
use copilot_domain::facts::{Fact, Kind, RecordFact};
use copilot_domain::ids::{AccountId, ExternalId, Source, TenantId, TenantProof};
use copilot_domain::revision::Revision;
use copilot_domain::time::Timestamp;
use copilot_pipeline::Scorer;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::json;

pub(crate) const NOW: &str = "2026-03-10T06:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(crate) fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

pub(crate) struct World {
    pub(crate) config: SdkConfig,
    pub(crate) bucket: String,
    pub(crate) table: Table,
    pub(crate) tenant: TenantId,
}

impl World {
    pub(crate) async fn new(test: &str) -> Option<Self> {
        let config = testing::config(test).await?;
        let table = testing::create_table(&config, "table").await.unwrap();
        let bucket = testing::create_bucket(&config, test).await.unwrap();
        let tenant = TenantId::proven("acme", TenantProof::Operator).unwrap();
        let settings: Tenant =
            serde_json::from_value(json!({"id": "acme", "name": "Acme", "zone": "UTC", "pinned_as_of": NOW}))
                .unwrap();
        tenants::put(&table, &tenant, &settings).await.unwrap();
        Some(Self {
            config,
            bucket,
            table,
            tenant,
        })
    }

    pub(crate) fn files(&self) -> ModelFiles {
        ModelFiles::new(&self.config, &self.bucket)
    }

    /// A scorer of its own: settings and models are read anew.
    pub(crate) fn scorer(&self) -> Scorer {
        let bus = EventBus::new(&self.config, "default");
        Scorer::new(self.table.clone(), bus)
            .unwrap()
            .with_models(self.files())
    }

    pub(crate) fn account(&self, name: &str) -> AccountId {
        AccountId::of_identity(&self.tenant, &id(name))
    }

    /// A shop that orders every `every` days since `first` days ago, until `last` days ago, and is scored once.
    pub(crate) async fn shop(&self, name: &str, every: i64, first: i64, last: i64) {
        let day_one = days_ago(first);
        let mut told = vec![record(Kind::Account, name, name, day_one, &json!({"name": name}))];
        let mut day = first;
        while day >= last {
            let at = days_ago(day);
            let bill = json!({"amount_minor": 10_000, "currency": "EUR", "issued_at": at, "paid_at": at});
            told.push(record(Kind::Invoice, name, &format!("{name}-{day}"), at, &bill));
            day -= every;
        }
        facts::apply(&self.table, &self.tenant, &TimeZone::UTC, &told)
            .await
            .unwrap();
        self.scorer()
            .score(&self.tenant, self.account(name), now())
            .await
            .unwrap();
    }
}

pub(crate) fn id(name: &str) -> ExternalId {
    ExternalId::new(Source::api(), name).unwrap()
}

pub(crate) fn record(
    kind: Kind,
    account: &str,
    own: &str,
    at: Timestamp,
    fields: &serde_json::Value,
) -> Fact {
    Fact::Record(RecordFact {
        kind,
        account: id(account),
        external_id: id(own),
        revision: Revision::new(at, at, fields.as_object().unwrap().clone()),
    })
}
