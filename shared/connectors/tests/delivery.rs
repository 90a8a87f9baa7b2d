//! A delivery of our own rows, as ingest and replay read it.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use copilot_connectors::canonical::Fact;
use copilot_connectors::parse_delivery;
use copilot_domain::Source;
use copilot_domain::delivery::{Format, RawDelivery};
use copilot_domain::time::parse_instant;

fn delivery(body: &str) -> RawDelivery {
    RawDelivery {
        delivery_id: "d".to_owned(),
        source: Source::new("crm").unwrap(),
        format: Format::Canonical,
        received_at: parse_instant("2026-03-01T12:00:00Z").unwrap(),
        version_at: parse_instant("2026-03-01T11:59:00Z").unwrap(),
        body: body.to_owned(),
    }
}

#[test]
fn good_rows_go_through_and_bad_ones_are_named_with_their_place() {
    let body = r#"{"accounts":[{"external_id":"1","identities":{"stripe":"cus_1"}},{"external_id":"2","seats":1e400}],
        "gadgets":[{}],"events":[{"id":"e","account":"1","name":"login","at":"2026-02-28"},7]}"#;
    let parsed = parse_delivery(&delivery(body), false);
    let rows: Vec<usize> = parsed.facts.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, [0, 0, 2]);
    assert!(matches!(parsed.facts[1].1, Fact::Link(_)));
    let Fact::Record(account) = &parsed.facts[0].1 else {
        panic!("{parsed:?}")
    };
    assert_eq!(account.external_id.source.as_str(), "crm");
    assert_eq!(
        account.revision.version,
        parse_instant("2026-03-01T11:59:00Z").unwrap()
    );
    let errors: Vec<(usize, &str, &str)> = parsed
        .errors
        .iter()
        .map(|(row, e)| (*row, e.code, e.detail.split(' ').next().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            (1, "not_finite", "accounts[1]:"),
            (2, "unknown_field", "`gadgets`"),
            (3, "wrong_type", "events[1]:")
        ]
    );
}

#[test]
fn a_body_that_does_not_read_is_one_named_error() {
    let parsed = parse_delivery(&delivery("{\"accounts\": [nil]}"), false);
    assert_eq!(
        (parsed.facts.len(), parsed.errors.len(), parsed.errors[0].1.code),
        (0, 1, "invalid_json")
    );
}

#[test]
fn of_two_rows_of_one_record_in_a_delivery_the_later_is_the_later_state() {
    let rows = r#"{"external_id":"1","name":"A"},{"external_id":"2","name":"A"},{"external_id":"1","name":"A"},
        {"external_id":"1","name":"B"},{"external_id":"1","name":"A","identities":{"stripe":"cus_1"}},
        {"external_id":"1","name":"C","updated_at":"2026-02-01T00:00:00Z"}"#;
    let parsed = parse_delivery(&delivery(&format!("{{\"accounts\":[{rows}]}}")), false);
    let version = |place: &str| parse_instant(&format!("2026-03-01T11:59:00{place}Z")).unwrap();
    let versions: Vec<_> = parsed
        .facts
        .iter()
        .map(|(_, fact)| match fact {
            Fact::Record(record) => record.revision.version,
            Fact::Link(link) => link.version,
            Fact::Usage(_) => panic!("{fact:?}"),
        })
        .collect();
    assert_eq!(
        versions,
        [
            version(""),
            version(""),
            version(""),
            version(".000001"),
            version(".000002"),
            version(".000002"),
            parse_instant("2026-02-01T00:00:00Z").unwrap(),
        ]
    );
}

#[test]
fn ids_are_trimmed_and_a_blank_one_is_none() {
    let rows =
        r#"{"external_id":" 1 "},{"external_id":" \t"},{"external_id":"2","identities":{"stripe":" cus_1"}}"#;
    let body = format!(
        "{{\"accounts\":[{rows}],\"events\":[{{\"id\":\" e \",\"account\":\"1 \",\"name\":\"x\",\"at\":\"2026-02-28\"}}]}}"
    );
    let parsed = parse_delivery(&delivery(&body), false);
    let Fact::Record(first) = &parsed.facts[0].1 else {
        panic!("{parsed:?}")
    };
    assert_eq!(first.external_id.id, "1");
    let Fact::Link(link) = &parsed.facts[2].1 else {
        panic!("{parsed:?}")
    };
    assert_eq!(link.identity.id, "cus_1");
    let Fact::Usage(event) = &parsed.facts[3].1 else {
        panic!("{parsed:?}")
    };
    assert_eq!((event.event.id.as_str(), event.account.id.as_str()), ("e", "1"));
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(
        (parsed.errors[0].1.code, parsed.errors[0].1.field.as_deref()),
        ("missing_field", Some("external_id"))
    );
}
