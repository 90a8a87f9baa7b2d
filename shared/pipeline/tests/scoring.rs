//! Scoring over the table: what is written, what is told, and what is left alone. On MiniStack.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use copilot_aws::alerts::{self, ListBy};
use copilot_aws::bus::EventBus;
use copilot_aws::deliveries::{self, DeliveryRecord};
use copilot_aws::stats::{self, Entry, Stats};
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::testing::SdkConfig;
use copilot_aws::{Table, assessments, facts, keys, testing};
use copilot_domain::alert::{Alert, AlertStatus};
use copilot_domain::assessment::Assessment;
use copilot_domain::check;
use copilot_domain::event::{Event, EventType};
use copilot_domain::facts::{Fact, Kind, LinkFact, RecordFact, UsageEvent, UsageFact};
use copilot_domain::health::{Band, MeasureState, Points};
use copilot_domain::ids::{AccountId, ExternalId, Source, TenantId, TenantProof};
use copilot_domain::opportunity::{Opportunity, OpportunityStage};
use copilot_domain::prediction::Prediction;
use copilot_domain::revision::Revision;
use copilot_domain::time::Timestamp;
use copilot_pipeline::{ScoreError, Scorer};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

const NOW: &str = "2026-03-10T06:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours_later(hours: i64) -> Timestamp {
    Timestamp::from_second(at(NOW).as_second() + hours * 3_600).unwrap()
}

fn id(source: &str, id: &str) -> ExternalId {
    ExternalId::new(Source::new(source).unwrap(), id).unwrap()
}

struct World {
    config: SdkConfig,
    table: Table,
    tenant: TenantId,
}

impl World {
    /// The world of one test. `None` when no server is there.
    async fn new(test: &str, pinned_as_of: Option<Timestamp>) -> Option<Self> {
        let config = testing::config(test).await?;
        let table = testing::create_table(&config, "table").await.unwrap();
        let tenant = TenantId::proven("acme", TenantProof::Operator).unwrap();
        let profile = Tenant {
            competitors: Vec::new(),
            text_tone: false,
            id: "acme".into(),
            name: "Acme".into(),
            zone: "UTC".into(),
            pinned_as_of,
            key_events: None,
        };
        tenants::put(&table, &tenant, &profile).await.unwrap();
        Some(Self {
            config,
            table,
            tenant,
        })
    }

    fn scorer(&self) -> Scorer {
        Scorer::new(self.table.clone(), EventBus::new(&self.config, "default")).unwrap()
    }

    /// A scorer whose bus nobody answers at.
    fn without_bus(&self) -> Scorer {
        let nowhere = self
            .config
            .clone()
            .into_builder()
            .endpoint_url("http://127.0.0.1:9")
            .build();
        Scorer::new(self.table.clone(), EventBus::new(&nowhere, "default")).unwrap()
    }

    async fn tell(&self, facts: &[Fact]) {
        facts::apply(&self.table, &self.tenant, &TimeZone::UTC, facts)
            .await
            .unwrap();
    }

    fn account(&self, name: &str) -> AccountId {
        AccountId::of_identity(&self.tenant, &id("api", name))
    }

    /// A customer with an invoice that has been overdue for 40 days.
    async fn debtor(&self, name: &str) -> AccountId {
        let row =
            json!({"name": name, "mrr_minor": 100_000, "currency": "EUR", "contract_start": "2024-01-01"});
        let invoice = json!({"amount_minor": 100_000, "currency": "EUR", "issued_at": "2026-01-01T00:00:00Z",
            "due_at": "2026-01-29T00:00:00Z"});
        self.tell(&[
            record(Kind::Account, &id("api", name), name, &row),
            record(Kind::Invoice, &id("api", name), &format!("in-{name}"), &invoice),
        ])
        .await;
        self.account(name)
    }

    async fn waiting(&self, account: AccountId) -> Vec<Event> {
        let loaded = copilot_aws::history::load(
            &self.table,
            &self.tenant,
            account,
            "UTC",
            jiff::civil::date(2026, 1, 1),
        );
        assessments::untold(&loaded.await.unwrap().state).unwrap()
    }

    async fn listed(&self, by: &ListBy) -> Vec<(Alert, i64)> {
        let items = self.table.all(alerts::list(&self.tenant, by)).await.unwrap();
        items
            .iter()
            .map(|item| (item.document().unwrap(), item.rev()))
            .collect()
    }

    async fn delivered(&self, source: &str, received_at: Timestamp) {
        let record = DeliveryRecord {
            delivery_id: format!("d-{received_at}"),
            received_at,
            processed_at: received_at,
            rows: 1,
            unchanged: 0,
            created: 1,
            updated: 0,
            parked: 0,
            error_count: 0,
            errors: Vec::new(),
            note: None,
        };
        let source = Source::new(source).unwrap();
        deliveries::note(
            &self.table,
            &self.tenant,
            &source,
            deliveries::Way::Webhook,
            &record,
        )
        .await
        .unwrap();
    }
}

