//! Time: UTC instants; days in the tenant's zone; nothing reads a clock here.

pub use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::limits::{MAX_YEAR, MIN_YEAR};

/// A timestamp or date that does not read or lies outside the years we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Neither RFC 3339 nor `YYYY-MM-DD`.
    #[error("expected a date-time like 2026-03-01T09:30:00Z or a date like 2026-03-01")]
    Malformed,
    /// A year outside `MIN_YEAR..=MAX_YEAR`.
    #[error("the year must lie between {MIN_YEAR} and {MAX_YEAR}")]
    OutOfRange,
}

/// Checks that an instant lies in the years we take.
///
/// # Errors
/// [`TimeError::OutOfRange`] otherwise.
pub fn in_range(at: Timestamp) -> Result<Timestamp, TimeError> {
    let year = at.to_zoned(TimeZone::UTC).year();
    if (MIN_YEAR..=MAX_YEAR).contains(&year) {
        Ok(at)
    } else {
        Err(TimeError::OutOfRange)
    }
}

/// Reads an instant: RFC 3339, a `YYYY-MM-DD HH:MM[:SS]` without offset (taken as UTC), or a date (midnight UTC).
///
/// # Errors
/// [`TimeError`] when it does not read, or lies in a year that we do not take.
pub fn parse_instant(text: &str) -> Result<Timestamp, TimeError> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return in_range(at);
    }
    // Five-digit years do not parse at all: say that the year is the fault, not the form.
    if text.bytes().take_while(u8::is_ascii_digit).count() > 4 {
        return Err(TimeError::OutOfRange);
    }
    let civil = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| text.parse::<Date>().map(|d| d.at(0, 0, 0, 0)))
        .map_err(|_| TimeError::Malformed)?;
    let at = civil
        .to_zoned(TimeZone::UTC)
        .map_err(|_| TimeError::OutOfRange)?
        .timestamp();
    in_range(at)
}

/// Reads a calendar date; of a date-time, its date.
///
/// # Errors
/// [`TimeError`] when it does not read, or lies in a year that we do not take.
pub fn parse_date(text: &str) -> Result<Date, TimeError> {
    let at = parse_instant(text)?;
    Ok(at.to_zoned(TimeZone::UTC).date())
}

/// The day that an instant falls on in a zone.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}

/// The last instant of a day in a zone.
pub fn end_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    let next = shift(day, 1).to_zoned(zone.clone());
    next.map_or(Timestamp::MAX, |next| {
        let last = next.timestamp().checked_sub(1.nanosecond());
        last.unwrap_or(Timestamp::MIN)
    })
}

/// Whole days from `from` to `to`, negative when `to` is earlier.
pub fn days_between(from: Date, to: Date) -> i32 {
    epoch_day(to) - epoch_day(from)
}

/// Days since 1970-01-01.
pub fn epoch_day(day: Date) -> i32 {
    (day.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24) as i32
}

/// The date of a day counted since 1970-01-01; saturates at the ends of the calendar.
pub fn from_epoch_day(days: i32) -> Date {
    use jiff::ToSpan;
    jiff::civil::date(1970, 1, 1).saturating_add(days.days())
}

/// `day` moved by `days` (negative: back); saturates at the ends of the calendar.
pub fn shift(day: Date, days: i32) -> Date {
    use jiff::ToSpan;
    day.saturating_add(days.days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_far_away_and_nonsense_are_told_apart() {
        assert_eq!(parse_instant("30000-01-01T00:00:00Z"), Err(TimeError::OutOfRange));
        assert_eq!(parse_instant("2200-01-01"), Err(TimeError::OutOfRange));
        assert_eq!(parse_instant("1969-12-31"), Err(TimeError::OutOfRange));
        assert_eq!(parse_instant("yesterday"), Err(TimeError::Malformed));
        assert_eq!(parse_instant("2026-02-30"), Err(TimeError::Malformed));
        assert!(parse_instant("2026-02-28 09:05").is_ok());
        assert!(parse_instant("2026-02-28T09:05:01+02:00").is_ok());
    }

    #[test]
    fn epoch_days_go_there_and_back() {
        for days in [-1, 0, 1, 20_000, 59_000] {
            assert_eq!(epoch_day(from_epoch_day(days)), days);
        }
    }
}
