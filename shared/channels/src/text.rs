//! Numbers, days and names as a reader sees them.

use copilot_domain::Money;
use copilot_domain::alert::Severity;
use copilot_domain::health::Band;
use jiff::civil::Date;

/// Money in whole major units with its currency: `USD 120,000`.
pub fn money(money: Money) -> String {
    let whole = money.major().round() as i64;
    let digits = whole.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{} {}{grouped}", money.currency, if whole < 0 { "-" } else { "" })
}

/// A day: `1 May 2026`.
pub fn day(day: Date) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS
        .get(usize::from(day.month().unsigned_abs()) - 1)
        .unwrap_or(&"");
    format!("{} {month} {}", day.day(), day.year())
}

/// A renewal with its distance: `1 May 2026 (in 61 days)`.
pub fn renewal(date: Date, days: Option<i32>) -> String {
    let distance = match days {
        None => return day(date),
        Some(0) => "today".to_owned(),
        Some(1) => "tomorrow".to_owned(),
        Some(-1) => "yesterday".to_owned(),
        Some(ahead @ 2..) => format!("in {ahead} days"),
        Some(past) => format!("{} days ago", past.unsigned_abs()),
    };
    format!("{} ({distance})", day(date))
}

/// The severity word.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}

/// The band's name.
pub fn band(band: Band) -> &'static str {
    match band {
        Band::Critical => "Critical",
        Band::AtRisk => "At risk",
        Band::Watch => "Watch",
        Band::Healthy => "Healthy",
        Band::InsufficientData => "Insufficient data",
        Band::Onboarding => "Onboarding",
    }
}

/// One line: control characters and those that change the reading direction become spaces, runs of spaces one, and
/// what is longer than `max` characters ends in `…`. What went through here cannot break a header or a layout.
pub fn one_line(text: &str, max: usize) -> String {
    let clean: String = text
        .chars()
        .map(|c| match c {
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.chars().count() <= max {
        return joined;
    }
    let cut: String = joined.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::Currency;

    #[test]
    fn money_is_grouped_and_keeps_its_sign() {
        let of = |amount_minor, code| {
            money(Money {
                amount_minor,
                currency: Currency::new(code).unwrap(),
            })
        };
        assert_eq!(of(1_234_567_890, "USD"), "USD 12,345,679");
        assert_eq!(of(99_900, "EUR"), "EUR 999");
        assert_eq!(of(1_000, "JPY"), "JPY 1,000");
        assert_eq!(of(-250_000, "GBP"), "GBP -2,500");
        assert_eq!(of(0, "GBP"), "GBP 0");
    }

    #[test]
    fn a_renewal_tells_its_distance() {
        let date = jiff::civil::date(2026, 5, 1);
        assert_eq!(renewal(date, Some(61)), "1 May 2026 (in 61 days)");
        assert_eq!(renewal(date, Some(0)), "1 May 2026 (today)");
        assert_eq!(renewal(date, Some(1)), "1 May 2026 (tomorrow)");
        assert_eq!(renewal(date, Some(-3)), "1 May 2026 (3 days ago)");
        assert_eq!(renewal(date, None), "1 May 2026");
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(
            one_line("Acme\r\nBcc: eve@example.com", 80),
            "Acme Bcc: eve@example.com"
        );
        assert_eq!(one_line("  a \t b\u{2028}c\u{202e}d ", 80), "a b c d");
        assert_eq!(one_line("häuser und gärten", 8), "häuser…");
        assert_eq!(one_line("exact", 5), "exact");
    }
}
