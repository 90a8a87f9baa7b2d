//! The writer's own words: without the mail that is answered, without the signature, without the names around them.

use super::NAME;

/// Words that end a letter, in lower case.
const CLOSINGS: [&str; 22] = [
    "best",
    "best regards",
    "best wishes",
    "cheers",
    "greetings",
    "kind regards",
    "kindly",
    "many thanks",
    "regards",
    "rgds",
    "sincerely",
    "sincerely yours",
    "thank you",
    "thanks",
    "thanks a lot",
    "thanks again",
    "thanks in advance",
    "thx",
    "warm regards",
    "with kind regards",
    "yours",
    "yours sincerely",
];
/// Lines of a signature below such words.
const MAX_SIGNATURE: usize = 8;
/// Characters of such a line.
const MAX_SIGNATURE_CHARS: usize = 60;
/// Titles before a name, without their point.
const TITLES: [&str; 6] = ["Dr", "Herr", "Mr", "Mrs", "Ms", "Prof"];
/// Words that begin a letter, in lower case.
const GREETINGS: [&str; 8] = [
    "dear",
    "good afternoon",
    "good evening",
    "good morning",
    "hallo",
    "hello",
    "hey",
    "hi",
];
/// Words of a name.
const MAX_NAME_WORDS: usize = 3;
/// Words that introduce the writer, in lower case.
const INTRODUCTIONS: [&str; 2] = ["my name is", "my name's"];

