//! Writing an assessment: the account's card, its history, its alerts and the events to tell, all or nothing.
//!
//! Events are written to an outbox in the same transaction and put on the bus afterwards; a crash in between
//! leaves them in the outbox, where the next scoring of the account (the redelivered message, at the latest the
//! nightly sweep) finds and tells them. Who listens knows an event by its id, so telling twice is telling once.

mod opportunity;
mod retire;

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::alert::{Alert, RuleState, RuleStates};
use copilot_domain::assessment::Assessment;
use copilot_domain::check::{self, Check};
use copilot_domain::event::Event;
use copilot_domain::health::BandState;
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::opportunity::Opportunity;
use copilot_domain::playbook::NextAction;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use opportunity::opportunity_item;
pub use retire::{Closing, retire};

use crate::accounts::{self, Listing};
use crate::alerts;
use crate::bus::{BusEvent, EventBus};
use crate::checks::{self, DAILY_KEEP_DAYS};
use crate::error::AwsError;
use crate::family;
use crate::history::Loaded;
use crate::item::Item;
use crate::keys::{self, Key};
use crate::table::{Condition, Query, Table, Write};

/// The most writes that one transaction takes.
const MAX_WRITES: usize = 100;

/// What one scoring writes.
#[derive(Debug, Clone)]
pub struct ScoreWrite {
    /// The assessment.
    pub assessment: Assessment,
    /// The day it stands for in the history, in the tenant's zone.
    pub day: Date,
    /// What the account is listed by.
    pub listing: Listing,
    /// Its card.
    pub card: Value,
    /// One point of the history: score, band, sub-scores.
    pub point: Value,
    /// Alerts opened by this scoring.
    pub opened: Vec<Alert>,
    /// Alerts changed by it, each with the item that was read.
    pub changed: Vec<(Alert, Item)>,
    /// Rule states that changed.
    pub states: Vec<RuleState>,
    /// What is to be told.
    pub events: Vec<Event>,
    /// The rules whose alerts are counted for the storm guard.
    pub counted: BTreeSet<String>,
    /// What the storm guard notes.
    pub notes: Vec<Item>,
    /// What the next scoring needs to know of the band.
    pub band_state: BandState,
    /// What to do next.
    pub next_actions: Vec<NextAction>,
    /// The account's opportunity, if its signals add up to one.
    pub opportunity: Option<Opportunity>,
    /// Series whose prediction of this day is in the history already, as it is.
    pub standing: BTreeSet<String>,
    /// Predictions that are kept to be checked.
    pub checks: Vec<Check>,
    /// What the next scoring needs to know of what was kept.
    pub kept: Kept,
}

/// What was kept of an account's predictions, as it stands beside its newest assessment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kept {
    /// The newest day that was kept, by series.
    pub days: BTreeMap<String, Date>,
    /// Outcomes that were recorded of the account: one more is news for what waits.
    pub outcomes: usize,
}

/// The assessment as it is kept: a feature that is missing is not there. To all readers that is the same, and a scoring in a
/// transaction pays for each kilobyte twice.
fn without_gaps(assessment: &Assessment) -> Assessment {
    let mut kept = assessment.clone();
    kept.features.retain(|_, value| value.is_some());
    kept
}

/// Writes an assessment over what was loaded.
///
/// # Errors
/// [`AwsError::Conflict`] when the account, a rule or an alert changed since it was loaded: load and score again.
pub async fn store(
    table: &Table,
    tenant: &TenantId,
    loaded: &Loaded,
    write: &ScoreWrite,
) -> Result<(), AwsError> {
    let account = loaded.history.account;
    let old_card = loaded.state.get("ACCOUNT");
    let rev = old_card.map_or(0, Item::rev) + 1;
    let mut writes = vec![
        Write::Put(
            accounts::card_item(tenant, account, &write.listing, &write.card, rev),
            Condition::unchanged(old_card),
        ),
        Write::Put(
            Item::new(&keys::assessment(tenant, account), "assessment")
                .data(&without_gaps(&write.assessment))
                .json("band_state", &write.band_state)
                .json("next_actions", &write.next_actions)
                .json("kept", &write.kept),
            Condition::None,
        ),
    ];
    writes.extend(opportunity::write(tenant, loaded, write)?);
    writes.extend(family::follow(tenant, account, old_card, &write.card)?);
    for state in &write.states {
        let read = loaded
            .state
            .get(&keys::rule_state(tenant, account, &state.rule, &state.subject).sk);
        let item = alerts::rule_item(tenant, account, state, read.map_or(0, Item::rev) + 1);
        writes.push(Write::Put(item, Condition::unchanged(read)));
    }
    for alert in &write.opened {
        writes.push(Write::Put(alerts::item(tenant, alert, 1), Condition::Absent));
    }
    let at = write.assessment.as_of;
    writes.extend(
        write
            .counted
            .iter()
            .map(|rule| alerts::trip(tenant, rule, account, at)),
    );
    writes.extend(
        write
            .notes
            .iter()
            .map(|note| Write::Put(note.clone(), Condition::None)),
    );
    for (alert, read) in &write.changed {
        let item = alerts::item(tenant, alert, read.rev() + 1);
        writes.push(Write::Put(item, Condition::unchanged(Some(read))));
    }
    for event in &write.events {
        let key = keys::outbox(tenant, account, &event.event_id.to_string());
        writes.push(Write::Put(Item::new(&key, "outbox").data(event), Condition::None));
    }
    // History repeats what the assessment says: it may follow the transaction, and is put again by a retry.
    let mut history =
        vec![Item::new(&keys::score_day(tenant, account, write.day), "score-day").data(&write.point)];
    for prediction in &write.assessment.predictions {
        let series = check::series(prediction.kind, prediction.method, prediction.shadow);
        let kept = write.checks.iter().find(|check| check.series() == series);
        if kept.is_none() && write.standing.contains(&series) {
            continue;
        }
        let key = keys::prediction(tenant, account, &series, write.day);
        // By the wall clock: a sandbox lives in the past, and its rows would be gone at once.
        let daily = write.assessment.computed_at.as_second() + DAILY_KEEP_DAYS * 86_400;
        let ttl = kept.map_or(daily, |check| check.expires_at.as_second());
        history.push(Item::new(&key, "prediction").number("ttl", ttl).data(prediction));
        history.extend(kept.map(|check| checks::item(tenant, check)));
    }
    if writes.len() + history.len() <= MAX_WRITES {
        writes.extend(history.into_iter().map(|item| Write::Put(item, Condition::None)));
        table.transact(writes).await
    } else {
        table.write_many(history, &[]).await?;
        table.transact(writes).await
    }
}

