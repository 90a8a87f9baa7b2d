//! Training runs: a tenant's history is read as it was on past days, a model is trained and held against what answers now,
//! and registered with its evidence. The `train` function and the command on a laptop run the same code: the same history
//! gives the same version, byte for byte.

mod backtest;
mod collect;
mod products;
mod run;
mod tone;

pub use backtest::{Tester, looks};
pub use collect::cutoffs;
pub use products::ProductTrainer;
pub use run::{Trainer, TrainingError};
pub use tone::ToneTrainer;
