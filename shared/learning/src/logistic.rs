//! Logistic regression with an L2 penalty, fitted by Newton's method (iteratively reweighted least squares).

/// A fitted model over standardised inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// Log-odds when every standardised input is zero.
    pub intercept: f64,
    /// One weight for each input.
    pub coefficients: Vec<f64>,
    /// Newton steps taken.
    pub steps: usize,
}

/// Means and standard deviations of the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    /// Means.
    pub means: Vec<f64>,
    /// Standard deviations; 1 for an input that never changes.
    pub scales: Vec<f64>,
}

/// Why a fit failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// No rows, or rows of different widths, or labels of another number.
    #[error("rows and labels do not fit together")]
    Shape,
    /// Only one of the two labels occurs.
    #[error("all labels are the same")]
    OneClass,
    /// The equations have no solution: an input is not finite.
    #[error("the equations have no solution")]
    Singular,
}

impl Standard {
    /// Of the rows.
    pub fn of(rows: &[Vec<f64>]) -> Self {
        let width = rows.first().map_or(0, Vec::len);
        let n = rows.len().max(1) as f64;
        let mut means = vec![0.0; width];
        for row in rows {
            for (mean, value) in means.iter_mut().zip(row) {
                *mean += value / n;
            }
        }
        let mut scales = vec![0.0; width];
        for row in rows {
            for ((scale, value), mean) in scales.iter_mut().zip(row).zip(&means) {
                *scale += (value - mean).powi(2) / n;
            }
        }
        for scale in &mut scales {
            *scale = if *scale > 1e-18 { scale.sqrt() } else { 1.0 };
        }
        Self { means, scales }
    }

    /// A row, standardised.
    pub fn apply(&self, row: &[f64]) -> Vec<f64> {
        row.iter()
            .zip(&self.means)
            .zip(&self.scales)
            .map(|((v, m), s)| (v - m) / s)
            .collect()
    }
}

impl Logistic {
    /// Fits standardised rows. The penalty is `l2 / 2` times the sum of the squared coefficients; the intercept is
    /// free.
    ///
    /// # Errors
    /// [`FitError`] when there is nothing to fit, or no solution.
    pub fn fit(rows: &[Vec<f64>], labels: &[bool], l2: f64) -> Result<Self, FitError> {
        Self::fit_weighted(rows, labels, &vec![1.0; rows.len()], l2)
    }

    /// The same for rows that count by a weight each.
    ///
    /// # Errors
    /// [`FitError`] when there is nothing to fit, or no solution.
    pub fn fit_weighted(
        rows: &[Vec<f64>],
        labels: &[bool],
        weights: &[f64],
        l2: f64,
    ) -> Result<Self, FitError> {
        let width = rows.first().map(Vec::len).ok_or(FitError::Shape)?;
        if rows.len() != labels.len() || rows.len() != weights.len() || rows.iter().any(|r| r.len() != width)
        {
            return Err(FitError::Shape);
        }
        let positives = labels.iter().filter(|l| **l).count();
        if positives == 0 || positives == labels.len() {
            return Err(FitError::OneClass);
        }
        // The intercept is the last parameter.
        let size = width + 1;
        let mut beta = vec![0.0; size];
        let base = positives as f64 / labels.len() as f64;
        beta[width] = (base / (1.0 - base)).ln();
        let mut steps = 0;
        for step in 1..=50 {
            steps = step;
            let (mut gradient, mut hessian) = (vec![0.0; size], vec![0.0; size * size]);
            for ((row, label), counts) in rows.iter().zip(labels).zip(weights) {
                let p = probability(&beta, row);
                let error = counts * (p - if *label { 1.0 } else { 0.0 });
                let weight = counts * (p * (1.0 - p)).max(1e-12);
                let x = |at: usize| if at < width { row[at] } else { 1.0 };
                for i in 0..size {
                    gradient[i] += error * x(i);
                    for j in 0..=i {
                        hessian[i * size + j] += weight * x(i) * x(j);
                    }
                }
            }
            for i in 0..width {
                gradient[i] += l2 * beta[i];
                hessian[i * size + i] += l2;
            }
            let change = solve(&mut hessian, &gradient).ok_or(FitError::Singular)?;
            for (b, c) in beta.iter_mut().zip(&change) {
                *b -= c;
            }
            if change.iter().all(|c| c.abs() < 1e-10) {
                break;
            }
        }
        let intercept = beta.pop().unwrap_or(0.0);
        Ok(Self {
            intercept,
            coefficients: beta,
            steps,
        })
    }

    /// The probability of a standardised row.
    pub fn predict(&self, row: &[f64]) -> f64 {
        let margin: f64 = self.intercept
            + row
                .iter()
                .zip(&self.coefficients)
                .map(|(x, c)| x * c)
                .sum::<f64>();
        1.0 / (1.0 + (-margin).exp())
    }
}

fn probability(beta: &[f64], row: &[f64]) -> f64 {
    let margin: f64 = beta[row.len()] + row.iter().zip(beta).map(|(x, b)| x * b).sum::<f64>();
    1.0 / (1.0 + (-margin).exp())
}

/// Solves `a x = b` for a symmetric positive definite `a` (lower triangle given) by Cholesky; destroys `a`.
fn solve(a: &mut [f64], b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let mut sum = a[i * n + j];
            for k in 0..j {
                sum -= a[i * n + k] * a[j * n + k];
            }
            if i == j {
                if sum.is_nan() || sum <= 0.0 {
                    return None;
                }
                a[i * n + i] = sum.sqrt();
            } else {
                a[i * n + j] = sum / a[j * n + j];
            }
        }
    }
    let mut x = b.to_vec();
    for i in 0..n {
        for k in 0..i {
            x[i] -= a[i * n + k] * x[k];
        }
        x[i] /= a[i * n + i];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            x[i] -= a[k * n + i] * x[k];
        }
        x[i] /= a[i * n + i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_without_penalty_meets_the_score_equations_and_repeats_exactly() {
        let rows: Vec<Vec<f64>> = (0..200)
            .map(|i| vec![f64::from(i % 17) - 8.0, f64::from(i % 5)])
            .collect();
        let labels: Vec<bool> = (0..200).map(|i| (i % 17) + (i * 7 % 11) > 12).collect();
        let fit = Logistic::fit(&rows, &labels, 0.0).unwrap();
        for column in 0..2 {
            let gradient: f64 = rows
                .iter()
                .zip(&labels)
                .map(|(row, y)| (fit.predict(row) - if *y { 1.0 } else { 0.0 }) * row[column])
                .sum();
            assert!(gradient.abs() < 1e-6, "{gradient}");
        }
        assert_eq!(Logistic::fit(&rows, &labels, 0.0).unwrap(), fit);
    }

    #[test]
    fn one_class_is_refused() {
        assert_eq!(Logistic::fit(&[vec![1.0]], &[true], 1.0), Err(FitError::OneClass));
        assert_eq!(Logistic::fit(&[], &[], 1.0), Err(FitError::Shape));
    }
}
