//! A tenant's rated tickets become a model of tone of its own. On MiniStack.
#![expect(clippy::unwrap_used, reason = "tests")]

use copilot_aws::bus::EventBus;
use copilot_aws::models::ModelFiles;
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::{Table, facts, testing, tone};
use copilot_domain::facts::{Fact, Kind, RecordFact};
use copilot_domain::ids::{ExternalId, Source, TenantId, TenantProof};
use copilot_domain::model::RunStatus;
use copilot_domain::revision::Revision;
use copilot_domain::time::Timestamp;
use copilot_domain::tone::ToneRun;
use copilot_pipeline::Scorer;
use copilot_runtime::clock::Clock;
use copilot_training::ToneTrainer;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::json;

const NOW: &str = "2026-03-10T06:00:00Z";
/// Trade words that no lexicon knows to be good or bad.
const BAD: [&str; 6] = [
    "reroute",
    "demurrage",
    "backload",
    "offloaded",
    "rollover",
    "detention",
];
const GOOD: [&str; 6] = [
    "expressed",
    "preloaded",
    "berthed",
    "cleared",
    "consolidated",
    "prioritised",
];
const COMMON: [&str; 8] = [
    "container",
    "vessel",
    "terminal",
    "booking",
    "week",
    "quay",
    "manifest",
    "route",
];

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn id(name: &str) -> ExternalId {
    ExternalId::new(Source::api(), name).unwrap()
}

struct World {
    table: Table,
    tenant: TenantId,
    files: ModelFiles,
    scorer: Box<dyn Fn() -> Scorer>,
}

impl World {
    async fn new(test: &str, text_tone: bool) -> Option<Self> {
        let config = testing::config(test).await?;
        let table = testing::create_table(&config, "table").await.unwrap();
        let bucket = testing::create_bucket(&config, test).await.unwrap();
        let tenant = TenantId::proven("acme", TenantProof::Operator).unwrap();
        let settings: Tenant = serde_json::from_value(json!({
            "id": "acme", "name": "Acme", "zone": "UTC", "pinned_as_of": NOW, "text_tone": text_tone,
        }))
        .unwrap();
        tenants::put(&table, &tenant, &settings).await.unwrap();
        let files = ModelFiles::new(&config, &bucket);
        let (of, kept) = (table.clone(), files.clone());
        let scorer = move || {
            Scorer::new(of.clone(), EventBus::new(&config, "default"))
                .unwrap()
                .with_models(kept.clone())
        };
        Some(Self {
            table,
            tenant,
            files,
            scorer: Box::new(scorer),
        })
    }

    /// Tickets whose rating is in the words of the trade, of one account.
    async fn tickets(&self, number: usize) {
        let mut told = Vec::new();
        let mut tell = |kind, own: &str, at: Timestamp, fields: serde_json::Value| {
            told.push(Fact::Record(RecordFact {
                kind,
                account: id("a-1"),
                external_id: id(own),
                revision: Revision::new(at, at, fields.as_object().unwrap().clone()),
            }));
        };
        let start = now() - SignedDuration::from_hours(24 * 60);
        tell(Kind::Account, "a-1", start, json!({"name": "Acme"}));
        for number in 0..number {
            let (words, csat) = if number % 2 == 0 { (BAD, 1.0) } else { (GOOD, 5.0) };
            let common = |by: usize| COMMON[(number * by + number / 7) % COMMON.len()];
            let text = format!(
                "The {} was {} and the {} {} at {}",
                common(3),
                words[(number / 2) % 6],
                common(5),
                words[(number / 3) % 6],
                common(7)
            );
            let at = start + SignedDuration::from_hours(i64::try_from(number).unwrap());
            let row = json!({"text": text, "opened_at": at, "csat": csat, "rated_at": at});
            tell(Kind::Ticket, &format!("t-{number}"), at, row);
        }
        facts::apply(&self.table, &self.tenant, &TimeZone::UTC, &told)
            .await
            .unwrap();
        let account = copilot_domain::AccountId::of_identity(&self.tenant, &id("a-1"));
        (self.scorer)().score(&self.tenant, account, now()).await.unwrap();
    }

    async fn train(&self) -> ToneRun {
        let trainer = ToneTrainer::new((self.scorer)(), self.files.clone(), Clock::fixed(now()));
        let run = ToneRun::queued("admin", now(), "one");
        Box::pin(trainer.run(&self.tenant, run)).await.unwrap()
    }

    /// The version that reads today, and the own one that cannot.
    async fn reads(&self) -> (String, Option<String>) {
        let readers = (self.scorer)().readers(&self.tenant).await.unwrap();
        let model = readers.at(now()).model().unwrap();
        (model.card().version.clone(), readers.lost.clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rated_tickets_become_a_model_that_reads_is_taken_back_and_is_missed_where_its_file_breaks() {
    let Some(world) = World::new("tone-run", true).await else {
        return;
    };
    let (shipped, _) = world.reads().await;
    world.tickets(300).await;
    let run = world.train().await;
    assert_eq!(run.status, RunStatus::Registered, "{}", run.verdict);
    let labels = run.labels.unwrap();
    assert_eq!(
        (labels.ratings, labels.negative, labels.positive),
        (300, 150, 150)
    );
    let figures = run.figures.unwrap();
    assert_eq!((figures.learnt, figures.tested), (210, 90));
    assert!(
        figures.own > figures.shipped.max(figures.vader) + 0.2,
        "{figures:?}"
    );
    let version = run.version.unwrap();
    assert_eq!(world.reads().await, (version.clone(), None));
    let versions = tone::versions(&world.table, &world.tenant).await.unwrap();
    assert_eq!(versions[0].version, version);

    // The day before it was registered is read by what was there then.
    let readers = (world.scorer)().readers(&world.tenant).await.unwrap();
    let earlier = readers.at(now() - SignedDuration::from_hours(24));
    assert_eq!(earlier.model().unwrap().card().version, shipped);

    // The same labels are the same model, and it does not take its own place.
    assert_eq!(world.train().await.version.as_deref(), Some(version.as_str()));
    let (mut pointer, rev) = tone::pointer(&world.table, &world.tenant).await.unwrap();
    assert_eq!(pointer.before, [None]);

    // A file that is broken takes the model out, not the reading.
    tone::put_files(
        &world.files,
        &world.tenant,
        &version,
        b"no weights".to_vec(),
        b"{}".to_vec(),
    )
    .await
    .unwrap();
    assert_eq!(world.reads().await, (shipped.clone(), Some(version)));

    pointer.go_back(now()).unwrap();
    let (item, condition) = tone::pointer_item(&world.tenant, &pointer, rev);
    assert_eq!(condition, Condition::Rev(rev));
    world.table.put(item, condition).await.unwrap();
    assert_eq!(world.reads().await, (shipped, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_ratings_teach_nothing_and_nothing_is_read_where_it_is_switched_off() {
    let Some(world) = World::new("tone-few", true).await else {
        return;
    };
    world.tickets(20).await;
    let run = world.train().await;
    assert_eq!((run.status, run.figures), (RunStatus::Refused, None));
    assert!(run.verdict.starts_with("20 of 200 rated"), "{}", run.verdict);
    let Some(off) = World::new("tone-off", false).await else {
        return;
    };
    off.tickets(20).await;
    let run = off.train().await;
    assert_eq!((run.status, run.labels), (RunStatus::Refused, None));
    assert!(run.verdict.contains("switched off"), "{}", run.verdict);
}
