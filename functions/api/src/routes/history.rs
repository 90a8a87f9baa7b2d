//! Health, history, predictions and scoring of one account.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use copilot_aws::table::Query;
use copilot_aws::tenants::Tenant;
use copilot_aws::{Item, assessments, checks, keys};
use copilot_domain::assessment::Assessment;
use copilot_domain::check::series;
use copilot_domain::health::{Health, Points};
use copilot_domain::prediction::Prediction;
use copilot_domain::time::{day_of, end_of_day, shift};
use copilot_pipeline::ScoreError;
use copilot_scoring::health::explain_change;
use jiff::Timestamp;
use jiff::civil::Date;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::known_account;
use crate::access::Caller;
use crate::dto::assessment::{Explanation, HistoryDay};
use crate::dto::page::List;
use crate::filter::Params;
use crate::predicted::{Days, changes};
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit};

/// Days of history in one answer.
const MAX_DAYS: i32 = 1_100;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_account_health))
        .routes(routes!(list_account_history))
        .routes(routes!(explain_account))
        .routes(routes!(list_account_predictions))
        .routes(routes!(score_account))
}

/// Health of an account, with its reasons
#[utoipa::path(get, path = "/v1/accounts/{id}/health", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 200, description = "Health", body = Health)))]
async fn get_account_health(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Health>> {
    let account = known_account(&app, &caller, &id).await?;
    let latest = app
        .ctx
        .table
        .get(&keys::assessment(&caller.tenant, account))
        .await?;
    let latest: Option<Assessment> = latest.as_ref().map(Item::document).transpose()?;
    let latest = latest
        .ok_or_else(|| Problem::new(Kind::NOT_FOUND, "the account was not scored yet; POST its /score"))?;
    Ok(Json(latest.health))
}

/// Score of an account by day
#[utoipa::path(get, path = "/v1/accounts/{id}/history", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("from" = Option<String>, Query, description = "First day; a year before `to` where it is left out"), ("to" = Option<String>, Query, description = "Last day; today where it is left out")),
    responses((status = 200, description = "Days, oldest first", body = List<HistoryDay>)))]
async fn list_account_history(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<List<HistoryDay>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let (from, to) = (params.day("from")?, params.day("to")?);
    params.finish()?;
    let account = known_account(&app, &caller, &id).await?;
    let today = today(&app, &app.ctx.tenant(&caller.tenant).await?);
    let to = to.unwrap_or(today);
    let from = from.unwrap_or_else(|| shift(to, -365));
    if from > to || shift(from, MAX_DAYS) < to {
        return Err(Problem::field(
            "from",
            "out_of_range",
            format!("at most {MAX_DAYS} days before `to`"),
        ));
    }
    let points = assessments::points(&app.ctx.table, &caller.tenant, account, from, to).await?;
    let data = points
        .into_iter()
        .map(|(_, point)| serde_json::from_value(point))
        .collect::<Result<Vec<HistoryDay>, _>>()
        .map_err(|error| Problem::internal(&error))?;
    Ok(Json(List { data }))
}

/// Why the score and the probabilities changed between two days
#[utoipa::path(get, path = "/v1/accounts/{id}/explain", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("at" = Option<String>, Query, description = "The later day; today where it is left out"), ("compare" = Option<String>, Query, description = "The earlier day; 30 days before `at` where it is left out")),
    responses((status = 200, description = "The change, taken apart", body = Explanation)))]
async fn explain_account(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Explanation>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let (at, compare) = (params.day("at")?, params.day("compare")?);
    params.finish()?;
    let account = known_account(&app, &caller, &id).await?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let at = at.unwrap_or_else(|| today(&app, &tenant));
    let compare = compare.unwrap_or_else(|| shift(at, -30));
    if compare >= at {
        return Err(Problem::field(
            "compare",
            "out_of_range",
            "an earlier day than `at`",
        ));
    }
    let clock = app.ctx.clock.now();
    let scorer = &app.ctx.scorer;
    let end = end_of(compare, &tenant, clock);
    let look = |instant| scorer.look(&caller.tenant, account, instant, clock);
    let (now, _) = look(end_of(at, &tenant, clock)).await.map_err(problem)?;
    let (then, _) = look(end).await.map_err(problem)?;
    let settings = scorer.settings(&caller.tenant, clock).await.map_err(problem)?;
    let days = Days {
        at: &now,
        compare: &then,
        day: compare,
        end,
    };
    let predictions = changes(&app, &caller.tenant, account, &settings, &days).await?;
    let (health_at, health_compare) = (&now.assessment.health, &then.assessment.health);
    let change = explain_change(health_at, health_compare);
    let score = |health: &Health| health.score.map(Points::as_f64);
    Ok(Json(Explanation {
        at,
        compare,
        score_at: score(health_at),
        score_compare: score(health_compare),
        change: change.as_ref().map(|c| c.change.as_f64()),
        contributions: change.map(|c| c.contributions).unwrap_or_default(),
        predictions,
    }))
}

