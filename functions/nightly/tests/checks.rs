//! Kept predictions on MiniStack: checked when they are due, and never by what people think of an alert. Muted rules.
#![expect(clippy::unwrap_used, reason = "tests")]

use copilot_aws::bus::EventBus;
use copilot_aws::lake::Lake;
use copilot_aws::models::ModelFiles;
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::testing::SdkConfig;
use copilot_aws::{Item, ScoreQueue, Table, accuracy, alerts, checks, facts, keys, serving, testing};
use copilot_domain::check::Check;
use copilot_domain::facts::{Fact, Kind, RecordFact};
use copilot_domain::ids::{AccountId, ExternalId, Source, TenantId, TenantProof};
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_domain::revision::Revision;
use copilot_domain::time::Timestamp;
use copilot_pipeline::Scorer;
use copilot_runtime::clock::Clock;
use copilot_runtime::metrics::Metrics;
use jiff::tz::TimeZone;
use nightly::{Context, handle};
use serde_json::{Value, json};

const FIRST: &str = "2026-01-05T06:00:00Z";

struct World {
    config: SdkConfig,
    context: Context,
    scorer: Scorer,
    tenant: TenantId,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl World {
    async fn new(test: &str, pinned_as_of: Option<Timestamp>) -> Option<Self> {
        let config = testing::config(test).await?;
        let table: Table = testing::create_table(&config, "table").await.unwrap();
        let url = testing::create_queue(&config, "score").await.unwrap();
        let clock = Clock::fixed(at("2026-04-07T02:00:00Z"));
        let tenant = TenantId::proven("acme", TenantProof::Operator).unwrap();
        let world = Self {
            config: config.clone(),
            scorer: Scorer::new(table.clone(), EventBus::new(&config, "default")).unwrap(),
            context: Context {
                score: ScoreQueue::new(&config, &url, table.clone()),
                bus: EventBus::new(&config, "default"),
                table,
                lake: Lake::new(&config, "none"),
                models: ModelFiles::new(&config, "none"),
                metrics: Metrics::in_memory("nightly", clock.clone()),
                clock,
            },
            tenant,
        };
        world.put(pinned_as_of).await;
        Some(world)
    }

    async fn put(&self, pinned_as_of: Option<Timestamp>) {
        let profile = json!({"id": "acme", "name": "Acme", "zone": "UTC", "pinned_as_of": pinned_as_of});
        let profile: Tenant = serde_json::from_value(profile).unwrap();
        tenants::put(&self.context.table, &self.tenant, &profile)
            .await
            .unwrap();
    }

    fn account(&self, name: &str) -> AccountId {
        let identity = ExternalId::new(Source::api(), name).unwrap();
        AccountId::of_identity(&self.tenant, &identity)
    }

    async fn tell(&self, account: &str, kind: Kind, known: &str, row: Value) {
        let api = |id: &str| ExternalId::new(Source::api(), id).unwrap();
        let id = if kind == Kind::Account {
            account.to_owned()
        } else {
            format!("{account}-{known}")
        };
        let fact = Fact::Record(RecordFact {
            kind,
            external_id: api(&id),
            account: api(account),
            revision: Revision::new(at(known), at(known), row.as_object().unwrap().clone()),
        });
        facts::apply(&self.context.table, &self.tenant, &TimeZone::UTC, &[fact])
            .await
            .unwrap();
    }

    /// A customer of whom enough is known for a score.
    async fn customer(&self, account: &str) {
        let met = json!({"kind": "meeting", "direction": "both", "held": true, "at": FIRST});
        let paid = json!({"amount_minor": 100_000, "currency": "EUR", "issued_at": "2025-12-01T00:00:00Z",
            "due_at": "2025-12-20T00:00:00Z", "paid_at": "2025-12-10T00:00:00Z"});
        self.tell(account, Kind::Account, FIRST, customer()).await;
        self.tell(account, Kind::Activity, FIRST, met).await;
        self.tell(account, Kind::Invoice, FIRST, paid).await;
        let content = json!({"kind": "nps", "score": 9, "at": FIRST});
        self.tell(account, Kind::Survey, FIRST, content).await;
    }

    async fn score(&self, account: &str, as_of: &str) {
        self.opened(&self.scorer, account, as_of).await;
    }

    /// Scores and gives the rules that opened an alert.
    async fn opened(&self, by: &Scorer, account: &str, as_of: &str) -> Vec<String> {
        let account = self.account(account);
        let scored = by
            .score_as_of(&self.tenant, account, at(as_of), at(as_of))
            .await
            .unwrap();
        let opened = scored.assessment.alerts.opened;
        let alerts = alerts::items(&self.context.table, &self.tenant, &opened).await;
        alerts
            .unwrap()
            .into_values()
            .map(|(alert, _)| alert.rule)
            .collect()
    }

    async fn churn_rows(&self, account: &str) -> Vec<Check> {
        let table = &self.context.table;
        let rows = checks::of_account(table, &self.tenant, self.account(account)).await;
        let mut rows = rows.unwrap();
        rows.retain(|row| row.kind == PredictionKind::Churn && row.method == Method::Rules);
        rows.sort_by_key(|row| row.day);
        rows
    }
}

fn customer() -> Value {
    json!({"name": "Northwind", "mrr_minor": 100_000, "currency": "EUR", "contract_start": "2025-01-01",
        "contract_end": "2026-12-31", "pulse": 4, "pulse_at": FIRST, "seats": 10, "goals_total": 4, "goals_on_track": 4, "forecast_mrr_minor": 100_000, "owner": "jo@acme.example"})
}

#[tokio::test]
async fn one_prediction_a_month_is_kept_and_checked_when_its_window_has_passed() {
    let Some(world) = World::new("checks-due", None).await else {
        return;
    };
    for account in ["stays", "leaves"] {
        world.customer(account).await;
        for day in [FIRST, "2026-01-06T06:00:00Z", "2026-02-01T06:00:00Z"] {
            world.score(account, day).await;
        }
    }
    let days = |rows: &[Check]| rows.iter().map(|row| row.day.to_string()).collect::<Vec<_>>();
    let kept = world.churn_rows("stays").await;
    assert!(days(&kept).contains(&"2026-01-05".to_owned()), "{kept:?}");
    assert!(days(&kept).contains(&"2026-02-01".to_owned()), "{kept:?}");
    assert!(kept.iter().all(|row| row.checked_at.is_none()));
    // Known before its window is over, which ends in May.
    world.customer("early").await;
    world.score("early", "2026-02-01T06:00:00Z").await;
    let gone = json!({"kind": "churned", "at": "2026-02-20T00:00:00Z"});
    world
        .tell("early", Kind::Outcome, "2026-02-21T06:00:00Z", gone)
        .await;
    world.score("early", "2026-02-22T06:00:00Z").await;
    // Recorded later than it happened, and read by the night alone.
    let left = json!({"kind": "churned", "at": "2026-03-01T00:00:00Z"});
    world
        .tell("leaves", Kind::Outcome, "2026-03-05T06:00:00Z", left)
        .await;
    // What people think of alerts is beside it: a rule that everybody finds wrong changes no outcome.
    let judged = Item::new(&keys::judged(&world.tenant, "R01"), "judged").data(&json!({"wrong": 40}));
    world.context.table.put(judged, Condition::None).await.unwrap();
    for _ in 0..2 {
        handle(json!({}), &world.context).await.unwrap();
    }
    let stayed = world.churn_rows("stays").await;
    let ends = (stayed.first(), stayed.last());
    let ends = (
        ends.0.and_then(Check::actual_outcome),
        ends.1.and_then(Check::actual_outcome),
    );
    assert_eq!(ends, (Some("retained"), None), "the last is due in May");
    let left = world.churn_rows("leaves").await;
    assert_eq!(left[0].actual_outcome(), Some("churned"));
    assert_eq!(left[0].was_accurate, Some(left[0].probability >= 0.5));
    let found = accuracy::get(&world.context.table, &world.tenant, PredictionKind::Churn)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.labels.happened, found.labels.not), (1, 1));
    assert_eq!(found.labels.needed, Some(50));
    let rules = found.methods.iter().find(|m| m.method == Method::Rules).unwrap();
    let told = |rows: &[Check]| rows.iter().filter(|row| row.happened.is_some()).count() as u64;
    // What is known early is not counted: of a window that is not over only those that left are known.
    let early = world.churn_rows("early").await;
    assert_eq!((early.len() as u64, told(&early)), (1, 1), "{early:?}");
    assert_eq!(rules.overall.happened, told(&left));
    assert_eq!(rules.overall.rows, told(&left) + told(&stayed));
    assert_eq!(
        found.next_due.map(|day| day.to_string()).as_deref(),
        Some("2026-05-03")
    );
    let line = world.context.metrics.lines().concat();
    assert!(line.contains("CheckCalls"), "{line}");
}

