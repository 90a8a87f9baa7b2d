//! Our trainers on the matrices that `bench/intelligence` writes for all trainers alike. Writes `ours-*.pred` beside them;
//! the formats are described in `bench/intelligence/README.md`.
//!
//! `bench-intelligence FOLDER features SET` writes columns of our own; `bench-intelligence FOLDER fit SET MODEL [BLOCK…]` fits;
//! `bench-intelligence FOLDER train SET` is the product's whole training run.
//! `bench-intelligence FOLDER recommend` measures what is told of the article that a shop takes next.

mod equal;
mod features;
mod files;
mod fit;
mod neural;
mod next_product;
mod train;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::files::Set;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments.next().context(
            "FOLDER features SET, FOLDER fit SET MODEL [BLOCK…], FOLDER train SET, or FOLDER recommend",
        )
    };
    let root = PathBuf::from(next()?);
    match next()?.as_str() {
        "features" => features::write(&root, &next()?),
        "fit" => {
            let (name, model) = (next()?, next()?);
            fitted(&root, &name, &model, &arguments.collect::<Vec<String>>())
        }
        "train" => train::run(&root, &next()?),
        "recommend" => next_product::measure(&root),
        other => anyhow::bail!("{other} is none of features, fit, train, recommend"),
    }
}

/// Fits a model on each split and writes what it says of the rows that are tested.
fn fitted(root: &Path, name: &str, model: &str, blocks: &[String]) -> Result<()> {
    let set = Set::read(&root.join(name), blocks)?;
    let began = Instant::now();
    let mut said = vec![f64::NAN; set.table.len()];
    for roles in &set.splits {
        let told: Vec<f64> = if set.runrate.is_some() {
            fit::hurdle(&set, roles)?
        } else {
            let fitted = fit::fit(model, &set, &set.labels, roles)?;
            // Scored each week by the model of the one split in time.
            let weekly = root.join(format!("{name}weekly"));
            if weekly.exists() {
                let weekly = Set::read(&weekly, blocks)?;
                let every: Vec<usize> = (0..weekly.table.len()).collect();
                let margins = fitted.margins(&weekly.table, &every);
                let told: Vec<f64> = margins.into_iter().map(fit::sigmoid).collect();
                weekly.write(&format!("ours-{model}"), &told, began)?;
            }
            let margins = fitted.margins(&set.table, &roles.test);
            if let fit::Model::Blend(blend) = &fitted {
                equal::write(&set, blend, &roles.test, blocks)?;
            }
            margins.into_iter().map(fit::sigmoid).collect()
        };
        for (row, told) in roles.test.iter().zip(told) {
            said[*row] = told;
        }
    }
    set.write(&format!("ours-{model}"), &said, began)
}
