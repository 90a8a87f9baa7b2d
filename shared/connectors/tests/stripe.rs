//! Stripe's events and signatures: its own vectors, both API shapes, any order, any repetition.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};

use copilot_connectors::canonical::{Fact, RecordFact};
use copilot_connectors::signature::SignatureError;
use copilot_connectors::{ParsedDelivery, parse_delivery, stripe};
use copilot_domain::Source;
use copilot_domain::delivery::{Format, RawDelivery};
use copilot_domain::facts::Kind;
use copilot_domain::revision::Record;
use copilot_domain::time::{Timestamp, parse_instant};
use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stripe")
}

fn delivery(event: &Value) -> RawDelivery {
    let received_at = parse_instant("2026-03-01T12:00:00Z").unwrap();
    RawDelivery {
        delivery_id: "evt".to_owned(),
        source: Source::new("stripe").unwrap(),
        format: Format::Stripe,
        received_at,
        version_at: received_at,
        body: event.to_string(),
    }
}

fn parse(event: &Value) -> ParsedDelivery {
    parse_delivery(&delivery(event), false)
}

fn fixture(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(fixtures().join(name)).unwrap()).unwrap()
}

fn only(parsed: &ParsedDelivery) -> &RecordFact {
    match parsed.facts.as_slice() {
        [(0, Fact::Record(fact))] => fact,
        other => panic!("{other:?} {:?}", parsed.errors),
    }
}

fn event(kind: &str, created: i64, object: &Value) -> Value {
    json!({"id": format!("evt_{kind}_{created}"), "object": "event", "type": kind, "created": created, "data": {"object": object}})
}

fn run_vectors(path: &Path) {
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let secret = file["secret"].as_str().unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap();
        let now = Timestamp::from_second(case["now"].as_i64().unwrap()).unwrap();
        let tolerance = case["tolerance"].as_i64().unwrap_or(i64::MAX);
        let verified = |secrets: &[&str]| {
            stripe::verify_within(
                Some(text("header")),
                text("payload").as_bytes(),
                secrets,
                now,
                tolerance,
            )
        };
        for secrets in [vec![secret], vec!["whsec_older", secret]] {
            assert_eq!(
                verified(&secrets).is_ok(),
                case["valid"].as_bool().unwrap(),
                "{}",
                text("name")
            );
        }
        assert!(verified(&["whsec_other"]).is_err());
        assert!(verified(&[]).is_err());
        let expected = match text("name") {
            "only-v0-scheme" => SignatureError::Missing,
            "tampered-body" => SignatureError::Mismatch,
            "outside-tolerance" => SignatureError::OutOfTolerance,
            "malformed-header" => SignatureError::Malformed,
            _ => continue,
        };
        assert_eq!(verified(&[secret]), Err(expected), "{}", text("name"));
    }
}

#[test]
fn stripes_own_signature_vectors() {
    run_vectors(&fixtures().join("signature_vectors.json"));
    let now = Timestamp::from_second(1_492_774_577).unwrap();
    assert_eq!(
        stripe::verify(None, b"{}", &["whsec"], now),
        Err(SignatureError::Missing)
    );
}

#[test]
fn the_shared_vendor_folder_where_it_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vendors/stripe/webhook");
    if !folder.is_dir() {
        println!(
            "skipped: the_shared_vendor_folder_where_it_is_there (no ../shared/vendors/stripe beside the project)"
        );
        return;
    }
    run_vectors(&folder.join("signature_vectors.json"));
    for entry in fs::read_dir(folder.join("composed")).unwrap() {
        let event: Value = serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let parsed = parse(&event);
        assert_eq!(parsed.facts.len() + parsed.errors.len(), 1, "{parsed:?}");
    }
}

