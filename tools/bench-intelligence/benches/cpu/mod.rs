//! Criterion by the CPU time of the thread.

use criterion::Criterion;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use rustix::time::{ClockId, clock_gettime};

/// CPU time of this thread: on a shared machine the clock on the wall tells of the neighbours.
pub(crate) struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = f64;
    type Value = f64;

    /// Nanoseconds.
    fn start(&self) -> f64 {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
    }

    fn end(&self, began: f64) -> f64 {
        self.start() - began
    }

    fn add(&self, a: &f64, b: &f64) -> f64 {
        a + b
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Criterion that measures by it.
pub(crate) fn by_cpu() -> Criterion<CpuTime> {
    Criterion::default().with_measurement(CpuTime)
}
