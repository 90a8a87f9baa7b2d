//! Why a delivery was not taken, as an RFC 9457 problem.

use copilot_connectors::canonical::BodyError;
use copilot_connectors::signature::SignatureError;
use copilot_domain::limits::MAX_WEBHOOK_BYTES;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde_json::json;

/// Seconds after which a sender may try again when we could not write.
const RETRY_AFTER: &str = "5";
const PROBLEMS: &str = "https://docs.customer-success-copilot.dev/problems/";

/// Why a delivery was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not a POST.
    Method,
    /// Larger than a webhook may be.
    TooLarge(usize),
    /// No such tenant, or no such source of it: the two look alike.
    UnknownSource,
    /// The named header is not there.
    MissingSignature(&'static str),
    /// A signature that is not believed.
    Signature(SignatureError),
    /// Not UTF-8 from this byte on.
    Utf8(usize),
    /// Not JSON of the right shape.
    Body(BodyError),
    /// S3 or Secrets Manager could not be asked: the sender tries again.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownSource => StatusCode::NOT_FOUND,
            Self::MissingSignature(_) | Self::Signature(_) => StatusCode::UNAUTHORIZED,
            Self::Utf8(_) | Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Method => "method_not_allowed",
            Self::TooLarge(_) => "body_too_large",
            Self::UnknownSource => "unknown_source",
            Self::MissingSignature(_) => "missing_signature",
            Self::Signature(error) => error.code(),
            Self::Utf8(_) => "invalid_utf8",
            Self::Body(error) => error.code(),
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Method => "Method not allowed",
            Self::TooLarge(_) => "Body too large",
            Self::UnknownSource => "Unknown source",
            Self::MissingSignature(_) => "Signature missing",
            Self::Signature(_) => "Signature not accepted",
            Self::Utf8(_) => "Body is not UTF-8",
            Self::Body(_) => "Body does not read",
            Self::Unavailable => "Not available now",
            Self::Internal => "Internal error",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Method => "send deliveries with POST".to_owned(),
            Self::TooLarge(got) => format!(
                "a delivery may have at most {MAX_WEBHOOK_BYTES} bytes; got {got}: split it, or use an import"
            ),
            Self::UnknownSource => {
                "no source is set up at this address; see Integrations in the dashboard for the right one"
                    .to_owned()
            }
            Self::MissingSignature(header) => format!("the header `{header}` is missing or not plain text"),
            Self::Signature(error) => error.to_string(),
            Self::Utf8(at) => format!("the body is not UTF-8 from byte {at} on"),
            Self::Body(error) => error.to_string(),
            Self::Unavailable => "the delivery was not kept; send it again".to_owned(),
            Self::Internal => "the delivery was not kept; the fault is ours and was recorded".to_owned(),
        }
    }

    /// The answer.
    pub fn response(&self, trace_id: &str) -> Response<Body> {
        let (status, code) = (self.status(), self.code());
        let problem = json!({
            "type": format!("{PROBLEMS}{code}"),
            "title": self.title(),
            "status": status.as_u16(),
            "detail": self.detail(),
            "code": code,
            "trace_id": trace_id,
        });
        let mut response = Response::new(Body::Text(problem.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self {
            Self::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
            }
            Self::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            _ => {}
        }
        response
    }
}
