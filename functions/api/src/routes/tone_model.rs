//! A tenant's own model of tone: what answers and why, training it, going back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use copilot_aws::table::{Condition, Write};
use copilot_aws::tone;
use copilot_domain::model::RunStatus;
use copilot_domain::time::Timestamp;
use copilot_domain::tone::ToneRun;
use copilot_text::adapt::MIN_LABELS;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::models::STALE_RUN_HOURS;
use super::tone::switched_off;
use super::work::changed;
use crate::access::Caller;
use crate::dto::tone::ToneModelView;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, etag};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_tone_model))
        .routes(routes!(train_tone_model))
        .routes(routes!(roll_back_tone_model))
}

/// The tenant's own model of tone
#[utoipa::path(get, path = "/v1/tone-model", tag = "models", security(("bearer" = ["read"])),
    responses((status = 200, description = "What answers, its figures, the newest run", body = ToneModelView)))]
async fn get_tone_model(State(app): Shared, caller: Caller) -> Answer<Json<ToneModelView>> {
    Ok(Json(view(&app, &caller).await?))
}

async fn view(app: &App, caller: &Caller) -> Answer<ToneModelView> {
    let (table, id) = (&app.ctx.table, &caller.tenant);
    let tenant = app.ctx.tenant(id).await?;
    let (pointer, rev) = tone::pointer(table, id).await?;
    let readers = app.ctx.scorer.readers(id).await?;
    let shipped = readers.shipped().model();
    Ok(ToneModelView {
        on: tenant.text_tone,
        lost: readers.lost.is_some(),
        shipped: shipped.map_or_else(|| "vader".to_owned(), |model| model.card().version.clone()),
        can_go_back: !pointer.before.is_empty(),
        own: pointer.own,
        labels_needed: MIN_LABELS,
        versions: tone::versions(table, id).await?,
        last_run: tone::runs(table, id).await?.into_iter().next(),
        etag: etag_of(rev),
    })
}

fn etag_of(rev: i64) -> String {
    format!("\"tone-{rev}\"")
}

fn is_under_way(run: &ToneRun, now: Timestamp) -> bool {
    let is_open = matches!(run.status, RunStatus::Queued | RunStatus::Running);
    is_open && now.duration_since(run.asked_at).as_hours() < STALE_RUN_HOURS
}

/// Learn the tone of texts from the tenant's own ratings and corrections
///
/// The answer is the run; it goes on by itself. What it learnt answers only where it is better on the newest labels than both
/// the shipped model and VADER; else the run ends without a model and says so.
#[utoipa::path(post, path = "/v1/tone-model/runs", tag = "models", security(("bearer" = ["admin"])),
    responses((status = 202, description = "The run", body = ToneRun)))]
async fn train_tone_model(State(app): Shared, caller: Caller) -> Answer<impl IntoResponse> {
    let (table, now) = (&app.ctx.table, app.ctx.clock.now());
    if !app.ctx.tenant(&caller.tenant).await?.text_tone {
        return Err(switched_off());
    }
    let runs = tone::runs(table, &caller.tenant).await?;
    if let Some(run) = runs.iter().find(|run| is_under_way(run, now)) {
        let text = format!("the run {} is under way; wait for it", run.id);
        return Err(Problem::new(Kind::CONFLICT, text));
    }
    let unique = app.ctx.ids.next().simple().to_string();
    let unique = unique.get(unique.len() - 8..).unwrap_or_default();
    let run = ToneRun::queued(caller.author(), now, unique);
    app.ctx.training.ask_tone(table, &caller.tenant, &run).await?;
    audit::done(&app, &caller, "tone_model.train", &run.id, &(), &run).await;
    Ok((StatusCode::ACCEPTED, Json(run)))
}

/// Go back to the model of tone before, down to the shipped one
#[utoipa::path(post, path = "/v1/tone-model/rollback", tag = "models", security(("bearer" = ["admin"])),
    responses((status = 200, description = "What answers now", body = ToneModelView)))]
async fn roll_back_tone_model(
    State(app): Shared,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<impl IntoResponse> {
    let (table, id) = (&app.ctx.table, &caller.tenant);
    let (before, rev) = tone::pointer(table, id).await?;
    if rev == 0 {
        return Err(Problem::not_found("model of tone of your own"));
    }
    etag::must_match(&headers, &etag_of(rev))?;
    let mut after = before.clone();
    let now = app.ctx.tenant(id).await?.now(app.ctx.clock.now());
    let gone = after.go_back(now);
    gone.map_err(|none| Problem::new(Kind::CONFLICT, none.to_string()))?;
    let note = audit::item(&app, &caller, "tone_model.rollback", "tone", &before, &after);
    let (item, condition) = tone::pointer_item(id, &after, rev);
    let writes = vec![Write::Put(item, condition), Write::Put(note, Condition::None)];
    table.transact(writes).await.map_err(changed)?;
    let view = view(&app, &caller).await?;
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}
