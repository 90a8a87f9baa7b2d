//! How right predictions, bands and rules were. The figures are kept by the nightly run; nothing is counted here.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use copilot_aws::checks::Wrong;
use copilot_aws::{accuracy as figures, checks, serving, stats};
use copilot_domain::accuracy::Accuracy;
use copilot_domain::check::{Check, series};
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_learning::accuracy::{Frame, accuracy, propose};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::dto::accuracy::{Miss, Thresholds};
use crate::dto::page::Page;
use crate::filter::Params;
use crate::problem::{Answer, Problem};
use crate::{App, Shared, paging};

/// Alerts a week that a proposal may be asked for.
const MAX_PER_WEEK: f64 = 10_000.0;
/// Alerts a week where nothing else is asked for.
const PER_WEEK: f64 = 10.0;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_accuracy))
        .routes(routes!(list_misses))
        .routes(routes!(propose_thresholds))
}

/// How right predictions, bands and rules were
#[utoipa::path(get, path = "/v1/accuracy", tag = "accuracy", security(("bearer" = ["read"])),
    params(("kind" = Option<String>, Query, description = "`churn` (where it is left out), `downgrade`, `payment` or `expansion`")),
    responses((status = 200, description = "Figures of checked predictions, as of the last night", body = Accuracy)))]
async fn get_accuracy(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<Accuracy>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let kind = kind(&mut params)?;
    params.finish()?;
    Ok(Json(stored(&app, &caller, kind).await?))
}

/// Predictions that were wrong, the newest first
#[utoipa::path(get, path = "/v1/accuracy/misses", tag = "accuracy", security(("bearer" = ["read"])),
    params(
        ("kind" = Option<String>, Query, description = "`churn` (where it is left out), `downgrade`, `payment` or `expansion`"),
        ("method" = Option<String>, Query, description = "`rules` (where it is left out), `model` or `shadow` (a model that is only watched)"),
        ("which" = Option<String>, Query, description = "`missed` (it happened and was not predicted; where it is left out) or `false_alarm`"),
        ("limit" = Option<usize>, Query, description = "1 to 500; 50 where it is left out"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page of wrong predictions", body = Page<Miss>)))]
async fn list_misses(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<Miss>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let kind = kind(&mut params)?;
    let words = ["rules", "model", "shadow"];
    let (method, shadow) = match params.word("method", &words)?.as_deref() {
        Some("model") => (Method::Model, false),
        Some("shadow") => (Method::Model, true),
        _ => (Method::Rules, false),
    };
    let which = match params.word("which", &["missed", "false_alarm"])?.as_deref() {
        Some("false_alarm") => Wrong::FalseAlarm,
        _ => Wrong::Missed,
    };
    let read = checks::wrong(&caller.tenant, &series(kind, method, shadow), which);
    let rows = paging::all(&app.ctx.table, &caller.tenant, "list_misses", params, read).await?;
    let data = rows
        .items
        .iter()
        .map(|item| Ok(miss(item.document()?)))
        .collect::<Answer<Vec<Miss>>>()?;
    Ok(Json(Page {
        data,
        next: rows.next,
    }))
}

/// Cuts that fit a number of alerts a week
#[utoipa::path(get, path = "/v1/accuracy/thresholds", tag = "accuracy", security(("bearer" = ["read"])),
    params(
        ("kind" = Option<String>, Query, description = "`churn` (where it is left out), `downgrade`, `payment` or `expansion`"),
        ("per_week" = Option<f64>, Query, description = "Alerts a week that there is time for, above 0 to 10000; 10 where it is left out")),
    responses((status = 200, description = "Proposals from checked predictions", body = Thresholds)))]
async fn propose_thresholds(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<Thresholds>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let kind = kind(&mut params)?;
    let expected = "a number above 0, at most 10000";
    let per_week = params.parsed::<f64>("per_week", expected)?.unwrap_or(PER_WEEK);
    params.finish()?;
    if !(per_week > 0.0 && per_week <= MAX_PER_WEEK) {
        let expected = format!("expected {expected}");
        return Err(Problem::field("per_week", "out_of_range", expected));
    }
    let found = stored(&app, &caller, kind).await?;
    let accounts = stats::get(&app.ctx.table, &caller.tenant, app.ctx.clock.now()).await?;
    let accounts = accounts.accounts;
    let proposals: Vec<_> = found
        .methods
        .iter()
        .filter_map(|method| propose(method, accounts, per_week))
        .collect();
    let note = match (found.methods.is_empty(), proposals.is_empty()) {
        (true, _) => Some("no prediction was checked yet: a cut cannot be judged".to_owned()),
        (false, true) => Some("even the highest probabilities would give more alerts than that".to_owned()),
        _ => None,
    };
    Ok(Json(Thresholds {
        kind,
        per_week,
        accounts,
        alert_cut: found.cut,
        proposals,
        note,
    }))
}

/// The kept figures; empty ones before the first night, with what is needed.
async fn stored(app: &App, caller: &Caller, kind: PredictionKind) -> Answer<Accuracy> {
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    if let Some(found) = figures::get(table, tenant, kind).await? {
        return Ok(found);
    }
    let cut = serving::get(table, tenant).await?.alert_cut;
    Ok(accuracy(Frame { kind, cut }, &[]))
}

fn kind(params: &mut Params) -> Answer<PredictionKind> {
    let words = PredictionKind::ALL.map(PredictionKind::as_str);
    let word = params.word("kind", &words)?;
    Ok(word
        .and_then(|word| PredictionKind::of_name(&word))
        .unwrap_or(PredictionKind::Churn))
}

fn miss(check: Check) -> Miss {
    Miss {
        account: check.account.to_string(),
        actual_outcome: check.actual_outcome().unwrap_or("unknown").to_owned(),
        account_name: check.name,
        kind: check.kind,
        method: check.method,
        shadow: check.shadow,
        model_version: check.model_version,
        probability: check.probability,
        band: check.band,
        day: check.day,
        checked_at: check.checked_at,
        alerts: check.alerts,
    }
}
