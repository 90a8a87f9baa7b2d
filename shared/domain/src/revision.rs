//! What a source told us about one thing, kept so that the order of telling does not matter.
//!
//! A record is a set of revisions. Each revision is a patch: a field that is absent keeps its value, `null`
//! deletes it. The set is keyed by (version, hash of the patch) and the smallest `known_at` wins, so that merging
//! is commutative, associative and idempotent: the same deliveries in any order, any number of times, give the
//! same record. The current state is the fold of the patches in the order of their versions.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::limits::MAX_REVISIONS;
use crate::time::Timestamp;

/// One patch of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// The source's own time or version of this state; orders the revisions.
    pub version: Timestamp,
    /// When we learned it. Features of an earlier instant do not see it.
    pub known_at: Timestamp,
    /// Of the patch: tells two patches of the same version apart, and orders them the same way everywhere.
    pub hash: String,
    /// The fields told; `null` deletes.
    pub patch: Map<String, Value>,
}

impl Revision {
    /// A revision with its hash (16 hex digits of the SHA-256 of the patch's canonical JSON).
    pub fn new(version: Timestamp, known_at: Timestamp, patch: Map<String, Value>) -> Self {
        let mut text = String::new();
        canonical(&Value::Object(patch.clone()), &mut text);
        let digest = Sha256::digest(text.as_bytes());
        Self {
            version,
            known_at,
            hash: hex::encode(&digest[..8]),
            patch,
        }
    }

    fn key(&self) -> (Timestamp, &str) {
        (self.version, &self.hash)
    }
}

/// What merging a revision did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Merge {
    /// The record did not exist.
    Created,
    /// The current state changed.
    Updated,
    /// The record changed (an older state was filled in, or a newer version says the same), the current state did not.
    Recorded,
    /// Nothing changed; there is nothing to write.
    Unchanged,
}

/// The revisions of one record, ascending by (version, hash).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Record {
    revisions: Vec<Revision>,
}

impl Record {
    /// The revisions, oldest first.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Whether nothing was told yet.
    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty()
    }

    /// Merges one revision.
    pub fn merge(&mut self, new: Revision) -> Merge {
        match self.revisions.binary_search_by(|r| r.key().cmp(&new.key())) {
            Ok(at) => {
                let old = &mut self.revisions[at];
                if new.known_at < old.known_at {
                    old.known_at = new.known_at;
                    Merge::Recorded
                } else {
                    Merge::Unchanged
                }
            }
            Err(at) => {
                let before = (!self.revisions.is_empty()).then(|| self.current());
                self.revisions.insert(at, new);
                self.bound();
                match before {
                    None => Merge::Created,
                    Some(state) if state == self.current() => Merge::Recorded,
                    Some(_) => Merge::Updated,
                }
            }
        }
    }

    /// Folds the oldest revisions into one when there are too many, so that the record stays small.
    fn bound(&mut self) {
        while self.revisions.len() > MAX_REVISIONS {
            let oldest = self.revisions.remove(0);
            let next = &mut self.revisions[0];
            let mut patch = oldest.patch;
            for (key, value) in &next.patch {
                patch.insert(key.clone(), value.clone());
            }
            // The version and the hash stay those of the newer revision, so that its redelivery is still known.
            next.patch = patch;
        }
    }

    /// The current state: every patch folded, deleted fields gone.
    pub fn current(&self) -> Map<String, Value> {
        fold(self.revisions.iter())
    }

    /// The state as it was known at an instant; `None` when nothing was known yet.
    pub fn as_of(&self, as_of: Timestamp) -> Option<Map<String, Value>> {
        let mut known = self.revisions.iter().filter(|r| r.known_at <= as_of).peekable();
        known.peek()?;
        Some(fold(known))
    }

    /// The state as it was known at an instant, typed.
    ///
    /// # Errors
    /// When a field has another type than the row type says, which validated rows never have.
    pub fn view<T: DeserializeOwned>(&self, as_of: Timestamp) -> Option<Result<T, serde_json::Error>> {
        self.as_of(as_of)
            .map(|map| serde_json::from_value(Value::Object(map)))
    }

    /// When the first revision became known.
    pub fn known_since(&self) -> Option<Timestamp> {
        self.revisions.iter().map(|r| r.known_at).min()
    }
}

/// JSON with sorted keys: equal patches have equal text, however their fields were ordered.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for key in keys {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                canonical(&map[key], out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn fold<'a>(revisions: impl Iterator<Item = &'a Revision>) -> Map<String, Value> {
    let mut state = Map::new();
    for revision in revisions {
        apply(&mut state, &revision.patch);
    }
    state
}

/// Applies a patch: absent keeps, `null` deletes; objects (custom fields, identities) are patched field by field.
fn apply(state: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (state.get_mut(key), value) {
            (_, Value::Null) => {
                state.remove(key);
            }
            (Some(Value::Object(old)), Value::Object(new)) => apply(old, new),
            (_, Value::Object(new)) => {
                let mut fresh = Map::new();
                apply(&mut fresh, new);
                state.insert(key.clone(), Value::Object(fresh));
            }
            (_, value) => {
                state.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn revision(version: i64, known: i64, patch: &Value) -> Revision {
        Revision::new(at(version), at(known), patch.as_object().unwrap().clone())
    }

    #[test]
    fn absent_keeps_and_null_deletes() {
        let mut record = Record::default();
        assert_eq!(
            record.merge(revision(
                1,
                1,
                &json!({"name": "A", "seats": 5, "custom": {"x": 1, "y": 2}})
            )),
            Merge::Created
        );
        assert_eq!(
            record.merge(revision(2, 2, &json!({"seats": null, "custom": {"x": null}}))),
            Merge::Updated
        );
        assert_eq!(
            Value::Object(record.current()),
            json!({"name": "A", "custom": {"y": 2}})
        );
        assert_eq!(
            Value::Object(record.as_of(at(1)).unwrap()),
            json!({"name": "A", "seats": 5, "custom": {"x": 1, "y": 2}})
        );
    }

    #[test]
    fn a_late_older_state_does_not_move_the_record_back() {
        let mut record = Record::default();
        record.merge(revision(5, 5, &json!({"status": "solved"})));
        assert_eq!(
            record.merge(revision(3, 6, &json!({"status": "open"}))),
            Merge::Recorded
        );
        assert_eq!(record.current()["status"], "solved");
    }

    fn any_revision() -> impl Strategy<Value = Revision> {
        (0_i64..6, 0_i64..6, 0_u8..3, proptest::option::of(0_u8..3)).prop_map(
            |(version, known, field, value)| revision(version, known, &json!({ format!("f{field}"): value })),
        )
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_give_the_same_record(
            (deliveries, shuffled) in proptest::collection::vec(any_revision(), 1..25)
                .prop_flat_map(|once| {
                    let mut again = once.clone();
                    again.extend(once.iter().take(7).cloned());
                    (Just(once), Just(again).prop_shuffle())
                })
        ) {
            let mut clean = Record::default();
            for r in deliveries { clean.merge(r); }
            let mut messy = Record::default();
            for r in shuffled { messy.merge(r); }
            prop_assert_eq!(clean, messy);
        }
    }
}
