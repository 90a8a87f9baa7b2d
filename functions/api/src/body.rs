//! Bodies: read up to a limit, JSON by content type, unknown fields refused by name.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;

use crate::problem::{Answer, FieldProblem, Kind, Problem};

/// Bytes of a body that is not a batch.
pub const MAX_BODY: usize = 256 * 1024;

/// A JSON body of a known shape.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        is_json(&request)?;
        let bytes = read(request.into_body(), MAX_BODY).await?;
        parse(&bytes).map(Self)
    }
}

/// The text of a batch's body.
#[derive(Debug, Clone)]
pub struct BatchText(pub String);

impl<S: Send + Sync> FromRequest<S> for BatchText {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        is_json(&request)?;
        let bytes = read(request.into_body(), copilot_domain::limits::MAX_BATCH_BYTES).await?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Problem::new(Kind::INVALID_JSON, "the body is not valid UTF-8"))?;
        Ok(Self(text))
    }
}

/// Reads a body up to a limit.
///
/// # Errors
/// A 413 that names the limit.
pub async fn read(body: Body, limit: usize) -> Answer<Vec<u8>> {
    axum::body::to_bytes(body, limit)
        .await
        .map(|bytes| bytes.to_vec())
        .map_err(|_| Problem::new(Kind::TOO_LARGE, format!("at most {limit} bytes")))
}

fn is_json(request: &Request) -> Answer<()> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        Ok(())
    } else {
        Err(Problem::new(
            Kind::MEDIA_TYPE,
            "send `Content-Type: application/json`",
        ))
    }
}

/// Reads JSON of a known shape.
///
/// # Errors
/// A 400 when it is not JSON, a 422 that names the field when it does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if !inner.is_data() {
            return Problem::new(
                Kind::INVALID_JSON,
                format!("line {}, column {}", inner.line(), inner.column()),
            );
        }
        describe(&path, &inner.to_string())
    })?;
    reader
        .end()
        .map_err(|_| Problem::new(Kind::INVALID_JSON, "there is more after the JSON value"))?;
    Ok(value)
}

/// Turns serde's sentence into a field, a code and a detail. Values are left out: they may be personal.
fn describe(path: &str, sentence: &str) -> Problem {
    let text = sentence.split(" at line ").next().unwrap_or(sentence);
    let quoted = text.split('`').nth(1).unwrap_or_default();
    let (field, code, detail) = if text.starts_with("unknown field") {
        (
            join(path, quoted),
            "unknown_field",
            "there is no such field".to_owned(),
        )
    } else if text.starts_with("missing field") {
        (join(path, quoted), "required", "is required".to_owned())
    } else if text.starts_with("unknown variant") {
        let expected = text
            .split_once("expected ")
            .map_or("another word", |(_, rest)| rest);
        (path.to_owned(), "unknown", format!("expected {expected}"))
    } else {
        let expected = text
            .rsplit_once("expected ")
            .map_or("another type", |(_, rest)| rest);
        (path.to_owned(), "malformed", format!("expected {expected}"))
    };
    let field = if field.is_empty() || field == "." {
        "body".to_owned()
    } else {
        field
    };
    Problem::new(Kind::INVALID, format!("{field}: {detail}")).with(FieldProblem {
        field,
        code: code.to_owned(),
        detail,
    })
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" | "." => name.to_owned(),
        path if path.ends_with(name) => path.to_owned(),
        path => format!("{path}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::alert::{AlertPatch, NewFeedback};

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let problem = parse::<AlertPatch>(br#"{"status":"open","tenant":"other"}"#).unwrap_err();
        assert_eq!(problem.kind, Kind::INVALID);
        assert_eq!(
            (problem.errors[0].field.as_str(), problem.errors[0].code.as_str()),
            ("tenant", "unknown_field")
        );
    }

    #[test]
    fn a_missing_field_a_wrong_word_and_broken_json_are_told_apart() {
        let missing = parse::<NewFeedback>(br#"{"kind":"accuracy"}"#).unwrap_err();
        assert_eq!(missing.errors[0].field, "rating");
        let word = parse::<NewFeedback>(br#"{"kind":"beauty","rating":1}"#).unwrap_err();
        assert_eq!(
            (word.errors[0].field.as_str(), word.errors[0].code.as_str()),
            ("kind", "unknown")
        );
        let broken = parse::<NewFeedback>(b"{\"kind\":").unwrap_err();
        assert_eq!(broken.kind, Kind::INVALID_JSON);
        let more = parse::<NewFeedback>(br#"{"kind":"accuracy","rating":1} {}"#).unwrap_err();
        assert_eq!(more.kind, Kind::INVALID_JSON);
    }
}
