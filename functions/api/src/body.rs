//! Bodies: read up to a limit, JSON by content type, unknown fields refused by name.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::{DeserializeOwned, IgnoredAny};

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

/// A JSON body of a known shape that may be left out: then what it says by default holds.
#[derive(Debug, Clone, Copy)]
pub struct Optional<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for Optional<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        let kind = is_json(&request);
        let bytes = read(request.into_body(), MAX_BODY).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        kind?;
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
    let is_json = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    // A list of a struct's values in their order would be read as well: nobody means that.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') && is_json() {
        return Err(describe("", "invalid type: expected a map"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            return describe(&path, &inner.to_string());
        }
        // A number in place of a word, or one too large, counts as a fault of the syntax with serde, and is none.
        if is_json() {
            let is_number = inner.to_string().contains("number out of range");
            let expected = if is_number { "f64" } else { "variant identifier" };
            return describe(&path, &format!("invalid type: expected {expected}"));
        }
        let place = format!("line {}, column {}", inner.line(), inner.column());
        Problem::new(Kind::INVALID_JSON, place)
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
        (path.to_owned(), "malformed", format!("expected {}", wanted(text)))
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

/// What was expected, in the words of people: serde names types of ours, and the readers of days and instants repeat
/// what they were given.
fn wanted(text: &str) -> &str {
    let is_types = ["invalid type", "invalid value", "invalid length"]
        .iter()
        .any(|start| text.starts_with(start));
    if !is_types {
        // A day and an instant are refused in the same words, which begin with the year.
        let words = ["timestamp", "offset", "date", "year", "month", "day"];
        return if words.iter().any(|word| text.contains(word)) {
            "a day such as 2026-03-01, or a time such as 2026-03-01T09:00:00Z"
        } else {
            "another form"
        };
    }
    let name = text
        .rsplit_once("expected ")
        .map_or("", |(_, expected)| expected.trim());
    match name {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "unit" => "null",
        "a string" | "a borrowed string" | "str" | "string or map" | "variant identifier" => "text",
        name if name.starts_with("struct ") || name.starts_with("internally tagged") => "an object",
        name if name.starts_with("enum ") => "text",
        name if name.starts_with("tuple") || name.starts_with("an array") => "a list",
        name if name.contains("timestamp") => "a time such as 2026-03-01T09:00:00Z",
        name if name.contains("date") => "a day such as 2026-03-01",
        // What a reader of ours says of itself: `a whole number from 1 to 5`.
        name if name.starts_with("a ") || name.starts_with("an ") => name,
        _ => "another type",
    }
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
    fn what_is_expected_is_said_in_plain_words() {
        use crate::dto::playbook::PlaybookPatch;
        use crate::dto::settings::SettingsPatch;
        use crate::dto::work::NewCta;
        fn said<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> (String, String) {
            let problem = parse::<T>(json.as_bytes()).unwrap_err();
            let error = problem.errors[0].clone();
            (error.field, error.detail)
        }
        let of = |field: &str, detail: &str| (field.to_owned(), format!("expected {detail}"));
        let rating = r#"{"kind":"accuracy","rating":"good"}"#;
        assert_eq!(
            said::<NewFeedback>(rating),
            of("rating", "a whole number from 1 to 5")
        );
        let rating = r#"{"kind":"accuracy","rating":300}"#;
        assert_eq!(
            said::<NewFeedback>(rating),
            of("rating", "a whole number from 1 to 5")
        );
        assert_eq!(said::<NewFeedback>("[1]").1, "expected an object");
        assert_eq!(said::<NewFeedback>("7"), of("body", "an object"));
        assert_eq!(
            said::<NewFeedback>(r#"{"kind":5,"rating":1}"#),
            of("kind", "text")
        );
        assert_eq!(said::<NewCta>(r#"{"title":5}"#), of("title", "text"));
        let either = "a day such as 2026-03-01, or a time such as 2026-03-01T09:00:00Z";
        let day = r#"{"title":"T","due_on":"tomorrow-secret"}"#;
        assert_eq!(said::<NewCta>(day), of("due_on", either));
        let day = r#"{"title":"T","due_on":5}"#;
        assert_eq!(said::<NewCta>(day), of("due_on", "a day such as 2026-03-01"));
        let until = r#"{"status":"snoozed","snoozed_until":"soon-secret"}"#;
        assert_eq!(said::<AlertPatch>(until), of("snoozed_until", either));
        let until = r#"{"status":"snoozed","snoozed_until":5}"#;
        assert_eq!(
            said::<AlertPatch>(until),
            of("snoozed_until", "a time such as 2026-03-01T09:00:00Z")
        );
        assert_eq!(
            said::<SettingsPatch>(r#"{"daily_cap":-1}"#),
            of("daily_cap", "a whole number from 0")
        );
        assert_eq!(
            said::<SettingsPatch>(r#"{"leads":"jo@x.com"}"#),
            of("leads", "a list")
        );
        assert_eq!(
            said::<SettingsPatch>(r#"{"email":{"enabled":1,"digest_hour":1}}"#),
            of("email.enabled", "true or false")
        );
        assert_eq!(
            said::<PlaybookPatch>(r#"{"steps":[5]}"#),
            of("steps[0]", "an object")
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
