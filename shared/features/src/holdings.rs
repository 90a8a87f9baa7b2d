//! What an account owns: products on its bills, and the plans of its subscriptions.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::facts::SubscriptionStatus;
use copilot_domain::history::Snapshot;
use copilot_domain::time::{Timestamp, day_of, shift};
use jiff::civil::Date;

/// Days in which use of a product counts as use.
pub const USED_DAYS: i32 = 90;

/// A product that an account bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its name.
    pub product: String,
    /// The day of the first bill with it, or on which its subscription began.
    pub first: Date,
    /// The day of the last bill with it; of a subscription that runs, today.
    pub last: Date,
    /// Bills with it.
    pub bills: u32,
    /// Whether it is the plan of a subscription.
    pub is_plan: bool,
    /// The last day in [`USED_DAYS`] with an event of its name, written in any case.
    pub used: Option<Date>,
}

/// The products of an account as known at the snapshot's instant, by name. Bills that were voided and credits do not count, and
/// what was given back stays owned: that it was wanted once says what goes with it.
pub fn holdings(snapshot: &Snapshot) -> Vec<Holding> {
    let mut by_name: BTreeMap<&str, Holding> = BTreeMap::new();
    let mut add = |product, first: Date, last: Date, is_bill: bool| {
        let held = by_name.entry(product).or_insert_with(|| Holding {
            product: product.to_owned(),
            first,
            last,
            bills: 0,
            is_plan: false,
            used: None,
        });
        (held.first, held.last) = (held.first.min(first), held.last.max(last));
        held.bills += u32::from(is_bill);
        held.is_plan |= !is_bill;
    };
    let day = |at: Timestamp| day_of(at, &snapshot.zone);
    for invoice in &snapshot.invoices {
        let row = &invoice.row;
        let counts = row.voided_at.is_none() && row.amount_minor.is_none_or(|amount| amount > 0);
        if let Some(at) = row.issued_at.filter(|at| counts && *at <= snapshot.as_of) {
            for product in &row.products {
                add(product, day(at), day(at), true);
            }
        }
    }
    for subscription in &snapshot.subscriptions {
        let row = &subscription.row;
        let trial = row.status == Some(SubscriptionStatus::Trialing);
        let began = row.started_at.filter(|at| !trial && *at <= snapshot.as_of);
        if let Some((plan, began)) = row.plan.as_deref().zip(began) {
            let ended = row.canceled_at.map(day).filter(|end| *end < snapshot.today);
            add(plan, day(began), ended.unwrap_or(snapshot.today), false);
        }
    }
    let used = used(snapshot);
    let mut all: Vec<Holding> = by_name.into_values().collect();
    for held in &mut all {
        held.used = used.get(&plain(&held.product)).copied();
    }
    all
}

/// Plans that are alternatives: an account has one or another, so that none is taken on top. Where more than a fifth of the
/// accounts with a running plan have several at once, subscriptions are to products, and there are none.
pub fn alternatives<'a>(accounts: impl Iterator<Item = &'a [Holding]>, today: Date) -> BTreeSet<String> {
    let (mut plans, mut with_one, mut with_more) = (BTreeSet::new(), 0_usize, 0_usize);
    for held in accounts {
        let of_plans = held.iter().filter(|one| one.is_plan);
        let running = of_plans.clone().filter(|one| one.last >= today).count();
        plans.extend(of_plans.map(|one| one.product.clone()));
        with_one += usize::from(running > 0);
        with_more += usize::from(running > 1);
    }
    if with_more * 5 > with_one {
        BTreeSet::new()
    } else {
        plans
    }
}

/// The last day of use by the plain name of the event.
fn used(snapshot: &Snapshot) -> BTreeMap<String, Date> {
    let names: Vec<String> = snapshot.event_names.iter().map(|name| plain(name)).collect();
    let since = shift(snapshot.today, -USED_DAYS);
    let mut last = BTreeMap::new();
    for (day, usage) in snapshot.usage.range(since..) {
        for (place, _) in &usage.by_name {
            if let Some(name) = names.get(*place as usize) {
                last.insert(name.clone(), *day);
            }
        }
    }
    last
}

