use std::collections::BTreeSet;

use crate::support::tenant;
use copilot_domain::AccountId;
use copilot_domain::alert::{
    Alert, AlertAccount, AlertStatus, DismissReason, Renotify, RuleStates, Severity,
};
use copilot_domain::health::{Band, EvaluationId};
use copilot_domain::time::Timestamp;
use copilot_scoring::actions::{AlertAction, apply};
use copilot_scoring::alerts::{AlertContext, Transitions, advance};
use copilot_scoring::rules::{Facts, RuleSet};

use crate::support::{at, features};

struct World {
    rules: RuleSet,
    states: RuleStates,
    alerts: Vec<Alert>,
    held: BTreeSet<String>,
    gate: bool,
    renewal: Option<i32>,
    judged_since: Option<Timestamp>,
}

impl World {
    fn new() -> Self {
        Self {
            rules: RuleSet::shipped().unwrap(),
            states: RuleStates::default(),
            alerts: Vec::new(),
            held: BTreeSet::new(),
            gate: true,
            renewal: None,
            judged_since: None,
        }
    }

    /// Scores with these features on a day, and stores what came of it.
    fn score(&mut self, day: &str, values: &[(&'static str, f64)]) -> Transitions {
        let vector = features(values);
        let when = at(day);
        let account = AlertAccount {
            id: AccountId::derived(&["a"]),
            name: None,
            owner: None,
            arr: None,
            renewal_date: None,
            band: Band::Watch,
            score: None,
        };
        let out = advance(
            &self.states,
            &self.rules.evaluate(&vector, &Facts::default()),
            &AlertContext {
                tenant: &tenant(),
                account: &account,
                evaluation: &EvaluationId {
                    as_of: when,
                    facts: vector.fingerprint(),
                },
                rules: &self.rules,
                today: when.to_zoned(jiff::tz::TimeZone::UTC).date(),
                arr_percentile: Some(0.5),
                days_to_renewal: self.renewal,
                opportunity_gate: self.gate,
                held: &self.held,
                judged_since: self.judged_since,
            },
        );
        self.states = out.states.clone();
        for alert in &mut self.alerts {
            let id = alert.id;
            for update in out.updated.iter().filter(|u| u.id == id) {
                update.apply(alert);
            }
            for resolution in out.resolved.iter().filter(|r| r.id == id) {
                resolution.apply(alert);
            }
        }
        self.alerts.extend(out.opened.clone());
        out
    }

    fn act(&mut self, action: &AlertAction, day: &str) {
        let alert = self.alerts.last_mut().unwrap();
        let state = self
            .states
            .0
            .get_mut(&(alert.rule.clone(), alert.subject.clone()));
        apply(action, alert, state, "csm@example.com", at(day)).unwrap();
    }
}

const SILENT: [(&str, f64); 1] = [("days_since_key_event", 20.0)];
const CALM: [(&str, f64); 1] = [("days_since_key_event", 1.0)];

#[test]
fn an_alert_opens_on_entry_and_is_updated_while_it_holds() {
    let mut world = World::new();
    let first = world.score("2026-07-01", &SILENT);
    assert_eq!(first.opened.len(), 1);
    let second = world.score("2026-07-02", &[("days_since_key_event", 21.0)]);
    assert!(second.opened.is_empty());
    assert_eq!(
        (second.updated[0].id, second.updated[0].seen_count),
        (first.opened[0].id, 2)
    );
    assert_eq!(world.alerts.len(), 1);
    assert_eq!(world.alerts[0].title, "No key event for 21 days");
}

#[test]
fn the_same_evaluation_again_changes_nothing_and_an_older_one_is_ignored() {
    let mut world = World::new();
    world.score("2026-07-01", &SILENT);
    let states = world.states.clone();
    for day in ["2026-07-01", "2026-06-30"] {
        let again = world.score(day, &SILENT);
        assert!(
            again.opened.is_empty()
                && again.updated.is_empty()
                && again.resolved.is_empty()
                && again.changed.is_empty()
        );
        assert_eq!(world.states, states);
    }
    // Clear, and the same clear evaluation twice: it counts once.
    world.score("2026-07-02", &CALM);
    assert!(world.score("2026-07-02", &CALM).resolved.is_empty());
}

#[test]
fn two_clear_scorings_resolve_and_one_does_not() {
    let mut world = World::new();
    world.score("2026-07-01", &SILENT);
    assert!(world.score("2026-07-02", &CALM).resolved.is_empty());
    world.score("2026-07-03", &SILENT);
    assert!(
        world.score("2026-07-04", &CALM).resolved.is_empty(),
        "the count started anew"
    );
    let out = world.score("2026-07-05", &CALM);
    assert_eq!(out.resolved[0].reason, "recovered");
    assert_eq!(world.alerts[0].status, AlertStatus::Resolved);
    assert!(
        world.score("2026-07-06", &CALM).changed.is_empty(),
        "what is over needs no more writing"
    );
}

#[test]
fn after_the_cooldown_the_key_opens_as_a_new_episode_with_a_new_id() {
    let mut world = World::new();
    world.score("2026-07-01", &SILENT);
    world.score("2026-07-02", &CALM);
    world.score("2026-07-03", &CALM);
    assert!(
        world.score("2026-07-10", &SILENT).opened.is_empty(),
        "14 days of cooldown from the 3rd"
    );
    let out = world.score("2026-07-17", &SILENT);
    assert_eq!(out.opened[0].episode, 2);
    assert_ne!(out.opened[0].id, world.alerts[0].id);
}

#[test]
fn a_dismissed_key_stays_shut_for_30_days() {
    let mut world = World::new();
    world.score("2026-07-01", &SILENT);
    world.act(
        &AlertAction::Dismiss {
            reason: DismissReason::Known,
        },
        "2026-07-01T12:00:00Z",
    );
    assert!(world.score("2026-07-20", &SILENT).opened.is_empty());
    assert_eq!(world.score("2026-08-01", &SILENT).opened.len(), 1);
}

#[test]
fn wrong_data_is_shut_until_what_the_rule_saw_changes() {
    let mut world = World::new();
    world.score("2026-07-01", &[("days_since_key_event", 20.0)]);
    world.act(
        &AlertAction::Dismiss {
            reason: DismissReason::WrongData,
        },
        "2026-07-01T12:00:00Z",
    );
    // The last event is still that of June 11th: an age grows, the fact is the same.
    assert!(
        world
            .score("2026-09-09", &[("days_since_key_event", 90.0)])
            .opened
            .is_empty()
    );
    // Another last event: other data.
    assert_eq!(
        world
            .score("2026-09-10", &[("days_since_key_event", 40.0)])
            .opened
            .len(),
        1
    );
}

#[test]
fn a_snoozed_alert_is_quiet_and_wakes_itself() {
    let mut world = World::new();
    world.score("2026-07-01", &SILENT);
    world.act(
        &AlertAction::Snooze {
            until: at("2026-07-08"),
        },
        "2026-07-01T12:00:00Z",
    );
    assert_eq!(
        world
            .score("2026-07-05", &[("days_since_key_event", 30.0)])
            .updated[0]
            .renotify,
        None
    );
    let woke = world.score("2026-07-08", &[("days_since_key_event", 33.0)]);
    assert_eq!(woke.updated[0].renotify, Some(Renotify::SnoozeEnded));
    assert_eq!(world.alerts[0].status, AlertStatus::Open);
}

#[test]
fn one_closed_by_a_person_does_not_open_again_before_it_was_clear() {
    let mut world = World::new();
    world.score("2026-07-01", &SILENT);
    world.act(&AlertAction::Resolve { reason: None }, "2026-07-01T12:00:00Z");
    assert!(world.score("2026-08-15", &SILENT).opened.is_empty());
    world.score("2026-08-16", &CALM);
    world.score("2026-08-17", &CALM);
    assert_eq!(world.score("2026-08-18", &SILENT).opened.len(), 1);
}

#[test]
fn a_human_is_told_again_when_it_gets_worse_when_a_rule_joins_and_after_14_days() {
    let mut world = World::new();
    world.score("2026-07-01", &SILENT);
    let worse = world.score("2026-07-02", &[("days_since_key_event", 30.0)]);
    assert_eq!(worse.updated[0].renotify, Some(Renotify::SeverityRose));
    let joined = world.score(
        "2026-07-03",
        &[("days_since_key_event", 31.0), ("missed_meetings_30d", 2.0)],
    );
    assert_eq!(joined.updated[0].renotify, Some(Renotify::RuleJoined));
    let same = [("days_since_key_event", 32.0), ("missed_meetings_30d", 2.0)];
    assert_eq!(world.score("2026-07-04", &same).updated[0].renotify, None);
    let late = world.score("2026-07-17", &same);
    assert!(
        late.updated
            .iter()
            .any(|u| u.renotify == Some(Renotify::Unacknowledged))
    );
}

#[test]
fn company_and_renewal_raise_the_severity_with_reasons() {
    let mut world = World::new();
    world.renewal = Some(60);
    let out = world.score("2026-07-01", &[("missed_meetings_30d", 2.0)]);
    assert_eq!(
        (out.opened[0].base_severity, out.opened[0].severity),
        (Severity::Medium, Severity::High)
    );
    assert_eq!(out.opened[0].severity_why.len(), 2);
    assert!((out.opened[0].priority - 3.0 * 0.75 * (1.0 + 120.0 / 180.0)).abs() < 0.01);
}

#[test]
fn signals_found_at_the_first_look_keep_no_company_and_later_ones_do() {
    let mut world = World::new();
    world.judged_since = Some(at("2026-07-01"));
    let two = [
        ("missed_meetings_30d", 2.0),
        ("active_contacts_90d", 1.0),
        ("arr", 1.0),
    ];
    let first = world.score("2026-07-01", &two);
    assert!(first.opened.iter().all(|a| a.severity == a.base_severity));
    // Two that begin later are a development; the old one is not.
    let silent = [("days_since_key_event", 14.0), ("admin_removals_14d", 1.0)];
    let then = world.score("2026-07-10", &[&two[..], &silent[..]].concat());
    assert_eq!(then.opened.len(), 2);
    assert!(
        then.opened
            .iter()
            .all(|a| a.severity == Severity::Critical && a.base_severity == Severity::High)
    );
}

#[test]
fn the_storm_guard_holds_openings_and_says_so() {
    let mut world = World::new();
    world.held.insert("R03".to_owned());
    let out = world.score("2026-07-01", &SILENT);
    assert!(out.opened.is_empty());
    assert_eq!(out.held, ["R03"]);
    world.held.clear();
    assert_eq!(world.score("2026-07-02", &SILENT).opened.len(), 1);
}

#[test]
fn an_opportunity_waits_behind_a_high_risk_and_is_withdrawn_when_health_falls() {
    let chance = ("invites_30d", 6.0);
    let mut world = World::new();
    assert!(
        world
            .score("2026-07-01", &[chance, ("days_since_key_event", 20.0)])
            .opened
            .iter()
            .all(|a| a.rule == "R03")
    );
    let mut world = World::new();
    assert_eq!(world.score("2026-07-01", &[chance]).opened[0].rule, "O06");
    world.gate = false;
    world.score("2026-07-02", &[chance]);
    assert_eq!(
        world.score("2026-07-03", &[chance]).resolved[0].reason,
        "withdrawn"
    );
}
