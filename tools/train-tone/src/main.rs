//! The tone model: trained on Senti4SD, measured beside VADER, in its own domain and out of it.
//!
//! `bench/intelligence/text.py` writes the texts: a folder a set with `train.jsonl` and `test.jsonl`.
//!
//! * `measure TEXTS` trains on each set, writes `ours.labels` and `ours.cost.json` beside its test, and prints who should
//!   answer: the model, VADER, or one of them by a rule, each set judged by the model of the other, too.
//! * `validate TEXTS` tries settings on four parts of each training set; the tests are not looked at.
//! * `ship TEXTS FOLDER` trains on Senti4SD alone and writes `weights.bin` and `card.json`.
//! * `vader TEXTS` prints VADER's four scores of every text, to hold them against the Python package.

mod card;
mod texts;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use copilot_text::adapt::macro_f1;
use copilot_text::model::{Judged, ToneModel};
use copilot_text::train::{Settings, train};
use copilot_text::{Reader, Tone};

use crate::texts::{Part, Set};

/// VADER's weight by share of unknown words: chosen by `measure`, see `docs/decisions/text-tone.md`.
const VADER_PER_UNKNOWN: f64 = 1.0;

/// The set whose weights may ship, and the one that may not, each with the strength that `validate` finds best.
const SETS: [(&str, f64); 2] = [("senti4sd", 4.0), ("airline", 2.0)];

