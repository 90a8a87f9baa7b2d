//! A body of rows, split so that one bad row cannot take its neighbours down.
//!
//! The body is read once for its outline; each row stays raw text until [`RawRow::read`]. A number like `1e400`, a
//! key given twice, a nest too deep are then errors of their row alone. `NaN` and `Infinity` are no JSON at all,
//! but some serialisers write them: when a body does not read, the bare words are replaced by a number that no
//! field takes, and the body is read again; so they too are errors of their row alone.

use std::fmt;

use copilot_domain::limits::MAX_BATCH_ROWS;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::check::{clip, not_finite};
use super::{RowError, RowKind};

/// Levels of objects and lists in one row: the row, `custom` in it, and a value that will be refused by name.
const MAX_DEPTH: usize = 4;

/// Why a body could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON.
    #[error("the body is not JSON: {reason} at line {line} column {column}")]
    Json {
        /// What the parser expected.
        reason: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON of another shape.
    #[error("{0}")]
    Shape(String),
    /// More rows than one call may carry.
    #[error("a batch may hold at most {max} rows; got {got}: send several batches, or a CSV import")]
    TooManyRows {
        /// The limit.
        max: usize,
        /// What was sent.
        got: usize,
    },
}

impl BodyError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "invalid_json",
            Self::Shape(_) => "invalid_body",
            Self::TooManyRows { .. } => "too_many_rows",
        }
    }
}

/// One row, not yet read.
#[derive(Debug, Clone)]
pub struct RawRow {
    raw: Box<RawValue>,
}

impl RawRow {
    /// The row's text, as it came.
    pub fn as_str(&self) -> &str {
        self.raw.get()
    }

    /// Reads the row.
    ///
    /// # Errors
    /// `not_finite`, `duplicate_field`, `too_deep`, `invalid_text`: faults that a JSON value could not show.
    pub fn read(&self) -> Result<Value, RowError> {
        read(self.raw.get(), "", 0)
    }
}

/// The rows of one kind in a body.
#[derive(Debug, Clone)]
pub struct Section {
    /// What they are; an `Err` holds a key that names no kind, or a kind that holds no list.
    pub kind: Result<RowKind, RowError>,
    /// The rows, in order.
    pub rows: Vec<RawRow>,
}

/// The body of a batch call: rows of a kind that the path names.
#[derive(Debug, Clone)]
pub struct RowsBody {
    /// The source, where the body names one.
    pub source: Option<String>,
    /// The rows, in order.
    pub rows: Vec<RawRow>,
}

/// Splits `{"accounts": [...], "events": [...]}` into its sections, in the order of the body.
///
/// # Errors
/// [`BodyError`] when it is not a JSON object. A section of an unknown name is an error of its own, not of the body.
pub fn parse_batch(body: &str) -> Result<Vec<Section>, BodyError> {
    let mut sections = Vec::new();
    for (key, raw) in outline(body)? {
        sections.push(match (RowKind::from_plural(&key), list(raw.get())) {
            (Some(kind), Some(rows)) => Section { kind: Ok(kind), rows },
            (Some(_), None) => {
                let detail = format!("`{key}` must be a list of rows");
                Section {
                    kind: Err(RowError::field("wrong_type", key, detail)),
                    rows: Vec::new(),
                }
            }
            (None, _) => {
                let known = RowKind::all().map(RowKind::plural).collect::<Vec<_>>().join(", ");
                let key = clip(&key, 40);
                let detail = format!("`{key}` is no kind of row; known are {known}");
                Section {
                    kind: Err(RowError::field("unknown_field", key, detail)),
                    rows: Vec::new(),
                }
            }
        });
    }
    Ok(sections)
}

/// Splits the body of a batch call: `{"source"?: "api", "rows": [...]}`, or the kind's plural in place of `rows`.
///
/// # Errors
/// [`BodyError`] when it is not JSON, not of this shape, or holds more rows than a call may carry.
pub fn parse_rows(body: &str, kind: RowKind) -> Result<RowsBody, BodyError> {
    let (mut source, mut rows) = (None, None);
    let list_name = if kind == RowKind::Event { "events" } else { "rows" };
    for (key, raw) in outline(body)? {
        match key.as_str() {
            "source" => {
                let Ok(name) = serde_json::from_str::<Option<String>>(raw.get()) else {
                    return Err(BodyError::Shape("`source` must be text".to_owned()));
                };
                source = name;
            }
            name if name == "rows" || name == kind.plural() => {
                if rows.is_some() {
                    return Err(BodyError::Shape(
                        "the body holds its list of rows twice".to_owned(),
                    ));
                }
                let Some(found) = list(raw.get()) else {
                    return Err(BodyError::Shape(format!("`{name}` must be a list of rows")));
                };
                rows = Some(found);
            }
            name => {
                let name = clip(name, 40);
                return Err(BodyError::Shape(format!(
                    "`{name}` is not known here; send `{list_name}` and `source`"
                )));
            }
        }
    }
    let rows = rows.ok_or_else(|| BodyError::Shape(format!("the body needs a list `{list_name}`")))?;
    if rows.len() > MAX_BATCH_ROWS {
        return Err(BodyError::TooManyRows {
            max: MAX_BATCH_ROWS,
            got: rows.len(),
        });
    }
    Ok(RowsBody { source, rows })
}

