//! One row to one fact.

use copilot_domain::ExternalId;
use copilot_domain::facts::{Kind, UsageEvent};
use copilot_domain::revision::Revision;
use copilot_domain::time::{Timestamp, parse_instant};
use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::check::{check, clip, id_text, instant};
use super::{FieldSpec, LinkFact, RecordFact, RowContext, RowError, UsageFact, event_fields, fields};
use crate::similar::nearest;

/// How far a source's clock may run ahead of ours before its `updated_at` is refused: a version far in the future
/// would lock the record against every later change.
const CLOCK_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Reads a record of a kind.
///
/// # Errors
/// [`RowError`], naming the field, the limit and the mend.
pub fn parse_row(kind: Kind, value: &Value, ctx: &RowContext) -> Result<RecordFact, RowError> {
    let mut patch = checked(kind.plural(), fields(kind), value)?;
    let id = take_id(&mut patch, "external_id", ctx)?;
    let account = if kind == Kind::Account {
        id.clone()
    } else {
        take_id(&mut patch, "account", ctx)?
    };
    let updated_at = take_instant(&mut patch, "updated_at")?;
    let told_known = take_instant(&mut patch, "known_at")?;
    if kind == Kind::Survey {
        survey_range(&patch)?;
    }
    if let Some(at) = updated_at.filter(|at| ctx.is_ahead(*at)) {
        let detail = format!(
            "`updated_at` lies more than a day after the delivery ({}); got {at}",
            ctx.received_at
        );
        return Err(RowError::field("out_of_range", "updated_at", detail));
    }
    let known_at = match told_known {
        Some(at) => known_in_time(at, ctx)?,
        None if ctx.sandbox => own_instant(kind, &patch)
            .or(updated_at)
            .unwrap_or(Timestamp::UNIX_EPOCH),
        None => ctx.received_at,
    };
    let revision = Revision::new(updated_at.unwrap_or(ctx.version_at), known_at, patch);
    Ok(RecordFact {
        kind,
        external_id: id,
        account,
        revision,
    })
}

/// Reads a usage event.
///
/// # Errors
/// [`RowError`], naming the field, the limit and the mend.
pub fn parse_event(value: &Value, ctx: &RowContext) -> Result<UsageFact, RowError> {
    let mut row = checked("events", event_fields(), value)?;
    let id = take_text(&mut row, "id").ok_or_else(|| missing("id"))?;
    let account = take_id(&mut row, "account", ctx)?;
    let name = take_text(&mut row, "name").ok_or_else(|| missing("name"))?;
    let at = take_instant(&mut row, "at")?.ok_or_else(|| missing("at"))?;
    let known_at = match take_instant(&mut row, "known_at")? {
        Some(known) => known_in_time(known, ctx)?,
        None if ctx.sandbox => at,
        None => ctx.received_at,
    };
    let user = take_text(&mut row, "user");
    Ok(UsageFact {
        account,
        event: UsageEvent { id, name, user, at },
        known_at,
    })
}

/// The identities that an account row claims (`identities: {"stripe": "cus_1"}`), as links.
///
/// `null` takes the identity out of the row but leaves the link: a link moves when another account claims it.
pub fn links(fact: &RecordFact) -> Vec<LinkFact> {
    let Some(Value::Object(map)) = fact.revision.patch.get("identities") else {
        return Vec::new();
    };
    let mut links = Vec::new();
    for (source, id) in map {
        let Ok(source) = copilot_domain::Source::new(source) else {
            continue;
        };
        let Some(Ok(identity)) = id.as_str().map(|id| ExternalId::new(source, id)) else {
            continue;
        };
        if identity != fact.account {
            links.push(LinkFact {
                identity,
                account: fact.account.clone(),
                version: fact.revision.version,
            });
        }
    }
    links
}

/// Every field checked against its kind's table; `null` stays for deletion.
fn checked(kind: &str, specs: &[FieldSpec], value: &Value) -> Result<Map<String, Value>, RowError> {
    let Value::Object(row) = value else {
        return Err(RowError::row(
            "wrong_type",
            "a row must be an object such as {\"external_id\": \"42\"}",
        ));
    };
    if let Some(name) = row
        .keys()
        .find(|name| !specs.iter().any(|s| s.name == name.as_str()))
    {
        return Err(unknown(kind, specs, name));
    }
    let mut patch = Map::new();
    for spec in specs {
        match row.get(spec.name) {
            None | Some(Value::Null) if spec.required => return Err(missing(spec.name)),
            None => {}
            Some(Value::Null) => {
                patch.insert(spec.name.to_owned(), Value::Null);
            }
            Some(value) => {
                let value = check(spec, value)?;
                if spec.required && value.is_null() {
                    return Err(missing(spec.name));
                }
                patch.insert(spec.name.to_owned(), value);
            }
        }
    }
    Ok(patch)
}

