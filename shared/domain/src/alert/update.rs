//! What scorings do to alerts that are live.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Alert, AlertAccount, AlertStatus, Clause, PriorityWhy, Renotify, Severity};
use crate::ids::AlertId;
use crate::time::Timestamp;

/// What a scoring changes about a live alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertUpdate {
    /// The alert.
    pub id: AlertId,
    /// Its rule.
    pub rule: String,
    /// Its status, which changes only from snoozed to open.
    pub status: AlertStatus,
    /// What happened, in one line.
    pub title: String,
    /// The account as it is now.
    pub account: AlertAccount,
    /// Severity now.
    pub severity: Severity,
    /// Severity of the rule itself.
    pub base_severity: Severity,
    /// What raised it.
    pub severity_why: Vec<String>,
    /// Priority now.
    pub priority: f64,
    /// What it is made of.
    pub priority_why: PriorityWhy,
    /// When it was seen.
    pub last_seen_at: Timestamp,
    /// How often.
    pub seen_count: u32,
    /// The clauses now.
    pub clauses: Vec<Clause>,
    /// The features now.
    pub evidence: BTreeMap<String, Option<f64>>,
    /// Whether to tell of it again, and why.
    pub renotify: Option<Renotify>,
}

/// A priority as lists order by it: to a thousandth.
fn rank(priority: f64) -> i64 {
    (priority * 1_000.0) as i64
}

impl AlertUpdate {
    /// Whether anything changes that a reader of the alert sees, or it is to be told again. Numbers that move
    /// without changing what is said of them do not count, or whoever works on the alert would find it changed under
    /// their hands at every scoring.
    pub fn matters(&self, alert: &Alert) -> bool {
        let said = |clauses: &[Clause]| -> Vec<(bool, String)> {
            clauses.iter().map(|c| (c.holds, c.text.clone())).collect()
        };
        let about = |account: &AlertAccount| AlertAccount {
            score: None,
            ..account.clone()
        };
        let woke = alert.status == AlertStatus::Snoozed && self.status == AlertStatus::Open;
        self.renotify.is_some()
            || woke
            || self.severity != alert.severity
            || self.base_severity != alert.base_severity
            || self.severity_why != alert.severity_why
            || rank(self.priority) != rank(alert.priority)
            || self.title != alert.title
            || about(&self.account) != about(&alert.account)
            || said(&self.clauses) != said(&alert.clauses)
    }

    /// Applies the change to the stored alert; everything that humans did to it stays.
    pub fn apply(&self, alert: &mut Alert) {
        if alert.status == AlertStatus::Snoozed && self.status == AlertStatus::Open {
            alert.status = AlertStatus::Open;
            alert.snoozed_until = None;
        }
        alert.title.clone_from(&self.title);
        alert.account.clone_from(&self.account);
        alert.severity = self.severity;
        alert.base_severity = self.base_severity;
        alert.severity_why.clone_from(&self.severity_why);
        alert.priority = self.priority;
        alert.priority_why.clone_from(&self.priority_why);
        alert.last_seen_at = self.last_seen_at;
        alert.seen_count = self.seen_count;
        alert.clauses.clone_from(&self.clauses);
        alert.evidence.clone_from(&self.evidence);
    }
}

/// An alert that closed by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertResolution {
    /// The alert.
    pub id: AlertId,
    /// Its rule.
    pub rule: String,
    /// When.
    pub at: Timestamp,
    /// Why: `recovered`, or `withdrawn` for an opportunity whose account fell under the gate.
    pub reason: String,
}

impl AlertResolution {
    /// Applies it to the stored alert, if that is still live.
    pub fn apply(&self, alert: &mut Alert) {
        if alert.status.is_live() {
            alert.status = AlertStatus::Resolved;
            alert.resolved_at = Some(self.at);
            alert.resolve_reason = Some(self.reason.clone());
            alert.snoozed_until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::AlertType;
    use crate::health::{Band, Points};
    use crate::ids::AccountId;

    fn clause(hours: f64) -> Clause {
        Clause {
            expression: "f.x > 1".into(),
            text: format!("open for {hours:.0} hours"),
            value: Some(hours),
            threshold: Some(1.0),
            holds: true,
        }
    }

    fn alert() -> Alert {
        let at = Timestamp::UNIX_EPOCH;
        Alert {
            id: AlertId::derived(&["a"]),
            alert_type: AlertType::Risk,
            rule: "R12".into(),
            rule_name: "Urgent ticket".into(),
            title: "Urgent ticket".into(),
            account: AlertAccount {
                id: AccountId::derived(&["a"]),
                name: Some("Acme".into()),
                owner: None,
                arr: None,
                renewal_date: None,
                band: Band::Watch,
                score: Some(Points::from_milli(60_000)),
            },
            subject: "account".into(),
            episode: 1,
            severity: Severity::High,
            base_severity: Severity::High,
            severity_why: Vec::new(),
            priority: 3.0,
            priority_why: PriorityWhy {
                severity: 3,
                arr_percentile: None,
                days_to_renewal: None,
            },
            status: AlertStatus::Open,
            assignee: None,
            opened_at: at,
            last_seen_at: at,
            seen_count: 1,
            snoozed_until: None,
            acknowledged_at: None,
            acknowledged_by: None,
            resolved_at: None,
            resolve_reason: None,
            dismiss_reason: None,
            clauses: vec![clause(30.0)],
            evidence: BTreeMap::new(),
            suggested_actions: Vec::new(),
            feedback: Vec::new(),
        }
    }

    fn seen_again(of: &Alert) -> AlertUpdate {
        AlertUpdate {
            id: of.id,
            rule: of.rule.clone(),
            status: of.status,
            title: of.title.clone(),
            account: of.account.clone(),
            severity: of.severity,
            base_severity: of.base_severity,
            severity_why: of.severity_why.clone(),
            priority: of.priority,
            priority_why: of.priority_why.clone(),
            last_seen_at: Timestamp::from_second(3_600).unwrap(),
            seen_count: 2,
            clauses: of.clauses.clone(),
            evidence: of.evidence.clone(),
            renotify: None,
        }
    }

    #[test]
    fn numbers_that_move_without_changing_what_is_said_do_not_matter() {
        let alert = alert();
        let mut update = seen_again(&alert);
        update.clauses = vec![clause(30.2)];
        update.evidence.insert("urgent_open_hours".into(), Some(30.2));
        update.account.score = Some(Points::from_milli(59_900));
        assert!(!update.matters(&alert));
    }

    #[test]
    fn what_a_reader_sees_or_is_told_again_matters() {
        let alert = alert();
        let changes: [fn(&mut AlertUpdate); 6] = [
            |u| u.clauses = vec![clause(31.0)],
            |u| u.severity = Severity::Critical,
            |u| u.title = "2 urgent tickets".into(),
            |u| u.priority = 3.1,
            |u| u.renotify = Some(Renotify::Unacknowledged),
            |u| u.account.owner = Some("ada@example.com".into()),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut update = seen_again(&alert);
            change(&mut update);
            assert!(update.matters(&alert), "change {at}");
        }
    }
}
