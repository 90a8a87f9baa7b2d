//! Keys of a tenant's own health profiles, and of overrides of scores.

use copilot_domain::ids::{AccountId, TenantId};
use jiff::Timestamp;

use super::{Key, account_partition};

/// The partition of a tenant's own profiles.
pub fn partition(t: &TenantId) -> String {
    format!("T#{t}#PROF")
}

/// The set that scores go by.
pub fn live(t: &TenantId) -> Key {
    Key::new(partition(t), "LIVE")
}

/// The draft of the next set.
pub fn draft(t: &TenantId) -> Key {
    Key::new(partition(t), "DRAFT")
}

/// A published set; versions sort as text.
pub fn version(t: &TenantId, version: u32) -> Key {
    Key::new(partition(t), format!("{VERSION_FIRST}{version:010}"))
}

/// The first sort key of published sets.
pub const VERSION_FIRST: &str = "V#";

/// An override of an account's score, by when it was given.
pub fn score_override(t: &TenantId, a: AccountId, given_at: Timestamp) -> Key {
    Key::new(account_partition(t, a), format!("{OVERRIDE_FIRST}{given_at:.6}"))
}

/// The first sort key of overrides of an account's score.
pub const OVERRIDE_FIRST: &str = "OVERRIDE#";
