//! CSV imports, piece by piece: each message works for a while, notes how far it came and asks for the next. A
//! killed run starts again at the last note; what it had applied by then is found unchanged.

mod run;

use copilot_aws::imports::{self as store, Import, ImportStatus};
use copilot_aws::raw_log::tenant_of;
use copilot_domain::delivery::{ImportOrder, RawDelivery};
use copilot_domain::ids::{ImportId, TenantId, TenantProof};

use crate::Context;
use crate::apply::IngestError;
use run::run;

/// How much of an import is done at once.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Rows read, good or refused, before the good ones are applied.
    pub rows: usize,
    /// Seconds that one message works: well under the function's time-out of 60 s.
    pub seconds: i64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            rows: 1_000,
            seconds: 20,
        }
    }
}

/// Notes that an import's file has arrived. Files that nobody announced are left alone.
pub(crate) async fn uploaded(context: &Context, key: &str) -> Result<(), IngestError> {
    let tenant = tenant_of(key)?;
    let name = key.rsplit('/').next().and_then(|name| name.strip_suffix(".csv"));
    let Some(id) = name.and_then(|id| id.parse::<ImportId>().ok()) else {
        return Ok(());
    };
    let Some((mut import, rev)) = store::get(&context.table, &tenant, id).await? else {
        return Ok(());
    };
    if import.status != ImportStatus::AwaitingUpload {
        return Ok(());
    }
    let Some(file) = context.files.look(key).await? else {
        return Ok(());
    };
    import.arrived(&file);
    store::put(&context.table, &tenant, &import, Some(rev)).await?;
    Ok(())
}

/// What an order means for an import as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It begins.
    Begin,
    /// It is under way.
    GoOn,
    /// The order was carried out, or another took its place.
    Nothing,
}

/// The same order may be announced twice, late, or replayed over a finished import: it is carried out once. Only a
/// replay into another table tries a failed one `again`, which is how a replay is repeated.
fn step(found: Option<&Import>, delivery: &RawDelivery, again: bool) -> Step {
    let Some(import) = found else {
        return Step::Begin;
    };
    let is_older = import.started_at.is_some_and(|at| at >= delivery.received_at);
    if import.order.as_ref() == Some(&delivery.delivery_id) {
        return match import.status {
            // A dry run after it: the order has failed before.
            _ if import.dry_run => Step::Nothing,
            ImportStatus::Queued => Step::Begin,
            ImportStatus::Running => Step::GoOn,
            ImportStatus::Failed if again => Step::Begin,
            _ => Step::Nothing,
        };
    }
    match import.status {
        ImportStatus::AwaitingUpload | ImportStatus::Uploaded => Step::Begin,
        _ if import.dry_run && !is_older => Step::Begin,
        _ if import.dry_run => Step::Nothing,
        ImportStatus::Failed if !is_older => Step::Begin,
        ImportStatus::Queued if import.order.is_none() => Step::Begin,
        ImportStatus::Running if import.order.is_none() => Step::GoOn,
        _ => Step::Nothing,
    }
}

