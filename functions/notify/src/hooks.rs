//! Outgoing webhooks: hands an event to those who subscribed, and makes the tries of a delivery.
//!
//! Deliveries have a queue of their own, so that an endpoint that is slow or gone keeps no e-mail waiting. A try that
//! failed puts the message of the next one in the queue *before* it is written down: who dies in between is repeated,
//! and no delivery is left without a message.

use copilot_aws::Secrets;
use copilot_aws::webhooks::{self, Claim, HookMessage, HookQueue};
use copilot_channels::webhook::{HookError, HookSender, Message, Reply, secret};
use copilot_domain::event::Event;
use copilot_domain::ids::TenantId;
use copilot_domain::webhook::{self, Delivery, DeliveryStatus, Webhook};
use copilot_runtime::batch::{Failure, Record};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{Context, Tally, passing};

/// What the deliveries need.
#[derive(Debug)]
pub struct Hooks {
    /// Their queue.
    pub queue: HookQueue,
    /// Sends them.
    pub sender: HookSender,
}

/// The delivery that a record asks for; `None` for a record of another kind.
///
/// # Errors
/// [`Failure::Permanent`] when it does not read.
pub(crate) fn read(record: &Record) -> Result<Option<HookMessage>, Failure> {
    #[derive(Deserialize)]
    struct Kind {
        copilot: Option<String>,
    }
    if record.json::<Kind>()?.copilot.as_deref() != Some("deliver") {
        return Ok(None);
    }
    record.json().map(Some)
}

/// Hands an event to the webhooks that subscribed. Doing it again changes nothing.
///
/// # Errors
/// [`Failure::Retry`] when the table or the queue is busy.
pub(crate) async fn fan_out(context: &Context, tenant: &TenantId, event: &Event) -> Result<(), Failure> {
    let Some(body) = webhook::body(event) else {
        return Ok(());
    };
    let now = context.clock.now();
    let all = webhooks::list(&context.table, tenant).await.map_err(passing)?;
    for (hook, _) in all.iter().filter(|(hook, _)| hook.wants(event.event_type)) {
        let name = event.event_type.as_str();
        let delivery = Delivery::new(event.event_id, name, hook.id, body.clone(), now);
        webhooks::begin(&context.table, &context.hooks.queue, tenant, &delivery)
            .await
            .map_err(passing)?;
    }
    Ok(())
}

/// Makes one try of a delivery, or puts it off to its time.
///
/// # Errors
/// [`Failure::Retry`] when the table, the queue or Secrets Manager is busy. That an endpoint fails is no failure of
/// the record: the next try is a message of its own.
pub(crate) async fn deliver(
    context: &Context,
    tally: &Tally,
    tenant: &TenantId,
    message: &HookMessage,
) -> Result<(), Failure> {
    let now = context.clock.now();
    let (table, queue) = (&context.table, &context.hooks.queue);
    let delay_s = message.delay_s(now);
    if delay_s > 0 {
        return queue.send(message, delay_s).await.map_err(passing);
    }
    let found = webhooks::get(table, tenant, message.webhook)
        .await
        .map_err(passing)?;
    let hook = found.map(|(hook, _)| hook).filter(|hook| hook.enabled);
    let secrets = match &hook {
        Some(hook) => secrets(&context.secrets, tenant, hook, now).await?,
        None => Vec::new(),
    };
    let claim = webhooks::claim(table, tenant, message, now);
    let (mut delivery, rev) = match claim.await.map_err(passing)? {
        Claim::Mine(delivery, rev) => (*delivery, rev),
        Claim::Busy => return Err(Failure::retry("another call is sending this delivery")),
        Claim::Over => return Ok(()),
    };
    delivery.next_try_at = None;
    let Some(hook) = hook else {
        delivery.status = DeliveryStatus::Failed;
        delivery.last_error = Some("the webhook is turned off".to_owned());
        let settled = webhooks::settle(table, tenant, delivery, rev, now);
        return settled.await.map_err(passing);
    };
    let id = delivery.event.to_string();
    let sent = Message {
        id: &id,
        timestamp_s: now.as_second(),
        body: &delivery.body,
        secrets: &secrets,
    };
    let result = context.hooks.sender.post(&hook.url, sent).await;
    let after = context.clock.now();
    delivery.attempts += 1;
    note(&mut delivery, &result, after);
    tracing::info!(
        webhook_id = %hook.id,
        event_id = %delivery.event,
        attempt = delivery.attempts,
        http_status = delivery.last_status,
        error = delivery.last_error,
        "a try of a delivery"
    );
    if let Some(next) = delivery.next_try_at {
        let message = HookMessage::of(tenant, &delivery, next);
        queue
            .send(&message, message.delay_s(after))
            .await
            .map_err(passing)?;
    }
    let (status, is_test) = (delivery.status, delivery.is_test());
    webhooks::settle(table, tenant, delivery, rev, after)
        .await
        .map_err(passing)?;
    let is_gone = result.is_ok_and(|reply| reply.status == GONE);
    judge(context, tally, tenant, &hook, (status, is_test, is_gone)).await
}

