//! Sources, deliveries, messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, header};
use copilot_aws::deliveries::{self, DeliveryRecord, SourceStatus as Stored};
use copilot_aws::notifications::{self, Notification};
use copilot_aws::table::Query;
use copilot_aws::{Item, keys};
use copilot_domain::ids::Source;
use jiff::{SignedDuration, Timestamp};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alerts::status;
use crate::access::Caller;
use crate::dto::integration::{Delivery, DeliveryError, Integration, NotificationView, SourceStatus};
use crate::dto::page::{List, Page};
use crate::filter::Params;
use crate::problem::{Answer, Problem};
use crate::{App, Shared, paging};

/// A source is late when it was silent for so long.
const LATE: SignedDuration = SignedDuration::from_hours(48);
/// Deliveries and parked rows that the figures of a source are made of at the most.
const MAX_COUNTED: usize = 2_000;
/// Sources that are shown before they deliver.
const EXPECTED: [&str; 2] = ["api", "stripe"];

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_integrations))
        .routes(routes!(list_deliveries))
        .routes(routes!(list_notifications))
}

/// Sources of facts and how they fare
#[utoipa::path(get, path = "/v1/integrations", tag = "integrations", security(("bearer" = ["read"])),
    responses((status = 200, description = "Sources", body = List<Integration>)))]
