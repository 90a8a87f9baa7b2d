//! `TreeEnsemble` of ai.onnx.ml 5: branches and leaves in lists of their own, tests by number, sets of members.

use std::collections::HashMap;

use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, format_err};

use crate::ensemble::parse::{Drawn, draw, tensor, threshold};
use crate::ensemble::post::PostTransform;
use crate::ensemble::tree::{Aggregate, Ensemble, Node, Test};

/// Names of the tests, by their number.
const NAMES: [&str; 6] = [
    "BRANCH_LEQ",
    "BRANCH_LT",
    "BRANCH_GTE",
    "BRANCH_GT",
    "BRANCH_EQ",
    "BRANCH_NEQ",
];
/// The number of the test for members of a set.
const MEMBER: i64 = 6;

fn ints(node: &NodeProto, name: &str) -> TractResult<Vec<i64>> {
    node.get_attr_opt_vec::<i64>(name).map(Option::unwrap_or_default)
}

fn given(node: &NodeProto, name: &str) -> TractResult<Option<Vec<f64>>> {
    node.get_attr_opt::<&TensorProto>(name)?.map(tensor).transpose()
}

struct Nodes {
    features: Vec<i64>,
    splits: Vec<f64>,
    modes: Vec<f64>,
    /// Child, and whether it is a leaf.
    yes: Vec<(i64, i64)>,
    no: Vec<(i64, i64)>,
    missing: Vec<i64>,
    covers: Vec<f64>,
    members: HashMap<usize, Vec<f32>>,
    leaf_targets: Vec<i64>,
    leaf_weights: Vec<f64>,
}

impl Nodes {
    fn read(node: &NodeProto) -> TractResult<Self> {
        let features = ints(node, "nodes_featureids")?;
        let count = features.len();
        let children = |ids: &str, leaves: &str| -> TractResult<Vec<(i64, i64)>> {
            let (ids, leaves) = (ints(node, ids)?, ints(node, leaves)?);
            if [ids.len(), leaves.len()] != [count; 2] {
                bail!("the nodes' attributes are of different lengths");
            }
            Ok(ids.into_iter().zip(leaves).collect())
        };
        let splits = given(node, "nodes_splits")?.unwrap_or_default();
        let modes = given(node, "nodes_modes")?.unwrap_or_default();
        if [splits.len(), modes.len()] != [count; 2] {
            bail!("the nodes' attributes are of different lengths");
        }
        let leaf_targets = ints(node, "leaf_targetids")?;
        let leaf_weights = given(node, "leaf_weights")?.unwrap_or_default();
        if leaf_targets.len() != leaf_weights.len() {
            bail!(
                "{} leaf targets and {} leaf weights",
                leaf_targets.len(),
                leaf_weights.len()
            );
        }
        Ok(Self {
            members: members(&modes, &given(node, "membership_values")?.unwrap_or_default())?,
            yes: children("nodes_truenodeids", "nodes_trueleafs")?,
            no: children("nodes_falsenodeids", "nodes_falseleafs")?,
            missing: ints(node, "nodes_missing_value_tracks_true")?,
            covers: given(node, "nodes_hitrates")?.unwrap_or_default(),
            features,
            splits,
            modes,
            leaf_targets,
            leaf_weights,
        })
    }

    /// A node by its place: branches first, then leaves.
    fn describe(&self, at: usize) -> TractResult<Drawn> {
        let count = self.features.len();
        if at >= count {
            let leaf = at - count;
            let (Some(target), Some(weight)) = (self.leaf_targets.get(leaf), self.leaf_weights.get(leaf))
            else {
                bail!("there is no leaf {leaf}");
            };
            let weights = vec![(usize::try_from(*target)?, *weight as f32)];
            return Ok((Node::Leaf(weights), 1.0, None));
        }
        let test = if let Some(set) = self.members.get(&at) {
            Test::Among(set.clone())
        } else {
            let name = NAMES.get(self.modes[at] as usize).copied().unwrap_or("?");
            threshold(name, self.splits[at])?.ok_or_else(|| format_err!("a node without a test"))?
        };
        let child = |(id, is_leaf): (i64, i64)| -> TractResult<usize> {
            let id = usize::try_from(id)?;
            Ok(if is_leaf == 0 { id } else { count + id })
        };
        let tracks = self.missing.get(at).copied().unwrap_or(0) != 0;
        let branch = Node::Branch {
            feature: usize::try_from(self.features[at])?,
            missing_passes: tracks || matches!(test, Test::Unequal(_)),
            test,
            yes: 0,
            no: 0,
        };
        let cover = self.covers.get(at).copied().unwrap_or(1.0);
        Ok((branch, cover, Some((child(self.yes[at])?, child(self.no[at])?))))
    }
}

/// Sets of members follow each other, each ended by NaN, in the order of the nodes that ask for them.
fn members(modes: &[f64], values: &[f64]) -> TractResult<HashMap<usize, Vec<f32>>> {
    let mut sets = values.split(|v| v.is_nan());
    let asking = modes
        .iter()
        .enumerate()
        .filter(|(_, mode)| **mode as i64 == MEMBER);
    asking
        .map(|(at, _)| {
            let set = sets
                .next()
                .ok_or_else(|| format_err!("a set of members is missing"))?;
            Ok((at, set.iter().map(|v| *v as f32).collect()))
        })
        .collect()
}

/// Reads it.
pub(super) fn read(node: &NodeProto) -> TractResult<Ensemble> {
    let nodes = Nodes::read(node)?;
    let limit = nodes.features.len() + nodes.leaf_targets.len();
    let mut trees = Vec::new();
    for root in ints(node, "tree_roots")? {
        let root = usize::try_from(root)?;
        if root >= nodes.features.len() {
            bail!("there is no root {root}");
        }
        // A tree of one leaf is written as a node whose both sides are that leaf.
        trees.push(draw(root, limit, &|at| nodes.describe(at))?);
    }
    let aggregate = match node.get_attr_opt::<i64>("aggregate_function")?.unwrap_or(1) {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => bail!("the aggregate function {other} is unknown"),
    };
    let post = match node.get_attr_opt::<i64>("post_transform")?.unwrap_or(0) {
        0 => PostTransform::None,
        1 => PostTransform::Softmax,
        2 => PostTransform::Logistic,
        3 => PostTransform::SoftmaxZero,
        4 => PostTransform::Probit,
        other => bail!("the post transform {other} is unknown"),
    };
    let targets = node.get_attr_opt::<usize>("n_targets")?.unwrap_or(1);
    Ok(Ensemble::new(trees, targets, aggregate, Vec::new(), post, None)?)
}
