//! Features of past days, into the feature store and out of it. On MiniStack.
#![expect(clippy::unwrap_used, reason = "tests")]

use copilot_aws::accounts::{Listing, card_item};
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::{Lake, Table, facts, testing};
use copilot_domain::facts::{Fact, Kind, RecordFact};
use copilot_domain::ids::{AccountId, ExternalId, Source, TenantId, TenantProof};
use copilot_domain::revision::Revision;
use copilot_domain::time::Timestamp;
use copilot_lake::{Origin, Row, about, read, write};
use copilot_pipeline::{lake, snapshots};
use futures::TryStreamExt;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

const NOW: &str = "2026-03-10T06:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

struct World {
    table: Table,
    store: Lake,
    tenant: TenantId,
}

impl World {
    async fn new(test: &str) -> Option<Self> {
        let config = testing::config(test).await?;
        let table = testing::create_table(&config, "table").await.unwrap();
        let bucket = testing::create_bucket(&config, test).await.unwrap();
        let tenant = TenantId::proven("acme", TenantProof::Operator).unwrap();
        let profile = Tenant {
            competitors: Vec::new(),
            id: "acme".into(),
            name: "Acme".into(),
            zone: "Europe/Berlin".into(),
            pinned_as_of: None,
            key_events: None,
            text_tone: false,
        };
        tenants::put(&table, &tenant, &profile).await.unwrap();
        Some(Self {
            table,
            store: Lake::new(&config, &bucket),
            tenant,
        })
    }

    /// An account that is known since a day, with revenue that doubles with something learned on 15 February.
    async fn account(&self, name: &str, known_at: &str, mrr_minor: i64) -> AccountId {
        let identity = ExternalId::new(Source::api(), name).unwrap();
        let row = |mrr: i64| json!({"name": name, "mrr_minor": mrr, "currency": "EUR", "segment": "smb"});
        let told = [
            (known_at, row(mrr_minor)),
            ("2026-02-15T12:00:00Z", row(2 * mrr_minor)),
        ];
        let told = told.map(|(known_at, row)| account_fact(&identity, known_at, &row));
        facts::apply(&self.table, &self.tenant, &TimeZone::UTC, &told)
            .await
            .unwrap();
        let account = AccountId::of_identity(&self.tenant, &identity);
        let listing = Listing {
            name: name.into(),
            ..Listing::default()
        };
        let card = card_item(&self.tenant, account, &listing, &json!({"id": account}), 1);
        self.table.put(card, Condition::None).await.unwrap();
        account
    }

    async fn rows(&self, day: Date) -> Vec<Row> {
        let key = lake::key(&self.table, &self.tenant).await.unwrap();
        let mut rows = Vec::new();
        for part in self.store.parts(&self.tenant, day).await.unwrap() {
            rows.extend(read(&self.store.get(&self.tenant, day, part).await.unwrap(), &key).unwrap());
        }
        rows
    }

    async fn fill(&self, days: &[Date]) -> lake::Filled {
        Box::pin(lake::fill(
            &self.table,
            &self.store,
            &self.tenant,
            days.to_vec(),
            at(NOW),
        ))
        .await
        .unwrap()
    }
}

fn account_fact(identity: &ExternalId, known_at: &str, row: &Value) -> Fact {
    Fact::Record(RecordFact {
        kind: Kind::Account,
        account: identity.clone(),
        external_id: identity.clone(),
        revision: Revision::new(at(known_at), at(known_at), row.as_object().unwrap().clone()),
    })
}

