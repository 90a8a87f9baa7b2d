//! One import at work.

use copilot_aws::AwsError;
use copilot_aws::facts::{self, Outcome};
use copilot_aws::imports::{self as store, Import, ImportStatus, LISTED_ERRORS, LineError};
use copilot_aws::queue::IngestMessage;
use copilot_aws::tenants::{self, Tenant};
use copilot_connectors::canonical::{RowContext, RowError, RowKind};
use copilot_connectors::csv::{self, CsvState, HEAD_BYTES, Plan, Position, Reader, Record};
use copilot_domain::facts::Fact;
use copilot_domain::ids::{ImportId, Source, TenantId};
use copilot_domain::revision::Merge;
use copilot_domain::time::Timestamp;

use crate::Context;
use crate::apply::{IngestError, request_scores};
use crate::report::{self, Report};

/// Bytes of the file read at once.
const PIECE: u64 = 1024 * 1024;
/// Bytes of rows held before they are applied: long rows are fewer.
const HELD_BYTES: u64 = 4 * 1024 * 1024;
/// Rows after which progress is noted, at the latest.
const NOTE_EVERY: u64 = 5_000;
/// Bytes after which it is.
const NOTE_BYTES: u64 = 64 * 1024 * 1024;
const REPLACED: &str = "file_replaced: another file was uploaded in its place after the start; start it again to \
                        import that one";

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
pub(super) async fn run(context: &Context, tenant: &TenantId, id: ImportId) -> Result<(), IngestError> {
    let Some((mut import, rev)) = store::get(&context.table, tenant, id).await? else {
        return Err(IngestError::Import(format!("there is no {id}")));
    };
    if !matches!(import.status, ImportStatus::Queued | ImportStatus::Running) {
        return Ok(());
    }
    let settings = tenants::get(&context.table, tenant)
        .await?
        .ok_or_else(|| IngestError::UnknownTenant(tenant.clone()))?;
    let is_fresh = import.status == ImportStatus::Queued;
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
    let report = Report::of(&import);
    let mut run = Run {
        context,
        tenant,
        settings,
        import,
        rev,
        kind,
        row_context,
        report,
    };
    if is_fresh {
        // Said before the work, so that nobody takes it for one that is still waiting.
        run.save().await?;
    }
    match run.open().await {
        Ok((state, plan)) => run.work(state, &plan).await,
        Err(Stop::Failed(problem)) => run.fail(problem).await,
        Err(Stop::Later(error)) => Err(error),
    }
}

/// Rows that were read and are not applied yet, and where the message stands.
struct Held {
    rows: Vec<(u64, Vec<Fact>)>,
    /// Rows read since the last were applied, the refused ones too.
    read: usize,
    /// The byte at which they begin.
    from: u64,
    /// When and where this message began.
    began: Timestamp,
    began_at: u64,
    /// What was noted last.
    noted_rows: u64,
    noted_at: u64,
}

