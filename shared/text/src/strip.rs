//! What a text says, without who says it: personal data, markup and quoted replies go before anything reads it.
//!
//! [`plain`] takes out HTML, quoted replies of e-mails, signatures, names after a greeting, links, e-mail addresses,
//! IBANs, and seven digits or more in a row (telephone and card numbers; dates go as well). Names inside a sentence stay:
//! they cannot be told from other words plainly. Nothing else in this crate sees the text as it came.

mod html;
mod reply;

/// Characters of a text that are read; the tone of a longer one is that of its beginning.
pub const MAX_CHARS: usize = 8_000;
/// Digits in a row from which a number may be a telephone's or a card's.
const MIN_DIGITS: usize = 7;
/// Characters that may stand between the digits of one number.
const MAX_GAP: usize = 2;
/// Lengths of an IBAN (ISO 13616).
const IBAN: std::ops::RangeInclusive<usize> = 15..=34;

/// Stands for a name.
pub(crate) const NAME: &str = "[name]";
const EMAIL: &str = "[email]";
const DIGITS: &str = "[digits]";
const LINK: &str = "[link]";

/// The text without markup, quoted replies and personal data; one space between words, one line feed between lines.
pub fn plain(text: &str) -> String {
    let end = text
        .char_indices()
        .nth(MAX_CHARS)
        .map_or(text.len(), |(at, _)| at);
    let text = html::without_markup(&text[..end]);
    let text = reply::own_words(&text);
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().map(word).collect();
        without_digits(&without_ibans(&words).join(" "))
    });
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A word, or what stands for it where it is a link or an address.
fn word(word: &str) -> &str {
    // `get`, not a slice: the seventh byte may lie inside a letter.
    let begins = |prefix: &str| {
        word.match_indices(':').any(|(at, _)| {
            let from = at.saturating_sub(prefix.len());
            word[at..].starts_with("://")
                && word
                    .get(from..at)
                    .is_some_and(|scheme| scheme.eq_ignore_ascii_case(prefix))
        })
    };
    let is_www = word
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("www."));
    if is_www || ["http", "https", "ftp"].into_iter().any(begins) {
        return LINK;
    }
    let alnum = char::is_alphanumeric;
    let is_address = word.match_indices('@').any(|(at, _)| {
        word[..at]
            .chars()
            .next_back()
            .is_some_and(|c| alnum(c) || "._%+-\"'".contains(c))
            && word[..at].contains(alnum)
            && word[at + 1..]
                .chars()
                .next()
                .is_some_and(|c| alnum(c) || c == '[')
    });
    if is_address { EMAIL } else { word }
}

/// Groups of letters and digits that begin as an IBAN does and have its length, in one word or in words of four.
fn without_ibans<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let bare = |word: &'a str| word.trim_matches(|c: char| !c.is_alphanumeric());
    let is_group = |word: &str| word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let mut out = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let first = bare(words[at]);
        let mut length = 0;
        let mut used = 0;
        if let [a, b, c, d, ..] = first.as_bytes()
            && [a, b].iter().all(|b| b.is_ascii_alphabetic())
            && [c, d].iter().all(|b| b.is_ascii_digit())
            && first.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            (length, used) = (first.len(), 1);
            while first.len() == 4
                && words[at + used - 1].len() == 4
                && let Some(next) = words.get(at + used).map(|word| bare(word))
                && (1..=4).contains(&next.len())
                && is_group(next)
            {
                length += next.len();
                used += 1;
            }
        }
        if IBAN.contains(&length) {
            out.push(DIGITS);
            at += used;
        } else {
            out.push(words[at]);
            at += 1;
        }
    }
    out
}

/// Numbers of seven digits or more, also when they are written in groups.
fn without_digits(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_numeric() {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        let (mut last, mut digits, mut next) = (at, 0, at);
        while next < chars.len() && next - last <= MAX_GAP + 1 {
            if chars[next].is_numeric() {
                (last, digits) = (next, digits + 1);
            } else if !" -./(),+".contains(chars[next]) {
                break;
            }
            next += 1;
        }
        if digits >= MIN_DIGITS {
            out.push_str(DIGITS);
        } else {
            out.extend(&chars[at..=last]);
        }
        at = last + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_numbers_and_links_go() {
        for (text, left) in [
            ("Write to jo.b+x@mail.example.com, now", "Write to [email] now"),
            ("<mailto:Jo@X.org>", "[email]"),
            ("call +49 (30) 901820-11 today", "call +[digits] today"),
            (
                "card 4111 1111 1111 1111 was charged",
                "card [digits] was charged",
            ),
            ("pay GB33BUKB20201555555555.", "pay [digits]"),
            ("pay DE89 3704 0044 0532 0130 00 please", "pay [digits] please"),
            ("see https://jo:secret@host.example/a?b=1 now", "see [link] now"),
            (
                "error 404 in version 1.2.3, 20 users",
                "error 404 in version 1.2.3, 20 users",
            ),
            ("@support is slow", "@support is slow"),
            ("it costs €100 (was €90)", "it costs €100 (was €90)"),
        ] {
            assert_eq!(plain(text), left, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(plain(&"ä".repeat(MAX_CHARS + 5)).chars().count(), MAX_CHARS);
    }

    /// Whether an address is left: a letter or digit on both sides of an @ in one word.
    fn has_address(text: &str) -> bool {
        text.split_whitespace().any(|word| {
            word.match_indices('@').any(|(at, _)| {
                word[..at].ends_with(char::is_alphanumeric)
                    && word[at + 1..].starts_with(char::is_alphanumeric)
            })
        })
    }

    fn longest_digits(text: &str) -> usize {
        text.split(|c: char| !c.is_numeric())
            .map(|run| run.chars().count())
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_address_and_no_long_number_survives(text in "\\PC{0,80}") {
            let plain = plain(&text);
            prop_assert!(!has_address(&plain), "{plain}");
            prop_assert!(longest_digits(&plain) < MIN_DIGITS, "{plain}");
        }

        #[test]
        fn nor_inside_other_words(
            before in "[a-z <>/&;:,.\\n-]{0,20}", local in "[a-z0-9._%+-]{0,8}[a-z0-9]", domain in "[a-z0-9][a-z0-9.-]{0,8}\\.[a-z]{2,4}",
            digits in "[0-9]{7,19}", grouped in "[0-9]{3,4}([ ./-][0-9]{3,4}){2,3}", after in "[a-z <>/&;:,.\\n-]{0,20}",
        ) {
            let plain = plain(&format!("{before}{local}@{domain} {after}{digits}{before} {grouped}{after}"));
            prop_assert!(!has_address(&plain), "{plain}");
            let bare: String = plain.chars().filter(|c| !" ./-".contains(*c)).collect();
            prop_assert!(longest_digits(&bare) < 7, "{plain}");
        }

        #[test]
        fn what_is_plain_stays_plain(text in "[A-Za-z0-9@<>/&;:,. \\n-]{0,80}") {
            let plain = plain(&text);
            prop_assert!(!has_address(&super::plain(&plain)));
        }
    }
}
