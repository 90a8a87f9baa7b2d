//! Fills the human texts of measures and rules with the values that they speak of.
//!
//! `{feature|form}`: `int` (no decimals), `n1`, `n2`, `pct` (a share as per cent), `change` (a signed per cent),
//! `yes`, `word` (a label), `n:visit` (a count with its noun: 1 visit, 3 visits), `n:try:tries` (with its own plural).
//! What has no value reads `unknown`.

/// Fills a template. `number` and `word` look values up by name.
pub fn fill(
    template: &str,
    number: impl Fn(&str) -> Option<f64>,
    word: impl Fn(&str) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else {
            out.push_str(&rest[open..]);
            return out;
        };
        let inner = &rest[open + 1..open + close];
        let (name, form) = inner.split_once('|').unwrap_or((inner, "n2"));
        if form == "word" {
            out.push_str(&word(name).unwrap_or_else(|| "unknown".to_owned()));
        } else if let Some(noun) = form.strip_prefix("n:") {
            out.push_str(&counted(number(name), noun));
        } else {
            out.push_str(
                &number(name).map_or_else(|| "unknown".to_owned(), |value| format_value(value, form)),
            );
        }
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

/// A count with its noun, in the number that the count asks for.
fn counted(value: Option<f64>, noun: &str) -> String {
    let (one, many) = match noun.split_once(':') {
        Some((one, many)) => (one, many.to_owned()),
        None => (noun, format!("{noun}s")),
    };
    match value.map(|value| no_minus_zero(value.round())) {
        None => format!("an unknown number of {many}"),
        Some(1.0) => format!("1 {one}"),
        Some(value) => format!("{value} {many}"),
    }
}

/// A value as people write it; the forms are those of [`fill`].
pub(crate) fn format_value(value: f64, form: &str) -> String {
    match form {
        "int" => format!("{}", no_minus_zero(value.round())),
        "n1" => format!("{:.1}", no_minus_zero(value)),
        "pct" => format!("{} %", no_minus_zero((value * 100.0).round())),
        "change" => {
            let per_cent = no_minus_zero((value * 100.0).round());
            if per_cent > 0.0 {
                format!("+{per_cent} %")
            } else {
                format!("{per_cent} %")
            }
        }
        "yes" => if value >= 1.0 { "yes" } else { "no" }.to_owned(),
        _ => format!("{:.2}", no_minus_zero(value)),
    }
}

fn no_minus_zero(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them_and_unknown_says_so() {
        let number = |name: &str| match name {
            "a" => Some(-0.254),
            "b" => Some(52.4),
            _ => None,
        };
        let text = fill(
            "{a|change}, {a|pct}, {b|int}, {b|n1}, {c|int}, {d|word} {",
            number,
            |_| None,
        );
        assert_eq!(text, "-25 %, -25 %, 52, 52.4, unknown, unknown {");
    }

    #[test]
    fn a_count_agrees_with_its_noun() {
        let number = |name: &str| match name {
            "one" => Some(1.0),
            "three" => Some(3.0),
            _ => None,
        };
        let text = fill(
            "{one|n:visit}, {three|n:urgent ticket}, {one|n:try:tries}, {three|n:try:tries}, {none|n:day}",
            number,
            |_| None,
        );
        assert_eq!(
            text,
            "1 visit, 3 urgent tickets, 1 try, 3 tries, an unknown number of days"
        );
    }
}