/// What an endpoint answers that wants nothing any more.
const GONE: u16 = 410;

/// The secrets that sign now.
async fn secrets(
    store: &Secrets,
    tenant: &TenantId,
    hook: &Webhook,
    now: Timestamp,
) -> Result<Vec<[u8; 32]>, Failure> {
    let key = store.signing_key(tenant.as_str()).await.map_err(passing)?;
    // It is made before the first webhook is stored.
    let key = key.ok_or_else(|| Failure::retry(format!("the tenant {tenant} has no signing key")))?;
    let generations = hook.generations(now).into_iter();
    Ok(generations
        .map(|generation| secret(key.expose(), hook.id, generation))
        .collect())
}

/// Writes into a delivery what a try came to.
fn note(delivery: &mut Delivery, result: &Result<Reply, HookError>, now: Timestamp) {
    delivery.last_status = result.as_ref().ok().map(|reply| reply.status);
    delivery.last_error = match result {
        Ok(reply) if reply.is_success() => None,
        Ok(reply) => Some(format!("the endpoint answered {}", reply.status)),
        Err(error) => Some(error.to_string()),
    };
    let retry_after_s = result.as_ref().ok().and_then(|reply| reply.retry_after_s);
    (delivery.status, delivery.next_try_at) = match result {
        Ok(reply) if reply.is_success() => (DeliveryStatus::Delivered, None),
        Ok(reply) if reply.status == GONE => (DeliveryStatus::Failed, None),
        _ => match delivery.next_try(now, retry_after_s) {
            Some(next) => (DeliveryStatus::Pending, Some(next)),
            None => (DeliveryStatus::Failed, None),
        },
    };
}

/// Counts a settled delivery for or against its webhook, which may turn it off.
async fn judge(
    context: &Context,
    tally: &Tally,
    tenant: &TenantId,
    hook: &Webhook,
    (status, is_test, is_gone): (DeliveryStatus, bool, bool),
) -> Result<(), Failure> {
    let table = &context.table;
    let changed = match status {
        DeliveryStatus::Pending => return Ok(()),
        DeliveryStatus::Delivered => {
            Tally::add(&tally.delivered);
            if hook.consecutive_failures == 0 {
                return Ok(());
            }
            webhooks::change(table, tenant, hook.id, Webhook::arrived).await
        }
        DeliveryStatus::Failed => {
            Tally::add(&tally.undelivered);
            webhooks::change(table, tenant, hook.id, |stored| {
                // What was said of an address that was changed meanwhile is not said of the new one.
                let is_same = stored.enabled && stored.url == hook.url;
                if is_gone && is_same {
                    stored.turn_off(
                        "the endpoint answered 410 Gone: it wants no more deliveries; turn the webhook on again when it does"
                            .to_owned(),
                    );
                } else if is_same && !is_test {
                    stored.failed();
                }
                is_same && (is_gone || !is_test)
            })
            .await
        }
    };
    if let Some(hook) = changed.map_err(passing)?.filter(|hook| !hook.enabled) {
        let reason = hook.disabled_reason;
        tracing::warn!(tenant_id = %tenant, webhook_id = %hook.id, reason, "a webhook was turned off");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(body: &str) -> Record {
        Record {
            message_id: "m".into(),
            body: body.into(),
            receive_count: 1,
            sent_at: None,
        }
    }

    #[test]
    fn the_sample_reads_and_an_event_of_the_bus_is_none_of_ours() {
        let read_sample = |name: &str| {
            let path = format!("{}/../../events/notify-{name}.json", env!("CARGO_MANIFEST_DIR"));
            let sample: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            read(&record(sample["Records"][0]["body"].as_str().unwrap())).unwrap()
        };
        let message = read_sample("hooks-sqs").unwrap();
        assert_eq!((message.tenant.as_str(), message.attempt), ("demo", 1));
        // It is what the queue's writer writes.
        let written = serde_json::to_string(&message).unwrap();
        assert_eq!(read(&record(&written)).unwrap(), Some(message));
        assert_eq!(read_sample("sqs"), None);
        for bad in ["{", "[]", r#"{"copilot":"deliver"}"#] {
            assert!(matches!(read(&record(bad)), Err(Failure::Permanent(_))), "{bad}");
        }
    }
}
