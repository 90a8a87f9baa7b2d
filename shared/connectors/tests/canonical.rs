//! Rows in, facts out: what is taken, what is refused and in which words.
#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test may stop at the first surprise"
)]

use copilot_connectors::canonical::{
    Fact, RowContext, RowError, RowKind, canonical_body, links, parse_batch, parse_event, parse_row,
    parse_rows,
};
use copilot_domain::Source;
use copilot_domain::facts::{
    AccountRow, ActivityRow, ContactRow, InvoiceRow, Kind, OutcomeRow, SubscriptionRow, SurveyRow, TicketRow,
};
use copilot_domain::time::{Timestamp, parse_instant};
use proptest::prelude::*;
use serde_json::{Value, json};

fn ctx() -> RowContext {
    let at = parse_instant("2026-03-01T12:00:00Z").unwrap();
    RowContext {
        source: Source::api(),
        received_at: at,
        version_at: at,
        sandbox: false,
    }
}

fn sandbox() -> RowContext {
    RowContext {
        sandbox: true,
        ..ctx()
    }
}

fn refused(kind: Kind, row: &Value) -> RowError {
    parse_row(kind, row, &ctx()).expect_err("a bad row")
}

/// A row of a kind with every field of its table set.
fn full(kind: RowKind) -> Value {
    use copilot_connectors::canonical::FieldType as T;
    let mut row = serde_json::Map::new();
    for spec in kind.fields() {
        let value = match spec.ty {
            T::ExternalId => json!("x-1"),
            T::Name | T::Text => json!("words"),
            T::Email => json!("Jo@Example.com"),
            T::Domain => json!("https://www.Example.com/about"),
            T::Integer(min, _) => json!(min),
            T::Decimal(..) => json!(5),
            T::AmountMinor => json!(-12_345),
            T::Currency => json!("eur"),
            T::Date => json!("2026-01-02"),
            T::Instant => json!("2026-01-02T03:04:05+01:00"),
            T::Boolean => json!(true),
            T::OneOf(words) => json!(words.last()),
            T::Names => json!(["Reports", " API ", "Reports"]),
            T::Identities => json!({"stripe": "cus_1"}),
            T::Custom => json!({"tier": "gold", "rank": 3, "vip": true, "ratio": 0.5, "old": null}),
        };
        row.insert(spec.name.to_owned(), value);
    }
    Value::Object(row)
}

#[test]
fn every_field_of_the_table_is_taken_and_reads_into_the_domain_type() {
    for kind in Kind::ALL {
        let fact = parse_row(kind, &full(RowKind::Record(kind)), &ctx()).unwrap();
        let patch = fact.revision.patch.clone();
        let fields = RowKind::Record(kind).fields().len();
        let row = {
            let mut record = copilot_domain::revision::Record::default();
            record.merge(fact.revision);
            Value::Object(record.current())
        };
        let back = match kind {
            Kind::Account => serde_json::to_value(serde_json::from_value::<AccountRow>(row).unwrap()),
            Kind::Contact => serde_json::to_value(serde_json::from_value::<ContactRow>(row).unwrap()),
            Kind::Subscription => {
                serde_json::to_value(serde_json::from_value::<SubscriptionRow>(row).unwrap())
            }
            Kind::Invoice => serde_json::to_value(serde_json::from_value::<InvoiceRow>(row).unwrap()),
            Kind::Ticket => serde_json::to_value(serde_json::from_value::<TicketRow>(row).unwrap()),
            Kind::Activity => serde_json::to_value(serde_json::from_value::<ActivityRow>(row).unwrap()),
            Kind::Survey => serde_json::to_value(serde_json::from_value::<SurveyRow>(row).unwrap()),
            Kind::Outcome => serde_json::to_value(serde_json::from_value::<OutcomeRow>(row).unwrap()),
        }
        .unwrap();
        // Nothing of the table is unknown to the domain type, and nothing of the type is missing in the table.
        let head = if kind == Kind::Account { 3 } else { 4 };
        assert_eq!(patch.len(), fields - head, "{}", kind.plural());
        assert_eq!(
            back.as_object().unwrap().len(),
            fields - head,
            "{}",
            kind.plural()
        );
        assert!(back.as_object().unwrap().values().all(|v| !v.is_null()), "{back}");
    }
    assert!(parse_event(&full(RowKind::Event), &ctx()).is_ok());
}

