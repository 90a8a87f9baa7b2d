//! Setting an import going.

use copilot_aws::imports::{Import as Stored, ImportStatus as Status};
use copilot_aws::queue::IngestMessage;
use copilot_aws::raw_log::RAW_PREFIX;
use copilot_aws::{Put, RawLog};
use copilot_domain::delivery::{Format, ImportOrder, RawDelivery};

use super::super::batch::source_of;
use super::not_there;
use crate::App;
use crate::access::Caller;
use crate::problem::{Answer, Kind, Problem};

/// Looks at the file of a start, and keeps which one it is: that one is read and no other. What a dry run has checked
/// is what is imported after it.
pub(super) async fn pin(app: &App, caller: &Caller, import: &mut Stored, dry_run: bool) -> Answer<()> {
    let key = Stored::object_key(&caller.tenant, import.id);
    let file = app.ctx.files.look(&key).await?.ok_or_else(not_there)?;
    if let Some(problem) = file.problem() {
        return Err(Problem::field("file", "file_too_large", problem));
    }
    if import.dry_run && !dry_run && import.etag.is_some() && import.etag != file.etag {
        return Err(Problem::new(
            Kind::CONFLICT,
            "the file was replaced after the dry run; make another dry run of the new one first",
        ));
    }
    import.status = Status::Uploaded;
    import.size_bytes = file.size;
    import.etag = file.etag;
    Ok(())
}

/// Sets the import going: a real one by an order in the raw log, so that a replay runs it again; a dry run, which
/// changes nothing, by a message. Doing it again does no harm.
pub(super) async fn order(app: &App, caller: &Caller, import: &Stored) -> Answer<()> {
    if import.dry_run {
        let message = IngestMessage::Import {
            tenant: caller.tenant.to_string(),
            import: import.id.to_string(),
        };
        return Ok(app.ctx.ingest.send(&message).await?);
    }
    let at = import.queued_at.unwrap_or(import.created_at);
    let order = ImportOrder {
        import: import.id,
        kind: import.kind.clone(),
        filename: import.filename.clone(),
        source: import.source.clone(),
        mapping: import.mapping.clone(),
        etag: import.etag.clone(),
        ordered_by: import.created_by.clone(),
    };
    let delivery = RawDelivery {
        delivery_id: import.order.clone().unwrap_or_default(),
        // A folder of its own: the function may write no other raw objects.
        source: source_of(Some("imports"))?,
        format: Format::CsvImport,
        received_at: at,
        version_at: at,
        body: serde_json::to_string(&order).map_err(|error| Problem::internal(&error))?,
    };
    if app.ctx.raw.put(&caller.tenant, &delivery).await? == Put::AlreadyThere {
        // Logged, announced, and yet not started: its message may wait among the dead letters.
        let key = RawLog::key(RAW_PREFIX, &caller.tenant, &delivery);
        app.ctx.ingest.send(&IngestMessage::Raw { key }).await?;
    }
    Ok(())
}
