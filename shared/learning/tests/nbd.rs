//! BG/NBD held against Lifetimes 0.11 on a made-up log (`nbd.csv`; its fit there: r .81042, alpha 5.91006, a .92544,
//! b 3.34858; expected orders of 90 days).

use copilot_learning::nbd::{Buyer, Leaving, fit};
use copilot_learning::random::Random;

fn close(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= share * b.abs().max(1e-3)
}

/// Accounts in weeks, with the orders of 90 days and the chance to be alive that Lifetimes tells.
fn log() -> Vec<(Buyer, f64, f64)> {
    let read = |line: &str| -> Option<(Buyer, f64, f64)> {
        let mut cells = line.split(',');
        let mut next = || cells.next()?.parse::<f64>().ok();
        let (repeats, recency, age) = (next()? as usize, next()?, next()?);
        let buyer = Buyer {
            repeats,
            recency,
            age,
        };
        Some((buyer, next()?, next()?))
    };
    include_str!("nbd.csv").lines().filter_map(read).collect()
}

#[test]
fn the_fit_and_what_is_expected_are_those_of_lifetimes() {
    let log = log();
    assert_eq!(log.len(), 500);
    let buyers: Vec<Buyer> = log.iter().map(|(b, _, _)| *b).collect();
    let fit = fit(&buyers).unwrap();
    let Leaving { a, b } = fit.leaving.unwrap();
    let found = [fit.r, fit.alpha, a, b];
    for (ours, theirs) in found.iter().zip([0.81042, 5.91006, 0.92544, 3.34858]) {
        assert!(close(*ours, theirs, 0.005), "{found:?}");
    }
    for (buyer, expected, alive) in &log {
        assert!(
            close(fit.expected(buyer, 90.0 / 7.0), *expected, 0.005),
            "{buyer:?} {expected}"
        );
        assert!(close(fit.alive(buyer), *alive, 0.005), "{buyer:?} {alive}");
    }
}

#[test]
fn days_tell_what_weeks_tell() {
    let log = log();
    let weeks: Vec<Buyer> = log.iter().map(|(b, _, _)| *b).collect();
    let days = |b: &Buyer| Buyer {
        recency: b.recency * 7.0,
        age: b.age * 7.0,
        ..*b
    };
    let in_days: Vec<Buyer> = weeks.iter().map(days).collect();
    let (one, other) = (fit(&weeks).unwrap(), fit(&in_days).unwrap());
    for buyer in &weeks {
        assert!(close(
            other.expected(&days(buyer), 90.0),
            one.expected(buyer, 90.0 / 7.0),
            1e-6
        ));
    }
}

#[test]
fn where_nobody_leaves_everyone_goes_on_at_the_pace_so_far() {
    // Each orders once a unit, or every other, until now.
    let buyers: Vec<Buyer> = (0..60)
        .map(|at| Buyer {
            repeats: if at % 2 == 0 { 20 } else { 10 },
            recency: 20.0,
            age: 20.0,
        })
        .collect();
    let fit = fit(&buyers).unwrap();
    assert_eq!(fit.leaving, None);
    assert!(close(fit.alive(&buyers[0]), 1.0, 1e-12));
    // Their own paces are 5 and 2.5 in that time, drawn towards everyone's 3.75.
    let (quick, slow) = (fit.expected(&buyers[0], 5.0), fit.expected(&buyers[1], 5.0));
    assert!(
        3.75 < quick && quick < 5.0 && 2.5 < slow && slow < 3.75,
        "{quick} {slow}"
    );
}

#[test]
fn accounts_without_an_age_are_not_fitted() {
    let new = Buyer {
        repeats: 0,
        recency: 0.0,
        age: 0.0,
    };
    assert_eq!(fit(&[new]), None);
    assert_eq!(fit(&[]), None);
}

/// Accounts that order at a pace of their own and leave after an order by one chance for all, seen for 400 days.
fn alike(seed: u64, count: usize, chance: f64) -> Vec<Buyer> {
    let mut random = Random::new(seed);
    let mut one = |_| {
        let mean = 5.0 + 40.0 * random.unit();
        let first = 200.0 * random.unit();
        let (mut last, mut repeats) = (first, 0);
        while random.unit() > chance {
            let next = last - mean * random.unit().max(1e-9).ln();
            if next > 400.0 {
                break;
            }
            (last, repeats) = (next, repeats + 1);
        }
        Buyer {
            repeats,
            recency: last - first,
            age: 400.0 - first,
        }
    };
    (0..count).map(&mut one).collect()
}

#[test]
fn where_all_leave_by_the_same_chance_the_search_runs_off_and_the_chance_is_kept() {
    for seed in 1..=12 {
        let fit = fit(&alike(seed, 400, 0.1)).unwrap();
        let leaving = fit.leaving.unwrap();
        let chance = leaving.a / (leaving.a + leaving.b);
        assert!((0.06..0.13).contains(&chance), "{seed}: {fit:?}");
        let silent = Buyer {
            repeats: 12,
            recency: 150.0,
            age: 330.0,
        };
        let young = Buyer {
            repeats: 0,
            recency: 0.0,
            age: 1.0,
        };
        assert!(fit.expected(&silent, 90.0) < 0.2, "{seed}: {fit:?}");
        let expected = fit.expected(&young, 90.0);
        assert!((0.0..90.0).contains(&expected), "{seed}: {expected}");
    }
}

#[test]
fn where_nobody_leaves_nobody_is_thought_to() {
    for seed in 1..=6 {
        let fit = fit(&alike(seed, 400, 0.0)).unwrap();
        let chance = fit.leaving.map_or(0.0, |l| l.a / (l.a + l.b));
        assert!(chance < 0.01, "{seed}: {fit:?}");
    }
}
