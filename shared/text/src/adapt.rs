//! A tenant's own model: continued from the shipped one with the tenant's labels, and kept only where it is better on texts
//! that came later than both the shipped model and VADER.

use crate::model::{CLASSES, ToneModel, VADER_CUT, Weights};
use crate::ngrams::Inputs;
use crate::strip::plain;
use crate::train::{Labelled, Prepared, Settings};
use crate::{Reader, Tone};

/// Labels below which nothing is tried.
pub const MIN_LABELS: usize = 200;
/// The later part, which decides.
const HELD_OUT: f64 = 0.3;
/// Texts of each tone that the later part must hold for the tone to count.
const MIN_HELD_OUT: usize = 10;
/// What the tenant's model must be better by, in macro-F1.
pub const MIN_GAIN: f64 = 0.01;
/// And how sure that must be: standard errors of the difference of right answers on the same texts (McNemar), one-sided 95 %.
const MIN_ERRORS: f64 = 1.645;

/// A text with its tone and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rated<'a> {
    /// Orders the texts; seconds since 1970, say.
    pub at: i64,
    /// As it came.
    pub text: &'a str,
    /// From a rating ([`Tone::of_csat`]) or a label.
    pub tone: Tone,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Adapted {
    /// The tenant's model is better: use it.
    Kept {
        /// Trained on all labels.
        model: ToneModel,
        /// What decided.
        figures: Figures,
    },
    /// It is not, or not surely: what is there stays.
    NotBetter(Figures),
    /// Too little to tell.
    TooFew {
        /// Labels that there are.
        labels: usize,
        /// Tones of which the earlier and the later part hold enough.
        tones: usize,
    },
}

/// Macro-F1 on the later part, over the tones that it holds enough of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Texts learnt from.
    pub learnt: usize,
    /// Texts tested.
    pub tested: usize,
    /// The tenant's model, trained on the earlier part.
    pub own: f64,
    /// The shipped model as it serves, VADER's part included.
    pub shipped: f64,
    /// VADER alone.
    pub vader: f64,
}

/// Learns from a tenant's labels and judges by the later ones. `version` names the new model.
pub fn adapt(shipped: &Reader, rated: &[Rated<'_>], settings: &Settings, version: &str) -> Adapted {
    let mut rated: Vec<Rated<'_>> = rated.to_vec();
    // The text breaks ties, so that the order in which labels come does not matter.
    rated.sort_by_key(|one| (one.at, one.text, one.tone));
    let cut = rated.len() - (rated.len() as f64 * HELD_OUT) as usize;
    let (earlier, later) = rated.split_at(cut);
    let enough = |tone: &Tone| {
        let count = |part: &[Rated<'_>]| part.iter().filter(|one| one.tone == *tone).count();
        count(later) >= MIN_HELD_OUT && count(earlier) >= MIN_HELD_OUT
    };
    let tones: Vec<Tone> = Tone::ALL.into_iter().filter(enough).collect();
    let too_few = Adapted::TooFew {
        labels: rated.len(),
        tones: tones.len(),
    };
    if rated.len() < MIN_LABELS || tones.len() < 2 {
        return too_few;
    }
    let from = shipped.model().map(ToneModel::weights);
    let Some(trial) = learn(earlier, settings, from) else {
        return too_few;
    };
    let inputs: Vec<Inputs> = later.iter().map(|one| Inputs::of(&plain(one.text))).collect();
    let truth: Vec<Tone> = later.iter().map(|one| one.tone).collect();
    // Each may only name the tones that there are labels of: ratings know no neutral, and nobody is wrong to see one.
    let of = |say: &dyn Fn(&Inputs) -> [f64; CLASSES]| -> Vec<Tone> {
        inputs
            .iter()
            .map(|inputs| likeliest(say(inputs), &tones))
            .collect()
    };
    let by_vader = |inputs: &Inputs| {
        let compound = inputs.vader.compound;
        [-compound, VADER_CUT, compound]
    };
    let own = of(&|inputs| trial.probabilities(inputs));
    let vader = of(&by_vader);
    let as_shipped = of(&|inputs| match shipped.model() {
        Some(model) => {
            let judged = model.judge_inputs(inputs);
            judged.mixed(judged.vader_weight(model.card().vader_per_unknown))
        }
        None => by_vader(inputs),
    });
    let judged = |said: &[Tone]| macro_f1(&truth, said, &tones);
    let figures = Figures {
        learnt: earlier.len(),
        tested: later.len(),
        own: judged(&own),
        shipped: judged(&as_shipped),
        vader: judged(&vader),
    };
    let beats =
        |other: &[Tone]| surely_better(&truth, &own, other) && figures.own >= judged(other) + MIN_GAIN;
    if !(beats(&as_shipped) && beats(&vader)) {
        return Adapted::NotBetter(figures);
    }
    match learn(&rated, settings, from) {
        // The later part was the tenant's own: its words need not be known to trust what was learnt from them.
        Some(weights) => Adapted::Kept {
            model: ToneModel::new(weights, version, 0.0),
            figures,
        },
        None => too_few,
    }
}

fn learn(rated: &[Rated<'_>], settings: &Settings, from: Option<&Weights>) -> Option<Weights> {
    let texts: Vec<Labelled<'_>> = rated
        .iter()
        .map(|one| Labelled {
            text: one.text,
            tone: one.tone,
        })
        .collect();
    Prepared::of(&texts).fit(settings, from)
}

/// The tone of the largest value, of those that count.
fn likeliest(values: [f64; CLASSES], tones: &[Tone]) -> Tone {
    let best = tones
        .iter()
        .copied()
        .max_by(|a, b| values[a.index()].total_cmp(&values[b.index()]));
    best.unwrap_or(Tone::Neutral)
}

/// Whether one is right where the other is wrong more often than chance would have it.
fn surely_better(truth: &[Tone], one: &[Tone], other: &[Tone]) -> bool {
    let only = |a: &[Tone], b: &[Tone]| {
        let rows = truth.iter().zip(a.iter().zip(b));
        rows.filter(|(truth, (a, b))| a == truth && b != truth).count() as f64
    };
    let (gained, lost) = (only(one, other), only(other, one));
    gained - lost >= MIN_ERRORS * (gained + lost).sqrt() && gained > lost
}

/// The mean over `tones` of F1, the harmonic mean of precision and recall; 0 for a tone that is never right.
pub fn macro_f1(truth: &[Tone], said: &[Tone], tones: &[Tone]) -> f64 {
    let f1 = |tone: &Tone| {
        let pairs = || truth.iter().zip(said);
        let right = pairs().filter(|(t, s)| *t == tone && *s == tone).count();
        let named = pairs().filter(|(t, _)| *t == tone).count() + pairs().filter(|(_, s)| *s == tone).count();
        2.0 * right as f64 / named.max(1) as f64
    };
    tones.iter().map(f1).sum::<f64>() / tones.len().max(1) as f64
}
