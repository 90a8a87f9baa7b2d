//! The source of new ids: UUID version 7, which sort by time. Ids of things that arrive from outside are not made
//! here but derived, in `copilot_domain::ids`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, NoContext, Uuid};

use crate::clock::Clock;

#[derive(Debug, Clone)]
enum Tail {
    Random,
    Counted(Arc<AtomicU64>),
}

/// Makes UUIDs of version 7 at a clock's time.
#[derive(Debug, Clone)]
pub struct Ids {
    clock: Clock,
    tail: Tail,
}

impl Ids {
    /// Time from the clock, the rest random.
    pub fn system(clock: Clock) -> Self {
        Self {
            clock,
            tail: Tail::Random,
        }
    }

    /// Time from the clock, the rest counted from 1: the same ids in every run of a test.
    pub fn counted(clock: Clock) -> Self {
        Self {
            clock,
            tail: Tail::Counted(Arc::new(AtomicU64::new(0))),
        }
    }

    /// The next id. Wrap it: `AlertId::from_uuid(ids.next())`.
    pub fn next(&self) -> Uuid {
        let now = self.clock.now();
        match &self.tail {
            Tail::Random => {
                let seconds = u64::try_from(now.as_second()).unwrap_or(0);
                let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
                Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos))
            }
            Tail::Counted(count) => {
                let mut tail = [0_u8; 10];
                let next = count.fetch_add(1, Ordering::Relaxed) + 1;
                tail[2..].copy_from_slice(&next.to_be_bytes());
                let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
                Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_do_not_repeat() {
        let clock = Clock::fixed("2026-03-01T00:00:00Z".parse().unwrap());
        let ids = Ids::system(clock.clone());
        let (one, two) = (ids.next(), ids.next());
        assert_ne!(one, two);
        assert_eq!(one.get_version_num(), 7);
        clock.advance(std::time::Duration::from_millis(5));
        let later = ids.next();
        assert!(later > one && later > two);
    }

    #[test]
    fn counted_ids_are_the_same_in_every_run() {
        let of = || {
            let ids = Ids::counted(Clock::fixed("2026-03-01T00:00:00Z".parse().unwrap()));
            (ids.next(), ids.next())
        };
        assert_eq!(of(), of());
        assert_eq!(of().0.get_version_num(), 7);
        assert!(of().0 < of().1);
    }
}
