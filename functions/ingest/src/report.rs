//! The report of all rows that an import did not take: written in parts as the import goes on, joined at its end.

use copilot_aws::imports::{Import, LineError};
use copilot_domain::ids::TenantId;
use futures::stream::{self, StreamExt};

use crate::Context;
use crate::apply::IngestError;

/// Bytes of the joined report; the count in the import is complete, the report says where it was cut.
const MAX_REPORT: usize = 20 * 1024 * 1024;
/// Bytes of errors that are held before they are written as a part.
pub(crate) const PART_BYTES: usize = 1024 * 1024;
/// Parts read at once when they are joined.
const PARALLEL: usize = 16;
const HEADER: &str = "line,field,code,detail\r\n";
const LINE_END: &str = "\r\n";
const CUT: &str = ",,report_cut,more errors follow that are not listed\r\n";

/// The errors found since the last part was written.
#[derive(Debug)]
pub(crate) struct Report {
    /// The byte of the file at which the errors begin: a piece that is worked on again writes the same part.
    offset: u64,
    /// Bytes that earlier parts hold.
    written: u64,
    text: String,
}

impl Report {
    /// The report of the piece that starts where an import stands.
    pub(crate) fn of(import: &Import) -> Self {
        Self {
            offset: import.bytes_done,
            written: import.reported,
            text: String::new(),
        }
    }

    /// Adds an error. What lies behind the cut is counted by the import and not kept.
    pub(crate) fn add(&mut self, error: &LineError) {
        if self.written + self.text.len() as u64 > MAX_REPORT as u64 {
            return;
        }
        let field = error.field.as_deref().unwrap_or_default();
        let cells = [&error.line.to_string(), field, &error.code, &error.detail].map(cell);
        self.text.push_str(&cells.join(","));
        self.text.push_str(LINE_END);
    }

    /// Whether it holds as much as a part should.
    pub(crate) fn is_full(&self) -> bool {
        self.text.len() >= PART_BYTES
    }
}

/// A cell in quotes where it needs them, on one line, so that each line of the report is a row. A leading sign is
/// defused, since spreadsheets would run it as a formula.
fn cell(text: &str) -> String {
    let defused = if text.starts_with(['=', '+', '-', '@', '\t']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    let on_one_line = defused.replace(['\r', '\n'], " ");
    if on_one_line.contains(['"', ',']) {
        format!("\"{}\"", on_one_line.replace('"', "\"\""))
    } else {
        on_one_line
    }
}

/// Writes the errors found since the last part, if any. A replay into another table reports nothing: the bucket
/// holds the reports of the live imports.
pub(crate) async fn write_part(
    context: &Context,
    tenant: &TenantId,
    import: &mut Import,
    report: &mut Report,
    next_offset: u64,
) -> Result<(), IngestError> {
    let text = std::mem::take(&mut report.text);
    let offset = std::mem::replace(&mut report.offset, next_offset);
    if text.is_empty() || context.is_elsewhere() {
        return Ok(());
    }
    report.written += text.len() as u64;
    let key = import.part_key(tenant, offset);
    context.files.write(&key, text.into_bytes()).await?;
    import.reported = report.written;
    Ok(())
}

/// Joins the parts; gives whether there is any error to report.
pub(crate) async fn assemble(
    context: &Context,
    tenant: &TenantId,
    import: &Import,
) -> Result<bool, IngestError> {
    if context.is_elsewhere() {
        return Ok(false);
    }
    let parts = context.files.list(&import.parts_prefix(tenant)).await?;
    if parts.is_empty() {
        return Ok(false);
    }
    let mut texts = stream::iter(parts.into_iter().filter(|(_, size)| *size > 0))
        .map(|(key, size)| async move { context.files.range(&key, 0, size, None).await })
        .buffered(PARALLEL);
    let mut whole = HEADER.as_bytes().to_vec();
    while let Some(text) = texts.next().await {
        if !join(&mut whole, &text?, MAX_REPORT) {
            break;
        }
    }
    let key = Import::report_key(tenant, import.id);
    context.files.write(&key, whole).await?;
    Ok(true)
}

/// Adds a part to the report; where it does not fit, as many of its rows as do, and a last line that says so. Gives
/// whether another part may follow.
fn join(whole: &mut Vec<u8>, part: &[u8], limit: usize) -> bool {
    if whole.len() + part.len() <= limit {
        whole.extend_from_slice(part);
        return true;
    }
    let room = limit.saturating_sub(whole.len());
    let fits = part.get(..room).unwrap_or(part);
    let end = fits.windows(2).rposition(|pair| pair == LINE_END.as_bytes());
    whole.extend_from_slice(&fits[..end.map_or(0, |at| at + 2)]);
    whole.extend_from_slice(CUT.as_bytes());
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: u64, detail: &str) -> LineError {
        LineError {
            line,
            field: Some("name".to_owned()),
            code: "required".to_owned(),
            detail: detail.to_owned(),
        }
    }

    fn empty() -> Report {
        Report {
            offset: 0,
            written: 0,
            text: String::new(),
        }
    }

    #[test]
    fn cells_are_quoted_and_formulas_defused() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=cmd()"), "'=cmd()");
        assert_eq!(cell("two\r\nlines"), "two  lines");
    }

    #[test]
    fn a_first_part_larger_than_the_report_keeps_its_first_rows() {
        let mut report = empty();
        for line in 1..=100 {
            report.add(&error(line, "is missing"));
        }
        let mut whole = HEADER.as_bytes().to_vec();
        assert!(!join(&mut whole, report.text.as_bytes(), 500));
        let text = String::from_utf8(whole).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "1,name,required,is missing");
        assert_eq!(format!("{}\r\n", lines[lines.len() - 1]), CUT);
        assert!(lines.len() > 15 && lines.len() < 20, "{}", lines.len());
        for line in &lines[1..lines.len() - 1] {
            assert!(line.ends_with(",name,required,is missing"), "{line}");
        }
    }

    #[test]
    fn parts_are_joined_whole_while_there_is_room() {
        let mut whole = b"head\r\n".to_vec();
        assert!(join(&mut whole, b"1,a\r\n", 16));
        assert!(join(&mut whole, b"2,b\r\n", 16));
        assert!(!join(&mut whole, b"3,c\r\n", 16));
        assert_eq!(whole, [b"head\r\n1,a\r\n2,b\r\n", CUT.as_bytes()].concat());
    }

    #[test]
    fn errors_behind_the_cut_take_no_memory() {
        let mut report = empty();
        report.written = MAX_REPORT as u64;
        for line in 0..1_000 {
            report.add(&error(line, "is missing"));
        }
        assert!(
            report.text.lines().count() == 1,
            "one more, so that the join sees the cut"
        );
    }
}
