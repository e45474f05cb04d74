//! Strict JSON: UTF-8, no duplicate members at any depth, limited nesting. Text without escapes is borrowed, so that
//! reading an unverified token copies little.
//!
//! `serde_json` alone takes the last of two members with the same name. Another parser may take the first, and the two
//! would then disagree about the caller (RFC 8725 §2.4, RFC 7515 §4).

mod parse;
mod value;

pub use parse::{MAX_DEPTH, parse_as_written, parse_lenient, parse_list, parse_object};
pub use value::{Json, Object};
