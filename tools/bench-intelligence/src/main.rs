//! Our trainers on the matrices that `bench/intelligence` writes for all trainers alike. Writes `ours-*.pred` beside them;
//! the formats are described in `bench/intelligence/README.md`.

mod files;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use copilot_learning::blend::{self, Plan};
use copilot_learning::boosting::{self, Objective};
use copilot_learning::linear::Linear;
use copilot_learning::symmetric;
use copilot_learning::table::{Part, Table};

use crate::files::{Roles, Set};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(
        arguments
            .next()
            .context("bench-intelligence FOLDER SET MODEL,MODEL… [BLOCK…]")?,
    );
    let name = arguments.next().context("which data set?")?;
    let models = arguments.next().unwrap_or_else(|| "chosen".to_owned());
    let blocks: Vec<String> = arguments.collect();
    let set = Set::read(&root.join(&name), &blocks)?;
    for model in models.split(',') {
        let began = Instant::now();
        let mut said = vec![f64::NAN; set.table.len()];
        for roles in &set.splits {
            for (row, answer) in roles.test.iter().zip(fit(model, &set, roles)?) {
                said[*row] = answer;
            }
        }
        set.write(
            &format!("ours-{model}"),
            &said,
            began.elapsed().as_secs_f64() / set.splits.len() as f64,
        )?;
    }
    Ok(())
}

fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

/// The probabilities of the rows that are tested.
fn fit(model: &str, set: &Set, roles: &Roles) -> Result<Vec<f64>> {
    let (table, labels): (&Table, &[f64]) = (&set.table, &set.labels);
    let test = Part::of(roles.test.clone());
    let learn = Part::of(roles.fit.iter().chain(&roles.stop).copied().collect());
    let margins = match model {
        "boost" => {
            let (fit, stop) = (Part::of(roles.fit.clone()), Part::of(roles.stop.clone()));
            let (grown, _) = boosting::best(table, labels, &fit, &stop, Objective::LogLoss, 0)?;
            boosting::margins(&grown.ensemble, table, &test)
        }
        "symmetric" => {
            let (fit, stop) = (Part::of(roles.fit.clone()), Part::of(roles.stop.clone()));
            let grown = symmetric::grow(table, labels, &fit, &stop, &symmetric::Settings::default(), 0)?;
            set.note(&format!("rounds {:?}", grown.rounds));
            boosting::margins(&grown.ensemble, table, &test)
        }
        "line" => {
            let line = Linear::fit(table, labels, &learn).context("no line")?;
            test.rows.iter().map(|row| line.margin(table.row(*row))).collect()
        }
        _ => {
            let fold: Vec<usize> = learn
                .rows
                .iter()
                .map(|row| files::fold(set.groups[*row]))
                .collect();
            let grown = blend::grow(table, labels, &learn, &fold, &Plan::default())?;
            set.note(&format!("weights {:?} {:?}", grown.weights, grown.platt));
            grown.margins(table, &test)
        }
    };
    Ok(margins.into_iter().map(sigmoid).collect())
}
