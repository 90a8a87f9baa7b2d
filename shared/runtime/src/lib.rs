//! What every function needs before and around its work: configuration, telemetry, metrics, the clock, ids and
//! the batch wrapper.
//!
//! This crate knows nothing of accounts and scores, and nothing of the AWS SDK. It is the only place that reads
//! the environment, the wall clock and randomness; everything else takes them as arguments.
//!
//! A function's `main.rs` reads:
//!
//! ```no_run
//! use copilot_runtime::{clock::Clock, config::Env, metrics::Metrics, telemetry};
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! telemetry::init("ingest");
//! let env = Env::process();
//! let table = env.required("TABLE_NAME", "the DynamoDB table")?;
//! let metrics = Metrics::new("ingest", &env.stage(), Clock::system());
//! # let _ = (table, metrics); Ok(()) }
//! ```

pub mod batch;
pub mod chance;
pub mod clock;
pub mod config;
pub mod ids;
pub mod metrics;
pub mod telemetry;
