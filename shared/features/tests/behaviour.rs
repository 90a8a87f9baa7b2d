//! What single features say of small histories.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;

use copilot_domain::facts::{Kind, UsageEvent};
use copilot_domain::history::{AccountHistory, FactRecord};
use copilot_domain::revision::{Record, Revision};
use copilot_domain::time::{Timestamp, epoch_day, parse_instant};
use copilot_domain::usage::UsageNode;
use copilot_domain::{AccountId, ExternalId, Source};
use copilot_features::{CATALOGUE, FeatureConfig, FeatureGroup, FeatureVector, compute};
use serde_json::{Value, json};

const NOW: &str = "2026-07-01T12:00:00Z";

fn at(text: &str) -> Timestamp {
    parse_instant(text).unwrap()
}

fn history(rows: &[(Kind, &str, Value)]) -> AccountHistory {
    let mut history = AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC");
    for (kind, id, row) in rows {
        let told = at("2026-01-01");
        let mut record = Record::default();
        record.merge(Revision::new(told, told, row.as_object().unwrap().clone()));
        let external_id = ExternalId::new(Source::api(), *id).unwrap();
        history
            .records
            .entry(*kind)
            .or_default()
            .push(FactRecord { external_id, record });
    }
    history
}

fn use_on(history: &mut AccountHistory, day: &str, events: &[(&str, Option<&str>)]) {
    let mut node = UsageNode::default();
    for (number, (name, user)) in events.iter().enumerate() {
        let event = UsageEvent {
            id: format!("{day}-{number}"),
            name: (*name).into(),
            user: user.map(str::to_owned),
            at: at(day),
        };
        node.insert(&event, epoch_day(day.parse().unwrap()));
    }
    history.usage.entry(day.parse().unwrap()).or_default().add(&node);
}

fn of(history: &AccountHistory) -> FeatureVector {
    compute(&history.snapshot(at(NOW)), &FeatureConfig::default())
}

fn is(vector: &FeatureVector, name: &str, expected: f64) -> bool {
    vector
        .get(name)
        .is_some_and(|value| (value - expected).abs() < 1e-9)
}

#[test]
fn nothing_known_is_missing_and_not_zero() {
    let vector = of(&history(&[]));
    for name in [
        "key_events_30d",
        "tickets_30d",
        "invoices_overdue",
        "contacts_known",
        "mrr",
        "account_age_days",
    ] {
        assert_eq!(vector.get(name), None, "{name}");
    }
    assert_eq!(vector.to_map().len(), CATALOGUE.len());
}

#[test]
fn where_a_source_is_connected_nothing_is_zero() {
    let config = FeatureConfig {
        connected: BTreeSet::from([FeatureGroup::Support, FeatureGroup::Payment, FeatureGroup::Usage]),
        ..FeatureConfig::default()
    };
    let history = history(&[(Kind::Account, "a", json!({"contract_start": "2026-06-01"}))]);
    let vector = compute(&history.snapshot(at(NOW)), &config);
    assert!(
        is(&vector, "tickets_30d", 0.0)
            && is(&vector, "oldest_overdue_days", 0.0)
            && is(&vector, "key_events_30d", 0.0)
    );
    assert!(
        is(&vector, "days_since_key_event", 30.0),
        "silent since the first day of the contract"
    );
}

#[test]
fn only_key_events_count_where_they_are_named() {
    let mut history = history(&[]);
    use_on(
        &mut history,
        "2026-06-30",
        &[("login", Some("a")), ("report", Some("a")), ("report", Some("b"))],
    );
    let config = FeatureConfig {
        key_events: Some(BTreeSet::from(["report".to_owned()])),
        ..FeatureConfig::default()
    };
    let vector = compute(&history.snapshot(at(NOW)), &config);
    assert!(
        is(&vector, "key_events_7d", 2.0)
            && is(&vector, "active_users_28d", 2.0)
            && is(&vector, "features_used_30d", 1.0)
    );
    assert!(is(&of(&history), "key_events_7d", 3.0));
}

#[test]
fn a_week_is_held_against_the_four_before_it() {
    let mut history = history(&[]);
    for day in 0..42 {
        let date = copilot_domain::time::shift("2026-07-01".parse().unwrap(), -day).to_string();
        let count = if day < 7 { 1 } else { 2 };
        use_on(&mut history, &date, &vec![("report", None); count]);
    }
    let vector = of(&history);
    assert!(is(&vector, "key_events_7d", 7.0) && is(&vector, "key_events_week_mean_4w", 14.0));
    assert!(is(&vector, "key_events_week_change", -0.5));
    assert_eq!(
        vector.get("key_events_change_30d"),
        None,
        "42 days of history are no two months"
    );
    assert_eq!(vector.get("active_users_28d"), None, "events name no users");
}

