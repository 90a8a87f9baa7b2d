//! Accounts: the list, one account, its facts.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use crate::body;
use crate::dto::account::*;
use crate::dto::page::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts))
        .routes(routes!(get_account))
        .routes(routes!(get_account_usage))
        .routes(routes!(list_account_facts))
        .routes(routes!(list_account_timeline))
        .routes(routes!(add_account_note))
        .routes(routes!(set_account_pulse))
        .routes(routes!(list_duplicates))
}

/// Accounts of the tenant, most urgent first
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", security(("bearer" = ["read"])),
    params(("sort" = Option<String>, Query, description = "`-priority` (default), `name`, `score`, `arr`, `renewal`; `-` descends"), ("filter[owner][eq]" = Option<String>, Query, description = "A CSM's e-mail, or `me`"), ("filter[band][eq]" = Option<String>, Query, description = "healthy, watch, at_risk, critical, insufficient_data, onboarding"), ("filter[name][prefix]" = Option<String>, Query, description = "Beginning of the name, any case"), ("filter[stage][eq]" = Option<String>, Query, description = "prospect, onboarding, active, will_churn, churned, paused"), ("filter[touch][eq]" = Option<String>, Query, description = "high, mid, digital"), ("filter[arr_minor][gte]" = Option<i64>, Query, description = "Annual recurring revenue at least, minor units"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of accounts", body = AccountPage)))]
async fn list_accounts(State(app): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer<Json<AccountPage>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// An account with its assessment, open alerts and next actions
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 200, description = "The account", body = AccountView)))]
async fn get_account(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<Json<AccountView>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Usage of an account by day
#[utoipa::path(get, path = "/v1/accounts/{id}/usage", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("days" = Option<u32>, Query, description = "1 to 456 days back; 90 where it is left out")),
    responses((status = 200, description = "Days with usage, oldest first", body = List<UsageDayView>)))]
async fn get_account_usage(State(app): Shared, caller: Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer<Json<List<UsageDayView>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Records of an account as their sources told them
#[utoipa::path(get, path = "/v1/accounts/{id}/facts", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("kind" = String, Query, description = "accounts, contacts, subscriptions, invoices, tickets, activities, surveys or outcomes"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of records", body = Page<FactView>)))]
async fn list_account_facts(State(app): Shared, caller: Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer<Json<Page<FactView>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// What happened at an account, newest first
#[utoipa::path(get, path = "/v1/accounts/{id}/timeline", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("kind" = Option<String>, Query, description = "One kind or several, comma-separated: ticket, invoice, subscription, activity, survey, outcome, alert, usage_day, score, contact"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of the timeline", body = Page<TimelineEntry>)))]
async fn list_account_timeline(State(app): Shared, caller: Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer<Json<Page<TimelineEntry>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Keep a note on an account
#[utoipa::path(post, path = "/v1/accounts/{id}/notes", tag = "accounts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    request_body = NewNote,
    responses((status = 201, description = "The note", body = Note)))]
async fn add_account_note(State(app): Shared, caller: Caller, Path(id): Path<String>, body::Json(input): body::Json<NewNote>) -> Answer<(StatusCode, Json<Note>)> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Set the CSM's own judgement of an account
#[utoipa::path(post, path = "/v1/accounts/{id}/pulse", tag = "accounts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    request_body = NewPulse,
    responses((status = 200, description = "The pulse", body = Pulse)))]
async fn set_account_pulse(State(app): Shared, caller: Caller, Path(id): Path<String>, body::Json(input): body::Json<NewPulse>) -> Answer<Json<Pulse>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Accounts that may be the same
#[utoipa::path(get, path = "/v1/duplicates", tag = "accounts", security(("bearer" = ["read"])),
    responses((status = 200, description = "Groups of accounts", body = List<Duplicate>)))]
async fn list_duplicates(State(app): Shared, caller: Caller) -> Answer<Json<List<Duplicate>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}
