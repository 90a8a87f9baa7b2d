//! Scoring an account, from the table and back: what `score` does for a queue and `api` does for a caller.
//!
//! The pure crates decide; this one loads what they decide from and stores what they decided.

mod backfill;
mod card;
pub mod checks;
mod delivered;
mod events;
mod guard;
pub mod lake;
pub mod models;
pub mod products;
mod profiles;
mod score;
pub mod snapshots;
pub mod tone;
mod write;

pub use backfill::MAX_POINTS;
pub use events::by_hand;
pub use profiles::{MAX_SAMPLE, Moved, Preview, SAMPLE_TIME, Stand};
pub use score::{ScoreError, Scored, Scorer, TenantView};
