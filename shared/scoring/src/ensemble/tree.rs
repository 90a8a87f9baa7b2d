//! An ensemble as it is written: trees of tests and leaves, and how their answers are put together.

use crate::ensemble::fast::Fast;
use crate::ensemble::post::{PostTransform, sigmoid};

/// What a branch asks of a value. A missing value (NaN) is asked nothing: see [`Node::Branch`].
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// `x <= t`
    AtMost(f32),
    /// `x < t`
    Below(f32),
    /// `x >= t`
    AtLeast(f32),
    /// `x > t`
    Above(f32),
    /// `x == t`
    Equal(f32),
    /// `x != t`
    Unequal(f32),
    /// `x` is one of these.
    Among(Vec<f32>),
}

impl Test {
    /// Whether a value that is not missing passes.
    #[expect(
        clippy::float_cmp,
        reason = "categories are whole numbers, compared as ONNX says"
    )]
    pub fn holds(&self, x: f32) -> bool {
        match self {
            Self::AtMost(t) => x <= *t,
            Self::Below(t) => x < *t,
            Self::AtLeast(t) => x >= *t,
            Self::Above(t) => x > *t,
            Self::Equal(t) => x == *t,
            Self::Unequal(t) => x != *t,
            Self::Among(values) => values.contains(&x),
        }
    }

    /// The same as `x < t`, exactly, and whether those that pass it are the ones that do not pass this: for 32-bit floats
    /// `x <= t` is `x < next_up(t)`. `None` where it is no threshold.
    pub(super) fn below(&self) -> Option<(f32, bool)> {
        let (threshold, swapped) = match self {
            Self::Below(t) => (*t, false),
            Self::AtMost(t) => (t.next_up(), false),
            Self::AtLeast(t) => (*t, true),
            Self::Above(t) => (t.next_up(), true),
            Self::Equal(_) | Self::Unequal(_) | Self::Among(_) => return None,
        };
        (!threshold.is_nan()).then_some((threshold, swapped))
    }
}

/// A node of a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Leads on.
    Branch {
        /// The column that it looks at.
        feature: usize,
        /// What it asks.
        test: Test,
        /// Whether a missing value goes the way of a value that passes.
        missing_passes: bool,
        /// The node of values that pass.
        yes: usize,
        /// The node of the others.
        no: usize,
    },
    /// Answers: weights by target.
    Leaf(Vec<(usize, f32)>),
}

/// A tree: its root is the first node; children stand after their parents.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Weight of the training rows that came to each node; all 1 where the file does not tell.
    pub covers: Vec<f64>,
}

impl Tree {
    /// The node that a row leads to next; `None` at a leaf.
    pub fn next(&self, at: usize, row: &[f32]) -> Option<usize> {
        match &self.nodes[at] {
            Node::Leaf(_) => None,
            Node::Branch {
                feature,
                test,
                missing_passes,
                yes,
                no,
            } => {
                let x = row[*feature];
                let passes = if x.is_nan() {
                    *missing_passes
                } else {
                    test.holds(x)
                };
                Some(if passes { *yes } else { *no })
            }
        }
    }

    /// The weights of the leaf that a row comes to.
    pub fn leaf(&self, row: &[f32]) -> &[(usize, f32)] {
        let mut at = 0;
        while let Some(next) = self.next(at, row) {
            at = next;
        }
        match &self.nodes[at] {
            Node::Leaf(weights) => weights,
            Node::Branch { .. } => &[],
        }
    }
}

impl Tree {
    /// A tree that answers everyone alike.
    pub fn constant(answer: f32) -> Self {
        Self {
            nodes: vec![Node::Leaf(vec![(0, answer)])],
            covers: vec![1.0],
        }
    }

    /// The same tree, its answers times a number.
    #[must_use]
    pub fn scaled(mut self, by: f64) -> Self {
        for node in &mut self.nodes {
            if let Node::Leaf(weights) = node {
                for (_, weight) in weights {
                    *weight = (f64::from(*weight) * by) as f32;
                }
            }
        }
        self
    }
}

/// How the trees' answers are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aggregate {
    /// Their sum.
    #[default]
    Sum,
    /// Their mean.
    Average,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

/// Names of a classifier's classes.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Numbers.
    Ints(Vec<i64>),
    /// Words.
    Strings(Vec<String>),
}

impl Labels {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Ints(all) => all.len(),
            Self::Strings(all) => all.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a classifier has beside a regressor.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    /// Their names.
    pub labels: Labels,
    /// Two classes, and all weights are of one of them: the other is what is left.
    pub one_column: bool,
    /// No weight is negative: the one column is a probability.
    pub all_positive: bool,
}

/// What does not make an ensemble.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tree ensemble does not hold together: {0}")]
pub struct EnsembleError(pub String);

/// Trees, and how their answers are put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    /// The trees.
    pub trees: Vec<Tree>,
    /// Scores a row.
    pub targets: usize,
    /// How the trees' answers are put together.
    pub aggregate: Aggregate,
    /// Added to the scores.
    pub base: Vec<f32>,
    /// What is done to the scores at the end.
    pub post: PostTransform,
    /// A classifier's classes.
    pub classes: Option<Classes>,
    /// Columns that the trees look at, at least.
    pub width: usize,
    fast: Option<Fast>,
}

