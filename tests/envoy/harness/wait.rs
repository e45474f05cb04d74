//! Polls until a condition holds.

use std::thread;
use std::time::{Duration, Instant};

/// Long enough for Envoy to start on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(10);

/// Returns the first `Some` of `probe`; fails the test after 30 seconds.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    within(TIMEOUT, what, probe)
}

/// The same with another time limit.
#[track_caller]
pub(crate) fn within<T>(limit: Duration, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        thread::sleep(INTERVAL);
    }
}
