//! Overrides: a person's own score of an account, until a day.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use copilot_aws::overrides;
use copilot_aws::table::{Condition, Write};
use copilot_domain::health::{Health, Points};
use copilot_domain::ids::AccountId;
use copilot_domain::limits::MAX_TEXT;
use copilot_domain::score_override::{DEFAULT_DAYS, MAX_DAYS, ScoreOverride};
use copilot_domain::time::shift;
use jiff::civil::Date;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::known_account;
use super::history::{problem, today};
use crate::access::Caller;
use crate::dto::account::NewOverride;
use crate::problem::{Answer, Problem};
use crate::{App, Shared, audit, body, text};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(override_account_score, remove_account_override))
}

/// Set the score of an account in place of the computed one
///
/// The computed score goes on beside it, and the points lost still sum to 100 minus the score. No scoring takes it away;
/// it ends by itself after its last day. A newer override takes the place of an older one.
#[utoipa::path(put, path = "/v1/accounts/{id}/override", tag = "health", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    request_body = NewOverride,
    responses((status = 200, description = "Health as it is now", body = Health)))]
async fn override_account_score(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    body::Json(input): body::Json<NewOverride>,
) -> Answer<Json<Health>> {
    let account = known_account(&app, &caller, &id).await?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let today = today(&app, &tenant);
    let given = ScoreOverride {
        score: score(input.score)?,
        reason: text::long("reason", &input.reason, MAX_TEXT)?,
        author: caller.author().to_owned(),
        given_at: tenant.now(app.ctx.clock.now()),
        until: until(input.until, today)?,
        removed_at: None,
        removed_by: None,
    };
    let all = overrides::all(&app.ctx.table, &caller.tenant, account).await?;
    let before = ScoreOverride::at(&all, given.given_at, today);
    let entry = audit::item(&app, &caller, "account.override", &id, &before, &given);
    let writes = vec![
        Write::Put(overrides::item(&caller.tenant, account, &given), Condition::None),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await?;
    Ok(Json(scored(&app, &caller, account).await?))
}

/// Take the override of an account's score back
#[utoipa::path(delete, path = "/v1/accounts/{id}/override", tag = "health", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 204, description = "The computed score stands again")))]
async fn remove_account_override(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let account = known_account(&app, &caller, &id).await?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let now = tenant.now(app.ctx.clock.now());
    let all = overrides::all(&app.ctx.table, &caller.tenant, account).await?;
    let stands = ScoreOverride::at(&all, now, today(&app, &tenant));
    let stands = stands.ok_or_else(|| Problem::not_found("override"))?;
    let removed = ScoreOverride {
        removed_at: Some(now),
        removed_by: Some(caller.author().to_owned()),
        ..stands.clone()
    };
    let entry = audit::item(&app, &caller, "account.override_removed", &id, stands, &removed);
    let writes = vec![
        Write::Put(
            overrides::item(&caller.tenant, account, &removed),
            Condition::None,
        ),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await?;
    scored(&app, &caller, account).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn score(given: f64) -> Answer<Points> {
    let points = Points::from_f64(given);
    // One decimal, as every score has.
    if (0.0..=100.0).contains(&given) && points.milli() % 100 == 0 {
        return Ok(points);
    }
    Err(Problem::field(
        "score",
        "out_of_range",
        "0 to 100, at most one decimal",
    ))
}

fn until(given: Option<Date>, today: Date) -> Answer<Date> {
    let until = given.unwrap_or_else(|| shift(today, DEFAULT_DAYS));
    let last = shift(today, MAX_DAYS);
    if (today..=last).contains(&until) {
        return Ok(until);
    }
    let limit = format!("a day from {today} to {last}: an override ends within {MAX_DAYS} days");
    Err(Problem::field("until", "out_of_range", limit))
}

/// Scores the account, so that what was done shows at once.
async fn scored(app: &App, caller: &Caller, account: AccountId) -> Answer<Health> {
    let clock = app.ctx.clock.now();
    let done = app.ctx.scorer.score(&caller.tenant, account, clock).await;
    Ok(done.map_err(problem)?.assessment.health)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_and_a_last_day_outside_of_their_limits_are_refused_by_name() {
        let field = |answer: Answer<()>| answer.unwrap_err().errors[0].field.clone();
        for wrong in [-0.1, 100.1, 50.05] {
            assert_eq!(field(score(wrong).map(|_| ())), "score", "{wrong}");
        }
        assert_eq!(score(49.9).unwrap(), Points::from_milli(49_900));
        let today: Date = "2026-03-01".parse().unwrap();
        assert_eq!(until(None, today).unwrap().to_string(), "2026-03-15");
        assert_eq!(until(Some(today), today).unwrap(), today);
        for wrong in ["2026-02-28", "2026-05-31"] {
            let given = Some(wrong.parse().unwrap());
            assert_eq!(field(until(given, today).map(|_| ())), "until", "{wrong}");
        }
    }
}
