//! What happened: whether the thing that a prediction speaks of came true within its window.
//!
//! Training takes its labels from here and the checking of predictions its verdicts, so that a model is judged by
//! what it was taught. An event counts when it lies after `from` and not after the window's end. What is true is known
//! as soon as it happened; what is false, only when the window has passed.
//!
//! | Kind | It happened when |
//! |---|---|
//! | churn | an outcome `churned` was recorded; of an account without a contract: no purchase in the whole window |
//! | downgrade | an outcome `contracted` was recorded |
//! | expansion | an outcome `expanded` was recorded |
//! | payment | a payment attempt failed, or an invoice was overdue by more than 30 days |
//! | revenue | it was billed anything; of an account with a contract: its subscriptions come to more a month than at `from` |
//!
//! Hindsight is wanted here: a churn that was recorded late still counts for the day on which it happened. Features
//! never see it (they read a snapshot of before).

use copilot_domain::facts::{InvoiceRow, OutcomeKind, Stage};
use copilot_domain::history::{AccountHistory, Snapshot};
use copilot_domain::money::{Currency, Money};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::Timestamp;
use jiff::SignedDuration;

/// Days after which an unpaid invoice counts as a payment that stays out.
pub const OVERDUE_DAYS: u32 = 30;

/// What is recorded of an account that decides what happened; read once, asked for many windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    known_until: Timestamp,
    /// Oldest first.
    outcomes: Vec<(Timestamp, OutcomeKind)>,
    /// Invoices with a positive amount that are not voided.
    invoices: Vec<InvoiceRow>,
    /// What the subscriptions came to a month, in minor units, since each instant at which they changed; the oldest first.
    recurring: Vec<(Timestamp, i64)>,
    /// The currency of `recurring`; invoices are counted in major units of their own.
    currency: Currency,
    has_contract: bool,
    /// The account is gone and nobody recorded when.
    left_undated: bool,
}

impl Recorded {
    /// What was recorded of an account up to an instant.
    pub fn of(history: &AccountHistory, known_until: Timestamp) -> Self {
        Self::in_snapshot(&history.snapshot(known_until))
    }

    /// What a snapshot holds of it.
    pub fn in_snapshot(snapshot: &Snapshot) -> Self {
        let mut outcomes: Vec<(Timestamp, OutcomeKind)> = snapshot
            .outcomes
            .iter()
            .filter_map(|outcome| outcome.row.at.zip(outcome.row.kind))
            .collect();
        outcomes.sort_by_key(|(at, _)| *at);
        let row = &snapshot.row;
        let churned = outcomes.iter().any(|(_, kind)| *kind == OutcomeKind::Churned);
        Self {
            recurring: recurring(snapshot),
            currency: copilot_features::payment::currency(snapshot),
            known_until: snapshot.as_of,
            left_undated: row.stage == Some(Stage::Churned) && !churned,
            outcomes,
            invoices: snapshot
                .invoices
                .iter()
                .filter(|i| i.row.amount_minor.unwrap_or(0) > 0 && i.row.voided_at.is_none())
                .map(|i| i.row.clone())
                .collect(),
            has_contract: !snapshot.subscriptions.is_empty()
                || row.contract_end.is_some()
                || row.seats.is_some()
                || row.mrr_minor.is_some(),
        }
    }

