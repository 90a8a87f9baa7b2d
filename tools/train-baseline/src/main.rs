//! Trains `models/churn-baseline`. Reads the uncompressed CSV on standard input, writes model, card and figures:
//!
//! `xzcat online_retail_ii.csv.xz | cargo run --release -p train-baseline -- models/churn-baseline`

mod log;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::{Timestamp, parse_instant};
use copilot_features::{FeatureConfig, FeatureVector};
use copilot_learning::export::to_onnx;
use copilot_learning::logistic::{Logistic, Standard};
use copilot_learning::quality::{auc, quality};
use copilot_scoring::card::{Applicability, Golden, ModelCard, ModelInput, Transform};
use copilot_scoring::onnx::OnnxModel;
use copilot_scoring::profiles::CapWhen;
use sha2::{Digest, Sha256};

use crate::log::Customer;

const TRAIN: [&str; 9] = [
    "2010-03-01",
    "2010-04-01",
    "2010-05-01",
    "2010-06-01",
    "2010-07-01",
    "2010-08-01",
    "2010-09-01",
    "2010-10-01",
    "2010-11-01",
];
const TEST: [&str; 3] = ["2011-02-01", "2011-03-01", "2011-04-01"];
const WINDOW_DAYS: i64 = 90;
/// Fixed before looking at the test months.
const L2: f64 = 10.0;

/// What the model reads.
const INPUTS: [(&str, Transform); 19] = [
    ("days_since_purchase", Transform::Log1p),
    ("days_since_first_purchase", Transform::Log1p),
    ("purchases_30d", Transform::Log1p),
    ("purchases_90d", Transform::Log1p),
    ("purchases_180d", Transform::Log1p),
    ("purchases_365d", Transform::Log1p),
    ("spend_30d", Transform::Log1p),
    ("spend_90d", Transform::Log1p),
    ("spend_180d", Transform::Log1p),
    ("spend_365d", Transform::Log1p),
    ("purchase_mean", Transform::Log1p),
    ("purchase_days_total", Transform::Log1p),
    ("purchase_interval_days", Transform::Log1p),
    ("purchase_interval_max_days", Transform::Log1p),
    ("purchase_interval_sd_days", Transform::Log1p),
    ("silence_in_intervals", Transform::Log1p),
    ("refund_share_365d", Transform::Identity),
    ("active_days_90d", Transform::Log1p),
    ("key_events_90d", Transform::Log1p),
];

struct Row {
    features: FeatureVector,
    label: bool,
}

/// The rows of some cut-offs: who bought in the last 180 days, and whether they bought in the next 90.
fn rows(customers: &[Customer], cutoffs: &[&str]) -> Result<Vec<Row>> {
    let config = FeatureConfig::default();
    let mut out = Vec::new();
    for cutoff in cutoffs {
        let at: Timestamp = parse_instant(cutoff)?;
        let until = at.as_second() + WINDOW_DAYS * 86_400;
        for customer in customers {
            let last = customer.purchases.iter().rev().find(|p| **p < at);
            if last.is_none_or(|p| at.as_second() - p.as_second() > 180 * 86_400) {
                continue;
            }
            let bought = customer
                .purchases
                .iter()
                .any(|p| *p >= at && p.as_second() < until);
            let features = copilot_features::compute(&customer.history.snapshot(at), &config);
            out.push(Row {
                features,
                label: !bought,
            });
        }
    }
    Ok(out)
}

/// The mean of each input over the rows that have it.
fn imputation(train: &[Row]) -> Vec<f64> {
    let mean = |(name, transform): &(&str, Transform)| {
        let known: Vec<f64> = train
            .iter()
            .filter_map(|r| r.features.get(name))
            .map(|v| transform.apply(v))
            .collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    INPUTS.iter().map(mean).collect()
}

fn matrix(rows: &[Row], imputation: &[f64]) -> Vec<Vec<f64>> {
    let row = |r: &Row| {
        let value = |((name, transform), usual): (&(&str, Transform), &f64)| {
            r.features.get(name).map_or(*usual, |v| transform.apply(v))
        };
        INPUTS.iter().zip(imputation).map(value).collect()
    };
    rows.iter().map(row).collect()
}

fn main() -> Result<()> {
    let out = std::env::args()
        .nth(1)
        .context("usage: train-baseline <directory to write to> < csv")?;
    let mut say = std::io::stderr().lock();
    let (customers, nobody) = log::read(std::io::stdin().lock())?;
    writeln!(
        say,
        "{} customers; {nobody} lines without a customer left out",
        customers.len()
    )?;
    let (train, test) = (rows(&customers, &TRAIN)?, rows(&customers, &TEST)?);
    let usual = imputation(&train);
    let raw = matrix(&train, &usual);
    let standard = Standard::of(&raw);
    let standardised =
        |rows: &[Vec<f64>]| -> Vec<Vec<f64>> { rows.iter().map(|r| standard.apply(r)).collect() };
    let labels: Vec<bool> = train.iter().map(|r| r.label).collect();
    let fit = Logistic::fit(&standardised(&raw), &labels, L2)?;
    let bytes = to_onnx("churn-baseline", &standard, &fit);
    let card = card(&bytes, &usual, &standard, &fit, &train, &test);
    let json = serde_json::to_string_pretty(&card)? + "\n";
    let model = OnnxModel::load(&bytes, &json)?;
    let answers = model.run(&matrix(&test, &usual))?;
    let all: Vec<bool> = test.iter().map(|r| r.label).collect();
    writeln!(say, "{} Newton steps", fit.steps)?;
    for cutoff in TRAIN.iter().chain(&TEST) {
        let of_it = rows(&customers, &[*cutoff])?;
        let lapsed = of_it.iter().filter(|r| r.label).count();
        writeln!(
            say,
            "{cutoff}: {} accounts, {lapsed} without a purchase in the next 90 days",
            of_it.len()
        )?;
    }
    writeln!(say, "train {:?}", card.train)?;
    writeln!(say, "test, accounts the model speaks for {:?}", card.test)?;
    writeln!(
        say,
        "test, everyone who bought in 180 days {:?}",
        quality(&answers, &all)
    )?;
    writeln!(say, "baselines {:?}", card.baselines_auc)?;
    let directory = Path::new(&out);
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("model.onnx"), &bytes)?;
    std::fs::write(directory.join("card.json"), json)?;
    Ok(())
}

fn card(
    bytes: &[u8],
    usual: &[f64],
    standard: &Standard,
    fit: &Logistic,
    train: &[Row],
    test: &[Row],
) -> ModelCard {
    let inputs: Vec<ModelInput> = INPUTS
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
        .collect();
    let at_least = |feature: &str, gte: f64| CapWhen {
        feature: feature.to_owned(),
        gte: Some(gte),
        gt: None,
        lte: None,
    };
    let applies_to = Applicability {
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
    };
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
    let step = (train_rows.len() / 8).max(1);
    let golden = train_rows
        .iter()
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
        .collect();
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
        golden,
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