async fn list_integrations(
    State(app): Shared,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<Json<List<Integration>>> {
    let now = app.ctx.clock.now();
    let mut sources: BTreeMap<Source, Option<Stored>> = (EXPECTED.iter())
        .filter_map(|name| Some((Source::new(name).ok()?, None)))
        .collect();
    for stored in deliveries::statuses(&app.ctx.table, &caller.tenant).await? {
        sources.insert(stored.source.clone(), Some(stored));
    }
    let base = webhook_base(&app, &headers);
    let mut data = Vec::with_capacity(sources.len());
    for (source, stored) in sources {
        data.push(integration(&app, &caller, source, stored, base.as_deref(), now).await?);
    }
    Ok(Json(List { data }))
}

/// Where webhooks are delivered to: as configured, else the host that was asked, which is the same gateway.
fn webhook_base(app: &App, headers: &HeaderMap) -> Option<String> {
    if let Some(base) = &app.ctx.webhook_base {
        return Some(base.trim_end_matches('/').to_owned());
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let is_plain = headers.get("x-forwarded-proto").is_some_and(|v| v == "http");
    Some(format!("{}://{host}", if is_plain { "http" } else { "https" }))
}

async fn integration(
    app: &App,
    caller: &Caller,
    source: Source,
    stored: Option<Stored>,
    base: Option<&str>,
    now: Timestamp,
) -> Answer<Integration> {
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    let day_ago = now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(now);
    let mut figures = (0, 0, 0);
    let mut parked = 0;
    if stored.is_some() {
        let read = Query {
            pk: keys::delivery_partition(tenant, &source),
            from: Some(keys::delivery_first(Some(&day_ago.to_string()))),
            descending: true,
            ..Query::default()
        };
        let (items, _) = paging::scan(table, read, None, MAX_COUNTED, |_| true).await?;
        for item in &items {
            let record: DeliveryRecord = item.document()?;
            figures.0 += 1;
            figures.1 += record.rows;
            figures.2 += record.error_count;
        }
        let read = Query {
            pk: keys::parked_partition(tenant),
            prefix: Some(keys::parked_first(&source)),
            ..Query::default()
        };
        parked = paging::scan(table, read, None, MAX_COUNTED, |_| true)
            .await?
            .0
            .len() as u64;
    }
    let kind = match source.as_str() {
        "api" => "api",
        "stripe" => "stripe",
        _ => "webhook",
    };
    let webhook_url = base
        .filter(|_| source.as_str() != Source::DEFAULT)
        .map(|base| format!("{base}/webhooks/{tenant}/{source}"));
    Ok(Integration {
        kind: kind.to_owned(),
        status: stored
            .as_ref()
            .map_or(SourceStatus::Never, |stored| fares(stored, now)),
        last_delivery_at: stored.as_ref().map(|s| s.last_delivery_at),
        last_success_at: stored.as_ref().and_then(|s| s.last_success_at),
        lag_seconds: stored
            .as_ref()
            .map(|s| now.duration_since(s.last_delivery_at).as_secs()),
        deliveries_24h: figures.0,
        rows_24h: figures.1,
        errors_24h: figures.2,
        parked,
        webhook_url,
        last_error: stored.and_then(|s| s.last_error),
        source: source.to_string(),
    })
}

fn fares(stored: &Stored, now: Timestamp) -> SourceStatus {
    if stored.last_error.is_some()
        && stored
            .last_success_at
            .is_none_or(|at| at < stored.last_delivery_at)
    {
        SourceStatus::Failing
    } else if now.duration_since(stored.last_delivery_at) > LATE {
        SourceStatus::Late
    } else {
        SourceStatus::Ok
    }
}

/// Deliveries of a source, newest first
#[utoipa::path(get, path = "/v1/integrations/{source}/deliveries", tag = "integrations", security(("bearer" = ["read"])),
    params(("source" = String, Path, description = "Source, e.g. stripe"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of deliveries", body = Page<Delivery>)))]
async fn list_deliveries(
    State(app): Shared,
    caller: Caller,
    Path(source): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<Delivery>>> {
    let params = Params::parse(query.as_deref().unwrap_or_default())?;
    let source = Source::new(&source).map_err(|_| Problem::not_found("source"))?;
    let known = deliveries::statuses(&app.ctx.table, &caller.tenant).await?;
    if !EXPECTED.contains(&source.as_str()) && known.iter().all(|s| s.source != source) {
        return Err(Problem::not_found("source"));
    }
    let read = Query {
        pk: keys::delivery_partition(&caller.tenant, &source),
        prefix: Some(keys::delivery_first(None)),
        descending: true,
        ..Query::default()
    };
    let operation = format!("list_deliveries {source}");
    let rows = paging::all(&app.ctx.table, &caller.tenant, &operation, params, read).await?;
    let records = rows
        .items
        .iter()
        .map(Item::document::<DeliveryRecord>)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(Page {
        data: records.into_iter().map(delivery).collect(),
        next: rows.next,
    }))
}

fn delivery(record: DeliveryRecord) -> Delivery {
    Delivery {
        delivery_id: record.delivery_id,
        received_at: record.received_at,
        processed_at: Some(record.processed_at),
        rows: record.rows,
        created: record.created,
        updated: record.updated,
        unchanged: record.unchanged,
        parked: record.parked,
        errors: record
            .errors
            .into_iter()
            .map(|e| DeliveryError {
                row: e.row,
                code: e.code,
                field: e.field,
                detail: e.detail,
            })
            .collect(),
        error_count: record.error_count,
        note: record.note,
    }
}

/// Messages that went out lately, newest first
#[utoipa::path(get, path = "/v1/notifications", tag = "integrations", security(("bearer" = ["read"])),
    params(("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of messages", body = Page<NotificationView>)))]
async fn list_notifications(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<NotificationView>>> {
    let params = Params::parse(query.as_deref().unwrap_or_default())?;
    let read = notifications::by_time(&caller.tenant);
    let rows = paging::all(&app.ctx.table, &caller.tenant, "list_notifications", params, read).await?;
    let notes = rows
        .items
        .iter()
        .map(Item::document::<Notification>)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(Page {
        data: notes.into_iter().map(message).collect(),
        next: rows.next,
    }))
}

fn message(note: Notification) -> NotificationView {
    NotificationView {
        event: note.event.to_string(),
        alert: note.alert.as_ref().map(|a| a.id.to_string()),
        title: note.alert.as_ref().map(|a| a.title.clone()),
        channel: note.channel.as_str().to_owned(),
        recipient_masked: note.recipient_masked(),
        status: status(note.status),
        at: Some(note.updated_at),
        error: note.reason,
    }
}
