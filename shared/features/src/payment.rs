//! Money that comes in: overdue and failed invoices, and the rhythm of purchases.
//!
//! A purchase is an invoice with a positive amount that was not voided; a refund is one with a negative amount.

use copilot_domain::facts::InvoiceRow;
use copilot_domain::history::{Known, Snapshot};
use copilot_domain::money::{Currency, Money};
use copilot_domain::time::Timestamp;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::contacts::subject;
use crate::days_ago;
use crate::vector::FeatureVector;
use crate::{change, ratio};

struct Purchase {
    /// Days before today.
    age: i32,
    amount: f64,
}

fn amount(row: &InvoiceRow) -> f64 {
    let currency = row.currency.unwrap_or(Currency::USD);
    Money {
        amount_minor: row.amount_minor.unwrap_or(0),
        currency,
    }
    .major()
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
    purchases(snapshot, vector);
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

fn purchases(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let dated: Vec<Purchase> = snapshot
        .invoices
        .iter()
        .filter(|i| i.row.voided_at.is_none())
        .filter_map(|i| {
            i.row.issued_at.map(|at| Purchase {
                age: days_ago(snapshot, at),
                amount: amount(&i.row),
            })
        })
        .collect();
    let bought: Vec<&Purchase> = dated.iter().filter(|p| p.amount > 0.0).collect();
    vector.set("purchases_total", bought.len() as f64);
    let row = &snapshot.row;
    let contract = !snapshot.subscriptions.is_empty()
        || row.contract_end.is_some()
        || row.seats.is_some()
        || row.mrr_minor.is_some();
    vector.set(
        "transactional",
        if !bought.is_empty() && !contract { 1.0 } else { 0.0 },
    );
    let within = |from: i32, to: i32| bought.iter().filter(move |p| p.age >= from && p.age < to);
    let count = |from, to| within(from, to).count() as f64;
    let spend = |from, to| within(from, to).map(|p| p.amount).sum::<f64>();
    for (name, days) in [
        ("purchases_30d", 30),
        ("purchases_90d", 90),
        ("purchases_180d", 180),
        ("purchases_365d", 365),
    ] {
        vector.set(name, count(0, days));
    }
    for (name, days) in [
        ("spend_30d", 30),
        ("spend_90d", 90),
        ("spend_180d", 180),
        ("spend_365d", 365),
    ] {
        vector.set(name, spend(0, days));
    }
    let tenure = bought.iter().map(|p| p.age).max();
    let recency = bought.iter().map(|p| p.age).min();
    vector.set("days_since_purchase", recency.map(f64::from));
    vector.set("days_since_first_purchase", tenure.map(f64::from));
    let long = tenure.is_some_and(|days| days >= 120);
    vector.set(
        "purchases_change_90d",
        long.then(|| change(count(0, 90), count(90, 180))).flatten(),
    );
    vector.set(
        "spend_change_90d",
        long.then(|| change(spend(0, 90), spend(90, 180))).flatten(),
    );
    let refunds = -dated
        .iter()
        .filter(|p| p.amount < 0.0 && p.age < 365)
        .map(|p| p.amount)
        .sum::<f64>();
    vector.set(
        "refund_share_365d",
        ratio(refunds, spend(0, 365)).map(|share| share.clamp(0.0, 1.0)),
    );
    vector.set(
        "purchase_mean",
        ratio(bought.iter().map(|p| p.amount).sum(), bought.len() as f64),
    );
    let mut days: Vec<i32> = bought.iter().map(|p| p.age).collect();
    days.sort_unstable();
    days.dedup();
    vector.set("purchase_days_total", days.len() as f64);
    if days.len() < 2 {
        return;
    }
    let gaps: Vec<f64> = days.windows(2).map(|pair| f64::from(pair[1] - pair[0])).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    vector.set("purchase_interval_days", mean);
    let longest = gaps.iter().copied().fold(0.0, f64::max);
    vector.set("purchase_interval_max_days", longest);
    // How many of its own usual gaps the account has been silent for.
    vector.set(
        "silence_in_intervals",
        recency.and_then(|days| ratio(f64::from(days), mean.max(7.0))),
    );
    if gaps.len() >= 2 {
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / (gaps.len() - 1) as f64;
        vector.set("purchase_interval_sd_days", variance.sqrt());
    }
}
