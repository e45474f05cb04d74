//! What several test suites share: key pairs, tokens, and the JSON Schema of the configuration.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "only tests use this crate, and a panic in it fails the test"
)]

pub mod keys;
pub mod schema;
pub mod token;

pub use keys::Key;
pub use token::Token;
