//! The contract: money, term, age, notice, stage; from the account's record and its subscriptions.

mod growth;

use std::collections::BTreeMap;

use copilot_domain::Money;
use copilot_domain::facts::{Stage, SubscriptionRow, SubscriptionStatus};
use copilot_domain::history::Snapshot;
use copilot_domain::money::Currency;
use copilot_domain::time::{Timestamp, days_between, epoch_day, shift};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::config::FeatureGroup;
use crate::vector::FeatureVector;
use crate::{change, days_ago};

/// Whether a subscription is paid for at an instant.
pub fn is_live(row: &SubscriptionRow, at: Timestamp) -> bool {
    let ended = row.status == Some(SubscriptionStatus::Canceled) && row.canceled_at.is_none();
    let paid = !matches!(
        row.status,
        Some(SubscriptionStatus::Trialing | SubscriptionStatus::Paused)
    );
    paid && !ended
        && row.canceled_at.is_none_or(|end| end > at)
        && row.started_at.is_none_or(|start| start <= at)
}

/// Monthly recurring revenue. The live subscriptions whose amount is known decide; without one, what the account's
/// record says. Nothing is said of live subscriptions whose amounts nobody told (tiered prices), and 0 only where
/// nothing is live any more.
///
/// Amounts of different currencies are not added: the account's own currency counts if any live subscription has
/// it, else the one with the largest sum.
pub fn mrr(snapshot: &Snapshot) -> Option<Money> {
    if let Some(contracted) = contracted(snapshot) {
        return Some(contracted);
    }
    let ended = !snapshot.subscriptions.is_empty() && live(snapshot).next().is_none();
    let amount_minor = if ended { Some(0) } else { snapshot.row.mrr_minor };
    amount_minor.map(|amount_minor| Money {
        amount_minor,
        currency: currency(snapshot),
    })
}

