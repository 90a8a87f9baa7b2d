//! A replay into an empty table gives what the live table holds, and leaves the live one alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use copilot_aws::imports::{self, Files, Import};
use copilot_aws::sdk::SdkConfig;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::testing::{self, Contents};
use copilot_aws::{IngestQueue, RawLog, ScoreQueue};
use copilot_domain::delivery::{Format, ImportOrder, RawDelivery};
use copilot_domain::ids::{ImportId, Source, TenantId, TenantProof};
use copilot_domain::time::Timestamp;
use copilot_runtime::clock::Clock;
use copilot_runtime::config::Env;
use copilot_runtime::metrics::Metrics;
use ingest::{Context, Pace};
use serde_json::{Value, json};

use super::{RAW_PREFIX, run};

const IMPORT: &str = "imp_0190b7c2000070008000000000000001";
const ROWS: u64 = 300;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + seconds).unwrap()
}

fn tenant() -> TenantId {
    TenantId::proven("acme", TenantProof::Operator).unwrap()
}

fn delivery(id: &str, source: &str, seconds: i64, rows: &Value) -> RawDelivery {
    RawDelivery {
        delivery_id: id.to_owned(),
        source: Source::new(source).unwrap(),
        format: Format::Canonical,
        received_at: at(seconds),
        version_at: at(seconds),
        body: rows.to_string(),
    }
}

/// The live stack: its parts of an import are small, so that one import takes many messages.
async fn live(config: &SdkConfig, bucket: &str) -> Context {
    let table = testing::create_table(config, "live").await.unwrap();
    let ingest = testing::create_queue(config, "ingest").await.unwrap();
    let score = testing::create_queue(config, "score").await.unwrap();
    let clock = Clock::fixed(at(0));
    let settings = Tenant {
        competitors: Vec::new(),
        text_tone: false,
        id: "acme".to_owned(),
        name: "Acme".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        pinned_as_of: None,
        key_events: None,
    };
    tenants::put(&table, &tenant(), &settings).await.unwrap();
    Context {
        raw: RawLog::new(config, bucket),
        files: Files::new(config, bucket),
        ingest: Some(IngestQueue::new(config, &ingest)),
        score: Some(ScoreQueue::new(config, &score, table.clone())),
        pace: Pace { rows: 40, seconds: 0 },
        metrics: Metrics::in_memory("ingest", clock.clone()),
        table,
        clock,
    }
}

/// What webhooks and the API told.
async fn deliver(live: &Context) {
    let accounts = json!({"accounts": [
        {"external_id": "a-1", "name": "One", "identities": {"crm": "c-9"}},
        {"external_id": "a-2", "name": "Two"},
    ]});
    let mut told = vec![delivery("d-000", "web", 0, &accounts)];
    // More revisions of one thing than are kept.
    for n in 1..=105 {
        let row = json!({"external_id": "t-1", "account": "a-1", "title": format!("state {n}"),
            "opened_at": "2026-02-01T08:00:00Z", "priority": "high"});
        // Names in no order, as a hash of the body is.
        let id = format!("d-{:03}", n * 37 % 107);
        told.push(delivery(&id, "web", n, &json!({"tickets": [row]})));
    }
    let early = json!({"id": "u-1", "account": "nobody", "name": "login", "at": "2026-03-01T08:00:00Z"});
    told.push(delivery("d-900", "crm", 130, &json!({"events": [early]})));
    for delivery in &told {
        live.raw.put(&tenant(), delivery).await.unwrap();
        let key = RawLog::key(RAW_PREFIX, &tenant(), delivery);
        ingest::apply_raw(live, &key, false).await.unwrap();
    }
    let contact = json!({"contacts": [{"external_id": "p-1", "account": "c-9", "name": "Ada"}]});
    let by_api = delivery("d-1", "crm", 140, &contact);
    let key = live.raw.put_api(&tenant(), &by_api).await.unwrap();
    ingest::apply_raw(live, &key, false).await.unwrap();
}

