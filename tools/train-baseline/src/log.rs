//! Reads the invoice lines of Online Retail II into account histories, as the bench loader sends them to the API.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result, bail};
use copilot_domain::facts::{Kind, UsageEvent};
use copilot_domain::history::{AccountHistory, FactRecord};
use copilot_domain::revision::{Record, Revision};
use copilot_domain::time::{Timestamp, epoch_day, parse_date, parse_instant};
use copilot_domain::usage::{NODE_CAPACITY, UsageNode};
use copilot_domain::{AccountId, ExternalId, Source};
use serde_json::json;

/// A customer of the wholesaler.
#[derive(Debug)]
pub(crate) struct Customer {
    /// The history that features are computed from.
    pub(crate) history: AccountHistory,
    /// Instants of its purchases (invoices of a positive amount), ascending.
    pub(crate) purchases: Vec<Timestamp>,
}

struct Invoice {
    at: Timestamp,
    amount: i64,
    lines: i64,
}

#[derive(Default)]
struct Book {
    invoices: BTreeMap<String, Invoice>,
    days: BTreeMap<jiff::civil::Date, Vec<UsageEvent>>,
}

/// Quantity times price in pence; half a penny goes away from zero.
fn pence(quantity: &str, price: &str) -> Result<i64> {
    let quantity: i128 = quantity.parse().context("quantity")?;
    let (whole, fraction) = price.split_once('.').unwrap_or((price, ""));
    if fraction.len() > 6 {
        bail!("price {price} has more than six decimals");
    }
    let micro: i128 = format!("{whole}{fraction:0<6}").parse().context("price")?;
    let product = quantity * micro;
    let half = if product < 0 { -5_000 } else { 5_000 };
    i64::try_from((product + half) / 10_000).context("amount")
}

/// Reads the file. Lines without a customer are left out and counted.
pub(crate) fn read(input: impl Read) -> Result<(Vec<Customer>, usize)> {
    let mut books: BTreeMap<String, Book> = BTreeMap::new();
    let mut nobody = 0;
    for (number, record) in csv::Reader::from_reader(input).records().enumerate() {
        let record = record?;
        let field = |at: usize| record.get(at).unwrap_or("");
        let customer = field(5);
        if customer.is_empty() {
            nobody += 1;
            continue;
        }
        let at = parse_instant(field(3))?;
        let amount = pence(field(2), field(4)).with_context(|| format!("line {}", number + 2))?;
        let book = books.entry(customer.to_owned()).or_default();
        let invoice = book.invoices.entry(field(0).to_owned()).or_insert(Invoice {
            at,
            amount: 0,
            lines: 0,
        });
        invoice.at = invoice.at.min(at);
        invoice.amount += amount;
        invoice.lines += 1;
        let name = if field(0).starts_with('C') {
            "return_line"
        } else {
            "order_line"
        };
        let event = UsageEvent {
            id: format!("line-{:07}", number + 1),
            name: name.to_owned(),
            user: None,
            at,
        };
        book.days.entry(parse_date(field(3))?).or_default().push(event);
    }
    let customers = books
        .into_iter()
        .map(|(id, book)| customer(&id, book))
        .collect::<Result<_>>()?;
    Ok((customers, nobody))
}

fn customer(id: &str, book: Book) -> Result<Customer> {
    let mut history = AccountHistory::empty(AccountId::derived(&["online-retail", id]), "UTC");
    let mut purchases = Vec::new();
    let mut records = Vec::new();
    for (number, invoice) in book.invoices {
        if invoice.amount > 0 {
            purchases.push(invoice.at);
        }
        let row = json!({
            "number": number, "amount_minor": invoice.amount, "currency": "GBP", "issued_at": invoice.at.to_string(),
            "paid_at": invoice.at.to_string(), "line_count": invoice.lines,
        });
        let patch = row.as_object().cloned().unwrap_or_default();
        let mut record = Record::default();
        record.merge(Revision::new(invoice.at, invoice.at, patch));
        records.push(FactRecord {
            external_id: ExternalId::new(Source::api(), number)?,
            record,
        });
    }
    purchases.sort();
    history.records.insert(Kind::Invoice, records);
    for (day, events) in book.days {
        let usage = history.usage.entry(day).or_default();
        for chunk in events.chunks(NODE_CAPACITY) {
            let mut node = UsageNode::default();
            for event in chunk {
                node.insert(event, epoch_day(day));
            }
            usage.add(&node);
        }
    }
    Ok(Customer { history, purchases })
}
