//! The playbooks that are shipped, as data.

use copilot_domain::playbook::Playbook;

/// The shipped playbooks, P01 to P15.
///
/// # Errors
/// None in a build whose tests passed: they load them.
pub fn shipped() -> Result<Vec<Playbook>, serde_json::Error> {
    serde_json::from_str(include_str!("../rules/playbooks.json"))
}
