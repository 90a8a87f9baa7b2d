//! Histories at instants, and the composition of JSON that snapshots must equal.
use super::*;
use crate::facts::UsageEvent;
use crate::ids::Source;
use crate::limits::USAGE_DAYS;
use crate::revision::Revision;
use crate::time::{epoch_day, from_epoch_day};
use crate::usage::{UsageNode, UsageTally};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

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

#[test]
fn a_solution_taken_back_or_told_anew_opens_a_ticket_again() {
    let history = history(
        Kind::Ticket,
        &[
            (
                "2026-03-01T08:00:00Z",
                "2026-03-01T08:00:00Z",
                json!({"opened_at": "2026-03-01T08:00:00Z"}),
            ),
            (
                "2026-03-03T08:00:00Z",
                "2026-03-03T08:00:00Z",
                json!({"solved_at": "2026-03-03T08:00:00Z"}),
            ),
            (
                "2026-03-05T08:00:00Z",
                "2026-03-05T08:00:00Z",
                json!({"solved_at": null}),
            ),
            (
                "2026-03-06T08:00:00Z",
                "2026-03-06T08:00:00Z",
                json!({"solved_at": "2026-03-06T08:00:00Z"}),
            ),
            (
                "2026-03-09T08:00:00Z",
                "2026-03-20T08:00:00Z",
                json!({"solved_at": "2026-03-08T08:00:00Z"}),
            ),
        ],
    );
    let reopened = |when: &str| history.snapshot(at(when)).reopened.len();
    assert_eq!(reopened("2026-03-04T00:00:00Z"), 0);
    assert_eq!(reopened("2026-03-07T00:00:00Z"), 1);
    // Told on the 20th that it was solved once more on the 8th.
    assert_eq!(reopened("2026-03-19T00:00:00Z"), 1);
    assert_eq!(reopened("2026-03-21T00:00:00Z"), 2);
}

#[test]
fn a_day_of_which_nothing_was_known_is_not_shown() {
    let mut history = AccountHistory::empty(AccountId::derived(&["t"]), "UTC");
    told_of_use(&mut history, 20_000, 20_005, 1);
    assert!(history.snapshot(noon(20_004)).usage.is_empty());
    assert_eq!(history.snapshot(noon(20_005)).usage.len(), 1);
    assert!(history.snapshot(noon(20_001 + USAGE_DAYS)).usage.is_empty());
}

fn noon(day: i32) -> Timestamp {
    Timestamp::from_second(i64::from(day) * 86_400 + 43_200).unwrap()
}

fn told_of_use(history: &mut AccountHistory, day: i32, known_day: i32, number: u32) {
    let mut node = UsageNode::default();
    for event in 0..number {
        let event = UsageEvent {
            id: format!("{day}/{known_day}/{event}"),
            name: format!("n{}", event % 3),
            user: (event % 4 > 0).then(|| format!("u{}", event % 5)),
            at: noon(day),
        };
        node.insert(&event, known_day);
    }
    let usage = history.usage.entry(from_epoch_day(day)).or_default();
    usage.add(&node);
}

/// Snapshots as they were first made: JSON is composed, cut and read anew for every instant.
mod composed {
    use super::*;

    pub(super) fn snapshot(history: &AccountHistory, as_of: Timestamp) -> Snapshot {
        let zone = TimeZone::get(&history.zone).unwrap_or(TimeZone::UTC);
        let today = as_of.to_zoned(zone.clone()).date();
        let (row, known_since) = account(history, as_of);
        let days = history.usage.range(shift(today, -USAGE_DAYS)..=today);
        let all = history.usage.values().flat_map(|day| day.known_by(Date::MAX));
        let names: BTreeSet<String> = all.map(|(counted, _)| counted.name.clone()).collect();
        Snapshot {
            account: history.account,
            as_of,
            today,
            row,
            known_since,
            contacts: rows(history, Kind::Contact, as_of, |r: &ContactRow| r.joined_at),
            subscriptions: rows(history, Kind::Subscription, as_of, |r: &SubscriptionRow| {
                r.started_at
            }),
            subscription_changes: subscription_changes(history, as_of),
            invoices: rows(history, Kind::Invoice, as_of, |r: &InvoiceRow| r.issued_at),
            tickets: rows(history, Kind::Ticket, as_of, |r: &TicketRow| r.opened_at),
            reopened: Vec::new(),
            activities: rows(history, Kind::Activity, as_of, |r: &ActivityRow| r.at),
            surveys: rows(history, Kind::Survey, as_of, |r: &SurveyRow| r.at),
            outcomes: rows(history, Kind::Outcome, as_of, |r: &OutcomeRow| r.at),
            usage: days
                .map(|(day, usage)| (*day, usage.tally(today)))
                .filter(|(_, tally)| tally.events > 0)
                .map(|(day, tally)| (day, Arc::new(placed(&tally, &names))))
                .collect(),
            event_names: names.iter().cloned().collect(),
            score_override: None,
            tone_labels: Vec::new(),
            calendar: Calendar::new(zone.clone()),
            zone,
        }
    }

    fn placed(tally: &UsageTally, names: &BTreeSet<String>) -> DayUse {
        let place = |name: &String| names.iter().position(|other| other == name).unwrap() as u32;
        DayUse {
            events: tally.events,
            by_name: tally
                .by_name
                .iter()
                .map(|(name, number)| (place(name), *number))
                .collect(),
            users: tally.users.iter().copied().collect(),
        }
    }

    fn of(history: &AccountHistory, kind: Kind) -> &[FactRecord] {
        history.records.get(&kind).map_or(&[], Vec::as_slice)
    }

