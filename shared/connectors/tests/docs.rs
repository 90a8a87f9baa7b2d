//! The documents list the fields as the table has them.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use copilot_connectors::canonical::{FieldType, RowKind};

fn tables() -> String {
    let mut text = String::from("\n");
    for kind in RowKind::all() {
        write!(
            text,
            "### {}\n\n| Field | Type | Limits | Meaning |\n|---|---|---|---|\n",
            kind.plural()
        )
        .unwrap();
        for spec in kind.fields() {
            let name = if spec.required {
                format!("**`{}`**", spec.name)
            } else {
                format!("`{}`", spec.name)
            };
            let limits = match spec.ty {
                FieldType::OneOf(words) => words
                    .iter()
                    .map(|w| format!("`{w}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
                _ => spec.limits(),
            };
            writeln!(text, "| {name} | {} | {limits} | {} |", spec.ty.name(), spec.help).unwrap();
        }
        text.push('\n');
    }
    text
}

/// `COPILOT_WRITE_DOCS=1 cargo test -p copilot-connectors --test docs` writes the tables anew.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the developer asks for the file to be written"
)]
fn the_documents_list_every_field() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connectors/generic-webhook.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once("<!-- fields: begin").unwrap();
    let (note, rest) = rest.split_once("-->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- fields: end -->").unwrap();
    let wanted = format!(
        "{head}<!-- fields: begin{note}-->\n{}<!-- fields: end -->{tail}",
        tables()
    );
    if page == wanted {
        return;
    }
    if std::env::var("COPILOT_WRITE_DOCS").is_ok() {
        fs::write(&path, wanted).unwrap();
    } else {
        panic!(
            "{} is not what the table says; run this test with COPILOT_WRITE_DOCS=1",
            path.display()
        );
    }
}
