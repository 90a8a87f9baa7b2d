//! A tenant's own set of profiles: what may stand in it, how it becomes [`Profiles`], and how two sets differ.
//!
//! The measures that a set chooses from are the shipped ones. Versions count from 2: version 1 is what is shipped.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::profiles::{CapSpec, Profile, ProfileMeasure, Profiles, Scorecard, When};

/// The version of the shipped set.
pub const SHIPPED: u32 = 1;
/// Profiles of a set.
pub const MAX_PROFILES: usize = 20;
/// Caps of a set.
pub const MAX_CAPS: usize = 30;
/// Scorecards of a set.
pub const MAX_SCORECARDS: usize = 5;
/// Conditions of a profile, of a scorecard or of a cap.
pub const MAX_CONDITIONS: usize = 10;
/// Segments of a condition.
pub const MAX_SEGMENTS: usize = 50;
/// The largest weight; only its share of the sum counts.
pub const MAX_WEIGHT: u32 = 1_000;
/// Characters of an id or a name.
pub const MAX_NAME: usize = 60;
/// Characters of a reason.
pub const MAX_REASON: usize = 200;
/// Days that an account's age is told from.
const MAX_AGE_DAYS: f64 = 3_650.0;

/// A tenant's own set of profiles, as it is edited and kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileSet {
    /// The profiles, in the order in which they are tried.
    pub profiles: Vec<Profile>,
    /// The caps for all of them.
    pub caps: Vec<CapSpec>,
    /// Scorecards beside the health.
    #[serde(default)]
    pub scorecards: Vec<Scorecard>,
}

/// What is wrong with a set: the field, what is asked of it and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFault {
    /// Path of the field, e.g. `profiles[2].measures[0].weight`.
    pub field: String,
    /// The kind of fault, for programs.
    pub code: &'static str,
    /// The limit and the mend, for people.
    pub detail: String,
}

/// A difference between two sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetChange {
    /// What differs, e.g. `profiles.mid-touch.measures.U1.weight`.
    pub path: String,
    /// Its value before; `null` where it was not there.
    pub before: Value,
    /// Its value now; `null` where it is gone.
    pub after: Value,
}

impl ProfileSet {
    /// The set that profiles come from, without versions.
    pub fn of(profiles: &Profiles) -> Self {
        let mut set = Self {
            profiles: profiles.profiles.clone(),
            caps: profiles.caps.clone(),
            scorecards: profiles.scorecards.clone(),
        };
        set.stamp(0);
        set
    }

    fn stamp(&mut self, version: u32) {
        for profile in &mut self.profiles {
            profile.version = version;
        }
    }

    /// The profiles that it makes with the measures of `shipped`, all of one version.
    ///
    /// # Errors
    /// Every fault that [`ProfileSet::faults`] finds.
    pub fn build(mut self, shipped: &Profiles, version: u32) -> Result<Profiles, Vec<SetFault>> {
        let faults = self.faults(shipped);
        if !faults.is_empty() {
            return Err(faults);
        }
        self.stamp(version);
        Ok(Profiles {
            profiles: self.profiles,
            measures: shipped.measures.clone(),
            caps: self.caps,
            scorecards: self.scorecards,
        })
    }

    /// Everything that is wrong with it.
    pub fn faults(&self, shipped: &Profiles) -> Vec<SetFault> {
        let mut check = Check {
            shipped,
            faults: Vec::new(),
        };
        check.profiles(&self.profiles);
        check.caps(&self.caps);
        check.scorecards(self);
        check.faults
    }

    /// How `after` differs from this one, by path.
    pub fn changes(&self, after: &Self) -> Vec<SetChange> {
        let (before, after) = (self.flat(), after.flat());
        let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let value = |map: &BTreeMap<String, Value>, path: &str| map.get(path).cloned().unwrap_or(Value::Null);
        paths
            .into_iter()
            .map(|path| SetChange {
                path: path.clone(),
                before: value(&before, path),
                after: value(&after, path),
            })
            .filter(|change| change.before != change.after)
            .collect()
    }