/// An import that takes more than one message.
async fn import(live: &Context) -> Import {
    let id: ImportId = IMPORT.parse().unwrap();
    let mut csv = "id,account,name,at\n".to_owned();
    for n in 0..ROWS {
        writeln!(
            csv,
            "e-{n},a-{},login,2026-02-{:02}T10:00:00Z",
            1 + n % 2,
            1 + n % 9
        )
        .unwrap();
    }
    let key = Import::object_key(&tenant(), id);
    live.files.write(&key, csv.into_bytes()).await.unwrap();
    let mapping: BTreeMap<_, _> = ["id", "account", "name", "at"]
        .map(|name| (name.to_owned(), Some(name.to_owned())))
        .into();
    let order = ImportOrder {
        import: id,
        kind: "events".to_owned(),
        filename: "events.csv".to_owned(),
        source: "web".to_owned(),
        etag: live.files.look(&key).await.unwrap().unwrap().etag,
        mapping,
        ordered_by: "ada".to_owned(),
    };
    let order = RawDelivery {
        format: Format::CsvImport,
        body: serde_json::to_string(&order).unwrap(),
        ..delivery("d-2", "imports", 150, &json!({}))
    };
    live.raw.put(&tenant(), &order).await.unwrap();
    let key = RawLog::key(RAW_PREFIX, &tenant(), &order);
    for parts in 0..100 {
        // The order goes on where the part before ended, as the queue's message would.
        ingest::apply_raw(live, &key, false).await.unwrap();
        let (import, _) = imports::get(&live.table, &tenant(), id).await.unwrap().unwrap();
        if import.finished_at.is_some() {
            assert!(parts > 2, "it was done in {parts} parts");
            return import;
        }
    }
    panic!("the import does not end");
}

/// Facts, links, usage, what is parked, and whose an identity is.
fn state(contents: &Contents) -> Contents {
    let mut state = contents.clone();
    state.retain(|(pk, sk), _| pk.contains("#I#") || pk.ends_with("#PARKED") || sk.starts_with("ID#"));
    state
}

#[tokio::test]
async fn a_replay_into_an_empty_table_gives_the_same_state_and_leaves_the_live_one_alone() {
    let name = "a_replay_into_an_empty_table_gives_the_same_state_and_leaves_the_live_one_alone";
    let Some(config) = testing::config(name).await else {
        return;
    };
    let bucket = testing::create_bucket(&config, name).await.unwrap();
    let live = live(&config, &bucket).await;
    deliver(&live).await;
    let imported = import(&live).await;
    // An object that does not read stands in the way of none.
    let broken = "raw/acme/web/2026/01/01/broken.json.gz";
    live.files.write(broken, b"nonsense".to_vec()).await.unwrap();
    let before = testing::contents(&live.table).await.unwrap();
    let queue = testing::create_queue(&config, "ingest").await.unwrap();
    let asked = testing::waiting(&config, &queue).await.unwrap().len();

    let rebuilt = testing::create_table(&config, "rebuilt").await.unwrap();
    let env = Env::of([("STAGE", "test")]);
    let target = super::context(
        &env,
        &config,
        &bucket,
        live.table.clone(),
        Some(rebuilt),
        &tenant(),
    )
    .await
    .unwrap();
    let outcome = run(&target, &tenant()).await.unwrap();
    let failed: Vec<&str> = outcome.failures.iter().map(|f| f.key.as_str()).collect();
    assert_eq!((failed, outcome.deliveries), (vec![broken], 109));

    let after = testing::contents(&target.table).await.unwrap();
    let expected = state(&before);
    assert!(expected.keys().any(|(_, sk)| sk.starts_with("USE#")));
    assert_eq!(
        expected.keys().collect::<Vec<_>>(),
        state(&after).keys().collect::<Vec<_>>()
    );
    assert_eq!(expected, state(&after));
    let id = IMPORT.parse().unwrap();
    let (again, _) = imports::get(&target.table, &tenant(), id).await.unwrap().unwrap();
    assert!(again.finished_at.is_some());
    assert_eq!(
        (again.rows_done, again.created, again.unchanged),
        (ROWS, imported.created, imported.unchanged)
    );
    assert_eq!(before, testing::contents(&live.table).await.unwrap());
    assert_eq!(testing::waiting(&config, &queue).await.unwrap().len(), asked);
}
