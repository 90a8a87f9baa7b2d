use std::cell::{Cell, RefCell};

use super::*;
use crate::clock::Clock;

fn event(bodies: &[&str]) -> SqsEvent {
    let records: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            serde_json::json!({
                "messageId": format!("m-{n}"), "body": body,
                "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1772323200000"},
            })
        })
        .collect();
    serde_json::from_value(serde_json::json!({"Records": records})).unwrap()
}

fn failed(response: &SqsBatchResponse) -> Vec<&str> {
    response
        .batch_item_failures
        .iter()
        .map(|f| f.item_identifier.as_str())
        .collect()
}

async fn by_body(record: Record) -> Result<(), Failure> {
    match record.body.as_str() {
        "later" => Err(Failure::retry("throttled")),
        "never" => Err(Failure::permanent("not JSON")),
        "panic" => panic!("a bug"),
        "slow" => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn stored(_: Record, _: String) -> Result<(), BoxError> {
    Ok(())
}

#[tokio::test]
async fn one_poisoned_record_fails_alone() {
    let response = each(event(&["ok", "later", "panic", "ok", "never"]), 1, by_body)
        .await
        .unwrap();
    assert_eq!(failed(&response), ["m-1", "m-2", "m-4"]);
}

#[tokio::test]
async fn failures_are_reported_in_the_order_of_the_batch_at_any_concurrency() {
    for concurrency in [0, 1, 3, 100] {
        let response = each(event(&["later", "ok", "later", "ok"]), concurrency, by_body)
            .await
            .unwrap();
        assert_eq!(failed(&response), ["m-0", "m-2"]);
    }
}

#[tokio::test]
async fn all_failed_fails_the_invocation() {
    let error = each(event(&["later", "panic"]), 2, by_body).await.unwrap_err();
    assert!(matches!(error, BatchError::AllFailed { count: 2, .. }));
    assert_eq!(chain(&error), "all 2 records of the batch failed: throttled");
}

#[tokio::test]
async fn an_empty_batch_is_fine() {
    assert!(failed(&each(event(&[]), 1, by_body).await.unwrap()).is_empty());
}

#[tokio::test]
async fn a_record_without_an_id_fails_the_batch_before_anything_is_done() {
    for id in [serde_json::Value::Null, serde_json::json!("")] {
        let event = serde_json::json!({"Records": [{"messageId": "m-0", "body": "a"}, {"messageId": id, "body": "b"}]});
        let calls = Cell::new(0);
        let handle = |_| {
            calls.set(calls.get() + 1);
            async { Ok(()) }
        };
        let error = each(serde_json::from_value(event).unwrap(), 1, handle)
            .await
            .unwrap_err();
        assert!(matches!(error, BatchError::NoMessageId { index: 1 }));
        assert_eq!(calls.get(), 0);
    }
}

#[tokio::test]
async fn a_permanent_failure_is_acknowledged_once_it_is_stored() {
    let seen = RefCell::new(Vec::new());
    let dead = |record: Record, reason: String| {
        seen.borrow_mut().push((record.message_id, reason));
        async { Ok(()) }
    };
    // Alone in its batch, too: what is stored has not failed.
    let response = Batch::new(1).run(event(&["never"]), by_body, dead).await.unwrap();
    assert!(failed(&response).is_empty());
    assert_eq!(*seen.borrow(), [("m-0".to_owned(), "not JSON".to_owned())]);
}

#[tokio::test]
async fn a_permanent_failure_that_cannot_be_stored_goes_on_to_the_dead_letters() {
    let cannot = |_: Record, _: String| async { Err(BoxError::from("table throttled")) };
    let response = Batch::new(2)
        .run(event(&["ok", "never"]), by_body, cannot)
        .await
        .unwrap();
    assert_eq!(failed(&response), ["m-1"]);
    let panics = |record: Record, _: String| async move {
        assert!(record.body.is_empty(), "a bug in the store");
        Ok(())
    };
    let response = Batch::new(2)
        .run(event(&["ok", "never"]), by_body, panics)
        .await
        .unwrap();
    assert_eq!(failed(&response), ["m-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_record_is_given_back_and_its_neighbours_go_through() {
    let batch = Batch::new(1).record_timeout(Duration::from_secs(5));
    let response = batch.run(event(&["slow", "ok"]), by_body, stored).await.unwrap();
    assert_eq!(failed(&response), ["m-0"]);
}

#[tokio::test]
async fn no_more_than_the_given_number_run_at_once() {
    let (running, most) = (Cell::new(0), Cell::new(0));
    let handle = |_| {
        let (running, most) = (&running, &most);
        async move {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            tokio::task::yield_now().await;
            running.set(running.get() - 1);
            Ok(())
        }
    };
    each(event(&["a"; 10]), 3, handle).await.unwrap();
    assert_eq!(most.get(), 3);
}

#[tokio::test]
async fn counts_are_measured() {
    let metrics = Metrics::in_memory("ingest", Clock::system());
    let batch = Batch::new(4).metrics(&metrics);
    batch
        .run(event(&["ok", "ok", "never", "later"]), by_body, stored)
        .await
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(&metrics.lines()[0]).unwrap();
    assert_eq!(line["RecordsHandled"], 2.0);
    assert_eq!(line["RecordsDead"], 1.0);
    assert_eq!(line["RecordsFailed"], 1.0);
}

#[tokio::test]
async fn a_record_tells_its_count_time_and_json() {
    let handle = |record: Record| async move {
        assert_eq!(record.receive_count, 3);
        assert_eq!(
            record.sent_at.map(|at| at.to_string()).as_deref(),
            Some("2026-03-01T00:00:00Z")
        );
        assert_eq!(record.json::<Vec<u8>>().unwrap(), [1, 2]);
        assert!(matches!(record.json::<String>(), Err(Failure::Permanent(_))));
        Ok(())
    };
    each(event(&["[1,2]"]), 1, handle).await.unwrap();
}
