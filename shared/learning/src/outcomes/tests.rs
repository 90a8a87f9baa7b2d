//! Labels from outcomes, case by case.

use super::*;
use copilot_domain::facts::Kind;
use copilot_domain::history::FactRecord;
use copilot_domain::ids::{AccountId, ExternalId, Source};
use copilot_domain::revision::{Record, Revision};
use serde_json::{Value, json};

const DAY_0: &str = "2026-01-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    format!("{text}T00:00:00Z").parse().unwrap()
}

/// An account with facts that were known when they happened: `known` is also their version.
fn history(facts: &[(Kind, &str, Value)]) -> AccountHistory {
    let mut history = AccountHistory::empty(AccountId::derived(&["t"]), "UTC");
    for (number, (kind, known, row)) in facts.iter().enumerate() {
        let mut record = Record::default();
        record.merge(Revision::new(
            at(known),
            at(known),
            row.as_object().unwrap().clone(),
        ));
        let external_id = ExternalId::new(Source::api(), format!("x{number}")).unwrap();
        let records = history.records.entry(*kind).or_default();
        records.push(FactRecord { external_id, record });
    }
    history
}

fn outcome(kind: &str, day: &str) -> (Kind, &'static str, Value) {
    let row = json!({"kind": kind, "at": format!("{day}T00:00:00Z")});
    (Kind::Outcome, "2026-01-01", row)
}

fn bill(issued: &str, more: &Value) -> (Kind, &'static str, Value) {
    let mut row = json!({"amount_minor": 100, "issued_at": format!("{issued}T00:00:00Z")});
    row.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    (Kind::Invoice, "2025-01-01", row)
}

fn churn(history: &AccountHistory, known_until: &str) -> Option<bool> {
    happened(
        history,
        PredictionKind::Churn,
        DAY_0.parse().unwrap(),
        90,
        at(known_until),
    )
}

#[test]
fn a_churn_is_known_at_once_and_a_stay_when_the_window_has_passed() {
    let leaves = history(&[outcome("churned", "2026-02-01")]);
    assert_eq!(churn(&leaves, "2026-01-31"), None);
    assert_eq!(churn(&leaves, "2026-02-01"), Some(true));
    let renews = history(&[outcome("renewed", "2026-02-01")]);
    assert_eq!(churn(&renews, "2026-03-31"), None, "it may still leave");
    assert_eq!(churn(&renews, "2026-04-01"), Some(false), "day 90");
    assert_eq!(churn(&history(&[]), "2026-04-01"), Some(false));
}

#[test]
fn the_window_begins_after_its_first_instant_and_ends_with_its_last() {
    let on = |day: &str| churn(&history(&[outcome("churned", day)]), "2026-12-01");
    assert_eq!(on("2025-12-31"), None, "gone before: nothing to predict");
    assert_eq!(on("2026-01-01"), None);
    assert_eq!(on("2026-01-02"), Some(true));
    assert_eq!(on("2026-04-01"), Some(true));
    assert_eq!(on("2026-04-02"), Some(false));
    let back = history(&[outcome("churned", "2025-06-01"), outcome("renewed", "2025-12-01")]);
    assert_eq!(churn(&back, "2026-12-01"), Some(false), "it came back");
}

#[test]
fn a_churn_that_was_recorded_late_counts_for_the_day_on_which_it_happened() {
    let row = json!({"kind": "churned", "at": "2026-02-01T00:00:00Z"});
    let late = history(&[(Kind::Outcome, "2026-06-01", row)]);
    assert_eq!(churn(&late, "2026-05-01"), Some(false));
    assert_eq!(churn(&late, "2026-06-01"), Some(true));
}

#[test]
fn who_is_gone_without_a_date_cannot_be_told_of() {
    let gone = history(&[(Kind::Account, "2026-01-01", json!({"stage": "churned"}))]);
    assert_eq!(churn(&gone, "2026-12-01"), None);
}

#[test]
fn an_account_without_a_contract_lapses_when_it_buys_nothing_in_the_window() {
    let none = json!({});
    let buys = history(&[bill("2025-12-01", &none), bill("2026-03-01", &none)]);
    let lapses = history(&[bill("2025-12-01", &none), bill("2026-04-02", &none)]);
    assert_eq!(churn(&buys, "2026-04-01"), Some(false));
    assert_eq!(churn(&lapses, "2026-03-31"), None);
    assert_eq!(churn(&lapses, "2026-04-01"), Some(true));
    let paid = (
        Kind::Subscription,
        "2025-01-01",
        json!({"started_at": "2025-01-01T00:00:00Z"}),
    );
    let contract = history(&[bill("2025-12-01", &none), paid]);
    assert_eq!(
        churn(&contract, "2026-04-01"),
        Some(false),
        "its contract decides"
    );
}

#[test]
fn losses_are_recorded_churns_and_windows_without_a_purchase() {
    let none = json!({});
    let lost = |history: &AccountHistory, until: &str| {
        let losses = Recorded::of(history, at(until)).losses(90);
        losses
            .iter()
            .map(|at| at.to_string()[..10].to_owned())
            .collect::<Vec<_>>()
    };
    let shop = history(&[
        bill("2025-01-01", &none),
        bill("2025-06-01", &none),
        bill("2025-07-01", &none),
    ]);
    assert_eq!(
        lost(&shop, "2025-09-28"),
        ["2025-04-01"],
        "the last window is open"
    );
    assert_eq!(lost(&shop, "2025-10-01"), ["2025-04-01", "2025-09-29"]);
    let told = history(&[bill("2025-01-01", &none), outcome("churned", "2025-02-01")]);
    assert_eq!(lost(&told, "2026-01-01"), ["2025-02-01"], "told once");
    let paid = (Kind::Account, "2025-01-01", json!({"seats": 3}));
    let contract = history(&[bill("2025-01-01", &none), paid, outcome("churned", "2026-02-01")]);
    assert_eq!(lost(&contract, "2026-03-01"), ["2026-02-01"]);
}

