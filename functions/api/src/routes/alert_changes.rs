//! What people do to alerts: take, snooze, dismiss, close, hand on, rate.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use copilot_aws::AwsError;
use copilot_aws::alerts as store;
use copilot_domain::alert::{Alert, AlertStatus, DismissReason, Feedback, FeedbackKind};
use copilot_domain::limits::{MAX_NAME, MAX_TEXT};
use copilot_domain::notify::address;
use copilot_scoring::actions::{self, ActionError, AlertAction};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alerts::{stored, tagged, told, view};
use super::judged::{judge, noted};
use crate::access::Caller;
use crate::dto::alert::{AlertPatch, AlertView, NewFeedback};
use crate::dto::words::Role;
use crate::playbooks::Off;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, card, etag, text};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(update_alert))
        .routes(routes!(rate_alert))
}

/// Acknowledge, snooze, dismiss, resolve, open again or assign an alert
#[utoipa::path(patch, path = "/v1/alerts/{id}", tag = "alerts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Alert id, `alr_…`")),
    request_body = AlertPatch,
    responses((status = 200, description = "The alert as it is now", body = AlertView)))]
async fn update_alert(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body::Json(patch): body::Json<AlertPatch>,
) -> Answer<impl IntoResponse> {
    let old = stored(&app, &caller, &id).await?;
    etag::must_match(&headers, &etag::of(old.rev))?;
    let action = action(&patch)?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let now = tenant.now(app.ctx.clock.now());
    let mut new = old.alert.clone();
    if let Some(assignee) = &patch.assignee {
        assign(&caller, &mut new, assignee)?;
    }
    let state = match &action {
        Some(_) => {
            store::rule_state(
                &app.ctx.table,
                &caller.tenant,
                new.account.id,
                &new.rule,
                &new.subject,
            )
            .await?
        }
        None => None,
    };
    let mut state = state;
    if let Some(action) = &action {
        let rule = state.as_mut().map(|(state, _)| state);
        actions::apply(action, &mut new, rule, caller.author(), now).map_err(|error| refused(&error))?;
    }
    let entry = audit::item(
        &app,
        &caller,
        "alert.update",
        &id,
        &summary(&old.alert),
        &summary(&new),
    );
    let rule = state.as_ref().map(|(state, rev)| (state, *rev));
    let event = action
        .as_ref()
        .and_then(|_| copilot_pipeline::by_hand(&caller.tenant, now, &new, old.rev + 1));
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    match store::change(table, tenant, &old, &new, rule, Some(entry), event.as_ref()).await {
        Ok(()) => {}
        Err(AwsError::Conflict { .. }) => {
            return Err(Problem::new(Kind::CHANGED, "read it again and repeat the change"));
        }
        Err(error) => return Err(error.into()),
    }
    if action.is_some() {
        noted(&app, &caller, &old.alert, &new, now).await?;
        card::renew(&app, &caller, new.account.id).await;
    }
    // Who was told is news beside the change, which is done.
    let notes = told(&app, &caller, new.id).await.unwrap_or_default();
    let off = Off::of(&app, &caller.tenant).await.unwrap_or_default();
    Ok(tagged(view(new, old.rev + 1, notes, &off)))
}

/// What a patch asks for.
fn action(patch: &AlertPatch) -> Answer<Option<AlertAction>> {
    let reason = patch.reason.as_deref().map(str::trim).filter(|r| !r.is_empty());
    let reason = reason.map(|r| text::line("reason", r, MAX_NAME)).transpose()?;
    let reason = reason.as_deref();
    let Some(status) = patch.status else {
        if patch.assignee.is_none() {
            return Err(Problem::field(
                "status",
                "required",
                "send `status`, `assignee` or both",
            ));
        }
        return Ok(None);
    };
    Ok(Some(match status {
        AlertStatus::Open => AlertAction::Reopen,
        AlertStatus::Acknowledged => AlertAction::Acknowledge,
        AlertStatus::Snoozed => AlertAction::Snooze {
            until: patch
                .snoozed_until
                .ok_or_else(|| Problem::field("snoozed_until", "required", "is required to snooze"))?,
        },
        AlertStatus::Resolved => AlertAction::Resolve {
            reason: reason.map(str::to_owned),
        },
        AlertStatus::Dismissed => {
            let expected = "wrong_data, known, not_actionable or already_handled";
            let word =
                reason.ok_or_else(|| Problem::field("reason", "required", format!("one of {expected}")))?;
            let reason: DismissReason = serde_json::from_value(serde_json::Value::from(word))
                .map_err(|_| Problem::field("reason", "unknown", format!("expected {expected}")))?;
            AlertAction::Dismiss { reason }
        }
    }))
}

