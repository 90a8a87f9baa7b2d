//! Files of the feature store: written, read by other versions, and without some accounts.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use copilot_domain::facts::{Stage, Touch};
use copilot_domain::health::Band;
use copilot_domain::ids::AccountId;
use copilot_domain::money::Currency;
use copilot_domain::time::{Timestamp, from_epoch_day};
use copilot_features::CATALOGUE;
use copilot_lake::{Features, LakeError, LakeKey, Origin, Row, about, columns, read, without, write};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

fn key() -> LakeKey {
    LakeKey::new([3; 32])
}

fn account(number: usize) -> AccountId {
    AccountId::derived(&["acme", &number.to_string()])
}

fn row(number: usize) -> Row {
    let day = "2026-01-31".parse().unwrap();
    Row {
        features: Features::of([("mrr", 900.0 + number as f64), ("seats", 5.0)]),
        ..Row::new(account(number), day, "2026-01-31T22:59:59.5Z".parse().unwrap())
    }
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| key().pseudonym(row.account));
    rows
}

fn any_row() -> impl Strategy<Value = Row> {
    let number = || proptest::option::of(-1e12..1e12_f64);
    let values = proptest::collection::vec(number(), CATALOGUE.len());
    let words = (
        proptest::option::of(prop_oneof![Just(Stage::Onboarding), Just(Stage::WillChurn)]),
        proptest::option::of(".{0,8}"),
        proptest::option::of(prop_oneof![Just(Touch::High), Just(Touch::Digital)]),
        proptest::option::of(Just(Currency::USD)),
        proptest::option::of(prop_oneof![Just(Band::AtRisk), Just(Band::InsufficientData)]),
        proptest::option::of("[a-z@0-9.]{1,12}"),
    );
    let time = (
        -3_000..60_000_i32,
        -1_000_000_000_000_000..4_000_000_000_000_000_i64,
    );
    (time, words, values, number(), number()).prop_map(
        |((day, micros), (stage, segment, touch, currency, band, model_version), values, score, churn)| {
            let named = CATALOGUE.iter().zip(values);
            Row {
                stage,
                segment,
                touch,
                currency,
                score,
                band,
                churn_probability: churn,
                model_version,
                features: Features::of(named.filter_map(|(spec, value)| Some((spec.name, value?)))),
                ..Row::new(
                    account(0),
                    from_epoch_day(day),
                    Timestamp::from_microsecond(micros).unwrap(),
                )
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_written_is_read_back(rows in proptest::collection::vec(any_row(), 0..12)) {
        let rows: Vec<Row> = rows
            .into_iter()
            .enumerate()
            .map(|(number, row)| Row { account: account(number), ..row })
            .collect();
        let file = write(&rows, &key(), Origin::Lived).unwrap();
        prop_assert_eq!(about(&file).unwrap().rows, rows.len() as u64);
        prop_assert_eq!(read(&file, &key()).unwrap(), sorted(rows));
    }
}

#[test]
fn the_same_rows_in_any_order_give_the_same_bytes() {
    let rows: Vec<Row> = (0..50).map(row).collect();
    let file = write(&rows, &key(), Origin::Lived).unwrap();
    let back: Vec<Row> = rows.into_iter().rev().collect();
    assert_eq!(write(&back, &key(), Origin::Lived).unwrap(), file);
}

#[test]
fn no_id_of_an_account_stands_in_a_file() {
    let file = write(&[row(7)], &key(), Origin::Lived).unwrap();
    let id = account(7).uuid();
    let text = id.simple().to_string();
    assert!(!file.windows(text.len()).any(|bytes| bytes == text.as_bytes()));
    assert!(!file.windows(16).any(|bytes| bytes == id.as_bytes()));
}

#[test]
fn columns_are_those_that_athena_is_told_of_each_a_nullable_one() {
    let file = write(&[row(1)], &key(), Origin::Lived).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<&str> = schema.columns().iter().map(|c| c.name()).collect();
    assert_eq!(names, columns().map(|(name, _)| name).collect::<Vec<_>>());
    assert!(schema.columns().iter().all(|c| c.self_type().is_optional()));
}

#[test]
fn another_key_is_told_and_not_read_as_other_accounts() {
    let file = write(&[row(1)], &key(), Origin::Lived).unwrap();
    let other = LakeKey::new([4; 32]);
    assert!(matches!(read(&file, &other), Err(LakeError::Key)));
    assert!(matches!(
        without(&file, &[account(1)], &other),
        Err(LakeError::Key)
    ));
}

#[test]
fn what_is_no_file_of_ours_is_refused() {
    assert!(matches!(read(b"", &key()), Err(LakeError::Parquet(_))));
    assert!(matches!(
        read(b"PAR1 and nothing more PAR1", &key()),
        Err(LakeError::Parquet(_))
    ));
    let foreign = file_of_version(None, &[1.0]);
    assert!(matches!(
        read(&foreign, &key()),
        Err(LakeError::Foreign("copilot.schema"))
    ));
}

/// A file as another version of ours might write it: few columns, one that we do not know, `seats` in version 99.
fn file_of_version(schema: Option<&str>, mrr: &[f64]) -> Vec<u8> {
    let message = "message row { required binary account (UTF8); optional int32 day (DATE); \
                   required int64 as_of (TIMESTAMP(MICROS,true)); optional double mrr; optional double seats; \
                   optional binary colour (UTF8); }";
    let mut pairs = vec![
        ("copilot.features", r#"{"mrr":1,"seats":99}"#.to_owned()),
        ("copilot.origin", "lived".to_owned()),
        ("copilot.key", key().fingerprint()),
    ];
    pairs.extend(schema.map(|version| ("copilot.schema", version.to_owned())));
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| KeyValue::new(name.to_owned(), value));
    let properties = WriterProperties::builder()
        .set_key_value_metadata(Some(pairs.collect()))
        .build();
    let schema = Arc::new(parse_message_type(message).unwrap());
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = file.next_row_group().unwrap();
    let some = vec![1_i16; mrr.len()];
    for name in ["account", "day", "as_of", "mrr", "seats", "colour"] {
        let mut column = group.next_column().unwrap().unwrap();
        match name {
            "account" => {
                let values: Vec<ByteArray> = (0..mrr.len())
                    .map(|at| ByteArray::from(key().pseudonym(account(at)).into_bytes()))
                    .collect();
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&values, None, None)
                    .unwrap();
            }
            "day" => {
                let values = vec![20_000; mrr.len()];
                column
                    .typed::<Int32Type>()
                    .write_batch(&values, Some(&some), None)
                    .unwrap();
            }
            "as_of" => {
                let values = vec![1_728_000_000_000_000; mrr.len()];
                column
                    .typed::<Int64Type>()
                    .write_batch(&values, None, None)
                    .unwrap();
            }
            "colour" => {
                let values = vec![ByteArray::from("red"); mrr.len()];
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&values, Some(&some), None)
                    .unwrap();
            }
            _ => {
                column
                    .typed::<DoubleType>()
                    .write_batch(mrr, Some(&some), None)
                    .unwrap();
            }
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    file.into_inner().unwrap()
}

#[test]
fn a_file_of_another_minor_version_reads_by_name_and_meaning() {
    let file = file_of_version(Some("1.7"), &[10.0, 20.0]);
    let rows = read(&file, &key()).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].account, account(1));
    assert_eq!(rows[1].day, from_epoch_day(20_000));
    assert_eq!(rows[1].features.get("mrr"), Some(20.0));
    assert_eq!(rows[1].features.get("seats"), None, "its meaning is another");
    assert_eq!(rows[1].features.get("nps"), None, "no such column");
    assert_eq!(rows[1].band, None);
}

#[test]
fn a_file_of_another_major_version_is_refused_in_words() {
    let error = read(&file_of_version(Some("2.0"), &[1.0]), &key()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file is of schema 2.0, this program reads schema 1: write the day anew, or use the program of that version"
    );
}

#[test]
fn an_erased_account_is_gone_and_the_others_are_as_they_were() {
    let rows: Vec<Row> = (0..20).map(row).collect();
    let file = write(&rows, &key(), Origin::Hindsight).unwrap();
    let left = without(&file, &[account(3), account(99)], &key())
        .unwrap()
        .unwrap();
    let stay: Vec<Row> = rows.into_iter().filter(|row| row.account != account(3)).collect();
    assert_eq!(read(&left, &key()).unwrap(), sorted(stay));
    assert_eq!(about(&left).unwrap().origin, Origin::Hindsight);
    assert_eq!(
        without(&left, &[account(3)], &key()).unwrap(),
        None,
        "nothing left to take out"
    );
}

#[test]
fn the_last_account_can_be_erased() {
    let file = write(&[row(1)], &key(), Origin::Lived).unwrap();
    let left = without(&file, &[account(1)], &key()).unwrap().unwrap();
    assert_eq!(read(&left, &key()).unwrap(), []);
}

#[test]
fn erasing_keeps_columns_that_this_version_does_not_know() {
    let file = file_of_version(Some("1.7"), &[10.0, 20.0]);
    let left = without(&file, &[account(0)], &key()).unwrap().unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(left)).unwrap();
    let rows: Vec<String> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().to_string())
        .collect();
    assert_eq!(rows.len(), 1);
    assert!(
        rows[0].contains("colour: \"red\"") && rows[0].contains("seats: 20.0"),
        "{rows:?}"
    );
}
