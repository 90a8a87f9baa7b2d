//! Rows to a file and back, and a file without some accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use copilot_domain::ids::AccountId;
use copilot_domain::money::Currency;
use copilot_domain::time::{Timestamp, epoch_day, from_epoch_day};
use copilot_features::CATALOGUE;
use parquet::file::metadata::KeyValue;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use serde::Serialize;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{Deserialize, IntoDeserializer};

use crate::LakeError;
use crate::column::Values;
use crate::key::LakeKey;
use crate::row::{Features, Origin, Row};
use crate::schema::{self, MAJOR};

/// Rows that are written and read at once.
pub const ROWS_IN_GROUP: usize = 10_000;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Version of the schema, `major.minor`.
    pub schema: String,
    /// Version of each feature that it holds.
    pub features: BTreeMap<String, u16>,
    /// Where its rows come from.
    pub origin: Origin,
    /// Fingerprint of the key of its pseudonyms.
    pub key: String,
    /// Rows.
    pub rows: u64,
}

/// Writes a file, one group of rows after the other: a large tenant never stands in memory whole.
pub struct Writer {
    inner: SerializedFileWriter<Vec<u8>>,
    key: LakeKey,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Writer {
    /// A file without rows yet.
    ///
    /// # Errors
    /// [`LakeError::Parquet`].
    pub fn new(key: &LakeKey, origin: Origin) -> Result<Self, LakeError> {
        let properties = schema::properties(schema::metadata(key, origin));
        Ok(Self {
            inner: SerializedFileWriter::new(Vec::new(), schema::schema()?, Arc::new(properties))?,
            key: key.clone(),
        })
    }

    /// Adds rows as one group, in the order of their pseudonyms.
    ///
    /// # Errors
    /// [`LakeError::Parquet`].
    pub fn push(&mut self, rows: &[Row]) -> Result<(), LakeError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut named: Vec<(String, &Row)> = rows
            .iter()
            .map(|row| (self.key.pseudonym(row.account), row))
            .collect();
        named.sort_by(|a, b| (&a.0, a.1.day).cmp(&(&b.0, b.1.day)));
        let mut group = self.inner.next_row_group()?;
        for (name, _) in schema::FIXED {
            if let Some(mut writer) = group.next_column()? {
                fixed_column(name, &named).write(&mut writer)?;
                writer.close()?;
            }
        }
        for place in 0..CATALOGUE.len() {
            if let Some(mut writer) = group.next_column()? {
                let values = named.iter().map(|(_, row)| row.features.at(place)).collect();
                Values::Double(values).write(&mut writer)?;
                writer.close()?;
            }
        }
        group.close()?;
        Ok(())
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`LakeError::Parquet`].
    pub fn finish(self) -> Result<Vec<u8>, LakeError> {
        Ok(self.inner.into_inner()?)
    }
}

/// A file of rows.
///
/// # Errors
/// [`LakeError::Parquet`].
pub fn write(rows: &[Row], key: &LakeKey, origin: Origin) -> Result<Vec<u8>, LakeError> {
    let mut writer = Writer::new(key, origin)?;
    for rows in rows.chunks(ROWS_IN_GROUP) {
        writer.push(rows)?;
    }
    writer.finish()
}

/// The rows of a file. Features that it does not hold, or holds in another version, are missing.
///
/// # Errors
/// [`LakeError`] when it is no file of ours, of another major version, or of another key.
pub fn read(file: &[u8], key: &LakeKey) -> Result<Vec<Row>, LakeError> {
    let (reader, about) = open(file)?;
    if about.key != key.fingerprint() {
        return Err(LakeError::Key);
    }
    let mut rows = Vec::new();
    for group in 0..reader.num_row_groups() {
        read_group(reader.get_row_group(group)?.as_ref(), &about, key, &mut rows)?;
    }
    Ok(rows)
}

