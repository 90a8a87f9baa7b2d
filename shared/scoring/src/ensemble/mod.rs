//! Tree ensembles: what an ONNX file says of them, run fast and explained exactly.
//!
//! The stock operator of tract is quadratic in the number of leaves, takes `BRANCH_GTE` for a leaf and knows neither
//! regressors nor ai.onnx.ml 5 (measured; see `docs/decisions/tree-ensembles.md`). This one reads all of them.

mod flat;
mod ml;
mod op;
mod parse;
mod shap;
mod tree;

pub use op::onnx;
pub use parse::from_node;
pub use shap::Contributions;
pub use tree::{Aggregate, Classes, Ensemble, EnsembleError, Labels, Node, PostTransform, Test, Tree};
