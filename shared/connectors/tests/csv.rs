//! Files as people make them: any delimiter, any cut into chunks, broken where files break.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use copilot_connectors::canonical::{Fact, RowContext, RowKind};
use copilot_connectors::csv::{
    CsvError, CsvState, Encoding, Plan, Position, Reader, Record, open, preview, suggest,
};
use copilot_domain::Source;
use copilot_domain::facts::Kind;
use copilot_domain::time::parse_instant;
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCOUNTS: RowKind = RowKind::Record(Kind::Account);

fn ctx() -> RowContext {
    let at = parse_instant("2026-03-01T12:00:00Z").unwrap();
    RowContext {
        source: Source::api(),
        received_at: at,
        version_at: at,
        sandbox: false,
    }
}

/// Reads a file cut into pieces, through a stored position after every record.
fn read(file: &[u8], cuts: &[usize]) -> Result<(CsvState, Vec<Record>), CsvError> {
    let state = open(file, true)?;
    let mut records = Vec::new();
    let mut reader = Reader::new(&state);
    let rest = &file[state.position.offset as usize..];
    let mut from = 0;
    for cut in cuts.iter().map(|cut| cut % (rest.len() + 1)) {
        if cut > from {
            reader.feed(&rest[from..cut]);
            from = cut;
            records.extend(std::iter::from_fn(|| reader.next_record()));
        }
    }
    reader.feed(&rest[from..]);
    records.extend(std::iter::from_fn(|| reader.next_record()));
    reader.finish();
    records.extend(std::iter::from_fn(|| reader.next_record()));
    assert_eq!(reader.position().offset as usize, file.len());
    Ok((state, records))
}

/// Reads a file in one invocation a record: every position is stored, restored and read on from.
fn read_resumed(file: &[u8]) -> Vec<Record> {
    let mut state = open(file, true).unwrap();
    let mut records = Vec::new();
    loop {
        let text = serde_json::to_string(&state).unwrap();
        state = serde_json::from_str(&text).unwrap();
        let mut reader = Reader::new(&state);
        reader.feed(&file[state.position.offset as usize..]);
        reader.finish();
        let Some(record) = reader.next_record() else {
            return records;
        };
        records.push(record);
        state.position = reader.position();
    }
}

fn shown(records: &[Record]) -> Vec<(u64, Result<String, &'static str>)> {
    records
        .iter()
        .map(|r| (r.line, r.cells.as_ref().map(|c| c.join("|")).map_err(|e| e.code)))
        .collect()
}

#[test]
fn delimiters_bom_line_ends_and_quotes() {
    for (file, header, rows) in [
        ("a,b\n1,2\n", "a|b", vec![(2, "1|2")]),
        ("\u{feff}a;b\r\n1;2,5\r\n", "a|b", vec![(2, "1|2,5")]),
        ("a\tb\r1\t2\r", "a|b", vec![(2, "1|2")]),
        ("a|b\n\n \n1|2", "a|b", vec![(4, "1|2")]),
        (
            "\"a,x\",b\n\"1\n\"\"one\"\"\",2\n3,\n,4\n,,\n",
            "a,x|b",
            vec![(2, "1\n\"one\"|2"), (4, "3|"), (5, "|4")],
        ),
        ("\n\na,b\n1,2,,\n", "a|b", vec![(4, "1|2")]),
        ("a,b\n1,it's 5\" long\n", "a|b", vec![(2, "1|it's 5\" long")]),
        ("id\n7\n", "id", vec![(2, "7")]),
    ] {
        let (state, records) = read(file.as_bytes(), &[]).unwrap();
        assert_eq!(state.header.join("|"), header, "{file:?}");
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(line, row)| (line, Ok(row.to_owned())))
            .collect();
        assert_eq!(shown(&records), rows, "{file:?}");
    }
}

