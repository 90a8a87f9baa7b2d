//! CSV imports, piece by piece: each message works for a while, notes how far it came and asks for the next. A
//! killed run starts again at the last note; what it had applied by then is found unchanged.

use copilot_aws::facts::{self, Outcome};
use copilot_aws::imports::{self as store, Import, ImportStatus, LISTED_ERRORS, LineError};
use copilot_aws::queue::IngestMessage;
use copilot_aws::raw_log::tenant_of;
use copilot_aws::tenants::{self, Tenant};
use copilot_connectors::canonical::{RowContext, RowError, RowKind};
use copilot_connectors::csv::{self, CsvState, HEAD_BYTES, Plan, Reader};
use copilot_domain::delivery::{ImportOrder, RawDelivery};
use copilot_domain::facts::Fact;
use copilot_domain::ids::{ImportId, Source, TenantId, TenantProof};
use copilot_domain::limits::MAX_IMPORT_BYTES;
use copilot_domain::revision::Merge;
use copilot_domain::time::Timestamp;

use crate::Context;
use crate::apply::{IngestError, request_scores};
use crate::report::{self, Report};

/// Bytes of the file read at once.
const PIECE: u64 = 1024 * 1024;
/// Rows applied at once.
const GROUP: usize = 1_000;
/// How long one message works: well under the function's time-out of 60 s.
const WORK_SECONDS: i64 = 20;
/// Rows after which progress is noted, at the latest.
const NOTE_EVERY: u64 = 5_000;

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
    import.size_bytes = context.files.size(key).await?.unwrap_or(0);
    import.status = ImportStatus::Uploaded;
    if import.size_bytes > MAX_IMPORT_BYTES {
        import.status = ImportStatus::Failed;
        import.problem = Some(format!(
            "the file has {} bytes; at most {MAX_IMPORT_BYTES} are taken: split it",
            import.size_bytes
        ));
    }
    store::put(&context.table, &tenant, &import, Some(rev)).await?;
    Ok(())
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
    // The same order again, announced twice or replayed over a finished import, starts nothing.
    if found
        .as_ref()
        .is_some_and(|(i, _)| !i.dry_run && i.finished_at.is_some())
    {
        return Ok(());
    }
    let running = found
        .as_ref()
        .is_some_and(|(i, _)| i.status == ImportStatus::Running && !i.dry_run);
    if !running {
        let size = context
            .files
            .size(&Import::object_key(tenant, order.import))
            .await?
            .unwrap_or(0);
        let import = Import {
            id: order.import,
            kind: order.kind,
            filename: order.filename,
            source: order.source,
            status: ImportStatus::Running,
            dry_run: false,
            size_bytes: size,
            bytes_done: 0,
            rows_done: 0,
            valid: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            errors: 0,
            first_errors: Vec::new(),
            has_report: false,
            problem: None,
            mapping: order.mapping,
            resume: None,
            created_at: found.as_ref().map_or(delivery.received_at, |(i, _)| i.created_at),
            created_by: order.ordered_by,
            started_at: Some(delivery.received_at),
            finished_at: None,
        };
        store::put(&context.table, tenant, &import, found.map(|(_, rev)| rev)).await?;
    }
    run(context, tenant, order.import).await
}

/// Goes on with an import (or starts a dry run).
pub(crate) async fn go_on(context: &Context, tenant: &str, import: &str) -> Result<(), IngestError> {
    let unreadable = |_| IngestError::Import("the message names no import".to_owned());
    let tenant = TenantId::proven(tenant, TenantProof::OwnRecord).map_err(unreadable)?;
    let id: ImportId = import.parse().map_err(unreadable)?;
    run(context, &tenant, id).await
}

/// One import under way.
struct Run<'a> {
    context: &'a Context,
    tenant: &'a TenantId,
    settings: Tenant,
    import: Import,
    rev: i64,
    kind: RowKind,
    row_context: RowContext,
    report: Report,
}

