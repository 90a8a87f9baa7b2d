//! When each group of an account's facts was last delivered: what measures go stale by; where silence is a fact.
//!
//! A source that delivers at all may have nothing new of an account; so it is not the account's newest fact that
//! counts but the newest delivery of the sources that told of it.

use std::collections::{BTreeMap, BTreeSet};

use copilot_aws::deliveries::SourceStatus;
use copilot_aws::history::Loaded;
use copilot_aws::kinds;
use copilot_aws::tenants::Tenant;
use copilot_domain::facts::Kind;
use copilot_domain::ids::Source;
use copilot_domain::time::Timestamp;
use copilot_features::FeatureConfig;
use copilot_features::config::FeatureGroup;

const GROUPS: [FeatureGroup; 7] = [
    FeatureGroup::Usage,
    FeatureGroup::Engagement,
    FeatureGroup::Contacts,
    FeatureGroup::Support,
    FeatureGroup::Sentiment,
    FeatureGroup::Contract,
    FeatureGroup::Payment,
];

/// The group that a kind of record belongs to.
fn group(kind: Kind) -> Option<FeatureGroup> {
    match kind {
        Kind::Account | Kind::Subscription => Some(FeatureGroup::Contract),
        Kind::Contact => Some(FeatureGroup::Contacts),
        Kind::Invoice => Some(FeatureGroup::Payment),
        Kind::Ticket => Some(FeatureGroup::Support),
        Kind::Activity => Some(FeatureGroup::Engagement),
        Kind::Survey => Some(FeatureGroup::Sentiment),
        Kind::Outcome => None,
    }
}

/// The newest delivery of each group of an account. Where no status of its sources is known (rows may name another
/// source than the one that delivers them), it was at the latest the newest of all the tenant's deliveries.
pub(crate) fn of_groups(loaded: &Loaded, statuses: &[SourceStatus]) -> BTreeMap<FeatureGroup, Timestamp> {
    let mut sources: BTreeMap<FeatureGroup, BTreeSet<&Source>> = BTreeMap::new();
    sources.insert(FeatureGroup::Usage, loaded.usage_sources.iter().collect());
    for (kind, records) in &loaded.history.records {
        if let Some(group) = group(*kind) {
            let of_kind = records.iter().map(|record| &record.external_id.source);
            sources.entry(group).or_default().extend(of_kind);
        }
    }
    let newest = |of: Option<&BTreeSet<&Source>>| {
        let told = statuses
            .iter()
            .filter(|status| of.is_none_or(|sources| sources.contains(&status.source)));
        told.map(|status| status.last_delivery_at).max()
    };
    GROUPS
        .into_iter()
        .filter_map(|group| {
            let own = sources.get(&group).and_then(|sources| newest(Some(sources)));
            Some((group, own.or_else(|| newest(None))?))
        })
        .collect()
}

/// What the tenant says about its facts: its key events, and where silence is a fact.
///
/// Where tickets come in at all, an account without tickets has none. Of usage, contacts and the rest, silence of an
/// account that never told anything may as well mean that its data is not there yet: it stays unknown, or every
/// freshly imported account would be alarmed about.
pub(crate) fn feature_config(tenant: &Tenant, seen: &BTreeSet<String>) -> FeatureConfig {
    let connected = kinds::has(seen, Kind::Ticket).then_some(FeatureGroup::Support);
    FeatureConfig {
        key_events: tenant
            .key_events
            .as_ref()
            .map(|names| names.iter().cloned().collect()),
        connected: connected.into_iter().collect(),
        competitors: tenant.competitors.clone(),
        ..FeatureConfig::default()
    }
}
