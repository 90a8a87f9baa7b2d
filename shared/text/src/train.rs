//! Learns weights from labelled texts: multinomial logistic regression with a quadratic penalty, by L-BFGS.
//!
//! The whole set is passed in each round and nothing is drawn by lot: the same texts give the same weights on the same
//! machine. A tenant's own labels continue from a model that is there: the penalty then draws towards its weights instead
//! of towards zero (a Gaussian prior), so that few labels change little.

mod lbfgs;

use crate::Tone;
use crate::model::{CLASSES, DENSE, ToneModel, Weights, softmax};
use crate::ngrams::{BUCKETS, Inputs, KNOWN_BITS};
use crate::strip::plain;

/// A text with its tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labelled<'a> {
    /// As it came; it is stripped here.
    pub text: &'a str,
    /// Its tone.
    pub tone: Tone,
}

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Weight of the data against the penalty.
    pub strength: f64,
    /// How much freer than n-grams the weights of VADER's scores are.
    pub vader_scale: f64,
    /// Rounds of L-BFGS at most.
    pub rounds: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strength: 4.0,
            vader_scale: 2.0,
            rounds: 100,
        }
    }
}

/// p × (1 - p) of a class where little is decided yet.
const USUAL_VARIANCE: f64 = 0.2;
/// The intercept of a tone that nobody has labelled.
const NEVER: f64 = -100.0;
const GRAMS: usize = BUCKETS * CLASSES;
const PARAMETERS: usize = GRAMS + DENSE * CLASSES;

/// Texts as a trainer reads them; making them costs more than a round of training.
pub(crate) struct Prepared {
    rows: Vec<(Inputs, usize)>,
}

