//! How right checked predictions were: figures at the cut, curves, calibration, by segment, version, band and rule.
//!
//! Every share carries its 95 % Wilson interval. Rows of one account are months apart and yet not independent of each
//! other, so intervals are a little narrow where an account has many rows: the number of accounts stands beside them.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::accuracy::{
    Accuracy, AccuracyPart, BandAccuracy, CalibrationBin, Confusion, CutPoint, CutProposal, LabelCounts,
    MethodAccuracy, RuleAccuracy, Share,
};
use copilot_domain::check::Check;
use copilot_domain::health::Band;
use copilot_domain::ids::AccountId;
use copilot_domain::prediction::{Method, PredictionKind};

use crate::quality;

/// The labels at which the next kind of model may run (`domain.md` 5.7).
pub const GATES: [(u64, &str); 3] = [(50, "logistic_shadow"), (100, "logistic"), (200, "boosting")];

/// Points of the curve of a method.
const CURVE_POINTS: usize = 200;
/// Segments and versions that are shown, the largest first.
const MAX_PARTS: usize = 30;
/// Weeks in a month, on average.
const WEEKS_IN_MONTH: f64 = 52.0 / 12.0;

/// The share of `hits` in `of` with its 95 % Wilson score interval (Wilson 1927); 0 to 1 where nothing was counted.
pub fn wilson(hits: u64, of: u64) -> Share {
    const Z: f64 = 1.959_964;
    if of == 0 {
        return Share {
            hits,
            of,
            share: 0.0,
            low: 0.0,
            high: 1.0,
        };
    }
    let n = of as f64;
    let p = hits as f64 / n;
    let middle = p + Z * Z / (2.0 * n);
    let width = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Share {
        hits,
        of,
        share: round(p),
        low: round(((middle - width) / scale).max(0.0)),
        high: round(((middle + width) / scale).min(1.0)),
    }
}

/// What the figures of a kind need besides the rows.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// What was predicted.
    pub kind: PredictionKind,
    /// The tenant's cut.
    pub cut: f64,
}

/// The figures of a kind. Rows whose outcome is not known are left out; `computed_at`, `from` and `next_due` are
/// the caller's to fill in.
pub fn accuracy(frame: Frame, rows: &[Check]) -> Accuracy {
    let rows: Vec<&Check> = rows
        .iter()
        .filter(|row| row.kind == frame.kind && row.happened.is_some())
        .collect();
    let all = [
        (Method::Model, false),
        (Method::Rules, false),
        (Method::Model, true),
    ];
    let methods = all.into_iter().filter_map(|(method, shadow)| {
        let is_own = |row: &&Check| (row.method, row.shadow) == (method, shadow);
        let own: Vec<&Check> = rows.iter().copied().filter(is_own).collect();
        (!own.is_empty()).then(|| method_accuracy(method, shadow, &own, frame.cut))
    });
    // Bands and rules are of the account and its day, whoever predicted.
    let mut days: BTreeMap<(AccountId, jiff::civil::Date), &Check> = BTreeMap::new();
    for row in &rows {
        days.entry((row.account, row.day)).or_insert(*row);
    }
    let days: Vec<&Check> = days.into_values().collect();
    Accuracy {
        kind: frame.kind,
        computed_at: None,
        from: None,
        cut: frame.cut,
        next_due: None,
        labels: labels(&rows),
        methods: methods.collect(),
        bands: bands(&days),
        rules: rules(&days),
    }
}

fn yes(row: &Check) -> bool {
    row.happened == Some(true)
}

/// Accounts to which it happened, and to which it did not, against the gates.
pub(crate) fn labels(rows: &[&Check]) -> LabelCounts {
    let of = |wanted: bool| -> BTreeSet<AccountId> {
        let own = rows.iter().filter(|row| yes(row) == wanted);
        own.map(|row| row.account).collect()
    };
    let happened = of(true);
    let not = of(false).difference(&happened).count() as u64;
    let happened = happened.len() as u64;
    let next = GATES.into_iter().find(|(needed, _)| happened < *needed);
    LabelCounts {
        happened,
        not,
        needed: next.map(|(needed, _)| needed),
        unlocks: next.map(|(_, what)| what.to_owned()),
    }
}