    /// Every value of the set by its path; parts are named by their ids, so that a new order is one change.
    fn flat(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        let order: Vec<&str> = self.profiles.iter().map(|p| p.id.as_str()).collect();
        all.insert("profiles.order".to_owned(), json!(order));
        for profile in &self.profiles {
            let at = format!("profiles.{}", profile.id);
            all.insert(format!("{at}.name"), json!(profile.name));
            all.insert(format!("{at}.why"), json!(profile.why));
            all.insert(format!("{at}.when"), json!(profile.when));
            all.insert(format!("{at}.hides_score"), json!(profile.hides_score));
            all.insert(format!("{at}.rollup"), json!(profile.rollup));
            flat_measures(&mut all, &at, &profile.measures);
        }
        for cap in &self.caps {
            let at = format!("caps.{}", cap.id);
            all.insert(format!("{at}.limit"), json!(cap.limit));
            all.insert(format!("{at}.all"), json!(cap.all));
            all.insert(format!("{at}.reason"), json!(cap.reason));
        }
        for card in &self.scorecards {
            let at = format!("scorecards.{}", card.id);
            all.insert(format!("{at}.name"), json!(card.name));
            all.insert(format!("{at}.when"), json!(card.when));
            flat_measures(&mut all, &at, &card.measures);
        }
        all
    }
}

fn flat_measures(all: &mut BTreeMap<String, Value>, at: &str, measures: &[ProfileMeasure]) {
    for measure in measures {
        let at = format!("{at}.measures.{}", measure.id);
        all.insert(format!("{at}.weight"), json!(measure.weight));
        for (name, cut) in [("green", measure.green), ("red", measure.red)] {
            if let Some(cut) = cut {
                all.insert(format!("{at}.{name}"), json!(cut));
            }
        }
    }
}

/// Collects what is wrong.
struct Check<'a> {
    shipped: &'a Profiles,
    faults: Vec<SetFault>,
}