#[test]
fn who_buys_without_a_contract_is_whom_the_feature_calls_transactional() {
    let cases = [
        history(&[bill("2025-12-01", &json!({}))]),
        history(&[
            bill("2025-12-01", &json!({})),
            (Kind::Account, "2025-01-01", json!({"seats": 3})),
        ]),
        history(&[bill("2025-12-01", &json!({"voided_at": "2025-12-02T00:00:00Z"}))]),
    ];
    for history in cases {
        let snapshot = history.snapshot(DAY_0.parse().unwrap());
        let feature = copilot_features::compute(&snapshot, &copilot_features::FeatureConfig::default());
        let ours = Recorded::in_snapshot(&snapshot).is_transactional(snapshot.as_of);
        assert_eq!(feature.get("transactional") == Some(1.0), ours);
    }
}

#[test]
fn a_downgrade_is_a_recorded_contraction_of_a_contract() {
    let ask = |history: &AccountHistory, until: &str| {
        happened(
            history,
            PredictionKind::Downgrade,
            DAY_0.parse().unwrap(),
            90,
            at(until),
        )
    };
    let contract = (Kind::Account, "2025-01-01", json!({"seats": 3}));
    let less = history(&[contract.clone(), outcome("contracted", "2026-02-01")]);
    assert_eq!(ask(&less, "2026-02-02"), Some(true));
    assert_eq!(ask(&history(&[contract]), "2026-04-01"), Some(false));
    assert_eq!(ask(&history(&[]), "2026-04-01"), None, "no contract is known");
}

#[test]
fn revenue_of_an_account_without_a_contract_is_what_it_was_billed_in_the_window() {
    let gbp = json!({"currency": "GBP"});
    let buys = history(&[
        bill("2025-12-01", &gbp),
        bill("2026-01-05", &gbp),
        bill("2026-03-01", &gbp),
    ]);
    let of = |until: &str| Recorded::of(&buys, at(until)).came(DAY_0.parse().unwrap(), 90);
    assert_eq!(of("2026-03-31"), None, "the window has not passed");
    assert_eq!(of("2026-04-02"), Some(2.0), "two bills of 100 pence");
    let asked = happened(
        &buys,
        PredictionKind::Revenue,
        DAY_0.parse().unwrap(),
        90,
        at("2026-04-02"),
    );
    assert_eq!(asked, Some(true));
}

#[test]
fn revenue_of_an_account_with_a_contract_is_the_growth_of_what_it_pays_a_month() {
    let plan = |known: &'static str, minor: i64| {
        let row = json!({"started_at": "2025-06-01T00:00:00Z", "mrr_minor": minor, "currency": "EUR"});
        (Kind::Subscription, known, row)
    };
    let mut grows = history(&[plan("2025-06-01", 10_000)]);
    let (_, _, more) = plan("2026-02-01", 15_000);
    let subscription = &mut grows.records.get_mut(&Kind::Subscription).unwrap()[0];
    let told = Revision::new(
        at("2026-02-01"),
        at("2026-02-01"),
        more.as_object().unwrap().clone(),
    );
    subscription.record.merge(told);
    let recorded = Recorded::of(&grows, at("2026-12-01"));
    assert_eq!(recorded.came(DAY_0.parse().unwrap(), 90), Some(50.0));
    assert_eq!(recorded.came(at("2026-03-01"), 90), Some(0.0), "it grew before");
    let asked = recorded.happened(PredictionKind::Revenue, at("2026-03-01"), 90);
    assert_eq!(asked, Some(false));
}

#[test]
fn a_payment_fails_or_stays_out_for_more_than_thirty_days() {
    let ask = |more: Value, until: &str| {
        let history = history(&[bill("2025-12-01", &more)]);
        happened(
            &history,
            PredictionKind::Payment,
            DAY_0.parse().unwrap(),
            90,
            at(until),
        )
    };
    let failed = json!({"failed_at": "2026-01-10T00:00:00Z"});
    assert_eq!(ask(failed, "2026-01-11"), Some(true));
    let open = json!({"due_at": "2025-12-31T00:00:00Z"});
    assert_eq!(ask(open.clone(), "2026-01-29"), None, "29 days late");
    assert_eq!(ask(open, "2026-01-30"), Some(true));
    let long = json!({"due_at": "2025-11-01T00:00:00Z"});
    assert_eq!(ask(long, "2026-01-02"), Some(true), "still out");
    let paid = json!({"due_at": "2025-12-31T00:00:00Z", "paid_at": "2026-01-20T00:00:00Z"});
    assert_eq!(ask(paid, "2026-04-01"), Some(false));
    let before = json!({"due_at": "2025-11-01T00:00:00Z", "paid_at": "2025-12-20T00:00:00Z"});
    assert_eq!(ask(before, "2026-04-01"), Some(false), "paid before the window");
    let none = happened(
        &history(&[]),
        PredictionKind::Payment,
        DAY_0.parse().unwrap(),
        90,
        at("2026-04-01"),
    );
    assert_eq!(none, None, "no invoices");
}
