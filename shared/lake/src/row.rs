//! One account on one day.

use copilot_domain::facts::{Stage, Touch};
use copilot_domain::health::{Band, FeatureMap};
use copilot_domain::ids::AccountId;
use copilot_domain::money::Currency;
use copilot_domain::time::Timestamp;
use copilot_features::{CATALOGUE, FeatureVector, place};
use jiff::civil::Date;

/// Where the rows of a file come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Taken on the day itself, of the assessments that people saw.
    Lived,
    /// Computed later, of what was known on the day.
    Hindsight,
}

impl Origin {
    /// The word in a file's metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lived => "lived",
            Self::Hindsight => "hindsight",
        }
    }
}

/// The features of an account, in the catalogue's order.
#[derive(Debug, Clone)]
pub struct Features(Box<[f64]>);

impl Default for Features {
    fn default() -> Self {
        Self(vec![f64::NAN; CATALOGUE.len()].into())
    }
}

/// By bits: a missing feature equals a missing feature.
impl PartialEq for Features {
    fn eq(&self, other: &Self) -> bool {
        self.values().eq(other.values())
    }
}

impl Features {
    /// Features by name. What the catalogue does not know and what is not finite stays out.
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, f64)>) -> Self {
        let mut features = Self::default();
        for (name, value) in values {
            if let Some(at) = place(name) {
                features.set(at, Some(value));
            }
        }
        features
    }

    /// The features that an assessment kept.
    pub fn of_map(map: &FeatureMap) -> Self {
        Self::of(
            map.iter()
                .filter_map(|(name, value)| Some((name.as_str(), (*value)?))),
        )
    }

    /// A feature's value; `None` when it is missing or unknown.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.at(place(name)?)
    }

    /// The value of the feature at a place in the catalogue.
    pub fn at(&self, place: usize) -> Option<f64> {
        self.0.get(place).copied().filter(|value| !value.is_nan())
    }

    /// All values in the catalogue's order.
    pub fn values(&self) -> impl Iterator<Item = Option<f64>> {
        (0..self.0.len()).map(|at| self.at(at))
    }

    /// All values in the catalogue's order, NaN where one is missing: what the trainers take.
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    pub(crate) fn set(&mut self, place: usize, value: Option<f64>) {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = value.filter(|v| v.is_finite()).unwrap_or(f64::NAN);
        }
    }
}

impl From<&FeatureVector> for Features {
    fn from(vector: &FeatureVector) -> Self {
        Self::of(vector.values())
    }
}

/// One account on one day. Its ARR is the feature `arr`, in major units of `currency`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The account. In the file it is a pseudonym.
    pub account: AccountId,
    /// The day of the file, in the tenant's zone.
    pub day: Date,
    /// The instant that the features speak of: nothing known later is in them. To the microsecond.
    pub as_of: Timestamp,
    /// Life-cycle stage.
    pub stage: Option<Stage>,
    /// The tenant's segment, by name.
    pub segment: Option<String>,
    /// Service model.
    pub touch: Option<Touch>,
    /// Currency of the features whose unit is money.
    pub currency: Option<Currency>,
    /// Health, 0 to 100; none where it is hidden or was not computed.
    pub score: Option<f64>,
    /// The band shown.
    pub band: Option<Band>,
    /// Probability of churn within 90 days, 0 to 1: the one that was shown.
    pub churn_probability: Option<f64>,
    /// The model that it came from; none where rules gave it.
    pub model_version: Option<String>,
    /// The features.
    pub features: Features,
}

impl Row {
    /// A row of which only the account and the time are known; the instant is cut to the microsecond.
    pub fn new(account: AccountId, day: Date, as_of: Timestamp) -> Self {
        let micros = i64::try_from(as_of.as_nanosecond().div_euclid(1_000));
        let as_of = micros.map_or(as_of, |micros| {
            Timestamp::from_microsecond(micros).unwrap_or(as_of)
        });
        Self {
            account,
            day,
            as_of,
            stage: None,
            segment: None,
            touch: None,
            currency: None,
            score: None,
            band: None,
            churn_probability: None,
            model_version: None,
            features: Features::default(),
        }
    }
}
