//! A training run from examples to a model, or to the reason why there is none.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use copilot_domain::ids::AccountId;
use copilot_domain::money::Currency;
use copilot_domain::prediction::PredictionKind;
use copilot_features::{CATALOGUE, FeatureVector};
use copilot_learning::examples::{Example, Examples};
use copilot_learning::random::Random;
use copilot_learning::train::{Incumbent, Order, Trained, Verdict, train};
use copilot_scoring::learnt::LearntModel;
use copilot_scoring::learnt_card::Maker;
use jiff::civil::{Date, date};

/// Accounts at the first of `months` months; their use falls before they leave as strongly as `signal` says.
fn examples(accounts: usize, months: i8, signal: f64) -> Examples {
    with_base(accounts, months, signal, -1.2)
}

/// `base` is how seldom they leave: log-odds.
fn with_base(accounts: usize, months: i8, signal: f64, base: f64) -> Examples {
    let mut random = Random::new(11);
    let mut all = Vec::new();
    for account in 0..accounts {
        let id = AccountId::derived(&["t", &account.to_string()]);
        for month in 1..=months {
            let cutoff = date(2025, month, 1);
            let (change, tickets) = (random.normal(), random.unit() * 5.0);
            let margin = signal * (-1.6 * change + 0.3 * tickets) + base;
            let mut features = FeatureVector::default();
            features.set("churned", 0.0);
            features.set("cancel_notice", 0.0);
            features.set("transactional", 0.0);
            features.set("key_events_change_30d", (random.unit() > 0.1).then_some(change));
            features.set("tickets_30d", tickets);
            features.set("seats", (random.unit() * 100.0).round());
            all.push(Example {
                account: id,
                cutoff,
                features: Example::values(&features),
                happened: random.unit() < 1.0 / (1.0 + (-margin).exp()),
                rules: 0.3 + 0.1 * random.unit(),
                came: f64::NAN,
                segment: if account % 3 == 0 { "digital" } else { "default" }.to_owned(),
            });
        }
    }
    Examples::of(all)
}

fn order() -> Order {
    Order {
        kind: PredictionKind::Churn,
        version: "2025-12-01".to_owned(),
    }
}

fn trained(examples: &Examples, incumbent: Option<&Incumbent>) -> Trained {
    match train(&order(), examples, incumbent).unwrap() {
        Verdict::Trained(trained) => *trained,
        Verdict::Refused(why) => panic!("{why}"),
    }
}

fn refused(examples: &Examples) -> String {
    match train(&order(), examples, None).unwrap() {
        Verdict::Refused(why) => why,
        Verdict::Trained(_) => panic!("trained"),
    }
}

#[test]
fn a_signal_gives_a_model_that_is_held_against_months_it_has_not_seen() {
    let examples = examples(150, 9, 1.0);
    let trained = trained(&examples, None);
    let card = &trained.model.card;
    assert_eq!(card.maker, Maker::Logistic);
    let read: Vec<&str> = card.inputs.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(read, ["seats", "key_events_change_30d", "tickets_30d"]);
    let validation = card.validation.as_ref().unwrap();
    assert!(validation.auc.low > 0.7, "{validation:?}");
    assert_eq!(
        validation.test_cutoffs,
        [date(2025, 7, 1), date(2025, 8, 1), date(2025, 9, 1)]
    );
    // 90 days before July: the first of April reaches into it, by a day.
    let last: Date = *validation.train_cutoffs.last().unwrap();
    assert_eq!(last, date(2025, 4, 1));
    assert_eq!(card.trained_on.as_ref().unwrap().rows, 150 * 9);
    assert_eq!(trained.validated.card.trained_on.as_ref().unwrap().rows, 150 * 4);
    assert!(trained.evidence.pr_auc_gain.low > 0.0 && trained.evidence.against == "rules");
}

