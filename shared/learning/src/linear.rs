//! A logistic regression over a table with gaps: amounts are read by their logarithm, a gap takes the mean and says so in
//! a column of its own.

use serde::{Deserialize, Serialize};

use crate::boosting::log_loss;
use crate::logistic::{Logistic, Standard};
use crate::table::{Part, Table};

/// Penalty on the squares of the standardised weights where rows are not of one another's time.
pub const PENALTY: f64 = 3.0;
/// A column whose values lie this many times as far above its median as below is read by its logarithm.
const SKEWED: f64 = 3.0;

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Whether `ln(1 + x)` stands for `x`.
    pub log: bool,
    /// Mean of what is read.
    pub mean: f64,
    /// Its standard deviation.
    pub scale: f64,
    /// Limits between which it is read: beyond them nothing was learnt.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// Weight.
    pub weight: f64,
    /// Weight of a gap.
    pub gap: f64,
}

impl Column {
    fn read(&self, x: f32) -> f64 {
        let x = f64::from(x).clamp(self.low, self.high);
        if self.log { x.max(0.0).ln_1p() } else { x }
    }

    /// What a value adds to the log-odds.
    pub fn contribution(&self, x: f32) -> f64 {
        if x.is_nan() {
            self.gap
        } else {
            self.weight * (self.read(x) - self.mean) / self.scale
        }
    }
}

/// How rows with gaps are read as whole ones: standardised values, then a mark for each column that had gaps where it was described.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    columns: Vec<Column>,
    gaps: Vec<usize>,
}

impl Reading {
    /// Describes the columns by some rows.
    pub fn of(table: &Table, part: &Part) -> Self {
        let width = table.width();
        Self {
            columns: (0..width).map(|c| describe(table, part, c)).collect(),
            gaps: (0..width)
                .filter(|c| part.rows.iter().any(|row| table.row(*row)[*c].is_nan()))
                .collect(),
        }
    }

    /// A row as it is read.
    pub fn row(&self, row: &[f32]) -> Vec<f64> {
        let values = self.columns.iter().zip(row).map(|(column, x)| {
            if x.is_nan() {
                0.0
            } else {
                (column.read(*x) - column.mean) / column.scale
            }
        });
        let marks = self.gaps.iter().map(|c| f64::from(u8::from(row[*c].is_nan())));
        values.chain(marks).collect()
    }
}

/// A fitted line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// Log-odds of a row of means.
    pub intercept: f64,
    /// The columns.
    pub columns: Vec<Column>,
}

impl Linear {
    /// Fits a line with a penalty on the squares of its standardised weights; `None` where the rows have one label only or
    /// do not determine one.
    pub fn fit(table: &Table, labels: &[f64], part: &Part, penalty: f64) -> Option<Self> {
        let all: Vec<usize> = (0..table.width()).collect();
        Self::through(&all, table, labels, part, penalty)
    }

    /// The same through some of the columns: the others weigh nothing.
    pub fn through(some: &[usize], table: &Table, labels: &[f64], part: &Part, penalty: f64) -> Option<Self> {
        let width = table.width();
        let reading = Reading::of(table, part);
        let gaps: Vec<usize> = (0..reading.gaps.len())
            .filter(|at| some.contains(&reading.gaps[*at]))
            .collect();
        let places: Vec<usize> = some
            .iter()
            .copied()
            .chain(gaps.iter().map(|at| width + at))
            .collect();
        let read = |row: &usize| {
            let whole = reading.row(table.row(*row));
            places.iter().map(|at| whole[*at]).collect()
        };
        let rows: Vec<Vec<f64>> = part.rows.iter().map(read).collect();
        let gaps: Vec<usize> = gaps.into_iter().map(|at| reading.gaps[at]).collect();
        let mut columns = reading.columns;
        let standard = Standard::of(&rows);
        let rows: Vec<Vec<f64>> = rows.iter().map(|row| standard.apply(row)).collect();
        let truth: Vec<bool> = part.rows.iter().map(|row| labels[*row] > 0.5).collect();
        let fit = Logistic::fit_weighted(&rows, &truth, &part.weights(), penalty).ok()?;
        let weight = |at: usize| fit.coefficients[at] / standard.scales[at];
        let mut intercept = fit.intercept;
        for (at, column) in some.iter().enumerate() {
            columns[*column].weight = weight(at);
            intercept -= weight(at) * standard.means[at];
        }
        for (at, column) in (some.len()..).zip(&gaps) {
            columns[*column].gap = weight(at);
            intercept -= weight(at) * standard.means[at];
        }
        Some(Self { intercept, columns })
    }

    /// This line times a weight.
    #[must_use]
    pub fn scaled(mut self, by: f64) -> Self {
        self.intercept *= by;
        for column in &mut self.columns {
            column.weight *= by;
            column.gap *= by;
        }
        self
    }

    /// The sum of two lines that read the same rows.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.intercept += other.intercept;
        for (own, other) in self.columns.iter_mut().zip(&other.columns) {
            own.weight += other.weight;
            own.gap += other.gap;
        }
        self
    }

    /// The log-odds of a row.
    pub fn margin(&self, row: &[f32]) -> f64 {
        let parts = self
            .columns
            .iter()
            .zip(row)
            .map(|(column, x)| column.contribution(*x));
        self.intercept + parts.sum::<f64>()
    }
}

/// The penalty, of some, whose line tells later rows best when it is fitted on earlier ones: where the world moves on, cautious
/// lines last longer than those that fit best today.
pub fn penalty_by_time(table: &Table, labels: &[f64], early: &Part, late: &Part) -> f64 {
    let (told, weights) = (late.pick(labels), late.weights());
    let loss = |penalty: f64| {
        let line = Linear::fit(table, labels, early, penalty)?;
        let margins: Vec<f64> = late.rows.iter().map(|row| line.margin(table.row(*row))).collect();
        Some((log_loss(&margins, &told, &weights), penalty))
    };
    let tried = [PENALTY, 10.0 * PENALTY, 100.0 * PENALTY, 1_000.0 * PENALTY];
    let best = tried
        .into_iter()
        .filter_map(loss)
        .min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(PENALTY, |(_, penalty)| penalty)
}

fn describe(table: &Table, part: &Part, column: usize) -> Column {
    let mut values: Vec<f64> = part
        .rows
        .iter()
        .map(|row| f64::from(table.row(*row)[column]))
        .filter(|x| x.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        values
            .get(((values.len() as f64 - 1.0) * share).max(0.0) as usize)
            .copied()
    };
    let (low, middle, high) = (
        at(0.005).unwrap_or(0.0),
        at(0.5).unwrap_or(0.0),
        at(0.995).unwrap_or(0.0),
    );
    let log = low >= 0.0 && high - middle > SKEWED * (middle - low).max(1e-9) && high > 3.0;
    let mut own = Column {
        log,
        mean: 0.0,
        scale: 1.0,
        low,
        high,
        weight: 0.0,
        gap: 0.0,
    };
    let n = values.len().max(1) as f64;
    own.mean = values.iter().map(|x| own.read(*x as f32)).sum::<f64>() / n;
    let variance = values
        .iter()
        .map(|x| (own.read(*x as f32) - own.mean).powi(2))
        .sum::<f64>()
        / n;
    own.scale = if variance > 1e-18 { variance.sqrt() } else { 1.0 };
    own
}
