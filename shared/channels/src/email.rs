//! E-mail bodies, as text and as HTML. Rendering only: `copilot_aws::email` sends them.
//!
//! Templates are strict (an unknown name is an error, found by the tests) and the HTML ones escape all values.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value, json};

use crate::digest::Digest;
use crate::message::{About, AlertMessage};
use crate::text::one_line;
use copilot_domain::alert::Severity;
use copilot_domain::event::Notice;

/// Characters of a subject: what mail programs show of it, and far below the 998 bytes of a header line.
const MAX_SUBJECT: usize = 150;

/// Characters of what a notice means.
const MAX_REASON: usize = 600;

/// A rendered e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// One line without control characters.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
}

/// A template that does not fit what it is given: a bug of ours.
#[derive(Debug, thiserror::Error)]
#[error("the template {template} does not render")]
pub struct RenderError {
    /// Its name.
    template: &'static str,
    #[source]
    source: minijinja::Error,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    // Only the text templates go unescaped.
    env.set_auto_escape_callback(|name| match name {
        "alert.txt" | "digest.txt" | "notice.txt" => AutoEscape::None,
        _ => AutoEscape::Html,
    });
    // Block tags on lines of their own leave no lines behind.
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        env.set_syntax(syntax);
    }
    for (name, source) in [
        ("alert.txt", include_str!("../templates/alert.txt")),
        ("alert.html", include_str!("../templates/alert.html")),
        ("digest.txt", include_str!("../templates/digest.txt")),
        ("digest.html", include_str!("../templates/digest.html")),
        ("notice.txt", include_str!("../templates/notice.txt")),
        ("notice.html", include_str!("../templates/notice.html")),
    ] {
        // A template that does not parse is missing afterwards, and rendering it says so.
        if let Err(error) = env.add_template(name, source) {
            debug_assert!(false, "{name}: {error}");
        }
    }
    env
});

fn render(template: &'static str, values: &Value) -> Result<String, RenderError> {
    let rendered = TEMPLATES
        .get_template(template)
        .and_then(|found| found.render(Serde(values)));
    rendered.map_err(|source| RenderError { template, source })
}

fn email(
    subject: &str,
    text: &'static str,
    html: &'static str,
    values: &Value,
) -> Result<Email, RenderError> {
    Ok(Email {
        subject: one_line(subject, MAX_SUBJECT),
        text: render(text, values)?,
        html: render(html, values)?,
    })
}

/// The e-mail about an alert.
///
/// # Errors
/// [`RenderError`] when a template is broken.
pub fn alert(message: &AlertMessage) -> Result<Email, RenderError> {
    let facts: Vec<[String; 2]> = message
        .facts()
        .into_iter()
        .map(|(name, value)| [name.to_owned(), value])
        .collect();
    let values = json!({
        "word": message.word(),
        "account": message.account,
        "title": message.title,
        "again": message.again(),
        "reason": message.reason,
        "facts": facts,
        "drivers": message.drivers,
        "rule": message.rule,
        "link": message.link,
        "colour": colour(message),
        "headline": message.headline(),
    });
    let subject = format!("[{}] {}: {}", message.word(), message.account, message.title);
    email(&subject, "alert.txt", "alert.html", &values)
}

/// The daily digest.
///
/// # Errors
/// [`RenderError`] when a template is broken.
pub fn digest(digest: &Digest) -> Result<Email, RenderError> {
    let sections = digest.sections();
    let counts: Vec<String> = sections
        .iter()
        .map(|section| format!("{} {}", section.count, section.name.to_lowercase()))
        .collect();
    let values = json!({
        "day": digest.day,
        "sections": sections,
        "link": digest.link,
    });
    email(
        &format!("Your accounts on {}: {}", digest.day, counts.join(", ")),
        "digest.txt",
        "digest.html",
        &values,
    )
}

