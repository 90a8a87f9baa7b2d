use std::collections::BTreeMap;

use copilot_domain::accuracy::Confusion;
use copilot_domain::backtest::{Backtest, Subject};
use copilot_domain::time::shift;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn account(number: usize) -> AccountId {
    AccountId::derived(&[&number.to_string()])
}

fn stand(score: f64) -> Stand {
    Stand {
        band: if score < 50.0 { Band::AtRisk } else { Band::Healthy },
        score: Some(score),
        risk: Some(1.0 - score / 100.0),
        flagged: score < 50.0,
        rules: if score < 30.0 {
            vec!["R01".to_owned()]
        } else {
            Vec::new()
        },
        reasons: vec![format!("score of {score}")],
    }
}

fn silent() -> Stand {
    Stand {
        band: Band::InsufficientData,
        score: None,
        risk: None,
        flagged: false,
        rules: Vec::new(),
        reasons: vec!["too little is known".to_owned()],
    }
}

fn look(number: usize, stand: Stand, became: Became) -> Look {
    Look {
        account: account(number),
        day: date(2026, 1, 1),
        happened: became == Became::Churned,
        became: Some(became),
        stands: vec![stand],
    }
}

/// Lost on a day; flagged on the looks before it that are named.
fn loss(number: usize, flagged: &[u32]) -> Loss {
    let of = |days: &u32| Some(vec![stand(if flagged.contains(days) { 20.0 } else { 80.0 })]);
    Loss {
        account: account(number),
        on: shift(date(2026, 3, 1), i32::try_from(number).unwrap()),
        stands: LOOKS_BEFORE_LOSS.iter().map(of).collect(),
    }
}

fn seen(looks: Vec<Look>, losses: Vec<Loss>) -> Seen {
    Seen {
        kind: PredictionKind::Churn,
        known_until: Timestamp::UNIX_EPOCH,
        days: vec![date(2026, 1, 1)],
        accounts: looks.len() as u64,
        sides: vec![Side {
            name: "draft <1>".to_owned(),
            flags: "at risk or critical".to_owned(),
            has_probabilities: false,
        }],
        looks,
        losses,
        replay: Replay::default(),
        notes: Vec::new(),
    }
}

/// Four flagged, of which two left; six not flagged, of which one left; one without an answer left too.
fn eleven() -> Vec<Look> {
    use Became::{Churned, Contracted, Expanded, Retained};
    let all = [
        (10.0, Churned),
        (20.0, Retained),
        (40.0, Churned),
        (45.0, Contracted),
        (60.0, Churned),
        (70.0, Retained),
        (75.0, Expanded),
        (80.0, Retained),
        (90.0, Retained),
        (95.0, Retained),
    ];
    let scored = all.into_iter().enumerate();
    scored
        .map(|(at, (score, became))| look(at, stand(score), became))
        .chain([look(10, silent(), Churned)])
        .collect()
}

#[test]
fn figures_are_those_that_a_hand_counts() {
    let result = result(seen(eleven(), Vec::new()));
    let side = &result.sides[0];
    let expected = Confusion {
        true_positive: 2,
        false_positive: 2,
        false_negative: 1,
        true_negative: 5,
    };
    assert_eq!(side.figures.confusion, expected);
    assert_eq!(side.figures.precision.map(|p| (p.hits, p.of)), Some((2, 4)));
    assert_eq!(
        side.figures.recall.map(|r| (r.hits, r.of)),
        Some((2, 4)),
        "who got no answer was not caught"
    );
    assert_eq!(
        (side.not_scored.hits, side.not_scored.of, side.not_scored_happened),
        (1, 11, 1)
    );
    // The tenth that ranks highest is one look of ten, and it left: 1 over 3 in 10.
    assert!((side.lift.unwrap().value - 10.0 / 3.0).abs() < 1e-3);
    let bands: Vec<(Band, [u64; 4])> = side
        .bands
        .iter()
        .map(|b| (b.band, [b.churned, b.contracted, b.expanded, b.retained]))
        .collect();
    assert_eq!(
        bands,
        [
            (Band::AtRisk, [2, 1, 0, 1]),
            (Band::Healthy, [1, 0, 1, 4]),
            (Band::InsufficientData, [1, 0, 0, 0])
        ]
    );
    let rule = &side.rules[0];
    assert_eq!(
        (rule.rule.as_str(), rule.precision.hits, rule.precision.of),
        ("R01", 1, 2)
    );
    assert!(side.figures.calibration.is_empty(), "a score is no probability");
    assert!(result.notes[0].starts_with("4 of 50"), "{:?}", result.notes);
}

#[test]
fn warning_is_the_unbroken_run_before_the_loss() {
    let long: Vec<u32> = LOOKS_BEFORE_LOSS
        .into_iter()
        .filter(|days| *days <= 105)
        .collect();
    // A break at 45 days: only the 30 after it were a warning, whatever was flagged at 90.
    let broken = [1, 15, 30, 60, 75, 90];
    let losses = vec![
        loss(0, &long),
        loss(1, &broken),
        loss(2, &[15, 30]),
        loss(3, &[1, 15, 30, 45, 60]),
    ];
    let result = result(seen(eleven(), losses));
    let side = &result.sides[0];
    let warnings = side.warnings.as_ref().unwrap();
    let days: Vec<(u32, u64)> = warnings.days.iter().map(|d| (d.days, d.losses)).collect();
    assert_eq!(days, [(0, 1), (30, 1), (60, 1), (105, 1)]);
    assert_eq!((warnings.at_90.hits, warnings.at_90.of), (2, 4));
    assert_eq!((warnings.at_least_60.hits, warnings.at_least_30.hits), (2, 3));
    assert_eq!(
        warnings.median_days,
        Some(30),
        "the lower of the two in the middle"
    );
    let missed: Vec<(AccountId, u32)> = side.missed.iter().map(|m| (m.account, m.warning_days)).collect();
    assert_eq!(missed, [(account(3), 60), (account(2), 0)], "the newest first");
    assert_eq!(side.missed[0].reasons, ["score of 80"]);
}

