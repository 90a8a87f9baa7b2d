//! What features of trend, rhythm and growth say of small histories, counted by hand.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may")]

use copilot_domain::facts::{Kind, UsageEvent};
use copilot_domain::history::{AccountHistory, FactRecord};
use copilot_domain::revision::{Record, Revision};
use copilot_domain::time::{Timestamp, epoch_day, parse_instant, shift};
use copilot_domain::usage::UsageNode;
use copilot_domain::{AccountId, ExternalId, Source};
use copilot_features::{FeatureConfig, FeatureVector, compute, usage_outlook};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

/// A Tuesday; it is over but for a nanosecond.
const TODAY: Date = date(2026, 6, 30);
const NOW: &str = "2026-06-30T23:59:59.999999999Z";

fn at(text: &str) -> Timestamp {
    parse_instant(text).unwrap()
}

/// A record: its kind, its id, and what was told of it on which days.
type Told<'a> = (Kind, &'a str, &'a [(&'a str, Value)]);

/// A history of records.
fn history(records: &[Told<'_>]) -> AccountHistory {
    let mut history = AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC");
    for (kind, id, told) in records {
        let mut record = Record::default();
        for (day, patch) in *told {
            record.merge(Revision::new(
                at(day),
                at(day),
                patch.as_object().unwrap().clone(),
            ));
        }
        let external_id = ExternalId::new(Source::api(), *id).unwrap();
        history
            .records
            .entry(*kind)
            .or_default()
            .push(FactRecord { external_id, record });
    }
    history
}

/// A history of records that are each told once.
fn rows(rows: &[(Kind, Value)]) -> AccountHistory {
    let mut all = history(&[]);
    for (number, (kind, row)) in rows.iter().enumerate() {
        let one = history(&[(*kind, &format!("r{number}"), &[("2024-01-01", row.clone())])]);
        for (kind, facts) in one.records {
            all.records.entry(kind).or_default().extend(facts);
        }
    }
    all
}

/// Days of use: `events` says of a day of so many days ago the users, who do one event each, and the events' kinds.
fn used(days: i32, events: impl Fn(i32) -> (u32, u32)) -> AccountHistory {
    let mut history = AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC");
    for ago in 0..days {
        let day = shift(TODAY, -ago);
        let (users, kinds) = events(ago);
        let mut node = UsageNode::default();
        for number in 0..users {
            let event = UsageEvent {
                id: format!("{day}-{number}"),
                name: format!("n{}", number % kinds.max(1)),
                user: Some(format!("u{number}")),
                at: at(&day.to_string()),
            };
            node.insert(&event, epoch_day(day));
        }
        history.usage.entry(day).or_default().add(&node);
    }
    history
}

fn of(history: &AccountHistory) -> FeatureVector {
    compute(&history.snapshot(at(NOW)), &FeatureConfig::default())
}

#[track_caller]
fn is(vector: &FeatureVector, expected: &[(&str, f64)]) {
    for (name, expected) in expected {
        let value = vector.get(name);
        assert!(
            value.is_some_and(|value| (value - expected).abs() < 1e-6),
            "{name} is {value:?}, not {expected}"
        );
    }
}

#[track_caller]
fn is_missing(vector: &FeatureVector, names: &[&str]) {
    for name in names {
        assert_eq!(vector.get(name), None, "{name}");
    }
}

#[test]
fn a_slope_is_a_share_of_the_mean_week_and_one_wild_week_does_not_count() {
    // 70, 77, 84 … events a week, oldest to newest: seven more each week.
    let rising = of(&used(56, |ago| (17 - (ago / 7) as u32, 1)));
    let mean = 7.0 * (10.0 + 17.0) / 2.0;
    is(&rising, &[("key_events_slope_8w", 7.0 / mean)]);
    is(&rising, &[("active_users_slope_8w", 1.0 / 13.5)]);
    is_missing(&rising, &["key_events_slope_13w", "key_events_forecast_30d_mid"]);
    let wild = of(&used(56, |ago| {
        (if ago / 7 == 3 { 60 } else { 17 - (ago / 7) as u32 }, 1)
    }));
    assert!(wild.get("key_events_slope_8w").unwrap() > 0.02);
}

#[test]
fn a_quiet_weekend_is_no_drop_and_a_quiet_week_is() {
    let weekday = |ago: i32| if [2, 3].contains(&(ago % 7)) { 0 } else { 10 };
    let steady = of(&used(120, |ago| (weekday(ago), 1)));
    is(
        &steady,
        &[
            ("key_events_drop_7d_seasonal", 0.0),
            ("key_events_drop_28d_seasonal", 0.0),
            ("active_days_28d", 20.0),
            ("active_days_change_28d", 0.0),
            ("longest_pause_90d", 2.0),
            ("usage_anomalies_28d", 0.0),
            ("usage_anomaly_1d", 0.0),
            ("quiet_weeks_13w", 0.0),
        ],
    );
    let fallen = of(&used(120, |ago| {
        (if ago < 7 { weekday(ago) / 2 } else { weekday(ago) }, 1)
    }));
    is(
        &fallen,
        &[
            ("key_events_drop_7d_seasonal", 0.5),
            ("key_events_peak_share_13w", 0.5),
        ],
    );
    assert!(fallen.get("usage_anomaly_7d").unwrap() < -3.0);
}

#[test]
fn a_fall_that_comes_each_year_is_none() {
    // Four weeks at a half, now and a year ago.
    let summer = |ago: i32| {
        let low = (0..28).contains(&ago) || (364..392).contains(&ago);
        (if low { 5 } else { 10 }, 1)
    };
    let yearly = of(&used(430, summer));
    is(
        &yearly,
        &[
            ("key_events_drop_28d_seasonal", 0.5),
            ("key_events_drop_28d_year", 0.0),
            ("key_events_change_year_28d", 0.0),
        ],
    );
    is_missing(&of(&used(400, summer)), &["key_events_drop_28d_year"]);
}

#[test]
fn seats_breadth_and_users_are_held_against_before() {
    let mut history = used(130, |ago| if ago < 30 { (4, 2) } else { (8, 4) });
    history.records = rows(&[(
        Kind::Account,
        json!({"seats": 10, "features_entitled": 8, "contract_start": "2026-01-01"}),
    )])
    .records;
    is(
        &of(&history),
        &[
            ("seat_utilisation", 0.4),
            ("seat_utilisation_change_84d", -0.4),
            ("users_lost_30d", 4.0),
            ("users_new_30d", 0.0),
            ("user_retention_30d", 0.5),
            ("active_users_change_90d", -0.5),
            ("features_used_30d", 2.0),
            ("features_used_change_30d", -0.5),
            ("feature_breadth_change_30d", -0.25),
            ("features_dropped_30d", 2.0),
            ("features_new_30d", 0.0),
            ("top_feature_share_30d", 0.5),
            ("events_per_user_30d", 30.0),
            ("dau_mau", 1.0),
            ("wau_mau", 1.0),
        ],
    );
}

#[test]
fn who_speaks_and_how_the_silence_compares_is_told() {
    let activity = |day: &str, direction: &str| {
        (
            Kind::Activity,
            json!({"kind": "email", "direction": direction, "at": format!("{day}T10:00:00Z")}),
        )
    };
    let vector = of(&rows(&[
        activity("2026-04-11", "outbound"),
        activity("2026-04-13", "inbound"),
        activity("2026-05-01", "outbound"),
        activity("2026-05-11", "inbound"),
        activity("2026-05-21", "inbound"),
        activity("2026-06-20", "outbound"),
    ]));
    is(
        &vector,
        &[
            ("inbound_90d", 3.0),
            ("outbound_90d", 3.0),
            ("inbound_share_90d", 0.5),
            // Days of contact lie 2, 18, 10, 10 and 30 days apart; ten days of silence.
            ("touch_gap_days", 10.0),
            ("touch_silence_in_gaps", 1.0),
            // The customer spoke 28 and 10 days apart, last 40 days ago.
            ("inbound_gap_days", 19.0),
            ("inbound_silence_in_gaps", 40.0 / 19.0),
            ("reply_days_180d", 6.0),
            ("touches_30d", 1.0),
        ],
    );
    is_missing(&vector, &["touches_change_90d", "meetings_held_share_180d"]);
}

#[test]
fn tickets_tell_their_age_their_solution_and_that_they_came_back() {
    let opened = |day: &str| json!({"opened_at": format!("{day}T08:00:00Z")});
    let history = history(&[
        (Kind::Ticket, "a", &[("2026-06-10", opened("2026-06-10"))]),
        (Kind::Ticket, "b", &[("2026-06-20", opened("2026-06-20"))]),
        (
            Kind::Ticket,
            "c",
            &[
                (
                    "2026-05-01",
                    json!({"opened_at": "2026-05-01T08:00:00Z", "escalated": true}),
                ),
                (
                    "2026-05-05T08:00:00Z",
                    json!({"solved_at": "2026-05-05T08:00:00Z"}),
                ),
                ("2026-05-06", json!({"solved_at": null})),
                (
                    "2026-05-09T08:00:00Z",
                    json!({"solved_at": "2026-05-09T08:00:00Z"}),
                ),
            ],
        ),
        (
            Kind::Ticket,
            "d",
            &[(
                "2026-02-05",
                json!({"opened_at": "2026-02-01T08:00:00Z", "solved_at": "2026-02-05T08:00:00Z"}),
            )],
        ),
    ]);
    is(
        &of(&history),
        &[
            ("open_ticket_age_days", 15.0),
            ("open_ticket_age_max_days", 20.0),
            ("resolution_days_90d", 8.0),
            ("resolution_change_90d", 1.0),
            ("reopened_90d", 1.0),
            ("escalated_90d", 1.0),
            ("escalated_share_90d", 1.0 / 3.0),
            ("unanswered_open", 2.0),
            ("days_since_ticket", 10.0),
        ],
    );
}

#[test]
fn bills_tell_how_late_they_were_paid() {
    let bill = |due: &str, paid: Value, failed: Value| {
        (
            Kind::Invoice,
            json!({"amount_minor": 1_000, "issued_at": "2026-03-01T08:00:00Z", "due_at": due, "paid_at": paid, "failed_at": failed}),
        )
    };
    let vector = of(&rows(&[
        bill("2026-04-01T08:00:00Z", json!("2026-03-31T08:00:00Z"), Value::Null),
        bill(
            "2026-04-01T08:00:00Z",
            json!("2026-04-05T08:00:00Z"),
            json!("2026-04-02T08:00:00Z"),
        ),
        bill("2026-04-01T08:00:00Z", json!("2026-04-11T08:00:00Z"), Value::Null),
        bill("2026-05-01T08:00:00Z", Value::Null, Value::Null),
        bill("2026-07-20T08:00:00Z", Value::Null, Value::Null),
    ]));
    is(
        &vector,
        &[
            ("days_late_365d", 4.0),
            ("days_to_pay_365d", 35.0),
            ("late_share_365d", 0.75),
            ("failed_share_365d", 0.2),
            ("payments_failed_365d", 1.0),
        ],
    );
}

#[test]
fn purchases_tell_frequency_recency_age_and_rhythm() {
    let bought = |day: &str, amount: i64| {
        (
            Kind::Invoice,
            json!({"amount_minor": amount, "issued_at": format!("{day}T08:00:00Z"), "currency": "EUR"}),
        )
    };
    let vector = of(&rows(&[
        bought("2026-01-01", 10_000),
        bought("2026-02-10", 20_000),
        bought("2026-02-10", 10_000),
        bought("2026-03-22", 40_000),
        bought("2026-05-01", 50_000),
        bought("2026-05-21", 60_000),
        bought("2026-06-10", 70_000),
    ]));
    is(
        &vector,
        &[
            ("repeat_purchases", 5.0),
            ("days_first_to_last_purchase", 160.0),
            ("days_since_first_purchase", 180.0),
            (
                "repeat_purchase_value",
                (300.0 + 400.0 + 500.0 + 600.0 + 700.0) / 5.0,
            ),
            ("purchase_interval_median_days", 40.0),
            ("purchase_interval_last_ratio", 20.0 / 35.0),
            // 100, 300, 400, 500, 600, 700: most slopes are 100 of a mean of 433.
            ("order_value_slope", 100.0 / (2_600.0 / 6.0)),
            ("order_value_change", 600.0 / (800.0 / 3.0) - 1.0),
            // 20 days of silence, as long as two of its five gaps, longer than none.
            ("silence_rank", 0.0),
            // 180, 140, 100, 60, 40 and 20 days ago: six spans of 30 days.
            ("purchase_months_360d", 6.0),
        ],
    );
    let gaps = [40.0, 40.0, 40.0, 20.0, 20.0_f64];
    let mean = gaps.iter().sum::<f64>() / 5.0;
    let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
    is(&vector, &[("purchase_interval_variation", deviation / mean)]);
    is_missing(&vector, &["spend_change_365d", "purchase_months_12m"]);
    let once = of(&rows(&[bought("2026-05-01", 10_000)]));
    is(
        &once,
        &[
            ("repeat_purchases", 0.0),
            ("days_first_to_last_purchase", 0.0),
            ("purchase_months_360d", 1.0),
        ],
    );
    is_missing(&once, &["repeat_purchase_value", "purchase_interval_median_days"]);
}

#[test]
fn people_who_came_and_left_are_counted() {
    let person = |joined: &str, left: Value, seen: &str| {
        (
            Kind::Contact,
            json!({"joined_at": joined, "left_at": left, "last_active_at": seen, "role": "user", "title": "Clerk"}),
        )
    };
    let vector = of(&rows(&[
        person("2026-06-01T00:00:00Z", Value::Null, "2026-06-25T00:00:00Z"),
        person("2025-06-30T00:00:00Z", Value::Null, "2026-02-01T00:00:00Z"),
        person(
            "2025-06-30T00:00:00Z",
            json!("2026-06-01T00:00:00Z"),
            "2026-05-01T00:00:00Z",
        ),
        person(
            "2025-06-30T00:00:00Z",
            json!("2026-05-01T00:00:00Z"),
            "2026-05-01T00:00:00Z",
        ),
    ]));
    is(
        &vector,
        &[
            ("contacts_joined_90d", 1.0),
            ("contacts_left_90d", 2.0),
            ("contacts_net_90d", -1.0),
            ("contacts_left_share_90d", 0.5),
            ("active_contacts_30d", 1.0),
            ("active_contact_share_90d", 0.5),
            ("days_since_contact_active", 5.0),
            ("contact_tenure_days", f64::midpoint(29.0, 365.0)),
        ],
    );
}

#[test]
fn contracts_grow_and_shrink_against_a_quarter_and_half_a_year_ago() {
    let history = history(&[
        (
            Kind::Account,
            "a",
            &[(
                "2025-01-01",
                json!({"contract_start": "2026-04-01", "contract_end": "2026-09-28", "employees": 100}),
            )],
        ),
        (
            Kind::Subscription,
            "s",
            &[
                (
                    "2025-07-01",
                    json!({"status": "active", "mrr_minor": 100_000, "seats": 10, "currency": "EUR",
                        "started_at": "2025-07-01T00:00:00Z", "auto_renew": false}),
                ),
                ("2026-02-01", json!({"mrr_minor": 200_000, "seats": 20})),
                ("2026-05-01", json!({"mrr_minor": 150_000, "seats": 25})),
            ],
        ),
        (
            Kind::Outcome,
            "o",
            &[(
                "2026-04-01",
                json!({"kind": "renewed", "at": "2026-04-01T00:00:00Z"}),
            )],
        ),
    ]);
    is(
        &of(&history),
        &[
            ("mrr_change_30d", 0.0),
            ("mrr_change_90d", -0.25),
            ("mrr_change_180d", 0.5),
            ("seats_change_90d", 0.25),
            ("seats_change_180d", 1.5),
            ("subscription_raises_365d", 1.0),
            ("subscription_cuts_365d", 1.0),
            ("auto_renew", 0.0),
            ("mrr_per_seat", 60.0),
            ("seats_per_employee", 0.25),
            ("contract_elapsed_share", 0.5),
            ("renewals_total", 1.0),
            ("days_since_renewal", 90.0),
        ],
    );
}

#[test]
fn an_outlook_shows_four_weeks_their_anomalies_and_thirty_days_ahead() {
    let weekday = |ago: i32| if [2, 3].contains(&(ago % 7)) { 0 } else { 20 };
    let history = used(140, |ago| (if ago == 5 { 0 } else { weekday(ago) }, 1));
    let outlook = usage_outlook(&history.snapshot(at(NOW)), &FeatureConfig::default());
    assert_eq!((outlook.last_day, outlook.history_days), (TODAY, 140));
    assert_eq!(outlook.expected.len(), 28);
    assert_eq!(outlook.expected.last().unwrap().day, TODAY);
    assert!(
        outlook
            .expected
            .iter()
            .all(|day| day.low <= day.expected && day.expected <= day.high)
    );
    let days: Vec<Date> = outlook.anomalies.iter().map(|anomaly| anomaly.day).collect();
    assert_eq!(days, [shift(TODAY, -5)]);
    let forecast = outlook.forecast.clone().unwrap();
    assert_eq!((forecast.from, forecast.to), (shift(TODAY, 1), shift(TODAY, 30)));
    assert!(
        forecast.low < 100.0 * 30.0 / 7.0 && forecast.high > 100.0 * 30.0 / 7.0,
        "{forecast:?}"
    );
    let text = serde_json::to_string(&outlook).unwrap();
    assert_eq!(
        serde_json::from_str::<copilot_features::UsageOutlook>(&text).unwrap(),
        outlook
    );
    // At noon, today is not over: the outlook ends with yesterday.
    let noon = usage_outlook(
        &history.snapshot(at("2026-06-30T12:00:00Z")),
        &FeatureConfig::default(),
    );
    assert_eq!(noon.last_day, shift(TODAY, -1));
}

#[test]
fn an_outlook_of_nothing_says_nothing() {
    let empty = AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC");
    let outlook = usage_outlook(&empty.snapshot(at(NOW)), &FeatureConfig::default());
    assert!(outlook.expected.is_empty() && outlook.anomalies.is_empty());
    assert!(outlook.week.is_none() && outlook.forecast.is_none());
}