/// Starts the import that an order in the raw log asks for. In a replay into an empty table the import itself is
/// made again from the order.
pub(crate) async fn ordered(
    context: &Context,
    tenant: &TenantId,
    delivery: &RawDelivery,
) -> Result<(), IngestError> {
    let order: ImportOrder = serde_json::from_str(&delivery.body)
        .map_err(|e| IngestError::Import(format!("its order does not read: {e}")))?;
    let found = store::get(&context.table, tenant, order.import).await?;
    let known = found.as_ref().map(|(import, _)| import);
    match step(known, delivery, context.is_elsewhere()) {
        Step::Nothing => return Ok(()),
        Step::GoOn => {}
        Step::Begin => {
            let (mut import, rev) = if let Some((import, rev)) = found {
                (import, Some(rev))
            } else {
                let (kind, source) = (order.kind.clone(), order.source.clone());
                let (name, by) = (order.filename.clone(), order.ordered_by.clone());
                let at = delivery.received_at;
                (Import::announced(order.import, kind, name, source, at, by), None)
            };
            // The start has put it back to its beginning, unless the order came another way.
            let is_started =
                import.status == ImportStatus::Queued && import.order.as_ref() == Some(&delivery.delivery_id);
            if !is_started {
                import.begin_anew();
            }
            import.kind = order.kind;
            import.filename = order.filename;
            import.source = order.source;
            import.mapping = order.mapping;
            import.created_by = order.ordered_by;
            import.etag = order.etag;
            import.dry_run = false;
            import.order = Some(delivery.delivery_id.clone());
            import.status = ImportStatus::Running;
            import.started_at = Some(delivery.received_at);
            store::put(&context.table, tenant, &import, rev).await?;
        }
    }
    Box::pin(run(context, tenant, order.import)).await
}

/// Goes on with an import (or starts a dry run).
pub(crate) async fn go_on(context: &Context, tenant: &str, import: &str) -> Result<(), IngestError> {
    let unreadable = |_| IngestError::Import("the message names no import".to_owned());
    let tenant = TenantId::proven(tenant, TenantProof::OwnRecord).map_err(unreadable)?;
    let id: ImportId = import.parse().map_err(unreadable)?;
    Box::pin(run(context, &tenant, id)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::delivery::Format;
    use copilot_domain::ids::Source;
    use copilot_domain::time::Timestamp;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_366_400 + seconds).unwrap()
    }

    fn order(id: &str, received: i64) -> RawDelivery {
        RawDelivery {
            delivery_id: id.to_owned(),
            source: Source::new("imports").unwrap(),
            format: Format::CsvImport,
            received_at: at(received),
            version_at: at(received),
            body: String::new(),
        }
    }

    fn import(status: ImportStatus, order: Option<&str>, dry_run: bool, started: Option<i64>) -> Import {
        let id = "imp_0190b7c2000070008000000000000001".parse().unwrap();
        let text = || "accounts".to_owned();
        Import {
            status,
            dry_run,
            order: order.map(str::to_owned),
            started_at: started.map(at),
            ..Import::announced(id, text(), text(), text(), at(0), text())
        }
    }

    #[test]
    fn an_order_is_carried_out_once_and_a_newer_one_takes_its_place() {
        use ImportStatus::{Failed, Queued, Running, Succeeded, Uploaded};
        let a = order("a", 10);
        for (found, expected) in [
            (None, Step::Begin),
            (Some(import(Uploaded, None, false, None)), Step::Begin),
            (Some(import(Queued, Some("a"), false, None)), Step::Begin),
            (Some(import(Running, Some("a"), false, Some(10))), Step::GoOn),
            (Some(import(Succeeded, Some("a"), false, Some(10))), Step::Nothing),
            (Some(import(Failed, Some("a"), false, Some(10))), Step::Nothing),
            // Started again after a failure: the late notice of the first order changes nothing.
            (Some(import(Queued, Some("b"), false, None)), Step::Nothing),
            (Some(import(Failed, Some("b"), false, Some(20))), Step::Nothing),
            // In a replay the first order failed, for its file was replaced; the second one is carried out.
            (Some(import(Failed, Some("0"), false, Some(5))), Step::Begin),
            (Some(import(Succeeded, Some("0"), false, Some(5))), Step::Nothing),
            // A dry run before it, and one after it.
            (Some(import(Succeeded, None, true, Some(5))), Step::Begin),
            (Some(import(Succeeded, Some("a"), true, Some(20))), Step::Nothing),
        ] {
            assert_eq!(step(found.as_ref(), &a, false), expected, "{found:?}");
        }
        let failed = import(Failed, Some("a"), false, Some(10));
        assert_eq!(step(Some(&failed), &a, true), Step::Begin, "a replay is repeated");
    }
}
