//! Posts a signed message. What an endpoint answers beside its status is of no interest.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use super::address::{Addresses, UrlError};
use super::sign::signature;

/// Bytes of an answer that are read, so that an endpoint is not cut off in the middle of a short one.
const MAX_ANSWER: usize = 1_024;

/// Why an endpoint gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The address may not be called.
    #[error("the address cannot be used: {0}")]
    Url(#[from] UrlError),
    /// Its name leads into a network that is not public.
    #[error("the host's name leads to no address on the public internet")]
    NotPublic,
    /// It did not answer in time.
    #[error("the endpoint did not answer within 10 s")]
    Timeout,
    /// It was not reached.
    #[error("the endpoint was not reached: {0}")]
    Unreached(&'static str),
    /// The HTTP client does not start.
    #[error("the HTTP client does not start")]
    Client(#[source] reqwest::Error),
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a, S> {
    /// The same at each try: `webhook-id`.
    pub id: &'a str,
    /// When this try is made: `webhook-timestamp`.
    pub timestamp_s: i64,
    /// The bytes that are signed and sent.
    pub body: &'a str,
    /// The secrets that sign, the newest first.
    pub secrets: &'a [S],
}

/// What an endpoint answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Seconds that it asked to wait.
    pub retry_after_s: Option<i64>,
}

impl Reply {
    /// Whether it took the message.
    pub fn is_success(self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends to the webhooks of all tenants. The HTTP client is built at the first message.
#[derive(Debug)]
pub struct HookSender {
    client: OnceLock<Client>,
    addresses: Addresses,
}

impl HookSender {
    /// A sender to these addresses.
    pub fn new(addresses: Addresses) -> Self {
        Self {
            client: OnceLock::new(),
            addresses,
        }
    }

    /// Posts a message to a URL.
    ///
    /// # Errors
    /// [`HookError`] when there was no answer.
    pub async fn post<S: AsRef<[u8]> + Sync>(
        &self,
        url: &str,
        message: Message<'_, S>,
    ) -> Result<Reply, HookError> {
        let url = self.addresses.parse(url)?;
        let signature = signature(message.secrets, message.id, message.timestamp_s, message.body);
        let answer = self
            .client()?
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp_s)
            .header("webhook-signature", signature)
            .body(message.body.to_owned())
            .send()
            .await;
        let mut answer = answer.map_err(|error| unanswered(&error))?;
        let retry_after_s = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut read = 0;
        while let Ok(Some(chunk)) = answer.chunk().await {
            read += chunk.len();
            if read >= MAX_ANSWER {
                break;
            }
        }
        Ok(Reply {
            status: answer.status().as_u16(),
            retry_after_s,
        })
    }

    fn client(&self) -> Result<&Client, HookError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let built = crate::http::builder()
            // A proxy would look names up itself, past the check.
            .no_proxy()
            .dns_resolver(Arc::new(Checked(self.addresses)))
            .build()
            .map_err(HookError::Client)?;
        Ok(self.client.get_or_init(|| built))
    }
}

/// Looks names up and gives the addresses that may be called, which are then the ones connected to: between check
/// and connection there is no second look-up that could say something else.
struct Checked(Addresses);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|at| addresses.allows(at.ip())).collect();
            if allowed.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address that may be called")]
struct NoPublicAddress;

/// An error in words for the product: none of reqwest's, which would hold the address.
fn unanswered(error: &reqwest::Error) -> HookError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<NoPublicAddress>() {
            return HookError::NotPublic;
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        HookError::Timeout
    } else if error.is_connect() {
        HookError::Unreached(
            "its name is not known, the connection was refused, or its certificate is not valid",
        )
    } else {
        HookError::Unreached("the connection broke")
    }
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{header, header_exists, method};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    fn message() -> Message<'static, &'static [u8]> {
        Message {
            id: "evt_1",
            timestamp_s: 1_700_000_000,
            body: "{}",
            secrets: &[b"secret"],
        }
    }

    #[tokio::test]
    async fn a_message_is_posted_as_it_was_signed_and_no_redirect_is_followed() {
        let server = MockServer::start().await;
        let elsewhere = format!("{}/elsewhere", server.uri());
        let answer = ResponseTemplate::new(302)
            .insert_header("location", elsewhere.as_str())
            .insert_header("retry-after", "120");
        Mock::given(method("POST"))
            .and(header("webhook-id", "evt_1"))
            .and(header("webhook-timestamp", "1700000000"))
            .and(header("content-type", "application/json"))
            .and(header_exists("user-agent"))
            .respond_with(answer)
            .expect(1)
            .mount(&server)
            .await;
        let sender = HookSender::new(Addresses::AndLoopback);
        let reply = sender.post(&server.uri(), message()).await.unwrap();
        assert_eq!((reply.status, reply.retry_after_s), (302, Some(120)));
        assert!(!reply.is_success());
        let got = server.received_requests().await.unwrap();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].body, b"{}");
        let expected = signature(message().secrets, "evt_1", 1_700_000_000, "{}");
        assert_eq!(got[0].headers["webhook-signature"], expected.as_str());
    }

    #[tokio::test]
    async fn a_name_that_leads_to_ourselves_is_not_called() {
        let server = MockServer::start().await;
        let port = server.address().port();
        // `localhost` stands for a name that meant a public address when it was stored.
        let client = crate::http::builder()
            .no_proxy()
            .dns_resolver(Arc::new(Checked(Addresses::Public)))
            .build()
            .unwrap();
        let error = client
            .post(format!("http://localhost:{port}/"))
            .send()
            .await
            .unwrap_err();
        assert!(matches!(unanswered(&error), HookError::NotPublic), "{error:?}");
        assert!(server.received_requests().await.unwrap().is_empty());
        let sender = HookSender::new(Addresses::AndLoopback);
        let by_name = format!("http://localhost:{port}/");
        assert!(
            sender.post(&by_name, message()).await.is_ok(),
            "a local stack may call itself"
        );
    }

    #[tokio::test]
    async fn an_endpoint_that_is_not_there_is_told_without_its_address() {
        let sender = HookSender::new(Addresses::AndLoopback);
        let error = sender
            .post("http://127.0.0.1:1/secret-path", message())
            .await
            .unwrap_err();
        assert!(matches!(error, HookError::Unreached(_)), "{error:?}");
        assert!(!error.to_string().contains("secret-path"));
    }
}
