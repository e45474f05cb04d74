//! The plugin JSON: one struct for each of its objects, field for field, without behaviour.
//!
//! Unknown fields and duplicate fields are refused everywhere. What a field means, and whether its value is valid, is
//! decided where it is compiled (`engine::compile`), which destructures these structs by name.
//!
//! Operators read the doc comments of the fields: `make schema` writes them into the JSON Schema and the reference.

mod any_or_all;
mod claim;
mod deserialize;
mod entries;
pub mod error;
mod headers;
mod identity_source;
mod near_miss;
mod parse;
mod period;
mod plugin;
mod protobuf_struct;
mod provider;
mod responses;
mod rule;
mod scalar;
#[cfg(feature = "schema")]
mod schema;
mod size;

pub use any_or_all::AnyOrAll;
pub use claim::{ClaimName, Encoding, ListForm, NamesClaim, Output};
pub use deserialize::ReadError;
pub use entries::Entries;
pub use headers::{OWN_HEADERS, UNSETTABLE_HEADERS};
pub use identity_source::IdentitySource;
pub use parse::parse;
pub use period::Period;
pub use plugin::{Config, CorsPreflight, Fallback, FilterState, PolicyMode};
pub use provider::{Cache, Jwks, Profile, Provider, TokenUse};
pub use responses::{Format, Responses};
pub use rule::{Access, Mode, Requirement, Rule};
pub use scalar::Scalar;
pub use size::Size;
