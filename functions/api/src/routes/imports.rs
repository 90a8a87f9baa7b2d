//! CSV imports: announce, upload, look, map, run, follow.

mod start;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use copilot_aws::Item;
use copilot_aws::imports::{self as store, Import as Stored, ImportStatus as Status};
use copilot_connectors::canonical::RowKind;
use copilot_connectors::csv::{self, CsvError, HEAD_BYTES, Plan};
use copilot_domain::ids::{DeliveryId, ImportId};
use copilot_domain::limits::{MAX_IMPORT_BYTES, MAX_NAME};
use jiff::SignedDuration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::batch::source_of;
use crate::access::Caller;
use crate::dto::import::{
    Import, ImportColumn, ImportField, ImportPreview, ImportStatus, ImportTicket, LineError, NewImport,
    StartImport,
};
use crate::dto::page::Page;
use crate::filter::Params;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, paging};
use start::{order, pin};

/// How long an upload address works; as the store signs it.
const UPLOAD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// After this time an import that still waits may be asked for again: its order may not have been logged.
const WAITED_ENOUGH: SignedDuration = SignedDuration::from_mins(2);

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_imports, create_import))
        .routes(routes!(get_import))
        .routes(routes!(preview_import))
        .routes(routes!(start_import))
}

/// Announce a CSV file, and get the address to upload it to
#[utoipa::path(post, path = "/v1/imports", tag = "imports", security(("bearer" = ["write"])),
    request_body = NewImport,
    responses((status = 201, description = "Where to put the file", body = ImportTicket)))]
async fn create_import(
    State(app): Shared,
    caller: Caller,
    body::Json(input): body::Json<NewImport>,
) -> Answer<(StatusCode, Json<ImportTicket>)> {
    let filename = input.filename.trim();
    let length = filename.chars().count();
    if length == 0 || length > MAX_NAME || filename.chars().any(char::is_control) {
        return Err(Problem::field(
            "filename",
            "out_of_range",
            format!("1 to {MAX_NAME} characters"),
        ));
    }
    if !(1..=MAX_IMPORT_BYTES).contains(&input.size_bytes) {
        return Err(Problem::field(
            "size_bytes",
            "out_of_range",
            format!("1 to {MAX_IMPORT_BYTES} bytes"),
        ));
    }
    let source = source_of(input.source.as_deref())?;
    let (now, id) = (app.ctx.clock.now(), ImportId::from_uuid(app.ctx.ids.next()));
    let mut import = Stored::announced(
        id,
        input.kind.as_str().to_owned(),
        filename.to_owned(),
        source.to_string(),
        now,
        caller.author().to_owned(),
    );
    import.size_bytes = input.size_bytes;
    let upload_url = app
        .ctx
        .files
        .upload_url(&Stored::object_key(&caller.tenant, id))
        .await?;
    store::put(&app.ctx.table, &caller.tenant, &import, None).await?;
    audit::note(&app, &caller, "import.create", &id.to_string(), &(), &import.kind).await?;
    let upload_headers = BTreeMap::from([("Content-Type".to_owned(), "text/csv".to_owned())]);
    let expires_at = now.saturating_add(UPLOAD_FOR).unwrap_or(now);
    Ok((
        StatusCode::CREATED,
        Json(ImportTicket {
            id: id.to_string(),
            upload_url,
            upload_headers,
            expires_at,
        }),
    ))
}

/// Imports, newest first
#[utoipa::path(get, path = "/v1/imports", tag = "imports", security(("bearer" = ["read"])),
    params(("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of imports", body = Page<Import>)))]
