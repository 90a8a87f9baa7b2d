//! A history read once, for snapshots of any number of instants.
//!
//! A record is read anew only when more of it is known than at the instant before; a day of use is counted once
//! everything about it is known. Instants may come in any order; ascending order is the fastest.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::past::Past;
use super::{AccountHistory, FactRecord, Known, Snapshot};
use crate::calendar::Calendar;
use crate::facts::{
    AccountRow, ActivityRow, ContactRow, InvoiceRow, Kind, OutcomeRow, SubscriptionRow, SurveyRow, TicketRow,
};
use crate::ids::{ExternalId, Source};
use crate::limits::USAGE_DAYS;
use crate::revision::Record;
use crate::score_override::ScoreOverride;
use crate::time::{Timestamp, day_of, epoch_day, shift};
use crate::tone::ToneLabel;
use crate::usage::{DayUse, UsageDay};

/// Seconds by which a solution must move to be another one, and not the same told more exactly.
const ANOTHER_SOLUTION_S: i64 = 3_600;

/// Gives the snapshots of one history.
#[derive(Debug)]
pub struct Snapshots<'a> {
    history: &'a AccountHistory,
    zone: TimeZone,
    account: Account<'a>,
    contacts: Vec<Track<'a, ContactRow>>,
    subscriptions: Vec<Track<'a, SubscriptionRow>>,
    changes: Vec<Track<'a, Vec<(Timestamp, SubscriptionRow)>>>,
    invoices: Vec<Track<'a, InvoiceRow>>,
    tickets: Vec<Track<'a, TicketRow>>,
    reopened: Vec<Track<'a, Vec<Timestamp>>>,
    activities: Vec<Track<'a, ActivityRow>>,
    surveys: Vec<Track<'a, SurveyRow>>,
    outcomes: Vec<Track<'a, OutcomeRow>>,
    usage: Vec<Day<'a>>,
    event_names: Arc<[String]>,
    /// The places of the names.
    places: HashMap<&'a str, u32>,
    calendar: Calendar,
}

impl<'a> Snapshots<'a> {
    pub(super) fn new(history: &'a AccountHistory) -> Self {
        let zone = TimeZone::get(&history.zone).unwrap_or(TimeZone::UTC);
        let names: BTreeSet<&str> = history.usage.values().flat_map(UsageDay::names).collect();
        Self {
            history,
            calendar: Calendar::new(zone.clone()),
            zone,
            account: Account::new(of(history, Kind::Account)),
            contacts: tracks(history, Kind::Contact),
            subscriptions: tracks(history, Kind::Subscription),
            changes: tracks(history, Kind::Subscription),
            invoices: tracks(history, Kind::Invoice),
            tickets: tracks(history, Kind::Ticket),
            reopened: tracks(history, Kind::Ticket),
            activities: tracks(history, Kind::Activity),
            surveys: tracks(history, Kind::Survey),
            outcomes: tracks(history, Kind::Outcome),
            usage: history
                .usage
                .iter()
                .map(|(day, usage)| Day::new(*day, usage))
                .collect(),
            event_names: names.iter().map(|name| (*name).to_owned()).collect(),
            places: names.into_iter().zip(0..).collect(),
        }
    }

    /// What was known at an instant.
    pub fn at(&mut self, as_of: Timestamp) -> Snapshot {
        let today = day_of(as_of, &self.zone);
        let (row, known_since) = self.account.at(as_of);
        Snapshot {
            account: self.history.account,
            as_of,
            today,
            zone: self.zone.clone(),
            row,
            known_since,
            contacts: rows(&mut self.contacts, as_of),
            subscriptions: rows(&mut self.subscriptions, as_of),
            subscription_changes: self.subscription_changes(as_of),
            invoices: rows(&mut self.invoices, as_of),
            tickets: rows(&mut self.tickets, as_of),
            reopened: self.reopened(as_of),
            activities: rows(&mut self.activities, as_of),
            surveys: rows(&mut self.surveys, as_of),
            outcomes: rows(&mut self.outcomes, as_of),
            usage: {
                let first = shift(today, -USAGE_DAYS);
                let days = self.usage.iter_mut();
                days.filter(|day| day.date >= first && day.date <= today)
                    .filter_map(|day| Some((day.date, day.known_by(today, &self.places)?)))
                    .collect()
            },
            event_names: Arc::clone(&self.event_names),
            score_override: ScoreOverride::at(&self.history.overrides, as_of, today)
                .map(ScoreOverride::as_given),
            tone_labels: ToneLabel::at(&self.history.tone_labels, as_of),
            calendar: self.calendar.clone(),
        }
    }