fn record(kind: Kind, account: &ExternalId, own: &str, patch: &Value) -> Fact {
    let known = at("2026-01-01T00:00:00Z");
    Fact::Record(RecordFact {
        kind,
        external_id: id(account.source.as_str(), own),
        account: account.clone(),
        revision: Revision::new(known, known, patch.as_object().unwrap().clone()),
    })
}

#[tokio::test]
async fn with_the_bus_down_an_account_is_scored_and_told_of_by_the_next_scoring() {
    let Some(world) = World::new("pipeline-outbox", None).await else {
        return;
    };
    let account = world.debtor("late").await;
    let down = world.without_bus();
    for hour in 0..2 {
        let scored = down
            .score(&world.tenant, account, hours_later(hour))
            .await
            .unwrap();
        assert!(scored.stored && !scored.told, "scored with untold events waiting");
    }
    let waiting = world.waiting(account).await;
    assert!(
        waiting.iter().any(|e| e.event_type == EventType::AlertOpened),
        "{waiting:?}"
    );
    let scored = world
        .scorer()
        .score(&world.tenant, account, hours_later(2))
        .await
        .unwrap();
    assert!(scored.told);
    assert_eq!(world.waiting(account).await, []);
}

#[tokio::test]
async fn an_assessment_is_kept_without_the_features_that_are_missing() {
    let Some(world) = World::new("pipeline-gaps", None).await else {
        return;
    };
    let account = world.debtor("late").await;
    let scored = world
        .scorer()
        .score(&world.tenant, account, at(NOW))
        .await
        .unwrap();
    let item = world
        .table
        .get(&keys::assessment(&world.tenant, account))
        .await
        .unwrap();
    let mut kept: Assessment = item.unwrap().document().unwrap();
    assert!(kept.features.values().all(Option::is_some), "{:?}", kept.features);
    assert!(kept.features.len() < scored.assessment.features.len());
    copilot_features::name_the_missing(&mut kept.features);
    assert_eq!(kept, scored.assessment);
}

#[tokio::test]
async fn a_prediction_that_says_the_same_later_that_day_is_not_written_again() {
    let Some(world) = World::new("pipeline-standing", None).await else {
        return;
    };
    let account = world.debtor("late").await;
    let written = async |hour: i64| {
        let scored = world
            .scorer()
            .score(&world.tenant, account, hours_later(hour))
            .await
            .unwrap();
        let today = at(NOW).to_zoned(TimeZone::UTC).date();
        let mut rows = Vec::new();
        for one in &scored.assessment.predictions {
            let series = check::series(one.kind, one.method, one.shadow);
            let key = keys::prediction(&world.tenant, account, &series, today);
            let item = world.table.get(&key).await.unwrap().unwrap();
            let kept: Prediction = item.document().unwrap();
            rows.push((series, kept.computed_at));
        }
        assert!(!rows.is_empty());
        rows
    };
    let first = Box::pin(written(0)).await;
    assert!(first.iter().all(|(_, made)| *made == hours_later(0)));
    assert_eq!(Box::pin(written(2)).await, first);
    let (api, known) = (id("api", "late"), hours_later(3));
    let paid = json!({"paid_at": known});
    let paid = Revision::new(known, known, paid.as_object().unwrap().clone());
    let paid = Fact::Record(RecordFact {
        kind: Kind::Invoice,
        external_id: id("api", "in-late"),
        account: api,
        revision: paid,
    });
    world.tell(&[paid]).await;
    let after = Box::pin(written(4)).await;
    assert!(after.iter().any(|(_, made)| *made == hours_later(4)), "{after:?}");
}

#[tokio::test]
async fn a_band_that_changes_is_told_and_a_first_one_is_not() {
    let Some(world) = World::new("pipeline-band", None).await else {
        return;
    };
    let row = json!({"name": "new", "mrr_minor": 100_000, "currency": "EUR", "contract_start": "2026-02-20"});
    world
        .tell(&[record(Kind::Account, &id("api", "new"), "new", &row)])
        .await;
    let account = world.account("new");
    let down = world.without_bus();
    let score = async |day: i64| {
        let at = hours_later(day * 24);
        down.score(&world.tenant, account, at).await.unwrap();
        let waiting = world.waiting(account).await.into_iter();
        waiting.filter_map(|event| event.account).collect::<Vec<_>>()
    };
    assert_eq!(score(0).await, []);
    for day in [150, 151, 152] {
        score(day).await;
    }
    let told = score(153).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].id, told[0].name.as_str()), (account, "new"));
    assert_eq!(told[0].previous_band, Band::Onboarding);
    assert_ne!(told[0].band, Band::Onboarding);
}

