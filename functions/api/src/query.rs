//! What holds for the query of every operation, before its handler: a parameter that the document does not give it is
//! refused by name, a filter without a value is refused, and `fields=` narrows the rows of the answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::access::Needs;
use crate::problem::{Answer, Problem};

/// The parameter that narrows the rows.
const FIELDS: &str = "fields";
/// Characters of a name that is given back in a refusal.
const MAX_SHOWN: usize = 80;

/// The rows of the operations that take `fields`, by operation: read out of the document when it is first asked for.
static ROWS: LazyLock<HashMap<String, Rows>> = LazyLock::new(|| {
    let document = serde_json::from_str(include_str!("../openapi.json")).unwrap_or_default();
    rows_of(&document)
});

/// What an answer is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rows {
    /// Whether the rows stand in `data`; else the answer is the row.
    listed: bool,
    /// The fields of a row.
    names: Vec<String>,
}

/// Checks the query of a request, and takes `fields` out of it: where a page begins and ends does not depend on it.
///
/// # Errors
/// A 422 that names the parameter.
pub fn admit(needs: &Needs, request: &mut Request) -> Answer<Narrow> {
    let Some(query) = request.uri().query() else {
        return Ok(Narrow(None));
    };
    let mut fields: Option<String> = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !needs.parameters.contains(name.as_ref()) {
            let shown: String = name.chars().take(MAX_SHOWN).collect();
            return Err(Problem::field(shown, "unknown", unknown(needs)));
        }
        if value.is_empty() && (name.starts_with("filter[") || name == FIELDS) {
            let detail = "is empty; give it a value, or leave it out";
            return Err(Problem::field(name, "empty", detail));
        }
        if name == FIELDS && fields.replace(value.into_owned()).is_some() {
            return Err(Problem::field(FIELDS, "repeated", "is given twice"));
        }
    }
    let Some(fields) = fields else {
        return Ok(Narrow(None));
    };
    let rows = ROWS.get(&needs.operation);
    let narrow = rows.map(|rows| wanted(&fields, rows)).transpose()?;
    take_out(request);
    Ok(Narrow(narrow))
}

fn unknown(needs: &Needs) -> String {
    let known: Vec<&str> = needs.parameters.iter().map(String::as_str).collect();
    if known.is_empty() {
        return "this operation has no parameters".to_owned();
    }
    format!(
        "this operation has no such parameter; it has: {}",
        known.join(", ")
    )
}

/// The fields that are asked for, of those that there are.
fn wanted(fields: &str, rows: &Rows) -> Answer<Rows> {
    let mut names = Vec::new();
    for name in fields.split(',').map(str::trim) {
        if !rows.names.iter().any(|known| known == name) {
            let shown: String = name.chars().take(MAX_SHOWN).collect();
            let detail = format!(
                "there is no field `{shown}`; there are: {}",
                rows.names.join(", ")
            );
            return Err(Problem::field(FIELDS, "unknown", detail));
        }
        names.push(name.to_owned());
    }
    let listed = rows.listed;
    Ok(Rows { listed, names })
}

fn take_out(request: &mut Request) {
    let path = request.uri().path();
    let rest: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
                .filter(|(name, _)| name != FIELDS),
        )
        .finish();
    if let Ok(uri) = format!("{path}?{rest}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
}

/// What is left of the rows of an answer; nothing is left out where nothing was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrow(Option<Rows>);

impl Narrow {
    /// Leaves the fields out that nobody asked for. Refusals stay as they are.
    pub async fn apply(self, response: Response) -> Response {
        let Some(rows) = self.0.filter(|_| response.status().is_success()) else {
            return response;
        };
        let (mut parts, body) = response.into_parts();
        // A body of ours: whole in memory already.
        let bytes = match axum::body::to_bytes(body, usize::MAX).await {
            Ok(bytes) => bytes,
            Err(cause) => return Problem::internal(&cause).into_response(),
        };
        let body = rows.narrow(&bytes).unwrap_or_else(|| bytes.to_vec());
        parts.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(body))
    }
}

/// A JSON object of which nothing is read but the names of its fields.
type Row = BTreeMap<String, Box<RawValue>>;

impl Rows {
    fn narrow(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut answer: Row = serde_json::from_slice(bytes).ok()?;
        if self.listed {
            let mut rows: Vec<Row> = serde_json::from_str(answer.get("data")?.get()).ok()?;
            for row in &mut rows {
                self.leave_out(row);
            }
            answer.insert("data".to_owned(), to_raw_value(&rows).ok()?);
        } else {
            self.leave_out(&mut answer);
        }
        serde_json::to_vec(&answer).ok()
    }

