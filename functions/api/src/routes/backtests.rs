//! Backtests: what profiles, rules or a model would have said on past days, against what happened then.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use copilot_aws::{backtests, models, profiles as store};
use copilot_domain::backtest::{Backtest, BacktestResult, SHIPPED_MODEL, Subject};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::day_of;
use copilot_learning::backtest::report::html;
use copilot_scoring::profile_set::SHIPPED;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::dto::backtest::{BacktestDetail, NamedAccount, NewBacktest};
use crate::dto::page::List;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body};

/// Hours after which a backtest that says nothing any more does not stand in the way of another.
const STALE_HOURS: i64 = 6;
/// What the report may load: nothing, but its own style.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_backtests, start_backtest))
        .routes(routes!(get_backtest))
        .routes(routes!(get_backtest_report))
}

/// Backtests, the newest first
#[utoipa::path(get, path = "/v1/backtests", tag = "accuracy", security(("bearer" = ["read"])),
    responses((status = 200, description = "The newest 100", body = List<Backtest>)))]
async fn list_backtests(State(app): Shared, caller: Caller) -> Answer<Json<List<Backtest>>> {
    let data = backtests::list(&app.ctx.table, &caller.tenant).await?;
    Ok(Json(List { data }))
}

/// Hold profiles, rules or a model against what happened
///
/// Every account is looked at as it was known when past months began. The answer is the order; it goes on by itself and
/// says how far it is. Nothing is scored anew and nobody is told.
#[utoipa::path(post, path = "/v1/backtests", tag = "accuracy", security(("bearer" = ["admin"])),
    request_body = NewBacktest,
    responses((status = 202, description = "The order", body = Backtest)))]
async fn start_backtest(
    State(app): Shared,
    caller: Caller,
    body::Json(input): body::Json<NewBacktest>,
) -> Answer<impl IntoResponse> {
    exists(&app, &caller, &input.subject).await?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let now = app.ctx.clock.now();
    let today = day_of(tenant.now(now), &tenant.time_zone());
    if input.from.is_some_and(|from| from > today) {
        return Err(Problem::field("from", "out_of_range", "a day that has passed"));
    }
    if input.from.zip(input.to).is_some_and(|(from, to)| from > to) {
        return Err(Problem::field("to", "out_of_range", "not before `from`"));
    }
    let all = backtests::list(&app.ctx.table, &caller.tenant).await?;
    let busy = all.iter().find(|old| {
        let is_same = (&old.subject, old.from, old.to) == (&input.subject, input.from, input.to);
        is_same && old.is_open() && now.duration_since(old.asked_at).as_hours() < STALE_HOURS
    });
    if let Some(old) = busy {
        let text = format!("the same backtest ({}) is under way; wait for it", old.id);
        return Err(Problem::new(Kind::CONFLICT, text));
    }
    let unique = app.ctx.ids.next().simple().to_string();
    let unique = unique.get(unique.len() - 8..).unwrap_or_default();
    let asked = Backtest {
        from: input.from,
        to: input.to,
        ..Backtest::queued(input.subject, caller.author(), now, unique)
    };
    app.ctx
        .training
        .ask_backtest(&app.ctx.table, &caller.tenant, &asked)
        .await?;
    audit::done(&app, &caller, "backtest.start", &asked.id, &(), &asked).await;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

/// What is to be tested is there.
async fn exists(app: &App, caller: &Caller, subject: &Subject) -> Answer<()> {
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    match subject {
        Subject::Published | Subject::Rules { .. } => Ok(()),
        Subject::Version { version } if *version == SHIPPED => Ok(()),
        Subject::Model { kind, version } if *kind == PredictionKind::Churn && version == SHIPPED_MODEL => {
            Ok(())
        }
        Subject::Draft => {
            let (draft, _) = store::draft(table, tenant).await?;
            let text = "there is no draft; save one with PUT /v1/profiles/draft first";
            let is_there = draft.is_some_and(|draft| draft.set.is_some());
            is_there
                .then_some(())
                .ok_or_else(|| Problem::new(Kind::CONFLICT, text))
        }
        Subject::Version { version } => {
            let found = store::version(table, tenant, *version).await?;
            let text = "a published version of the profiles, or 1 for what is shipped";
            found
                .map(|_| ())
                .ok_or_else(|| Problem::field("subject.version", "unknown", text))
        }
        Subject::Model { kind, version } => {
            let found: Option<Value> = models::version(table, tenant, *kind, version).await?;
            let text = "a version of a model of this kind; GET /v1/models lists them";
            found
                .map(|_| ())
                .ok_or_else(|| Problem::field("subject.version", "unknown", text))
        }
    }
}

async fn found(app: &App, caller: &Caller, id: &str) -> Answer<(Backtest, Option<BacktestResult>)> {
    let asked = backtests::get(&app.ctx.table, &caller.tenant, id).await?;
    let asked = asked.ok_or_else(|| Problem::not_found("backtest"))?;
    let result = backtests::result(&app.ctx.table, &caller.tenant, id).await?;
    Ok((asked, result))
}

/// A backtest with what came of it
#[utoipa::path(get, path = "/v1/backtests/{id}", tag = "accuracy", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "The backtest")),
    responses((status = 200, description = "The backtest; its result when it is done", body = BacktestDetail)))]
async fn get_backtest(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<BacktestDetail>> {
    let (backtest, result) = found(&app, &caller, &id).await?;
    let names = match &result {
        Some(result) => backtests::names(&app.ctx.table, &caller.tenant, result).await?,
        None => BTreeMap::new(),
    };
    let accounts = names.into_iter().map(|(id, name)| NamedAccount {
        id: id.to_string(),
        name,
    });
    Ok(Json(BacktestDetail {
        backtest,
        result,
        accounts: accounts.collect(),
    }))
}

/// The report of a backtest, as a file
///
/// One page of HTML with its plots in it: it loads nothing, runs nothing and prints well. It is made when it is asked for,
/// so that it names nobody who was erased meanwhile.
#[utoipa::path(get, path = "/v1/backtests/{id}/report", tag = "accuracy", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "The backtest")),
    responses((status = 200, description = "The report", body = String, content_type = "text/html")))]
async fn get_backtest_report(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<impl IntoResponse> {
    let (backtest, result) = found(&app, &caller, &id).await?;
    let result = result.ok_or_else(|| {
        Problem::new(
            Kind::CONFLICT,
            "the backtest has no result yet; ask again when its status is `done`",
        )
    })?;
    let names = backtests::names(&app.ctx.table, &caller.tenant, &result).await?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let page = html(&tenant.name, &backtest, &result, &names);
    let file = format!("attachment; filename=\"backtest-{}.html\"", backtest.id);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, file),
        (header::CONTENT_SECURITY_POLICY, REPORT_POLICY.to_owned()),
    ];
    Ok((headers, page))
}
