use copilot_domain::health::Points;
use copilot_domain::prediction::Method;
use copilot_features::FeatureVector;
use copilot_scoring::churn::{margin_of_score, sigmoid};
use copilot_scoring::onnx::{ModelError, OnnxModel};

use crate::support::{at, features};

const MODEL: &[u8] = include_bytes!("../../../../models/churn-baseline/model.onnx");
const CARD: &str = include_str!("../../../../models/churn-baseline/card.json");

fn buyer(last: f64) -> FeatureVector {
    features(&[
        ("transactional", 1.0),
        ("days_since_purchase", last),
        ("days_since_first_purchase", 300.0),
        ("purchases_30d", 0.0),
        ("purchases_90d", 2.0),
        ("purchases_180d", 4.0),
        ("purchases_365d", 8.0),
        ("spend_30d", 0.0),
        ("spend_90d", 400.0),
        ("spend_180d", 900.0),
        ("spend_365d", 2_000.0),
        ("purchase_mean", 250.0),
        ("purchase_days_total", 8.0),
        ("purchase_interval_days", 40.0),
        ("purchase_interval_max_days", 70.0),
        ("purchase_interval_sd_days", 15.0),
        ("silence_in_intervals", last / 40.0),
        ("refund_share_365d", 0.01),
        ("active_days_90d", 2.0),
        ("key_events_90d", 30.0),
    ])
}

#[test]
fn the_shipped_model_fits_its_card_and_explains_itself_exactly() {
    let model = OnnxModel::baseline().unwrap();
    let (near, far) = (buyer(10.0), buyer(150.0));
    let when = at("2026-07-01");
    let both = model.predict(&[(&near, when), (&far, when)]).unwrap();
    let (near_said, far_said) = (both[0].as_ref().unwrap(), both[1].as_ref().unwrap());
    assert!(far_said.probability > near_said.probability);
    for (said, vector) in [(near_said, &near), (far_said, &far)] {
        assert_eq!(said.method, Method::Model);
        let margin = said.base_margin.unwrap() + said.factors.iter().map(|f| f.contribution).sum::<f64>();
        let (row, missing) = model.card().row(vector);
        assert_eq!(missing, 0);
        assert!((margin - model.card().margin(&row)).abs() < 1e-9);
        assert!((sigmoid(margin) - said.probability).abs() < 1e-5);
    }
    assert_eq!(
        model.predict(&[(&far, when)]).unwrap()[0].as_ref().unwrap(),
        far_said,
        "a batch answers as one does"
    );
}

#[test]
fn the_model_is_silent_where_it_does_not_apply() {
    let model = OnnxModel::baseline().unwrap();
    let when = at("2026-07-01");
    let mut subscriber = buyer(10.0);
    subscriber.set("transactional", 0.0);
    let mut new = buyer(10.0);
    new.set("purchase_days_total", 1.0);
    for vector in [subscriber, new, FeatureVector::default()] {
        let why = model.predict(&[(&vector, when)]).unwrap().remove(0).unwrap_err();
        assert!(why.contains("speaks only for accounts"), "{why}");
    }
    let few = features(&[
        ("transactional", 1.0),
        ("purchase_days_total", 3.0),
        ("days_since_purchase", 5.0),
    ]);
    let why = model.predict(&[(&few, when)]).unwrap().remove(0).unwrap_err();
    assert!(why.contains("are missing"), "{why}");
}

#[test]
fn what_is_not_a_number_is_refused() {
    let model = OnnxModel::baseline().unwrap();
    let width = model.card().inputs.len();
    for bad in [f64::NAN, f64::INFINITY, 1e300] {
        let mut row = vec![0.0; width];
        row[3] = bad;
        assert!(matches!(
            model.run(&[row]),
            Err(ModelError::NotFinite { row: 0, column: 3 })
        ));
    }
    assert!(matches!(model.run(&[vec![0.0]]), Err(ModelError::Inputs(_))));
}

#[test]
fn a_model_that_is_not_its_cards_is_refused() {
    let mut bytes = MODEL.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(matches!(
        OnnxModel::load(&bytes, CARD),
        Err(ModelError::Hash { .. })
    ));
    let swapped = CARD.replacen("spend_30d", "spend_90d", 1);
    assert!(matches!(
        OnnxModel::load(MODEL, &swapped),
        Err(ModelError::Inputs(_))
    ));
    let mut card: serde_json::Value = serde_json::from_str(CARD).unwrap();
    card["intercept"] = serde_json::json!(card["intercept"].as_f64().unwrap() + 0.01);
    assert!(matches!(
        OnnxModel::load(MODEL, &card.to_string()),
        Err(ModelError::Golden { .. })
    ));
}

#[test]
fn the_rules_probability_falls_as_the_score_rises() {
    let at_score = |milli| sigmoid(margin_of_score(Points::from_milli(milli)));
    let mut last = 1.0;
    for milli in (0..=100_000).step_by(100) {
        let p = at_score(milli);
        assert!(p <= last);
        last = p;
    }
    assert!((at_score(62_500) - 0.25).abs() < 1e-9 && (at_score(12_500) - 0.85).abs() < 1e-9);
}