#[test]
fn money_comes_from_live_subscriptions_and_change_from_what_they_were() {
    let sub = |mrr: i64, start: &str, end: Option<&str>| json!({"mrr_minor": mrr, "currency": "EUR", "started_at": start, "canceled_at": end, "status": "active", "seats": 5});
    let vector = of(&history(&[
        (Kind::Account, "a", json!({"mrr_minor": 1, "currency": "EUR"})),
        (
            Kind::Subscription,
            "s1",
            sub(60_000, "2025-01-01T00:00:00Z", None),
        ),
        (
            Kind::Subscription,
            "s2",
            sub(40_000, "2025-01-01T00:00:00Z", Some("2026-06-15T00:00:00Z")),
        ),
    ]));
    assert!(is(&vector, "mrr", 600.0) && is(&vector, "arr", 7_200.0) && is(&vector, "seats", 5.0));
    assert!(
        is(&vector, "mrr_change_30d", -0.4),
        "{:?}",
        vector.get("mrr_change_30d")
    );
    assert!(is(&vector, "cancel_notice", 0.0));
}

/// The MRR of an account and its subscriptions, with its currency.
fn mrr_of(account: Value, subscriptions: &[Value]) -> Option<(i64, String)> {
    let mut rows = vec![(Kind::Account, "a".to_owned(), account)];
    for (number, row) in subscriptions.iter().enumerate() {
        let mut row = row.clone();
        row["started_at"] = json!("2025-01-01T00:00:00Z");
        rows.push((Kind::Subscription, format!("s{number}"), row));
    }
    let rows: Vec<(Kind, &str, Value)> = rows
        .iter()
        .map(|(k, id, row)| (*k, id.as_str(), row.clone()))
        .collect();
    let money = copilot_features::contract::mrr(&history(&rows).snapshot(at(NOW)))?;
    Some((money.amount_minor, money.currency.to_string()))
}

#[test]
fn revenue_in_another_currency_than_the_accounts_is_not_nothing() {
    let sub = |mrr: i64, currency: &str| json!({"mrr_minor": mrr, "currency": currency, "status": "active"});
    let dollars = json!({"currency": "USD"});
    let is = |amount: i64, currency: &str| Some((amount, currency.to_owned()));
    assert_eq!(mrr_of(dollars.clone(), &[sub(500, "EUR")]), is(500, "EUR"));
    assert_eq!(
        mrr_of(dollars.clone(), &[sub(500, "EUR"), sub(100, "USD")]),
        is(100, "USD")
    );
    assert_eq!(
        mrr_of(json!({}), &[sub(500, "GBP"), sub(300, "EUR"), sub(300, "EUR")]),
        is(600, "EUR")
    );
    assert_eq!(
        mrr_of(json!({}), &[sub(500, "GBP"), sub(500, "EUR")]),
        is(500, "EUR")
    );
}

#[test]
fn revenue_that_nobody_told_is_unknown_and_only_ended_contracts_are_zero() {
    let tiered = json!({"mrr_minor": null, "currency": "EUR", "status": "active"});
    let known = json!({"mrr_minor": 700, "currency": "EUR", "status": "active"});
    let over = json!({"mrr_minor": 700, "currency": "EUR", "status": "canceled", "canceled_at": "2026-06-10T00:00:00Z"});
    let is = |amount: i64| Some((amount, "EUR".to_owned()));
    assert_eq!(mrr_of(json!({}), std::slice::from_ref(&tiered)), None);
    assert_eq!(
        mrr_of(json!({"mrr_minor": 900}), std::slice::from_ref(&tiered)),
        is(900)
    );
    assert_eq!(mrr_of(json!({"mrr_minor": 900}), &[tiered, known]), is(700));
    assert_eq!(mrr_of(json!({}), std::slice::from_ref(&over)), is(0));
    assert_eq!(mrr_of(json!({}), &[]), None);
}

#[test]
fn a_price_that_becomes_unknown_is_no_loss() {
    let row = |mrr: Option<i64>| json!({"mrr_minor": mrr, "currency": "EUR", "status": "active", "started_at": "2025-01-01T00:00:00Z"});
    let mut history = history(&[
        (Kind::Account, "a", json!({})),
        (Kind::Subscription, "s1", row(Some(600))),
        (Kind::Subscription, "s2", row(Some(400))),
    ]);
    assert!(is(&of(&history), "mrr_change_30d", 0.0));
    let told = at("2026-06-20");
    let patch = json!({"mrr_minor": null}).as_object().unwrap().clone();
    let subscriptions = history.records.get_mut(&Kind::Subscription).unwrap();
    subscriptions[1].record.merge(Revision::new(told, told, patch));
    let vector = of(&history);
    assert!(is(&vector, "mrr", 6.0));
    assert_eq!(vector.get("mrr_change_30d"), None);
}

