//! Sends one claimed notification and writes what it came to.

use copilot_aws::email::{Mail, MailError};
use copilot_aws::notifications::{self, Claim, Notification, Outcome, Status};
use copilot_channels::email::RenderError;
use copilot_channels::slack::SlackError;
use copilot_channels::{AlertMessage, Email};
use copilot_runtime::batch::{BoxError, Failure};
use copilot_runtime::telemetry::chain;

use crate::tell::Job;
use crate::{MAX_RECEIVES, Tally, passing};

/// Why a channel did not take a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Slack(#[from] SlackError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error("the event has no alert to tell of")]
    Empty,
}

impl SendError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Mail(error) => error.is_retryable(),
            Self::Slack(error) => error.is_retryable(),
            Self::Render(_) | Self::Empty => false,
        }
    }
}

/// What is to be sent.
pub(crate) enum Content<'a> {
    /// An e-mail about the alert.
    AlertByEmail,
    /// A Slack message about the alert, to this webhook.
    AlertBySlack(&'a str),
    /// An e-mail that is rendered already.
    Email(&'a Email),
}

/// What came of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It went out by this call.
    Now,
    /// It went out by an earlier one.
    Before,
    /// It did not, and will not.
    Never,
}

/// Claims a notification and sends it, unless it is settled.
///
/// # Errors
/// [`Failure::Retry`] when it is to be tried again.
pub(crate) async fn once(job: &Job<'_>, note: Notification, content: Content<'_>) -> Result<Sent, Failure> {
    let table = &job.context.table;
    let now = job.context.clock.now();
    let claimed = match notifications::claim(table, &job.tenant, note, now)
        .await
        .map_err(passing)?
    {
        Claim::Mine(claimed) => *claimed,
        Claim::Settled(Status::Sent) => return Ok(Sent::Before),
        Claim::Settled(_) => return Ok(Sent::Never),
        Claim::Busy => return Err(Failure::retry("another call is sending this notification")),
    };
    let result = send(job, &claimed.note, content).await;
    let (outcome, status, again) = match result {
        Ok(()) => (Outcome::Sent, Status::Sent, None),
        Err(error) => {
            let is_retryable = error.is_retryable();
            // In words for the product: the text of the error itself, which names no address.
            let reason = error.to_string();
            tracing::warn!(
                channel = claimed.note.channel.as_str(),
                error = %chain(&error),
                is_retryable,
                "a notification did not go out"
            );
            match (is_retryable, job.record.receive_count >= MAX_RECEIVES) {
                (false, _) => (Outcome::Refused(reason), Status::Failed, None),
                (true, true) => (Outcome::GaveUp(reason), Status::Failed, Some(error)),
                (true, false) => (Outcome::Again(reason), Status::Pending, Some(error)),
            }
        }
    };
    let after = job.context.clock.now();
    if let Err(error) = notifications::settle(table, &job.tenant, claimed, outcome, after).await {
        // The message is out, or will come again by the queue. Failing here would send it twice.
        tracing::error!(error = %chain(&error), "what became of a notification was not written");
    }
    match status {
        Status::Sent => Tally::add(&job.tally.sent),
        Status::Failed => Tally::add(&job.tally.failed),
        Status::Pending | Status::Held => {}
    }
    match again {
        Some(error) => Err(Failure::retry(BoxError::from(error))),
        None if status == Status::Sent => Ok(Sent::Now),
        None => Ok(Sent::Never),
    }
}

async fn send(job: &Job<'_>, note: &Notification, content: Content<'_>) -> Result<(), SendError> {
    let alert = || AlertMessage::of(&job.event, &job.context.dashboard_url).ok_or(SendError::Empty);
    match content {
        Content::AlertBySlack(webhook) => {
            let body = copilot_channels::slack::alert(&alert()?);
            Ok(job.context.slack.send(webhook, &body).await?)
        }
        Content::AlertByEmail => mail(job, note, &copilot_channels::email::alert(&alert()?)?).await,
        Content::Email(email) => mail(job, note, email).await,
    }
}

async fn mail(job: &Job<'_>, note: &Notification, email: &Email) -> Result<(), SendError> {
    let mail = Mail {
        to: &note.recipient,
        subject: &email.subject,
        text: &email.text,
        html: &email.html,
        event: note.event,
    };
    job.context.mailer.send(mail).await?;
    Ok(())
}
