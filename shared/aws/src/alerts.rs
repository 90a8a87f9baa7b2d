//! Alerts in the table: by id, listed by status, assignee and account.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use copilot_domain::alert::{Alert, AlertStatus, Feedback, RuleState};
use copilot_domain::event::Event;
use copilot_domain::ids::{AccountId, AlertId, TenantId};
use copilot_domain::time::{Timestamp, epoch_day};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, Key, index};
use crate::table::{Condition, Query, Table, Write};

/// A stored alert with the counter of its item, which is its ETag.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAlert {
    /// The alert, feedback included.
    pub alert: Alert,
    /// The counter of optimistic writes.
    pub rev: i64,
}

/// The item of an alert. Feedback is kept in items of its own.
pub fn item(tenant: &TenantId, alert: &Alert, rev: i64) -> Item {
    let mut bare = alert.clone();
    bare.feedback.clear();
    let id = alert.id.to_string();
    let by_priority = format!("{}#{id}", index::number(alert.priority));
    let mut item = Item::new(&keys::alert(tenant, alert.id), "alert")
        .number("rev", rev)
        .text("g1pk", &index::alerts(tenant, alert.status.as_str()))
        .text("g1sk", &by_priority)
        .text("g3pk", &index::account_alerts(tenant, alert.account.id))
        .text("g3sk", &format!("{}#{id}", alert.opened_at))
        .text("f_rule", &alert.rule)
        .text("f_severity", alert.severity.as_str())
        .text("f_status", alert.status.as_str())
        .text("f_account", &alert.account.id.to_string())
        .data(&bare);
    let assignee = alert.assignee.as_ref().or(alert.account.owner.as_ref());
    if let Some(assignee) = assignee {
        item = item.text("f_assignee", assignee);
        if alert.status.is_live() {
            item = item
                .text("g2pk", &index::assignee(tenant, assignee))
                .text("g2sk", &by_priority);
        }
    }
    item
}

/// An alert with its feedback.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn get(table: &Table, tenant: &TenantId, id: AlertId) -> Result<Option<StoredAlert>, AwsError> {
    let pk = keys::alert(tenant, id).pk;
    let items = table
        .all(Query {
            pk,
            consistent: true,
            ..Query::default()
        })
        .await?;
    let mut stored: Option<StoredAlert> = None;
    let mut feedback: Vec<Feedback> = Vec::new();
    for item in items {
        if item.str("sk") == "ALERT" {
            stored = Some(StoredAlert {
                rev: item.rev(),
                alert: item.document()?,
            });
        } else {
            feedback.push(item.document()?);
        }
    }
    if let Some(stored) = &mut stored {
        feedback.sort_by_key(|f| f.at);
        stored.alert.feedback = feedback;
    }
    Ok(stored)
}

/// The items of alerts by id, without feedback.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn items(
    table: &Table,
    tenant: &TenantId,
    ids: &[AlertId],
) -> Result<HashMap<AlertId, (Alert, Item)>, AwsError> {
    let wanted: Vec<Key> = ids.iter().map(|id| keys::alert(tenant, *id)).collect();
    let mut found = HashMap::new();
    for item in table.get_many(&wanted, true).await?.into_values() {
        let alert: Alert = item.document()?;
        found.insert(alert.id, (alert, item));
    }
    Ok(found)
}

/// The state of an alert's rule, and the counter of its item.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn rule_state(
    table: &Table,
    tenant: &TenantId,
    account: AccountId,
    rule: &str,
    subject: &str,
) -> Result<Option<(RuleState, i64)>, AwsError> {
    let item = table
        .get(&keys::rule_state(tenant, account, rule, subject))
        .await?;
    item.map(|item| Ok((item.document()?, item.rev()))).transpose()
}

/// The item of a rule state.
pub fn rule_item(tenant: &TenantId, account: AccountId, state: &RuleState, rev: i64) -> Item {
    Item::new(
        &keys::rule_state(tenant, account, &state.rule, &state.subject),
        "rule-state",
    )
    .number("rev", rev)
    .data(state)
}

