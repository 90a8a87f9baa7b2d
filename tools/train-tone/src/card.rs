//! The model that ships, with its card.

use std::path::Path;

use anyhow::{Context as _, Result};
use copilot_text::model::ToneModel;
use copilot_text::train::train;
use copilot_text::{Reader, Tone};
use serde_json::json;

use crate::texts::Set;
use crate::{VADER_PER_UNKNOWN, f1, said, settings};

/// Rises with each training whose weights ship.
const VERSION: &str = "tone 1";

/// Trains on a set, measures on its test, writes the weights and the card.
pub(crate) fn ship(set: &Set, folder: &Path) -> Result<()> {
    let settings = settings(set);
    let weights =
        train(&set.train.labelled(), &settings, None).context("fewer than two tones are labelled")?;
    let model = ToneModel::new(weights, VERSION, VADER_PER_UNKNOWN);
    let bytes = model.weights().to_bytes();
    let sha256 = model.card().sha256.clone();
    let reader = Reader::with(model.clone().into());
    let tests = &set.test;
    let of_class = |f: &dyn Fn(usize) -> Tone| (f1(tests, f) * 1e4).round() / 1e4;
    let vader = Reader::without_model();
    let counts =
        |part: &crate::Part| Tone::ALL.map(|tone| part.rows.iter().filter(|row| row.tone == tone).count());
    let card = json!({
        "version": VERSION,
        "sha256": sha256,
        "vader_per_unknown": VADER_PER_UNKNOWN,
        "kind": "multinomial logistic regression over 65,536 hashed n-grams (words 1-2, characters 3-5, marks) and VADER's four scores, 8 bits a weight",
        "settings": {"strength": settings.strength, "vader_scale": settings.vader_scale, "rounds": settings.rounds},
        "data": {
            "name": "Senti4SD: posts of Stack Overflow, labelled by three raters each",
            "source": "collab-uniba/Senti4SD @ 8a3467e9e8dbaa0af9343862aadc83a56a4668bc, the authors' own split",
            "licence": "MIT (the texts are CC BY-SA; none of them is in the weights in a form that can be read back)",
            "classes": Tone::ALL.map(Tone::as_str),
            "train": counts(&set.train),
            "test": counts(tests),
        },
        "macro_f1": {
            "as it serves": of_class(&|at| said(&reader, &tests.rows[at].text)),
            "model alone": of_class(&|at| model.judge(&tests.rows[at].text).of_model()),
            "vader": of_class(&|at| said(&vader, &tests.rows[at].text)),
        },
        "applies_to": "English texts about software, of a sentence to a few paragraphs: tickets, comments",
        "does_not_apply_to": "other languages (VADER answers, and says neutral); other trades, where it was measured to be no better than VADER (docs/figures/intelligence-text.md): learn from the tenant's own ratings there; irony; judging a person",
    });
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("weights.bin"), bytes)?;
    Ok(std::fs::write(
        folder.join("card.json"),
        serde_json::to_string_pretty(&card)? + "\n",
    )?)
}
