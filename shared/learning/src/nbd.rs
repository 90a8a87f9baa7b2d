//! The four numbers of BG/NBD by maximum likelihood; what follows from them stands in [`copilot_features::buyers`].
//!
//! Where nobody is seen to leave (a log of a few months), the chance to leave means nothing and the plain NBD is fitted.

pub use copilot_features::buyers::{Buyer, Leaving, Nbd};

use crate::simplex;

/// The least that the log likelihood of an account must gain for the chance to leave to be believed.
const GAIN: f64 = 1e-6;
/// A first shape of the chance to leave below it: nobody does.
const NEVER: f64 = 1e-6;
/// Shapes that are as good as no spread: where all buyers are alike, the search runs off along their mean, and the formulas with
/// it. They are held there.
const ALIKE: f64 = 500.0;
/// Logarithms of numbers that are searched, at the most.
const FAR: f64 = 30.0;

/// Fits by maximum likelihood; `None` without an account that has any age.
pub fn fit(buyers: &[Buyer]) -> Option<Nbd> {
    let unit = buyers.iter().map(|b| b.age).fold(0.0, f64::max);
    if !unit.is_finite() || unit <= 0.0 {
        return None;
    }
    // In parts of the longest age, so that the search starts near.
    let buyers: Vec<Buyer> = buyers
        .iter()
        .map(|b| Buyer {
            recency: b.recency / unit,
            age: b.age / unit,
            ..*b
        })
        .collect();
    let number = |x: f64| x.clamp(-FAR, FAR).exp();
    let plain_of = |x: &[f64]| Nbd {
        r: number(x[0]),
        alpha: number(x[1]),
        leaving: None,
    };
    let of = |x: &[f64]| Nbd {
        leaving: Some(Leaving {
            a: number(x[2]),
            b: number(x[3]),
        }),
        ..plain_of(x)
    };
    let (plain, _) = simplex::minimum(&|x: &[f64]| -likelihood(&plain_of(x), &buyers), &[0.0, -1.0]);
    let (full, _) = simplex::minimum(
        &|x: &[f64]| -likelihood(&of(x), &buyers),
        &[plain[0], plain[1], -1.0, 1.0],
    );
    let (plain, full) = (held(plain_of(&plain)), held(of(&full)));
    let gains = likelihood(&full, &buyers) - likelihood(&plain, &buyers) > GAIN;
    let leave = full.leaving.is_some_and(|leaving| leaving.a > NEVER);
    let found = if gains && leave { full } else { plain };
    Some(Nbd {
        alpha: found.alpha * unit,
        ..found
    })
}

/// The same means with no more sharpness than [`ALIKE`].
fn held(found: Nbd) -> Nbd {
    let pace = (ALIKE / found.r).min(1.0);
    Nbd {
        r: found.r * pace,
        alpha: found.alpha * pace,
        leaving: found.leaving.map(|Leaving { a, b }| {
            let share = (ALIKE / (a + b)).min(1.0);
            Leaving {
                a: a * share,
                b: b * share,
            }
        }),
    }
}

/// Mean log likelihood of the accounts.
fn likelihood(of: &Nbd, buyers: &[Buyer]) -> f64 {
    let most = buyers.iter().map(|b| b.repeats).max().unwrap_or(0);
    // ln Γ(r + x) − ln Γ(r), and ln B(a, b + x) − ln B(a, b), by adding up.
    let (mut paces, mut stays) = (vec![0.0; most + 1], vec![0.0; most + 1]);
    for x in 0..most {
        let done = x as f64;
        paces[x + 1] = paces[x] + (of.r + done).ln();
        if let Some(Leaving { a, b }) = of.leaving {
            stays[x + 1] = stays[x] + (b + done).ln() - (a + b + done).ln();
        }
    }
    let mut sum = 0.0;
    for buyer in buyers {
        let x = buyer.repeats as f64;
        let alive = -(of.r + x) * (of.alpha + buyer.age).ln();
        let mut either = alive;
        if let Some(Leaving { a, b }) = of.leaving
            && buyer.repeats > 0
        {
            let left = a.ln() - (b + x - 1.0).ln() - (of.r + x) * (of.alpha + buyer.recency).ln();
            either = alive.max(left) + (-(alive - left).abs()).exp().ln_1p();
        }
        sum += paces[buyer.repeats] + of.r * of.alpha.ln() + stays[buyer.repeats] + either;
    }
    sum / buyers.len().max(1) as f64
}
