//! Work: opportunities, calls to action, playbooks.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use copilot_aws::keys::index;
use copilot_aws::table::{Condition, Query, Write};
use copilot_aws::{AwsError, Item, assessments, keys};
use copilot_domain::ids::{AlertId, CtaId};
use copilot_domain::limits::{MAX_NAME, MAX_TEXT};
use copilot_domain::opportunity::{Opportunity, OpportunityStage};
use copilot_domain::playbook::Playbook;
use copilot_scoring::playbooks;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{known_account, own_name};
use crate::access::Caller;
use crate::cursor::Fingerprint;
use crate::dto::page::{List, Page};
use crate::dto::work::{Cta, CtaPatch, CtaStatus, NewCta, OpportunityPatch, OpportunityView};
use crate::filter::Params;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, etag, paging};

/// Opportunities in one answer.
const MAX_OPPORTUNITIES: usize = 1_000;
/// Calls to action that a list looks at.
const MAX_CTAS: usize = 2_500;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_opportunities))
        .routes(routes!(get_opportunity, update_opportunity))
        .routes(routes!(list_ctas, create_cta))
        .routes(routes!(get_cta, update_cta))
        .routes(routes!(list_playbooks))
        .routes(routes!(get_playbook))
}

/// Opportunities, strongest first
#[utoipa::path(get, path = "/v1/opportunities", tag = "work", security(("bearer" = ["read"])),
    responses((status = 200, description = "Opportunities", body = List<OpportunityView>)))]
async fn list_opportunities(State(app): Shared, caller: Caller) -> Answer<Json<List<OpportunityView>>> {
    let items = opportunities(&app, &caller).await?;
    let data = items.iter().map(opportunity_view).collect::<Result<_, _>>()?;
    Ok(Json(List { data }))
}

/// The opportunities that are not closed, strongest first.
async fn opportunities(app: &App, caller: &Caller) -> Answer<Vec<Item>> {
    let read = Query {
        index: Some("gsi1"),
        pk: index::opportunities(&caller.tenant),
        descending: true,
        ..Query::default()
    };
    let (items, _) = paging::scan(&app.ctx.table, read, None, MAX_OPPORTUNITIES, |_| true).await?;
    Ok(items)
}

fn opportunity_view(item: &Item) -> Result<OpportunityView, AwsError> {
    let account: Value = item.parsed("account").unwrap_or_default();
    let text = |field: &str| account[field].as_str().map(str::to_owned);
    Ok(OpportunityView {
        opportunity: item.document()?,
        account_name: text("name").unwrap_or_default(),
        owner: text("owner"),
        etag: etag::of(item.rev()),
    })
}

/// An opportunity that is not closed, by its id: the index tells the account, the item is read again, consistently.
async fn opportunity(app: &App, caller: &Caller, id: &str) -> Answer<Item> {
    let missing = || Problem::not_found("open opportunity");
    let suffix = format!("#{id}");
    let listed = opportunities(app, caller).await?;
    let listed = listed
        .iter()
        .find(|item| item.str("g1sk").ends_with(&suffix))
        .ok_or_else(missing)?;
    let account = listed.document::<Opportunity>()?.account;
    let item = app
        .ctx
        .table
        .get(&keys::opportunity(&caller.tenant, account))
        .await?
        .ok_or_else(missing)?;
    if item.document::<Opportunity>()?.id.to_string() == id {
        Ok(item)
    } else {
        Err(missing())
    }
}

/// An opportunity that is not closed
#[utoipa::path(get, path = "/v1/opportunities/{id}", tag = "work", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Opportunity id, `opp_…`")),
    responses((status = 200, description = "The opportunity", body = OpportunityView)))]
