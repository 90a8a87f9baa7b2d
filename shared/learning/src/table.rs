//! Rows of features as the trainers take them: 32-bit numbers, NaN where a feature is missing.

/// A table, row after row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    values: Vec<f32>,
    width: usize,
}

impl Table {
    /// A table of `width` columns; `None` when the values are no whole number of rows.
    pub fn new(values: Vec<f32>, width: usize) -> Option<Self> {
        (width > 0 && values.len().is_multiple_of(width)).then_some(Self { values, width })
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A row.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.width..(at + 1) * self.width]
    }

    /// The rows of a part, row after row.
    pub fn rows_of(&self, part: &Part) -> Vec<f32> {
        let mut out = Vec::with_capacity(part.len() * self.width);
        for at in &part.rows {
            out.extend_from_slice(self.row(*at));
        }
        out
    }

    /// The rows of a part, column after column, in 64 bits: what the boosting takes.
    pub fn gather(&self, part: &Part) -> Vec<f64> {
        let mut out = Vec::with_capacity(part.len() * self.width);
        for column in 0..self.width {
            out.extend(
                part.rows
                    .iter()
                    .map(|at| f64::from(self.values[at * self.width + column])),
            );
        }
        out
    }
}

/// Some rows of a table, each with a weight.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    /// Numbers of the rows.
    pub rows: Vec<usize>,
    weights: Option<Vec<f64>>,
}

impl Part {
    /// Rows that count alike.
    pub fn of(rows: Vec<usize>) -> Self {
        Self { rows, weights: None }
    }

    /// Rows that count by a weight each.
    pub fn weighted(rows: Vec<usize>, weights: Vec<f64>) -> Self {
        Self {
            rows,
            weights: Some(weights),
        }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Some of the rows, by place in the part, with their weights.
    #[must_use]
    pub fn at(&self, places: &[usize]) -> Self {
        let weights = self.weights.as_ref();
        Self {
            rows: places.iter().map(|at| self.rows[*at]).collect(),
            weights: weights.map(|w| places.iter().map(|at| w[*at]).collect()),
        }
    }

    /// Of a list by row, these rows' entries.
    pub fn pick(&self, of: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|at| of[*at]).collect()
    }

    /// The weights.
    pub fn weights(&self) -> Vec<f64> {
        self.weights.clone().unwrap_or_else(|| vec![1.0; self.rows.len()])
    }
}
