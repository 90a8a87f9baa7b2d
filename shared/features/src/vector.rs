//! The features of one account at one instant.

use std::collections::BTreeMap;

use copilot_domain::health::FeatureMap;
use copilot_domain::time::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::catalogue::CATALOGUE;
use crate::config::FeatureGroup;

/// Values by feature name; what is not in it is missing.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FeatureVector {
    values: BTreeMap<&'static str, f64>,
    labels: BTreeMap<&'static str, String>,
    fact_at: BTreeMap<FeatureGroup, Timestamp>,
}

impl FeatureVector {
    /// A feature's value; `None` when it is missing.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// Sets a feature. What is missing or not finite stays out.
    pub fn set(&mut self, name: &'static str, value: impl Into<Option<f64>>) {
        debug_assert!(
            crate::catalogue::spec(name).is_some(),
            "{name} is not in the catalogue"
        );
        match value.into() {
            Some(value) if value.is_finite() => self.values.insert(name, value),
            _ => self.values.remove(name),
        };
    }

    /// The features that have a value.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.values.iter().map(|(name, value)| (*name, *value))
    }

    /// A word beside the numbers: which ticket, which invoice, which renewal. Ids and dates only, no names.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }

    /// Sets a word.
    pub fn set_label(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.labels.insert(name, value);
        }
    }

    /// All words.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.labels.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// When the newest fact of a group happened.
    pub fn fact_at(&self, group: FeatureGroup) -> Option<Timestamp> {
        self.fact_at.get(&group).copied()
    }

    /// Tells of a fact of a group.
    pub fn saw(&mut self, group: FeatureGroup, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.fact_at
                .entry(group)
                .and_modify(|newest| *newest = at.max(*newest))
                .or_insert(at);
        }
    }

    /// Every feature of the catalogue, missing ones with no value.
    pub fn to_map(&self) -> FeatureMap {
        CATALOGUE
            .iter()
            .map(|spec| (spec.name.to_owned(), self.get(spec.name)))
            .collect()
    }

    /// Sixteen hex digits that change when any value or word does.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (name, value) in &self.values {
            hash.update(name.as_bytes());
            hash.update(value.to_bits().to_be_bytes());
        }
        for (name, value) in &self.labels {
            hash.update(name.as_bytes());
            hash.update((value.len() as u64).to_be_bytes());
            hash.update(value.as_bytes());
        }
        hex::encode(&hash.finalize()[..8])
    }
}

/// Names the features of the catalogue that a kept map leaves out because they were missing: the map is as [`FeatureVector::to_map`]
/// made it.
pub fn name_the_missing(features: &mut FeatureMap) {
    for spec in CATALOGUE {
        features.entry(spec.name.to_owned()).or_insert(None);
    }
}