async fn get_opportunity(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<impl IntoResponse> {
    let view = opportunity_view(&opportunity(&app, &caller, &id).await?)?;
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
    let new = Opportunity {
        stage: patch.stage,
        ..old.clone()
    };
    let account: Value = item.parsed("account").unwrap_or_default();
    let written = assessments::opportunity_item(&caller.tenant, &new, &account, item.rev() + 1);
    let entry = audit::item(&app, &caller, "opportunity.update", &id, &old.stage, &new.stage);
    let view = opportunity_view(&written)?;
    let writes = vec![
        Write::Put(written, Condition::Rev(item.rev())),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await.map_err(changed)?;
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}

fn changed(error: AwsError) -> Problem {
    if error.is_conflict() {
        return Problem::new(Kind::CHANGED, "read it again and repeat the change");
    }
    error.into()
}

/// The stored form of a call to action: a document of the tenant, listed by status and due day.
fn cta_item(caller: &Caller, cta: &Cta, rev: i64) -> Item {
    let tenant = &caller.tenant;
    let status = cta_word(cta.status);
    let due = cta
        .due_on
        .map_or_else(|| "9999-12-31".to_owned(), |day| day.to_string());
    Item::new(&keys::setting(tenant, &format!("CTA#{}", cta.id)), "cta")
        .number("rev", rev)
        .text("g1pk", &format!("T#{tenant}#CTA#{status}"))
        .text("g1sk", &format!("{due}#{}", cta.id))
        .text("f_owner", cta.owner.as_deref().unwrap_or_default())
        .text("f_account", cta.account.as_deref().unwrap_or_default())
        .data(cta)
}

fn cta_word(status: CtaStatus) -> &'static str {
    match status {
        CtaStatus::Open => "open",
        CtaStatus::Done => "done",
        CtaStatus::Dropped => "dropped",
    }
}

fn cta_view(item: &Item) -> Result<Cta, AwsError> {
    let cta: Cta = item.document()?;
    Ok(Cta {
        etag: etag::of(item.rev()),
        ..cta
    })
}

/// Calls to action by due day
#[utoipa::path(get, path = "/v1/ctas", tag = "work", security(("bearer" = ["read"])),
    params(("filter[owner][eq]" = Option<String>, Query, description = "An e-mail, or `me`"), ("filter[status][eq]" = Option<String>, Query, description = "open (default), done, dropped or all"), ("filter[account][eq]" = Option<String>, Query, description = "An account id"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of calls to action", body = Page<Cta>)))]
async fn list_ctas(State(app): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer<Json<Page<Cta>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let fingerprint = Fingerprint::of(&caller.tenant, "list_ctas", params.all());
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let owner = params
        .filter("owner", "eq")
        .map(|o| own_name(&caller, o))
        .transpose()?;
    let status = params.filter_word("status", "eq", &["open", "done", "dropped", "all"])?;
    let account = params.filter("account", "eq");
    params.finish()?;
    let tenant = &caller.tenant;
    let status = status.unwrap_or_else(|| "open".to_owned());
    let read = if status == "all" {
        Query {
            pk: keys::setting(tenant, "CTA#").pk,
            prefix: Some("CTA#".to_owned()),
            ..Query::default()
        }
    } else {
        Query {
            index: Some("gsi1"),
            pk: format!("T#{tenant}#CTA#{status}"),
            ..Query::default()
        }
    };
    let keep = |item: &Item| {
        owner.as_ref().is_none_or(|o| item.str("f_owner") == o)
            && account.as_ref().is_none_or(|a| item.str("f_account") == a)
    };
    let rows = paging::read(
        &app.ctx.table,
        read,
        &fingerprint,
        cursor.as_deref(),
        limit.min(MAX_CTAS),
        keep,
    )
    .await?;
    let data = rows.items.iter().map(cta_view).collect::<Result<_, _>>()?;
    Ok(Json(Page {
        data,
        next: rows.next,
    }))
}

fn checked(field: &str, text: &str, max: usize) -> Answer<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > max {
        return Err(Problem::field(
            field,
            "out_of_range",
            format!("1 to {max} characters"),
        ));
    }
    Ok(text.to_owned())
}

/// Make a call to action
#[utoipa::path(post, path = "/v1/ctas", tag = "work", security(("bearer" = ["write"])),
    request_body = NewCta,
    responses((status = 201, description = "The call to action", body = Cta)))]
