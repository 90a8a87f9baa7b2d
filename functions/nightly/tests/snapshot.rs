//! The feature snapshot on MiniStack: what stands in the feature store after it.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use copilot_aws::accounts::{Listing, card_item};
use copilot_aws::bus::EventBus;
use copilot_aws::models::ModelFiles;
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::testing::SdkConfig;
use copilot_aws::{Item, Lake, ScoreQueue, keys, lake, testing};
use copilot_domain::assessment::{AlertChanges, Assessment};
use copilot_domain::facts::{Stage, Touch};
use copilot_domain::health::{Band, Health, Points, ProfileChoice, SubScores, Trend};
use copilot_domain::ids::{AccountId, TenantId, TenantProof};
use copilot_domain::prediction::{ConfidenceLabel, Method, Prediction, PredictionKind};
use copilot_domain::time::Timestamp;
use copilot_lake::{LakeKey, Origin, Row, about, columns, read};
use copilot_runtime::clock::Clock;
use copilot_runtime::metrics::Metrics;
use jiff::civil::{Date, date};
use nightly::{Context, Swept, handle};
use serde_json::{Value, json};

const NOW: &str = "2026-03-10T05:00:00Z";

struct World {
    context: Context,
    bucket: String,
}

impl World {
    async fn new(config: &SdkConfig, test: &str) -> Self {
        let bucket = testing::create_bucket(config, test).await.unwrap();
        let table = testing::create_table(config, "table").await.unwrap();
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
        Self { context, bucket }
    }

    async fn tenant(&self, slug: &str, zone: &str, pinned_as_of: Option<&str>) -> TenantId {
        let tenant = TenantId::proven(slug, TenantProof::Operator).unwrap();
        let profile = Tenant {
            competitors: Vec::new(),
            id: slug.into(),
            name: slug.into(),
            zone: zone.into(),
            pinned_as_of: pinned_as_of.map(|at| at.parse().unwrap()),
            key_events: None,
            text_tone: false,
        };
        tenants::put(&self.context.table, &tenant, &profile)
            .await
            .unwrap();
        tenant
    }

    async fn account(&self, tenant: &TenantId, name: &str, assessment: Option<&Assessment>) -> AccountId {
        let account = AccountId::derived(&[tenant.as_str(), name]);
        let listing = Listing {
            name: name.into(),
            currency: Some("EUR".into()),
            ..Listing::default()
        };
        let card =
            json!({"id": account, "name": name, "stage": "will_churn", "touch": "high", "segment": "smb"});
        let card = card_item(tenant, account, &listing, &card, 1);
        self.context.table.put(card, Condition::None).await.unwrap();
        if let Some(assessment) = assessment {
            let item = Item::new(&keys::assessment(tenant, account), "assessment").data(assessment);
            self.context.table.put(item, Condition::None).await.unwrap();
        }
        account
    }

    async fn rows(&self, tenant: &TenantId, day: Date) -> Vec<Row> {
        let key = lake::pseudonym_key(&self.context.table, tenant, [0; 32])
            .await
            .unwrap();
        let mut rows = Vec::new();
        for part in self.context.lake.parts(tenant, day).await.unwrap() {
            let file = self.context.lake.get(tenant, day, part).await.unwrap();
            assert_eq!(about(&file).unwrap().origin, Origin::Lived);
            rows.extend(read(&file, &LakeKey::new(key)).unwrap());
        }
        rows
    }
}

fn prediction(method: Method, probability: f64) -> Prediction {
    let at: Timestamp = NOW.parse().unwrap();
    Prediction {
        kind: PredictionKind::Churn,
        probability,
        confidence: 0.5,
        confidence_label: ConfidenceLabel::Medium,
        method,
        model_version: (method == Method::Model).then(|| "baseline-3".to_owned()),
        window_days: 90,
        computed_at: at,
        valid_until: at,
        base_margin: None,
        factors: Vec::new(),
        actual_outcome: None,
        was_accurate: None,
        note: None,
        shadow: false,
        amount: None,
    }
}

