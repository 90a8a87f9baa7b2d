//! Limited-memory BFGS (Nocedal, 1980) with a backtracking line search, for smooth convex functions. It starts from a guess
//! of the curvature along each axis: without one, common inputs are still far off when rare ones have settled.

/// Steps that the curvature is told from.
const MEMORY: usize = 8;
/// The slope, against the first, at which it is done.
const DONE: f64 = 1e-4;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The point that `f` is least at, as far as `rounds` go. `f` writes the slope and gives the value; `curvature` is a guess
/// along each axis, above zero.
pub(super) fn minimise(
    mut at: Vec<f64>,
    curvature: &[f64],
    rounds: usize,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let mut slope = vec![0.0; at.len()];
    let mut value = f(&at, &mut slope);
    let first = dot(&slope, &slope).sqrt();
    // By step: where it went, how the slope changed, one over their product.
    let mut steps: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for _ in 0..rounds {
        if dot(&slope, &slope).sqrt() <= first * DONE {
            break;
        }
        let way = direction(&slope, curvature, &steps);
        let along = dot(&way, &slope);
        let mut length = 1.0;
        let mut tried = vec![0.0; at.len()];
        let mut new_slope = vec![0.0; at.len()];
        let found = (0..30).find_map(|_| {
            for (to, (from, way)) in tried.iter_mut().zip(at.iter().zip(&way)) {
                *to = from + length * way;
            }
            let new = f(&tried, &mut new_slope);
            let is_lower = new <= value + 1e-4 * length * along;
            length /= 2.0;
            is_lower.then_some(new)
        });
        let Some(new) = found else {
            break;
        };
        let gone: Vec<f64> = tried.iter().zip(&at).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = new_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
        let product = dot(&gone, &turned);
        if product > 0.0 {
            steps.push((gone, turned, 1.0 / product));
            if steps.len() > MEMORY {
                steps.remove(0);
            }
        }
        (at, slope, value) = (tried, new_slope, new);
    }
    at
}

/// Downhill, by the two-loop recursion.
fn direction(slope: &[f64], curvature: &[f64], steps: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut way: Vec<f64> = slope.iter().map(|s| -s).collect();
    let mut shares = Vec::with_capacity(steps.len());
    for (gone, turned, inverse) in steps.iter().rev() {
        let share = inverse * dot(gone, &way);
        way.iter_mut()
            .zip(turned)
            .for_each(|(way, turned)| *way -= share * turned);
        shares.push(share);
    }
    let scale = steps.last().map_or(1.0, |(_, turned, inverse)| {
        let squares = turned
            .iter()
            .zip(curvature)
            .map(|(turned, by)| turned * turned / by);
        1.0 / (inverse * squares.sum::<f64>())
    });
    for (way, by) in way.iter_mut().zip(curvature) {
        *way *= scale / by;
    }
    for ((gone, turned, inverse), share) in steps.iter().zip(shares.into_iter().rev()) {
        let back = share - inverse * dot(turned, &way);
        way.iter_mut()
            .zip(gone)
            .for_each(|(way, gone)| *way += back * gone);
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_point_of_a_bowl_is_found() {
        let found = minimise(vec![5.0, -3.0], &[1.0, 5.0], 50, |at, slope| {
            slope.copy_from_slice(&[2.0 * (at[0] - 1.0), 20.0 * (at[1] - 2.0)]);
            (at[0] - 1.0).powi(2) + 10.0 * (at[1] - 2.0).powi(2)
        });
        assert!(
            (found[0] - 1.0).abs() < 1e-2 && (found[1] - 2.0).abs() < 1e-2,
            "{found:?}"
        );
    }
}
