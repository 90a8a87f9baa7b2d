//! What stands in every crate's manifest.

use copilot_check::{Source, sources};

fn crates() -> Vec<Source> {
    let is_crate = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        parts.len() == 3 && ["functions", "shared", "tools"].contains(&parts[0]) && parts[2] == "Cargo.toml"
    };
    let found: Vec<Source> = sources(&["Cargo.toml"])
        .into_iter()
        .filter(|s| is_crate(&s.path))
        .collect();
    assert!(found.len() > 10, "only {} crates found", found.len());
    found
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for manifest in crates() {
        assert!(
            manifest.text.contains("[lints]\nworkspace = true"),
            "{}",
            manifest.path
        );
    }
}

#[test]
fn every_dependency_comes_from_the_workspace_table() {
    let mut wrong = Vec::new();
    for manifest in crates() {
        let mut is_table = false;
        for line in manifest.text.lines() {
            if line.starts_with('[') {
                is_table = line.trim_end_matches(']').ends_with("dependencies");
                continue;
            }
            // A line that goes on with an array of features starts with white space or a bracket.
            let begins = line.starts_with(|c: char| c.is_ascii_alphanumeric());
            // Tools may drive a function's library; functions are not in the workspace table, so that no function
            // comes to depend on another by one word.
            let is_function = manifest.path.starts_with("tools/") && line.contains("\"../../functions/");
            if is_table && begins && !line.contains("workspace = true") && !is_function {
                wrong.push(format!("{}: {line}", manifest.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