/// Works on an import until it is done or the time is up.
async fn run(context: &Context, tenant: &TenantId, id: ImportId) -> Result<(), IngestError> {
    let Some((mut import, rev)) = store::get(&context.table, tenant, id).await? else {
        return Err(IngestError::Import(format!("there is no {id}")));
    };
    if !matches!(import.status, ImportStatus::Queued | ImportStatus::Running) {
        return Ok(());
    }
    let settings = tenants::get(&context.table, tenant)
        .await?
        .ok_or_else(|| IngestError::UnknownTenant(tenant.clone()))?;
    import.status = ImportStatus::Running;
    let started = *import.started_at.get_or_insert(context.clock.now());
    let kind = RowKind::from_plural(&import.kind)
        .ok_or_else(|| IngestError::Import(format!("{} is no kind of row", import.kind)))?;
    let source = Source::new(&import.source).map_err(|e| IngestError::Import(e.to_string()))?;
    let row_context = RowContext {
        source,
        received_at: started,
        version_at: started,
        sandbox: settings.is_sandbox(),
    };
    let report = Report::at(import.dry_run, import.bytes_done);
    let run = Run {
        context,
        tenant,
        settings,
        import,
        rev,
        kind,
        row_context,
        report,
    };
    match run.open().await {
        Ok((state, plan)) => run.work(state, &plan).await,
        Err(Stop::Failed(problem)) => run.fail(problem).await,
        Err(Stop::Later(error)) => Err(error),
    }
}

/// Why an import does not go on.
enum Stop {
    /// The file or its mapping cannot be imported: said to the user.
    Failed(String),
    /// AWS failed: the message comes again.
    Later(IngestError),
}

