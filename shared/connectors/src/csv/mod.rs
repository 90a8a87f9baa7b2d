//! CSV files, read in pieces: a file of a gigabyte goes through several invocations and is never held in memory.
//!
//! [`open`] reads the beginning of a file (encoding, delimiter, header); [`Reader`] takes the bytes from there in
//! chunks of any size and gives records; its [`Position`] at a record boundary can be stored and resumed from.
//! [`Plan`] turns a record into the same row that the API takes, checked by the same parser.

mod convert;
mod dialect;
mod mapping;
mod plan;
mod reader;
mod scan;

use serde::{Deserialize, Serialize};

pub use dialect::{Dialect, Encoding};
pub use mapping::{CsvField, fields, suggest};
pub use plan::Plan;
pub use reader::{MAX_RECORD_LINES, Position, Reader, Record};

use crate::canonical::RowKind;
use copilot_domain::limits::MAX_CSV_COLUMNS;

/// Bytes of a file's beginning that [`open`] and [`preview`] want.
pub const HEAD_BYTES: usize = 512 * 1024;
/// Rows shown in a preview.
const PREVIEW_ROWS: usize = 10;
/// Samples shown of each column.
const PREVIEW_SAMPLES: usize = 5;
/// Records looked through for samples.
const SAMPLE_RECORDS: usize = 200;

/// Why a file cannot be imported at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// Nothing in it.
    #[error("the file is empty; its first line must name the columns")]
    Empty,
    /// Another kind of file.
    #[error("the file is {0}; save it as CSV in UTF-8 and upload that")]
    NotCsv(&'static str),
    /// The first record does not end within the limits, or its quotes do not close.
    #[error("the header does not read: {0}")]
    Header(String),
    /// More columns than an import may have.
    #[error(
        "the file has {got} columns; at most {MAX_CSV_COLUMNS} are taken: remove those that you do not map"
    )]
    TooManyColumns {
        /// What the header has.
        got: usize,
    },
    /// The mapping does not fit file or kind.
    #[error("{detail}")]
    Mapping {
        /// A stable code.
        code: &'static str,
        /// What is wrong and how to mend it.
        detail: String,
    },
}

impl CsvError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::NotCsv(_) => "not_csv",
            Self::Header(_) => "invalid_header",
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::Mapping { code, .. } => code,
        }
    }
}

/// An opened file: everything that reading on from `position` needs. Stored between invocations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvState {
    /// How the file is written.
    pub dialect: Dialect,
    /// The column names; a name given twice is told apart by a number.
    pub header: Vec<String>,
    /// Where to read on: a byte offset and the line it starts.
    pub position: Position,
}

/// Reads the beginning of a file up to the end of its header. `whole` says that `head` is the whole file.
///
/// # Errors
/// [`CsvError`].
pub fn open(head: &[u8], whole: bool) -> Result<CsvState, CsvError> {
    let (dialect, bom) = dialect::detect(head, whole)?;
    let mut reader = Reader::at(
        dialect,
        0,
        Position {
            offset: bom,
            line: 1,
            skipping: false,
        },
    );
    reader.feed(head.get(bom as usize..).unwrap_or_default());
    if whole {
        reader.finish();
    }
    let Some(record) = reader.next_record() else {
        let endless = CsvError::Header(format!("its first line does not end within {HEAD_BYTES} bytes"));
        return Err(if whole { CsvError::Empty } else { endless });
    };
    let names = record.cells.map_err(|error| CsvError::Header(error.detail))?;
    if names.len() > MAX_CSV_COLUMNS {
        return Err(CsvError::TooManyColumns { got: names.len() });
    }
    let mut header: Vec<String> = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let name = name.trim();
        let name = if name.is_empty() {
            format!("column {}", at + 1)
        } else {
            name.to_owned()
        };
        let mut unique = name.clone();
        let mut number = 2;
        while header.contains(&unique) {
            unique = format!("{name} ({number})");
            number += 1;
        }
        header.push(unique);
    }
    Ok(CsvState {
        dialect,
        header,
        position: reader.position(),
    })
}

/// What a file looks like, before anything is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The delimiter.
    pub delimiter: String,
    /// The encoding.
    pub encoding: Encoding,
    /// The columns.
    pub columns: Vec<PreviewColumn>,
    /// The fields that a column may be mapped to.
    pub fields: Vec<CsvField>,
    /// The first records.
    pub first_rows: Vec<Vec<String>>,
}

/// One column of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewColumn {
    /// Its name in the header.
    pub name: String,
    /// Some of its values.
    pub samples: Vec<String>,
    /// The field that it seems to be.
    pub suggested_field: Option<String>,
}

/// Shows a file's beginning with a mapping to start from. Records that do not read are left out.
///
/// # Errors
/// [`CsvError`].
pub fn preview(head: &[u8], whole: bool, kind: RowKind) -> Result<Preview, CsvError> {
    let state = open(head, whole)?;
    let mut reader = Reader::new(&state);
    reader.feed(head.get(state.position.offset as usize..).unwrap_or_default());
    if whole {
        reader.finish();
    }
    let mut first_rows = Vec::new();
    let mut samples: Vec<Vec<String>> = vec![Vec::new(); state.header.len()];
    let mut seen = 0;
    while let Some(record) = reader.next_record() {
        let Ok(cells) = record.cells else { continue };
        for (of_column, cell) in samples.iter_mut().zip(&cells) {
            let cell = cell.trim();
            if !cell.is_empty() && of_column.len() < PREVIEW_SAMPLES && !of_column.iter().any(|s| s == cell) {
                of_column.push(cell.to_owned());
            }
        }
        if first_rows.len() < PREVIEW_ROWS {
            first_rows.push(cells);
        }
        seen += 1;
        if seen >= SAMPLE_RECORDS {
            break;
        }
    }
    let suggested = suggest(kind, &state.header);
    let columns = state.header.into_iter().zip(samples).zip(suggested);
    Ok(Preview {
        delimiter: char::from(state.dialect.delimiter).to_string(),
        encoding: state.dialect.encoding,
        columns: columns
            .map(|((name, samples), suggested_field)| PreviewColumn {
                name,
                samples,
                suggested_field,
            })
            .collect(),
        fields: fields(kind),
        first_rows,
    })
}