/// How a set is learnt from.
fn settings(set: &Set) -> Settings {
    Settings {
        strength: set.strength,
        ..Settings::default()
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [command, root, rest @ ..] = words.as_slice() else {
        bail!("train-tone measure|validate|ship|vader TEXTS [FOLDER]");
    };
    let root = PathBuf::from(root);
    let sets: Result<Vec<Set>> = SETS
        .iter()
        .map(|(name, strength)| Set::read(&root, name, *strength))
        .collect();
    let mut out = std::io::stdout().lock();
    match (*command, rest) {
        ("measure", []) => measure(&sets?, &mut out),
        ("validate", []) => validate(&sets?, &mut out),
        ("ship", [folder]) => card::ship(&Set::read(&root, SETS[0].0, SETS[0].1)?, &PathBuf::from(folder)),
        ("vader", []) => vader(&sets?, &mut out),
        _ => bail!("train-tone measure|validate|ship|vader TEXTS [FOLDER]"),
    }
}

/// A model of a part of a set, and the seconds of computing that it took.
fn learnt(part: &Part, settings: &Settings) -> Result<(ToneModel, f64)> {
    let began = cpu_s();
    let weights = train(&part.labelled(), settings, None).context("fewer than two tones are labelled")?;
    let model = ToneModel::new(weights, "tone", VADER_PER_UNKNOWN);
    Ok((model, cpu_s() - began))
}

fn f1(part: &Part, say: impl Fn(usize) -> Tone) -> f64 {
    let said: Vec<Tone> = (0..part.rows.len()).map(say).collect();
    macro_f1(&part.tones(), &said, &Tone::ALL)
}

/// Who answers.
enum Rule {
    Model,
    Vader,
    /// The model from a share of known words on, else VADER.
    Known(f64),
    /// The model from a probability on, else VADER.
    Sure(f64),
    /// Both, VADER by a weight.
    Mean(f64),
    /// Both, VADER by a weight a share of unknown words.
    Unknown(f64),
}

impl Rule {
    fn tone(&self, judged: &Judged) -> Tone {
        let largest = judged.probabilities.into_iter().fold(0.0, f64::max);
        let weight = match self {
            Self::Model => 0.0,
            Self::Vader => 1.0,
            Self::Known(share) => f64::from(u8::from(judged.known_share < *share)),
            Self::Sure(probability) => f64::from(u8::from(largest < *probability)),
            Self::Mean(weight) => *weight,
            Self::Unknown(by) => judged.vader_weight(*by),
        };
        judged.heard(weight).0
    }
}

fn rules() -> Vec<(String, Rule)> {
    let mut rules = vec![
        ("model".to_owned(), Rule::Model),
        ("VADER".to_owned(), Rule::Vader),
    ];
    rules.extend(
        [0.7, 0.8, 0.85, 0.9].map(|at| (format!("model if {at} of the words are known"), Rule::Known(at))),
    );
    rules.extend([0.5, 0.6, 0.7].map(|at| (format!("model if its p >= {at}"), Rule::Sure(at))));
    rules.extend([0.1, 0.2, 0.3].map(|at| (format!("mean, VADER's part {at}"), Rule::Mean(at))));
    let by_unknown = [0.5, 1.0, 1.5, 2.0, 3.0, 4.0];
    rules.extend(by_unknown.map(|at| (format!("mean, VADER's part {at} x unknown"), Rule::Unknown(at))));
    rules
}

fn measure(sets: &[Set], out: &mut impl std::io::Write) -> Result<()> {
    let rules = rules();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut head = Vec::new();
    for own in sets {
        let (model, train_s) = learnt(&own.train, &settings(own))?;
        for asked in sets {
            // Texts of the other set that a model of the other set would learn from are as new to this one.
            let parts = [("test", &asked.test), ("train", &asked.train)];
            for (name, part) in parts.into_iter().take(if own.name == asked.name { 1 } else { 2 }) {
                let judged: Vec<Judged> = part.rows.iter().map(|row| model.judge(&row.text)).collect();
                columns.push(
                    rules
                        .iter()
                        .map(|(_, rule)| f1(part, |at| rule.tone(&judged[at])))
                        .collect(),
                );
                head.push(format!("{} on {} ({name})", own.name, asked.name));
            }
        }
        let reader = Reader::with(model.into());
        let began = cpu_s();
        let told: Vec<Tone> = own.test.rows.iter().map(|row| said(&reader, &row.text)).collect();
        let test_s = cpu_s() - began;
        own.write("ours", &told, train_s + test_s)?;
        let us = test_s * 1e6 / told.len() as f64;
        let f1 = macro_f1(&own.test.tones(), &told, &Tone::ALL);
        writeln!(
            out,
            "{}: macro-F1 {f1:.4} as it serves; trained in {train_s:.2} CPU s, {us:.1} CPU us a text",
            own.name
        )?;
    }
    writeln!(
        out,
        "\n| who answers | {} |\n|---{}|",
        head.join(" | "),
        "|---".repeat(head.len())
    )?;
    for (at, (name, _)) in rules.iter().enumerate() {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| format!("{:.4}", column[at]))
            .collect();
        writeln!(out, "| {name} | {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// Seconds that this thread has computed (Linux).
fn cpu_s() -> f64 {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = status
        .split(' ')
        .next()
        .and_then(|first| first.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

fn said(reader: &Reader, text: &str) -> Tone {
    reader.tone(text).map_or(Tone::Neutral, |(tone, _)| tone)
}

/// Parts that a training set is cut into.
const PARTS: usize = 4;

fn validate(sets: &[Set], out: &mut impl std::io::Write) -> Result<()> {
    for set in sets {
        for strength in [1.0, 2.0, 4.0, 8.0] {
            let settings = Settings {
                strength,
                ..settings(set)
            };
            let mut sum = 0.0;
            for part in 0..PARTS {
                let (fit, held) = set.train.cut(PARTS, part);
                let (model, _) = learnt(&fit, &settings)?;
                sum += f1(&held, |at| model.judge(&held.rows[at].text).of_model());
            }
            writeln!(out, "{} strength {strength}: {:.4}", set.name, sum / PARTS as f64)?;
        }
    }
    Ok(())
}

fn vader(sets: &[Set], out: &mut impl std::io::Write) -> Result<()> {
    for row in sets
        .iter()
        .flat_map(|set| set.train.rows.iter().chain(&set.test.rows))
    {
        let s = copilot_text::vader::scores(&row.text);
        writeln!(
            out,
            "{}\t{}\t{}\t{}",
            s.negative, s.neutral, s.positive, s.compound
        )?;
    }
    Ok(())
}
