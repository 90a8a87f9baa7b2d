//! Fills the human texts of measures and rules with the values that they speak of.
//!
//! `{feature|form}`: `int` (no decimals), `n1`, `n2`, `pct` (a share as per cent), `change` (a signed per cent),
//! `yes`, `word` (a label). What has no value reads `unknown`.

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

fn format_value(value: f64, form: &str) -> String {
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
}
