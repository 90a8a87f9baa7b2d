//! A person's own score in place of the computed one, until a day.
//!
//! An override is a fact: it says when it was given and when it was taken back, so that a score of any past day can be
//! computed again with the overrides that stood then.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::health::Points;
use crate::time::Timestamp;

/// Days that an override holds where its author names none (`domain.md` 5.3).
pub const DEFAULT_DAYS: i32 = 14;
/// Days that an override may hold at the most.
pub const MAX_DAYS: i32 = 90;

/// An override as it is kept with the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreOverride {
    /// The score that is shown, 0 to 100.
    pub score: Points,
    /// Why, in the author's words.
    pub reason: String,
    /// Who gave it.
    pub author: String,
    /// When it was given; it is not known of before.
    pub given_at: Timestamp,
    /// The last day on which it holds, in the tenant's zone.
    pub until: Date,
    /// When it was taken back before its day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// Who took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<String>,
}

impl ScoreOverride {
    /// Whether it holds at an instant that falls on a day.
    pub fn holds(&self, as_of: Timestamp, today: Date) -> bool {
        self.given_at <= as_of && today <= self.until && self.removed_at.is_none_or(|removed| removed > as_of)
    }

    /// As it was given: whether it is taken back later is not known while it holds.
    #[must_use]
    pub fn as_given(&self) -> Self {
        Self {
            removed_at: None,
            removed_by: None,
            ..self.clone()
        }
    }

    /// The override that holds at an instant: the newest that was given up to then, if it still does. One that a newer
    /// one took the place of does not come back.
    pub fn at(all: &[Self], as_of: Timestamp, today: Date) -> Option<&Self> {
        let newest = all
            .iter()
            .filter(|one| one.given_at <= as_of)
            .max_by_key(|one| one.given_at);
        newest.filter(|one| one.holds(as_of, today))
    }
}

/// An override that stands in a health, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppliedOverride {
    /// The score that it sets.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub score: Points,
    /// Why, in the author's words.
    pub reason: String,
    /// Who gave it.
    pub author: String,
    /// When it was given.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub given_at: Timestamp,
    /// The last day on which it holds.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub until: Date,
    /// Points that it costs beyond measures and caps; negative where it raises the score.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub points_lost: Points,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(at: &str, until: &str, removed_at: Option<&str>) -> ScoreOverride {
        ScoreOverride {
            score: Points::from_milli(40_000),
            reason: "they told us".to_owned(),
            author: "jo@acme.example".to_owned(),
            given_at: at.parse().unwrap(),
            until: until.parse().unwrap(),
            removed_at: removed_at.map(|at| at.parse().unwrap()),
            removed_by: None,
        }
    }

    fn on<'a>(all: &'a [ScoreOverride], day: &str) -> Option<&'a ScoreOverride> {
        ScoreOverride::at(
            all,
            format!("{day}T12:00:00Z").parse().unwrap(),
            day.parse().unwrap(),
        )
    }

    #[test]
    fn it_holds_from_when_it_was_given_to_the_end_of_its_last_day() {
        let all = [given("2026-03-02T09:00:00Z", "2026-03-10", None)];
        assert_eq!(on(&all, "2026-03-01"), None);
        assert!(on(&all, "2026-03-02").is_some() && on(&all, "2026-03-10").is_some());
        assert_eq!(on(&all, "2026-03-11"), None);
    }

    #[test]
    fn one_that_was_taken_back_still_stood_before() {
        let all = [given(
            "2026-03-02T09:00:00Z",
            "2026-03-10",
            Some("2026-03-05T00:00:00Z"),
        )];
        assert!(on(&all, "2026-03-04").is_some());
        assert_eq!(on(&all, "2026-03-05"), None);
    }

    #[test]
    fn a_newer_one_takes_the_place_of_an_older_one_for_good() {
        let all = [
            given("2026-03-02T09:00:00Z", "2026-03-30", None),
            given("2026-03-05T09:00:00Z", "2026-03-06", None),
        ];
        assert_eq!(on(&all, "2026-03-04").map(|one| one.until), Some(all[0].until));
        assert_eq!(on(&all, "2026-03-06").map(|one| one.until), Some(all[1].until));
        assert_eq!(on(&all, "2026-03-07"), None);
    }
}
