//! How the contract grows and shrinks, and where in its term it stands.

use copilot_domain::facts::{OutcomeKind, SubscriptionRow, SubscriptionStatus};
use copilot_domain::history::Snapshot;
use copilot_domain::time::Timestamp;

use super::{before, live};
use crate::vector::FeatureVector;
use crate::{change, days_ago, ratio};

pub(super) fn compute(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let row = &snapshot.row;
    vector.set("seats_change_90d", seats_change(snapshot, 90));
    vector.set("seats_change_180d", seats_change(snapshot, 180));
    let told = !snapshot.subscriptions.is_empty();
    let within = |at: Option<Timestamp>, days: i32| {
        at.is_some_and(|at| at <= snapshot.as_of && days_ago(snapshot, at) < days)
    };
    let count = |is: &dyn Fn(&SubscriptionRow) -> bool| {
        let rows = snapshot.subscriptions.iter().filter(|s| is(&s.row));
        told.then_some(rows.count() as f64)
    };
    vector.set(
        "subscriptions_started_180d",
        count(&|row| within(row.started_at, 180)),
    );
    vector.set(
        "subscriptions_ended_180d",
        count(&|row| within(row.canceled_at, 180)),
    );
    let (raises, cuts) = steps(snapshot);
    vector.set("subscription_raises_365d", told.then_some(raises));
    vector.set("subscription_cuts_365d", told.then_some(cuts));
    let past_due = live(snapshot).filter(|row| row.status == Some(SubscriptionStatus::PastDue));
    vector.set("subscriptions_past_due", told.then_some(past_due.count() as f64));
    let renews: Vec<bool> = live(snapshot).filter_map(|row| row.auto_renew).collect();
    let all = renews.iter().all(|renews| *renews);
    vector.set(
        "auto_renew",
        (!renews.is_empty()).then_some(if all { 1.0 } else { 0.0 }),
    );
    let (age, left) = (vector.get("account_age_days"), vector.get("days_to_renewal"));
    let elapsed = age.zip(left).filter(|(age, left)| *age >= 0.0 && *left >= 0.0);
    vector.set(
        "contract_elapsed_share",
        elapsed.and_then(|(age, left)| ratio(age, age + left)),
    );
    let (mrr, seats) = (vector.get("mrr"), vector.get("seats"));
    vector.set(
        "mrr_per_seat",
        mrr.zip(seats).and_then(|(mrr, seats)| ratio(mrr, seats)),
    );
    let employees = row.employees.map(|n| n as f64);
    vector.set("employees", employees);
    vector.set(
        "seats_per_employee",
        seats.zip(employees).and_then(|(seats, all)| ratio(seats, all)),
    );
    let renewals = || {
        let lasting = [
            OutcomeKind::Renewed,
            OutcomeKind::Contracted,
            OutcomeKind::Expanded,
        ];
        let outcomes = snapshot.outcomes.iter().map(|o| &o.row);
        outcomes.filter(move |row| row.kind.is_some_and(|kind| lasting.contains(&kind)))
    };
    vector.set("renewals_total", renewals().count() as f64);
    let last = renewals().filter_map(|row| row.at).max();
    vector.set(
        "days_since_renewal",
        last.map(|at| f64::from(days_ago(snapshot, at))),
    );
}

/// Seats of the subscriptions against some days ago; missing where they do not tell seats now.
fn seats_change(snapshot: &Snapshot, days: i32) -> Option<f64> {
    let now: Vec<i64> = live(snapshot).filter_map(|row| row.seats).collect();
    if now.is_empty() {
        return None;
    }
    let before = before(snapshot, days, |_| true, |row| row.seats)?;
    change(now.iter().sum::<i64>() as f64, before as f64)
}

/// How often in a year a subscription was told to cost more, and less, than before.
fn steps(snapshot: &Snapshot) -> (f64, f64) {
    let (mut raises, mut cuts) = (0.0, 0.0);
    for subscription in &snapshot.subscriptions {
        let of_it = snapshot
            .subscription_changes
            .iter()
            .filter(|(_, state)| state.external_id == subscription.external_id);
        let mut last: Option<i64> = None;
        for (since, state) in of_it {
            let Some(amount) = state.row.mrr_minor else {
                continue;
            };
            if days_ago(snapshot, *since) < 365 {
                raises += f64::from(u8::from(last.is_some_and(|last| amount > last)));
                cuts += f64::from(u8::from(last.is_some_and(|last| amount < last)));
            }
            last = Some(amount);
        }
    }
    (raises, cuts)
}
