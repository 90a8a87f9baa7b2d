//! The grid of products and accounts: owned, used, likely next, untouched.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use copilot_aws::keys::{self, index};
use copilot_aws::products;
use copilot_aws::table::Query;
use copilot_domain::time::Timestamp;
use copilot_features::holdings::{Holding, holdings};
use copilot_pipeline::products::Answers;
use copilot_pipeline::{ScoreError, TenantView};
use copilot_scoring::next_product::ProductModel;
use futures::stream::{self, StreamExt, TryStreamExt};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{own_name, short};
use super::history::problem;
use super::products::most_owned;
use crate::access::Caller;
use crate::cursor::Fingerprint;
use crate::dto::account::AccountCard;
use crate::dto::product::{ProductOwners, WhiteSpaceCell, WhiteSpacePage, WhiteSpaceRow};
use crate::filter::Params;
use crate::problem::{Answer, Problem};
use crate::{App, Shared, paging};

/// Columns of the grid.
const COLUMNS: usize = 12;
/// Rows of a page at most: each account's history is read.
const MOST_ROWS: usize = 50;
/// Histories that are read at once.
const AT_ONCE: usize = 8;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get_white_space))
}

/// The grid of products and accounts: owned, used, likely next, untouched
///
/// Accounts by name (with `filter[owner][eq]`, the most urgent first), or, of a `product`, those that it fits best and that
/// did not own it when that was learnt: up to `limit` of them, with no `next`; `not_found` where nothing was learnt yet.
/// Columns are the products that most accounts own; before anything was learnt, that most accounts of this page own.
#[utoipa::path(get, path = "/v1/products/white-space", tag = "accounts", security(("bearer" = ["read"])),
    params(("product" = Option<String>, Query, description = "Only accounts that this product fits, the best first; its column leads"), ("filter[owner][eq]" = Option<String>, Query, description = "A CSM's e-mail, or `me`"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 50; 25 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of the grid", body = WhiteSpacePage)))]
async fn get_white_space(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<WhiteSpacePage>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let fingerprint = Fingerprint::of(&caller.tenant, "get_white_space", params.all());
    let limit = match params.take("limit") {
        None => 25,
        Some(text) => (text.parse().ok())
            .filter(|rows| (1..=MOST_ROWS).contains(rows))
            .ok_or_else(|| {
                Problem::field(
                    "limit",
                    "out_of_range",
                    format!("a whole number from 1 to {MOST_ROWS}"),
                )
            })?,
    };
    let cursor = params.take("cursor");
    let product = params
        .take("product")
        .map(|name| short("product", name))
        .transpose()?;
    let owner = params
        .filter("owner", "eq")
        .map(|o| own_name(&caller, o))
        .transpose()?;
    params.finish()?;
    let (scorer, clock) = (&app.ctx.scorer, app.ctx.clock.now());
    let model = match scorer.products().answers(&app.ctx.table, &caller.tenant).await? {
        Answers::Model(model) => Some(model),
        _ => None,
    };
    let (cards, next) = if let Some(product) = &product {
        let version = model.as_ref().map(|model| model.version.as_str());
        let cards = fitting(&app, &caller, version, product, owner.as_deref(), limit).await?;
        (cards, None)
    } else {
        let mut read = Query {
            pk: index::accounts(&caller.tenant),
            index: Some("gsi1"),
            ..Query::default()
        };
        if let Some(owner) = &owner {
            (read.index, read.pk) = (Some("gsi6"), index::owner(&caller.tenant, owner));
            read.descending = true;
        }
        let table = &app.ctx.table;
        let rows = paging::read(table, read, &fingerprint, cursor.as_deref(), limit, |_| true).await?;
        let cards = rows.items.iter().map(copilot_aws::Item::document);
        (cards.collect::<Result<Vec<AccountCard>, _>>()?, rows.next)
    };
    let settings = scorer.settings(&caller.tenant, clock).await.map_err(problem)?;
    let now = settings.tenant.now(clock);
    let one = |card: AccountCard| held(&app, &caller, &settings, card, now);
    let accounts: Vec<(AccountCard, Vec<Holding>)> = stream::iter(cards)
        .map(one)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Json(grid(accounts, model.as_deref(), product, next)))
}

/// What an account owns. One whose facts are gone owns nothing.
async fn held(
    app: &App,
    caller: &Caller,
    settings: &TenantView,
    card: AccountCard,
    now: Timestamp,
) -> Answer<(AccountCard, Vec<Holding>)> {
    let Ok(account) = card.id.parse() else {
        return Ok((card, Vec::new()));
    };
    match app
        .ctx
        .scorer
        .load(&caller.tenant, account, &settings.tenant, now)
        .await
    {
        Ok(loaded) => Ok((card, holdings(&loaded.history.snapshot(now)))),
        Err(ScoreError::UnknownAccount(_)) => Ok((card, Vec::new())),
        Err(error) => Err(problem(error)),
    }
}

/// The accounts that a product fits best, by the newest run.
async fn fitting(
    app: &App,
    caller: &Caller,
    version: Option<&str>,
    product: &str,
    owner: Option<&str>,
    limit: usize,
) -> Answer<Vec<AccountCard>> {
    let nothing = || Problem::not_found("product that anything was learnt of");
    let version = version.ok_or_else(nothing)?;
    let fits = products::fits(&app.ctx.models, &caller.tenant, version).await?;
    let accounts = fits.ok_or_else(nothing)?.remove(product).unwrap_or_default();
    let wanted: Vec<_> = accounts
        .iter()
        .map(|one| keys::account(&caller.tenant, *one))
        .collect();
    let mut found = app.ctx.table.get_many(&wanted, false).await?;
    let mut cards = Vec::new();
    for key in &wanted {
        if let Some(item) = found.remove(key) {
            let card: AccountCard = item.document()?;
            if owner.is_none_or(|owner| item.str("f_owner") == owner) {
                cards.push(card);
            }
        }
    }
    cards.truncate(limit);
    Ok(cards)
}

fn grid(
    accounts: Vec<(AccountCard, Vec<Holding>)>,
    model: Option<&ProductModel>,
    product: Option<String>,
    next: Option<String>,
) -> WhiteSpacePage {
    let mut columns = match model {
        Some(model) => most_owned(model, COLUMNS),
        None => owned_most(accounts.iter().map(|(_, held)| held.as_slice())),
    };
    if let Some(product) = product {
        let counted = model.and_then(|model| model.products.iter().find(|count| count.name == product));
        columns.retain(|column| column.name != product);
        columns.insert(
            0,
            ProductOwners {
                owners: counted.map(|count| count.owners),
                sold: counted.is_some_and(|count| count.sold),
                name: product,
            },
        );
        columns.truncate(COLUMNS);
    }
    let row = |(card, held): (AccountCard, Vec<Holding>)| {
        let by_name: BTreeMap<&str, &Holding> = held.iter().map(|one| (one.product.as_str(), one)).collect();
        let fit: BTreeSet<&str> = match model {
            Some(model) => (model
                .ranked(&model.places(by_name.keys().copied()), model.likely())
                .into_iter())
            .filter_map(|(place, _)| Some(model.products.get(place)?.name.as_str()))
            .collect(),
            None => BTreeSet::new(),
        };
        let cell = |column: &ProductOwners| match by_name.get(column.name.as_str()) {
            Some(held) if held.used.is_some() => WhiteSpaceCell::Used,
            Some(_) => WhiteSpaceCell::Owned,
            None if fit.contains(column.name.as_str()) => WhiteSpaceCell::Fit,
            None => WhiteSpaceCell::Untouched,
        };
        WhiteSpaceRow {
            cells: columns.iter().map(cell).collect(),
            owned: held.len(),
            account: card.id,
            name: card.name,
            owner: card.owner,
        }
    };
    let data = accounts.into_iter().map(row).collect();
    WhiteSpacePage { columns, data, next }
}

/// What most of some accounts own: the columns where nothing was counted over all.
fn owned_most<'a>(accounts: impl Iterator<Item = &'a [Holding]>) -> Vec<ProductOwners> {
    let mut owners: BTreeMap<&str, u32> = BTreeMap::new();
    for held in accounts.flatten() {
        *owners.entry(&held.product).or_default() += 1;
    }
    let mut order: Vec<(&str, u32)> = owners.into_iter().collect();
    order.sort_by_key(|(name, owners)| (Reverse(*owners), *name));
    let columns = order.into_iter().take(COLUMNS).map(|(name, _)| ProductOwners {
        name: name.to_owned(),
        owners: None,
        sold: true,
    });
    columns.collect()
}
