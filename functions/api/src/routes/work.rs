//! Work: opportunities, calls to action, playbooks.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use copilot_domain::playbook::Playbook;
use crate::body;
use crate::dto::page::*;
use crate::dto::work::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_opportunities))
        .routes(routes!(update_opportunity))
        .routes(routes!(list_ctas))
        .routes(routes!(create_cta))
        .routes(routes!(update_cta))
        .routes(routes!(list_playbooks))
}

/// Opportunities, strongest first
#[utoipa::path(get, path = "/v1/opportunities", tag = "work", security(("bearer" = ["read"])),
    responses((status = 200, description = "Opportunities", body = List<OpportunityView>)))]
async fn list_opportunities(State(app): Shared, caller: Caller) -> Answer<Json<List<OpportunityView>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Move an opportunity to another stage
#[utoipa::path(patch, path = "/v1/opportunities/{id}", tag = "work", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Opportunity id, `opp_…`")),
    request_body = OpportunityPatch,
    responses((status = 200, description = "The opportunity as it is now", body = OpportunityView)))]
async fn update_opportunity(State(app): Shared, caller: Caller, Path(id): Path<String>, headers: HeaderMap, body::Json(input): body::Json<OpportunityPatch>) -> Answer<Json<OpportunityView>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Calls to action by due day
#[utoipa::path(get, path = "/v1/ctas", tag = "work", security(("bearer" = ["read"])),
    params(("filter[owner][eq]" = Option<String>, Query, description = "An e-mail, or `me`"), ("filter[status][eq]" = Option<String>, Query, description = "open (default), done, dropped or all"), ("filter[account][eq]" = Option<String>, Query, description = "An account id"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of calls to action", body = Page<Cta>)))]
async fn list_ctas(State(app): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer<Json<Page<Cta>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Make a call to action
#[utoipa::path(post, path = "/v1/ctas", tag = "work", security(("bearer" = ["write"])),
    request_body = NewCta,
    responses((status = 201, description = "The call to action", body = Cta)))]
async fn create_cta(State(app): Shared, caller: Caller, body::Json(input): body::Json<NewCta>) -> Answer<(StatusCode, Json<Cta>)> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Change a call to action
#[utoipa::path(patch, path = "/v1/ctas/{id}", tag = "work", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Call to action id, `cta_…`")),
    request_body = CtaPatch,
    responses((status = 200, description = "The call to action as it is now", body = Cta)))]
async fn update_cta(State(app): Shared, caller: Caller, Path(id): Path<String>, headers: HeaderMap, body::Json(input): body::Json<CtaPatch>) -> Answer<Json<Cta>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// The library of playbooks
#[utoipa::path(get, path = "/v1/playbooks", tag = "work", security(("bearer" = ["read"])),
    responses((status = 200, description = "Playbooks", body = List<Playbook>)))]
async fn list_playbooks(State(app): Shared, caller: Caller) -> Answer<Json<List<Playbook>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}
