//! The smallest value of a function without derivatives: the simplex of Nelder and Mead ("A simplex method for function
//! minimization", 1965), begun anew once where it ended.

const STEPS: usize = 2_000;
const NEAR: f64 = 1e-11;

/// The point where a function is smallest, near a start, and what it is there. Points without a value count as high.
pub(crate) fn minimum(of: &dyn Fn(&[f64]) -> f64, start: &[f64]) -> (Vec<f64>, f64) {
    let (once, _) = descend(of, start, 0.5);
    descend(of, &once, 0.1)
}

fn descend(of: &dyn Fn(&[f64]) -> f64, start: &[f64], size: f64) -> (Vec<f64>, f64) {
    let value = |x: &[f64]| {
        let y = of(x);
        if y.is_nan() { f64::INFINITY } else { y }
    };
    let mut points: Vec<(Vec<f64>, f64)> = (0..=start.len())
        .map(|corner| {
            let mut x = start.to_vec();
            if let Some(along) = corner.checked_sub(1) {
                x[along] += size;
            }
            let y = value(&x);
            (x, y)
        })
        .collect();
    let last = start.len();
    for _ in 0..STEPS {
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        if points[last].1 - points[0].1 < NEAR {
            break;
        }
        let middle: Vec<f64> = (0..last)
            .map(|i| points[..last].iter().map(|p| p.0[i]).sum::<f64>() / last as f64)
            .collect();
        // A point on the line through the worst and the middle of the others.
        let on_line = |by: f64| {
            let x: Vec<f64> = middle
                .iter()
                .zip(&points[last].0)
                .map(|(m, w)| m + by * (m - w))
                .collect();
            let y = value(&x);
            (x, y)
        };
        let over = on_line(1.0);
        if over.1 < points[0].1 {
            let far = on_line(2.0);
            points[last] = if far.1 < over.1 { far } else { over };
        } else if over.1 < points[last - 1].1 {
            points[last] = over;
        } else {
            let short = on_line(if over.1 < points[last].1 { 0.5 } else { -0.5 });
            if short.1 < points[last].1.min(over.1) {
                points[last] = short;
            } else {
                let best = points[0].0.clone();
                for point in &mut points[1..] {
                    for (x, b) in point.0.iter_mut().zip(&best) {
                        *x = b + 0.5 * (*x - b);
                    }
                    point.1 = value(&point.0);
                }
            }
        }
    }
    points.sort_by(|a, b| a.1.total_cmp(&b.1));
    points.swap_remove(0)
}
