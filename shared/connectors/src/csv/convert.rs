//! Text of a cell to a typed value. What could be read in two ways is refused with both readings named.

use copilot_domain::Currency;
use serde_json::Value;

use crate::canonical::{FieldType, RowError};

/// How numbers of a file are written, told by its delimiter: where a semicolon parts the cells, a comma may part a
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) comma_may_be_decimal: bool,
}

/// Converts a cell that is not empty; what is not converted is left for the row's checks to refuse.
pub(super) fn typed(ty: FieldType, name: &str, cell: &str, numbers: Numbers) -> Result<Value, RowError> {
    match ty {
        FieldType::Integer(..) | FieldType::AmountMinor => {
            let number = decimal(name, cell, numbers, true)?;
            whole(&number).map(Value::from).ok_or_else(|| {
                RowError::field(
                    "wrong_type",
                    name,
                    format!("`{name}` must be a whole number; got {}", quoted(cell)),
                )
            })
        }
        FieldType::Decimal(..) => {
            let number = decimal(name, cell, numbers, false)?;
            Ok(number.parse::<f64>().map_or(Value::Null, Value::from))
        }
        FieldType::Boolean => boolean(name, cell),
        FieldType::Date | FieldType::Instant => date(name, cell),
        FieldType::OneOf(_) => {
            let word: String = cell
                .to_lowercase()
                .chars()
                .map(|c| if c == ' ' || c == '-' { '_' } else { c })
                .collect();
            Ok(word.into())
        }
        FieldType::Names => {
            let names = cell.split([';', '|']).map(str::trim);
            Ok(names.filter(|name| !name.is_empty()).collect())
        }
        _ => Ok(cell.into()),
    }
}

/// A field of the tenant's own: a number or boolean when it is plainly one, else text.
pub(super) fn custom(cell: &str) -> Value {
    match cell {
        "true" | "TRUE" | "True" => return true.into(),
        "false" | "FALSE" | "False" => return false.into(),
        _ => {}
    }
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |text: &str| !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    // 007 is a code, not the number seven.
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if plain(whole) && plain(fraction) && whole.len() + fraction.len() <= 16 && !leading_zero {
        if let Ok(number) = cell.parse::<i64>() {
            return number.into();
        }
        if let Ok(number) = cell.parse::<f64>() {
            return number.into();
        }
    }
    cell.into()
}

/// A decimal amount in minor units, exactly.
pub(super) fn minor(name: &str, cell: &str, currency: Currency, numbers: Numbers) -> Result<Value, RowError> {
    let number = decimal(name, cell, numbers, false)?;
    let digits = currency.exponent() as usize;
    let (sign, bare) = number
        .strip_prefix('-')
        .map_or(("", number.as_str()), |bare| ("-", bare));
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let kept = fraction.trim_end_matches('0');
    if kept.len() > digits {
        let detail = format!(
            "`{name}` may have {digits} decimals in {currency}; got {}",
            quoted(cell)
        );
        return Err(RowError::field("too_precise", name, detail));
    }
    format!("{sign}{whole}{kept:0<digits$}")
        .parse::<i64>()
        .map(Value::from)
        .map_err(|_| {
            RowError::field(
                "out_of_range",
                name,
                format!("`{name}` is too large; got {}", quoted(cell)),
            )
        })
}