#[tokio::test]
async fn a_recorded_churn_is_checked_by_the_next_scoring_and_does_not_wait() {
    let Some(world) = World::new("checks-early", None).await else {
        return;
    };
    world.customer("leaves").await;
    world.score("leaves", FIRST).await;
    let left = json!({"kind": "churned", "at": "2026-01-20T00:00:00Z"});
    world
        .tell("leaves", Kind::Outcome, "2026-01-21T06:00:00Z", left)
        .await;
    world.score("leaves", "2026-01-22T06:00:00Z").await;
    let rows = world.churn_rows("leaves").await;
    assert_eq!(rows[0].actual_outcome(), Some("churned"));
    let due = world
        .context
        .table
        .all(checks::due(&world.tenant, "2027-01-01".parse().unwrap()));
    let due: Vec<Check> = due.await.unwrap().iter().map(|i| i.document().unwrap()).collect();
    assert!(
        due.iter()
            .all(|row| row.kind != PredictionKind::Churn || row.day > rows[0].day),
        "{due:?}"
    );
}

#[tokio::test]
async fn a_sandbox_is_checked_at_its_pinned_day_when_it_is_swept_by_name() {
    let Some(world) = World::new("checks-sandbox", Some(at(FIRST))).await else {
        return;
    };
    world.customer("stays").await;
    world.score("stays", FIRST).await;
    handle(json!({"tenant": "acme"}), &world.context).await.unwrap();
    assert_eq!(world.churn_rows("stays").await[0].actual_outcome(), None);
    world.put(Some(at("2026-04-06T06:00:00Z"))).await;
    handle(json!({"tenant": "acme"}), &world.context).await.unwrap();
    assert_eq!(
        world.churn_rows("stays").await[0].actual_outcome(),
        Some("retained")
    );
}

