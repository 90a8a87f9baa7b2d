//! The tone of what customers write, what people say of it, and the registry of a tenant's own model of it.

use serde::{Deserialize, Serialize};

use crate::facts::Kind;
use crate::ids::ExternalId;
use crate::model::RunStatus;
use crate::time::Timestamp;

/// The tone of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Annoyed, disappointed, angry.
    Negative,
    /// Neither.
    Neutral,
    /// Pleased, grateful.
    Positive,
}

impl Tone {
    /// All tones, in the order of a model's classes.
    pub const ALL: [Self; 3] = [Self::Negative, Self::Neutral, Self::Positive];

    /// As documents and data sets write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
        }
    }

    /// Reads what [`Tone::as_str`] writes.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tone| tone.as_str() == word)
    }

    /// The tone that a satisfaction rating of 1 to 5 stands for; 3 says nothing.
    pub fn of_csat(rating: f64) -> Option<Self> {
        if (1.0..=2.0).contains(&rating) {
            Some(Self::Negative)
        } else {
            (4.0..=5.0).contains(&rating).then_some(Self::Positive)
        }
    }

    /// Its place in [`Tone::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// What a person says the tone of a ticket or a survey answer is. It is kept as a fact: when it was given and when it was
/// taken back. It holds no words of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToneLabel {
    /// [`Kind::Ticket`] or [`Kind::Survey`].
    pub kind: Kind,
    /// Which one.
    pub external_id: ExternalId,
    /// Its tone.
    pub tone: Tone,
    /// Who said so.
    pub author: String,
    /// When; it is not known of before.
    pub given_at: Timestamp,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// Who took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<String>,
}

impl ToneLabel {
    /// Whether it is about a record.
    pub fn is_of(&self, kind: Kind, external_id: &ExternalId) -> bool {
        self.kind == kind && self.external_id == *external_id
    }

    /// The labels that stand at an instant: of each record the newest that was given up to then, if it was not taken back.
    /// One that a newer one took the place of does not come back. In the order of the records.
    pub fn at(all: &[Self], as_of: Timestamp) -> Vec<Self> {
        let mut known: Vec<&Self> = all.iter().filter(|one| one.given_at <= as_of).collect();
        known.sort_by(|a, b| (a.kind, &a.external_id, a.given_at).cmp(&(b.kind, &b.external_id, b.given_at)));
        let newest = known.chunk_by(|a, b| a.is_of(b.kind, &b.external_id));
        newest
            .filter_map(<[&Self]>::last)
            .filter(|one| one.removed_at.is_none_or(|removed| removed > as_of))
            // Whether it is taken back later is not known while it stands.
            .map(|one| Self {
                removed_at: None,
                removed_by: None,
                ..(*one).clone()
            })
            .collect()
    }
}

/// Macro-F1 on the later part of a tenant's labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToneFigures {
    /// Texts learnt from: the earlier part.
    pub learnt: usize,
    /// Texts tested: the later part.
    pub tested: usize,
    /// The tenant's own model, 0 to 1.
    pub own: f64,
    /// The shipped model, 0 to 1.
    pub shipped: f64,
    /// VADER alone, 0 to 1.
    pub vader: f64,
}

/// Labels that there were to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToneCounts {
    /// Texts with a satisfaction rating of 1, 2, 4 or 5.
    pub ratings: usize,
    /// Texts whose tone a person corrected; their ratings do not count.
    pub corrections: usize,
    /// Of all, negative.
    pub negative: usize,
    /// Of all, neutral.
    pub neutral: usize,
    /// Of all, positive.
    pub positive: usize,
}

/// A tenant's own model of tone, as it was registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToneVersion {
    /// The day, and what it was learnt from.
    pub version: String,
    /// When it was registered, by the tenant's clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub registered_at: Timestamp,
    /// Who asked for it; `schedule` is the run of the month.
    pub registered_by: String,
    /// What it was learnt from.
    pub labels: ToneCounts,
    /// What decided that it answers.
    pub figures: ToneFigures,
}

/// A training run of a tenant's own model of tone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToneRun {
    /// Id.
    pub id: String,
    /// Where it stands.
    pub status: RunStatus,
    /// When it was asked for, by the wall clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// When it was done.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
    /// What it does, or what came of it, in words.
    pub verdict: String,
    /// Accounts read so far.
    pub accounts_done: usize,
    /// Accounts to read.
    pub accounts: usize,
    /// What there was to learn from.
    pub labels: Option<ToneCounts>,
    /// How well each did on the later labels; missing where there were too few.
    pub figures: Option<ToneFigures>,
    /// The version that was registered.
    pub version: Option<String>,
}

impl ToneRun {
    /// An order for a run, to be written before it is sent. Ids sort by time; `unique` tells runs of one second apart.
    pub fn queued(by: &str, now: Timestamp, unique: &str) -> Self {
        Self {
            id: format!("tone-{}-{unique}", now.as_second()),
            status: RunStatus::Queued,
            asked_at: now,
            asked_by: by.to_owned(),
            finished_at: None,
            verdict: "waits to be started".to_owned(),
            accounts_done: 0,
            accounts: 0,
            labels: None,
            figures: None,
            version: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Source;

    fn at(day: u32) -> Timestamp {
        format!("2026-03-{day:02}T00:00:00Z").parse().unwrap()
    }

    fn label(id: &str, tone: Tone, given: u32, removed: Option<u32>) -> ToneLabel {
        ToneLabel {
            kind: Kind::Ticket,
            external_id: ExternalId::new(Source::api(), id).unwrap(),
            tone,
            author: "csm@acme.example".to_owned(),
            given_at: at(given),
            removed_at: removed.map(at),
            removed_by: None,
        }
    }

    #[test]
    fn a_label_stands_from_when_it_was_given_until_it_is_taken_back_or_replaced() {
        let all = [
            label("1", Tone::Neutral, 2, None),
            label("1", Tone::Positive, 5, Some(8)),
            label("2", Tone::Negative, 5, None),
        ];
        let standing = |day| -> Vec<Tone> { ToneLabel::at(&all, at(day)).iter().map(|l| l.tone).collect() };
        assert_eq!(standing(1), []);
        assert_eq!(standing(3), [Tone::Neutral]);
        assert_eq!(standing(6), [Tone::Positive, Tone::Negative]);
        assert_eq!(standing(9), [Tone::Negative]);
        let then = ToneLabel::at(&all, at(6));
        assert_eq!(then[0].removed_at, None);
    }
}
