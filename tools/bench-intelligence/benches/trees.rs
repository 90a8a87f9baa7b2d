//! Trees in tract by our operator: per row at batches of 1 to 1,000, and loading. The models and rows are those that
//! `bench/intelligence/speed.py` writes and times in onnxruntime and LightGBM in the same run, by CPU time as here.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use copilot_scoring::ensemble;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
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

/// CPU time of this thread: on a shared machine the clock on the wall tells of the neighbours.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = f64;
    type Value = f64;

    /// Nanoseconds.
    fn start(&self) -> f64 {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
    }

    fn end(&self, began: f64) -> f64 {
        self.start() - began
    }

    fn add(&self, a: &f64, b: &f64) -> f64 {
        a + b
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
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

fn by_cpu() -> Criterion<CpuTime> {
    Criterion::default().with_measurement(CpuTime)
}

criterion_group! { name = trees; config = by_cpu(); targets = benches }
criterion_main!(trees);
