//! The filter on a fake proxy: several workers with the same shared data, where tests control the clocks, the
//! responses to callouts and the end of workers. These are situations that a real Envoy cannot be brought into at
//! will; `tests/envoy` has the others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these are tests"
)]

mod clocks;
mod cold_start;
mod discovery;
mod fake_proxy;
mod fetch_state;
mod issuer;
mod leases;
mod log_lines;
mod log_of_fetches;
mod outages;
mod pending;
mod random_events;
mod replaced_keys;
mod shared_data;
mod simulation;
mod token_counters;
mod two_policies;
mod unknown_keys;

/// How many random cases are run: `make soak` sets `SOAK=1`, which makes them 20 times as many.
fn cases(default: u32) -> proptest::prelude::ProptestConfig {
    let cases = if std::env::var_os("SOAK").is_some() { default * 20 } else { default };
    proptest::prelude::ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}