#[test]
fn values_are_normalised_so_that_the_same_row_is_the_same_revision() {
    let one = json!({"external_id": "1", "seats": 5, "currency": "eur", "domain": "www.Acme.com", "contract_end": "2026-05-01"});
    let two = json!({"domain": "https://acme.com/", "contract_end": "2026-05-01T00:00:00Z", "currency": "EUR", "seats": 5.0, "external_id": "1"});
    let (one, two) = (
        parse_row(Kind::Account, &one, &ctx()).unwrap(),
        parse_row(Kind::Account, &two, &ctx()).unwrap(),
    );
    assert_eq!(one, two);
}

#[test]
fn each_fault_has_its_code_and_names_the_field_and_the_mend() {
    let long = "x".repeat(201);
    for (row, code, field) in [
        (json!({"name": "A"}), "missing_field", "external_id"),
        (json!({"external_id": null}), "missing_field", "external_id"),
        (json!({"external_id": ""}), "missing_field", "external_id"),
        (json!({"external_id": 42}), "wrong_type", "external_id"),
        (json!({"external_id": long}), "too_long", "external_id"),
        (
            json!({"external_id": "a\u{0}b"}),
            "control_characters",
            "external_id",
        ),
        (json!({"external_id": "1", "name": long}), "too_long", "name"),
        (
            json!({"external_id": "1", "name": "a\nb"}),
            "control_characters",
            "name",
        ),
        (
            json!({"external_id": "1", "seats": "many"}),
            "wrong_type",
            "seats",
        ),
        (json!({"external_id": "1", "seats": -1}), "out_of_range", "seats"),
        (json!({"external_id": "1", "seats": 1.5}), "wrong_type", "seats"),
        (
            json!({"external_id": "1", "mrr_minor": 1e300}),
            "out_of_range",
            "mrr_minor",
        ),
        (json!({"external_id": "1", "pulse": 6}), "out_of_range", "pulse"),
        (
            json!({"external_id": "1", "stage": "Churned"}),
            "unknown_value",
            "stage",
        ),
        (
            json!({"external_id": "1", "currency": "EURO"}),
            "unknown_value",
            "currency",
        ),
        (
            json!({"external_id": "1", "contract_end": "31/12/2026"}),
            "malformed_date",
            "contract_end",
        ),
        (
            json!({"external_id": "1", "contract_end": "30000-01-01"}),
            "year_out_of_range",
            "contract_end",
        ),
        (
            json!({"external_id": "1", "contract_end": "1969-12-31"}),
            "year_out_of_range",
            "contract_end",
        ),
        (
            json!({"external_id": "1", "owner": "nobody"}),
            "malformed_email",
            "owner",
        ),
        (json!({"external_id": "1", "sets": 4}), "unknown_field", "sets"),
        (
            json!({"external_id": "1", "custom": {"a": [1]}}),
            "wrong_type",
            "custom.a",
        ),
        (
            json!({"external_id": "1", "custom": {"a": 1e19}}),
            "out_of_range",
            "custom.a",
        ),
        (
            json!({"external_id": "1", "identities": {"Stripe": "c"}}),
            "unknown_value",
            "identities.Stripe",
        ),
        (
            json!({"external_id": "1", "known_at": "2026-03-02"}),
            "out_of_range",
            "known_at",
        ),
        (
            json!({"external_id": "1", "updated_at": "2026-03-03"}),
            "out_of_range",
            "updated_at",
        ),
    ] {
        let error = refused(Kind::Account, &row);
        assert_eq!(
            (error.code, error.field.as_deref()),
            (code, Some(field)),
            "{row} {error}"
        );
        assert!(
            error
                .detail
                .contains(&format!("`{}", field.split('.').next().unwrap())),
            "{error}"
        );
    }
    let many: serde_json::Map<_, _> = (0..101).map(|n| (format!("f{n}"), json!(n))).collect();
    assert_eq!(
        refused(Kind::Account, &json!({"external_id": "1", "custom": many})).code,
        "out_of_range"
    );
    assert_eq!(refused(Kind::Account, &json!([])).code, "wrong_type");
    assert_eq!(
        refused(Kind::Contact, &json!({"external_id": "1"}))
            .field
            .as_deref(),
        Some("account")
    );
    let error = refused(Kind::Account, &json!({"external_id": "1", "seats": "many"}));
    assert_eq!(
        error.detail,
        "`seats` must be a whole number from 0 to 1000000000; got \"many\""
    );
    let error = refused(Kind::Account, &json!({"external_id": "1", "sets": 1}));
    assert_eq!(
        error.detail,
        "`sets` is no field of accounts; did you mean `seats`?"
    );
    let error = refused(
        Kind::Account,
        &json!({"external_id": "1", "favourite_colour": "red"}),
    );
    assert!(
        error.detail.ends_with("fields of your own go under `custom`"),
        "{error}"
    );
    let survey = json!({"external_id": "1", "account": "1", "kind": "csat", "score": 9});
    assert_eq!(refused(Kind::Survey, &survey).code, "out_of_range");
}

