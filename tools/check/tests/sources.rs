//! What may stand in a source file, and how long it may be.

use copilot_check::{Source, functions, root, sources};

/// Lines of a file without its tests.
const MAX_LINES: usize = 500;
/// Lines of a function's `main.rs`: config, telemetry, clients, context, run.
const MAX_MAIN: usize = 60;

/// Where a tenant's id may be made of a text: each of them holds the proof that it names. A new place is a decision,
/// not a convenience; see `docs/security.md`.
const MAY_PROVE: [&str; 9] = [
    // A verified token, an API key found by its hash.
    "functions/api/src/auth.rs",
    // A webhook's signature matched the tenant's secret.
    "functions/webhook/src/lib.rs",
    // Our own messages, from queues that only we may write to.
    "functions/notify/src/lib.rs",
    "functions/score/src/lib.rs",
    "functions/train/src/lib.rs",
    "functions/ingest/src/imports.rs",
    // Our own keys.
    "shared/aws/src/raw_log.rs",
    "shared/aws/src/tenants.rs",
    // An operator.
    "tools/admin/src/main.rs",
];

fn rust() -> Vec<Source> {
    let found = sources(&[".rs"]);
    assert!(found.len() > 40, "only {} files found", found.len());
    found
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut wrong = Vec::new();
    for source in rust().iter().filter(|s| !s.is_test()) {
        let lines = source.without_tests().lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{}: {lines} lines", source.path));
        }
    }
    assert!(wrong.is_empty(), "more than {MAX_LINES} lines: {wrong:#?}");
}

#[test]
fn a_functions_main_only_wires() {
    for name in functions() {
        let path = format!("functions/{name}/src/main.rs");
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        let lines = text.lines().count();
        assert!(lines <= MAX_MAIN, "{path}: {lines} lines");
        assert!(text.contains("telemetry::init"), "{path} does not start the logs");
    }
}

#[test]
fn nothing_is_left_for_later() {
    // Written apart, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
    ];
    let mut wrong = Vec::new();
    for source in sources(&[".rs", ".py", ".ts", ".tsx", ".yaml", ".yml", ".toml", ".sh"]) {
        for (number, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                wrong.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_tenant_is_proven_only_where_there_is_a_proof() {
    let call = concat!("TenantId::", "proven(");
    let mut wrong = Vec::new();
    let all = rust();
    for path in MAY_PROVE {
        let uses = all.iter().any(|s| s.path == path && s.text.contains(call));
        assert!(uses, "{path} makes no tenant's id any more: take it off the list");
    }
    for source in all.iter().filter(|s| !s.is_test()) {
        if source.without_tests().contains(call) && !MAY_PROVE.contains(&source.path.as_str()) {
            wrong.push(source.path.clone());
        }
    }
    assert!(wrong.is_empty(), "a tenant's id is made of a text in {wrong:#?}");
}

#[test]
fn keys_are_built_in_one_place() {
    // The beginning of a string that is a key of a tenant's.
    let mark = concat!('"', "T#");
    let is_home = |path: &str| path == "shared/aws/src/keys.rs" || path.starts_with("shared/aws/src/keys/");
    let all = rust();
    assert!(all.iter().any(|s| is_home(&s.path) && s.text.contains(mark)));
    let mut wrong = Vec::new();
    for source in all.iter().filter(|s| !s.is_test() && !is_home(&s.path)) {
        for (number, line) in source.without_tests().lines().enumerate() {
            if line.contains(mark) {
                wrong.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "keys stand in shared/aws/src/keys.rs: {wrong:#?}"
    );
}

#[test]
fn lints_are_expected_with_a_reason_and_not_allowed() {
    let marks = [concat!("#[", "allow("), concat!("#![", "allow(")];
    let mut wrong = Vec::new();
    for source in rust().iter().filter(|s| !s.is_test()) {
        for (number, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.trim_start().starts_with(mark)) {
                wrong.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "use #[expect(…, reason = \"…\")]: {wrong:#?}");
}
