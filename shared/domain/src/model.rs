//! The registry of a tenant's learnt models: which version answers, which one is only watched, and what training runs did.

use serde::{Deserialize, Serialize};

use crate::prediction::PredictionKind;
use crate::time::Timestamp;

/// Champions before the present one that are kept to go back to.
pub const KEPT_CHAMPIONS: usize = 10;
/// Days that a model is watched in the shadow before it should answer (domain C8: six weeks).
pub const SHADOW_DAYS: i64 = 42;

/// A version of a model, since an instant in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Placed {
    /// The version.
    pub version: String,
    /// Since when it stands there, by the tenant's clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub since: Timestamp,
}

/// A version that answers for a share of the accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Challenger {
    /// The version.
    pub version: String,
    /// Since when.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub since: Timestamp,
    /// Share of the accounts, above 0 and at most 0.5.
    pub share: f64,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ModelRole {
    /// Registered; it answers nowhere.
    Idle,
    /// Answers beside the others; its predictions are kept and checked, nothing follows from them.
    Shadow,
    /// Answers for a share of the accounts.
    Challenger,
    /// Answers.
    Champion,
}

/// Which versions of a tenant's models of one kind answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pointers {
    /// What they predict.
    pub kind: PredictionKind,
    /// The one that answers; without one, the shipped model or the rules do.
    pub champion: Option<Placed>,
    /// The one that answers for a share of the accounts.
    pub challenger: Option<Challenger>,
    /// The one that is only watched.
    pub shadow: Option<Placed>,
    /// Champions before, the newest last; an empty version is "none: rules".
    #[serde(default)]
    pub before: Vec<Placed>,
}

impl Pointers {
    /// No model of one's own.
    pub fn none(kind: PredictionKind) -> Self {
        Self {
            kind,
            champion: None,
            challenger: None,
            shadow: None,
            before: Vec::new(),
        }
    }

    /// Where a version stands.
    pub fn role_of(&self, version: &str) -> ModelRole {
        let is = |placed: &Option<Placed>| placed.as_ref().is_some_and(|p| p.version == version);
        if is(&self.champion) {
            ModelRole::Champion
        } else if self.challenger.as_ref().is_some_and(|c| c.version == version) {
            ModelRole::Challenger
        } else if is(&self.shadow) {
            ModelRole::Shadow
        } else {
            ModelRole::Idle
        }
    }

    /// Takes a version from wherever it stands.
    fn lift(&mut self, version: &str) {
        match self.role_of(version) {
            ModelRole::Challenger => self.challenger = None,
            ModelRole::Shadow => self.shadow = None,
            ModelRole::Champion | ModelRole::Idle => {}
        }
    }

    /// Lets a version be watched.
    pub fn watch(&mut self, version: &str, at: Timestamp) {
        self.lift(version);
        self.shadow = Some(placed(version, at));
    }

    /// Lets a version answer for a share of the accounts.
    pub fn challenge(&mut self, version: &str, share: f64, at: Timestamp) {
        self.lift(version);
        self.challenger = Some(Challenger {
            version: version.to_owned(),
            since: at,
            share,
        });
    }

    /// Lets a version answer; the one before is kept to go back to.
    pub fn crown(&mut self, version: &str, at: Timestamp) {
        self.lift(version);
        self.keep_champion(at);
        self.champion = Some(placed(version, at));
    }

    /// Goes back to the champion before; gives its version (`None`: to rules or the shipped model), or says that there is
    /// nothing to go back to.
    ///
    /// # Errors
    /// [`NothingBefore`].
    pub fn go_back(&mut self, at: Timestamp) -> Result<Option<String>, NothingBefore> {
        let earlier = self.before.pop().ok_or(NothingBefore)?;
        self.champion = (!earlier.version.is_empty()).then(|| placed(&earlier.version, at));
        Ok(self.champion.as_ref().map(|c| c.version.clone()))
    }

    fn keep_champion(&mut self, at: Timestamp) {
        let none = || placed("", at);
        self.before.push(self.champion.take().unwrap_or_else(none));
        if self.before.len() > KEPT_CHAMPIONS {
            self.before.remove(0);
        }
    }
}

fn placed(version: &str, since: Timestamp) -> Placed {
    Placed {
        version: version.to_owned(),
        since,
    }
}

/// No champion was replaced yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no champion was replaced yet: there is nothing to go back to")]
pub struct NothingBefore;

/// Which of a tenant's own models of something other than an account's future answers: of tone, or of products.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OwnPointer {
    /// The one that answers; without one, what is shipped does.
    pub own: Option<Placed>,
    /// Those that answered before, the newest last; `None` is what is shipped.
    #[serde(default)]
    pub before: Vec<Option<Placed>>,
}

