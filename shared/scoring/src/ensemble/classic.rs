//! `TreeEnsembleRegressor` and `TreeEnsembleClassifier`: a row of attributes for each node, leaves' weights apart.

use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, format_err};

use crate::ensemble::parse::{Drawn, draw, numbers, threshold};
use crate::ensemble::post::PostTransform;
use crate::ensemble::tree::{Aggregate, Classes, Ensemble, Labels, Node, Test, Tree};

fn post(word: Option<&str>) -> TractResult<PostTransform> {
    Ok(match word.unwrap_or("NONE") {
        "NONE" => PostTransform::None,
        "LOGISTIC" => PostTransform::Logistic,
        "SOFTMAX" => PostTransform::Softmax,
        "SOFTMAX_ZERO" => PostTransform::SoftmaxZero,
        "PROBIT" => PostTransform::Probit,
        other => bail!("the post transform {other} is unknown"),
    })
}

fn labels(node: &NodeProto) -> TractResult<Labels> {
    if let Some(ints) = node.get_attr_opt_vec::<i64>("classlabels_int64s")? {
        return Ok(Labels::Ints(ints));
    }
    let words = node.get_attr_opt_vec::<String>("classlabels_strings")?;
    words
        .map(Labels::Strings)
        .ok_or_else(|| format_err!("a tree classifier without class labels"))
}

/// The nodes' attributes, and the order of the nodes by tree and number.
struct Nodes<'a> {
    trees: Vec<i64>,
    numbers: Vec<i64>,
    yes: Vec<i64>,
    no: Vec<i64>,
    features: Vec<i64>,
    modes: Vec<&'a str>,
    values: Vec<f64>,
    missing: Vec<i64>,
    covers: Vec<f64>,
    order: Vec<usize>,
}

impl<'a> Nodes<'a> {
    fn read(node: &'a NodeProto) -> TractResult<Self> {
        let count = node.get_attr_slice::<i64>("nodes_nodeids")?.len();
        let fits = |name: &str, len: usize| {
            if len == count {
                Ok(())
            } else {
                bail!("{name} has {len} entries for {count} nodes")
            }
        };
        let ids = |name: &str| -> TractResult<Vec<i64>> {
            let all = node.get_attr_vec::<i64>(name)?;
            fits(name, all.len()).map(|()| all)
        };
        let modes = node.get_attr_vec::<&str>("nodes_modes")?;
        fits("nodes_modes", modes.len())?;
        let values = numbers(node, "nodes_values")?.unwrap_or_default();
        fits("nodes_values", values.len())?;
        let missing = node.get_attr_opt_vec::<i64>("nodes_missing_value_tracks_true")?;
        let (trees, numbers_) = (ids("nodes_treeids")?, ids("nodes_nodeids")?);
        let mut order: Vec<usize> = (0..count).collect();
        // Stable, and quick where the file is in order already.
        order.sort_by_key(|at| (trees[*at], numbers_[*at]));
        Ok(Self {
            yes: ids("nodes_truenodeids")?,
            no: ids("nodes_falsenodeids")?,
            features: ids("nodes_featureids")?,
            modes,
            values,
            missing: missing.unwrap_or_default(),
            covers: numbers(node, "nodes_hitrates")?.unwrap_or_default(),
            trees,
            numbers: numbers_,
            order,
        })
    }

    /// The place of a node of a tree.
    fn find(&self, tree: i64, number: i64) -> TractResult<usize> {
        self.order
            .binary_search_by_key(&(tree, number), |at| (self.trees[*at], self.numbers[*at]))
            .map(|at| self.order[at])
            .map_err(|_| format_err!("tree {tree} has no node {number}"))
    }

