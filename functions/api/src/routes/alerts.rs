//! Alerts: the inbox, their life cycle, ratings.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use copilot_aws::alerts::{self as store, ListBy, StoredAlert};
use copilot_aws::notifications::{self, Notification, Status};
use copilot_aws::{AwsError, Item};
use copilot_domain::alert::{Alert, AlertStatus, DismissReason, Feedback, FeedbackKind};
use copilot_domain::ids::{AccountId, AlertId};
use copilot_domain::limits::{MAX_NAME, MAX_TEXT};
use copilot_scoring::actions::{self, ActionError, AlertAction};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::own_name;
use super::rules::judge;
use crate::access::Caller;
use crate::cursor::Fingerprint;
use crate::dto::alert::{AlertNotification, AlertPatch, AlertView, NewFeedback, NotificationStatus};
use crate::dto::page::Page;
use crate::dto::words::Role;
use crate::filter::Params;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, etag, paging};

/// Alerts that a list sorted by age looks at.
const MAX_SORTED: usize = 2_000;
const ALL: [AlertStatus; 5] = [
    AlertStatus::Open,
    AlertStatus::Acknowledged,
    AlertStatus::Snoozed,
    AlertStatus::Resolved,
    AlertStatus::Dismissed,
];

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_alerts))
        .routes(routes!(get_alert, update_alert))
        .routes(routes!(rate_alert))
}

/// An alert as the API shows it.
pub(super) fn view(alert: Alert, rev: i64, notifications: Vec<AlertNotification>) -> AlertView {
    AlertView {
        alert,
        notifications,
        etag: etag::of(rev),
    }
}

/// What a list of alerts is asked for.
struct Wanted {
    statuses: Vec<AlertStatus>,
    severities: Option<Vec<String>>,
    assignee: Option<String>,
    rule: Option<String>,
    account: Option<String>,
}

impl Wanted {
    fn keeps(&self, item: &Item) -> bool {
        let is = |name: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|w| item.str(name) == w);
        self.statuses.iter().any(|s| s.as_str() == item.str("f_status"))
            && self
                .severities
                .as_ref()
                .is_none_or(|list| list.iter().any(|s| s == item.str("f_severity")))
            && is("f_assignee", &self.assignee)
            && is("f_rule", &self.rule)
            && is("f_account", &self.account)
    }

    /// The lists that hold everything that is wanted, in the order in which they are read.
    fn lists(&self) -> Answer<Vec<ListBy>> {
        if let Some(account) = &self.account {
            let account: AccountId = account.parse().map_err(|_| {
                Problem::field(
                    "filter[account][eq]",
                    "malformed",
                    "expected an account id, `acc_…`",
                )
            })?;
            return Ok(vec![ListBy::Account(account)]);
        }
        if let Some(assignee) = self
            .assignee
            .as_ref()
            .filter(|_| self.statuses.iter().all(|s| s.is_live()))
        {
            return Ok(vec![ListBy::Assignee(assignee.clone())]);
        }
        Ok(self
            .statuses
            .iter()
            .map(|status| ListBy::Status(*status))
            .collect())
    }
}

