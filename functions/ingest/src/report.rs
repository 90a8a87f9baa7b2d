//! The report of all rows that an import did not take: written in parts as the import goes on, joined at its end.

use copilot_aws::imports::{Import, LineError};
use copilot_domain::ids::{ImportId, TenantId};

use crate::Context;
use crate::apply::IngestError;

/// Bytes of the joined report; the count in the import is complete, the report says where it was cut.
const MAX_REPORT: usize = 20 * 1024 * 1024;
const HEADER: &str = "line,field,code,detail\r\n";

/// The errors found since the last part was written.
pub(crate) struct Report {
    dry_run: bool,
    offset: u64,
    text: String,
}

impl Report {
    /// The report of the piece that starts at a byte: a piece that is worked on again writes the same part.
    pub(crate) fn at(dry_run: bool, offset: u64) -> Self {
        Self {
            dry_run,
            offset,
            text: String::new(),
        }
    }

    /// Adds an error.
    pub(crate) fn add(&mut self, error: &LineError) {
        let field = error.field.as_deref().unwrap_or_default();
        let cells = [&error.line.to_string(), field, &error.code, &error.detail].map(cell);
        self.text.push_str(&cells.join(","));
        self.text.push_str("\r\n");
    }
}

/// A cell in quotes where it needs them. A leading sign is defused, since spreadsheets would run it as a formula.
fn cell(text: &str) -> String {
    let defused = if text.starts_with(['=', '+', '-', '@', '\t']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if defused.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", defused.replace('"', "\"\""))
    } else {
        defused
    }
}

/// Writes the errors found since the last part, if any.
pub(crate) async fn write_part(
    context: &Context,
    tenant: &TenantId,
    id: ImportId,
    report: &mut Report,
) -> Result<(), IngestError> {
    if report.text.is_empty() {
        return Ok(());
    }
    let text = std::mem::take(&mut report.text);
    let len = text.len() as u64;
    context
        .files
        .write(
            &Import::part_key(tenant, id, report.dry_run, report.offset),
            text.into_bytes(),
        )
        .await?;
    report.offset += len.max(1);
    Ok(())
}

/// Joins the parts; gives whether there is any error to report.
pub(crate) async fn assemble(
    context: &Context,
    tenant: &TenantId,
    id: ImportId,
    dry_run: bool,
) -> Result<bool, IngestError> {
    let first = Import::part_key(tenant, id, dry_run, 0);
    let prefix = first.trim_end_matches(|c: char| c != '/').to_owned();
    let keys = context.files.keys(&prefix).await?;
    if keys.is_empty() {
        return Ok(false);
    }
    let mut whole = HEADER.as_bytes().to_vec();
    for key in keys {
        let size = context.files.size(&key).await?.unwrap_or(0);
        if whole.len() as u64 + size > MAX_REPORT as u64 {
            whole.extend_from_slice(b",,report_cut,more errors follow that are not listed\r\n");
            break;
        }
        if size > 0 {
            whole.extend(context.files.range(&key, 0, size).await?);
        }
    }
    context
        .files
        .write(&Import::report_key(tenant, id), whole)
        .await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_defused() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=cmd()"), "'=cmd()");
    }
}
