//! The queues: hand-offs to `ingest` and requests to `score`.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
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
/// trusts. The marker carries the request it stands for, and only that request may turn it into `sent`: a late
/// confirmation of an earlier message says nothing of a later one. Too many messages are harmless, a missing one is
/// not.
#[derive(Debug, Clone)]
pub struct ScoreQueue {
    client: Client,
    url: String,
    table: Table,
}

const SENDING: &str = "sending";
const SENT: &str = "sent";

fn marker(tenant: &TenantId, account: AccountId, state: &str, request: &str) -> Item {
    Item::new(&keys::pending(tenant, account), "pending")
        .text("state", state)
        .text("request_id", request)
}

/// Tells one request from every other. Two hashers with the random keys of the process are enough: an id means
/// something only while its message is being sent.
fn request_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

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
        let request = request_id();
        self.mark(tenant, &wanted, &request, now).await?;
        self.send(tenant, &wanted, reason, now).await?;
        self.confirm(tenant, &wanted, &request).await?;
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
        request: &str,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let items = accounts
            .iter()
            .map(|a| marker(t, *a, SENDING, request).text("asked_at", &now.to_string()))
            .collect();
        self.table.write_many(items, &[]).await
    }

    /// Turns `sending` into `sent` where the marker is still that of this request: `score` has not taken it away
    /// meanwhile, and nobody has put a later one in its place.
    async fn confirm(&self, t: &TenantId, accounts: &[AccountId], request: &str) -> Result<(), AwsError> {
        stream::iter(accounts.to_vec())
            .map(|a| async move {
                let own = AttributeValue::S(request.to_owned());
                let condition =
                    Condition::Expression("request_id = :own".to_owned(), vec![(":own".to_owned(), own)]);
                match self.table.put(marker(t, a, SENT, request), condition).await {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use copilot_domain::ids::TenantProof;

    #[tokio::test]
    async fn a_late_confirmation_says_nothing_of_a_later_request() {
        let test = "a_late_confirmation_says_nothing_of_a_later_request";
        let Some(config) = testing::config(test).await else {
            return;
        };
        let table = testing::create_table(&config, "markers").await.unwrap();
        let queue = ScoreQueue::new(&config, "http://localhost/no-queue", table.clone());
        let tenant = TenantId::proven("acme", TenantProof::OwnRecord).unwrap();
        let account = AccountId::derived(&["a"]);
        let (first, second) = (request_id(), request_id());
        assert_ne!(first, second);
        let state = async || {
            let marker = table.get(&keys::pending(&tenant, account)).await.unwrap();
            marker.map(|m| m.str("state").to_owned())
        };
        let now = Timestamp::UNIX_EPOCH;
        queue.mark(&tenant, &[account], &first, now).await.unwrap();
        queue.mark(&tenant, &[account], &second, now).await.unwrap();
        queue.confirm(&tenant, &[account], &first).await.unwrap();
        assert_eq!(
            state().await.as_deref(),
            Some(SENDING),
            "the second may still fail"
        );
        queue.confirm(&tenant, &[account], &second).await.unwrap();
        assert_eq!(state().await.as_deref(), Some(SENT));
        ScoreQueue::begin(&table, &tenant, account).await.unwrap();
        queue.confirm(&tenant, &[account], &second).await.unwrap();
        assert_eq!(state().await, None, "score has it");
    }
}
