//! How a blend is grown: which trees, with a line or without, and what is fixed beforehand.

use super::LARGE;
use crate::boosting::Settings;
use crate::{linear, symmetric};

/// A kind of trees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Node by node, by `forust-ml`.
    Free(Settings),
    /// Level by level.
    Symmetric(symmetric::Settings),
}

/// How it is grown.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Trees that compete for a place in the sum.
    pub trees: Vec<Kind>,
    /// Seeds by fold.
    pub seeds: u64,
    /// Whether a logistic regression stands beside the trees.
    pub linear: bool,
    /// Penalty on the squares of its weights.
    pub penalty: f64,
    /// Weights of the members, trees first; `None`: by the folds. See [`super::weights_by_time`].
    pub weights: Option<Vec<f64>>,
    /// A few columns that tell most and keep on telling it; a line through them alone has [`super::FEW_SHARE`] of the sum. Without
    /// any, there is none.
    pub few: Vec<usize>,
}

impl Plan {
    /// The plan for a table of so many rows. A large one is told by one kind of trees, and by no line: what they would add
    /// does not pay for the minutes.
    pub fn of(rows: usize) -> Self {
        if rows < LARGE {
            return Self::default();
        }
        Self {
            trees: vec![Kind::Free(Settings::SHALLOW)],
            linear: false,
            ..Self::default()
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            trees: vec![
                Kind::Free(Settings::SHALLOW),
                Kind::Free(Settings::LEAFWISE),
                Kind::Symmetric(symmetric::Settings::default()),
            ],
            seeds: 1,
            linear: true,
            penalty: linear::PENALTY,
            weights: None,
            few: Vec::new(),
        }
    }
}
