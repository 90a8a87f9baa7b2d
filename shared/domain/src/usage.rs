//! Usage events of one account and day, counted once each.
//!
//! A node is a compact ledger: for each event the 128-bit hash of its id, its name, a hash of its user and the
//! day on which we learned of it. Counts and distinct users are derived from the ledger, so that merging is a set
//! union: the same events in any order, any number of times, give the same counts. A node takes
//! [`NODE_CAPACITY`] ids; then it is full, and later ids go to one of its sixteen children, chosen by the next
//! four bits of the hash. A full node takes no more ids, so a reader that follows the path from the root finds
//! every id that was ever counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::facts::UsageEvent;
use crate::time::{epoch_day, from_epoch_day};

/// Ids in one node: 1,000 entries are about 27 KB, far below DynamoDB's 400 KB and cheap to write again.
pub const NODE_CAPACITY: usize = 1_000;

/// The hash under which an event id is remembered.
pub type IdHash = [u8; 16];

/// One counted event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counted {
    /// Day (since 1970-01-01) on which we learned of it.
    pub known_day: i32,
    /// Event name.
    pub name: String,
    /// Hash of the user, if one was named.
    pub user: Option<u64>,
}

/// What inserting an event did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    /// Counted now.
    New,
    /// Counted before, but now known to be known earlier, or told otherwise: the ledger changed, the count did not.
    Amended,
    /// Counted before.
    Duplicate,
    /// The node is full; try its child.
    Full,
}

/// The 128-bit hash of an event id.
pub fn id_hash(event_id: &str) -> IdHash {
    let digest = Sha256::digest(event_id.as_bytes());
    let mut hash = [0_u8; 16];
    hash.copy_from_slice(&digest[..16]);
    hash
}

/// The hash of a user id.
pub fn user_hash(user: &str) -> u64 {
    let digest = Sha256::digest(user.as_bytes());
    let mut hash = [0_u8; 8];
    hash.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(hash)
}

/// The name of the child of `path` that an id belongs to: one hex digit longer.
pub fn child_path(path: &str, id: &IdHash) -> String {
    let depth = path.len();
    let byte = id.get(depth / 2).copied().unwrap_or(0);
    let nibble = if depth.is_multiple_of(2) {
        byte >> 4
    } else {
        byte & 0x0f
    };
    format!("{path}{nibble:x}")
}

/// A ledger that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a usage ledger does not read: {0}")]
pub struct LedgerError(&'static str);

/// One node of a day's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageNode {
    entries: BTreeMap<IdHash, Counted>,
}

