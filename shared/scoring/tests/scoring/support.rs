//! What the tests build on: accounts by their rows, features by their values.

use copilot_domain::facts::{Kind, UsageEvent};
use copilot_domain::history::{AccountHistory, FactRecord};
use copilot_domain::revision::{Record, Revision};
use copilot_domain::time::{Timestamp, epoch_day, parse_instant};
use copilot_domain::usage::UsageNode;
use copilot_domain::{AccountId, ExternalId, Source};
use copilot_features::FeatureVector;
use serde_json::Value;

pub(crate) fn at(text: &str) -> Timestamp {
    parse_instant(text).unwrap()
}

pub(crate) fn features(values: &[(&'static str, f64)]) -> FeatureVector {
    let mut vector = FeatureVector::default();
    for (name, value) in values {
        vector.set(name, *value);
    }
    vector
}

pub(crate) struct Account(pub(crate) AccountHistory);

impl Account {
    pub(crate) fn new() -> Self {
        Self(AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC"))
    }

    /// A record told at an instant.
    pub(crate) fn told(mut self, kind: Kind, id: &str, when: &str, patch: &Value) -> Self {
        let external_id = ExternalId::new(Source::api(), id).unwrap();
        let revision = Revision::new(at(when), at(when), patch.as_object().unwrap().clone());
        let records = self.0.records.entry(kind).or_default();
        if let Some(known) = records.iter_mut().find(|r| r.external_id == external_id) {
            known.record.merge(revision);
        } else {
            let mut record = Record::default();
            record.merge(revision);
            records.push(FactRecord { external_id, record });
        }
        self
    }

    /// `count` events a day on each day from `from`, for `days` days, by `users` users.
    pub(crate) fn used(mut self, from: &str, days: i32, count: u32, users: u32) -> Self {
        let first = at(from).to_zoned(jiff::tz::TimeZone::UTC).date();
        for offset in 0..days {
            let day = copilot_domain::time::shift(first, offset);
            let mut node = UsageNode::default();
            for number in 0..count {
                let event = UsageEvent {
                    id: format!("{day}-{number}"),
                    name: format!("feature_{}", number % 4),
                    user: (users > 0).then(|| format!("u{}", number % users.max(1))),
                    at: at(&day.to_string()),
                };
                node.insert(&event, epoch_day(day));
            }
            self.0.usage.entry(day).or_default().add(&node);
        }
        self
    }
}

pub(crate) fn tenant() -> copilot_domain::TenantId {
    copilot_domain::TenantId::proven("acme", copilot_domain::ids::TenantProof::OwnRecord).unwrap()
}