/// What a file says of itself.
///
/// # Errors
/// [`LakeError`] when it is no file of ours or of another major version.
pub fn about(file: &[u8]) -> Result<About, LakeError> {
    Ok(open(file)?.1)
}

/// The file without the rows of some accounts, with all its columns as they are; `None` when it has none of them.
///
/// # Errors
/// [`LakeError`] when it is no file of ours, of another major version, or of another key.
pub fn without(file: &[u8], accounts: &[AccountId], key: &LakeKey) -> Result<Option<Vec<u8>>, LakeError> {
    let (reader, about) = open(file)?;
    if about.key != key.fingerprint() {
        return Err(LakeError::Key);
    }
    let gone: BTreeSet<String> = accounts.iter().map(|account| key.pseudonym(*account)).collect();
    let file_metadata = reader.metadata().file_metadata();
    let columns = file_metadata.schema_descr();
    let metadata: Vec<KeyValue> = file_metadata.key_value_metadata().cloned().unwrap_or_default();
    let properties = Arc::new(schema::properties(metadata));
    let mut writer = SerializedFileWriter::new(Vec::new(), columns.root_schema_ptr(), properties)?;
    let mut is_changed = false;
    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at)?;
        let names = column(group.as_ref(), "account")?.ok_or(LakeError::Foreign("account"))?;
        let stays: Vec<bool> = (0..rows_of(group.as_ref()))
            .map(|row| names.str_at(row).is_none_or(|name| !gone.contains(name)))
            .collect();
        is_changed |= stays.contains(&false);
        if !stays.contains(&true) {
            continue;
        }
        let mut out = writer.next_row_group()?;
        for number in 0..columns.num_columns() {
            let values = values(group.as_ref(), number)?.keep(&stays);
            if let Some(mut writer) = out.next_column()? {
                values.write(&mut writer)?;
                writer.close()?;
            }
        }
        out.close()?;
    }
    Ok(if is_changed {
        Some(writer.into_inner()?)
    } else {
        None
    })
}

fn open(file: &[u8]) -> Result<(SerializedFileReader<Bytes>, About), LakeError> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(file))?;
    let metadata = reader.metadata().file_metadata();
    let found = |name: &'static str| {
        let pairs = metadata.key_value_metadata().into_iter().flatten();
        let value = pairs
            .filter(|pair| pair.key == name)
            .find_map(|pair| pair.value.clone());
        value.ok_or(LakeError::Foreign(name))
    };
    let version = found(schema::SCHEMA)?;
    if version.split('.').next().and_then(|major| major.parse().ok()) != Some(MAJOR) {
        return Err(LakeError::Schema { found: version });
    }
    let origin = match found(schema::ORIGIN)?.as_str() {
        "lived" => Origin::Lived,
        "hindsight" => Origin::Hindsight,
        _ => return Err(LakeError::Foreign(schema::ORIGIN)),
    };
    let features =
        serde_json::from_str(&found(schema::VERSIONS)?).map_err(|_| LakeError::Foreign(schema::VERSIONS))?;
    let about = About {
        schema: version,
        features,
        origin,
        key: found(schema::KEY)?,
        rows: u64::try_from(metadata.num_rows()).unwrap_or_default(),
    };
    Ok((reader, about))
}

fn rows_of(group: &dyn RowGroupReader) -> usize {
    usize::try_from(group.metadata().num_rows()).unwrap_or_default()
}

fn values(group: &dyn RowGroupReader, number: usize) -> Result<Values, LakeError> {
    let read = Values::read(group.get_column_reader(number)?, rows_of(group))?;
    read.ok_or_else(|| LakeError::Column {
        column: group.metadata().column(number).column_path().string(),
        what: "is of a type that the feature store does not have",
    })
}

/// A column by name; `None` when the file does not have it.
fn column(group: &dyn RowGroupReader, name: &str) -> Result<Option<Values>, LakeError> {
    let metadata = group.metadata();
    let number = (0..metadata.num_columns()).find(|at| metadata.column(*at).column_path().string() == name);
    number.map(|number| values(group, number)).transpose()
}