    fn account(history: &AccountHistory, as_of: Timestamp) -> (AccountRow, Option<Timestamp>) {
        let mut sources: Vec<&FactRecord> = of(history, Kind::Account).iter().collect();
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

    fn rows<T: DeserializeOwned>(
        history: &AccountHistory,
        kind: Kind,
        as_of: Timestamp,
        happened: impl Fn(&T) -> Option<Timestamp>,
    ) -> Vec<Known<T>> {
        let mut rows: Vec<(Option<Timestamp>, Known<T>)> = Vec::new();
        for fact in of(history, kind) {
            let Some(state) = fact.record.as_of(as_of) else {
                continue;
            };
            let Ok(full) = serde_json::from_value::<T>(Value::Object(state.clone())) else {
                continue;
            };
            let at = happened(&full);
            if at.is_some_and(|at| at > as_of) {
                continue;
            }
            if let Some(row) = past_only(state, as_of) {
                let external_id = fact.external_id.clone();
                rows.push((at, Known { external_id, row }));
            }
        }
        rows.sort_by(|a, b| (a.0, &a.1.external_id).cmp(&(b.0, &b.1.external_id)));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn subscription_changes(
        history: &AccountHistory,
        as_of: Timestamp,
    ) -> Vec<(Timestamp, Known<SubscriptionRow>)> {
        let mut changes = Vec::new();
        for fact in of(history, Kind::Subscription) {
            for revision in fact.record.revisions() {
                if revision.known_at > as_of || revision.version > as_of {
                    continue;
                }
                let until = fact.record.version_as_of(revision.version, as_of);
                if let Some(row) = past_only(until, as_of) {
                    let external_id = fact.external_id.clone();
                    changes.push((revision.version, Known { external_id, row }));
                }
            }
        }
        changes.sort_by(|a, b| (a.0, &a.1.external_id).cmp(&(b.0, &b.1.external_id)));
        changes
    }

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
}

/// Fields of every kind of row that hold an instant, some others, and what each may be told as.
const INSTANTS: [&str; 18] = [
    "at",
    "joined_at",
    "left_at",
    "last_active_at",
    "started_at",
    "canceled_at",
    "issued_at",
    "due_at",
    "paid_at",
    "failed_at",
    "voided_at",
    "opened_at",
    "answered_at",
    "solved_at",
    "sla_due_at",
    "rated_at",
    "cancel_notice_at",
    "pulse_at",
];
const NUMBERS: [&str; 4] = ["seats", "mrr_minor", "amount_minor", "csat"];

fn any_patch() -> impl Strategy<Value = Map<String, Value>> {
    let instant = (
        proptest::sample::select(&INSTANTS[..]),
        prop_oneof![
            1 => Just(Value::Null),
            6 => (19_980_i32..20_060).prop_map(|day| json!(noon(day).to_string())),
        ],
    );
    let number = (
        proptest::sample::select(&NUMBERS[..]),
        // A number where a source sends a word: such a row does not read, whatever is hidden of it.
        prop_oneof![1 => Just(json!("many")), 12 => (1_i64..5).prop_map(Value::from)],
    );
    let custom = (
        Just("custom"),
        (1_i64..4).prop_map(|n| json!({"news_at": noon(20_000 + n as i32 * 10).to_string(), "n": n})),
    );
    let field = prop_oneof![6 => instant, 3 => number, 1 => custom];
    proptest::collection::vec(field, 1..6).prop_map(|fields| {
        fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    })
}

fn any_history() -> impl Strategy<Value = AccountHistory> {
    let revision = (19_990_i32..20_050, 19_990_i32..20_050, any_patch());
    let record = (
        proptest::sample::select(&Kind::ALL[..]),
        proptest::sample::select(&["api", "crm", "billing"][..]),
        0_u8..3,
        proptest::collection::vec(revision, 1..5),
    );
    let usage = proptest::collection::vec((19_980_i32..20_050, 0_i32..9, 1_u32..9), 0..12);
    (proptest::collection::vec(record, 0..10), usage).prop_map(|(records, usage)| {
        let mut history = AccountHistory::empty(AccountId::derived(&["t"]), "America/New_York");
        for (kind, source, id, revisions) in records {
            let external_id = ExternalId::new(Source::new(source).unwrap(), format!("x{id}")).unwrap();
            let mut record = Record::default();
            for (version, known, patch) in revisions {
                record.merge(Revision::new(noon(version), noon(known), patch));
            }
            let facts = history.records.entry(kind).or_default();
            if facts.iter().all(|fact| fact.external_id != external_id) {
                facts.push(FactRecord { external_id, record });
            }
        }
        for (day, late, number) in usage {
            told_of_use(&mut history, day, day + late, number);
        }
        history
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn snapshots_of_many_instants_are_those_composed_of_json(
        history in any_history(),
        days in proptest::collection::vec(19_980_i32..20_060, 1..6),
    ) {
        let mut snapshots = history.snapshots();
        for day in days {
            let mut snapshot = snapshots.at(noon(day));
            prop_assert_eq!(&snapshot, &history.snapshot(noon(day)));
            snapshot.reopened.clear();
            prop_assert_eq!(snapshot, composed::snapshot(&history, noon(day)));
        }
    }

    #[test]
    fn days_of_the_calendar_are_counted_as_before(day in -200_000_i32..200_000) {
        let date = from_epoch_day(day);
        prop_assert_eq!(epoch_day(date), day);
        prop_assert_eq!(day_of(noon(day), &TimeZone::UTC), date);
    }
}
