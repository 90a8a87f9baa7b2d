//! Writes trees as ONNX: one `TreeEnsembleRegressor` that gives the margin, then calibration and sigmoid, all in the graph.
//!
//! Covers go into `nodes_hitrates`, so that the one file also carries what explanations need.

use copilot_scoring::ensemble::{Ensemble, Node, Test};
use copilot_scoring::learnt::AMOUNTS;
use prost::Message;
use tract_onnx::pb::{self, attribute_proto::AttributeType};

use crate::blend::Blend;
use crate::calibrate::Platt;
use crate::export::{node, tensor, value};
use crate::linear::{Column, Linear};

/// The bytes of an ONNX model that maps `[N, width]` inputs (32-bit floats, NaN where missing) to `[N, 1]` probabilities; with
/// `platt` of `None` to the margins themselves, for amounts.
///
/// Trees must be of one target and of thresholds, as [`crate::boosting`] grows them; other tests are left out by the caller.
pub fn to_onnx(name: &str, ensemble: &Ensemble, width: usize, platt: Option<Platt>) -> Vec<u8> {
    let mut nodes = vec![regressor(ensemble, if platt.is_some() { "raw" } else { "value" })];
    let mut initializer = Vec::new();
    if let Some(platt) = platt {
        nodes.push(node("Mul", &["raw", "slope"], "scaled"));
        nodes.push(node("Add", &["scaled", "offset"], "margin"));
        nodes.push(node("Sigmoid", &["margin"], "probability"));
        initializer.push(tensor("slope", &[1, 1], &[platt.slope]));
        initializer.push(tensor("offset", &[1, 1], &[platt.offset]));
    }
    let output = if platt.is_some() { "probability" } else { "value" };
    model(name, nodes, initializer, width, &[output])
}

/// The bytes of an ONNX model of a blend: trees, line, calibration and sigmoid in one graph, `[N, width]` inputs with NaN where a
/// feature is missing to `[N, 1]` probabilities.
pub fn blend_to_onnx(name: &str, blend: &Blend, width: usize) -> Vec<u8> {
    hurdle_to_onnx(name, blend, None, width)
}

/// The same with trees of amounts beside the blend: their answer is the first output, the probability the second.
pub fn hurdle_to_onnx(name: &str, blend: &Blend, amounts: Option<&Ensemble>, width: usize) -> Vec<u8> {
    let mut nodes = vec![regressor(&blend.trees, "grown")];
    let mut outputs = vec!["probability"];
    if let Some(amounts) = amounts {
        nodes.push(regressor(amounts, AMOUNTS));
        outputs.insert(0, AMOUNTS);
    }
    let mut initializer = Vec::new();
    let mut sum = "grown";
    if let Some((linear, weight)) = &blend.linear {
        line(linear, *weight, &mut nodes, &mut initializer);
        nodes.push(node("Add", &["grown", "line"], "sum"));
        sum = "sum";
    }
    nodes.push(node("Mul", &[sum, "slope"], "scaled"));
    nodes.push(node("Add", &["scaled", "offset"], "margin"));
    nodes.push(node("Sigmoid", &["margin"], "probability"));
    initializer.push(tensor("slope", &[1, 1], &[blend.platt.slope]));
    initializer.push(tensor("offset", &[1, 1], &[blend.platt.offset]));
    model(name, nodes, initializer, width, &outputs)
}

