//! Trains `models/churn-baseline`. Reads the uncompressed CSV on standard input, writes model, card and figures:
//!
//! `xzcat online_retail_ii.csv.xz | cargo run --release -p train-baseline -- models/churn-baseline`

mod card;
mod log;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use copilot_domain::time::{Timestamp, parse_instant};
use copilot_features::{FeatureConfig, FeatureVector};
use copilot_learning::export::to_onnx;
use copilot_learning::logistic::{Logistic, Standard};
use copilot_learning::quality::quality;
use copilot_scoring::card::Transform;
use copilot_scoring::onnx::OnnxModel;

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
    let card = card::card(&card::Trained {
        bytes: &bytes,
        usual: &usual,
        standard: &standard,
        fit: &fit,
        train: &train,
        test: &test,
    });
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
