//! How still scores stand, and what a parent's children come to.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use copilot_aws::{Item, family, keys, links, stats};
use copilot_domain::assessment::Assessment;
use copilot_domain::health::{Band, Points};
use copilot_domain::money::{Currency, Money};
use copilot_scoring::profiles::Rollup;
use copilot_scoring::rollup::{Child, roll_up};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::known_account;
use super::history::problem;
use crate::access::Caller;
use crate::dto::account::AccountCard;
use crate::dto::assessment::{AccountRollup, ChildScore, TenantStability};
use crate::dto::profile::RollupDoc;
use crate::problem::Answer;
use crate::{App, Shared};

/// How the figures are made, in words.
const FORMULA: &str = "changed_share: accounts whose band changed at least once from one score to the next in the last \
    30 days, over accounts with a score history of at least two days; mean_abs_change: the mean over the same accounts \
    of the points that a score moved by on a day (sum of absolute changes from one score to the next over the days \
    between the first and the last)";

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_stability))
        .routes(routes!(get_account_rollup))
}

/// How still the scores of the tenant stood in the last 30 days
#[utoipa::path(get, path = "/v1/stability", tag = "health", security(("bearer" = ["read"])),
    responses((status = 200, description = "Stability", body = TenantStability)))]
async fn get_stability(State(app): Shared, caller: Caller) -> Answer<Json<TenantStability>> {
    let found = stats::get(&app.ctx.table, &caller.tenant, app.ctx.clock.now()).await?;
    let (measured, moves) = (found.stability.measured, found.stability.moved_milli);
    let share = |part: f64| (measured > 0).then(|| (part / measured as f64 * 1_000.0).round() / 1_000.0);
    Ok(Json(TenantStability {
        accounts: measured,
        changed: found.stability.changed,
        changed_share: share(found.stability.changed as f64),
        mean_abs_change: share(moves as f64 / 1_000.0),
        formula: FORMULA.to_owned(),
        computed_at: found.computed_at,
        complete: found.complete,
    }))
}

/// What the children of an account come to
///
/// Children name the account's external id, in any of its sources, as their `parent`. How they are rolled up is said by
/// the account's profile; the account's own score is not touched. By ARR, amounts of one currency count: the one that
/// most children share.
#[utoipa::path(get, path = "/v1/accounts/{id}/rollup", tag = "health", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 200, description = "The roll-up with its children, the lowest score first", body = AccountRollup)))]
async fn get_account_rollup(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<AccountRollup>> {
    let account = known_account(&app, &caller, &id).await?;
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    let scored = table.get(&keys::assessment(tenant, account)).await?;
    let scored: Option<Assessment> = scored.as_ref().map(Item::document).transpose()?;
    let settings = app.ctx.scorer.settings(tenant, app.ctx.clock.now()).await;
    let settings = settings.map_err(problem)?;
    let profile = scored.as_ref().map(|assessment| assessment.profile.id.as_str());
    let mode = settings
        .profiles
        .profiles
        .iter()
        .find(|p| Some(p.id.as_str()) == profile);
    let mode = mode.map(|profile| profile.rollup).unwrap_or_default();
    let identities = links::identities(table, tenant, account).await?;
    let (mut cards, complete) = family::children::<AccountCard>(table, tenant, account, &identities).await?;
    let children: Vec<Child> = cards.iter().map(child).collect();
    let found = roll_up(mode, &children);
    cards.sort_by(|a, b| {
        let rank = |card: &AccountCard| card.score.unwrap_or(f64::INFINITY);
        rank(a).total_cmp(&rank(b)).then_with(|| a.name.cmp(&b.name))
    });
    Ok(Json(AccountRollup {
        mode: match mode {
            Rollup::Average => RollupDoc::Average,
            Rollup::ArrWeighted => RollupDoc::ArrWeighted,
            Rollup::Worst => RollupDoc::Worst,
        },
        score: found.score.map(Points::as_f64),
        band: found.score.map(Band::of),
        counted: found.counted as u64,
        children: cards
            .into_iter()
            .map(|card| ChildScore {
                id: card.id,
                name: card.name,
                score: card.score,
                band: card.band,
                arr: card.arr,
            })
            .collect(),
        complete,
    }))
}

fn child(card: &AccountCard) -> Child {
    Child {
        score: card.score.map(Points::from_f64),
        arr: card.arr.as_ref().and_then(|arr| {
            Some(Money {
                amount_minor: arr.amount_minor,
                currency: Currency::new(&arr.currency).ok()?,
            })
        }),
    }
}
