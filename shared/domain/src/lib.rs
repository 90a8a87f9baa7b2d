//! The vocabulary of the Customer Success Copilot: ids, accounts, facts, money, time, health, alerts.
//!
//! Pure: no I/O, no clock, no randomness. Every instant is an argument, so whatever is computed from these
//! types can be computed again, byte for byte, for any past date.

pub mod accuracy;
pub mod alert;
pub mod assessment;
pub mod backtest;
mod calendar;
pub mod check;
pub mod delivery;
pub mod event;
pub mod facts;
pub mod health;
pub mod history;
pub mod ids;
pub mod limits;
pub mod model;
pub mod money;
pub mod monitoring;
pub mod notify;
pub mod opportunity;
pub mod playbook;
pub mod prediction;
pub mod product;
pub mod revision;
pub mod rule_state;
pub mod score_override;
pub mod scorecard;
pub mod time;
pub mod tone;
pub mod usage;
pub mod webhook;

pub use ids::{AccountId, AlertId, EventId, ExternalId, ImportId, Source, TenantId};
pub use money::{Currency, Money};
