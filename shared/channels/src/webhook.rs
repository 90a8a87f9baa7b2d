//! Outgoing webhooks as Standard Webhooks has them: signed, to an address on the public internet and nowhere else.

mod address;
mod send;
mod sign;

pub use address::{Addresses, UrlError, is_public};
pub use send::{HookError, HookSender, Message, Reply};
pub use sign::{secret, secret_text, signature};
