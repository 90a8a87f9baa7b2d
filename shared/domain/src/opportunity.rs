//! Opportunities: signals that an account would take more, gated by its health.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OpportunityId, TenantId};
use crate::money::Money;
use crate::time::Timestamp;

/// Days after one was won or lost, or declined and a new signal came, before the next opens.
const COOLDOWN_DAYS: i64 = 30;
/// Days after one was declined, while its signals stay the same.
const DECLINED_DAYS: i64 = 90;

/// Where an opportunity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OpportunityStage {
    /// Found, not looked at.
    #[default]
    Identified,
    /// A human agrees.
    Qualified,
    /// Offered.
    Proposed,
    /// Taken.
    Won,
    /// Not taken.
    Lost,
    /// Not real, or not now.
    Declined,
    /// The account's health fell under the gate.
    Withdrawn,
}

impl OpportunityStage {
    /// Whether work on it is over.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Won | Self::Lost | Self::Declined | Self::Withdrawn)
    }
}

/// One signal of an opportunity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpportunitySignal {
    /// The rule, e.g. `O01`.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// Its strength, 1 to 3.
    pub strength: f64,
    /// What was seen.
    pub evidence: String,
}

/// What an account's signals add up to at an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opportunity {
    /// Id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: OpportunityId,
    /// The account.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub account: AccountId,
    /// Which opportunity of the account it is, from 1.
    #[serde(default = "first")]
    pub episode: u32,
    /// What it is, in words.
    pub title: String,
    /// The signals.
    pub signals: Vec<OpportunitySignal>,
    /// Sum of the strengths times the health factor.
    pub score: f64,
    /// What it may be worth in a year, where the rules can tell.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub value: Option<Money>,
    /// What a model of revenue expects of the account, where one answers: spend of the next 90 days, or growth a month. Opportunities of
    /// one score are listed by it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub expected: Option<Money>,
    /// Where it stands.
    pub stage: OpportunityStage,
    /// The playbook that says how.
    pub playbook: Option<String>,
    /// When it was found.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub opened_at: Timestamp,
    /// When it was last seen.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub last_seen_at: Timestamp,
    /// When it was closed; the next one waits from here.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub closed_at: Option<Timestamp>,
}

fn first() -> u32 {
    1
}

impl Opportunity {
    /// The id of an account's opportunity of an episode.
    pub fn id_of(tenant: &TenantId, account: AccountId, episode: u32) -> OpportunityId {
        let (account, episode) = (account.to_string(), episode.to_string());
        OpportunityId::derived(&[tenant.as_str(), &account, "expansion", &episode])
    }

    /// What becomes of an account's opportunity when a scoring found this; `None` when nothing does.
    ///
    /// Work on an open one goes on. One whose signals are gone is withdrawn, and comes back when they do. After one
    /// was won, lost or declined by a person, the next opens when its cooldown is over.
    pub fn next(tenant: &TenantId, old: Option<&Self>, found: Option<&Self>, at: Timestamp) -> Option<Self> {
        let Some(old) = old else {
            return found.cloned();
        };
        let dated = || {
            old.closed_at.is_none().then(|| Self {
                closed_at: Some(at),
                ..old.clone()
            })
        };
        match (found, old.stage) {
            (None, stage) if stage.is_closed() => dated(),
            (None, _) => Some(Self {
                stage: OpportunityStage::Withdrawn,
                closed_at: Some(at),
                ..old.clone()
            }),
            (Some(found), OpportunityStage::Won | OpportunityStage::Lost | OpportunityStage::Declined) => {
                if !old.is_cool(found, at) {
                    return dated();
                }
                let episode = old.episode + 1;
                Some(Self {
                    id: Self::id_of(tenant, found.account, episode),
                    episode,
                    ..found.clone()
                })
            }
            (Some(found), stage) => Some(Self {
                id: old.id,
                episode: old.episode,
                opened_at: old.opened_at,
                stage: if stage == OpportunityStage::Withdrawn {
                    found.stage
                } else {
                    stage
                },
                closed_at: None,
                ..found.clone()
            }),
        }
    }

