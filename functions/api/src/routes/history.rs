//! Health, history, predictions and scoring of one account.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use copilot_domain::assessment::Assessment;
use copilot_domain::health::Health;
use copilot_domain::prediction::Prediction;
use crate::dto::assessment::*;
use crate::dto::page::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_account_health))
        .routes(routes!(list_account_history))
        .routes(routes!(explain_account))
        .routes(routes!(list_account_predictions))
        .routes(routes!(score_account))
}

/// Health of an account, with its reasons
#[utoipa::path(get, path = "/v1/accounts/{id}/health", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 200, description = "Health", body = Health)))]
async fn get_account_health(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<Json<Health>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Score of an account by day
#[utoipa::path(get, path = "/v1/accounts/{id}/history", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("from" = Option<String>, Query, description = "First day; a year before `to` where it is left out"), ("to" = Option<String>, Query, description = "Last day; today where it is left out")),
    responses((status = 200, description = "Days, oldest first", body = List<HistoryDay>)))]
async fn list_account_history(State(app): Shared, caller: Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer<Json<List<HistoryDay>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Why the score changed between two days
#[utoipa::path(get, path = "/v1/accounts/{id}/explain", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("at" = Option<String>, Query, description = "The later day; today where it is left out"), ("compare" = Option<String>, Query, description = "The earlier day; 30 days before `at` where it is left out")),
    responses((status = 200, description = "The change, taken apart", body = Explanation)))]
async fn explain_account(State(app): Shared, caller: Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer<Json<Explanation>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Predictions for an account, newest first
#[utoipa::path(get, path = "/v1/accounts/{id}/predictions", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 200, description = "Predictions", body = List<Prediction>)))]
async fn list_account_predictions(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<Json<List<Prediction>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Score an account now
#[utoipa::path(post, path = "/v1/accounts/{id}/score", tag = "health", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("as_of" = Option<String>, Query, description = "Sandbox tenants only: the instant to look from"), ("store" = Option<bool>, Query, description = "With `as_of`: keep the result; it is not kept where this is left out")),
    responses((status = 200, description = "The assessment", body = Assessment)))]
async fn score_account(State(app): Shared, caller: Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer<Json<Assessment>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}
