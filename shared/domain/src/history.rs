//! Everything known about one account, and what of it was known at an instant.
//!
//! An [`AccountHistory`] is what the store loads and what an export holds; a [`Snapshot`] is the only thing that
//! features, health and rules read. A snapshot shows no fact with `known_at` after its instant, and no timestamp
//! that lies in its future.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::facts::{
    AccountRow, ActivityRow, ContactRow, InvoiceRow, Kind, OutcomeRow, SubscriptionRow, SurveyRow, TicketRow,
};
use crate::ids::{AccountId, ExternalId, Source};
use crate::revision::Record;
use crate::score_override::ScoreOverride;
use crate::time::{Timestamp, day_of, shift};
use crate::usage::{UsageDay, UsageTally};

/// One record of an account, with the id its source gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactRecord {
    /// The source and its id of this thing.
    pub external_id: ExternalId,
    /// What was told about it.
    pub record: Record,
}

/// Everything known about one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountHistory {
    /// The account.
    pub account: AccountId,
    /// IANA name of the tenant's zone: days are days there.
    pub zone: String,
    /// Records by kind.
    pub records: BTreeMap<Kind, Vec<FactRecord>>,
    /// Usage by day.
    pub usage: BTreeMap<Date, UsageDay>,
    /// Every override of its score that was ever given, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<ScoreOverride>,
}

/// A row with the id its source gives it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Known<T> {
    /// The source and its id.
    pub external_id: ExternalId,
    /// The row.
    pub row: T,
}

/// What was known about an account at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The account.
    pub account: AccountId,
    /// The instant.
    pub as_of: Timestamp,
    /// The day of the instant in the tenant's zone.
    pub today: Date,
    /// The tenant's zone.
    pub zone: TimeZone,
    /// The account's own fields, composed over its sources; `None` before any source told of it.
    pub row: AccountRow,
    /// When the account became known.
    pub known_since: Option<Timestamp>,
    /// Contacts.
    pub contacts: Vec<Known<ContactRow>>,
    /// Subscriptions.
    pub subscriptions: Vec<Known<SubscriptionRow>>,
    /// Earlier states of the subscriptions: (since, state), oldest first.
    pub subscription_changes: Vec<(Timestamp, Known<SubscriptionRow>)>,
    /// Invoices.
    pub invoices: Vec<Known<InvoiceRow>>,
    /// Tickets.
    pub tickets: Vec<Known<TicketRow>>,
    /// Activities.
    pub activities: Vec<Known<ActivityRow>>,
    /// Survey answers.
    pub surveys: Vec<Known<SurveyRow>>,
    /// Outcomes.
    pub outcomes: Vec<Known<OutcomeRow>>,
    /// Usage by day, up to `today`.
    pub usage: BTreeMap<Date, UsageTally>,
    /// The override of the score that holds.
    pub score_override: Option<ScoreOverride>,
}

impl AccountHistory {
    /// An account of which nothing is known.
    pub fn empty(account: AccountId, zone: impl Into<String>) -> Self {
        Self {
            account,
            zone: zone.into(),
            records: BTreeMap::new(),
            usage: BTreeMap::new(),
            overrides: Vec::new(),
        }
    }

    /// What was known at an instant.
    pub fn snapshot(&self, as_of: Timestamp) -> Snapshot {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        let today = day_of(as_of, &zone);
        let (row, known_since) = self.compose(as_of);
        Snapshot {
            account: self.account,
            as_of,
            today,
            row,
            known_since,
            contacts: self.rows(Kind::Contact, as_of, |r: &ContactRow| r.joined_at),
            subscriptions: self.rows(Kind::Subscription, as_of, |r: &SubscriptionRow| r.started_at),
            subscription_changes: self.subscription_changes(as_of),
            invoices: self.rows(Kind::Invoice, as_of, |r: &InvoiceRow| r.issued_at),
            tickets: self.rows(Kind::Ticket, as_of, |r: &TicketRow| r.opened_at),
            activities: self.rows(Kind::Activity, as_of, |r: &ActivityRow| r.at),
            surveys: self.rows(Kind::Survey, as_of, |r: &SurveyRow| r.at),
            outcomes: self.rows(Kind::Outcome, as_of, |r: &OutcomeRow| r.at),
            usage: self
                .usage
                .range(..=today)
                .map(|(day, usage)| (*day, usage.tally(today)))
                .collect(),
            score_override: ScoreOverride::at(&self.overrides, as_of, today).map(ScoreOverride::as_given),
            zone,
        }
    }

    /// Lays the sources over each other: `api` (rows and imports) wins, then the others by name.
    fn compose(&self, as_of: Timestamp) -> (AccountRow, Option<Timestamp>) {
        let mut sources: Vec<&FactRecord> = self.of(Kind::Account).iter().collect();
        sources.sort_by_key(|fact| {
            (
                fact.external_id.source.as_str() == Source::DEFAULT,
                std::cmp::Reverse(fact.external_id.clone()),
            )
        });
        let mut fields = Map::new();
        let mut known_since: Option<Timestamp> = None;
        for fact in sources {
            if let Some(state) = fact.record.as_of(as_of) {
                fields.extend(state);
                let since = fact.record.known_since();
                known_since = known_since.map_or(since, |old| since.map(|new| old.min(new)));
            }
        }
        (past_only(fields, as_of).unwrap_or_default(), known_since)
    }