/// Predictions for an account, newest first
#[utoipa::path(get, path = "/v1/accounts/{id}/predictions", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 200, description = "Predictions", body = List<Prediction>)))]
async fn list_account_predictions(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<List<Prediction>>> {
    let account = known_account(&app, &caller, &id).await?;
    let read = Query {
        pk: keys::history_partition(&caller.tenant, account),
        prefix: Some("P#".to_owned()),
        ..Query::default()
    };
    let items = app.ctx.table.all(read).await?;
    let mut data = items
        .iter()
        .map(Item::document)
        .collect::<Result<Vec<Prediction>, _>>()?;
    // What happened stands with the kept ones.
    let checks = checks::of_account(&app.ctx.table, &caller.tenant, account).await?;
    let checks: HashMap<_, _> = checks
        .iter()
        .map(|check| ((check.series(), check.made_at), check))
        .collect();
    for prediction in &mut data {
        let series = series(prediction.kind, prediction.method, prediction.shadow);
        if let Some(check) = checks.get(&(series, prediction.computed_at)) {
            prediction.actual_outcome = check.actual_outcome().map(str::to_owned);
            prediction.was_accurate = check.was_accurate;
        }
    }
    data.sort_by(|a, b| (b.computed_at, a.kind, b.method).cmp(&(a.computed_at, b.kind, a.method)));
    Ok(Json(List { data }))
}

/// Score an account now
#[utoipa::path(post, path = "/v1/accounts/{id}/score", tag = "health", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("as_of" = Option<String>, Query, description = "Sandbox tenants only: the instant to look from"), ("store" = Option<bool>, Query, description = "With `as_of`: keep the result; it is not kept where this is left out")),
    responses((status = 200, description = "The assessment", body = Assessment)))]
async fn score_account(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Assessment>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let as_of = params.instant("as_of")?;
    let store = params.parsed::<bool>("store", "true or false")?;
    params.finish()?;
    let account = known_account(&app, &caller, &id).await?;
    let clock = app.ctx.clock.now();
    let scorer = &app.ctx.scorer;
    let Some(as_of) = as_of else {
        let done = scorer
            .score(&caller.tenant, account, clock)
            .await
            .map_err(problem)?;
        return Ok(Json(done.assessment));
    };
    if !app.ctx.tenant(&caller.tenant).await?.is_sandbox() {
        return Err(Problem::field(
            "as_of",
            "not_a_sandbox",
            "only a tenant with a pinned clock may look from another instant",
        ));
    }
    if store != Some(true) {
        let (assessed, _) = scorer
            .look(&caller.tenant, account, as_of, clock)
            .await
            .map_err(problem)?;
        return Ok(Json(assessed.assessment));
    }
    let done = scorer
        .score_as_of(&caller.tenant, account, as_of, clock)
        .await
        .map_err(problem)?;
    audit::done(&app, &caller, "account.score_as_of", &id, &(), &as_of).await;
    Ok(Json(done.assessment))
}

/// Today in the tenant's zone, by its clock.
pub(super) fn today(app: &App, tenant: &Tenant) -> Date {
    day_of(tenant.now(app.ctx.clock.now()), &tenant.time_zone())
}

/// The last instant of a day, or now when the day is not over.
fn end_of(day: Date, tenant: &Tenant, clock: Timestamp) -> Timestamp {
    end_of_day(day, &tenant.time_zone()).min(tenant.now(clock))
}

/// What kept an account from being scored.
pub(super) fn problem(error: ScoreError) -> Problem {
    match error {
        ScoreError::UnknownAccount(_) => Problem::not_found("account"),
        ScoreError::UnknownTenant(_) => Problem::not_found("tenant"),
        ScoreError::Aws(error) => error.into(),
        ScoreError::Engine(error) => Problem::internal(&error),
    }
}
