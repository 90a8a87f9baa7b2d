//! The raw log in S3: every delivery as it came, gzipped, before anything else is done with it.

use std::io::{Read, Write};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use copilot_domain::delivery::RawDelivery;
use copilot_domain::ids::{IdError, TenantId, TenantProof};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::tz::TimeZone;

use crate::error::AwsError;

/// Deliveries that S3 announces to the ingest queue.
pub const RAW_PREFIX: &str = "raw/";
/// Batches of the API: logged before they are applied in the same call; not announced, but replayed.
pub const API_PREFIX: &str = "api/";
/// The largest unzipped object that is read back: ten times the largest body that is taken.
const MAX_UNZIPPED: u64 = 64 * 1024 * 1024;

/// What putting a delivery did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It was written now.
    Written,
    /// The same delivery stands there already.
    AlreadyThere,
}

/// The raw log of all tenants.
#[derive(Debug, Clone)]
pub struct RawLog {
    client: Client,
    bucket: String,
}

/// A page of object keys.
#[derive(Debug, Clone, Default)]
pub struct KeyPage {
    /// The keys, ascending.
    pub keys: Vec<String>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

impl RawLog {
    /// The log in a bucket.
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        Self {
            client: crate::sdk::s3(config),
            bucket: bucket.to_owned(),
        }
    }

    /// The key of a delivery: the day is that of its version, so that a repeated delivery has the same key.
    pub fn key(prefix: &str, tenant: &TenantId, delivery: &RawDelivery) -> String {
        let day = delivery.version_at.to_zoned(TimeZone::UTC).date();
        let (y, m, d) = (day.year(), day.month(), day.day());
        format!(
            "{prefix}{tenant}/{}/{y:04}/{m:02}/{d:02}/{}.json.gz",
            delivery.source, delivery.delivery_id
        )
    }

    /// Logs a delivery that is announced to `ingest`. Writing it twice changes nothing.
    ///
    /// # Errors
    /// [`AwsError`] when S3 does not take it: the sender must not get a 2xx.
    pub async fn put(&self, tenant: &TenantId, delivery: &RawDelivery) -> Result<Put, AwsError> {
        self.write(&Self::key(RAW_PREFIX, tenant, delivery), delivery)
            .await
    }

    /// Logs a batch of the API and gives its key.
    ///
    /// # Errors
    /// [`AwsError`] when S3 does not take it.
    pub async fn put_api(&self, tenant: &TenantId, delivery: &RawDelivery) -> Result<String, AwsError> {
        let key = Self::key(API_PREFIX, tenant, delivery);
        self.write(&key, delivery).await?;
        Ok(key)
    }

    async fn write(&self, key: &str, delivery: &RawDelivery) -> Result<Put, AwsError> {
        let corrupt = |e: Box<dyn std::error::Error + Send + Sync>| AwsError::Corrupt {
            what: "the delivery",
            key: key.to_owned(),
            source: Some(e),
        };
        let text = serde_json::to_vec(delivery).map_err(|e| corrupt(e.into()))?;
        let mut gzip = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
        gzip.write_all(&text).map_err(|e| corrupt(e.into()))?;
        let body = gzip.finish().map_err(|e| corrupt(e.into()))?;
        let answer = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .content_type("application/json")
            .content_encoding("gzip")
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("log a delivery", e));
        match answer {
            Ok(_) => Ok(Put::Written),
            Err(AwsError::Conflict { .. }) => Ok(Put::AlreadyThere),
            Err(error) => Err(error),
        }
    }

    /// Reads a delivery back, with the tenant that its key names.
    ///
    /// # Errors
    /// [`AwsError`] when the object cannot be read, or is none of ours.
    pub async fn get(&self, key: &str) -> Result<(TenantId, RawDelivery), AwsError> {
        let tenant = tenant_of(key)?;
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("read a delivery", e))?;
        let body = answer
            .body
            .collect()
            .await
            .map_err(|e| AwsError::Unavailable {
                operation: "read a delivery",
                source: e.into(),
            })?
            .into_bytes();
        let corrupt = |e: Box<dyn std::error::Error + Send + Sync>| AwsError::Corrupt {
            what: "the delivery",
            key: key.to_owned(),
            source: Some(e),
        };
        let mut text = String::new();
        if body.starts_with(&[0x1f, 0x8b]) {
            GzDecoder::new(&*body)
                .take(MAX_UNZIPPED)
                .read_to_string(&mut text)
                .map_err(|e| corrupt(e.into()))?;
        } else {
            // Some clients and proxies unzip what says `content-encoding: gzip`.
            text = String::from_utf8(body.to_vec()).map_err(|e| corrupt(e.into()))?;
        }
        let delivery = serde_json::from_str(&text).map_err(|e| corrupt(e.into()))?;
        Ok((tenant, delivery))
    }

    /// The keys of a tenant's log under a prefix, a page at a time, for the replay.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn list(
        &self,
        prefix: &str,
        tenant: &TenantId,
        start: Option<String>,
    ) -> Result<KeyPage, AwsError> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(format!("{prefix}{tenant}/"))
            .set_continuation_token(start)
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("list deliveries", e))?;
        let keys = answer
            .contents()
            .iter()
            .filter_map(|o| o.key().map(str::to_owned))
            .collect();
        Ok(KeyPage {
            keys,
            next: answer.next_continuation_token,
        })
    }
}

/// The tenant that an object's key names: `{prefix}/{tenant}/…`, written by a function that had proven it.
///
/// # Errors
/// [`AwsError::Corrupt`] when the key has another form.
pub fn tenant_of(key: &str) -> Result<TenantId, AwsError> {
    let corrupt = |e: Option<IdError>| AwsError::Corrupt {
        what: "the tenant",
        key: key.to_owned(),
        source: e.map(Into::into),
    };
    let slug = key.split('/').nth(1).ok_or_else(|| corrupt(None))?;
    TenantId::proven(slug, TenantProof::OwnRecord).map_err(|e| corrupt(Some(e)))
}
