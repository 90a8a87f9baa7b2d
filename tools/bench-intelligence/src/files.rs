//! Reads matrices and writes predictions: bare arrays, little-endian, without a header.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use copilot_learning::table::Table;

/// Rows of one split by what they are for.
pub(crate) struct Roles {
    pub(crate) fit: Vec<usize>,
    pub(crate) stop: Vec<usize>,
    pub(crate) test: Vec<usize>,
}

/// A data set.
pub(crate) struct Set {
    folder: PathBuf,
    pub(crate) table: Table,
    /// Names of its columns.
    pub(crate) columns: Vec<String>,
    pub(crate) labels: Vec<f64>,
    pub(crate) groups: Vec<i64>,
    /// When each row was asked about, where the set tells.
    pub(crate) cutoffs: Option<Vec<i64>>,
    /// 90 days' spend at the pace so far, of the revenue set.
    pub(crate) runrate: Option<Vec<f32>>,
    pub(crate) splits: Vec<Roles>,
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .with_context(|| format!("{} does not read; run bench.intelligence.prepare", path.display()))
}

pub(crate) fn floats(path: &Path) -> Result<Vec<f32>> {
    Ok(bytes(path)?
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect())
}

pub(crate) fn integers(path: &Path) -> Result<Vec<i64>> {
    Ok(bytes(path)?
        .as_chunks::<8>()
        .0
        .iter()
        .map(|b| i64::from_le_bytes(*b))
        .collect())
}

impl Set {
    /// Reads a data set with some blocks of columns, `x` where none is named.
    pub(crate) fn read(folder: &Path, blocks: &[String]) -> Result<Self> {
        let labels: Vec<f64> = floats(&folder.join("y.f32"))?
            .into_iter()
            .map(f64::from)
            .collect();
        let rows = labels.len();
        let lone = ["x".to_owned()];
        let blocks = if blocks.is_empty() { &lone[..] } else { blocks };
        let read: Result<Vec<Vec<f32>>> = blocks
            .iter()
            .map(|b| floats(&folder.join(format!("{b}.f32"))))
            .collect();
        let read = read?;
        ensure!(
            rows > 0 && read.iter().all(|b| b.len().is_multiple_of(rows)),
            "blocks and labels are of different lengths"
        );
        let widths: Vec<usize> = read.iter().map(|b| b.len() / rows).collect();
        let mut values = Vec::with_capacity(rows * widths.iter().sum::<usize>());
        for row in 0..rows {
            for (block, width) in read.iter().zip(&widths) {
                values.extend_from_slice(&block[row * width..(row + 1) * width]);
            }
        }
        let table = Table::new(values, widths.iter().sum()).context("no columns")?;
        let mut columns = Vec::with_capacity(table.width());
        for block in blocks {
            let names = bytes(&folder.join(format!("{block}.columns.json")))?;
            columns.extend(serde_json::from_slice::<Vec<String>>(&names)?);
        }
        ensure!(columns.len() == table.width(), "columns and their names differ");
        let groups = integers(&folder.join("group.i64"))?;
        let roles = bytes(&folder.join("roles.u8"))?;
        let splits = roles
            .chunks_exact(rows)
            .map(|roles| {
                let of = |role: u8| (0..rows).filter(|row| roles[*row] == role).collect();
                Roles {
                    fit: of(0),
                    stop: of(1),
                    test: of(2),
                }
            })
            .collect();
        Ok(Self {
            folder: folder.to_owned(),
            table,
            columns,
            labels,
            groups,
            cutoffs: integers(&folder.join("cutoff.i64")).ok(),
            runrate: floats(&folder.join("runrate.f32")).ok(),
            splits,
        })
    }

    /// Writes predictions and what they cost.
    pub(crate) fn write(&self, model: &str, said: &[f64], began: Instant) -> Result<()> {
        let seconds = began.elapsed().as_secs_f64() / self.splits.len() as f64;
        let bytes: Vec<u8> = said.iter().flat_map(|p| p.to_le_bytes()).collect();
        std::fs::write(self.folder.join(format!("{model}.pred")), bytes)?;
        let cost = serde_json::json!({"cpu_s": cpu_seconds() / self.splits.len() as f64, "wall_s": seconds, "peak_rss_mb": peak_mb()});
        std::fs::write(self.folder.join(format!("{model}.cost.json")), cost.to_string())?;
        self.note(&format!("{model}: {seconds:.1} s a split"));
        Ok(())
    }

    /// Writes a file beside the matrices.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        std::fs::write(self.folder.join(name), bytes).with_context(|| format!("{name} cannot be written"))
    }

    /// Says how far it is.
    pub(crate) fn note(&self, text: &str) {
        Self::say(&self.folder, text);
    }

    /// The same, of a folder.
    pub(crate) fn say(folder: &Path, text: &str) {
        let _ = writeln!(std::io::stderr(), "{}: {text}", folder.display());
    }
}

/// CPU seconds of the process so far, all threads: user and system, in hundredths.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most memory that the process has held.
pub(crate) fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kb.unwrap_or(0.0) / 1_024.0
}

/// The fold of a group, from its number alone.
pub(crate) fn fold(group: i64) -> usize {
    let mut x = (group as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) % 5) as usize
}
