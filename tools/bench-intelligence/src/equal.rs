//! The model as a file, run by tract on every row that is tested: how far it is from the trainer, how far explanations are from
//! what they explain, and how long all of it takes. `bench/intelligence/equality.py` runs the same file in onnxruntime.

use std::time::Instant;

use anyhow::{Context as _, Result};
use copilot_learning::blend::Blend;
use copilot_learning::table::Part;
use copilot_learning::trees_export::blend_to_onnx;
use copilot_scoring::ensemble;
use tract_onnx::prelude::*;

use crate::files::Set;
use crate::fit::sigmoid;

/// Rows that are explained.
const EXPLAINED: usize = 500;

/// Writes `ours-chosen.onnx`, what tract says of the tested rows (`ours-chosen.tract.f32`) and the figures
/// (`ours-chosen.equal.json`). With folds those of the last stay.
pub(crate) fn write(set: &Set, blend: &Blend, test: &[usize], blocks: &[String]) -> Result<()> {
    let width = set.table.width();
    let part = Part::of(test.to_vec());
    let rows = set.table.rows_of(&part);
    let bytes = blend_to_onnx("bench", blend, width);
    let began = Instant::now();
    let mut model = ensemble::onnx().model_for_read(&mut &bytes[..])?;
    let n = model.symbols.sym("N");
    model.set_input_fact(0, f32::fact([n.to_dim(), width.to_dim()]).into())?;
    let plan = model.into_optimized()?.into_runnable()?;
    let load_ms = began.elapsed().as_secs_f64() * 1e3;
    let input = Tensor::from_shape(&[test.len(), width], &rows)?;
    let began = Instant::now();
    let out = plan.run(tvec!(input.into()))?;
    let us_per_row = began.elapsed().as_secs_f64() * 1e6 / test.len() as f64;
    let told: Vec<f32> = out[0].to_plain_array_view::<f32>()?.iter().copied().collect();
    let margins = blend.margins(&set.table, &part);
    let gaps = margins
        .iter()
        .zip(&told)
        .map(|(margin, told)| (sigmoid(*margin) - f64::from(*told)).abs());
    let trainer_gap = gaps.fold(0.0, f64::max);
    let began = Instant::now();
    let mut explanation_gap: f64 = 0.0;
    for (row, margin) in test.iter().zip(&margins).take(EXPLAINED) {
        let why = blend
            .contributions(set.table.row(*row))
            .context("no explanation")?;
        explanation_gap = explanation_gap.max((why.sum() - margin).abs());
    }
    let explained = test.len().min(EXPLAINED) as f64;
    let figures = serde_json::json!({
        "blocks": if blocks.is_empty() { vec!["x".to_owned()] } else { blocks.to_vec() },
        "rows": test.len(),
        "trees": blend.trees.trees.len(),
        "tract_trainer_gap": trainer_gap,
        "explanation_gap": explanation_gap,
        "tract_us_per_row": us_per_row,
        "tract_load_ms": load_ms,
        "explanation_ms_per_row": began.elapsed().as_secs_f64() * 1e3 / explained,
    });
    let every: Vec<u8> = told.iter().flat_map(|x| x.to_le_bytes()).collect();
    set.put("ours-chosen.onnx", &bytes)?;
    set.put("ours-chosen.tract.f32", &every)?;
    set.put("ours-chosen.equal.json", figures.to_string().as_bytes())
}