impl Ensemble {
    /// Checks the trees and makes them ready to run.
    ///
    /// # Errors
    /// [`EnsembleError`] for a child that does not stand after its parent, a target or a base value too many.
    pub fn new(
        trees: Vec<Tree>,
        targets: usize,
        aggregate: Aggregate,
        base: Vec<f32>,
        post: PostTransform,
        classes: Option<Classes>,
    ) -> Result<Self, EnsembleError> {
        let refuse = |why: String| Err(EnsembleError(why));
        let mut width = 0;
        for (number, tree) in trees.iter().enumerate() {
            if tree.nodes.is_empty() || tree.covers.len() != tree.nodes.len() {
                return refuse(format!("tree {number} has no nodes, or not a cover for each"));
            }
            for (at, node) in tree.nodes.iter().enumerate() {
                match node {
                    Node::Branch { feature, yes, no, .. } => {
                        width = width.max(feature + 1);
                        // Children after their parents: a walk from the root ends.
                        if [*yes, *no].iter().any(|c| *c <= at || *c >= tree.nodes.len()) {
                            return refuse(format!("node {at} of tree {number} leads back or nowhere"));
                        }
                    }
                    Node::Leaf(weights) => {
                        if let Some((target, _)) = weights.iter().find(|(target, _)| *target >= targets) {
                            return refuse(format!("tree {number} answers for target {target} of {targets}"));
                        }
                    }
                }
            }
        }
        // A classifier of two classes may come with one base value.
        let lone_base = classes.is_some() && targets == 2 && base.len() == 1;
        if trees.is_empty() || targets == 0 || !(base.is_empty() || base.len() == targets || lone_base) {
            return refuse(format!(
                "{} trees, {targets} targets, {} base values",
                trees.len(),
                base.len()
            ));
        }
        let fast = Fast::of(&trees, targets, width);
        Ok(Self {
            trees,
            targets,
            aggregate,
            base,
            post,
            classes,
            width,
            fast,
        })
    }

    /// The trees' answers put together, base values not added: `targets` numbers a row.
    ///
    /// # Panics
    /// Never for rows of at least `self.width` columns; the caller checks that.
    pub fn raw(&self, rows: &[f32], width: usize) -> Vec<f64> {
        match (&self.fast, self.aggregate) {
            (Some(fast), Aggregate::Sum) => fast.sums(rows, width),
            (Some(fast), Aggregate::Average) => {
                let mut sums = fast.sums(rows, width);
                for sum in &mut sums {
                    *sum /= self.trees.len() as f64;
                }
                sums
            }
            _ => self.plain(rows, width),
        }
    }

    /// The same tree by tree and row by row: for tests that a threshold does not tell, and to hold the fast way against.
    pub fn plain(&self, rows: &[f32], width: usize) -> Vec<f64> {
        let count = rows.len() / width.max(1);
        let mut out = vec![0.0; count * self.targets];
        for (row, out) in rows.chunks_exact(width).zip(out.chunks_exact_mut(self.targets)) {
            let mut seen = vec![false; self.targets];
            for tree in &self.trees {
                for (target, weight) in tree.leaf(row) {
                    let weight = f64::from(*weight);
                    let sum = &mut out[*target];
                    *sum = match self.aggregate {
                        Aggregate::Min if seen[*target] => f64::min(*sum, weight),
                        Aggregate::Max if seen[*target] => f64::max(*sum, weight),
                        Aggregate::Min | Aggregate::Max => weight,
                        Aggregate::Sum | Aggregate::Average => *sum + weight,
                    };
                    seen[*target] = true;
                }
            }
            if self.aggregate == Aggregate::Average {
                for sum in out.iter_mut() {
                    *sum /= self.trees.len() as f64;
                }
            }
        }
        out
    }

    /// A regressor's answers: base values added, transformed.
    pub fn values(&self, rows: &[f32], width: usize) -> Vec<f32> {
        let mut raw = self.raw(rows, width);
        for scores in raw.chunks_exact_mut(self.targets) {
            for (score, base) in scores.iter_mut().zip(&self.base) {
                *score += f64::from(*base);
            }
            self.post.apply(scores);
        }
        raw.into_iter().map(|score| score as f32).collect()
    }

    /// A classifier's answers: the number of the class, and a score for each class.
    pub fn classify(&self, rows: &[f32], width: usize) -> (Vec<usize>, Vec<f32>) {
        let raw = self.raw(rows, width);
        let classes = self.classes.as_ref();
        let one_column = classes.is_some_and(|c| c.one_column);
        let all_positive = classes.is_some_and(|c| c.all_positive);
        let mut winners = Vec::with_capacity(raw.len() / self.targets);
        let mut out = Vec::with_capacity(raw.len());
        for scores in raw.chunks_exact(self.targets) {
            let mut scores = scores.to_vec();
            if one_column {
                let lone = self.base.first().map_or(0.0, |b| f64::from(*b));
                let base = self.base.get(1).map_or(lone, |b| f64::from(*b));
                let score = scores.iter().sum::<f64>() + base;
                let probability = all_positive && self.post == PostTransform::None;
                winners.push(usize::from(score > if all_positive { 0.5 } else { 0.0 }));
                let pair = match self.post {
                    PostTransform::None if probability => [1.0 - score, score],
                    PostTransform::Logistic => [sigmoid(-score), sigmoid(score)],
                    _ => {
                        let mut pair = [-score, score];
                        self.post.apply(&mut pair);
                        pair
                    }
                };
                out.extend(pair.map(|score| score as f32));
                continue;
            }
            for (score, base) in scores.iter_mut().zip(&self.base) {
                *score += f64::from(*base);
            }
            let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(b.cmp(a)));
            winners.push(best.unwrap_or(0));
            self.post.apply(&mut scores);
            out.extend(scores.into_iter().map(|score| score as f32));
        }
        (winners, out)
    }
}
