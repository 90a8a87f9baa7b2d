//! What humans do to alerts. The alert and its rule state change together and are stored together, so that the
//! next scoring knows of it.

use copilot_domain::alert::{Alert, AlertStatus, DismissReason, RuleState};
use copilot_domain::time::Timestamp;

use crate::episode::ahead;

/// Days that a dismissal suppresses its key.
pub const DISMISS_DAYS: u32 = 30;
/// Days that "wrong data" suppresses its key at least; after them, until what the rule saw changes.
pub const WRONG_DATA_DAYS: u32 = 7;

/// What a human does to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertAction {
    /// Takes it.
    Acknowledge,
    /// Puts it away until an instant.
    Snooze {
        /// Until then.
        until: Timestamp,
    },
    /// Refuses it.
    Dismiss {
        /// Why.
        reason: DismissReason,
    },
    /// Closes it as done.
    Resolve {
        /// In their words.
        reason: Option<String>,
    },
    /// Opens it again.
    Reopen,
}

/// Why an action was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// The alert is closed.
    #[error("the alert is {status}: open it again first", status = .0.as_str())]
    Closed(AlertStatus),
    /// A snooze that ends in the past, or in more than 365 days.
    #[error("a snooze must end in the future, within 365 days")]
    SnoozeEnd,
    /// The key opened a newer alert since.
    #[error("a newer alert stands for the same rule and subject")]
    Superseded,
}

/// Applies an action to an alert and, where it still stands for its key, to its rule state.
///
/// # Errors
/// [`ActionError`] when the alert's state does not allow it.
pub fn apply(
    action: &AlertAction,
    alert: &mut Alert,
    state: Option<&mut RuleState>,
    user: &str,
    now: Timestamp,
) -> Result<(), ActionError> {
    let state = state.filter(|s| s.alert == Some(alert.id));
    if !alert.status.is_live() && *action != AlertAction::Reopen {
        return Err(ActionError::Closed(alert.status));
    }
    match action {
        AlertAction::Acknowledge => {
            alert.status = AlertStatus::Acknowledged;
            alert.acknowledged_at = Some(now);
            alert.acknowledged_by = Some(user.to_owned());
            alert.snoozed_until = None;
        }
        AlertAction::Snooze { until } => {
            if *until <= now || *until > ahead(now, 365) {
                return Err(ActionError::SnoozeEnd);
            }
            alert.status = AlertStatus::Snoozed;
            alert.snoozed_until = Some(*until);
        }
        AlertAction::Dismiss { reason } => {
            alert.status = AlertStatus::Dismissed;
            alert.dismiss_reason = Some(*reason);
            alert.resolved_at = Some(now);
            alert.snoozed_until = None;
        }
        AlertAction::Resolve { reason } => {
            alert.status = AlertStatus::Resolved;
            alert.resolve_reason = Some(reason.clone().unwrap_or_else(|| "closed by a person".to_owned()));
            alert.resolved_at = Some(now);
            alert.snoozed_until = None;
        }
        AlertAction::Reopen => {
            if !alert.status.is_live() && state.is_none() {
                return Err(ActionError::Superseded);
            }
            alert.status = AlertStatus::Open;
            alert.snoozed_until = None;
            alert.resolved_at = None;
            alert.resolve_reason = None;
            alert.dismiss_reason = None;
            alert.acknowledged_at = None;
            alert.acknowledged_by = None;
        }
    }
    if let Some(state) = state {
        mirror(action, alert, state, now);
    }
    Ok(())
}

fn mirror(action: &AlertAction, alert: &Alert, state: &mut RuleState, now: Timestamp) {
    state.status = Some(alert.status);
    state.snoozed_until = alert.snoozed_until;
    match action {
        AlertAction::Dismiss {
            reason: DismissReason::WrongData,
        } => {
            state.closed_at = Some(now);
            state.suppressed_until = Some(ahead(now, WRONG_DATA_DAYS));
            state.suppressed_evidence = Some(state.evidence.clone());
        }
        AlertAction::Dismiss { .. } => {
            state.closed_at = Some(now);
            state.suppressed_until = Some(ahead(now, DISMISS_DAYS));
        }
        AlertAction::Resolve { .. } => {
            state.closed_at = Some(now);
            state.shut = state.firing;
        }
        AlertAction::Reopen => {
            state.closed_at = None;
            state.suppressed_until = None;
            state.suppressed_evidence = None;
            state.shut = false;
            state.clear_count = 0;
        }
        AlertAction::Acknowledge | AlertAction::Snooze { .. } => {}
    }
}
