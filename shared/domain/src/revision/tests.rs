//! Records: any order, any repetition, and what the bounds may and may not give up.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn revision(version: i64, known: i64, patch: &Value) -> Revision {
    Revision::new(at(version), at(known), patch.as_object().unwrap().clone())
}

#[test]
fn absent_keeps_and_null_deletes() {
    let mut record = Record::default();
    assert_eq!(
        record.merge(revision(
            1,
            1,
            &json!({"name": "A", "seats": 5, "custom": {"x": 1, "y": 2}})
        )),
        Merge::Created
    );
    assert_eq!(
        record.merge(revision(2, 2, &json!({"seats": null, "custom": {"x": null}}))),
        Merge::Updated
    );
    assert_eq!(
        Value::Object(record.current()),
        json!({"name": "A", "custom": {"y": 2}})
    );
    assert_eq!(
        Value::Object(record.as_of(at(1)).unwrap()),
        json!({"name": "A", "seats": 5, "custom": {"x": 1, "y": 2}})
    );
}

#[test]
fn a_late_older_state_does_not_move_the_record_back() {
    let mut record = Record::default();
    record.merge(revision(5, 5, &json!({"status": "solved"})));
    assert_eq!(
        record.merge(revision(3, 6, &json!({"status": "open"}))),
        Merge::Recorded
    );
    assert_eq!(record.current()["status"], "solved");
}

fn any_revision() -> impl Strategy<Value = Revision> {
    (0_i64..6, 0_i64..6, 0_u8..3, proptest::option::of(0_u8..3)).prop_map(|(version, known, field, value)| {
        revision(version, known, &json!({ format!("f{field}"): value }))
    })
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_give_the_same_record(
        (deliveries, shuffled) in proptest::collection::vec(any_revision(), 1..25)
            .prop_flat_map(|once| {
                let mut again = once.clone();
                again.extend(once.iter().take(7).cloned());
                (Just(once), Just(again).prop_shuffle())
            })
    ) {
        let mut clean = Record::default();
        for r in deliveries { clean.merge(r); }
        let mut messy = Record::default();
        for r in shuffled { messy.merge(r); }
        prop_assert_eq!(clean, messy);
    }
}

/// Patches as sources send them: some fields, partial custom fields, deletions, and often the same again.
fn any_patch() -> impl Strategy<Value = Value> {
    let value = || prop_oneof![2 => (0_u8..3).prop_map(Value::from), 1 => Just(Value::Null)];
    let custom = prop_oneof![
        5 => proptest::collection::btree_map("[xyz]", value(), 0..3).prop_map(|map| json!(map)),
        1 => Just(Value::Null),
    ];
    let field = prop_oneof![
        (0_u8..3, value()).prop_map(|(field, value)| json!({ format!("f{field}"): value })),
        custom.prop_map(|custom| json!({ "custom": custom })),
    ];
    prop_oneof![3 => field, 2 => Just(json!({"f0": 1, "custom": {"x": 2}}))]
}

fn story(patches: &[Value]) -> Vec<Revision> {
    let numbered = (1_i64..).zip(patches);
    numbered.map(|(at, patch)| revision(at, at, patch)).collect()
}

fn state_of(revisions: &[Revision]) -> Map<String, Value> {
    fold(revisions.iter())
}

#[test]
fn custom_fields_told_one_by_one_outlive_the_bound() {
    let mut record = Record::default();
    for n in 0..250_i64 {
        record.merge(revision(n, n, &json!({"custom": {format!("c{}", n % 150): n}})));
    }
    assert_eq!(record.current()["custom"].as_object().unwrap().len(), 150);
}

#[test]
fn a_field_deleted_stays_deleted_when_its_past_is_told_again() {
    let mut record = Record::default();
    let first = revision(1, 1, &json!({"custom": {"a": 1}, "name": "A"}));
    record.merge(first.clone());
    record.merge(revision(2, 2, &json!({"custom": null, "name": null})));
    for n in 3..200 {
        record.merge(revision(n, n, &json!({"custom": {"b": n}})));
    }
    assert_eq!(record.merge(first), Merge::Unchanged);
    assert_eq!(Value::Object(record.current()), json!({"custom": {"b": 199}}));
}

#[test]
fn saying_the_same_again_does_not_push_the_past_out() {
    let mut record = Record::default();
    record.merge(revision(1, 1, &json!({"seats": 5, "name": "A"})));
    for n in 2..1_000 {
        record.merge(revision(n, n, &json!({"seats": 7, "name": "A"})));
    }
    assert!(record.revisions().len() <= MAX_REVISIONS);
    assert_eq!(record.as_of(at(1)).unwrap()["seats"], 5);
    assert_eq!(record.as_of(at(2)).unwrap()["seats"], 7);
    let late = revision(990, 1_001, &json!({"seats": 6}));
    assert_eq!(
        record.merge(late),
        Merge::Recorded,
        "a later version said 7 again"
    );
}

#[test]
fn a_record_fits_into_an_item_of_the_table() {
    let mut record = Record::default();
    let text = "\"".repeat(3_000);
    for n in 0..90_i64 {
        record.merge(revision(
            n,
            n,
            &json!({"text": format!("{n}{text}"), "custom": {format!("c{n}"): n}}),
        ));
    }
    assert!(serde_json::to_string(&record).unwrap().len() <= MAX_RECORD_BYTES);
    assert_eq!(record.current()["custom"].as_object().unwrap().len(), 90);
    assert!(record.revisions().len() > 10);
    let folded = revision(3, 3, &json!({"text": format!("3{text}"), "custom": {"c3": 3}}));
    let before = record.clone();
    assert_eq!(record.merge(folded), Merge::Unchanged);
    assert_eq!(record, before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn beyond_the_bound_the_state_is_what_all_revisions_say(
        patches in proptest::collection::vec(any_patch(), 101..180),
        late in 1_usize..40,
        seed in 0_usize..1_000,
    ) {
        let told = story(&patches);
        let mut shuffled = told.clone();
        for at in 0..shuffled.len() {
            let to = (at + (at * 31 + seed) % late).min(shuffled.len() - 1);
            shuffled.swap(at, to);
        }
        let mut record = Record::default();
        for revision in &shuffled {
            record.merge(revision.clone());
        }
        prop_assert!(record.revisions().len() <= MAX_REVISIONS);
        prop_assert_eq!(record.current(), state_of(&told));
        // And again: nothing is left to learn.
        let before = record.clone();
        for revision in &shuffled {
            record.merge(revision.clone());
        }
        prop_assert_eq!(record.current(), state_of(&told));
        prop_assert_eq!(record.revisions().len(), before.revisions().len());
    }

    #[test]
    fn what_was_known_of_the_revisions_kept_is_what_all_revisions_say(
        patches in proptest::collection::vec(any_patch(), 101..140),
    ) {
        let told = story(&patches);
        let mut record = Record::default();
        for revision in &told {
            record.merge(revision.clone());
        }
        let first = record.revisions().iter().find(|r| r.folded).map_or(at(1), |r| r.known_at);
        for (n, revision) in told.iter().enumerate().filter(|(_, r)| r.known_at >= first) {
            prop_assert_eq!(record.as_of(revision.known_at), Some(state_of(&told[..=n])));
        }
    }
}