#[tokio::test]
async fn past_days_hold_what_was_known_then_and_nothing_later() {
    let Some(world) = World::new("pipeline-snapshots").await else {
        return;
    };
    let mut accounts = Vec::new();
    for number in 0..20 {
        accounts.push(
            world
                .account(&format!("old-{number}"), "2025-11-02T10:00:00Z", 10_000 + number)
                .await,
        );
    }
    let new = world.account("new", "2026-02-01T10:00:00Z", 5_000).await;
    let (december, january, february) = (date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28));
    let today = date(2026, 3, 10);
    let filled = world.fill(&[february, december, january, january, today]).await;
    assert_eq!(filled.days, [december, january, february], "today is not over");
    assert_eq!((filled.accounts, filled.rows), (21, 61));

    let row = |rows: &[Row], account| rows.iter().find(|row| row.account == account).cloned();
    let then = world.rows(january).await;
    assert_eq!(then.len(), 20);
    assert_eq!(row(&then, new), None, "not known yet");
    let one = row(&then, accounts[7]).unwrap();
    assert_eq!(one.features.get("mrr"), Some(100.07));
    assert_eq!(
        one.as_of,
        at("2026-01-31T22:59:59.999999Z"),
        "the last instant in the tenant's zone"
    );
    assert_eq!((one.segment.as_deref(), one.score), (Some("smb"), None));
    let later = world.rows(february).await;
    assert_eq!(
        row(&later, accounts[7]).unwrap().features.get("mrr"),
        Some(200.14)
    );
    assert_eq!(row(&later, new).unwrap().features.get("mrr"), Some(100.0));

    let taken = snapshots::Snapshots::of(&world.table, &world.tenant, [january], at(NOW))
        .await
        .unwrap();
    let streamed: Vec<Vec<Row>> = taken.rows().try_collect().await.unwrap();
    let mut streamed: Vec<Row> = streamed.into_iter().flatten().collect();
    let mut stored = then.clone();
    streamed.sort_by_key(|row| row.account);
    stored.sort_by_key(|row| row.account);
    assert_eq!(streamed, stored, "training sees what is stored");

    let before = world.store.get(&world.tenant, january, 0).await.unwrap();
    world.fill(&[january]).await;
    assert_eq!(
        world.store.get(&world.tenant, january, 0).await.unwrap(),
        before,
        "again gives the same bytes"
    );
}

#[tokio::test]
async fn a_day_that_was_snapshotted_when_it_was_today_is_never_overwritten() {
    let Some(world) = World::new("pipeline-snapshots-lived").await else {
        return;
    };
    let account = world.account("one", "2025-11-02T10:00:00Z", 10_000).await;
    let (lived, other) = (date(2026, 1, 31), date(2026, 2, 28));
    let key = lake::key(&world.table, &world.tenant).await.unwrap();
    let row = Row {
        score: Some(80.0),
        ..Row::new(account, lived, at("2026-01-31T02:00:00Z"))
    };
    let file = write(std::slice::from_ref(&row), &key, Origin::Lived).unwrap();
    world.store.put(&world.tenant, lived, 0, file).await.unwrap();
    let filled = world.fill(&[lived, other]).await;
    assert_eq!((filled.days, filled.kept), (vec![other], vec![lived]));
    assert_eq!(world.rows(lived).await, [row]);
    let made = world.store.get(&world.tenant, other, 0).await.unwrap();
    assert_eq!(about(&made).unwrap().origin, Origin::Hindsight);
}

#[tokio::test]
async fn an_erased_account_is_on_no_day_any_more() {
    let Some(world) = World::new("pipeline-lake-erase").await else {
        return;
    };
    let gone = world.account("gone", "2025-11-02T10:00:00Z", 10_000).await;
    let stays = world.account("stays", "2025-11-02T10:00:00Z", 10_000).await;
    let days = [date(2025, 12, 31), date(2026, 1, 31)];
    world.fill(&days).await;
    let erase = async || {
        lake::erase(&world.table, &world.store, &world.tenant, &[gone])
            .await
            .unwrap()
    };
    let first = erase().await;
    assert_eq!((first.files, first.rewritten), (2, 2));
    for day in days {
        let accounts: Vec<AccountId> = world.rows(day).await.iter().map(|row| row.account).collect();
        assert_eq!(accounts, [stays]);
    }
    assert_eq!(erase().await.rewritten, 0);
}
