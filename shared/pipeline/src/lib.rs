//! Scoring an account, from the table and back: what `score` does for a queue and `api` does for a caller.
//!
//! The pure crates decide; this one loads what they decide from and stores what they decided.

mod backfill;
mod card;
mod delivered;
mod events;
mod guard;
mod score;
mod tone;
mod write;

pub use backfill::MAX_POINTS;
pub use events::by_hand;
pub use score::{ScoreError, Scored, Scorer, TenantView};
