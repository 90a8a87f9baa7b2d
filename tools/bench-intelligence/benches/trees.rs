//! Trees in tract by our operator: per row at batches of 1 to 1,000, and loading. The models and rows are those that
//! `bench/intelligence/speed.py` writes and times in onnxruntime and LightGBM in the same run, by CPU time as here.

mod cpu;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use copilot_scoring::ensemble;
use cpu::CpuTime;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tract_onnx::prelude::*;

const TREES: [usize; 3] = [100, 500, 2_000];
const BATCHES: [usize; 4] = [1, 10, 100, 1_000];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/bench-intelligence/speed")
}

fn load(file: &[u8], width: usize) -> TractResult<std::sync::Arc<TypedRunnableModel>> {
    let mut model = ensemble::onnx().model_for_read(&mut &file[..])?;
    let n = model.symbols.sym("N");
    model.set_input_fact(0, f32::fact([n.to_dim(), width.to_dim()]).into())?;
    model.into_optimized()?.into_runnable()
}

fn all(criterion: &mut Criterion<CpuTime>) -> Result<()> {
    let rows = std::fs::read(folder().join("rows.f32")).context("run bench.intelligence.speed first")?;
    let rows: Vec<f32> = rows
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect();
    let width = rows.len() / 1_000;
    for trees in TREES {
        let file = std::fs::read(folder().join(format!("{trees}.onnx")))?;
        let plan = load(&file, width)?;
        let mut group = criterion.benchmark_group("tract");
        for batch in BATCHES {
            let input = Tensor::from_shape(&[batch, width], &rows[..batch * width])?;
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::new(trees.to_string(), batch), |bencher| {
                bencher.iter(|| plan.run(tvec!(input.clone().into())));
            });
        }
        group.bench_function(BenchmarkId::new(trees.to_string(), "load"), |bencher| {
            bencher.iter(|| load(&file, width));
        });
        group.finish();
    }
    Ok(())
}

fn benches(criterion: &mut Criterion<CpuTime>) {
    if let Err(error) = all(criterion) {
        // `cargo test --benches` runs this, too, where there may be no data.
        let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("skipped: {error:#}\n"));
    }
}

criterion_group! { name = trees; config = cpu::by_cpu(); targets = benches }
criterion_main!(trees);
