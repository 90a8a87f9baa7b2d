//! One account by several sets of profiles: what a change of profiles would do to it.

use copilot_domain::health::{EvaluationId, Health, ProfileChoice};
use copilot_domain::history::Snapshot;
use copilot_features::FeatureConfig;

use crate::health::{HealthInput, health};
use crate::profiles::Profiles;

/// The health of an account by each set, and the profile that it gets there.
///
/// What hysteresis remembers is left out: it is where the band comes to rest after a few scorings, not what the first
/// of them shows. Trends are left out too.
pub fn by_sets(
    sets: &[&Profiles],
    snapshot: &Snapshot,
    config: &FeatureConfig,
) -> Vec<(Health, ProfileChoice)> {
    let features = copilot_features::compute(snapshot, config);
    let evaluation = EvaluationId {
        as_of: snapshot.as_of,
        facts: features.fingerprint(),
    };
    sets.iter()
        .map(|set| {
            let (profile, choice) = set.choose(snapshot, &features);
            let (health, _) = health(&HealthInput {
                features: &features,
                config,
                profiles: set,
                profile,
                today: snapshot.today,
                evaluation: &evaluation,
                previous: None,
                earlier: &[],
                overridden: snapshot.score_override.as_ref(),
            });
            (health, choice)
        })
        .collect()
}