#[test]
fn a_quote_that_never_closes_is_named_and_the_rest_goes_through() {
    let mut file = "id,name\n".to_owned();
    for line in 2..=3_000 {
        match line {
            1_500 => file.push_str("1500,\"Broken\n"),
            2_000 => file.push_str("2000,\"Bro\"ken\n"),
            2_500 => file.push_str("2500,\"Broken before a quote\n"),
            2_501 => file.push_str("2501,\"whole\"\n"),
            2_999 => file.push_str("2999,\"At the end\n"),
            _ => writeln!(file, "{line},Name {line}").unwrap(),
        }
    }
    let (_, records) = read(file.as_bytes(), &[]).unwrap();
    let bad: Vec<_> = shown(&records)
        .into_iter()
        .filter(|(_, row)| row.is_err())
        .collect();
    assert_eq!(
        bad,
        [
            (1_500, Err("unclosed_quote")),
            (2_000, Err("broken_quote")),
            (2_500, Err("unclosed_quote")),
            (2_999, Err("unclosed_quote")),
        ]
    );
    assert_eq!(records.len(), 2_999);
    assert!(records.iter().enumerate().all(|(at, r)| r.line == at as u64 + 2));
    assert!(
        records[1_498]
            .cells
            .as_ref()
            .unwrap_err()
            .detail
            .contains("line 1500")
    );
    assert_eq!(records, read_resumed(file.as_bytes()));
}

#[test]
fn ragged_huge_and_undecodable_records_are_errors_of_their_own() {
    let mut file = b"a,b\n1\n1,2,3\n".to_vec();
    file.extend(vec![b'x'; 300_000]);
    file.extend(b",y\n5,\xff\n6,\xc3\xa9\xc3\xa9\n");
    let (state, records) = read(&file, &[7, 100_000, 290_000]).unwrap();
    assert_eq!(state.dialect.encoding, Encoding::Utf8);
    assert_eq!(
        shown(&records),
        [
            (2, Err("wrong_column_count")),
            (3, Err("wrong_column_count")),
            (4, Err("record_too_large")),
            (5, Err("invalid_utf8")),
            (6, Ok("6|éé".to_owned())),
        ]
    );
}

#[test]
fn old_spreadsheets_write_windows_1252() {
    let (state, records) = read(b"name;note\nM\xfcller;5\x80\n", &[]).unwrap();
    assert_eq!(
        (state.dialect.encoding, state.dialect.delimiter),
        (Encoding::Windows1252, b';')
    );
    assert_eq!(shown(&records), [(2, Ok("Müller|5€".to_owned()))]);
}

#[test]
fn what_is_no_csv_is_named() {
    let columns = |number: usize| vec!["c"; number].join(",");
    for (file, code) in [
        (Vec::new(), "empty_file"),
        (b"\xef\xbb\xbf \n".to_vec(), "empty_file"),
        (b"\xff\xfea\0".to_vec(), "not_csv"),
        (b"PK\x03\x04".to_vec(), "not_csv"),
        (b"a,\0b".to_vec(), "not_csv"),
        (columns(5_000).into_bytes(), "too_many_columns"),
        (b"a,\"b\n1,2\n".to_vec(), "invalid_header"),
        (vec![b'x'; 600_000], "invalid_header"),
    ] {
        assert_eq!(open(&file, true).unwrap_err().code(), code);
    }
    assert_eq!(open(columns(200).as_bytes(), true).unwrap().header.len(), 200);
    let error = open(columns(5_000).as_bytes(), true).unwrap_err().to_string();
    assert!(error.contains("5000 columns") && error.contains("200"), "{error}");
    assert_eq!(
        open(b"a,a,,a\n", true).unwrap().header,
        ["a", "a (2)", "column 3", "a (3)"]
    );
}

fn mapping(pairs: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
    pairs
        .iter()
        .map(|(c, f)| ((*c).to_owned(), Some((*f).to_owned()).filter(|f| !f.is_empty())))
        .collect()
}

