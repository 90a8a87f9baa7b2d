use std::collections::BTreeMap;
use std::sync::LazyLock;

use copilot_domain::health::{
    Band, BandState, EvaluationId, Group, Health, MeasureState, Points, ScorePoint,
};
use copilot_domain::score_override::ScoreOverride;
use copilot_features::{CATALOGUE, FeatureConfig, FeatureGroup, FeatureVector};
use copilot_scoring::health::{HealthInput, explain_change, health};
use copilot_scoring::profiles::Profiles;
use proptest::prelude::*;

use crate::support::{at, features};

/// The example of `docs/scoring.md`.
const EXAMPLE: [(&str, f64); 16] = [
    ("contract_month", 20.0),
    ("seat_utilisation", 0.62),
    ("key_events_change_30d", -0.11),
    ("feature_breadth", 0.5),
    ("dau_mau", 0.2),
    ("days_since_key_event", 7.0),
    ("days_since_two_way", 70.0),
    ("days_since_inbound", 14.0),
    ("urgent_wait_hours", 0.0),
    ("tickets_30d_scaled", 10.0),
    ("sla_breaches_30d", 1.0),
    ("survey_score", 7.5),
    ("survey_age_days", 20.0),
    ("pulse", 4.0),
    ("oldest_overdue_days", 15.0),
    ("mrr_change", 0.0),
];

static PROFILES: LazyLock<Profiles> = LazyLock::new(|| Profiles::shipped().unwrap());

fn run(
    profile: &str,
    vector: &FeatureVector,
    config: &FeatureConfig,
    previous: Option<&BandState>,
    when: &str,
) -> (Health, BandState) {
    run_with(profile, vector, config, previous, when, None)
}

fn run_with(
    profile: &str,
    vector: &FeatureVector,
    config: &FeatureConfig,
    previous: Option<&BandState>,
    when: &str,
    overridden: Option<&ScoreOverride>,
) -> (Health, BandState) {
    let profiles = &*PROFILES;
    let evaluation = EvaluationId {
        as_of: at(when),
        facts: vector.fingerprint(),
    };
    let today = at(when).to_zoned(jiff::tz::TimeZone::UTC).date();
    let earlier = [
        ScorePoint {
            day: jiff::civil::date(2026, 6, 22),
            score: Some(Points::from_milli(80_000)),
            band: Band::Healthy,
        },
        ScorePoint {
            day: jiff::civil::date(2026, 5, 31),
            score: Some(Points::from_milli(60_000)),
            band: Band::Watch,
        },
    ];
    health(&HealthInput {
        features: vector,
        config,
        profiles,
        profile: profiles.profiles.iter().find(|p| p.id == profile).unwrap(),
        today,
        evaluation: &evaluation,
        previous,
        earlier: &earlier,
        overridden,
    })
}

/// The same account with a score that a person set.
fn overridden(
    vector: &FeatureVector,
    score: i64,
    previous: Option<&BandState>,
    when: &str,
) -> (Health, BandState) {
    let given = ScoreOverride {
        score: Points::from_milli(score),
        reason: "they told us".to_owned(),
        author: "jo@acme.example".to_owned(),
        given_at: at("2026-06-30"),
        until: jiff::civil::date(2026, 7, 9),
        removed_at: None,
        removed_by: None,
    };
    run_with(
        "mid-touch",
        vector,
        &FeatureConfig::default(),
        previous,
        when,
        Some(&given),
    )
}

fn mid(vector: &FeatureVector) -> Health {
    run("mid-touch", vector, &FeatureConfig::default(), None, "2026-07-01").0
}

