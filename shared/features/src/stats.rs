//! Robust statistics of short series: medians, spreads, lines.

/// Turns a median absolute deviation into a standard deviation of a normal distribution.
const MAD_TO_SD: f64 = 1.482_6;
/// The same of a mean absolute deviation, for series of which more than half are equal.
const MEAN_DEVIATION_TO_SD: f64 = 1.253_3;

/// The mean; `None` of nothing.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The median; `None` of nothing. Reorders the values.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if !even {
        return Some(*upper);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(f64::midpoint(lower, *upper))
}

/// The median of values in any order.
pub(crate) fn median_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    median(&mut values.collect::<Vec<f64>>())
}

/// Standard deviation against the mean; missing of fewer than two values, or where the mean is nothing.
pub(crate) fn variation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|mean| *mean > 0.0)?;
    Some(deviation(values, mean)? / mean)
}

/// Standard deviation of a sample; missing of fewer than two values.
fn deviation(values: &[f64], mean: f64) -> Option<f64> {
    let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    (values.len() >= 2).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// A robust standard deviation around nothing: by the median of the absolute values; where most are equal and it
/// says nothing, by their mean (Iglewicz and Hoaglin 1993).
pub(crate) fn spread(residuals: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
    match median(&mut sizes) {
        Some(middle) if middle > 1e-9 => middle * MAD_TO_SD,
        _ => mean(&sizes).unwrap_or(0.0) * MEAN_DEVIATION_TO_SD,
    }
}

/// The larger of that and what the sixth part of the values lies beyond (at 85 of 100, 1.44 deviations of a normal
/// distribution): of days that vary unequally, the median tells of the quiet ones. A seventh may still be anything.
pub(crate) fn wide_spread(residuals: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let at = (sizes.len() as f64 * 0.85) as usize;
    let outer = sizes.get(at).copied().unwrap_or(0.0) / 1.44;
    spread(residuals).max(outer)
}

/// The slope a step of equally spaced values, oldest first: the median of the slopes of all pairs (Theil 1950,
/// Sen 1968). A quarter of the values may be anything without moving it far. Missing of fewer than two.
pub(crate) fn slope(values: &[f64]) -> Option<f64> {
    let mut slopes = Vec::with_capacity(values.len() * values.len().saturating_sub(1) / 2);
    for (at, earlier) in values.iter().enumerate() {
        for (steps, later) in values.iter().enumerate().skip(at + 1) {
            slopes.push((later - earlier) / (steps - at) as f64);
        }
    }
    median(&mut slopes)
}

/// That slope as a share of the mean; missing where the mean is nothing.
pub(crate) fn relative_slope(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|mean| *mean > 0.0)?;
    Some(slope(values)? / mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: Option<f64>, expected: f64) -> bool {
        value.is_some_and(|value| (value - expected).abs() < 1e-9)
    }

    #[test]
    fn a_median_lies_in_the_middle() {
        assert!(near(median(&mut [3.0, 1.0, 2.0]), 2.0));
        assert!(near(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn a_slope_is_not_moved_by_one_wild_value() {
        let mut line: Vec<f64> = (0..9).map(|week| 10.0 + 2.0 * f64::from(week)).collect();
        assert!(near(slope(&line), 2.0));
        line[4] = 1_000.0;
        assert!(near(slope(&line), 2.0));
        assert_eq!(slope(&[1.0]), None);
    }

    #[test]
    fn a_spread_is_told_even_where_most_values_are_equal() {
        assert!((spread(&[-1.0, 1.0, -1.0, 1.0]) - MAD_TO_SD).abs() < 1e-9);
        assert!(spread(&[0.0, 0.0, 0.0, 4.0]) > 1.0);
        assert!(spread(&[]).abs() < 1e-9);
    }
}