#[test]
fn a_record_becomes_the_row_that_the_api_would_take() {
    let file = "Id;Company;MRR;Currency;Seats;Renewal;Stripe;Tier;Skip\n42;Acme;1.234,50;eur;1 000;2026-12-31;cus_1;3;x\n";
    let (state, records) = read(file.as_bytes(), &[]).unwrap();
    let map = mapping(&[
        ("Id", "external_id"),
        ("Company", "name"),
        ("MRR", "mrr"),
        ("Currency", "currency"),
        ("Seats", "seats"),
        ("Renewal", "contract_end"),
        ("Stripe", "identities.stripe"),
        ("Tier", "custom.tier"),
        ("Skip", ""),
    ]);
    let plan = Plan::new(ACCOUNTS, &state, &map).unwrap();
    let facts = plan.facts(records[0].cells.as_ref().unwrap(), &ctx()).unwrap();
    let [Fact::Record(record), Fact::Link(link)] = facts.as_slice() else {
        unreachable!("{facts:?}")
    };
    assert_eq!(
        Value::Object(record.revision.patch.clone()),
        json!({"name": "Acme", "mrr_minor": 123_450, "currency": "EUR", "seats": 1_000,
            "contract_end": "2026-12-31", "identities": {"stripe": "cus_1"}, "custom": {"tier": 3}})
    );
    assert_eq!(link.identity.id, "cus_1");
}

#[test]
fn errors_name_the_field_and_its_column() {
    let state = open(b"Id,Ends,Seats,Money\n", true).unwrap();
    let map = mapping(&[
        ("Id", "external_id"),
        ("Ends", "contract_end"),
        ("Seats", "seats"),
        ("Money", "mrr"),
    ]);
    let plan = Plan::new(ACCOUNTS, &state, &map).unwrap();
    let refused = |cells: [&str; 4]| {
        let cells: Vec<String> = cells.into_iter().map(str::to_owned).collect();
        plan.facts(&cells, &ctx()).unwrap_err()
    };
    for (cells, code, column) in [
        (["", "", "", ""], "missing_field", "Id"),
        (["1", "03/04/2026", "", ""], "malformed_date", "Ends"),
        (["1", "30000-01-01", "", ""], "year_out_of_range", "Ends"),
        (["1", "", "many", ""], "wrong_type", "Seats"),
        (["1", "", "-4", ""], "out_of_range", "Seats"),
        (["1", "", "", "NaN"], "not_finite", "Money"),
        (["1", "", "", "1e400"], "not_finite", "Money"),
        (["1", "", "", "0.001"], "too_precise", "Money"),
    ] {
        let error = refused(cells);
        assert_eq!(error.code, code, "{error}");
        assert!(
            error.detail.contains(&format!("(column \"{column}\")")),
            "{error}"
        );
    }
}

#[test]
fn a_mapping_that_does_not_fit_is_refused_before_anything_is_read() {
    let state = open(b"Id,A,B\n", true).unwrap();
    for (map, code) in [
        (
            mapping(&[("Id", "external_id"), ("Nope", "name")]),
            "unknown_column",
        ),
        (mapping(&[("Id", "external_id"), ("A", "nmae")]), "unknown_field"),
        (
            mapping(&[("Id", "external_id"), ("A", "mrr"), ("B", "mrr_minor")]),
            "duplicate_mapping",
        ),
        (mapping(&[("A", "name")]), "required_field_unmapped"),
        (
            mapping(&[("Id", "external_id"), ("A", "identities.No Slug")]),
            "unknown_field",
        ),
    ] {
        assert_eq!(Plan::new(ACCOUNTS, &state, &map).unwrap_err().code(), code);
    }
}