#[tokio::test]
async fn scoring_again_on_the_same_day_leaves_alerts_and_rule_states_alone() {
    let Some(world) = World::new("pipeline-quiet", None).await else {
        return;
    };
    let account = world.debtor("late").await;
    let scorer = world.scorer();
    let revs = async |hour: i64| {
        scorer
            .score(&world.tenant, account, hours_later(hour))
            .await
            .unwrap();
        let listed = world.listed(&ListBy::Account(account)).await;
        let (alert, rev) = listed.into_iter().find(|(a, _)| a.rule == "R18").unwrap();
        let state = alerts::rule_state(&world.table, &world.tenant, account, "R18", &alert.subject);
        (rev, state.await.unwrap().unwrap().1)
    };
    assert_eq!(revs(0).await, (1, 1));
    assert_eq!(revs(1).await, (1, 1));
    assert_eq!(revs(2).await, (1, 1));
    assert_eq!(revs(26).await, (2, 2), "once a day");
}

#[tokio::test]
async fn an_account_that_another_took_the_place_of_leaves_nothing_open() {
    let Some(world) = World::new("pipeline-merged", None).await else {
        return;
    };
    let (stays, goes) = (world.debtor("stays").await, world.debtor("goes").await);
    let scorer = world.scorer();
    scorer.score(&world.tenant, goes, at(NOW)).await.unwrap();
    let opportunity = Opportunity {
        id: Opportunity::id_of(&world.tenant, goes, 1),
        account: goes,
        episode: 1,
        title: "Seats".into(),
        signals: Vec::new(),
        score: 3.0,
        value: None,
        expected: None,
        stage: OpportunityStage::Qualified,
        playbook: None,
        opened_at: at(NOW),
        last_seen_at: at(NOW),
        closed_at: None,
    };
    let item = assessments::opportunity_item(&world.tenant, &opportunity, &json!({"name": "goes"}), 1);
    world.table.put(item, Condition::None).await.unwrap();
    let claim = Fact::Link(LinkFact {
        identity: id("api", "goes"),
        account: id("api", "stays"),
        version: at("2026-03-01T00:00:00Z"),
    });
    world.tell(&[claim]).await;
    for hour in 1..3 {
        let error = scorer
            .score(&world.tenant, goes, hours_later(hour))
            .await
            .unwrap_err();
        assert!(matches!(error, ScoreError::UnknownAccount(_)), "{error}");
    }
    let alerts = world.listed(&ListBy::Account(goes)).await;
    assert!(!alerts.is_empty());
    for (alert, _) in alerts {
        assert_eq!(alert.status, AlertStatus::Resolved);
        assert_eq!(alert.resolve_reason.as_deref(), Some("merged"));
    }
    assert!(world.listed(&ListBy::Status(AlertStatus::Open)).await.is_empty());
    let stored = world
        .table
        .get(&keys::opportunity(&world.tenant, goes))
        .await
        .unwrap()
        .unwrap();
    let stored: Opportunity = stored.document().unwrap();
    assert_eq!(stored.stage, OpportunityStage::Withdrawn);
    assert!(
        world
            .table
            .get(&keys::account(&world.tenant, goes))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(world.waiting(goes).await, []);
    scorer.score(&world.tenant, stays, hours_later(3)).await.unwrap();
    assert!(
        !world.listed(&ListBy::Status(AlertStatus::Open)).await.is_empty(),
        "its facts count there"
    );
}

#[tokio::test]
async fn a_rule_that_trips_at_a_fifth_of_the_accounts_is_held_and_admins_are_told_once() {
    let Some(world) = World::new("pipeline-storm", None).await else {
        return;
    };
    let entries = (0..30)
        .map(|_| Entry {
            arr: None,
            band: "watch".into(),
            moved: None,
        })
        .collect();
    stats::put(&world.table, &world.tenant, &Stats::of(entries, at(NOW), true))
        .await
        .unwrap();
    let (up, down) = (world.scorer(), world.without_bus());
    let mut accounts = Vec::new();
    for n in 0..9 {
        let account = world.debtor(&format!("a{n}")).await;
        // Known for long: what a first look finds is no storm.
        up.score(&world.tenant, account, at("2026-01-01T00:00:00Z"))
            .await
            .unwrap();
        let scorer = if n < 6 { &up } else { &down };
        scorer.score(&world.tenant, account, at(NOW)).await.unwrap();
        accounts.push(account);
    }
    // A second scoring of an account whose alert is open counts nothing.
    up.score(&world.tenant, accounts[0], hours_later(1))
        .await
        .unwrap();
    let rules = BTreeSet::from(["R18".to_owned()]);
    let trips = alerts::trips(&world.table, &world.tenant, &rules, at(NOW))
        .await
        .unwrap();
    assert_eq!((trips["R18"].accounts, trips["R18"].is_noted), (6, true));
    let open = world.listed(&ListBy::Status(AlertStatus::Open)).await;
    assert_eq!(open.iter().filter(|(a, _)| a.rule == "R18").count(), 6);
    let mut held = Vec::new();
    for account in &accounts[6..] {
        let waiting = world.waiting(*account).await;
        held.extend(
            waiting
                .into_iter()
                .filter_map(|e| e.notice.filter(|n| n.subject == "R18")),
        );
    }
    assert_eq!(held.len(), 1, "{held:?}");
    assert!(held[0].title.contains("at 23 % of accounts"), "{}", held[0].title);
}

#[tokio::test]
async fn measures_of_a_silent_source_are_stale_and_count_again_when_it_delivers() {
    let Some(world) = World::new("pipeline-stale", None).await else {
        return;
    };
    let account = world.debtor("quiet").await;
    let usage = id("analytics", "quiet");
    let mut told = vec![Fact::Link(LinkFact {
        identity: usage.clone(),
        account: id("api", "quiet"),
        version: at("2026-01-02T00:00:00Z"),
    })];
    told.extend((1..28).map(|day| {
        let at = at(&format!("2026-02-{day:02}T10:00:00Z"));
        Fact::Usage(UsageFact {
            account: usage.clone(),
            event: UsageEvent {
                id: format!("e{day}"),
                name: "report_built".into(),
                user: Some(format!("u{}", day % 3)),
                at,
            },
            known_at: at,
        })
    }));
    world.tell(&told).await;
    world.delivered("analytics", at("2026-02-28T00:00:00Z")).await;
    world.delivered("api", at("2026-03-10T00:00:00Z")).await;
    let measure = async |clock: Timestamp| {
        let scored = world.scorer().score(&world.tenant, account, clock).await.unwrap();
        let health = scored.assessment.health;
        let measure = health.measures.iter().find(|m| m.id == "U5").unwrap().clone();
        (measure.state, measure.weight == Points::ZERO, health.coverage)
    };
    let (state, weightless, coverage) = measure(at(NOW)).await;
    assert_eq!((state, weightless), (MeasureState::Stale, true));
    world.delivered("analytics", at("2026-03-10T06:30:00Z")).await;
    let (state, weightless, fresh) = measure(hours_later(1)).await;
    assert_eq!((state, weightless), (MeasureState::Ok, false));
    assert!(fresh > coverage, "{fresh} {coverage}");
}

#[tokio::test]
async fn a_sandbox_is_scored_as_of_its_instant_and_again_is_no_change() {
    let Some(world) = World::new("pipeline-sandbox", Some(at(NOW))).await else {
        return;
    };
    let account = world.debtor("past").await;
    let scorer = world.scorer();
    let first = scorer
        .score(&world.tenant, account, at("2031-01-01T00:00:00Z"))
        .await
        .unwrap();
    assert!(first.stored);
    assert_eq!(first.assessment.as_of, at(NOW));
    let second = scorer
        .score(&world.tenant, account, at("2031-01-02T00:00:00Z"))
        .await
        .unwrap();
    assert!(!second.stored);
}

#[tokio::test]
async fn a_burst_of_negative_tickets_is_an_alert_where_tone_is_switched_on_and_at_once() {
    let Some(world) = World::new("pipeline-tone", None).await else {
        return;
    };
    let account = world.debtor("angry").await;
    let ticket = |number: u8, text: &str| {
        let row = json!({"opened_at": format!("2026-03-0{number}T10:00:00Z"), "text": text});
        record(Kind::Ticket, &id("api", "angry"), &format!("t{number}"), &row)
    };
    world
        .tell(&[
            ticket(
                4,
                "This is terrible, the export crashes again and nobody answers!",
            ),
            ticket(
                7,
                "I am very disappointed. Your support is useless and I hate this.",
            ),
        ])
        .await;
    let rules = async |hours: i64| {
        world
            .scorer()
            .score(&world.tenant, account, hours_later(hours))
            .await
            .unwrap();
        let listed = world.listed(&ListBy::Account(account)).await;
        listed
            .into_iter()
            .map(|(alert, _)| alert.rule)
            .collect::<Vec<_>>()
    };
    assert!(!rules(0).await.contains(&"R15".to_owned()));
    let mut tenant = tenants::get(&world.table, &world.tenant).await.unwrap().unwrap();
    tenant.text_tone = true;
    tenants::put(&world.table, &world.tenant, &tenant).await.unwrap();
    assert!(rules(1).await.contains(&"R15".to_owned()));
}
