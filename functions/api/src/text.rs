//! Texts of people: trimmed, within a length, without control characters, which no screen shows and some act on.

use crate::problem::{Answer, Problem};

/// A text of one line: a title, a name, a subject. No control characters at all.
///
/// # Errors
/// A 422 that names the field and the limit.
pub fn line(field: &str, text: &str, max: usize) -> Answer<String> {
    checked(field, text, max, |_| false)
}

/// A text of many lines: a note, a comment. Line breaks and tabs may stand in it.
///
/// # Errors
/// A 422 that names the field and the limit.
pub fn long(field: &str, text: &str, max: usize) -> Answer<String> {
    checked(field, text, max, |c| matches!(c, '\n' | '\r' | '\t'))
}

fn checked(field: &str, text: &str, max: usize, may: impl Fn(char) -> bool) -> Answer<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > max {
        let limit = format!("1 to {max} characters");
        return Err(Problem::field(field, "out_of_range", limit));
    }
    match text.chars().find(|c| c.is_control() && !may(*c)) {
        None => Ok(text.to_owned()),
        Some(c) => {
            let code = u32::from(c);
            let detail = format!("holds the control character U+{code:04X}; remove it");
            Err(Problem::field(field, "control_characters", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_refused_by_name_and_line_breaks_stand_in_long_texts_only() {
        let code = |answer: Answer<String>| answer.unwrap_err().errors[0].code.clone();
        assert_eq!(line("title", " Call Jo ", 200).unwrap(), "Call Jo");
        assert_eq!(code(line("title", "Call\nJo", 200)), "control_characters");
        assert_eq!(
            long("note", "first\r\n\tsecond", 200).unwrap(),
            "first\r\n\tsecond"
        );
        let refused = long("note", "a\u{0}b", 200).unwrap_err();
        assert_eq!(
            (
                refused.errors[0].field.as_str(),
                refused.errors[0].detail.as_str()
            ),
            ("note", "holds the control character U+0000; remove it")
        );
        assert_eq!(code(long("note", "\u{9b}31m", 200)), "control_characters");
        assert_eq!(code(line("title", " ", 200)), "out_of_range");
        assert_eq!(code(line("title", "abc", 2)), "out_of_range");
    }
}
