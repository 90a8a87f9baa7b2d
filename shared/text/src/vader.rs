//! VADER (Hutto, Gilbert, 2014): a lexicon with rules for boosters, negation, capitals and punctuation.
//!
//! A port of `vaderSentiment` 3.3.2 (MIT, `lexicon/LICENSE-vader.txt`), its oddities included, so that figures compare:
//! `tests/vader.rs` holds it against the reference. The two crates of that name differ from it and score lower
//! (`docs/decisions/text-tone.md`). It learns nothing and knows English only.

use std::collections::HashMap;
use std::sync::LazyLock;

const INCREASE: f64 = 0.293;
const CAPITALS: f64 = 0.733;
const NEGATION: f64 = -0.74;
/// Spreads the sum of valences over -1 to 1.
const ALPHA: f64 = 15.0;

/// Sorted, for binary search.
const NEGATE: [&str; 59] = [
    "ain't",
    "aint",
    "aren't",
    "arent",
    "can't",
    "cannot",
    "cant",
    "couldn't",
    "couldnt",
    "daren't",
    "darent",
    "despite",
    "didn't",
    "didnt",
    "doesn't",
    "doesnt",
    "don't",
    "dont",
    "hadn't",
    "hadnt",
    "hasn't",
    "hasnt",
    "haven't",
    "havent",
    "isn't",
    "isnt",
    "mightn't",
    "mightnt",
    "mustn't",
    "mustnt",
    "needn't",
    "neednt",
    "neither",
    "never",
    "none",
    "nope",
    "nor",
    "not",
    "nothing",
    "nowhere",
    "oughtn't",
    "oughtnt",
    "rarely",
    "seldom",
    "shan't",
    "shant",
    "shouldn't",
    "shouldnt",
    "uh-uh",
    "uhuh",
    "wasn't",
    "wasnt",
    "weren't",
    "werent",
    "without",
    "won't",
    "wont",
    "wouldn't",
    "wouldnt",
];

const BOOSTERS: &str = "absolutely amazingly awfully completely considerable considerably decidedly deeply effing enormous \
    enormously entirely especially exceptional exceptionally extreme extremely fabulously flipping flippin frackin \
    fracking fricking frickin frigging friggin fully fuckin fucking fuggin fugging greatly hella highly hugely \
    incredible incredibly intensely major majorly more most particularly purely quite really remarkably so \
    substantially thoroughly total totally tremendous tremendously uber unbelievably unusually utter utterly very";

const DAMPENERS: &str = "almost barely hardly kinda kindof kind-of less little marginal marginally occasional \
    occasionally partly scarce scarcely slight slightly somewhat sorta sortof sort-of";

/// Of two words.
const DAMPENING_PHRASES: [&str; 3] = ["just enough", "kind of", "sort of"];

const SPECIAL_CASES: [(&str, f64); 9] = [
    ("the shit", 3.0),
    ("the bomb", 3.0),
    ("bad ass", 1.5),
    ("badass", 1.5),
    ("bus stop", 0.0),
    ("yeah right", -2.0),
    ("kiss of death", -1.5),
    ("to die for", 3.0),
    ("beating heart", 3.5),
];

struct Lexicon {
    valence: HashMap<&'static str, f64>,
    boosters: HashMap<&'static str, f64>,
    emoji: HashMap<char, &'static str>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let pairs = |text: &'static str| text.lines().filter_map(|line| line.split_once('\t'));
    let of = |words: &'static str, by: f64| words.split_whitespace().map(move |word| (word, by));
    Lexicon {
        valence: pairs(include_str!("../lexicon/vader.txt"))
            .filter_map(|(word, valence)| Some((word, valence.parse().ok()?)))
            .collect(),
        boosters: of(BOOSTERS, INCREASE).chain(of(DAMPENERS, -INCREASE)).collect(),
        emoji: pairs(include_str!("../lexicon/emoji.txt"))
            .filter_map(|(emoji, text)| Some((emoji.chars().next()?, text)))
            .collect(),
    }
});

/// What VADER says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scores {
    /// Share of negative weight, 0 to 1.
    pub negative: f64,
    /// Share of neutral weight, 0 to 1.
    pub neutral: f64,
    /// Share of positive weight, 0 to 1.
    pub positive: f64,
    /// All of it, -1 to 1; its authors call up to -0.05 negative, from 0.05 on positive.
    pub compound: f64,
}