impl Check<'_> {
    fn fault(&mut self, field: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.faults.push(SetFault {
            field: field.into(),
            code,
            detail: detail.into(),
        });
    }

    fn count(&mut self, field: &str, number: usize, least: usize, most: usize) {
        if !(least..=most).contains(&number) {
            let detail = format!("holds {number}; send {least} to {most}");
            self.fault(field, "out_of_range", detail);
        }
    }

    fn text(&mut self, field: String, text: &str, most: usize) {
        let length = text.trim().chars().count();
        if length == 0 || length > most || text.chars().any(char::is_control) {
            let detail = format!("1 to {most} characters without control characters");
            self.fault(field, "out_of_range", detail);
        }
    }

    fn ids<'a>(&mut self, list: &str, ids: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (at, id) in ids.enumerate() {
            let field = format!("{list}[{at}].id");
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
            if id.is_empty() || id.len() > MAX_NAME || !id.chars().all(fits) {
                let detail = format!("1 to {MAX_NAME} of the characters a-z, 0-9, - and _");
                self.fault(field, "malformed", detail);
            } else if !seen.insert(id) {
                self.fault(
                    field,
                    "twice",
                    format!("{id} stands twice; give each an id of its own"),
                );
            }
        }
    }

    fn profiles(&mut self, profiles: &[Profile]) {
        self.count("profiles", profiles.len(), 1, MAX_PROFILES);
        self.ids("profiles", profiles.iter().map(|p| p.id.as_str()));
        for (at, profile) in profiles.iter().enumerate() {
            let at = format!("profiles[{at}]");
            self.text(format!("{at}.name"), &profile.name, MAX_NAME);
            self.text(format!("{at}.why"), &profile.why, MAX_REASON);
            self.count(&format!("{at}.when"), profile.when.len(), 1, MAX_CONDITIONS);
            self.conditions(&at, &profile.when);
            self.measures(&at, &profile.measures);
        }
        if profiles
            .last()
            .is_some_and(|p| !p.when.contains(&When::default()))
        {
            let at = profiles.len() - 1;
            let detail = "the last profile must take every account; give it the empty condition {}";
            self.fault(format!("profiles[{at}].when"), "no_default", detail);
        }
    }

    fn conditions(&mut self, at: &str, when: &[When]) {
        for (number, when) in when.iter().enumerate() {
            let at = format!("{at}.when[{number}]");
            if let Some(segments) = &when.segments {
                self.count(&format!("{at}.segments"), segments.len(), 1, MAX_SEGMENTS);
                for segment in segments {
                    self.text(format!("{at}.segments"), segment, MAX_REASON);
                }
            }
            if when.stages.as_ref().is_some_and(Vec::is_empty) {
                self.fault(
                    format!("{at}.stages"),
                    "out_of_range",
                    "name a stage, or leave it out",
                );
            }
            if let Some(billing) = &when.billing {
                self.text(format!("{at}.billing"), billing, MAX_NAME);
            }
            if when
                .max_account_age_days
                .is_some_and(|days| !(0.0..=MAX_AGE_DAYS).contains(&days))
            {
                let detail = format!("0 to {MAX_AGE_DAYS} days");
                self.fault(format!("{at}.max_account_age_days"), "out_of_range", detail);
            }
        }
    }

    fn measures(&mut self, at: &str, measures: &[ProfileMeasure]) {
        let shipped = self.shipped;
        self.count(
            &format!("{at}.measures"),
            measures.len(),
            1,
            shipped.measures.len(),
        );
        let mut seen = BTreeSet::new();
        for (number, measure) in measures.iter().enumerate() {
            let field = |name: &str| format!("{at}.measures[{number}].{name}");
            let Some(spec) = shipped.measure(&measure.id) else {
                let known: Vec<&str> = shipped.measures.iter().map(|m| m.id.as_str()).collect();
                let detail = format!("there is no such measure; known are {}", known.join(", "));
                self.fault(field("id"), "unknown", detail);
                continue;
            };
            if !seen.insert(measure.id.as_str()) {
                self.fault(
                    field("id"),
                    "twice",
                    format!("{} stands twice; leave one out", measure.id),
                );
            }
            if measure.weight > MAX_WEIGHT {
                self.fault(
                    field("weight"),
                    "out_of_range",
                    format!("a whole number from 0 to {MAX_WEIGHT}"),
                );
            }
            let (green, red) = (
                measure.green.unwrap_or(spec.green),
                measure.red.unwrap_or(spec.red),
            );
            if (spec.green > spec.red && green <= red) || (spec.green < spec.red && green >= red) {
                let (side, word) = if spec.green > spec.red {
                    ("above", "higher")
                } else {
                    ("below", "lower")
                };
                let detail = format!(
                    "{word} is better for {}: green must lie {side} red, which is {red}",
                    spec.name
                );
                self.fault(field("green"), "out_of_range", detail);
            }
        }
        if !measures.is_empty() && measures.iter().all(|m| m.weight == 0) {
            let detail = "every weight is 0; give at least one measure a weight";
            self.fault(format!("{at}.measures"), "no_weight", detail);
        }
    }

    fn feature(&mut self, field: String, name: &str) {
        if copilot_features::spec(name).is_none() {
            let detail = format!("there is no feature {name}; see docs/scoring.md for their names");
            self.fault(field, "unknown", detail);
        }
    }

    fn caps(&mut self, caps: &[CapSpec]) {
        self.count("caps", caps.len(), 0, MAX_CAPS);
        self.ids("caps", caps.iter().map(|c| c.id.as_str()));
        for (at, cap) in caps.iter().enumerate() {
            let at = format!("caps[{at}]");
            if !(0..=100_000).contains(&cap.limit.milli()) || cap.limit.milli() % 100 != 0 {
                self.fault(
                    format!("{at}.limit"),
                    "out_of_range",
                    "0 to 100, at most one decimal",
                );
            }
            self.text(format!("{at}.reason"), &cap.reason, MAX_REASON);
            for part in cap.reason.split('{').skip(1) {
                let name = part.split(['|', '}']).next().unwrap_or_default();
                self.feature(format!("{at}.reason"), name);
            }
            self.count(&format!("{at}.all"), cap.all.len(), 1, MAX_CONDITIONS);
            for (number, when) in cap.all.iter().enumerate() {
                let at = format!("{at}.all[{number}]");
                self.feature(format!("{at}.feature"), &when.feature);
                if when.gte.is_none() && when.gt.is_none() && when.lte.is_none() {
                    self.fault(at, "required", "give at least one of gte, gt, lte");
                }
            }
        }
    }

    fn scorecards(&mut self, set: &ProfileSet) {
        self.count("scorecards", set.scorecards.len(), 0, MAX_SCORECARDS);
        self.ids("scorecards", set.scorecards.iter().map(|c| c.id.as_str()));
        for (at, card) in set.scorecards.iter().enumerate() {
            let at = format!("scorecards[{at}]");
            self.text(format!("{at}.name"), &card.name, MAX_NAME);
            self.count(&format!("{at}.when"), card.when.len(), 0, MAX_CONDITIONS);
            self.conditions(&at, &card.when);
            self.measures(&at, &card.measures);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::health::Points;

    fn shipped() -> Profiles {
        Profiles::shipped().unwrap()
    }

    fn fields(change: impl FnOnce(&mut ProfileSet)) -> Vec<String> {
        let shipped = shipped();
        let mut set = ProfileSet::of(&shipped);
        change(&mut set);
        set.faults(&shipped).into_iter().map(|f| f.field).collect()
    }

    #[test]
    fn what_is_shipped_is_a_set_without_faults_and_builds_itself_in_another_version() {
        let shipped = shipped();
        let built = ProfileSet::of(&shipped).build(&shipped, 7).unwrap();
        assert!(built.profiles.iter().all(|p| p.version == 7));
        assert!(
            ProfileSet::of(&built)
                .changes(&ProfileSet::of(&shipped))
                .is_empty()
        );
    }

    #[test]
    fn each_fault_names_its_field() {
        assert_eq!(fields(|s| s.profiles.clear()), ["profiles"]);
        assert_eq!(
            fields(|s| s.profiles[1].id = "onboarding".to_owned()),
            ["profiles[1].id"]
        );
        assert_eq!(
            fields(|s| s.profiles[1].id = "My Profile".to_owned()),
            ["profiles[1].id"]
        );
        assert_eq!(
            fields(|s| s.profiles[0].name = " ".to_owned()),
            ["profiles[0].name"]
        );
        assert_eq!(
            fields(|s| s.profiles[0].measures[0].id = "X9".to_owned()),
            ["profiles[0].measures[0].id"]
        );
        assert_eq!(
            fields(|s| s.profiles[0].measures[1].weight = 1_001),
            ["profiles[0].measures[1].weight"]
        );
        assert_eq!(
            fields(|s| s.profiles[6].measures[0].green = Some(0.4)),
            ["profiles[6].measures[0].green"]
        );
        assert_eq!(
            fields(|s| s.profiles[6].when = vec![When {
                telemetry: Some(true),
                ..When::default()
            }]),
            ["profiles[6].when"]
        );
        assert_eq!(
            fields(|s| s.caps[0].limit = Points::from_milli(101_000)),
            ["caps[0].limit"]
        );
        assert_eq!(
            fields(|s| s.caps[0].all[0].feature = "mood".to_owned()),
            ["caps[0].all[0].feature"]
        );
        assert_eq!(fields(|s| s.caps[0].all[0].gte = None), ["caps[0].all[0]"]);
        assert_eq!(
            fields(|s| s.caps[0].reason = "for {mood|n1}".to_owned()),
            ["caps[0].reason"]
        );
        assert_eq!(
            fields(|s| s.profiles[0].measures.iter_mut().for_each(|m| m.weight = 0)),
            ["profiles[0].measures"]
        );
    }

    #[test]
    fn a_difference_is_told_by_its_path_with_both_values() {
        let before = ProfileSet::of(&shipped());
        let mut after = before.clone();
        after.profiles[6].measures[0].weight = 20;
        after.caps.remove(0);
        after.profiles.swap(0, 1);
        let changes = before.changes(&after);
        let told: Vec<(&str, &Value, &Value)> = changes
            .iter()
            .map(|c| (c.path.as_str(), &c.before, &c.after))
            .collect();
        assert!(
            told.contains(&("profiles.mid-touch.measures.U1.weight", &json!(12), &json!(20))),
            "{told:?}"
        );
        assert!(
            told.contains(&("caps.notice.limit", &json!(24), &Value::Null)),
            "{told:?}"
        );
        assert!(told.iter().any(|(path, ..)| *path == "profiles.order"));
        assert_eq!(told.len(), 5, "{told:?}");
    }
}