fn unknown(kind: &str, specs: &[FieldSpec], name: &str) -> RowError {
    let shown = clip(name, 40);
    let hint = match nearest(name, specs.iter().map(|s| s.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if specs.iter().any(|s| s.name == "custom") => "fields of your own go under `custom`".to_owned(),
        None => format!(
            "known are {}",
            specs.iter().map(|s| s.name).collect::<Vec<_>>().join(", ")
        ),
    };
    RowError::field(
        "unknown_field",
        shown.clone(),
        format!("`{shown}` is no field of {kind}; {hint}"),
    )
}

fn missing(name: &str) -> RowError {
    RowError::field("missing_field", name, format!("`{name}` is required"))
}

fn take_text(row: &mut Map<String, Value>, name: &str) -> Option<String> {
    match row.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn take_id(row: &mut Map<String, Value>, name: &str, ctx: &RowContext) -> Result<ExternalId, RowError> {
    let value = row.remove(name).ok_or_else(|| missing(name))?;
    ExternalId::new(ctx.source.clone(), id_text(name, &value)?)
        .map_err(|error| RowError::field("wrong_type", name, format!("`{name}`: {error}")))
}

fn take_instant(row: &mut Map<String, Value>, name: &str) -> Result<Option<Timestamp>, RowError> {
    match row.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => instant(name, &value).map(Some),
    }
}

impl RowContext {
    /// Whether a version lies so far after the delivery that it would lock its record.
    pub(crate) fn is_ahead(&self, version: Timestamp) -> bool {
        let last = self.received_at.checked_add(CLOCK_AHEAD);
        !self.sandbox && version > last.unwrap_or(Timestamp::MAX)
    }
}

fn known_in_time(known: Timestamp, ctx: &RowContext) -> Result<Timestamp, RowError> {
    if ctx.sandbox || known <= ctx.received_at {
        return Ok(known);
    }
    let detail = format!(
        "`known_at` must not lie after the delivery ({}); got {known}",
        ctx.received_at
    );
    Err(RowError::field("out_of_range", "known_at", detail))
}

/// The answer must lie on the scale of its question, where the row names the question.
fn survey_range(patch: &Map<String, Value>) -> Result<(), RowError> {
    let (Some(kind), Some(score)) = (
        patch.get("kind").and_then(Value::as_str),
        patch.get("score").and_then(Value::as_f64),
    ) else {
        return Ok(());
    };
    let (min, max) = match kind {
        "csat" => (1.0, 5.0),
        "ces" => (1.0, 7.0),
        _ => (0.0, 10.0),
    };
    if score >= min && score <= max {
        return Ok(());
    }
    let detail = format!("`score` of {kind} must be a number from {min} to {max}; got {score}");
    Err(RowError::field("out_of_range", "score", detail))
}

/// The instant that a row tells of: its own, else the earliest other of the row. In a sandbox it is also when we
/// learned of it.
fn own_instant(kind: Kind, patch: &Map<String, Value>) -> Option<Timestamp> {
    let (own, others): (&str, &[&str]) = match kind {
        Kind::Account => ("contract_start", &[]),
        Kind::Contact => ("joined_at", &["left_at", "last_active_at"]),
        Kind::Subscription => ("started_at", &["canceled_at"]),
        Kind::Invoice => ("issued_at", &["paid_at", "failed_at", "voided_at"]),
        Kind::Ticket => ("opened_at", &["answered_at", "solved_at", "rated_at"]),
        Kind::Activity | Kind::Survey | Kind::Outcome => ("at", &[]),
    };
    let read = |name: &str| {
        patch
            .get(name)
            .and_then(Value::as_str)
            .and_then(|text| parse_instant(text).ok())
    };
    if kind == Kind::Account {
        return Some(read(own).unwrap_or(Timestamp::UNIX_EPOCH));
    }
    read(own).or_else(|| others.iter().filter_map(|name| read(name)).min())
}