#[test]
fn a_subscription_of_the_shape_since_basil() {
    let updated = parse(&fixture("customer.subscription.updated.json"));
    let fact = only(&updated);
    assert_eq!(
        (fact.kind, fact.external_id.id.as_str()),
        (Kind::Subscription, "sub_1Pgc6rB7WZ01zgkWNy0Cn5nw")
    );
    assert_eq!(fact.account.id, "cus_QXg1o8vcGmoR32");
    let patch = &fact.revision.patch;
    // The fixture packs 1,592,560,163 units in one and rounds down, so one unit costs nothing.
    assert_eq!(patch["mrr_minor"], 0);
    assert_eq!(patch["status"], "active");
    assert_eq!(patch["auto_renew"], false);
    assert_eq!(patch["term_ends_on"], "2000-12-08");
    assert_eq!(fact.revision.version.as_second(), 1_234_567_890);
    let deleted = parse(&fixture("customer.subscription.deleted.json"));
    assert_eq!(only(&deleted).revision.patch["status"], "canceled");
    assert!(
        only(&deleted).revision.version > fact.revision.version,
        "deleted comes after updated in one second"
    );
}

#[test]
fn a_subscription_of_the_shape_before_basil() {
    let object = json!({
        "id": "sub_1", "object": "subscription", "customer": {"id": "cus_1", "object": "customer"}, "status": "unpaid",
        "currency": "jpy", "start_date": 1_700_000_000, "current_period_end": 1_710_000_000, "cancel_at_period_end": true,
        "items": {"data": [{"id": "si_1", "quantity": 7, "price": {"nickname": "Team", "unit_amount": 12_000,
            "recurring": {"interval": "year", "interval_count": 1, "usage_type": "licensed"}}}]}
    });
    let parsed = parse(&event("customer.subscription.updated", 1_705_000_000, &object));
    let fact = only(&parsed);
    assert_eq!(fact.account.id, "cus_1");
    assert_eq!(
        Value::Object(fact.revision.patch.clone()),
        json!({"plan": "Team", "status": "past_due", "mrr_minor": 7_000, "currency": "JPY", "seats": 7,
            "started_at": "2023-11-14T22:13:20Z", "term_ends_on": "2024-03-09",
            "canceled_at": "2024-03-09T16:00:00Z", "auto_renew": false})
    );
}

#[test]
fn an_invoice_in_any_order_of_its_events_is_the_same_invoice() {
    let mut failed = fixture("invoice.payment_failed.json");
    let mut paid = fixture("invoice.paid.json");
    failed["created"] = json!(1_700_000_000);
    paid["created"] = json!(1_700_100_000);
    let facts = [failed, paid].map(|event| only(&parse(&event)).revision.clone());
    let mut one = Record::default();
    let mut two = Record::default();
    for revision in &facts {
        one.merge(revision.clone());
    }
    for revision in facts.iter().rev().chain(&facts) {
        two.merge(revision.clone());
    }
    assert_eq!(one, two);
    assert_eq!(
        Value::Object(one.current()),
        json!({"amount_minor": 1_000, "currency": "USD", "issued_at": "2009-02-13T23:31:30Z",
            "due_at": "2009-02-13T23:31:30Z", "failed_at": "2023-11-14T22:13:20Z",
            "paid_at": "2023-11-16T02:00:00Z", "line_count": 1})
    );
}

#[test]
fn void_and_written_off_invoices_are_voided() {
    for (kind, status) in [
        ("invoice.voided", "void"),
        ("invoice.marked_uncollectible", "uncollectible"),
    ] {
        let object =
            json!({"id": "in_1", "customer": "cus_1", "status": status, "total": 5, "currency": "eur"});
        let parsed = parse(&event(kind, 1_700_000_000, &object));
        assert_eq!(only(&parsed).revision.patch["voided_at"], "2023-11-14T22:13:20Z");
    }
    let draft = json!({"id": "in_1", "customer": "cus_1", "status": "draft", "total": 5});
    let parsed = parse(&event("invoice.created", 1, &draft));
    assert_eq!(parsed.facts, []);
    assert_eq!(parsed.ignored, ["invoice.created: a draft is no bill yet"]);
}

#[test]
fn a_refund_is_a_credit_and_a_charge_of_nobody_is_named() {
    let parsed = parse(&fixture("charge.refunded.json"));
    assert_eq!(parsed.errors[0].1.code, "missing_field");
    assert!(
        parsed.errors[0].1.detail.contains("names no customer"),
        "{:?}",
        parsed.errors
    );
    let object =
        json!({"id": "ch_1", "customer": "cus_1", "amount": 900, "amount_refunded": 300, "currency": "eur"});
    let parsed = parse(&event("charge.refunded", 1_700_000_000, &object));
    let fact = only(&parsed);
    assert_eq!(
        (fact.kind, fact.external_id.id.as_str()),
        (Kind::Invoice, "ch_1-refund")
    );
    assert_eq!(fact.revision.patch["amount_minor"], -300);
}