    fn leave_out(&self, row: &mut Row) {
        row.retain(|name, _| self.names.contains(name));
    }
}

/// The rows of each operation that takes `fields`.
fn rows_of(document: &Value) -> HashMap<String, Rows> {
    let mut all = HashMap::new();
    let items = document["paths"].as_object().into_iter().flatten();
    for operation in items.filter_map(|(_, item)| item.get("get")) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        if !parameters.into_iter().any(|p| p["name"] == FIELDS) {
            continue;
        }
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let whole = resolved(document, schema);
        let data = &whole["properties"]["data"];
        let listed = data["type"] == "array";
        let row = if listed { &data["items"] } else { whole };
        let mut names = Vec::new();
        collect(document, row, &mut names);
        let id = operation["operationId"].as_str().unwrap_or_default();
        all.insert(id.to_owned(), Rows { listed, names });
    }
    all
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|r| r.strip_prefix("#/components/schemas/"));
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}

fn collect(document: &Value, schema: &Value, names: &mut Vec<String>) {
    let schema = resolved(document, schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(document, part, names);
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    names.extend(properties.map(|(name, _)| name.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn needs(operation: &str, parameters: &[&str]) -> Needs {
        Needs {
            operation: operation.to_owned(),
            scope: None,
            parameters: parameters
                .iter()
                .map(|p| (*p).to_owned())
                .collect::<BTreeSet<_>>(),
        }
    }

    fn asked(needs: &Needs, query: &str) -> Answer<(Narrow, String)> {
        let uri = format!("/v1/x?{query}");
        let mut request = Request::builder().uri(uri).body(Body::empty()).unwrap();
        let narrow = admit(needs, &mut request)?;
        Ok((narrow, request.uri().query().unwrap_or_default().to_owned()))
    }

    #[test]
    fn what_the_document_does_not_give_an_operation_is_refused_by_name() {
        let none = needs("get_me", &[]);
        let refused = asked(&none, "tenant=other").unwrap_err();
        assert_eq!(refused.errors[0].field, "tenant");
        assert_eq!(refused.errors[0].detail, "this operation has no parameters");
        let some = needs("list_ctas", &["filter[owner][eq]", "limit"]);
        assert_eq!(asked(&some, "limit=3&x=").unwrap_err().errors[0].code, "unknown");
        let empty = asked(&some, "filter%5Bowner%5D%5Beq%5D=").unwrap_err();
        assert_eq!(
            (empty.errors[0].field.as_str(), empty.errors[0].code.as_str()),
            ("filter[owner][eq]", "empty")
        );
        assert!(asked(&some, "limit=").is_ok());
    }

    #[test]
    fn the_fields_of_every_row_are_those_of_the_document() {
        for (operation, listed, field) in [
            ("list_accounts", true, "delta_30d"),
            ("get_account", false, "next_actions"),
            ("list_alerts", true, "severity"),
            ("get_alert", false, "etag"),
            ("list_opportunities", true, "account_name"),
            ("get_opportunity", false, "signals"),
            ("list_ctas", true, "due_on"),
            ("get_cta", false, "due_on"),
        ] {
            let rows = &ROWS[operation];
            assert_eq!(rows.listed, listed, "{operation}");
            assert!(
                rows.names.iter().any(|name| name == field),
                "{operation}: {:?}",
                rows.names
            );
        }
    }

    #[test]
    fn rows_keep_the_fields_that_were_asked_for_and_a_page_keeps_its_place() {
        let ctas = needs("list_ctas", &["fields", "limit"]);
        let (narrow, rest) = asked(&ctas, "limit=2&fields=id,%20title").unwrap();
        assert_eq!(rest, "limit=2");
        let rows = narrow.0.unwrap();
        let page = br#"{"data":[{"id":"1","title":"T","note":1.50}],"next":null}"#;
        assert_eq!(
            String::from_utf8(rows.narrow(page).unwrap()).unwrap(),
            r#"{"data":[{"id":"1","title":"T"}],"next":null}"#
        );
        let refused = asked(&ctas, "fields=id,pk").unwrap_err();
        assert_eq!(refused.errors[0].field, "fields");
        assert!(refused.errors[0].detail.contains("`pk`"), "{refused:?}");
        assert!(refused.errors[0].detail.contains("due_on"), "{refused:?}");
        assert!(asked(&ctas, "fields=id&fields=title").is_err());
        assert!(asked(&ctas, "fields=").is_err());
    }
}
