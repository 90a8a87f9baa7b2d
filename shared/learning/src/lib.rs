//! Learning: a deterministic trainer of logistic regressions, measures of quality, and the export to ONNX.
//!
//! Pure: no I/O, no clock, no randomness. The same rows give the same model, bit for bit, on the same machine.

pub mod export;
pub mod logistic;
pub mod quality;
