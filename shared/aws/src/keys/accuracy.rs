//! Keys of what is known about how right the product was: kept predictions, figures, what is served.

use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::prediction::PredictionKind;
use jiff::civil::Date;

use super::{Key, history_partition, setting};

/// The first sort key of an account's kept predictions.
pub const CHECK_FIRST: &str = "C#";

/// A kept prediction of a series (`churn-model`).
pub fn check(t: &TenantId, a: AccountId, series: &str, day: Date) -> Key {
    Key::new(history_partition(t, a), format!("{CHECK_FIRST}{series}#{day}"))
}

/// Kept predictions that wait for their check, by the day they are due, gsi1.
pub fn due(t: &TenantId) -> String {
    format!("T#{t}#DUE")
}

/// Checked predictions of a series by their day, gsi1.
pub fn checked(t: &TenantId, series: &str) -> String {
    format!("T#{t}#CHECKED#{series}")
}

/// Checked predictions of a series that were wrong, by their day, gsi2. `which` is `missed` or `false_alarm`.
pub fn wrong(t: &TenantId, series: &str, which: &str) -> String {
    format!("T#{t}#WRONG#{series}#{which}")
}

/// The figures of a kind of prediction.
pub fn accuracy(t: &TenantId, kind: PredictionKind) -> Key {
    setting(t, &format!("ACCURACY#{kind}"))
}

/// What is served: the alert cut, muted rules.
pub fn serving(t: &TenantId) -> Key {
    setting(t, "SERVING")
}

/// How often rules fired.
pub fn fired(t: &TenantId) -> Key {
    setting(t, "FIRED")
}
