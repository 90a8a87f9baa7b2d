//! Every function has a sample of what triggers it.

use copilot_check::{functions, root};

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