fn assessment(score: f64, mrr: f64) -> Assessment {
    let score = Points::from_f64(score);
    let at: Timestamp = "2026-03-10T02:03:04Z".parse().unwrap();
    Assessment {
        account: AccountId::derived(&["whoever"]),
        as_of: at,
        computed_at: at,
        profile: ProfileChoice {
            id: "default".into(),
            name: "Default".into(),
            version: 1,
            why: "no other".into(),
        },
        health: Health {
            score: Some(score),
            score_unit: Some(score.unit()),
            raw_score: Some(score),
            band: Band::of(score),
            previous_band: None,
            coverage: 1.0,
            subscores: SubScores::default(),
            measures: Vec::new(),
            caps: Vec::new(),
            trend: Trend::default(),
            computed_score: Some(score),
            overridden: None,
        },
        scorecards: Vec::new(),
        sum_check: Points::ZERO,
        predictions: vec![
            prediction(Method::Rules, 0.4),
            prediction(Method::Model, 0.2),
            Prediction {
                shadow: true,
                ..prediction(Method::Model, 0.9)
            },
        ],
        alerts: AlertChanges::default(),
        features: [("mrr".to_owned(), Some(mrr)), ("nps".to_owned(), None)].into(),
        missing: Vec::new(),
    }
}

#[tokio::test]
async fn a_snapshot_holds_what_the_newest_assessments_say() {
    let Some(config) = testing::config("nightly-snapshot").await else {
        return;
    };
    let world = World::new(&config, "nightly-snapshot").await;
    let tenant = world.tenant("live", "UTC", None).await;
    let one = world
        .account(&tenant, "One Ltd", Some(&assessment(80.0, 900.0)))
        .await;
    let other = world
        .account(&tenant, "Other Ltd", Some(&assessment(20.0, 50.0)))
        .await;
    world.account(&tenant, "Never scored", None).await;
    let order = serde_json::from_str(include_str!("../../../events/nightly-snapshot.json")).unwrap();
    let done = handle(order, &world.context).await.unwrap();
    assert_eq!((done.rows, done.accounts, done.tenants), (2, 0, 1));

    let day = date(2026, 3, 10);
    let mut rows = world.rows(&tenant, day).await;
    rows.sort_by_key(|row| std::cmp::Reverse(row.band));
    let row = &rows[0];
    assert_eq!(
        (row.account, row.day, row.score, row.band),
        (one, day, Some(80.0), Some(Band::Healthy))
    );
    assert_eq!(row.as_of, "2026-03-10T02:03:04Z".parse().unwrap());
    assert_eq!(
        (row.stage, row.touch),
        (Some(Stage::WillChurn), Some(Touch::High))
    );
    assert_eq!(row.segment.as_deref(), Some("smb"));
    assert_eq!(row.currency.map(|c| c.to_string()).as_deref(), Some("EUR"));
    assert_eq!(
        (row.churn_probability, row.model_version.as_deref()),
        (Some(0.2), Some("baseline-3"))
    );
    assert_eq!(
        (row.features.get("mrr"), row.features.get("nps")),
        (Some(900.0), None)
    );
    assert_eq!(rows[1].account, other);

    let file = world.context.lake.get(&tenant, day, 0).await.unwrap();
    for personal in ["One Ltd", "Other Ltd"] {
        assert!(
            !file
                .windows(personal.len())
                .any(|bytes| bytes == personal.as_bytes()),
            "{personal}"
        );
    }
    handle(json!({"snapshot": "live"}), &world.context).await.unwrap();
    assert_eq!(
        world.context.lake.get(&tenant, day, 0).await.unwrap(),
        file,
        "a second run writes the same"
    );
}

#[tokio::test]
async fn a_sandbox_is_snapshotted_by_name_at_its_pinned_day_in_its_zone() {
    let Some(config) = testing::config("nightly-snapshot-sandbox").await else {
        return;
    };
    let world = World::new(&config, "nightly-snapshot-sandbox").await;
    let past = world
        .tenant("past", "Pacific/Auckland", Some("2011-06-01T20:00:00Z"))
        .await;
    world.account(&past, "One", Some(&assessment(80.0, 900.0))).await;
    let all = handle(json!({"snapshot": "*"}), &world.context).await.unwrap();
    assert_eq!(all.rows, 0);
    let named = handle(json!({"snapshot": "past"}), &world.context).await.unwrap();
    assert_eq!(named.rows, 1);
    assert_eq!(world.rows(&past, date(2011, 6, 2)).await.len(), 1);
    let slip = handle(json!({"snapshot": "past", "tenant": "past"}), &world.context)
        .await
        .unwrap_err();
    assert!(slip.to_string().contains("give one of them"), "{slip}");
    let nobody = handle(json!({"snapshot": "nobody"}), &world.context)
        .await
        .unwrap();
    assert_eq!(nobody, Swept::default());
}

