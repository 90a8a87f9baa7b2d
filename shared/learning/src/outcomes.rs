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
mod tests;
