//! Everything known about one account, and what of it was known at an instant.
//!
//! An [`AccountHistory`] is what the store loads and what an export holds; a [`Snapshot`] is the only thing that
//! features, health and rules read. A snapshot shows no fact with `known_at` after its instant, and no timestamp
//! that lies in its future.

mod past;
mod snapshots;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::facts::{
    AccountRow, ActivityRow, ContactRow, InvoiceRow, Kind, OutcomeRow, SubscriptionRow, SurveyRow, TicketRow,
};
use crate::ids::{AccountId, ExternalId};
use crate::revision::Record;
use crate::score_override::ScoreOverride;
use crate::time::{Timestamp, day_of, epoch_day, shift};
use crate::tone::ToneLabel;
use crate::usage::{DayUse, UsageDay};

pub use snapshots::Snapshots;

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
    /// Every label of tone that was ever given, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tone_labels: Vec<ToneLabel>,
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
    /// Solved tickets that were opened again: (when, which), oldest first. A source tells it by taking the
    /// solution back, or by telling one of later.
    pub reopened: Vec<(Timestamp, ExternalId)>,
    /// Activities.
    pub activities: Vec<Known<ActivityRow>>,
    /// Survey answers.
    pub surveys: Vec<Known<SurveyRow>>,
    /// Outcomes.
    pub outcomes: Vec<Known<OutcomeRow>>,
    /// Usage by day: the days of the last [`crate::limits::USAGE_DAYS`] up to `today` of which any event was known.
    pub usage: BTreeMap<Date, Arc<DayUse>>,
    /// The names of usage events, ascending, that the days refer to by place. Those of the whole history: that a name
    /// stands here says nothing of when it was known.
    pub event_names: Arc<[String]>,
    /// The override of the score that holds.
    pub score_override: Option<ScoreOverride>,
    /// What people said of the tone of texts, as it stands.
    pub tone_labels: Vec<ToneLabel>,
    /// The calendar of the zone.
    calendar: Calendar,
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
            tone_labels: Vec::new(),
        }
    }

    /// What was known at an instant. For many instants, [`Self::snapshots`] reads the records once.
    pub fn snapshot(&self, as_of: Timestamp) -> Snapshot {
        self.snapshots().at(as_of)
    }

    /// The history, read for snapshots of many instants.
    pub fn snapshots(&self) -> Snapshots<'_> {
        Snapshots::new(self)
    }
}

impl Snapshot {
    /// The usage of the `days` days that end with `today` moved back by `offset` days.
    pub fn usage_window(&self, days: i32, offset: i32) -> impl Iterator<Item = (&Date, &DayUse)> {
        let last = shift(self.today, -offset);
        let window = self.usage.range(shift(last, 1 - days)..=last);
        window.map(|(day, tally)| (day, &**tally))
    }

    /// Days of the tenant's calendar from an instant to today; negative for an instant after today.
    pub fn age_days(&self, at: Timestamp) -> i32 {
        epoch_day(self.today) - self.calendar.epoch_day(at)
    }

    /// The day of an instant in the tenant's zone.
    pub fn day(&self, at: Timestamp) -> Date {
        day_of(at, &self.zone)
    }
}

#[cfg(test)]
mod tests;