/// A number in plain form (`-1234.5`): currency signs, spaces and thousands separators taken out.
fn decimal(name: &str, cell: &str, numbers: Numbers, whole_wanted: bool) -> Result<String, RowError> {
    let refuse = |code, why: &str| {
        Err(RowError::field(
            code,
            name,
            format!(
                "`{name}` must be a number such as 1234.5{why}; got {}",
                quoted(cell)
            ),
        ))
    };
    let bare: String = cell
        .chars()
        .filter(|c| {
            !c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}' | '\'' | '’' | '€' | '$' | '£' | '¥')
        })
        .collect();
    let (negative, bare) = match bare.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (true, inner),
        None => match bare.strip_prefix(['-', '−']) {
            Some(rest) => (true, rest),
            None => (false, bare.strip_prefix('+').unwrap_or(&bare)),
        },
    };
    let lower = bare.to_lowercase();
    if ["nan", "inf", "infinity", "-inf"].contains(&lower.as_str()) {
        return Err(RowError::field(
            "not_finite",
            name,
            format!("`{name}` is {lower}; leave the cell empty"),
        ));
    }
    let mantissa = bare.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    if !mantissa || !bare.bytes().any(|b| b.is_ascii_digit()) {
        return match lower.parse::<f64>() {
            Ok(number) if !number.is_finite() || number.abs() > 1e18 => {
                refuse("not_finite", ", not one too large to hold")
            }
            Ok(_) if !bare.is_empty() => refuse("wrong_type", " without an exponent"),
            _ => refuse("wrong_type", ""),
        };
    }
    let (points, commas) = (bare.matches('.').count(), bare.matches(',').count());
    let last = bare.rfind(['.', ',']);
    let tail = last.map_or(0, |at| bare.len() - at - 1);
    let comma_decimal = numbers.comma_may_be_decimal;
    let decimal_mark = match (points, commas) {
        (1, 0) if tail == 3 && comma_decimal && whole_wanted => {
            return refuse("ambiguous_number", " without a thousands separator");
        }
        (1, 0) => Some('.'),
        (0, 1) if tail == 3 && comma_decimal => {
            return refuse("ambiguous_number", " without a thousands separator");
        }
        (0, 1) if tail == 3 => None,
        (0, 1) => Some(','),
        // No mark, or one that stands more than once: thousands.
        (_, 0) | (0, _) => None,
        _ if points > 1 && commas > 1 => return refuse("wrong_type", ""),
        _ => last
            .and_then(|at| bare.get(at..))
            .and_then(|text| text.chars().next()),
    };
    let (whole, fraction) = match decimal_mark {
        Some(mark) => match bare.rsplit_once(mark) {
            Some((whole, fraction)) if !whole.contains(mark) => (whole, fraction),
            _ => return refuse("wrong_type", ""),
        },
        None => (bare, ""),
    };
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let grouped = groups.len() > 1;
    if grouped
        && (groups.iter().skip(1).any(|g| g.len() != 3)
            || groups.first().is_none_or(|g| g.is_empty() || g.len() > 3))
    {
        return refuse("wrong_type", "");
    }
    let whole = groups.concat();
    let whole = if whole.is_empty() { "0" } else { &whole };
    let sign = if negative { "-" } else { "" };
    Ok(if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    })
}

fn whole(number: &str) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.bytes().all(|b| b == b'0') {
        whole.parse().ok()
    } else {
        None
    }
}

fn boolean(name: &str, cell: &str) -> Result<Value, RowError> {
    match cell.to_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" | "on" => Ok(true.into()),
        "false" | "f" | "no" | "n" | "0" | "off" => Ok(false.into()),
        _ => {
            let detail = format!(
                "`{name}` must be true or false (yes, no, 1, 0); got {}",
                quoted(cell)
            );
            Err(RowError::field("wrong_type", name, detail))
        }
    }
}

/// Dates in ISO order, with `-` or `/`; day and month in another order are refused, not guessed.
fn date(name: &str, cell: &str) -> Result<Value, RowError> {
    let head: Vec<&str> = cell
        .split([' ', 'T'])
        .next()
        .unwrap_or_default()
        .split(['/', '.'])
        .collect();
    if head.len() != 3 || !head.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
        return Ok(cell.into());
    }
    if head[0].len() == 4 {
        return Ok(cell.replacen(['/', '.'], "-", 2).into());
    }
    let detail = format!(
        "`{name}` must be written YYYY-MM-DD, since {} can be read with day or month first",
        quoted(cell)
    );
    Err(RowError::field("malformed_date", name, detail))
}

