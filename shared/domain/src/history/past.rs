//! What of a row had happened by an instant.

use serde::de::DeserializeOwned;

use crate::facts::{
    AccountRow, ActivityRow, ContactRow, InvoiceRow, OutcomeRow, SubscriptionRow, SurveyRow, TicketRow,
};
use crate::time::Timestamp;

/// A row that can be shown as it stood at an instant.
pub(super) trait Past: DeserializeOwned + Clone {
    /// When the thing came to be; before that, there is no row.
    fn happened(&self) -> Option<Timestamp>;

    /// Takes out every instant after `as_of`: what has not happened yet is not known, though a later revision of
    /// the same version may tell it. Plans (due days, an end by cancellation, dates) stay.
    fn hide_after(&mut self, as_of: Timestamp);
}

fn hide<const N: usize>(instants: [&mut Option<Timestamp>; N], as_of: Timestamp) {
    for instant in instants {
        *instant = instant.filter(|at| *at <= as_of);
    }
}

impl Past for AccountRow {
    fn happened(&self) -> Option<Timestamp> {
        None
    }

    fn hide_after(&mut self, as_of: Timestamp) {
        hide([&mut self.cancel_notice_at, &mut self.pulse_at], as_of);
    }
}

impl Past for ContactRow {
    fn happened(&self) -> Option<Timestamp> {
        self.joined_at
    }

    fn hide_after(&mut self, as_of: Timestamp) {
        hide(
            [&mut self.joined_at, &mut self.left_at, &mut self.last_active_at],
            as_of,
        );
    }
}

impl Past for SubscriptionRow {
    fn happened(&self) -> Option<Timestamp> {
        self.started_at
    }

    fn hide_after(&mut self, as_of: Timestamp) {
        hide([&mut self.started_at], as_of);
    }
}

impl Past for InvoiceRow {
    fn happened(&self) -> Option<Timestamp> {
        self.issued_at
    }

    fn hide_after(&mut self, as_of: Timestamp) {
        hide(
            [
                &mut self.issued_at,
                &mut self.paid_at,
                &mut self.failed_at,
                &mut self.voided_at,
            ],
            as_of,
        );
    }
}

impl Past for TicketRow {
    fn happened(&self) -> Option<Timestamp> {
        self.opened_at
    }

    fn hide_after(&mut self, as_of: Timestamp) {
        hide(
            [
                &mut self.opened_at,
                &mut self.answered_at,
                &mut self.solved_at,
                &mut self.rated_at,
            ],
            as_of,
        );
    }
}

impl Past for ActivityRow {
    fn happened(&self) -> Option<Timestamp> {
        self.at
    }

    fn hide_after(&mut self, _: Timestamp) {}
}

impl Past for SurveyRow {
    fn happened(&self) -> Option<Timestamp> {
        self.at
    }

    fn hide_after(&mut self, _: Timestamp) {}
}

impl Past for OutcomeRow {
    fn happened(&self) -> Option<Timestamp> {
        self.at
    }

    fn hide_after(&mut self, _: Timestamp) {}
}
