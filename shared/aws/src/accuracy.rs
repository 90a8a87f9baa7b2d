//! The kept figures of accuracy: written by the nightly run, read by a page with one call.

use copilot_domain::accuracy::Accuracy;
use copilot_domain::ids::TenantId;
use copilot_domain::prediction::PredictionKind;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::accuracy as keys;
use crate::table::{Condition, Table};

/// The figures of a kind; `None` before the first nightly run.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn get(
    table: &Table,
    tenant: &TenantId,
    kind: PredictionKind,
) -> Result<Option<Accuracy>, AwsError> {
    let item = table.get(&keys::accuracy(tenant, kind)).await?;
    // Figures of an older form are none: the next night computes them again.
    Ok(item.and_then(|item| item.document().ok()))
}

/// Stores figures.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put(table: &Table, tenant: &TenantId, accuracy: &Accuracy) -> Result<(), AwsError> {
    let item = Item::new(&keys::accuracy(tenant, accuracy.kind), "accuracy").data(accuracy);
    table.put(item, Condition::None).await
}