#[test]
fn the_written_model_loads_and_its_parts_sum_to_its_answers() {
    let examples = examples(120, 8, 1.0);
    let trained = trained(&examples, None);
    let model = LearntModel::load(&trained.model.bytes, trained.model.card.clone()).unwrap();
    let width = model.card().inputs.len();
    let column = |name: &str| CATALOGUE.iter().position(|spec| spec.name == name).unwrap();
    let columns: Vec<usize> = model
        .card()
        .inputs
        .iter()
        .map(|input| column(&input.name))
        .collect();
    let mut flat = Vec::new();
    for row in 0..examples.len() {
        flat.extend(columns.iter().map(|c| examples.table.row(row)[*c]));
    }
    for (row, p) in flat.chunks(width).zip(model.run(&flat).unwrap()) {
        let parts = model.contributions(row).unwrap();
        let sum = 1.0 / (1.0 + (-parts.sum()).exp());
        assert!((sum - p).abs() < 1e-6, "{sum} {p}");
    }
    let mut broken = trained.model.card.clone();
    broken.golden[0].probability += 1e-3;
    assert!(LearntModel::load(&trained.model.bytes, broken).is_err());
}

#[test]
fn the_same_examples_give_the_same_bytes_in_whatever_order_they_were_read() {
    let first = examples(120, 8, 1.0);
    let again = examples(120, 8, 1.0);
    assert_eq!(trained(&first, None), trained(&again, None));
}

#[test]
fn noise_is_called_noise_and_few_outcomes_are_counted() {
    let why = refused(&examples(150, 9, 0.0));
    assert!(why.starts_with("the data carries no signal"), "{why}");
    assert!(refused(&examples(30, 9, 1.0)).starts_with("30 of 50 accounts"));
    assert!(refused(&examples(150, 3, 1.0)).contains("at least 5"));
}

#[test]
fn a_champion_that_is_as_good_is_not_beaten() {
    let examples = examples(150, 9, 1.0);
    let first = trained(&examples, None);
    let model = LearntModel::load(&first.model.bytes, first.model.card.clone()).unwrap();
    let column = |name: &str| CATALOGUE.iter().position(|spec| spec.name == name).unwrap();
    let columns: Vec<usize> = model
        .card()
        .inputs
        .iter()
        .map(|input| column(&input.name))
        .collect();
    let rows = 0..examples.len();
    let flat: Vec<f32> = rows
        .flat_map(|row| {
            columns
                .iter()
                .map(|c| examples.table.row(row)[*c])
                .collect::<Vec<_>>()
        })
        .collect();
    let incumbent = Incumbent {
        version: "champion".to_owned(),
        said: model.run(&flat).unwrap(),
    };
    let second = trained(&examples, Some(&incumbent));
    let gain = second
        .evidence
        .checks
        .iter()
        .find(|check| check.name == "pr_auc")
        .unwrap();
    assert!(!gain.passed && gain.text.contains("champion"), "{}", gain.text);
}

#[test]
fn enough_outcomes_let_trees_stand_beside_the_line() {
    let examples = with_base(1_000, 5, 1.0, -3.4);
    let trained = trained(&examples, None);
    assert_eq!(trained.model.card.maker, Maker::Boosting);
    let model = LearntModel::load(&trained.model.bytes, trained.model.card.clone()).unwrap();
    let row = vec![f32::NAN; model.card().inputs.len()];
    let parts = model.contributions(&row).unwrap();
    let p = model.run(&row).unwrap()[0];
    assert!((1.0 / (1.0 + (-parts.sum()).exp()) - p).abs() < 1e-6);
}

