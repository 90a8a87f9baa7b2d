//! Predictions that are kept to be checked: what was said of an account, and what happened.
//!
//! Not each day's prediction is kept, but the first of each calendar month and those of days on which an alert opened.
//! These rows are what accuracy is computed from.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::health::Band;
use crate::ids::AccountId;
use crate::prediction::{Method, PredictionKind};
use crate::time::Timestamp;

/// A kept prediction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The account.
    pub account: AccountId,
    /// Its name then.
    pub name: Option<String>,
    /// What was predicted.
    pub kind: PredictionKind,
    /// By whom.
    pub method: Method,
    /// Whether the model was only watched.
    #[serde(default)]
    pub shadow: bool,
    /// Name and version of the model.
    pub model_version: Option<String>,
    /// 0 to 1.
    pub probability: f64,
    /// The day it stood for, in the tenant's zone.
    pub day: Date,
    /// The instant it was made for; its window begins after it.
    pub made_at: Timestamp,
    /// Days of its window.
    pub window_days: u32,
    /// The first day on which its window has passed.
    pub due: Date,
    /// The health profile that scored the account.
    pub segment: String,
    /// The band then.
    pub band: Band,
    /// The rules whose risk alerts were live then.
    pub alerts: Vec<String>,
    /// When the row may go.
    pub expires_at: Timestamp,
    /// Whether it happened; `None` before the check and where it cannot be told.
    pub happened: Option<bool>,
    /// Whether the prediction was right at the tenant's cut.
    pub was_accurate: Option<bool>,
    /// When it was checked.
    pub checked_at: Option<Timestamp>,
}

impl Check {
    /// What it is compared among: see [`series`].
    pub fn series(&self) -> String {
        series(self.kind, self.method, self.shadow)
    }

    /// Whether the prediction says yes at a cut.
    pub fn says_yes(&self, cut: f64) -> bool {
        self.probability >= cut
    }

    /// What happened, in a word; `None` before the check.
    pub fn actual_outcome(&self) -> Option<&'static str> {
        self.checked_at?;
        Some(self.happened.map_or("unknown", |yes| word(self.kind, yes)))
    }

    /// Judges it by what is known to have happened. `matured` says whether its window has passed: then what cannot be
    /// told stays unknown. Gives whether that changed the row.
    pub fn judge(&mut self, happened: Option<bool>, matured: bool, cut: f64, now: Timestamp) -> bool {
        if happened.is_none() && !matured {
            return false;
        }
        let was_accurate = happened.map(|yes| yes == self.says_yes(cut));
        if self.checked_at.is_some() && (self.happened, self.was_accurate) == (happened, was_accurate) {
            return false;
        }
        // Another cut is another verdict on the same thing: when it was known stays.
        if self.checked_at.is_none() || self.happened != happened {
            self.checked_at = Some(now);
        }
        self.happened = happened;
        self.was_accurate = was_accurate;
        true
    }
}

/// Kind and who says so, as keys name them: `churn-rules`, `churn-model`, `churn-model-shadow`.
pub fn series(kind: PredictionKind, method: Method, shadow: bool) -> String {
    let who = match (method, shadow) {
        (_, true) => "model-shadow",
        (Method::Model, false) => "model",
        (Method::Rules, false) => "rules",
    };
    format!("{kind}-{who}")
}

fn word(kind: PredictionKind, happened: bool) -> &'static str {
    match (kind, happened) {
        (PredictionKind::Churn, true) => "churned",
        (PredictionKind::Churn, false) => "retained",
        (PredictionKind::Downgrade, true) => "contracted",
        (PredictionKind::Downgrade, false) => "not_contracted",
        (PredictionKind::Payment, true) => "payment_failed",
        (PredictionKind::Payment, false) => "paid",
        (PredictionKind::Expansion, true) => "expanded",
        (PredictionKind::Expansion, false) => "not_expanded",
        (PredictionKind::Revenue, true) => "revenue",
        (PredictionKind::Revenue, false) => "no_revenue",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(probability: f64) -> Check {
        let now = Timestamp::UNIX_EPOCH;
        Check {
            account: AccountId::derived(&["a"]),
            name: None,
            kind: PredictionKind::Churn,
            method: Method::Rules,
            shadow: false,
            model_version: None,
            probability,
            day: jiff::civil::date(2026, 1, 1),
            made_at: now,
            window_days: 90,
            due: jiff::civil::date(2026, 4, 1),
            segment: "default".into(),
            band: Band::Healthy,
            alerts: Vec::new(),
            expires_at: now,
            happened: None,
            was_accurate: None,
            checked_at: None,
        }
    }

    #[test]
    fn it_was_right_when_what_it_said_at_the_cut_is_what_happened() {
        let now = Timestamp::UNIX_EPOCH;
        for (probability, happened, right) in [
            (0.5, true, true),
            (0.49, true, false),
            (0.5, false, false),
            (0.1, false, true),
        ] {
            let mut check = check(probability);
            assert!(check.judge(Some(happened), true, 0.5, now));
            assert_eq!(check.was_accurate, Some(right));
            assert!(!check.judge(Some(happened), true, 0.5, now), "nothing new");
            check.judge(Some(happened), true, 0.05, Timestamp::MAX);
            assert_eq!(
                check.checked_at,
                Some(now),
                "another cut is no news of what happened"
            );
        }
    }

    #[test]
    fn what_is_not_known_waits_for_the_end_of_the_window_and_then_is_unknown() {
        let mut check = check(0.7);
        assert!(!check.judge(None, false, 0.5, Timestamp::UNIX_EPOCH));
        assert_eq!(check.actual_outcome(), None);
        assert!(check.judge(None, true, 0.5, Timestamp::UNIX_EPOCH));
        assert_eq!(
            (check.actual_outcome(), check.was_accurate),
            (Some("unknown"), None)
        );
        assert!(
            check.judge(Some(true), true, 0.5, Timestamp::UNIX_EPOCH),
            "learned late"
        );
        assert_eq!(check.actual_outcome(), Some("churned"));
    }
}
