//! Rows in: batch upserts, usage events, outcomes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use copilot_domain::facts::Kind;
use crate::body::{self, BatchText};
use crate::dto::batch::*;
use crate::dto::rows::*;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::problem::Answer;
use crate::{App, Shared};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(upsert_accounts))
        .routes(routes!(upsert_contacts))
        .routes(routes!(upsert_subscriptions))
        .routes(routes!(upsert_invoices))
        .routes(routes!(upsert_tickets))
        .routes(routes!(upsert_activities))
        .routes(routes!(upsert_surveys))
        .routes(routes!(upsert_outcomes))
        .routes(routes!(count_events))
        .routes(routes!(record_outcome))
}

/// Create or update accounts, up to 1,000 rows
///
/// A field that is left out keeps its value, `null` deletes it. Each row has its own result.
#[utoipa::path(put, path = "/v1/accounts:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = Batch<AccountIn>,
    responses((status = 200, description = "A result per row", body = BatchAnswer)))]
async fn upsert_accounts(state: Shared, caller: Caller, body: BatchText) -> Answer<Json<BatchAnswer>> {
    upsert(state, caller, body, Kind::Account).await
}

/// Create or update contacts, up to 1,000 rows
///
/// A field that is left out keeps its value, `null` deletes it. Each row has its own result.
#[utoipa::path(put, path = "/v1/contacts:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = Batch<ContactIn>,
    responses((status = 200, description = "A result per row", body = BatchAnswer)))]
async fn upsert_contacts(state: Shared, caller: Caller, body: BatchText) -> Answer<Json<BatchAnswer>> {
    upsert(state, caller, body, Kind::Contact).await
}

/// Create or update subscriptions, up to 1,000 rows
///
/// A field that is left out keeps its value, `null` deletes it. Each row has its own result.
#[utoipa::path(put, path = "/v1/subscriptions:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = Batch<SubscriptionIn>,
    responses((status = 200, description = "A result per row", body = BatchAnswer)))]
async fn upsert_subscriptions(state: Shared, caller: Caller, body: BatchText) -> Answer<Json<BatchAnswer>> {
    upsert(state, caller, body, Kind::Subscription).await
}

/// Create or update invoices, up to 1,000 rows
///
/// A field that is left out keeps its value, `null` deletes it. Each row has its own result.
#[utoipa::path(put, path = "/v1/invoices:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = Batch<InvoiceIn>,
    responses((status = 200, description = "A result per row", body = BatchAnswer)))]
async fn upsert_invoices(state: Shared, caller: Caller, body: BatchText) -> Answer<Json<BatchAnswer>> {
    upsert(state, caller, body, Kind::Invoice).await
}

/// Create or update tickets, up to 1,000 rows
///
/// A field that is left out keeps its value, `null` deletes it. Each row has its own result.
#[utoipa::path(put, path = "/v1/tickets:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = Batch<TicketIn>,
    responses((status = 200, description = "A result per row", body = BatchAnswer)))]
async fn upsert_tickets(state: Shared, caller: Caller, body: BatchText) -> Answer<Json<BatchAnswer>> {
    upsert(state, caller, body, Kind::Ticket).await
}

/// Create or update activities, up to 1,000 rows
///
/// A field that is left out keeps its value, `null` deletes it. Each row has its own result.
#[utoipa::path(put, path = "/v1/activities:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = Batch<ActivityIn>,
    responses((status = 200, description = "A result per row", body = BatchAnswer)))]
async fn upsert_activities(state: Shared, caller: Caller, body: BatchText) -> Answer<Json<BatchAnswer>> {
    upsert(state, caller, body, Kind::Activity).await
}

/// Create or update surveys, up to 1,000 rows
///
/// A field that is left out keeps its value, `null` deletes it. Each row has its own result.
#[utoipa::path(put, path = "/v1/surveys:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = Batch<SurveyIn>,
    responses((status = 200, description = "A result per row", body = BatchAnswer)))]
async fn upsert_surveys(state: Shared, caller: Caller, body: BatchText) -> Answer<Json<BatchAnswer>> {
    upsert(state, caller, body, Kind::Survey).await
}

/// Create or update outcomes, up to 1,000 rows
///
/// A field that is left out keeps its value, `null` deletes it. Each row has its own result.
#[utoipa::path(put, path = "/v1/outcomes:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = Batch<OutcomeIn>,
    responses((status = 200, description = "A result per row", body = BatchAnswer)))]
async fn upsert_outcomes(state: Shared, caller: Caller, body: BatchText) -> Answer<Json<BatchAnswer>> {
    upsert(state, caller, body, Kind::Outcome).await
}

/// Count usage events, up to 1,000; an id counts once
#[utoipa::path(post, path = "/v1/events:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = EventBatch,
    responses((status = 200, description = "A result per event", body = EventAnswer)))]
async fn count_events(State(app): Shared, caller: Caller, body: BatchText) -> Answer<Json<EventAnswer>> {
    let _ = (app, caller, body);
    Err(crate::problem::Problem::not_found("answer yet"))
}

/// Record how a contract ended or went on
#[utoipa::path(post, path = "/v1/outcomes", tag = "rows", security(("bearer" = ["write"])),
    request_body = NewOutcome,
    responses((status = 201, description = "The outcome", body = Outcome)))]
async fn record_outcome(State(app): Shared, caller: Caller, body::Json(input): body::Json<NewOutcome>) -> Answer<(StatusCode, Json<Outcome>)> {
    let _ = (app, caller, input);
    Err(crate::problem::Problem::not_found("answer yet"))
}

async fn upsert(State(app): Shared, caller: Caller, body: BatchText, kind: Kind) -> Answer<Json<BatchAnswer>> {
    let _ = (app, caller, body, kind);
    Err(crate::problem::Problem::not_found("answer yet"))
}
