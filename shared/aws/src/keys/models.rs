//! Keys of the registry of a tenant's learnt models.

use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::tone::ToneLabel;
use jiff::civil::Date;

use super::{Key, account_partition};

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

/// Which model of tone answers.
pub fn tone_pointer(t: &TenantId) -> Key {
    Key::new(partition(t), "TONE")
}

/// A version of the tenant's own model of tone.
pub fn tone_version(t: &TenantId, version: &str) -> Key {
    Key::new(partition(t), format!("{TONE_VERSIONS_FIRST}{version}"))
}

/// The first sort key of the versions of the tenant's own model of tone.
pub const TONE_VERSIONS_FIRST: &str = "TONEVERSION#";

/// A training run of tone. Ids sort by time.
pub fn tone_run(t: &TenantId, id: &str) -> Key {
    Key::new(partition(t), format!("{TONE_RUNS_FIRST}{id}"))
}

/// The first sort key of training runs of tone.
pub const TONE_RUNS_FIRST: &str = "TONERUN#";

/// Which version of what was learnt of products answers.
pub fn product_pointer(t: &TenantId) -> Key {
    Key::new(partition(t), "PRODUCTS")
}

/// A version of what was learnt of products.
pub fn product_version(t: &TenantId, version: &str) -> Key {
    Key::new(partition(t), format!("{PRODUCT_VERSIONS_FIRST}{version}"))
}

/// The first sort key of versions of what was learnt of products.
pub const PRODUCT_VERSIONS_FIRST: &str = "PRODUCTVERSION#";

/// A run that learns of products. Ids sort by time.
pub fn product_run(t: &TenantId, id: &str) -> Key {
    Key::new(partition(t), format!("{PRODUCT_RUNS_FIRST}{id}"))
}

/// The first sort key of runs that learn of products.
pub const PRODUCT_RUNS_FIRST: &str = "PRODUCTRUN#";

/// A label of tone, in the account's own partition, by its record and when it was given.
pub fn tone_label(t: &TenantId, a: AccountId, label: &ToneLabel) -> Key {
    let (kind, id, at) = (label.kind.plural(), &label.external_id, label.given_at);
    let sk = format!("{TONE_LABELS_FIRST}{kind}#{}#{}#{at:.6}", id.source, id.id);
    Key::new(account_partition(t, a), sk)
}

/// The first sort key of an account's labels of tone.
pub const TONE_LABELS_FIRST: &str = "TONE#";
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
