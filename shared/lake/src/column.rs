//! The values of one column of a row group, null where there is none.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type,
};
use parquet::errors::Result;
use parquet::file::writer::SerializedColumnWriter;

/// The values of one column, row by row.
#[derive(Debug)]
pub(crate) enum Values {
    Bool(Vec<Option<bool>>),
    Int32(Vec<Option<i32>>),
    Int64(Vec<Option<i64>>),
    Float(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Bytes(Vec<Option<ByteArray>>),
}

impl Values {
    /// Reads a column; `None` when it is of a type that our files never had.
    pub(crate) fn read(reader: ColumnReader, rows: usize) -> Result<Option<Self>> {
        Ok(Some(match reader {
            ColumnReader::BoolColumnReader(r) => Self::Bool(all(r, rows)?),
            ColumnReader::Int32ColumnReader(r) => Self::Int32(all(r, rows)?),
            ColumnReader::Int64ColumnReader(r) => Self::Int64(all(r, rows)?),
            ColumnReader::FloatColumnReader(r) => Self::Float(all(r, rows)?),
            ColumnReader::DoubleColumnReader(r) => Self::Double(all(r, rows)?),
            ColumnReader::ByteArrayColumnReader(r) => Self::Bytes(all(r, rows)?),
            _ => return Ok(None),
        }))
    }

    pub(crate) fn write(self, writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
        match self {
            Self::Bool(values) => put::<BoolType>(writer, values),
            Self::Int32(values) => put::<Int32Type>(writer, values),
            Self::Int64(values) => put::<Int64Type>(writer, values),
            Self::Float(values) => put::<FloatType>(writer, values),
            Self::Double(values) => put::<DoubleType>(writer, values),
            Self::Bytes(values) => put::<ByteArrayType>(writer, values),
        }
    }

    /// The rows that are told to stay.
    pub(crate) fn keep(self, stays: &[bool]) -> Self {
        match self {
            Self::Bool(values) => Self::Bool(kept(values, stays)),
            Self::Int32(values) => Self::Int32(kept(values, stays)),
            Self::Int64(values) => Self::Int64(kept(values, stays)),
            Self::Float(values) => Self::Float(kept(values, stays)),
            Self::Double(values) => Self::Double(kept(values, stays)),
            Self::Bytes(values) => Self::Bytes(kept(values, stays)),
        }
    }

    /// A column of text.
    pub(crate) fn text(values: impl Iterator<Item = Option<String>>) -> Self {
        Self::Bytes(
            values
                .map(|text| text.map(|t| ByteArray::from(t.into_bytes())))
                .collect(),
        )
    }

    /// The text of a row.
    pub(crate) fn str_at(&self, row: usize) -> Option<&str> {
        match self {
            Self::Bytes(values) => values.get(row)?.as_ref()?.as_utf8().ok(),
            _ => None,
        }
    }

    /// The number of a row.
    pub(crate) fn double_at(&self, row: usize) -> Option<f64> {
        match self {
            Self::Double(values) => *values.get(row)?,
            _ => None,
        }
    }

    /// The whole number of a row.
    pub(crate) fn int_at(&self, row: usize) -> Option<i64> {
        match self {
            Self::Int32(values) => (*values.get(row)?).map(i64::from),
            Self::Int64(values) => *values.get(row)?,
            _ => None,
        }
    }
}

fn kept<T>(values: Vec<Option<T>>, stays: &[bool]) -> Vec<Option<T>> {
    let mut stays = stays.iter();
    values
        .into_iter()
        .filter(|_| stays.next().copied().unwrap_or(true))
        .collect()
}

fn all<T: DataType>(mut reader: ColumnReaderImpl<T>, rows: usize) -> Result<Vec<Option<T::T>>> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut read = 0;
    while read < rows {
        let (records, _, _) = reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
        read += records;
    }
    // A column without nulls has no levels.
    if levels.is_empty() {
        return Ok(values.into_iter().map(Some).collect());
    }
    let mut values = values.into_iter();
    Ok(levels
        .into_iter()
        .map(|level| if level > 0 { values.next() } else { None })
        .collect())
}

fn put<T: DataType>(writer: &mut SerializedColumnWriter<'_>, values: Vec<Option<T::T>>) -> Result<()> {
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    Ok(())
}