#[test]
fn without_outcomes_nothing_is_pretended() {
    let retained = vec![
        look(1, stand(20.0), Became::Retained),
        look(2, stand(80.0), Became::Retained),
    ];
    let result = result(seen(retained, Vec::new()));
    let side = &result.sides[0];
    assert_eq!((side.figures.recall, side.lift, side.auc), (None, None, None));
    assert_eq!(side.warnings.as_ref().unwrap().median_days, None);
    assert!(result.notes[0].starts_with("0 of 50"), "{:?}", result.notes);
    let nothing = super::result(seen(Vec::new(), Vec::new()));
    assert_eq!(nothing.sides[0].figures.precision, None);
    let page = page(&nothing);
    assert!(!page.contains("NaN") && page.contains("0 of 50"), "{page}");
}

fn page(result: &BacktestResult) -> String {
    let asked = Backtest::queued(Subject::Draft, "ann", Timestamp::UNIX_EPOCH, "1");
    let names = BTreeMap::from([(account(3), "Müller & <Söhne>".to_owned())]);
    report::html("acme", &asked, result, &names)
}

#[test]
fn the_report_names_misses_loads_nothing_and_runs_nothing() {
    let result = result(seen(eleven(), vec![loss(3, &[1]), loss(4, &[])]));
    let page = page(&result);
    assert!(page.contains("Müller &amp; &lt;Söhne&gt;"), "{page}");
    assert!(
        page.contains(&account(4).to_string()),
        "a nameless account stands by its id"
    );
    assert!(page.contains("draft &lt;1&gt;"));
    for foreign in ["<script", "http://", "https://", "url(", "@import", " src="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
}

#[test]
fn many_misses_are_counted_and_the_newest_kept() {
    let losses = (0..250).map(|number| loss(number, &[])).collect();
    let side = result(seen(eleven(), losses)).sides.remove(0);
    assert_eq!((side.missed.len(), side.missed_total), (MAX_MISSED, 250));
    assert_eq!(side.missed[0].account, account(249));
}

fn any_look() -> impl Strategy<Value = Look> {
    let became = prop_oneof![
        Just(Became::Churned),
        Just(Became::Contracted),
        Just(Became::Expanded),
        Just(Became::Retained)
    ];
    let said = proptest::option::of(0.0..100.0);
    (0_usize..40, said, became, 0_i32..6).prop_map(|(number, said, became, month)| Look {
        day: shift(date(2026, 1, 1), month * 30),
        ..look(number, said.map_or_else(silent, stand), became)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn counts_add_up_and_the_order_of_reading_changes_nothing(looks in proptest::collection::vec(any_look(), 0..120)) {
        // An account is looked at once a day.
        let mut once: BTreeMap<(AccountId, Date), Look> = BTreeMap::new();
        for look in looks {
            once.insert((look.account, look.day), look);
        }
        let looks: Vec<Look> = once.into_values().collect();
        let all = looks.len() as u64;
        let happened = looks.iter().filter(|look| look.happened).count() as u64;
        let mut turned = looks.clone();
        turned.reverse();
        let result = result(seen(looks, Vec::new()));
        prop_assert_eq!(&result, &super::result(seen(turned, Vec::new())));
        let side = &result.sides[0];
        let confusion = side.figures.confusion;
        let said = confusion.true_positive + confusion.false_positive + confusion.false_negative + confusion.true_negative;
        prop_assert_eq!(said, side.figures.rows);
        prop_assert_eq!(said + side.not_scored.hits, all);
        let of_bands: u64 = side.bands.iter().map(|b| b.churned + b.contracted + b.expanded + b.retained).sum();
        prop_assert_eq!(of_bands, all);
        prop_assert_eq!(side.bands.iter().map(|b| b.churned).sum::<u64>(), happened);
        let recall = side.figures.recall.map(|recall| (recall.hits, recall.of));
        prop_assert_eq!(recall, (happened > 0).then_some((confusion.true_positive, happened)));
        if let Some(last) = side.curve.last() {
            prop_assert_eq!((last.flagged, last.hits), (side.figures.rows, side.figures.happened));
        }
    }

    #[test]
    fn more_days_flagged_never_warn_later(flagged in proptest::collection::vec(any::<bool>(), 13), more in 0_usize..13) {
        let days = |flags: &[bool]| -> Vec<u32> {
            LOOKS_BEFORE_LOSS.into_iter().zip(flags).filter(|(_, flag)| **flag).map(|(days, _)| days).collect()
        };
        let mut further = flagged.clone();
        further[more] = true;
        prop_assert!(warned(&loss(1, &days(&flagged)), 0) <= warned(&loss(1, &days(&further)), 0));
    }
}