impl UsageNode {
    /// Whether the node takes no more ids.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= NODE_CAPACITY
    }

    /// Ids held.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Counts an event, once.
    pub fn insert(&mut self, event: &UsageEvent, known_day: i32) -> Insert {
        let counted = Counted {
            known_day,
            name: event.name.clone(),
            user: event.user.as_deref().map(user_hash),
        };
        let id = id_hash(&event.id);
        let full = self.is_full();
        match self.entries.get_mut(&id) {
            // Two tellings of one id: the smaller wins, whatever came first.
            Some(old) if counted < *old => {
                *old = counted;
                Insert::Amended
            }
            Some(_) => Insert::Duplicate,
            None if full => Insert::Full,
            None => {
                self.entries.insert(id, counted);
                Insert::New
            }
        }
    }

    /// Packs the ledger: a version byte, the sorted names, then 28 bytes an event in the order of their hashes.
    pub fn encode(&self) -> Vec<u8> {
        let names: BTreeSet<&str> = self.entries.values().map(|c| c.name.as_str()).collect();
        let index: BTreeMap<&str, u16> = names.iter().copied().zip(0_u16..).collect();
        let mut out = vec![1_u8];
        out.extend((names.len() as u16).to_be_bytes());
        for name in &names {
            out.extend((name.len() as u16).to_be_bytes());
            out.extend(name.as_bytes());
        }
        for (id, counted) in &self.entries {
            out.extend(id);
            out.extend(
                index
                    .get(counted.name.as_str())
                    .copied()
                    .unwrap_or(0)
                    .to_be_bytes(),
            );
            out.extend((counted.known_day as u16).to_be_bytes());
            out.extend(counted.user.unwrap_or(0).to_be_bytes());
        }
        out
    }

    /// Unpacks a ledger.
    ///
    /// # Errors
    /// [`LedgerError`] when the bytes are not what [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, LedgerError> {
        let mut rest = bytes;
        if take(&mut rest, 1)? != [1] {
            return Err(LedgerError("unknown version"));
        }
        let count = take_u16(&mut rest)?;
        let mut names = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let len = take_u16(&mut rest)?;
            let name = std::str::from_utf8(take(&mut rest, usize::from(len))?);
            names.push(name.map_err(|_| LedgerError("a name is not UTF-8"))?.to_owned());
        }
        let mut entries = BTreeMap::new();
        while !rest.is_empty() {
            let mut id = [0_u8; 16];
            id.copy_from_slice(take(&mut rest, 16)?);
            let name = names
                .get(usize::from(take_u16(&mut rest)?))
                .ok_or(LedgerError("an unknown name"))?;
            let known_day = i32::from(take_u16(&mut rest)?);
            let mut user = [0_u8; 8];
            user.copy_from_slice(take(&mut rest, 8)?);
            let user = Some(u64::from_be_bytes(user)).filter(|u| *u != 0);
            entries.insert(
                id,
                Counted {
                    known_day,
                    name: name.clone(),
                    user,
                },
            );
        }
        Ok(Self { entries })
    }
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], LedgerError> {
    let (head, tail) = rest.split_at_checked(len).ok_or(LedgerError("cut short"))?;
    *rest = tail;
    Ok(head)
}

fn take_u16(rest: &mut &[u8]) -> Result<u16, LedgerError> {
    let bytes = take(rest, 2)?;
    Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// A day of usage: what the nodes of the day hold together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UsageDay {
    /// The counted events, by what we know of them, with their number.
    counted: Vec<(Counted, u32)>,
}

impl UsageDay {
    /// Adds a node of the day.
    pub fn add(&mut self, node: &UsageNode) {
        let mut counts: BTreeMap<Counted, u32> = self.counted.drain(..).collect();
        for counted in node.entries.values() {
            *counts.entry(counted.clone()).or_default() += 1;
        }
        self.counted = counts.into_iter().collect();
    }

    /// Adds another day's events to this one (the same day of another identity of the account).
    pub fn extend(&mut self, other: Self) {
        let mut counts: BTreeMap<Counted, u32> = self.counted.drain(..).collect();
        for (counted, number) in other.counted {
            *counts.entry(counted).or_default() += number;
        }
        self.counted = counts.into_iter().collect();
    }

    /// The events known by the end of a day.
    pub fn known_by(&self, day: Date) -> impl Iterator<Item = (&Counted, u32)> {
        let last = epoch_day(day);
        self.counted
            .iter()
            .filter(move |(c, _)| c.known_day <= last)
            .map(|(c, n)| (c, *n))
    }

    /// Events by name, and distinct users, known by the end of a day.
    pub fn tally(&self, known_by: Date) -> UsageTally {
        let mut tally = UsageTally::default();
        for (counted, number) in self.known_by(known_by) {
            tally.events += u64::from(number);
            *tally.by_name.entry(counted.name.clone()).or_default() += u64::from(number);
            tally.users.extend(counted.user);
        }
        tally
    }