    fn subscription_changes(&mut self, as_of: Timestamp) -> Vec<(Timestamp, Known<SubscriptionRow>)> {
        let mut changes = Vec::new();
        for track in &mut self.changes {
            let external_id = track.external_id;
            let Some(states) = track.at(as_of, |record, known| Some(states(record, known))) else {
                continue;
            };
            for (since, row) in states.iter().filter(|(since, _)| *since <= as_of) {
                let mut row = row.clone();
                row.hide_after(as_of);
                let external_id = external_id.clone();
                changes.push((*since, Known { external_id, row }));
            }
        }
        changes.sort_by(|a, b| (a.0, &a.1.external_id).cmp(&(b.0, &b.1.external_id)));
        changes
    }

    fn reopened(&mut self, as_of: Timestamp) -> Vec<(Timestamp, ExternalId)> {
        let mut all = Vec::new();
        for track in &mut self.reopened {
            let external_id = track.external_id;
            let instants = track.at(as_of, reopenings).into_iter().flatten();
            let past = instants.filter(|at| **at <= as_of);
            all.extend(past.map(|at| (*at, external_id.clone())));
        }
        all.sort();
        all
    }
}

fn of(history: &AccountHistory, kind: Kind) -> &[FactRecord] {
    history.records.get(&kind).map_or(&[], Vec::as_slice)
}

fn tracks<T>(history: &AccountHistory, kind: Kind) -> Vec<Track<'_, T>> {
    of(history, kind).iter().map(Track::new).collect()
}

/// What a record comes to, kept until more of it is known.
#[derive(Debug)]
struct Track<'a, T> {
    external_id: &'a ExternalId,
    record: &'a Record,
    /// When more of it became known, ascending.
    steps: Vec<Timestamp>,
    /// How many of them are behind what is kept.
    behind: usize,
    kept: Option<T>,
}

impl<'a, T> Track<'a, T> {
    fn new(fact: &'a FactRecord) -> Self {
        let mut steps: Vec<Timestamp> = fact.record.revisions().iter().map(|r| r.known_at).collect();
        steps.sort_unstable();
        steps.dedup();
        Self {
            external_id: &fact.external_id,
            record: &fact.record,
            steps,
            behind: 0,
            kept: None,
        }
    }

    /// What the record came to as known at an instant; `None` before it was known.
    fn at(&mut self, as_of: Timestamp, read: impl Fn(&Record, Timestamp) -> Option<T>) -> Option<&T> {
        let behind = self.steps.partition_point(|known| *known <= as_of);
        if behind != self.behind {
            self.behind = behind;
            let last = behind.checked_sub(1).and_then(|at| self.steps.get(at));
            self.kept = last.and_then(|known| read(self.record, *known));
        }
        self.kept.as_ref()
    }
}

/// A record as a row; `None` where it does not read, which validated rows never do.
fn row<T: Past>(record: &Record, known: Timestamp) -> Option<T> {
    typed(record.as_of(known)?)
}

fn typed<T: Past>(state: Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(state)).ok()
}

/// Every state of a subscription by the version that brought it.
fn states(record: &Record, known: Timestamp) -> Vec<(Timestamp, SubscriptionRow)> {
    let revisions = record.revisions().iter().filter(|r| r.known_at <= known);
    let states = revisions.filter_map(|r| Some((r.version, typed(record.version_as_of(r.version, known))?)));
    states.collect()
}

