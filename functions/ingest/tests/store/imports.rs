//! Imports in pieces: whatever the rows are and whenever a run ends, each row counts once.

use std::fmt::Write as _;
use std::time::Duration;

use copilot_aws::imports::{Import, ImportStatus};
use copilot_aws::testing::{self, Contents};
use ingest::{Pace, handle};
use serde_json::json;

use crate::support;

const ACCOUNT: [&str; 2] = ["external_id", "name"];
const EVENT: [&str; 4] = ["id", "account", "name", "at"];

fn events(rows: usize) -> String {
    let mut csv = "id,account,name,at\n".to_owned();
    for row in 0..rows {
        let (account, day) = (row % 7, 1 + row % 5);
        writeln!(csv, "e-{row},a-{account},login,2026-03-{day:02}T10:00:00Z").unwrap();
    }
    csv
}

/// Facts and links: not what depends on when something was done.
fn facts(contents: &Contents) -> Contents {
    let mut facts = contents.clone();
    facts.retain(|(pk, _), _| pk.contains("#I#") || pk.ends_with("#PARKED"));
    facts
}

#[tokio::test]
async fn refused_rows_are_noted_and_reported_like_good_ones() {
    let Some(mut world) = support::world("refused_rows_are_noted_and_reported_like_good_ones").await else {
        return;
    };
    world.context.pace = Pace {
        rows: 500,
        seconds: 0,
    };
    // Not one row names its account.
    let csv = format!("external_id,name\n{}", ",nobody\n".repeat(1_800));
    let id = world.start("accounts", &csv, &ACCOUNT, false).await;
    let first = world.part(id).await;
    assert_eq!(
        (first.status, first.rows_done, first.errors, first.valid),
        (ImportStatus::Running, 500, 500, 0)
    );
    assert!(first.resume.is_some() && first.reported > 0, "{first:?}");
    let asked = testing::waiting(&world.config, &world.queue).await.unwrap();
    assert_eq!(asked.len(), 1, "the next part is asked for: {asked:?}");
    let (done, parts) = world.finish(id).await;
    assert_eq!((done.rows_done, done.errors, parts), (1_800, 1_800, 3));
    assert_eq!(done.status, ImportStatus::SucceededWithErrors);
    let report = world.report(id).await;
    assert_eq!(report.len(), 1_800);
    assert!(report[0].starts_with("2,external_id,"), "{}", report[0]);
    assert!(
        report[1_799].starts_with("1801,external_id,"),
        "{}",
        report[1_799]
    );
}

#[tokio::test]
async fn bytes_that_are_no_row_are_left_behind_in_parts() {
    let Some(mut world) = support::world("bytes_that_are_no_row_are_left_behind_in_parts").await else {
        return;
    };
    world.context.pace = Pace {
        rows: 500,
        seconds: 0,
    };
    let csv = format!("external_id,name\na-1,{}\na-2,Two\n", "x".repeat(3 * 1024 * 1024));
    let id = world.start("accounts", &csv, &ACCOUNT, false).await;
    let first = world.part(id).await;
    assert!(first.finished_at.is_none() && first.bytes_done > 0, "{first:?}");
    let (done, _) = world.finish(id).await;
    assert_eq!((done.rows_done, done.created, done.errors), (2, 1, 1), "{done:?}");
}

#[tokio::test]
async fn an_import_killed_and_resumed_counts_each_row_once() {
    let name = "an_import_killed_and_resumed_counts_each_row_once";
    let Some(killed) = support::world(name).await else {
        return;
    };
    let Some(whole) = support::world(&format!("{name} whole")).await else {
        return;
    };
    let csv = events(12_000);
    let id = whole.start("events", &csv, &EVENT, false).await;
    let (expected, parts) = whole.finish(id).await;
    assert_eq!((expected.rows_done, expected.created, parts), (12_000, 12_000, 1));

    killed.start("events", &csv, &EVENT, false).await;
    let message = json!({"copilot": "import", "tenant": "demo", "import": id.to_string()});
    let under_way = async {
        while killed.import(id).await.rows_done == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Into the next group.
        tokio::time::sleep(Duration::from_millis(40)).await;
    };
    tokio::select! {
        () = under_way => {}
        _ = handle(support::event(&message), &killed.context) => panic!("it was not killed in time"),
    }
    let left = killed.import(id).await;
    assert!(left.finished_at.is_none() && left.rows_done < 12_000, "{left:?}");
    let (done, _) = killed.finish(id).await;
    assert_eq!(
        (done.rows_done, done.valid, done.errors),
        (12_000, 12_000, expected.errors)
    );
    // Rows between the last note and the end of the killed run are found unchanged.
    assert_eq!(done.created + done.unchanged, 12_000);
    let a = testing::contents(&whole.context.table).await.unwrap();
    let b = testing::contents(&killed.context.table).await.unwrap();
    assert!(!facts(&a).is_empty());
    assert_eq!(facts(&a), facts(&b));
    // A part that was written again is not reported twice.
    assert_eq!(whole.report(id).await, killed.report(id).await);
}

#[tokio::test]
async fn a_file_put_in_the_place_of_another_is_not_half_imported() {
    let Some(mut world) = support::world("a_file_put_in_the_place_of_another_is_not_half_imported").await
    else {
        return;
    };
    world.context.pace = Pace {
        rows: 100,
        seconds: 0,
    };
    let id = world.start("events", &events(300), &EVENT, true).await;
    assert_eq!(world.part(id).await.rows_done, 100);
    let key = Import::object_key(&world.tenant, id);
    let other = events(301).into_bytes();
    world.context.files.write(&key, other).await.unwrap();
    let failed = world.part(id).await;
    assert_eq!((failed.status, failed.rows_done), (ImportStatus::Failed, 100));
    assert!(failed.problem.unwrap().starts_with("file_replaced"));
    // Another start takes the file as it is now.
    let id = world.start("events", &events(301), &EVENT, true).await;
    let (done, _) = world.finish(id).await;
    assert_eq!((done.rows_done, done.valid, done.problem), (301, 301, None));
}

#[tokio::test]
async fn a_run_reports_its_own_errors_only() {
    let Some(mut world) = support::world("a_run_reports_its_own_errors_only").await else {
        return;
    };
    world.context.pace = Pace { rows: 2, seconds: 0 };
    let bad = "external_id,name\n,one\n,two\n,three\n,four\n,five\n";
    let id = world.start("accounts", bad, &ACCOUNT, true).await;
    world.finish(id).await;
    assert_eq!(world.report(id).await.len(), 5);
    let better = "external_id,name\na,one\nb,two\nc,three\nd,four\n,five\n";
    let id = world.start("accounts", better, &ACCOUNT, true).await;
    let (done, _) = world.finish(id).await;
    assert_eq!((done.valid, done.errors), (4, 1));
    let report = world.report(id).await;
    assert_eq!(report.len(), 1, "{report:?}");
    assert!(report[0].starts_with("6,external_id,"));
}
