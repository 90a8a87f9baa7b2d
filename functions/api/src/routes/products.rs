//! Products: what an account owns and is likely to take next, what was learnt of that, learning it, going back.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use copilot_aws::products;
use copilot_aws::table::{Condition, Write};
use copilot_domain::model::RunStatus;
use copilot_domain::product::ProductRun;
use copilot_domain::time::Timestamp;
use copilot_features::holdings::holdings;
use copilot_learning::products::LEAST_TAKERS;
use copilot_pipeline::products::Answers;
use copilot_scoring::next_product::ProductModel;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::known_account;
use super::history::problem;
use super::models::STALE_RUN_HOURS;
use super::work::changed;
use crate::access::Caller;
use crate::dto::product::{AccountProducts, OwnedProduct, ProductOwners, ProductsView};
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, etag};

/// Products that are listed.
const LISTED: usize = 200;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_account_products))
        .routes(routes!(get_products))
        .routes(routes!(learn_products))
        .routes(routes!(roll_back_products))
}

/// What an account owns and is likely to take next
///
/// Owned are the products on its bills (`products` of an invoice) and the plans of its subscriptions. What it is likely to take
/// next is told by the accounts that own the same, with the counts; only where such lists were better than that of what most
/// accounts own, on months that they had not seen.
#[utoipa::path(get, path = "/v1/accounts/{id}/products", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 200, description = "Its products", body = AccountProducts)))]
async fn get_account_products(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<AccountProducts>> {
    let account = known_account(&app, &caller, &id).await?;
    let (scorer, clock) = (&app.ctx.scorer, app.ctx.clock.now());
    let settings = scorer.settings(&caller.tenant, clock).await.map_err(problem)?;
    let now = settings.tenant.now(clock);
    let loaded = scorer.load(&caller.tenant, account, &settings.tenant, now).await;
    let mut held = holdings(&loaded.map_err(problem)?.history.snapshot(now));
    let answers = scorer.products().answers(&app.ctx.table, &caller.tenant).await?;
    let names = held.iter().map(|one| one.product.as_str());
    let (next, version, note) = match &answers {
        Answers::Nothing => (
            Vec::new(),
            None,
            Some("nothing was learnt of products yet".to_owned()),
        ),
        Answers::Lost(version) => {
            let note = format!("what was learnt ({version}) cannot be read; learn again or go back");
            (Vec::new(), None, Some(note))
        }
        Answers::Model(model) => {
            let next = model.tell(&model.places(names), model.likely());
            let note = next
                .is_empty()
                .then(|| "no account that owns the same owns more".to_owned());
            (next, Some(model.version.clone()), note)
        }
    };
    held.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.product.cmp(&b.product)));
    let owned_total = held.len();
    let owned = held.into_iter().take(LISTED).map(|one| OwnedProduct {
        product: one.product,
        first: one.first,
        last: one.last,
        bills: one.bills,
        used: one.used,
    });
    Ok(Json(AccountProducts {
        owned: owned.collect(),
        owned_total,
        next,
        version,
        note,
    }))
}

/// The products that most accounts own, those that somebody still buys first. Plans are left out: an account has one or another.
pub(super) fn most_owned(model: &ProductModel, most: usize) -> Vec<ProductOwners> {
    let mut counts: Vec<_> = model.products.iter().filter(|count| !count.is_plan).collect();
    counts.sort_by_key(|count| (Reverse(count.sold), Reverse(count.owners)));
    let listed = counts.into_iter().take(most).map(|count| ProductOwners {
        name: count.name.clone(),
        owners: Some(count.owners),
        sold: count.sold,
    });
    listed.collect()
}

/// What was learnt of the tenant's products
#[utoipa::path(get, path = "/v1/products", tag = "models", security(("bearer" = ["read"])),
    responses((status = 200, description = "What answers, its figures, the newest run", body = ProductsView)))]
async fn get_products(State(app): Shared, caller: Caller) -> Answer<Json<ProductsView>> {
    Ok(Json(view(&app, &caller).await?))
}

async fn view(app: &App, caller: &Caller) -> Answer<ProductsView> {
    let (table, id) = (&app.ctx.table, &caller.tenant);
    let (pointer, rev) = products::pointer(table, id).await?;
    let answers = app.ctx.scorer.products().answers(table, id).await?;
    Ok(ProductsView {
        own: pointer.own,
        lost: matches!(answers, Answers::Lost(_)),
        can_go_back: !pointer.before.is_empty(),
        takers_needed: LEAST_TAKERS,
        versions: products::versions(table, id).await?,
        last_run: products::runs(table, id).await?.into_iter().next(),
        products: match &answers {
            Answers::Model(model) => most_owned(model, LISTED),
            _ => Vec::new(),
        },
        etag: etag_of(rev),
    })
}

fn etag_of(rev: i64) -> String {
    format!("\"products-{rev}\"")
}

fn is_under_way(run: &ProductRun, now: Timestamp) -> bool {
    let is_open = matches!(run.status, RunStatus::Queued | RunStatus::Running);
    is_open && now.duration_since(run.asked_at).as_hours() < STALE_RUN_HOURS
}

/// Learn which products go together
///
/// The answer is the run; it goes on by itself. What it learnt answers only where its lists are better than that of what most
/// accounts own, on months that it has not seen; else the run ends without and says so.
#[utoipa::path(post, path = "/v1/products/runs", tag = "models", security(("bearer" = ["admin"])),
    responses((status = 202, description = "The run", body = ProductRun)))]
async fn learn_products(State(app): Shared, caller: Caller) -> Answer<impl IntoResponse> {
    let (table, now) = (&app.ctx.table, app.ctx.clock.now());
    let runs = products::runs(table, &caller.tenant).await?;
    if let Some(run) = runs.iter().find(|run| is_under_way(run, now)) {
        let text = format!("the run {} is under way; wait for it", run.id);
        return Err(Problem::new(Kind::CONFLICT, text));
    }
    let unique = app.ctx.ids.next().simple().to_string();
    let unique = unique.get(unique.len() - 8..).unwrap_or_default();
    let run = ProductRun::queued(caller.author(), now, unique);
    app.ctx.training.ask_products(table, &caller.tenant, &run).await?;
    audit::done(&app, &caller, "products.learn", &run.id, &(), &run).await;
    Ok((StatusCode::ACCEPTED, Json(run)))
}

/// Go back to what was learnt of products before, down to telling nothing
#[utoipa::path(post, path = "/v1/products/rollback", tag = "models", security(("bearer" = ["admin"])),
    responses((status = 200, description = "What answers now", body = ProductsView)))]
async fn roll_back_products(
    State(app): Shared,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<impl IntoResponse> {
    let (table, id) = (&app.ctx.table, &caller.tenant);
    let (before, rev) = products::pointer(table, id).await?;
    if rev == 0 {
        return Err(Problem::not_found("version of what was learnt of products"));
    }
    etag::must_match(&headers, &etag_of(rev))?;
    let mut after = before.clone();
    let now = app.ctx.tenant(id).await?.now(app.ctx.clock.now());
    let gone = after.go_back(now);
    gone.map_err(|none| Problem::new(Kind::CONFLICT, none.to_string()))?;
    let note = audit::item(&app, &caller, "products.rollback", "products", &before, &after);
    let (item, condition) = products::pointer_item(id, &after, rev);
    let writes = vec![Write::Put(item, condition), Write::Put(note, Condition::None)];
    table.transact(writes).await.map_err(changed)?;
    let view = view(&app, &caller).await?;
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}
