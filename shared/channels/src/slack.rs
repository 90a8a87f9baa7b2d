//! Slack by incoming webhook: Block Kit, escaped, with errors sorted by what can be done about them.
//!
//! The webhook's address is a secret: whoever has it can post. It must not appear in errors or logs.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

use crate::message::AlertMessage;

/// The only host that messages go to.
const HOST: &str = "hooks.slack.com";
/// Bytes of an answer that are looked at: Slack's are one word.
const MAX_ANSWER: usize = 1_024;

/// Why a message did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum SlackError {
    /// The configured address is not one of Slack's webhooks. It is not repeated here, since it may be a secret.
    #[error("the Slack address must be an https address at {HOST}")]
    Address,
    /// Too many messages.
    #[error("Slack asks to wait {after_s} s")]
    Throttled {
        /// What `Retry-After` said; 1 when it said nothing.
        after_s: u64,
    },
    /// Slack said no and will say no again.
    #[error("Slack refused the message: {status} {reason}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Slack's word, such as `channel_is_archived`, with what to do about it.
        reason: String,
    },
    /// Slack failed.
    #[error("Slack failed with status {status}")]
    Unavailable {
        /// HTTP status.
        status: u16,
    },
    /// Slack was not reached, or did not answer in time.
    #[error("Slack was not reached")]
    Transport(#[source] reqwest::Error),
}

impl SlackError {
    /// Whether the same message may go through later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Throttled { .. } | Self::Unavailable { .. } | Self::Transport(_)
        )
    }

    /// How long Slack asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { after_s } => Some(Duration::from_secs(*after_s)),
            _ => None,
        }
    }
}

/// A checked address of an incoming webhook. `Debug` does not show it.
#[derive(Clone)]
pub struct Webhook(Url);

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook(..)")
    }
}

impl Webhook {
    /// Takes an address at `https://hooks.slack.com` and nothing else: it comes from a tenant's settings, and must
    /// not make us call into our own network. `also` is one more `host:port`, with http, for tests and local runs.
    ///
    /// # Errors
    /// [`SlackError::Address`].
    pub fn new(address: &str, also: Option<&str>) -> Result<Self, SlackError> {
        let url = Url::parse(address.trim()).map_err(|_| SlackError::Address)?;
        let plain = url.username().is_empty() && url.password().is_none();
        let slack = url.scheme() == "https" && url.host_str() == Some(HOST) && url.port().is_none();
        let host_and_port = match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            _ => return Err(SlackError::Address),
        };
        let local = also == Some(host_and_port.as_str()) && matches!(url.scheme(), "http" | "https");
        if plain && (slack || local) {
            Ok(Self(url))
        } else {
            Err(SlackError::Address)
        }
    }
}

/// Sends to the webhooks of all tenants. The HTTP client is built at the first message: loading the root
/// certificates costs time that a function without Slack should not spend.
#[derive(Debug, Default)]
pub struct Sender {
    client: OnceLock<Client>,
    also: Option<String>,
}

impl Sender {
    /// A sender; for `also` see [`Webhook::new`].
    pub fn new(also: Option<String>) -> Self {
        Self {
            client: OnceLock::new(),
            also,
        }
    }

    /// Posts a body to a webhook's address, when that is one of Slack's.
    ///
    /// # Errors
    /// [`SlackError`].
    pub async fn send(&self, address: &str, body: &Value) -> Result<(), SlackError> {
        let webhook = Webhook::new(address, self.also.as_deref())?;
        let client = if let Some(client) = self.client.get() {
            client
        } else {
            let built = crate::http::client().map_err(SlackError::Transport)?;
            self.client.get_or_init(|| built)
        };
        send(client, &webhook, body).await
    }
}

/// `&`, `<` and `>` as Slack wants them: after this, no text can mention a channel or make a link.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The body of a message about an alert.
pub fn alert(message: &AlertMessage) -> Value {
    let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let mut blocks = vec![section(format!(
        "*{}: {}*\n{}",
        message.word(),
        escape(&message.account),
        escape(&message.title)
    ))];
    let mut reason = escape(&message.reason);
    if let Some(again) = message.again() {
        reason = format!("_{again}_\n{reason}");
    }
    blocks.push(section(reason));
    let fields: Vec<Value> = message
        .facts()
        .iter()
        .map(|(name, value)| json!({"type": "mrkdwn", "text": format!("*{name}*\n{}", escape(value))}))
        .collect();
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    if !message.drivers.is_empty() {
        let lines: Vec<String> = message
            .drivers
            .iter()
            .map(|d| format!("• {}", escape(d)))
            .collect();
        blocks.push(section(format!("*What weighs most*\n{}", lines.join("\n"))));
    }
    blocks.push(json!({
        "type": "actions",
        "elements": [{
            "type": "button",
            "action_id": "open_alert",
            "style": "primary",
            "text": {"type": "plain_text", "text": "Open alert"},
            "url": message.link,
        }],
    }));
    blocks.push(json!({
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": format!("Rule {}", escape(&message.rule))}],
    }));
    json!({"text": escape(&message.headline()), "blocks": blocks, "unfurl_links": false})
}

/// Posts a body to a webhook.
///
/// Slack has no idempotency key: when the connection breaks after the message was taken, a retry posts it twice.
///
/// # Errors
/// [`SlackError`].
pub async fn send(client: &Client, webhook: &Webhook, body: &Value) -> Result<(), SlackError> {
    // The error's text would hold the address.
    let transport = |error: reqwest::Error| SlackError::Transport(error.without_url());
    let mut response = client
        .post(webhook.0.clone())
        .json(body)
        .send()
        .await
        .map_err(transport)?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let header = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        let after_s = header.and_then(|value| value.trim().parse().ok()).unwrap_or(1);
        return Err(SlackError::Throttled { after_s });
    }
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Err(SlackError::Unavailable {
            status: status.as_u16(),
        });
    }
    let mut answer = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        answer.extend_from_slice(&chunk);
        if answer.len() >= MAX_ANSWER {
            break;
        }
    }
    Err(SlackError::Refused {
        status: status.as_u16(),
        reason: reason(&answer),
    })
}

/// Slack's word for what is wrong, with the mend where there is a known one.
fn reason(answer: &[u8]) -> String {
    let word: String = String::from_utf8_lossy(answer)
        .trim()
        .chars()
        .take_while(|c| c.is_ascii_lowercase() || *c == '_')
        .collect();
    let mend = match word.as_str() {
        "" => return "without a reason".to_owned(),
        "no_service" | "no_active_hooks" | "invalid_token" | "no_team" | "team_disabled" => {
            "the webhook was removed; make a new one and store its address"
        }
        "channel_not_found" | "channel_is_archived" => "the channel is gone; choose another for the webhook",
        "action_prohibited" | "posting_to_general_channel_denied" => "an administrator forbids posting there",
        "user_not_found" => "the user whom the webhook posts to is gone",
        "invalid_payload" | "invalid_blocks" | "no_text" | "too_many_attachments" => {
            "the message is not as Slack wants it"
        }
        _ => return word,
    };
    format!("{word} ({mend})")
}

#[cfg(test)]
mod tests;