    fn describe(&self, at: usize, leaves: &Leaves) -> TractResult<Drawn> {
        let cover = self.covers.get(at).copied().unwrap_or(1.0);
        let tree = self.trees[at];
        let Some(test) = threshold(self.modes[at], self.values[at])? else {
            return Ok((Node::Leaf(leaves.of(tree, self.numbers[at])), cover, None));
        };
        let tracks = self.missing.get(at).copied().unwrap_or(0) != 0;
        let branch = Node::Branch {
            feature: usize::try_from(self.features[at])?,
            // A missing value is unequal to every other.
            missing_passes: tracks || matches!(test, Test::Unequal(_)),
            test,
            yes: 0,
            no: 0,
        };
        let children = (self.find(tree, self.yes[at])?, self.find(tree, self.no[at])?);
        Ok((branch, cover, Some(children)))
    }

    /// The trees, each from the node that the file writes first.
    fn draw(&self, leaves: &Leaves) -> TractResult<Vec<Tree>> {
        let describe = |at: usize| self.describe(at, leaves);
        let trees = self.order.chunk_by(|a, b| self.trees[*a] == self.trees[*b]);
        trees
            .filter_map(|tree| tree.iter().min().map(|root| (*root, tree.len())))
            .map(|(root, count)| draw(root, count, &describe))
            .collect()
    }
}

/// Weights of leaves, in the order of trees and nodes.
struct Leaves {
    entries: Vec<(i64, i64, usize, f32)>,
    /// The targets in the file's order.
    targets: Vec<i64>,
}

impl Leaves {
    fn read(node: &NodeProto, prefix: &str) -> TractResult<Self> {
        let ids = |name: &str| node.get_attr_vec::<i64>(&format!("{prefix}_{name}"));
        let (trees, nodes, targets) = (ids("treeids")?, ids("nodeids")?, ids("ids")?);
        let weights = numbers(node, &format!("{prefix}_weights"))?.unwrap_or_default();
        if [trees.len(), nodes.len(), targets.len()] != [weights.len(); 3] {
            bail!("{prefix} ids and weights are of different lengths");
        }
        let mut entries = Vec::with_capacity(weights.len());
        for (at, weight) in weights.iter().enumerate() {
            entries.push((
                trees[at],
                nodes[at],
                usize::try_from(targets[at])?,
                *weight as f32,
            ));
        }
        entries.sort_by_key(|(tree, node, _, _)| (*tree, *node));
        Ok(Self { entries, targets })
    }

    fn of(&self, tree: i64, node: i64) -> Vec<(usize, f32)> {
        let from = self
            .entries
            .partition_point(|(t, n, _, _)| (*t, *n) < (tree, node));
        self.entries[from..]
            .iter()
            .take_while(|(t, n, _, _)| (*t, *n) == (tree, node))
            .map(|(_, _, target, weight)| (*target, *weight))
            .collect()
    }
}

/// Reads either.
pub(super) fn read(node: &NodeProto, is_classifier: bool) -> TractResult<Ensemble> {
    let leaves = Leaves::read(node, if is_classifier { "class" } else { "target" })?;
    let trees = Nodes::read(node)?.draw(&leaves)?;
    let base = numbers(node, "base_values")?.unwrap_or_default();
    let base: Vec<f32> = base.into_iter().map(|b| b as f32).collect();
    let post = post(node.get_attr_opt::<&str>("post_transform")?)?;
    if !is_classifier {
        let aggregate = match node.get_attr_opt::<&str>("aggregate_function")?.unwrap_or("SUM") {
            "SUM" => Aggregate::Sum,
            "AVERAGE" => Aggregate::Average,
            "MIN" => Aggregate::Min,
            "MAX" => Aggregate::Max,
            other => bail!("the aggregate function {other} is unknown"),
        };
        let targets = node.get_attr_opt::<usize>("n_targets")?.unwrap_or(1);
        return Ok(Ensemble::new(trees, targets, aggregate, base, post, None)?);
    }
    let labels = labels(node)?;
    let first = leaves.targets.first();
    let classes = Classes {
        one_column: labels.len() == 2 && leaves.targets.iter().all(|t| Some(t) == first),
        all_positive: leaves.entries.iter().all(|(_, _, _, w)| *w >= 0.0),
        labels,
    };
    let targets = classes.labels.len();
    Ok(Ensemble::new(
        trees,
        targets,
        Aggregate::Sum,
        base,
        post,
        Some(classes),
    )?)
}