struct Word {
    lower: String,
    /// Its valence in the lexicon.
    valence: Option<f64>,
    shouted: bool,
}

/// The scores of a text, rounded as the reference rounds.
pub fn scores(text: &str) -> Scores {
    let text = without_emoji(text);
    let words: Vec<Word> = text
        .split(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
        .filter(|token| !token.is_empty())
        .map(word)
        .collect();
    if words.is_empty() {
        return Scores::default();
    }
    let shouted = words.iter().filter(|w| w.shouted).count();
    let some_shouted = shouted > 0 && shouted < words.len();
    let mut valences: Vec<f64> = (0..words.len())
        .map(|at| valence(&words, at, some_shouted))
        .collect();
    weigh_but(&words, &mut valences);
    total(&valences, emphasis(&text))
}

/// Emoji in words.
fn without_emoji(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut spaced = true;
    for c in text.chars() {
        if let Some(words) = (!c.is_ascii()).then(|| LEXICON.emoji.get(&c)).flatten() {
            if !spaced {
                out.push(' ');
            }
            out.push_str(words);
            spaced = false;
        } else {
            out.push(c);
            spaced = c == ' ';
        }
    }
    out
}

/// A token without the punctuation around it; one of at most two letters then is an emoticon, and stays whole.
fn word(token: &str) -> Word {
    let stripped = token.trim_matches(|c: char| c.is_ascii_punctuation());
    let text = if stripped.chars().nth(2).is_none() {
        token
    } else {
        stripped
    };
    let lower = text.to_lowercase();
    Word {
        valence: LEXICON.valence.get(lower.as_str()).copied(),
        shouted: text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
        lower,
    }
}

fn is_negation(word: &str) -> bool {
    NEGATE.binary_search(&word).is_ok() || word.contains("n't")
}

fn valence(words: &[Word], at: usize, some_shouted: bool) -> f64 {
    let word = &words[at];
    let lower = |back: usize| words[at - back].lower.as_str();
    let next = words.get(at + 1);
    if LEXICON.boosters.contains_key(word.lower.as_str())
        || (word.lower == "kind" && next.is_some_and(|next| next.lower == "of"))
    {
        return 0.0;
    }
    let Some(own) = word.valence else {
        return 0.0;
    };
    let mut valence = own;
    if word.lower == "no" && next.is_some_and(|next| next.valence.is_some()) {
        valence = 0.0;
    }
    if (at > 0 && lower(1) == "no")
        || (at > 1 && lower(2) == "no")
        || (at > 2 && lower(3) == "no" && ["or", "nor"].contains(&lower(1)))
    {
        valence = own * NEGATION;
    }
    if word.shouted && some_shouted {
        valence += if valence > 0.0 { CAPITALS } else { -CAPITALS };
    }
    for distance in 1..=3.min(at) {
        if words[at - distance].valence.is_some() {
            continue;
        }
        let fade = [1.0, 0.95, 0.9][distance - 1];
        valence += boost(&words[at - distance], valence, some_shouted) * fade;
        valence = negate(words, at, distance, valence);
        if distance == 3 {
            valence = idioms(words, at, valence);
        }
    }
    if at > 0 && words[at - 1].valence.is_none() && lower(1) == "least" {
        let spared = at > 1 && ["at", "very"].contains(&lower(2));
        if !spared {
            valence *= NEGATION;
        }
    }
    valence
}

/// What a booster or dampener adds to the valence of the word that it stands before.
fn boost(word: &Word, valence: f64, some_shouted: bool) -> f64 {
    let Some(by) = LEXICON.boosters.get(word.lower.as_str()) else {
        return 0.0;
    };
    let by = if valence < 0.0 { -by } else { *by };
    if !(word.shouted && some_shouted) {
        by
    } else if valence > 0.0 {
        by + CAPITALS
    } else {
        by - CAPITALS
    }
}

fn negate(words: &[Word], at: usize, distance: usize, valence: f64) -> f64 {
    let lower = |back: usize| words[at - back].lower.as_str();
    let so = |back: usize| ["so", "this"].contains(&lower(back));
    // The precedence of `and` and `or` is the reference's.
    let (stronger, certain) = match distance {
        2 => (
            lower(2) == "never" && so(1),
            lower(2) == "without" && lower(1) == "doubt",
        ),
        3 => (
            (lower(3) == "never" && so(2)) || so(1),
            lower(3) == "without" && (lower(2) == "doubt" || lower(1) == "doubt"),
        ),
        _ => (false, false),
    };
    if stronger {
        valence * 1.25
    } else if certain || !is_negation(lower(distance)) {
        valence
    } else {
        valence * NEGATION
    }
}

/// Phrases that mean something else than their words. Asked only from the fourth word on, as the reference does.
fn idioms(words: &[Word], at: usize, mut valence: f64) -> f64 {
    let phrase = |from: usize, to: usize| {
        let words: Vec<&str> = words[from..=to].iter().map(|w| w.lower.as_str()).collect();
        words.join(" ")
    };
    let special = |phrase: &str| {
        let found = SPECIAL_CASES.iter().find(|(known, _)| *known == phrase);
        found.map(|(_, valence)| *valence)
    };
    let (two_before, three_before) = (phrase(at - 2, at - 1), phrase(at - 3, at - 2));
    let before = [
        &phrase(at - 1, at),
        &phrase(at - 2, at),
        &two_before,
        &phrase(at - 3, at - 1),
        &three_before,
    ];
    if let Some(found) = before.iter().find_map(|phrase| special(phrase)) {
        valence = found;
    }
    for last in [at + 1, at + 2] {
        if last < words.len()
            && let Some(found) = special(&phrase(at, last))
        {
            valence = found;
        }
    }
    let dampened = [two_before.as_str(), three_before.as_str()];
    let times = dampened
        .iter()
        .filter(|phrase| DAMPENING_PHRASES.contains(phrase))
        .count();
    valence - INCREASE * times as f64
}

/// What comes before the first `but` counts half, what comes after half more. The reference looks each value up by its
/// first equal, and so do we.
fn weigh_but(words: &[Word], valences: &mut [f64]) {
    let Some(but) = words.iter().position(|w| w.lower == "but") else {
        return;
    };
    for at in 0..valences.len() {
        let value = valences[at];
        #[expect(clippy::float_cmp, reason = "the same value, not a close one")]
        let Some(first) = valences.iter().position(|other| *other == value) else {
            continue;
        };
        if first < but {
            valences[first] = value * 0.5;
        } else if first > but {
            valences[first] = value * 1.5;
        }
    }
}

/// Up to four exclamation marks count, and question marks from two on.
fn emphasis(text: &str) -> f64 {
    let count = |mark: char| text.matches(mark).count();
    let exclaimed = count('!').min(4) as f64 * 0.292;
    exclaimed
        + match count('?') {
            0 | 1 => 0.0,
            n @ 2..=3 => n as f64 * 0.18,
            _ => 0.96,
        }
}

fn total(valences: &[f64], emphasis: f64) -> Scores {
    let mut sum: f64 = valences.iter().sum();
    if sum > 0.0 {
        sum += emphasis;
    } else if sum < 0.0 {
        sum -= emphasis;
    }
    // Neutral words count 1 each; the ones added make up for that.
    let mut positive: f64 = valences.iter().filter(|v| **v > 0.0).map(|v| v + 1.0).sum();
    let mut negative: f64 = valences.iter().filter(|v| **v < 0.0).map(|v| 1.0 - v).sum();
    let neutral = valences.iter().filter(|v| **v == 0.0).count() as f64;
    if positive > negative {
        positive += emphasis;
    } else if positive < negative {
        negative += emphasis;
    }
    let all = positive + negative + neutral;
    let round = |value: f64, by: f64| (value * by).round_ties_even() / by;
    Scores {
        negative: round(negative / all, 1e3),
        neutral: round(neutral / all, 1e3),
        positive: round(positive / all, 1e3),
        compound: round((sum / (sum * sum + ALPHA).sqrt()).clamp(-1.0, 1.0), 1e4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_negation_are_sorted() {
        assert!(NEGATE.is_sorted());
    }

    #[test]
    fn all_of_the_lexicon_is_read() {
        assert_eq!((LEXICON.valence.len(), LEXICON.emoji.len()), (7487, 1212));
    }
}
