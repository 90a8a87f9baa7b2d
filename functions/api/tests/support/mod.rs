//! What the API's tests share: an issuer of tokens, and a world on MiniStack with two tenants.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod issuer;
pub mod world;
