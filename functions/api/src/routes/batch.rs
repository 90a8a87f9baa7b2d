//! Rows in: batch upserts, usage events, outcomes.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use copilot_aws::links;
use copilot_connectors::canonical::{BodyError, RawRow, RowKind, parse_rows};
use copilot_domain::facts::Kind;
use copilot_domain::ids::{AccountId, ExternalId, Source};
use copilot_domain::limits::MAX_EXTERNAL_ID;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::body::{self, BatchText};
use crate::dto::batch::{
    Batch, BatchAnswer, EventAnswer, EventBatch, EventResult, EventStatus, NewOutcome, Outcome, RowError,
    RowResult, RowStatus,
};
use crate::dto::rows::{
    AccountIn, ActivityIn, ContactIn, InvoiceIn, OutcomeIn, SubscriptionIn, SurveyIn, TicketIn,
};
use crate::idempotency::derived_id;
use crate::problem::{Answer, Kind as ProblemKind, Problem};
use crate::tell::{self, Effect, Told};
use crate::{App, Shared, audit};

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

/// Count usage events, up to 1,000; an id counts once in an account's day
#[utoipa::path(post, path = "/v1/events:batch", tag = "rows", security(("bearer" = ["write"])),
    request_body = EventBatch,
    responses((status = 200, description = "A result per event", body = EventAnswer)))]
async fn count_events(State(app): Shared, caller: Caller, body: BatchText) -> Answer<Json<EventAnswer>> {
    let (rows, told) = batch(&app, &caller, &body, RowKind::Event).await?;
    let mut answer = EventAnswer {
        results: Vec::with_capacity(told.len()),
        counted: 0,
        duplicates: 0,
        errors: 0,
    };
    for (row, told) in rows.iter().zip(told) {
        let (status, error, parked) = match told {
            Told::Done { parked: true, .. } => (EventStatus::Error, Some(unknown_account()), true),
            Told::Done {
                effect: Effect::Unchanged,
                ..
            } => (EventStatus::Duplicate, None, false),
            Told::Done { .. } => (EventStatus::Counted, None, false),
            Told::Wrong(error) => (EventStatus::Error, Some(fault(error)), false),
            Told::Queued => (EventStatus::Error, Some(queued()), false),
        };
        match status {
            EventStatus::Counted => answer.counted += 1,
            EventStatus::Duplicate => answer.duplicates += 1,
            EventStatus::Error => answer.errors += 1,
        }
        answer.results.push(EventResult {
            id: id_of(row, "id"),
            status,
            error,
            parked,
        });
    }
    Ok(Json(answer))
}

/// Record how a contract ended or went on
#[utoipa::path(post, path = "/v1/outcomes", tag = "rows", security(("bearer" = ["write"])),
    request_body = NewOutcome,
    responses((status = 201, description = "The outcome", body = Outcome)))]
async fn record_outcome(
    State(app): Shared,
    caller: Caller,
    headers: HeaderMap,
    body::Json(input): body::Json<NewOutcome>,
) -> Answer<(StatusCode, Json<Outcome>)> {
    let identity = identity_of(&app, &caller, &input.account).await?;
    // What ends twice at one instant with the same words ended once: its content is name enough.
    let content = json!({"of": identity, "said": input}).to_string();
    let external_id = input
        .external_id
        .unwrap_or_else(|| derived_id("out", &caller, &headers, &[&content], ""));
    let row = json!({
        "external_id": external_id, "account": identity.id, "kind": input.kind, "at": input.at,
        "amount_minor": input.amount_minor, "currency": input.currency, "reason": input.reason,
        "comment": input.comment,
    });
    let account = one(&app, &caller, &identity.source, Kind::Outcome, row).await?;
    let outcome = Outcome {
        external_id: external_id.clone(),
        account: account.to_string(),
        kind: input.kind,
        at: input.at,
        amount_minor: input.amount_minor,
        currency: input.currency,
        reason: input.reason,
        comment: input.comment,
    };
    let subject = format!("{account} {external_id}");
    audit::done(&app, &caller, "outcome.record", &subject, &(), &outcome).await;
    Ok((StatusCode::CREATED, Json(outcome)))
}

async fn upsert(
    State(app): Shared,
    caller: Caller,
    body: BatchText,
    kind: Kind,
) -> Answer<Json<BatchAnswer>> {
    let (rows, told) = batch(&app, &caller, &body, RowKind::Record(kind)).await?;
    let mut answer = BatchAnswer {
        results: Vec::with_capacity(told.len()),
        created: 0,
        updated: 0,
        unchanged: 0,
        errors: 0,
    };
    for (row, told) in rows.iter().zip(told) {
        let id = match &told {
            Told::Done { account, .. } if kind == Kind::Account => Some(account.to_string()),
            _ => None,
        };
        let (status, error, parked) = match told {
            Told::Done { parked: true, .. } => (RowStatus::Error, Some(unknown_account()), true),
            Told::Done { effect, .. } => (status_of(effect), None, false),
            Told::Wrong(error) => (RowStatus::Error, Some(fault(error)), false),
            Told::Queued => (RowStatus::Error, Some(queued()), false),
        };
        match status {
            RowStatus::Created => answer.created += 1,
            RowStatus::Updated => answer.updated += 1,
            RowStatus::Unchanged => answer.unchanged += 1,
            RowStatus::Error => answer.errors += 1,
        }
        answer.results.push(RowResult {
            external_id: id_of(row, "external_id"),
            status,
            id,
            error,
            parked,
        });
    }
    Ok(Json(answer))
}

