//! Alerts: the inbox, their life cycle, ratings; rules.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use copilot_domain::alert::Feedback;
use crate::body;
use crate::dto::alert::*;
use crate::dto::page::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_alerts))
        .routes(routes!(get_alert))
        .routes(routes!(update_alert))
        .routes(routes!(rate_alert))
        .routes(routes!(list_rules))
}

/// Alerts, most urgent first
#[utoipa::path(get, path = "/v1/alerts", tag = "alerts", security(("bearer" = ["read"])),
    params(("filter[status][eq]" = Option<String>, Query, description = "open (default), acknowledged, snoozed, resolved, dismissed or all"), ("filter[severity][in]" = Option<String>, Query, description = "low, medium, high, critical, comma-separated"), ("filter[assignee][eq]" = Option<String>, Query, description = "An e-mail, or `me`"), ("filter[rule][eq]" = Option<String>, Query, description = "A rule, e.g. R01"), ("filter[account][eq]" = Option<String>, Query, description = "An account id"), ("sort" = Option<String>, Query, description = "`-priority` (default) or `-opened_at`"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of alerts", body = Page<AlertView>)))]
async fn list_alerts(State(app): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer<Json<Page<AlertView>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// An alert
#[utoipa::path(get, path = "/v1/alerts/{id}", tag = "alerts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Alert id, `alr_…`")),
    responses((status = 200, description = "The alert", body = AlertView)))]
async fn get_alert(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<Json<AlertView>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Acknowledge, snooze, dismiss, resolve, open again or assign an alert
#[utoipa::path(patch, path = "/v1/alerts/{id}", tag = "alerts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Alert id, `alr_…`")),
    request_body = AlertPatch,
    responses((status = 200, description = "The alert as it is now", body = AlertView)))]
async fn update_alert(State(app): Shared, caller: Caller, Path(id): Path<String>, headers: HeaderMap, body::Json(input): body::Json<AlertPatch>) -> Answer<Json<AlertView>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Rate an alert
#[utoipa::path(post, path = "/v1/alerts/{id}/feedback", tag = "alerts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Alert id, `alr_…`")),
    request_body = NewFeedback,
    responses((status = 201, description = "The rating", body = Feedback)))]
async fn rate_alert(State(app): Shared, caller: Caller, Path(id): Path<String>, body::Json(input): body::Json<NewFeedback>) -> Answer<(StatusCode, Json<Feedback>)> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// The rules that run, and how often they were right
#[utoipa::path(get, path = "/v1/rules", tag = "alerts", security(("bearer" = ["read"])),
    responses((status = 200, description = "Rules", body = List<RuleView>)))]
async fn list_rules(State(app): Shared, caller: Caller) -> Answer<Json<List<RuleView>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}