/// Shops at the first of nine months: whom the change of use keeps buys, for a multiple of its run-rate that the tickets tell. With
/// `signal` of 0 nothing tells either.
fn shops(signal: f64) -> Examples {
    let mut random = Random::new(5);
    let mut all = Vec::new();
    for account in 0..400 {
        let id = AccountId::derived(&["shop", &account.to_string()]);
        let pace = 50.0 * (1.5 * random.normal()).exp();
        for month in 1..=9 {
            let (change, tickets) = (random.normal(), random.unit() * 4.0);
            let buys = random.unit() < 1.0 / (1.0 + (-1.5 * signal * change).exp());
            let multiple = (signal * 0.5 * (tickets - 2.0) + 0.2 * random.normal()).exp();
            let mut features = FeatureVector::default();
            features.set("churned", 0.0);
            features.set("transactional", 1.0);
            features.set("days_since_purchase", 30.0 + random.unit() * 60.0);
            features.set("days_since_first_purchase", 700.0);
            features.set("spend_365d", pace * 365.0 / 90.0);
            features.set("key_events_change_30d", change);
            features.set("tickets_30d", tickets);
            // Without a signal the rule is all that there is to know.
            let came = if signal > 0.0 && !buys {
                0.0
            } else {
                2.0 * pace * multiple
            };
            let came = if signal > 0.0 {
                came
            } else {
                pace + f64::from(month) * 1e-3
            };
            let happened = if signal > 0.0 { buys } else { random.unit() < 0.9 };
            all.push(Example {
                account: id,
                cutoff: date(2025, month, 1),
                features: Example::values(&features),
                happened,
                rules: f64::NAN,
                came: if happened { came } else { 0.0 },
                segment: "default".to_owned(),
            });
        }
    }
    Examples::of(all)
}

fn revenue() -> Order {
    Order {
        kind: PredictionKind::Revenue,
        version: "2025-12-01".to_owned(),
    }
}

#[test]
fn revenue_is_told_by_a_hurdle_that_beats_the_run_rate_and_sums_to_its_reasons() {
    let examples = shops(1.0);
    let Verdict::Trained(trained) = train(&revenue(), &examples, None).unwrap() else {
        panic!("refused");
    };
    let amounts = trained.model.card.validation.as_ref().unwrap().amounts.unwrap();
    assert!(
        amounts.mae_gain.low > 0.0 && amounts.gini_gain.low > 0.0,
        "{amounts:?}"
    );
    assert!((amounts.total_ratio - 1.0).abs() < 0.3, "{amounts:?}");
    assert!((amounts.covered - 0.8).abs() < 0.1, "{amounts:?}");
    let names: Vec<&str> = trained
        .evidence
        .checks
        .iter()
        .map(|check| check.name.as_str())
        .collect();
    assert_eq!(names, ["outcomes", "calibration", "mae", "gini"]);
    let model = LearntModel::load(&trained.model.bytes, trained.model.card.clone()).unwrap();
    let mut features = FeatureVector::default();
    for (name, value) in [
        ("spend_365d", 3_650.0),
        ("days_since_first_purchase", 700.0),
        ("tickets_30d", 4.0),
    ] {
        features.set(name, value);
    }
    let told = model.amount(0.5, &features, Currency::USD).unwrap();
    assert_eq!(told.run_rate_minor, 90_000);
    assert!(told.if_so_minor > 2 * told.run_rate_minor, "{told:?}");
    assert!((told.expected_minor * 2 - told.if_so_minor).abs() <= 1);
    let sum: f64 = told.base_log_ratio + told.factors.iter().map(|factor| factor.contribution).sum::<f64>();
    let expected = (1.0 + told.if_so_minor as f64 / 100.0).ln() - 901.0_f64.ln();
    assert!((sum - expected).abs() < 1e-4, "{sum} {expected}");
    let mut broken = trained.model.card.clone();
    broken.amounts.as_mut().unwrap().golden[0] += 0.01;
    assert!(LearntModel::load(&trained.model.bytes, broken).is_err());
}

#[test]
fn a_rule_that_cannot_be_beaten_stands_with_the_figures_of_both() {
    let Verdict::Refused(why) = train(&revenue(), &shops(0.0), None).unwrap() else {
        panic!("trained");
    };
    assert!(
        why.contains("no better than by the run-rate") && why.contains("Gini"),
        "{why}"
    );
}
