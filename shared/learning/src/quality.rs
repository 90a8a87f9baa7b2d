//! How well probabilities do against what happened.

use copilot_scoring::card::Quality;

/// Area under the ROC curve: the chance that a row with the outcome ranks above one without; ties count half.
pub fn auc(scores: &[f64], labels: &[bool]) -> f64 {
    let order = descending(scores);
    let (mut above, mut pairs, mut negatives_seen) = (0.0, 0.0, 0.0);
    let positives = labels.iter().filter(|l| **l).count() as f64;
    let negatives = labels.len() as f64 - positives;
    let mut at = order.len();
    // From the lowest upwards, tie by tie.
    while at > 0 {
        let end = at;
        while at > 0 && same(scores[order[at - 1]], scores[order[end - 1]]) {
            at -= 1;
        }
        let tied = &order[at..end];
        let hits = tied.iter().filter(|i| labels[**i]).count() as f64;
        let misses = tied.len() as f64 - hits;
        above += hits * (negatives_seen + misses / 2.0);
        negatives_seen += misses;
        pairs += hits;
    }
    if pairs > 0.0 && negatives > 0.0 {
        above / (positives * negatives)
    } else {
        0.5
    }
}

/// Area under the precision-recall curve (average precision), tied scores taken together.
pub fn pr_auc(scores: &[f64], labels: &[bool]) -> f64 {
    let order = descending(scores);
    let positives = labels.iter().filter(|l| **l).count() as f64;
    let (mut hits, mut seen, mut area, mut at) = (0.0, 0.0, 0.0, 0);
    while at < order.len() {
        let start = at;
        while at < order.len() && same(scores[order[at]], scores[order[start]]) {
            at += 1;
        }
        let new = order[start..at].iter().filter(|i| labels[**i]).count() as f64;
        hits += new;
        seen += (at - start) as f64;
        area += new / positives.max(1.0) * (hits / seen);
    }
    area
}

/// Mean squared error of the probability.
pub fn brier(scores: &[f64], labels: &[bool]) -> f64 {
    let error = |(p, y): (&f64, &bool)| (p - if *y { 1.0 } else { 0.0 }).powi(2);
    scores.iter().zip(labels).map(error).sum::<f64>() / scores.len().max(1) as f64
}

/// Expected calibration error over ten bins of equal width.
pub fn ece(scores: &[f64], labels: &[bool]) -> f64 {
    let mut bins = [(0.0_f64, 0.0_f64); 10];
    for (p, y) in scores.iter().zip(labels) {
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        bin.0 += p;
        bin.1 += if *y { 1.0 } else { 0.0 };
    }
    bins.iter().map(|(said, was)| (said - was).abs()).sum::<f64>() / scores.len().max(1) as f64
}

/// Precision among the tenth with the highest scores, over the base rate. Of rows that are tied where the tenth ends, each counts
/// by the share of them that belongs to it: which of them stands first is chance.
pub fn lift_at_10(scores: &[f64], labels: &[bool]) -> f64 {
    let order = descending(scores);
    let top = (order.len() / 10).max(1).min(order.len());
    let base = labels.iter().filter(|l| **l).count() as f64 / labels.len().max(1) as f64;
    let Some(last) = top
        .checked_sub(1)
        .map(|at| scores[order[at]])
        .filter(|_| base > 0.0)
    else {
        return 0.0;
    };
    let hits = |rows: &[usize]| rows.iter().filter(|i| labels[**i]).count() as f64;
    let above = order[..top]
        .iter()
        .take_while(|i| !same(scores[**i], last))
        .count();
    let tied = order[above..]
        .iter()
        .take_while(|i| same(scores[**i], last))
        .count();
    let share = (top - above) as f64 / tied as f64;
    (hits(&order[..above]) + share * hits(&order[above..above + tied])) / top as f64 / base
}

/// All of them.
pub fn quality(scores: &[f64], labels: &[bool]) -> Quality {
    let round = |x: f64| (x * 10_000.0).round() / 10_000.0;
    Quality {
        rows: labels.len(),
        positives: labels.iter().filter(|l| **l).count(),
        auc: round(auc(scores, labels)),
        pr_auc: round(pr_auc(scores, labels)),
        brier: round(brier(scores, labels)),
        ece: round(ece(scores, labels)),
        lift_at_10: round(lift_at_10(scores, labels)),
    }
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

fn descending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_small_case_worked_by_hand() {
        let labels = [true, false, true, false];
        let scores = [0.9, 0.8, 0.7, 0.1];
        // Pairs: 0.9 beats both, 0.7 beats one of two: 3 of 4.
        assert!((auc(&scores, &labels) - 0.75).abs() < 1e-12);
        // Precision 1/1 at the first hit, 2/3 at the second.
        assert!((pr_auc(&scores, &labels) - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-12);
        assert!((brier(&scores, &labels) - (0.01 + 0.64 + 0.09 + 0.01) / 4.0).abs() < 1e-12);
        assert!((auc(&[0.5; 4], &labels) - 0.5).abs() < 1e-12);
        assert!((lift_at_10(&scores, &labels) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn rows_that_are_tied_at_the_end_of_the_tenth_count_by_their_share_whatever_their_order() {
        // Flags alone, without an order: 8 of 40 are flagged, 6 of these and 4 others had the outcome, a quarter of all.
        let mut rows: Vec<(f64, bool)> = (0..40)
            .map(|at| (if at < 8 { 1.0 } else { 0.0 }, !(6..36).contains(&at)))
            .collect();
        for _ in 0..rows.len() {
            rows.rotate_left(1);
            let (scores, labels): (Vec<f64>, Vec<bool>) = rows.iter().copied().unzip();
            assert!((lift_at_10(&scores, &labels) - 0.75 / 0.25).abs() < 1e-12);
        }
        // One row stands above the others that are tied: 1 of 1, and 3 places for 39 rows of which 9 had it.
        let mut scores = vec![0.2; 40];
        scores[0] = 0.9;
        let labels: Vec<bool> = (0..40).map(|at| at < 10).collect();
        let expected = (1.0 + 3.0 * 9.0 / 39.0) / 4.0 / 0.25;
        assert!((lift_at_10(&scores, &labels) - expected).abs() < 1e-12);
        assert!(lift_at_10(&[], &[]).abs() < 1e-12);
        assert!(lift_at_10(&[0.3], &[false]).abs() < 1e-12);
    }
}
