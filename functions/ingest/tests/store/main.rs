//! Ingest over a table, a bucket and queues on MiniStack.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod deliveries;
mod imports;
mod support;