impl Prepared {
    pub(crate) fn of(texts: &[Labelled<'_>]) -> Self {
        let row = |one: &Labelled<'_>| (Inputs::of(&plain(one.text)), one.tone.index());
        Self {
            rows: texts.iter().map(row).collect(),
        }
    }

    /// Weights by class: half way between each text counting alike and each label, which is what macro-F1 asks for.
    fn balance(&self) -> [f64; CLASSES] {
        let mut counts = [0_usize; CLASSES];
        for (_, class) in &self.rows {
            counts[*class] += 1;
        }
        let present = counts.iter().filter(|n| **n > 0).count();
        counts.map(|n| (self.rows.len() as f64 / (present * n.max(1)) as f64).sqrt())
    }

    /// Learns; `None` where fewer than two tones are labelled.
    ///
    /// Labels of two tones (ratings know no neutral) tell these apart and nothing of the third: its weights stay where they
    /// are.
    pub(crate) fn fit(&self, settings: &Settings, from: Option<&Weights>) -> Option<Weights> {
        let (balance, scale) = (self.balance(), settings.vader_scale);
        let mut seen = [false; CLASSES];
        self.rows.iter().for_each(|(_, class)| seen[*class] = true);
        if seen.iter().filter(|seen| **seen).count() < 2 {
            return None;
        }
        let mut prior = prior(from, scale);
        if from.is_none() {
            for class in (0..CLASSES).filter(|class| !seen[*class]) {
                prior[PARAMETERS - CLASSES + class] = NEVER;
            }
        }
        let learnt = lbfgs::minimise(
            prior.clone(),
            &self.curvature(settings, &balance),
            settings.rounds,
            |at, slope| {
                // The intercepts, which stand last, are free.
                let penalised = PARAMETERS - CLASSES;
                let mut loss = 0.0;
                for (index, slope) in slope.iter_mut().enumerate() {
                    let off = if index < penalised {
                        at[index] - prior[index]
                    } else {
                        0.0
                    };
                    *slope = off;
                    loss += off * off / 2.0;
                }
                for (inputs, class) in &self.rows {
                    let weight = settings.strength * balance[*class];
                    let row = Row {
                        inputs,
                        class: *class,
                        seen,
                        scale,
                    };
                    loss += weight * row.loss(at, |index, by| slope[index] += weight * by);
                }
                loss
            },
        );
        let dense = std::array::from_fn(|input| {
            let scale = if input + 1 < DENSE { scale } else { 1.0 };
            std::array::from_fn(|class| (learnt[GRAMS + input * CLASSES + class] * scale) as f32)
        });
        Some(Weights::rounded(&learnt[..GRAMS], dense, self.known(from)))
    }

    /// About how the loss bends along each parameter: the penalty, and of each text its input squared.
    fn curvature(&self, settings: &Settings, balance: &[f64; CLASSES]) -> Vec<f64> {
        let mut curvature = vec![1.0; PARAMETERS];
        for (inputs, class) in &self.rows {
            let weight = settings.strength * balance[*class] * USUAL_VARIANCE;
            let mut add = |from: usize, value: f64| {
                for by in &mut curvature[from..from + CLASSES] {
                    *by += weight * value * value;
                }
            };
            for (bucket, value) in &inputs.grams {
                add(usize::from(*bucket) * CLASSES, f64::from(*value));
            }
            let [a, b, c, d] = inputs.vader().map(|score| score * settings.vader_scale);
            for (input, value) in [a, b, c, d, 1.0].into_iter().enumerate() {
                add(GRAMS + input * CLASSES, value);
            }
        }
        curvature
    }

    fn known(&self, from: Option<&Weights>) -> Vec<u8> {
        let mut known = from.map_or_else(|| vec![0; KNOWN_BITS / 8], |from| from.known.clone());
        for word in self.rows.iter().flat_map(|(inputs, _)| &inputs.words) {
            known[(word / 8) as usize] |= 1 << (word % 8);
        }
        known
    }
}

/// Where the penalty draws to: the weights of a model that is there, else zero.
fn prior(from: Option<&Weights>, scale: f64) -> Vec<f64> {
    let mut prior = vec![0.0; PARAMETERS];
    let Some(from) = from else {
        return prior;
    };
    for (at, weight) in from.grams.iter().flatten().enumerate() {
        prior[at] = f64::from(*weight) * f64::from(from.scales[at % CLASSES]);
    }
    for (at, weight) in from.dense.iter().flatten().enumerate() {
        let scale = if at < (DENSE - 1) * CLASSES { scale } else { 1.0 };
        prior[GRAMS + at] = f64::from(*weight) / scale;
    }
    prior
}

/// A text in training.
struct Row<'a> {
    inputs: &'a Inputs,
    class: usize,
    /// The classes that are labelled at all.
    seen: [bool; CLASSES],
    scale: f64,
}

impl Row<'_> {
    /// Its loss, and the slope of it by parameter.
    fn loss(&self, at: &[f64], mut add: impl FnMut(usize, f64)) -> f64 {
        let [a, b, c, d] = self.inputs.vader().map(|score| score * self.scale);
        let dense = [a, b, c, d, 1.0];
        let mut margins = self.seen.map(|seen| if seen { 0.0 } else { f64::NEG_INFINITY });
        let each = |found: &mut dyn FnMut(usize, f64)| {
            for (bucket, value) in &self.inputs.grams {
                found(usize::from(*bucket) * CLASSES, f64::from(*value));
            }
            for (input, value) in dense.iter().enumerate() {
                found(GRAMS + input * CLASSES, *value);
            }
        };
        each(&mut |from, value| {
            for (margin, weight) in margins.iter_mut().zip(&at[from..from + CLASSES]) {
                *margin += weight * value;
            }
        });
        let told = softmax(margins);
        let mut off = told;
        off[self.class] -= 1.0;
        each(&mut |from, value| {
            for (class, off) in off.iter().enumerate() {
                add(from + class, off * value);
            }
        });
        -told[self.class].max(1e-300).ln()
    }
}

/// Learns weights from texts; `None` where fewer than two tones are labelled. `from` is a model to continue from.
pub fn train(texts: &[Labelled<'_>], settings: &Settings, from: Option<&ToneModel>) -> Option<Weights> {
    Prepared::of(texts).fit(settings, from.map(|model| &model.weights))
}
