//! Settings and health profiles.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use crate::body;
use crate::dto::page::*;
use crate::dto::settings::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_settings))
        .routes(routes!(update_settings))
        .routes(routes!(list_profiles))
}

/// Settings of the tenant
#[utoipa::path(get, path = "/v1/settings", tag = "settings", security(("bearer" = ["read"])),
    responses((status = 200, description = "Settings; their ETag is in the header", body = Settings)))]
async fn get_settings(State(app): Shared, caller: Caller) -> Answer<Json<Settings>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Change settings of the tenant
#[utoipa::path(patch, path = "/v1/settings", tag = "settings", security(("bearer" = ["admin"])),
    request_body = SettingsPatch,
    responses((status = 200, description = "Settings as they are now", body = Settings)))]
async fn update_settings(State(app): Shared, caller: Caller, headers: HeaderMap, body::Json(input): body::Json<SettingsPatch>) -> Answer<Json<Settings>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Health profiles
#[utoipa::path(get, path = "/v1/profiles", tag = "settings", security(("bearer" = ["read"])),
    responses((status = 200, description = "Profiles", body = List<ProfileView>)))]
async fn list_profiles(State(app): Shared, caller: Caller) -> Answer<Json<List<ProfileView>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}
