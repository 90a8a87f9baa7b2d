//! Outgoing webhooks. Reading them needs the admin's scope too: an address may hold a token of its receiver.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use copilot_aws::table::{Condition, Write};
use copilot_aws::{keys, webhooks};
use copilot_channels::webhook::{secret, secret_text};
use copilot_domain::ids::WebhookId;
use copilot_domain::limits::{MAX_NAME, MAX_WEBHOOKS};
use copilot_domain::webhook::{ALL, CATALOGUE, Webhook};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::work::changed;
use crate::access::Caller;
use crate::dto::page::List;
use crate::dto::webhook::{NewWebhook, WebhookPatch, WebhookView, WebhookWithSecret};
use crate::idempotency::KeepInstead;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, etag, text};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_webhooks, create_webhook))
        .routes(routes!(get_webhook, update_webhook, delete_webhook))
        .routes(routes!(rotate_webhook_secret))
}

/// A webhook of the caller's tenant with its counter.
pub(super) async fn stored(app: &App, caller: &Caller, id: &str) -> Answer<(Webhook, i64)> {
    let missing = || Problem::not_found("webhook");
    let id: WebhookId = id.parse().map_err(|_| missing())?;
    let found = webhooks::get(&app.ctx.table, &caller.tenant, id).await?;
    found.ok_or_else(missing)
}

/// Webhooks that events are sent to
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", security(("bearer" = ["admin"])),
    responses((status = 200, description = "Webhooks, in the order in which they were made", body = List<WebhookView>)))]
async fn list_webhooks(State(app): Shared, caller: Caller) -> Answer<Json<List<WebhookView>>> {
    let now = app.ctx.clock.now();
    let all = webhooks::list(&app.ctx.table, &caller.tenant).await?;
    let data = all.iter().map(|(hook, rev)| WebhookView::of(hook, *rev, now));
    Ok(Json(List { data: data.collect() }))
}

fn checked_url(app: &App, url: &str) -> Answer<String> {
    let parsed = app.ctx.addresses.parse(url);
    let parsed = parsed.map_err(|error| Problem::field("url", "not_allowed", error.to_string()))?;
    Ok(parsed.to_string())
}

/// The names of events, each once, in the catalogue's order.
fn checked_events(given: &[String]) -> Answer<Vec<String>> {
    let known: Vec<&str> = CATALOGUE.iter().map(|event| event.as_str()).collect();
    let is_known = |name: &String| name == ALL || known.contains(&name.as_str());
    if given.is_empty() || !given.iter().all(is_known) {
        let expected = format!("expected `{ALL}` or one or more of {}", known.join(", "));
        return Err(Problem::field("events", "unknown", expected));
    }
    if given.iter().any(|name| name == ALL) {
        return Ok(vec![ALL.to_owned()]);
    }
    let asked = known
        .into_iter()
        .filter(|name| given.iter().any(|other| other == name));
    Ok(asked.map(str::to_owned).collect())
}

fn checked_description(given: &str) -> Answer<Option<String>> {
    if given.trim().is_empty() {
        return Ok(None);
    }
    text::line("description", given, MAX_NAME).map(Some)
}

/// Make a webhook
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", security(("bearer" = ["admin"])),
    request_body = NewWebhook,
    responses((status = 201, description = "The webhook with its secret, which is shown this once", body = WebhookWithSecret)))]
