//! What stands in a message of the notify queue: an event as EventBridge delivers it.

use copilot_domain::event::{Event, SOURCE, VERSION};
use copilot_runtime::batch::{Failure, Record};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
struct Envelope {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: Value,
}

/// The event of a record; `None` for events that are not for us to tell.
///
/// # Errors
/// [`Failure::Permanent`] when the record does not read, or was written by a newer version than this.
pub(crate) fn read(record: &Record) -> Result<Option<Event>, Failure> {
    let envelope: Envelope = record.json()?;
    let is_ours = matches!(
        envelope.detail_type.as_str(),
        "alert.opened"
            | "alert.updated"
            | "alert.acknowledged"
            | "alert.snoozed"
            | "alert.dismissed"
            | "alert.resolved"
            | "health.band_changed"
            | "digest.due"
            | "rule.held"
            | "source.silent"
            | "source.back"
            | "model.drifted"
            | "model.steady"
    );
    if envelope.source != SOURCE || !is_ours {
        tracing::info!(detail_type = envelope.detail_type, "not an event to tell");
        return Ok(None);
    }
    let version = envelope.detail.get("version").and_then(Value::as_u64);
    if version != Some(u64::from(VERSION)) {
        return Err(Failure::permanent(format!(
            "an event of version {version:?}; this reads {VERSION}"
        )));
    }
    serde_json::from_value(envelope.detail)
        .map(Some)
        .map_err(Failure::permanent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::event::{EventType, Notice};
    use copilot_domain::ids::{TenantId, TenantProof};
    use copilot_domain::time::Timestamp;
    use serde_json::json;

    fn record(body: &str) -> Record {
        Record {
            message_id: "m".into(),
            body: body.into(),
            receive_count: 1,
            sent_at: None,
        }
    }

    #[test]
    fn the_sample_events_read() {
        let path = format!("{}/../../events/notify-sqs.json", env!("CARGO_MANIFEST_DIR"));
        let sample: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let types: Vec<&str> = (sample["Records"].as_array().unwrap().iter())
            .map(|sample| {
                read(&record(sample["body"].as_str().unwrap()))
                    .unwrap()
                    .unwrap()
                    .event_type
                    .as_str()
            })
            .collect();
        assert_eq!(types, ["alert.opened", "digest.due"]);
    }

    #[test]
    fn what_nights_find_of_models_is_told() {
        let tenant = TenantId::proven("demo", TenantProof::OwnRecord).unwrap();
        for event_type in [EventType::ModelDrifted, EventType::ModelSteady] {
            let notice = Notice {
                subject: "churn".into(),
                title: "t".into(),
                reason: "r".into(),
            };
            let event = Event::of_notice(&tenant, event_type, "1-nps", Timestamp::UNIX_EPOCH, notice);
            let told = json!({"source": SOURCE, "detail-type": event_type.as_str(), "detail": event});
            assert_eq!(read(&record(&told.to_string())).unwrap(), Some(event));
        }
    }

    #[test]
    fn events_of_others_are_passed_over_and_nonsense_is_final() {
        let other = json!({"source": "copilot", "detail-type": "score.changed", "detail": {}});
        assert!(read(&record(&other.to_string())).unwrap().is_none());
        let foreign = json!({"source": "copilot.test", "detail-type": "alert.opened", "detail": {}});
        assert!(read(&record(&foreign.to_string())).unwrap().is_none());
        let newer = json!({"source": "copilot", "detail-type": "alert.opened", "detail": {"version": 2}});
        let half = json!({"source": "copilot", "detail-type": "alert.opened", "detail": {"version": 1}});
        for bad in [
            newer.to_string(),
            half.to_string(),
            "{".to_owned(),
            "[]".to_owned(),
        ] {
            assert!(matches!(read(&record(&bad)), Err(Failure::Permanent(_))), "{bad}");
        }
    }
}
