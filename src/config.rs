//! The wire format: one struct for each object of the plugin JSON, field for field, with no behaviour.
//!
//! Unknown fields and repeated names are refused everywhere. What a field means, and whether its value makes
//! sense, is decided where it is compiled (`engine::compile`), which destructures these structs by name.
//!
//! What is written about a field here is what operators read in the JSON Schema and in the reference, both of which
//! `make schema` derives from these files.

mod deserialize;
pub mod error;
mod parse;
mod plugin;
mod protobuf_struct;
mod provider;
mod responses;
mod rule;
#[cfg(feature = "schema")]
mod schema;
mod values;

pub use deserialize::ReadError;
pub use parse::parse;
pub use plugin::{Config, CorsPreflight, Fallback, FilterState};
pub use provider::{Cache, Jwks, Profile, Provider, TokenUse};
pub use responses::{Format, Responses};
pub use rule::{Access, Mode, Requirement, Rule};
pub use values::{AnyOrAll, ClaimName, Entries, ListForm, OWN_HEADERS, Output, Period, Scalar, UNSETTABLE_HEADERS};
