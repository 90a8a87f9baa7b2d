//! Calls to action: work items of CSMs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use copilot_aws::keys::index;
use copilot_aws::table::{Condition, Query, Write};
use copilot_aws::{AwsError, Item, keys};
use copilot_domain::ids::{AccountId, AlertId, CtaId};
use copilot_domain::limits::{MAX_NAME, MAX_TEXT};
use copilot_domain::notify::address;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{known_account, own_name};
use super::expand;
use super::work::changed;
use crate::access::Caller;
use crate::cursor::Fingerprint;
use crate::dto::page::Page;
use crate::dto::work::{Cta, CtaPatch, CtaStatus, NewCta};
use crate::filter::Params;
use crate::playbooks::{Off, shipped_one};
use crate::problem::{Answer, Problem};
use crate::{App, Shared, audit, body, etag, paging, text};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_ctas, create_cta))
        .routes(routes!(get_cta, update_cta))
}

/// The stored form of a call to action: a document of the tenant, listed by status and due day, and by its owner.
fn cta_item(caller: &Caller, id: CtaId, cta: &Cta, rev: i64) -> Item {
    let tenant = &caller.tenant;
    let status = cta_word(cta.status);
    let due = cta
        .due_on
        .map_or_else(|| "9999-12-31".to_owned(), |day| day.to_string());
    let owner = cta.owner.as_deref().unwrap_or_default();
    let mut item = Item::new(&keys::cta(tenant, id), "cta");
    if !owner.is_empty() {
        item = item
            .text("g2pk", &index::cta_owner(tenant, owner))
            .text("g2sk", &format!("{status}#{due}#{id}"));
    }
    item.number("rev", rev)
        .text("g1pk", &index::ctas(tenant, status))
        .text("g1sk", &format!("{due}#{id}"))
        .text("f_owner", owner)
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
    params(("filter[owner][eq]" = Option<String>, Query, description = "An e-mail, or `me`"), ("filter[status][eq]" = Option<String>, Query, description = "open (default), done, dropped or all"), ("filter[account][eq]" = Option<String>, Query, description = "An account id"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before"), ("fields" = Option<String>, Query, description = "Names of top-level fields of a row, comma-separated: nothing else is answered"), ("expand" = Option<String>, Query, description = "`account`: the card of its account stands beside each row, in `account_card`")),
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
    let with_cards = expand::wanted(&mut params)?;
    params.finish()?;
    let tenant = &caller.tenant;
    let status = status.unwrap_or_else(|| "open".to_owned());
    let is_all = status == "all";
    let read = match &owner {
        Some(owner) => Query {
            index: Some("gsi2"),
            pk: index::cta_owner(tenant, owner),
            prefix: (!is_all).then(|| format!("{status}#")),
            ..Query::default()
        },
        None if is_all => Query {
            pk: keys::tenant(tenant).pk,
            prefix: Some(keys::CTA_FIRST.to_owned()),
            ..Query::default()
        },
        None => Query {
            index: Some("gsi1"),
            pk: index::ctas(tenant, &status),
            ..Query::default()
        },
    };
    let keep = |item: &Item| account.as_ref().is_none_or(|a| item.str("f_account") == a);
    let rows = paging::read(&app.ctx.table, read, &fingerprint, cursor.as_deref(), limit, keep).await?;
    let mut data = rows.items.iter().map(cta_view).collect::<Result<Vec<_>, _>>()?;
    if with_cards {
        let of = |cta: &Cta| cta.account.as_ref().and_then(|id| id.parse::<AccountId>().ok());
        let cards = expand::cards(&app, &caller, data.iter().filter_map(of)).await?;
        for row in &mut data {
            row.account_card = of(row).and_then(|id| cards.get(&id).cloned()).map(Box::new);
        }
    }
    Ok(Json(Page {
        data,
        next: rows.next,
    }))
}

/// Who does it, as messages are addressed.
fn owner(owner: &str) -> Answer<String> {
    address(owner).ok_or_else(|| {
        let expected = "expected an e-mail address such as jo@example.com";
        Problem::field("owner", "malformed", expected)
    })
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
    let title = text::line("title", &input.title, MAX_NAME)?;
    let note = input
        .note
        .map(|note| text::long("note", &note, MAX_TEXT))
        .transpose()?;
    let owner = input.owner.as_deref().map(owner).transpose()?;
    if let Some(account) = &input.account {
        known_account(&app, &caller, account).await?;
    }
    if let Some(alert) = &input.alert {
        let alert: AlertId = alert.parse().map_err(|_| Problem::not_found("alert"))?;
        let found = app.ctx.table.get(&keys::alert(&caller.tenant, alert)).await?;
        found.ok_or_else(|| Problem::not_found("alert"))?;
    }
    if let Some(playbook) = &input.playbook {
        shipped_one(playbook)?;
        let mut proposed = Some(playbook.clone());
        Off::of(&app, &caller.tenant).await?.hide(&mut proposed);
        if proposed.is_none() {
            let detail = "the playbook is switched off; switch it on, or leave it out";
            return Err(Problem::field("playbook", "disabled", detail));
        }
    }
    let id = CtaId::from_uuid(app.ctx.ids.next());
    let cta = Cta {
        id: id.to_string(),
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
        account_card: None,
    };
    let entry = audit::item(&app, &caller, "cta.create", &cta.id, &(), &cta);
    let writes = vec![
        Write::Put(cta_item(&caller, id, &cta, 1), Condition::Absent),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await?;
    Ok((StatusCode::CREATED, Json(cta)))
}

async fn stored_cta(app: &App, caller: &Caller, id: &str) -> Answer<(CtaId, Item)> {
    let missing = || Problem::not_found("call to action");
    let id: CtaId = id.parse().map_err(|_| missing())?;
    let item = app.ctx.table.get(&keys::cta(&caller.tenant, id)).await?;
    Ok((id, item.ok_or_else(missing)?))
}

/// A call to action
#[utoipa::path(get, path = "/v1/ctas/{id}", tag = "work", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Call to action id, `cta_…`"), ("fields" = Option<String>, Query, description = "Names of top-level fields of a row, comma-separated: nothing else is answered")),
    responses((status = 200, description = "The call to action", body = Cta)))]
async fn get_cta(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<impl IntoResponse> {
    let cta = cta_view(&stored_cta(&app, &caller, &id).await?.1)?;
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
    let (cta_id, item) = stored_cta(&app, &caller, &id).await?;
    etag::must_match(&headers, &etag::of(item.rev()))?;
    let old: Cta = cta_view(&item)?;
    let mut new = old.clone();
    if let Some(title) = &patch.title {
        new.title = text::line("title", title, MAX_NAME)?;
    }
    if let Some(given) = &patch.owner {
        new.owner = given.as_deref().map(owner).transpose()?;
    }
    if let Some(note) = &patch.note {
        let read = |note: &str| text::long("note", note, MAX_TEXT);
        new.note = note.as_deref().map(read).transpose()?;
    }
    if let Some(status) = patch.status {
        new.status = status;
        new.closed_at = (status != CtaStatus::Open).then(|| app.ctx.clock.now());
    }
    new.due_on = patch.due_on.unwrap_or(new.due_on);
    new.etag = etag::of(item.rev() + 1);
    let entry = audit::item(&app, &caller, "cta.update", &new.id, &old, &new);
    let written = cta_item(&caller, cta_id, &new, item.rev() + 1);
    let writes = vec![
        Write::Put(written, Condition::Rev(item.rev())),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await.map_err(changed)?;
    Ok(([(header::ETAG, new.etag.clone())], Json(new)))
}
