//! Operators of ai.onnx.ml that stand around trees in converted models: `Imputer`, `Scaler`, and `ZipMap`, which only
//! packs the scores into dictionaries and is passed by.

use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
#[cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "tract's macros use names that they do not import; the lint is silent in test builds"
    )
)]
use tract_onnx::tract_hir::internal::*;

pub(super) fn register(register: &mut OnnxOpRegister) {
    register.insert("Imputer", imputer);
    register.insert("Scaler", scaler);
    register.insert("ZipMap", zip_map);
}

type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

fn imputer(_: &ParsingContext, node: &NodeProto) -> Built {
    let values: Vec<f32> = node.get_attr_vec("imputed_value_floats")?;
    let replaced = node
        .get_attr_opt::<f32>("replaced_value_float")?
        .unwrap_or(f32::NAN);
    Ok((expand(Columns(Change::Impute { values, replaced })), vec![]))
}

fn scaler(_: &ParsingContext, node: &NodeProto) -> Built {
    let offset = node.get_attr_vec("offset")?;
    let scale = node.get_attr_vec("scale")?;
    Ok((expand(Columns(Change::Scale { offset, scale })), vec![]))
}

#[expect(clippy::unnecessary_wraps, reason = "tract asks for this form")]
fn zip_map(_: &ParsingContext, _: &NodeProto) -> Built {
    Ok((expand(Columns(Change::Nothing)), vec![]))
}

/// What is done to each value, by its column. One number stands for all columns.
#[derive(Debug, Clone, PartialEq)]
enum Change {
    Nothing,
    Impute { values: Vec<f32>, replaced: f32 },
    Scale { offset: Vec<f32>, scale: Vec<f32> },
}

impl Change {
    fn apply(&self, column: usize, x: f32) -> f32 {
        let at = |all: &[f32]| all.get(column).or(all.first()).copied();
        match self {
            Self::Nothing => x,
            #[expect(clippy::float_cmp, reason = "a mark, not a measure")]
            Self::Impute { values, replaced } => {
                let missing = if replaced.is_nan() {
                    x.is_nan()
                } else {
                    x == *replaced
                };
                if missing { at(values).unwrap_or(x) } else { x }
            }
            Self::Scale { offset, scale } => (x - at(offset).unwrap_or(0.0)) * at(scale).unwrap_or(1.0),
        }
    }

    /// Numbers by column that it holds.
    fn width(&self) -> usize {
        match self {
            Self::Nothing => 1,
            Self::Impute { values, .. } => values.len(),
            Self::Scale { offset, scale } => offset.len().max(scale.len()),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Columns(Change);

impl Eq for Columns {}

impl Expansion for Columns {
    fn name(&self) -> StaticName {
        "Columns".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        s.equals(&outputs[0].shape, &inputs[0].shape)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for Columns {
    fn name(&self) -> StaticName {
        "Columns".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Columns {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let input = input.cast_to::<f32>()?;
        let view = input.to_plain_array_view::<f32>()?;
        let columns = view.shape().last().copied().unwrap_or(1).max(1);
        let own = self.0.width();
        if own > 1 && own != columns {
            bail!("{own} numbers for {columns} columns");
        }
        let changed: Vec<f32> = view
            .iter()
            .enumerate()
            .map(|(at, x)| self.0.apply(at % columns, *x))
            .collect();
        Ok(tvec!(Tensor::from_shape(view.shape(), &changed)?.into_tvalue()))
    }
}

impl TypedOp for Columns {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact(inputs[0].shape.iter())))
    }

    as_op!();
}