/// The e-mail to an admin, about a rule or a source.
///
/// # Errors
/// [`RenderError`] when a template is broken.
pub fn notice(notice: &Notice, link: &str) -> Result<Email, RenderError> {
    let title = one_line(&notice.title, MAX_SUBJECT);
    let values = json!({"title": title, "reason": one_line(&notice.reason, MAX_REASON), "link": link});
    email(
        &format!("[Copilot] {title}"),
        "notice.txt",
        "notice.html",
        &values,
    )
}

/// Of the bar at the top; dark enough for white text (contrast 4.5 and more).
fn colour(message: &AlertMessage) -> &'static str {
    match (message.about, message.severity) {
        (About::Resolved, _) => "#1a7f4b",
        (_, Severity::Critical) => "#a3142a",
        (_, Severity::High) => "#b4420a",
        (_, Severity::Medium) => "#7a5b00",
        (_, Severity::Low) => "#4a5568",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::MAX_LINES;
    use crate::digest::tests::digest as sample;
    use crate::message::tests::message;
    use copilot_domain::alert::Renotify;

    #[test]
    fn an_alert() {
        let email = alert(&message()).unwrap();
        insta::assert_snapshot!("alert.subject", email.subject);
        insta::assert_snapshot!("alert.txt", email.text);
        insta::assert_snapshot!("alert.html", email.html);
    }

    #[test]
    fn a_notice_is_escaped_and_its_subject_is_one_line() {
        let told = Notice {
            subject: "R03".into(),
            title: "Rule R03 <tripped>\r\nBcc: x@y.z".into(),
            reason: "Look at <the source>".into(),
        };
        let email = notice(&told, "https://copilot.example/#/").unwrap();
        assert_eq!(email.subject, "[Copilot] Rule R03 <tripped> Bcc: x@y.z");
        assert!(email.text.contains("Look at <the source>"), "{}", email.text);
        assert!(
            email.html.contains("Look at &lt;the source&gt;"),
            "{}",
            email.html
        );
        assert!(
            email.html.contains("https:&#x2f;&#x2f;copilot.example")
                || email.html.contains("https://copilot")
        );
    }

    #[test]
    fn a_digest() {
        let email = digest(&sample([2, 1, 0, 1, 1])).unwrap();
        insta::assert_snapshot!("digest.subject", email.subject);
        insta::assert_snapshot!("digest.txt", email.text);
        insta::assert_snapshot!("digest.html", email.html);
    }

    #[test]
    fn every_kind_of_message_renders() {
        for about in [
            About::Opened,
            About::Resolved,
            About::Updated(None),
            About::Updated(Some(Renotify::RuleJoined)),
        ] {
            let mut some = message();
            some.about = about;
            let email = alert(&some).unwrap();
            assert_eq!(
                some.again().is_some(),
                email.text.contains(some.again().unwrap_or("\u{0}"))
            );
            (some.arr, some.renewal_date, some.score, some.band) = (None, None, None, None);
            some.drivers.clear();
            let bare = alert(&some).unwrap();
            assert!(
                !bare.text.contains("none") && !bare.html.contains("none<"),
                "{}",
                bare.text
            );
        }
    }

    #[test]
    fn a_name_cannot_add_a_header_or_markup() {
        let mut event = crate::message::tests::event();
        let evil = event.alert.as_mut().unwrap();
        evil.account_name = "Acme\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>".into();
        evil.title = "x".repeat(500);
        let email = alert(&AlertMessage::of(&event, "https://copilot.example/").unwrap()).unwrap();
        assert!(!email.subject.chars().any(char::is_control), "{}", email.subject);
        assert!(email.subject.chars().count() <= MAX_SUBJECT);
        assert!(!email.html.contains("<script>"), "{}", email.html);
    }

    #[test]
    fn a_digest_never_has_more_lines_than_it_may() {
        for counts in [
            [0; 5],
            [1; 5],
            [9; 5],
            [500; 5],
            [500, 0, 0, 0, 0],
            [17, 1, 1, 1, 1],
            [0, 0, 0, 0, 40],
        ] {
            let text = digest(&sample(counts)).unwrap().text;
            assert!(text.trim_end().lines().count() <= MAX_LINES, "{counts:?}: {text}");
        }
    }
}
