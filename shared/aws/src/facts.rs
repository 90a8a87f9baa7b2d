//! Applying facts: read what is known, merge, write what changed. Safe to run twice, in any order, by many at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use copilot_domain::facts::{Fact, Kind, LinkFact, RecordFact, UsageFact};
use copilot_domain::ids::{AccountId, ExternalId, TenantId};
use copilot_domain::revision::{Merge, Record};
use futures::stream::{self, StreamExt};
use jiff::tz::TimeZone;

use crate::accounts;
use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, Key};
use crate::kinds;
use crate::links::{self, Linked};
use crate::table::{Condition, Table};
use crate::usage;

/// Items written at once by one call of [`apply`].
const PARALLEL: usize = 16;
/// Tries of one item when others write it at the same time.
const TRIES: usize = 10;

/// What became of one fact.
#[derive(Debug)]
pub enum Outcome {
    /// Merged; see [`Merge`].
    Merged(Merge),
    /// A usage event, counted now (`true`) or before (`false`).
    Counted(bool),
    /// A claim of an identity, which moved something (`true`) or not.
    Linked(bool),
    /// Known by the time it went through, after another write had come in between. That write may have been our
    /// own, whose answer was lost and which was sent again: nobody else may ask for the score that it needs.
    Contested,
    /// Not applied.
    Failed(AwsError),
}

impl Outcome {
    /// Whether anything that a score could depend on was written.
    pub fn changed(&self) -> bool {
        match self {
            Self::Merged(merge) => *merge != Merge::Unchanged,
            Self::Counted(new) | Self::Linked(new) => *new,
            Self::Contested => true,
            Self::Failed(_) => false,
        }
    }
}

/// What became of a fact, and whose it is.
#[derive(Debug)]
pub struct Applied {
    /// What became of it.
    pub outcome: Outcome,
    /// The account that it counts for.
    pub account: AccountId,
    /// No account has claimed its identity yet: it is kept and counts as soon as one does.
    pub parked: bool,
}

/// What applying facts did.
#[derive(Debug, Default)]
pub struct Report {
    /// One entry per fact, in their order.
    pub applied: Vec<Applied>,
    /// Known accounts that any fact belongs to.
    pub touched: BTreeSet<AccountId>,
    /// Of them, those of which anything changed.
    pub changed: BTreeSet<AccountId>,
}

/// Applies facts of one tenant. Days of usage are days in `zone`.
///
/// Facts that could not be written say so in their own outcome; the others went through.
///
/// # Errors
/// [`AwsError`] when not even the identities could be read.
pub async fn apply(
    table: &Table,
    tenant: &TenantId,
    zone: &TimeZone,
    facts: &[Fact],
) -> Result<Report, AwsError> {
    let mut report = Report::default();
    // Accounts first: what belongs to an account of the same delivery is not parked.
    let moved = claims(table, tenant, facts).await?;
    let mut outcomes: Vec<Option<Outcome>> = facts.iter().map(|_| None).collect();
    for (at, outcome) in apply_records(table, tenant, facts).await? {
        outcomes[at] = Some(outcome);
    }
    for (at, outcome) in apply_usage(table, tenant, zone, facts).await {
        outcomes[at] = Some(outcome);
    }
    // After the writes: whoever moves or establishes an identity from here on asks for a score that sees them.
    let (linked, late) = owners(table, tenant, facts).await?;
    let mut claimed = moved.iter();
    for (fact, outcome) in facts.iter().zip(outcomes) {
        let Linked { account, known } = linked[identity(fact)];
        let outcome = outcome.unwrap_or_else(|| Outcome::Linked(claimed.next().is_some_and(Option::is_some)));
        if known {
            report.touched.insert(account);
            if outcome.changed() || late.contains(identity(fact)) {
                report.changed.insert(account);
            }
        }
        report.applied.push(Applied {
            outcome,
            account,
            parked: !known,
        });
    }
    for step in moved.into_iter().flatten() {
        report.touched.extend(&step.from);
        report.changed.extend(step.from);
        report.touched.insert(step.to);
        report.changed.insert(step.to);
    }
    kinds::note(table, tenant, facts).await?;
    Ok(report)
}

