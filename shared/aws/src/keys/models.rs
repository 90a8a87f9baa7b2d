//! Keys of the registry of a tenant's learnt models.

use copilot_domain::ids::TenantId;
use copilot_domain::prediction::PredictionKind;
use jiff::civil::Date;

use super::Key;

/// The partition of a tenant's registry.
pub fn partition(t: &TenantId) -> String {
    format!("T#{t}#MODELS")
}

/// Which versions of a kind answer.
pub fn pointers(t: &TenantId, kind: PredictionKind) -> Key {
    Key::new(partition(t), format!("{POINTERS_FIRST}{kind}"))
}

/// The first sort key of pointers.
pub const POINTERS_FIRST: &str = "POINTERS#";

/// A version of a model.
pub fn version(t: &TenantId, kind: PredictionKind, version: &str) -> Key {
    Key::new(partition(t), format!("{}{version}", versions_first(kind)))
}

/// The first sort key of the versions of a kind.
pub fn versions_first(kind: PredictionKind) -> String {
    format!("VERSION#{kind}#")
}

/// A training run. Ids sort by time.
pub fn run(t: &TenantId, id: &str) -> Key {
    Key::new(partition(t), format!("{RUNS_FIRST}{id}"))
}

/// The first sort key of training runs.
pub const RUNS_FIRST: &str = "RUN#";

/// What a night found of the models of a kind.
pub fn monitoring(t: &TenantId, kind: PredictionKind, day: Date) -> Key {
    Key::new(partition(t), format!("{}{day}", monitoring_first(kind)))
}

/// The first sort key of what nights found of a kind.
pub fn monitoring_first(kind: PredictionKind) -> String {
    format!("MONITOR#{kind}#")
}

/// What admins were told of the models of a kind.
pub fn drift_told(t: &TenantId, kind: PredictionKind) -> Key {
    Key::new(partition(t), format!("DRIFT#{kind}"))
}
