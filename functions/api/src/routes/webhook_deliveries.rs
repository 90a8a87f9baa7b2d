//! The log of an outgoing webhook: what was sent, what became of it, sending it again, and a test.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use copilot_aws::{Item, webhooks};
use copilot_domain::ids::EventId;
use copilot_domain::webhook::{Delivery, TEST, Webhook, test_body};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::webhooks::stored;
use super::work::changed;
use crate::access::Caller;
use crate::dto::page::Page;
use crate::dto::webhook::WebhookDelivery;
use crate::filter::Params;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, paging};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_webhook_deliveries))
        .routes(routes!(resend_webhook_delivery))
        .routes(routes!(test_webhook))
}

/// Deliveries of a webhook, newest first
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Webhook id, `whk_…`"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of deliveries of the last 30 days", body = Page<WebhookDelivery>)))]
async fn list_webhook_deliveries(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<WebhookDelivery>>> {
    let params = Params::parse(query.as_deref().unwrap_or_default())?;
    let (hook, _) = stored(&app, &caller, &id).await?;
    let operation = format!("list_webhook_deliveries {}", hook.id);
    let read = webhooks::by_time(&caller.tenant, hook.id);
    let rows = paging::all(&app.ctx.table, &caller.tenant, &operation, params, read).await?;
    let deliveries = rows.items.iter().map(Item::document::<Delivery>);
    let deliveries = deliveries.collect::<Result<Vec<_>, _>>()?;
    Ok(Json(Page {
        data: deliveries.into_iter().map(WebhookDelivery::from).collect(),
        next: rows.next,
    }))
}

/// A webhook that is off gets nothing, by hand neither.
fn must_be_on(hook: &Webhook) -> Answer<()> {
    if hook.enabled {
        return Ok(());
    }
    let text = "the webhook is turned off; turn it on first";
    Err(Problem::new(Kind::CONFLICT, text))
}

/// Send a delivery again
#[utoipa::path(post, path = "/v1/webhooks/{id}/deliveries/{delivery}/resend", tag = "webhooks", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Webhook id, `whk_…`"), ("delivery" = String, Path, description = "Delivery id, `evt_…`")),
    responses((status = 202, description = "It is on its way, with the same id and body and all of its tries anew", body = WebhookDelivery)))]
async fn resend_webhook_delivery(
    State(app): Shared,
    caller: Caller,
    Path((id, delivery)): Path<(String, String)>,
) -> Answer<(StatusCode, Json<WebhookDelivery>)> {
    let missing = || Problem::not_found("delivery");
    let (hook, _) = stored(&app, &caller, &id).await?;
    let event: EventId = delivery.parse().map_err(|_| missing())?;
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    let found = webhooks::delivery(table, tenant, hook.id, event).await?;
    let (found, rev) = found.ok_or_else(missing)?;
    must_be_on(&hook)?;
    let before = found.status;
    let now = app.ctx.clock.now();
    let sent = webhooks::resend(table, &app.ctx.hooks, tenant, (found, rev), now);
    let sent = sent.await.map_err(changed)?.ok_or_else(|| {
        let text = "a try of it is under way; wait for what comes of it";
        Problem::new(Kind::CONFLICT, text)
    })?;
    let subject = format!("{} {event}", hook.id);
    audit::done(&app, &caller, "webhook.resend", &subject, &before, &sent.status).await;
    Ok((StatusCode::ACCEPTED, Json(sent.into())))
}

/// Send a test to a webhook
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "webhooks", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Webhook id, `whk_…`")),
    responses((status = 202, description = "A `webhook.test` is on its way; it is tried once, and what comes of it stands in the log", body = WebhookDelivery)))]
async fn test_webhook(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<(StatusCode, Json<WebhookDelivery>)> {
    let (hook, _) = stored(&app, &caller, &id).await?;
    must_be_on(&hook)?;
    let now = app.ctx.clock.now();
    let event = EventId::from_uuid(app.ctx.ids.next());
    let delivery = Delivery::new(event, TEST, hook.id, test_body(hook.id, now), now);
    webhooks::begin(&app.ctx.table, &app.ctx.hooks, &caller.tenant, &delivery).await?;
    let (subject, sent) = (hook.id.to_string(), event.to_string());
    audit::done(&app, &caller, "webhook.test", &subject, &(), &sent).await;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
