//! Every feature of an account, computed from what was known of it at an instant.
//!
//! [`compute`] reads a [`Snapshot`] and nothing else: the same snapshot and config give the same vector, so a score
//! can be computed again for any past date. [`CATALOGUE`] says of each feature what it means, in which unit, over
//! which window, and when it is missing. A missing feature has no value; it is never zero by default.
//!
//! # What the rules of the domain need and canonical facts cannot tell
//!
//! * R23 (at risk with no open playbook): playbook runs are not facts; the rule is fed without that clause.
//! * R26 (silent source): belongs to the source monitor, not to an account.
//! * O02 (plan quota): no quota is a canonical fact; a tenant may send `quota_used` as a custom field.
//! * O11 (trial of another product): only by a trialing subscription beside an active one.
//! * O14 (funding or hiring news): no such fact; a tenant may send `news_at` as a custom field.

mod anomaly;
pub mod buyers;
pub mod catalogue;
pub mod config;
pub mod contacts;
pub mod contract;
pub mod engagement;
mod forecast;
pub mod holdings;
pub mod outlook;
pub mod payment;
pub mod sentiment;
mod stats;
pub mod support;
#[cfg(test)]
mod synthetic;
pub mod tone;
pub mod usage;
pub mod vector;

use copilot_domain::history::Snapshot;
use copilot_domain::time::Timestamp;

pub use catalogue::{CATALOGUE, FeatureSpec, input_spec, place, spec};
pub use config::{FeatureConfig, FeatureGroup};
pub use outlook::{UsageOutlook, usage_outlook};
pub use vector::{FeatureVector, name_the_missing};

/// Computes every feature of the catalogue.
pub fn compute(snapshot: &Snapshot, config: &FeatureConfig) -> FeatureVector {
    let mut vector = FeatureVector::default();
    contract::compute(snapshot, &mut vector);
    usage::compute(snapshot, config, &mut vector);
    engagement::compute(snapshot, config, &mut vector);
    contacts::compute(snapshot, config, &mut vector);
    support::compute(snapshot, config, &mut vector);
    sentiment::compute(snapshot, &mut vector);
    tone::compute(snapshot, config, &mut vector);
    payment::compute(snapshot, config, &mut vector);
    vector
}

/// Days of the tenant's calendar from an instant to today.
pub(crate) fn days_ago(snapshot: &Snapshot, at: Timestamp) -> i32 {
    snapshot.age_days(at)
}

/// The fractional change from `before` to `now`; missing when there was nothing before.
pub(crate) fn change(now: f64, before: f64) -> Option<f64> {
    (before > 0.0).then(|| now / before - 1.0)
}

/// A share; missing when the whole is nothing.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
