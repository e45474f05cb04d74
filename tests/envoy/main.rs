//! The built module in a real Envoy: requests go in at one end, and status, headers, body, access log, counters and
//! what reached the upstream are looked at. The filter is a black box here; its contract is the README's reference.
//!
//! `make test` provides what this needs, an Envoy and the module. One module for each subject, tables inside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these are tests"
)]

mod algorithms;
mod claims;
mod configuration;
mod credentials;
mod decisions;
mod harness;
mod hostile_bytes;
mod identity_headers;
mod keys_fetched;
mod keys_flood;
mod keys_outage;
mod keys_reconfigured;
mod keys_rotation;
mod keys_trapped;
mod keys_waiting;
mod observability;
mod paths;
mod preflight;
mod profiles;
mod reasons;
mod replies;
mod requirements;
mod routes;
mod token_cache;
mod token_form;
mod verifiers;
