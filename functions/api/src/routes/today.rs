//! What to do today.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use crate::dto::today::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_today))
}

/// What to do today, and why
#[utoipa::path(get, path = "/v1/today", tag = "today", security(("bearer" = ["read"])),
    params(("scope" = Option<String>, Query, description = "`mine` or `all`; mine for a CSM with accounts, else all")),
    responses((status = 200, description = "Today", body = Today)))]
async fn get_today(State(app): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer<Json<Today>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}
