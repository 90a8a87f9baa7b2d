//! Keys of backtests.

use copilot_domain::ids::TenantId;

use super::Key;

/// The partition of a tenant's backtests.
pub fn partition(t: &TenantId) -> String {
    format!("T#{t}#BACKTESTS")
}

/// A backtest: what was asked and how far it is. Ids sort by time.
pub fn backtest(t: &TenantId, id: &str) -> Key {
    Key::new(partition(t), format!("{RUNS_FIRST}{id}"))
}

/// The first sort key of backtests.
pub const RUNS_FIRST: &str = "RUN#";

/// What came of a backtest.
pub fn result(t: &TenantId, id: &str) -> Key {
    Key::new(partition(t), format!("RESULT#{id}"))
}