/// Writes what a human did to an alert, what its rule must remember of it, and what is to be told of it, all or
/// nothing. The account's next scoring tells it.
///
/// # Errors
/// [`AwsError::Conflict`] when either changed since it was read.
pub async fn change(
    table: &Table,
    tenant: &TenantId,
    old: &StoredAlert,
    new: &Alert,
    state: Option<(&RuleState, i64)>,
    audit: Option<Item>,
    event: Option<&Event>,
) -> Result<(), AwsError> {
    let mut writes = vec![Write::Put(
        item(tenant, new, old.rev + 1),
        Condition::Rev(old.rev),
    )];
    if let Some((state, rev)) = state {
        let item = rule_item(tenant, new.account.id, state, rev + 1);
        writes.push(Write::Put(item, Condition::Rev(rev)));
    }
    writes.extend(audit.map(|item| Write::Put(item, Condition::None)));
    writes.extend(event.map(|event| {
        let key = keys::outbox(tenant, new.account.id, &event.event_id.to_string());
        Write::Put(Item::new(&key, "outbox").data(event), Condition::None)
    }));
    table.transact(writes).await
}

/// Writes a rating; one per user and kind, the newest stays.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn rate(
    table: &Table,
    tenant: &TenantId,
    id: AlertId,
    feedback: &Feedback,
) -> Result<(), AwsError> {
    let kind = format!("{:?}", feedback.kind).to_lowercase();
    let key = keys::feedback(tenant, id, &feedback.user, &kind);
    table
        .put(Item::new(&key, "feedback").data(feedback), Condition::None)
        .await
}

/// How to list alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListBy {
    /// All of a status, by priority.
    Status(AlertStatus),
    /// The live ones of an assignee, by priority.
    Assignee(String),
    /// All of an account, by the time they opened.
    Account(AccountId),
}

/// The query of a list of alerts, highest or newest first.
pub fn list(tenant: &TenantId, by: &ListBy) -> Query {
    let (name, pk) = match by {
        ListBy::Status(status) => ("gsi1", index::alerts(tenant, status.as_str())),
        ListBy::Assignee(who) => ("gsi2", index::assignee(tenant, who)),
        ListBy::Account(account) => ("gsi3", index::account_alerts(tenant, *account)),
    };
    Query {
        index: Some(name),
        pk,
        descending: true,
        ..Query::default()
    }
}

/// Parts of a day's count of a rule, so that accounts scored at once do not wait for one item.
const SHARDS: u8 = 8;
/// How long such a count is kept.
const KEEP_COUNTS_DAYS: i32 = 3;

/// The day (UTC) that an instant is counted on.
pub fn count_day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// Counts an account at which a rule opened an alert. For the transaction that opens it: it counts once with it, and
/// not again in a retry.
pub fn trip(tenant: &TenantId, rule: &str, account: AccountId, at: Timestamp) -> Write {
    let day = count_day(at);
    let shard = account.uuid().as_bytes().last().map_or(0, |byte| byte % SHARDS);
    Write::Count {
        key: keys::trips(tenant, rule, day, shard),
        ttl: i64::from(epoch_day(day) + KEEP_COUNTS_DAYS) * 86_400,
    }
}

/// What the storm guard knows of a rule's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trips {
    /// Accounts at which it opened an alert.
    pub accounts: usize,
    /// Whether it was noted as held.
    pub is_noted: bool,
}

/// How often rules tripped on the day of an instant (UTC), by one read for all of them. Eventually consistent: a
/// guard that trips one account late is as good.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn trips(
    table: &Table,
    tenant: &TenantId,
    rules: &BTreeSet<String>,
    at: Timestamp,
) -> Result<BTreeMap<String, Trips>, AwsError> {
    let day = count_day(at);
    let of = |rule: &str| {
        (0..SHARDS)
            .map(|shard| keys::trips(tenant, rule, day, shard))
            .collect::<Vec<_>>()
    };
    let wanted: Vec<Key> = rules
        .iter()
        .flat_map(|rule| of(rule).into_iter().chain([keys::storm(tenant, day, rule)]))
        .collect();
    let found = table.get_many(&wanted, false).await?;
    let count = |key: &Key| found.get(key).and_then(|item| item.int("n")).unwrap_or(0);
    Ok(rules
        .iter()
        .map(|rule| {
            let sum: i64 = of(rule).iter().map(count).sum();
            let trips = Trips {
                accounts: usize::try_from(sum).unwrap_or_default(),
                is_noted: found.contains_key(&keys::storm(tenant, day, rule)),
            };
            (rule.clone(), trips)
        })
        .collect())
}