async fn list_imports(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<Import>>> {
    let params = Params::parse(query.as_deref().unwrap_or_default())?;
    let read = store::list(&caller.tenant);
    let rows = paging::all(&app.ctx.table, &caller.tenant, "list_imports", params, read).await?;
    let stored = rows
        .items
        .iter()
        .map(Item::document::<Stored>)
        .collect::<Result<Vec<_>, _>>()?;
    let data = stored
        .into_iter()
        .map(|import| view(import, None))
        .collect::<Answer<_>>()?;
    Ok(Json(Page {
        data,
        next: rows.next,
    }))
}

async fn found(app: &App, caller: &Caller, id: &str) -> Answer<(Stored, i64)> {
    let id: ImportId = id.parse().map_err(|_| Problem::not_found("import"))?;
    let found = store::get(&app.ctx.table, &caller.tenant, id).await?;
    let (mut import, rev) = found.ok_or_else(|| Problem::not_found("import"))?;
    // The bucket tells of an upload a moment later; who asks right after it need not wait for that.
    if import.status == Status::AwaitingUpload
        && let Some(file) = app
            .ctx
            .files
            .look(&Stored::object_key(&caller.tenant, id))
            .await?
    {
        import.arrived(&file);
    }
    Ok((import, rev))
}

/// An import and how far it is
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "imports", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Import id, `imp_…`")),
    responses((status = 200, description = "The import", body = Import)))]
async fn get_import(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<Json<Import>> {
    let (import, _) = found(&app, &caller, &id).await?;
    let report = if import.has_report {
        let key = Stored::report_key(&caller.tenant, import.id);
        Some(
            app.ctx
                .files
                .download_url(&key, &format!("errors-{}.csv", import.id))
                .await?,
        )
    } else {
        None
    };
    Ok(Json(view(import, report)?))
}

fn not_there() -> Problem {
    Problem::new(
        Kind::CONFLICT,
        "the file is not there yet: PUT it to the upload address first",
    )
}

/// The beginning of the uploaded file, and whether it is all of it.
async fn head(app: &App, caller: &Caller, import: &Stored) -> Answer<(Vec<u8>, bool)> {
    if import.status == Status::AwaitingUpload {
        return Err(not_there());
    }
    let key = Stored::object_key(&caller.tenant, import.id);
    if import.size_bytes == 0 {
        return Ok((Vec::new(), true));
    }
    let head = app.ctx.files.range(&key, 0, HEAD_BYTES as u64, None).await?;
    let whole = import.size_bytes <= head.len() as u64;
    Ok((head, whole))
}

fn row_kind(import: &Stored) -> Answer<RowKind> {
    RowKind::from_plural(&import.kind).ok_or_else(|| Problem::not_found("kind of row"))
}

fn unreadable(error: &CsvError) -> Problem {
    Problem::field("file", error.code(), error.to_string())
}

/// What the uploaded file looks like
#[utoipa::path(get, path = "/v1/imports/{id}/preview", tag = "imports", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Import id, `imp_…`")),
    responses((status = 200, description = "Columns, samples, suggested mapping", body = ImportPreview)))]
async fn preview_import(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<ImportPreview>> {
    let (import, _) = found(&app, &caller, &id).await?;
    let (head, whole) = head(&app, &caller, &import).await?;
    let preview = csv::preview(&head, whole, row_kind(&import)?).map_err(|error| unreadable(&error))?;
    let encoding = serde_json::to_value(preview.encoding).ok();
    Ok(Json(ImportPreview {
        delimiter: preview.delimiter,
        encoding: encoding
            .as_ref()
            .and_then(|e| e.as_str())
            .unwrap_or("utf-8")
            .to_owned(),
        columns: preview
            .columns
            .into_iter()
            .map(|c| ImportColumn {
                name: c.name,
                samples: c.samples,
                suggested_field: c.suggested_field,
            })
            .collect(),
        fields: preview
            .fields
            .into_iter()
            .map(|f| ImportField {
                name: f.name,
                required: f.required,
                type_: f.ty,
                help: f.help,
            })
            .collect(),
        first_rows: preview.first_rows,
    }))
}

/// Map the columns and start
#[utoipa::path(post, path = "/v1/imports/{id}/start", tag = "imports", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Import id, `imp_…`")),
    request_body = StartImport,
    responses((status = 202, description = "The import, queued", body = Import)))]
