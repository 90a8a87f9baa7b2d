//! A tenant's own model on made-up labels: kept where its words mean something of their own, else left.

#![expect(clippy::unwrap_used, reason = "tests")]

use copilot_text::adapt::{Adapted, Rated, adapt};
use copilot_text::train::Settings;
use copilot_text::{Method, Reader, Tone};

/// Trade words that no lexicon knows to be good or bad.
const BAD: [&str; 6] = [
    "reroute",
    "demurrage",
    "backload",
    "offloaded",
    "rollover",
    "detention",
];
const GOOD: [&str; 6] = [
    "expressed",
    "preloaded",
    "berthed",
    "cleared",
    "consolidated",
    "prioritised",
];
const COMMON: [&str; 8] = [
    "container",
    "vessel",
    "terminal",
    "booking",
    "week",
    "quay",
    "manifest",
    "route",
];

/// Texts whose tone is in the words of the trade; `at` counts up.
fn texts(number: usize) -> Vec<(i64, String, Tone)> {
    (0..number)
        .map(|at| {
            let (words, tone) = if at % 2 == 0 {
                (BAD, Tone::Negative)
            } else {
                (GOOD, Tone::Positive)
            };
            let common = |by: usize| COMMON[(at * by + at / 7) % COMMON.len()];
            let text = format!(
                "The {} was {} and the {} {} at {}",
                common(3),
                words[(at / 2) % 6],
                common(5),
                words[(at / 3) % 6],
                common(7)
            );
            (at as i64, text, tone)
        })
        .collect()
}

fn rated(texts: &[(i64, String, Tone)]) -> Vec<Rated<'_>> {
    texts
        .iter()
        .map(|(at, text, tone)| Rated {
            at: *at,
            text,
            tone: *tone,
        })
        .collect()
}

fn run(rated: &[Rated<'_>]) -> Adapted {
    adapt(
        &Reader::shipped().unwrap(),
        rated,
        &Settings::default(),
        "tone acme 1",
    )
}

#[test]
fn words_of_the_trade_are_learnt_and_kept() {
    let texts = texts(300);
    let Adapted::Kept { model, figures } = run(&rated(&texts)) else {
        panic!("{:?}", run(&rated(&texts)));
    };
    assert!(
        figures.own > 0.95 && figures.own > figures.shipped.max(figures.vader) + 0.2,
        "{figures:?}"
    );
    assert_eq!((figures.learnt, figures.tested), (210, 90));
    let reader = Reader::with(model.into());
    // Ratings know no neutral; what neither praises nor complains is neutral all the same.
    let question = "How do I set the time zone of a scheduled report in the settings page?";
    assert_eq!(reader.tone(question).unwrap().0, Tone::Neutral);
    let read = |text: &str| reader.read(text, &[]).unwrap();
    let (bad, good) = (
        read("The vessel was offloaded, demurrage again"),
        read("The vessel was cleared, prioritised again"),
    );
    assert!(bad.sentiment < good.sentiment - 0.2, "{bad:?} {good:?}");
    assert_eq!((bad.method, bad.version.as_str()), (Method::Model, "tone acme 1"));
}

#[test]
fn the_order_in_which_labels_come_does_not_matter() {
    let texts = texts(240);
    let mut turned = rated(&texts);
    turned.reverse();
    assert_eq!(run(&turned), run(&rated(&texts)));
}

#[test]
fn labels_that_mean_nothing_change_nothing() {
    let mut texts = texts(300);
    for (at, _, tone) in &mut texts {
        // As good as by lot.
        *tone = if ((*at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40).is_multiple_of(2) {
            Tone::Negative
        } else {
            Tone::Positive
        };
    }
    assert!(matches!(run(&rated(&texts)), Adapted::NotBetter(_)));
}

#[test]
fn few_labels_or_one_tone_teach_nothing() {
    let few = texts(100);
    assert_eq!(
        run(&rated(&few)),
        Adapted::TooFew {
            labels: 100,
            tones: 2
        }
    );
    let mut one = texts(300);
    for (_, _, tone) in &mut one {
        *tone = Tone::Negative;
    }
    assert_eq!(
        run(&rated(&one)),
        Adapted::TooFew {
            labels: 300,
            tones: 1
        }
    );
}

#[test]
fn a_rating_of_three_is_no_label() {
    let tones = [1.0, 2.0, 3.0, 4.0, 5.0, 0.0].map(Tone::of_csat);
    let (bad, good) = (Some(Tone::Negative), Some(Tone::Positive));
    assert_eq!(tones, [bad, bad, None, good, good, None]);
}