fn identity(fact: &Fact) -> &ExternalId {
    match fact {
        Fact::Record(record) => &record.account,
        Fact::Usage(usage) => &usage.account,
        Fact::Link(link) => &link.identity,
    }
}

/// Establishes the accounts that records tell of and makes the claims; new accounts are listed at once. Says of each
/// claim, in their order, what it moved.
async fn claims(
    table: &Table,
    tenant: &TenantId,
    facts: &[Fact],
) -> Result<Vec<Option<links::Moved>>, AwsError> {
    let mut accounts: BTreeMap<&ExternalId, &RecordFact> = BTreeMap::new();
    let mut explicit: Vec<LinkFact> = Vec::new();
    for fact in facts {
        match fact {
            Fact::Record(record) if record.kind == Kind::Account => {
                let newest = accounts.entry(&record.external_id).or_insert(record);
                if newest.revision.version <= record.revision.version {
                    *newest = record;
                }
            }
            Fact::Link(link) => explicit.push(link.clone()),
            _ => {}
        }
    }
    // Known accounts need no write: one batched read finds them.
    let identities: Vec<ExternalId> = accounts.keys().map(|i| (*i).clone()).collect();
    let known = links::resolve(table, tenant, &identities).await?;
    let fresh: Vec<&ExternalId> = identities.iter().filter(|i| !known[*i].known).collect();
    let stubs: Vec<(AccountId, &RecordFact)> = fresh
        .iter()
        .filter_map(|i| {
            accounts
                .get(i)
                .map(|record| (AccountId::of_identity(tenant, i), *record))
        })
        .collect();
    // Listed first: a crash in between leaves an identity that is still fresh, and the next try establishes it.
    accounts::list_new(table, tenant, &stubs).await?;
    links::establish_all(table, tenant, &fresh).await?;
    links::claim_all(table, tenant, &explicit).await
}

/// Whose the facts are, once they are written. Identities that no account has claimed are noted, so that they can be
/// shown; those that an account claimed while we noted them are taken off again and given as the second part: their
/// facts may have been written after that account was read for its score.
async fn owners(
    table: &Table,
    tenant: &TenantId,
    facts: &[Fact],
) -> Result<(HashMap<ExternalId, Linked>, BTreeSet<ExternalId>), AwsError> {
    let identities: BTreeSet<&ExternalId> = facts.iter().map(identity).collect();
    let identities: Vec<ExternalId> = identities.into_iter().cloned().collect();
    let mut linked = links::resolve(table, tenant, &identities).await?;
    let unknown: Vec<ExternalId> = identities.into_iter().filter(|i| !linked[i].known).collect();
    if unknown.is_empty() {
        return Ok((linked, BTreeSet::new()));
    }
    let items = unknown
        .iter()
        .map(|i| Item::new(&keys::parked(tenant, i), "parked").data(i))
        .collect();
    table.write_many(items, &[]).await?;
    let again = links::resolve(table, tenant, &unknown).await?;
    let late: BTreeSet<ExternalId> = unknown.into_iter().filter(|i| again[i].known).collect();
    let late_keys: Vec<Key> = late.iter().map(|i| keys::parked(tenant, i)).collect();
    table.write_many(Vec::new(), &late_keys).await?;
    linked.extend(again);
    Ok((linked, late))
}

async fn apply_records(
    table: &Table,
    tenant: &TenantId,
    facts: &[Fact],
) -> Result<Vec<(usize, Outcome)>, AwsError> {
    let mut groups: BTreeMap<Key, Vec<(usize, &RecordFact)>> = BTreeMap::new();
    for (at, fact) in facts.iter().enumerate() {
        if let Fact::Record(record) = fact {
            let key = keys::record(tenant, &record.account, record.kind, &record.external_id);
            groups.entry(key).or_default().push((at, record));
        }
    }
    let all: Vec<Key> = groups.keys().cloned().collect();
    let mut read = table.get_many(&all, false).await?;
    let work: Vec<_> = groups
        .into_iter()
        .map(|(key, rows)| (read.remove(&key), key, rows))
        .collect();
    let done: Vec<Vec<(usize, Outcome)>> = stream::iter(work)
        .map(|(item, key, rows)| merge_record(table, key, item, rows))
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    Ok(done.into_iter().flatten().collect())
}

