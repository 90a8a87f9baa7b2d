//! CSV imports.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use crate::body;
use crate::dto::import::*;
use crate::dto::page::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create_import))
        .routes(routes!(list_imports))
        .routes(routes!(get_import))
        .routes(routes!(preview_import))
        .routes(routes!(start_import))
}

/// Announce a CSV file, and get the address to upload it to
#[utoipa::path(post, path = "/v1/imports", tag = "imports", security(("bearer" = ["write"])),
    request_body = NewImport,
    responses((status = 201, description = "Where to put the file", body = ImportTicket)))]
async fn create_import(State(app): Shared, caller: Caller, body::Json(input): body::Json<NewImport>) -> Answer<(StatusCode, Json<ImportTicket>)> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Imports, newest first
#[utoipa::path(get, path = "/v1/imports", tag = "imports", security(("bearer" = ["read"])),
    params(("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of imports", body = Page<Import>)))]
async fn list_imports(State(app): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer<Json<Page<Import>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// An import and how far it is
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "imports", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Import id, `imp_…`")),
    responses((status = 200, description = "The import", body = Import)))]
async fn get_import(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<Json<Import>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// What the uploaded file looks like
#[utoipa::path(get, path = "/v1/imports/{id}/preview", tag = "imports", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Import id, `imp_…`")),
    responses((status = 200, description = "Columns, samples, suggested mapping", body = ImportPreview)))]
async fn preview_import(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<Json<ImportPreview>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Map the columns and start
#[utoipa::path(post, path = "/v1/imports/{id}/start", tag = "imports", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Import id, `imp_…`")),
    request_body = StartImport,
    responses((status = 202, description = "The import, queued", body = Import)))]
async fn start_import(State(app): Shared, caller: Caller, Path(id): Path<String>, body::Json(input): body::Json<StartImport>) -> Answer<(StatusCode, Json<Import>)> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}