#[test]
fn a_customer_is_account_contact_and_link() {
    let object = json!({"id": "cus_1", "name": "Acme", "email": "Pay@Acme.com", "currency": "eur", "created": 1_700_000_000,
        "delinquent": true, "address": {"country": "DE"}, "metadata": {"account_id": "4711"}});
    let parsed = parse(&event("customer.updated", 1_705_000_000, &object));
    assert_eq!(parsed.errors, []);
    let [
        (_, Fact::Record(account)),
        (_, Fact::Record(contact)),
        (_, Fact::Link(link)),
    ] = parsed.facts.as_slice()
    else {
        panic!("{parsed:?}");
    };
    assert_eq!(
        Value::Object(account.revision.patch.clone()),
        json!({"name": "Acme", "country": "DE", "currency": "EUR", "custom": {"delinquent": true, "account_id": "4711"}})
    );
    assert_eq!(
        (contact.kind, contact.revision.patch["email"].as_str()),
        (Kind::Contact, Some("pay@acme.com"))
    );
    assert_eq!(
        (link.identity.source.as_str(), link.identity.id.as_str()),
        ("stripe", "cus_1")
    );
    assert_eq!(
        (link.account.source.as_str(), link.account.id.as_str()),
        ("api", "4711")
    );
    assert_eq!(link.version, account.revision.version);
}

#[test]
fn the_same_event_twice_tells_the_same() {
    for name in [
        "customer.subscription.updated.json",
        "invoice.paid.json",
        "charge.refunded.json",
    ] {
        assert_eq!(parse(&fixture(name)), parse(&fixture(name)));
    }
}

#[test]
fn what_is_not_read_is_named() {
    let thin = parse(&fixture("thin_event_v2.json"));
    assert!(
        thin.ignored[0].starts_with("v1.billing.meter.error_report_triggered: a thin event"),
        "{thin:?}"
    );
    let strange = parse(&event(
        "radar.early_fraud_warning.created",
        1,
        &json!({"id": "x"}),
    ));
    assert_eq!(
        strange.ignored,
        ["radar.early_fraud_warning.created: this type of event is not read"]
    );
    assert_eq!((strange.facts.len(), strange.errors.len()), (0, 0));
    assert_eq!(
        parse(&json!({"id": "evt_1", "type": "invoice.paid"})).errors[0]
            .1
            .code,
        "missing_field"
    );
}

#[test]
fn the_envelope_names_the_delivery() {
    let envelope = stripe::envelope(&fixture("invoice.paid.json").to_string()).unwrap();
    assert_eq!(envelope.id, "evt_composed_0004");
    assert_eq!(envelope.created.unwrap().as_second(), 1_234_567_890);
    assert!(
        stripe::envelope(&fixture("thin_event_v2.json").to_string())
            .unwrap()
            .created
            .is_some()
    );
    assert!(stripe::envelope(r#"{"id": "../../x"}"#).is_none());
    assert!(stripe::envelope("[]").is_none());
}

#[test]
fn an_event_of_the_day_after_tomorrow_is_refused_and_does_not_lock_its_record() {
    let received = parse_instant("2026-03-01T12:00:00Z").unwrap().as_second();
    let customer = json!({"id": "cus_1", "object": "customer", "name": "Acme"});
    let day = 24 * 3_600;
    let near = parse(&event("customer.updated", received + day, &customer));
    assert_eq!((near.facts.len(), near.errors.len()), (1, 0), "{near:?}");
    let far = event("customer.updated", received + day + 1, &customer);
    let refused = parse(&far);
    assert!(refused.facts.is_empty(), "{refused:?}");
    let (_, error) = &refused.errors[0];
    assert_eq!(
        (error.code, error.field.as_deref()),
        ("out_of_range", Some("created"))
    );
    // A pinned clock looks at old data from any time.
    assert_eq!(parse_delivery(&delivery(&far), true).facts.len(), 1);
}
