//! What tells one evaluation of an instant from another.

use copilot_features::FeatureVector;

use crate::assess::AssessInput;
use crate::models;

/// The features, the models that answer with the cut of their alerts, and, where they are not as shipped, the version of the profiles and the
/// override: or a change of one of them would not be seen while the clock stands still.
pub(crate) fn fingerprint(input: &AssessInput<'_>, features: &FeatureVector, version: u32) -> String {
    let mut facts = features.fingerprint();
    match models::tag(input.models, input.snapshot.account) {
        tag if tag.is_empty() => {}
        tag => facts = format!("{facts} {tag} {}", input.alert_cut),
    }
    if version > 1 {
        facts = format!("{facts}@{version}");
    }
    if let Some(given) = &input.snapshot.score_override {
        facts = format!("{facts}={}/{}/{}", given.score, given.given_at, given.until);
    }
    facts
}
