//! Keys of an account's family: who names whom as its parent.

use copilot_domain::ids::{AccountId, TenantId};

use super::Key;

/// The partition of the accounts that name an external id as their parent.
pub fn partition(t: &TenantId, parent: &str) -> String {
    format!("T#{t}#KIDS#{parent}")
}

/// That an account names an external id as its parent.
pub fn child(t: &TenantId, parent: &str, a: AccountId) -> Key {
    Key::new(partition(t, parent), a.to_string())
}
