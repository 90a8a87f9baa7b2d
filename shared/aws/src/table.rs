//! The table: a thin layer over the DynamoDB client that knows keys, conditions, pages and batches.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, DeleteRequest, KeysAndAttributes, Put, PutRequest, TransactWriteItem, Update,
    WriteRequest,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::Key;
pub use crate::request::{Condition, Page, Query, Start, Write};

/// The table of the stack.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: Arc<str>,
}

const BATCH_GET: usize = 100;
const BATCH_WRITE: usize = 25;
/// Calls under way at once for one unit of work.
const PARALLEL: usize = 8;
/// Tries of a batch whose items the service leaves unprocessed under load.
const BATCH_TRIES: u32 = 8;

impl Table {
    /// The table by name.
    pub fn new(config: &SdkConfig, name: &str) -> Self {
        Self {
            client: Client::new(config),
            name: name.into(),
        }
    }

    /// The same table through a client with an interceptor: tests break calls there, so that the code that is
    /// tested is the code that runs.
    #[must_use]
    pub fn with_interceptor(&self, interceptor: impl aws_sdk_dynamodb::config::Intercept + 'static) -> Self {
        let config = self.client.config().to_builder().interceptor(interceptor).build();
        Self {
            client: Client::from_conf(config),
            name: self.name.clone(),
        }
    }

