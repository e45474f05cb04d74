//! The JSON Schema of the plugin JSON, where it cannot be derived from the structs: patterns of text, and fields that
//! exclude each other.
//!
//! A schema cannot express everything. Only the filter checks references from one field to another, upper bounds of
//! durations, and duplicates.

mod conditions;
mod examples;
mod headers;
mod key_set;
mod objects;
mod patterns;
mod values;

pub(super) use examples::{jwks, key_set, providers};
pub(super) use headers::{ByHeader, ExtraHeaders, HeaderName, SettableHeaderName};
pub(super) use key_set::KeySet;
pub(super) use objects::{key_source, provider, requirement, rule};
pub(super) use patterns::{
    A_SECOND_OR_MORE, ALGORITHMS, HOST, LABEL, MORE_THAN_ZERO, REALM, SCOPE, TOKEN_SIZE, URL, VARIABLE, route,
    without_controls,
};
pub(super) use values::{Groups, Scopes};