fn read_group(
    group: &dyn RowGroupReader,
    about: &About,
    key: &LakeKey,
    rows: &mut Vec<Row>,
) -> Result<(), LakeError> {
    let mut fixed = BTreeMap::new();
    for (name, _) in schema::FIXED {
        fixed.insert(name, column(group, name)?);
    }
    let first = rows.len();
    let of = |name: &str| fixed.get(name).and_then(Option::as_ref);
    for at in 0..rows_of(group) {
        let text = |name: &str| of(name).and_then(|values| values.str_at(at));
        let double = |name: &str| of(name).and_then(|values| values.double_at(at));
        let int = |name: &str| of(name).and_then(|values| values.int_at(at));
        let lacks = |column: &str| LakeError::Column {
            column: column.to_owned(),
            what: "has a row without a readable value",
        };
        let account = text("account").and_then(|name| key.account(name));
        let day = int("day").and_then(|day| i32::try_from(day).ok());
        let as_of = int("as_of").and_then(|micros| Timestamp::from_microsecond(micros).ok());
        rows.push(Row {
            account: account.ok_or_else(|| lacks("account"))?,
            day: from_epoch_day(day.ok_or_else(|| lacks("day"))?),
            as_of: as_of.ok_or_else(|| lacks("as_of"))?,
            stage: text("stage").and_then(read_word),
            segment: text("segment").map(str::to_owned),
            touch: text("touch").and_then(read_word),
            currency: text("currency").and_then(|code| Currency::new(code).ok()),
            score: double("score"),
            band: text("band").and_then(read_word),
            churn_probability: double("churn_probability"),
            model_version: text("model_version").map(str::to_owned),
            features: Features::default(),
        });
    }
    for (place, spec) in CATALOGUE.iter().enumerate() {
        if about.features.get(spec.name) != Some(&spec.version) {
            continue;
        }
        if let Some(values) = column(group, spec.name)? {
            for (at, row) in rows[first..].iter_mut().enumerate() {
                row.features.set(place, values.double_at(at));
            }
        }
    }
    Ok(())
}

fn fixed_column(name: &str, rows: &[(String, &Row)]) -> Values {
    fn text<'a>(rows: &'a [(String, &'a Row)], of: impl Fn(&'a Row) -> Option<String>) -> Values {
        Values::text(rows.iter().map(|(_, row)| of(row)))
    }
    let double = |of: fn(&Row) -> Option<f64>| {
        Values::Double(
            rows.iter()
                .map(|(_, row)| of(row).filter(|v| v.is_finite()))
                .collect(),
        )
    };
    match name {
        "account" => Values::text(rows.iter().map(|(pseudonym, _)| Some(pseudonym.clone()))),
        "day" => Values::Int32(rows.iter().map(|(_, row)| Some(epoch_day(row.day))).collect()),
        "as_of" => {
            let micros = |row: &Row| row.as_of.as_nanosecond().div_euclid(1_000);
            Values::Int64(
                rows.iter()
                    .map(|(_, row)| i64::try_from(micros(row)).ok())
                    .collect(),
            )
        }
        "stage" => text(rows, |row| row.stage.and_then(word)),
        "segment" => text(rows, |row| row.segment.clone()),
        "touch" => text(rows, |row| row.touch.and_then(word)),
        "currency" => text(rows, |row| row.currency.map(|c| c.to_string())),
        "score" => double(|row| row.score),
        "band" => text(rows, |row| row.band.and_then(word)),
        "churn_probability" => double(|row| row.churn_probability),
        _ => text(rows, |row| row.model_version.clone()),
    }
}

/// The word of a value as in JSON.
fn word<T: Serialize>(value: T) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

/// The value of a word; a word of a later version is none.
fn read_word<'a, T: Deserialize<'a>>(word: &'a str) -> Option<T> {
    let word: StrDeserializer<'a, WordError> = word.into_deserializer();
    T::deserialize(word).ok()
}
