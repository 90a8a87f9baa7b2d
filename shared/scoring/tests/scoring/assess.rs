use std::collections::BTreeSet;
use std::sync::LazyLock;

use copilot_domain::alert::RuleStates;
use copilot_domain::assessment::Assessment;
use copilot_domain::facts::Kind;
use copilot_domain::health::{Band, Points};
use copilot_domain::history::AccountHistory;
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_features::FeatureConfig;
use copilot_scoring::models::{KindModels, Models};
use copilot_scoring::{AssessInput, Assessed, Engine, assess, assess_batch};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{Account, at, tenant};

/// Built once: its events are many.
static DECLINING: LazyLock<AccountHistory> = LazyLock::new(|| build_declining().0);

fn declining() -> Account {
    Account(DECLINING.clone())
}

fn build_declining() -> Account {
    Account::new()
        .told(Kind::Account, "a", "2025-01-01", &json!({"name": "Acme", "touch": "high", "seats": 10, "mrr_minor": 100_000, "currency": "EUR",
            "contract_start": "2025-01-01", "contract_end": "2026-08-20", "pulse": 3, "pulse_at": "2026-06-01T00:00:00Z"}))
        .told(Kind::Ticket, "t1", "2026-06-20", &json!({"title": "Down", "priority": "urgent", "opened_at": "2026-06-20T00:00:00Z"}))
        .told(Kind::Invoice, "i1", "2026-05-01", &json!({"amount_minor": 100_000, "currency": "EUR", "issued_at": "2026-05-01T00:00:00Z", "due_at": "2026-05-15T00:00:00Z"}))
        .told(Kind::Activity, "m1", "2026-04-01", &json!({"kind": "meeting", "at": "2026-04-01T09:00:00Z"}))
        .used("2025-10-01", 220, 20, 9)
        .used("2026-05-09", 20, 4, 2)
}

fn run(account: &Account, when: &str, engine: &Engine) -> Assessed {
    run_by(account, when, engine, &copilot_scoring::models::NONE)
}

fn run_by(account: &Account, when: &str, engine: &Engine, models: &Models) -> Assessed {
    let snapshot = account.0.snapshot(at(when));
    assess(
        engine,
        &AssessInput {
            tenant: &tenant(),
            snapshot: &snapshot,
            config: &FeatureConfig::default(),
            profiles: None,
            previous: None,
            earlier: &[],
            states: &RuleStates::default(),
            arr_percentile: Some(0.8),
            models,
            alert_cut: 0.5,
            held: &BTreeSet::new(),
            computed_at: at("2026-07-01T12:00:00Z"),
        },
    )
}

#[test]
fn a_model_that_did_not_load_is_said_to_be_missing_and_others_answer() {
    let engine = Engine::shipped().unwrap();
    let lost = KindModels {
        lost: true,
        ..KindModels::default()
    };
    let models = Models::from([(PredictionKind::Churn, lost)]);
    let without = run(&declining(), "2026-07-01", &engine).assessment;
    let found = run_by(&declining(), "2026-07-01", &engine, &models).assessment;
    let failed = |a: &Assessment| a.missing.iter().any(|word| word == "model_failed");
    assert!(failed(&found) && !failed(&without));
    assert_eq!(found.predictions, without.predictions);
}

#[test]
fn an_account_that_declines_gets_a_low_score_with_reasons_and_alerts() {
    let engine = Engine::shipped().unwrap();
    let assessed = run(&declining(), "2026-07-01", &engine);
    let a = &assessed.assessment;
    assert_eq!(a.profile.id, "high-touch");
    assert!(
        matches!(a.health.band, Band::AtRisk | Band::Critical),
        "{:?} {:?}",
        a.health.band,
        a.health.score
    );
    assert_eq!(a.sum_check, Points::ZERO);
    assert!(a.health.caps.iter().any(|c| c.id == "urgent_ticket"));
    let rules: Vec<&str> = assessed
        .transitions
        .opened
        .iter()
        .map(|x| x.rule.as_str())
        .collect();
    for rule in ["R03", "R04", "R10", "R12", "R18", "R21"] {
        assert!(rules.contains(&rule), "{rule} is not among {rules:?}");
    }
    let ticket = assessed
        .transitions
        .opened
        .iter()
        .find(|x| x.rule == "R12")
        .unwrap();
    assert_eq!(ticket.subject, "ticket:api:t1");
    assert_eq!(assessed.next_actions.len(), 3);
    assert!(
        assessed.card.priority > 0.0
            && assessed.card.top_alert.is_some()
            && assessed.card.top_reason.is_some()
    );
    assert!(
        a.missing.contains(&"model_does_not_apply".to_owned())
            && a.missing.contains(&"no_contacts".to_owned())
    );
    let said = &a.predictions[0];
    assert_eq!(said.method, Method::Rules);
    assert!(said.note.as_deref().unwrap().contains("speaks only"));
    let margin = said.base_margin.unwrap() + said.factors.iter().map(|f| f.contribution).sum::<f64>();
    assert!((copilot_scoring::churn::sigmoid(margin) - said.probability).abs() < 1e-12);
}

#[test]
fn a_past_date_can_be_scored_again_byte_for_byte() {
    let engine = Engine::shipped().unwrap();
    let text = |a: &Assessed| serde_json::to_string(&a.assessment).unwrap();
    let first = run(&declining(), "2026-03-01", &engine);
    assert_eq!(text(&first), text(&run(&declining(), "2026-03-01", &engine)));
    let exported: copilot_domain::history::AccountHistory =
        serde_json::from_str(&serde_json::to_string(&declining().0).unwrap()).unwrap();
    assert_eq!(
        text(&first),
        text(&run(&Account(exported), "2026-03-01", &engine))
    );
    assert!(
        first.assessment.health.band == Band::Healthy
            || first.assessment.health.band == Band::Watch
            || first.assessment.health.score.is_none()
    );
}

