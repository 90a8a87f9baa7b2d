//! A tenant's history becomes a model that answers for its accounts. On MiniStack.
#![expect(clippy::unwrap_used, reason = "tests")]

mod world;

use copilot_aws::alerts::{self, ListBy};
use copilot_aws::backtests;
use copilot_aws::bus::EventBus;
use copilot_aws::models::{self, CARD, MODEL, ModelFiles};
use copilot_aws::monitoring;
use copilot_aws::table::Condition;
use copilot_domain::alert::Alert;
use copilot_domain::assessment::Assessment;
use copilot_domain::backtest::{Backtest, BacktestResult, Subject};
use copilot_domain::model::{ModelRole, RunStatus, TrainingRun};
use copilot_domain::monitoring::Monitoring;
use copilot_domain::prediction::{Method, Prediction, PredictionKind};
use copilot_domain::time::{day_of, shift};
use copilot_pipeline::Scorer;
use copilot_runtime::clock::Clock;
use copilot_scoring::learnt_card::{LearntCard, ModelEntry, Validation};
use copilot_training::{Tester, Trainer};
use futures::stream::{self, StreamExt};
use jiff::tz::TimeZone;
use serde_json::json;

use world::{World, days_ago, now};

const KIND: PredictionKind = PredictionKind::Churn;

impl World {
    /// Shops that order often and stay, and shops that order seldom and mostly fall silent.
    async fn shops(&self) {
        let shops: Vec<(String, i64, i64, i64)> = (0..150)
            .map(|n| {
                let is_loyal = n % 2 == 0;
                let (every, last) = if is_loyal {
                    (9 + n % 7, 1)
                } else {
                    (47 + n % 23, 60 + (n * 37) % 300)
                };
                (format!("shop-{n}"), every, 420 - n % 60, last)
            })
            .collect();
        stream::iter(shops)
            .for_each_concurrent(8, |(name, every, first, last)| async move {
                self.shop(&name, every, first, last).await;
            })
            .await;
    }

    async fn train(&self) -> TrainingRun {
        self.train_of(KIND).await
    }

    async fn train_of(&self, kind: PredictionKind) -> TrainingRun {
        self.run_of(TrainingRun::queued(kind, "admin", now(), "one"))
            .await
    }

    async fn train_accepting(&self, drift: Option<&str>) -> TrainingRun {
        self.run_of(TrainingRun {
            accepted_drift: drift.map(str::to_owned),
            ..TrainingRun::queued(KIND, "admin", now(), "one")
        })
        .await
    }

    async fn run_of(&self, run: TrainingRun) -> TrainingRun {
        let trainer = Trainer::new(self.scorer(), self.files(), Clock::fixed(now()));
        Box::pin(trainer.run(&self.tenant, run)).await.unwrap()
    }

    /// A night of some days ago that found a feature of a champion drifted.
    async fn drifted(&self, version: &str, days: i32) {
        let drift = json!({"name": "days_since_purchase", "rows": 150, "psi": 0.9, "missing_before": 0.0, "missing_now": 0.5,
            "usual_before": 9.0, "usual_now": 9.0, "is_drifted": true, "movement": "gone", "means": null});
        let model = json!({"version": version, "role": "champion", "state": "drifted", "rows": 150, "answered": 150,
            "reference_rows": 1_000, "features": 9, "drifted": 1, "moved": [drift], "segments": []});
        let model = serde_json::from_value(model).unwrap();
        let day = shift(day_of(now(), &TimeZone::UTC), -days);
        let found = Monitoring::new(KIND, day, now(), vec![model]);
        monitoring::put(&self.table, &self.tenant, &found).await.unwrap();
    }

    async fn backtest(&self, version: &str) -> BacktestResult {
        let tester = Tester::new(self.scorer(), self.files(), Clock::fixed(now()));
        let subject = Subject::Model {
            kind: KIND,
            version: version.to_owned(),
        };
        let asked = Backtest::queued(subject, "ann", now(), "1");
        let done = Box::pin(tester.run(&self.tenant, asked)).await.unwrap();
        let result = backtests::result(&self.table, &self.tenant, &done.id).await;
        result.unwrap().unwrap_or_else(|| unreachable!("{}", done.said))
    }

    async fn scored(&self, name: &str) -> Assessment {
        let account = self.account(name);
        let scored = self.scorer().score(&self.tenant, account, now()).await;
        scored.unwrap().assessment
    }

    async fn churn(&self, name: &str) -> Vec<Prediction> {
        let mut predictions = self.scored(name).await.predictions;
        predictions.retain(|prediction| prediction.kind == KIND);
        predictions
    }

