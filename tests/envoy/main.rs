//! End-to-end tests of the built module in a real Envoy. They send requests and check status, headers, body, access log,
//! metrics, and what the upstream received. The filter is a black box.
//!
//! `make test` installs Envoy and builds the module.
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
mod dry_run;
mod harness;
mod hostile_bytes;
mod identity_headers;
mod key_documents;
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
mod query_tokens;
mod reasons;
mod replies;
mod requirements;
mod routes;
mod token_cache;
mod token_form;
mod trailers;
mod verifiers;
