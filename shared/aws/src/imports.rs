//! CSV imports: their state in the table, their file in S3.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use copilot_domain::ids::{ImportId, TenantId};
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys;
use crate::table::{Condition, Query, Table};

/// Errors that an import lists; the report holds more, the count is complete.
pub const LISTED_ERRORS: usize = 100;
/// How long an upload address is good for.
const UPLOAD_FOR: Duration = Duration::from_hours(1);

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// The file is not there yet.
    AwaitingUpload,
    /// The file is there; its columns can be mapped.
    Uploaded,
    /// Asked to run.
    Queued,
    /// Running.
    Running,
    /// Done, every row.
    Succeeded,
    /// Done; some rows have errors.
    SucceededWithErrors,
    /// Not done; see `problem`.
    Failed,
}

/// A row that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineError {
    /// Line of the file on which the record starts, from 1.
    pub line: u64,
    /// The field or column at fault.
    pub field: Option<String>,
    /// Machine-readable reason.
    pub code: String,
    /// What is wrong and how to mend it.
    pub detail: String,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// Id.
    pub id: ImportId,
    /// Kind of row, plural: `accounts` … `events`.
    pub kind: String,
    /// Name of the file, as the user has it.
    pub filename: String,
    /// Namespace of the external ids.
    pub source: String,
    /// Where it stands.
    pub status: ImportStatus,
    /// Check only; write nothing.
    pub dry_run: bool,
    /// Size of the file.
    pub size_bytes: u64,
    /// Bytes worked through.
    pub bytes_done: u64,
    /// Rows worked through.
    pub rows_done: u64,
    /// Rows that read well (in a dry run, all that would be applied).
    pub valid: u64,
    /// Rows that created something.
    pub created: u64,
    /// Rows that changed something.
    pub updated: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Rows with an error.
    pub errors: u64,
    /// The first of them.
    pub first_errors: Vec<LineError>,
    /// Whether a report of all errors is there.
    pub has_report: bool,
    /// Why it failed.
    pub problem: Option<String>,
    /// Column to field; a column that is left out maps to nothing.
    pub mapping: BTreeMap<String, Option<String>>,
    /// Where the next chunk starts: state of the CSV reader, opaque here.
    pub resume: Option<serde_json::Value>,
    /// When it was created, and by whom.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When it started: the version of rows that carry none.
    pub started_at: Option<Timestamp>,
    /// When it finished.
    pub finished_at: Option<Timestamp>,
}

impl Import {
    /// The key of the uploaded file.
    pub fn object_key(tenant: &TenantId, id: ImportId) -> String {
        format!("imports/{tenant}/{id}.csv")
    }

    /// The key of the report of all errors.
    pub fn report_key(tenant: &TenantId, id: ImportId) -> String {
        format!("import-errors/{tenant}/{id}/errors.csv")
    }

    /// The key of a part of the report: the errors of the chunk that starts at a byte; a dry run has parts of its own.
    pub fn part_key(tenant: &TenantId, id: ImportId, dry_run: bool, offset: u64) -> String {
        let run = if dry_run { "dry" } else { "run" };
        format!("import-errors/{tenant}/{id}/{run}/{offset:013}.csv")
    }
}

/// An import by id, with the counter of its item.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn get(table: &Table, tenant: &TenantId, id: ImportId) -> Result<Option<(Import, i64)>, AwsError> {
    let item = table.get(&keys::import(tenant, id)).await?;
    item.map(|item| Ok((item.document()?, item.rev()))).transpose()
}

/// Writes an import; `read` is the counter it was read with, `None` for a new one.
///
/// # Errors
/// [`AwsError::Conflict`] when it changed since.
pub async fn put(
    table: &Table,
    tenant: &TenantId,
    import: &Import,
    read: Option<i64>,
) -> Result<(), AwsError> {
    let item = Item::new(&keys::import(tenant, import.id), "import")
        .number("rev", read.unwrap_or(0) + 1)
        .data(import);
    table
        .put(item, read.map_or(Condition::Absent, Condition::Rev))
        .await
}

/// The query of a tenant's imports, newest first (ids sort by time).
pub fn list(tenant: &TenantId) -> Query {
    Query {
        pk: keys::import_partition(tenant),
        descending: true,
        ..Query::default()
    }
}

/// Files in the data bucket: uploads, their pieces, reports.
#[derive(Debug, Clone)]
pub struct Files {
    client: Client,
    bucket: String,
}

impl Files {
    /// The files of a bucket.
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        Self {
            client: crate::sdk::s3(config),
            bucket: bucket.to_owned(),
        }
    }

    /// An address to which the file of a size may be put, for an hour.
    ///
    /// # Errors
    /// [`AwsError`] when no address can be signed.
    pub async fn upload_url(&self, key: &str) -> Result<String, AwsError> {
        let operation = "sign an upload";
        let config = PresigningConfig::expires_in(UPLOAD_FOR).map_err(|e| AwsError::Refused {
            operation,
            source: e.into(),
        })?;
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("text/csv")
            .presigned(config)
            .await
            .map(|request| request.uri().to_owned())
            .map_err(|e| AwsError::from_sdk(operation, e))
    }

    /// An address from which an object may be read, for an hour.
    ///
    /// # Errors
    /// [`AwsError`] when no address can be signed.
    pub async fn download_url(&self, key: &str, filename: &str) -> Result<String, AwsError> {
        let operation = "sign a download";
        let config = PresigningConfig::expires_in(UPLOAD_FOR).map_err(|e| AwsError::Refused {
            operation,
            source: e.into(),
        })?;
        self.client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .response_content_disposition(format!("attachment; filename=\"{filename}\""))
            .presigned(config)
            .await
            .map(|request| request.uri().to_owned())
            .map_err(|e| AwsError::from_sdk(operation, e))
    }

    /// The size of an object; `None` when it is not there.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, AwsError> {
        match self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
        {
            Ok(head) => Ok(head.content_length().and_then(|n| u64::try_from(n).ok())),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(HeadObjectError::is_not_found) =>
            {
                Ok(None)
            }
            Err(error) => Err(AwsError::from_sdk("look at a file", error)),
        }
    }

    /// Bytes `from..from + len` of an object, fewer at its end.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn range(&self, key: &str, from: u64, len: u64) -> Result<Vec<u8>, AwsError> {
        let operation = "read a piece of a file";
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .range(format!("bytes={from}-{}", from + len.max(1) - 1))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk(operation, e))?;
        let body = answer.body.collect().await.map_err(|e| AwsError::Unavailable {
            operation,
            source: e.into(),
        })?;
        Ok(body.into_bytes().to_vec())
    }

    /// Writes an object whole.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn write(&self, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("text/csv; charset=utf-8")
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("write a file", e))?;
        Ok(())
    }

    /// The keys under a prefix, ascending, at most a thousand.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>, AwsError> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("list files", e))?;
        Ok(answer
            .contents()
            .iter()
            .filter_map(|o| o.key().map(str::to_owned))
            .collect())
    }
}