async fn create_webhook(
    State(app): Shared,
    caller: Caller,
    body::Json(input): body::Json<NewWebhook>,
) -> Answer<impl IntoResponse> {
    let hook = Webhook {
        id: WebhookId::from_uuid(app.ctx.ids.next()),
        url: checked_url(&app, &input.url)?,
        events: checked_events(&input.events)?,
        description: checked_description(input.description.as_deref().unwrap_or_default())?,
        enabled: input.enabled.unwrap_or(true),
        disabled_reason: None,
        consecutive_failures: 0,
        created_at: app.ctx.clock.now(),
        created_by: caller.author().to_owned(),
        generation: 1,
        previous_until: None,
    };
    let all = webhooks::list(&app.ctx.table, &caller.tenant).await?;
    if all.len() >= MAX_WEBHOOKS {
        let text = format!("there are {MAX_WEBHOOKS} webhooks, the most that are kept; delete one first");
        return Err(Problem::new(Kind::CONFLICT, text));
    }
    let answer = with_secret(&app, &caller, &hook, 1).await?;
    let entry = audit::item(
        &app,
        &caller,
        "webhook.create",
        &hook.id.to_string(),
        &(),
        &answer.webhook,
    );
    let writes = vec![
        Write::Put(webhooks::item(&caller.tenant, &hook, 1), Condition::Absent),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await?;
    Ok((StatusCode::CREATED, shown_once(answer)))
}

/// The webhook with its newest secret. The tenant's signing key is made here when there is none yet.
async fn with_secret(app: &App, caller: &Caller, hook: &Webhook, rev: i64) -> Answer<WebhookWithSecret> {
    let tenant = caller.tenant.as_str();
    let fresh = copilot_runtime::chance::key().map_err(|error| {
        let mut problem = Problem::new(Kind::INTERNAL, "no secret could be made; try again");
        problem.internal = Some(error.to_string().into());
        problem
    })?;
    let key = app.ctx.secrets.ensure_signing_key(tenant, &fresh).await?;
    let text = secret_text(&secret(key.expose(), hook.id, hook.generation));
    Ok(WebhookWithSecret {
        webhook: WebhookView::of(hook, rev, app.ctx.clock.now()),
        secret: Some(text),
    })
}

/// An answer with a secret: what is kept of it for its Idempotency-Key is without.
fn shown_once(answer: WebhookWithSecret) -> impl IntoResponse {
    let kept = WebhookWithSecret {
        secret: None,
        ..answer.clone()
    };
    let kept = serde_json::to_string(&kept).unwrap_or_default();
    let headers = [
        (header::ETAG, answer.webhook.etag.clone()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (Extension(KeepInstead(kept)), headers, Json(answer))
}

/// A webhook
#[utoipa::path(get, path = "/v1/webhooks/{id}", tag = "webhooks", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Webhook id, `whk_…`")),
    responses((status = 200, description = "The webhook", body = WebhookView)))]
async fn get_webhook(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<impl IntoResponse> {
    let (hook, rev) = stored(&app, &caller, &id).await?;
    let view = WebhookView::of(&hook, rev, app.ctx.clock.now());
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}

/// Change a webhook
#[utoipa::path(patch, path = "/v1/webhooks/{id}", tag = "webhooks", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Webhook id, `whk_…`")),
    request_body = WebhookPatch,
    responses((status = 200, description = "The webhook as it is now", body = WebhookView)))]
async fn update_webhook(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body::Json(patch): body::Json<WebhookPatch>,
) -> Answer<impl IntoResponse> {
    let (mut hook, rev) = stored(&app, &caller, &id).await?;
    etag::must_match(&headers, &etag::of(rev))?;
    let now = app.ctx.clock.now();
    let before = WebhookView::of(&hook, rev, now);
    if let Some(url) = &patch.url {
        hook.url = checked_url(&app, url)?;
    }
    if let Some(events) = &patch.events {
        hook.events = checked_events(events)?;
    }
    if let Some(description) = &patch.description {
        hook.description = checked_description(description)?;
    }
    match patch.enabled {
        Some(true) => hook.turn_on(),
        Some(false) => hook.enabled = false,
        None => {}
    }
    let after = WebhookView::of(&hook, rev + 1, now);
    let entry = audit::item(&app, &caller, "webhook.update", &after.id, &before, &after);
    let item = webhooks::item(&caller.tenant, &hook, rev + 1);
    let writes = vec![
        Write::Put(item, Condition::Rev(rev)),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await.map_err(changed)?;
    Ok(([(header::ETAG, after.etag.clone())], Json(after)))
}

/// Delete a webhook
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "webhooks", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Webhook id, `whk_…`")),
    responses((status = 204, description = "It is gone; what was on its way is not tried again")))]
async fn delete_webhook(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let (hook, rev) = stored(&app, &caller, &id).await?;
    let before = WebhookView::of(&hook, rev, app.ctx.clock.now());
    let entry = audit::item(&app, &caller, "webhook.delete", &before.id, &before, &());
    let writes = vec![
        Write::Delete(keys::webhooks::webhook(&caller.tenant, hook.id)),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate", tag = "webhooks", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Webhook id, `whk_…`")),
    responses((status = 200, description = "The webhook with its new secret, which is shown this once; the one before signs as well for 24 hours", body = WebhookWithSecret)))]
async fn rotate_webhook_secret(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<impl IntoResponse> {
    let (mut hook, rev) = stored(&app, &caller, &id).await?;
    let before = hook.generation;
    hook.rotate(app.ctx.clock.now());
    let answer = with_secret(&app, &caller, &hook, rev + 1).await?;
    let entry = audit::item(
        &app,
        &caller,
        "webhook.rotate",
        &answer.webhook.id,
        &before,
        &hook.generation,
    );
    let writes = vec![
        Write::Put(
            webhooks::item(&caller.tenant, &hook, rev + 1),
            Condition::Rev(rev),
        ),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await.map_err(changed)?;
    Ok(shown_once(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_of_the_catalogue_and_each_once() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            checked_events(&names)
        };
        assert_eq!(
            of(&["alert.resolved", "alert.opened", "alert.opened"]).unwrap(),
            ["alert.opened", "alert.resolved"]
        );
        assert_eq!(of(&["alert.opened", "*"]).unwrap(), ["*"]);
        for bad in [&[][..], &["digest.due"], &["webhook.test"], &["alert.*"]] {
            let problem = of(bad).unwrap_err();
            assert_eq!(problem.errors[0].field, "events", "{bad:?}");
            assert!(problem.errors[0].detail.contains("source.back"));
        }
    }
}
