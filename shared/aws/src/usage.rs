//! Usage ledgers in the table: one item per node of a day, see [`copilot_domain::usage`].

use std::collections::BTreeMap;

use copilot_domain::facts::UsageFact;
use copilot_domain::time::{day_of, epoch_day};
use copilot_domain::usage::{Insert, UsageNode, child_path, id_hash};
use jiff::tz::TimeZone;

use crate::error::AwsError;
use crate::facts::Outcome;
use crate::item::Item;
use crate::keys::Key;
use crate::table::{Condition, Table};

const TRIES: usize = 10;

/// Counts the events of one identity and day: follows each from the root to the node that has its id or room for
/// it. Gives for each event what became of it: counted now or before, or [`Outcome::Contested`]. `root` is the root
/// node's item as it was read, if at all.
///
/// # Errors
/// [`AwsError`] when the table fails; counting again is safe.
pub async fn count(
    table: &Table,
    root_key: &Key,
    root: Option<Item>,
    zone: &TimeZone,
    events: &[(usize, &UsageFact)],
) -> Result<Vec<(usize, Outcome)>, AwsError> {
    let mut counted = Vec::with_capacity(events.len());
    let mut level: Vec<Node<'_>> = vec![(String::new(), root, events.to_vec())];
    while let Some((path, item, events)) = level.pop() {
        let key = Key {
            pk: root_key.pk.clone(),
            sk: format!("{}{path}", root_key.sk),
        };
        let (done, overflow) = count_in_node(table, &key, item, zone, &events).await?;
        counted.extend(done);
        let mut children: BTreeMap<String, Vec<(usize, &UsageFact)>> = BTreeMap::new();
        for (at, usage) in overflow {
            children
                .entry(child_path(&path, &id_hash(&usage.event.id)))
                .or_default()
                .push((at, usage));
        }
        for (child, events) in children {
            let key = Key {
                pk: root_key.pk.clone(),
                sk: format!("{}{child}", root_key.sk),
            };
            let item = table.get(&key).await?;
            level.push((child, item, events));
        }
    }
    Ok(counted)
}

/// A node to count in: its path, its item as read, the events that come to it.
type Node<'a> = (String, Option<Item>, Vec<(usize, &'a UsageFact)>);
type Split<'a> = (Vec<(usize, Outcome)>, Vec<(usize, &'a UsageFact)>);

/// Counts what belongs in one node; the rest overflows to its children.
async fn count_in_node<'a>(
    table: &Table,
    key: &Key,
    mut item: Option<Item>,
    zone: &TimeZone,
    events: &[(usize, &'a UsageFact)],
) -> Result<Split<'a>, AwsError> {
    let mut contested = false;
    for _ in 0..TRIES {
        let mut node = read_node(item.as_ref())?;
        let (mut done, mut overflow, mut changed) = (Vec::new(), Vec::new(), false);
        for (at, usage) in events {
            let known_day = epoch_day(day_of(usage.known_at, zone));
            match node.insert(&usage.event, known_day) {
                Insert::New => {
                    changed = true;
                    done.push((*at, Outcome::Counted(true)));
                }
                Insert::Amended => {
                    changed = true;
                    done.push((*at, Outcome::Counted(false)));
                }
                Insert::Duplicate if contested => done.push((*at, Outcome::Contested)),
                Insert::Duplicate => done.push((*at, Outcome::Counted(false))),
                Insert::Full => overflow.push((*at, *usage)),
            }
        }
        if !changed {
            return Ok((done, overflow));
        }
        let rev = item.as_ref().map_or(0, Item::rev);
        let new = Item::new(key, "usage")
            .number("rev", rev + 1)
            .bytes("ledger", node.encode());
        match table.put(new, Condition::unchanged(item.as_ref())).await {
            Ok(()) => return Ok((done, overflow)),
            Err(AwsError::Conflict { .. }) => {
                item = table.get(key).await?;
                contested = true;
            }
            Err(error) => return Err(error),
        }
    }
    Err(AwsError::Unavailable {
        operation: "count usage",
        source: "too many writers at once".into(),
    })
}

/// The node of an item; empty when there is none.
///
/// # Errors
/// [`AwsError::Corrupt`] when the ledger does not read.
pub fn read_node(item: Option<&Item>) -> Result<UsageNode, AwsError> {
    let Some(item) = item else {
        return Ok(UsageNode::default());
    };
    let corrupt = |source| AwsError::Corrupt {
        what: "the usage ledger",
        key: format!("{} / {}", item.str("pk"), item.str("sk")),
        source,
    };
    let bytes = item.blob("ledger").ok_or_else(|| corrupt(None))?;
    UsageNode::decode(bytes).map_err(|e| corrupt(Some(e.into())))
}