/// The body that the raw log keeps of a batch call, so that a replay reads it as any other delivery.
pub fn canonical_body(kind: RowKind, rows: &[RawRow]) -> String {
    let mut body = format!("{{\"{}\":[", kind.plural());
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        body.push_str(row.as_str());
    }
    body.push_str("]}");
    body
}

/// An object's entries in order, keys given twice included.
struct Pairs(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

fn outline(body: &str) -> Result<Vec<(String, Box<RawValue>)>, BodyError> {
    let error = match serde_json::from_str::<Pairs>(body) {
        Ok(Pairs(pairs)) => return Ok(pairs),
        Err(error) => error,
    };
    if error.is_data() {
        return Err(BodyError::Shape(
            "the body must be a JSON object such as {\"accounts\": [...]}".to_owned(),
        ));
    }
    if let Some(mended) = without_bare_words(body)
        && let Ok(Pairs(pairs)) = serde_json::from_str::<Pairs>(&mended)
    {
        return Ok(pairs);
    }
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default().to_owned();
    Err(BodyError::Json {
        reason,
        line: error.line(),
        column: error.column(),
    })
}

/// The body with `NaN`, `Infinity`, `-Infinity` outside of strings replaced by a number too large to be one.
fn without_bare_words(body: &str) -> Option<String> {
    let mut out = String::with_capacity(body.len() + 16);
    let (mut rest, mut found) = (body, false);
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('"') {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if let Some(word) = ["NaN", "Infinity", "-Infinity", "-NaN"]
            .into_iter()
            .find(|w| rest.starts_with(w))
        {
            out.push_str("1e400");
            rest = &rest[word.len()..];
            found = true;
        } else {
            // `"`, `N`, `I` and `-` are one byte each.
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

/// Where the string that starts at the first byte ends (after its closing quote).
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn list(raw: &str) -> Option<Vec<RawRow>> {
    let rows: Vec<Box<RawValue>> = serde_json::from_str(raw).ok()?;
    Some(rows.into_iter().map(|raw| RawRow { raw }).collect())
}

/// Reads a value, naming the path of whatever does not read.
fn read(raw: &str, path: &str, depth: usize) -> Result<Value, RowError> {
    let raw = raw.trim();
    if depth > MAX_DEPTH {
        return Err(at(
            path,
            "too_deep",
            &format!("is nested more than {MAX_DEPTH} levels deep; send flat fields"),
        ));
    }
    match raw.as_bytes().first() {
        Some(b'{') => {
            let Pairs(pairs) = serde_json::from_str(raw).map_err(|_| invalid_text(path))?;
            let mut map = Map::new();
            for (key, raw) in pairs {
                let short = clip(&key, 40);
                let inner = if path.is_empty() {
                    short
                } else {
                    format!("{path}.{short}")
                };
                let value = read(raw.get(), &inner, depth + 1)?;
                if map.insert(key, value).is_some() {
                    return Err(at(&inner, "duplicate_field", "is given twice; send it once"));
                }
            }
            Ok(Value::Object(map))
        }
        Some(b'[') => {
            let rows: Vec<Box<RawValue>> = serde_json::from_str(raw).map_err(|_| invalid_text(path))?;
            rows.iter()
                .map(|raw| read(raw.get(), path, depth + 1))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        Some(b'"') => serde_json::from_str(raw).map_err(|_| invalid_text(path)),
        _ => match serde_json::from_str(raw) {
            Ok(value) => Ok(value),
            Err(_) if path.is_empty() => Err(RowError::row(
                "not_finite",
                "a row must be an object, not a number",
            )),
            Err(_) => Err(not_finite(path)),
        },
    }
}

fn invalid_text(path: &str) -> RowError {
    at(
        path,
        "invalid_text",
        "holds half of a surrogate pair (\\ud800 to \\udfff); send whole characters",
    )
}

fn at(path: &str, code: &'static str, what: &str) -> RowError {
    if path.is_empty() {
        RowError::row(code, format!("the row {what}"))
    } else {
        RowError::field(code, path, format!("`{path}` {what}"))
    }
}
