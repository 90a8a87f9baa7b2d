//! A whole training run of the product over a set: what it takes on two cores, and the model that would answer, for the bench of
//! explanations. Columns become features of the catalogue; rows without a time are accounts of their own, spread over 24 month
//! starts.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use copilot_domain::prediction::PredictionKind;
use copilot_features::CATALOGUE;
use copilot_learning::examples::Examples;
use copilot_learning::table::Table;
use copilot_learning::train::{Order, Verdict, train};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use crate::features::buyers;
use crate::files::{Set, cpu_seconds, peak_mb};

/// Cut-offs, a month apart.
const MONTHS: usize = 24;
/// Rows at the most.
const ROWS: usize = 1_000_000;
/// Features that tell of whom a model speaks, not what it reads.
const KEPT: [&str; 3] = ["churned", "cancel_notice", "transactional"];

/// The features that a log's buyers are told by: frequency, recency and age.
const BUYERS: [&str; 3] = [
    "repeat_purchases",
    "days_first_to_last_purchase",
    "days_since_first_purchase",
];

/// Columns of a log that are features by another name.
const ALIKE: [(&str, &str); 3] = [
    ("tenure_days", "account_age_days"),
    ("months_active_365", "purchase_months_360d"),
    ("recency_days", "days_since_purchase"),
];

fn examples(set: &Set, buyers: Option<&[[f32; 3]]>) -> Result<Examples> {
    let catalogue = |name: &str| CATALOGUE.iter().position(|spec| spec.name == name);
    let mut others = (0..CATALOGUE.len()).filter(|at| {
        let name = CATALOGUE[*at].name;
        !KEPT.contains(&name) && !BUYERS.contains(&name) && ALIKE.iter().all(|(_, alike)| *alike != name)
    });
    let place = |column: &String| {
        let alike = ALIKE.iter().find(|(own, _)| own == column);
        alike.map_or_else(|| others.next(), |(_, name)| catalogue(name))
    };
    let places: Vec<usize> = set.columns.iter().map_while(place).collect();
    ensure!(
        places.len() == set.table.width(),
        "the catalogue has no {} features",
        set.table.width()
    );
    let count = ROWS.min(set.table.len());
    let first = date(2024, 1, 1);
    let day = |row: usize| -> Result<Date> {
        Ok(match &set.cutoffs {
            Some(times) => date(1970, 1, 1).saturating_add((times[row] / 86_400).days()),
            None => first.saturating_add(i64::try_from(row * MONTHS / count)?.months()),
        })
    };
    let mut order = Vec::with_capacity(count);
    for row in 0..count {
        order.push((day(row)?, row));
    }
    order.sort_unstable();
    let mut values = vec![f32::NAN; count * CATALOGUE.len()];
    let mut out = Examples::default();
    for ((cutoff, row), values) in order.iter().zip(values.chunks_exact_mut(CATALOGUE.len())) {
        for (place, value) in places.iter().zip(set.table.row(*row)) {
            values[*place] = *value;
        }
        if let (Some(place), Some(_)) = (catalogue("transactional"), &set.cutoffs) {
            values[place] = 1.0;
        }
        for (name, value) in BUYERS.iter().zip(buyers.map_or(&[][..], |all| &all[*row])) {
            values[catalogue(name).context("no such feature")?] = *value;
        }
        out.cutoffs.push(*cutoff);
        let account = if set.cutoffs.is_some() {
            usize::try_from(set.groups[*row])?
        } else {
            *row
        };
        out.accounts.push(account);
        out.labels.push(set.labels[*row]);
        // The rules say the same of everyone.
        out.rules.push(0.1);
    }
    out.table = Table::new(values, CATALOGUE.len()).context("no rows")?;
    Ok(out)
}

/// Trains, and writes what it took (`train.json`) and the model (`served.onnx`, `served.card.json`) beside the set.
pub(crate) fn run(root: &Path, name: &str) -> Result<()> {
    let folder = root.join(name);
    let set = Set::read(&folder, &[])?;
    let buyers = buyers(&folder)?;
    ensure!(
        buyers.is_some() || set.cutoffs.is_none(),
        "{name} is of a log: run `features {name}` first"
    );
    let examples = examples(&set, buyers.as_deref())?;
    let (rows, columns) = (examples.len(), set.table.width());
    let (began, before) = (Instant::now(), cpu_seconds());
    let order = Order {
        kind: PredictionKind::Churn,
        version: "bench".to_owned(),
    };
    let Verdict::Trained(trained) = train(&order, &examples, None)? else {
        bail!("refused");
    };
    let card = &trained.model.card;
    let validation = card.validation.as_ref().context("no validation")?;
    let figures = serde_json::json!({
        "rows": rows,
        "columns": columns,
        "wall_s": began.elapsed().as_secs_f64(),
        "cpu_s": cpu_seconds() - before,
        "peak_rss_mb": peak_mb(),
        "file_mb": trained.model.bytes.len() as f64 / 1e6,
        "line": card.anatomy.as_ref().is_some_and(|anatomy| anatomy.line.is_some()),
        "auc": validation.auc.value,
        "log_loss": validation.log_loss,
        "ece": validation.ece,
    });
    set.note(&figures.to_string());
    set.put("served.onnx", &trained.model.bytes)?;
    set.put("served.card.json", &serde_json::to_vec(card)?)?;
    set.put("train.json", figures.to_string().as_bytes())
}
