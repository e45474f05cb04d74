//! Ring 1 — who is asking: from the bytes of a request to a token that is proven, or the reason why it isn't.

pub mod algorithm;
pub mod cache;
pub mod claims;
pub mod credential;
pub mod error;
pub mod jwk;
pub mod jwks;
pub mod keys;
pub mod ledger;
pub mod material;
pub mod output;
pub mod provider;
pub mod signature;
pub mod source;
pub mod time;
pub mod token;
