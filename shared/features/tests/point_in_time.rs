//! Features of an instant: what became known later changes nothing, nor does the order in which facts came.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may")]

use std::collections::BTreeSet;

use copilot_domain::facts::{Kind, UsageEvent};
use copilot_domain::history::{AccountHistory, FactRecord};
use copilot_domain::revision::{Record, Revision};
use copilot_domain::time::{Timestamp, from_epoch_day};
use copilot_domain::usage::UsageNode;
use copilot_domain::{AccountId, ExternalId, Source};
use copilot_features::tone::{TextTone, Tones};
use copilot_features::{CATALOGUE, FeatureConfig, FeatureGroup, compute, usage_outlook};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The day that everything is asked for.
const TODAY: i32 = 20_600;

fn instant(day: i32, hour: i32) -> Timestamp {
    Timestamp::from_second(i64::from(day) * 86_400 + i64::from(hour.rem_euclid(24)) * 3_600).unwrap()
}

fn now() -> Timestamp {
    instant(TODAY, 12)
}

/// What a source told about a record: when it was so, when we learned it, and the numbers that its fields are made of.
#[derive(Debug, Clone)]
struct Told {
    kind: Kind,
    source: &'static str,
    id: u8,
    version_day: i32,
    known_day: i32,
    seed: u64,
}

impl Told {
    fn external_id(&self) -> ExternalId {
        ExternalId::new(Source::new(self.source).unwrap(), format!("x{}", self.id)).unwrap()
    }

    fn revision(&self) -> Revision {
        let patch = patch(self.kind, self.version_day, self.seed);
        Revision::new(instant(self.version_day, 3), instant(self.known_day, 5), patch)
    }
}

/// Fields of a row of a kind: instants around a day, and words and numbers that mean something.
fn patch(kind: Kind, day: i32, seed: u64) -> Map<String, Value> {
    let pick = |salt: u64, of: u64| {
        (seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(salt as u32 * 7)
            >> 20)
            % of
    };
    let at =
        |salt: u64, spread: u64| json!(instant(day + pick(salt, spread) as i32, salt as i32).to_string());
    let day_of = |salt: u64, spread: u64| json!(from_epoch_day(day + pick(salt, spread) as i32).to_string());
    let one_of = |salt: u64, words: &[&str]| json!(words[pick(salt, words.len() as u64) as usize]);
    let all = match kind {
        Kind::Account => json!({
            "name": "A", "mrr_minor": pick(1, 90_000), "seats": pick(2, 60), "features_entitled": pick(3, 12),
            "employees": pick(4, 500), "forecast_mrr_minor": pick(5, 90_000), "contract_start": from_epoch_day(day - 200).to_string(),
            "contract_end": day_of(6, 400), "pulse": 1 + pick(7, 5), "pulse_at": at(8, 9), "goals_total": pick(9, 5),
            "goals_on_track": pick(10, 5), "stage": one_of(11, &["onboarding", "active", "will_churn"]),
            "cancel_notice_at": at(12, 300), "owner": "someone@example.com",
            "custom": {"quota_used": 0.5, "news_at": at(13, 20)},
        }),
        Kind::Contact => json!({
            "name": "C", "title": one_of(1, &["Director", "Clerk"]), "team": one_of(2, &["ops", "sales", "it"]),
            "role": one_of(3, &["champion", "sponsor", "admin", "detractor", "user"]), "joined_at": at(4, 40),
            "left_at": at(5, 500), "last_active_at": at(6, 90),
        }),
        Kind::Subscription => json!({
            "status": one_of(1, &["active", "past_due", "trialing", "canceled"]), "mrr_minor": pick(2, 50_000),
            "seats": pick(3, 50), "started_at": at(4, 9), "term_ends_on": day_of(5, 500), "canceled_at": at(6, 600),
            "auto_renew": pick(7, 2) == 0, "currency": one_of(8, &["EUR", "USD"]),
        }),
        Kind::Invoice => json!({
            "amount_minor": pick(1, 100_000) as i64 - 9_000, "issued_at": at(2, 5), "due_at": at(3, 40), "paid_at": at(4, 60),
            "failed_at": at(5, 90), "voided_at": at(6, 4_000), "line_count": pick(7, 30),
        }),
        Kind::Ticket => json!({
            "title": "It breaks", "text": "We look at Rival", "priority": one_of(1, &["low", "high", "urgent"]),
            "opened_at": at(2, 5), "answered_at": at(3, 9), "solved_at": at(4, 40), "sla_due_at": at(5, 6),
            "csat": 1 + pick(6, 5), "rated_at": at(7, 50), "escalated": pick(8, 3) == 0,
        }),
        Kind::Activity => json!({
            "kind": one_of(1, &["call", "meeting", "email", "note", "milestone"]),
            "direction": one_of(2, &["inbound", "outbound", "both"]), "at": at(3, 3), "held": pick(4, 4) > 0,
        }),
        Kind::Survey => json!({"kind": one_of(1, &["nps", "csat"]), "score": 1 + pick(2, 5), "at": at(3, 3)}),
        Kind::Outcome => json!({"kind": one_of(1, &["renewed", "expanded", "churned"]), "at": at(2, 3)}),
    };
    let Value::Object(fields) = all else {
        unreachable!()
    };
    // Not every source tells everything, and some take back what they told.
    let told = fields
        .into_iter()
        .enumerate()
        .filter_map(|(number, (key, value))| match pick(20 + number as u64, 8) {
            0 | 1 => None,
            2 if key != "at" && key != "custom" => Some((key, Value::Null)),
            _ => Some((key, value)),
        });
    told.collect()
}

