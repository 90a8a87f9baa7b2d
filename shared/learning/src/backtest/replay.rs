//! The rules over the last weeks: which alerts they would have opened, and for whom.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::backtest::{Replay, ReplayedOwner, ReplayedRule};
use copilot_domain::ids::AccountId;
use copilot_domain::time::days_between;
use jiff::civil::Date;

/// Owners that are kept, those with the most alerts first.
const MAX_OWNERS: usize = 100;
/// Days between two looks.
pub const EVERY_DAYS: i32 = 7;
/// Weeks looked at: the last 90 days.
pub const WEEKS: u32 = 13;

/// An account on one of the days: whose it was, and which rules fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    /// The day.
    pub day: Date,
    /// Its owner then.
    pub owner: Option<String>,
    /// The rules that fired.
    pub fired: Vec<String>,
}

/// What is known of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleNote {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is muted.
    pub muted: bool,
    /// Days after it last fired before it opens another alert.
    pub cooldown_days: u32,
}

#[derive(Debug, Clone, Default)]
struct Counted {
    alerts: u64,
    accounts: BTreeSet<AccountId>,
}

/// Counts alerts, account by account.
#[derive(Debug, Clone, Default)]
pub struct Counter {
    rules: Vec<RuleNote>,
    by_rule: BTreeMap<String, Counted>,
    by_owner: BTreeMap<Option<String>, Counted>,
}

impl Counter {
    /// Counts alerts of these rules.
    pub fn of(rules: Vec<RuleNote>) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// Adds an account by its days, the oldest first. On its first day alerts are open and not opened: when they came is
    /// not known. A rule that fires again within its cooldown goes on with the alert before. Alerts of muted rules
    /// reach nobody.
    pub fn add(&mut self, account: AccountId, weeks: &[Week]) {
        let Some((first, rest)) = weeks.split_first() else {
            return;
        };
        let mut last_fired: BTreeMap<&str, Date> = first
            .fired
            .iter()
            .map(|rule| (rule.as_str(), first.day))
            .collect();
        for week in rest {
            for fired in &week.fired {
                let Some(rule) = self.rules.iter().find(|rule| rule.id == *fired) else {
                    continue;
                };
                let quiet = i32::try_from(rule.cooldown_days)
                    .unwrap_or(i32::MAX)
                    .max(EVERY_DAYS);
                let before = last_fired.insert(fired, week.day);
                if before.is_some_and(|before| days_between(before, week.day) <= quiet) {
                    continue;
                }
                count(self.by_rule.entry(fired.clone()).or_default(), account);
                if !rule.muted {
                    count(self.by_owner.entry(week.owner.clone()).or_default(), account);
                }
            }
        }
    }

    /// What was counted.
    pub fn replay(self) -> Replay {
        let per_week = |alerts: u64| (alerts as f64 / f64::from(WEEKS) * 100.0).round() / 100.0;
        let mut rules: Vec<ReplayedRule> = self
            .rules
            .into_iter()
            .filter_map(|rule| {
                let Counted { alerts, accounts } = self.by_rule.get(&rule.id)?;
                Some(ReplayedRule {
                    rule: rule.id,
                    name: rule.name,
                    muted: rule.muted,
                    alerts: *alerts,
                    accounts: accounts.len() as u64,
                    per_week: per_week(*alerts),
                })
            })
            .collect();
        rules.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.rule.cmp(&b.rule)));
        let mut owners: Vec<ReplayedOwner> = self
            .by_owner
            .into_iter()
            .map(|(owner, Counted { alerts, accounts })| ReplayedOwner {
                owner,
                alerts,
                accounts: accounts.len() as u64,
                per_week: per_week(alerts),
            })
            .collect();
        owners.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.owner.cmp(&b.owner)));
        owners.truncate(MAX_OWNERS);
        Replay {
            weeks: WEEKS,
            rules,
            owners,
        }
    }
}

fn count(counted: &mut Counted, account: AccountId) {
    counted.alerts += 1;
    counted.accounts.insert(account);
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::time::shift;
    use jiff::civil::date;

    fn note(id: &str, muted: bool, cooldown_days: u32) -> RuleNote {
        RuleNote {
            id: id.to_owned(),
            name: format!("rule {id}"),
            muted,
            cooldown_days,
        }
    }

    /// The rules that fire, week by week.
    fn weeks(owner: &str, fired: &[&[&str]]) -> Vec<Week> {
        let week = |(at, fired): (usize, &&[&str])| Week {
            day: shift(date(2026, 1, 1), i32::try_from(at).unwrap() * EVERY_DAYS),
            owner: Some(owner.to_owned()),
            fired: fired.iter().map(|rule| (*rule).to_owned()).collect(),
        };
        fired.iter().enumerate().map(week).collect()
    }

    #[test]
    fn alerts_open_once_and_again_only_after_their_cooldown() {
        let mut counter = Counter::of(vec![note("R1", false, 14), note("R2", true, 0)]);
        let (one, two) = (AccountId::derived(&["1"]), AccountId::derived(&["2"]));
        // R1 is open on the first day, is quiet for three weeks and opens; a week's pause within the cooldown is none.
        let fired: [&[&str]; 7] = [&["R1"], &[], &[], &["R1"], &["R1"], &[], &["R1"]];
        counter.add(one, &weeks("ann", &fired));
        counter.add(two, &weeks("bob", &[&[], &["R1", "R2"], &[], &["R2"]]));
        let replay = counter.replay();
        let rules: Vec<(&str, u64, u64)> = replay
            .rules
            .iter()
            .map(|r| (r.rule.as_str(), r.alerts, r.accounts))
            .collect();
        assert_eq!(rules, [("R1", 2, 2), ("R2", 2, 1)]);
        let owners: Vec<(Option<&str>, u64)> = replay
            .owners
            .iter()
            .map(|o| (o.owner.as_deref(), o.alerts))
            .collect();
        assert_eq!(
            owners,
            [(Some("ann"), 1), (Some("bob"), 1)],
            "muted rules reach nobody"
        );
        assert!((replay.rules[0].per_week - 0.15).abs() < 1e-9);
    }
}
