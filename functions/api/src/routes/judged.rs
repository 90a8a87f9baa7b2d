//! What people made of a rule's alerts: ratings, dismissals, and how soon somebody did something.
//!
//! All of it moves the rule's own precision and nothing else. It is never a label of a model: whether an account left
//! is told by its outcomes alone.

use std::collections::HashMap;

use copilot_aws::table::{Condition, Query};
use copilot_aws::{Item, keys};
use copilot_domain::alert::{Alert, AlertStatus, DismissReason};
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Caller;
use crate::dto::alert::{Precision, RuleProposal};
use crate::problem::Answer;
use crate::{App, beta};

/// Ends of the steps that times to action are counted in, in hours; the last holds all that took longer.
const STEPS_HOURS: [f64; 12] = [
    1.0, 2.0, 4.0, 8.0, 24.0, 48.0, 96.0, 168.0, 336.0, 720.0, 1_080.0, 1_440.0,
];
/// Judgements from which on a rule may be proposed for mute.
const LEAST_JUDGED: u64 = 20;
/// The precision under which it is.
const MUTE_UNDER: f64 = 0.3;
/// Tries while others count at the same rule.
const TRIES: usize = 5;

/// What people made of a rule's alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Judged {
    /// Accuracy rated 4 or 5.
    useful: u64,
    /// Accuracy rated 1 or 2.
    wrong: u64,
    /// Dismissed as known or handled already: the alert was true.
    dismissed_true: u64,
    /// Dismissed as wrong data.
    pub(super) dismissed_wrong: u64,
    /// Somebody did something.
    pub(super) acted: u64,
    /// Times to action, by step.
    waits: [u64; STEPS_HOURS.len()],
}

impl Judged {
    /// 4 and 5 say right, 1 and 2 wrong, 3 neither.
    fn side(&mut self, rating: u8) -> Option<&mut u64> {
        match rating {
            4.. => Some(&mut self.useful),
            ..=2 => Some(&mut self.wrong),
            _ => None,
        }
    }

    fn rated(&mut self, before: Option<u8>, rating: u8) {
        if let Some(count) = before.and_then(|b| self.side(b)) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = self.side(rating) {
            *count += 1;
        }
    }

    fn dismissal(&mut self, reason: Option<DismissReason>) -> Option<&mut u64> {
        match reason? {
            DismissReason::WrongData => Some(&mut self.dismissed_wrong),
            DismissReason::Known | DismissReason::AlreadyHandled => Some(&mut self.dismissed_true),
            DismissReason::NotActionable => None,
        }
    }

    /// Counts a change of an alert by a person. An alert that is opened again takes its dismissal back.
    fn changed(&mut self, before: &Alert, after: &Alert, now: Timestamp) {
        if before.status == after.status {
            return;
        }
        if before.status == AlertStatus::Dismissed
            && let Some(count) = self.dismissal(before.dismiss_reason)
        {
            *count = count.saturating_sub(1);
        }
        if after.status == AlertStatus::Dismissed
            && let Some(count) = self.dismissal(after.dismiss_reason)
        {
            *count += 1;
        }
        let refused = after.status == AlertStatus::Dismissed
            && after.dismiss_reason != Some(DismissReason::AlreadyHandled);
        if before.status == AlertStatus::Open && !refused {
            self.acted += 1;
            let hours = (now.as_second() - before.opened_at.as_second()) as f64 / 3_600.0;
            let step = STEPS_HOURS.iter().position(|end| hours <= *end);
            self.waits[step.unwrap_or(STEPS_HOURS.len() - 1)] += 1;
        }
    }

    /// The end of the step that the median time to action lies in.
    pub(super) fn median_hours(&self) -> Option<f64> {
        let all: u64 = self.waits.iter().sum();
        let mut seen = 0;
        for (count, end) in self.waits.iter().zip(STEPS_HOURS) {
            seen += count;
            if all > 0 && seen * 2 >= all {
                return Some(end);
            }
        }
        None
    }

    /// Mean and 80 % interval of Beta(2 + useful, 2 + wrong): a few ratings do not make a rule all right or all wrong.
    pub(super) fn precision(&self) -> Precision {
        let (useful, wrong) = (
            self.useful + self.dismissed_true,
            self.wrong + self.dismissed_wrong,
        );
        let (right, not) = (useful as f64 + 2.0, wrong as f64 + 2.0);
        let round = |share: f64| (share * 1_000.0).round() / 1_000.0;
        Precision {
            mean: round(right / (right + not)),
            low: round(beta::quantile(right, not, 0.1)),
            high: round(beta::quantile(right, not, 0.9)),
            useful,
            wrong,
        }
    }

    /// What is proposed for the rule (`domain.md` 5.8). It is for a person to do.
    pub(super) fn proposal(&self) -> Option<RuleProposal> {
        let precision = self.precision();
        let judged = precision.useful + precision.wrong;
        (judged >= LEAST_JUDGED && precision.mean < MUTE_UNDER).then_some(RuleProposal::Mute)
    }
}

/// Counts a rating of accuracy in place of the one that the same person gave before.
pub(super) async fn judge(
    app: &App,
    caller: &Caller,
    rule: &str,
    before: Option<u8>,
    rating: u8,
) -> Answer<()> {
    count(app, caller, rule, |judged| judged.rated(before, rating)).await
}

/// Counts what a person did to an alert.
pub(super) async fn noted(
    app: &App,
    caller: &Caller,
    before: &Alert,
    after: &Alert,
    now: Timestamp,
) -> Answer<()> {
    count(app, caller, &after.rule, |judged| {
        judged.changed(before, after, now);
    })
    .await
}