    fn of(&self, kind: Kind) -> &[FactRecord] {
        self.records.get(&kind).map_or(&[], Vec::as_slice)
    }

    fn rows<T: DeserializeOwned>(
        &self,
        kind: Kind,
        as_of: Timestamp,
        happened: impl Fn(&T) -> Option<Timestamp>,
    ) -> Vec<Known<T>> {
        let mut rows: Vec<(Option<Timestamp>, Known<T>)> = Vec::new();
        for fact in self.of(kind) {
            let Some(state) = fact.record.as_of(as_of) else {
                continue;
            };
            // Judged before the future is masked: a ticket of tomorrow is no ticket without a date.
            let Ok(full) = serde_json::from_value::<T>(Value::Object(state.clone())) else {
                continue;
            };
            let at = happened(&full);
            if at.is_some_and(|at| at > as_of) {
                continue;
            }
            if let Some(row) = past_only(state, as_of) {
                rows.push((
                    at,
                    Known {
                        external_id: fact.external_id.clone(),
                        row,
                    },
                ));
            }
        }
        rows.sort_by(|a, b| (a.0, &a.1.external_id).cmp(&(b.0, &b.1.external_id)));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn subscription_changes(&self, as_of: Timestamp) -> Vec<(Timestamp, Known<SubscriptionRow>)> {
        let mut changes = Vec::new();
        for fact in self.of(Kind::Subscription) {
            for revision in fact.record.revisions() {
                if revision.known_at > as_of || revision.version > as_of {
                    continue;
                }
                let until = fact.record.version_as_of(revision.version, as_of);
                if let Some(row) = past_only(until, as_of) {
                    changes.push((
                        revision.version,
                        Known {
                            external_id: fact.external_id.clone(),
                            row,
                        },
                    ));
                }
            }
        }
        changes.sort_by(|a, b| (a.0, &a.1.external_id).cmp(&(b.0, &b.1.external_id)));
        changes
    }
}

/// Takes out every instant that lies after `as_of`: what has not happened yet is not known, though a later
/// revision of the same version may tell it. Dates (contract ends, due days) are plans and stay.
fn past_only<T: DeserializeOwned>(mut fields: Map<String, Value>, as_of: Timestamp) -> Option<T> {
    fields.retain(|key, value| {
        let plan = matches!(key.as_str(), "due_at" | "sla_due_at" | "canceled_at");
        plan || !key.ends_with("_at")
            || value
                .as_str()
                .and_then(|text| text.parse::<Timestamp>().ok())
                .is_none_or(|at| at <= as_of)
    });
    serde_json::from_value(Value::Object(fields)).ok()
}

impl Snapshot {
    /// The usage of the `days` days that end with `today` moved back by `offset` days.
    pub fn usage_window(&self, days: i32, offset: i32) -> impl Iterator<Item = (&Date, &UsageTally)> {
        let last = shift(self.today, -offset);
        self.usage.range(shift(last, 1 - days)..=last)
    }

    /// The day of an instant in the tenant's zone.
    pub fn day(&self, at: Timestamp) -> Date {
        day_of(at, &self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revision::Revision;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn history(kind: Kind, revisions: &[(&str, &str, Value)]) -> AccountHistory {
        let mut record = Record::default();
        for (version, known, patch) in revisions {
            record.merge(Revision::new(
                at(version),
                at(known),
                patch.as_object().unwrap().clone(),
            ));
        }
        let external_id = ExternalId::new(Source::api(), "x1").unwrap();
        let mut history = AccountHistory::empty(AccountId::derived(&["t"]), "Europe/Berlin");
        history
            .records
            .insert(kind, vec![FactRecord { external_id, record }]);
        history
    }

    #[test]
    fn a_ticket_solved_later_is_still_open_in_a_snapshot_of_before() {
        let solved = json!({"opened_at": "2026-03-01T08:00:00Z", "solved_at": "2026-03-05T08:00:00Z"});
        let history = history(
            Kind::Ticket,
            &[("2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z", solved)],
        );
        assert!(history.snapshot(at("2026-02-28T00:00:00Z")).tickets.is_empty());
        assert_eq!(
            history.snapshot(at("2026-03-02T00:00:00Z")).tickets[0]
                .row
                .solved_at,
            None
        );
        assert!(
            history.snapshot(at("2026-03-06T00:00:00Z")).tickets[0]
                .row
                .solved_at
                .is_some()
        );
    }

    #[test]
    fn what_was_learned_late_does_not_change_the_past() {
        let history = history(
            Kind::Account,
            &[
                (
                    "2026-01-01T00:00:00Z",
                    "2026-01-01T00:00:00Z",
                    json!({"name": "Old"}),
                ),
                (
                    "2026-01-02T00:00:00Z",
                    "2026-05-01T00:00:00Z",
                    json!({"name": "New"}),
                ),
            ],
        );
        assert_eq!(
            history.snapshot(at("2026-03-01T00:00:00Z")).row.name.as_deref(),
            Some("Old")
        );
        assert_eq!(
            history.snapshot(at("2026-06-01T00:00:00Z")).row.name.as_deref(),
            Some("New")
        );
    }

    #[test]
    fn the_day_turns_at_midnight_of_the_tenants_zone() {
        let history = AccountHistory::empty(AccountId::derived(&["t"]), "Europe/Berlin");
        assert_eq!(
            history.snapshot(at("2026-06-30T22:30:00Z")).today,
            jiff::civil::date(2026, 7, 1)
        );
    }
}
