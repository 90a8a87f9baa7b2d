//! A text as numbers: hashed words 1–2 and characters 3–5, the marks that words end with, and what VADER says of it.

use crate::vader::{self, Scores};

/// Buckets that n-grams are hashed into.
pub(crate) const BUCKETS: usize = 1 << 16;
/// Bits of the set of known words.
pub(crate) const KNOWN_BITS: usize = 1 << 17;
/// Lengths of character n-grams.
const CHARS: std::ops::RangeInclusive<usize> = 3..=5;
const PRIME: u64 = 0x0000_0100_0000_01B3;
const BASIS: u64 = 0xCBF2_9CE4_8422_2325;

/// What a model reads of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inputs {
    /// Bucket and value; words and characters each have length 1 as vectors.
    pub(crate) grams: Vec<(u16, f32)>,
    /// VADER's four scores.
    pub(crate) vader: Scores,
    /// Places of the words in the set of known words.
    pub(crate) words: Vec<u32>,
}

impl Inputs {
    /// Of a text that is stripped.
    pub(crate) fn of(plain: &str) -> Self {
        let lower = plain.to_lowercase();
        let hashes: Vec<u64> = lower
            .split(|c: char| !(c.is_alphanumeric() || c == '\''))
            .filter(|word| !word.is_empty())
            .map(hash)
            .collect();
        let pairs = hashes.windows(2).map(|pair| pair[0].rotate_left(17) ^ pair[1]);
        let marks = lower.split_whitespace().filter_map(mark);
        let words = hashes.iter().copied().chain(pairs).map(|h| bucket(h, 1));
        let words = words.chain(marks.map(|mark| bucket(hash(mark), 2))).collect();
        let mut grams = weighed(words);
        grams.extend(weighed(characters(&lower)));
        Self {
            grams,
            vader: vader::scores(plain),
            words: hashes
                .iter()
                .map(|h| (mixed(*h, 9) >> 40) as u32 % KNOWN_BITS as u32)
                .collect(),
        }
    }

    /// VADER's scores as inputs.
    pub(crate) fn vader(&self) -> [f64; 4] {
        let scores = &self.vader;
        [scores.negative, scores.neutral, scores.positive, scores.compound]
    }
}

/// The marks at the end of a word, or an emoticon: `!!`, `:)`.
fn mark(word: &str) -> Option<&str> {
    let letters = word.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
    (letters < word.len()).then(|| &word[letters..])
}

fn characters(lower: &str) -> Vec<u16> {
    let words = lower
        .split_whitespace()
        .flat_map(|word| word.chars().chain([' ']));
    let chars: Vec<u64> = std::iter::once(' ')
        .chain(words)
        .map(|c| u64::from(u32::from(c)))
        .collect();
    let mut found = Vec::with_capacity(chars.len() * 3);
    for from in 0..chars.len() {
        let mut hash = BASIS;
        for (at, c) in chars[from..].iter().take(*CHARS.end()).enumerate() {
            hash = (hash ^ c).wrapping_mul(PRIME);
            if CHARS.contains(&(at + 1)) {
                found.push(bucket(hash, at as u64 + 1));
            }
        }
    }
    found
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

fn mixed(hash: u64, kind: u64) -> u64 {
    let x = (hash ^ kind.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (x ^ (x >> 31)).wrapping_mul(0x94D0_49BB_1331_11EB)
}

fn bucket(hash: u64, kind: u64) -> u16 {
    (mixed(hash, kind) >> 48) as u16
}

/// Each bucket once, with one and the logarithm of how often, as a vector of length 1.
fn weighed(mut found: Vec<u16>) -> Vec<(u16, f32)> {
    found.sort_unstable();
    let mut grams: Vec<(u16, f32)> = found
        .chunk_by(|a, b| a == b)
        .map(|same| (same[0], 1.0 + (same.len() as f32).ln()))
        .collect();
    let length = grams.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    for (_, value) in &mut grams {
        *value /= length;
    }
    grams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_words_and_letters_in_any_case() {
        let inputs = Inputs::of("Good  good");
        // good, good good; characters of " good good " by length: 5, 5, 5.
        assert_eq!(inputs.words.len(), 2);
        assert_eq!(inputs.grams, Inputs::of("good good").grams);
        let length: f32 = inputs.grams.iter().map(|(_, value)| value * value).sum();
        assert!((length - 2.0).abs() < 1e-5);
        assert!(Inputs::of("").grams.is_empty() && Inputs::of("ab").grams.len() == 1 + 3);
    }
}
