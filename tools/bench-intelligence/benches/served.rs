//! The model that the product's own training run makes of a set (`bench-intelligence FOLDER train SET`): taking one answer
//! apart, answering, loading, and the memory that it holds.

mod cpu;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use copilot_scoring::learnt::LearntModel;
use copilot_scoring::learnt_card::LearntCard;
use cpu::CpuTime;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SETS: [&str; 2] = ["or2", "telco"];

fn folder(set: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../.local/bench-intelligence/{set}"))
}

/// Memory of the process, in megabytes.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kb.unwrap_or(0.0) / 1_024.0
}

fn say(text: std::fmt::Arguments<'_>) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), text);
}

fn one(criterion: &mut Criterion<CpuTime>, set: &str) -> Result<()> {
    let read =
        |name: &str| std::fs::read(folder(set).join(name)).context("run `bench-intelligence … train` first");
    let (bytes, card) = (read("served.onnx")?, read("served.card.json")?);
    let card: LearntCard = serde_json::from_slice(&card)?;
    let before = resident_mb();
    let model = LearntModel::load(&bytes, card.clone())?;
    say(format_args!(
        "served model of {set}: {:.2} MB of file, {:.1} MB of memory more\n",
        bytes.len() as f64 / 1e6,
        resident_mb() - before
    ));
    let golden = model.card().golden.iter();
    let rows: Vec<Vec<f32>> = golden
        .map(|row| row.inputs.iter().map(|v| v.unwrap_or(f32::NAN)).collect())
        .collect();
    let mut group = criterion.benchmark_group("served");
    group.bench_function(BenchmarkId::new(set, "load"), |bencher| {
        bencher.iter(|| LearntModel::load(&bytes, card.clone()).map(|model| model.card().inputs.len()));
    });
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function(BenchmarkId::new(set, "explain"), |bencher| {
        bencher.iter(|| {
            for row in &rows {
                black_box(model.contributions(row));
            }
        });
    });
    let flat = rows.concat();
    group.bench_function(BenchmarkId::new(set, "answer"), |bencher| {
        bencher.iter(|| model.run(&flat));
    });
    group.finish();
    Ok(())
}

fn benches(criterion: &mut Criterion<CpuTime>) {
    for set in SETS {
        if let Err(error) = one(criterion, set) {
            // `cargo test --benches` runs this, too, where there may be no data.
            say(format_args!("skipped {set}: {error:#}\n"));
        }
    }
}

criterion_group! { name = served; config = cpu::by_cpu(); targets = benches }
criterion_main!(served);