/// What the scoring before left of the band.
///
/// # Errors
/// [`AwsError::Corrupt`] when it does not read.
pub fn band_state(state: &BTreeMap<String, Item>) -> Result<Option<BandState>, AwsError> {
    state
        .get("ASSESS")
        .map(|item| item.parsed("band_state"))
        .transpose()
}

/// The newest assessment; `None` before the first scoring.
///
/// # Errors
/// [`AwsError::Corrupt`] when it does not read.
pub fn newest(state: &BTreeMap<String, Item>) -> Result<Option<Assessment>, AwsError> {
    state.get("ASSESS").map(Item::document).transpose()
}

/// What was kept of an account's predictions; nothing before the first scoring.
pub fn kept(state: &BTreeMap<String, Item>) -> Kept {
    // An assessment of before this was noted says nothing: the next one is kept.
    let stored = state.get("ASSESS").and_then(|item| item.parsed("kept").ok());
    stored.unwrap_or_default()
}

/// The account's rule states.
///
/// # Errors
/// [`AwsError::Corrupt`] when one does not read.
pub fn rule_states(state: &BTreeMap<String, Item>) -> Result<RuleStates, AwsError> {
    let states = state
        .range("RULE#".to_owned()..)
        .take_while(|(sk, _)| sk.starts_with("RULE#"))
        .map(|(_, item)| item.document())
        .collect::<Result<Vec<RuleState>, AwsError>>()?;
    Ok(RuleStates::from_states(states))
}

/// The events of an account that were decided and not yet told.
///
/// # Errors
/// [`AwsError::Corrupt`] when one does not read.
pub fn untold(state: &BTreeMap<String, Item>) -> Result<Vec<Event>, AwsError> {
    state
        .range("OUT#".to_owned()..)
        .take_while(|(sk, _)| sk.starts_with("OUT#"))
        .map(|(_, item)| item.document())
        .collect()
}

/// Tells events and takes them from the outbox.
///
/// # Errors
/// [`AwsError`] when the bus or the table fails: they stay in the outbox and are told later.
pub async fn tell(
    table: &Table,
    bus: &EventBus,
    tenant: &TenantId,
    account: AccountId,
    events: &[Event],
) -> Result<(), AwsError> {
    if events.is_empty() {
        return Ok(());
    }
    let told: Vec<BusEvent> = events
        .iter()
        .map(|event| BusEvent {
            detail_type: event.event_type.as_str().to_owned(),
            detail: serde_json::to_string(event).unwrap_or_default(),
        })
        .collect();
    bus.put(&told).await?;
    let mut done: Vec<Key> = events
        .iter()
        .map(|e| keys::outbox(tenant, account, &e.event_id.to_string()))
        .collect();
    // A batch that names a key twice is refused.
    done.sort();
    done.dedup();
    table.write_many(Vec::new(), &done).await
}

/// The points of an account's history between two days, oldest first.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn points(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
    from: Date,
    to: Date,
) -> Result<Vec<(Date, Value)>, AwsError> {
    let query = Query {
        pk: keys::history_partition(tenant, account),
        from: Some(format!("S#{from}")),
        to: Some(format!("S#{to}")),
        ..Query::default()
    };
    table
        .all(query)
        .await?
        .iter()
        .filter_map(|item| {
            item.str("sk")
                .strip_prefix("S#")?
                .parse::<Date>()
                .ok()
                .map(|day| (day, item))
        })
        .map(|(day, item)| Ok((day, item.document()?)))
        .collect()
}

/// Writes points of an account's history.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put_points(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
    points: &[(Date, Value)],
) -> Result<(), AwsError> {
    let items = points
        .iter()
        .map(|(day, point)| Item::new(&keys::score_day(tenant, account, *day), "score-day").data(point))
        .collect();
    table.write_many(items, &[]).await
}
