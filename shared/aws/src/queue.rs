//! The queues: hand-offs to `ingest` and requests to `score`.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use copilot_domain::delivery::ScoreRequest;
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::Timestamp;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys;
use crate::table::{Condition, Table};

/// What `ingest` is asked to do besides reading what S3 announces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "copilot", rename_all = "snake_case")]
pub enum IngestMessage {
    /// Read a raw object (again).
    Raw {
        /// Its key.
        key: String,
    },
    /// Start an import, or go on with it.
    Import {
        /// The tenant's slug.
        tenant: String,
        /// The import.
        import: String,
    },
}

/// The queue that `ingest` reads.
#[derive(Debug, Clone)]
pub struct IngestQueue {
    client: Client,
    url: String,
}

impl IngestQueue {
    /// The queue by its URL.
    pub fn new(config: &SdkConfig, url: &str) -> Self {
        Self {
            client: Client::new(config),
            url: url.to_owned(),
        }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`AwsError`] when SQS does not take it.
    pub async fn send(&self, message: &IngestMessage) -> Result<(), AwsError> {
        let body = serde_json::to_string(message).unwrap_or_default();
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("hand over to ingest", e))?;
        Ok(())
    }
}

/// The queue that `score` reads, with one pending message per account.
///
/// A marker item tells that a message is on its way. It is written as `sending` before the message and as `sent`
/// after it; `score` deletes it before it reads the account. So a request may be left out only while a message is
/// surely in the queue and not yet being worked on; a crash between the writes leaves `sending`, which nobody
/// trusts. Too many messages are harmless, a missing one is not.
#[derive(Debug, Clone)]
pub struct ScoreQueue {
    client: Client,
    url: String,
    table: Table,
}

const SENDING: &str = "sending";
const SENT: &str = "sent";

impl ScoreQueue {
    /// The queue by its URL.
    pub fn new(config: &SdkConfig, url: &str, table: Table) -> Self {
        Self {
            client: Client::new(config),
            url: url.to_owned(),
            table,
        }
    }

    /// Asks for accounts to be scored; those with a message on its way are left out.
    /// Gives the number of messages sent.
    ///
    /// # Errors
    /// [`AwsError`] when SQS or the table fails; asking again is safe.
    pub async fn request(
        &self,
        tenant: &TenantId,
        accounts: &[AccountId],
        reason: &str,
        now: Timestamp,
    ) -> Result<usize, AwsError> {
        let marker_keys: Vec<_> = accounts.iter().map(|a| keys::pending(tenant, *a)).collect();
        let markers = self.table.get_many(&marker_keys, true).await?;
        let mut wanted: Vec<AccountId> = accounts
            .iter()
            .copied()
            .filter(|a| {
                markers
                    .get(&keys::pending(tenant, *a))
                    .is_none_or(|m| m.str("state") != SENT)
            })
            .collect();
        wanted.sort();
        wanted.dedup();
        self.mark(tenant, &wanted, SENDING, now).await?;
        self.send(tenant, &wanted, reason, now).await?;
        self.confirm(tenant, &wanted).await?;
        Ok(wanted.len())
    }

    /// Sends without looking at or leaving markers: the nightly sweep asks for every account once.
    ///
    /// # Errors
    /// [`AwsError`] when SQS fails.
    pub async fn send(
        &self,
        tenant: &TenantId,
        accounts: &[AccountId],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let of = |account: &AccountId| ScoreRequest {
            tenant: tenant.as_str().to_owned(),
            account: *account,
            reason: reason.to_owned(),
            requested_at: now,
            backfill: None,
        };
        self.send_all(&accounts.iter().map(of).collect::<Vec<_>>()).await
    }

    /// Sends requests as they are, without markers.
    ///
    /// # Errors
    /// [`AwsError`] when SQS fails.
    pub async fn send_all(&self, requests: &[ScoreRequest]) -> Result<(), AwsError> {
        let bodies: Vec<String> = requests
            .iter()
            .map(|request| serde_json::to_string(request).unwrap_or_default())
            .collect();
        stream::iter(bodies.chunks(10).map(<[String]>::to_vec).collect::<Vec<_>>())
            .map(|chunk| self.send_chunk(chunk))
            .buffer_unordered(4)
            .try_collect()
            .await
    }

    async fn send_chunk(&self, bodies: Vec<String>) -> Result<(), AwsError> {
        let operation = "ask for scores";
        let mut entries = Vec::with_capacity(bodies.len());
        for (at, body) in bodies.into_iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .message_body(body)
                .build()
                .map_err(|e| AwsError::Refused {
                    operation,
                    source: e.into(),
                })?;
            entries.push(entry);
        }
        let answer = self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|e| AwsError::from_sdk(operation, e))?;
        // A batch answers 200 with failures inside.
        match answer.failed().first() {
            None => Ok(()),
            Some(failed) => {
                let text = format!("{}: {}", failed.code(), failed.message().unwrap_or_default());
                Err(AwsError::Unavailable {
                    operation,
                    source: text.into(),
                })
            }
        }
    }

    async fn mark(
        &self,
        t: &TenantId,
        accounts: &[AccountId],
        state: &str,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let items = accounts
            .iter()
            .map(|a| {
                Item::new(&keys::pending(t, *a), "pending")
                    .text("state", state)
                    .text("asked_at", &now.to_string())
            })
            .collect();
        self.table.write_many(items, &[]).await
    }

    /// Turns `sending` into `sent` where `score` has not taken the marker away meanwhile.
    async fn confirm(&self, t: &TenantId, accounts: &[AccountId]) -> Result<(), AwsError> {
        stream::iter(accounts.to_vec())
            .map(|a| async move {
                let item = Item::new(&keys::pending(t, a), "pending").text("state", SENT);
                let condition = Condition::Expression("attribute_exists(pk)".to_owned(), Vec::new());
                match self.table.put(item, condition).await {
                    Err(error) if !error.is_conflict() => Err(error),
                    _ => Ok(()),
                }
            })
            .buffer_unordered(8)
            .try_collect()
            .await
    }

    /// Takes the marker away: from here on a new request sends a new message.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn begin(table: &Table, tenant: &TenantId, account: AccountId) -> Result<(), AwsError> {
        table
            .delete(&keys::pending(tenant, account), Condition::None)
            .await
    }
}
