//! Stripe: signed events to accounts, contacts, subscriptions and invoices.
//!
//! Events come in any order and more than once; each carries the whole object, so each becomes one revision whose
//! version is the event's own time. Fields are read where any API version puts them: since 2025-03-31 ("basil")
//! the billing period stands on the subscription's items.

mod map;
mod mrr;

use copilot_domain::time::Timestamp;
use serde_json::Value;

use crate::canonical::{RowContext, RowError};
use crate::delivery::ParsedDelivery;
use crate::generic::epoch;
use crate::signature::{SignatureError, TOLERANCE_SECONDS, any_hex_matches, in_tolerance};

/// Header with the signed time and the signatures.
pub const SIGNATURE_HEADER: &str = "stripe-signature";

/// Checks a delivery by Stripe's rules; answers the signed time.
///
/// `t=` is the signed time; any `v1=` may match under any of the secrets (two while one is being rolled); other
/// schemes are passed over; the time may lie at most 300 seconds back. As in Stripe's own libraries, a time ahead
/// of ours is not refused: it cannot be forged without the secret.
///
/// # Errors
/// [`SignatureError`].
pub fn verify<S: AsRef<[u8]>>(
    header: Option<&str>,
    body: &[u8],
    secrets: &[S],
    now: Timestamp,
) -> Result<Timestamp, SignatureError> {
    verify_within(header, body, secrets, now, TOLERANCE_SECONDS)
}

/// [`verify`] with a tolerance of one's own, in seconds.
///
/// # Errors
/// [`SignatureError`].
pub fn verify_within<S: AsRef<[u8]>>(
    header: Option<&str>,
    body: &[u8],
    secrets: &[S],
    now: Timestamp,
    tolerance_seconds: i64,
) -> Result<Timestamp, SignatureError> {
    let header = header.ok_or(SignatureError::Missing)?;
    let (mut stamp, mut given) = (None, Vec::new());
    for (key, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match key {
            "t" => stamp = Some(value),
            "v1" => given.push(value),
            _ => {}
        }
    }
    let stamp = stamp.ok_or(SignatureError::Malformed)?;
    let signed = epoch(stamp).ok_or(SignatureError::Malformed)?;
    if given.is_empty() {
        return Err(SignatureError::Missing);
    }
    if !any_hex_matches(secrets, &[stamp.as_bytes(), b".", body], &given) {
        return Err(SignatureError::Mismatch);
    }
    if !in_tolerance(signed, now, tolerance_seconds, i64::MAX) {
        return Err(SignatureError::OutOfTolerance);
    }
    Ok(signed)
}

/// What names an event and when it happened, for the raw log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The event's id: Stripe sends the same one again on a retry.
    pub id: String,
    /// When the event happened, where it says.
    pub created: Option<Timestamp>,
}

/// Reads id and time of an event; `None` when the body is no Stripe event with an id that can name an object.
pub fn envelope(body: &str) -> Option<Envelope> {
    let event: Value = serde_json::from_str(body).ok()?;
    let id = event.get("id")?.as_str()?;
    let plain = !id.is_empty()
        && id.len() <= 200
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if !plain {
        return None;
    }
    Some(Envelope {
        id: id.to_owned(),
        created: created(&event),
    })
}

/// When an event happened: epoch seconds, or the text of a v2 event.
fn created(event: &Value) -> Option<Timestamp> {
    let at = match event.get("created")? {
        Value::String(text) => text.parse().ok()?,
        seconds => Timestamp::from_second(seconds.as_i64()?).ok()?,
    };
    copilot_domain::time::in_range(at).ok()
}

/// Reads an event to its facts.
pub fn parse(body: &str, ctx: &RowContext) -> ParsedDelivery {
    let mut parsed = ParsedDelivery::default();
    let event: Value = match serde_json::from_str(body) {
        Ok(event) => event,
        Err(error) => {
            let detail = format!("the event is not JSON: {error}");
            parsed.errors.push((0, RowError::row("invalid_json", detail)));
            return parsed;
        }
    };
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
    if event.get("object").and_then(Value::as_str) == Some("v2.core.event") {
        let why = "a thin event carries no object; subscribe to the snapshot event in its place";
        parsed.ignored.push(format!("{}: {why}", name(kind)));
        return parsed;
    }
    let Some(object) = event.pointer("/data/object").filter(|object| object.is_object()) else {
        parsed.errors.push((
            0,
            RowError::field(
                "missing_field",
                "data.object",
                "the event carries no `data.object`",
            ),
        ));
        return parsed;
    };
    let created = created(&event).unwrap_or(ctx.version_at);
    // The event's time is the version of all that it tells: one far ahead would be newer than whatever comes after it.
    if ctx.is_ahead(created) {
        let detail = format!(
            "`created` lies more than a day after the delivery ({}); got {created}",
            ctx.received_at
        );
        let error = RowError::field("out_of_range", "created", detail);
        parsed.errors.push((0, error));
        return parsed;
    }
    map::event(
        &map::Event {
            kind,
            created,
            object,
            ctx,
        },
        &mut parsed,
    );
    parsed
}

/// An event's type, short enough for a record.
fn name(kind: &str) -> String {
    if kind.is_empty() {
        "an event without type".to_owned()
    } else {
        kind.chars().take(80).collect()
    }
}
