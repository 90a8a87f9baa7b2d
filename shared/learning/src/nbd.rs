//! Orders to come of accounts that buy as they like: BG/NBD (Fader, Hardie, Lee, "Counting your customers the easy way",
//! Marketing Science 2005). While an account is alive it orders at a pace of its own, drawn from a gamma distribution; after
//! each order it may leave, with a chance of its own, drawn from a beta distribution. Four numbers describe everyone.
//!
//! Where nobody is seen to leave (a log of a few months), the chance to leave means nothing and the plain NBD is fitted.

use serde::{Deserialize, Serialize};

use crate::simplex;

/// What an account's orders come to. Times are in any unit, the same for all; two orders at one instant are one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Buyer {
    /// Orders after the first.
    pub repeats: usize,
    /// From the first order to the last.
    pub recency: f64,
    /// From the first order to now.
    pub age: f64,
}

/// The chance to leave: a beta distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Leaving {
    /// First shape.
    pub a: f64,
    /// Second shape.
    pub b: f64,
}

/// The fitted numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Nbd {
    /// Shape of the paces.
    pub r: f64,
    /// Rate of the paces, in the unit of time.
    pub alpha: f64,
    /// The chance to leave; `None`: nobody does.
    pub leaving: Option<Leaving>,
}

/// The least that the log likelihood of an account must gain for the chance to leave to be believed.
const GAIN: f64 = 1e-6;
/// Shapes beyond it are as good as no spread: the search has run off.
const FAR: f64 = 1e6;
/// Terms of the series at the most; it ends where they no longer count.
const TERMS: u32 = 10_000;

impl Nbd {
    /// Fits by maximum likelihood; `None` without an account that has any age.
    pub fn fit(buyers: &[Buyer]) -> Option<Self> {
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
        let plain_loss = |x: &[f64]| -> f64 {
            -Self {
                r: x[0].exp(),
                alpha: x[1].exp(),
                leaving: None,
            }
            .likelihood(&buyers)
        };
        let (plain, loss) = simplex::minimum(&plain_loss, &[0.0, -1.0]);
        let of = |x: &[f64]| Self {
            r: x[0].exp(),
            alpha: x[1].exp(),
            leaving: Some(Leaving {
                a: x[2].exp(),
                b: x[3].exp(),
            }),
        };
        let (full, full_loss) = simplex::minimum(
            &|x: &[f64]| -of(x).likelihood(&buyers),
            &[plain[0], plain[1], -1.0, 1.0],
        );
        let found = of(&full);
        let believed = loss - full_loss > GAIN
            && found
                .leaving
                .is_some_and(|l| l.a < FAR && l.b < FAR && l.a > 1.0 / FAR);
        let found = if believed {
            found
        } else {
            Self {
                r: plain[0].exp(),
                alpha: plain[1].exp(),
                leaving: None,
            }
        };
        Some(Self {
            alpha: found.alpha * unit,
            ..found
        })
    }

    /// Mean log likelihood of the accounts.
    fn likelihood(&self, buyers: &[Buyer]) -> f64 {
        let most = buyers.iter().map(|b| b.repeats).max().unwrap_or(0);
        // ln Γ(r + x) − ln Γ(r), and ln B(a, b + x) − ln B(a, b), by adding up.
        let (mut paces, mut stays) = (vec![0.0; most + 1], vec![0.0; most + 1]);
        for x in 0..most {
            let done = x as f64;
            paces[x + 1] = paces[x] + (self.r + done).ln();
            if let Some(Leaving { a, b }) = self.leaving {
                stays[x + 1] = stays[x] + (b + done).ln() - (a + b + done).ln();
            }
        }
        let mut sum = 0.0;
        for buyer in buyers {
            let x = buyer.repeats as f64;
            let alive = -(self.r + x) * (self.alpha + buyer.age).ln();
            let mut either = alive;
            if let Some(Leaving { a, b }) = self.leaving
                && buyer.repeats > 0
            {
                let left = a.ln() - (b + x - 1.0).ln() - (self.r + x) * (self.alpha + buyer.recency).ln();
                either = alive.max(left) + (-(alive - left).abs()).exp().ln_1p();
            }
            sum += paces[buyer.repeats] + self.r * self.alpha.ln() + stays[buyer.repeats] + either;
        }
        sum / buyers.len().max(1) as f64
    }

    /// The chance that the account has not left.
    pub fn alive(&self, buyer: &Buyer) -> f64 {
        let Some(Leaving { a, b }) = self.leaving else {
            return 1.0;
        };
        if buyer.repeats == 0 {
            return 1.0;
        }
        let x = buyer.repeats as f64;
        let silence = (self.alpha + buyer.age) / (self.alpha + buyer.recency);
        1.0 / (1.0 + a / (b + x - 1.0) * silence.powf(self.r + x))
    }

    /// Orders to expect in the next `time`.
    ///
    /// Written with Euler's transformation of the hypergeometric function, so that nothing overflows for an account of many
    /// orders.
    pub fn expected(&self, buyer: &Buyer, time: f64) -> f64 {
        let x = buyer.repeats as f64;
        let Some(Leaving { a, b }) = self.leaving else {
            return (self.r + x) / (self.alpha + buyer.age) * time;
        };
        // At 1 the formula is a limit; a hair beside it is as good.
        let a = if (a - 1.0).abs() < 1e-7 { 1.0 + 1e-7 } else { a };
        let z = time / (self.alpha + buyer.age + time);
        let c = a + b + x - 1.0;
        let series = hypergeometric((a + b - self.r - 1.0, a - 1.0), c, z);
        let growth = c / (a - 1.0) * (1.0 - (1.0 - z).powf(a - 1.0) * series);
        growth * self.alive(buyer)
    }
}

/// Gauss's hypergeometric function 2F1(`up.0`, `up.1`; `down`; `z`) by its series; `z` is between 0 and 1.
fn hypergeometric(up: (f64, f64), down: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for done in 0..TERMS {
        let done = f64::from(done);
        term *= (up.0 + done) * (up.1 + done) / ((down + done) * (done + 1.0)) * z;
        sum += term;
        if term.abs() < 1e-15 * f64::abs(sum) {
            break;
        }
    }
    sum
}
