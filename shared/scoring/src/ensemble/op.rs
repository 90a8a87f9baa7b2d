//! The tree operators for tract, by its public register.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
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

use crate::ensemble::{Ensemble, Labels, from_node, ml};

/// tract with operators that read what LightGBM, XGBoost, CatBoost and scikit-learn are converted to.
pub fn onnx() -> tract_onnx::Onnx {
    let mut onnx = tract_onnx::onnx();
    for name in ["TreeEnsembleRegressor", "TreeEnsembleClassifier", "TreeEnsemble"] {
        onnx.op_register.insert(name, build);
    }
    ml::register(&mut onnx.op_register);
    onnx
}

fn build(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let op = Trees(Arc::new(from_node(node)?));
    Ok((expand(op), vec![]))
}

/// A tree ensemble in a graph. A classifier has two outputs, the class and the scores; a regressor one.
#[derive(Debug, Clone)]
struct Trees(Arc<Ensemble>);

impl PartialEq for Trees {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Trees {}

impl Trees {
    fn label_type(&self) -> Option<DatumType> {
        self.0.classes.as_ref().map(|classes| match classes.labels {
            Labels::Ints(_) => i64::datum_type(),
            Labels::Strings(_) => String::datum_type(),
        })
    }
}

impl Expansion for Trees {
    fn name(&self) -> StaticName {
        "TreeEnsemble".into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(if self.0.classes.is_some() { 2 } else { 1 })
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        let scores = match self.label_type() {
            None => &outputs[0],
            Some(label) => {
                s.equals(&outputs[0].datum_type, label)?;
                s.equals(&outputs[0].rank, 1)?;
                s.equals(&outputs[0].shape[0], &inputs[0].shape[0])?;
                &outputs[1]
            }
        };
        s.equals(&scores.datum_type, f32::datum_type())?;
        s.equals(&scores.rank, 2)?;
        s.equals(&scores.shape[0], &inputs[0].shape[0])?;
        s.equals(&scores.shape[1], self.0.targets.to_dim())?;
        Ok(())
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for Trees {
    fn name(&self) -> StaticName {
        "TreeEnsemble".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Trees {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let input = input.cast_to::<f32>()?;
        let view = input.to_plain_array_view::<f32>()?;
        let &[count, width] = view.shape() else {
            bail!("rows of columns expected, got the shape {:?}", view.shape());
        };
        if width < self.0.width {
            bail!(
                "the trees look at {} columns, the rows have {width}",
                self.0.width
            );
        }
        let held;
        let rows = if let Some(rows) = view.as_slice() {
            rows
        } else {
            held = view.iter().copied().collect::<Vec<f32>>();
            &held
        };
        let shape = [count, self.0.targets];
        let Some(classes) = &self.0.classes else {
            let values = self.0.values(rows, width);
            return Ok(tvec!(Tensor::from_shape(&shape, &values)?.into_tvalue()));
        };
        let (winners, scores) = self.0.classify(rows, width);
        let labels = match &classes.labels {
            Labels::Ints(names) => tensor1(&winners.iter().map(|w| names[*w]).collect::<Vec<i64>>()),
            Labels::Strings(names) => {
                tensor1(&winners.iter().map(|w| names[*w].clone()).collect::<Vec<String>>())
            }
        };
        let scores = Tensor::from_shape(&shape, &scores)?;
        Ok(tvec!(labels.into_tvalue(), scores.into_tvalue()))
    }
}

impl TypedOp for Trees {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let rows = &inputs[0].shape[0];
        let scores = f32::fact(&[rows.clone(), self.0.targets.to_dim()]);
        Ok(match self.label_type() {
            None => tvec!(scores),
            Some(label) => tvec!(label.fact(std::slice::from_ref(rows)), scores),
        })
    }

    as_op!();
}
