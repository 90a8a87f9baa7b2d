//! CSV imports: their state in the table, their file in S3.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use copilot_domain::ids::{ImportId, TenantId};
use copilot_domain::limits::MAX_IMPORT_BYTES;
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
    /// Which file it reads: that of the start, so that a file put in its place is not half read.
    #[serde(default)]
    pub etag: Option<String>,
    /// How often it was started; each run reports its errors apart.
    #[serde(default)]
    pub run: u32,
    /// Bytes of this run's report so far.
    #[serde(default)]
    pub reported: u64,
    /// The order that it was last started by: the delivery's id in the raw log.
    #[serde(default)]
    pub order: Option<String>,
    /// When it was last asked to run.
    #[serde(default)]
    pub queued_at: Option<Timestamp>,
}

/// What the store knows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Its bytes.
    pub size: u64,
    /// Names its content.
    pub etag: Option<String>,
}

impl FileInfo {
    /// What is wrong with its size for an import.
    pub fn problem(&self) -> Option<String> {
        let size = self.size;
        (size > MAX_IMPORT_BYTES).then(|| {
            format!(
                "file_too_large: the file has {size} bytes; at most {MAX_IMPORT_BYTES} are taken: split it"
            )
        })
    }
}

impl Import {
    /// An import whose file is awaited.
    pub fn announced(
        id: ImportId,
        kind: String,
        filename: String,
        source: String,
        created_at: Timestamp,
        created_by: String,
    ) -> Self {
        Self {
            id,
            kind,
            filename,
            source,
            status: ImportStatus::AwaitingUpload,
            dry_run: false,
            size_bytes: 0,
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
            mapping: BTreeMap::new(),
            resume: None,
            created_at,
            created_by,
            started_at: None,
            finished_at: None,
            etag: None,
            run: 0,
            reported: 0,
            order: None,
            queued_at: None,
        }
    }

    /// Takes note of its file, which is there now; one that is too large is not imported.
    pub fn arrived(&mut self, file: &FileInfo) {
        self.size_bytes = file.size;
        self.etag.clone_from(&file.etag);
        self.problem = file.problem();
        self.status = match self.problem {
            None => ImportStatus::Uploaded,
            Some(_) => ImportStatus::Failed,
        };
    }

    /// Puts it back to its beginning for another run: nothing of the run before is counted or reported again.
    pub fn begin_anew(&mut self) {
        let blank = Self::announced(
            self.id,
            String::new(),
            String::new(),
            String::new(),
            self.created_at,
            String::new(),
        );
        *self = Self {
            kind: std::mem::take(&mut self.kind),
            filename: std::mem::take(&mut self.filename),
            source: std::mem::take(&mut self.source),
            status: self.status,
            dry_run: self.dry_run,
            size_bytes: self.size_bytes,
            mapping: std::mem::take(&mut self.mapping),
            created_by: std::mem::take(&mut self.created_by),
            etag: self.etag.take(),
            run: self.run.saturating_add(1),
            order: self.order.take(),
            ..blank
        };
    }
    /// The key of the uploaded file.
    pub fn object_key(tenant: &TenantId, id: ImportId) -> String {
        format!("imports/{tenant}/{id}.csv")
    }

    /// The key of the report of all errors.
    pub fn report_key(tenant: &TenantId, id: ImportId) -> String {
        format!("import-errors/{tenant}/{id}/errors.csv")
    }

    /// Where the parts of this run's report stand.
    pub fn parts_prefix(&self, tenant: &TenantId) -> String {
        format!("import-errors/{tenant}/{}/{:06}/", self.id, self.run)
    }

    /// The key of a part of the report: the errors of the chunk that starts at a byte.
    pub fn part_key(&self, tenant: &TenantId, offset: u64) -> String {
        format!("{}{offset:013}.csv", self.parts_prefix(tenant))
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

    /// What is known of an object; `None` when it is not there.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn look(&self, key: &str) -> Result<Option<FileInfo>, AwsError> {
        match self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
        {
            Ok(head) => Ok(Some(FileInfo {
                size: head
                    .content_length()
                    .and_then(|n| u64::try_from(n).ok())
                    .unwrap_or(0),
                etag: head.e_tag().map(str::to_owned),
            })),
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

    /// Bytes `from..from + len` of an object, fewer at its end; of the content that `etag` names, where one is given.
    ///
    /// # Errors
    /// [`AwsError::Conflict`] when the object has other content by now; [`AwsError`] when the call fails.
    pub async fn range(
        &self,
        key: &str,
        from: u64,
        len: u64,
        etag: Option<&str>,
    ) -> Result<Vec<u8>, AwsError> {
        let operation = "read a piece of a file";
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .range(format!("bytes={from}-{}", from + len.max(1) - 1))
            .set_if_match(etag.map(str::to_owned))
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

    /// The keys under a prefix and their sizes, ascending.
    ///
    /// # Errors
    /// [`AwsError`] when a call fails.
    pub async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, AwsError> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_continuation_token(start)
                .send()
                .await
                .map_err(|e| AwsError::from_sdk("list files", e))?;
            found.extend(answer.contents().iter().filter_map(|o| {
                let size = o.size().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
                o.key().map(|key| (key.to_owned(), size))
            }));
            start = answer.next_continuation_token;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::ids::TenantProof;

    fn import() -> Import {
        Import::announced(
            "imp_0190b7c2000070008000000000000001".parse().unwrap(),
            "accounts".to_owned(),
            "a.csv".to_owned(),
            "api".to_owned(),
            Timestamp::UNIX_EPOCH,
            "ada".to_owned(),
        )
    }

    #[test]
    fn a_file_that_is_too_large_fails_when_it_arrives() {
        let file = |size| FileInfo { size, etag: None };
        let mut import = import();
        import.arrived(&file(MAX_IMPORT_BYTES));
        assert_eq!(
            (import.status, import.problem.as_ref()),
            (ImportStatus::Uploaded, None)
        );
        import.arrived(&file(5 * MAX_IMPORT_BYTES));
        assert_eq!(import.status, ImportStatus::Failed);
        assert!(import.problem.is_some_and(|p| p.starts_with("file_too_large")));
    }

    #[test]
    fn another_run_counts_from_nothing_and_reports_apart() {
        let tenant = TenantId::proven("acme", TenantProof::OwnRecord).unwrap();
        let first = Import {
            errors: 3,
            rows_done: 9,
            has_report: true,
            resume: Some(serde_json::json!({})),
            finished_at: Some(Timestamp::UNIX_EPOCH),
            etag: Some("e".to_owned()),
            ..import()
        };
        let mut second = first.clone();
        second.begin_anew();
        assert_eq!(
            (second.errors, second.rows_done, second.has_report),
            (0, 0, false)
        );
        assert_eq!((second.resume.as_ref(), second.finished_at), (None, None));
        assert_eq!(
            (second.kind.as_str(), second.etag.as_deref()),
            ("accounts", Some("e"))
        );
        assert!(
            !second
                .part_key(&tenant, 0)
                .starts_with(&first.parts_prefix(&tenant))
        );
    }
}
