//! E-mail by SES v2.
//!
//! SES has no idempotency key: that a mail goes once is what `notifications::claim` is for. Each mail carries its
//! event's id as a tag and a header, so that bounces and complaints can be traced back to it.

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::create_email_identity::CreateEmailIdentityError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag};
use copilot_domain::ids::EventId;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The tag that carries the event's id.
pub const EVENT_TAG: &str = "copilot-event";
const EVENT_HEADER: &str = "X-Copilot-Event";

/// A mail to one recipient.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    /// The address.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
    /// HTML.
    pub html: &'a str,
    /// The event that it tells.
    pub event: EventId,
}

/// Why SES did not take a mail.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// This mail will never be taken: the address or the content is not acceptable.
    #[error("SES refused the mail: {code}")]
    Refused {
        /// SES's code.
        code: String,
        /// What the SDK said. Not shown: it may hold the address.
        #[source]
        source: Source,
    },
    /// It may be taken later: throttled, not reached, or sending is paused until an operator acts.
    #[error("SES did not take the mail: {code}")]
    Unavailable {
        /// SES's code, or `no answer`.
        code: String,
        /// What the SDK said.
        #[source]
        source: Source,
    },
}

impl MailError {
    /// Whether the same mail may be taken later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    fn from_sdk(error: SdkError<SendEmailError>) -> Self {
        let code = error.code().unwrap_or("no answer").to_owned();
        let refused = match &error {
            // Everything else is ours to mend (paused, quota, a sender that is not verified): back to the queue, and
            // from there to the dead letters and their alarm, from where it can be sent again.
            SdkError::ServiceError(service) => {
                let service = service.err();
                let is_unverified = service
                    .message()
                    .is_some_and(|text| text.contains("not verified"));
                (service.is_message_rejected() && !is_unverified) || service.is_bad_request_exception()
            }
            SdkError::ConstructionFailure(_) => true,
            _ => false,
        };
        let source = error.into();
        if refused {
            Self::Refused { code, source }
        } else {
            Self::Unavailable { code, source }
        }
    }
}

/// Sends from one address.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    from: String,
}

impl Mailer {
    /// Sends as `from`, an address or domain that SES has verified.
    pub fn new(config: &SdkConfig, from: &str) -> Self {
        Self {
            client: Client::new(config),
            from: from.to_owned(),
        }
    }

    /// Sends a mail; gives SES's id of it.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, mail: Mail<'_>) -> Result<String, MailError> {
        let refused = |error: aws_sdk_sesv2::error::BuildError| MailError::Refused {
            code: "incomplete".to_owned(),
            source: error.into(),
        };
        let utf8 = |data: &str| {
            Content::builder()
                .data(data)
                .charset("UTF-8")
                .build()
                .map_err(refused)
        };
        let event = mail.event.to_string();
        let header = MessageHeader::builder()
            .name(EVENT_HEADER)
            .value(&event)
            .build()
            .map_err(refused)?;
        let tag = MessageTag::builder()
            .name(EVENT_TAG)
            .value(&event)
            .build()
            .map_err(refused)?;
        let message = Message::builder()
            .subject(utf8(mail.subject)?)
            .body(
                Body::builder()
                    .text(utf8(mail.text)?)
                    .html(utf8(mail.html)?)
                    .build(),
            )
            .headers(header)
            .build();
        let answer = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(mail.to).build())
            .content(EmailContent::builder().simple(message).build())
            .email_tags(tag)
            .send()
            .await
            .map_err(MailError::from_sdk)?;
        Ok(answer.message_id.unwrap_or_default())
    }

    /// Asks SES to verify the sender, which mails its owner a link (MiniStack verifies at once). For operators.
    ///
    /// # Errors
    /// [`crate::AwsError`] when SES refuses; that the sender is known already is fine.
    pub async fn register(&self) -> Result<(), crate::AwsError> {
        match self
            .client
            .create_email_identity()
            .email_identity(&self.from)
            .send()
            .await
        {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(CreateEmailIdentityError::is_already_exists_exception) =>
            {
                Ok(())
            }
            other => other
                .map(|_| ())
                .map_err(|e| crate::AwsError::from_sdk("register the sender", e)),
        }
    }
}