#[tokio::test]
async fn pages_of_many_accounts_leave_nobody_out() {
    let Some(config) = testing::config("nightly-snapshot-pages").await else {
        return;
    };
    let world = World::new(&config, "nightly-snapshot-pages").await;
    let tenant = world.tenant("live", "UTC", None).await;
    let scored = assessment(60.0, 10.0);
    for number in 0..230 {
        world
            .account(&tenant, &format!("account {number}"), Some(&scored))
            .await;
    }
    let done = handle(json!({"snapshot": "live"}), &world.context).await.unwrap();
    assert_eq!(done.rows, 230);
    let mut accounts: Vec<_> = world
        .rows(&tenant, date(2026, 3, 10))
        .await
        .iter()
        .map(|row| row.account)
        .collect();
    accounts.sort();
    accounts.dedup();
    assert_eq!(accounts.len(), 230);
}

/// A call of a service that we have no client of, as the AWS command line would make it: the JSON protocol, with the
/// test's AWS account.
async fn call(config: &SdkConfig, test: &str, target: &str, body: &Value) -> Value {
    let credential = format!(
        "{}/20260310/us-east-1/aws/aws4_request",
        testing::access_key(test)
    );
    let authorization = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
    let answer = reqwest::Client::new()
        .post(config.endpoint_url().unwrap())
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.1")
        .header("authorization", authorization)
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let (status, said) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{target}: {status} {said}");
    serde_json::from_str(&said).unwrap_or_default()
}

#[tokio::test]
async fn athena_reads_what_a_snapshot_wrote() {
    let test = "nightly-snapshot-athena";
    let Some(config) = testing::config(test).await else {
        return;
    };
    let world = World::new(&config, test).await;
    for (slug, score) in [("live", 80.0), ("other", 10.0)] {
        let tenant = world.tenant(slug, "UTC", None).await;
        world
            .account(&tenant, "One Ltd", Some(&assessment(score, 900.5)))
            .await;
        world
            .account(&tenant, "Two Ltd", Some(&assessment(score, 100.0)))
            .await;
    }
    handle(json!({"snapshot": "*"}), &world.context).await.unwrap();

    let columns: Vec<Value> = columns()
        .map(|(name, kind)| json!({"Name": name, "Type": kind}))
        .collect();
    let table = json!({"DatabaseName": "lake", "TableInput": {
        "Name": "features", "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "parquet"},
        "PartitionKeys": [{"Name": "dt", "Type": "string"}, {"Name": "tenant", "Type": "string"}],
        "StorageDescriptor": {
            "Location": format!("s3://{}/features/", world.bucket), "Columns": columns,
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}}}});
    call(
        &config,
        test,
        "AWSGlue.CreateDatabase",
        &json!({"DatabaseInput": {"Name": "lake"}}),
    )
    .await;
    call(&config, test, "AWSGlue.CreateTable", &table).await;
    let query = "SELECT count(*), sum(mrr), max(band), max(cast(day AS varchar)), count(nps) FROM features \
                 WHERE tenant = 'live' AND dt = '2026-03-10'";
    let asked = json!({"QueryString": query, "QueryExecutionContext": {"Database": "lake"},
        "ResultConfiguration": {"OutputLocation": format!("s3://{}/exports/athena/", world.bucket)}});
    let id =
        call(&config, test, "AmazonAthena.StartQueryExecution", &asked).await["QueryExecutionId"].clone();
    let id = json!({"QueryExecutionId": id});
    for _ in 0..100 {
        let status = call(&config, test, "AmazonAthena.GetQueryExecution", &id).await;
        let state = status["QueryExecution"]["Status"]["State"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_ne!(state, "FAILED", "{status}");
        if state == "SUCCEEDED" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let answer = call(&config, test, "AmazonAthena.GetQueryResults", &id).await;
    let rows = answer["ResultSet"]["Rows"].as_array().unwrap();
    let values = |row: &Value| -> Vec<String> {
        let cells = row["Data"].as_array().unwrap();
        cells
            .iter()
            .map(|cell| cell["VarCharValue"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(
        values(rows.last().unwrap()),
        ["2", "1000.5", "healthy", "2026-03-10", "0"]
    );
}
