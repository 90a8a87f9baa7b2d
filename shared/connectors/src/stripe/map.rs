//! Stripe's objects in our words.

use copilot_domain::ExternalId;
use copilot_domain::Source;
use copilot_domain::facts::Kind;
use copilot_domain::time::Timestamp;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::mrr::{self, Mrr};
use super::name;
use crate::canonical::{Fact, LinkFact, RowContext, RowError, parse_row};
use crate::delivery::ParsedDelivery;

/// One event with its object.
pub(super) struct Event<'a> {
    pub(super) kind: &'a str,
    pub(super) created: Timestamp,
    pub(super) object: &'a Value,
    pub(super) ctx: &'a RowContext,
}

/// Maps an event; what we do not count is named.
pub(super) fn event(event: &Event<'_>, parsed: &mut ParsedDelivery) {
    let status = event.text("status");
    match event.kind {
        "customer.created" | "customer.updated" => customer(event, parsed),
        "customer.deleted" => {
            let row = json!({"external_id": event.get("id"), "custom": {"stripe_deleted": true}});
            emit(event, Kind::Account, row, parsed);
        }
        kind if kind.starts_with("customer.subscription.") => subscription(event, parsed),
        "invoice.created" | "invoice.updated" if status == Some("draft") => {
            parsed
                .ignored
                .push(format!("{}: a draft is no bill yet", event.kind));
        }
        "invoice.created"
        | "invoice.updated"
        | "invoice.finalized"
        | "invoice.sent"
        | "invoice.overdue"
        | "invoice.paid"
        | "invoice.payment_succeeded"
        | "invoice.payment_failed"
        | "invoice.payment_action_required"
        | "invoice.voided"
        | "invoice.marked_uncollectible" => {
            invoice(event, parsed);
        }
        "charge.refunded" => refund(event, parsed),
        "credit_note.created" | "credit_note.updated" | "credit_note.voided" => {
            parsed.ignored.push(format!(
                "{}: not counted, since the refund beside it is",
                event.kind
            ));
        }
        "charge.dispute.created" | "charge.dispute.closed" => {
            parsed.ignored.push(format!(
                "{}: a dispute names its charge, not its customer",
                event.kind
            ));
        }
        kind => parsed
            .ignored
            .push(format!("{}: this type of event is not read", name(kind))),
    }
}

impl Event<'_> {
    /// A field that is there and not null.
    fn get(&self, key: &str) -> Option<&Value> {
        self.object.get(key).filter(|v| !v.is_null())
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    fn at(&self, path: &str) -> Option<Timestamp> {
        self.object.pointer(path).and_then(seconds)
    }

    fn id(&self) -> &str {
        self.text("id").unwrap_or("without id")
    }

    /// The customer, as an id or an expanded object.
    fn customer(&self) -> Option<&str> {
        self.get("customer").and_then(id_of)
    }

    /// The event's time with its place among the events of the same second: Stripe counts in whole seconds, and
    /// sends `created` and `updated` in one.
    fn version(&self) -> Timestamp {
        let place = match self.kind.rsplit('.').next().unwrap_or_default() {
            "created" => 0,
            "finalized" | "sent" => 100,
            "deleted" | "voided" | "marked_uncollectible" => 900,
            "paid" | "payment_succeeded" => 800,
            "payment_failed" => 600,
            _ => 500,
        };
        self.created
            .checked_add(SignedDuration::from_millis(place))
            .unwrap_or(self.created)
    }
}

/// An id, or the id of an expanded object.
pub(super) fn id_of(value: &Value) -> Option<&str> {
    value
        .as_str()
        .or_else(|| value.get("id").and_then(Value::as_str))
        .filter(|id| !id.is_empty())
}

/// Epoch seconds.
pub(super) fn seconds(value: &Value) -> Option<Timestamp> {
    value.as_i64().and_then(|s| Timestamp::from_second(s).ok())
}

fn instant(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.to_string().into())
}

