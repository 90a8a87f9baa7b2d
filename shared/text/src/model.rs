//! The learnt model: multinomial logistic regression over hashed n-grams and VADER's scores, in 8 bits a weight.
//!
//! The file is [`MAGIC`], three scales, three intercepts and 4 × 3 weights of VADER's scores (f32, little-endian), the set
//! of known words (one bit each), and 2^16 × 3 weights (i8, one scale a class). Classes are in the order of [`Tone::ALL`].

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Tone;
use crate::ngrams::{BUCKETS, Inputs, KNOWN_BITS};
use crate::strip::plain;
use crate::vader::Scores;

/// The first bytes of a file of weights; the digit rises with what the inputs mean.
pub const MAGIC: &[u8; 8] = b"cs-tone1";
/// Classes.
pub(crate) const CLASSES: usize = 3;
/// Weights that are not of n-grams, by class: VADER's scores, the intercept.
pub(crate) const DENSE: usize = 5;
const KNOWN_BYTES: usize = KNOWN_BITS / 8;
const HEAD_BYTES: usize = MAGIC.len() + 4 * CLASSES * (1 + DENSE);
/// Bytes of a file of weights.
pub const FILE_BYTES: usize = HEAD_BYTES + KNOWN_BYTES + BUCKETS * CLASSES;

/// Why a model does not load.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The card is not the JSON it should be.
    #[error("the card of the tone model does not read")]
    Card(#[from] serde_json::Error),
    /// The weights are of another build or cut off.
    #[error(
        "the weights of the tone model have {bytes} bytes and begin otherwise than cs-tone1, or are not {FILE_BYTES} bytes; train them anew"
    )]
    Format {
        /// Their length.
        bytes: usize,
    },
    /// The weights are not those of the card.
    #[error(
        "the weights of the tone model have another SHA-256 than their card says; take both from one training"
    )]
    Hash,
}

/// What a model says of itself as far as serving needs it. A card holds more, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Name and version, e.g. `tone 1`: stands beside each reading.
    pub version: String,
    /// SHA-256 of the weights, hex.
    pub sha256: String,
    /// VADER's part in the answer by share of words that were never seen in training, see [`Judged::heard`]. At 1 it is that
    /// share; at 0 VADER has none, which is right for a model that learnt from the tenant's own texts.
    pub vader_per_unknown: f64,
}

/// A model, ready to read.
#[derive(Clone, PartialEq)]
pub struct ToneModel {
    card: Card,
    pub(crate) weights: Weights,
}

impl std::fmt::Debug for ToneModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToneModel")
            .field("card", &self.card)
            .finish_non_exhaustive()
    }
}

/// What a model and VADER make of one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// By tone, in the order of [`Tone::ALL`].
    pub probabilities: [f64; CLASSES],
    /// Share of the words that were seen in training.
    pub known_share: f64,
    /// VADER's scores.
    pub vader: Scores,
}

impl Judged {
    fn of(weights: &Weights, inputs: &Inputs) -> Self {
        Self {
            probabilities: weights.probabilities(inputs),
            known_share: weights.known_share(inputs),
            vader: inputs.vader,
        }
    }

    /// VADER's part in the answer, 0 to 1.
    pub fn vader_weight(&self, per_unknown: f64) -> f64 {
        ((1.0 - self.known_share) * per_unknown).clamp(0.0, 1.0)
    }

    /// The probabilities, VADER's tone mixed in by `weight`, and the sentiment, VADER's compound score mixed in alike.
    pub fn heard(&self, weight: f64) -> (Tone, f64) {
        let [negative, _, positive] = self.probabilities;
        let sentiment = (positive - negative) * (1.0 - weight) + self.vader.compound * weight;
        (most_likely(self.mixed(weight)), sentiment)
    }

    pub(crate) fn mixed(&self, weight: f64) -> [f64; CLASSES] {
        let mut mixed = self.probabilities.map(|p| p * (1.0 - weight));
        mixed[self.of_vader().index()] += weight;
        mixed
    }

    /// The model's tone.
    pub fn of_model(&self) -> Tone {
        most_likely(self.probabilities)
    }

    /// VADER's tone.
    pub fn of_vader(&self) -> Tone {
        vader_tone(&self.vader)
    }
}

/// Weights as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    pub(crate) scales: [f32; CLASSES],
    /// VADER's four scores, then the intercept.
    pub(crate) dense: [[f32; CLASSES]; DENSE],
    pub(crate) known: Vec<u8>,
    pub(crate) grams: Vec<[i8; CLASSES]>,
}