#[test]
fn scoring_the_same_evaluation_again_writes_nothing() {
    let engine = Engine::without_model().unwrap();
    let account = declining();
    let snapshot = account.0.snapshot(at("2026-07-01"));
    let first = run(&account, "2026-07-01", &engine);
    let again = assess(
        &engine,
        &AssessInput {
            tenant: &tenant(),
            snapshot: &snapshot,
            config: &FeatureConfig::default(),
            profiles: None,
            previous: Some(&first.band_state),
            earlier: &[],
            states: &first.transitions.states,
            arr_percentile: Some(0.8),
            models: &copilot_scoring::models::NONE,
            alert_cut: 0.5,
            held: &BTreeSet::new(),
            computed_at: at("2026-07-02"),
        },
    );
    assert!(again.unchanged && again.transitions.changed.is_empty() && again.transitions.opened.is_empty());
    assert_eq!(again.assessment.health, first.assessment.health);
    assert!(again.assessment.missing.contains(&"no_model".to_owned()));
}

#[test]
fn a_buyer_without_a_contract_gets_the_models_word_beside_the_rules() {
    let engine = Engine::shipped().unwrap();
    let mut account = Account::new();
    for (number, day) in [
        "2026-01-05",
        "2026-02-10",
        "2026-03-12",
        "2026-04-20",
        "2026-05-25",
    ]
    .iter()
    .enumerate()
    {
        let row = json!({"amount_minor": 20_000 + number, "currency": "GBP", "issued_at": format!("{day}T10:00:00Z"), "paid_at": format!("{day}T10:00:00Z")});
        account = account.told(
            Kind::Invoice,
            &format!("i{number}"),
            &format!("{day}T10:00:00Z"),
            &row,
        );
    }
    let assessed = run(&account, "2026-07-01", &engine);
    assert_eq!(assessed.assessment.profile.id, "transactional");
    let churn = (assessed.assessment.predictions.iter()).filter(|p| p.kind == PredictionKind::Churn);
    let methods: Vec<Method> = churn.map(|p| p.method).collect();
    assert_eq!(methods, [Method::Model, Method::Rules]);
}

#[test]
fn an_account_that_left_raises_no_alerts() {
    let engine = Engine::without_model().unwrap();
    let gone = declining().told(Kind::Account, "a", "2026-06-30", &json!({"stage": "churned"}));
    assert!(run(&gone, "2026-07-01", &engine).transitions.opened.is_empty());
}

#[test]
fn a_batch_says_what_one_by_one_says() {
    let engine = Engine::shipped().unwrap();
    let account = declining();
    let (t, config, states, held) = (
        tenant(),
        FeatureConfig::default(),
        RuleStates::default(),
        BTreeSet::new(),
    );
    let snapshots = [
        account.0.snapshot(at("2026-03-01")),
        account.0.snapshot(at("2026-07-01")),
    ];
    let inputs: Vec<AssessInput<'_>> = snapshots
        .iter()
        .map(|snapshot| AssessInput {
            tenant: &t,
            snapshot,
            config: &config,
            profiles: None,
            previous: None,
            earlier: &[],
            states: &states,
            arr_percentile: None,
            models: &copilot_scoring::models::NONE,
            alert_cut: 0.5,
            held: &held,
            computed_at: at("2026-07-01"),
        })
        .collect();
    let batch = assess_batch(&engine, &inputs);
    for (one, input) in batch.iter().zip(&inputs) {
        assert_eq!(*one, assess(&engine, input));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_was_learned_later_changes_nothing(days in 1_i64..400, amount in 1_i64..1_000_000, nps in 0_u8..=10, events in 1_u32..30) {
        let when = at("2026-03-01");
        let known = when.checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap().to_string();
        let config = FeatureConfig::default();
        let before = copilot_features::compute(&declining().0.snapshot(when), &config);
        let mut later = declining()
            .told(Kind::Account, "a", &known, &json!({"seats": amount, "cancel_notice_at": "2026-02-01T00:00:00Z"}))
            .told(Kind::Invoice, "late", &known, &json!({"amount_minor": amount, "issued_at": "2026-01-01T00:00:00Z", "due_at": "2026-01-02T00:00:00Z"}))
            .told(Kind::Survey, "late", &known, &json!({"kind": "nps", "score": nps, "at": "2026-02-20T00:00:00Z"}))
            .told(Kind::Ticket, "late", &known, &json!({"priority": "urgent", "opened_at": "2026-02-20T00:00:00Z"}))
            .told(Kind::Contact, "late", &known, &json!({"role": "champion", "left_at": "2026-02-20T00:00:00Z"}))
            .told(Kind::Subscription, "late", &known, &json!({"mrr_minor": amount, "started_at": "2025-02-20T00:00:00Z"}))
            .told(Kind::Activity, "late", &known, &json!({"kind": "call", "at": "2026-02-20T00:00:00Z"}));
        // Events of January that we learn of only later.
        let mut node = copilot_domain::usage::UsageNode::default();
        let known_day = copilot_domain::time::epoch_day(at(&known).to_zoned(jiff::tz::TimeZone::UTC).date());
        for number in 0..events {
            let event = copilot_domain::facts::UsageEvent { id: format!("late-{number}"), name: "feature_9".into(), user: Some("new".into()), at: at("2026-01-10") };
            node.insert(&event, known_day);
        }
        later.0.usage.entry(jiff::civil::date(2026, 1, 10)).or_default().add(&node);
        let after = copilot_features::compute(&later.0.snapshot(when), &config);
        prop_assert_eq!(after, before);
    }
}
