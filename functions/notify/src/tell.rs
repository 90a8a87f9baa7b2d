//! Tells of one alert event: each delivery of the plan for itself.

use copilot_aws::notifications::{self, Channel, Notification, Status};
use copilot_aws::tenants::Tenant;
use copilot_channels::message::today_link;
use copilot_domain::event::{Event, Notice};
use copilot_domain::ids::TenantId;
use copilot_domain::notify::NotifySettings;
use copilot_runtime::batch::{Failure, Record};
use jiff::Zoned;
use secrecy::{ExposeSecret, SecretString};

use crate::route::{self, Delivery, How};
use crate::send::{Content, once};
use crate::{Context, Tally, passing};

/// One event with all that is needed to tell it.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) context: &'a Context,
    pub(crate) tally: &'a Tally,
    pub(crate) tenant: TenantId,
    pub(crate) profile: Tenant,
    pub(crate) settings: NotifySettings,
    pub(crate) event: Event,
    pub(crate) record: Record,
}

impl Job<'_> {
    /// When the record was put in the queue, in the tenant's zone: the same in every retry, so that a message whose
    /// first try was before the quiet hours is not held by its second.
    pub(crate) fn received(&self) -> Zoned {
        let at = self.record.sent_at.unwrap_or_else(|| self.context.clock.now());
        at.to_zoned(self.profile.time_zone())
    }

    /// The notification of this event to a recipient, before anything became of it.
    pub(crate) fn note(&self, channel: Channel, recipient: &str) -> Notification {
        let now = self.context.clock.now();
        Notification {
            event: self.event.event_id,
            event_type: self.event.event_type,
            channel,
            recipient: recipient.to_owned(),
            status: Status::Pending,
            reason: None,
            attempts: 0,
            at: now,
            updated_at: now,
            gave_up: false,
            lease_until: None,
            digest: None,
            alert: self.event.alert.clone(),
        }
    }
}

/// Tells of the job's alert.
///
/// # Errors
/// The first passing failure, after all deliveries were tried.
pub(crate) async fn tell(job: &Job<'_>) -> Result<(), Failure> {
    if let Some(notice) = job.event.notice.as_ref().filter(|_| job.event.notify) {
        return notify_admins(job, notice).await;
    }
    let received = job.received();
    let is_sandbox = job.profile.is_sandbox();
    let mut again = None;
    for delivery in route::plan(&job.event, &job.settings, is_sandbox, received.time()) {
        if let Err(failure) = deliver(job, &delivery, received.date()).await {
            again.get_or_insert(failure);
        }
    }
    again.map_or(Ok(()), Err)
}

/// Tells admins of a rule or a source, at once: no digest tells of it later, and there is at most one a day of each.
async fn notify_admins(job: &Job<'_>, notice: &Notice) -> Result<(), Failure> {
    let link = today_link(&job.context.dashboard_url);
    let email = copilot_channels::email::notice(notice, &link).map_err(Failure::permanent)?;
    let is_sandbox = job.profile.is_sandbox();
    let mut again = None;
    for delivery in route::admins(&job.settings, is_sandbox) {
        let note = job.note(delivery.channel, &delivery.recipient);
        let done = match delivery.how {
            How::Push => once(job, note, Content::Email(&email)).await.map(|_| ()),
            How::Hold(reason) => hold(job, note, reason).await,
        };
        if let Err(failure) = done {
            again.get_or_insert(failure);
        }
    }
    again.map_or(Ok(()), Err)
}

async fn hold(job: &Job<'_>, note: Notification, reason: &str) -> Result<(), Failure> {
    if notifications::hold(&job.context.table, &job.tenant, note, reason)
        .await
        .map_err(passing)?
    {
        Tally::add(&job.tally.held);
    }
    Ok(())
}

async fn deliver(job: &Job<'_>, delivery: &Delivery, day: jiff::civil::Date) -> Result<(), Failure> {
    let webhook = match delivery.channel {
        Channel::Email => None,
        Channel::Slack => match slack(job).await? {
            Some(webhook) => Some(webhook),
            // Not set up: nothing to show either.
            None => return Ok(()),
        },
    };
    let note = job.note(delivery.channel, &delivery.recipient);
    let cap = job.settings.daily_cap;
    let table = &job.context.table;
    let held = match delivery.how {
        How::Hold(reason) => Some(reason.to_owned()),
        How::Push => {
            let event = job.event.event_id;
            let may = notifications::may_push(table, &job.tenant, &delivery.person, day, event, cap);
            let may = may.await.map_err(passing)?;
            (!may).then(|| format!("over the cap of {cap} messages a day; goes into the daily digest"))
        }
    };
    if let Some(reason) = held {
        return hold(job, note, &reason).await;
    }
    let content = match &webhook {
        Some(webhook) => Content::AlertBySlack(webhook.expose_secret()),
        None => Content::AlertByEmail,
    };
    once(job, note, content).await.map(|_| ())
}

/// The tenant's webhook. A secret that does not read is told in the log, where an operator finds it; the other
/// channels go on.
async fn slack(job: &Job<'_>) -> Result<Option<SecretString>, Failure> {
    match job.context.secrets.slack(job.tenant.as_str()).await {
        Ok(found) => Ok(found),
        Err(error) if error.is_retryable() => Err(Failure::retry(error)),
        Err(error) => {
            let error = copilot_runtime::telemetry::chain(&error);
            tracing::error!(tenant_id = %job.tenant, error, "the Slack secret cannot be used");
            Ok(None)
        }
    }
}
