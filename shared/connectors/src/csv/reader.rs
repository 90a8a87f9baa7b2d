//! Chunks of bytes in, records out.

use copilot_domain::limits::MAX_CSV_RECORD_BYTES;
use csv_core::{ReadRecordResult, ReaderBuilder};
use serde::{Deserialize, Serialize};

use super::dialect::decode;
use super::scan::{Scan, line_end, scan};
use super::{CsvState, Dialect};
use crate::canonical::RowError;

/// Lines that one quoted field may span; more is a quote that was never closed.
pub const MAX_RECORD_LINES: u64 = 500;

/// Where reading stands: always between two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Bytes of the file read so far.
    pub offset: u64,
    /// The line that starts there, from 1.
    pub line: u64,
    /// Inside of a line that was refused; what is left of it is skipped.
    pub skipping: bool,
}

/// One record of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The line on which it starts, from 1; of a broken quote, the line on which it opened.
    pub line: u64,
    /// Its cells, as many as the header has; or why they cannot be read.
    pub cells: Result<Vec<String>, RowError>,
}

/// Reads records from chunks of any size.
#[derive(Debug)]
pub struct Reader {
    splitter: Splitter,
    position: Position,
    buffer: Vec<u8>,
    start: usize,
    finished: bool,
}

impl Reader {
    /// Reads on from a state; feed it the file's bytes from `state.position.offset`.
    pub fn new(state: &CsvState) -> Self {
        Self::at(state.dialect, state.header.len(), state.position)
    }

    pub(super) fn at(dialect: Dialect, columns: usize, position: Position) -> Self {
        let splitter = Splitter::new(dialect, columns);
        Self {
            splitter,
            position,
            buffer: Vec::new(),
            start: 0,
            finished: false,
        }
    }

    /// Adds the next bytes of the file. Take all records out before feeding more.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that the file is over.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Where reading stands; store it with the state and resume from it.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next record; `None` when more bytes are needed, or the file is over. Empty lines are passed over.
    pub fn next_record(&mut self) -> Option<Record> {
        loop {
            if self.position.skipping && !self.skip_line() {
                return None;
            }
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            if rest.is_empty() {
                return None;
            }
            let line = self.position.line;
            match scan(
                rest,
                self.splitter.dialect.delimiter,
                self.finished,
                MAX_RECORD_LINES,
            ) {
                Scan::More => return None,
                Scan::Whole {
                    content,
                    length,
                    lines,
                } => {
                    let cells = rest.get(..content).and_then(|bytes| self.splitter.split(bytes));
                    self.advance(length, lines);
                    if let Some(cells) = cells {
                        return Some(Record { line, cells });
                    }
                }
                Scan::Broken { opened, never_closed } => {
                    let error = broken_quote(line + opened, never_closed);
                    // What comes after the line on which the quote opened is read as if it were sound.
                    self.skip_lines(opened);
                    return Some(Record {
                        line: line + opened,
                        cells: Err(error),
                    });
                }
                Scan::TooLarge => {
                    let detail =
                        format!("the record is larger than {MAX_CSV_RECORD_BYTES} bytes; shorten its texts");
                    self.skip_lines(0);
                    return Some(Record {
                        line,
                        cells: Err(RowError::row("record_too_large", detail)),
                    });
                }
            }
        }
    }

    fn advance(&mut self, bytes: usize, lines: u64) {
        self.start += bytes;
        self.position.offset += bytes as u64;
        self.position.line += lines;
    }

    /// Drops so many whole lines, and begins to skip the one after them.
    fn skip_lines(&mut self, whole: u64) {
        for _ in 0..whole {
            self.position.skipping = true;
            self.skip_line();
        }
        self.position.skipping = true;
    }

    /// Skips to the end of the line; false when it is not there yet.
    fn skip_line(&mut self) -> bool {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let newline = rest.iter().position(|b| *b == b'\n' || *b == b'\r');
        match newline.map(|at| (at, line_end(rest, at, self.finished))) {
            Some((_, Some(length))) => {
                self.advance(length, 1);
                self.position.skipping = false;
                true
            }
            // A `\r` at the end of the chunk: the next byte says where the line ends.
            Some((at, None)) => {
                self.advance(at, 0);
                false
            }
            None => {
                self.advance(rest.len(), 0);
                false
            }
        }
    }
}

/// Splits whole records into cells; its buffers are used again.
struct Splitter {
    dialect: Dialect,
    /// Columns that a record must have; 0 takes any number.
    columns: usize,
    core: csv_core::Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
}

impl std::fmt::Debug for Splitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Splitter")
            .field("dialect", &self.dialect)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Splitter {
    fn new(dialect: Dialect, columns: usize) -> Self {
        let core = ReaderBuilder::new().delimiter(dialect.delimiter).build();
        Self {
            dialect,
            columns,
            core,
            output: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The cells of a record; `None` when all of them are empty.
    fn split(&mut self, bytes: &[u8]) -> Option<Result<Vec<String>, RowError>> {
        let delimiters = bytes
            .iter()
            .map(|b| usize::from(*b == self.dialect.delimiter))
            .sum::<usize>();
        self.output.resize(bytes.len() + 1, 0);
        self.ends.resize(delimiters + 2, 0);
        self.core.reset();
        let (mut read, mut written, mut fields) = (0, 0, 0);
        loop {
            let (result, n_in, n_out, n_ends) = self.core.read_record(
                bytes.get(read..).unwrap_or_default(),
                self.output.get_mut(written..).unwrap_or_default(),
                self.ends.get_mut(fields..).unwrap_or_default(),
            );
            read += n_in;
            written += n_out;
            fields += n_ends;
            // Input that is used up is followed by an empty slice: the end, which closes the last field.
            if !matches!(result, ReadRecordResult::InputEmpty) {
                break;
            }
        }
        let mut from = 0;
        let mut cells = Vec::with_capacity(fields);
        for end in self.ends.get(..fields).unwrap_or_default() {
            let Some(cell) = decode(
                self.output.get(from..*end).unwrap_or_default(),
                self.dialect.encoding,
            ) else {
                let detail = format!("column {} is not UTF-8; save the file as UTF-8", cells.len() + 1);
                return Some(Err(RowError::row("invalid_utf8", detail)));
            };
            cells.push(cell);
            from = *end;
        }
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return None;
        }
        Some(self.even(cells))
    }

    /// Takes a record of as many cells as the header has; spreadsheets write delimiters for columns that once were.
    fn even(&self, mut cells: Vec<String>) -> Result<Vec<String>, RowError> {
        if self.columns == 0 {
            return Ok(cells);
        }
        if cells
            .get(self.columns..)
            .unwrap_or_default()
            .iter()
            .all(String::is_empty)
        {
            cells.truncate(self.columns);
        }
        if cells.len() == self.columns {
            return Ok(cells);
        }
        let detail = format!(
            "the record has {} columns, the header {}; a delimiter inside of a text needs quotes around the text",
            cells.len(),
            self.columns
        );
        Err(RowError::row("wrong_column_count", detail))
    }
}

fn broken_quote(line: u64, never_closed: bool) -> RowError {
    if never_closed {
        let detail =
            format!("a quote opened on line {line} never closes; close it, or write \"\" for a quote inside");
        return RowError::row("unclosed_quote", detail);
    }
    let detail = format!(
        "after the quoted text that opened on line {line} comes more text; write \"\" for a quote inside, and close it \
         before the delimiter"
    );
    RowError::row("broken_quote", detail)
}