impl Weights {
    /// From weights as they were learnt, in the order `[bucket][class]`, and the words that were seen.
    pub(crate) fn rounded(grams: &[f64], dense: [[f32; CLASSES]; DENSE], known: Vec<u8>) -> Self {
        let by_bucket = || grams.as_chunks::<CLASSES>().0.iter();
        let scales: [f32; CLASSES] = std::array::from_fn(|class| {
            let largest = by_bucket().map(|w| w[class].abs()).fold(0.0, f64::max);
            (largest / f64::from(i8::MAX)) as f32
        });
        let round = |weight: f64, scale: f32| match f64::from(scale) {
            scale if scale > 0.0 => (weight / scale).round() as i8,
            _ => 0,
        };
        Self {
            scales,
            dense,
            known,
            grams: by_bucket()
                .map(|w| std::array::from_fn(|class| round(w[class], scales[class])))
                .collect(),
        }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FILE_BYTES);
        out.extend_from_slice(MAGIC);
        for value in self.scales.iter().chain(self.dense.iter().flatten()) {
            out.extend_from_slice(&value.to_le_bytes());
        }
        out.extend_from_slice(&self.known);
        out.extend(self.grams.iter().flatten().map(|weight| weight.to_le_bytes()[0]));
        out
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != FILE_BYTES || !bytes.starts_with(MAGIC) {
            return None;
        }
        let floats: Vec<f32> = bytes[MAGIC.len()..HEAD_BYTES]
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        let by_class = floats.as_chunks::<CLASSES>().0;
        let (known, grams) = bytes[HEAD_BYTES..].split_at(KNOWN_BYTES);
        Some(Self {
            scales: by_class[0],
            dense: std::array::from_fn(|at| by_class[at + 1]),
            known: known.to_vec(),
            grams: grams
                .as_chunks::<CLASSES>()
                .0
                .iter()
                .map(|w| w.map(|b| i8::from_le_bytes([b])))
                .collect(),
        })
    }

    /// The probabilities of a text's tones, in the order of [`Tone::ALL`].
    pub(crate) fn probabilities(&self, inputs: &Inputs) -> [f64; CLASSES] {
        let mut grams = [0.0_f32; CLASSES];
        for (bucket, value) in &inputs.grams {
            let weights = self.grams[usize::from(*bucket)];
            for (sum, weight) in grams.iter_mut().zip(weights) {
                *sum += f32::from(weight) * value;
            }
        }
        let [a, b, c, d] = inputs.vader();
        let margins: [f64; CLASSES] = std::array::from_fn(|class| {
            let dense = self.dense.iter().zip([a, b, c, d, 1.0]);
            f64::from(grams[class] * self.scales[class])
                + dense
                    .map(|(weight, value)| f64::from(weight[class]) * value)
                    .sum::<f64>()
        });
        softmax(margins)
    }

    /// The share of a text's words that were seen in training; 0 of a text without words.
    pub(crate) fn known_share(&self, inputs: &Inputs) -> f64 {
        let seen = |word: &&u32| self.known[(**word / 8) as usize] >> (**word % 8) & 1 == 1;
        inputs.words.iter().filter(seen).count() as f64 / inputs.words.len().max(1) as f64
    }
}

/// The tone of the largest probability; of equals, the first.
pub(crate) fn most_likely(probabilities: [f64; CLASSES]) -> Tone {
    let [negative, neutral, positive] = probabilities;
    if negative >= neutral && negative >= positive {
        Tone::Negative
    } else if positive > neutral {
        Tone::Positive
    } else {
        Tone::Neutral
    }
}

/// Probabilities of margins.
pub(crate) fn softmax(margins: [f64; CLASSES]) -> [f64; CLASSES] {
    let largest = margins.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers = margins.map(|margin| (margin - largest).exp());
    let sum: f64 = powers.iter().sum();
    powers.map(|power| power / sum)
}

/// The compound score from which VADER's authors call a text positive, and with the other sign negative.
pub(crate) const VADER_CUT: f64 = 0.05;

/// VADER's own reading of its scores.
pub(crate) fn vader_tone(scores: &Scores) -> Tone {
    if scores.compound >= VADER_CUT {
        Tone::Positive
    } else if scores.compound <= -VADER_CUT {
        Tone::Negative
    } else {
        Tone::Neutral
    }
}

impl ToneModel {
    /// A model with its card.
    ///
    /// # Errors
    /// [`ModelError`] when the card does not read, or the weights are not the card's.
    pub fn load(weights: &[u8], card: &str) -> Result<Self, ModelError> {
        let card: Card = serde_json::from_str(card)?;
        if hex::encode(Sha256::digest(weights)) != card.sha256 {
            return Err(ModelError::Hash);
        }
        let format = ModelError::Format { bytes: weights.len() };
        Ok(Self {
            weights: Weights::read(weights).ok_or(format)?,
            card,
        })
    }

    /// A model of weights that were just learnt.
    pub fn new(weights: Weights, version: impl Into<String>, vader_per_unknown: f64) -> Self {
        let card = Card {
            version: version.into(),
            sha256: hex::encode(Sha256::digest(weights.to_bytes())),
            vader_per_unknown,
        };
        Self { card, weights }
    }

    /// What it makes of a text, before it is decided who answers; for measuring.
    pub fn judge(&self, text: &str) -> Judged {
        self.judge_inputs(&Inputs::of(&plain(text)))
    }

    pub(crate) fn judge_inputs(&self, inputs: &Inputs) -> Judged {
        Judged::of(&self.weights, inputs)
    }

    /// What it says of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The weights, to store them.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }
}
