//! Writes a logistic regression as ONNX: standardisation, weights and sigmoid all in the graph.

use prost::Message;
use tract_onnx::pb;

use crate::logistic::{Logistic, Standard};

/// The bytes of an ONNX model that maps `[N, width]` inputs (32-bit floats) to `[N, 1]` probabilities.
pub fn to_onnx(name: &str, standard: &Standard, model: &Logistic) -> Vec<u8> {
    let width = model.coefficients.len();
    let inverse: Vec<f64> = standard.scales.iter().map(|s| 1.0 / s).collect();
    let graph = pb::GraphProto {
        name: name.to_owned(),
        node: vec![
            node("Sub", &["inputs", "means"], "centred"),
            node("Mul", &["centred", "inverse_scales"], "standardised"),
            node("MatMul", &["standardised", "coefficients"], "weighted"),
            node("Add", &["weighted", "intercept"], "margin"),
            node("Sigmoid", &["margin"], "probability"),
        ],
        initializer: vec![
            tensor("means", &[1, width], &standard.means),
            tensor("inverse_scales", &[1, width], &inverse),
            tensor("coefficients", &[width, 1], &model.coefficients),
            tensor("intercept", &[1, 1], &[model.intercept]),
        ],
        input: vec![value("inputs", width)],
        output: vec![value("probability", 1)],
        ..pb::GraphProto::default()
    };
    let proto = pb::ModelProto {
        ir_version: 8,
        opset_import: vec![pb::OperatorSetIdProto {
            domain: String::new(),
            version: 13,
        }],
        producer_name: "copilot-learning".to_owned(),
        graph: Some(graph),
        ..pb::ModelProto::default()
    };
    proto.encode_to_vec()
}

pub(crate) fn node(op: &str, inputs: &[&str], output: &str) -> pb::NodeProto {
    pb::NodeProto {
        op_type: op.to_owned(),
        name: output.to_owned(),
        input: inputs.iter().map(|i| (*i).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..pb::NodeProto::default()
    }
}

pub(crate) fn tensor(name: &str, dims: &[usize], values: &[f64]) -> pb::TensorProto {
    pb::TensorProto {
        name: name.to_owned(),
        dims: dims.iter().map(|d| *d as i64).collect(),
        data_type: pb::tensor_proto::DataType::Float as i32,
        float_data: values.iter().map(|v| *v as f32).collect(),
        ..pb::TensorProto::default()
    }
}

pub(crate) fn value(name: &str, width: usize) -> pb::ValueInfoProto {
    use pb::tensor_shape_proto::{Dimension, dimension::Value};
    let dim = |value: Value| Dimension {
        value: Some(value),
        ..Dimension::default()
    };
    let shape = pb::TensorShapeProto {
        dim: vec![
            dim(Value::DimParam("N".to_owned())),
            dim(Value::DimValue(width as i64)),
        ],
    };
    let tensor = pb::type_proto::Tensor {
        elem_type: pb::tensor_proto::DataType::Float as i32,
        shape: Some(shape),
    };
    pb::ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(pb::TypeProto {
            value: Some(pb::type_proto::Value::TensorType(tensor)),
            ..pb::TypeProto::default()
        }),
        ..pb::ValueInfoProto::default()
    }
}
