//! The OpenAPI document beside the code is the one that the code generates. `UPDATE=1` writes it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::needless_pass_by_value,
    unreachable_pub,
    reason = "a test may"
)]

#[test]
fn the_document_is_the_one_beside_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let text = api::openapi::text();
    if std::env::vars().any(|(name, value)| name == "UPDATE" && value == "1") {
        std::fs::write(path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap();
    assert!(
        stored == text,
        "openapi.json is not what the code generates: run UPDATE=1 cargo nextest run -p api --test openapi"
    );
}