#[test]
fn the_renewal_is_the_next_end_of_a_term_and_past_ones_are_negative() {
    let end = |day: &str| of(&history(&[(Kind::Account, "a", json!({"contract_end": day}))]));
    assert!(is(&end("2026-07-31"), "days_to_renewal", 30.0));
    assert!(is(&end("2026-06-30"), "days_to_renewal", -1.0));
    assert_eq!(end("2026-07-31").label("renewal"), Some("2026-07-31"));
}

#[test]
fn tickets_tell_urgency_promises_and_satisfaction() {
    let vector = of(&history(&[
        (
            Kind::Ticket,
            "t1",
            json!({"opened_at": "2026-06-29T12:00:00Z", "priority": "urgent", "sla_due_at": "2026-06-30T00:00:00Z"}),
        ),
        (
            Kind::Ticket,
            "t2",
            json!({"opened_at": "2026-06-01T00:00:00Z", "answered_at": "2026-06-01T01:00:00Z", "sla_due_at": "2026-06-01T02:00:00Z",
            "solved_at": "2026-06-02T00:00:00Z", "csat": 2.0}),
        ),
    ]));
    assert!(is(&vector, "urgent_open", 1.0) && is(&vector, "urgent_open_hours", 48.0));
    assert_eq!(vector.label("urgent_ticket"), Some("ticket:api:t1"));
    assert!(
        is(&vector, "sla_breaches_30d", 1.0),
        "the second was answered in time"
    );
    assert!(is(&vector, "sla_overdue_days", 1.5) && is(&vector, "csat_mean_last5", 2.0));
    assert!(
        is(&vector, "tickets_30d", 1.0),
        "June 1st is 30 days ago: outside"
    );
}

#[test]
fn a_declined_meeting_is_no_meeting_and_our_mails_are_no_answer() {
    let vector = of(&history(&[
        (
            Kind::Activity,
            "a1",
            json!({"kind": "meeting", "at": "2026-05-01T00:00:00Z"}),
        ),
        (
            Kind::Activity,
            "a2",
            json!({"kind": "meeting", "at": "2026-06-20T00:00:00Z", "held": false}),
        ),
        (
            Kind::Activity,
            "a3",
            json!({"kind": "email", "direction": "outbound", "at": "2026-06-21T00:00:00Z"}),
        ),
    ]));
    assert!(is(&vector, "days_since_two_way", 61.0) && is(&vector, "days_since_inbound", 61.0));
    assert!(is(&vector, "missed_meetings_30d", 1.0) && is(&vector, "unanswered_outbound", 1.0));
}

#[test]
fn a_champion_whose_activity_nobody_tells_is_unknown_rather_than_inactive() {
    let of_contact = |row: Value| of(&history(&[(Kind::Contact, "c", row)]));
    assert_eq!(
        of_contact(json!({"role": "champion"})).get("champion_sponsor_active"),
        None
    );
    assert!(is(
        &of_contact(json!({"role": "champion", "last_active_at": "2026-06-01T00:00:00Z"})),
        "champion_sponsor_active",
        1.0
    ));
    let left = of_contact(json!({"role": "champion", "left_at": "2026-06-21T00:00:00Z"}));
    assert!(is(&left, "days_since_champion_left", 10.0) && is(&left, "champions_present", 0.0));
}

#[test]
fn purchases_have_a_rhythm() {
    let buy = |day: &str, amount: i64| json!({"amount_minor": amount, "currency": "GBP", "issued_at": format!("{day}T09:00:00Z"), "paid_at": format!("{day}T09:00:00Z")});
    let vector = of(&history(&[
        (Kind::Invoice, "1", buy("2026-01-01", 10_000)),
        (Kind::Invoice, "2", buy("2026-01-31", 20_000)),
        (Kind::Invoice, "3", buy("2026-03-02", 30_000)),
        (Kind::Invoice, "C4", buy("2026-03-05", -6_000)),
    ]));
    assert!(is(&vector, "purchases_total", 3.0) && is(&vector, "purchase_interval_days", 30.0));
    assert!(is(&vector, "days_since_purchase", 121.0) && is(&vector, "silence_in_intervals", 121.0 / 30.0));
    assert!(
        is(&vector, "refund_share_365d", 0.1)
            && is(&vector, "transactional", 1.0)
            && is(&vector, "invoices_overdue", 0.0)
    );
}

#[test]
fn a_competitor_counts_only_as_a_word_of_its_own() {
    let config = FeatureConfig {
        competitors: vec!["Acme".into()],
        ..FeatureConfig::default()
    };
    let says = |text: &str| {
        let history = history(&[(
            Kind::Ticket,
            "t",
            json!({"opened_at": "2026-06-29T12:00:00Z", "text": text}),
        )]);
        compute(&history.snapshot(at(NOW)), &config).get("competitor_mentions_30d")
    };
    assert_eq!(says("We also look at ACME."), Some(1.0));
    assert_eq!(says("acmeology is a science"), Some(0.0));
}
