//! Sources, deliveries, messages.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use crate::dto::integration::*;
use crate::dto::page::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_integrations))
        .routes(routes!(list_deliveries))
        .routes(routes!(list_notifications))
}

/// Sources of facts and how they fare
#[utoipa::path(get, path = "/v1/integrations", tag = "integrations", security(("bearer" = ["read"])),
    responses((status = 200, description = "Sources", body = List<Integration>)))]
async fn list_integrations(State(app): Shared, caller: Caller) -> Answer<Json<List<Integration>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Deliveries of a source, newest first
#[utoipa::path(get, path = "/v1/integrations/{source}/deliveries", tag = "integrations", security(("bearer" = ["read"])),
    params(("source" = String, Path, description = "Source, e.g. stripe"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of deliveries", body = Page<Delivery>)))]
async fn list_deliveries(State(app): Shared, caller: Caller, Path(source): Path<String>, RawQuery(query): RawQuery) -> Answer<Json<Page<Delivery>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Messages that went out lately, newest first
#[utoipa::path(get, path = "/v1/notifications", tag = "integrations", security(("bearer" = ["read"])),
    responses((status = 200, description = "Messages", body = List<NotificationView>)))]
async fn list_notifications(State(app): Shared, caller: Caller) -> Answer<Json<List<NotificationView>>> {
    let _ = (app, caller);
    Err(crate::problem::Problem::not_found("answer yet"))
}
