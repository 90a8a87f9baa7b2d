//! `docs/features.md` is the one that the catalogue writes. `UPDATE=1` writes it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may")]

use std::fmt::Write;

use copilot_features::buyers::PURCHASES_AHEAD;
use copilot_features::{CATALOGUE, FeatureGroup};

/// The groups in the order of the document, with what feeds them and which module computes them.
const GROUPS: [(FeatureGroup, &str, &str); 7] = [
    (FeatureGroup::Usage, "Use of the product", "usage"),
    (FeatureGroup::Engagement, "Engagement", "engagement"),
    (FeatureGroup::Contacts, "Contacts", "contacts"),
    (FeatureGroup::Support, "Support", "support"),
    (FeatureGroup::Sentiment, "Sentiment", "sentiment"),
    (FeatureGroup::Contract, "Contract", "contract"),
    (FeatureGroup::Payment, "Payment and purchases", "payment"),
];

const HEAD: &str = "\
# Features

Written from the catalogue in `shared/features/src/catalogue.rs` by a test: `UPDATE=1 cargo nextest run -p
copilot-features --test document`. Do not edit.

A feature is computed from what was known of an account at an instant, by one function (`copilot_features::compute`)
for serving, backfill and training. What became known later changes nothing, nor does the order in which facts came
(`shared/features/tests/point_in_time.rs`). A feature whose rule says that it is missing has no value: never zero, never
a guess, always finite.

*Window* is how many days a feature looks back: `state` is what holds now or since ever. Days are days of the tenant's
zone. Key events are those that the tenant's settings name, or all. Use is looked back for 456 days. `share` of a change
or trend is a fraction: 0.1 is ten per cent. *Version* rises when a meaning changes; a model names the versions that it
was trained on and abstains on others.

A trend is the median of the slopes between all pairs of points (Theil and Sen), so that odd weeks hardly count; what is usual is a
median, how much it varies the median of the distances from it (`shared/features/src/stats.rs`). Frequency, recency and age of
BG/NBD are `repeat_purchases`, `days_first_to_last_purchase` and `days_since_first_purchase`.

How anomalies and forecasts of use are made, and with what error, stands in
[a decision](decisions/usage-outlook.md).
";

fn document() -> String {
    let mut text = HEAD.to_owned();
    writeln!(text, "\n{} features.", CATALOGUE.len()).unwrap();
    for (group, title, module) in GROUPS {
        let specs: Vec<_> = CATALOGUE.iter().filter(|spec| spec.group == group).collect();
        writeln!(text, "\n## {title}\n").unwrap();
        writeln!(
            text,
            "{} features, `shared/features/src/{module}.rs`.\n",
            specs.len()
        )
        .unwrap();
        text.push_str(
            "| Name | What it tells | Unit | Window | Missing when | Version |\n|---|---|---|---|---|---|\n",
        );
        for spec in specs {
            let window = match spec.window_days {
                0 => "state".to_owned(),
                days => format!("{days} d"),
            };
            writeln!(
                text,
                "| `{}` | {} | {} | {window} | {} | {} |",
                spec.name, spec.text, spec.unit, spec.missing, spec.version
            )
            .unwrap();
        }
    }
    let ahead = &PURCHASES_AHEAD;
    writeln!(
        text,
        "\n## Told by a model\n\nNo feature, and never stored: models of buyers without a contract read it beside the features. It \
         follows from\n`repeat_purchases`, `days_first_to_last_purchase` and `days_since_first_purchase` by four numbers that training \
         fits to the\ntenant's buyers and writes on the model's card (`shared/features/src/buyers.rs`).\n\n\
         | Name | What it tells | Unit | Missing when | Version |\n|---|---|---|---|---|\n| `{}` | {} | {} | {} | {} |",
        ahead.name, ahead.text, ahead.unit, ahead.missing, ahead.version
    )
    .unwrap();
    text
}

#[test]
fn the_document_is_what_the_catalogue_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/features.md");
    let text = document();
    if std::env::vars().any(|(name, value)| name == "UPDATE" && value == "1") {
        std::fs::write(path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        stored == text,
        "docs/features.md is not what the catalogue says: run UPDATE=1 cargo nextest run -p copilot-features --test document"
    );
}

#[test]
fn every_feature_stands_in_the_document_once() {
    let text = document();
    for spec in CATALOGUE {
        assert_eq!(
            text.matches(&format!("| `{}` |", spec.name)).count(),
            1,
            "{}",
            spec.name
        );
        let filled = [spec.unit, spec.missing, spec.text]
            .iter()
            .all(|part| !part.is_empty());
        assert!(filled && spec.version > 0, "{}", spec.name);
    }
}
