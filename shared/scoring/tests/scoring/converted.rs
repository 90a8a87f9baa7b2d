//! Models of other libraries, as their converters write them, say here what the libraries say (`tests/models`, made by
//! `bench/intelligence/converted.py`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use copilot_scoring::ensemble;
use serde::Deserialize;
use tract_onnx::prelude::*;

#[derive(Deserialize)]
struct Sample {
    rows: Vec<Vec<Option<f32>>>,
    told: Vec<Vec<f64>>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

/// The scores that a file gives for some rows.
fn run(file: &[u8], rows: &[f32], width: usize) -> TractResult<Vec<f32>> {
    let mut model = ensemble::onnx().model_for_read(&mut &file[..])?;
    let n = model.symbols.sym("N");
    model.set_input_fact(0, f32::fact([n.to_dim(), width.to_dim()]).into())?;
    let plan = model.into_optimized()?.into_runnable()?;
    let input = Tensor::from_shape(&[rows.len() / width, width], rows)?;
    let out = plan.run(tvec!(input.into()))?;
    Ok(out[out.len() - 1]
        .to_plain_array_view::<f32>()?
        .iter()
        .copied()
        .collect())
}

#[test]
fn models_of_other_libraries_say_what_the_libraries_say() {
    let samples = std::fs::read(folder().join("samples.json")).unwrap();
    let samples: BTreeMap<String, Sample> = serde_json::from_slice(&samples).unwrap();
    assert_eq!(samples.len(), 14);
    let mut wrong = Vec::new();
    for (name, sample) in samples {
        let file = std::fs::read(folder().join(format!("{name}.onnx"))).unwrap();
        let rows: Vec<f32> = sample
            .rows
            .iter()
            .flatten()
            .map(|x| x.unwrap_or(f32::NAN))
            .collect();
        match run(&file, &rows, sample.rows[0].len()) {
            Err(error) => wrong.push(format!("{name} is refused: {error:#}")),
            Ok(told) => {
                let expected: Vec<f64> = sample.told.into_iter().flatten().collect();
                let gap = told.iter().zip(&expected).map(|(t, e)| (f64::from(*t) - e).abs());
                let gap = gap.fold(0.0, f64::max);
                if told.len() != expected.len() || gap > 1e-5 {
                    wrong.push(format!(
                        "{name}: {} of {} answers, {gap:e} off",
                        told.len(),
                        expected.len()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_samples_hold_splits_by_category() {
    let file = std::fs::read(folder().join("lightgbm-categories.onnx")).unwrap();
    assert!(file.windows(9).any(|at| at == b"BRANCH_EQ"));
}
