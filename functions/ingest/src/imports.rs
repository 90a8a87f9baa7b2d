//! CSV imports, chunk by chunk.

use copilot_aws::imports::{self as store, ImportStatus};
use copilot_aws::raw_log::tenant_of;
use copilot_domain::delivery::RawDelivery;
use copilot_domain::ids::{ImportId, TenantId};

use crate::Context;
use crate::apply::IngestError;

/// Notes that an import's file has arrived. Files that nobody announced are left alone.
pub(crate) async fn uploaded(context: &Context, key: &str) -> Result<(), IngestError> {
    let tenant = tenant_of(key)?;
    let Some(id) = key
        .rsplit('/')
        .next()
        .and_then(|name| name.strip_suffix(".csv")?.parse::<ImportId>().ok())
    else {
        return Ok(());
    };
    let Some((mut import, rev)) = store::get(&context.table, &tenant, id).await? else {
        return Ok(());
    };
    if import.status != ImportStatus::AwaitingUpload {
        return Ok(());
    }
    import.size_bytes = context.files.size(key).await?.unwrap_or(0);
    import.status = ImportStatus::Uploaded;
    store::put(&context.table, &tenant, &import, Some(rev)).await?;
    Ok(())
}

pub(crate) async fn ordered(_: &Context, _: &TenantId, _: &RawDelivery) -> Result<(), IngestError> {
    Err(IngestError::Import("soon".into()))
}

pub(crate) async fn go_on(_: &Context, _: &str, _: &str) -> Result<(), IngestError> {
    Err(IngestError::Import("soon".into()))
}
