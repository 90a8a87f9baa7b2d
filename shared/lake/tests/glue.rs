//! The table in Glue is the one of the files. `UPDATE=1` writes its columns into the template.

use std::fmt::Write;

use copilot_lake::columns;

#[test]
fn the_table_in_the_template_has_the_columns_of_the_files() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/template.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("            # columns: begin\n", "            # columns: end\n");
    let from = text.find(begin).unwrap() + begin.len();
    let to = text.find(end).unwrap();
    let mut wanted = String::new();
    for (name, kind) in columns() {
        writeln!(wanted, "            - {{Name: {name}, Type: {kind}}}").unwrap();
    }
    if std::env::vars().any(|(name, value)| name == "UPDATE" && value == "1") {
        std::fs::write(path, format!("{}{wanted}{}", &text[..from], &text[to..])).unwrap();
        return;
    }
    assert!(
        text[from..to] == wanted,
        "the columns of FeaturesTable are not those of the files: run UPDATE=1 cargo nextest run -p copilot-lake --test glue"
    );
}
