//! Secrets Manager: webhook secrets and channel addresses, kept for a few minutes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use copilot_domain::time::Timestamp;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::error::AwsError;

/// How long a secret, or its absence, is remembered: a rotation is seen within this time.
const KEEP: Duration = Duration::from_mins(5);
/// An absent secret is asked for again sooner, so that a new source works at once.
const KEEP_ABSENT: Duration = Duration::from_secs(15);
/// How long the secret before the current one is still taken.
const PREVIOUS_FOR: SignedDuration = SignedDuration::from_hours(24);
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
    /// Until when the one before is taken; without it, it is not.
    #[serde(default)]
    pub previous_until: Option<Timestamp>,
}

impl WebhookSecrets {
    /// All that a signature may match now.
    pub fn all(&self, now: Timestamp) -> Vec<&str> {
        let mut all = vec![self.current.expose_secret()];
        if self.previous_until.is_some_and(|until| now < until) {
            all.extend(self.previous.as_ref().map(ExposeSecret::expose_secret));
        }
        all
    }

    /// What is stored when `secret` takes the place of these. Writing the same one again keeps the one before.
    fn rotated(old: Option<&Self>, secret: &str, now: Timestamp) -> serde_json::Value {
        let (previous, until) = match old {
            None => (None, None),
            Some(old) if old.current.expose_secret() == secret => (
                old.previous.as_ref().map(ExposeSecret::expose_secret),
                old.previous_until,
            ),
            Some(old) => (
                Some(old.current.expose_secret()),
                Some(now.saturating_add(PREVIOUS_FOR).unwrap_or(now)),
            ),
        };
        serde_json::json!({ "current": secret, "previous": previous, "previous_until": until })
    }
}

/// What a tenant's outgoing webhooks sign with: each webhook's secret is derived from it, so that one entry in
/// Secrets Manager serves all of them and none is ever written over. `Debug` does not show it.
#[derive(Debug)]
pub struct SigningKey(SecretBox<[u8; 32]>);

impl SigningKey {
    /// The key itself.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

#[derive(Deserialize)]
struct StoredKey {
    key: SecretString,
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

    /// The key that the secrets of a tenant's outgoing webhooks are derived from; `None` before there was one.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager fails or the secret does not read.
    pub async fn signing_key(&self, tenant: &str) -> Result<Option<SigningKey>, AwsError> {
        let name = self.signing_name(tenant);
        let Some(text) = self.read(&name).await? else {
            return Ok(None);
        };
        let key = serde_json::from_str::<StoredKey>(text.expose_secret())
            .ok()
            .and_then(|stored| STANDARD.decode(stored.key.expose_secret()).ok())
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        key.map(|bytes| Some(SigningKey(SecretBox::new(Box::new(bytes)))))
            .ok_or(AwsError::Corrupt {
                what: "the signing key (expected {\"key\": \"<32 bytes in base64>\"})",
                key: name,
                source: None,
            })
    }

    /// The same, made of `fresh` where there was none. Of two who make one at the same time, both get the first.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager fails or the secret does not read.
    pub async fn ensure_signing_key(&self, tenant: &str, fresh: &[u8; 32]) -> Result<SigningKey, AwsError> {
        if let Some(key) = self.signing_key(tenant).await? {
            return Ok(key);
        }
        let name = self.signing_name(tenant);
        let text = serde_json::json!({ "key": STANDARD.encode(fresh) }).to_string();
        let created = self
            .client
            .create_secret()
            .name(&name)
            .secret_string(text)
            .send()
            .await;
        match created {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(CreateSecretError::is_resource_exists_exception) =>
            {
                return Err(AwsError::from_sdk("create a signing key", error));
            }
            _ => {}
        }
        // That there is none is remembered; forget it.
        self.cache.lock().await.remove(&name);
        self.signing_key(tenant).await?.ok_or(AwsError::Unavailable {
            operation: "read a signing key",
            source: "it was made and is not there yet".into(),
        })
    }

    fn signing_name(&self, tenant: &str) -> String {
        format!("{}{tenant}/signing", self.prefix)
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

    /// Writes a source's webhook secret; the one before stays valid beside it for a day. For operators.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager fails.
    pub async fn put_webhook(
        &self,
        tenant: &str,
        source: &str,
        secret: &str,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let old = self.webhook(tenant, source).await?;
        let text = WebhookSecrets::rotated(old.as_ref(), secret, now).to_string();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_before_is_taken_for_a_day_and_no_longer() {
        let read = |value: serde_json::Value| serde_json::from_value::<WebhookSecrets>(value).unwrap();
        let at = |hours: i64| Timestamp::from_second(1_772_366_400 + hours * 3_600).unwrap();
        let first = read(WebhookSecrets::rotated(None, "one", at(0)));
        assert_eq!(first.all(at(0)), ["one"]);
        let second = read(WebhookSecrets::rotated(Some(&first), "two", at(0)));
        assert_eq!(second.all(at(23)), ["two", "one"]);
        assert_eq!(second.all(at(24)), ["two"]);
        let again = read(WebhookSecrets::rotated(Some(&second), "two", at(5)));
        assert_eq!(again.all(at(23)), ["two", "one"]);
        assert_eq!(again.all(at(24)), ["two"]);
        let endless = read(serde_json::json!({"current": "two", "previous": "one"}));
        assert_eq!(endless.all(at(0)), ["two"]);
    }
}
