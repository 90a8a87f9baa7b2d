//! What a tenant says about its facts: which events matter, and which kinds of fact it sends at all.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::tone::Tones;

/// The groups that facts come in; a source usually feeds one or two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureGroup {
    /// Usage events.
    Usage,
    /// Activities.
    Engagement,
    /// Contacts.
    Contacts,
    /// Tickets.
    Support,
    /// Surveys, pulse, goals.
    Sentiment,
    /// Account record and subscriptions.
    Contract,
    /// Invoices.
    Payment,
}

/// A tenant's settings for features. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeatureConfig {
    /// The events that show value; `None` counts all.
    pub key_events: Option<BTreeSet<String>>,
    /// Visits of the billing page.
    pub billing_page_events: BTreeSet<String>,
    /// Visits of the page where one cancels or downgrades.
    pub cancel_page_events: BTreeSet<String>,
    /// Visits of the pricing or upgrade page.
    pub pricing_page_events: BTreeSet<String>,
    /// Tries of a feature that the plan does not hold.
    pub gated_feature_events: BTreeSet<String>,
    /// Invitations of users.
    pub invite_events: BTreeSet<String>,
    /// Removals of an owner or admin.
    pub admin_removed_events: BTreeSet<String>,
    /// Calls or jobs that failed.
    pub failure_events: BTreeSet<String>,
    /// Calls or jobs that went well.
    pub success_events: BTreeSet<String>,
    /// Names of competitors, to look for in what customers write.
    pub competitors: Vec<String>,
    /// Groups that the tenant's sources send: there, an account without facts has none (zero tickets). In other
    /// groups, an account without facts is unknown (missing).
    pub connected: BTreeSet<FeatureGroup>,
    /// When each group's source last delivered anything; where given, measures go stale by it.
    pub last_delivery: BTreeMap<FeatureGroup, Timestamp>,
    /// The tone of the snapshot's texts, where the tenant has switched it on. Read anew for each snapshot and never stored.
    #[serde(skip)]
    pub tones: Option<Tones>,
}

impl Default for FeatureConfig {
    fn default() -> Self {
        let of = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Self {
            key_events: None,
            billing_page_events: of(&["billing_page_viewed", "billing_viewed"]),
            cancel_page_events: of(&["cancel_page_viewed", "downgrade_page_viewed", "data_exported_all"]),
            pricing_page_events: of(&["pricing_page_viewed", "upgrade_page_viewed"]),
            gated_feature_events: of(&["gated_feature_tried", "paywall_viewed"]),
            invite_events: of(&["user_invited", "invite_sent"]),
            admin_removed_events: of(&["admin_removed", "owner_removed"]),
            failure_events: of(&["api_call_failed", "job_failed"]),
            success_events: of(&["api_call_succeeded", "job_succeeded"]),
            competitors: Vec::new(),
            connected: BTreeSet::new(),
            last_delivery: BTreeMap::new(),
            tones: None,
        }
    }
}

impl FeatureConfig {
    /// Whether an event shows value.
    pub fn is_key(&self, name: &str) -> bool {
        self.key_events.as_ref().is_none_or(|keys| keys.contains(name))
    }

    /// Whether a group's facts are sent by the tenant at all.
    pub fn is_connected(&self, group: FeatureGroup) -> bool {
        self.connected.contains(&group)
    }
}
