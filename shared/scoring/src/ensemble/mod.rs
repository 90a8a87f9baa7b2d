//! Tree ensembles: what an ONNX file says of them, run fast and explained exactly.
//!
//! The stock operator of tract is quadratic in the number of leaves, takes `BRANCH_GTE` for a leaf and knows neither
//! regressors nor ai.onnx.ml 5 (measured; see `docs/decisions/tree-ensembles.md`). This one reads all of them.

mod bits;
mod classic;
mod fast;
mod flat;
mod ml;
mod modern;
mod op;
mod parse;
mod post;
mod shap;
mod tree;

pub use op::onnx;
pub use parse::from_node;
pub use post::PostTransform;
pub use shap::Contributions;
pub use tree::{Aggregate, Classes, Ensemble, EnsembleError, Labels, Node, Test, Tree};
