//! Money that comes in: overdue and failed invoices, and the rhythm of purchases.
//!
//! A purchase is an invoice with a positive amount that was not voided; a refund is one with a negative amount.

mod purchases;

use copilot_domain::facts::InvoiceRow;
use copilot_domain::history::{Known, Snapshot};
use copilot_domain::money::{Currency, Money};
use copilot_domain::time::Timestamp;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::contacts::subject;
use crate::stats::median_of;
use crate::vector::FeatureVector;
use crate::{days_ago, ratio};

fn amount(row: &InvoiceRow) -> f64 {
    let currency = row.currency.unwrap_or(Currency::USD);
    Money {
        amount_minor: row.amount_minor.unwrap_or(0),
        currency,
    }
    .major()
}

/// The currency of an account's money: of its recurring revenue, else of its record, else of its newest bill.
pub fn currency(snapshot: &Snapshot) -> Currency {
    let recurring = || crate::contract::mrr(snapshot).map(|money| money.currency);
    let bills = snapshot.invoices.iter().filter(|i| i.row.currency.is_some());
    let newest = bills.max_by_key(|i| (i.row.issued_at, &i.external_id));
    let billed = newest.and_then(|i| i.row.currency);
    let known = snapshot.row.currency.or_else(|| {
        if snapshot.subscriptions.is_empty() {
            billed
        } else {
            recurring()
        }
    });
    known.or(billed).unwrap_or(Currency::USD)
}

pub(crate) fn compute(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    if snapshot.invoices.is_empty() && !config.is_connected(FeatureGroup::Payment) {
        return;
    }
    for invoice in &snapshot.invoices {
        for at in [invoice.row.issued_at, invoice.row.paid_at, invoice.row.failed_at] {
            vector.saw(FeatureGroup::Payment, at);
        }
    }
    unpaid(snapshot, vector);
    behaviour(snapshot, vector);
    purchases::compute(snapshot, vector);
}

fn unpaid(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let age = |at: Timestamp| f64::from(days_ago(snapshot, at));
    let open = |i: &&Known<InvoiceRow>| {
        i.row.paid_at.is_none() && i.row.voided_at.is_none() && i.row.amount_minor.unwrap_or(0) > 0
    };
    let overdue: Vec<(Timestamp, &Known<InvoiceRow>)> = snapshot
        .invoices
        .iter()
        .filter(open)
        .filter_map(|i| {
            i.row
                .due_at
                .filter(|due| *due < snapshot.as_of)
                .map(|due| (due, i))
        })
        .collect();
    let oldest = overdue
        .iter()
        .min_by(|a, b| (a.0, &a.1.external_id).cmp(&(b.0, &b.1.external_id)));
    vector.set("invoices_overdue", overdue.len() as f64);
    vector.set(
        "overdue_amount",
        overdue.iter().map(|(_, i)| amount(&i.row)).sum::<f64>(),
    );
    vector.set("oldest_overdue_days", oldest.map_or(0.0, |(due, _)| age(*due)));
    let failed = snapshot
        .invoices
        .iter()
        .filter(open)
        .filter_map(|i| i.row.failed_at.filter(|at| age(*at) < 30.0).map(|at| (at, i)))
        .collect::<Vec<_>>();
    vector.set("payments_failed_open", failed.len() as f64);
    let first_failed = failed
        .iter()
        .min_by(|a, b| (a.0, &a.1.external_id).cmp(&(b.0, &b.1.external_id)));
    let which = oldest
        .or(first_failed)
        .map(|(_, i)| subject("invoice", &i.external_id));
    vector.set_label("unpaid_invoice", which);
}

/// How punctually the account pays: bills of a year that were to be paid.
fn behaviour(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let year = |at: Option<Timestamp>| at.filter(|at| days_ago(snapshot, *at) < 365);
    let bills = || {
        let bills = snapshot.invoices.iter().map(|i| &i.row);
        bills.filter(|row| row.voided_at.is_none() && row.amount_minor.unwrap_or(0) > 0)
    };
    let days = |from: Timestamp, to: Timestamp| f64::from(days_ago(snapshot, from) - days_ago(snapshot, to));
    let late = |from: i32, to: i32| {
        let paid = bills().filter_map(move |row| {
            let paid = row.paid_at?;
            let age = days_ago(snapshot, paid);
            (age >= from && age < to).then_some(days(row.due_at?, paid))
        });
        median_of(paid)
    };
    vector.set("days_late_365d", late(0, 365));
    vector.set(
        "days_late_change_180d",
        late(0, 180).zip(late(180, 360)).map(|(now, before)| now - before),
    );
    let to_pay = bills().filter_map(|row| Some(days(row.issued_at?, year(row.paid_at)?)));
    vector.set("days_to_pay_365d", median_of(to_pay));
    let due = || {
        let past = |at: &Timestamp| *at < snapshot.as_of;
        bills().filter_map(move |row| Some((year(row.due_at).filter(past)?, row)))
    };
    let is_late = |due: Timestamp, row: &InvoiceRow| row.paid_at.is_none_or(|paid| days(due, paid) > 0.0);
    let number = due().count() as f64;
    let late = due().filter(|(due, row)| is_late(*due, row)).count() as f64;
    vector.set("late_share_365d", ratio(late, number));
    let issued = || bills().filter(|row| year(row.issued_at).is_some());
    let failed = issued().filter(|row| row.failed_at.is_some()).count() as f64;
    vector.set("failed_share_365d", ratio(failed, issued().count() as f64));
    let recent = bills().filter_map(|row| year(row.failed_at)).count();
    vector.set("payments_failed_365d", recent as f64);
}
