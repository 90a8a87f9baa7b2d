//! The issuer's public keys: cached by key id, fetched again when an unknown key id turns up, but never more often
//! than once in [`FLOOR_S`] seconds, so that tokens with made-up key ids cannot make us hammer the issuer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::{Mutex, RwLock};

/// Seconds between two fetches at the least.
const FLOOR_S: i64 = 60;
/// Seconds after which the keys are fetched again, so that a withdrawn key goes away.
const MAX_AGE_S: i64 = 6 * 3_600;
/// Bytes of a key set at the most.
const MAX_BYTES: usize = 256 * 1024;

/// Why no key could be had.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The issuer has no such key.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The key set could not be fetched.
    #[error("the issuer's key set could not be fetched")]
    Fetch(#[source] reqwest::Error),
    /// What was fetched is not a key set.
    #[error("the issuer's key set does not read")]
    Malformed(#[source] serde_json::Error),
    /// What was fetched is too large.
    #[error("the issuer's key set is larger than {MAX_BYTES} bytes")]
    TooLarge,
}

#[derive(Debug, Clone)]
enum Source {
    Remote(reqwest::Client, String),
    Given(Arc<std::sync::Mutex<String>>),
}

#[derive(Default)]
struct Cache {
    keys: HashMap<String, DecodingKey>,
    /// When the source was last asked, whether it answered or not.
    asked_at: Option<Timestamp>,
    fetched_at: Option<Timestamp>,
}

/// The key set of an issuer.
#[derive(Clone)]
pub struct Jwks {
    source: Source,
    cache: Arc<RwLock<Cache>>,
    /// One fetch at a time; the others wait for it and look again.
    fetching: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Jwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwks")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Jwks {
    /// The key set at an address.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn remote(url: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(1))
            .timeout(Duration::from_secs(3))
            // An idle connection of a frozen environment is a dead one.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self::of(Source::Remote(client, url.to_owned())))
    }

    /// A key set given as JSON. The handle changes what the "issuer" serves: a rotation.
    pub fn given(json: &str) -> (Self, Arc<std::sync::Mutex<String>>) {
        let handle = Arc::new(std::sync::Mutex::new(json.to_owned()));
        (Self::of(Source::Given(handle.clone())), handle)
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            cache: Arc::default(),
            fetching: Arc::default(),
        }
    }

    /// The key of an id.
    ///
    /// # Errors
    /// [`JwksError`] when the issuer does not have it, or could not be asked and no key of it is known.
    pub async fn key(&self, kid: &str, now: Timestamp) -> Result<DecodingKey, JwksError> {
        if let Some(key) = self.cached(kid, now).await {
            return Ok(key);
        }
        let _one = self.fetching.lock().await;
        if let Some(key) = self.cached(kid, now).await {
            return Ok(key);
        }
        let asked_at = self.cache.read().await.asked_at;
        let may_ask = asked_at.is_none_or(|at| now.as_second() - at.as_second() >= FLOOR_S);
        if may_ask {
            self.cache.write().await.asked_at = Some(now);
            match self.fetch().await {
                Ok(keys) => {
                    let mut cache = self.cache.write().await;
                    cache.keys = keys;
                    cache.fetched_at = Some(now);
                }
                // An issuer that is down does not sign people out: known keys go on until it answers.
                Err(error) if self.cache.read().await.keys.contains_key(kid) => {
                    tracing::warn!(error = %copilot_runtime::telemetry::chain(&error), "key set not refreshed");
                }
                Err(error) => return Err(error),
            }
        }
        self.cache
            .read()
            .await
            .keys
            .get(kid)
            .cloned()
            .ok_or(JwksError::UnknownKey)
    }

    async fn cached(&self, kid: &str, now: Timestamp) -> Option<DecodingKey> {
        let cache = self.cache.read().await;
        let fresh = cache
            .fetched_at
            .is_some_and(|at| now.as_second() - at.as_second() < MAX_AGE_S);
        if fresh { cache.keys.get(kid).cloned() } else { None }
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, JwksError> {
        let bytes = match &self.source {
            Source::Remote(client, url) => {
                let answer = client
                    .get(url)
                    .send()
                    .await
                    .and_then(reqwest::Response::error_for_status);
                answer
                    .map_err(JwksError::Fetch)?
                    .bytes()
                    .await
                    .map_err(JwksError::Fetch)?
                    .to_vec()
            }
            Source::Given(json) => json
                .lock()
                .map(|text| text.clone().into_bytes())
                .unwrap_or_default(),
        };
        if bytes.len() > MAX_BYTES {
            return Err(JwksError::TooLarge);
        }
        let set: JwkSet = serde_json::from_slice(&bytes).map_err(JwksError::Malformed)?;
        let mut keys = HashMap::new();
        for jwk in &set.keys {
            let fits = jwk
                .common
                .key_algorithm
                .is_none_or(|a| a.to_string() == format!("{:?}", Algorithm::RS256));
            if let (true, Some(kid), Ok(key)) = (fits, &jwk.common.key_id, DecodingKey::from_jwk(jwk)) {
                keys.insert(kid.clone(), key);
            }
        }
        Ok(keys)
    }
}
