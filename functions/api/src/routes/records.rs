//! What an account's facts say: records, usage by day, the timeline.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use copilot_aws::history::{self, record_key};
use copilot_aws::table::Query;
use copilot_aws::{keys, links};
use copilot_domain::facts::Kind;
use copilot_domain::ids::ExternalId;
use copilot_domain::revision::Record;
use copilot_domain::time::{day_of, shift};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::known_account;
use super::timeline::{self, Place};
use super::tone;
use crate::access::Caller;
use crate::cursor::Fingerprint;
use crate::dto::account::{FactView, TimelineEntry, UsageDayView};
use crate::dto::page::{List, Page};
use crate::filter::Params;
use crate::problem::{Answer, Problem};
use crate::{App, Shared, paging};

/// Days of usage that a question may go back.
const MAX_DAYS: i32 = history::USAGE_DAYS;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_account_usage))
        .routes(routes!(list_account_facts))
        .routes(routes!(list_account_timeline))
}

/// Usage of an account by day
#[utoipa::path(get, path = "/v1/accounts/{id}/usage", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("days" = Option<u32>, Query, description = "1 to 456 days back; 90 where it is left out")),
    responses((status = 200, description = "Days with usage, oldest first", body = List<UsageDayView>)))]
async fn get_account_usage(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<List<UsageDayView>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let days = params.parsed::<i32>("days", "a number of days")?.unwrap_or(90);
    params.finish()?;
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Problem::field("days", "out_of_range", format!("1 to {MAX_DAYS}")));
    }
    let account = known_account(&app, &caller, &id).await?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let today = day_of(tenant.now(app.ctx.clock.now()), &tenant.time_zone());
    let from = shift(today, 1 - days);
    let loaded = history::load(&app.ctx.table, &caller.tenant, account, &tenant.zone, from).await?;
    let data = loaded
        .history
        .usage
        .range(from..=today)
        .map(|(day, usage)| (day, usage.tally(today)))
        .filter(|(_, tally)| tally.events > 0)
        .map(|(day, tally)| UsageDayView {
            day: *day,
            events: tally.events,
            users: tally.users.len() as u64,
            by_name: tally.by_name,
        })
        .collect();
    Ok(Json(List { data }))
}

/// Records of an account as their sources told them
#[utoipa::path(get, path = "/v1/accounts/{id}/facts", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("kind" = String, Query, description = "accounts, contacts, subscriptions, invoices, tickets, activities, surveys or outcomes"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of records", body = Page<FactView>)))]
async fn list_account_facts(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<FactView>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let account = known_account(&app, &caller, &id).await?;
    let fingerprint = Fingerprint::of(
        &caller.tenant,
        &format!("list_account_facts {account}"),
        params.all(),
    );
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let plurals: Vec<&str> = Kind::ALL.iter().map(|kind| kind.plural()).collect();
    let kind = params
        .word("kind", &plurals)?
        .as_deref()
        .and_then(Kind::from_plural);
    params.finish()?;
    let kind =
        kind.ok_or_else(|| Problem::field("kind", "required", format!("one of: {}", plurals.join(", "))))?;

    let mut identities = links::identities(&app.ctx.table, &caller.tenant, account).await?;
    identities.sort();
    // A place is an identity of this account, by its number, and a sort key within it.
    let (first, mut after) = match cursor {
        Some(cursor) => fingerprint.open::<(usize, Option<String>)>(&cursor)?,
        None => (0, None),
    };
    let mut data = Vec::new();
    for (number, identity) in identities.iter().enumerate().skip(first) {
        let read = Query {
            pk: keys::identity_partition(&caller.tenant, identity),
            prefix: Some(keys::kind_prefix(kind).to_owned()),
            ..Query::default()
        };
        let (items, place) =
            paging::scan(&app.ctx.table, read, after.take(), limit - data.len(), |_| true).await?;
        for item in &items {
            if let Some((found, external_id)) = record_key(item.str("sk"), identity)
                && found == kind
            {
                data.extend(fact(kind, &external_id, &item.document()?));
            }
        }
        if let Some(place) = place {
            let next = fingerprint.seal((number, Some(place)));
            return Ok(Json(Page { data, next }));
        }
        if data.len() >= limit && number + 1 < identities.len() {
            let next = fingerprint.seal((number + 1, None::<String>));
            return Ok(Json(Page { data, next }));
        }
    }
    Ok(Json(Page { data, next: None }))
}

/// A record with its newest state; nothing for one that tells nothing.
fn fact(kind: Kind, external_id: &ExternalId, record: &Record) -> Option<FactView> {
    Some(FactView {
        external_id: external_id.id.clone(),
        source: external_id.source.to_string(),
        kind: kind.plural().to_owned(),
        known_at: record.known_since()?,
        version: record.revisions().last()?.version,
        row: record.current().into_iter().collect(),
    })
}

/// What happened at an account, newest first
#[utoipa::path(get, path = "/v1/accounts/{id}/timeline", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("kind" = Option<String>, Query, description = "One kind or several, comma-separated: ticket, invoice, subscription, activity, survey, outcome, alert, usage_day, score, contact, override"), ("tone" = Option<String>, Query, description = "`negative`: only tickets and survey answers of negative tone. The tenant must have the tone of texts read (`text_tone` in the settings)"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of the timeline", body = Page<TimelineEntry>)))]
async fn list_account_timeline(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<TimelineEntry>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let account = known_account(&app, &caller, &id).await?;
    let fingerprint = Fingerprint::of(
        &caller.tenant,
        &format!("list_account_timeline {account}"),
        params.all(),
    );
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let kinds = timeline::kinds(params.take("kind"))?;
    let negative = params.word("tone", &["negative"])?.is_some();
    params.finish()?;
    let after: Option<Place> = cursor.map(|c| fingerprint.open(&c)).transpose()?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let (mut entries, texts) = timeline::entries(&app, &caller, account, &tenant, &kinds).await?;
    if negative {
        let texts = texts.as_ref().ok_or_else(tone::switched_off)?;
        entries.retain(|entry| texts.is_negative(entry));
    }
    if let Some(after) = after {
        entries.retain(|entry| timeline::place(entry) > after);
    }
    let next = (entries.len() > limit)
        .then(|| fingerprint.seal(timeline::place(&entries[limit - 1])))
        .flatten();
    entries.truncate(limit);
    // Quotes cost more than tones: only those that are shown are looked for.
    if let Some(texts) = &texts {
        for entry in &mut entries {
            entry.tone = texts.view(entry);
        }
    }
    Ok(Json(Page { data: entries, next }))
}