async fn start_import(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    body::Json(input): body::Json<StartImport>,
) -> Answer<(StatusCode, Json<Import>)> {
    let (mut old, rev) = found(&app, &caller, &id).await?;
    let now = app.ctx.clock.now();
    let asked_again = old.mapping == input.mapping && old.dry_run == input.dry_run;
    let waits = old.status == Status::Queued
        && now.duration_since(old.queued_at.unwrap_or(old.created_at)) >= WAITED_ENOUGH;
    if waits && asked_again && (old.dry_run || old.order.is_some()) {
        // The same order, so that it is carried out once if it was logged after all.
        order(&app, &caller, &old).await?;
        return Ok((StatusCode::ACCEPTED, Json(view(old, None)?)));
    }
    let may_start = match old.status {
        Status::AwaitingUpload | Status::Uploaded | Status::Failed => true,
        Status::Queued => waits,
        Status::Running => false,
        // A dry run may be followed by the real one, or by another; a real run is done once.
        Status::Succeeded | Status::SucceededWithErrors => old.dry_run,
    };
    if !may_start {
        return Err(Problem::new(
            Kind::CONFLICT,
            "the import runs or has run; announce the file again to repeat it",
        ));
    }
    pin(&app, &caller, &mut old, input.dry_run).await?;
    let (head, whole) = head(&app, &caller, &old).await?;
    let kind = row_kind(&old)?;
    let state = csv::open(&head, whole).map_err(|error| unreadable(&error))?;
    Plan::new(kind, &state, &input.mapping)
        .map_err(|error| Problem::field("mapping", error.code(), error.to_string()))?;
    let mut import = old;
    import.begin_anew();
    import.status = Status::Queued;
    import.dry_run = input.dry_run;
    import.mapping = input.mapping;
    import.queued_at = Some(now);
    if !import.dry_run {
        import.created_by = caller.author().to_owned();
        // Stored before it is logged: what fails in between can be ordered again under the same name.
        import.order = Some(DeliveryId::from_uuid(app.ctx.ids.next()).to_string());
    }
    queue(&app, &caller, &id, &import, rev).await?;
    order(&app, &caller, &import).await?;
    audit::note(&app, &caller, "import.start", &id, &(), &import.dry_run).await?;
    Ok((StatusCode::ACCEPTED, Json(view(import, None)?)))
}

/// Stores that the import is queued. The notice of its upload may have been written since it was read, which is no
/// reason to refuse; another start is.
async fn queue(app: &App, caller: &Caller, id: &str, import: &Stored, rev: i64) -> Answer<()> {
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    let mut stored = store::put(table, tenant, import, Some(rev)).await;
    if matches!(&stored, Err(error) if error.is_conflict()) {
        let (now, rev) = found(app, caller, id).await?;
        if now.status == Status::Uploaded {
            stored = store::put(table, tenant, import, Some(rev)).await;
        }
    }
    stored.map(drop).map_err(|error| {
        if error.is_conflict() {
            return Problem::new(Kind::CONFLICT, "the import was started by somebody else");
        }
        error.into()
    })
}

fn view(import: Stored, error_report_url: Option<String>) -> Answer<Import> {
    let kind = serde_json::from_value(serde_json::Value::from(import.kind.as_str()));
    Ok(Import {
        id: import.id.to_string(),
        kind: kind.map_err(|error| Problem::internal(&error))?,
        filename: import.filename,
        status: match import.status {
            Status::AwaitingUpload => ImportStatus::AwaitingUpload,
            Status::Uploaded => ImportStatus::Uploaded,
            Status::Queued => ImportStatus::Queued,
            Status::Running => ImportStatus::Running,
            Status::Succeeded => ImportStatus::Succeeded,
            Status::SucceededWithErrors => ImportStatus::SucceededWithErrors,
            Status::Failed => ImportStatus::Failed,
        },
        dry_run: import.dry_run,
        size_bytes: import.size_bytes,
        bytes_done: import.bytes_done,
        rows_done: import.rows_done,
        valid: import.valid,
        created: import.created,
        updated: import.updated,
        unchanged: import.unchanged,
        errors: import.errors,
        first_errors: import
            .first_errors
            .into_iter()
            .map(|e| LineError {
                line: e.line,
                field: e.field,
                code: e.code,
                detail: e.detail,
            })
            .collect(),
        error_report_url,
        problem: import.problem,
        started_at: import.started_at,
        finished_at: import.finished_at,
        created_at: import.created_at,
        created_by: import.created_by,
        mapping: import.mapping,
    })
}
