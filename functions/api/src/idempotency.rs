//! `Idempotency-Key`: a POST that is sent again with the same key and body within 24 hours gets the first answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use copilot_aws::table::Condition;
use copilot_aws::{Item, Table, keys};
use copilot_domain::ids::EventId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::App;
use crate::auth::Principal;
use crate::body;
use crate::problem::{Answer, Kind, Problem};

/// How long an answer is kept.
const KEEP_S: i64 = 24 * 3_600;
/// After this a first request that never finished is taken for dead; longer than a Lambda invocation lasts.
const DEAD_AFTER_S: i64 = 60;
/// The largest answer that is kept: an item holds 400 KB.
const MAX_ANSWER: usize = 350_000;
/// Characters of a key.
const MAX_KEY: usize = 200;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What is kept of an answer in place of its body, as an extension of the response: an answer that holds a secret must
/// not lie in the table.
#[derive(Debug, Clone)]
pub struct KeepInstead(pub String);

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Of method, path, query and body.
    request: String,
    started_s: i64,
    answer: Option<KeptAnswer>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptAnswer {
    status: u16,
    body: String,
    location: Option<String>,
}

/// Wraps every operation; only a POST with the header is touched.
pub async fn once(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(&HEADER) {
        return next.run(request).await;
    }
    answer_once(&app, request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn answer_once(app: &App, request: Request, next: Next) -> Answer<Response> {
    let (parts, content) = request.into_parts();
    let key = parts
        .headers
        .get(&HEADER)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if key.is_empty() || key.len() > MAX_KEY || key.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err(Problem::field(
            "Idempotency-Key",
            "malformed",
            format!("1 to {MAX_KEY} printable ASCII characters"),
        ));
    }
    let caller = parts.extensions.get::<Principal>().cloned();
    let caller = caller.ok_or_else(|| Problem::new(Kind::UNAUTHENTICATED, "send credentials"))?;
    let bytes = body::read(content, copilot_domain::limits::MAX_BATCH_BYTES).await?;
    let mut hash = Sha256::new();
    hash.update(parts.method.as_str());
    hash.update(parts.uri.path_and_query().map_or("", |p| p.as_str()));
    hash.update([0]);
    hash.update(&bytes);
    let hash = hex::encode(hash.finalize());
    let place = keys::idempotency(&caller.tenant, &format!("{}#{key}", caller.id));
    let now_s = app.ctx.clock.now().as_second();

    let claim = match claim(&app.ctx.table, &place, &hash, now_s).await? {
        Claim::Replay(answer) => return Ok(replay(answer)),
        Claim::Mine(claim) => claim,
    };
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    keep(&app.ctx.table, &place, claim, response).await
}

/// The id of what a request makes where the caller gave none: the same request again makes the same id, so that a
/// retry of what was only queued is no second thing.
///
/// With an `Idempotency-Key` the key names the request; without one its content does, as far as `scope` reaches (a
/// day, where the same words may be meant again on another).
pub fn derived_id(
    prefix: &str,
    caller: &Principal,
    headers: &HeaderMap,
    content: &[&str],
    scope: &str,
) -> String {
    let key = headers.get(&HEADER).and_then(|value| value.to_str().ok());
    let (kind, named) = key.map_or(("content", scope), |key| ("key", key));
    let mut parts = vec![prefix, caller.tenant.as_str(), caller.id.as_str(), kind, named];
    parts.extend(content);
    format!("{prefix}-{}", EventId::derived(&parts).uuid().simple())
}

enum Claim {
    Mine(Claimed),
    Replay(KeptAnswer),
}

struct Claimed {
    kept: Kept,
    rev: i64,
    ttl: i64,
}

async fn claim(table: &Table, place: &keys::Key, hash: &str, now_s: i64) -> Answer<Claim> {
    let stored = table.get(place).await?;
    let in_progress = || {
        let mut problem = Problem::new(Kind::IN_PROGRESS, "wait for its answer and send it again");
        problem.retry_after = Some(2);
        problem
    };
    if let Some(item) = stored
        .as_ref()
        .filter(|item| item.int("ttl").is_some_and(|ttl| ttl > now_s))
    {
        let kept: Kept = item.document()?;
        if kept.request != hash {
            return Err(Problem::new(
                Kind::KEY_REUSED,
                "the same Idempotency-Key came with another path or body",
            ));
        }
        if let Some(answer) = kept.answer {
            return Ok(Claim::Replay(answer));
        }
        if now_s - kept.started_s < DEAD_AFTER_S {
            return Err(in_progress());
        }
    }
    let kept = Kept {
        request: hash.to_owned(),
        started_s: now_s,
        answer: None,
    };
    let (rev, ttl) = (stored.as_ref().map_or(1, |i| i.rev() + 1), now_s + KEEP_S);
    let item = Item::new(place, "idempotency")
        .number("rev", rev)
        .number("ttl", ttl)
        .data(&kept);
    match table.put(item, Condition::unchanged(stored.as_ref())).await {
        Ok(()) => Ok(Claim::Mine(Claimed { kept, rev, ttl })),
        Err(error) if error.is_conflict() => Err(in_progress()),
        Err(error) => Err(error.into()),
    }
}

/// Keeps the answer; one that asks to try again gives the key free.
async fn keep(table: &Table, place: &keys::Key, claim: Claimed, response: Response) -> Answer<Response> {
    // A refusal has no body yet; it is cheap to find again, so it is not kept.
    let is_final = response.status().is_success();
    if !is_final {
        free(table, place, claim.rev).await;
        return Ok(response);
    }
    let (parts, content) = response.into_parts();
    let bytes = body::read(content, usize::MAX).await?;
    let text = match parts.extensions.get::<KeepInstead>() {
        Some(instead) => instead.0.clone(),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    };
    if text.len() > MAX_ANSWER {
        free(table, place, claim.rev).await;
    } else {
        let location = parts
            .headers
            .get(header::LOCATION)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned);
        let answer = KeptAnswer {
            status: parts.status.as_u16(),
            body: text,
            location,
        };
        let kept = Kept {
            answer: Some(answer),
            ..claim.kept
        };
        let item = Item::new(place, "idempotency")
            .number("rev", claim.rev + 1)
            .number("ttl", claim.ttl)
            .data(&kept);
        // What was done is done: an answer that cannot be kept is still the answer.
        if let Err(error) = table.put(item, Condition::Rev(claim.rev)).await {
            tracing::warn!(error = %copilot_runtime::telemetry::chain(&error), "an answer was not kept");
        }
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

async fn free(table: &Table, place: &keys::Key, rev: i64) {
    if let Err(error) = table.delete(place, Condition::Rev(rev)).await {
        tracing::warn!(error = %copilot_runtime::telemetry::chain(&error), "an idempotency key was not given free");
    }
}

fn replay(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if let Some(location) = answer.location.and_then(|l| HeaderValue::from_str(&l).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}

#[cfg(test)]
mod tests {
    use copilot_domain::ids::{TenantId, TenantProof};

    use super::*;
    use crate::dto::words::Role;

    fn caller(id: &str) -> Principal {
        Principal {
            tenant: TenantId::proven("acme", TenantProof::OwnRecord).unwrap(),
            id: id.to_owned(),
            email: None,
            role: Role::Csm,
            scopes: Vec::new(),
        }
    }

    #[test]
    fn the_same_request_makes_the_same_id_and_another_key_content_day_or_caller_another() {
        let none = HeaderMap::new();
        let with = |key: &'static str| HeaderMap::from_iter([(HEADER, HeaderValue::from_static(key))]);
        let id = |who: &str, headers: &HeaderMap, text: &str, day: &str| {
            derived_id("note", &caller(who), headers, &["acc_1", text], day)
        };
        let first = id("a", &none, "x", "2026-03-01");
        assert_eq!(first, id("a", &none, "x", "2026-03-01"));
        let keyed = id("a", &with("k"), "x", "2026-03-01");
        // A retry after midnight is still the same request when it carries its key.
        assert_eq!(keyed, id("a", &with("k"), "x", "2026-03-02"));
        for other in [
            id("b", &none, "x", "2026-03-01"),
            id("a", &none, "y", "2026-03-01"),
            id("a", &none, "x", "2026-03-02"),
            id("a", &with("l"), "x", "2026-03-01"),
            keyed,
        ] {
            assert_ne!(first, other);
        }
    }
}
