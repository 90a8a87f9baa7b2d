//! The tone of what customers write: negative, neutral or positive, how much so, what it is about, and the sentence that
//! says it.
//!
//! Personal data is stripped first ([`strip`]). A learnt model ([`model`]) answers where it knows the words; the more of them
//! are new to it, the more VADER ([`vader`]) does. Each [`Reading`] says which of them decided. Pure: no clock, no I/O. English only: of another language few words are known,
//! VADER knows none, and the reading is neutral.

pub mod adapt;
pub mod category;
pub mod model;
mod ngrams;
pub mod strip;
pub mod train;
pub mod vader;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use category::Category;
pub use copilot_domain::tone::Tone;
pub use model::{ModelError, ToneModel};

use ngrams::Inputs;

/// Longest quote, in characters.
pub const MAX_QUOTE: usize = 200;
/// Sentences of a text that are looked at for the quote.
const MAX_SENTENCES: usize = 40;

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The lexicon and its rules.
    Vader,
    /// The learnt model.
    Model,
}

impl Method {
    /// As documents write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vader => "vader",
            Self::Model => "model",
        }
    }
}

/// What a text says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// -1 (negative) to 1 (positive): P(positive) minus P(negative) of the model, VADER's compound score mixed in by its part.
    pub sentiment: f64,
    /// In a word.
    pub tone: Tone,
    /// What it is about.
    pub category: Category,
    /// The sentence of the stripped text that carries most of the tone, at most [`MAX_QUOTE`] characters; none of a neutral
    /// text. A person's words: they may be shown to who may see the ticket, and never logged.
    pub evidence: Option<String>,
    /// What decided.
    pub method: Method,
    /// Which version of it.
    pub version: String,
}

/// The quote is left out: a person's words do not belong in a log.
impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("sentiment", &self.sentiment)
            .field("tone", &self.tone)
            .field("category", &self.category)
            .field("method", &self.method)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// VADER's version, as readings name it.
const VADER: &str = "vader 3.3.2";

/// Reads texts.
#[derive(Debug, Clone)]
pub struct Reader {
    model: Option<Arc<ToneModel>>,
}

impl Reader {
    /// With the model that is shipped, `models/tone`.
    ///
    /// # Errors
    /// None in a build whose tests passed: they load it.
    pub fn shipped() -> Result<Self, ModelError> {
        let weights = include_bytes!("../../../models/tone/weights.bin");
        let card = include_str!("../../../models/tone/card.json");
        Ok(Self::with(Arc::new(ToneModel::load(weights, card)?)))
    }

    /// With a model of one's own.
    pub fn with(model: Arc<ToneModel>) -> Self {
        Self { model: Some(model) }
    }

    /// With VADER alone.
    pub fn without_model() -> Self {
        Self { model: None }
    }

    /// The model, where there is one.
    pub fn model(&self) -> Option<&ToneModel> {
        self.model.as_deref()
    }

    /// The tone of a text as it came, and its sentiment, -1 to 1; `None` when nothing is left after stripping.
    pub fn tone(&self, text: &str) -> Option<(Tone, f64)> {
        let plain = strip::plain(text);
        let heard = self.hear(&plain)?;
        Some((heard.tone, heard.sentiment))
    }

    /// All of what a text says; `None` when nothing is left after stripping. `competitors` are names in lower case.
    pub fn read(&self, text: &str, competitors: &[String]) -> Option<Reading> {
        let plain = strip::plain(text);
        let heard = self.hear(&plain)?;
        Some(Reading {
            sentiment: heard.sentiment,
            tone: heard.tone,
            category: category::category(&plain, heard.tone, competitors),
            evidence: self.quote(&plain, heard.tone),
            version: match (heard.method, &self.model) {
                (Method::Model, Some(model)) => model.card().version.clone(),
                _ => VADER.to_owned(),
            },
            method: heard.method,
        })
    }

    fn hear(&self, plain: &str) -> Option<Heard> {
        if !plain.contains(char::is_alphanumeric) {
            return None;
        }
        let inputs = Inputs::of(plain);
        let Some(model) = &self.model else {
            return Some(Heard {
                sentiment: inputs.vader.compound,
                tone: model::vader_tone(&inputs.vader),
                method: Method::Vader,
            });
        };
        let judged = model.judge_inputs(&inputs);
        let weight = judged.vader_weight(model.card().vader_per_unknown);
        let (tone, sentiment) = judged.heard(weight);
        Some(Heard {
            sentiment,
            tone,
            // From a half on, the model cannot outvote VADER's tone.
            method: if weight < 0.5 {
                Method::Model
            } else {
                Method::Vader
            },
        })
    }