fn customer(event: &Event<'_>, parsed: &mut ParsedDelivery) {
    let id = event.get("id");
    let link = ["account_id", "external_id"].into_iter().find_map(|key| {
        let value = event
            .object
            .pointer(&format!("/metadata/{key}"))?
            .as_str()?
            .trim();
        (!value.is_empty()).then_some(value)
    });
    let title = event
        .text("name")
        .or(event.text("description"))
        .or(event.text("email"));
    let mut row = json!({
        "external_id": id,
        "name": title.map(short),
        "country": event.object.pointer("/address/country"),
        "custom": {"delinquent": event.get("delinquent"), "account_id": link},
    });
    if let (Value::Object(row), Some(currency)) = (&mut row, event.text("currency")) {
        row.insert("currency".to_owned(), currency.into());
    }
    emit(event, Kind::Account, row, parsed);
    if let Some(email) = event.text("email") {
        let row = json!({
            "external_id": id,
            "account": id,
            "email": email,
            "title": "Billing contact",
            "joined_at": instant(event.at("/created")),
        });
        emit(event, Kind::Contact, row, parsed);
    }
    if let Some(link) = link {
        let pair = ExternalId::new(event.ctx.source.clone(), event.id())
            .and_then(|identity| Ok((identity, ExternalId::new(Source::api(), link)?)));
        match pair {
            Ok((identity, account)) => {
                parsed.facts.push((
                    0,
                    Fact::Link(LinkFact {
                        identity,
                        account,
                        version: event.version(),
                    }),
                ));
            }
            Err(error) => {
                let detail = format!("customer {}: {error}", event.id());
                parsed
                    .errors
                    .push((0, RowError::field("wrong_type", "metadata.account_id", detail)));
            }
        }
    }
}

fn subscription(event: &Event<'_>, parsed: &mut ParsedDelivery) {
    let items = mrr::items(event.object);
    // Since "basil" the period stands on the items; before, on the subscription.
    let period_end = items
        .iter()
        .filter_map(|item| item.get("current_period_end").and_then(seconds))
        .max()
        .or(event.at("/current_period_end"));
    let ends_at_period = event
        .get("cancel_at_period_end")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let status = match event.text("status") {
        Some("incomplete" | "unpaid") => Some("past_due"),
        Some("incomplete_expired") => Some("canceled"),
        other => other,
    };
    let canceled = status == Some("canceled");
    let cancel_at = event.at("/cancel_at");
    let canceled_at = event
        .at("/ended_at")
        .or(if canceled {
            event.at("/canceled_at").or(Some(event.created))
        } else {
            None
        })
        .or(cancel_at)
        .or(if ends_at_period { period_end } else { None });
    let mut row = json!({
        "external_id": event.get("id"),
        "account": event.customer(),
        "plan": items.first().and_then(|item| plan(item)).map(short),
        "status": status,
        "seats": mrr::seats(&items),
        "started_at": instant(event.at("/start_date").or(event.at("/start"))),
        "term_ends_on": period_end.map(|at| at.to_zoned(TimeZone::UTC).date().to_string()),
        "canceled_at": instant(canceled_at),
        "auto_renew": !(canceled || ends_at_period || cancel_at.is_some()),
    });
    if let Value::Object(row) = &mut row {
        if let Some(currency) = event.text("currency") {
            row.insert("currency".to_owned(), currency.into());
        }
        let Mrr { minor, notes } = mrr::monthly(event.object, &items, event.created);
        row.insert("mrr_minor".to_owned(), minor.map_or(Value::Null, Value::from));
        parsed.ignored.extend(
            notes
                .into_iter()
                .map(|note| format!("{}: {note}", name(event.id()))),
        );
    }
    emit(event, Kind::Subscription, row, parsed);
}

/// The plan's name: the price's nickname or lookup key, else the product's name or id.
fn plan(item: &Value) -> Option<&str> {
    let text = |path: &str| {
        item.pointer(path)
            .and_then(Value::as_str)
            .filter(|t| !t.is_empty())
    };
    text("/price/nickname")
        .or_else(|| text("/plan/nickname"))
        .or_else(|| text("/price/product/name"))
        .or_else(|| text("/price/lookup_key"))
        .or_else(|| item.pointer("/price/product").and_then(id_of))
        .or_else(|| item.pointer("/plan/product").and_then(id_of))
        .or_else(|| text("/price/id"))
}

/// The products of the lines that cost something, by the names that subscriptions have, else by the product's id; free text
/// of a line is none.
fn products(event: &Event<'_>) -> Value {
    let mut names: Vec<&str> = Vec::new();
    let lines = event.object.pointer("/lines/data").and_then(Value::as_array);
    for line in lines.into_iter().flatten() {
        let costs = line
            .get("amount")
            .and_then(Value::as_i64)
            .is_some_and(|amount| amount > 0);
        let product = line.pointer("/pricing/price_details/product").and_then(id_of);
        if costs
            && let Some(name) = plan(line).or(product)
            && !names.contains(&name)
            && names.len() < copilot_domain::limits::MAX_PRODUCTS
        {
            names.push(name);
        }
    }
    if names.is_empty() {
        Value::Null
    } else {
        names.into_iter().map(short).collect()
    }
}