    /// Whether the cooldown after this one, which a person closed, is over for the next.
    fn is_cool(&self, found: &Self, at: Timestamp) -> bool {
        let is_new = |signal: &OpportunitySignal| self.signals.iter().all(|old| old.rule != signal.rule);
        let days = match self.stage {
            OpportunityStage::Declined if !found.signals.iter().any(is_new) => DECLINED_DAYS,
            _ => COOLDOWN_DAYS,
        };
        self.closed_at
            .is_some_and(|closed| at.as_second() - closed.as_second() >= days * 86_400)
    }

    /// Whether it differs from another in more than times.
    pub fn differs(&self, other: &Self) -> bool {
        let timed = Self {
            opened_at: other.opened_at,
            last_seen_at: other.last_seen_at,
            ..self.clone()
        };
        timed != *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantProof;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + n * 86_400).unwrap()
    }

    fn tenant() -> TenantId {
        TenantId::proven("acme", TenantProof::OwnRecord).unwrap()
    }

    fn found(rules: &[&str], at: Timestamp) -> Opportunity {
        let account = AccountId::derived(&["a"]);
        Opportunity {
            id: Opportunity::id_of(&tenant(), account, 1),
            account,
            episode: 1,
            title: "Seats".into(),
            signals: (rules.iter())
                .map(|rule| OpportunitySignal {
                    rule: (*rule).into(),
                    name: "x".into(),
                    strength: 2.0,
                    evidence: "y".into(),
                })
                .collect(),
            score: 2.0,
            value: None,
            expected: None,
            stage: OpportunityStage::Identified,
            playbook: None,
            opened_at: at,
            last_seen_at: at,
            closed_at: None,
        }
    }

    fn next(old: &Opportunity, rules: &[&str], on: i64) -> Option<Opportunity> {
        Opportunity::next(&tenant(), Some(old), Some(&found(rules, day(on))), day(on))
    }

    #[test]
    fn after_one_was_closed_the_next_opens_when_its_cooldown_is_over() {
        for (stage, same, new_signal) in [
            (OpportunityStage::Won, 30, 30),
            (OpportunityStage::Lost, 30, 30),
            (OpportunityStage::Declined, 90, 30),
        ] {
            let closed = Opportunity {
                stage,
                ..found(&["O01"], day(0))
            };
            // The scoring that first sees it closed writes when.
            let closed = next(&closed, &["O01"], 0).unwrap();
            assert_eq!((closed.stage, closed.closed_at), (stage, Some(day(0))));
            assert_eq!(next(&closed, &["O01"], same - 1), None, "{stage:?}");
            assert_eq!(next(&closed, &["O01", "O05"], new_signal - 1), None, "{stage:?}");
            assert!(next(&closed, &["O01", "O05"], new_signal).is_some(), "{stage:?}");
            let again = next(&closed, &["O01"], same).unwrap();
            assert_eq!((again.episode, again.stage), (2, OpportunityStage::Identified));
            assert_ne!(again.id, closed.id);
            assert_eq!((again.opened_at, again.closed_at), (day(same), None));
        }
    }

    #[test]
    fn work_on_an_open_one_goes_on_and_one_without_signals_is_withdrawn() {
        let open = Opportunity {
            stage: OpportunityStage::Qualified,
            ..found(&["O01"], day(0))
        };
        let seen = next(&open, &["O01"], 3).unwrap();
        assert_eq!(
            (seen.stage, seen.opened_at, seen.id),
            (open.stage, day(0), open.id)
        );
        assert!(!seen.differs(&open), "only times changed");
        assert!(next(&open, &["O05"], 3).unwrap().differs(&open));
        let gone = Opportunity::next(&tenant(), Some(&open), None, day(4)).unwrap();
        assert_eq!(
            (gone.stage, gone.closed_at),
            (OpportunityStage::Withdrawn, Some(day(4)))
        );
        assert_eq!(Opportunity::next(&tenant(), Some(&gone), None, day(5)), None);
        let back = next(&gone, &["O01"], 6).unwrap();
        assert_eq!((back.id, back.stage), (open.id, OpportunityStage::Identified));
        assert_eq!(back.closed_at, None);
    }
}