#[test]
fn absent_keeps_null_deletes_and_empty_text_is_null() {
    let row = json!({"external_id": "1", "seats": null, "plan": " "});
    let fact = parse_row(Kind::Account, &row, &ctx()).unwrap();
    assert_eq!(
        Value::Object(fact.revision.patch),
        json!({"seats": null, "plan": null})
    );
    assert_eq!(
        (fact.revision.version, fact.revision.known_at),
        (ctx().version_at, ctx().received_at)
    );
}

#[test]
fn a_sandbox_learns_of_a_fact_when_it_happened() {
    let at = |text: &str| parse_instant(text).unwrap();
    let known = |kind, row: Value| parse_row(kind, &row, &sandbox()).unwrap().revision.known_at;
    assert_eq!(
        known(Kind::Account, json!({"external_id": "1"})),
        Timestamp::UNIX_EPOCH
    );
    assert_eq!(
        known(
            Kind::Account,
            json!({"external_id": "1", "contract_start": "2010-01-01"})
        ),
        at("2010-01-01")
    );
    let invoice =
        json!({"external_id": "i", "account": "1", "issued_at": "2010-02-01", "paid_at": "2010-03-01"});
    assert_eq!(known(Kind::Invoice, invoice), at("2010-02-01"));
    let paid = json!({"external_id": "i", "account": "1", "paid_at": "2010-03-01"});
    assert_eq!(known(Kind::Invoice, paid), at("2010-03-01"));
    let told =
        json!({"external_id": "i", "account": "1", "issued_at": "2010-02-01", "known_at": "2040-01-01"});
    assert_eq!(known(Kind::Invoice, told), at("2040-01-01"));
    let event = json!({"id": "e", "account": "1", "name": "login", "at": "2010-02-01"});
    assert_eq!(
        parse_event(&event, &sandbox()).unwrap().known_at,
        at("2010-02-01")
    );
    assert_eq!(parse_event(&event, &ctx()).unwrap().known_at, ctx().received_at);
}

#[test]
fn an_account_row_links_the_identities_that_it_claims() {
    let row = json!({"external_id": "1", "identities": {"stripe": "cus_1", "zendesk": null}});
    let links = links(&parse_row(Kind::Account, &row, &ctx()).unwrap());
    assert_eq!(links.len(), 1);
    assert_eq!(
        (links[0].identity.source.as_str(), links[0].identity.id.as_str()),
        ("stripe", "cus_1")
    );
    assert_eq!(
        (links[0].account.source.as_str(), links[0].account.id.as_str()),
        ("api", "1")
    );
}