#[test]
fn columns_of_known_systems_are_recognised() {
    let guess = |kind: &str, header: &str| {
        let names: Vec<String> = header.split(',').map(str::to_owned).collect();
        let found = suggest(RowKind::from_plural(kind).unwrap(), &names);
        found
            .into_iter()
            .map(|f| f.unwrap_or_else(|| "-".to_owned()))
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_eq!(
        guess(
            "accounts",
            "account_id,account_name,industry,country,signup_date,referral_source,plan_tier,seats,Colour"
        ),
        "external_id,name,industry,country,contract_start,-,plan,seats,-"
    );
    assert_eq!(
        guess(
            "subscriptions",
            "subscription_id,account_id,start_date,end_date,plan_tier,seats,mrr_amount,auto_renew_flag"
        ),
        "external_id,account,started_at,canceled_at,plan,seats,mrr,auto_renew"
    );
    assert_eq!(
        guess(
            "tickets",
            "ticket_id,account_id,submitted_at,closed_at,priority,satisfaction_score,escalation_flag"
        ),
        "external_id,account,opened_at,solved_at,priority,csat,escalated"
    );
    assert_eq!(
        guess("events", "usage_id,account,user_id,feature_name,timestamp"),
        "id,account,user,name,at"
    );
    assert_eq!(
        guess("accounts", "Id,Name,Ower,MRR,mrr_minor,Renewal Date"),
        "external_id,name,owner,mrr,-,contract_end"
    );
}

#[test]
fn a_preview_shows_what_will_be_read() {
    let file = "id;name;owner\n1;Acme;jo@example.com\n2;Beta;jo@example.com\n3;\"open;x\n4;Dell;\n";
    let shown = serde_json::to_value(preview(file.as_bytes(), true, ACCOUNTS).unwrap()).unwrap();
    assert_eq!(
        (shown["delimiter"].as_str(), shown["encoding"].as_str()),
        (Some(";"), Some("utf-8"))
    );
    assert_eq!(
        shown["columns"][2],
        json!({"name": "owner", "samples": ["jo@example.com"], "suggested_field": "owner"})
    );
    assert_eq!(
        shown["first_rows"],
        json!([
            ["1", "Acme", "jo@example.com"],
            ["2", "Beta", "jo@example.com"],
            ["4", "Dell", ""]
        ])
    );
    assert_eq!(shown["fields"][0]["name"], "external_id");
    assert_eq!(shown["fields"][0]["required"], true);
}

#[test]
fn nothing_of_a_large_file_is_kept() {
    let line = "12345,\"A company, of some length\",2026-01-01,1234.50\n";
    let chunk = line.repeat(2_000);
    let state = CsvState {
        position: Position {
            offset: 0,
            line: 1,
            skipping: false,
        },
        ..open(b"a,b,c,d\n", true).unwrap()
    };
    let mut reader = Reader::new(&state);
    let mut rows = 0_u64;
    for _ in 0..100 {
        reader.feed(chunk.as_bytes());
        rows += std::iter::from_fn(|| reader.next_record()).count() as u64;
        // The reader's memory is what it was fed last.
        assert_eq!(reader.position().offset, rows * line.len() as u64);
    }
    assert_eq!((rows, reader.position().line), (200_000, 200_001));
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-c0-9]{1,4}".prop_map(String::into_bytes),
        4 => Just(b",".to_vec()),
        2 => Just(b"\n".to_vec()),
        2 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b"\"".to_vec()),
        1 => Just(b"\"\"".to_vec()),
        1 => Just(b",\"x\ny\",".to_vec()),
        1 => Just("é".as_bytes().to_vec()),
        1 => proptest::collection::vec(1_u8.., 1..3),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| {
        let mut file = b"a,b\n".to_vec();
        file.extend(pieces.concat());
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_cut_into_chunks_and_any_resumption_give_the_same_records(
        file in any_file(),
        mut cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        let (_, whole) = read(&file, &[]).unwrap();
        for cut in &mut cuts { *cut %= file.len() + 1; }
        cuts.sort_unstable();
        let (_, cut) = read(&file, &cuts).unwrap();
        prop_assert_eq!(&whole, &cut);
        let (_, bytewise) = read(&file, &(0..file.len()).collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(&whole, &bytewise);
        prop_assert_eq!(&whole, &read_resumed(&file));
        let lines: Vec<u64> = whole.iter().map(|r| r.line).collect();
        prop_assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn no_bytes_make_the_preview_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in RowKind::all() {
            let _ = preview(&bytes, true, kind);
            let _ = preview(&bytes, false, kind);
        }
    }

    #[test]
    fn what_a_csv_writer_writes_is_read_back(
        rows in proptest::collection::vec(proptest::collection::vec("[a-z \",;\n\r\té]{0,6}", 3), 1..8)
    ) {
        let mut file = "x,y,z\n".to_owned();
        for row in &rows {
            let cells: Vec<String> = row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            writeln!(file, "{}", cells.join(",")).unwrap();
        }
        let (_, records) = read(file.as_bytes(), &[]).unwrap();
        let back: Vec<Vec<String>> = records.into_iter().map(|r| r.cells.unwrap()).collect();
        let kept: Vec<Vec<String>> =
            rows.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
        prop_assert_eq!(back, kept);
    }
}
