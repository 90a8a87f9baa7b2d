//! Secrets Manager: webhook secrets and channel addresses, kept for a few minutes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::error::AwsError;

/// How long a secret, or its absence, is remembered: a rotation is seen within this time.
const KEEP: Duration = Duration::from_mins(5);
/// An absent secret is asked for again sooner, so that a new source works at once.
const KEEP_ABSENT: Duration = Duration::from_secs(15);
/// Entries kept: random tenants in paths must not fill the memory.
const MAX_ENTRIES: usize = 1_000;

/// The secrets that a source may sign with: two while one is being replaced by the other.
#[derive(Debug, Clone, Deserialize)]
pub struct WebhookSecrets {
    /// The newest.
    pub current: SecretString,
    /// The one before, while it is still taken.
    #[serde(default)]
    pub previous: Option<SecretString>,
}

impl WebhookSecrets {
    /// All that a signature may match.
    pub fn all(&self) -> Vec<&str> {
        let mut all = vec![self.current.expose_secret()];
        all.extend(self.previous.as_ref().map(ExposeSecret::expose_secret));
        all
    }
}

type Cache = HashMap<String, (Instant, Option<Arc<SecretString>>)>;

/// The secrets of the stack, under one prefix.
#[derive(Clone)]
pub struct Secrets {
    client: Client,
    prefix: String,
    cache: Arc<Mutex<Cache>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// The secrets whose names start with `prefix` (`copilot/{stage}/`).
    pub fn new(config: &SdkConfig, prefix: &str) -> Self {
        Self {
            client: Client::new(config),
            prefix: prefix.to_owned(),
            cache: Arc::default(),
        }
    }

    /// The name of a source's webhook secret.
    pub fn webhook_name(&self, tenant: &str, source: &str) -> String {
        format!("{}{tenant}/webhook/{source}", self.prefix)
    }

    /// The secrets that a source of a tenant signs with; `None` when the source is not set up.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager fails or the secret does not read.
    pub async fn webhook(&self, tenant: &str, source: &str) -> Result<Option<WebhookSecrets>, AwsError> {
        let name = self.webhook_name(tenant, source);
        let Some(text) = self.read(&name).await? else {
            return Ok(None);
        };
        serde_json::from_str(text.expose_secret())
            .map(Some)
            .map_err(|_| AwsError::Corrupt {
                what: "the webhook secret (expected {\"current\": \"…\"})",
                key: name,
                source: None,
            })
    }

    /// The Slack incoming webhook of a tenant; `None` when Slack is not set up.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager fails or the secret does not read.
    pub async fn slack(&self, tenant: &str) -> Result<Option<SecretString>, AwsError> {
        #[derive(Deserialize)]
        struct Slack {
            url: SecretString,
        }
        let name = format!("{}{tenant}/slack", self.prefix);
        let Some(text) = self.read(&name).await? else {
            return Ok(None);
        };
        serde_json::from_str::<Slack>(text.expose_secret())
            .map(|s| Some(s.url))
            .map_err(|_| AwsError::Corrupt {
                what: "the Slack secret (expected {\"url\": \"…\"})",
                key: name,
                source: None,
            })
    }

    async fn read(&self, name: &str) -> Result<Option<Arc<SecretString>>, AwsError> {
        let mut cache = self.cache.lock().await;
        if let Some((read_at, value)) = cache.get(name) {
            let keep = if value.is_some() { KEEP } else { KEEP_ABSENT };
            if read_at.elapsed() < keep {
                return Ok(value.clone());
            }
        }
        let answer = self.client.get_secret_value().secret_id(name).send().await;
        let value = match answer {
            Ok(found) => found.secret_string.map(|text| Arc::new(SecretString::from(text))),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                None
            }
            Err(error) => return Err(AwsError::from_sdk("read a secret", error)),
        };
        if cache.len() >= MAX_ENTRIES {
            cache.clear();
        }
        cache.insert(name.to_owned(), (Instant::now(), value.clone()));
        Ok(value)
    }

    /// Writes a source's webhook secret; the one before stays valid beside it. For operators.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager fails.
    pub async fn put_webhook(&self, tenant: &str, source: &str, secret: &str) -> Result<(), AwsError> {
        let old = self.webhook(tenant, source).await?;
        let previous = old
            .as_ref()
            .map(|o| o.current.expose_secret())
            .filter(|o| *o != secret);
        let text = serde_json::json!({ "current": secret, "previous": previous }).to_string();
        self.write(&self.webhook_name(tenant, source), &text).await
    }

    /// Writes a secret under the prefix, creating it where needed. For operators.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager fails.
    pub async fn write(&self, name: &str, text: &str) -> Result<(), AwsError> {
        let created = self
            .client
            .create_secret()
            .name(name)
            .secret_string(text)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(CreateSecretError::is_resource_exists_exception) =>
            {
                self.client
                    .put_secret_value()
                    .secret_id(name)
                    .secret_string(text)
                    .send()
                    .await
                    .map(|_| ())
                    .map_err(|e| AwsError::from_sdk("write a secret", e))
            }
            Err(error) => Err(AwsError::from_sdk("create a secret", error)),
        }
    }
}
