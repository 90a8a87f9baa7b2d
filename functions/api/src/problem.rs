//! Every refusal of the API, as RFC 9457 tells it. One conversion, in [`crate::edge`], which also knows the trace id.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use copilot_aws::AwsError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the problem types are described.
pub const TYPE_BASE: &str = "https://docs.customer-success-copilot.dev/problems/";

/// A field that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Where in the request, e.g. `rows[3].at` or `limit`.
    pub field: String,
    /// For programs.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// A refusal, as it goes over the wire (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Address of the description of this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "https://docs.customer-success-copilot.dev/problems/not_found")]
    pub type_: String,
    /// The kind, in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// The kind, for programs.
    #[schema(example = "not_found")]
    pub code: String,
    /// Give it to support: the request's id in the logs.
    pub trace_id: String,
    /// The fields at fault.
    pub errors: Vec<FieldProblem>,
}

/// A kind of refusal: status, code, title. The list is what `docs/api.md` documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub StatusCode, pub &'static str, pub &'static str);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        impl Kind {
            $($(#[$doc])* pub const $name: Self = Self(StatusCode::$status, $code, $title);)*
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

kinds! {
    /// The JSON does not read.
    INVALID_JSON = BAD_REQUEST, "invalid_json", "The body is not JSON";
    /// A parameter or a field does not fit.
    INVALID = UNPROCESSABLE_ENTITY, "invalid_request", "The request does not fit";
    /// A cursor of another query.
    CURSOR = UNPROCESSABLE_ENTITY, "invalid_cursor", "The cursor is not of this query";
    /// No credentials.
    UNAUTHENTICATED = UNAUTHORIZED, "unauthenticated", "Credentials are missing";
    /// Credentials that are refused.
    BAD_CREDENTIALS = UNAUTHORIZED, "invalid_credentials", "Credentials are refused";
    /// The caller may not do this.
    FORBIDDEN = FORBIDDEN, "forbidden", "The caller may not do this";
    /// There is no such thing, or it is not the caller's.
    NOT_FOUND = NOT_FOUND, "not_found", "There is no such thing";
    /// Another method.
    METHOD = METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here";
    /// The state does not allow it.
    CONFLICT = CONFLICT, "conflict", "The state does not allow it";
    /// The same idempotency key is being worked on.
    IN_PROGRESS = CONFLICT, "idempotency_in_progress", "The first request with this key is still being worked on";
    /// The same idempotency key with another body.
    KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The key was used for another request";
    /// The thing changed since it was read.
    CHANGED = PRECONDITION_FAILED, "etag_mismatch", "The thing changed since it was read";
    /// A change needs `If-Match`.
    NEEDS_ETAG = PRECONDITION_REQUIRED, "if_match_required", "A change needs If-Match";
    /// Too large.
    TOO_LARGE = PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large";
    /// Not JSON by its content type.
    MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body must be application/json";
    /// Too many requests.
    TOO_MANY = TOO_MANY_REQUESTS, "rate_limited", "Too many requests";
    /// Our fault.
    INTERNAL = INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side";
    /// Busy.
    UNAVAILABLE = SERVICE_UNAVAILABLE, "unavailable", "The service is busy";
}

/// A refusal on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What kind.
    pub kind: Kind,
    /// What is wrong with this request; written for the caller.
    pub detail: Cow<'static, str>,
    /// The fields at fault.
    pub errors: Vec<FieldProblem>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
    /// For the log only.
    pub internal: Option<Box<str>>,
}

/// The result of a handler.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A refusal of a kind.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            internal: None,
        }
    }

    /// There is no such thing, or it is not the caller's: the two look the same.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(Kind::NOT_FOUND, format!("there is no such {what}"))
    }

    /// One field at fault.
    pub fn field(field: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        let (field, detail) = (field.into(), detail.into());
        let text = format!("{field}: {detail}");
        Self::new(Kind::INVALID, text).with(FieldProblem {
            field,
            code: code.to_owned(),
            detail,
        })
    }

    /// Adds a field at fault.
    #[must_use]
    pub fn with(mut self, error: FieldProblem) -> Self {
        self.errors.push(error);
        self
    }

    /// Our fault; the cause goes to the log.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        let mut problem = Self::new(
            Kind::INTERNAL,
            "the request could not be answered; it is in our log",
        );
        problem.internal = Some(copilot_runtime::telemetry::chain(cause).into());
        problem
    }

    /// The text of the answer.
    pub fn body(&self, trace_id: &str) -> ProblemBody {
        let Kind(status, code, title) = self.kind;
        ProblemBody {
            type_: format!("{TYPE_BASE}{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone().into_owned(),
            code: code.to_owned(),
            trace_id: trace_id.to_owned(),
            errors: self.errors.clone(),
        }
    }
}

impl IntoResponse for Problem {
    /// Hands the refusal to [`crate::edge`], which writes the body.
    fn into_response(self) -> Response {
        let mut response = self.kind.0.into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind.0 == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AwsError> for Problem {
    fn from(error: AwsError) -> Self {
        if error.is_retryable() {
            let mut problem = Self::new(Kind::UNAVAILABLE, "the store is busy; try again");
            problem.retry_after = Some(1);
            problem.internal = Some(copilot_runtime::telemetry::chain(&error).into());
            return problem;
        }
        Self::internal(&error)
    }
}
