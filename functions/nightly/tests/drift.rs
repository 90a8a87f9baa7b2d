//! Models against the accounts of the night on MiniStack: a feature that is broken on purpose is kept, told of once and holds
//! training; mended, it is over.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use copilot_aws::accounts::{Listing, card_item};
use copilot_aws::bus::EventBus;
use copilot_aws::models::{self, CARD, ModelFiles};
use copilot_aws::monitoring::{self, Episode};
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::{Item, Lake, ScoreQueue, Table, keys, testing};
use copilot_domain::ids::{AccountId, TenantId, TenantProof};
use copilot_domain::model::{ModelRole, Pointers};
use copilot_domain::monitoring::{Monitoring, Movement, WorldState};
use copilot_domain::prediction::PredictionKind;
use copilot_runtime::clock::Clock;
use copilot_runtime::metrics::Metrics;
use copilot_scoring::card::Applicability;
use copilot_scoring::learnt_card::{LearntCard, LearntInput, Maker};
use copilot_scoring::reference::{Reference, References};
use futures::stream::{self, StreamExt};
use jiff::civil::date;
use nightly::{Context, handle};
use serde_json::json;

const KIND: PredictionKind = PredictionKind::Churn;
const VERSION: &str = "2026-01-02-aaaa1111";
const ACCOUNTS: u16 = 240;

struct World {
    context: Context,
    tenant: TenantId,
}

impl World {
    async fn new(test: &str, pinned: Option<&str>) -> Option<Self> {
        let config = testing::config(test).await?;
        let bucket = testing::create_bucket(&config, test).await.unwrap();
        let table: Table = testing::create_table(&config, "table").await.unwrap();
        let url = testing::create_queue(&config, "score").await.unwrap();
        let clock = Clock::fixed("2026-03-10T05:00:00Z".parse().unwrap());
        let tenant = TenantId::proven("acme", TenantProof::Operator).unwrap();
        let profile = json!({"id": "acme", "name": "Acme", "zone": "UTC", "pinned_as_of": pinned});
        let profile: Tenant = serde_json::from_value(profile).unwrap();
        tenants::put(&table, &tenant, &profile).await.unwrap();
        Some(Self {
            context: Context {
                score: ScoreQueue::new(&config, &url, table.clone()),
                bus: EventBus::new(&config, "default"),
                lake: Lake::new(&config, &bucket),
                models: ModelFiles::new(&config, &bucket),
                table,
                metrics: Metrics::in_memory("nightly", clock.clone()),
                clock,
            },
            tenant,
        })
    }

    /// A champion that reads two features and learnt them from accounts as [`World::accounts`] makes them.
    async fn champion(&self) {
        let spread = |times: f32| {
            (0..1_200_u16)
                .map(|n| f32::from(n % ACCOUNTS) * times)
                .collect::<Vec<f32>>()
        };
        let features = [("nps", 0.04), ("mrr", 10.0)];
        let input = |name: &str| LearntInput {
            name: name.to_owned(),
            version: 1,
            usual: None,
        };
        let card = LearntCard {
            name: "churn".to_owned(),
            version: VERSION.to_owned(),
            kind: KIND,
            maker: Maker::Logistic,
            label: "left".to_owned(),
            window_days: 90,
            sha256: String::new(),
            inputs: features.iter().map(|(name, _)| input(name)).collect(),
            buyers: None,
            anatomy: None,
            applies_to: Applicability {
                text: "all".to_owned(),
                all: Vec::new(),
                max_missing_share: 0.5,
            },
            golden: Vec::new(),
            trained_on: None,
            validation: None,
            conformal: None,
            amounts: None,
            references: Some(References {
                cutoffs: (1..=5).map(|month| date(2025, month, 1)).collect(),
                features: features
                    .iter()
                    .filter_map(|(name, times)| Reference::of(name, &spread(*times)))
                    .collect(),
                predictions: Reference::of("probability", &spread(0.001)),
                segments: Vec::new(),
            }),
            limits: Vec::new(),
        };
        let files = &self.context.models;
        let bytes = serde_json::to_vec(&card).unwrap();
        files
            .put(&self.tenant, (KIND, VERSION), CARD, bytes)
            .await
            .unwrap();
        let mut pointers = Pointers::none(KIND);
        pointers.crown(VERSION, "2026-02-01T00:00:00Z".parse().unwrap());
        let item = models::pointers_item(&self.tenant, &pointers, 1);
        self.context.table.put(item, Condition::Absent).await.unwrap();
    }

