//! What the three tree operators of ai.onnx.ml say, as an [`Ensemble`].

use std::collections::HashMap;

use tract_onnx::pb::{NodeProto, TensorProto, tensor_proto::DataType};
use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, format_err};

use crate::ensemble::tree::{Aggregate, Classes, Ensemble, Labels, Node, PostTransform, Test, Tree};

/// Reads a `TreeEnsembleRegressor`, `TreeEnsembleClassifier` or (ai.onnx.ml 5) `TreeEnsemble`.
///
/// # Errors
/// With the attribute that does not fit.
pub fn from_node(node: &NodeProto) -> TractResult<Ensemble> {
    match node.op_type.as_str() {
        "TreeEnsembleClassifier" => classic(node, true),
        "TreeEnsembleRegressor" => classic(node, false),
        "TreeEnsemble" => modern(node),
        other => bail!("{other} is no tree ensemble"),
    }
}

/// A number list that may come as floats or as a tensor of floats or doubles.
fn numbers(node: &NodeProto, name: &str) -> TractResult<Option<Vec<f64>>> {
    if let Some(values) = node.get_attr_opt_vec::<f32>(name)? {
        return Ok(Some(values.into_iter().map(f64::from).collect()));
    }
    match node.get_attr_opt::<&TensorProto>(&format!("{name}_as_tensor"))? {
        Some(values) => tensor(values).map(Some),
        None => Ok(None),
    }
}

/// The numbers of a tensor.
fn tensor(proto: &TensorProto) -> TractResult<Vec<f64>> {
    let raw = &proto.raw_data;
    let is = |kind: DataType| proto.data_type == kind as i32;
    Ok(if is(DataType::Float) && raw.is_empty() {
        proto.float_data.iter().map(|v| f64::from(*v)).collect()
    } else if is(DataType::Float) {
        raw.as_chunks::<4>()
            .0
            .iter()
            .map(|b| f64::from(f32::from_le_bytes(*b)))
            .collect()
    } else if is(DataType::Double) && raw.is_empty() {
        proto.double_data.clone()
    } else if is(DataType::Double) {
        raw.as_chunks::<8>()
            .0
            .iter()
            .map(|b| f64::from_le_bytes(*b))
            .collect()
    } else if is(DataType::Uint8) && raw.is_empty() {
        proto.int32_data.iter().map(|v| f64::from(*v)).collect()
    } else if is(DataType::Uint8) {
        raw.iter().map(|b| f64::from(*b)).collect()
    } else {
        bail!("a tree ensemble's tensor has the data type {}", proto.data_type)
    })
}

/// A threshold in 32 bits that decides every 32-bit value as the 64-bit one does: towards the side that keeps it.
fn threshold(mode: &str, t: f64) -> TractResult<Option<Test>> {
    let nearest = t as f32;
    let up = if f64::from(nearest) < t {
        nearest.next_up()
    } else {
        nearest
    };
    let down = if f64::from(nearest) > t {
        nearest.next_down()
    } else {
        nearest
    };
    Ok(Some(match mode {
        "BRANCH_LEQ" => Test::AtMost(down),
        "BRANCH_LT" => Test::Below(up),
        "BRANCH_GTE" => Test::AtLeast(up),
        "BRANCH_GT" => Test::Above(down),
        "BRANCH_EQ" => Test::Equal(nearest),
        "BRANCH_NEQ" => Test::Unequal(nearest),
        "LEAF" => return Ok(None),
        other => bail!("the node mode {other} is unknown"),
    }))
}

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

