//! What integration tests need: a table of the stack's shape in an AWS account of their own on MiniStack.
//!
//! `COPILOT_TEST_ENDPOINT` names the server; without it the tests that need one are skipped by name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Credentials, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_smithy_types::error::operation::BuildError;
use aws_smithy_types::retry::RetryConfig;
use sha2::{Digest, Sha256};

use crate::item::Item;
use crate::table::Table;

/// The SDK configuration of a test: an account of its own, derived from the test's name. `None` (said on standard
/// error) when no server is there.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told of their server by the environment"
)]
pub async fn config(test: &str) -> Option<SdkConfig> {
    let Ok(endpoint) = std::env::var("COPILOT_TEST_ENDPOINT") else {
        eprintln!("skipped: {test} (COPILOT_TEST_ENDPOINT is not set; `make test-rust` starts a server)");
        return None;
    };
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(access_key(test), "test", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(Duration::from_secs(20))
                .build(),
        )
        .load()
        .await;
    Some(config)
}

/// The access key of a test, which is its AWS account on MiniStack.
pub fn access_key(test: &str) -> String {
    let digest = Sha256::digest(test.as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |n, b| (n << 8) | u64::from(*b));
    format!("{:012}", 100_000_000_000 + number % 899_999_999_999)
}

/// Creates a table of the stack's shape.
///
/// # Errors
/// When the server refuses.
pub async fn create_table(
    config: &SdkConfig,
    name: &str,
) -> Result<Table, Box<dyn std::error::Error + Send + Sync>> {
    let table = Table::new(config, name);
    let mut request = table
        .client()
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest);
    for attribute in ["pk", "sk"] {
        request = request.attribute_definitions(definition(attribute)?);
    }
    for element in key_schema("pk", "sk")? {
        request = request.key_schema(element);
    }
    for number in 1..=6 {
        let (pk, sk) = (format!("g{number}pk"), format!("g{number}sk"));
        request = request
            .attribute_definitions(definition(&pk)?)
            .attribute_definitions(definition(&sk)?);
        let index = GlobalSecondaryIndex::builder()
            .index_name(format!("gsi{number}"))
            .set_key_schema(Some(key_schema(&pk, &sk)?))
            .projection(Projection::builder().projection_type(ProjectionType::All).build())
            .build()?;
        request = request.global_secondary_indexes(index);
    }
    request.send().await?;
    Ok(table)
}

fn definition(name: &str) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
}

fn key_schema(pk: &str, sk: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    Ok(vec![
        KeySchemaElement::builder()
            .attribute_name(pk)
            .key_type(KeyType::Hash)
            .build()?,
        KeySchemaElement::builder()
            .attribute_name(sk)
            .key_type(KeyType::Range)
            .build()?,
    ])
}

/// A table whose calls fail on their way while `is_cut` and their body holds one of the texts: as if the service
/// were too busy for just these.
pub fn cut(table: &Table, texts: &'static [&'static str], is_cut: Arc<AtomicBool>) -> Table {
    table.with_interceptor(Cut { texts, is_cut })
}

#[derive(Debug)]
struct Cut {
    texts: &'static [&'static str],
    is_cut: Arc<AtomicBool>,
}

impl Intercept for Cut {
    fn name(&self) -> &'static str {
        "Cut"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let body = context.request().body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(body);
        if self.is_cut.load(Ordering::Relaxed) && self.texts.iter().any(|text| body.contains(text)) {
            return Err("injected: the connection was cut".into());
        }
        Ok(())
    }
}

/// Creates a bucket; its name is derived from the test's, since all accounts of a server share one name space.
///
/// # Errors
/// When the server refuses.
pub async fn create_bucket(
    config: &SdkConfig,
    test: &str,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let digest = Sha256::digest(test.as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |n, b| (n << 8) | u64::from(*b));
    let bucket = format!("copilot-test-{number}-{}", std::process::id());
    crate::sdk::s3(config)
        .create_bucket()
        .bucket(&bucket)
        .send()
        .await?;
    Ok(bucket)
}

/// Creates a queue and gives its URL.
///
/// # Errors
/// When the server refuses.
pub async fn create_queue(
    config: &SdkConfig,
    name: &str,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let made = aws_sdk_sqs::Client::new(config)
        .create_queue()
        .queue_name(name)
        .send()
        .await?;
    Ok(made.queue_url().unwrap_or_default().to_owned())
}

/// The messages that wait in a queue, at most ten.
///
/// # Errors
/// When the server refuses.
pub async fn waiting(
    config: &SdkConfig,
    url: &str,
) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    let got = aws_sdk_sqs::Client::new(config)
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .visibility_timeout(0)
        .send()
        .await?;
    let bodies = got.messages().iter().filter_map(|m| m.body());
    Ok(bodies.map(str::to_owned).collect())
}

/// The messages that a queue holds, those that are held back (for which there are no bodies) counted.
///
/// # Errors
/// When the server refuses.
pub async fn queued(
    config: &SdkConfig,
    url: &str,
) -> Result<(Vec<String>, usize), Box<dyn std::error::Error + Send + Sync>> {
    use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesDelayed as Delayed;
    let client = aws_sdk_sqs::Client::new(config);
    let attributes = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(Delayed)
        .send()
        .await?;
    let delayed = attributes
        .attributes
        .and_then(|all| all.get(&Delayed)?.parse().ok());
    let mut bodies = Vec::new();
    loop {
        let answer = client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .send()
            .await?;
        let messages = answer.messages.unwrap_or_default();
        if messages.is_empty() {
            return Ok((bodies, delayed.unwrap_or_default()));
        }
        bodies.extend(messages.into_iter().filter_map(|message| message.body));
    }
}

/// An item without the counter of its writes: attribute to value, a document as JSON.
pub type Contents = BTreeMap<(String, String), BTreeMap<String, serde_json::Value>>;

/// Everything in a table, to compare two of them.
///
/// # Errors
/// When the server refuses.
pub async fn contents(table: &Table) -> Result<Contents, Box<dyn std::error::Error + Send + Sync>> {
    let mut found = Contents::new();
    let mut start = None;
    loop {
        let page = table
            .client()
            .scan()
            .table_name(table.name())
            .set_exclusive_start_key(start)
            .send()
            .await?;
        for item in page.items.unwrap_or_default() {
            let key = Item(item.clone()).key();
            let attributes = item
                .into_iter()
                .filter(|(name, _)| name != "rev")
                .map(|(name, value)| {
                    let text = value.as_s().cloned().unwrap_or_else(|_| format!("{value:?}"));
                    let json = serde_json::from_str(&text).unwrap_or_else(|_| text.into());
                    (name, json)
                })
                .collect();
            found.insert((key.pk, key.sk), attributes);
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(found);
        }
    }
}
