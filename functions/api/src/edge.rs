//! The outermost layer: trace id, problem bodies, security headers, one log line a request.

use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use lambda_http::RequestExt as _;
use tracing::Instrument as _;

use crate::problem::{Kind, Problem};

/// The operation that answered; for the log.
#[derive(Debug, Clone)]
pub struct OperationId(pub String);

/// The id of a request: AWS's own where there is one.
#[derive(Debug, Clone)]
pub struct TraceId(pub String);

const TRACE_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Answers carry JSON only: nothing in them may be run, framed, sniffed or kept by a cache in between.
const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
    (
        header::STRICT_TRANSPORT_SECURITY,
        "max-age=63072000; includeSubDomains",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Wraps every request.
pub async fn edge(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace = request
        .lambda_context_ref()
        .map_or_else(|| "local".to_owned(), |c| c.request_id.clone());
    request.extensions_mut().insert(TraceId(trace.clone()));
    let method = request.method().clone();
    let span = tracing::info_span!("request", request_id = %trace);
    async move {
        let mut response = next.run(request).await;
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = render(&problem, response, &trace);
        }
        let headers = response.headers_mut();
        for (name, value) in SECURITY_HEADERS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        if let Ok(value) = HeaderValue::from_str(&trace) {
            headers.insert(TRACE_HEADER, value);
        }
        let operation = response.extensions().get::<OperationId>().map_or("none", |o| o.0.as_str());
        let duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
        tracing::info!(%method, operation_id = operation, status = response.status().as_u16(), duration_ms, "answered");
        response
    }
    .instrument(span)
    .await
}

fn render(problem: &Problem, response: Response, trace: &str) -> Response {
    if let Some(cause) = &problem.internal {
        if problem.kind.0 == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %cause, "a request failed");
        } else {
            tracing::warn!(error = %cause, "a request was put off");
        }
    }
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = serde_json::to_vec(&problem.body(trace)).unwrap_or_default();
    Response::from_parts(parts, Body::from(body))
}

/// What no route answers.
pub async fn no_route() -> Problem {
    Problem::not_found("path")
}

/// A path that has other methods.
pub async fn no_method() -> Problem {
    Problem::new(Kind::METHOD, "see the `Allow` header")
}

/// Some clients write the colon of `accounts:batch` as `%3A`: the same path.
pub fn plain_colon(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.contains("%3A") || path.contains("%3a") {
        let path = path.replace("%3A", ":").replace("%3a", ":");
        let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
        if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request
}
