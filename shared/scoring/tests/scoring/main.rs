//! Behaviour of scoring, from facts to alerts.
#![allow(clippy::unwrap_used, missing_docs)]

mod alerts;
mod assess;
mod converted;
mod ensemble;
mod health;
mod models;
mod rules;
mod support;
