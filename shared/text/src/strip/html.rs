//! Markup of e-mails: tags and entities to text, quotations, styles and scripts away.

/// Tags that are markup. `List<String>` in a developer's ticket is none.
const TAGS: [&str; 39] = [
    "a",
    "b",
    "blockquote",
    "body",
    "br",
    "code",
    "center",
    "div",
    "em",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "img",
    "li",
    "meta",
    "o:p",
    "ol",
    "p",
    "pre",
    "script",
    "small",
    "span",
    "strong",
    "style",
    "table",
    "tbody",
    "td",
    "title",
    "tr",
    "u",
    "ul",
];
/// Tags whose content is not what the writer says.
const SKIPPED: [&str; 5] = ["blockquote", "head", "script", "style", "title"];
/// Tags that end a line.
const BREAKS: [&str; 12] = [
    "br", "div", "h1", "h2", "h3", "h4", "hr", "li", "p", "pre", "td", "tr",
];
/// Longest tag that is looked for.
const MAX_TAG: usize = 2_000;
const ENTITIES: [(&str, &str); 7] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("hellip", "…"),
];

/// A tag at the start of `text`: its name in lower case, whether it closes, what it holds, its length.
fn tag(text: &str) -> Option<(String, bool, &str, usize)> {
    let inner = text.strip_prefix('<')?;
    let (inner, closes) = inner
        .strip_prefix('/')
        .map_or((inner, false), |inner| (inner, true));
    let name: String = inner
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == ':')
        .take(12)
        .collect::<String>()
        .to_ascii_lowercase();
    let end = text.bytes().take(MAX_TAG).position(|b| b == b'>')?;
    TAGS.contains(&name.as_str())
        .then(|| (name, closes, &text[1..end], end + 1))
}

/// The text without tags, its entities read.
pub(super) fn without_markup(text: &str) -> String {
    if !text.contains(['<', '&']) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some((name, closes, held, length)) = tag(rest) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        rest = &rest[length..];
        if !closes && (held.contains("gmail_quote") || held.contains("appendonsend")) {
            // Everything from here on is the mail that was answered.
            rest = "";
        } else if !closes && SKIPPED.contains(&name.as_str()) {
            rest = after(rest, &name);
        }
        out.push_str(if BREAKS.contains(&name.as_str()) { "\n" } else { "" });
    }
    out.push_str(rest);
    entities(&out)
}

/// What follows the end of an element that has begun, those of its name inside it passed over.
fn after<'a>(text: &'a str, name: &str) -> &'a str {
    let (mut depth, mut rest) = (1, text);
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let Some((found, closes, _, length)) = tag(rest) else {
            rest = &rest[1..];
            continue;
        };
        rest = &rest[length..];
        if found == name {
            depth += if closes { -1 } else { 1 };
        }
        if depth == 0 {
            return rest;
        }
    }
    ""
}

fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.bytes().take(10).position(|b| b == b';');
        let read = end.and_then(|end| Some((entity(rest.get(..end)?)?, end)));
        match read {
            Some((c, end)) => {
                out.push_str(&c);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
        return char::from_u32(code.ok()?).map(String::from);
    }
    let found = ENTITIES.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| (*text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_what_only_looks_like_it_stays() {
        for (html, text) in [
            ("<p>It &amp; they</p><p>fail&#33;</p>", "It & they\nfail!\n"),
            ("<style>p {color: red}</style>Hello <b>there</b>", "Hello there"),
            (
                "mine<blockquote>old <blockquote>older</blockquote> old</blockquote> again",
                "mine again",
            ),
            ("mine<div class=\"gmail_quote\">On Monday …", "mine\n"),
            (
                "a < b and Vec<String> > 3 && ok",
                "a < b and Vec<String> > 3 && ok",
            ),
            ("no end <div", "no end <div"),
            ("<!-- x -->seen<script>1 < 2", "seen"),
        ] {
            let plain = without_markup(html).replace("\n\n", "\n");
            assert_eq!(plain.trim_start(), text, "{html}");
        }
    }
}