fn invoice(event: &Event<'_>, parsed: &mut ParsedDelivery) {
    let issued = event
        .at("/status_transitions/finalized_at")
        .or(event.at("/effective_at"))
        .or(event.at("/created"));
    let paid = event
        .at("/status_transitions/paid_at")
        .or(match event.text("status") {
            Some("paid") => Some(event.created),
            _ => None,
        });
    let voided = event
        .at("/status_transitions/voided_at")
        .or(event.at("/status_transitions/marked_uncollectible_at"))
        .or(match event.text("status") {
            Some("void" | "uncollectible") => Some(event.created),
            _ => None,
        });
    let lines = match event.object.pointer("/lines/total_count") {
        Some(Value::Number(count)) => count.as_u64(),
        _ if event.object.pointer("/lines/has_more").and_then(Value::as_bool) == Some(true) => None,
        _ => event
            .object
            .pointer("/lines/data")
            .and_then(Value::as_array)
            .map(|lines| lines.len() as u64),
    };
    let mut row = Map::new();
    // What an event does not tell stays as an earlier one told it: a paid invoice keeps its failed attempt.
    let mut tell = |name: &str, value: Value| {
        if !value.is_null() {
            row.insert(name.to_owned(), value);
        }
    };
    tell("external_id", event.get("id").cloned().unwrap_or_default());
    tell("account", event.customer().map(Value::from).unwrap_or_default());
    tell("number", event.get("number").cloned().unwrap_or_default());
    tell(
        "amount_minor",
        event
            .get("total")
            .or(event.get("amount_due"))
            .cloned()
            .unwrap_or_default(),
    );
    tell("currency", event.get("currency").cloned().unwrap_or_default());
    tell("issued_at", instant(issued));
    tell("due_at", instant(event.at("/due_date")));
    tell("paid_at", instant(paid));
    tell("voided_at", instant(voided));
    tell("line_count", lines.map(Value::from).unwrap_or_default());
    tell("products", products(event));
    if event.kind == "invoice.payment_failed" {
        tell("failed_at", instant(Some(event.created)));
    }
    emit(event, Kind::Invoice, Value::Object(row), parsed);
}

/// A refund is a credit: a bill of a negative amount, settled when it was made. A charge refunded in several parts
/// is one credit of their sum.
fn refund(event: &Event<'_>, parsed: &mut ParsedDelivery) {
    let number = |key: &str| event.get(key).and_then(Value::as_i64);
    let whole = event.get("refunded").and_then(Value::as_bool).unwrap_or(false);
    let refunded = number("amount_refunded")
        .filter(|amount| *amount > 0 || !whole)
        .or(number("amount"));
    let at = instant(Some(event.created));
    let mut row = Map::new();
    row.insert(
        "external_id".to_owned(),
        event
            .text("id")
            .map(|id| format!("{id}-refund").into())
            .unwrap_or_default(),
    );
    row.insert(
        "account".to_owned(),
        event.customer().map(Value::from).unwrap_or_default(),
    );
    row.insert(
        "amount_minor".to_owned(),
        refunded
            .map(|amount| amount.saturating_neg().into())
            .unwrap_or_default(),
    );
    if let Some(currency) = event.get("currency") {
        row.insert("currency".to_owned(), currency.clone());
    }
    row.insert("issued_at".to_owned(), at.clone());
    row.insert("paid_at".to_owned(), at);
    emit(event, Kind::Invoice, Value::Object(row), parsed);
}

/// Runs a row through the same checks as every other door.
fn emit(event: &Event<'_>, kind: Kind, mut row: Value, parsed: &mut ParsedDelivery) {
    let ctx = RowContext {
        version_at: event.version(),
        ..event.ctx.clone()
    };
    if let (true, Value::Object(row)) = (ctx.sandbox, &mut row) {
        row.insert("known_at".to_owned(), instant(Some(event.created)));
    }
    match parse_row(kind, &row, &ctx) {
        Ok(fact) => parsed.facts.push((0, Fact::Record(fact))),
        Err(mut error) => {
            if error.field.as_deref() == Some("account") {
                "the object names no customer, so it belongs to no account".clone_into(&mut error.detail);
            }
            error.detail = format!("{} {}: {}", name(event.kind), name(event.id()), error.detail);
            parsed.errors.push((0, error));
        }
    }
}

/// Stripe takes longer names than we do: the rest is cut, not refused.
fn short(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(copilot_domain::limits::MAX_NAME)
        .collect()
}