async fn count(app: &App, caller: &Caller, rule: &str, change: impl Fn(&mut Judged)) -> Answer<()> {
    let key = keys::judged(&caller.tenant, rule);
    for _ in 0..TRIES {
        let stored = app.ctx.table.get(&key).await?;
        let before: Judged = stored
            .as_ref()
            .map(Item::document)
            .transpose()?
            .unwrap_or_default();
        let mut judged = before.clone();
        change(&mut judged);
        if judged == before {
            return Ok(());
        }
        let rev = stored.as_ref().map_or(0, Item::rev) + 1;
        let item = Item::new(&key, "judged").number("rev", rev).data(&judged);
        let unchanged = Condition::unchanged(stored.as_ref());
        match app.ctx.table.put(item, unchanged).await {
            Err(error) if error.is_conflict() => {}
            done => return Ok(done?),
        }
    }
    // A lost count is a slightly wider interval, not a reason to refuse what was done.
    tracing::warn!(rule, "a judgement was kept but not counted");
    Ok(())
}

/// What people made of each rule's alerts.
pub(super) async fn all(app: &App, caller: &Caller) -> Answer<HashMap<String, Judged>> {
    let read = Query {
        pk: keys::tenant(&caller.tenant).pk,
        prefix: Some(keys::JUDGED_FIRST.to_owned()),
        ..Query::default()
    };
    let mut judged = HashMap::new();
    for item in app.ctx.table.all(read).await? {
        let rule = item.str("sk").trim_start_matches(keys::JUDGED_FIRST).to_owned();
        judged.insert(rule, item.document()?);
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn alert(status: AlertStatus, reason: Option<DismissReason>) -> Alert {
        let json = json!({
            "id": copilot_domain::ids::AlertId::derived(&["a"]), "type": "risk", "rule": "R01", "rule_name": "",
            "title": "", "subject": "account", "episode": 1, "severity": "high", "base_severity": "high",
            "account": {"id": copilot_domain::AccountId::derived(&["a"]), "name": null, "owner": null, "arr": null,
                "renewal_date": null, "band": "healthy", "score": null},
            "severity_why": [], "priority": 1.0, "status": status, "assignee": null, "opened_at": Timestamp::UNIX_EPOCH,
            "priority_why": {"severity": 3, "arr_percentile": null, "days_to_renewal": null},
            "last_seen_at": Timestamp::UNIX_EPOCH, "seen_count": 1, "snoozed_until": null, "acknowledged_at": null,
            "acknowledged_by": null, "resolved_at": null, "resolve_reason": null, "dismiss_reason": reason,
            "clauses": [], "evidence": {}, "suggested_actions": []
        });
        serde_json::from_value(json).unwrap()
    }

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3_600).unwrap()
    }

    #[test]
    fn a_rule_nobody_judged_is_half_sure_and_judgements_narrow_it() {
        let none = Judged::default().precision();
        assert_eq!((none.mean, none.low, none.high), (0.5, 0.196, 0.804));
        let many = Judged {
            useful: 60,
            dismissed_true: 30,
            wrong: 4,
            dismissed_wrong: 6,
            ..Judged::default()
        };
        let many = many.precision();
        assert!(
            (many.mean - 0.885).abs() < 1e-9
                && many.low > 0.83
                && many.low < 0.86
                && many.high > 0.91
                && many.high < 0.94
        );
    }

    #[test]
    fn a_rule_is_proposed_for_mute_under_thirty_percent_and_not_before_twenty_judgements() {
        let judged = |useful, wrong| Judged {
            useful,
            wrong,
            ..Judged::default()
        };
        assert_eq!(judged(0, 19).proposal(), None, "nineteen are too few");
        assert_eq!(judged(0, 20).proposal(), Some(RuleProposal::Mute));
        assert_eq!(judged(5, 15).proposal(), Some(RuleProposal::Mute), "7 of 24");
        assert_eq!(judged(6, 14).proposal(), None, "8 of 24");
    }

    #[test]
    fn a_dismissal_counts_for_the_rule_and_opening_the_alert_again_takes_it_back() {
        let (open, wrong) = (
            alert(AlertStatus::Open, None),
            alert(AlertStatus::Dismissed, Some(DismissReason::WrongData)),
        );
        let mut judged = Judged::default();
        judged.changed(&open, &wrong, hours(3));
        assert_eq!((judged.dismissed_wrong, judged.acted), (1, 0), "no action of use");
        judged.changed(&wrong, &open, hours(4));
        assert_eq!(judged, Judged::default());
        judged.changed(
            &open,
            &alert(AlertStatus::Dismissed, Some(DismissReason::AlreadyHandled)),
            hours(3),
        );
        assert_eq!((judged.dismissed_true, judged.acted), (1, 1));
    }

    #[test]
    fn the_median_time_to_action_is_the_step_that_half_of_them_took_at_most() {
        let mut judged = Judged::default();
        assert_eq!(judged.median_hours(), None);
        let open = alert(AlertStatus::Open, None);
        for after in [1, 3, 30] {
            judged.changed(&open, &alert(AlertStatus::Acknowledged, None), hours(after));
        }
        assert_eq!((judged.acted, judged.median_hours()), (3, Some(4.0)));
        let taken = alert(AlertStatus::Acknowledged, None);
        judged.changed(&taken, &alert(AlertStatus::Resolved, None), hours(90));
        assert_eq!(judged.acted, 3, "the first thing that was done counts");
    }

    #[test]
    fn a_rating_takes_the_place_of_the_one_before() {
        let mut judged = Judged::default();
        judged.rated(None, 5);
        judged.rated(Some(5), 2);
        judged.rated(None, 3);
        assert_eq!((judged.useful, judged.wrong), (0, 1));
    }
}
