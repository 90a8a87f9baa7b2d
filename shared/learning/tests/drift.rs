//! A model's card against accounts of later: what has gone, what has moved, and what is only few accounts or the same world.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use copilot_domain::check::Check;
use copilot_domain::health::Band;
use copilot_domain::ids::AccountId;
use copilot_domain::model::ModelRole;
use copilot_domain::monitoring::{Drift, ModelWorld, Movement, WorldState};
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_domain::time::Timestamp;
use copilot_features::CATALOGUE;
use copilot_learning::drift::{DRIFTED, Seen, is_near, watch};
use copilot_learning::random::Random;
use copilot_scoring::card::Applicability;
use copilot_scoring::learnt_card::{LearntCard, LearntInput, Maker};
use copilot_scoring::profiles::CapWhen;
use copilot_scoring::reference::{Reference, References, SegmentReferences};
use jiff::civil::date;

const READ: [&str; 4] = ["nps", "tickets_30d", "contract_month", "dau_mau"];

fn column(name: &str) -> usize {
    CATALOGUE.iter().position(|spec| spec.name == name).unwrap()
}

/// Accounts of one world, alike in every feature that is read.
fn world(count: usize, seed: u64) -> Vec<Seen> {
    let mut random = Random::new(seed);
    let one = |at: usize| {
        let mut features = vec![f32::NAN; CATALOGUE.len()];
        features[column("churned")] = 0.0;
        for name in READ {
            features[column(name)] = random.normal() as f32;
        }
        if at.is_multiple_of(2) {
            features[column("dau_mau")] = f32::NAN;
        }
        Seen {
            features,
            segment: if at.is_multiple_of(3) {
                "digital"
            } else {
                "high-touch"
            }
            .to_owned(),
            said: vec![("churn@1".to_owned(), random.unit() * 0.2)],
        }
    };
    (0..count).map(one).collect()
}

fn references(rows: &[Seen], months: i8) -> References {
    let of = |rows: &[&Seen]| -> (Vec<Reference>, Option<Reference>) {
        let values = |name: &str| {
            rows.iter()
                .map(|seen| seen.features[column(name)])
                .collect::<Vec<f32>>()
        };
        let said: Vec<f32> = rows.iter().map(|seen| seen.said[0].1 as f32).collect();
        let features = READ
            .iter()
            .map(|name| Reference::of(name, &values(name)).unwrap());
        (features.collect(), Reference::of("probability", &said))
    };
    let (features, predictions) = of(&rows.iter().collect::<Vec<_>>());
    let digital: Vec<&Seen> = rows.iter().filter(|seen| seen.segment == "digital").collect();
    let inside = of(&digital);
    References {
        cutoffs: (1..=months).map(|month| date(2025, month, 1)).collect(),
        features,
        predictions,
        segments: vec![SegmentReferences {
            segment: "digital".to_owned(),
            features: inside.0,
            predictions: inside.1,
        }],
    }
}

fn card(references: Option<References>) -> LearntCard {
    let input = |name: &str| LearntInput {
        name: name.to_owned(),
        version: 1,
        usual: None,
    };
    LearntCard {
        amounts: None,
        name: "churn".to_owned(),
        version: "1".to_owned(),
        kind: PredictionKind::Churn,
        maker: Maker::Logistic,
        label: "left".to_owned(),
        window_days: 90,
        sha256: String::new(),
        inputs: READ.into_iter().map(input).collect(),
        buyers: None,
        anatomy: None,
        applies_to: Applicability {
            text: "accounts that have not left".to_owned(),
            all: vec![CapWhen {
                feature: "churned".to_owned(),
                gte: None,
                gt: None,
                lte: Some(0.0),
            }],
            max_missing_share: 0.3,
        },
        golden: Vec::new(),
        trained_on: None,
        validation: None,
        conformal: None,
        references,
        limits: Vec::new(),
    }
}

fn learnt() -> LearntCard {
    card(Some(references(&world(3_000, 1), 10)))
}

fn held(accounts: &[Seen]) -> ModelWorld {
    watch(&learnt(), ModelRole::Champion, accounts, &[])
}

fn of<'a>(found: &'a ModelWorld, name: &str) -> &'a Drift {
    found.moved.iter().find(|drift| drift.name == name).unwrap()
}

#[test]
fn the_same_world_is_steady_in_every_draw() {
    for seed in 10..40 {
        for count in [100, 150, 300, 1_000] {
            let found = held(&world(count, seed));
            assert_eq!(
                found.state,
                WorldState::Steady,
                "{seed} {count}: {:?}",
                found.moved
            );
            assert_eq!(
                (found.rows, found.answered, found.reference_rows),
                (count, count, 3_000)
            );
            assert_eq!(found.predictions.unwrap().is_drifted, Some(false));
        }
    }
}