impl Held {
    fn new(import: &Import, offset: u64, now: Timestamp) -> Self {
        Self {
            rows: Vec::new(),
            read: 0,
            from: offset,
            began: now,
            began_at: offset,
            noted_rows: import.rows_done,
            noted_at: offset,
        }
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
    fn key(&self) -> String {
        Import::object_key(self.tenant, self.import.id)
    }

    /// The state of the CSV reader, and what becomes of a record.
    async fn open(&mut self) -> Result<(CsvState, Plan), Stop> {
        let failed = |e: csv::CsvError| Stop::Failed(format!("{}: {e}", e.code()));
        let state = if let Some(stored) = self.import.resume.clone() {
            serde_json::from_value(stored).map_err(|e| Stop::Failed(e.to_string()))?
        } else {
            self.look().await?;
            let size = self.import.size_bytes;
            let head = self.range(0, (HEAD_BYTES as u64).min(size)).await?;
            csv::open(&head, head.len() as u64 >= size).map_err(failed)?
        };
        let plan = Plan::new(self.kind, &state, &self.import.mapping).map_err(failed)?;
        Ok((state, plan))
    }

    /// Looks at the file before anything of it is read: it may be missing, too large, or another than was ordered.
    async fn look(&mut self) -> Result<(), Stop> {
        let found = self.context.files.look(&self.key()).await;
        let Some(file) = found.map_err(|e| Stop::Later(e.into()))?.filter(|f| f.size > 0) else {
            let problem = "empty_file: the file is not there, or empty: upload it again";
            return Err(Stop::Failed(problem.to_owned()));
        };
        if let Some(problem) = file.problem() {
            return Err(Stop::Failed(problem));
        }
        if self.import.etag.is_some() && self.import.etag != file.etag {
            return Err(Stop::Failed(REPLACED.to_owned()));
        }
        self.import.size_bytes = file.size;
        self.import.etag = file.etag;
        Ok(())
    }

    async fn range(&self, from: u64, len: u64) -> Result<Vec<u8>, Stop> {
        let etag = self.import.etag.as_deref();
        let piece = self.context.files.range(&self.key(), from, len, etag).await;
        piece.map_err(|error| match error {
            AwsError::Conflict { .. } => Stop::Failed(REPLACED.to_owned()),
            other => Stop::Later(other.into()),
        })
    }

    async fn work(mut self, mut state: CsvState, plan: &Plan) -> Result<(), IngestError> {
        let mut reader = Reader::new(&state);
        let mut read = state.position.offset;
        let mut held = Held::new(&self.import, read, self.context.clock.now());
        loop {
            while let Some(record) = reader.next_record() {
                self.take(record, plan, &mut held);
                if (held.read >= self.context.pace.rows || self.report.is_full())
                    && self.checkpoint(&mut state, reader.position(), &mut held).await?
                {
                    return self.ask_for_more().await;
                }
            }
            if read >= self.import.size_bytes {
                break;
            }
            // Long rows, and bytes that are no row at all, take memory and time, too.
            let position = reader.position();
            if (position.offset - held.from >= HELD_BYTES || self.is_late(&held, position))
                && self.checkpoint(&mut state, position, &mut held).await?
            {
                return self.ask_for_more().await;
            }
            let piece = match self.range(read, PIECE.min(self.import.size_bytes - read)).await {
                Ok(piece) => piece,
                Err(Stop::Failed(problem)) => return self.fail(problem).await,
                Err(Stop::Later(error)) => return Err(error),
            };
            read += piece.len() as u64;
            reader.feed(&piece);
            if read >= self.import.size_bytes || piece.is_empty() {
                read = self.import.size_bytes;
                reader.finish();
            }
        }
        self.apply(&mut held.rows).await?;
        self.finish().await
    }

    fn take(&mut self, record: Record, plan: &Plan, held: &mut Held) {
        self.import.rows_done += 1;
        held.read += 1;
        match record
            .cells
            .and_then(|cells| plan.facts(&cells, &self.row_context))
        {
            Ok(facts) => {
                self.import.valid += 1;
                held.rows.push((record.line, facts));
            }
            Err(error) => self.fault(record.line, &error),
        }
    }

    /// Whether the time of this message is up. A replay has no next message: it works until the import is done.
    fn is_late(&self, held: &Held, at: Position) -> bool {
        self.context.ingest.is_some()
            && at.offset > held.began_at
            && seconds_since(held.began, self.context.clock.now()) >= self.context.pace.seconds
    }

    /// Applies what is held, and notes how far the import came where that is due; gives whether to stop here.
    async fn checkpoint(
        &mut self,
        state: &mut CsvState,
        at: Position,
        held: &mut Held,
    ) -> Result<bool, IngestError> {
        self.apply(&mut held.rows).await?;
        (held.read, held.from) = (0, at.offset);
        let is_late = self.is_late(held, at);
        let is_due = self.report.is_full()
            || self.import.rows_done - held.noted_rows >= NOTE_EVERY
            || at.offset - held.noted_at >= NOTE_BYTES;
        if is_late || is_due {
            state.position = at;
            self.note(state).await?;
            (held.noted_rows, held.noted_at) = (self.import.rows_done, at.offset);
        }
        Ok(is_late)
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
        self.report_until(state.position.offset).await?;
        self.import.bytes_done = state.position.offset;
        self.import.resume = serde_json::to_value(state).ok();
        self.save().await
    }

    async fn report_until(&mut self, offset: u64) -> Result<(), IngestError> {
        report::write_part(
            self.context,
            self.tenant,
            &mut self.import,
            &mut self.report,
            offset,
        )
        .await
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
        if let Some(queue) = &self.context.ingest {
            queue.send(&message).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<(), IngestError> {
        self.report_until(self.import.size_bytes).await?;
        self.import.has_report = report::assemble(self.context, self.tenant, &self.import).await?;
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
        self.import.problem = Some(problem.clone());
        self.import.finished_at = Some(self.context.clock.now());
        self.save().await?;
        match self.context.ingest {
            Some(_) => Ok(()),
            // The user was told when it ran; who replays is told now.
            None => Err(IngestError::Import(problem)),
        }
    }
}

fn seconds_since(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second() - from.as_second()
}
