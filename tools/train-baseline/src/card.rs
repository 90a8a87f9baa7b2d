//! Writes the card of the model.

use std::collections::BTreeMap;

use copilot_domain::prediction::PredictionKind;
use copilot_learning::logistic::{Logistic, Standard};
use copilot_learning::quality::{auc, quality};
use copilot_scoring::card::{Applicability, Golden, ModelCard, ModelInput};
use copilot_scoring::profiles::CapWhen;
use sha2::{Digest, Sha256};

use crate::{INPUTS, Row, TEST, TRAIN, WINDOW_DAYS, matrix};

/// A model and the rows it is judged on.
pub(crate) struct Trained<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) usual: &'a [f64],
    pub(crate) standard: &'a Standard,
    pub(crate) fit: &'a Logistic,
    pub(crate) train: &'a [Row],
    pub(crate) test: &'a [Row],
}

fn inputs(trained: &Trained<'_>) -> Vec<ModelInput> {
    let Trained {
        usual, standard, fit, ..
    } = trained;
    INPUTS
        .iter()
        .enumerate()
        .map(|(at, (name, transform))| ModelInput {
            name: (*name).to_owned(),
            version: copilot_features::spec(name).map_or(0, |s| s.version),
            transform: *transform,
            imputation: usual[at],
            mean: standard.means[at],
            scale: standard.scales[at],
            coefficient: fit.coefficients[at],
        })
        .collect()
}

fn applicability() -> Applicability {
    let at_least = |feature: &str, gte: f64| CapWhen {
        feature: feature.to_owned(),
        gte: Some(gte),
        gt: None,
        lte: None,
    };
    Applicability {
        text:
            "purchases by invoice on at least two days, the last within 180 days, and no contract, seats or \
               subscription"
                .to_owned(),
        all: vec![
            at_least("transactional", 1.0),
            at_least("purchase_days_total", 2.0),
            CapWhen {
                feature: "days_since_purchase".to_owned(),
                gte: None,
                gt: None,
                lte: Some(180.0),
            },
        ],
        max_missing_share: 0.3,
    }
}

/// Eight rows for the loader to check.
fn golden(rows: &[Vec<f64>], standard: &Standard, fit: &Logistic) -> Vec<Golden> {
    let step = (rows.len() / 8).max(1);
    rows.iter()
        .step_by(step)
        .take(8)
        .map(|row| {
            // Rounded, so that a row of the card is nobody's.
            let inputs: Vec<f64> = row.iter().map(|v| (v * 10.0).round() / 10.0).collect();
            let margin: f64 = fit.intercept
                + standard
                    .apply(&inputs)
                    .iter()
                    .zip(&fit.coefficients)
                    .map(|(x, c)| x * c)
                    .sum::<f64>();
            let probability = 1.0 / (1.0 + (-margin).exp());
            Golden {
                inputs,
                margin,
                probability,
            }
        })
        .collect()
}

/// The card.
pub(crate) fn card(trained: &Trained<'_>) -> ModelCard {
    let Trained {
        bytes,
        usual,
        standard,
        fit,
        train,
        test,
    } = trained;
    let (inputs, applies_to) = (inputs(trained), applicability());
    let probability = |row: &[f64]| fit.predict(&standard.apply(row));
    let (train_rows, test_rows) = (matrix(train, usual), matrix(test, usual));
    let judge = |rows: &[Row], inputs: &[Vec<f64>]| {
        let spoken = |r: &Row| applies_to.all.iter().all(|w| w.holds(&r.features));
        let kept: Vec<(f64, bool)> = rows
            .iter()
            .zip(inputs)
            .filter(|(r, _)| spoken(r))
            .map(|(r, i)| (probability(i), r.label))
            .collect();
        let (scores, labels): (Vec<f64>, Vec<bool>) = kept.into_iter().unzip();
        quality(&scores, &labels)
    };
    let rule = |sign: f64, feature: &str| {
        let kept: Vec<&Row> = test
            .iter()
            .filter(|r| applies_to.all.iter().all(|w| w.holds(&r.features)))
            .collect();
        let scores: Vec<f64> = kept
            .iter()
            .map(|r| sign * r.features.get(feature).unwrap_or(0.0))
            .collect();
        let labels: Vec<bool> = kept.iter().map(|r| r.label).collect();
        (auc(&scores, &labels) * 10_000.0).round() / 10_000.0
    };
    ModelCard {
        name: "churn-baseline".to_owned(),
        version: "1".to_owned(),
        kind: PredictionKind::Churn,
        label: "no purchase in the 90 days after the cut-off".to_owned(),
        window_days: WINDOW_DAYS as u32,
        sha256: hex::encode(Sha256::digest(bytes)),
        inputs_sha256: ModelCard::hash_inputs(&inputs),
        inputs,
        intercept: fit.intercept,
        golden: golden(&train_rows, standard, fit),
        trained_on: "purchases of a British gift wholesaler's customers, 2009-12 to 2011-06 (Online Retail II)".to_owned(),
        train_cutoffs: TRAIN.iter().map(|d| (*d).to_owned()).collect(),
        test_cutoffs: TEST.iter().map(|d| (*d).to_owned()).collect(),
        train: judge(train, &train_rows),
        test: judge(test, &test_rows),
        baselines_auc: BTreeMap::from([
            ("days since the last purchase".to_owned(), rule(1.0, "days_since_purchase")),
            ("fewest purchases in 365 days".to_owned(), rule(-1.0, "purchases_365d")),
            ("silence in own intervals".to_owned(), rule(1.0, "silence_in_intervals")),
        ]),
        limits: vec![
            "Trained on one wholesaler in one country over 19 months: its level will be off elsewhere.".to_owned(),
            "Buying is seasonal and 19 months hold each season hardly twice: in the spring it was tested on, lapses were far \
             more frequent than in the months it learned from, so it ranks well but says too little."
                .to_owned(),
            "It does not speak for accounts with a contract, seats or subscriptions: their churn is another thing.".to_owned(),
            "It reads purchases and order lines only: no tickets, no surveys, no conversations.".to_owned(),
            "Replace it by a model of your own outcomes as soon as there are enough.".to_owned(),
        ],
        applies_to,
    }
}