#[test]
fn a_feature_that_stops_for_all_accounts_has_gone_and_training_waits() {
    let mut broken = world(300, 2);
    for seen in &mut broken {
        seen.features[column("nps")] = f32::NAN;
    }
    let found = held(&broken);
    assert_eq!((found.state, found.drifted), (WorldState::Drifted, 1));
    let gone = of(&found, "nps");
    assert!(gone.psi > 5.0 && gone.holds(), "{gone:?}");
    assert_eq!((gone.movement, gone.missing_now), (Some(Movement::Gone), 1.0));
    assert!(
        gone.means.as_deref().unwrap().contains("no longer sends surveys"),
        "{gone:?}"
    );
    assert_eq!(found.moved[0].name, "nps", "what holds training stands first");
    let digital = &found.segments[0];
    assert_eq!(
        (digital.segment.as_str(), digital.rows, digital.drifted),
        ("digital", 100, 1)
    );
}

#[test]
fn a_tenth_more_of_the_accounts_without_a_value_is_a_jump_whatever_the_index() {
    let mut some = world(1_200, 3);
    for (at, seen) in some.iter_mut().enumerate() {
        if matches!(at % 20, 1 | 3 | 5) {
            seen.features[column("dau_mau")] = f32::NAN;
        }
    }
    let found = held(&some);
    let half = of(&found, "dau_mau");
    assert!(half.psi < DRIFTED, "{half:?}");
    assert_eq!(
        (half.is_drifted, half.movement),
        (Some(true), Some(Movement::Gone))
    );
}

#[test]
fn other_values_are_told_from_age_and_from_more_history() {
    let mut later = world(600, 4);
    for seen in &mut later {
        seen.features[column("tickets_30d")] *= 100.0;
        seen.features[column("contract_month")] += 6.0;
        if seen.features[column("dau_mau")].is_nan() {
            seen.features[column("dau_mau")] = seen.features[column("nps")];
        }
    }
    let found = held(&later);
    assert_eq!(found.drifted, 3);
    assert_eq!(of(&found, "tickets_30d").movement, Some(Movement::Values));
    assert_eq!(of(&found, "contract_month").movement, Some(Movement::Aged));
    assert_eq!(of(&found, "dau_mau").movement, Some(Movement::Came));
    let holds: BTreeSet<&str> = found
        .moved
        .iter()
        .filter(|d| d.holds())
        .map(|d| d.name.as_str())
        .collect();
    assert_eq!(holds, BTreeSet::from(["tickets_30d"]));
    assert_eq!(found.state, WorldState::Drifted);
}

#[test]
fn what_only_aged_is_a_state_of_its_own() {
    let mut older = world(600, 4);
    for seen in &mut older {
        seen.features[column("contract_month")] += 6.0;
    }
    let found = held(&older);
    assert_eq!((found.state, found.drifted), (WorldState::Aged, 1));
    assert!(!found.moved.iter().any(Drift::holds), "{:?}", found.moved);
}

#[test]
fn a_record_names_what_is_close_to_the_line_though_many_others_aged() {
    let grown = [
        "account_age_days",
        "contract_month",
        "usage_history_days",
        "contact_tenure_days",
        "days_since_first_purchase",
        "days_first_to_last_purchase",
        "repeat_purchases",
        "purchase_interval_max_days",
        "renewals_total",
        "meetings_total",
        "milestones_total",
        "goals_total",
        "purchases_total",
        "purchase_days_total",
    ];
    let names = || grown.into_iter().chain(["nps"]);
    let even = |at: usize| at as f32 / 1_000.0;
    let values: Vec<f32> = (0..1_000).map(even).collect();
    let mut old = card(Some(References {
        cutoffs: vec![date(2025, 1, 1)],
        features: names()
            .map(|name| Reference::of(name, &values).unwrap())
            .collect(),
        predictions: None,
        segments: Vec::new(),
    }));
    old.inputs = names()
        .map(|name| LearntInput {
            name: name.to_owned(),
            version: 1,
            usual: None,
        })
        .collect();
    let later = |at: usize| {
        let mut features = vec![f32::NAN; CATALOGUE.len()];
        features[column("churned")] = 0.0;
        for name in grown {
            features[column(name)] = even(at) + 5.0;
        }
        // A little more of them are high: an index between 0.15 and 0.2.
        features[column("nps")] = even(at).powf(1.0 / 1.55);
        Seen {
            features,
            segment: "digital".to_owned(),
            said: Vec::new(),
        }
    };
    let accounts: Vec<Seen> = (0..1_000).map(later).collect();
    let found = watch(&old, ModelRole::Champion, &accounts, &[]);
    assert_eq!((found.state, found.drifted), (WorldState::Aged, grown.len()));
    assert!(is_near(of(&found, "nps")), "{:?}", found.moved);
    assert_eq!(found.moved.len(), 13, "twelve that moved further, and that one");
}