    /// The SDK's client, for what this layer has no word for.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One item; consistent.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(key_attributes(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("get an item", e))?;
        Ok(answer.item.map(Item))
    }

    /// Many items by key, in any order; those that do not exist are missing. Eventually consistent: a conditional
    /// write finds out when what was read is old.
    ///
    /// # Errors
    /// [`AwsError`] when a call fails or items stay unprocessed.
    pub async fn get_many(&self, keys: &[Key], consistent: bool) -> Result<HashMap<Key, Item>, AwsError> {
        let mut unique: Vec<&Key> = keys.iter().collect();
        unique.sort();
        unique.dedup();
        let chunks: Vec<Vec<HashMap<String, AttributeValue>>> = unique
            .chunks(BATCH_GET)
            .map(|c| c.iter().map(|k| key_attributes(k)).collect())
            .collect();
        let found: Vec<Vec<Item>> = stream::iter(chunks)
            .map(|chunk| self.get_chunk(chunk, consistent))
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        Ok(found
            .into_iter()
            .flatten()
            .map(|item| (item.key(), item))
            .collect())
    }

    async fn get_chunk(
        &self,
        mut keys: Vec<HashMap<String, AttributeValue>>,
        consistent: bool,
    ) -> Result<Vec<Item>, AwsError> {
        let mut items = Vec::new();
        for attempt in 0..BATCH_TRIES {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(std::mem::take(&mut keys)))
                .consistent_read(consistent)
                .build()
                .map_err(|e| AwsError::Refused {
                    operation: "get items",
                    source: e.into(),
                })?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&*self.name, request)
                .send()
                .await
                .map_err(|e| AwsError::from_sdk("get items", e))?;
            let mut responses = answer.responses.unwrap_or_default();
            items.extend(
                responses
                    .remove(&*self.name)
                    .unwrap_or_default()
                    .into_iter()
                    .map(Item),
            );
            keys = answer
                .unprocessed_keys
                .and_then(|mut left| left.remove(&*self.name))
                .map(|left| left.keys)
                .unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
            back_off(attempt).await;
        }
        Err(unprocessed("get items"))
    }

    /// Puts an item when the condition holds.
    ///
    /// # Errors
    /// [`AwsError::Conflict`] when it does not; [`AwsError`] when the call fails.
    pub async fn put(&self, item: Item, condition: Condition) -> Result<(), AwsError> {
        let (expression, values) = condition.parts();
        self.client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(item.0))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("put an item", e))?;
        Ok(())
    }

    /// Deletes an item when the condition holds; deleting what is not there is fine.
    ///
    /// # Errors
    /// [`AwsError::Conflict`] when it does not; [`AwsError`] when the call fails.
    pub async fn delete(&self, key: &Key, condition: Condition) -> Result<(), AwsError> {
        let (expression, values) = condition.parts();
        self.client
            .delete_item()
            .table_name(&*self.name)
            .set_key(Some(key_attributes(key)))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("delete an item", e))?;
        Ok(())
    }

    /// Puts and deletes without conditions, in batches.
    ///
    /// # Errors
    /// [`AwsError`] when a call fails or items stay unprocessed.
    pub async fn write_many(&self, puts: Vec<Item>, deletes: &[Key]) -> Result<(), AwsError> {
        let mut requests = Vec::with_capacity(puts.len() + deletes.len());
        let refused = |e: aws_smithy_types::error::operation::BuildError| AwsError::Refused {
            operation: "write items",
            source: e.into(),
        };
        for item in puts {
            let put = PutRequest::builder()
                .set_item(Some(item.0))
                .build()
                .map_err(refused)?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        for key in deletes {
            let delete = DeleteRequest::builder()
                .set_key(Some(key_attributes(key)))
                .build()
                .map_err(refused)?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        let chunks: Vec<Vec<WriteRequest>> = requests.chunks(BATCH_WRITE).map(<[_]>::to_vec).collect();
        stream::iter(chunks)
            .map(|chunk| self.write_chunk(chunk))
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await
    }

    async fn write_chunk(&self, mut chunk: Vec<WriteRequest>) -> Result<(), AwsError> {
        for attempt in 0..BATCH_TRIES {
            let answer = self
                .client
                .batch_write_item()
                .request_items(&*self.name, std::mem::take(&mut chunk))
                .send()
                .await
                .map_err(|e| AwsError::from_sdk("write items", e))?;
            chunk = answer
                .unprocessed_items
                .and_then(|mut left| left.remove(&*self.name))
                .unwrap_or_default();
            if chunk.is_empty() {
                return Ok(());
            }
            back_off(attempt).await;
        }
        Err(unprocessed("write items"))
    }

    /// Writes all or nothing; at most 100 writes.
    ///
    /// # Errors
    /// [`AwsError::Conflict`] when a condition does not hold; [`AwsError`] when the call fails.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<(), AwsError> {
        let mut items = Vec::with_capacity(writes.len());
        let refused = |e: aws_smithy_types::error::operation::BuildError| AwsError::Refused {
            operation: "write a transaction",
            source: e.into(),
        };
        for write in writes {
            let one = match write {
                Write::Put(item, condition) => {
                    let (expression, values) = condition.parts();
                    let put = Put::builder()
                        .table_name(&*self.name)
                        .set_item(Some(item.0))
                        .set_condition_expression(expression)
                        .set_expression_attribute_values(values)
                        .build()
                        .map_err(refused)?;
                    TransactWriteItem::builder().put(put).build()
                }
                Write::Delete(key) => {
                    let delete = Delete::builder()
                        .table_name(&*self.name)
                        .set_key(Some(key_attributes(&key)))
                        .build()
                        .map_err(refused)?;
                    TransactWriteItem::builder().delete(delete).build()
                }
                Write::Count { key, ttl } => {
                    let number = |n: i64| AttributeValue::N(n.to_string());
                    let update = Update::builder()
                        .table_name(&*self.name)
                        .set_key(Some(key_attributes(&key)))
                        .update_expression("SET #ttl = :ttl, et = :et ADD n :one")
                        .expression_attribute_names("#ttl", "ttl")
                        .expression_attribute_values(":ttl", number(ttl))
                        .expression_attribute_values(":et", AttributeValue::S("count".to_owned()))
                        .expression_attribute_values(":one", number(1))
                        .build()
                        .map_err(refused)?;
                    TransactWriteItem::builder().update(update).build()
                }
            };
            items.push(one);
        }
        self.client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await
            .map_err(transaction_error)?;
        Ok(())
    }

    /// One page of a query.
    ///
    /// # Errors
    /// [`AwsError`] when the call fails.
    pub async fn page(&self, query: &Query) -> Result<Page, AwsError> {
        let (pk_name, sk_name) = query.index.map_or(("pk".to_owned(), "sk".to_owned()), |index| {
            let number = index.trim_start_matches("gsi");
            (format!("g{number}pk"), format!("g{number}sk"))
        });
        let mut names = HashMap::from([("#pk".to_owned(), pk_name)]);
        let mut values = HashMap::from([(":pk".to_owned(), AttributeValue::S(query.pk.clone()))]);
        let mut condition = "#pk = :pk".to_owned();
        let bound = |name: &str, value: &str, values: &mut HashMap<String, AttributeValue>| {
            values.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
        };
        match (&query.prefix, &query.from, &query.to) {
            (Some(prefix), _, _) => {
                condition.push_str(" AND begins_with(#sk, :prefix)");
                bound(":prefix", prefix, &mut values);
            }
            (None, Some(from), Some(to)) => {
                condition.push_str(" AND #sk BETWEEN :from AND :to");
                bound(":from", from, &mut values);
                bound(":to", to, &mut values);
            }
            (None, Some(from), None) => {
                condition.push_str(" AND #sk >= :from");
                bound(":from", from, &mut values);
            }
            (None, None, Some(to)) => {
                condition.push_str(" AND #sk <= :to");
                bound(":to", to, &mut values);
            }
            (None, None, None) => {}
        }
        if condition.contains("#sk") {
            names.insert("#sk".to_owned(), sk_name);
        }
        let projection = (!query.attributes.is_empty()).then(|| {
            let aliased: Vec<String> = query
                .attributes
                .iter()
                .enumerate()
                .map(|(at, name)| {
                    names.insert(format!("#a{at}"), (*name).to_owned());
                    format!("#a{at}")
                })
                .collect();
            aliased.join(", ")
        });
        let filter = query.filter.as_ref().map(|(text, filter_values)| {
            values.extend(filter_values.iter().cloned());
            text.clone()
        });
        let answer = self
            .client
            .query()
            .table_name(&*self.name)
            .set_index_name(query.index.map(str::to_owned))
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_projection_expression(projection)
            .set_filter_expression(filter)
            .scan_index_forward(!query.descending)
            .set_limit(query.limit)
            .set_exclusive_start_key(query.start.clone())
            .consistent_read(query.consistent && query.index.is_none())
            .send()
            .await
            .map_err(|e| AwsError::from_sdk("query items", e))?;
        Ok(Page {
            items: answer.items.unwrap_or_default().into_iter().map(Item).collect(),
            next: answer.last_evaluated_key,
        })
    }

    /// Every item of a query, over all of its pages.
    ///
    /// # Errors
    /// [`AwsError`] when a call fails.
    pub async fn all(&self, mut query: Query) -> Result<Vec<Item>, AwsError> {
        let mut items = Vec::new();
        loop {
            let page = self.page(&query).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => query.start = Some(next),
                None => return Ok(items),
            }
        }
    }
}

/// The attributes of a key.
pub(crate) fn key_attributes(key: &Key) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// A cancelled transaction is a conflict when a condition failed or another transaction was at the same items,
/// and worth another try when it was throttled.
fn transaction_error(error: SdkError<TransactWriteItemsError>) -> AwsError {
    let operation = "write a transaction";
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        let codes: Vec<&str> = cancelled
            .cancellation_reasons()
            .iter()
            .filter_map(|r| r.code())
            .collect();
        if codes
            .iter()
            .any(|c| *c == "ConditionalCheckFailed" || *c == "TransactionConflict")
        {
            return AwsError::Conflict { operation };
        }
        if codes
            .iter()
            .any(|c| c.contains("Throttling") || c.contains("ThroughputExceeded"))
        {
            return AwsError::Unavailable {
                operation,
                source: error.into(),
            };
        }
    }
    AwsError::from_sdk(operation, error)
}

fn unprocessed(operation: &'static str) -> AwsError {
    AwsError::Unavailable {
        operation,
        source: "items stayed unprocessed".into(),
    }
}

/// Waits before the next try of a batch: 25 ms doubled, at most 1.6 s.
async fn back_off(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(25 << attempt.min(6))).await;
}
