//! Who may import whom (see `docs/architecture.md`), over `cargo metadata`: normal, build and dev dependencies alike.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use cargo_metadata::{Metadata, MetadataCommand, Package};
use copilot_check::root;

/// Library crates and what they may import of ours. Functions may import every library and no function; tools may
/// import both.
const LIBRARIES: [(&str, &[&str]); 12] = [
    ("copilot-domain", &[]),
    ("copilot-features", &["copilot-domain"]),
    ("copilot-scoring", &["copilot-domain", "copilot-features"]),
    ("copilot-text", &["copilot-domain"]),
    (
        "copilot-learning",
        &[
            "copilot-domain",
            "copilot-features",
            "copilot-scoring",
            "copilot-text",
        ],
    ),
    ("copilot-lake", &["copilot-domain", "copilot-features"]),
    ("copilot-connectors", &["copilot-domain"]),
    ("copilot-channels", &["copilot-domain"]),
    ("copilot-aws", &["copilot-domain"]),
    ("copilot-runtime", &["copilot-domain"]),
    // A use case that more than one function runs (score an account): the one library above both AWS and the
    // pure crates. No library may import it.
    (
        "copilot-training",
        &[
            "copilot-domain",
            "copilot-features",
            "copilot-scoring",
            "copilot-text",
            "copilot-learning",
            "copilot-aws",
            "copilot-runtime",
            "copilot-pipeline",
        ],
    ),
    (
        "copilot-pipeline",
        &[
            "copilot-domain",
            "copilot-features",
            "copilot-scoring",
            "copilot-learning",
            "copilot-lake",
            "copilot-text",
            "copilot-aws",
            "copilot-runtime",
        ],
    ),
];

/// The crates that take the instant as an argument and do no I/O.
const PURE: [&str; 6] = [
    "copilot-domain",
    "copilot-features",
    "copilot-scoring",
    "copilot-text",
    "copilot-learning",
    "copilot-lake",
];
/// What pure crates must not get hold of.
const IMPURE: [&str; 12] = [
    "tokio",
    "futures",
    "async-trait",
    "reqwest",
    "hyper",
    "axum",
    "tower",
    "lambda_runtime",
    "lambda_http",
    "aws_lambda_events",
    "rand",
    "chrono",
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
}

fn folder(package: &Package) -> String {
    let manifest = package.manifest_path.as_std_path();
    let path = manifest.strip_prefix(root()).unwrap_or(manifest);
    path.components()
        .next()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn libraries_of(name: &str) -> Option<&'static [&'static str]> {
    LIBRARIES
        .iter()
        .find(|(library, _)| *library == name)
        .map(|(_, may)| *may)
}

#[test]
fn every_crate_imports_only_what_it_may() {
    let metadata = metadata();
    let ours: Vec<&Package> = metadata.workspace_packages();
    let mut wrong = Vec::new();
    for package in &ours {
        for dependency in &package.dependencies {
            let Some(imported) = ours.iter().find(|p| p.name.as_str() == dependency.name) else {
                continue;
            };
            let is_library = libraries_of(imported.name.as_str()).is_some();
            let may = match folder(package).as_str() {
                "shared" => libraries_of(package.name.as_str())
                    .is_some_and(|may| may.contains(&imported.name.as_str())),
                "functions" => is_library,
                "tools" => is_library || folder(imported) == "functions",
                _ => false,
            };
            if !may {
                wrong.push(format!("{} must not import {}", package.name, imported.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_library_is_in_the_table() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let folder = folder(package);
        assert!(
            ["shared", "functions", "tools"].contains(&folder.as_str()),
            "{folder:?} of {}",
            package.name
        );
        if folder == "shared" {
            assert!(
                libraries_of(package.name.as_str()).is_some(),
                "say what {} may import",
                package.name
            );
        }
    }
}

#[test]
fn only_one_crate_knows_the_aws_sdk() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            let name = &dependency.name;
            let is_sdk = ["aws-sdk-", "aws-config", "aws-smithy", "aws-types"]
                .iter()
                .any(|p| name.starts_with(p));
            if is_sdk && package.name.as_str() != "copilot-aws" {
                wrong.push(format!("{} imports {name}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_crates_have_no_runtime_network_or_chance() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            if PURE.contains(&package.name.as_str()) && IMPURE.contains(&dependency.name.as_str()) {
                wrong.push(format!("{} imports {}", package.name, dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
