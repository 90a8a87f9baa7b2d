//! The Beta distribution, as far as an interval of a share needs it.

/// The value under which a share of a Beta(a, b) lies; `a` and `b` at least 1.
pub fn quantile(alpha: f64, beta: f64, share: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    // Each step halves what is left: 50 of them are finer than what is shown.
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if below(alpha, beta, middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The share of a Beta(a, b) that lies under `x`: the regularised incomplete beta function.
fn below(alpha: f64, beta: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let scale = ln_gamma(alpha + beta) - ln_gamma(alpha) - ln_gamma(beta);
    let front = (scale + alpha * x.ln() + beta * (1.0 - x).ln()).exp();
    // The fraction converges fast on its own side of the mean; the other side is its mirror.
    if x < (alpha + 1.0) / (alpha + beta + 2.0) {
        front * fraction(alpha, beta, x) / alpha
    } else {
        1.0 - front * fraction(beta, alpha, 1.0 - x) / beta
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn fraction(alpha: f64, beta: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut upper = 1.0;
    let mut lower = 1.0 / away(1.0 - (alpha + beta) * x / (alpha + 1.0));
    let mut value = lower;
    for step in 1..=500_u32 {
        let m = f64::from(step);
        let even = m * (beta - m) * x / ((alpha + 2.0 * m - 1.0) * (alpha + 2.0 * m));
        let odd = -(alpha + m) * (alpha + beta + m) * x / ((alpha + 2.0 * m) * (alpha + 2.0 * m + 1.0));
        let before = value;
        for term in [even, odd] {
            lower = 1.0 / away(1.0 + term * lower);
            upper = away(1.0 + term / upper);
            value *= lower * upper;
        }
        if (value - before).abs() < 1e-13 * value.abs() {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function of a positive number: Stirling's series, where it is exact enough.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut less) = (x, 0.0);
    while x < 10.0 {
        less += x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1_260.0 * x.powi(5));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - less
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Beta(1, 1) is even; of Beta(2, 2), 3x² - 2x³ lies under x; of Beta(n, 1), xⁿ.
        assert!((quantile(1.0, 1.0, 0.3) - 0.3).abs() < 1e-9);
        let x = quantile(2.0, 2.0, 0.1);
        assert!((3.0 * x * x - 2.0 * x.powi(3) - 0.1).abs() < 1e-9, "{x}");
        assert!((quantile(50.0, 1.0, 0.9) - 0.9_f64.powf(0.02)).abs() < 1e-9);
        assert!((quantile(3.0, 7.0, 0.2) + quantile(7.0, 3.0, 0.8) - 1.0).abs() < 1e-9);
        // Much evidence: close to the normal curve around the mean.
        let (low, high) = (quantile(8_000.0, 2_000.0, 0.1), quantile(8_000.0, 2_000.0, 0.9));
        assert!(
            (low - 0.794_86).abs() < 1e-4 && (high - 0.805_11).abs() < 1e-4,
            "{low} {high}"
        );
    }
}
