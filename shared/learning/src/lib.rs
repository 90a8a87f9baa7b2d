//! Learning: a deterministic trainer of logistic regressions, measures of quality, and the export to ONNX.
//!
//! Pure: no I/O, no clock, no randomness. The same rows give the same model, bit for bit, on the same machine.

pub mod accuracy;
pub mod backtest;
pub mod blend;
pub mod boosting;
pub mod calibrate;
pub mod drift;
pub mod evidence;
pub mod examples;
pub mod export;
pub mod hurdle;
pub mod linear;
pub mod logistic;
pub mod nbd;
pub mod outcomes;
pub mod population;
pub mod products;
pub mod quality;
pub mod random;
pub mod reads;
mod references;
mod simplex;
pub mod symmetric;
pub mod table;
pub mod train;
pub mod trees_export;
