//! Checks one value against its field: type, length, range, form. What passes is normalised, so that two tellings
//! of the same value (`5` and `5.0`, `EUR` and `eur`) are the same patch.

use std::collections::BTreeSet;

use copilot_domain::limits::{
    MAX_AMOUNT_MINOR, MAX_CUSTOM_FIELDS, MAX_EXTERNAL_ID, MAX_IDENTITIES, MAX_NAME, MAX_PRODUCTS, MAX_TEXT,
    MAX_YEAR, MIN_YEAR,
};
use copilot_domain::time::{TimeError, Timestamp, parse_date, parse_instant};
use copilot_domain::{Currency, Source};
use serde_json::{Map, Value};

use super::{FieldSpec, FieldType, MAX_CUSTOM_NAME, MAX_CUSTOM_TEXT, RowError};

/// The largest magnitude of a number in `custom`: the store takes 38 digits, a sum must not overflow.
const MAX_CUSTOM_NUMBER: f64 = 1e18;

/// Checks a value that is not `null`; answers the value to store.
pub(super) fn check(spec: &FieldSpec, value: &Value) -> Result<Value, RowError> {
    let name = spec.name;
    match spec.ty {
        FieldType::ExternalId => id_text(name, value).map(Value::from),
        FieldType::Name => line(name, value, MAX_NAME),
        FieldType::Text => long_text(name, value),
        FieldType::Email => email(name, value),
        FieldType::Domain => line(name, value, MAX_NAME).map(|v| v.as_str().map_or(Value::Null, domain)),
        FieldType::Integer(min, max) => integer(name, value, min, max),
        FieldType::AmountMinor => integer(name, value, -MAX_AMOUNT_MINOR, MAX_AMOUNT_MINOR),
        FieldType::Decimal(min, max) => decimal(name, value, min as f64, max as f64),
        FieldType::Currency => {
            let code = text(name, value)?;
            Currency::new(code.trim())
                .map(|c| c.as_str().into())
                .map_err(|_| {
                    RowError::field(
                        "unknown_value",
                        name,
                        format!("`{name}` must be {}; got {}", spec.limits(), show(value)),
                    )
                })
        }
        FieldType::Date => {
            let day = parse_date(text(name, value)?).map_err(|e| when(name, value, &e))?;
            Ok(day.to_string().into())
        }
        FieldType::Instant => Ok(instant(name, value)?.to_string().into()),
        FieldType::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => Err(wrong_type(name, "true or false", value)),
        },
        FieldType::OneOf(words) => {
            let word = text(name, value)?;
            words
                .iter()
                .find(|w| **w == word)
                .map(|w| Value::from(*w))
                .ok_or_else(|| {
                    let all = words.join(", ");
                    RowError::field(
                        "unknown_value",
                        name,
                        format!("`{name}` must be one of {all}; got {}", show(value)),
                    )
                })
        }
        FieldType::Names => names(name, value),
        FieldType::Identities => identities(name, value),
        FieldType::Custom => custom(name, value),
    }
}

/// Reads an instant.
pub(super) fn instant(name: &str, value: &Value) -> Result<Timestamp, RowError> {
    parse_instant(text(name, value)?).map_err(|e| when(name, value, &e))
}

/// Reads an external id, as the source writes it but for spaces around it: a file loses them in any case, and an id
/// that differs by them alone is nobody else's.
pub(super) fn id_text(name: &str, value: &Value) -> Result<String, RowError> {
    let id = text(name, value)?.trim();
    if id.is_empty() {
        return Err(RowError::field(
            "missing_field",
            name,
            format!("`{name}` is empty; every row needs one"),
        ));
    }
    length(name, id, MAX_EXTERNAL_ID)?;
    no_control(name, id, false)?;
    Ok(id.to_owned())
}

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, RowError> {
    value
        .as_str()
        .ok_or_else(|| wrong_type(name, "text in quotes", value))
}

fn line(name: &str, value: &Value, max: usize) -> Result<Value, RowError> {
    let line = text(name, value)?.trim();
    length(name, line, max)?;
    no_control(name, line, false)?;
    Ok(or_null(line))
}

