//! The arithmetic of severity, priority and storms. Every number stands in `docs/scoring.md`.

use std::collections::BTreeMap;

use copilot_domain::alert::{PriorityWhy, Severity};

/// Severity after company and nearness of the renewal, with what raised it.
///
/// Two risk signals within 14 days raise by one level, three and more by two. A renewal in 90 to 180 days adds
/// 0.5, in 30 to below 90 days 1, in less than 30 days 1.5. The sum is rounded half up and ends at critical.
pub fn severity(base: Severity, signals_14d: usize, days_to_renewal: Option<i32>) -> (Severity, Vec<String>) {
    let mut why = vec![format!("the rule itself: {}", base.as_str())];
    let company = match signals_14d {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => 2.0,
    };
    if company > 0.0 {
        why.push(format!(
            "{signals_14d} risk signals within 14 days: +{company:.0}"
        ));
    }
    let renewal = match days_to_renewal {
        Some(0..30) => 1.5,
        Some(30..90) => 1.0,
        Some(90..=180) => 0.5,
        _ => 0.0,
    };
    if let Some(days) = days_to_renewal.filter(|_| renewal > 0.0) {
        why.push(format!("renewal in {days} days: +{renewal}"));
    }
    let level = (f64::from(base.level()) + company + renewal + 0.5)
        .floor()
        .min(4.0) as u8;
    (Severity::of_level(level), why)
}

/// Severity (1–4) × (0.5 + 0.5 × ARR percentile) × (1 + max(0, (180 − days to renewal) / 180)), two decimals.
///
/// An unknown percentile counts as the middle, an unknown renewal as far away, a past one as today.
pub fn priority(
    severity: Severity,
    arr_percentile: Option<f64>,
    days_to_renewal: Option<i32>,
) -> (f64, PriorityWhy) {
    let percentile = arr_percentile
        .filter(|p| p.is_finite())
        .map(|p| p.clamp(0.0, 1.0));
    let nearness = days_to_renewal.map_or(0.0, |days| (f64::from(180 - days.max(0)) / 180.0).max(0.0));
    let priority = f64::from(severity.level()) * (0.5 + 0.5 * percentile.unwrap_or(0.5)) * (1.0 + nearness);
    let why = PriorityWhy {
        severity: severity.level(),
        arr_percentile: percentile,
        days_to_renewal,
    };
    ((priority * 100.0).round() / 100.0, why)
}

/// Accounts below which there is no storm.
pub const LEAST_ACCOUNTS: usize = 20;

/// The rules that more than a fifth of the accounts of a run trip: more likely a broken source than a bad day.
/// Below 20 accounts there is no storm.
pub fn storms(tripped: &BTreeMap<String, usize>, accounts: usize) -> Vec<String> {
    if accounts < LEAST_ACCOUNTS {
        return Vec::new();
    }
    tripped
        .iter()
        .filter(|(_, n)| **n * 5 > accounts)
        .map(|(rule, _)| rule.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_rises_with_company_and_with_the_renewal() {
        let of = |base, signals, days| severity(base, signals, days).0;
        assert_eq!(of(Severity::Medium, 1, None), Severity::Medium);
        assert_eq!(of(Severity::Medium, 2, None), Severity::High);
        assert_eq!(of(Severity::Medium, 3, None), Severity::Critical);
        assert_eq!(
            of(Severity::Low, 1, Some(29)),
            Severity::High,
            "1 + 1.5 rounds half up to 3"
        );
        assert_eq!(of(Severity::Low, 1, Some(30)), Severity::Medium);
        assert_eq!(
            of(Severity::Low, 1, Some(90)),
            Severity::Medium,
            "1 + 0.5 rounds half up to 2"
        );
        assert_eq!(of(Severity::Low, 1, Some(181)), Severity::Low);
        assert_eq!(of(Severity::Low, 1, Some(-1)), Severity::Low);
        assert_eq!(of(Severity::Critical, 5, Some(1)), Severity::Critical);
    }

    #[test]
    fn priority_is_the_product_of_the_document() {
        let of = |s, p, d| priority(s, p, d).0;
        assert!((of(Severity::High, Some(1.0), Some(90)) - 4.5).abs() < 1e-9);
        assert!((of(Severity::Critical, Some(0.0), Some(200)) - 2.0).abs() < 1e-9);
        assert!((of(Severity::Critical, Some(1.0), Some(0)) - 8.0).abs() < 1e-9);
        assert!((of(Severity::Medium, None, None) - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_rule_that_trips_on_more_than_a_fifth_of_the_accounts_is_held() {
        let tripped = BTreeMap::from([("R01".to_owned(), 21), ("R02".to_owned(), 20)]);
        assert_eq!(storms(&tripped, 100), vec!["R01".to_owned()]);
        assert!(storms(&tripped, 19).is_empty());
    }
}
