//! Who is asking.

use axum::Json;
use axum::extract::State;

use crate::Shared;
use crate::access::Caller;
use crate::dto::me::Me;
use crate::problem::Answer;

/// Who is asking, and for which tenant
#[utoipa::path(get, path = "/v1/me", tag = "session", security(("bearer" = ["read"])),
    responses((status = 200, description = "The caller", body = Me)))]
pub(super) async fn get_me(State(app): Shared, caller: Caller) -> Answer<Json<Me>> {
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    Ok(Json(Me {
        user: caller.id.clone(),
        email: caller.email.clone(),
        tenant: caller.tenant.to_string(),
        role: caller.role,
        scopes: caller.scopes.clone(),
        as_of: tenant.pinned_as_of,
        now: tenant.now(app.ctx.clock.now()),
        tenant_name: tenant.name,
        zone: tenant.zone,
    }))
}
