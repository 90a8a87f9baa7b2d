//! What a source told us about one thing, kept so that the order of telling does not matter.
//!
//! A record is a set of revisions. Each revision is a patch: a field that is absent keeps its value, `null`
//! deletes it. The set is keyed by (version, hash of the patch) and the smallest `known_at` wins, so that merging
//! is commutative, associative and idempotent: the same deliveries in any order, any number of times, give the
//! same record. The current state is the fold of the patches in the order of their versions.
//!
//! A record has bounds, in revisions and in bytes. Beyond them it gives up what it can best do without: first
//! revisions that only said again what was known and that a later one says once more, then the oldest, which is
//! folded into the next by the same deep merge that makes the state. The state stays what all revisions together
//! say; only of a revision that is older than the fold and comes after it, fields that the fold tells are not taken.

mod patch;

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::limits::{MAX_RECORD_BYTES, MAX_REVISIONS};
use crate::time::Timestamp;
use patch::{apply, compose, says};

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
    /// Whether older revisions are folded into this one; others that are older than it go the same way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub folded: bool,
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
            folded: false,
        }
    }

    /// Lays this revision over an older one that is given up. The version and the hash stay, so that a redelivery
    /// is still known. What the older one adds is known from the day on which both were.
    fn absorb(&mut self, older: Self) {
        let mut patch = older.patch;
        compose(&mut patch, &self.patch);
        if patch != self.patch {
            self.patch = patch;
            self.known_at = self.known_at.max(older.known_at);
        }
        self.folded = true;
    }

    /// Bytes of its JSON, rounded up.
    fn bytes(&self) -> usize {
        FRAME_BYTES + patch::bytes(&self.patch)
    }

    fn key(&self) -> (Timestamp, &str) {
        (self.version, &self.hash)
    }
}

/// Bytes of a revision's JSON around its patch: two instants, the hash, the names.
const FRAME_BYTES: usize = 160;

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
                if new.known_at < old.known_at && !old.folded {
                    old.known_at = new.known_at;
                    Merge::Recorded
                } else {
                    Merge::Unchanged
                }
            }
            Err(at) => {
                let before = (!self.revisions.is_empty()).then(|| self.current());
                if !self.insert(at, new) {
                    return Merge::Unchanged;
                }
                match before {
                    None => Merge::Created,
                    Some(state) if state == self.current() => Merge::Recorded,
                    Some(_) => Merge::Updated,
                }
            }
        }
    }

    /// Takes a revision in at its place and keeps the bounds; gives whether that changed the record.
    fn insert(&mut self, at: usize, new: Revision) -> bool {
        let mut before = None;
        match self.revisions.first_mut() {
            Some(fold) if at == 0 && fold.folded => {
                let old = fold.clone();
                fold.absorb(new);
                if *fold == old {
                    return false;
                }
            }
            _ => {
                self.revisions.insert(at, new);
                before = self.is_over().then(|| {
                    let mut before = self.revisions.clone();
                    before.remove(at);
                    before
                });
            }
        }
        while self.is_over() {
            if let Some(at) = self.redundant() {
                self.revisions.remove(at);
            } else {
                let oldest = self.revisions.remove(0);
                self.revisions[0].absorb(oldest);
            }
        }
        before.is_none_or(|before| before != self.revisions)
    }

    /// Whether the record is too large; a single revision never is.
    fn is_over(&self) -> bool {
        self.revisions.len() > MAX_REVISIONS
            || (self.revisions.len() > 1
                && self.revisions.iter().map(Revision::bytes).sum::<usize>() > MAX_RECORD_BYTES)
    }

    /// The oldest revision that nobody would miss: it changed nothing, all before it was known when it became known,
    /// and a later one says the same again, which keeps late news of an older version from coming through.
    fn redundant(&self) -> Option<usize> {
        let numbered = self.revisions.iter().enumerate();
        let last: HashMap<&str, usize> = numbered.clone().map(|(at, r)| (r.hash.as_str(), at)).collect();
        let mut state = Map::new();
        let mut known: Option<Timestamp> = None;
        for (at, revision) in numbered {
            let said_again = last.get(revision.hash.as_str()).is_some_and(|last| *last > at);
            let all_known = known.is_some_and(|known| known <= revision.known_at);
            if said_again && all_known && !revision.folded && says(&state, &revision.patch) {
                return Some(at);
            }
            apply(&mut state, &revision.patch);
            known = known.max(Some(revision.known_at));
        }
        None
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

    /// The state of a version as it was known at an instant.
    pub fn version_as_of(&self, version: Timestamp, as_of: Timestamp) -> Map<String, Value> {
        let until = |r: &&Revision| r.version <= version && r.known_at <= as_of;
        fold(self.revisions.iter().filter(until))
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

#[cfg(test)]
mod tests;