/// Merges the revisions of one record and writes it when it changed.
async fn merge_record(
    table: &Table,
    key: Key,
    mut item: Option<Item>,
    rows: Vec<(usize, &RecordFact)>,
) -> Vec<(usize, Outcome)> {
    let mut contested = false;
    for _ in 0..TRIES {
        let mut record: Record = match item.as_ref().map(Item::document).transpose() {
            Ok(record) => record.unwrap_or_default(),
            Err(error) => return failed(rows, error),
        };
        let merges: Vec<(usize, Merge)> = rows
            .iter()
            .map(|(at, row)| (*at, record.merge(row.revision.clone())))
            .collect();
        if merges.iter().any(|(_, merge)| *merge != Merge::Unchanged) {
            let rev = item.as_ref().map_or(0, Item::rev);
            let new = Item::new(&key, "record").number("rev", rev + 1).data(&record);
            match table.put(new, Condition::unchanged(item.as_ref())).await {
                Ok(()) => {}
                Err(AwsError::Conflict { .. }) => match table.get(&key).await {
                    Ok(read) => {
                        item = read;
                        contested = true;
                        continue;
                    }
                    Err(error) => return failed(rows, error),
                },
                Err(error) => return failed(rows, error),
            }
        }
        return merges
            .into_iter()
            .map(|(at, merge)| match merge {
                Merge::Unchanged if contested => (at, Outcome::Contested),
                merge => (at, Outcome::Merged(merge)),
            })
            .collect();
    }
    failed(
        rows,
        AwsError::Unavailable {
            operation: "merge a record",
            source: "too many writers at once".into(),
        },
    )
}

/// The same failure for every row of an item; the first carries the cause.
fn failed<T>(rows: Vec<(usize, T)>, error: AwsError) -> Vec<(usize, Outcome)> {
    let text = error.to_string();
    let mut cause = Some(error);
    rows.into_iter()
        .map(|(at, _)| {
            let again = || AwsError::Unavailable {
                operation: "apply a fact",
                source: text.clone().into(),
            };
            (at, Outcome::Failed(cause.take().unwrap_or_else(again)))
        })
        .collect()
}

async fn apply_usage(
    table: &Table,
    tenant: &TenantId,
    zone: &TimeZone,
    facts: &[Fact],
) -> Vec<(usize, Outcome)> {
    let mut days: BTreeMap<Key, Vec<(usize, &UsageFact)>> = BTreeMap::new();
    for (at, fact) in facts.iter().enumerate() {
        if let Fact::Usage(usage) = fact {
            let day = copilot_domain::time::day_of(usage.event.at, zone);
            days.entry(keys::usage(tenant, &usage.account, day, ""))
                .or_default()
                .push((at, usage));
        }
    }
    let roots: Vec<Key> = days.keys().cloned().collect();
    let mut read = match table.get_many(&roots, false).await {
        Ok(read) => read,
        Err(error) => return failed(days.into_values().flatten().collect(), error),
    };
    let work: Vec<_> = days
        .into_iter()
        .map(|(key, events)| (read.remove(&key), key, events))
        .collect();
    stream::iter(work)
        .map(|(item, key, events)| async move {
            match usage::count(table, &key, item, zone, &events).await {
                Ok(counted) => counted,
                Err(error) => failed(events, error),
            }
        })
        .buffer_unordered(PARALLEL)
        .collect::<Vec<Vec<(usize, Outcome)>>>()
        .await
        .into_iter()
        .flatten()
        .collect()
}