/// Reads a batch, pays for it, tells it and notes it in the audit trail.
async fn batch(
    app: &App,
    caller: &Caller,
    body: &BatchText,
    kind: RowKind,
) -> Answer<(Vec<RawRow>, Vec<Told>)> {
    let parsed = parse_rows(&body.0, kind).map_err(|error| match &error {
        BodyError::Json { .. } => Problem::new(ProblemKind::INVALID_JSON, error.to_string()),
        other => Problem::field("body", other.code(), other.to_string()),
    })?;
    let source = source_of(parsed.source.as_deref())?;
    if parsed.rows.is_empty() {
        return Err(Problem::field("rows", "required", "at least one row"));
    }
    // One token was taken for the request; a batch counts one per hundred rows.
    let more = u32::try_from(parsed.rows.len().div_ceil(100))
        .unwrap_or(1)
        .saturating_sub(1);
    if more > 0 {
        let rate = app
            .rate
            .take(&app.ctx.table, caller, more, app.ctx.clock.now())
            .await;
        if rate.is_exceeded() {
            return Err(rate.refusal());
        }
    }
    let told = tell::rows(app, caller, &source, kind, &parsed.rows).await?;
    let count = json!({"source": source, "rows": told.len()});
    audit::done(app, caller, "rows.upsert", kind.plural(), &(), &count).await;
    Ok((parsed.rows, told))
}

/// Tells one row of our own making; what is wrong with it is a problem of the request.
pub(super) async fn one(
    app: &App,
    caller: &Caller,
    source: &Source,
    kind: Kind,
    mut row: Value,
) -> Answer<AccountId> {
    if let Some(fields) = row.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let kind = RowKind::Record(kind);
    let body = json!({"rows": [row]}).to_string();
    let parsed = parse_rows(&body, kind).map_err(|e| Problem::field("body", e.code(), e.to_string()))?;
    match tell::rows(app, caller, source, kind, &parsed.rows).await?.pop() {
        Some(Told::Done { account, .. }) => Ok(account),
        Some(Told::Wrong(error)) => {
            let field = error.field.clone().unwrap_or_else(|| "body".to_owned());
            Err(Problem::field(field, error.code, error.detail))
        }
        _ => {
            let mut problem = Problem::new(
                ProblemKind::UNAVAILABLE,
                "it is logged and will be applied in a moment; sending it again changes nothing",
            );
            problem.retry_after = Some(5);
            Err(problem)
        }
    }
}

/// The identity that a caller means: an external id of the source `api`, or an `acc_` id, which must be known.
async fn identity_of(app: &App, caller: &Caller, account: &str) -> Answer<ExternalId> {
    if account.starts_with("acc_")
        && let Ok(id) = account.parse::<AccountId>()
    {
        return own_identity(app, caller, id).await;
    }
    ExternalId::new(Source::api(), account.trim())
        .map_err(|e| Problem::field("account", "malformed", e.to_string()))
}

/// An identity of an account: the API's own where it has one.
pub(super) async fn own_identity(app: &App, caller: &Caller, account: AccountId) -> Answer<ExternalId> {
    let mut identities = links::identities(&app.ctx.table, &caller.tenant, account).await?;
    identities.sort_by_key(|i| (i.source.as_str() != Source::DEFAULT, i.clone()));
    identities
        .into_iter()
        .next()
        .ok_or_else(|| Problem::not_found("account"))
}

/// The source that a body names.
pub(super) fn source_of(name: Option<&str>) -> Answer<Source> {
    name.map_or_else(|| Ok(Source::api()), Source::new)
        .map_err(|error| Problem::field("source", "malformed", error.to_string()))
}

/// The id that a row gives itself, as far as it reads: a number that is none elsewhere in it does not hide it.
fn id_of(row: &RawRow, field: &str) -> String {
    let fields = serde_json::from_str::<HashMap<String, Box<RawValue>>>(row.as_str());
    let id = fields
        .ok()
        .and_then(|fields| serde_json::from_str::<String>(fields.get(field)?.get()).ok());
    id.unwrap_or_default().chars().take(MAX_EXTERNAL_ID).collect()
}

fn status_of(effect: Effect) -> RowStatus {
    match effect {
        Effect::Created => RowStatus::Created,
        Effect::Updated => RowStatus::Updated,
        Effect::Unchanged => RowStatus::Unchanged,
    }
}

fn fault(error: copilot_connectors::canonical::RowError) -> RowError {
    RowError {
        code: error.code.to_owned(),
        field: error.field,
        detail: error.detail,
    }
}

fn unknown_account() -> RowError {
    RowError {
        code: "unknown_account".to_owned(),
        field: Some("account".to_owned()),
        detail: "no account has this id yet; the row is kept and counts as soon as one comes".to_owned(),
    }
}

fn queued() -> RowError {
    RowError {
        code: "queued".to_owned(),
        field: None,
        detail: "the store was busy; the row is logged and will be applied in a moment".to_owned(),
    }
}