#[tokio::test]
async fn a_muted_rule_opens_no_alert_and_does_again_when_it_is_let() {
    let Some(world) = World::new("checks-muted", None).await else {
        return;
    };
    for account in ["before", "muted"] {
        world.tell(account, Kind::Account, FIRST, customer()).await;
        let angry = json!({"kind": "nps", "score": 1, "at": FIRST});
        world
            .tell(account, Kind::Survey, "2026-01-05T06:00:01Z", angry)
            .await;
    }
    let scorer = || {
        let bus = EventBus::new(&world.config, "default");
        Scorer::new(world.context.table.clone(), bus).unwrap()
    };
    let rule = "R16".to_owned();
    let opened = world.opened(&scorer(), "before", "2026-01-06T06:00:00Z").await;
    assert!(opened.contains(&rule), "{opened:?}");
    let table = &world.context.table;
    let (mut serving, read) = serving::stored(table, &world.tenant).await.unwrap();
    let muted = serving::Muted {
        reason: "a test survey".into(),
        by: "admin@acme.example".into(),
        at: at(FIRST),
    };
    serving.muted.insert(rule.clone(), muted);
    let write = serving::write(&world.tenant, &serving, read.as_ref());
    table.transact(vec![write]).await.unwrap();
    let opened = world.opened(&scorer(), "muted", "2026-01-06T06:00:00Z").await;
    assert!(!opened.contains(&rule), "{opened:?}");
    let (mut serving, read) = serving::stored(table, &world.tenant).await.unwrap();
    serving.muted.clear();
    let write = serving::write(&world.tenant, &serving, read.as_ref());
    table.transact(vec![write]).await.unwrap();
    let opened = world.opened(&scorer(), "muted", "2026-01-07T06:00:00Z").await;
    assert!(opened.contains(&rule), "{opened:?}");
}