impl OwnPointer {
    /// Lets a version answer; the one before is kept to go back to. One that answers already stays.
    pub fn crown(&mut self, version: &str, at: Timestamp) {
        if self.own.as_ref().is_some_and(|own| own.version == version) {
            return;
        }
        self.before.push(self.own.take());
        if self.before.len() > KEPT_CHAMPIONS {
            self.before.remove(0);
        }
        self.own = Some(Placed {
            version: version.to_owned(),
            since: at,
        });
    }

    /// Goes back to what answered before, down to what is shipped.
    ///
    /// # Errors
    /// [`NothingBefore`].
    pub fn go_back(&mut self, at: Timestamp) -> Result<(), NothingBefore> {
        let earlier = self.before.pop().ok_or(NothingBefore)?;
        self.own = earlier.map(|placed| Placed { since: at, ..placed });
        Ok(())
    }
}

/// Where a training run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Asked for.
    Queued,
    /// Under way.
    Running,
    /// A model was registered.
    Registered,
    /// No model: too few outcomes, no signal, or not better; see `verdict`.
    Refused,
    /// What the model reads has drifted: a person mends the source or accepts it; see `verdict`.
    Held,
    /// It broke off; it may be asked for again.
    Failed,
}

/// What was counted before training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrainingCounts {
    /// Accounts with the outcome.
    pub positive_accounts: usize,
    /// Accounts without it.
    pub negative_accounts: usize,
    /// Rows: an account at a cut-off.
    pub rows: usize,
    /// Rows with the outcome.
    pub positives: usize,
}

/// A training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrainingRun {
    /// Id.
    pub id: String,
    /// What is to be predicted.
    pub kind: PredictionKind,
    /// Where it stands.
    pub status: RunStatus,
    /// When it was asked for, by the wall clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// When it was done.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
    /// What it does, or what came of it, in words.
    pub verdict: String,
    /// Accounts read so far.
    pub accounts_done: usize,
    /// Accounts to read.
    pub accounts: usize,
    /// What was counted.
    pub labels: Option<TrainingCounts>,
    /// The version that was registered.
    pub version: Option<String>,
    /// Why it may train though what the model reads has drifted; `null` where nobody accepted that.
    #[serde(default)]
    pub accepted_drift: Option<String>,
}

impl TrainingRun {
    /// An order for a run, to be written before it is sent. Ids sort by time; `unique` tells runs of one second apart.
    pub fn queued(kind: PredictionKind, by: &str, now: Timestamp, unique: &str) -> Self {
        Self {
            id: format!("{}-{kind}-{unique}", now.as_second()),
            kind,
            status: RunStatus::Queued,
            asked_at: now,
            asked_by: by.to_owned(),
            finished_at: None,
            verdict: "waits to be started".to_owned(),
            accounts_done: 0,
            accounts: 0,
            labels: None,
            version: None,
            accepted_drift: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> Timestamp {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn going_back_leads_through_the_champions_before_down_to_the_rules() {
        let mut pointers = Pointers::none(PredictionKind::Churn);
        pointers.watch("1", at("2026-01-01"));
        assert_eq!(pointers.role_of("1"), ModelRole::Shadow);
        pointers.crown("1", at("2026-03-01"));
        assert_eq!(
            (pointers.role_of("1"), &pointers.shadow),
            (ModelRole::Champion, &None)
        );
        pointers.challenge("2", 0.2, at("2026-04-01"));
        pointers.crown("2", at("2026-05-01"));
        assert_eq!(pointers.challenger, None);
        assert_eq!(pointers.go_back(at("2026-06-01")), Ok(Some("1".to_owned())));
        assert_eq!(pointers.champion.as_ref().unwrap().since, at("2026-06-01"));
        assert_eq!(pointers.go_back(at("2026-06-02")), Ok(None));
        assert_eq!(pointers.champion, None);
        assert_eq!(pointers.go_back(at("2026-06-03")), Err(NothingBefore));
    }

    #[test]
    fn only_the_newest_champions_are_kept() {
        let mut pointers = Pointers::none(PredictionKind::Churn);
        for version in 0..20 {
            pointers.crown(&version.to_string(), at("2026-01-01"));
        }
        assert_eq!(pointers.before.len(), KEPT_CHAMPIONS);
        assert_eq!(pointers.before.last().unwrap().version, "18");
    }

    #[test]
    fn going_back_leads_down_to_the_shipped_model() {
        let mut pointer = OwnPointer::default();
        pointer.crown("a", at("2026-03-01"));
        pointer.crown("b", at("2026-03-02"));
        pointer.crown("b", at("2026-03-03"));
        assert_eq!(pointer.own.as_ref().map(|own| own.since), Some(at("2026-03-02")));
        pointer.go_back(at("2026-03-04")).unwrap();
        assert_eq!(pointer.own.as_ref().map(|own| own.version.as_str()), Some("a"));
        pointer.go_back(at("2026-03-05")).unwrap();
        assert_eq!(pointer.own, None);
        assert_eq!(pointer.go_back(at("2026-03-06")), Err(NothingBefore));
    }
}