/// Names in their order, each once; empty ones are left out.
fn names(name: &str, value: &Value) -> Result<Value, RowError> {
    let Value::Array(all) = value else {
        return Err(wrong_type(name, "a list of text in quotes", value));
    };
    let mut kept: Vec<Value> = Vec::new();
    let mut seen = BTreeSet::new();
    for one in all {
        let line = line(name, one, MAX_NAME)?;
        if let Some(text) = line.as_str()
            && seen.insert(text.to_owned())
        {
            kept.push(line);
        }
    }
    if kept.len() > MAX_PRODUCTS {
        let detail = format!(
            "`{name}` has {} names; at most {MAX_PRODUCTS} are taken",
            kept.len()
        );
        return Err(RowError::field("too_many", name, detail));
    }
    Ok(if kept.is_empty() { Value::Null } else { kept.into() })
}

fn long_text(name: &str, value: &Value) -> Result<Value, RowError> {
    let words = text(name, value)?.trim();
    length(name, words, MAX_TEXT)?;
    no_control(name, words, true)?;
    Ok(or_null(words))
}

/// An empty text is no text: the field is deleted.
fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

fn email(name: &str, value: &Value) -> Result<Value, RowError> {
    let address = line(name, value, MAX_NAME)?;
    let Some(address) = address.as_str() else {
        return Ok(Value::Null);
    };
    let whole = match address.split_once('@') {
        Some((local, host)) => !local.is_empty() && !host.is_empty() && !host.contains('@'),
        None => false,
    };
    if !whole || address.contains(char::is_whitespace) {
        let detail = format!("`{name}` must be an e-mail address such as jo@example.com");
        return Err(RowError::field("malformed_email", name, detail));
    }
    Ok(address.to_lowercase().into())
}

fn domain(text: &str) -> Value {
    let lower = text.to_lowercase();
    let host = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    or_null(host.strip_prefix("www.").unwrap_or(host))
}

fn integer(name: &str, value: &Value, min: i64, max: i64) -> Result<Value, RowError> {
    let what = format!("a whole number from {min} to {max}");
    let Value::Number(number) = value else {
        return Err(wrong_type(name, &what, value));
    };
    let whole = match number.as_i64() {
        Some(whole) => Some(whole),
        // 5.0 is five; beyond 2^53 a float cannot say which whole number it is.
        None => number
            .as_f64()
            .filter(|f| f.fract() == 0.0 && f.abs() < 9e15)
            .map(|f| f as i64),
    };
    match whole {
        Some(whole) if (min..=max).contains(&whole) => Ok(whole.into()),
        None if number.as_f64().is_some_and(|f| f.fract() != 0.0) => Err(wrong_type(name, &what, value)),
        _ => Err(out_of_range(name, &what, value)),
    }
}

fn decimal(name: &str, value: &Value, min: f64, max: f64) -> Result<Value, RowError> {
    let what = format!("a number from {min} to {max}");
    let number = value.as_f64().ok_or_else(|| wrong_type(name, &what, value))?;
    if !number.is_finite() {
        return Err(not_finite(name));
    }
    if number < min || number > max {
        return Err(out_of_range(name, &what, value));
    }
    Ok(Value::from(number))
}

fn identities(name: &str, value: &Value) -> Result<Value, RowError> {
    let Value::Object(map) = value else {
        return Err(wrong_type(name, "an object of source to id", value));
    };
    if map.len() > MAX_IDENTITIES {
        let detail = format!(
            "`{name}` may hold at most {MAX_IDENTITIES} ids; got {}",
            map.len()
        );
        return Err(RowError::field("out_of_range", name, detail));
    }
    let mut checked = Map::new();
    for (source, id) in map {
        let path = format!("{name}.{}", clip(source, 40));
        if let Err(error) = Source::new(source) {
            return Err(RowError::field(
                "unknown_value",
                path,
                format!("in `{name}`: {error}"),
            ));
        }
        let id = if id.is_null() {
            Value::Null
        } else {
            id_text(&path, id)?.into()
        };
        checked.insert(source.clone(), id);
    }
    Ok(Value::Object(checked))
}