    /// Outcomes recorded: a change of their number is news for predictions that wait for one.
    pub fn outcomes(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether it happened in the `window_days` days (of 24 hours) after `from`. `None` when the window has not
    /// passed and it has not happened so far, or when it cannot be told: the account was gone already, its date of
    /// leaving was never recorded, or it has no invoices to judge payments by.
    pub fn happened(&self, kind: PredictionKind, from: Timestamp, window_days: u32) -> Option<bool> {
        let end = after(from, window_days);
        let before = self.outcomes.iter().rfind(|(at, _)| *at <= from);
        if before.is_some_and(|(_, kind)| *kind == OutcomeKind::Churned) {
            return None;
        }
        let recorded = |wanted: OutcomeKind| {
            let mut within = self.outcomes.iter().filter(|(at, _)| *at > from && *at <= end);
            within.any(|(_, kind)| *kind == wanted)
        };
        let matured = self.known_until >= end;
        match kind {
            PredictionKind::Churn if recorded(OutcomeKind::Churned) => Some(true),
            PredictionKind::Downgrade if recorded(OutcomeKind::Contracted) => Some(true),
            PredictionKind::Expansion if recorded(OutcomeKind::Expanded) => Some(true),
            PredictionKind::Payment if self.invoices.iter().any(|i| self.is_unpaid(i, from, end)) => {
                Some(true)
            }
            _ if !matured => None,
            PredictionKind::Churn if self.is_transactional(from) => Some(!self.bought(from, end)),
            PredictionKind::Churn if self.left_undated => None,
            PredictionKind::Churn => Some(false),
            // Without a contract there is nothing to contract or to expand.
            PredictionKind::Downgrade | PredictionKind::Expansion => {
                (self.has_contract && !self.left_undated).then_some(false)
            }
            PredictionKind::Payment => (!self.invoices.is_empty()).then_some(false),
            PredictionKind::Revenue => self.came(from, window_days).map(|came| came > 0.0),
        }
    }

    /// What came in the window after `from`, in major units: what was billed; of an account with a contract, by how much more its
    /// subscriptions come to a month at the end of it, 0 where they come to less. `None` where the window has not passed or it
    /// cannot be told.
    pub fn came(&self, from: Timestamp, window_days: u32) -> Option<f64> {
        let end = after(from, window_days);
        if self.known_until < end {
            return None;
        }
        let major = |amount_minor: i64, currency: Option<Currency>| {
            let currency = currency.unwrap_or(self.currency);
            Money {
                amount_minor,
                currency,
            }
            .major()
        };
        if self.is_transactional(from) {
            let billed = self
                .invoices
                .iter()
                .filter(|i| i.issued_at.is_some_and(|at| at > from && at <= end));
            return Some(
                billed
                    .map(|i| major(i.amount_minor.unwrap_or(0), i.currency))
                    .sum(),
            );
        }
        let paid = |at: Timestamp| {
            self.recurring
                .iter()
                .rfind(|(since, _)| *since <= at)
                .map(|(_, minor)| *minor)
        };
        let (before, after) = (paid(from)?, paid(end)?);
        Some(major((after - before).max(0), None))
    }

    /// When the account was lost, the oldest first: the churns that were recorded, and of an account without a contract
    /// the ends of windows of `window_days` days after a purchase in which it bought nothing.
    pub fn losses(&self, window_days: u32) -> Vec<Timestamp> {
        let churned = self
            .outcomes
            .iter()
            .filter(|(_, kind)| *kind == OutcomeKind::Churned);
        let mut losses: Vec<Timestamp> = churned.map(|(at, _)| *at).collect();
        if !self.has_contract {
            let bought = self.invoices.iter().filter_map(|i| i.issued_at);
            let lapses = bought.map(|at| (at, after(at, window_days)));
            let lapses = lapses.filter(|(at, end)| *end <= self.known_until && !self.bought(*at, *end));
            let lapses: Vec<Timestamp> = lapses
                // Who told that it leaves is lost on that day, and not once more.
                .filter(|(at, end)| !losses.iter().any(|lost| lost >= at && lost <= end))
                .map(|(_, end)| end)
                .collect();
            losses.extend(lapses);
        }
        losses.sort_unstable();
        losses.dedup();
        losses
    }

    /// As the feature `transactional` at that instant: purchases and no contract.
    fn is_transactional(&self, from: Timestamp) -> bool {
        !self.has_contract && self.bought(Timestamp::MIN, from)
    }

    fn bought(&self, after: Timestamp, until: Timestamp) -> bool {
        let mut issued = self.invoices.iter().filter_map(|i| i.issued_at);
        issued.any(|at| at > after && at <= until)
    }

    /// Whether a payment attempt failed in the window, or the invoice was overdue by more than 30 days at some time
    /// of it. A bill that was overdue long before and was not paid counts too: its money stays out.
    fn is_unpaid(&self, invoice: &InvoiceRow, from: Timestamp, end: Timestamp) -> bool {
        let end = end.min(self.known_until);
        let failed = invoice.failed_at.is_some_and(|at| at > from && at <= end);
        let long_overdue = invoice.due_at.is_some_and(|due| {
            let late = after(due, OVERDUE_DAYS);
            late <= end && invoice.paid_at.is_none_or(|paid| paid > late && paid > from)
        });
        failed || long_overdue
    }
}

/// What the subscriptions came to a month, at each instant at which that may have changed.
fn recurring(snapshot: &Snapshot) -> Vec<(Timestamp, i64)> {
    let states = snapshot.subscription_changes.iter();
    let mut instants: Vec<Timestamp> = states
        .flat_map(|(since, state)| [Some(*since), state.row.started_at, state.row.canceled_at])
        .flatten()
        .filter(|at| *at <= snapshot.as_of)
        .collect();
    instants.sort_unstable();
    instants.dedup();
    let known = instants.into_iter().filter_map(|at| {
        let money = copilot_features::contract::mrr_at(snapshot, at)?;
        Some((at, money.amount_minor))
    });
    known.collect()
}

/// Whether the predicted thing happened in the window after `from`, by what is known until an instant. See
/// [`Recorded::happened`], which is cheaper where many windows of one account are asked for.
pub fn happened(
    history: &AccountHistory,
    kind: PredictionKind,
    from: Timestamp,
    window_days: u32,
    known_until: Timestamp,
) -> Option<bool> {
    Recorded::of(history, known_until).happened(kind, from, window_days)
}

/// The last instant of a window; saturates at the end of the calendar.
pub fn after(from: Timestamp, days: u32) -> Timestamp {
    from.saturating_add(SignedDuration::from_hours(i64::from(days) * 24))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::facts::Kind;
    use copilot_domain::history::FactRecord;
    use copilot_domain::ids::{AccountId, ExternalId, Source};
    use copilot_domain::revision::{Record, Revision};
    use serde_json::{Value, json};

    const DAY_0: &str = "2026-01-01T00:00:00Z";

    fn at(text: &str) -> Timestamp {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    /// An account with facts that were known when they happened: `known` is also their version.
    fn history(facts: &[(Kind, &str, Value)]) -> AccountHistory {
        let mut history = AccountHistory::empty(AccountId::derived(&["t"]), "UTC");
        for (number, (kind, known, row)) in facts.iter().enumerate() {
            let mut record = Record::default();
            record.merge(Revision::new(
                at(known),
                at(known),
                row.as_object().unwrap().clone(),
            ));
            let external_id = ExternalId::new(Source::api(), format!("x{number}")).unwrap();
            let records = history.records.entry(*kind).or_default();
            records.push(FactRecord { external_id, record });
        }
        history
    }

    fn outcome(kind: &str, day: &str) -> (Kind, &'static str, Value) {
        let row = json!({"kind": kind, "at": format!("{day}T00:00:00Z")});
        (Kind::Outcome, "2026-01-01", row)
    }

    fn bill(issued: &str, more: &Value) -> (Kind, &'static str, Value) {
        let mut row = json!({"amount_minor": 100, "issued_at": format!("{issued}T00:00:00Z")});
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        (Kind::Invoice, "2025-01-01", row)
    }

    fn churn(history: &AccountHistory, known_until: &str) -> Option<bool> {
        happened(
            history,
            PredictionKind::Churn,
            DAY_0.parse().unwrap(),
            90,
            at(known_until),
        )
    }

    #[test]
    fn a_churn_is_known_at_once_and_a_stay_when_the_window_has_passed() {
        let leaves = history(&[outcome("churned", "2026-02-01")]);
        assert_eq!(churn(&leaves, "2026-01-31"), None);
        assert_eq!(churn(&leaves, "2026-02-01"), Some(true));
        let renews = history(&[outcome("renewed", "2026-02-01")]);
        assert_eq!(churn(&renews, "2026-03-31"), None, "it may still leave");
        assert_eq!(churn(&renews, "2026-04-01"), Some(false), "day 90");
        assert_eq!(churn(&history(&[]), "2026-04-01"), Some(false));
    }

    #[test]
    fn the_window_begins_after_its_first_instant_and_ends_with_its_last() {
        let on = |day: &str| churn(&history(&[outcome("churned", day)]), "2026-12-01");
        assert_eq!(on("2025-12-31"), None, "gone before: nothing to predict");
        assert_eq!(on("2026-01-01"), None);
        assert_eq!(on("2026-01-02"), Some(true));
        assert_eq!(on("2026-04-01"), Some(true));
        assert_eq!(on("2026-04-02"), Some(false));
        let back = history(&[outcome("churned", "2025-06-01"), outcome("renewed", "2025-12-01")]);
        assert_eq!(churn(&back, "2026-12-01"), Some(false), "it came back");
    }

    #[test]
    fn a_churn_that_was_recorded_late_counts_for_the_day_on_which_it_happened() {
        let row = json!({"kind": "churned", "at": "2026-02-01T00:00:00Z"});
        let late = history(&[(Kind::Outcome, "2026-06-01", row)]);
        assert_eq!(churn(&late, "2026-05-01"), Some(false));
        assert_eq!(churn(&late, "2026-06-01"), Some(true));
    }

    #[test]
    fn who_is_gone_without_a_date_cannot_be_told_of() {
        let gone = history(&[(Kind::Account, "2026-01-01", json!({"stage": "churned"}))]);
        assert_eq!(churn(&gone, "2026-12-01"), None);
    }

    #[test]
    fn an_account_without_a_contract_lapses_when_it_buys_nothing_in_the_window() {
        let none = json!({});
        let buys = history(&[bill("2025-12-01", &none), bill("2026-03-01", &none)]);
        let lapses = history(&[bill("2025-12-01", &none), bill("2026-04-02", &none)]);
        assert_eq!(churn(&buys, "2026-04-01"), Some(false));
        assert_eq!(churn(&lapses, "2026-03-31"), None);
        assert_eq!(churn(&lapses, "2026-04-01"), Some(true));
        let paid = (
            Kind::Subscription,
            "2025-01-01",
            json!({"started_at": "2025-01-01T00:00:00Z"}),
        );
        let contract = history(&[bill("2025-12-01", &none), paid]);
        assert_eq!(
            churn(&contract, "2026-04-01"),
            Some(false),
            "its contract decides"
        );
    }

    #[test]
    fn losses_are_recorded_churns_and_windows_without_a_purchase() {
        let none = json!({});
        let lost = |history: &AccountHistory, until: &str| {
            let losses = Recorded::of(history, at(until)).losses(90);
            losses
                .iter()
                .map(|at| at.to_string()[..10].to_owned())
                .collect::<Vec<_>>()
        };
        let shop = history(&[
            bill("2025-01-01", &none),
            bill("2025-06-01", &none),
            bill("2025-07-01", &none),
        ]);
        assert_eq!(
            lost(&shop, "2025-09-28"),
            ["2025-04-01"],
            "the last window is open"
        );
        assert_eq!(lost(&shop, "2025-10-01"), ["2025-04-01", "2025-09-29"]);
        let told = history(&[bill("2025-01-01", &none), outcome("churned", "2025-02-01")]);
        assert_eq!(lost(&told, "2026-01-01"), ["2025-02-01"], "told once");
        let paid = (Kind::Account, "2025-01-01", json!({"seats": 3}));
        let contract = history(&[bill("2025-01-01", &none), paid, outcome("churned", "2026-02-01")]);
        assert_eq!(lost(&contract, "2026-03-01"), ["2026-02-01"]);
    }

    #[test]
    fn who_buys_without_a_contract_is_whom_the_feature_calls_transactional() {
        let cases = [
            history(&[bill("2025-12-01", &json!({}))]),
            history(&[
                bill("2025-12-01", &json!({})),
                (Kind::Account, "2025-01-01", json!({"seats": 3})),
            ]),
            history(&[bill("2025-12-01", &json!({"voided_at": "2025-12-02T00:00:00Z"}))]),
        ];
        for history in cases {
            let snapshot = history.snapshot(DAY_0.parse().unwrap());
            let feature = copilot_features::compute(&snapshot, &copilot_features::FeatureConfig::default());
            let ours = Recorded::in_snapshot(&snapshot).is_transactional(snapshot.as_of);
            assert_eq!(feature.get("transactional") == Some(1.0), ours);
        }
    }

    #[test]
    fn a_downgrade_is_a_recorded_contraction_of_a_contract() {
        let ask = |history: &AccountHistory, until: &str| {
            happened(
                history,
                PredictionKind::Downgrade,
                DAY_0.parse().unwrap(),
                90,
                at(until),
            )
        };
        let contract = (Kind::Account, "2025-01-01", json!({"seats": 3}));
        let less = history(&[contract.clone(), outcome("contracted", "2026-02-01")]);
        assert_eq!(ask(&less, "2026-02-02"), Some(true));
        assert_eq!(ask(&history(&[contract]), "2026-04-01"), Some(false));
        assert_eq!(ask(&history(&[]), "2026-04-01"), None, "no contract is known");
    }

    #[test]
    fn revenue_of_an_account_without_a_contract_is_what_it_was_billed_in_the_window() {
        let gbp = json!({"currency": "GBP"});
        let buys = history(&[
            bill("2025-12-01", &gbp),
            bill("2026-01-05", &gbp),
            bill("2026-03-01", &gbp),
        ]);
        let of = |until: &str| Recorded::of(&buys, at(until)).came(DAY_0.parse().unwrap(), 90);
        assert_eq!(of("2026-03-31"), None, "the window has not passed");
        assert_eq!(of("2026-04-02"), Some(2.0), "two bills of 100 pence");
        let asked = happened(
            &buys,
            PredictionKind::Revenue,
            DAY_0.parse().unwrap(),
            90,
            at("2026-04-02"),
        );
        assert_eq!(asked, Some(true));
    }

    #[test]
    fn revenue_of_an_account_with_a_contract_is_the_growth_of_what_it_pays_a_month() {
        let plan = |known: &'static str, minor: i64| {
            let row = json!({"started_at": "2025-06-01T00:00:00Z", "mrr_minor": minor, "currency": "EUR"});
            (Kind::Subscription, known, row)
        };
        let mut grows = history(&[plan("2025-06-01", 10_000)]);
        let (_, _, more) = plan("2026-02-01", 15_000);
        let subscription = &mut grows.records.get_mut(&Kind::Subscription).unwrap()[0];
        let told = Revision::new(
            at("2026-02-01"),
            at("2026-02-01"),
            more.as_object().unwrap().clone(),
        );
        subscription.record.merge(told);
        let recorded = Recorded::of(&grows, at("2026-12-01"));
        assert_eq!(recorded.came(DAY_0.parse().unwrap(), 90), Some(50.0));
        assert_eq!(recorded.came(at("2026-03-01"), 90), Some(0.0), "it grew before");
        let asked = recorded.happened(PredictionKind::Revenue, at("2026-03-01"), 90);
        assert_eq!(asked, Some(false));
    }

    #[test]
    fn a_payment_fails_or_stays_out_for_more_than_thirty_days() {
        let ask = |more: Value, until: &str| {
            let history = history(&[bill("2025-12-01", &more)]);
            happened(
                &history,
                PredictionKind::Payment,
                DAY_0.parse().unwrap(),
                90,
                at(until),
            )
        };
        let failed = json!({"failed_at": "2026-01-10T00:00:00Z"});
        assert_eq!(ask(failed, "2026-01-11"), Some(true));
        let open = json!({"due_at": "2025-12-31T00:00:00Z"});
        assert_eq!(ask(open.clone(), "2026-01-29"), None, "29 days late");
        assert_eq!(ask(open, "2026-01-30"), Some(true));
        let long = json!({"due_at": "2025-11-01T00:00:00Z"});
        assert_eq!(ask(long, "2026-01-02"), Some(true), "still out");
        let paid = json!({"due_at": "2025-12-31T00:00:00Z", "paid_at": "2026-01-20T00:00:00Z"});
        assert_eq!(ask(paid, "2026-04-01"), Some(false));
        let before = json!({"due_at": "2025-11-01T00:00:00Z", "paid_at": "2025-12-20T00:00:00Z"});
        assert_eq!(ask(before, "2026-04-01"), Some(false), "paid before the window");
        let none = happened(
            &history(&[]),
            PredictionKind::Payment,
            DAY_0.parse().unwrap(),
            90,
            at("2026-04-01"),
        );
        assert_eq!(none, None, "no invoices");
    }
}