/// Hands an alert to somebody. A CSM hands on his own and those of nobody; a lead hands on everybody's.
fn assign(caller: &Caller, alert: &mut Alert, assignee: &str) -> Answer<()> {
    let assignee = address(assignee).ok_or_else(|| {
        let expected = "expected an e-mail address such as jo@example.com";
        Problem::field("assignee", "malformed", expected)
    })?;
    let holder = alert.assignee.as_ref().or(alert.account.owner.as_ref());
    let is_own =
        holder.is_none_or(|h| Some(h) == caller.email.as_ref()) || caller.email.as_ref() == Some(&assignee);
    if caller.role == Role::Csm && !is_own {
        return Err(Problem::new(
            Kind::FORBIDDEN,
            "only a lead hands on an alert of somebody else",
        ));
    }
    alert.assignee = Some(assignee);
    Ok(())
}

fn refused(error: &ActionError) -> Problem {
    match error {
        ActionError::SnoozeEnd => Problem::field("snoozed_until", "out_of_range", error.to_string()),
        ActionError::Closed(_) | ActionError::Superseded => Problem::new(Kind::CONFLICT, error.to_string()),
    }
}

/// What of an alert a human can change; for the audit trail.
fn summary(alert: &Alert) -> serde_json::Value {
    serde_json::json!({
        "status": alert.status, "assignee": alert.assignee, "snoozed_until": alert.snoozed_until,
        "dismiss_reason": alert.dismiss_reason, "resolve_reason": alert.resolve_reason,
    })
}

/// Rate an alert
#[utoipa::path(post, path = "/v1/alerts/{id}/feedback", tag = "alerts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Alert id, `alr_…`")),
    request_body = NewFeedback,
    responses((status = 201, description = "The rating", body = Feedback)))]
async fn rate_alert(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    body::Json(input): body::Json<NewFeedback>,
) -> Answer<(StatusCode, Json<Feedback>)> {
    if !(1..=5).contains(&input.rating) {
        return Err(Problem::field("rating", "out_of_range", "1 (bad) to 5 (good)"));
    }
    let comment = input
        .comment
        .filter(|c| !c.trim().is_empty())
        .map(|c| text::long("comment", &c, MAX_TEXT))
        .transpose()?;
    let found = stored(&app, &caller, &id).await?;
    let user = caller.author().to_owned();
    let before = found
        .alert
        .feedback
        .iter()
        .find(|f| f.user == user && f.kind == input.kind);
    let feedback = Feedback {
        kind: input.kind,
        rating: input.rating,
        comment,
        user: user.clone(),
        at: app.ctx.clock.now(),
    };
    store::rate(&app.ctx.table, &caller.tenant, found.alert.id, &feedback).await?;
    if feedback.kind == FeedbackKind::Accuracy {
        judge(
            &app,
            &caller,
            &found.alert.rule,
            before.map(|f| f.rating),
            feedback.rating,
        )
        .await?;
    }
    let before = before.map(|f| f.rating);
    audit::done(&app, &caller, "alert.rate", &id, &before, &feedback.rating).await;
    Ok((StatusCode::CREATED, Json(feedback)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dismissal_needs_one_of_four_reasons_and_a_snooze_its_end() {
        let patch = |status, reason: Option<&str>| AlertPatch {
            status: Some(status),
            reason: reason.map(str::to_owned),
            ..AlertPatch::default()
        };
        assert_eq!(
            action(&patch(AlertStatus::Dismissed, None)).unwrap_err().errors[0].field,
            "reason"
        );
        assert_eq!(
            action(&patch(AlertStatus::Dismissed, Some("bored")))
                .unwrap_err()
                .errors[0]
                .code,
            "unknown"
        );
        assert!(action(&patch(AlertStatus::Dismissed, Some("known"))).is_ok());
        assert_eq!(
            action(&patch(AlertStatus::Snoozed, None)).unwrap_err().errors[0].field,
            "snoozed_until"
        );
        assert_eq!(
            action(&AlertPatch::default()).unwrap_err().errors[0].field,
            "status"
        );
    }
}
