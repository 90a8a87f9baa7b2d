//! Sources that have gone silent (R26 of `domain.md` 5.4): the tenant's admins are told once a silence, and when it
//! is over.

use copilot_aws::bus::{BusEvent, EventBus};
use copilot_aws::deliveries::{self, DeliveryRecord, SourceStatus};
use copilot_aws::keys::Key;
use copilot_aws::table::Condition;
use copilot_aws::{AwsError, Item, Table, keys};
use copilot_domain::event::{Event, EventType, Notice};
use copilot_domain::ids::TenantId;
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Deliveries that a source's usual interval is told from.
const LOOKED_AT: i32 = 50;
/// Intervals that are needed to call one usual.
const LEAST_INTERVALS: usize = 2;
/// The shortest silence that is worth a word.
const LEAST_SECONDS: i64 = 48 * 3_600;

/// That admins were told of a silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// The last delivery before it.
    since: Timestamp,
    /// Whether they were told that it is over.
    #[serde(default)]
    is_over: bool,
}

/// How long a source may be silent: two of its usual intervals (the median), at least two days. `None` when it
/// delivered too seldom to have a usual interval. Deliveries in any order.
fn allowed_seconds(mut deliveries: Vec<Timestamp>) -> Option<i64> {
    deliveries.sort();
    let mut gaps: Vec<i64> = deliveries
        .windows(2)
        .map(|pair| pair[1].as_second() - pair[0].as_second())
        .collect();
    gaps.sort_unstable();
    let median = gaps
        .get(gaps.len() / 2)
        .filter(|_| gaps.len() >= LEAST_INTERVALS)?;
    Some((2 * median).max(LEAST_SECONDS))
}

fn notice(source: &SourceStatus, now: Timestamp, is_back: bool) -> Notice {
    let name = source.source.as_str().to_owned();
    let hours = (now.as_second() - source.last_delivery_at.as_second()) / 3_600;
    let (title, reason) = if is_back {
        let reason = "Its facts come in again. Scores follow with the next delivery of each account.";
        (format!("Source {name} delivers again"), reason.to_owned())
    } else {
        let error = source
            .last_error
            .as_deref()
            .map(|e| format!(" Its last error: {e}."));
        let reason = format!(
            "Its last delivery came at {}, longer ago than is usual for it. What it feeds goes stale and stops to \
             count in scores.{}",
            source.last_delivery_at,
            error.unwrap_or_default()
        );
        (format!("Source {name} has been silent for {hours} hours"), reason)
    };
    Notice {
        subject: name,
        title,
        reason,
    }
}

/// Looks at every source of a tenant. Telling comes before noting that it was told: who is told knows an event by its
/// id, so twice is once.
///
/// # Errors
/// [`AwsError`] when the table or the bus fails; looking again is safe.
pub(crate) async fn check(
    table: &Table,
    bus: &EventBus,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<(), AwsError> {
    for source in deliveries::statuses(table, tenant).await? {
        let key = keys::silence(tenant, &source.source);
        let told: Option<Told> = table.get(&key).await?.as_ref().map(Item::document).transpose()?;
        let since = source.last_delivery_at;
        match told.filter(|told| !told.is_over) {
            Some(told) if told.since < since => {
                let (at, occasion) = (now, told.since.to_string());
                tell(
                    bus,
                    tenant,
                    EventType::SourceBack,
                    &occasion,
                    at,
                    notice(&source, now, true),
                )
                .await?;
                let over = Told {
                    is_over: true,
                    ..told
                };
                note(table, &key, &over).await?;
            }
            None if is_silent(table, tenant, &source, now).await? => {
                let occasion = since.to_string();
                let notice = notice(&source, now, false);
                tell(bus, tenant, EventType::SourceSilent, &occasion, now, notice).await?;
                let is_over = false;
                note(table, &key, &Told { since, is_over }).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn note(table: &Table, key: &Key, told: &Told) -> Result<(), AwsError> {
    table
        .put(Item::new(key, "silence").data(told), Condition::None)
        .await
}

async fn is_silent(
    table: &Table,
    tenant: &TenantId,
    source: &SourceStatus,
    now: Timestamp,
) -> Result<bool, AwsError> {
    let silent = now.as_second() - source.last_delivery_at.as_second();
    if silent <= LEAST_SECONDS {
        return Ok(false);
    }
    let page = deliveries::page(table, tenant, &source.source, LOOKED_AT, None).await?;
    let records = page
        .items
        .iter()
        .map(|item| item.document::<DeliveryRecord>().map(|record| record.received_at))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(allowed_seconds(records).is_some_and(|allowed| silent > allowed))
}

async fn tell(
    bus: &EventBus,
    tenant: &TenantId,
    event_type: EventType,
    occasion: &str,
    at: Timestamp,
    notice: Notice,
) -> Result<(), AwsError> {
    tracing::warn!(tenant_id = %tenant, source = notice.subject, event = event_type.as_str(), "source monitor");
    let event = Event::of_notice(tenant, event_type, occasion, at, notice);
    let told = BusEvent {
        detail_type: event.event_type.as_str().to_owned(),
        detail: serde_json::to_string(&event).unwrap_or_default(),
    };
    bus.put(&[told]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(all: &[i64]) -> Vec<Timestamp> {
        all.iter()
            .map(|hour| Timestamp::from_second(hour * 3_600).unwrap())
            .collect()
    }

    #[test]
    fn a_source_may_be_silent_for_two_of_its_usual_intervals_and_at_least_two_days() {
        let allowed = |of: &[i64]| allowed_seconds(hours(of)).map(|seconds| seconds / 3_600);
        assert_eq!(allowed(&[0, 1, 2, 3]), Some(48), "hourly");
        assert_eq!(allowed(&[504, 0, 168, 336]), Some(336), "weekly, in any order");
        assert_eq!(
            allowed(&[0, 168, 336, 337, 338]),
            Some(336),
            "a median, not a mean"
        );
        assert_eq!(allowed(&[0, 168]), None, "one interval is not usual yet");
        assert_eq!(allowed(&[]), None);
    }
}
