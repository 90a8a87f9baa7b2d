use copilot_domain::alert::{AlertType, Severity};
use copilot_scoring::rules::{Facts, RuleSet};

use crate::support::features;

fn fired(values: &[(&'static str, f64)], facts: &Facts) -> Vec<copilot_scoring::rules::Fired> {
    RuleSet::shipped().unwrap().evaluate(&features(values), facts)
}

fn ids(values: &[(&'static str, f64)], facts: &Facts) -> Vec<String> {
    fired(values, facts).into_iter().map(|f| f.rule).collect()
}

fn facts(numbers: &[(&'static str, f64)], words: &[(&'static str, &str)]) -> Facts {
    Facts {
        numbers: numbers.iter().copied().collect(),
        words: words
            .iter()
            .map(|(name, word)| (*name, (*word).to_owned()))
            .collect(),
    }
}

#[test]
fn every_shipped_rule_compiles_and_reads_features_that_exist() {
    let rules = RuleSet::shipped().unwrap();
    let of = |kind: AlertType| rules.specs().filter(|s| s.rule_type == kind).count();
    assert_eq!((of(AlertType::Risk), of(AlertType::Opportunity)), (29, 14));
    assert!(
        rules
            .specs()
            .all(|s| !s.expression().is_empty() && s.cooldown_days > 0)
    );
}

#[test]
fn with_nothing_known_nothing_fires() {
    assert_eq!(ids(&[], &Facts::default()), Vec::<String>::new());
}

#[test]
fn a_usage_drop_needs_a_base_that_is_worth_talking_of() {
    let of = |base| {
        ids(
            &[("key_events_week_change", -0.25), ("key_events_base_4w", base)],
            &Facts::default(),
        )
    };
    assert_eq!(of(50.0), ["R01"]);
    assert!(of(49.0).is_empty());
}

#[test]
fn thirty_silent_days_are_critical_and_every_clause_shows_its_value() {
    let of = |days| fired(&[("days_since_key_event", days)], &Facts::default());
    assert_eq!(of(14.0)[0].severity, Severity::High);
    assert!(of(13.0).is_empty());
    let critical = &of(30.0)[0];
    assert_eq!(critical.severity, Severity::Critical);
    assert_eq!(critical.title, "No key event for 30 days");
    assert_eq!(critical.clauses.len(), 2);
    assert!(critical.clauses.iter().all(|c| c.holds && c.value == Some(30.0)));
    assert_eq!(critical.clauses[0].threshold, Some(30.0));
    assert_eq!(critical.evidence["days_since_key_event"], Some(30.0));
}

#[test]
fn the_renewal_rule_speaks_by_band_and_names_the_renewal_as_its_subject() {
    let mut vector = features(&[("days_to_renewal", 20.0)]);
    vector.set_label("renewal", Some("2026-12-31".to_owned()));
    let rules = RuleSet::shipped().unwrap();
    let of = |band: &str, score| rules.evaluate(&vector, &facts(&[("h.score", score)], &[("h.band", band)]));
    assert!(of("healthy", 80.0).is_empty());
    assert_eq!(of("watch", 60.0)[0].severity, Severity::High);
    let worst = of("at_risk", 40.0);
    let renewal = worst.iter().find(|f| f.rule == "R21").unwrap();
    assert_eq!(
        (renewal.severity, renewal.subject.as_str()),
        (Severity::Critical, "2026-12-31")
    );
}

#[test]
fn seat_use_is_red_by_the_age_of_the_contract() {
    let of = |month, value| {
        ids(
            &[
                ("contract_month", month),
                ("seat_utilisation", value),
                ("seats", 10.0),
            ],
            &Facts::default(),
        )
    };
    assert!(of(3.0, 0.2).is_empty());
    assert_eq!(of(3.0, 0.05), ["R04"]);
    assert_eq!(of(8.0, 0.5), ["R04"]);
    assert_eq!(of(11.0, 0.7), ["R04"]);
    assert!(of(20.0, 0.6).is_empty());
}

#[test]
fn cadence_depends_on_touch() {
    let of = |touch: &str, days| {
        ids(
            &[("days_since_two_way", days)],
            &facts(&[], &[("a.touch", touch)]),
        )
    };
    assert_eq!(of("high", 61.0), ["R10"]);
    assert!(of("mid", 61.0).is_empty() && of("digital", 200.0).is_empty());
    assert_eq!(of("mid", 91.0), ["R10"]);
}

#[test]
fn a_champion_who_left_is_critical_unless_there_is_another() {
    let of = |present| {
        fired(
            &[("days_since_champion_left", 3.0), ("champions_present", present)],
            &Facts::default(),
        )
    };
    assert_eq!(of(0.0)[0].severity, Severity::Critical);
    assert!(of(1.0).is_empty());
}

#[test]
fn a_rule_that_reads_what_does_not_exist_is_refused() {
    let text = r#"[{"id":"X","name":"x","type":"risk","severity":"low","cooldown_days":1,"playbook":null,"title":"t","action":"a",
        "any":[{"all":[{"when":"f.nonsense > 1.0","text":"x"}]}]}]"#;
    assert!(RuleSet::compile(serde_json::from_str(text).unwrap()).is_err());
    let broken = text.replace("f.nonsense > 1.0", "f.nps >");
    assert!(RuleSet::compile(serde_json::from_str(&broken).unwrap()).is_err());
}

#[test]
fn rules_of_daily_use_leave_accounts_alone_that_order_now_and_then() {
    let silent = [
        ("days_since_key_event", 90.0),
        ("key_events_week_change", -1.0),
        ("key_events_base_4w", 80.0),
    ];
    let of = |kind| ids(&silent, &facts(&[], &[("a.kind", kind)]));
    assert_eq!(of("subscription"), ["R01", "R03"]);
    assert!(of("transactional").is_empty());
    let rules = RuleSet::shipped().unwrap();
    let shown = rules.spec("R03").unwrap().expression();
    assert!(
        shown.starts_with(r#"!(a.kind in ["transactional"]) && (("#),
        "{shown}"
    );
}

#[test]
fn the_churn_models_word_fires_from_the_cut_on_and_says_both_figures() {
    let said = |churn: f64| fired(&[], &facts(&[("m.churn", churn), ("m.cut", 0.5)], &[]));
    assert_eq!(said(0.49), []);
    assert_eq!(ids(&[], &facts(&[("m.cut", 0.5)], &[])), Vec::<String>::new());
    let [fired] = &said(0.5)[..] else {
        unreachable!("one rule")
    };
    assert_eq!(
        (fired.rule.as_str(), fired.title.as_str()),
        ("R30", "50 % to leave within 90 days")
    );
    let clause = &fired.clauses[0];
    assert_eq!((clause.value, clause.threshold), (Some(0.5), Some(0.5)));
}