fn quoted(cell: &str) -> String {
    let short: String = cell.chars().take(40).collect();
    Value::from(short).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: Numbers = Numbers {
        comma_may_be_decimal: false,
    };
    const COMMA: Numbers = Numbers {
        comma_may_be_decimal: true,
    };

    fn eur(cell: &str, numbers: Numbers) -> Result<i64, &'static str> {
        let currency = Currency::new("EUR").map_err(|_| "currency")?;
        minor("mrr", cell, currency, numbers)
            .map(|v| v.as_i64().unwrap_or(i64::MIN))
            .map_err(|e| e.code)
    }

    #[test]
    fn amounts_are_exact_and_read_as_people_write_them() {
        for (cell, expected) in [
            ("1234.5", 123_450),
            ("1,234.50", 123_450),
            ("1.234,50", 123_450),
            ("1 234,50", 123_450),
            ("€1,200", 120_000),
            ("1'234.50", 123_450),
            ("(12.00)", -1_200),
            ("-0.01", -1),
            (".5", 50),
            ("1,5", 150),
            ("1,234,567", 123_456_700),
            ("1.234.567", 123_456_700),
            ("0.10", 10),
            ("12.500", 1_250),
            ("+7", 700),
            ("90071992547409.93", 9_007_199_254_740_993),
        ] {
            assert_eq!(eur(cell, POINT), Ok(expected), "{cell}");
        }
        assert_eq!(eur("1,234", POINT), Ok(123_400));
        assert_eq!(eur("1,234", COMMA), Err("ambiguous_number"));
        assert_eq!(eur("1,23", COMMA), Ok(123));
        assert_eq!(eur("1.005", POINT), Err("too_precise"));
        for (cell, code) in [
            ("many", "wrong_type"),
            ("1e3", "wrong_type"),
            ("1e400", "not_finite"),
            ("NaN", "not_finite"),
            ("Infinity", "not_finite"),
            ("1,23,456", "wrong_type"),
            ("12,3456,789", "wrong_type"),
            ("1.2,3.4", "wrong_type"),
            ("--5", "wrong_type"),
            (".", "wrong_type"),
            ("99999999999999999999", "out_of_range"),
            ("1.234.56", "wrong_type"),
            ("", "wrong_type"),
        ] {
            assert_eq!(eur(cell, POINT), Err(code), "{cell}");
        }
        let yen = Currency::new("JPY").unwrap();
        assert_eq!(minor("mrr", "1,500", yen, POINT).unwrap(), 1_500);
        assert_eq!(minor("mrr", "1.5", yen, POINT).unwrap_err().code, "too_precise");
        assert_eq!(
            minor("mrr", "1.5", Currency::new("KWD").unwrap(), POINT).unwrap(),
            1_500
        );
    }

    #[test]
    fn whole_numbers_booleans_dates_and_words() {
        let read = |ty, cell| typed(ty, "x", cell, POINT).map_err(|e| e.code);
        let count = FieldType::Integer(0, 10_000);
        assert_eq!(read(count, "1,234"), Ok(1_234.into()));
        assert_eq!(read(count, "5.000"), Ok(5.into()));
        assert_eq!(read(count, "5.5"), Err("wrong_type"));
        assert_eq!(
            typed(count, "x", "5.000", COMMA).unwrap_err().code,
            "ambiguous_number"
        );
        assert_eq!(read(FieldType::Boolean, "Yes"), Ok(true.into()));
        assert_eq!(read(FieldType::Boolean, "maybe"), Err("wrong_type"));
        assert_eq!(read(FieldType::Date, "2026/03/01"), Ok("2026-03-01".into()));
        assert_eq!(read(FieldType::Date, "03/01/2026"), Err("malformed_date"));
        assert_eq!(read(FieldType::Instant, "1.3.2026 10:00"), Err("malformed_date"));
        assert_eq!(
            read(FieldType::Instant, "2026-03-01 10:00"),
            Ok("2026-03-01 10:00".into())
        );
        assert_eq!(
            read(FieldType::Names, "Reports; API |;"),
            Ok(serde_json::json!(["Reports", "API"]))
        );
        assert_eq!(
            read(FieldType::OneOf(&["will_churn"]), "Will churn"),
            Ok("will_churn".into())
        );
        assert_eq!(
            [
                custom("12"),
                custom("1.5"),
                custom("007"),
                custom("TRUE"),
                custom("1-2")
            ],
            [
                12.into(),
                1.5.into(),
                "007".into(),
                true.into(),
                Value::from("1-2")
            ]
        );
    }
}
