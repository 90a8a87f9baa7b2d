//! The registry of learnt models: pointers, versions and training runs in the table, files in S3 under
//! `models/{tenant}/{kind}/{version}/`.

mod queue;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use copilot_domain::ids::TenantId;
use copilot_domain::model::{Pointers, TrainingRun};
use copilot_domain::prediction::PredictionKind;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use queue::{TrainMessage, TrainOrder, TrainQueue};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::models as keys;
use crate::table::{Condition, Query, Table};

/// The ONNX file that answers.
pub const MODEL: &str = "model.onnx";
/// The ONNX file that was held against the months it had not seen; later candidates are held against it.
pub const VALIDATED: &str = "validated.onnx";
/// The card of [`MODEL`].
pub const CARD: &str = "card.json";
/// The card of [`VALIDATED`].
pub const VALIDATED_CARD: &str = "validated-card.json";

/// Files of models.
#[derive(Debug, Clone)]
pub struct ModelFiles {
    client: Client,
    bucket: String,
}

impl ModelFiles {
    /// The files in a bucket.
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        Self {
            client: crate::sdk::s3(config),
            bucket: bucket.to_owned(),
        }
    }

    /// Where a file of a version lies.
    pub fn key(tenant: &TenantId, kind: PredictionKind, version: &str, file: &str) -> String {
        format!("models/{tenant}/{kind}/{version}/{file}")
    }

    /// Writes a file of a version.
    ///
    /// # Errors
    /// [`AwsError`] when S3 does not take it.
    pub async fn put(
        &self,
        tenant: &TenantId,
        (kind, version): (PredictionKind, &str),
        file: &str,
        bytes: Vec<u8>,
    ) -> Result<(), AwsError> {
        self.put_at(Self::key(tenant, kind, version, file), bytes).await
    }

    pub(crate) async fn put_at(&self, key: String, bytes: Vec<u8>) -> Result<(), AwsError> {
        let answer = self.client.put_object().bucket(&self.bucket).key(key);
        let answer = answer.body(ByteStream::from(bytes)).send().await;
        answer
            .map(|_| ())
            .map_err(|e| AwsError::from_sdk("write a model's file", e))
    }

    /// Reads a file of a version; `None` when it is not there.
    ///
    /// # Errors
    /// [`AwsError`] when S3 does not give it.
    pub async fn get(
        &self,
        tenant: &TenantId,
        (kind, version): (PredictionKind, &str),
        file: &str,
    ) -> Result<Option<Vec<u8>>, AwsError> {
        self.get_at(Self::key(tenant, kind, version, file)).await
    }

    pub(crate) async fn get_at(&self, key: String) -> Result<Option<Vec<u8>>, AwsError> {
        let asked = self.client.get_object().bucket(&self.bucket).key(key);
        let answer = match asked.send().await {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetObjectError::is_no_such_key) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(AwsError::from_sdk("read a model's file", error)),
        };
        let body = answer.body.collect().await.map_err(|e| AwsError::Unavailable {
            operation: "read a model's file",
            source: e.into(),
        })?;
        Ok(Some(body.into_bytes().to_vec()))
    }
}

async fn list<T: DeserializeOwned>(
    table: &Table,
    tenant: &TenantId,
    first: &str,
    newest_first: bool,
) -> Result<Vec<(T, i64)>, AwsError> {
    let query = Query {
        pk: keys::partition(tenant),
        prefix: Some(first.to_owned()),
        descending: newest_first,
        consistent: true,
        ..Query::default()
    };
    let items = table.all(query).await?;
    items
        .iter()
        .map(|item| Ok((item.document()?, item.rev())))
        .collect()
}

/// Which versions answer, by kind, each with its counter. Kinds without models of one's own are left out.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn pointers(table: &Table, tenant: &TenantId) -> Result<Vec<(Pointers, i64)>, AwsError> {
    list(table, tenant, keys::POINTERS_FIRST, false).await
}

/// Which versions of a kind answer, with the counter; 0 where nothing was decided yet.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn pointers_of(
    table: &Table,
    tenant: &TenantId,
    kind: PredictionKind,
) -> Result<(Pointers, i64), AwsError> {
    match table.get(&keys::pointers(tenant, kind)).await? {
        Some(item) => Ok((item.document()?, item.rev())),
        None => Ok((Pointers::none(kind), 0)),
    }
}

/// The item of pointers; the write's condition is [`Condition::Rev`] of the counter that was read.
pub fn pointers_item(tenant: &TenantId, pointers: &Pointers, rev: i64) -> Item {
    Item::new(&keys::pointers(tenant, pointers.kind), "model-pointers")
        .number("rev", rev)
        .data(pointers)
}

/// The versions of a kind, the newest first, as they were registered.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn versions<T: DeserializeOwned>(
    table: &Table,
    tenant: &TenantId,
    kind: PredictionKind,
) -> Result<Vec<T>, AwsError> {
    let all = list(table, tenant, &keys::versions_first(kind), true).await?;
    Ok(all.into_iter().map(|(version, _)| version).collect())
}

/// A version as it was registered.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn version<T: DeserializeOwned>(
    table: &Table,
    tenant: &TenantId,
    kind: PredictionKind,
    version: &str,
) -> Result<Option<T>, AwsError> {
    let found = table.get(&keys::version(tenant, kind, version)).await?;
    found.as_ref().map(Item::document).transpose()
}

/// Registers a version. The same version may be registered again: it is the same model.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn register<T: Serialize>(
    table: &Table,
    tenant: &TenantId,
    (kind, version): (PredictionKind, &str),
    entry: &T,
) -> Result<(), AwsError> {
    let item = Item::new(&keys::version(tenant, kind, version), "model-version").data(entry);
    table.put(item, Condition::None).await
}

/// Writes how a training run stands.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn put_run(table: &Table, tenant: &TenantId, run: &TrainingRun) -> Result<(), AwsError> {
    let item = Item::new(&keys::run(tenant, &run.id), "training-run").data(run);
    table.put(item, Condition::None).await
}

/// A training run.
///
/// # Errors
/// [`AwsError`] when the table fails or the item does not read.
pub async fn run(table: &Table, tenant: &TenantId, id: &str) -> Result<Option<TrainingRun>, AwsError> {
    let found = table.get(&keys::run(tenant, id)).await?;
    found.as_ref().map(Item::document).transpose()
}

/// Training runs, the newest first.
///
/// # Errors
/// [`AwsError`] when the table fails or an item does not read.
pub async fn runs(table: &Table, tenant: &TenantId) -> Result<Vec<TrainingRun>, AwsError> {
    let all = list(table, tenant, keys::RUNS_FIRST, true).await?;
    Ok(all.into_iter().map(|(run, _)| run).collect())
}