fn custom(name: &str, value: &Value) -> Result<Value, RowError> {
    let Value::Object(map) = value else {
        return Err(wrong_type(name, "an object of your own fields", value));
    };
    if map.len() > MAX_CUSTOM_FIELDS {
        let detail = format!(
            "`{name}` may hold at most {MAX_CUSTOM_FIELDS} fields; got {}",
            map.len()
        );
        return Err(RowError::field("out_of_range", name, detail));
    }
    let mut checked = Map::new();
    for (key, value) in map {
        let path = format!("{name}.{}", clip(key, 40));
        if key.is_empty() {
            return Err(RowError::field(
                "missing_field",
                path,
                format!("a field of `{name}` has an empty name"),
            ));
        }
        length(&path, key, MAX_CUSTOM_NAME)?;
        no_control(&path, key, false)?;
        checked.insert(key.clone(), scalar(&path, value)?);
    }
    Ok(Value::Object(checked))
}

fn scalar(path: &str, value: &Value) -> Result<Value, RowError> {
    match value {
        Value::Null | Value::Bool(_) => Ok(value.clone()),
        Value::String(text) => {
            length(path, text, MAX_CUSTOM_TEXT)?;
            no_control(path, text, true)?;
            Ok(value.clone())
        }
        Value::Number(number) => {
            let float = number
                .as_f64()
                .filter(|f| f.is_finite())
                .ok_or_else(|| not_finite(path))?;
            if float.abs() > MAX_CUSTOM_NUMBER {
                return Err(out_of_range(path, "a number from -10^18 to 10^18", value));
            }
            if let Some(whole) = number.as_i64() {
                return Ok(whole.into());
            }
            if float.fract() == 0.0 && float.abs() < 9e15 {
                return Ok((float as i64).into());
            }
            Ok(Value::from(if float.abs() < 1e-100 { 0.0 } else { float }))
        }
        Value::Array(_) | Value::Object(_) => {
            Err(wrong_type(path, "text, a number, true, false or null", value))
        }
    }
}

fn length(name: &str, text: &str, max: usize) -> Result<(), RowError> {
    let count = text.chars().count();
    if count <= max {
        return Ok(());
    }
    Err(RowError::field(
        "too_long",
        name,
        format!("`{name}` may have at most {max} characters; got {count}"),
    ))
}

fn no_control(name: &str, text: &str, lines: bool) -> Result<(), RowError> {
    let bad = text
        .chars()
        .find(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t')));
    match bad {
        None => Ok(()),
        Some(c) => {
            let detail = format!(
                "`{name}` holds the control character U+{:04X}; remove it",
                u32::from(c)
            );
            Err(RowError::field("control_characters", name, detail))
        }
    }
}

fn when(name: &str, value: &Value, error: &TimeError) -> RowError {
    let got = show(value);
    match error {
        TimeError::Malformed => RowError::field(
            "malformed_date",
            name,
            format!("`{name}` does not read: {error}; got {got}"),
        ),
        TimeError::OutOfRange => {
            let detail = format!("`{name}`: the year must lie between {MIN_YEAR} and {MAX_YEAR}; got {got}");
            RowError::field("year_out_of_range", name, detail)
        }
    }
}

pub(super) fn not_finite(name: &str) -> RowError {
    let detail = format!(
        "`{name}` is NaN, infinite or too large for a number (such as 1e400); send null or leave it out"
    );
    RowError::field("not_finite", name, detail)
}

pub(super) fn wrong_type(name: &str, what: &str, value: &Value) -> RowError {
    RowError::field(
        "wrong_type",
        name,
        format!("`{name}` must be {what}; got {}", show(value)),
    )
}

pub(super) fn out_of_range(name: &str, what: &str, value: &Value) -> RowError {
    RowError::field(
        "out_of_range",
        name,
        format!("`{name}` must be {what}; got {}", show(value)),
    )
}

/// What was sent, short: a value for a message, never a whole document.
fn show(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => Value::from(clip(text, 40)).to_string(),
        other => other.to_string(),
    }
}

pub(super) fn clip(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max).collect();
    short.push('…');
    short
}