    /// The alerts that the churn model's word opened about an account.
    async fn expected_losses(&self, name: &str) -> Vec<Alert> {
        let query = alerts::list(&self.tenant, &ListBy::Account(self.account(name)));
        let items = self.table.all(query).await.unwrap();
        let all = items.iter().map(|item| item.document::<Alert>().unwrap());
        all.filter(|alert| alert.rule == "R30").collect()
    }

    /// Decides which versions answer.
    async fn decide(&self, change: impl FnOnce(&mut copilot_domain::model::Pointers)) {
        let (mut pointers, rev) = models::pointers_of(&self.table, &self.tenant, KIND)
            .await
            .unwrap();
        change(&mut pointers);
        let item = models::pointers_item(&self.tenant, &pointers, rev + 1);
        self.table.put(item, Condition::Rev(rev)).await.unwrap();
    }
}

/// A backtest of a model counts only months that it has not seen, by the twin that was validated on them.
fn counts_unseen_months(tested: &BacktestResult, validation: &Validation) {
    let last = *validation.train_cutoffs.last().unwrap();
    assert!(
        tested.looks.iter().all(|day| *day >= shift(last, 90)),
        "{:?}",
        tested.looks
    );
    assert!(
        validation
            .test_cutoffs
            .iter()
            .all(|day| tested.looks.contains(day))
    );
    let auc = tested.sides[0].auc.unwrap();
    assert!(
        (auc.value - validation.auc.value).abs() < 0.05,
        "{auc:?} {:?}",
        validation.auc
    );
    assert!(
        tested.notes.iter().any(|note| note.contains("has not seen")),
        "{:?}",
        tested.notes
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_becomes_a_model_that_is_watched_then_answers_and_can_be_taken_back() {
    let Some(world) = World::new("training-run").await else {
        return;
    };
    world.shops().await;
    let before = world.churn("shop-1").await;
    let run = world.train().await;
    assert_eq!(run.status, RunStatus::Registered, "{}", run.verdict);
    assert_eq!((run.accounts, run.accounts_done), (150, 150));
    assert!(run.labels.unwrap().positive_accounts >= 50, "{run:?}");
    let version = run.version.unwrap();
    let entries: Vec<ModelEntry> = models::versions(&world.table, &world.tenant, KIND).await.unwrap();
    let validation = entries[0].validation.as_ref().unwrap();
    assert!(validation.auc.low > 0.6, "{validation:?}");

    counts_unseen_months(&world.backtest(&version).await, validation);

    // In the shadow: its prediction stands beside what answered before, and nothing else changes.
    let watched = world.churn("shop-1").await;
    let name = format!("churn@{version}");
    let (shadow, others): (Vec<_>, Vec<_>) = watched.into_iter().partition(|p| p.shadow);
    assert_eq!(shadow[0].model_version.as_deref(), Some(name.as_str()));
    assert_eq!(others.len(), before.len());

    world.decide(|pointers| pointers.crown(&version, now())).await;
    let answers = world.churn("shop-1").await;
    assert_eq!(answers[0].method, Method::Model);
    assert_eq!(answers[0].model_version.as_deref(), Some(name.as_str()));
    let parts: f64 = answers[0].factors.iter().map(|f| f.contribution).sum();
    let margin = answers[0].base_margin.unwrap() + parts;
    let p = 1.0 / (1.0 + (-margin).exp());
    assert!(
        (p - answers[0].probability).abs() < 1e-6,
        "{p} {}",
        answers[0].probability
    );
    let loyal = world.churn("shop-0").await;
    assert!(loyal[0].probability < answers[0].probability);
    // Its word opens an alert, from the tenant's cut on, with the features that it goes back to.
    assert!(loyal[0].probability < 0.5 && answers[0].probability >= 0.5);
    assert_eq!(world.expected_losses("shop-0").await, []);
    let alerts = world.expected_losses("shop-1").await;
    assert_eq!(alerts.len(), 1);
    let clause = &alerts[0].clauses[0];
    assert_eq!(
        (clause.value, clause.threshold),
        (Some(answers[0].probability), Some(0.5))
    );
    let known = answers[0].factors.iter().filter(|f| f.value.is_some());
    assert!(known.clone().count() > 0 && known.clone().all(|f| alerts[0].evidence.contains_key(&f.name)));

    world
        .decide(|pointers| assert!(pointers.go_back(now()).is_ok()))
        .await;
    let (pointers, _) = models::pointers_of(&world.table, &world.tenant, KIND)
        .await
        .unwrap();
    assert_eq!(pointers.role_of(&version), ModelRole::Idle);
    let back = world.churn("shop-1").await;
    assert!(
        back.iter()
            .all(|p| p.model_version.as_deref() != Some(name.as_str()))
    );

    Box::pin(holds(&world, &version)).await;

    // The same history is the same model.
    let again = world.train().await;
    assert_eq!(again.version.as_deref(), Some(version.as_str()));

    // What shops will spend is learnt from the same bills, and told in their currency.
    let revenue = world.train_of(PredictionKind::Revenue).await;
    assert_eq!(revenue.status, RunStatus::Registered, "{}", revenue.verdict);
    assert!(
        revenue.verdict.contains("where the run-rate has"),
        "{}",
        revenue.verdict
    );
    let mut told = world.scored("shop-0").await.predictions;
    told.retain(|prediction| prediction.kind == PredictionKind::Revenue);
    let [prediction] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(prediction.shadow, "it is watched first");
    let amount = prediction.amount.as_ref().unwrap();
    assert_eq!(amount.currency.as_str(), "EUR");
    // Ten bills of 100 euros fall into 90 days.
    assert!((40_000..200_000).contains(&amount.expected_minor), "{amount:?}");
    assert!((40_000..200_000).contains(&amount.run_rate_minor), "{amount:?}");

    // A file that is broken takes the model out, not the scoring.
    world.decide(|pointers| pointers.crown(&version, now())).await;
    let files = world.files();
    let broken = files.put(&world.tenant, (KIND, &version), MODEL, b"broken".to_vec());
    broken.await.unwrap();
    let without = world.scored("shop-1").await;
    let answered = |p: &Prediction| p.model_version.as_deref() == Some(name.as_str());
    assert!(!without.predictions.iter().any(answered));
    assert!(
        without.missing.iter().any(|word| word == "model_failed"),
        "{:?}",
        without.missing
    );
}

/// What a night found holds the next run, until somebody accepts it; what a night found of a model that stands nowhere does not.
async fn holds(world: &World, version: &str) {
    world.decide(|pointers| pointers.crown(version, now())).await;
    world.drifted(version, 0).await;
    let held = world.train().await;
    assert_eq!((held.status, held.accounts), (RunStatus::Held, 0));
    assert!(
        held.verdict
            .starts_with("held: feature days_since_purchase PSI 0.90"),
        "{}",
        held.verdict
    );
    let accepted = world.train_accepting(Some("the shop closed in August")).await;
    assert_eq!(accepted.status, RunStatus::Registered, "{}", accepted.verdict);
    world.drifted("another", 0).await;
    assert_eq!(world.train().await.status, RunStatus::Registered);
    let card = world
        .files()
        .get(&world.tenant, (KIND, version), CARD)
        .await
        .unwrap()
        .unwrap();
    let card: LearntCard = serde_json::from_slice(&card).unwrap();
    let references = card.references.unwrap();
    assert_eq!(references.features.len(), card.inputs.len());
    assert_eq!(references.cutoffs.last(), Some(&jiff::civil::date(2025, 12, 1)));
    assert!(references.predictions.unwrap().rows >= 100);
}

#[tokio::test]
async fn an_account_is_scored_where_the_models_cannot_be_read() {
    let Some(world) = World::new("training-no-s3").await else {
        return;
    };
    world.shop("only", 10, 300, 1).await;
    let (mut pointers, rev) = models::pointers_of(&world.table, &world.tenant, KIND)
        .await
        .unwrap();
    pointers.crown("2026-01-01-0", now());
    let item = models::pointers_item(&world.tenant, &pointers, rev + 1);
    world.table.put(item, Condition::Absent).await.unwrap();
    let nowhere = world
        .config
        .clone()
        .into_builder()
        .endpoint_url("http://127.0.0.1:9")
        .build();
    let bus = EventBus::new(&world.config, "default");
    let scorer = Scorer::new(world.table.clone(), bus)
        .unwrap()
        .with_models(ModelFiles::new(&nowhere, "none"));
    let answer = scorer
        .score(&world.tenant, world.account("only"), days_ago(-1))
        .await
        .unwrap();
    let assessment = answer.assessment;
    assert!(
        assessment.missing.iter().any(|word| word == "model_failed"),
        "{:?}",
        assessment.missing
    );
    assert!(assessment.predictions.iter().any(|p| p.method == Method::Rules));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_too_few_outcomes_rules_stand_and_the_run_says_how_many_are_missing() {
    let Some(world) = World::new("training-few").await else {
        return;
    };
    world.shop("only", 10, 300, 200).await;
    let run = world.train().await;
    assert_eq!(run.status, RunStatus::Refused);
    assert!(run.verdict.starts_with("1 of 50 accounts"), "{}", run.verdict);
    let (pointers, rev) = models::pointers_of(&world.table, &world.tenant, KIND)
        .await
        .unwrap();
    assert_eq!((pointers.shadow, rev), (None, 0));
}
