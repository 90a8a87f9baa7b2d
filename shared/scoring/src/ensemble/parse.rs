//! What the three tree operators of ai.onnx.ml say, as an [`Ensemble`].

use tract_onnx::pb::{NodeProto, TensorProto, tensor_proto::DataType};
use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::bail;

use crate::ensemble::tree::{Ensemble, Node, Test, Tree};
use crate::ensemble::{classic, modern};

/// Reads a `TreeEnsembleRegressor`, `TreeEnsembleClassifier` or (ai.onnx.ml 5) `TreeEnsemble`.
///
/// # Errors
/// With the attribute that does not fit.
pub fn from_node(node: &NodeProto) -> TractResult<Ensemble> {
    match node.op_type.as_str() {
        "TreeEnsembleClassifier" => classic::read(node, true),
        "TreeEnsembleRegressor" => classic::read(node, false),
        "TreeEnsemble" => modern::read(node),
        other => bail!("{other} is no tree ensemble"),
    }
}

/// A number list that may come as floats or as a tensor of floats or doubles.
pub(super) fn numbers(node: &NodeProto, name: &str) -> TractResult<Option<Vec<f64>>> {
    if let Some(values) = node.get_attr_opt_vec::<f32>(name)? {
        return Ok(Some(values.into_iter().map(f64::from).collect()));
    }
    match node.get_attr_opt::<&TensorProto>(&format!("{name}_as_tensor"))? {
        Some(values) => tensor(values).map(Some),
        None => Ok(None),
    }
}

/// The numbers of a tensor.
pub(super) fn tensor(proto: &TensorProto) -> TractResult<Vec<f64>> {
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
pub(super) fn threshold(mode: &str, t: f64) -> TractResult<Option<Test>> {
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

/// A node as the file has it, its cover, and the places of its children in the file.
pub(super) type Drawn = (Node, f64, Option<(usize, usize)>);

/// A tree from its root, children after their parents, each shared node drawn once for every way to it.
pub(super) fn draw(
    root: usize,
    limit: usize,
    describe: &dyn Fn(usize) -> TractResult<Drawn>,
) -> TractResult<Tree> {
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
