//! One module a vendor: verify a delivery, parse it into facts.
//!
//! Pure parsing over bytes and text: no AWS, no clock (the instant is an argument), no network. What arrives is
//! checked here once and leaves as types that cannot be wrong: [`canonical::Fact`].

pub mod canonical;
pub mod csv;
pub mod delivery;
pub mod generic;
pub mod signature;
mod similar;
pub mod stripe;

pub use delivery::{ParsedDelivery, Places, facts_of, parse_delivery};