async fn create_cta(
    State(app): Shared,
    caller: Caller,
    body::Json(input): body::Json<NewCta>,
) -> Answer<(StatusCode, Json<Cta>)> {
    let title = checked("title", &input.title, MAX_NAME)?;
    let note = input
        .note
        .map(|note| checked("note", &note, MAX_TEXT))
        .transpose()?;
    let owner = input
        .owner
        .map(|owner| checked("owner", &owner.to_lowercase(), MAX_NAME))
        .transpose()?;
    if let Some(account) = &input.account {
        known_account(&app, &caller, account).await?;
    }
    if let Some(alert) = &input.alert {
        let alert: AlertId = alert.parse().map_err(|_| Problem::not_found("alert"))?;
        let found = app.ctx.table.get(&keys::alert(&caller.tenant, alert)).await?;
        found.ok_or_else(|| Problem::not_found("alert"))?;
    }
    if let Some(playbook) = &input.playbook {
        library()?
            .iter()
            .find(|p| p.id == *playbook)
            .ok_or_else(|| Problem::not_found("playbook"))?;
    }
    let cta = Cta {
        id: CtaId::from_uuid(app.ctx.ids.next()).to_string(),
        title,
        account: input.account,
        alert: input.alert,
        playbook: input.playbook,
        owner: owner.or_else(|| caller.email.clone()),
        due_on: input.due_on,
        status: CtaStatus::Open,
        note,
        created_at: app.ctx.clock.now(),
        created_by: caller.author().to_owned(),
        closed_at: None,
        etag: etag::of(1),
    };
    let entry = audit::item(&app, &caller, "cta.create", &cta.id, &(), &cta);
    let writes = vec![
        Write::Put(cta_item(&caller, &cta, 1), Condition::Absent),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await?;
    Ok((StatusCode::CREATED, Json(cta)))
}

async fn stored_cta(app: &App, caller: &Caller, id: &str) -> Answer<Item> {
    let id: CtaId = id.parse().map_err(|_| Problem::not_found("call to action"))?;
    let item = app
        .ctx
        .table
        .get(&keys::setting(&caller.tenant, &format!("CTA#{id}")))
        .await?;
    item.ok_or_else(|| Problem::not_found("call to action"))
}

/// A call to action
#[utoipa::path(get, path = "/v1/ctas/{id}", tag = "work", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Call to action id, `cta_…`")),
    responses((status = 200, description = "The call to action", body = Cta)))]
async fn get_cta(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<impl IntoResponse> {
    let cta = cta_view(&stored_cta(&app, &caller, &id).await?)?;
    Ok(([(header::ETAG, cta.etag.clone())], Json(cta)))
}

/// Change a call to action
#[utoipa::path(patch, path = "/v1/ctas/{id}", tag = "work", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Call to action id, `cta_…`")),
    request_body = CtaPatch,
    responses((status = 200, description = "The call to action as it is now", body = Cta)))]
async fn update_cta(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body::Json(patch): body::Json<CtaPatch>,
) -> Answer<impl IntoResponse> {
    let item = stored_cta(&app, &caller, &id).await?;
    etag::must_match(&headers, &etag::of(item.rev()))?;
    let old: Cta = cta_view(&item)?;
    let mut new = old.clone();
    if let Some(title) = &patch.title {
        new.title = checked("title", title, MAX_NAME)?;
    }
    if let Some(owner) = &patch.owner {
        new.owner = Some(checked("owner", &owner.to_lowercase(), MAX_NAME)?);
    }
    if let Some(note) = &patch.note {
        new.note = Some(checked("note", note, MAX_TEXT)?);
    }
    if let Some(status) = patch.status {
        new.status = status;
        new.closed_at = (status != CtaStatus::Open).then(|| app.ctx.clock.now());
    }
    new.due_on = patch.due_on.or(new.due_on);
    new.etag = etag::of(item.rev() + 1);
    let entry = audit::item(&app, &caller, "cta.update", &new.id, &old, &new);
    let written = cta_item(&caller, &new, item.rev() + 1);
    let writes = vec![
        Write::Put(written, Condition::Rev(item.rev())),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await.map_err(changed)?;
    Ok(([(header::ETAG, new.etag.clone())], Json(new)))
}

/// The library of playbooks
#[utoipa::path(get, path = "/v1/playbooks", tag = "work", security(("bearer" = ["read"])),
    responses((status = 200, description = "Playbooks", body = List<Playbook>)))]
async fn list_playbooks(_: State<Arc<App>>, _: Caller) -> Answer<Json<List<Playbook>>> {
    Ok(Json(List { data: library()? }))
}

/// A playbook
#[utoipa::path(get, path = "/v1/playbooks/{id}", tag = "work", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Playbook id, e.g. P01")),
    responses((status = 200, description = "The playbook", body = Playbook)))]
async fn get_playbook(_: State<Arc<App>>, _: Caller, Path(id): Path<String>) -> Answer<Json<Playbook>> {
    let found = library()?.into_iter().find(|playbook| playbook.id == id);
    found.map(Json).ok_or_else(|| Problem::not_found("playbook"))
}

fn library() -> Answer<Vec<Playbook>> {
    playbooks::shipped().map_err(|error| Problem::internal(&error))
}