/// Letters and digits in lower case: `API access` and `api_access` are one.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use copilot_domain::facts::{Kind, UsageEvent};
    use copilot_domain::history::{AccountHistory, FactRecord};
    use copilot_domain::ids::{AccountId, ExternalId, Source};
    use copilot_domain::revision::{Record, Revision};
    use copilot_domain::usage::{UsageDay, UsageNode};
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn history(rows: &[(Kind, &str, Value)]) -> AccountHistory {
        let mut history = AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC");
        for (number, (kind, known, row)) in rows.iter().enumerate() {
            let mut record = Record::default();
            record.merge(Revision::new(
                at(known),
                at(known),
                row.as_object().unwrap().clone(),
            ));
            let external_id = ExternalId::new(Source::api(), number.to_string()).unwrap();
            history
                .records
                .entry(*kind)
                .or_default()
                .push(FactRecord { external_id, record });
        }
        history
    }

    #[test]
    fn what_was_billed_or_subscribed_is_owned_from_when_it_was_known() {
        let bill = |day: &str, amount: i64, products: Value| json!({"issued_at": format!("{day}T00:00:00Z"), "amount_minor": amount, "products": products});
        let mut voided = bill("2026-01-06", 100, json!(["Voided"]));
        voided["voided_at"] = json!("2026-01-07T00:00:00Z");
        let mut history = history(&[
            (
                Kind::Invoice,
                "2026-01-05T00:00:00Z",
                bill("2026-01-05", 100, json!(["API access", "Reports"])),
            ),
            (
                Kind::Invoice,
                "2026-02-05T00:00:00Z",
                bill("2026-02-05", 100, json!(["Reports"])),
            ),
            (Kind::Invoice, "2026-01-07T00:00:00Z", voided),
            (
                Kind::Invoice,
                "2026-01-09T00:00:00Z",
                bill("2026-01-09", -100, json!(["Credited"])),
            ),
            (
                Kind::Subscription,
                "2026-01-02T00:00:00Z",
                json!({"plan": "Pro", "status": "active", "started_at": "2026-01-01T00:00:00Z"}),
            ),
            (
                Kind::Subscription,
                "2026-01-02T00:00:00Z",
                json!({"plan": "Trial", "status": "trialing", "started_at": "2026-01-01T00:00:00Z"}),
            ),
        ]);
        let event = UsageEvent {
            id: "1".to_owned(),
            name: "api_access".to_owned(),
            user: None,
            at: at("2026-02-01T00:00:00Z"),
        };
        let used = date(2026, 2, 1);
        let (mut node, mut day) = (UsageNode::default(), UsageDay::default());
        node.insert(&event, copilot_domain::time::epoch_day(used));
        day.add(&node);
        history.usage.insert(used, day);
        let of = |now: &str| -> Vec<(String, Date, u32, Option<Date>)> {
            let held = holdings(&history.snapshot(at(now)));
            held.into_iter()
                .map(|h| (h.product, h.last, h.bills, h.used))
                .collect()
        };
        assert_eq!(
            of("2026-03-01T00:00:00Z"),
            [
                ("API access".to_owned(), date(2026, 1, 5), 1, Some(used)),
                ("Pro".to_owned(), date(2026, 3, 1), 0, None),
                ("Reports".to_owned(), date(2026, 2, 5), 2, None),
            ]
        );
        assert_eq!(of("2026-01-06T00:00:00Z").len(), 3);
        assert_eq!(of("2026-01-03T00:00:00Z").len(), 1);
        let held = holdings(&history.snapshot(at("2026-03-01T00:00:00Z")));
        let plans: Vec<&str> = (held.iter().filter(|one| one.is_plan))
            .map(|one| one.product.as_str())
            .collect();
        assert_eq!(plans, ["Pro"]);
    }

    #[test]
    fn plans_are_alternatives_unless_accounts_have_several_at_once() {
        let today = date(2026, 3, 1);
        let plan = |product: &str, last| Holding {
            product: product.to_owned(),
            first: date(2026, 1, 1),
            last,
            bills: 0,
            is_plan: true,
            used: None,
        };
        let one = [plan("Team", date(2026, 2, 1)), plan("Business", today)];
        let several = [plan("Chat", today), plan("Calls", today)];
        let found = |accounts: &[&[Holding]]| alternatives(accounts.iter().copied(), today);
        assert_eq!(
            found(&[&one[..]; 5]),
            BTreeSet::from(["Business".to_owned(), "Team".to_owned()])
        );
        assert_eq!(found(&[&one[..], &several[..]]), BTreeSet::new());
        assert_eq!(
            found(&[&one[..], &one[..], &one[..], &one[..], &several[..]]).len(),
            4
        );
    }
}
