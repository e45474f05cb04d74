//! The filter on a fake proxy: several workers over one shared store, with clocks, callouts and ends of workers in the
//! tests' hands. Here is what a real Envoy can't be made to do at will; what it can is in `tests/envoy`.
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
mod invariants;
mod issuer;
mod leaders;
mod life;
mod parking;
mod proxy;
mod shared_data;
mod unknown_keys;
mod world;

/// How many random lives are lived: `SOAK=1`, as `make soak` sets it, makes it many.
fn cases(usually: u32) -> proptest::prelude::ProptestConfig {
    let cases = if std::env::var_os("SOAK").is_some() { usually * 20 } else { usually };
    proptest::prelude::ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}