#[test]
fn few_accounts_are_no_drift_and_give_no_verdict() {
    let mut few = world(99, 5);
    for seen in &mut few {
        seen.features[column("nps")] = f32::NAN;
    }
    let found = held(&few);
    assert_eq!((found.state, found.drifted), (WorldState::FewRows, 0));
    assert_eq!(of(&found, "nps").is_drifted, None);
    assert!(found.segments.is_empty());
    assert_eq!(held(&[]).state, WorldState::FewRows);
}

#[test]
fn accounts_whose_inputs_have_gone_are_looked_at_though_the_model_does_not_answer_for_them() {
    let mut broken = world(300, 6);
    for seen in &mut broken {
        seen.features = vec![f32::NAN; CATALOGUE.len()];
        seen.said.clear();
    }
    // Not even what tells whom the model is about is known any more.
    let found = held(&broken);
    assert_eq!(
        (found.state, found.rows, found.answered),
        (WorldState::Drifted, 300, 0)
    );
    assert_eq!(found.predictions, None);
    let mut left = world(300, 7);
    for seen in left.iter_mut().take(120) {
        seen.features[column("churned")] = 1.0;
    }
    assert_eq!(held(&left).rows, 180, "who has left is not looked at");
}

#[test]
fn a_model_without_references_says_that_it_cannot_compare() {
    let found = watch(&card(None), ModelRole::Shadow, &world(300, 8), &[]);
    assert_eq!((found.state, found.moved.len()), (WorldState::NoReference, 0));
    assert_eq!(found.answered, 300);
}

fn check(account: usize, month: i8, model: &str, probability: f64, happened: bool) -> Check {
    Check {
        account: AccountId::derived(&["t", &account.to_string()]),
        name: None,
        kind: PredictionKind::Churn,
        method: Method::Model,
        shadow: false,
        model_version: Some(model.to_owned()),
        probability,
        day: date(2026, month, 1),
        made_at: Timestamp::UNIX_EPOCH,
        window_days: 90,
        due: date(2026, month + 3, 1),
        segment: if account.is_multiple_of(3) {
            "digital"
        } else {
            "high-touch"
        }
        .to_owned(),
        band: Band::Healthy,
        alerts: Vec::new(),
        expires_at: Timestamp::UNIX_EPOCH,
        happened: Some(happened),
        was_accurate: None,
        checked_at: Some(Timestamp::UNIX_EPOCH),
    }
}

fn calibrated(checks: &[Check]) -> ModelWorld {
    let accounts = world(300, 9);
    watch(
        &learnt(),
        ModelRole::Champion,
        &accounts,
        &checks.iter().collect::<Vec<_>>(),
    )
}

#[test]
fn what_was_predicted_is_held_against_what_came_once_an_account() {
    // One in ten left, as was said; each account was asked in three months, and other models too.
    let right = |account: usize| account.is_multiple_of(10);
    let mut all: Vec<Check> = (0..400)
        .flat_map(|account| (1..=3).map(move |month| check(account, month, "churn@1", 0.1, right(account))))
        .collect();
    all.extend((0..400).map(|account| check(account, 4, "churn@0", 0.9, false)));
    let found = calibrated(&all).calibration.unwrap();
    assert_eq!((found.rows, found.is_drifted), (400, Some(false)));
    assert!(
        (found.predicted - 0.1).abs() < 1e-9 && (found.observed - 0.1).abs() < 1e-9,
        "{found:?}"
    );
    // A fifth left: 0.1 off at an error of 0.015.
    let low: Vec<Check> = (0..400)
        .map(|account| check(account, 1, "churn@1", 0.1, account % 5 == 0))
        .collect();
    let world = calibrated(&low);
    let found = world.calibration.unwrap();
    assert_eq!(found.is_drifted, Some(true));
    assert!(
        (found.standard_errors.unwrap() - 0.1 / 0.015).abs() < 1e-6,
        "{found:?}"
    );
    assert_eq!(world.segments[0].calibration.unwrap().rows, 134);
    assert_eq!(
        calibrated(&low[..50]).calibration.unwrap().is_drifted,
        None,
        "too few"
    );
    assert_eq!(calibrated(&[]).calibration, None);
}