/// The lines that the writer wrote in this message.
pub(super) fn own_words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let cut = (0..lines.len()).find(|at| begins_quotation(&lines, *at));
    // An answer below what it answers: the quoted lines go, not all that follows.
    let above = cut.filter(|at| lines[..*at].iter().any(|line| is_own(line)));
    let kept: Vec<&str> = lines[..above.unwrap_or(lines.len())]
        .iter()
        .enumerate()
        .filter(|(at, line)| is_own(line) && !(above.is_none() && begins_quotation(&lines, *at)))
        .map(|(_, line)| *line)
        .collect();
    without_signature(&kept)
        .iter()
        .map(|line| without_names(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_own(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('>') && !line.to_lowercase().starts_with("sent from my ")
}

/// Whether the mail that is answered begins at a line.
fn begins_quotation(lines: &[&str], at: usize) -> bool {
    let line = lines[at].to_lowercase();
    let next = lines
        .get(at + 1)
        .map(|next| next.to_lowercase())
        .unwrap_or_default();
    let wrote = |line: &str| line.ends_with("wrote:") || line.ends_with("schrieb:");
    let is_date = |line: &str| {
        (line.starts_with("on ") || line.starts_with("am ")) && line.contains(|c: char| c.is_numeric())
    };
    let is_header = |line: &str| {
        ["sent:", "to:", "date:", "subject:", "gesendet:", "an:"]
            .iter()
            .any(|head| line.starts_with(head))
    };
    (is_date(&line) && (wrote(&line) || wrote(&next)))
        || (line.starts_with("---")
            && (line.contains("original message") || line.contains("forwarded message")))
        || (line.len() >= 20 && line.bytes().all(|b| b == b'_'))
        || ((line.starts_with("from:") || line.starts_with("von:")) && is_header(&next))
}

/// Without what stands below `--`, or from a closing such as "best regards" on: it is a formula, whatever the mood.
fn without_signature<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let closes = |(at, line): (usize, &&str)| {
        let words = line
            .trim_end_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        let below = &lines[at + 1..];
        let is_signature = below.len() <= MAX_SIGNATURE
            && below
                .iter()
                .all(|line| line.chars().count() <= MAX_SIGNATURE_CHARS)
            && below
                .first()
                .is_none_or(|line| line.starts_with(|c: char| !c.is_lowercase()));
        let is_closing = at > 0 && CLOSINGS.contains(&words.as_str()) && is_signature;
        *line == "--" || is_closing
    };
    match lines.iter().enumerate().position(closes) {
        // Thanks are meant, and stay.
        Some(at) if lines[at].to_lowercase().contains("thank") => lines[..=at].to_vec(),
        Some(at) => lines[..at].to_vec(),
        None => lines.to_vec(),
    }
}

/// Names after a greeting, after a closing on its own line, after an introduction: "Hi Jo,", "Thanks, Jo Doe".
fn without_names(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    for greeting in GREETINGS {
        if let Some(rest) = lower.strip_prefix(greeting)
            && rest.starts_with(' ')
            && let Some(end) = name(&line[greeting.len()..], true)
        {
            return format!(
                "{} {NAME}{}",
                &line[..greeting.len()],
                &line[greeting.len() + end..]
            );
        }
    }
    for introduction in INTRODUCTIONS {
        if let Some(at) = lower.find(introduction) {
            let from = at + introduction.len();
            if let Some(end) = name(&line[from..], false) {
                return format!("{} {NAME}{}", &line[..from], &line[from + end..]);
            }
        }
    }
    // The last words of a line, where all before them closes a letter.
    if let Some(comma) = line.rfind(", ") {
        let before = lower[..comma]
            .rsplit(['.', '!', '?'])
            .next()
            .unwrap_or_default()
            .trim();
        let rest = &line[comma + 1..];
        if CLOSINGS.contains(&before)
            && name(rest, true).is_some_and(|end| rest[end..].chars().all(|c| c.is_ascii_punctuation()))
        {
            return format!("{} {NAME}", &line[..=comma]);
        }
    }
    line.to_owned()
}

/// The end of the capitalised words that `text` begins with, at most three. `alone`: only where a mark or the end
/// follows, so that "Hi Everything is broken" keeps its words.
fn name(text: &str, alone: bool) -> Option<usize> {
    let (mut end, mut at) = (None, 0);
    for word in text
        .split_inclusive(' ')
        .filter(|w| *w != " ")
        .take(MAX_NAME_WORDS)
    {
        let from = text[at..].find(word).map(|found| at + found)?;
        let bare = word.trim_end();
        let letters = bare.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '\'');
        let is_name = letters.chars().next().is_some_and(char::is_uppercase)
            && letters.chars().all(|c| c.is_alphabetic() || "-'.".contains(c));
        if !is_name {
            break;
        }
        let marked = bare.len() > letters.len() && !(TITLES.contains(&letters) && bare.ends_with('.'));
        end = Some((from + letters.len(), marked));
        at = from + word.len();
        if marked {
            break;
        }
    }
    let (end, marked) = end?;
    (!alone || marked || text[end..].trim().is_empty()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_answered_and_signed_goes() {
        for (mail, own) in [
            (
                "It fails.\n\nOn Mon, 2 Mar 2026 Jo wrote:\n> did it work?",
                "It fails.",
            ),
            (
                "It fails.\nOn Mon, 2 Mar 2026 at 10:00\nJo Doe <[email]> wrote:\nold",
                "It fails.",
            ),
            ("It fails.\n-----Original Message-----\nFrom: Jo", "It fails."),
            ("It fails.\nFrom: Jo\nSent: Monday\nold", "It fails."),
            ("> did it work?\nNo, it did not.", "No, it did not."),
            ("On 2 Mar Jo wrote:\n> did it?\nNo.", "No."),
            ("It fails.\nBest regards,\nJo Doe\nHead of Ops\nAcme", "It fails."),
            ("It fails.\n--\nJo Doe", "It fails."),
            ("It works.\nMany thanks,\nJo", "It works.\nMany thanks,"),
            (
                "Hi Jo,\nit fails. Thanks, Kim Lee",
                "Hi [name],\nit fails. Thanks, [name]",
            ),
            ("Dear Ms. Doe-Smith: help", "Dear [name]: help"),
            (
                "Hello everyone, my name is Ann Lee and it fails",
                "Hello everyone, my name is [name] and it fails",
            ),
            ("Hi Everything is broken", "Hi Everything is broken"),
            ("Hello Jo", "Hello [name]"),
            (
                "On 3 servers it fails:\nall the time",
                "On 3 servers it fails:\nall the time",
            ),
            (
                "It fails.\nThanks\nand one more thing",
                "It fails.\nThanks\nand one more thing",
            ),
            ("Thanks\nit works again", "Thanks\nit works again"),
            ("Sent from my phone", ""),
        ] {
            assert_eq!(own_words(mail), own, "{mail}");
        }
    }
}
