//! Backtests: what a set of profiles, the rules or a model would have said on past days, against what happened then.
//!
//! Accounts stand in a result by their ids only. Names are looked up when it is shown, so that an account that was erased
//! is nameless in every result.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::accuracy::{AccuracyPart, CutPoint, LabelCounts, RuleAccuracy, Share};
use crate::health::Band;
use crate::ids::AccountId;
use crate::prediction::PredictionKind;
use crate::time::Timestamp;

/// The most months that a backtest looks back on.
pub const MAX_MONTHS: usize = 60;
/// Months that it looks back on where nothing else is asked for.
pub const USUAL_MONTHS: usize = 24;
/// Days before a loss at which an account's standing is looked at.
pub const LOOKS_BEFORE_LOSS: [u32; 13] = [1, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180];
/// The model that is shipped, as its version is named.
pub const SHIPPED_MODEL: &str = "baseline";

/// What is tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(as = BacktestSubject))]
pub enum Subject {
    /// The health profiles that scores go by now.
    Published,
    /// The draft of the next profiles, as it is when the backtest starts.
    Draft,
    /// A version of the profiles; 1 is what is shipped.
    Version {
        /// The version.
        version: u32,
    },
    /// The risk rules, with the published profiles.
    Rules {
        /// Whether the rules that are muted now count too.
        with_muted: bool,
    },
    /// A learnt model of the registry, or the one that is shipped (`baseline`, of churn).
    Model {
        /// What it predicts.
        kind: PredictionKind,
        /// Its version.
        version: String,
    },
}

impl Subject {
    /// What it is held against: churn, but for models of another kind.
    pub fn kind(&self) -> PredictionKind {
        match self {
            Self::Model { kind, .. } => *kind,
            _ => PredictionKind::Churn,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Published => f.write_str("published profiles"),
            Self::Draft => f.write_str("draft of the profiles"),
            Self::Version { version } => write!(f, "profiles, version {version}"),
            Self::Rules { with_muted: true } => f.write_str("rules, the muted ones too"),
            Self::Rules { with_muted: false } => f.write_str("rules that are not muted"),
            Self::Model { kind, version } => write!(f, "{kind} model {version}"),
        }
    }
}

/// Where a backtest stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BacktestStatus {
    /// Asked for.
    Queued,
    /// Under way.
    Running,
    /// There is a result.
    Done,
    /// It broke off; it may be asked for again.
    Failed,
}

/// A backtest: what was asked, and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Backtest {
    /// Id; ids sort by time.
    pub id: String,
    /// What is tested.
    pub subject: Subject,
    /// The first day that a look may fall on, in the tenant's zone; 24 months back where nobody said.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub from: Option<Date>,
    /// The last day; the newest whose 90 days have passed where nobody said.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub to: Option<Date>,
    /// Where it stands.
    pub status: BacktestStatus,
    /// When it was asked for, by the wall clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// When it was done.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
    /// What it does, or what came of it, in words.
    pub said: String,
    /// Accounts read so far.
    pub accounts_done: usize,
    /// Accounts to read.
    pub accounts: usize,
}

impl Backtest {
    /// An order, to be written before it is sent. `unique` tells orders of one second apart.
    pub fn queued(subject: Subject, by: &str, now: Timestamp, unique: &str) -> Self {
        Self {
            id: format!("{}-{unique}", now.as_second()),
            subject,
            from: None,
            to: None,
            status: BacktestStatus::Queued,
            asked_at: now,
            asked_by: by.to_owned(),
            finished_at: None,
            said: "waits to be started".to_owned(),
            accounts_done: 0,
            accounts: 0,
        }
    }

    /// Whether it waits or is under way.
    pub fn is_open(&self) -> bool {
        matches!(self.status, BacktestStatus::Queued | BacktestStatus::Running)
    }
}

/// A figure with its interval of 95 %, by drawing accounts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ranged {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What became of accounts that stood in a band, in the 90 days after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BandOutcomes {
    /// The band.
    pub band: Band,
    /// Left.
    pub churned: u64,
    /// Stayed for less.
    pub contracted: u64,
    /// Stayed for more.
    pub expanded: u64,
    /// Stayed as they were.
    pub retained: u64,
    /// The share that left.
    pub lost: Share,
}

/// How early it was flagged, before accounts were lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Warnings {
    /// Of the losses, those flagged 90 days before.
    pub at_90: Share,
    /// Of the losses, those warned of at least 60 days ahead.
    pub at_least_60: Share,
    /// The same, 30 days.
    pub at_least_30: Share,
    /// The middle number of days of warning over all losses: none counts as 0. `None` without losses.
    pub median_days: Option<u32>,
    /// Losses by days of warning: how long it had been flagged without a break on the day before the loss.
    pub days: Vec<WarnedLosses>,
}

/// Losses with the same days of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WarnedLosses {
    /// Days; 0: it was not flagged on the day before, 180: that long or longer.
    pub days: u32,
    /// Losses.
    pub losses: u64,
}

