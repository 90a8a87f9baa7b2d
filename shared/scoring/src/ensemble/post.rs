//! What is done to the sums of the trees.

/// What is done to the scores at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostTransform {
    /// Nothing.
    #[default]
    None,
    /// `1 / (1 + exp(-x))` of each.
    Logistic,
    /// The softmax of a row.
    Softmax,
    /// The softmax of the scores that are not zero.
    SoftmaxZero,
    /// The inverse of the normal distribution function.
    Probit,
}

/// The logistic function.
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl PostTransform {
    /// Transforms the scores of a row in place.
    pub fn apply(self, scores: &mut [f64]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|s| *s = sigmoid(*s)),
            Self::Probit => scores.iter_mut().for_each(|s| *s = probit(*s)),
            Self::Softmax | Self::SoftmaxZero => {
                let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let kept = |s: f64| self == Self::Softmax || s.abs() > 1e-7;
                let sum: f64 = scores
                    .iter()
                    .filter(|s| kept(**s))
                    .map(|s| (s - most).exp())
                    .sum();
                for score in scores {
                    *score = if kept(*score) && sum > 0.0 {
                        (*score - most).exp() / sum
                    } else {
                        0.0
                    };
                }
            }
        }
    }
}

/// The inverse of the normal distribution function as ONNX Runtime computes it (Winitzki's approximation).
fn probit(p: f64) -> f64 {
    let x = 2.0 * p - 1.0;
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let v = 2.0 / (std::f64::consts::PI * 0.147) + 0.5 * log;
    let w = log / 0.147;
    std::f64::consts::SQRT_2 * sign * (-v + (v * v - w).sqrt()).sqrt()
}
