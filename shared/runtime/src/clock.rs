//! The one place that reads the wall clock. Handlers take a [`Clock`] in their context; pure code takes the
//! instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

#[derive(Debug, Clone)]
enum Hands {
    System,
    /// Milliseconds since the epoch, shared by the clones, so that a test can move every clock that it gave away.
    Set(Arc<AtomicI64>),
}

/// Tells the time: the system's, or a time that a test set.
#[derive(Debug, Clone)]
pub struct Clock(Hands);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Hands::System)
    }

    /// A clock that stands at an instant (to the millisecond) until [`Clock::advance`].
    pub fn fixed(at: Timestamp) -> Self {
        Self(Hands::Set(Arc::new(AtomicI64::new(at.as_millisecond()))))
    }

    /// The instant that it is now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Hands::System => Timestamp::now(),
            Hands::Set(millis) => {
                Timestamp::from_millisecond(millis.load(Ordering::Relaxed)).unwrap_or(Timestamp::UNIX_EPOCH)
            }
        }
    }

    /// Moves a fixed clock and all its clones; does nothing to the system's.
    pub fn advance(&self, by: std::time::Duration) {
        if let Hands::Set(millis) = &self.0 {
            millis.fetch_add(
                i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
                Ordering::Relaxed,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_until_it_is_moved_and_its_clones_move_with_it() {
        let clock = Clock::fixed("2026-03-01T09:30:00Z".parse().unwrap());
        let other = clock.clone();
        assert_eq!(clock.now(), other.now());
        clock.advance(std::time::Duration::from_mins(1));
        assert_eq!(other.now().to_string(), "2026-03-01T09:31:00Z");
    }

    #[test]
    fn the_system_clock_runs_and_cannot_be_moved() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(std::time::Duration::from_hours(24));
        assert!(clock.now().duration_since(before).as_secs() < 3_600);
    }
}