/// An account that was lost and not flagged 90 days before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissedLoss {
    /// The account.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub account: AccountId,
    /// The day on which it was lost, in the tenant's zone.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub lost_on: Date,
    /// Its band 90 days before; `None` when it was not known then.
    pub band: Option<Band>,
    /// Its score then, 0 to 100.
    pub score: Option<f64>,
    /// The model's probability then.
    pub probability: Option<f64>,
    /// Days of warning that there were in the end.
    pub warning_days: u32,
    /// What weighed most then, or why there was no answer; in words.
    pub reasons: Vec<String>,
}

/// What one side says, over all looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BacktestSide {
    /// What it is, e.g. `draft of the profiles`.
    pub name: String,
    /// What counts as flagged, in words.
    pub flags: String,
    /// Figures over the looks that got an answer; recall is of all looks.
    pub figures: AccuracyPart,
    /// The lift among the tenth that ranks highest, with its interval; `None` where it never or always happened.
    pub lift: Option<Ranged>,
    /// The area under the ROC curve, with its interval; as above.
    pub auc: Option<Ranged>,
    /// Whether calibration is of probabilities; health scores are none.
    pub has_probabilities: bool,
    /// Of all looks, those without an answer.
    pub not_scored: Share,
    /// Of those without an answer, how many times it happened.
    pub not_scored_happened: u64,
    /// Bands against what happened in the 90 days after.
    pub bands: Vec<BandOutcomes>,
    /// How many are flagged and how many of them hit, by cut; the highest first.
    pub curve: Vec<CutPoint>,
    /// By rule that fired.
    pub rules: Vec<RuleAccuracy>,
    /// How early losses were flagged; only where churn is tested.
    pub warnings: Option<Warnings>,
    /// Losses that were not flagged 90 days before, the newest first; at most 200.
    pub missed: Vec<MissedLoss>,
    /// All of them.
    pub missed_total: u64,
}

/// The alerts that a rule would have opened in the last 90 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayedRule {
    /// The rule.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// Whether it is muted now.
    pub muted: bool,
    /// Alerts.
    pub alerts: u64,
    /// Accounts with at least one.
    pub accounts: u64,
    /// Alerts a week.
    pub per_week: f64,
}

/// The alerts that would have reached an owner in the last 90 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayedOwner {
    /// The owner; `None`: accounts without one.
    pub owner: Option<String>,
    /// Alerts.
    pub alerts: u64,
    /// Accounts with at least one.
    pub accounts: u64,
    /// Alerts a week.
    pub per_week: f64,
}

/// The rules run over the last 90 days, week by week.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replay {
    /// Weeks looked at.
    pub weeks: u32,
    /// By rule, the most alerts first.
    pub rules: Vec<ReplayedRule>,
    /// By owner, the most alerts first; at most 100.
    pub owners: Vec<ReplayedOwner>,
}

/// What came of a backtest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BacktestResult {
    /// What happened, or not.
    pub kind: PredictionKind,
    /// Until when facts were known to it: now, by the tenant's clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub known_until: Timestamp,
    /// The days on which accounts were looked at, the oldest first.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub looks: Vec<Date>,
    /// Days after a look in which it may happen.
    pub window_days: u32,
    /// Accounts read.
    pub accounts: u64,
    /// Looks at accounts whose outcome is known.
    pub rows: u64,
    /// Losses with a date in the time looked at: an account may be lost more than once.
    pub losses: u64,
    /// Accounts with and without the outcome, and how many are asked for.
    pub labels: LabelCounts,
    /// What was tested first; where that is something else, what scores go by now stands beside it.
    pub sides: Vec<BacktestSide>,
    /// The rules over the last 90 days, with the profiles tested.
    pub replay: Replay,
    /// What to know when reading it.
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_as_it_is_written_and_says_what_it_is() {
        let all = [
            (
                Subject::Published,
                r#"{"what":"published"}"#,
                "published profiles",
            ),
            (
                Subject::Version { version: 3 },
                r#"{"what":"version","version":3}"#,
                "profiles, version 3",
            ),
            (
                Subject::Rules { with_muted: false },
                r#"{"what":"rules","with_muted":false}"#,
                "rules that are not muted",
            ),
            (
                Subject::Model {
                    kind: PredictionKind::Payment,
                    version: "2026-01-01-ab".to_owned(),
                },
                r#"{"what":"model","kind":"payment","version":"2026-01-01-ab"}"#,
                "payment model 2026-01-01-ab",
            ),
        ];
        for (subject, json, words) in all {
            assert_eq!(serde_json::to_string(&subject).unwrap(), json);
            assert_eq!(serde_json::from_str::<Subject>(json).unwrap(), subject);
            assert_eq!(subject.to_string(), words);
        }
        assert_eq!(Subject::Draft.kind(), PredictionKind::Churn);
    }
}