/// Alerts, most urgent first
#[utoipa::path(get, path = "/v1/alerts", tag = "alerts", security(("bearer" = ["read"])),
    params(("filter[status][eq]" = Option<String>, Query, description = "open (default), acknowledged, snoozed, resolved, dismissed or all"), ("filter[severity][in]" = Option<String>, Query, description = "low, medium, high, critical, comma-separated"), ("filter[assignee][eq]" = Option<String>, Query, description = "An e-mail, or `me`"), ("filter[rule][eq]" = Option<String>, Query, description = "A rule, e.g. R01"), ("filter[account][eq]" = Option<String>, Query, description = "An account id"), ("sort" = Option<String>, Query, description = "`-priority` (default) or `-opened_at`"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of alerts", body = Page<AlertView>)))]
async fn list_alerts(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<AlertView>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let fingerprint = Fingerprint::of(&caller.tenant, "list_alerts", params.all());
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let words: Vec<&str> = ALL.iter().map(|s| s.as_str()).chain(["all"]).collect();
    let status = params.filter_word("status", "eq", &words)?;
    let wanted = Wanted {
        statuses: match status.as_deref() {
            None => vec![AlertStatus::Open],
            Some("all") => ALL.to_vec(),
            Some(word) => ALL.into_iter().filter(|s| s.as_str() == word).collect(),
        },
        severities: params.filter_words("severity", &["low", "medium", "high", "critical"])?,
        assignee: params
            .filter("assignee", "eq")
            .map(|a| own_name(&caller, a))
            .transpose()?,
        rule: params.filter("rule", "eq"),
        account: params.filter("account", "eq"),
    };
    let (sort, _) = params.sort(&["priority", "opened_at"], ("priority", true))?;
    params.finish()?;
    let lists = wanted.lists()?;
    // One account's alerts come by age; every other list comes by priority.
    let is_by_age = matches!(lists.first(), Some(ListBy::Account(_)));
    if (sort == "opened_at") != is_by_age {
        return sorted(
            &app,
            &caller,
            &wanted,
            &lists,
            sort,
            &fingerprint,
            cursor.as_deref(),
            limit,
        )
        .await;
    }
    let (first, mut after) = match cursor {
        Some(cursor) => fingerprint.open::<(usize, Option<String>)>(&cursor)?,
        None => (0, None),
    };
    let mut data = Vec::new();
    for (number, by) in lists.iter().enumerate().skip(first) {
        let read = store::list(&caller.tenant, by);
        let keep = |item: &Item| wanted.keeps(item);
        let (items, place) =
            paging::scan(&app.ctx.table, read, after.take(), limit - data.len(), keep).await?;
        for item in &items {
            data.push(view(item.document()?, item.rev(), Vec::new()));
        }
        if let Some(place) = place {
            return Ok(Json(Page {
                data,
                next: fingerprint.seal((number, Some(place))),
            }));
        }
        if data.len() >= limit && number + 1 < lists.len() {
            return Ok(Json(Page {
                data,
                next: fingerprint.seal((number + 1, None::<String>)),
            }));
        }
    }
    Ok(Json(Page { data, next: None }))
}

/// A list in an order that no index has: read, sorted here, and cut.
#[expect(clippy::too_many_arguments, reason = "the parts of one question")]
async fn sorted(
    app: &App,
    caller: &Caller,
    wanted: &Wanted,
    lists: &[ListBy],
    sort: &str,
    fingerprint: &Fingerprint,
    cursor: Option<&str>,
    limit: usize,
) -> Answer<Json<Page<AlertView>>> {
    let mut found: Vec<((i64, AlertId), Alert, i64)> = Vec::new();
    for by in lists {
        let read = store::list(&caller.tenant, by);
        let (items, _) =
            paging::scan(&app.ctx.table, read, None, MAX_SORTED, |item| wanted.keeps(item)).await?;
        for item in &items {
            let alert: Alert = item.document()?;
            let rank = if sort == "opened_at" {
                -alert.opened_at.as_microsecond()
            } else {
                -((alert.priority * 1_000.0) as i64)
            };
            found.push(((rank, alert.id), alert, item.rev()));
        }
    }
    found.sort_by_key(|(place, ..)| *place);
    if let Some(cursor) = cursor {
        let after: (i64, AlertId) = fingerprint.open(cursor)?;
        found.retain(|(place, ..)| *place > after);
    }
    let next = if found.len() > limit {
        fingerprint.seal(found[limit - 1].0)
    } else {
        None
    };
    found.truncate(limit);
    let data = found
        .into_iter()
        .map(|(_, alert, rev)| view(alert, rev, Vec::new()))
        .collect();
    Ok(Json(Page { data, next }))
}

async fn stored(app: &App, caller: &Caller, id: &str) -> Answer<StoredAlert> {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found("alert"))?;
    let found = store::get(&app.ctx.table, &caller.tenant, id).await?;
    found.ok_or_else(|| Problem::not_found("alert"))
}

async fn told(app: &App, caller: &Caller, id: AlertId) -> Answer<Vec<AlertNotification>> {
    let notes = notifications::of_alert(&app.ctx.table, &caller.tenant, id).await?;
    Ok(notes.into_iter().map(note).collect())
}

fn note(note: Notification) -> AlertNotification {
    AlertNotification {
        channel: note.channel.as_str().to_owned(),
        recipient_masked: note.recipient_masked(),
        status: status(note.status),
        at: Some(note.updated_at),
        error: note.reason,
    }
}

/// The status of a message as the API says it.
pub(super) fn status(status: Status) -> NotificationStatus {
    match status {
        Status::Sent => NotificationStatus::Sent,
        Status::Failed => NotificationStatus::Failed,
        Status::Held => NotificationStatus::Held,
        Status::Pending => NotificationStatus::Pending,
    }
}

fn tagged(view: AlertView) -> impl IntoResponse {
    ([(header::ETAG, view.etag.clone())], Json(view))
}

/// An alert
#[utoipa::path(get, path = "/v1/alerts/{id}", tag = "alerts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Alert id, `alr_…`")),
    responses((status = 200, description = "The alert", body = AlertView)))]
async fn get_alert(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<impl IntoResponse> {
    let found = stored(&app, &caller, &id).await?;
    let notes = told(&app, &caller, found.alert.id).await?;
    Ok(tagged(view(found.alert, found.rev, notes)))
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
        actions::apply(action, &mut new, rule, caller.author(), now).map_err(refused)?;
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
    match store::change(&app.ctx.table, &caller.tenant, &old, &new, rule, Some(entry)).await {
        Ok(()) => {}
        Err(AwsError::Conflict { .. }) => {
            return Err(Problem::new(Kind::CHANGED, "read it again and repeat the change"));
        }
        Err(error) => return Err(error.into()),
    }
    let notes = told(&app, &caller, new.id).await?;
    Ok(tagged(view(new, old.rev + 1, notes)))
}

/// What a patch asks for.
fn action(patch: &AlertPatch) -> Answer<Option<AlertAction>> {
    let reason = patch.reason.as_deref().map(str::trim).filter(|r| !r.is_empty());
    if reason.is_some_and(|r| r.chars().count() > MAX_NAME) {
        return Err(Problem::field(
            "reason",
            "too_long",
            format!("at most {MAX_NAME} characters"),
        ));
    }
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
    let assignee = assignee.trim().to_lowercase();
    if !assignee.contains('@')
        || assignee.chars().count() > MAX_NAME
        || assignee.chars().any(char::is_whitespace)
    {
        return Err(Problem::field(
            "assignee",
            "malformed",
            "expected an e-mail address",
        ));
    }
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

fn refused(error: ActionError) -> Problem {
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
        .map(|c| c.trim().to_owned())
        .filter(|c| !c.is_empty());
    if comment.as_ref().is_some_and(|c| c.chars().count() > MAX_TEXT) {
        return Err(Problem::field(
            "comment",
            "too_long",
            format!("at most {MAX_TEXT} characters"),
        ));
    }
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
    audit::note(
        &app,
        &caller,
        "alert.rate",
        &id,
        &before.map(|f| f.rating),
        &feedback.rating,
    )
    .await?;
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