fn with(changes: &[(&'static str, f64)]) -> FeatureVector {
    let mut all: BTreeMap<&'static str, f64> = EXAMPLE.into_iter().collect();
    all.extend(changes.iter().copied());
    features(&all.into_iter().collect::<Vec<_>>())
}

fn near(points: Points, expected: f64) -> bool {
    (points.as_f64() - expected).abs() < 0.1
}

#[test]
fn the_worked_example_of_the_document_comes_out_to_a_tenth() {
    let health = mid(&with(&[]));
    assert!(near(health.score.unwrap(), 72.9), "{:?}", health.score);
    assert_eq!(health.band, Band::Watch);
    assert!((health.coverage - 0.89).abs() < 1e-9);
    for (id, lost) in [
        ("U1", 7.2),
        ("U2", 4.0),
        ("U4", 2.5),
        ("E1", 2.46),
        ("S2", 2.5),
        ("S3", 2.0),
        ("M1", 3.41),
        ("P1", 3.0),
    ] {
        let measure = health.measures.iter().find(|m| m.id == id).unwrap();
        assert!(near(measure.points_lost, lost), "{id} {}", measure.points_lost);
    }
    let sub = health.subscores;
    for (group, expected) in [
        (Group::Usage, 65.8),
        (Group::Engagement, 87.7),
        (Group::Support, 70.0),
        (Group::Sentiment, 77.3),
        (Group::Payment, 70.0),
    ] {
        assert!(
            near(sub.get(group).unwrap(), expected),
            "{group:?} {:?}",
            sub.get(group)
        );
    }
    assert_eq!(health.sum_check(), Points::ZERO);
}

#[test]
fn both_ends_of_the_line_belong_to_the_ends() {
    let score = |value| {
        mid(&with(&[("seat_utilisation", value)])).measures[0]
            .score
            .unwrap()
            .as_f64()
    };
    assert!((score(0.8) - 100.0).abs() < 1e-9 && (score(0.9) - 100.0).abs() < 1e-9);
    assert!(score(0.5).abs() < 1e-9 && score(0.1).abs() < 1e-9);
    assert!((score(0.65) - 50.0).abs() < 1e-6);
}

#[test]
fn seats_are_judged_by_the_month_of_the_contract() {
    let score = |month, value| {
        mid(&with(&[("contract_month", month), ("seat_utilisation", value)])).measures[0]
            .score
            .unwrap()
            .as_f64()
    };
    assert!((score(3.0, 0.5) - 100.0).abs() < 1e-9);
    assert!((score(3.0, 0.3) - 50.0).abs() < 1e-6);
    assert!(score(8.0, 0.5).abs() < 1e-9);
    assert!((score(8.0, 0.75) - 100.0).abs() < 1e-9);
    assert!(score(11.0, 0.74).abs() < 1e-9);
    assert!((score(13.0, 0.8) - 100.0).abs() < 1e-9);
}

#[test]
fn missing_weight_stays_in_its_group_and_that_of_an_empty_group_goes_to_all() {
    let weight = |health: &Health, id: &str| {
        health
            .measures
            .iter()
            .find(|m| m.id == id)
            .unwrap()
            .weight
            .as_f64()
    };
    let health = mid(&with(&[]));
    assert!((weight(&health, "E1") - 8.0 / 13.0 * 20.0).abs() < 0.002);
    assert!((weight(&health, "U1") - 12.0).abs() < 0.002);
    let few: Vec<(&'static str, f64)> = EXAMPLE
        .into_iter()
        .filter(|(n, _)| !["days_since_two_way", "days_since_inbound"].contains(n))
        .collect();
    let health = mid(&features(&few));
    assert!(
        (weight(&health, "U1") - 12.0 / 0.8).abs() < 0.002,
        "engagement's 20 went to the other 80"
    );
    let sum: Points = health.measures.iter().map(|m| m.weight).sum();
    assert_eq!(sum, Points::FULL);
    assert_eq!(health.subscores.engagement, None);
}

#[test]
fn a_measure_whose_source_is_silent_turns_stale_and_does_not_count() {
    let config = FeatureConfig {
        last_delivery: BTreeMap::from([(FeatureGroup::Usage, at("2026-06-23T00:00:00Z"))]),
        ..FeatureConfig::default()
    };
    let (health, _) = run("mid-touch", &with(&[]), &config, None, "2026-07-01");
    let state = |id: &str| {
        health
            .measures
            .iter()
            .find(|m| m.id == id)
            .map(|m| (m.state, m.score.is_some()))
            .unwrap()
    };
    assert_eq!(state("U1"), (MeasureState::Stale, false), "8 days old, 7 allowed");
    assert_eq!(state("U3"), (MeasureState::Ok, true), "8 days old, 14 allowed");
    assert_eq!(health.sum_check(), Points::ZERO);
}

#[test]
fn a_pulse_is_stale_after_90_days_and_nothing_after_120() {
    let state = |age| {
        let health = mid(&with(&[("pulse_age_days", age)]));
        health
            .measures
            .iter()
            .find(|m| m.id == "M2")
            .map(|m| (m.state, m.score.is_some()))
            .unwrap()
    };
    assert_eq!(state(90.0), (MeasureState::Ok, true));
    assert_eq!(state(91.0), (MeasureState::Stale, true));
    assert_eq!(state(121.0), (MeasureState::Stale, false));
}

#[test]
fn under_half_of_the_weight_there_is_no_score() {
    let health = mid(&features(&[
        ("seat_utilisation", 0.9),
        ("contract_month", 20.0),
        ("key_events_change_30d", 0.0),
    ]));
    assert_eq!((health.score, health.band), (None, Band::InsufficientData));
    assert!(health.raw_score.is_some());
    assert_eq!(health.sum_check(), Points::ZERO);
}

#[test]
fn onboarding_hides_the_score() {
    let health = run(
        "onboarding",
        &features(&[
            ("first_value", 1.0),
            ("days_without_milestone", 3.0),
            ("oldest_overdue_days", 0.0),
        ]),
        &FeatureConfig::default(),
        None,
        "2026-07-01",
    )
    .0;
    assert_eq!((health.score, health.band), (None, Band::Onboarding));
}

#[test]
fn each_cap_is_charged_only_for_what_it_adds_the_mildest_first() {
    let health = mid(&with(&[
        ("days_since_champion_left", 20.0),
        ("champions_present", 0.0),
        ("urgent_open_hours", 50.0),
        ("cancel_notice", 1.0),
    ]));
    let caps: Vec<(&str, f64)> = health
        .caps
        .iter()
        .map(|c| (c.id.as_str(), c.points_lost.as_f64()))
        .collect();
    assert_eq!(
        caps.iter().map(|c| c.0).collect::<Vec<_>>(),
        ["champion_gone", "urgent_ticket", "notice"]
    );
    assert!((caps[1].1 - 11.0).abs() < 1e-9 && (caps[2].1 - 25.0).abs() < 1e-9);
    assert!((health.score.unwrap().as_f64() - 24.0).abs() < 1e-9);
    assert_eq!(health.band, Band::Critical);
    assert_eq!(health.sum_check(), Points::ZERO);
}

#[test]
fn caps_need_what_the_table_says() {
    let capped = |changes: &[(&'static str, f64)]| {
        mid(&with(changes))
            .caps
            .iter()
            .map(|c| c.id.clone())
            .collect::<Vec<_>>()
    };
    assert!(capped(&[("urgent_open_hours", 48.0)]).is_empty());
    assert!(capped(&[("oldest_overdue_days", 60.0)]).is_empty());
    assert_eq!(capped(&[("oldest_overdue_days", 61.0)]), ["overdue"]);
    assert_eq!(capped(&[("pulse", 1.0), ("pulse_age_days", 5.0)]), ["pulse"]);
    assert!(capped(&[("days_since_champion_left", 13.0), ("champions_present", 0.0)]).is_empty());
    assert!(capped(&[("days_since_champion_left", 20.0), ("champions_present", 1.0)]).is_empty());
}

#[test]
fn a_band_changes_on_the_second_run_outside_or_three_points_past_the_edge() {
    let config = FeatureConfig::default();
    let step = |score: f64, previous: &BandState, when: &str| {
        run("digital", &full(score), &config, Some(previous), when).1
    };
    let start = run("digital", &full(76.0), &config, None, "2026-07-01").1;
    assert_eq!(start.band, Band::Healthy);
    let once = step(74.0, &start, "2026-07-02");
    assert_eq!(
        (once.band, once.runs_outside),
        (Band::Healthy, 1),
        "one point past the edge, once"
    );
    assert_eq!(
        step(74.0, &once, "2026-07-02"),
        once,
        "the same evaluation again changes nothing"
    );
    let twice = step(74.0, &once, "2026-07-03");
    assert_eq!((twice.band, twice.before), (Band::Watch, Some(Band::Healthy)));
    assert_eq!(
        step(72.0, &start, "2026-07-02").band,
        Band::Watch,
        "three points past the edge"
    );
    let back = step(75.5, &once, "2026-07-03");
    assert_eq!(
        (back.band, back.runs_outside),
        (Band::Healthy, 0),
        "back inside: the count starts anew"
    );
}

#[test]
fn a_cap_moves_the_band_at_once() {
    let config = FeatureConfig::default();
    let start = run("digital", &full(51.0), &config, None, "2026-07-01").1;
    assert_eq!(start.band, Band::Watch);
    let mut capped = full(51.0);
    capped.set("oldest_overdue_days", 61.0);
    let (health, state) = run("digital", &capped, &config, Some(&start), "2026-07-02");
    assert!(health.score.unwrap().as_f64() <= 49.0);
    assert_eq!(state.band, Band::AtRisk);
}

/// Every measure of the digital profile at the same score.
fn full(score: f64) -> FeatureVector {
    let line = |green: f64, red: f64| red + (green - red) * score / 100.0;
    features(&[
        ("contract_month", 20.0),
        ("seat_utilisation", line(0.8, 0.5)),
        ("key_events_change_30d", line(-0.05, -0.2)),
        ("feature_breadth", line(0.5, 0.2)),
        ("dau_mau", line(0.3, 0.1)),
        ("days_since_key_event", line(7.0, 30.0)),
        ("days_since_inbound", line(14.0, 30.0)),
        ("urgent_wait_hours", line(0.0, 48.0)),
        ("tickets_30d_scaled", line(5.0, 15.0)),
        ("sla_breaches_30d", line(0.0, 2.0)),
        ("survey_score", line(9.0, 6.0)),
        ("pulse", line(4.0, 2.0)),
        ("mrr_change", line(0.0, -0.1)),
    ])
}

#[test]
fn the_trend_is_against_the_last_score_that_is_old_enough() {
    let health = mid(&with(&[]));
    assert!((health.trend.d7.unwrap().as_f64() - (72.9 - 80.0)).abs() < 0.11);
    assert!((health.trend.d30.unwrap().as_f64() - (72.9 - 60.0)).abs() < 0.11);
    assert_eq!(health.trend.d90, None);
}

#[test]
fn an_override_moves_the_band_at_once_and_so_does_its_end() {
    let vector = with(&[]);
    let (before, state) = run(
        "mid-touch",
        &vector,
        &FeatureConfig::default(),
        None,
        "2026-07-01",
    );
    assert_eq!(before.band, Band::Watch);
    let (set, state) = overridden(&vector, 76_000, Some(&state), "2026-07-02");
    assert_eq!((set.band, set.previous_band), (Band::Healthy, Some(Band::Watch)));
    assert_eq!(set.computed_score, before.score);
    let (after, _) = run(
        "mid-touch",
        &vector,
        &FeatureConfig::default(),
        Some(&state),
        "2026-07-10",
    );
    assert_eq!((after.band, after.score), (Band::Watch, before.score));
}

#[test]
fn the_weights_of_a_profile_count_by_their_share() {
    let mut profiles = PROFILES.clone();
    for measure in &mut profiles.profiles.last_mut().unwrap().measures {
        measure.weight *= 7;
    }
    let vector = with(&[]);
    let snapshot = crate::support::Account::new().0.snapshot(at("2026-07-01"));
    let evaluation = EvaluationId {
        as_of: at("2026-07-01"),
        facts: vector.fingerprint(),
    };
    let (config, profile) = (FeatureConfig::default(), profiles.profiles.last().unwrap());
    let (scaled, _) = health(&HealthInput {
        features: &vector,
        config: &config,
        profiles: &profiles,
        profile,
        today: snapshot.today,
        evaluation: &evaluation,
        previous: None,
        earlier: &[],
        overridden: None,
    });
    let plain = mid(&vector);
    assert_eq!((scaled.score, scaled.measures), (plain.score, plain.measures));
}

fn any_features() -> impl Strategy<Value = FeatureVector> {
    proptest::collection::vec(proptest::option::weighted(0.7, -1.0_f64..40.0), CATALOGUE.len()).prop_map(
        |values| {
            let mut vector = FeatureVector::default();
            for (spec, value) in CATALOGUE.iter().zip(values) {
                let scaled = value.map(|v| {
                    if spec.unit == "share" || spec.unit == "ratio" {
                        v / 40.0
                    } else {
                        v.max(0.0)
                    }
                });
                vector.set(spec.name, scaled);
            }
            vector
        },
    )
}

proptest! {
    #[test]
    fn points_sum_to_a_score_that_was_set_whatever_is_known(vector in any_features(), score in 0_i64..1_000) {
        let (health, _) = overridden(&vector, score * 100, None, "2026-07-01");
        prop_assert_eq!(health.score, Some(Points::from_milli(score * 100)));
        prop_assert_eq!(health.sum_check(), Points::ZERO);
        let (plain, _) = run("mid-touch", &vector, &FeatureConfig::default(), None, "2026-07-01");
        prop_assert_eq!(health.computed_score, plain.score);
        if let Some(change) = explain_change(&health, &plain) {
            let sum: Points = change.contributions.iter().map(|c| c.points).sum();
            prop_assert_eq!(sum, change.change);
        }
    }
}

proptest! {
    #[test]
    fn points_sum_to_the_score_whatever_is_known(vector in any_features(), profile in 0_usize..7) {
        let id = &PROFILES.profiles[profile].id;
        let (health, _) = run(id, &vector, &FeatureConfig::default(), None, "2026-07-01");
        prop_assert_eq!(health.sum_check(), Points::ZERO);
        if health.raw_score.is_some() {
            let weights: Points = health.measures.iter().map(|m| m.weight).sum();
            prop_assert_eq!(weights, Points::FULL);
        }
        for m in &health.measures {
            prop_assert!(m.points_lost >= Points::ZERO && m.points_kept >= Points::ZERO);
            prop_assert_eq!(m.points_lost + m.points_kept, m.weight);
        }
        if let Some(score) = health.score {
            prop_assert!(score >= Points::ZERO && score <= Points::FULL && score.milli() % 100 == 0);
        }
    }

    #[test]
    fn a_change_between_two_dates_decomposes_exactly(now in any_features(), then in any_features()) {
        let (now, then) = (mid(&now), mid(&then));
        if let Some(change) = explain_change(&now, &then) {
            let sum: Points = change.contributions.iter().map(|c| c.points).sum();
            prop_assert_eq!(sum, change.change);
        }
    }
}