    /// The names of the day's events; a name may come more than once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        // Entries stand in the order of their names: looking at the one before leaves most repetitions out.
        self.counted
            .chunk_by(|a, b| a.0.name == b.0.name)
            .filter_map(|run| run.first().map(|(counted, _)| counted.name.as_str()))
    }

    /// The same as [`Self::tally`], with the names by their places in a list.
    pub(crate) fn count(&self, known_by: Date, places: &HashMap<&str, u32>) -> DayUse {
        let last = epoch_day(known_by);
        let mut day = DayUse::default();
        for run in self.counted.chunk_by(|a, b| a.0.name == b.0.name) {
            let mut sum = 0;
            for (counted, number) in run.iter().filter(|(counted, _)| counted.known_day <= last) {
                sum += u64::from(*number);
                day.users.extend(counted.user);
            }
            let name = run
                .first()
                .and_then(|(counted, _)| places.get(counted.name.as_str()));
            if let Some(name) = name.filter(|_| sum > 0) {
                day.events += sum;
                day.by_name.push((*name, sum));
            }
        }
        day.users.sort_unstable();
        day.users.dedup();
        day.by_name.sort_unstable();
        day.by_name.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        day
    }

    /// The days (since 1970-01-01) on which we learned of the first and of the last event of this day.
    pub fn known_days(&self) -> Option<(i32, i32)> {
        let days = || self.counted.iter().map(|(c, _)| c.known_day);
        days().min().zip(days().max())
    }

    /// The earliest day on which we learned of any event of this day.
    pub fn known_since(&self) -> Option<Date> {
        self.known_days().map(|(first, _)| from_epoch_day(first))
    }
}

/// What a day of usage sums up to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageTally {
    /// All events.
    pub events: u64,
    /// Events by name.
    pub by_name: BTreeMap<String, u64>,
    /// Distinct users, hashed.
    pub users: BTreeSet<u64>,
}

/// What a day of usage sums up to, in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayUse {
    /// All events.
    pub events: u64,
    /// Events by name, ascending: the place of the name among [`crate::history::Snapshot::event_names`], and how many.
    pub by_name: Vec<(u32, u64)>,
    /// Distinct users, hashed, ascending.
    pub users: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn event(id: u32, name: u8, user: Option<u8>) -> UsageEvent {
        UsageEvent {
            id: format!("e{id}"),
            name: format!("n{name}"),
            user: user.map(|u| format!("u{u}")),
            at: Timestamp::from_second(86_400 * 20_000).unwrap(),
        }
    }

    /// Counts events the way the store does: follow the path until a node has the id or room for it.
    fn count(tree: &mut BTreeMap<String, UsageNode>, event: &UsageEvent, known_day: i32) {
        let mut path = String::new();
        while tree.entry(path.clone()).or_default().insert(event, known_day) == Insert::Full {
            path = child_path(&path, &id_hash(&event.id));
        }
    }

    fn day(tree: &BTreeMap<String, UsageNode>) -> UsageDay {
        let mut day = UsageDay::default();
        for node in tree.values() {
            day.add(node);
        }
        day
    }

    #[test]
    fn a_node_reads_back_as_written() {
        let mut node = UsageNode::default();
        for id in 0..50 {
            node.insert(&event(id, (id % 3) as u8, (id % 2 == 0).then_some(7)), 20_000);
        }
        assert_eq!(UsageNode::decode(&node.encode()), Ok(node.clone()));
        let mut cut = node.encode();
        cut.pop();
        assert!(UsageNode::decode(&cut).is_err());
    }

    #[test]
    fn more_ids_than_a_node_takes_are_all_counted_once() {
        let mut tree = BTreeMap::new();
        for _ in 0..2 {
            for id in 0..3_500 {
                count(&mut tree, &event(id, 0, None), 20_000);
            }
        }
        assert!(tree.len() > 1);
        assert_eq!(day(&tree).tally(from_epoch_day(20_000)).events, 3_500);
    }

    proptest! {
        #[test]
        fn any_order_and_repetition_count_the_same(
            events in proptest::collection::vec((0_u32..30, 0_u8..3, proptest::option::of(0_u8..4), 20_000_i32..20_003), 1..60),
            seed in proptest::collection::vec(any::<proptest::sample::Index>(), 0..60),
        ) {
            let mut clean = BTreeMap::new();
            for (id, name, user, known) in &events { count(&mut clean, &event(*id, *name, *user), *known); }
            let mut messy = BTreeMap::new();
            let mut shuffled = events.clone();
            for index in &seed { shuffled.push(events[index.index(events.len())]); }
            shuffled.reverse();
            for (id, name, user, known) in &shuffled { count(&mut messy, &event(*id, *name, *user), *known); }
            prop_assert_eq!(day(&clean), day(&messy));
        }
    }
}
