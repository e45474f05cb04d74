//! Tokens: where a request carries one, which provider it belongs to, and whether it is valid.

pub mod authenticator;
pub mod cache;
pub mod caller;
pub mod claim_values;
pub mod claims;
pub mod credential;
pub mod error;
mod escapes;
mod forms;
pub mod jws;
pub mod kept;
pub mod kind;
pub mod logged_claim;
pub mod name_list;
pub mod output;
pub mod provider;
pub mod redaction;
pub mod refused_claim;
pub mod removal;
pub mod scalar;
pub mod source;
pub mod sources;
pub mod subject;
pub mod unverified;
pub mod verified;