fn classic(node: &NodeProto, is_classifier: bool) -> TractResult<Ensemble> {
    let count = node.get_attr_slice::<i64>("nodes_nodeids")?.len();
    let ids = |name: &str| -> TractResult<Vec<i64>> {
        let all = node.get_attr_vec::<i64>(name)?;
        if all.len() == count {
            Ok(all)
        } else {
            bail!("{name} has {} entries for {count} nodes", all.len())
        }
    };
    let (tree_ids, node_ids) = (ids("nodes_treeids")?, ids("nodes_nodeids")?);
    let (yes, no, features) = (
        ids("nodes_truenodeids")?,
        ids("nodes_falsenodeids")?,
        ids("nodes_featureids")?,
    );
    let modes = node.get_attr_vec::<&str>("nodes_modes")?;
    let values = numbers(node, "nodes_values")?.unwrap_or_default();
    if modes.len() != count || values.len() != count {
        bail!(
            "{} modes and {} values for {count} nodes",
            modes.len(),
            values.len()
        );
    }
    let missing = node.get_attr_opt_vec::<i64>("nodes_missing_value_tracks_true")?;
    let hits = numbers(node, "nodes_hitrates")?;
    let prefix = if is_classifier { "class" } else { "target" };
    let leaf_trees = node.get_attr_vec::<i64>(&format!("{prefix}_treeids"))?;
    let leaf_nodes = node.get_attr_vec::<i64>(&format!("{prefix}_nodeids"))?;
    let leaf_targets = node.get_attr_vec::<i64>(&format!("{prefix}_ids"))?;
    let leaf_weights = numbers(node, &format!("{prefix}_weights"))?.unwrap_or_default();
    let leaves = leaf_weights.len();
    if [leaf_trees.len(), leaf_nodes.len(), leaf_targets.len()] != [leaves; 3] {
        bail!("{prefix} ids and weights are of different lengths");
    }
    let mut weights: HashMap<(i64, i64), Vec<(usize, f32)>> = HashMap::new();
    for at in 0..leaves {
        let target = usize::try_from(leaf_targets[at])?;
        weights
            .entry((leaf_trees[at], leaf_nodes[at]))
            .or_default()
            .push((target, leaf_weights[at] as f32));
    }
    let place: HashMap<(i64, i64), usize> = (0..count).map(|at| ((tree_ids[at], node_ids[at]), at)).collect();
    let mut order: Vec<i64> = tree_ids.clone();
    order.dedup();
    let describe = |at: usize| -> TractResult<Drawn> {
        let cover = hits.as_ref().and_then(|h| h.get(at)).copied().unwrap_or(1.0);
        let Some(test) = threshold(modes[at], values[at])? else {
            let own = weights.get(&(tree_ids[at], node_ids[at]));
            return Ok((Node::Leaf(own.cloned().unwrap_or_default()), cover, None));
        };
        let find = |id: i64| {
            place
                .get(&(tree_ids[at], id))
                .copied()
                .ok_or_else(|| format_err!("tree {} has no node {id}", tree_ids[at]))
        };
        let tracks = missing.as_ref().and_then(|m| m.get(at)).copied().unwrap_or(0) != 0;
        let branch = Node::Branch {
            feature: usize::try_from(features[at])?,
            // A missing value is unequal to every other.
            missing_passes: tracks || matches!(test, Test::Unequal(_)),
            test,
            yes: 0,
            no: 0,
        };
        Ok((branch, cover, Some((find(yes[at])?, find(no[at])?))))
    };
    let mut trees = Vec::with_capacity(order.len());
    for id in order {
        // The root is the node that no other leads to; files write it first.
        let root = (0..count)
            .find(|at| tree_ids[*at] == id)
            .ok_or_else(|| format_err!("tree {id} has no nodes"))?;
        trees.push(draw(root, count, &describe)?);
    }
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
    let first = leaf_targets.first();
    let classes = Classes {
        one_column: labels.len() == 2 && leaf_targets.iter().all(|t| Some(t) == first),
        all_positive: leaf_weights.iter().all(|w| *w >= 0.0),
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

/// A node as the file has it, its cover, and the places of its children in the file.
type Drawn = (Node, f64, Option<(usize, usize)>);

/// A tree from its root, children after their parents, each shared node drawn once for every way to it.
fn draw(root: usize, limit: usize, describe: &dyn Fn(usize) -> TractResult<Drawn>) -> TractResult<Tree> {
    let mut tree = Tree {
        nodes: Vec::new(),
        covers: Vec::new(),
    };
    // Places in the file to draw, with where the parent wants to know: (place, parent, whether it is `yes`).
    let mut waiting = vec![(root, None::<(usize, bool)>)];
    while let Some((place, parent)) = waiting.pop() {
        let at = tree.nodes.len();
        if at > 2 * limit + 1 {
            bail!("a tree leads back to its own nodes");
        }
        if let Some((parent, is_yes)) = parent
            && let Node::Branch { yes, no, .. } = &mut tree.nodes[parent]
        {
            *(if is_yes { yes } else { no }) = at;
        }
        let (node, cover, children) = describe(place)?;
        tree.nodes.push(node);
        tree.covers.push(cover);
        if let Some((yes, no)) = children {
            waiting.push((no, Some((at, false))));
            waiting.push((yes, Some((at, true))));
        }
    }
    Ok(tree)
}

/// ai.onnx.ml 5.
fn modern(node: &NodeProto) -> TractResult<Ensemble> {
    let ints = |name: &str| node.get_attr_opt_vec::<i64>(name).map(Option::unwrap_or_default);
    let given = |name: &str| -> TractResult<Option<Vec<f64>>> {
        node.get_attr_opt::<&TensorProto>(name)?.map(tensor).transpose()
    };
    let features = ints("nodes_featureids")?;
    let count = features.len();
    let splits = given("nodes_splits")?.unwrap_or_default();
    let modes = given("nodes_modes")?.unwrap_or_default();
    let (yes, yes_leaf) = (ints("nodes_truenodeids")?, ints("nodes_trueleafs")?);
    let (no, no_leaf) = (ints("nodes_falsenodeids")?, ints("nodes_falseleafs")?);
    if [
        splits.len(),
        modes.len(),
        yes.len(),
        yes_leaf.len(),
        no.len(),
        no_leaf.len(),
    ] != [count; 6]
    {
        bail!("the nodes' attributes are of different lengths");
    }
    let missing = ints("nodes_missing_value_tracks_true")?;
    let hits = given("nodes_hitrates")?;
    let leaf_targets = ints("leaf_targetids")?;
    let leaf_weights = given("leaf_weights")?.unwrap_or_default();
    if leaf_targets.len() != leaf_weights.len() {
        bail!(
            "{} leaf targets and {} leaf weights",
            leaf_targets.len(),
            leaf_weights.len()
        );
    }
    // Sets of members follow each other, each ended by NaN, in the order of the nodes that ask for them.
    let members = given("membership_values")?.unwrap_or_default();
    let mut sets = members.split(|v| v.is_nan());
    let mut member_of: HashMap<usize, Vec<f32>> = HashMap::new();
    for (at, mode) in modes.iter().enumerate() {
        if *mode as i64 == 6 {
            let set = sets
                .next()
                .ok_or_else(|| format_err!("a set of members is missing"))?;
            member_of.insert(at, set.iter().map(|v| *v as f32).collect());
        }
    }
    // Places: nodes first, then leaves.
    let describe = |at: usize| -> TractResult<Drawn> {
        if at >= count {
            let leaf = at - count;
            let (Some(target), Some(weight)) = (leaf_targets.get(leaf), leaf_weights.get(leaf)) else {
                bail!("there is no leaf {leaf}");
            };
            let weights = vec![(usize::try_from(*target)?, *weight as f32)];
            return Ok((Node::Leaf(weights), 1.0, None));
        }
        const NAMES: [&str; 6] = [
            "BRANCH_LEQ",
            "BRANCH_LT",
            "BRANCH_GTE",
            "BRANCH_GT",
            "BRANCH_EQ",
            "BRANCH_NEQ",
        ];
        let test = match member_of.get(&at) {
            Some(set) => Test::Among(set.clone()),
            None => {
                let name = NAMES.get(modes[at] as usize).copied().unwrap_or("?");
                threshold(name, splits[at])?.ok_or_else(|| format_err!("a node without a test"))?
            }
        };
        let child = |id: i64, is_leaf: i64| -> TractResult<usize> {
            let id = usize::try_from(id)?;
            Ok(if is_leaf != 0 { count + id } else { id })
        };
        let tracks = missing.get(at).copied().unwrap_or(0) != 0;
        let branch = Node::Branch {
            feature: usize::try_from(features[at])?,
            missing_passes: tracks || matches!(test, Test::Unequal(_)),
            test,
            yes: 0,
            no: 0,
        };
        let cover = hits.as_ref().and_then(|h| h.get(at)).copied().unwrap_or(1.0);
        let children = (child(yes[at], yes_leaf[at])?, child(no[at], no_leaf[at])?);
        Ok((branch, cover, Some(children)))
    };
    let roots = ints("tree_roots")?;
    let limit = count + leaf_targets.len();
    let mut trees = Vec::with_capacity(roots.len());
    for root in roots {
        let root = usize::try_from(root)?;
        // A tree of one leaf is written as a node whose both sides are that leaf.
        trees.push(draw(root, limit, &describe)?);
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
