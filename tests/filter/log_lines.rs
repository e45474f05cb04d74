//! The lines that a test logs at info level and above.

use std::cell::RefCell;
use std::sync::Once;

use log::{Level, LevelFilter, Log, Metadata, Record};

thread_local! {
    /// Of one test: each test runs in its own thread, and the logger is one for all.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Capture;

impl Log for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with_borrow_mut(|lines| lines.push(record.args().to_string()));
    }

    fn flush(&self) {}
}

/// Begins to keep lines.
pub(crate) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Capture).expect("nothing else sets a logger");
        log::set_max_level(LevelFilter::Info);
    });
}

/// The lines of this test since the last call.
pub(crate) fn take() -> Vec<String> {
    LINES.with_borrow_mut(std::mem::take)
}
