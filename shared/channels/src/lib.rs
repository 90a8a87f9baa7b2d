//! One module a channel: what a message looks like, and how it is sent.
//!
//! Nothing here decides who is told and when (that is `functions/notify`), and nothing here knows AWS: e-mail is
//! only rendered, `copilot_aws::email` sends it.

pub mod digest;
pub mod email;
pub mod http;
pub mod message;
pub mod slack;
pub mod text;
pub mod webhook;

pub use digest::Digest;
pub use email::Email;
pub use message::AlertMessage;