impl Run<'_> {
    /// The state of the CSV reader, and what becomes of a record.
    async fn open(&self) -> Result<(CsvState, Plan), Stop> {
        let failed = |e: csv::CsvError| Stop::Failed(format!("{}: {e}", e.code()));
        let state = if let Some(stored) = self.import.resume.clone() {
            serde_json::from_value(stored).map_err(|e| Stop::Failed(e.to_string()))?
        } else {
            let key = Import::object_key(self.tenant, self.import.id);
            let size = self.import.size_bytes;
            if size == 0 {
                let problem = "empty_file: the file is not there, or empty: upload it again";
                return Err(Stop::Failed(problem.to_owned()));
            }
            let head = self
                .context
                .files
                .range(&key, 0, (HEAD_BYTES as u64).min(size))
                .await;
            let head = head.map_err(|e| Stop::Later(e.into()))?;
            csv::open(&head, head.len() as u64 >= size).map_err(failed)?
        };
        let plan = Plan::new(self.kind, &state, &self.import.mapping).map_err(failed)?;
        Ok((state, plan))
    }

    async fn work(mut self, mut state: CsvState, plan: &Plan) -> Result<(), IngestError> {
        let key = Import::object_key(self.tenant, self.import.id);
        let mut reader = Reader::new(&state);
        let mut read = state.position.offset;
        let began = self.context.clock.now();
        let mut noted_rows = self.import.rows_done;
        let mut group: Vec<(u64, Vec<Fact>)> = Vec::with_capacity(GROUP);
        loop {
            while let Some(record) = reader.next_record() {
                self.import.rows_done += 1;
                match record
                    .cells
                    .and_then(|cells| plan.facts(&cells, &self.row_context))
                {
                    Ok(facts) => {
                        self.import.valid += 1;
                        group.push((record.line, facts));
                    }
                    Err(error) => self.fault(record.line, &error),
                }
                if group.len() >= GROUP {
                    self.apply(&mut group).await?;
                    self.import.bytes_done = reader.position().offset;
                    let late = seconds_since(began, self.context.clock.now()) >= WORK_SECONDS;
                    if late || self.import.rows_done - noted_rows >= NOTE_EVERY {
                        state.position = reader.position();
                        self.note(&state).await?;
                        noted_rows = self.import.rows_done;
                    }
                    if late {
                        return self.ask_for_more().await;
                    }
                }
            }
            if read >= self.import.size_bytes {
                break;
            }
            let piece = self
                .context
                .files
                .range(&key, read, PIECE.min(self.import.size_bytes - read))
                .await?;
            read += piece.len() as u64;
            reader.feed(&piece);
            if read >= self.import.size_bytes || piece.is_empty() {
                read = self.import.size_bytes;
                reader.finish();
            }
        }
        self.apply(&mut group).await?;
        self.finish().await
    }

    fn fault(&mut self, line: u64, error: &RowError) {
        let fault = LineError {
            line,
            field: error.field.clone(),
            code: error.code.to_owned(),
            detail: error.detail.clone(),
        };
        self.import.errors += 1;
        self.report.add(&fault);
        if self.import.first_errors.len() < LISTED_ERRORS {
            self.import.first_errors.push(fault);
        }
    }

    /// Applies the rows of a group; a dry run has checked them, and that is all.
    async fn apply(&mut self, group: &mut Vec<(u64, Vec<Fact>)>) -> Result<(), IngestError> {
        let rows = std::mem::take(group);
        if self.import.dry_run || rows.is_empty() {
            return Ok(());
        }
        let facts: Vec<Fact> = rows.iter().flat_map(|(_, facts)| facts.iter().cloned()).collect();
        let zone = self.settings.time_zone();
        let done = facts::apply(&self.context.table, self.tenant, &zone, &facts).await?;
        // A message that comes again finds its rows unchanged, so everything it touches is scored.
        request_scores(
            self.context,
            self.tenant,
            done.touched.iter().copied().collect(),
            "import",
        )
        .await?;
        let mut applied = done.applied.into_iter();
        for (line, facts) in &rows {
            // The row's own fact comes first; claims of identities ride along.
            let first = applied.next();
            for _ in 1..facts.len() {
                applied.next();
            }
            let Some(first) = first else { continue };
            match first.outcome {
                Outcome::Failed(error) if error.is_retryable() => return Err(error.into()),
                Outcome::Failed(error) => self.fault(*line, &RowError::row("not_applied", error.to_string())),
                Outcome::Merged(Merge::Created) | Outcome::Counted(true) => self.import.created += 1,
                Outcome::Merged(Merge::Updated) => self.import.updated += 1,
                _ => self.import.unchanged += 1,
            }
            if first.parked {
                let detail =
                    "the account is not known yet; the row is kept and counts as soon as the account comes";
                self.fault(*line, &RowError::field("unknown_account", "account", detail));
            }
        }
        Ok(())
    }

    /// Notes how far the import came, and writes the errors found since.
    async fn note(&mut self, state: &CsvState) -> Result<(), IngestError> {
        report::write_part(self.context, self.tenant, self.import.id, &mut self.report).await?;
        self.import.bytes_done = state.position.offset;
        self.import.resume = serde_json::to_value(state).ok();
        self.save().await
    }

    async fn save(&mut self) -> Result<(), IngestError> {
        store::put(&self.context.table, self.tenant, &self.import, Some(self.rev)).await?;
        self.rev += 1;
        Ok(())
    }

    async fn ask_for_more(self) -> Result<(), IngestError> {
        let tenant = self.tenant.as_str().to_owned();
        let message = IngestMessage::Import {
            tenant,
            import: self.import.id.to_string(),
        };
        self.context.ingest.send(&message).await?;
        Ok(())
    }

    async fn finish(mut self) -> Result<(), IngestError> {
        report::write_part(self.context, self.tenant, self.import.id, &mut self.report).await?;
        self.import.has_report =
            report::assemble(self.context, self.tenant, self.import.id, self.import.dry_run).await?;
        self.import.bytes_done = self.import.size_bytes;
        self.import.resume = None;
        self.import.status = match self.import.errors {
            0 => ImportStatus::Succeeded,
            _ => ImportStatus::SucceededWithErrors,
        };
        self.import.finished_at = Some(self.context.clock.now());
        tracing::info!(
            tenant_id = %self.tenant, import_id = %self.import.id, rows = self.import.rows_done,
            errors = self.import.errors, dry_run = self.import.dry_run, "import finished"
        );
        self.save().await
    }

    async fn fail(mut self, problem: String) -> Result<(), IngestError> {
        self.import.status = ImportStatus::Failed;
        self.import.problem = Some(problem);
        self.import.finished_at = Some(self.context.clock.now());
        self.save().await
    }
}

fn seconds_since(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second() - from.as_second()
}
