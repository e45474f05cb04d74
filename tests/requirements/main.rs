//! Rules with `scopes`, `groups` and `require`, natively: against a naive model, with what real issuers write,
//! and what the largest ones cost.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these are tests"
)]

mod cost;
mod gateway;
mod model;
mod random_trees;
mod spellings;