/// When a solved ticket was opened again: its solution was taken back, or one of later was told.
fn reopenings(record: &Record, known: Timestamp) -> Option<Vec<Timestamp>> {
    let mut solved: Option<Timestamp> = None;
    let mut found = Vec::new();
    for revision in record.revisions().iter().filter(|r| r.known_at <= known) {
        let Some(told) = revision.patch.get("solved_at") else {
            continue;
        };
        let now = told.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let moved =
            |old: Timestamp| now.is_none_or(|new| new.as_second() - old.as_second() > ANOTHER_SOLUTION_S);
        // A solution that lay ahead of the news was a plan.
        if solved.is_some_and(|old| old <= revision.version && moved(old)) {
            found.push(revision.version);
        }
        solved = now;
    }
    (!found.is_empty()).then_some(found)
}

fn rows<T: Past>(tracks: &mut [Track<'_, T>], as_of: Timestamp) -> Vec<Known<T>> {
    let mut found: Vec<(Option<Timestamp>, &ExternalId, &T)> = Vec::new();
    for track in tracks {
        let external_id = track.external_id;
        let Some(full) = track.at(as_of, row) else {
            continue;
        };
        // Judged before the future is hidden: a ticket of tomorrow is no ticket without a date.
        let happened = full.happened();
        if happened.is_none_or(|at| at <= as_of) {
            found.push((happened, external_id, full));
        }
    }
    found.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let shown = found.into_iter().map(|(_, external_id, full)| {
        let mut row = full.clone();
        row.hide_after(as_of);
        Known {
            external_id: external_id.clone(),
            row,
        }
    });
    shown.collect()
}

/// The account's own fields, laid over each other: `api` (rows and imports) wins, then the other sources by name.
#[derive(Debug)]
struct Account<'a> {
    /// The sources, the one that wins last.
    sources: Vec<Track<'a, Map<String, Value>>>,
    behind: Vec<usize>,
    row: AccountRow,
    known_since: Option<Timestamp>,
}

impl<'a> Account<'a> {
    fn new(facts: &'a [FactRecord]) -> Self {
        let mut sources: Vec<Track<'a, Map<String, Value>>> = facts.iter().map(Track::new).collect();
        sources.sort_by_key(|track| {
            let is_api = track.external_id.source.as_str() == Source::DEFAULT;
            (is_api, Reverse(track.external_id.clone()))
        });
        Self {
            sources,
            behind: Vec::new(),
            row: AccountRow::default(),
            known_since: None,
        }
    }

    fn at(&mut self, as_of: Timestamp) -> (AccountRow, Option<Timestamp>) {
        let mut fields = Map::new();
        self.known_since = None;
        let behind = |track: &Track<'_, _>| track.steps.partition_point(|known| *known <= as_of);
        let now: Vec<usize> = self.sources.iter().map(behind).collect();
        let changed = now != self.behind;
        for track in &mut self.sources {
            let record = track.record;
            let Some(state) = track.at(as_of, Record::as_of) else {
                continue;
            };
            if changed {
                fields.extend(state.clone());
            }
            self.known_since = [self.known_since, record.known_since()]
                .into_iter()
                .flatten()
                .min();
        }
        if changed {
            self.behind = now;
            self.row = typed(fields).unwrap_or_default();
        }
        let mut row = self.row.clone();
        row.hide_after(as_of);
        (row, self.known_since)
    }
}

/// A day of use, counted once.
#[derive(Debug)]
struct Day<'a> {
    date: Date,
    usage: &'a UsageDay,
    /// The days (since 1970-01-01) on which the first and the last of its events became known.
    known: Option<(i32, i32)>,
    /// The count when all is known.
    whole: Option<Arc<DayUse>>,
}

impl<'a> Day<'a> {
    fn new(date: Date, usage: &'a UsageDay) -> Self {
        Self {
            date,
            usage,
            known: usage.known_days(),
            whole: None,
        }
    }

    /// The count as known by the end of a day; `None` when nothing was known.
    fn known_by(&mut self, today: Date, places: &HashMap<&str, u32>) -> Option<Arc<DayUse>> {
        let (first, last) = self.known?;
        let by = epoch_day(today);
        if by < first {
            return None;
        }
        if by < last {
            return Some(Arc::new(self.usage.count(today, places)));
        }
        let whole = self
            .whole
            .get_or_insert_with(|| Arc::new(self.usage.count(today, places)));
        Some(Arc::clone(whole))
    }
}