    /// The sentence that carries most of a tone that is not neutral.
    fn quote(&self, plain: &str, tone: Tone) -> Option<String> {
        let sign = match tone {
            Tone::Negative => -1.0,
            Tone::Neutral => return None,
            Tone::Positive => 1.0,
        };
        let mut best: Option<(f64, &str)> = None;
        for sentence in sentences(plain).take(MAX_SENTENCES) {
            let Some(heard) = self.hear(sentence) else {
                continue;
            };
            if best.is_none_or(|(most, _)| heard.sentiment * sign > most) {
                best = Some((heard.sentiment * sign, sentence));
            }
        }
        best.map(|(_, sentence)| shortened(sentence))
    }
}

struct Heard {
    sentiment: f64,
    tone: Tone,
    method: Method,
}

/// The sentences of a text: they end with a mark and white space, or with the line.
fn sentences(plain: &str) -> impl Iterator<Item = &str> {
    plain.lines().flat_map(|line| {
        let mut rest = line;
        std::iter::from_fn(move || {
            let ends = rest.char_indices().zip(rest.chars().skip(1));
            let end = ends
                .filter(|((_, c), next)| ".!?…".contains(*c) && next.is_whitespace())
                .map(|((at, c), _)| at + c.len_utf8())
                .next()
                .unwrap_or(rest.len());
            let (sentence, after) = rest.split_at(end);
            rest = after.trim_start();
            (!sentence.is_empty()).then_some(sentence)
        })
    })
}

/// At most [`MAX_QUOTE`] characters, cut between words.
fn shortened(sentence: &str) -> String {
    let Some((limit, _)) = sentence.char_indices().nth(MAX_QUOTE) else {
        return sentence.to_owned();
    };
    // One character less makes room for the mark of the cut.
    let room = sentence[..limit]
        .char_indices()
        .next_back()
        .map_or(0, |(at, _)| at);
    let cut = sentence[..room].rfind(' ').unwrap_or(room);
    format!("{}…", sentence[..cut].trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Reading {
        Reader::shipped().unwrap().read(text, &[]).unwrap()
    }

    #[test]
    fn an_angry_ticket_is_negative_and_quotes_its_worst_sentence() {
        let reading = read(
            "Hi Jo,\nwe exported the report on Monday. This is terrible, the export crashes and your support is useless! \
             Write to me at kim@acme.example.\nBest regards,\nKim Lee",
        );
        assert_eq!(
            (reading.tone, reading.category, reading.method),
            (Tone::Negative, Category::Bug, Method::Model)
        );
        assert!((-1.0..0.0).contains(&reading.sentiment), "{}", reading.sentiment);
        assert_eq!(
            reading.evidence.as_deref(),
            Some("This is terrible, the export crashes and your support is useless!")
        );
    }

    #[test]
    fn a_grateful_ticket_is_positive() {
        let reading = read("Thank you so much, this works great and saved us hours!");
        assert_eq!(
            (reading.tone, reading.category),
            (Tone::Positive, Category::Praise)
        );
    }

    #[test]
    fn a_plain_question_is_neutral_and_quotes_nothing() {
        let reading = read("How do I set the time zone of a scheduled report in the settings page?");
        assert_eq!((reading.tone, reading.category), (Tone::Neutral, Category::HowTo));
        assert_eq!(reading.evidence, None);
    }

    #[test]
    fn vader_reads_what_the_model_does_not_know_the_words_of() {
        let reading = read("Großartig, der Zeitplan funktioniert jetzt wieder einwandfrei");
        assert_eq!(
            (reading.method, reading.tone, reading.version.as_str()),
            (Method::Vader, Tone::Neutral, VADER)
        );
    }

    #[test]
    fn nothing_is_read_where_nothing_is_left() {
        let reader = Reader::shipped().unwrap();
        assert!(reader.read("> old\n> older", &[]).is_none() && reader.tone(" ...\n").is_none());
    }

    #[test]
    fn a_reading_shows_no_words_of_a_person_in_logs() {
        let reading = read("This is terrible and useless!");
        assert!(reading.evidence.is_some() && !format!("{reading:?}").contains("terrible"));
    }

    #[test]
    fn a_model_of_other_weights_than_its_card_is_refused() {
        let card = include_str!("../../../models/tone/card.json");
        assert!(matches!(
            ToneModel::load(b"cs-tone1", card),
            Err(ModelError::Hash)
        ));
    }

    static READER: std::sync::LazyLock<Reader> = std::sync::LazyLock::new(|| Reader::shipped().unwrap());

    proptest! {
        #[test]
        fn any_text_is_read_within_bounds(text in "\\PC{0,300}") {
            if let Some(reading) = READER.read(&text, &[]) {
                prop_assert!((-1.0..=1.0).contains(&reading.sentiment));
                prop_assert!(reading.evidence.is_none_or(|quote| quote.chars().count() <= MAX_QUOTE));
            }
        }
    }

    #[test]
    fn a_long_quote_is_cut_between_words() {
        let quote = shortened(&"word ".repeat(60));
        assert!(
            quote.chars().count() <= MAX_QUOTE && quote.ends_with("word…"),
            "{quote}"
        );
    }
}