    /// Accounts as they were last scored, of whom the first `answered` have an answer to a survey.
    async fn accounts(&self, count: u16, answered: u16) {
        stream::iter(0..count)
            .for_each_concurrent(16, |n| async move {
                let account = AccountId::derived(&["acme", &n.to_string()]);
                let listing = Listing {
                    name: n.to_string(),
                    ..Listing::default()
                };
                let card = card_item(&self.tenant, account, &listing, &json!({"id": account}), 1);
                let nps = (n < answered).then_some(f64::from(n) * 0.04);
                let said = json!({"kind": "churn", "probability": f64::from(n) * 0.001, "method": "model",
                    "model_version": format!("churn@{VERSION}")});
                let scored = json!({"as_of": "2026-03-10T02:00:00Z", "health": {"score": null, "band": "healthy"},
                    "profile": {"id": "default"}, "predictions": [said], "features": {"nps": nps, "mrr": f64::from(n) * 10.0}});
                let item = Item::new(&keys::assessment(&self.tenant, account), "assessment").data(&scored);
                for item in [card, item] {
                    self.context.table.put(item, Condition::None).await.unwrap();
                }
            })
            .await;
    }

    async fn night(&self, order: serde_json::Value) -> (Option<Monitoring>, Episode) {
        self.context.clock.advance(Duration::from_hours(24));
        handle(order, &self.context).await.unwrap();
        let table = &self.context.table;
        let found = monitoring::newest(table, &self.tenant, KIND, 1)
            .await
            .unwrap()
            .pop();
        (
            found,
            monitoring::episode(table, &self.tenant, KIND).await.unwrap(),
        )
    }
}

#[tokio::test]
async fn a_feature_that_is_broken_holds_training_is_told_of_once_and_is_over_when_it_is_mended() {
    let Some(world) = World::new("nightly-drift", None).await else {
        return;
    };
    world.champion().await;
    world.accounts(ACCOUNTS, ACCOUNTS).await;
    // The schedule's snapshot looks; its sweep does not.
    let (none, _) = world.night(json!({})).await;
    assert_eq!(none, None);
    let (steady, episode) = world.night(json!({"snapshot": "*"})).await;
    let steady = steady.unwrap();
    let model = steady.leading().unwrap();
    assert_eq!(
        (model.role, model.state, model.rows),
        (ModelRole::Champion, WorldState::Steady, 240)
    );
    assert_eq!(model.predictions.as_ref().unwrap().is_drifted, Some(false));
    assert_eq!((&steady.held, episode), (&None, Episode::default()));

    world.accounts(ACCOUNTS, 0).await;
    let (broken, first) = world.night(json!({"snapshot": "acme"})).await;
    let broken = broken.unwrap();
    assert!(
        broken
            .held
            .as_deref()
            .unwrap()
            .starts_with("held: feature nps PSI"),
        "{broken:?}"
    );
    let gone = &broken.leading().unwrap().moved[0];
    assert_eq!((gone.name.as_str(), gone.movement), ("nps", Some(Movement::Gone)));
    assert_eq!((first.number, first.is_over), (1, false));
    assert!(first.told.contains("nps"));
    // The same on the next night is no news.
    let (_, second) = world.night(json!({"tenant": "acme"})).await;
    assert_eq!(second, first);

    world.accounts(ACCOUNTS, ACCOUNTS).await;
    let (mended, over) = world.night(json!({"tenant": "acme"})).await;
    assert_eq!(mended.unwrap().held, None);
    assert!(over.is_over && over.number == 1, "{over:?}");

    world.accounts(ACCOUNTS, 0).await;
    let (_, again) = world.night(json!({"snapshot": "*"})).await;
    assert_eq!((again.number, again.is_over), (2, false));
    let nights = monitoring::newest(&world.context.table, &world.tenant, KIND, 30)
        .await
        .unwrap();
    assert_eq!(nights.len(), 5);
    assert!(nights[0].day > nights[4].day, "the newest first");
}

#[tokio::test]
async fn few_accounts_are_no_drift_and_a_sandbox_is_looked_at_by_name_as_of_its_day() {
    let Some(world) = World::new("nightly-drift-few", Some("2026-03-01T06:00:00Z")).await else {
        return;
    };
    world.champion().await;
    world.accounts(99, 0).await;
    let (none, _) = world.night(json!({"snapshot": "*"})).await;
    assert_eq!(none, None);
    let (few, episode) = world.night(json!({"tenant": "acme"})).await;
    let few = few.unwrap();
    assert_eq!(few.day, date(2026, 3, 1));
    assert_eq!(few.leading().unwrap().state, WorldState::FewRows);
    assert_eq!((few.held, episode.since), (None, None));
}
