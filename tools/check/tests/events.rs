//! Every function has a sample of what triggers it.

use copilot_check::{functions, root, sources};

#[test]
fn every_function_has_a_sample_event() {
    let samples: Vec<(String, String)> = std::fs::read_dir(root().join("events"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "json"))
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    for (name, text) in &samples {
        let is_json = text.trim_start().starts_with('{') && text.trim_end().ends_with('}');
        assert!(is_json, "{name} is no JSON object");
    }
    for function in functions() {
        let has = samples
            .iter()
            .any(|(name, _)| name.starts_with(&format!("{function}-")));
        assert!(has, "no events/{function}-*.json");
    }
}

/// Samples are read by a test of their own function, so that they stay as the code reads them.
#[test]
fn samples_are_handled_by_a_test_of_their_function() {
    let rust = sources(&[".rs"]);
    for function in functions() {
        let (folder, sample) = (format!("functions/{function}/"), format!("/events/{function}-"));
        let is_read = rust
            .iter()
            .any(|s| s.path.starts_with(&folder) && s.text.contains(&sample));
        assert!(is_read, "no test of {function} reads events/{function}-*.json");
    }
}