#[test]
fn one_bad_row_never_takes_its_neighbours_down() {
    let deep = format!(
        "{{\"external_id\":\"d\",\"custom\":{}1{}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let body = format!(
        r#"{{"accounts":[{{"external_id":"1"}},{{"external_id":"2","seats":1e400}},{{"external_id":"3","seats":NaN}},
        {{"external_id":"4","seats":1,"seats":2}},{deep},{{"external_id":"\ud800"}},{{"external_id":"NaN -Infinity \" NaN"}}],
        "favourites":[],"events":{{}},"tickets":[{{"external_id":"t","account":"1"}}]}}"#
    );
    let sections = parse_batch(&body).unwrap();
    let codes: Vec<_> = sections[0]
        .rows
        .iter()
        .map(|row| {
            row.read().map_or_else(
                |e| e.code,
                |v| parse_row(Kind::Account, &v, &ctx()).map_or("bad", |_| "ok"),
            )
        })
        .collect();
    assert_eq!(
        codes,
        [
            "ok",
            "not_finite",
            "not_finite",
            "duplicate_field",
            "too_deep",
            "invalid_text",
            "ok"
        ]
    );
    assert_eq!(
        sections[0].rows[1].read().unwrap_err().field.as_deref(),
        Some("seats")
    );
    assert_eq!(sections[1].kind.as_ref().unwrap_err().code, "unknown_field");
    assert_eq!(sections[2].kind.as_ref().unwrap_err().code, "wrong_type");
    assert_eq!(sections[3].kind, Ok(RowKind::Record(Kind::Ticket)));
}

#[test]
fn a_body_that_is_no_json_says_where() {
    let error = parse_batch("{\"accounts\":[\n  {\"external_id\": oops}]}").unwrap_err();
    assert_eq!(error.code(), "invalid_json");
    assert!(error.to_string().contains("line 2 column 19"), "{error}");
    assert_eq!(parse_batch("[]").unwrap_err().code(), "invalid_body");
    assert_eq!(parse_batch("").unwrap_err().code(), "invalid_json");
}

#[test]
fn a_batch_call_is_read_and_kept_for_replay() {
    let kind = RowKind::Record(Kind::Account);
    let body = parse_rows(
        r#"{"source":"crm","rows":[{"external_id":"1"},{"external_id":"2"}]}"#,
        kind,
    )
    .unwrap();
    assert_eq!(body.source.as_deref(), Some("crm"));
    let kept = canonical_body(kind, &body.rows);
    assert_eq!(parse_batch(&kept).unwrap()[0].rows.len(), 2);
    assert_eq!(
        parse_rows(r#"{"events":[]}"#, RowKind::Event).unwrap().rows.len(),
        0
    );
    assert_eq!(
        parse_rows(r#"{"row":[]}"#, kind).unwrap_err().code(),
        "invalid_body"
    );
    let many = format!("{{\"rows\":[{}]}}", vec!["{}"; 1_001].join(","));
    assert_eq!(parse_rows(&many, kind).unwrap_err().code(), "too_many_rows");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("2026-01-01")),
    ];
    let names = RowKind::all()
        .flat_map(|k| k.fields().iter().map(|f| f.name))
        .collect::<Vec<_>>();
    leaf.prop_recursive(3, 24, 6, move |inner| {
        let key = prop_oneof![
            proptest::sample::select(names.clone()).prop_map(str::to_owned),
            ".{0,6}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_parser_panic_and_equal_rows_are_equal_facts(mut value in any_json(), sandboxed: bool) {
        let ctx = RowContext { sandbox: sandboxed, ..ctx() };
        if let Value::Object(row) = &mut value {
            row.entry("external_id").or_insert(json!("1"));
            row.entry("account").or_insert(json!("1"));
        }
        for kind in Kind::ALL {
            prop_assert_eq!(parse_row(kind, &value, &ctx), parse_row(kind, &value, &ctx));
        }
        let _ = parse_event(&value, &ctx).map(Fact::Usage);
    }

    #[test]
    fn no_text_makes_the_splitter_panic(body in r#"[\[\]{}",:NaNIf0-9e\\u -]{0,60}"#) {
        if let Ok(sections) = parse_batch(&body) {
            for row in sections.iter().flat_map(|s| &s.rows) {
                let _ = row.read();
            }
        }
        let _ = parse_batch(&format!("{{\"accounts\":[{body}]}}"));
    }

    #[test]
    fn a_row_reads_the_same_split_out_of_a_batch(value in any_json()) {
        let body = json!({"accounts": [&value]}).to_string();
        let sections = parse_batch(&body).unwrap();
        if let Ok(read) = sections[0].rows[0].read() {
            prop_assert_eq!(read, value);
        }
    }
}
