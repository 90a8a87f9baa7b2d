//! Checks of the workspace itself: what the compiler does not know about our rules. They are tests, in `tests/`;
//! this library only finds the files.

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 10] = [
    "target",
    "node_modules",
    ".git",
    ".venv",
    ".local",
    "dist",
    "__pycache__",
    "fixtures",
    "snapshots",
    "public",
];

/// A file of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// The text without inline tests, which stand at the end of a file.
    pub fn without_tests(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    /// Whether the whole file is a test.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// All files of ours with one of the endings, in a stable order. Files that are no text are left out.
pub fn sources(endings: &[&str]) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                if !FOREIGN.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending))
                && let (Ok(text), Ok(path)) = (fs::read_to_string(&path), path.strip_prefix(&root))
            {
                found.push(Source {
                    path: path.to_string_lossy().replace('\\', "/"),
                    text,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The names of the functions: the folders under `functions/` that hold a crate.
pub fn functions() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("functions"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
