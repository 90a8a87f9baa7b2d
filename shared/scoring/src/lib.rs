//! Scoring: health, predictions, rules, alerts and next actions, from what was known of an account at an instant.
//!
//! Pure: no I/O, no clock. [`assess`] is the one entry point of the functions.

pub mod actions;
pub mod alerts;
pub mod amounts;
pub mod assess;
pub mod card;
pub mod card_facts;
pub mod change;
pub mod churn;
pub mod compare;
pub mod dry_run;
pub mod engine;
pub mod ensemble;
mod episode;
mod evaluation;
mod factors;
pub mod health;
pub mod learnt;
pub mod learnt_card;
pub mod mapping;
pub mod models;
pub mod next_action;
pub mod next_product;
pub mod onnx;
pub mod opportunities;
pub mod playbooks;
pub mod points;
pub mod prediction_change;
pub mod profile_set;
pub mod profiles;
pub mod reference;
pub mod rollup;
pub mod rules;
pub mod severity;
pub mod stability;
pub mod text;

pub use assess::{AssessInput, Assessed, assess, assess_batch};
pub use card_facts::CardFacts;
pub use engine::{Engine, EngineError};