/// The line of a blend, times its weight: gaps filled so that they add nothing, values within their limits, amounts by their
/// logarithm; what a gap says is added by a product of its own.
fn line(
    linear: &Linear,
    weight: f64,
    nodes: &mut Vec<pb::NodeProto>,
    initializer: &mut Vec<pb::TensorProto>,
) {
    let columns = &linear.columns;
    let row = |of: &dyn Fn(&Column) -> f64| columns.iter().map(of).collect::<Vec<f64>>();
    let width = columns.len();
    let mut constant =
        |name: &str, dims: &[usize], values: &[f64]| initializer.push(tensor(name, dims, values));
    let flag = |yes: bool| if yes { 1.0 } else { 0.0 };
    constant(
        "fill",
        &[1, width],
        &row(&|c| if c.log { c.mean.exp_m1() } else { c.mean }),
    );
    constant("low", &[1, width], &row(&|c| c.low));
    constant("high", &[1, width], &row(&|c| c.high));
    constant("by_log", &[1, width], &row(&|c| flag(c.log)));
    constant("as_is", &[1, width], &row(&|c| flag(!c.log)));
    constant("zero", &[1, 1], &[0.0]);
    constant("one", &[1, 1], &[1.0]);
    constant("means", &[1, width], &row(&|c| c.mean));
    constant("weights", &[width, 1], &row(&|c| weight * c.weight / c.scale));
    constant("gap_weights", &[width, 1], &row(&|c| weight * c.gap));
    constant("intercept", &[1, 1], &[weight * linear.intercept]);
    let mut cast = node("Cast", &["missing"], "gaps");
    cast.attribute = vec![int("to", i64::from(pb::tensor_proto::DataType::Float as i32))];
    nodes.extend([
        node("IsNaN", &["inputs"], "missing"),
        cast,
        node("Where", &["missing", "fill", "inputs"], "filled"),
        node("Min", &["filled", "high"], "below"),
        node("Max", &["below", "low"], "within"),
        node("Max", &["within", "zero"], "positive"),
        node("Add", &["positive", "one"], "shifted"),
        node("Log", &["shifted"], "logarithms"),
        node("Mul", &["logarithms", "by_log"], "logged"),
        node("Mul", &["within", "as_is"], "plain"),
        node("Add", &["logged", "plain"], "read"),
        node("Sub", &["read", "means"], "centred"),
        node("MatMul", &["centred", "weights"], "told"),
        node("MatMul", &["gaps", "gap_weights"], "told_by_gaps"),
        node("Add", &["told", "told_by_gaps"], "both"),
        node("Add", &["both", "intercept"], "line"),
    ]);
}

fn model(
    name: &str,
    nodes: Vec<pb::NodeProto>,
    initializer: Vec<pb::TensorProto>,
    width: usize,
    outputs: &[&str],
) -> Vec<u8> {
    let graph = pb::GraphProto {
        name: name.to_owned(),
        node: nodes,
        initializer,
        input: vec![value("inputs", width)],
        output: outputs.iter().map(|output| value(output, 1)).collect(),
        ..pb::GraphProto::default()
    };
    let opset = |domain: &str, version: i64| pb::OperatorSetIdProto {
        domain: domain.to_owned(),
        version,
    };
    let proto = pb::ModelProto {
        ir_version: 8,
        opset_import: vec![opset("", 13), opset("ai.onnx.ml", 3)],
        producer_name: "copilot-learning".to_owned(),
        graph: Some(graph),
        ..pb::ModelProto::default()
    };
    proto.encode_to_vec()
}

/// Lists of the operator's attributes, one entry a node.
#[derive(Default)]
struct Lists {
    trees: Vec<i64>,
    ids: Vec<i64>,
    features: Vec<i64>,
    modes: Vec<&'static str>,
    values: Vec<f32>,
    yes: Vec<i64>,
    no: Vec<i64>,
    missing: Vec<i64>,
    hits: Vec<f32>,
    leaf_trees: Vec<i64>,
    leaf_ids: Vec<i64>,
    leaf_weights: Vec<f32>,
}

