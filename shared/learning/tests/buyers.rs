//! What buyers are expected to order, as a model of theirs reads it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use copilot_domain::ids::AccountId;
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::Timestamp;
use copilot_features::FeatureVector;
use copilot_features::buyers::{Buyer, PURCHASES_AHEAD};
use copilot_learning::examples::{Aside, Example, Examples, value_in};
use copilot_learning::random::Random;
use copilot_learning::reads::Reads;
use copilot_learning::train::{Artifact, Order, Verdict, train};
use copilot_scoring::learnt::LearntModel;
use copilot_scoring::prediction_change::{Side, explain_prediction};
use jiff::civil::{Date, date};

/// Days of the log, and cut-offs in it.
const DAYS: i32 = 700;
const CUTOFFS: [i32; 9] = [370, 400, 430, 460, 490, 520, 550, 580, 610];

/// Days on which shops order: each at a pace of its own, until it leaves after an order (one in twelve orders).
fn shops(count: usize) -> Vec<Vec<i32>> {
    let mut random = Random::new(3);
    let one = |_| {
        let mean = 8.0 + 60.0 * random.unit() * random.unit();
        let mut day = (random.unit() * 300.0) as i32;
        let mut days = vec![day];
        while random.unit() > 1.0 / 12.0 {
            day += 1 + (-random.unit().max(1e-9).ln() * mean) as i32;
            if day >= DAYS {
                break;
            }
            days.push(day);
        }
        days
    };
    (0..count).map(one).collect()
}

fn features(days: &[i32], today: i32) -> FeatureVector {
    let seen = &days[..days.partition_point(|day| *day < today)];
    let mut features = FeatureVector::default();
    features.set("churned", 0.0);
    features.set("transactional", 1.0);
    if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
        features.set("repeat_purchases", (seen.len() - 1) as f64);
        features.set("days_first_to_last_purchase", f64::from(last - first));
        features.set("days_since_first_purchase", f64::from(today - first));
        features.set("days_since_purchase", f64::from(today - last));
        let months =
            (0..12).filter(|month| seen.iter().any(|day| (today - day - 1).div_euclid(30) == *month));
        features.set("purchase_months_360d", months.count() as f64);
    }
    features
}

fn day(at: i32) -> Date {
    date(2024, 1, 1).saturating_add(jiff::Span::new().days(at))
}

fn examples(shops: &[Vec<i32>]) -> Examples {
    let (mut all, mut aside) = (Vec::new(), Vec::new());
    for (number, days) in shops.iter().enumerate() {
        let account = AccountId::derived(&[&number.to_string()]);
        for at in CUTOFFS {
            let (features, cutoff) = (features(days, at), day(at));
            let Some(silence) = features.get("days_since_purchase") else {
                continue;
            };
            if silence > 180.0 {
                let buyer = Buyer::of(|name| features.get(name));
                aside.push(Aside {
                    account,
                    cutoff,
                    buyer,
                });
                continue;
            }
            all.push(Example {
                account,
                cutoff,
                features: Example::values(&features),
                happened: !days.iter().any(|day| (at..at + 90).contains(day)),
                rules: 0.3,
                came: f64::NAN,
                segment: "default".to_owned(),
            });
        }
    }
    Examples::with_aside(all, aside)
}

fn trained(examples: &Examples) -> Artifact {
    let order = Order {
        kind: PredictionKind::Churn,
        version: "2025-12-01".to_owned(),
    };
    match train(&order, examples, None).unwrap() {
        Verdict::Trained(trained) => trained.model,
        Verdict::Refused(why) => panic!("{why}"),
    }
}

#[test]
fn a_model_of_buyers_reads_what_they_are_expected_to_order_and_says_so() {
    let shops = shops(900);
    let examples = examples(&shops);
    let artifact = trained(&examples);
    let card = &artifact.card;
    assert_eq!(card.inputs.last().unwrap().name, PURCHASES_AHEAD.name);
    let numbers = card.buyers.unwrap();
    // Shops that left are no longer among the rows, and count all the same: one order in twelve is the last.
    let leaving = numbers.leaving.unwrap();
    let share = leaving.a / (leaving.a + leaving.b);
    assert!((0.05..0.13).contains(&share), "{numbers:?}");

    let model = LearntModel::load(&artifact.bytes, card.clone()).unwrap();
    let reads = Reads::of(model.card());
    let bought = |days: &&Vec<i32>, at: i32| days.iter().any(|day| (at - 60..at).contains(day));
    let regular = shops
        .iter()
        .find(|days| bought(days, 610) && bought(days, 460))
        .unwrap();
    let (newest, older) = (features(regular, 610), features(regular, 460));
    let by_row: Vec<f32> = reads.row(&Example::values(&newest)).collect();
    let (served, missing) = card.row(&newest);
    assert_eq!(
        (by_row.clone(), missing),
        (served, 0),
        "training and serving read the same"
    );
    let at = reads.place(PURCHASES_AHEAD.name).unwrap();
    let expected = numbers.ahead(|name| newest.get(name)).unwrap();
    assert_eq!(by_row[at].to_bits(), (expected as f32).to_bits());

    let now = Timestamp::UNIX_EPOCH;
    let said = model.predict(&[(&newest, now)]).unwrap().remove(0).unwrap();
    let reason = said
        .factors
        .iter()
        .find(|factor| factor.name == PURCHASES_AHEAD.name)
        .unwrap();
    assert!(reason.text.starts_with(PURCHASES_AHEAD.text), "{}", reason.text);
    assert_eq!(reason.value.map(|v| v as f32), Some(by_row[at]));
    let sum: f64 = said.factors.iter().map(|factor| factor.contribution).sum();
    let margin = said.base_margin.unwrap() + sum;
    assert!((1.0 / (1.0 + (-margin).exp()) - said.probability).abs() < 1e-6);

    let sides = [&newest, &older].map(|features| Side::of(&model, features).unwrap());
    let change = explain_prediction(&sides[0], &sides[1]);
    let moved: f64 = change.inputs.iter().map(|input| input.margin).sum();
    assert!((moved - change.margin).abs() < 1e-9);
    let ahead = change
        .inputs
        .iter()
        .find(|input| input.name == PURCHASES_AHEAD.name);
    assert!(ahead.is_some_and(|input| input.value_at.is_some() && input.value_compare.is_some()));
}

#[test]
fn without_the_numbers_on_its_card_such_a_model_does_not_load() {
    let artifact = trained(&examples(&shops(900)));
    let mut card = artifact.card;
    card.buyers = None;
    let refused = LearntModel::load(&artifact.bytes, card.clone())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("purchases_ahead_90d is told by numbers"),
        "{refused}"
    );
    card.buyers = Some(copilot_learning::nbd::Nbd {
        r: f64::NAN,
        alpha: 1.0,
        leaving: None,
    });
    assert!(LearntModel::load(&artifact.bytes, card).is_err());
}

#[test]
fn what_is_expected_is_missing_where_nothing_was_bought() {
    let artifact = trained(&examples(&shops(900)));
    let never = features(&[], 610);
    let values = Example::values(&never);
    assert_eq!(value_in(&values, "repeat_purchases"), None);
    let reads = Reads::of(&artifact.card);
    assert!(reads.at(reads.width() - 1, &values).is_nan());
}
