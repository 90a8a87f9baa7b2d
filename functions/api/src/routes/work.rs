//! Work: opportunities.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use copilot_aws::keys::index;
use copilot_aws::table::{Condition, Query, Write};
use copilot_aws::{AwsError, Item, assessments, keys, stats};
use copilot_domain::ids::{AccountId, OpportunityId};
use copilot_domain::opportunity::{Opportunity, OpportunityStage};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::expand;
use crate::access::Caller;
use crate::dto::page::Page;
use crate::dto::work::{OpportunityPatch, OpportunityView};
use crate::filter::Params;
use crate::playbooks::Off;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, etag, paging};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_opportunities))
        .routes(routes!(get_opportunity, update_opportunity))
}

/// Opportunities that are not closed, strongest first; of one score, the one with the larger expected amount
#[utoipa::path(get, path = "/v1/opportunities", tag = "work", security(("bearer" = ["read"])),
    params(("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before"), ("fields" = Option<String>, Query, description = "Names of top-level fields of a row, comma-separated: nothing else is answered"), ("expand" = Option<String>, Query, description = "`account`: the card of its account stands beside each row, in `account_card`")),
    responses((status = 200, description = "A page of opportunities", body = Page<OpportunityView>)))]
async fn list_opportunities(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<OpportunityView>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let with_cards = expand::wanted(&mut params)?;
    let read = by_score(&caller);
    let rows = paging::all(&app.ctx.table, &caller.tenant, "list_opportunities", params, read).await?;
    let off = Off::of(&app, &caller.tenant).await?;
    let mut data = rows
        .items
        .iter()
        .map(|item| opportunity_view(item, &off))
        .collect::<Result<Vec<_>, _>>()?;
    if with_cards {
        let accounts = data.iter().map(|row| row.opportunity.account);
        let cards = expand::cards(&app, &caller, accounts).await?;
        for row in &mut data {
            row.account_card = cards.get(&row.opportunity.account).cloned().map(Box::new);
        }
    }
    Ok(Json(Page {
        data,
        next: rows.next,
    }))
}

/// The opportunities that are not closed, strongest first.
fn by_score(caller: &Caller) -> Query {
    Query {
        index: Some("gsi1"),
        pk: index::opportunities(&caller.tenant),
        descending: true,
        ..Query::default()
    }
}

fn opportunity_view(item: &Item, off: &Off) -> Result<OpportunityView, AwsError> {
    let account: Value = item.parsed("account").unwrap_or_default();
    let mut opportunity: Opportunity = item.document()?;
    off.hide(&mut opportunity.playbook);
    let text = |field: &str| account[field].as_str().map(str::to_owned);
    Ok(OpportunityView {
        opportunity,
        account_name: text("name").unwrap_or_default(),
        owner: text("owner"),
        etag: etag::of(item.rev()),
        account_card: None,
    })
}

/// An opportunity that is not closed, by its id: an item tells its account, where the opportunity stands.
async fn opportunity(app: &App, caller: &Caller, id: &str) -> Answer<Item> {
    let missing = || Problem::not_found("open opportunity");
    let id: OpportunityId = id.parse().map_err(|_| missing())?;
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    let known = table.get(&keys::opportunity_id(tenant, id)).await?;
    let account = known.and_then(|item| item.str("account").parse::<AccountId>().ok());
    let account = match account {
        Some(account) => Some(account),
        None => listed(app, caller, id).await?,
    };
    let item = table
        .get(&keys::opportunity(tenant, account.ok_or_else(missing)?))
        .await?
        .ok_or_else(missing)?;
    let found: Opportunity = item.document()?;
    if found.id == id && !found.stage.is_closed() {
        Ok(item)
    } else {
        Err(missing())
    }
}

/// The account of an opportunity that no item names: one of before such items were written. It is looked for in the
/// whole list, of which no more than its keys is read.
async fn listed(app: &App, caller: &Caller, id: OpportunityId) -> Answer<Option<AccountId>> {
    let suffix = format!("#{id}");
    let mut read = Query {
        attributes: vec!["pk", "g1sk"],
        ..by_score(caller)
    };
    loop {
        let page = app.ctx.table.page(&read).await?;
        let found = page.items.iter().find(|item| item.str("g1sk").ends_with(&suffix));
        if let Some(item) = found {
            return Ok(stats::account(item));
        }
        read.start = page.next;
        if read.start.is_none() {
            return Ok(None);
        }
    }
}

/// An opportunity that is not closed
#[utoipa::path(get, path = "/v1/opportunities/{id}", tag = "work", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Opportunity id, `opp_…`"), ("fields" = Option<String>, Query, description = "Names of top-level fields of a row, comma-separated: nothing else is answered")),
    responses((status = 200, description = "The opportunity", body = OpportunityView)))]
async fn get_opportunity(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<impl IntoResponse> {
    let item = opportunity(&app, &caller, &id).await?;
    let view = opportunity_view(&item, &Off::of(&app, &caller.tenant).await?)?;
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}

/// Move an opportunity to another stage
#[utoipa::path(patch, path = "/v1/opportunities/{id}", tag = "work", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Opportunity id, `opp_…`")),
    request_body = OpportunityPatch,
    responses((status = 200, description = "The opportunity as it is now", body = OpportunityView)))]
async fn update_opportunity(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body::Json(patch): body::Json<OpportunityPatch>,
) -> Answer<impl IntoResponse> {
    let item = opportunity(&app, &caller, &id).await?;
    etag::must_match(&headers, &etag::of(item.rev()))?;
    if patch.stage == OpportunityStage::Withdrawn {
        return Err(Problem::field(
            "stage",
            "unknown",
            "withdrawn is set by the account's health, not by hand",
        ));
    }
    let old: Opportunity = item.document()?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let new = Opportunity {
        stage: patch.stage,
        closed_at: (patch.stage.is_closed()).then(|| tenant.now(app.ctx.clock.now())),
        ..old.clone()
    };
    let account: Value = item.parsed("account").unwrap_or_default();
    let written = assessments::opportunity_item(&caller.tenant, &new, &account, item.rev() + 1);
    let entry = audit::item(&app, &caller, "opportunity.update", &id, &old.stage, &new.stage);
    let view = opportunity_view(&written, &Off::of(&app, &caller.tenant).await?)?;
    let writes = vec![
        Write::Put(written, Condition::Rev(item.rev())),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await.map_err(changed)?;
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}

/// A conflict of a write is a change since the read.
pub(super) fn changed(error: AwsError) -> Problem {
    if error.is_conflict() {
        return Problem::new(Kind::CHANGED, "read it again and repeat the change");
    }
    error.into()
}
