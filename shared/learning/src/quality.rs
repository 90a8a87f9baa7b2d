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

/// Precision among the tenth with the highest scores, over the base rate.
pub fn lift_at_10(scores: &[f64], labels: &[bool]) -> f64 {
    let order = descending(scores);
    let top = (order.len() / 10).max(1).min(order.len());
    let hits = order[..top].iter().filter(|i| labels[**i]).count() as f64;
    let base = labels.iter().filter(|l| **l).count() as f64 / labels.len().max(1) as f64;
    if base > 0.0 && top > 0 {
        hits / top as f64 / base
    } else {
        0.0
    }
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
}