fn regressor(ensemble: &Ensemble, output: &str) -> pb::NodeProto {
    let mut lists = Lists::default();
    for (number, tree) in ensemble.trees.iter().enumerate() {
        let number = number as i64;
        for (at, (node, cover)) in tree.nodes.iter().zip(&tree.covers).enumerate() {
            lists.trees.push(number);
            lists.ids.push(at as i64);
            lists.hits.push(*cover as f32);
            let (feature, mode, threshold, missing, children) = match node {
                Node::Branch {
                    feature,
                    test,
                    missing_passes,
                    yes,
                    no,
                } => {
                    let (mode, threshold) = mode(test);
                    let children = (*yes as i64, *no as i64);
                    (
                        *feature as i64,
                        mode,
                        threshold,
                        i64::from(*missing_passes),
                        children,
                    )
                }
                Node::Leaf(weights) => {
                    lists.leaf_trees.push(number);
                    lists.leaf_ids.push(at as i64);
                    lists.leaf_weights.push(weights.iter().map(|(_, w)| *w).sum());
                    (0, "LEAF", 0.0, 0, (0, 0))
                }
            };
            lists.features.push(feature);
            lists.modes.push(mode);
            lists.values.push(threshold);
            lists.missing.push(missing);
            lists.yes.push(children.0);
            lists.no.push(children.1);
        }
    }
    let leaves = lists.leaf_weights.len();
    let mut regressor = node("TreeEnsembleRegressor", &["inputs"], output);
    "ai.onnx.ml".clone_into(&mut regressor.domain);
    regressor.attribute = vec![
        int("n_targets", 1),
        ints("nodes_treeids", lists.trees),
        ints("nodes_nodeids", lists.ids),
        ints("nodes_featureids", lists.features),
        strings("nodes_modes", &lists.modes),
        floats("nodes_values", lists.values),
        ints("nodes_truenodeids", lists.yes),
        ints("nodes_falsenodeids", lists.no),
        ints("nodes_missing_value_tracks_true", lists.missing),
        floats("nodes_hitrates", lists.hits),
        ints("target_treeids", lists.leaf_trees),
        ints("target_nodeids", lists.leaf_ids),
        ints("target_ids", vec![0; leaves]),
        floats("target_weights", lists.leaf_weights),
        floats("base_values", ensemble.base.clone()),
        strings("post_transform", &["NONE"]),
    ];
    // One word, not a list of one.
    if let Some(last) = regressor.attribute.last_mut() {
        last.r#type = AttributeType::String as i32;
        last.s = last.strings.pop().unwrap_or_default();
    }
    regressor
}

fn mode(test: &Test) -> (&'static str, f32) {
    match test {
        Test::AtMost(t) => ("BRANCH_LEQ", *t),
        Test::Below(t) => ("BRANCH_LT", *t),
        Test::AtLeast(t) => ("BRANCH_GTE", *t),
        Test::Above(t) => ("BRANCH_GT", *t),
        Test::Equal(t) => ("BRANCH_EQ", *t),
        Test::Unequal(t) => ("BRANCH_NEQ", *t),
        // Never grown here; nothing is a member of no set.
        Test::Among(_) => ("BRANCH_LT", f32::NEG_INFINITY),
    }
}

fn attribute(name: &str, kind: AttributeType) -> pb::AttributeProto {
    pb::AttributeProto {
        name: name.to_owned(),
        r#type: kind as i32,
        ..pb::AttributeProto::default()
    }
}

fn int(name: &str, value: i64) -> pb::AttributeProto {
    pb::AttributeProto {
        i: value,
        ..attribute(name, AttributeType::Int)
    }
}

fn ints(name: &str, values: Vec<i64>) -> pb::AttributeProto {
    pb::AttributeProto {
        ints: values,
        ..attribute(name, AttributeType::Ints)
    }
}

fn floats(name: &str, values: Vec<f32>) -> pb::AttributeProto {
    pb::AttributeProto {
        floats: values,
        ..attribute(name, AttributeType::Floats)
    }
}

fn strings(name: &str, values: &[&str]) -> pb::AttributeProto {
    pb::AttributeProto {
        strings: values.iter().map(|v| v.as_bytes().to_vec()).collect(),
        ..attribute(name, AttributeType::Strings)
    }
}
