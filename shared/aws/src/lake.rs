//! The offline feature store in S3: `features/dt=YYYY-MM-DD/tenant=<tenant>/part-0000.parquet`.
//!
//! Writing a day again overwrites its parts by number; parts beyond the new last one are taken away at the end. What is
//! in a file is told by `copilot-lake`.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use copilot_domain::ids::TenantId;
use jiff::civil::Date;

use crate::error::AwsError;
use crate::item::Item;
use crate::keys;
use crate::table::{Condition, Table};

/// Where the feature store's files begin.
pub const PREFIX: &str = "features/";

/// The feature store of all tenants.
#[derive(Debug, Clone)]
pub struct Lake {
    client: Client,
    bucket: String,
}

impl Lake {
    /// The feature store in a bucket.
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        Self {
            client: crate::sdk::s3(config),
            bucket: bucket.to_owned(),
        }
    }

    /// The key of a part.
    pub fn key(tenant: &TenantId, day: Date, part: u32) -> String {
        format!("{}part-{part:04}.parquet", folder(tenant, day))
    }

    /// Writes a part over what stands there.
    ///
    /// # Errors
    /// [`AwsError`] when S3 does not take it.
    pub async fn put(&self, tenant: &TenantId, day: Date, part: u32, file: Vec<u8>) -> Result<(), AwsError> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(Self::key(tenant, day, part))
            .content_type("application/vnd.apache.parquet")
            .body(ByteStream::from(file))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("write features", e))?;
        Ok(())
    }

    /// Reads a part.
    ///
    /// # Errors
    /// [`AwsError`] when S3 does not give it, or there is none.
    pub async fn get(&self, tenant: &TenantId, day: Date, part: u32) -> Result<Vec<u8>, AwsError> {
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(Self::key(tenant, day, part))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("read features", e))?;
        let body = answer.body.collect().await.map_err(|e| AwsError::Unavailable {
            operation: "read features",
            source: e.into(),
        })?;
        Ok(body.to_vec())
    }

    /// The numbers of a day's parts, ascending.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn parts(&self, tenant: &TenantId, day: Date) -> Result<Vec<u32>, AwsError> {
        let folder = folder(tenant, day);
        let (keys, _) = self.list(&folder, None, None).await?;
        let number = |key: &String| {
            let name = key.strip_prefix(&folder)?.strip_prefix("part-")?;
            name.strip_suffix(".parquet")?.parse().ok()
        };
        Ok(keys.iter().filter_map(number).collect())
    }

    /// The days of which any tenant has files, ascending.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn days(&self, from: Date, to: Date) -> Result<Vec<Date>, AwsError> {
        let after = format!("{PREFIX}dt={from}");
        let (_, folders) = self.list(PREFIX, Some("/"), Some(after)).await?;
        let day = |folder: &String| {
            let name = folder.strip_prefix(PREFIX)?.strip_prefix("dt=")?;
            name.strip_suffix('/')?.parse::<Date>().ok()
        };
        let days = folders.iter().filter_map(day);
        Ok(days.filter(|day| (from..=to).contains(day)).collect())
    }

    /// Takes away the parts of a day from a number on: those of an earlier writing that had more.
    ///
    /// # Errors
    /// [`AwsError`] when a call fails; doing it again is safe.
    pub async fn truncate(&self, tenant: &TenantId, day: Date, parts: u32) -> Result<(), AwsError> {
        for part in self
            .parts(tenant, day)
            .await?
            .into_iter()
            .filter(|part| *part >= parts)
        {
            self.client
                .delete_object()
                .bucket(&self.bucket)
                .key(Self::key(tenant, day, part))
                .send()
                .await
                .map_err(|e| AwsError::from_sdk("take features away", e))?;
        }
        Ok(())
    }

    /// Keys and folders under a prefix, all pages.
    async fn list(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        after: Option<String>,
    ) -> Result<(Vec<String>, Vec<String>), AwsError> {
        let (mut keys, mut folders, mut next) = (Vec::new(), Vec::new(), None);
        loop {
            let answer = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_delimiter(delimiter.map(str::to_owned))
                .set_start_after(after.clone())
                .set_continuation_token(next)
                .send()
                .await
                .map_err(|e| AwsError::from_sdk("list features", e))?;
            keys.extend(
                answer
                    .contents()
                    .iter()
                    .filter_map(|o| o.key().map(str::to_owned)),
            );
            folders.extend(
                answer
                    .common_prefixes()
                    .iter()
                    .filter_map(|p| p.prefix().map(str::to_owned)),
            );
            next = answer.next_continuation_token;
            if next.is_none() {
                return Ok((keys, folders));
            }
        }
    }
}

fn folder(tenant: &TenantId, day: Date) -> String {
    format!("{PREFIX}dt={day}/tenant={tenant}/")
}

/// The key of the tenant's pseudonyms; `fresh` (32 random bytes) becomes it when there is none. Whoever is first wins.
///
/// # Errors
/// [`AwsError`] when the table fails or the stored key does not read.
pub async fn pseudonym_key(table: &Table, tenant: &TenantId, fresh: [u8; 32]) -> Result<[u8; 32], AwsError> {
    let key = keys::setting(tenant, "LAKE");
    let mut found = table.get(&key).await?;
    if found.is_none() {
        let made = Item::new(&key, "lake-key").bytes("key", fresh.to_vec());
        match table.put(made, Condition::Absent).await {
            Ok(()) => return Ok(fresh),
            Err(error) if error.is_conflict() => found = table.get(&key).await?,
            Err(error) => return Err(error),
        }
    }
    let bytes = found.as_ref().and_then(|item| item.blob("key"));
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| AwsError::Corrupt {
            what: "the key of pseudonyms",
            key: format!("{} / {}", key.pk, key.sk),
            source: None,
        })
}