/// Events of a day, learned of on another.
#[derive(Debug, Clone)]
struct Used {
    day: i32,
    known_day: i32,
    events: u32,
    batch: u32,
}

impl Used {
    fn events(&self) -> Vec<UsageEvent> {
        let event = |number: u32| UsageEvent {
            id: format!("{}/{}/{number}", self.day, self.batch),
            name: format!("n{}", (number + self.batch) % 7),
            user: (!number.is_multiple_of(5)).then(|| format!("u{}", (number * 3 + self.batch) % 9)),
            at: instant(self.day, 9),
        };
        (0..self.events).map(event).collect()
    }
}

#[derive(Debug, Clone)]
struct Facts {
    told: Vec<Told>,
    used: Vec<Used>,
}

impl Facts {
    fn history(&self) -> AccountHistory {
        let mut history = AccountHistory::empty(AccountId::derived(&["t", "a"]), "Europe/Berlin");
        for told in &self.told {
            let records = history.records.entry(told.kind).or_default();
            let external_id = told.external_id();
            if let Some(known) = records.iter_mut().find(|fact| fact.external_id == external_id) {
                known.record.merge(told.revision());
            } else {
                let mut record = Record::default();
                record.merge(told.revision());
                records.push(FactRecord { external_id, record });
            }
        }
        for used in &self.used {
            let mut node = UsageNode::default();
            for event in used.events() {
                node.insert(&event, used.known_day);
            }
            history
                .usage
                .entry(from_epoch_day(used.day))
                .or_default()
                .add(&node);
        }
        history
    }
}

fn any_told(known: std::ops::Range<i32>) -> impl Strategy<Value = Told> {
    (
        proptest::sample::select(&Kind::ALL[..]),
        proptest::sample::select(&["api", "crm"][..]),
        0_u8..8,
        TODAY - 700..TODAY + 20,
        known,
        any::<u64>(),
    )
        .prop_map(|(kind, source, id, version_day, known_day, seed)| Told {
            kind,
            source,
            id,
            version_day,
            known_day,
            seed,
        })
}

fn any_used(late: std::ops::Range<i32>, after: i32) -> impl Strategy<Value = Used> {
    (TODAY - 500..TODAY + 10, late, 1_u32..12, 0_u32..9).prop_map(move |(day, late, events, batch)| Used {
        day,
        known_day: (day + late).max(after),
        events,
        batch,
    })
}

/// Facts that were known by now.
fn before() -> impl Strategy<Value = Facts> {
    let told = proptest::collection::vec(any_told(TODAY - 500..TODAY + 1), 0..40);
    let used = proptest::collection::vec(any_used(0..3, i32::MIN), 0..60);
    // A stretch without a gap, so that trends, anomalies and forecasts have something to say.
    let steady = (0_i32..450, 1_u32..9).prop_map(|(days, events)| {
        let day = move |ago: i32| Used {
            day: TODAY - ago,
            known_day: TODAY - ago,
            events: events + u32::from(ago % 7 == 0) * 5,
            batch: 50 + ago as u32,
        };
        (0..days).map(day).collect::<Vec<Used>>()
    });
    (told, used, steady).prop_map(|(told, mut used, steady)| {
        used.extend(steady);
        used.retain(|used| used.known_day <= TODAY);
        Facts { told, used }
    })
}

/// Facts of any time that became known only after now.
fn later() -> impl Strategy<Value = Facts> {
    let told = proptest::collection::vec(any_told(TODAY + 1..TODAY + 90), 1..30);
    let used = proptest::collection::vec(any_used(0..40, TODAY + 1), 1..30);
    (told, used).prop_map(|(told, mut used)| {
        // Other events than those that were known.
        for used in &mut used {
            used.batch += 1_000;
        }
        Facts { told, used }
    })
}