/// What the live subscriptions with a known amount come to; `None` without one.
fn contracted(snapshot: &Snapshot) -> Option<Money> {
    let default = currency(snapshot);
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    for row in live(snapshot) {
        if let Some(amount) = row.mrr_minor {
            let sum = sums.entry(row.currency.unwrap_or(default)).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
    let own = snapshot.row.currency.and_then(|c| sums.get_key_value(&c));
    let largest = || sums.iter().max_by_key(|(c, sum)| (**sum, std::cmp::Reverse(**c)));
    own.or_else(largest).map(|(currency, amount_minor)| Money {
        amount_minor: *amount_minor,
        currency: *currency,
    })
}

fn live(snapshot: &Snapshot) -> impl Iterator<Item = &SubscriptionRow> {
    let rows = snapshot.subscriptions.iter().map(|s| &s.row);
    rows.filter(|row| is_live(row, snapshot.as_of))
}

/// Annual recurring revenue: twelve times the monthly.
pub fn arr(snapshot: &Snapshot) -> Option<Money> {
    mrr(snapshot).map(|m| Money {
        amount_minor: m.amount_minor.saturating_mul(12),
        currency: m.currency,
    })
}

/// The currency of amounts that name none: the account's, or that of its first subscription.
fn currency(snapshot: &Snapshot) -> Currency {
    let first = snapshot.subscriptions.iter().find_map(|s| s.row.currency);
    snapshot.row.currency.or(first).unwrap_or(Currency::USD)
}

/// The next renewal: the earliest end of a term that is not past, else the latest past one.
pub fn renewal_date(snapshot: &Snapshot) -> Option<Date> {
    let live = snapshot
        .subscriptions
        .iter()
        .filter(|s| is_live(&s.row, snapshot.as_of));
    let ends: Vec<Date> = live
        .filter_map(|s| s.row.term_ends_on)
        .chain(snapshot.row.contract_end)
        .collect();
    ends.iter()
        .filter(|d| **d >= snapshot.today)
        .min()
        .or_else(|| ends.iter().max())
        .copied()
}

/// Purchased seats: of the live subscriptions, else what the account's record says.
pub fn seats(snapshot: &Snapshot) -> Option<i64> {
    let live = snapshot
        .subscriptions
        .iter()
        .filter(|s| is_live(&s.row, snapshot.as_of));
    let bought: Vec<i64> = live.filter_map(|s| s.row.seats).collect();
    if bought.is_empty() {
        snapshot.row.seats
    } else {
        Some(bought.iter().sum())
    }
}

/// The account's first day: of its contract, its first subscription, its first invoice, or its first use.
pub fn first_day(snapshot: &Snapshot) -> Option<Date> {
    let subscription = || {
        snapshot
            .subscriptions
            .iter()
            .filter_map(|s| s.row.started_at)
            .min()
    };
    let invoice = || snapshot.invoices.iter().filter_map(|i| i.row.issued_at).min();
    snapshot
        .row
        .contract_start
        .filter(|day| *day <= snapshot.today)
        .or_else(|| subscription().map(|at| snapshot.day(at)))
        .or_else(|| invoice().map(|at| snapshot.day(at)))
        .or_else(|| snapshot.usage.keys().next().copied())
}

/// The monthly recurring revenue that the subscriptions came to at an earlier instant, by the states that they then had, in the
/// currency of the revenue of now; `None` where it is not known.
pub fn mrr_at(snapshot: &Snapshot, then: Timestamp) -> Option<Money> {
    let default = currency(snapshot);
    let currency = mrr(snapshot).map_or(default, |money| money.currency);
    let counts = |row: &SubscriptionRow| row.currency.unwrap_or(default) == currency;
    let amount_minor = at(snapshot, then, counts, |row| row.mrr_minor)?;
    Some(Money {
        amount_minor,
        currency,
    })
}

/// What the live subscriptions came to `days` ago; see [`at`].
fn before(
    snapshot: &Snapshot,
    days: i32,
    counts: impl Fn(&SubscriptionRow) -> bool,
    amount_of: impl Fn(&SubscriptionRow) -> Option<i64>,
) -> Option<i64> {
    let then = snapshot.as_of.checked_sub((days * 24).hours()).ok()?;
    at(snapshot, then, counts, amount_of)
}

/// What the live subscriptions came to at an instant in one respect (money, seats), by the states that they then had.
/// Unknown where it was known only then or is known only now: what looks like a change is none.
fn at(
    snapshot: &Snapshot,
    then: Timestamp,
    counts: impl Fn(&SubscriptionRow) -> bool,
    amount_of: impl Fn(&SubscriptionRow) -> Option<i64>,
) -> Option<i64> {
    let mut known = false;
    let mut sum = 0_i64;
    for subscription in &snapshot.subscriptions {
        let of_it = || {
            snapshot
                .subscription_changes
                .iter()
                .filter(|(_, c)| c.external_id == subscription.external_id)
        };
        let state = of_it()
            .take_while(|(since, _)| *since <= then)
            .last()
            .or_else(|| of_it().next());
        let Some((_, state)) = state else { continue };
        // A subscription ends when it ends, whenever we were told of it.
        let mut row = state.row.clone();
        row.canceled_at = row.canceled_at.or(subscription.row.canceled_at);
        if row.canceled_at.is_some() && row.status == Some(SubscriptionStatus::Canceled) {
            row.status = Some(SubscriptionStatus::Active);
        }
        if row.started_at.is_none_or(|start| start > then) || !counts(&row) {
            continue;
        }
        if is_live(&row, then) {
            let now = &subscription.row;
            let comparable = amount_of(&row).is_some() == amount_of(now).is_some();
            if is_live(now, snapshot.as_of) && !comparable {
                return None;
            }
            let Some(amount) = amount_of(&row) else { continue };
            sum = sum.saturating_add(amount);
        }
        known = true;
    }
    known.then_some(sum)
}

pub(crate) fn compute(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let row = &snapshot.row;
    vector.saw(FeatureGroup::Contract, snapshot.known_since);
    for (since, _) in &snapshot.subscription_changes {
        vector.saw(FeatureGroup::Contract, Some(*since));
    }
    let money = mrr(snapshot);
    vector.set("mrr", money.map(|m| m.major()));
    vector.set("arr", money.map(|m| m.major() * 12.0));
    let forecast = row
        .forecast_mrr_minor
        .zip(money)
        .and_then(|(f, m)| change(f as f64, m.amount_minor as f64));
    // Only where subscriptions decide the MRR of now can it be held against what they came to.
    let ended = || row.mrr_minor.is_none().then_some(money).flatten();
    let default = currency(snapshot);
    let contracted = |days: i32| {
        let now = contracted(snapshot).or_else(ended)?;
        let counts = |row: &SubscriptionRow| row.currency.unwrap_or(default) == now.currency;
        let before = before(snapshot, days, counts, |row| row.mrr_minor)?;
        change(now.amount_minor as f64, before as f64)
    };
    let month = contracted(30);
    vector.set("forecast_mrr_change", forecast);
    vector.set("mrr_change_30d", month);
    vector.set("mrr_change_90d", contracted(90));
    vector.set("mrr_change_180d", contracted(180));
    vector.set("mrr_change", forecast.or(month));
    let live = snapshot
        .subscriptions
        .iter()
        .filter(|s| is_live(&s.row, snapshot.as_of))
        .count();
    let told = !snapshot.subscriptions.is_empty();
    vector.set("subscriptions_live", told.then_some(live as f64));
    let trialing = snapshot
        .subscriptions
        .iter()
        .filter(|s| s.row.status == Some(SubscriptionStatus::Trialing))
        .count();
    vector.set("trials_live", told.then_some(trialing as f64));
    vector.set("seats", seats(snapshot).map(|s| s as f64));
    let renewal = renewal_date(snapshot);
    vector.set(
        "days_to_renewal",
        renewal.map(|d| f64::from(days_between(snapshot.today, d))),
    );
    vector.set_label("renewal", renewal.map(|d| d.to_string()));
    vector.set("renewal_missing", if renewal.is_none() { 1.0 } else { 0.0 });
    vector.set("owner_missing", if row.owner.is_none() { 1.0 } else { 0.0 });
    let age = first_day(snapshot).map(|d| days_between(d, snapshot.today));
    vector.set("account_age_days", age.map(f64::from));
    let onboarding = row.stage == Some(Stage::Onboarding);
    vector.set("onboarding", if onboarding { 1.0 } else { 0.0 });
    let notice = row.cancel_notice_at.filter(|at| *at <= snapshot.as_of);
    let ending = snapshot
        .subscriptions
        .iter()
        .filter(|s| s.row.canceled_at.is_some())
        .count();
    let all_ending = told
        && live > 0
        && ending >= live
        && snapshot
            .subscriptions
            .iter()
            .filter(|s| is_live(&s.row, snapshot.as_of))
            .all(|s| s.row.canceled_at.is_some());
    vector.set(
        "cancel_notice",
        if notice.is_some() || all_ending { 1.0 } else { 0.0 },
    );
    vector.set_label("notice", notice.map(|at| snapshot.day(at).to_string()));
    custom(snapshot, vector);
    // Months of the contract begun: what the cuts of seat use depend on.
    vector.set("contract_month", age.map(|days| f64::from(days / 30 + 1)));
    let churned = row.stage == Some(Stage::Churned)
        || snapshot
            .outcomes
            .last()
            .is_some_and(|o| o.row.kind == Some(copilot_domain::facts::OutcomeKind::Churned));
    vector.set("churned", if churned { 1.0 } else { 0.0 });
    growth::compute(snapshot, vector);
}

/// What a tenant may send as fields of its own.
fn custom(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let row = &snapshot.row;
    let custom = |key: &str| row.custom.get(key).and_then(serde_json::Value::as_f64);
    vector.set("quota_used", custom("quota_used"));
    let news = row
        .custom
        .get("news_at")
        .and_then(|v| v.as_str())
        .and_then(|t| copilot_domain::time::parse_instant(t).ok());
    vector.set(
        "days_since_news",
        news.filter(|at| *at <= snapshot.as_of)
            .map(|at| f64::from(days_ago(snapshot, at))),
    );
}

/// The first instant of a day in the tenant's zone.
pub(crate) fn start_of(snapshot: &Snapshot, day: Date) -> Option<Timestamp> {
    day.to_zoned(snapshot.zone.clone()).ok().map(|z| z.timestamp())
}

/// How many days before today a day lies.
pub(crate) fn age_of(snapshot: &Snapshot, day: Date) -> i32 {
    epoch_day(snapshot.today) - epoch_day(day)
}

/// The day that lies `days` before today.
pub(crate) fn back(snapshot: &Snapshot, days: i32) -> Date {
    shift(snapshot.today, -days)
}
