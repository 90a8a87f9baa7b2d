//! The one builder of HTTP clients for calls to vendors and channels.

use std::time::Duration;

/// A client for outgoing calls.
///
/// * No idle pool: a Lambda is frozen between invocations and wakes up with connections that the other side closed
///   long ago; the first call on such a one fails with a reset. A new connection costs one handshake instead.
/// * No redirects: an address that we checked must not send us on to one that we did not.
/// * Timeouts: reqwest has none of its own.
///
/// # Errors
/// When the TLS backend cannot start.
pub fn client() -> reqwest::Result<reqwest::Client> {
    builder().build()
}

/// What all of our clients have; see [`client`].
pub(crate) fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(10))
        .user_agent(concat!("customer-success-copilot/", env!("CARGO_PKG_VERSION")))
}
