//! Our VADER against `vaderSentiment` 3.3.2 of Python, on composed texts: `[text, neg, neu, pos, compound]` a line.

use copilot_text::vader::scores;

#[test]
fn it_says_what_the_reference_says() {
    let mut wrong = Vec::new();
    let lines = include_str!("vader.jsonl")
        .split('\n')
        .filter(|line| !line.is_empty());
    let mut asked = 0;
    for line in lines {
        let (text, negative, neutral, positive, compound): (String, f64, f64, f64, f64) =
            serde_json::from_str(line).unwrap();
        let ours = scores(&text);
        let gaps = [
            (ours.negative - negative).abs() / 1e-3,
            (ours.neutral - neutral).abs() / 1e-3,
            (ours.positive - positive).abs() / 1e-3,
            (ours.compound - compound).abs() / 1e-4,
        ];
        asked += 1;
        // The last digit may be rounded the other way.
        if gaps.iter().any(|gap| *gap > 1.01) {
            wrong.push(format!("{text}: {ours:?}, not {compound}"));
        }
    }
    assert!(asked == 300 && wrong.is_empty(), "{asked} asked, {wrong:#?}");
}
