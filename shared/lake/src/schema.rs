//! The columns of a file, and what stands in its metadata.

use std::collections::BTreeMap;
use std::sync::Arc;

use copilot_features::CATALOGUE;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{Type, TypePtr};

use crate::LakeError;
use crate::key::LakeKey;
use crate::row::Origin;

/// Rises when old programs can no longer read new files.
pub const MAJOR: u32 = 1;
/// Rises when columns are added.
pub const MINOR: u32 = 0;

/// Metadata: the schema's version, `major.minor`.
pub(crate) const SCHEMA: &str = "copilot.schema";
/// Metadata: the version of each feature, JSON.
pub(crate) const VERSIONS: &str = "copilot.features";
/// Metadata: where the rows come from.
pub(crate) const ORIGIN: &str = "copilot.origin";
/// Metadata: fingerprint of the key of the pseudonyms.
pub(crate) const KEY: &str = "copilot.key";

/// The columns before the features, each with its type in Athena.
pub const FIXED: [(&str, &str); 11] = [
    ("account", "string"),
    ("day", "date"),
    ("as_of", "timestamp"),
    ("stage", "string"),
    ("segment", "string"),
    ("touch", "string"),
    ("currency", "string"),
    ("score", "double"),
    ("band", "string"),
    ("churn_probability", "double"),
    ("model_version", "string"),
];

/// Every column of a file with its type in Athena: the fixed ones, then the features in the catalogue's order.
pub fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIXED
        .into_iter()
        .chain(CATALOGUE.iter().map(|spec| (spec.name, "double")))
}

pub(crate) fn schema() -> Result<TypePtr, LakeError> {
    let mut fields = Vec::with_capacity(FIXED.len() + CATALOGUE.len());
    for (name, kind) in columns() {
        let (physical, logical) = match kind {
            "date" => (Physical::INT32, Some(LogicalType::Date)),
            "timestamp" => (
                Physical::INT64,
                Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
            ),
            "double" => (Physical::DOUBLE, None),
            _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let column = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?;
        fields.push(Arc::new(column));
    }
    Ok(Arc::new(
        Type::group_type_builder("row").with_fields(fields).build()?,
    ))
}

/// The version of every feature of the catalogue.
pub(crate) fn feature_versions() -> BTreeMap<String, u16> {
    CATALOGUE
        .iter()
        .map(|spec| (spec.name.to_owned(), spec.version))
        .collect()
}

pub(crate) fn metadata(key: &LakeKey, origin: Origin) -> Vec<KeyValue> {
    // A map of strings to numbers always serialises.
    let versions = serde_json::to_string(&feature_versions()).unwrap_or_default();
    vec![
        KeyValue::new(SCHEMA.to_owned(), format!("{MAJOR}.{MINOR}")),
        KeyValue::new(VERSIONS.to_owned(), versions),
        KeyValue::new(ORIGIN.to_owned(), origin.as_str().to_owned()),
        KeyValue::new(KEY.to_owned(), key.fingerprint()),
    ]
}

pub(crate) fn properties(metadata: Vec<KeyValue>) -> WriterProperties {
    WriterProperties::builder()
        .set_created_by(concat!("copilot-lake ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        // A row group is read whole: figures of its pages would be a fifth of a small file.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(metadata))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_feature_has_the_name_of_another_column() {
        let mut names: Vec<_> = columns().map(|(name, _)| name).collect();
        names.extend(["dt", "tenant"]);
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
