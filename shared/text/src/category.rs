//! What a text is about: by words and phrases, since nobody has labelled any. The list is all there is to it, so a CSM can
//! see why a text landed where it did.

use serde::{Deserialize, Serialize};

use crate::Tone;

/// What a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// They want to leave or shrink, or name another vendor.
    Cancellation,
    /// Nothing works, for anybody.
    Outage,
    /// Invoices, payments, prices.
    Billing,
    /// Something works otherwise than it should.
    Bug,
    /// Something that is not there is asked for.
    FeatureRequest,
    /// They ask how something is done.
    HowTo,
    /// They say thanks or well done, and nothing else.
    Praise,
    /// None of these.
    Other,
}

impl Category {
    /// As documents write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancellation => "cancellation",
            Self::Outage => "outage",
            Self::Billing => "billing",
            Self::Bug => "bug",
            Self::FeatureRequest => "feature_request",
            Self::HowTo => "how_to",
            Self::Praise => "praise",
            Self::Other => "other",
        }
    }
}

/// Words and phrases by category, in lower case, without marks other than apostrophes; `*` at the end of a phrase takes any
/// ending. Of categories with as many different phrases in the text, the one that stands first is taken.
const PHRASES: [(Category, &[&str]); 7] = [
    (
        Category::Cancellation,
        &[
            "cancel our",
            "cancel my",
            "cancel the subscription",
            "cancel the contract",
            "cancellation",
            "cancelling",
            "canceling",
            "close our account",
            "close my account",
            "competitor*",
            "delete our account",
            "downgrade",
            "downgrading",
            "end our contract",
            "evaluating alternatives",
            "leave you",
            "looking at alternatives",
            "looking for an alternative",
            "migrate away",
            "moving away from",
            "moving to another",
            "not going to renew",
            "not renew",
            "other vendor*",
            "switch to another",
            "switching to",
            "terminate",
            "won't renew",
        ],
    ),
    (
        Category::Outage,
        &[
            "all users are affected",
            "cannot reach",
            "can't reach",
            "completely down",
            "down again",
            "down for everyone",
            "downtime",
            "is down",
            "are down",
            "nobody can log in",
            "nobody can",
            "no one can",
            "not reachable",
            "outage*",
            "service unavailable",
            "system down",
            "unreachable",
            "went down",
            "whole team is blocked",
            "502",
            "503",
            "504",
        ],
    ),
    (
        Category::Billing,
        &[
            "bill",
            "billed",
            "billing",
            "charge",
            "charged",
            "charges",
            "credit card",
            "credit note",
            "double charged",
            "invoice*",
            "overcharged",
            "payment*",
            "price increase",
            "pricing",
            "receipt*",
            "refund*",
            "vat",
        ],
    ),
    (
        Category::Bug,
        &[
            "bug",
            "bugs",
            "broken",
            "crash*",
            "does not load",
            "does not work",
            "doesn't load",
            "doesn't work",
            "don't work",
            "error*",
            "exception*",
            "fail",
            "failed",
            "failing",
            "fails",
            "freezes",
            "glitch*",
            "incorrect*",
            "missing data",
            "not working",
            "stack trace",
            "stopped working",
            "stuck",
            "timeout*",
            "times out",
            "won't load",
            "wrong result*",
        ],
    ),
    (
        Category::FeatureRequest,
        &[
            "add support for",
            "any plans to",
            "can you add",
            "could you add",
            "feature request*",
            "it would be great if",
            "it would be nice",
            "please add",
            "please support",
            "roadmap",
            "suggestion*",
            "we need a way to",
            "we would like to have",
            "wish there was",
            "wish you had",
            "would be helpful if",
            "would love to see",
        ],
    ),
    (
        Category::HowTo,
        &[
            "best way to",
            "can i",
            "documentation",
            "guide me",
            "how can i",
            "how can we",
            "how do i",
            "how do we",
            "how do you",
            "how does one",
            "how to",
            "is it possible to",
            "is there a way to",
            "tutorial*",
            "what is the way to",
            "where can i",
            "where can we",
            "where do i",
        ],
    ),
    (
        Category::Praise,
        &[
            "amazing",
            "awesome",
            "excellent",
            "fantastic",
            "great job",
            "great support",
            "great work",
            "happy with",
            "impressed",
            "keep it up",
            "kudos",
            "love it",
            "love the",
            "loving",
            "perfect",
            "thank you",
            "thanks",
            "well done",
            "works great",
            "works perfectly",
        ],
    ),
];

/// The category of a stripped text. A name of `competitors` (lower case) is a sign of leaving, too; praise is meant only
/// where the tone is not negative.
pub fn category(plain: &str, tone: Tone, competitors: &[String]) -> Category {
    let lower = plain.to_lowercase().replace('’', "'");
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect();
    let text = format!(" {} ", words.join(" "));
    let holds = |phrase: &str| match phrase.strip_suffix('*') {
        Some(start) => text.contains(&format!(" {start}")),
        None => text.contains(&format!(" {phrase} ")),
    };
    let named = competitors
        .iter()
        .filter(|name| !name.is_empty() && holds(name))
        .count();
    let mut best = (0, Category::Other);
    for (category, phrases) in PHRASES {
        let mut hits = phrases.iter().filter(|phrase| holds(phrase)).count();
        if category == Category::Cancellation {
            hits += named;
        }
        // Thanks end most letters: praise is what is left where nothing else is said.
        let is_praise = category == Category::Praise;
        if hits > best.0 && !(is_praise && (best.0 > 0 || tone == Tone::Negative)) {
            best = (hits, category);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_category_is_found_by_its_words() {
        for (text, expected) in [
            ("Please cancel our subscription.", Category::Cancellation),
            ("We won’t renew, the export crashes", Category::Cancellation),
            ("We are looking at Rivalsoft now", Category::Cancellation),
            ("The API is down, nobody can log in", Category::Outage),
            (
                "You charged our credit card twice, we need a refund",
                Category::Billing,
            ),
            ("The export fails with an error", Category::Bug),
            ("It would be great if you had dark mode", Category::FeatureRequest),
            ("How do I invite a user? Thanks!", Category::HowTo),
            ("Great job, thank you", Category::Praise),
            ("We met on Tuesday", Category::Other),
            ("", Category::Other),
        ] {
            assert_eq!(
                category(text, Tone::Neutral, &["rivalsoft".to_owned()]),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn thanks_of_an_angry_writer_are_no_praise() {
        assert_eq!(
            category("Thanks for nothing", Tone::Negative, &[]),
            Category::Other
        );
    }

    #[test]
    fn words_count_whole_unless_the_list_says_otherwise() {
        assert_eq!(
            category("the vatican and a debug log", Tone::Neutral, &[]),
            Category::Other
        );
        assert_eq!(category("two invoices", Tone::Neutral, &[]), Category::Billing);
    }
}