fn configs() -> [FeatureConfig; 2] {
    let connected = FeatureConfig {
        key_events: Some(["n0", "n1", "n2"].map(str::to_owned).into()),
        competitors: vec!["Rival".to_owned()],
        connected: BTreeSet::from([
            FeatureGroup::Usage,
            FeatureGroup::Support,
            FeatureGroup::Payment,
            FeatureGroup::Contacts,
        ]),
        ..FeatureConfig::default()
    };
    [FeatureConfig::default(), connected]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_became_known_later_changes_nothing(facts in before(), later in later()) {
        let mut all = facts.clone();
        all.told.extend(later.told);
        all.used.extend(later.used);
        let (then, hindsight) = (facts.history().snapshot(now()), all.history().snapshot(now()));
        for config in configs() {
            let (old, new) = (compute(&then, &config), compute(&hindsight, &config));
            prop_assert_eq!(&old, &new);
            prop_assert_eq!(old.fingerprint(), new.fingerprint());
            prop_assert_eq!(usage_outlook(&then, &config), usage_outlook(&hindsight, &config));
        }
    }

    #[test]
    fn the_order_of_facts_changes_nothing(facts in before(), seed in any::<u64>()) {
        let shuffle = |number: usize| (number as u64 + 1).wrapping_mul(seed | 1).rotate_left(17);
        let mut other = Facts { told: Vec::new(), used: Vec::new() };
        let mut order: Vec<usize> = (0..facts.told.len()).collect();
        order.sort_by_key(|number| shuffle(*number));
        // Some are delivered twice.
        other.told.extend(order.iter().map(|number| facts.told[*number].clone()));
        other.told.extend(order.iter().filter(|n| **n % 3 == 0).map(|number| facts.told[*number].clone()));
        let mut order: Vec<usize> = (0..facts.used.len()).collect();
        order.sort_by_key(|number| shuffle(*number));
        other.used.extend(order.iter().map(|number| facts.used[*number].clone()));
        for config in configs() {
            let of = |facts: &Facts| compute(&facts.history().snapshot(now()), &config);
            let (old, new) = (of(&facts), of(&other));
            prop_assert_eq!(&old, &new);
            prop_assert_eq!(old.fingerprint(), new.fingerprint());
        }
    }

    #[test]
    fn a_walk_over_many_instants_computes_what_each_alone_does(facts in before(), days in proptest::collection::vec(0_i32..400, 1..5)) {
        let history = facts.history();
        let mut snapshots = history.snapshots();
        for ago in days {
            let when = instant(TODAY - ago, 12);
            for config in configs() {
                let (walk, alone) = (snapshots.at(when), history.snapshot(when));
                prop_assert_eq!(compute(&walk, &config), compute(&alone, &config));
            }
        }
    }

    #[test]
    fn every_value_is_finite_and_in_the_catalogue(facts in before()) {
        for config in configs() {
            let vector = compute(&facts.history().snapshot(now()), &config);
            prop_assert_eq!(vector.to_map().len(), CATALOGUE.len());
            for (name, value) in vector.values() {
                prop_assert!(value.is_finite(), "{} is {}", name, value);
                prop_assert!(CATALOGUE.iter().any(|spec| spec.name == name), "{} is not in the catalogue", name);
            }
        }
    }
}

/// A feature that nothing gives a value is none.
#[test]
fn every_feature_of_the_catalogue_can_have_a_value() {
    let mut missing: BTreeSet<&str> = CATALOGUE.iter().map(|spec| spec.name).collect();
    for round in 0..24_u64 {
        let mut told = Vec::new();
        for number in 0..240_u64 {
            let day = TODAY - 800 + (number * 10 / 3) as i32;
            let kind = Kind::ALL[(number % 8) as usize];
            // Accounts and subscriptions are told of again and again, the others are of their day.
            let id = match kind {
                Kind::Account => 0,
                Kind::Subscription => number / 8 % 3,
                Kind::Contact => number / 8 % 12,
                _ => number / 8,
            };
            told.push(Told {
                kind,
                source: "api",
                id: id as u8,
                version_day: day,
                known_day: day,
                seed: number * 977 + round * 7_919,
            });
        }
        let day = |ago: i32| Used {
            day: TODAY - ago,
            known_day: TODAY - ago,
            events: 3 + (ago as u32 * 7) % 11,
            batch: ago as u32,
        };
        let used = (0..456).map(day).collect();
        let mut history = Facts { told, used }.history();
        let mut calls = UsageNode::default();
        for number in 0..30 {
            let event = UsageEvent {
                id: format!("call-{number}"),
                name: "job_succeeded".to_owned(),
                user: None,
                at: now(),
            };
            calls.insert(&event, TODAY);
        }
        history
            .usage
            .entry(from_epoch_day(TODAY))
            .or_default()
            .add(&calls);
        let snapshot = history.snapshot(now());
        for mut config in configs() {
            let tone = TextTone {
                negative: true,
                sentiment_thousandths: -500,
            };
            let read = snapshot.tickets.iter().map(|t| (t.external_id.clone(), tone));
            config.tones = Some(Tones {
                tickets: read.collect(),
                ..Tones::default()
            });
            let vector = compute(&snapshot, &config);
            for (name, _) in vector.values() {
                missing.remove(name);
            }
        }
    }
    assert!(missing.is_empty(), "never a value: {missing:?}");
}
