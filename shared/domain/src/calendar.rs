//! Which day an instant falls on in a zone, many times over.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::time::{Timestamp, day_of, epoch_day};

/// Seconds from which and until which offsets are looked up once: 2000 to 2040. Instants outside are asked one by one.
const FROM_S: i64 = 946_684_800;
const UNTIL_S: i64 = 2_208_988_800;

/// The calendar of a zone. Says the same as [`day_of`], without going through the rules of the zone each time.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    zone: TimeZone,
    /// From which second on which offset in seconds holds, ascending.
    offsets: Arc<[(i64, i64)]>,
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone
    }
}

impl Calendar {
    /// The calendar of a zone.
    pub(crate) fn new(zone: TimeZone) -> Self {
        let from = Timestamp::from_second(FROM_S).unwrap_or(Timestamp::UNIX_EPOCH);
        let first = (FROM_S, i64::from(zone.to_offset(from).seconds()));
        let later = zone
            .following(from)
            .map(|change| {
                (
                    change.timestamp().as_second(),
                    i64::from(change.offset().seconds()),
                )
            })
            .take_while(|(at, _)| *at < UNTIL_S);
        let offsets = std::iter::once(first).chain(later).collect();
        Self { zone, offsets }
    }

    /// The day of an instant, counted since 1970-01-01.
    pub(crate) fn epoch_day(&self, at: Timestamp) -> i32 {
        let second = at.as_second();
        if !(FROM_S..UNTIL_S).contains(&second) {
            return epoch_day(day_of(at, &self.zone));
        }
        let after = self.offsets.partition_point(|(from, _)| *from <= second);
        let offset = after.checked_sub(1).and_then(|at| self.offsets.get(at));
        (second + offset.map_or(0, |(_, offset)| *offset)).div_euclid(86_400) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_calendar_says_what_the_zone_says(second in 0_i64..3_000_000_000, hour in -30_i64..30) {
            for name in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"] {
                let zone = TimeZone::get(name).unwrap();
                let calendar = Calendar::new(zone.clone());
                // Near the turns of the clock as well.
                let turn = calendar.offsets[second as usize % calendar.offsets.len()].0;
                for at in [second, turn + hour * 1_800 + 1_799, turn, turn - 1] {
                    let at = Timestamp::from_second(at).unwrap();
                    prop_assert_eq!(calendar.epoch_day(at), epoch_day(day_of(at, &zone)), "{} {}", name, at);
                }
            }
        }
    }
}
