//! One account by several sets of profiles: what a change of profiles would do to it.

use std::collections::BTreeSet;

use copilot_domain::health::{EvaluationId, Health, ProfileChoice};
use copilot_domain::history::Snapshot;
use copilot_features::FeatureConfig;

use crate::health::{HealthInput, health};
use crate::profile_set::SetChange;
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

/// The profiles whose accounts changes concern; `None` when any account may get another score or another profile.
pub fn concerned(changes: &[SetChange]) -> Option<BTreeSet<&str>> {
    fn of(change: &SetChange) -> Option<&str> {
        let (profile, value) = change.path.strip_prefix("profiles.")?.split_once('.')?;
        // Whom a profile takes decides what is left for the others.
        (value != "when").then_some(profile)
    }
    changes.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn concerns(paths: &[&str]) -> Option<Vec<String>> {
        let change = |path: &&str| SetChange {
            path: (*path).to_owned(),
            before: Value::Null,
            after: Value::Null,
        };
        let changes: Vec<SetChange> = paths.iter().map(change).collect();
        concerned(&changes).map(|found| found.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn values_of_a_profile_concern_its_accounts_and_what_is_shared_concerns_all() {
        let of_two = ["profiles.digital.measures.U1.weight", "profiles.mid-touch.rollup"];
        assert_eq!(
            concerns(&of_two),
            Some(vec!["digital".to_owned(), "mid-touch".to_owned()])
        );
        for shared in [
            "profiles.order",
            "profiles.digital.when",
            "caps.overdue.limit",
            "scorecards.usage.name",
        ] {
            assert_eq!(concerns(&[of_two[0], shared]), None, "{shared}");
        }
    }
}