fn method_accuracy(method: Method, shadow: bool, rows: &[&Check], cut: f64) -> MethodAccuracy {
    let version = |row: &Check| row.model_version.clone();
    MethodAccuracy {
        method,
        shadow,
        overall: part("all", rows, |row| row.says_yes(cut)),
        versions: parts(rows, cut, version),
        segments: parts(rows, cut, |row| Some(row.segment.clone())),
        curve: curve(rows),
    }
}

/// The figures of each group of rows, the largest group first.
fn parts(rows: &[&Check], cut: f64, name: impl Fn(&Check) -> Option<String>) -> Vec<AccuracyPart> {
    let mut groups: BTreeMap<String, Vec<&Check>> = BTreeMap::new();
    for row in rows {
        if let Some(name) = name(row) {
            groups.entry(name).or_default().push(row);
        }
    }
    let mut parts: Vec<AccuracyPart> = groups
        .iter()
        .map(|(name, rows)| part(name, rows, |row| row.says_yes(cut)))
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.rows));
    parts.truncate(MAX_PARTS);
    parts
}

/// The figures of a set of rows whose outcome is known, by what counts as a yes.
pub(crate) fn part(name: &str, rows: &[&Check], says_yes: impl Fn(&Check) -> bool) -> AccuracyPart {
    let scores: Vec<f64> = rows.iter().map(|row| row.probability).collect();
    let labels: Vec<bool> = rows.iter().map(|row| yes(row)).collect();
    let confusion = confusion(rows, says_yes);
    let said = confusion.true_positive + confusion.false_positive;
    let happened = confusion.true_positive + confusion.false_negative;
    let both = happened > 0 && happened < rows.len() as u64;
    let ranked = |figure: fn(&[f64], &[bool]) -> f64| both.then(|| round(figure(&scores, &labels)));
    let accounts: BTreeSet<AccountId> = rows.iter().map(|row| row.account).collect();
    AccuracyPart {
        name: name.to_owned(),
        rows: rows.len() as u64,
        happened,
        accounts: accounts.len() as u64,
        confusion,
        precision: (said > 0).then(|| wilson(confusion.true_positive, said)),
        recall: (happened > 0).then(|| wilson(confusion.true_positive, happened)),
        pr_auc: ranked(quality::pr_auc),
        auc: ranked(quality::auc),
        lift_at_10: ranked(quality::lift_at_10),
        brier: round(quality::brier(&scores, &labels)),
        ece: round(quality::ece(&scores, &labels)),
        calibration: calibration(&scores, &labels),
    }
}

fn confusion(rows: &[&Check], says_yes: impl Fn(&Check) -> bool) -> Confusion {
    let mut all = Confusion::default();
    for row in rows {
        let cell = match (says_yes(row), yes(row)) {
            (true, true) => &mut all.true_positive,
            (true, false) => &mut all.false_positive,
            (false, true) => &mut all.false_negative,
            (false, false) => &mut all.true_negative,
        };
        *cell += 1;
    }
    all
}

/// Ten bins of equal width: what was said in each, and how often it happened. Empty bins are left out.
pub fn calibration(scores: &[f64], labels: &[bool]) -> Vec<CalibrationBin> {
    let mut bins = [(0.0_f64, 0_u64, 0_u64); 10];
    for (score, label) in scores.iter().zip(labels) {
        let bin = &mut bins[((score * 10.0) as usize).min(9)];
        bin.0 += score;
        bin.1 += u64::from(*label);
        bin.2 += 1;
    }
    let shown = bins.iter().enumerate().filter(|(_, (_, _, rows))| *rows > 0);
    shown
        .map(|(at, (said, hits, rows))| CalibrationBin {
            from: at as f64 / 10.0,
            to: (at + 1) as f64 / 10.0,
            said: round(said / *rows as f64),
            happened: wilson(*hits, *rows),
        })
        .collect()
}

