//! Labelled texts: one JSON object a line with `label` and `text`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use copilot_text::Tone;
use copilot_text::train::Labelled;
use serde::Deserialize;

/// A line.
#[derive(Debug, Clone, Deserialize)]
struct Line {
    label: String,
    text: String,
}

/// A text with its tone.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// Texts to learn from, or to be tested on.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) rows: Vec<Row>,
}

impl Part {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} does not read; run bench.intelligence.prepare", path.display()))?;
        let lines = text.split('\n').filter(|line| !line.is_empty());
        let rows = lines.map(|line| {
            let line: Line =
                serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display()))?;
            let tone = Tone::from_word(&line.label).with_context(|| format!("{} is no tone", line.label))?;
            Ok(Row {
                tone,
                text: line.text,
            })
        });
        Ok(Self {
            rows: rows.collect::<Result<_>>()?,
        })
    }

    pub(crate) fn labelled(&self) -> Vec<Labelled<'_>> {
        let rows = self.rows.iter();
        rows.map(|row| Labelled {
            text: &row.text,
            tone: row.tone,
        })
        .collect()
    }

    pub(crate) fn tones(&self) -> Vec<Tone> {
        self.rows.iter().map(|row| row.tone).collect()
    }

    /// All but every `of`-th text, and these.
    pub(crate) fn cut(&self, of: usize, part: usize) -> (Self, Self) {
        let rows = |held: bool| {
            let chosen = self
                .rows
                .iter()
                .enumerate()
                .filter(|(at, _)| (at % of == part) == held);
            chosen.map(|(_, row)| row.clone()).collect()
        };
        (Self { rows: rows(false) }, Self { rows: rows(true) })
    }
}

/// A data set.
#[derive(Debug)]
pub(crate) struct Set {
    folder: PathBuf,
    pub(crate) name: String,
    /// Weight of the data against the penalty.
    pub(crate) strength: f64,
    pub(crate) train: Part,
    pub(crate) test: Part,
}

impl Set {
    pub(crate) fn read(root: &Path, name: &str, strength: f64) -> Result<Self> {
        let folder = root.join(name);
        Ok(Self {
            train: Part::read(&folder.join("train.jsonl"))?,
            test: Part::read(&folder.join("test.jsonl"))?,
            name: name.to_owned(),
            strength,
            folder,
        })
    }

    /// Writes what a model says of the test, and what it cost.
    pub(crate) fn write(&self, model: &str, said: &[Tone], seconds: f64) -> Result<()> {
        let labels: Vec<&str> = said.iter().map(|tone| tone.as_str()).collect();
        std::fs::write(
            self.folder.join(format!("{model}.labels")),
            labels.join("\n") + "\n",
        )?;
        let cost = serde_json::json!({"cpu_s": (seconds * 100.0).round() / 100.0});
        Ok(std::fs::write(
            self.folder.join(format!("{model}.cost.json")),
            cost.to_string(),
        )?)
    }
}
