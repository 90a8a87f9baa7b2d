//! Predictions: how likely something is within a window, by which method, and for what reasons.

use serde::{Deserialize, Serialize};

use crate::money::Currency;
use crate::time::Timestamp;

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PredictionKind {
    /// The account leaves.
    Churn,
    /// It stays for less.
    Downgrade,
    /// A payment fails or stays out.
    Payment,
    /// It stays for more.
    Expansion,
    /// It spends again (without a contract), or pays more each month (with one); the prediction also says how much.
    Revenue,
}

impl PredictionKind {
    /// Every kind, in the order in which answers list them.
    pub const ALL: [Self; 5] = [
        Self::Churn,
        Self::Downgrade,
        Self::Payment,
        Self::Expansion,
        Self::Revenue,
    ];

    /// Its name, as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Churn => "churn",
            Self::Downgrade => "downgrade",
            Self::Payment => "payment",
            Self::Expansion => "expansion",
            Self::Revenue => "revenue",
        }
    }

    /// The kind of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl std::fmt::Display for PredictionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A documented mapping of the health score; confidence is always low.
    Rules,
    /// A trained model.
    Model,
}

/// How far to trust it, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ConfidenceLabel {
    /// Below 0.4.
    Low,
    /// 0.4 to below 0.7.
    Medium,
    /// 0.7 and more.
    High,
}

impl ConfidenceLabel {
    /// The word for a confidence.
    pub fn of(confidence: f64) -> Self {
        if confidence >= 0.7 {
            Self::High
        } else if confidence >= 0.4 {
            Self::Medium
        } else {
            Self::Low
        }
    }
}

/// Which way a factor pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Push {
    /// Makes it more likely.
    Raises,
    /// Makes it less likely.
    Lowers,
}

/// One reason. The contributions of all factors and the base margin sum to the margin (log-odds).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Factor {
    /// Name of the feature or measure.
    pub name: String,
    /// In words.
    pub text: String,
    /// Its value; `None` where the model's own default stood in.
    pub value: Option<f64>,
    /// Log-odds that it adds.
    pub contribution: f64,
    /// Which way it pushes.
    pub direction: Push,
    /// What is usual: the middle value over the accounts that the model was trained on. `None` for rules.
    #[serde(default)]
    pub usual: Option<f64>,
}

/// What an amount of money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RevenueForm {
    /// What an account without a contract spends in the window.
    Spend,
    /// By how much an account with a contract pays more each month at the end of the window.
    Growth,
}

/// How much is expected, in minor units of one currency: the probability times what comes if it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExpectedAmount {
    /// What the amounts are.
    pub form: RevenueForm,
    /// The currency of the amounts.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub currency: Currency,
    /// Probability times `if_so_minor`.
    pub expected_minor: i64,
    /// What comes if anything does.
    pub if_so_minor: i64,
    /// Of ten accounts that something comes from, one brings less.
    pub if_so_low_minor: i64,
    /// And one brings more.
    pub if_so_high_minor: i64,
    /// What the rule says: as much as the last year at its pace, or as much growth as in the 90 days before.
    pub run_rate_minor: i64,
    /// `ln(1 + if so) − ln(1 + base)` before any factor, in major units. The base is the run-rate of spend; of growth, the monthly
    /// recurring revenue.
    pub base_log_ratio: f64,
    /// The reasons for `if_so_minor`, the strongest first; with `base_log_ratio` they sum to the logarithm.
    pub factors: Vec<Factor>,
}

/// A prediction with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prediction {
    /// What.
    pub kind: PredictionKind,
    /// 0 to 1.
    pub probability: f64,
    /// 0 to 1.
    pub confidence: f64,
    /// The same in a word.
    pub confidence_label: ConfidenceLabel,
    /// Who says so.
    pub method: Method,
    /// Name and version of the model.
    pub model_version: Option<String>,
    /// Days from `computed_at` that it speaks of.
    pub window_days: u32,
    /// The instant it was made for.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub computed_at: Timestamp,
    /// After it the prediction is kept for checking, not shown as current.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub valid_until: Timestamp,
    /// Log-odds before any factor.
    pub base_margin: Option<f64>,
    /// The reasons, the strongest first.
    pub factors: Vec<Factor>,
    /// What happened, once known.
    pub actual_outcome: Option<String>,
    /// Whether it was right, once known.
    pub was_accurate: Option<bool>,
    /// What to know about it.
    pub note: Option<String>,
    /// A model that is only watched: its prediction is kept to be checked, and nothing follows from it.
    #[serde(default)]
    pub shadow: bool,
    /// How much is expected: predictions of revenue only.
    #[serde(default)]
    pub amount: Option<ExpectedAmount>,
}