/// Precision by cut: at each probability that was said, how many reach it and how often it happened. Thinned out evenly
/// where there are more than 200.
pub(crate) fn curve(rows: &[&Check]) -> Vec<CutPoint> {
    let mut sorted: Vec<&Check> = rows.to_vec();
    sorted.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let mut points: Vec<CutPoint> = Vec::new();
    let mut hits = 0;
    for (at, row) in sorted.iter().enumerate() {
        hits += u64::from(yes(row));
        let point = CutPoint {
            cut: row.probability,
            flagged: at as u64 + 1,
            hits,
        };
        // Equal probabilities are flagged together.
        match points.last_mut() {
            Some(last) if last.cut.to_bits() == point.cut.to_bits() => *last = point,
            _ => points.push(point),
        }
    }
    let every = points.len().div_ceil(CURVE_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points.into_iter().enumerate();
    kept.filter(|(at, _)| at % every == 0 || *at == last)
        .map(|(_, point)| point)
        .collect()
}

fn bands(days: &[&Check]) -> Vec<BandAccuracy> {
    let mut counts: BTreeMap<Band, (u64, u64)> = BTreeMap::new();
    for row in days {
        let count = counts.entry(row.band).or_default();
        count.0 += u64::from(yes(row));
        count.1 += 1;
    }
    let of = |(band, (hits, of)): (Band, (u64, u64))| BandAccuracy {
        band,
        happened: wilson(hits, of),
    };
    counts.into_iter().map(of).collect()
}

pub(crate) fn rules(days: &[&Check]) -> Vec<RuleAccuracy> {
    let happened = days.iter().filter(|row| yes(row)).count() as u64;
    let base = happened as f64 / days.len().max(1) as f64;
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in days {
        for rule in &row.alerts {
            let count = counts.entry(rule).or_default();
            count.0 += u64::from(yes(row));
            count.1 += 1;
        }
    }
    counts
        .into_iter()
        .map(|(rule, (hits, of))| RuleAccuracy {
            rule: rule.to_owned(),
            precision: wilson(hits, of),
            recall: (happened > 0).then(|| wilson(hits, happened)),
            lift: (base > 0.0).then(|| round(hits as f64 / of as f64 / base)),
        })
        .collect()
}

/// The lowest cut that a capacity of alerts a week allows, over a number of accounts. Checked predictions are one a
/// month and account, so the share of them that reaches a cut is the share of accounts to be told of each month.
/// `None` where even the highest probability would give more alerts, or where nothing was checked.
pub fn propose(method: &MethodAccuracy, accounts: u64, per_week: f64) -> Option<CutProposal> {
    let rows = method.overall.rows as f64;
    let weekly = |point: &CutPoint| point.flagged as f64 / rows * accounts as f64 / WEEKS_IN_MONTH;
    let fits = |point: &&CutPoint| weekly(point) <= per_week;
    let point = method.curve.iter().take_while(fits).last()?;
    let happened = method.overall.happened;
    Some(CutProposal {
        method: method.method,
        shadow: method.shadow,
        cut: point.cut,
        alerts_per_week: (weekly(point) * 10.0).round() / 10.0,
        precision: wilson(point.hits, point.flagged),
        recall: (happened > 0).then(|| wilson(point.hits, happened)),
    })
}

fn round(x: f64) -> f64 {
    (x * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::time::Timestamp;

    fn row(account: usize, probability: f64, happened: Option<bool>) -> Check {
        Check {
            account: AccountId::derived(&[&account.to_string()]),
            name: None,
            kind: PredictionKind::Churn,
            method: Method::Model,
            shadow: false,
            model_version: Some(format!("m@{}", account % 2)),
            probability,
            day: jiff::civil::date(2026, 1, 1),
            made_at: Timestamp::UNIX_EPOCH,
            window_days: 90,
            due: jiff::civil::date(2026, 4, 2),
            segment: "default".into(),
            band: if probability >= 0.5 {
                Band::AtRisk
            } else {
                Band::Healthy
            },
            alerts: if probability >= 0.7 {
                vec!["R01".into()]
            } else {
                Vec::new()
            },
            expires_at: Timestamp::UNIX_EPOCH,
            happened,
            was_accurate: None,
            checked_at: None,
        }
    }

    fn ten() -> Vec<Check> {
        // Two churned of three flagged at 0.5, one churned of seven below.
        let said = [0.9, 0.8, 0.6, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1, 0.1];
        let left = [0, 2, 4];
        said.iter()
            .enumerate()
            .map(|(at, p)| row(at, *p, Some(left.contains(&at))))
            .chain([row(99, 0.9, None)])
            .collect()
    }

    const FRAME: Frame = Frame {
        kind: PredictionKind::Churn,
        cut: 0.5,
    };

    #[test]
    fn wilson_is_that_of_the_textbook() {
        let share = wilson(8, 10);
        assert_eq!((share.share, share.low, share.high), (0.8, 0.4902, 0.9433));
        let none = wilson(0, 0);
        assert_eq!((none.low, none.high), (0.0, 1.0));
        assert!(wilson(0, 10).low.abs() < 1e-9 && wilson(0, 10).high > 0.2);
    }

    #[test]
    fn figures_at_the_cut_are_worked_by_hand() {
        let accuracy = accuracy(FRAME, &ten());
        let all = &accuracy.methods[0].overall;
        assert_eq!(
            (all.rows, all.happened, all.accounts),
            (10, 3, 10),
            "the unknown is left out"
        );
        let expected = Confusion {
            true_positive: 2,
            false_positive: 1,
            false_negative: 1,
            true_negative: 6,
        };
        assert_eq!(all.confusion, expected);
        assert_eq!(all.precision.map(|p| (p.hits, p.of)), Some((2, 3)));
        assert_eq!(all.recall.map(|p| (p.hits, p.of)), Some((2, 3)));
        assert_eq!(accuracy.methods[0].versions.len(), 2);
        let bands: Vec<(Band, u64, u64)> = accuracy
            .bands
            .iter()
            .map(|b| (b.band, b.happened.hits, b.happened.of))
            .collect();
        assert_eq!(bands, [(Band::AtRisk, 2, 3), (Band::Healthy, 1, 7)]);
        let rule = &accuracy.rules[0];
        assert_eq!(
            (rule.precision.hits, rule.precision.of, rule.lift),
            (1, 2, Some(1.6667))
        );
        assert_eq!(
            (
                accuracy.labels.happened,
                accuracy.labels.not,
                accuracy.labels.needed
            ),
            (3, 7, Some(50))
        );
    }

    #[test]
    fn bins_hold_what_was_said_and_what_happened_and_their_gaps_are_the_calibration_error() {
        let (scores, labels) = ([0.05, 0.15, 0.15, 1.0], [false, true, false, true]);
        let bins = calibration(&scores, &labels);
        let seen: Vec<(f64, f64, u64, u64)> = bins
            .iter()
            .map(|b| (b.from, b.said, b.happened.hits, b.happened.of))
            .collect();
        assert_eq!(seen, [(0.0, 0.05, 0, 1), (0.1, 0.15, 1, 2), (0.9, 1.0, 1, 1)]);
        let gaps: f64 = bins
            .iter()
            .map(|b| (b.said - b.happened.share).abs() * b.happened.of as f64 / 4.0)
            .sum();
        assert!((gaps - quality::ece(&scores, &labels)).abs() < 1e-4);
    }

    #[test]
    fn a_capacity_gives_the_lowest_cut_that_it_allows() {
        let accuracy = accuracy(FRAME, &ten());
        // 130 accounts: each tenth of them is 13 a month, three a week.
        let cut =
            |per_week: f64| propose(&accuracy.methods[0], 130, per_week).map(|p| (p.cut, p.alerts_per_week));
        assert_eq!(cut(2.9), None, "even the highest would be more");
        assert_eq!(cut(3.0), Some((0.9, 3.0)));
        assert_eq!(cut(10.0), Some((0.6, 9.0)));
        assert_eq!(cut(1_000.0), Some((0.1, 30.0)));
        let ten = propose(&accuracy.methods[0], 130, 10.0).unwrap();
        assert_eq!((ten.precision.hits, ten.precision.of), (2, 3));
    }

    #[test]
    fn nothing_checked_is_no_figures_and_not_zeros() {
        let accuracy = accuracy(FRAME, &[]);
        assert!(accuracy.methods.is_empty() && accuracy.bands.is_empty() && accuracy.rules.is_empty());
        assert_eq!(accuracy.labels.unlocks.as_deref(), Some("logistic_shadow"));
        let one = super::accuracy(FRAME, &[row(1, 0.2, Some(false))]);
        assert_eq!(
            (one.methods[0].overall.pr_auc, one.methods[0].overall.recall),
            (None, None)
        );
    }
}
